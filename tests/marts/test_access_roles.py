"""Every role was tried against every schema, and the whole road is walked with these roles."""

import json
import re
import subprocess
from collections.abc import Iterator

import psycopg
import pytest
from psycopg import errors

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE
from tests.conftest import EXAMPLES, RunCommand
from tests.marts import rights
from tests.marts.access import (
    ACTING,
    LOGINS,
    NOBODY,
    PIPELINE,
    House,
    page,
)
from tests.marts.comparison import MARTS, marts_of
from tests.marts.warm_dbt import WITHOUT_TESTS

_TABLE = re.compile(r"(<!-- rights: written by tests -->\n).*?(<!-- end -->)", re.DOTALL)
REGENERATE = (
    "docs/security.md does not say what happened; write it anew with "
    "'pytest tests/marts/test_access_roles.py --postgres 18 --write-docs'"
)


@pytest.fixture(scope="module")
def furnished(house: House) -> Iterator[House]:
    """The house with a table in each schema: what a failed test kept, and somebody's in public."""
    with house.connect() as superuser:
        superuser.execute("create table public.notes (note text)")
        superuser.execute("set role pulse_transformer")
        superuser.execute("create table test_failures.sample (user_id uuid)")
        superuser.execute(
            "comment on table test_failures.sample is 'What a test found. [pulse-elt]'"
        )
    yield house
    with house.connect() as superuser:
        superuser.execute("drop table public.notes, test_failures.sample")


def test_every_role_was_tried_on_everything_and_the_page_says_what_happened(
    furnished: House, request: pytest.FixtureRequest
) -> None:
    with furnished.connect() as superuser:
        tried = rights.attempts(superuser)
        of_anybody = rights.allowed(superuser, tried)
    possible: dict[str, set[rights.Attempt]] = {}
    for role, login in LOGINS.items():
        with furnished.connect(login) as connection:
            possible[role] = rights.allowed(connection, tried)
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        furnished.connect(NOBODY)
    assert {attempt.schema for attempt in tried} == set(rights.SCHEMAS)
    found = rights.table(possible, of_anybody)
    file = page("security.md")
    text = file.read_text(encoding="utf-8")
    written = _TABLE.sub(lambda match: f"{match[1]}{found}{match[2]}", text)
    if request.config.getoption("--write-docs"):
        file.write_text(written, encoding="utf-8")
    else:
        assert text == written, REGENERATE


def test_only_who_owns_a_schema_or_audits_reads_what_is_personal(furnished: House) -> None:
    """In words, what the table must never come to say, however it is regenerated."""
    for role in ("pulse_app", "pulse_reader", "pulse_loader"):
        with furnished.connect(LOGINS[role]) as connection:
            for relation in ("analytics.session_transcripts", "staging.builds"):
                with pytest.raises(errors.InsufficientPrivilege):
                    connection.execute(f"select from {relation}")
    writes = ("insert", "update", "delete", "truncate", "create", "own")
    with furnished.connect() as superuser:
        tried = rights.attempts(superuser)
    for role in ("pulse_reader", "pulse_auditor"):
        with furnished.connect(LOGINS[role]) as connection:
            done = rights.allowed(connection, tried)
        assert [attempt for attempt in done if attempt.operation in writes] == []


@pytest.mark.parametrize(
    ("role", "may"),
    [
        ("pulse_loader", True),
        ("pulse_transformer", True),
        ("pulse_app", False),
        ("pulse_reader", False),
        ("pulse_auditor", False),
    ],
)
def test_temporary_tables_are_for_those_who_need_them(house: House, role: str, may: bool) -> None:
    with house.connect(LOGINS[role]) as connection:
        if may:
            connection.execute("create temporary table tried (a int)")
        else:
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("create temporary table tried (a int)")


def test_no_role_can_log_in_or_do_more_than_it_is_granted(house: House) -> None:
    with house.connect() as superuser:
        can = superuser.execute(
            "select rolname from pg_roles where (rolname = any (%s) and rolcanlogin) or "
            "(rolname = any (%s) and (rolsuper or rolcreatedb or rolcreaterole or rolbypassrls))",
            (list(LOGINS), [*LOGINS, *LOGINS.values(), PIPELINE]),
        ).fetchall()
        owned = superuser.execute(
            "select datname from pg_database where pg_get_userbyid(datdba) = any (%s)",
            ([*LOGINS, *LOGINS.values(), PIPELINE],),
        ).fetchall()
    assert (can, owned) == ([], [])


@pytest.mark.long
def test_nights_checks_and_prunes_go_on_with_these_roles(
    house: House, pulse_elt: RunCommand
) -> None:
    with house.connect() as superuser:
        before = marts_of(superuser)
        for arguments in (
            ["run", EXAMPLES],
            ["check", "landing"],
            ["check", "marts"],
            ["prune", "--yes"],
            ["build", "--full-refresh", *WITHOUT_TESTS],
            ["status"],
            ["quarantine", "list"],
            ["db", "status"],
        ):
            done = pulse_elt(*arguments, **house.environment(PIPELINE), **ACTING)
            assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
        assert marts_of(superuser) == before


