"""Logs, compiled SQL and Data Docs are for their owner alone; a folder of no use is refused."""

import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.conftest import ROOT, RunCommand, Tree
from tests.forms import some_of
from tests.loaders.faults import one

pytestmark = pytest.mark.newest_server

# Where each is told to write, by variable.
FOLDERS = {
    "DBT_LOG_PATH": "logs/dbt.log",
    "DBT_TARGET_PATH": "target/manifest.json",
    "PULSE_ELT_DATA_DOCS": "data_docs/index.html",
}
SEED = ("build", "--select", "readiness_formulas", "--resource-type", "seed")


@pytest.fixture
def loaded(tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand) -> Tree:
    tree.write("sessions/b/scorecard.json", {"overall": {"score": 80}})
    assert pulse_elt("load", tree.root).returncode == 0
    return tree


def variables(folder: Path) -> dict[str, str]:
    return {name: str((folder / file).parent) for name, file in FOLDERS.items()}


def with_umask(umask: str, folder: Path, *words: str) -> None:
    command = [sys.executable, "-m", "loaders.cli", *words]
    done = subprocess.run(
        ["/usr/bin/env", "bash", "-c", f'umask {umask}; "$@"', "-", *command],
        cwd=ROOT, env={**os.environ, **variables(folder)}, capture_output=True, text=True,
        check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr


def modes(folder: Path) -> Iterator[tuple[str, int]]:
    for path in folder.rglob("*"):
        yield str(path), path.stat().st_mode & 0o777


@pytest.mark.long
@pytest.mark.parametrize("umask", ["0", "0277"])
def test_what_is_written_is_the_owners_whatever_the_umask(
    loaded: Tree, tmp_path: Path, umask: str
) -> None:
    # As earlier versions left them, and a plain dbt does.
    for file in FOLDERS.values():
        (tmp_path / file).parent.mkdir(mode=0o755)
    log = tmp_path / "logs" / "dbt.log"
    log.write_text("before\n")
    log.chmod(0o644)
    with_umask(umask, tmp_path, "check", "landing")
    with_umask(umask, tmp_path, *SEED)
    found = {each: mode for each, mode in modes(tmp_path) if not each.startswith(str(loaded.root))}
    assert {str(tmp_path / file) for file in FOLDERS.values()} < set(found)
    wanted = {each: 0o700 if Path(each).is_dir() else 0o600 for each in found}
    assert found == wanted
    assert log.read_text().startswith("before\n")


def test_nobody_else_can_lead_dbt_elsewhere_whatever_the_umask(tmp_path: Path) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path)
    code = "import sys; from pathlib import Path; from loaders.transform import dbt; "
    code += "dbt._profiles(Path(sys.argv[1]))"
    subprocess.run(
        ["/usr/bin/env", "bash", "-c", 'umask 0; "$@"', "-", sys.executable, "-c", code, tmp_path],
        cwd=ROOT, check=True,
    )  # fmt: skip
    found = dict(modes(tmp_path / ".pulse"))
    assert len(found) == 2
    assert {mode & 0o077 for mode in found.values()} == {0}
    assert (tmp_path / ".pulse").stat().st_mode & 0o022 == 0


def test_a_folder_with_files_of_others_stays_open(
    loaded: Tree, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    site = tmp_path / "www"
    site.mkdir(mode=0o755)
    (site / "theirs.txt").touch(0o644)
    (site / "link").symlink_to(site / "theirs.txt")
    assert pulse_elt("check", "landing", PULSE_ELT_DATA_DOCS=str(site)).returncode == 0
    assert site.stat().st_mode & 0o777 == 0o755
    assert (site / "theirs.txt").stat().st_mode & 0o777 == 0o644
    assert (site / "index.html").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("command", "name"),
    [
        *some_of(((command, name) for command in ("run", "build") for name in FOLDERS), 3),
        ("check landing", "PULSE_ELT_DATA_DOCS"),
    ],
)
def test_a_folder_that_cannot_be_written_to_is_refused_before_the_work(
    loaded: Tree, connection: psycopg.Connection, tmp_path: Path, pulse_elt: RunCommand,
    command: str, name: str,
) -> None:  # fmt: skip
    loaded.write("sessions/c/scorecard.json", {"overall": {"score": 80}})
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    for folder in (in_the_way, in_the_way / "below", Path("/proc/nowhere")):
        words = [*command.split(), *([str(loaded.root)] if command == "run" else [])]
        done = pulse_elt(*words, **{name: str(folder)})
        assert done.returncode == 2, done.stdout + done.stderr
        # A run wraps it for a phone.
        assert f"{folder}cannotbewrittento" in "".join((done.stdout + done.stderr).split())
    assert one(connection, "select count(*) from raw.documents") == 1
    assert one(connection, "select count(*) from ops.checks") == 0


@pytest.mark.parametrize("name", ["DBT_LOG_PATH", "PULSE_ELT_DATA_DOCS"])
def test_a_folder_that_is_missing_is_made(
    loaded: Tree, tmp_path: Path, pulse_elt: RunCommand, name: str
) -> None:
    folder = tmp_path / "not" / "there" / "yet"
    words = SEED if name == "DBT_LOG_PATH" else ("check", "landing")
    assert pulse_elt(*words, **{name: str(folder)}).returncode == 0
    assert folder.stat().st_mode & 0o777 == 0o700


@pytest.mark.long
def test_only_a_log_that_was_written_is_named(
    loaded: Tree, tmp_path: Path, pulse_elt: RunCommand
) -> None:
    broken = ("build", "--vars", "{readiness_formula: nosuch}")
    logs = tmp_path / "logs"
    done = pulse_elt(*broken, DBT_LOG_PATH=str(logs))
    assert done.returncode != 0
    named = pulse_elt(*broken, DBT_LOG_PATH=str(logs), DBT_LOG_LEVEL_FILE="none")
    for said in (done, named):
        for place in said.stderr.split("More is in ")[1:]:
            assert Path(place.strip().removesuffix(".")).is_file()


@pytest.mark.long
@pytest.mark.parametrize(
    "selection",
    [
        ["--select", "nosuch"],
        ["--select", "readiness_formulas", "nosuch"],
        ["--select", "readiness_formulas", "--exclude", "readiness_formulas"],
        ["--exclude", "nosuch"],
        ["--selector", "nosuch"],
        ["--select", "tag:nosuch"],
        ["--select", "resource_type:analysis"],
        ["--target", "nosuch"],
        ["--resource-type", "nosuch"],
    ],
    ids=" ".join,
)
def test_a_selection_of_nothing_is_a_wrong_request(
    loaded: Tree, connection: psycopg.Connection, pulse_elt: RunCommand, selection: list[str]
) -> None:
    done = pulse_elt("build", *selection)
    assert done.returncode == 2, done.stdout + done.stderr
    assert done.stderr.startswith("pulse-elt: dbt: ")
    assert done.stderr.endswith(".\n")
    assert "Traceback" not in done.stdout + done.stderr
    assert one(connection, "select to_regclass('staging.builds') is null")
