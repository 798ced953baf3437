"""What tests of the gates share: nights of scorecards, and gates with files of their own."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg

from loaders.checks import gates
from loaders.checks.configuration import read_shares, read_thresholds
from loaders.checks.evaluation import read_query
from loaders.checks.landing_query import query_values
from loaders.checks.result import CheckResult
from loaders.database.settings import DatabaseSettings
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT, Tree

PULSE = {
    "overall": {"score": 85, "raw_score": 2.55, "passed": True},
    "bce": {"score": 3.0, "passed": True},
    "mcf": {"score": "2.5"},
    "cpo": "good",
    "pulse_details": {"final_stage": 5, "sale_outcome": "won"},
}
CERTIFICATION = {
    "Overall_Certification_Score": "88.5 %",
    "Certification_Status": "PASS",
    "Agent_Scores": {"BCE_Score": 90.0, "MCF_Score": "87%", "CPO_Score": None},
}
UNIT = {"overall": {"score": 0.9}}


@dataclass(frozen=True)
class Gates:
    """Both gates on one database."""

    settings: DatabaseSettings
    config: Path
    site: Path

    def landing(self, accept: str | None = None) -> CheckResult:
        return gates.check_landing(self.settings, self.config, self.site, accept=accept)

    def marts(self, accept: str | None = None) -> CheckResult:
        return gates.check_marts(
            self.settings, self.settings, self.config, self.site, accept=accept
        )

    def configure(self, change: Callable[[Any], object]) -> None:
        """Change config/checks.json."""
        path = self.config / "checks.json"
        thresholds = json.loads(path.read_text())
        change(thresholds)
        path.write_text(json.dumps(thresholds))


def gates_of(settings: DatabaseSettings, folder: Path) -> Gates:
    """Return the gates of a database, with a copy of what they read and a site below folder."""
    for name in ("config", "macros"):
        shutil.copytree(ROOT / name, folder / name)
    return Gates(settings, folder / "config", folder / "site")


def write_night(tree: Tree, night: str, sessions: int = 200) -> list[str]:
    """Write sessions with scorecards of all formats; return the paths of the scorecards."""
    paths = []
    for number in range(sessions):
        key = f"{night}-{number:03d}"
        tree.write(f"sessions/{key}/session.json", {"session_id": key})
        path = f"sessions/{key}/scorecard.json"
        card = (PULSE, PULSE, PULSE, CERTIFICATION, UNIT)[number % 5]
        tree.write(path, {**card, "note": key})
        paths.append(path)
    return paths


def load_tree(tree: Tree) -> None:
    """Load what is new in a tree."""
    load_source(tree.root, None, Scope(), workers=1)


def names(result: CheckResult) -> list[str]:
    """Return the names of what failed."""
    return [failed.name for failed in result.failed]


def faults(connection: psycopg.Connection) -> list[tuple[str, dict[str, str]]]:
    """Return what the landing gate finds of every document: its path, and reasons by share."""
    thresholds = read_thresholds(ROOT / "config", "landing")
    values = {
        **query_values(ROOT, thresholds, read_shares(ROOT / "config", thresholds)),
        "check_id": 0,
        "since": "-infinity",
        "as_of": "infinity",
    }
    rows = connection.execute(read_query("find_faults", values).encode()).fetchall()
    return [(path, reasons) for _, _, path, reasons in rows]