@pytest.mark.long
def test_a_login_for_loads_and_a_login_for_builds_need_no_more(
    house: House, pulse_elt: RunCommand
) -> None:
    for arguments, role in (
        (["load", EXAMPLES], "pulse_loader"),
        (["build", "--select", "reporting"], "pulse_transformer"),
        (["status"], "pulse_transformer"),
    ):
        done = pulse_elt(*arguments, **house.environment(LOGINS[role]))
        assert done.returncode == 0, f"{arguments}: {done.stdout}{done.stderr}"
    done = pulse_elt("status", **house.environment(LOGINS["pulse_loader"]))
    assert (done.returncode, "lacks a permission" in done.stderr) == (3, True)


def test_a_login_whose_rights_wait_for_a_role_can_do_nothing_by_itself(house: House) -> None:
    with house.connect(PIPELINE) as connection:
        for relation in ("raw.documents", "analytics.scorecards", "reporting.scorecards"):
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute(f"select from {relation}")


def test_new_partitions_tables_and_views_are_covered(house: House) -> None:
    with house.connect() as superuser:
        superuser.execute("set role pulse_loader")
        superuser.execute(
            "create table raw.tried_partition partition of raw.documents for values in ('tried')"
        )
        superuser.execute("create table ops.tried_table (a int)")
        superuser.execute("set role pulse_transformer")
        superuser.execute("create table analytics.tried_table (a int)")
        superuser.execute("create view reporting.tried_view as select 1 as a")
        superuser.execute("create table test_failures.tried_table (a int)")
        created = [
            "raw.tried_partition",
            "ops.tried_table",
            "analytics.tried_table",
            "reporting.tried_view",
            "test_failures.tried_table",
        ]
        try:
            assert _readable(house, "pulse_auditor", created) == created
            assert _readable(house, "pulse_transformer", created) == created
            assert _readable(house, "pulse_reader", created) == ["reporting.tried_view"]
            assert _readable(house, "pulse_app", created) == []
        finally:
            superuser.execute("reset role")
            superuser.execute("drop view reporting.tried_view")
            for name in created:
                superuser.execute(f"drop table if exists {name}" if "view" not in name else "")


def _readable(house: House, role: str, relations: list[str]) -> list[str]:
    readable = []
    with house.connect(LOGINS[role]) as connection:
        for relation in relations:
            try:
                connection.execute(f"select from {relation}")
            except errors.InsufficientPrivilege:
                continue
            readable.append(relation)
    return readable


LIVE = "sessions/live/scorecard.json"


def test_the_app_writes_documents_reads_readiness_and_rewrites_nothing(house: House) -> None:
    with house.connect(LOGINS["pulse_app"]) as app, app.transaction(force_rollback=True):
        for score in (50, 60):
            content = json.dumps({"overall": {"score": score}})
            app.execute("select raw.write_document(%s, %s)", (LIVE, content))
        versions = app.execute(
            "select payload #>> '{overall,score}', superseded_at is null from raw.documents "
            "where source_path = %s order by document_id",
            (LIVE,),
        ).fetchall()
        assert versions == [("50", False), ("60", True)]
        for refused in (
            "update raw.documents set payload = '{}'",
            "update raw.documents set landed_at = now()",
            "update raw.documents set superseded_at = '2000-01-01' where superseded_at is null",
            "update raw.documents set superseded_at = 'infinity' where superseded_at is null",
            "insert into raw.documents "
            "(kind, source_path, session_key, content_sha256, origin, landed_at, payload) "
            "values ('scorecard', 'sessions/a/x.json', 'a', 'x', 'app', clock_timestamp(), '{}')",
            "update raw.files set source_path = 'x/' || source_path",
            "delete from raw.documents",
            "delete from raw.files",
            "select from raw.scorecards",
            "insert into raw.scorecards (kind) values ('scorecard')",
            "select from analytics.scorecards",
            "select raw.landing_time()",
        ):
            with pytest.raises(errors.InsufficientPrivilege), app.transaction():
                app.execute(refused)
        (count,) = app.execute("select count(*) from analytics.user_readiness").fetchone() or (0,)
        assert count > 0


