"""pulse-elt check: what it prints, where it writes, and its exit codes."""

import json
import shutil
from pathlib import Path

import pytest

from loaders.database.settings import DatabaseSettings
from tests.checking import load_tree, write_night
from tests.conftest import ROOT, RunCommand, Tree


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """What the command needs of a checkout, so that Data Docs go elsewhere."""
    root = tmp_path / "project"
    for name in ("config", "macros"):
        shutil.copytree(ROOT / name, root / name)
    shutil.copyfile(ROOT / "dbt_project.yml", root / "dbt_project.yml")
    return root


def test_a_gate_that_fails_exits_with_1_and_names_the_documents_until_it_is_accepted(
    database: DatabaseSettings, tree: Tree, project: Path, pulse_elt: RunCommand
) -> None:
    def check(*arguments: str) -> tuple[int, str]:
        done = pulse_elt(
            "check", *arguments, PULSE_ELT_PROJECT_DIR=str(project), PULSE_ELT_DATA_DOCS=""
        )
        # Neither bars nor warnings of Great Expectations.
        assert done.stderr == ""
        return done.returncode, done.stdout

    write_night(tree, "first", 20)
    load_tree(tree)
    code, said = check("landing")
    assert (code, said.splitlines()[-1]) == (
        0,
        f"Data Docs: {project}/.pulse/data_docs/index.html",
    )
    paths = write_night(tree, "second")[:6]
    for path in paths:
        tree.write(path, b'{"overall": ')
    load_tree(tree)
    code, said = check("landing")
    assert code == 1
    assert said.startswith(
        "failed  quarantined.scorecard: 3 % of the files of kind scorecard since the last check "
        "(6 of 200) are in quarantine; at most 2 % may be (config/checks.json).\n"
    )
    assert all(f"  {path}\n" in said for path in paths)
    code, said = check("landing", "--accept", "known", "--json")
    result = json.loads(said)
    assert code == 0
    assert result["accepted_because"] == "known"
    assert [each["name"] for each in result["failed"]] == [
        "quarantined.scorecard",
        "unusable.scorecard",
    ]
    # It writes below .pulse and nowhere else.
    assert {path.name for path in project.iterdir()} == {
        ".pulse",
        "config",
        "dbt_project.yml",
        "macros",
    }
    assert len(list((project / ".pulse").rglob("landing-*.html"))) == 3


def test_a_gate_without_anything_to_judge_says_what_to_do_first(
    database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    done = pulse_elt("check", "landing")
    assert done.returncode == 2
    assert "Nothing has been loaded yet" in done.stderr
    done = pulse_elt("check", "marts")
    assert done.returncode == 2
    assert "The marts have not been built yet" in done.stderr


def test_a_database_without_a_landing_is_said_so(
    empty_database: DatabaseSettings, pulse_elt: RunCommand
) -> None:
    done = pulse_elt("check", "landing")
    assert done.returncode == 3
    assert "holds no landing" in done.stderr
