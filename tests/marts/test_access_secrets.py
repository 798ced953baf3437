"""No password is printed, logged or kept, whatever is asked and whatever fails."""

import secrets
import shutil
from pathlib import Path
from urllib.parse import quote

import pytest

from loaders.database.settings import PART_VARIABLES, URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, ROOT, RunCommand
from tests.marts.own_marts import add_configuration
from tests.marts.rebuilding import Project

pytestmark = pytest.mark.newest_server

# As it is, and as a URL holds it. The server trusts its socket: any password will do.
PASSWORD = f"p@ss/{secrets.token_urlsafe(12)}"
WRITTEN = (PASSWORD, quote(PASSWORD, safe=""))


FAILING_TEST = ("build", "--debug", "--select", "desk_test")


@pytest.fixture
def root(small_project: Project) -> Path:
    """A project with a test that fails: what it is, no leak depends on."""
    small_project.add("tests/assertions/desk_test.sql", "select 1 as found")
    add_configuration(small_project)
    return small_project.root


def with_password(database: DatabaseSettings, by: str) -> dict[str, str]:
    """Return the environment that names the database with a password."""
    settings = DatabaseSettings({**database.parameters, "password": PASSWORD})
    if by == "url":
        return {URL_VARIABLE: settings.as_url(with_password=True)}
    return {URL_VARIABLE: "", **settings.as_environment(with_password=True)}


def leaks_in(folder: Path) -> list[str]:
    """Return the files below a folder that hold the password."""
    files = [file for file in folder.rglob("*") if file.is_file()]
    assert files
    secret = [text.encode() for text in WRITTEN]
    return [str(file) for file in files if any(text in file.read_bytes() for text in secret)]


@pytest.mark.long
@pytest.mark.parametrize("by", ["url", "parts"])
def test_no_command_prints_or_keeps_the_password(
    small: DatabaseSettings, root: Path, pulse_elt: RunCommand, tmp_path: Path, by: str
) -> None:
    environment = {
        **with_password(small, by),
        "PULSE_ELT_PROJECT_DIR": str(root),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    nowhere = {PART_VARIABLES["dbname"]: "is_not_there", URL_VARIABLE: ""}
    nowhere |= {PART_VARIABLES["password"]: PASSWORD, PART_VARIABLES["host"]: "127.0.0.1"}
    nowhere |= {PART_VARIABLES["port"]: "1"}
    # A build gets its database in parts, however it was named.
    builds: tuple[tuple[list[object], int, dict[str, str]], ...] = (
        (["--debug", "build", "--debug", "--select", "trainer_change_logs"], 0, {}),
        (["--debug", "build", "--empty"], 4, {}),
        ([*FAILING_TEST, "--vars", "readiness_formula: none_such"], 1, {}),
        (["--debug", "build"], 3, nowhere),
    )
    commands: tuple[tuple[list[object], int, dict[str, str]], ...] = (
        (["--debug", "load", EXAMPLES], 0, {}),
        (["--debug", "load", "/there/is/no/such/tree"], 2, {}),
        (["--debug", "load", EXAMPLES], 3, nowhere),
        (["--debug", "status"], 2, {URL_VARIABLE: f"postgresql://me:{PASSWORD}@a@b/c"}),
        (["db", "status"], 0, {}),
        (["db", "env"], 0, {}),
        (["db", "url"], 0, {}),
        (["status", "--json"], 0, {}),
    )
    for arguments, code, changes in commands + (builds if by == "url" else ()):
        done = pulse_elt(*arguments, **{**environment, **changes})
        said = done.stdout + done.stderr
        assert done.returncode == code, said
        assert [text for text in WRITTEN if text in said] == [], arguments
    assert by != "url" or leaks_in(tmp_path) == []
    assert by != "url" or leaks_in(root / ".pulse" / "dbt") == []


def test_plain_dbt_keeps_none_either(
    small: DatabaseSettings, root: Path, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    shutil.copy(ROOT / "profiles.example.yml", tmp_path / "profiles.yml")
    environment = {
        **with_password(small, "parts"),
        "PULSE_ELT_PROJECT_DIR": str(root),
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
    }
    for command in (["debug"], ["compile", "--debug", "--select", "trainer_change_logs"]):
        done = pulse_elt.dbt(*command, "--profiles-dir", tmp_path, **environment)
        assert done.returncode == 0, done.stdout
        assert PASSWORD not in done.stdout + done.stderr
    assert leaks_in(tmp_path) == []
