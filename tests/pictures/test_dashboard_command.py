"""pulse-elt dashboard draws what the login or the role that is named may see."""

from pathlib import Path

import pytest

from loaders.database.settings import URL_VARIABLE
from tests.conftest import RunCommand
from tests.marts.access import LOGINS, NOBODY, PIPELINE, House, create_login

pytestmark = pytest.mark.newest_server

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
BEN = "be40f433-c9eb-4525-b24e-35c469437b50"


def test_the_command_reads_as_the_role_that_is_named(
    house: House, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    coach = "looks_at_ada"
    with house.connect() as superuser:
        create_login(superuser, coach, "pulse_reader")
        superuser.execute(
            "insert into ops.role_learners (role_name, user_id) values (%s, %s)", (coach, ADA)
        )
    out = tmp_path / "page.html"
    try:
        done = pulse_elt("dashboard", "--out", out, **house.environment(coach))
        assert done.returncode == 0, done.stderr
        assert done.stdout.startswith(f"{out}: 1 learner as role {coach} sees them (")
        as_login = out.read_bytes()
        assert BEN.encode() not in as_login
        # A superuser may act as anybody; the pipeline may not.
        done = pulse_elt("dashboard", "--out", out, "--role", coach, **_superuser(house))
        assert done.returncode == 0, done.stderr
        assert out.read_bytes() == as_login
        refused = {
            (PIPELINE, coach): (3, f"{PIPELINE} may not act as {coach}"),
            (coach, "no such role"): (2, "There is no role no such role"),
            (LOGINS["pulse_reader"], None): (2, "sees no learner"),
            (NOBODY, None): (3, "permission denied"),
        }
        for (login, role), (code, words) in refused.items():
            options = ["--role", role] if role else []
            done = pulse_elt("dashboard", "--out", out, *options, **house.environment(login))
            assert (done.returncode, words in done.stderr) == (code, True), done.stderr
        assert out.read_bytes() == as_login
    finally:
        with house.connect() as superuser:
            superuser.execute("delete from ops.role_learners where role_name = %s", (coach,))


def _superuser(house: House) -> dict[str, str]:
    return {URL_VARIABLE: house.settings().as_url(with_password=True)}
