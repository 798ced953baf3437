"""TLS with verify-full and SCRAM, all the way from the command to the server, and what fails."""

import secrets
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import EXAMPLES, RunCommand
from tests.marts.access import ACTING, DATABASE, House
from tests.tls_front import HOST, Authority, make_authority, tls_front

LOGIN = "comes_by_tls"


@dataclass(frozen=True)
class Front:
    """The house behind TLS, for a login that needs its password."""

    port: int
    password: str
    authority: Authority
    stranger: Authority

    def environment(self, **changes: str) -> dict[str, str]:
        """Return the variables of docs/security.md, some of them changed."""
        return {
            "PULSE_ANALYTICS_DB_HOST": HOST,
            "PULSE_ANALYTICS_DB_PORT": str(self.port),
            "PULSE_ANALYTICS_DB_NAME": DATABASE,
            "PULSE_ANALYTICS_DB_USER": LOGIN,
            "PULSE_ANALYTICS_DB_PASSWORD": self.password,
            "PGSSLMODE": "verify-full",
            "PGSSLROOTCERT": str(self.authority.file),
            **ACTING,
            **changes,
        }


@pytest.fixture(scope="module")
def front(house: House, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Front]:
    """The house behind stunnel, with a login that the server asks for its password by SCRAM."""
    folder = tmp_path_factory.mktemp("tls")
    password = secrets.token_urlsafe(12)
    with house.connect() as superuser:
        name = sql.Identifier(LOGIN)
        superuser.execute("set password_encryption = 'scram-sha-256'")
        superuser.execute(
            sql.SQL("create role {} login password {}").format(name, sql.Literal(password))
        )
        superuser.execute(
            sql.SQL("grant connect on database {} to {}").format(sql.Identifier(DATABASE), name)
        )
        superuser.execute(
            sql.SQL(
                "grant pulse_loader, pulse_transformer to {} with inherit false, set true"
            ).format(name)
        )
        rules = house.server.data / "pg_hba.conf"
        before = rules.read_text()
        try:
            rules.write_text(f"local all {LOGIN} scram-sha-256\n{before}")
            superuser.execute("select pg_reload_conf()")
            parameters = house.settings().parameters
            socket = Path(parameters["host"]) / f".s.PGSQL.{parameters['port']}"
            authority = make_authority(folder, "our-ca")
            with tls_front(authority, folder, socket) as port:
                yield Front(port, password, authority, make_authority(folder, "another-ca"))
        finally:
            rules.write_text(before)
            superuser.execute("select pg_reload_conf()")


@pytest.mark.long
def test_loads_and_builds_work_with_verify_full(front: Front, pulse_elt: RunCommand) -> None:
    for arguments in (["load", EXAMPLES], ["build", "--select", "learners"], ["status"]):
        done = pulse_elt(*arguments, **front.environment())
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert front.password not in done.stdout + done.stderr


def test_a_url_says_it_all(front: Front, pulse_elt: RunCommand) -> None:
    settings = DatabaseSettings(
        {
            "host": HOST,
            "port": str(front.port),
            "dbname": DATABASE,
            "user": LOGIN,
            "password": front.password,
            "sslmode": "verify-full",
            "sslrootcert": str(front.authority.file),
        }
    )
    url = {URL_VARIABLE: settings.as_url(with_password=True), **ACTING}
    done = pulse_elt("status", **url)
    assert done.returncode == 0, done.stdout + done.stderr
    # Plain dbt reads sslmode in a URL itself; through 'build' the rest reaches it too.
    assert f"PGSSLROOTCERT={front.authority.file}" in pulse_elt("db", "env", **url).stdout


def test_both_drivers_are_on_tls(front: Front) -> None:
    import psycopg2  # type: ignore[import-untyped]

    names = {
        "host": HOST,
        "port": str(front.port),
        "dbname": DATABASE,
        "user": LOGIN,
        "password": front.password,
        "sslmode": "verify-full",
        "sslrootcert": str(front.authority.file),
        # Or no connection: a server that only asked for the password would get it.
        "require_auth": "scram-sha-256",
    }
    with psycopg.connect(**names) as ours:  # type: ignore[arg-type]
        assert ours.pgconn.ssl_in_use
    dbts = psycopg2.connect(**names)
    assert dbts.info.ssl_in_use
    dbts.close()


@pytest.mark.parametrize("command", ["load", "build"])
@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ("ca", "certificate verify failed. The CA of PGSSLROOTCERT did not sign"),
        ("host", 'does not match host name "127.0.0.1". Use the host name of its certificate.'),
        ("password", "password authentication failed"),
        ("channel_binding", "A proxy that ends TLS cannot bind to it"),
    ],
)
def test_a_wrong_ca_host_or_password_is_told_in_a_sentence(
    front: Front, pulse_elt: RunCommand, command: str, change: str, sentence: str
) -> None:
    changes = {
        "ca": {"PGSSLROOTCERT": str(front.stranger.file)},
        "host": {"PULSE_ANALYTICS_DB_HOST": "127.0.0.1"},
        "password": {"PULSE_ANALYTICS_DB_PASSWORD": front.password + "x"},
        "channel_binding": {"PGCHANNELBINDING": "require"},
    }
    arguments = ["load", EXAMPLES] if command == "load" else ["build"]
    done = pulse_elt(*arguments, **front.environment(**changes[change]))
    assert done.returncode == 3, done.stdout + done.stderr
    assert sentence in done.stderr
    assert "Traceback" not in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert front.password not in done.stdout + done.stderr


def test_the_front_takes_nobody_without_tls(front: Front) -> None:
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(
            host=HOST,
            port=front.port,
            dbname=DATABASE,
            user=LOGIN,
            password=front.password,
            sslmode="disable",
        )