def test_a_kind_can_be_taken_from_the_app(house: House) -> None:
    """The example of docs/security.md; it outlives 'db roles'."""
    (example,) = re.findall(r"```sql\n(create policy [^`]+)```", page("security.md").read_text())
    with house.connect() as superuser, superuser.transaction(force_rollback=True):
        superuser.execute(example)
        superuser.execute("set role pulse_app")
        kinds = superuser.execute("select distinct kind from raw.documents").fetchall()
        assert ("user_history",) not in kinds
        assert ("scorecard",) in kinds
        superuser.execute("select raw.write_document(%s, '{}')", (LIVE,))
        with pytest.raises(errors.CheckViolation, match="only_files"), superuser.transaction():
            superuser.execute("select raw.write_document('users/a/history.json', '{}')")


def test_whoever_sees_the_landing_may_know_the_rules_of_kinds(house: House) -> None:
    for role in ("pulse_loader", "pulse_transformer", "pulse_app", "pulse_auditor"):
        with house.connect(LOGINS[role]) as connection:
            assert connection.execute("select count(*) > 0 from raw.document_kinds").fetchone() == (
                True,
            )


def test_names_are_never_looked_up_where_somebody_else_can_put_some(house: House) -> None:
    with house.connect() as superuser:
        paths = superuser.execute(
            "select distinct proname, proconfig[1] from pg_proc "
            "where pronamespace in ('raw'::regnamespace, 'ops'::regnamespace) order by proname"
        ).fetchall()
        assert paths == [
            ("await_writers", "search_path=pg_catalog"),
            ("earliest_cutoff", "search_path=pg_catalog"),
            ("is_building", "search_path=pg_catalog"),
            ("keep_sequence_ahead", "search_path=pg_catalog, pg_temp"),
            ("landing_time", "search_path=pg_catalog"),
            ("move_sequence", "search_path=pg_catalog, pg_temp"),
            ("read_document", "search_path=pg_catalog, pg_temp"),
            ("report_store", "search_path=pg_catalog, pg_temp"),
            ("state_of_marts", "search_path=pg_catalog, pg_temp"),
            ("write_document", "search_path=pg_catalog, pg_temp"),
            ("written_version", "search_path=pg_catalog, pg_temp"),
        ]
    for login in LOGINS.values():
        with house.connect(login) as connection:
            assert connection.execute("show search_path").fetchone() == ("reporting",)
            # What JDBC drivers ask for; it must not need the right to make temporary tables.
            connection.execute("select current_schemas(true)")
            with pytest.raises(errors.InsufficientPrivilege):
                connection.execute("create table public.tried (a int)")
    with connect(house.settings(LOGINS["pulse_loader"])) as ours:
        assert ours.execute("show search_path").fetchone() == ("pg_catalog, pg_temp",)


def test_the_auditor_reads_every_row_of_every_view(house: House) -> None:
    with house.connect(LOGINS["pulse_auditor"]) as auditor:
        for mart in MARTS:
            rows = auditor.execute(
                f"select (select count(*) from analytics.{mart}), count(*) from reporting.{mart}"
            ).fetchone()
            assert rows
            assert rows[0] == rows[1]


def test_the_auditor_can_dump_everything(house: House) -> None:
    url = house.settings(LOGINS["pulse_auditor"]).as_url(with_password=True)
    done = subprocess.run(
        [str(embedded.program(house.server.data, "pg_dump")), "--exclude-schema=public", url],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "COPY raw.scorecards " in done.stdout
    assert "COPY analytics.session_transcripts " in done.stdout


def test_plain_dbt_acts_as_the_role_of_builds(house: House, pulse_elt: RunCommand) -> None:
    shown = pulse_elt(
        "db", "psql", "-Atc", "select current_user",
        **{URL_VARIABLE: house.environment(PIPELINE)[URL_VARIABLE]}, **ACTING,
    )  # fmt: skip
    assert shown.stdout.strip() == "pulse_transformer"


@pytest.mark.long
def test_a_build_that_may_not_say_what_it_reads_says_what_it_lacks(
    house: House, pulse_elt: RunCommand
) -> None:
    build = ["build", "--quiet", "--select", "readiness_bands"]
    builder = house.environment(LOGINS["pulse_transformer"])
    with house.connect() as superuser:
        superuser.execute("revoke insert on ops.cutoffs from pulse_transformer")
        try:
            refused = pulse_elt(*build, **builder)
        finally:
            superuser.execute("grant insert on ops.cutoffs to pulse_transformer")
    assert refused.returncode == 3, refused.stderr
    assert "may not write ops.cutoffs" in refused.stderr
    assert "'pulse-elt db roles' grants it" in refused.stderr
    assert pulse_elt(*build, **builder).returncode == 0


def test_the_builder_may_write_that_table_alone(house: House) -> None:
    with house.connect(LOGINS["pulse_transformer"]) as builder:
        for table in ("ops.runs", "ops.checks", "ops.role_learners"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                builder.execute(f"delete from {table}".encode())
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            builder.execute("delete from ops.cutoffs")
        builder.execute("update ops.cutoffs set at_work_cutoff_at = at_work_cutoff_at")
