"""The units of systemd and the lines of cron do what deploy/ promises."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT, Tree

DEPLOY = ROOT / "deploy"
INSTALLED_AT, SETTINGS_AT = "/opt/pulse-elt", "/etc/pulse-elt/pulse-elt.env"
UNITS = ("pulse-elt.service", "pulse-elt.timer", "pulse-elt-failed@.service")

# 0 is the best that systemd-analyze gives, 100 the worst; "OK" begins at 50.
EXPOSURE_AT_MOST = 20

_VARIABLE = re.compile(r"^(\w+)=(.*)$")


def executable(file: Path, text: str = "#!/bin/sh\n") -> Path:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text(text)
    file.chmod(0o755)
    return file


@pytest.fixture
def units(tmp_path: Path) -> Path:
    """The units as installed, with a stand-in for the command they start."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd-analyze is not installed (Debian package systemd)")
    home = tmp_path / "installed"
    executable(home / ".venv" / "bin" / "pulse-elt")
    settings = tmp_path / "pulse-elt.env"
    shutil.copyfile(DEPLOY / "pulse-elt.env.example", settings)
    for name in UNITS:
        text = (DEPLOY / name).read_text()
        text = text.replace(INSTALLED_AT, str(home)).replace(SETTINGS_AT, str(settings))
        (tmp_path / name).write_text(text)
    return tmp_path


def analyze(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [shutil.which("systemd-analyze") or "", "--no-pager", *map(str, arguments)],
        capture_output=True, text=True, check=False,
    )  # fmt: skip


def verify(units: Path) -> subprocess.CompletedProcess[str]:
    names = [name.replace("@.", "@pulse-elt.service.") for name in UNITS]
    return analyze("verify", "--man=no", *[units / name for name in names])


def complaints(done: subprocess.CompletedProcess[str], units: Path) -> list[str]:
    """What was said of our units; a machine may have complaints about its own."""
    return [line for line in done.stderr.splitlines() if "pulse-elt" in line or str(units) in line]


def test_systemd_finds_nothing_wrong_with_the_units(units: Path) -> None:
    done = verify(units)
    assert complaints(done, units) == []
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    ("unit", "line", "wrong"),
    [
        ("pulse-elt.service", "ProtectHome=true", "ProtectHouse=true"),
        ("pulse-elt.service", "/bin/pulse-elt run", "/bin/pulse-etl run"),
        ("pulse-elt.timer", "02:30:00", "26:30:00"),
    ],
)
def test_systemd_would_find_a_slip(units: Path, unit: str, line: str, wrong: str) -> None:
    text = (units / unit).read_text()
    assert line in text
    (units / unit).write_text(text.replace(line, wrong))
    assert complaints(verify(units), units) != []


