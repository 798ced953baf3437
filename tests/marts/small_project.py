"""The project cut down to nine models, for tests of how builds go and not of what marts say.

It has one of everything that a build treats in a way of its own: seeds, a model of whole documents
and one that follows it by keys, one compared whole at every build, views, a mart, a view for BI.
"""

from pathlib import Path
from typing import Any

import yaml

from tests.marts.rebuilding import Project, copy_project

MART = "analytics.trainer_change_logs"

_NODES = {
    "base_pulse__evaluations",
    "base_pulse__evaluations__steps",
    "base_pulse__sale_states",
    "base_pulse__trainer_change_logs",
    "stg_pulse__trainer_change_logs",
    "stg_pulse__user_identities",
    "trainer_change_logs",
    "reporting__trainer_change_logs",
    "pulse_steps",
    "readiness_bands",
}
_DESCRIBED = ("models", "seeds", "unit_tests", "exposures")
_MART_FILE = "models/marts/core/trainer_change_logs.sql"


def copy_small_project(folder: Path, shared: Path) -> Project:
    """Copy what dbt reads of these models."""
    project = copy_project(folder, shared, "small")
    for file in (project.root / "models").rglob("*.sql"):
        if file.stem not in _NODES:
            file.unlink()
    for file in (project.root / "seeds").glob("*.csv"):
        if file.stem not in _NODES:
            file.unlink()
    for file in (project.root / "tests" / "assertions").glob("*.sql"):
        file.unlink()
    for folder_name in ("models", "seeds"):
        for file in (project.root / folder_name).rglob("*.yml"):
            file.write_text(yaml.safe_dump(_of_these(yaml.safe_load(file.read_text()))))
    return project


def _of_these(described: dict[str, Any]) -> dict[str, Any]:
    kept = {
        key: [one for one in value if one["name"] in _NODES] if key in _DESCRIBED else value
        for key, value in described.items()
    }
    for model in kept.get("models", ()):
        for column in model["columns"]:
            if (model["name"], column["name"]) == ("trainer_change_logs", "pulse_step"):
                # Ours has no check that could be lost.
                column["constraints"] = [{"type": "check", "expression": "pulse_step <> ''"}]
    return kept


def break_the_mart(project: Project) -> None:
    """Have the mart fail, and the view on it be skipped."""
    project.edit(_MART_FILE, ("md5(logs.source_path)::uuid", "(1 / 0 * length(logs.source_path))"))
