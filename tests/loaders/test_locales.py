"""Terminals and locales without Unicode: nothing ends a command, and every file is UTF-8."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from tests.conftest import ROOT, RunCommand, Tree

pytestmark = pytest.mark.newest_server

# A terminal in Latin-1; a machine on which nobody chose a locale, as Python 3.6 saw it.
LOCALES: tuple[Mapping[str, str], ...] = (
    {"PYTHONIOENCODING": "iso8859-1"},
    {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"},
)
KEYS = ("jürgen", "山田", "😀")
COMMANDS = (
    ("load", "TREE", "--verify-content"),
    ("load", "TREE", "--dry-run"),
    ("quarantine", "list"),
    ("quarantine", "show", "sessions/山田/scorecard.json"),
    ("quarantine", "show", b"sessions/\xff/scorecard.json"),
    ("quarantine", "list", "--prefix", b"sessions/\xff", "--code", b"\xff"),
    ("quarantine", "retry", "TREE"),
    ("check", "landing", "--accept", "Prüfung 山"),
    ("status",),
    ("status", "--format", "prometheus"),
    ("db", "identities", "TREE.csv"),
    ("new", "kind", "jürgen"),
    ("build", "--select", "jürgen"),
)


@pytest.fixture
def landed(database: object, tree: Tree, pulse_elt: RunCommand) -> Tree:
    for key in KEYS:
        tree.write(f"sessions/{key}/scorecard.json", b"{")
        tree.write(f"sessions/{key}-2/scorecard.json", {"overall": {"score": 80}, f"neu {key}": 1})
        tree.write(f"unknown/{key}.json", {})
    tree.write(b"sessions/\xff/scorecard.json".decode(errors="surrogateescape"), {})
    Path(f"{tree.root}.csv").write_text(
        "user_key,user_id\njürgen 山田😀,7c000000-0000-4000-8000-000000000000\n", encoding="utf-8"
    )
    assert pulse_elt("load", tree.root).returncode == 1
    return tree


def words(command: tuple[str | bytes, ...], tree: Tree) -> list[str]:
    return [
        word.decode(errors="surrogateescape")
        if isinstance(word, bytes)
        else word.replace("TREE", str(tree.root))
        for word in command
    ]


def ended(locale: Mapping[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    encoding = locale.get("PYTHONIOENCODING", "utf-8")
    return subprocess.run(
        [sys.executable, "-m", "loaders.cli", *words],
        env={**os.environ, **locale}, cwd=ROOT, capture_output=True, encoding=encoding, check=False,
    )  # fmt: skip


@pytest.mark.long
@pytest.mark.parametrize("locale", LOCALES, ids=lambda each: "-".join(each.values()))
def test_no_locale_ends_a_command(
    landed: Tree,
    tmp_path: Path,
    pulse_elt: RunCommand,
    monkeypatch: pytest.MonkeyPatch,
    locale: Mapping[str, str],
) -> None:
    site = str(tmp_path / "site")
    monkeypatch.setenv("PULSE_ELT_DATA_DOCS", site)
    for command in COMMANDS:
        call = words(command, landed)
        usual = pulse_elt(*call)
        done = ended(locale, *call)
        assert done.returncode == usual.returncode, (command, done.stderr)
        assert done.returncode in (0, 1, 2), (command, done.stderr)
        assert "Error:" not in done.stdout + done.stderr, command
    pages = list(Path(site).iterdir())
    assert pages
    for page in pages:
        page.read_text(encoding="utf-8")


@pytest.mark.parametrize("locale", LOCALES, ids=lambda each: "-".join(each.values()))
def test_json_is_the_same_in_every_locale(
    landed: Tree, pulse_elt: RunCommand, locale: Mapping[str, str]
) -> None:
    for command in (["quarantine", "list"], ["quarantine", "show", "sessions/😀/scorecard.json"]):
        usual = pulse_elt(*command, "--json")
        found = ended(locale, *command, "--json")
        assert json.loads(found.stdout) == json.loads(usual.stdout)
        assert "山田" in usual.stdout or "😀" in usual.stdout