def test_the_service_is_locked_up(units: Path) -> None:
    done = analyze(
        "security", "--offline=true", f"--threshold={EXPOSURE_AT_MOST}", units / "pulse-elt.service"
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_the_timer_catches_up_and_findings_are_no_failure_of_the_job() -> None:
    timer = (DEPLOY / "pulse-elt.timer").read_text()
    service = (DEPLOY / "pulse-elt.service").read_text()
    assert "\nPersistent=true\n" in timer
    assert "\nSuccessExitStatus=1 75\n" in service
    assert "\nOnFailure=pulse-elt-failed@%n.service\n" in service


def test_who_is_told_of_a_failure_learns_the_unit(tmp_path: Path) -> None:
    lines = re.findall(r"^ExecStart=(/bin/sh .*)$", _text("pulse-elt-failed@.service"), re.M)
    assert len(lines) == 1
    told = tmp_path / "told"
    for command, expected in (
        (f'echo "$FAILED_UNIT failed" > {told}', "x.service failed\n"),
        ("", None),
    ):
        told.unlink(missing_ok=True)
        subprocess.run(
            shlex.split(lines[0]), check=True,
            env={"FAILED_UNIT": "x.service", "PULSE_ELT_FAILURE_COMMAND": command},
        )  # fmt: skip
        assert (told.read_text() if told.exists() else None) == expected


def _text(name: str) -> str:
    return (DEPLOY / name).read_text()


def crontab() -> tuple[dict[str, str], list[tuple[str, str]]]:
    """Return the variables of the crontab, and the user and command of each of its lines."""
    variables: dict[str, str] = {}
    jobs = []
    for line in _text("pulse-elt.crontab").splitlines():
        found = _VARIABLE.match(line)
        if found:
            variables[found[1]] = found[2]
        elif line and not line.startswith("#"):
            user, command = line.split(maxsplit=6)[5:]
            # Cron takes a bare percent sign for the end of the command.
            assert "%" not in command.replace(r"\%", "")
            jobs.append((user, command.replace(r"\%", "%")))
    return variables, jobs


def as_cron_does(
    variables: dict[str, str], command: str, places: dict[str, Path]
) -> subprocess.CompletedProcess[str]:
    """Run a line as cron does: by its shell, with the crontab's variables and little else."""
    given = {name: str(places.get(name, value)) for name, value in variables.items()}
    return subprocess.run(
        [variables["SHELL"], "-c", command], cwd="/", capture_output=True, text=True, check=False,
        env={"PATH": "/usr/bin:/bin", "HOME": "/", **given},
    )  # fmt: skip


@pytest.fixture
def places(tmp_path: Path) -> dict[str, Path]:
    """Where the variables of the crontab lead in a test."""
    return {
        "PULSE_ELT_HOME": tmp_path / "home",
        "PULSE_ELT_ENV": tmp_path / "pulse-elt.env",
        "PULSE_ELT_LOG": tmp_path / "nightly.log",
    }


def write_settings(file: Path, values: dict[str, str]) -> None:
    file.write_text("".join(f"{name}={shlex.quote(value)}\n" for name, value in values.items()))


@pytest.mark.long
def test_the_lines_of_cron_run_the_night_and_the_prune(
    tree: Tree,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    places: dict[str, Path],
    dbt_environment: dict[str, str],
) -> None:
    command = f'cd {ROOT} && exec {sys.executable} -m loaders.cli "$@"'
    executable(places["PULSE_ELT_HOME"] / ".venv/bin/pulse-elt", f"#!/bin/sh\n{command}\n")
    tree.write("sessions/a/scorecard.json", {"overall_score": 0.7})
    url = database.as_url(with_password=True)
    settings = {
        "PULSE_SOURCE": str(tree.root),
        "PULSE_ANALYTICS_DATABASE_URL": url,
        **dbt_environment,
    }
    write_settings(places["PULSE_ELT_ENV"], settings)
    variables, jobs = crontab()
    assert [user for user, _ in jobs] == ["pulse-elt"] * 2
    for _, line in jobs:
        done = as_cron_does(variables, line, places)
        assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
    log = places["PULSE_ELT_LOG"].read_text()
    assert re.findall(r"pulse-elt (\w+) ended with exit code (\d+)$", log, re.M) == [
        ("run", "0"),
        ("prune", "0"),
    ]
    assert connection.execute("select count(*) from analytics.scorecards").fetchone() == (1,)


@pytest.mark.parametrize(("code", "is_told"), [(0, False), (1, False), (75, False), (4, True)])
def test_cron_has_something_to_mail_only_when_the_night_failed(
    places: dict[str, Path], code: int, is_told: bool
) -> None:
    stub = f'#!/bin/sh\necho "arguments: $*"\nexit {code}\n'
    executable(places["PULSE_ELT_HOME"] / ".venv/bin/pulse-elt", stub)
    write_settings(places["PULSE_ELT_ENV"], {"PULSE_SOURCE": "/srv/a folder"})
    variables, jobs = crontab()
    done = as_cron_does(variables, jobs[0][1], places)
    log = places["PULSE_ELT_LOG"].read_text()
    assert done.returncode == code
    assert "arguments: run /srv/a folder\n" in log
    assert f"ended with exit code {code}\n" in log
    assert done.stdout == (log if is_told else "")


def test_the_example_of_settings_is_read_by_a_shell_and_names_what_the_job_needs() -> None:
    script = f"set -a; . {shlex.quote(str(DEPLOY / 'pulse-elt.env.example'))}; env"
    found = _environment_of(["sh", "-c", script])
    assert found["PULSE_SOURCE"] == "/srv/pulse/data"
    assert found["PULSE_ANALYTICS_DATABASE_URL"].startswith("postgresql://")


def _environment_of(command: Sequence[str]) -> dict[str, str]:
    done = subprocess.run(
        command, capture_output=True, text=True, check=True, env={"PATH": os.environ["PATH"]}
    )
    return dict(line.split("=", 1) for line in done.stdout.splitlines())
