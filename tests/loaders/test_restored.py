"""pulse-elt db restored: a copy gets what a dump leaves out, or says what a superuser has to do."""

import json
import subprocess
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from psycopg import errors, sql

from loaders.database import embedded
from loaders.database.connection import connect
from loaders.database.rights import read_rights
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from tests.conftest import RunCommand, Server, Tree, create_database, drop_database, let_administer
from tests.forms import some_of
from tests.marts.access import ACTING, create_login

pytestmark = pytest.mark.every_server

# Names that have to be quoted wherever they are written.
ORIGINAL = 'the "original" 100%'
COPY = "a copy's"
OWNER = "owner_of_copies"
PIPELINE = "Pipeline of copies"
ONE_LOGIN = "one_login_of_copies"
ONE = "sessions/aa000001-0000-4000-8000-000000000000/scorecard.json"
TWO = ONE.replace("aa000001", "aa000002")


@dataclass(frozen=True)
class Copying:
    """A loaded database, and the means to dump and to restore it as its owner."""

    server: Server
    pulse_elt: RunCommand
    dump: Path
    tree: Tree
    owner: str

    def settings(self, name: str, login: str | None = None) -> DatabaseSettings:
        user = login or self.owner
        return DatabaseSettings({**self.server.database(name).parameters, "user": user})

    def run(
        self, name: str, login: str, *words: str, **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        url = self.settings(name, login).as_url(with_password=True)
        return self.pulse_elt(*words, **{URL_VARIABLE: url}, **environment)

    def load(self, name: str) -> "subprocess.CompletedProcess[str]":
        return self.run(name, PIPELINE, "load", str(self.tree.root), **ACTING)

    def program(self, name: str, *words: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [str(embedded.program(self.server.data, name)), *words],
            capture_output=True,
            text=True,
            check=False,
        )

    def dump_it(self, *options: str) -> None:
        url = self.settings(ORIGINAL).as_url(with_password=True)
        done = self.program("pg_dump", "--format=custom", f"--file={self.dump}", *options, url)
        assert done.returncode == 0, done.stderr

    def restore(
        self, *options: str, login: str | None = None, is_whole: bool = True
    ) -> DatabaseSettings:
        """Restore into an empty database of another name, as its owner if no login is named."""
        create_database(self.server, COPY, "template0")
        own(self.server, COPY, self.owner)
        url = self.settings(COPY, login).as_url(with_password=True)
        done = self.program("pg_restore", f"--dbname={url}", *options, str(self.dump))
        assert (done.returncode == 0) == is_whole, done.stderr
        return self.settings(COPY)

    def rights(self, name: str) -> dict[str, frozenset[str]]:
        with connect(self.server.database(name)) as superuser:
            return dict(read_rights(superuser))

    def restored(self, login: str | None = None) -> "subprocess.CompletedProcess[str]":
        return self.run(COPY, login or self.owner, "db", "restored", "--json")


def own(server: Server, database: str, owner: str) -> None:
    with connect(server.settings) as superuser:
        superuser.execute(
            sql.SQL("alter database {} owner to {}").format(
                sql.Identifier(database), sql.Identifier(owner)
            )
        )


def result_of(done: "subprocess.CompletedProcess[str]") -> dict[str, Any]:
    found: dict[str, Any] = json.loads(done.stdout.splitlines()[-1])
    return found


@pytest.fixture(scope="module")
def _loaded(
    server: Server, pulse_elt: RunCommand, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Copying]:
    tree = Tree(tmp_path_factory.mktemp("copied") / "tree")
    tree.write(ONE, {"overall": {"score": 80}})
    tree.write("sessions/not-json/scorecard.json", b"{")
    yield Copying(server, pulse_elt, tree.root.parent / "pulse.dump", tree, OWNER)
    drop_database(server, ORIGINAL)


@pytest.fixture
def copying(_loaded: Copying) -> Iterator[Copying]:
    """A database with the five roles, loaded by the login of the pipeline; tests only read it."""
    server = _loaded.server
    with connect(server.settings) as superuser:
        create_login(superuser, OWNER)
        superuser.execute(sql.SQL("alter role {} createrole").format(sql.Identifier(OWNER)))
        let_administer(superuser, OWNER)
        query = "select from pg_database where datname = %s"
        stands = superuser.execute(query, (ORIGINAL,)).fetchone() is not None
    if not stands:
        _load_the_original(_loaded)
    yield _loaded
    drop_database(server, COPY)
    (_loaded.tree.root / TWO).unlink(missing_ok=True)


@pytest.fixture
def changing(copying: Copying) -> Iterator[Copying]:
    """The same for a test that changes the original."""
    yield copying
    drop_database(copying.server, ORIGINAL)


def _load_the_original(copying: Copying) -> None:
    create_database(copying.server, ORIGINAL, "template0")
    server = copying.server
    own(server, ORIGINAL, OWNER)
    done = copying.run(ORIGINAL, OWNER, "db", "roles")
    assert done.returncode == 0, done.stderr
    with connect(copying.settings(ORIGINAL)) as owner:
        create_login(owner, PIPELINE)
        owner.execute(
            sql.SQL(
                "grant pulse_loader, pulse_transformer to {} with inherit false, set true"
            ).format(sql.Identifier(PIPELINE))
        )
        owner.execute(
            sql.SQL("grant connect on database {} to {}").format(
                sql.Identifier(ORIGINAL), sql.Identifier(PIPELINE)
            )
        )
    done = copying.load(ORIGINAL)
    assert done.returncode == 1, done.stderr


def assert_it_goes_on(copying: Copying) -> None:
    """Load as the pipeline, refuse strangers, and find the views, as in the original."""
    copying.tree.write(TWO, {"overall": {"score": 81}})
    done = copying.load(COPY)
    assert done.returncode == 0, done.stderr
    assert "db restored" not in done.stdout
    with connect(copying.server.settings) as superuser:
        create_login(superuser, "stranger_to_copies")
        create_login(superuser, "reader_of_copies", "pulse_reader")
    with pytest.raises(psycopg.OperationalError, match="permission denied for database"):
        psycopg.connect(**copying.settings(COPY, "stranger_to_copies").parameters)  # type: ignore[arg-type]
    with psycopg.connect(**copying.settings(COPY, "reader_of_copies").parameters) as reader:  # type: ignore[arg-type]
        assert reader.execute("show search_path").fetchone() == ("reporting",)
        with pytest.raises(errors.InsufficientPrivilege):
            reader.execute("select from raw.documents")


@pytest.mark.parametrize(
    "options",
    some_of(
        [
            [],
            ["--exclude-schema=test_failures"],
            ["--exclude-table-data=test_failures.*"],
            ["--no-comments"],
        ],
        1,
    ),
    ids=" ".join,
)
def test_a_copy_has_the_rights_of_its_original(copying: Copying, options: Sequence[str]) -> None:
    copying.dump_it(*options)
    copying.restore("--exit-on-error")
    original = copying.rights(ORIGINAL)
    assert copying.rights(COPY) != original
    done = copying.restored()
    assert done.returncode == 0, done.stdout + done.stderr
    found = result_of(done)
    assert "+ search_path=reporting for everybody" in found["mended"]
    assert "- CONNECT on the database for PUBLIC" in found["mended"]
    assert "sequences" in found["right"]
    assert copying.rights(COPY) == original
    again = result_of(copying.restored())
    assert again["mended"] == []
    assert again["missing"] == {}
    assert_it_goes_on(copying)


@pytest.mark.parametrize(
    ("dump", "restore"),
    some_of(
        [
            (["--no-owner", "--no-privileges"], []),
            (["--no-owner"], []),
            (["--no-privileges"], []),
            ([], ["--no-owner", "--no-privileges"]),
        ],
        1,
    ),
    ids=str,
)
def test_a_dump_without_owners_or_rights_gets_them_back(
    copying: Copying, dump: Sequence[str], restore: Sequence[str]
) -> None:
    copying.dump_it(*dump)
    copying.restore("--exit-on-error", *restore)
    done = copying.restored()
    assert done.returncode == 0, done.stdout + done.stderr
    assert copying.rights(COPY) == copying.rights(ORIGINAL)
    assert_it_goes_on(copying)


def test_what_a_superuser_has_restored_is_the_logins_again(copying: Copying) -> None:
    copying.dump_it()
    superuser = copying.server.settings.parameters["user"]
    copying.restore("--exit-on-error", "--no-owner", "--no-privileges", login=superuser)
    # Nobody but a superuser may take a superuser's tables over.
    refused = copying.restored()
    assert refused.returncode == 3
    assert len(refused.stderr.splitlines()) == 1
    assert superuser in refused.stderr
    assert "superuser" in refused.stderr
    done = copying.restored(superuser)
    assert done.returncode == 0, done.stdout + done.stderr
    assert copying.rights(COPY) == copying.rights(ORIGINAL)
    assert_it_goes_on(copying)


def test_roles_that_a_server_lacks_are_created_or_named(
    changing: Copying, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As on a new server: nothing belongs to a role of ours, and no right names one."""
    with connect(changing.server.settings) as superuser:
        superuser.execute("create role passing_role")
    with connect(changing.settings(ORIGINAL)) as owner:
        owner.execute(
            sql.SQL("grant connect on database {} to passing_role").format(sql.Identifier(ORIGINAL))
        )
        owner.execute("insert into ops.role_learners values ('team_of_nobody', null, true)")
    assert changing.load(ORIGINAL).returncode == 0
    changing.dump_it("--no-owner", "--no-privileges")
    with connect(changing.settings(ORIGINAL)) as owner:
        owner.execute(
            sql.SQL("revoke connect on database {} from passing_role").format(
                sql.Identifier(ORIGINAL)
            )
        )
    with connect(changing.server.settings) as superuser:
        superuser.execute("drop role passing_role")
    changing.restore("--exit-on-error")
    done = changing.restored()
    assert done.returncode == 3, done.stdout + done.stderr
    found = result_of(done)
    assert list(found["missing"]) == [
        "CONNECT on the database for passing_role, a role that this server lacks"
    ]
    assert "team_of_nobody" in str(found["notes"])
    assert changing.rights(COPY) == changing.rights(ORIGINAL)


@pytest.mark.long
def test_what_an_administrator_has_not_read_is_left_to_him(changing: Copying) -> None:
    """Whoever may write to the landing could otherwise ask for any right on a copy."""
    database = sql.Identifier(ORIGINAL)
    with connect(changing.settings(ORIGINAL)) as owner:
        for statement in (
            "grant create on database {} to pulse_reader",
            "alter database {} set work_mem = '64MB'",
            'alter role pulse_app in database {} set search_path = raw, "$user"',
        ):
            owner.execute(sql.SQL(statement).format(database))
    assert changing.load(ORIGINAL).returncode == 0
    changing.dump_it()
    changing.restore("--exit-on-error")
    landed = changing.load(COPY)
    assert "'pulse-elt db restored' puts them right." in landed.stdout
    done = changing.restored()
    assert done.returncode == 3, done.stdout + done.stderr
    missing = result_of(done)["missing"]
    assert len(missing) == 3
    shown = changing.run(COPY, OWNER, "db", "restored")
    with connect(changing.settings(COPY)) as owner:
        for statement in missing.values():
            assert statement in shown.stdout
            owner.execute(statement.encode())
    assert changing.restored().returncode == 0
    assert changing.rights(COPY) == changing.rights(ORIGINAL)


@pytest.mark.long
def test_a_login_of_the_pipeline_is_told_what_it_takes(copying: Copying) -> None:
    copying.dump_it("--exclude-schema=test_failures")
    copying.restore("--exit-on-error")
    done = copying.run(COPY, PIPELINE, "db", "restored", "--json")
    assert done.returncode == 3, done.stdout + done.stderr
    missing = result_of(done)["missing"]
    statements = list(missing.values())
    assert "psql -v ON_ERROR_STOP=1 -f deploy/roles.sql" in statements
    assert "create schema test_failures authorization pulse_transformer;" in str(
        statements
    ).replace('"', "")
    copying.program("psql", "-X", "-v", "ON_ERROR_STOP=1", "-f", "deploy/roles.sql",
                    copying.settings(COPY).as_url(with_password=True))  # fmt: skip
    again = copying.run(COPY, PIPELINE, "db", "restored", "--json")
    assert again.returncode == 3, again.stdout + again.stderr
    assert copying.restored().returncode == 0
    assert copying.run(COPY, PIPELINE, "db", "restored").returncode == 0
    assert copying.rights(COPY) == copying.rights(ORIGINAL)


@pytest.mark.long
def test_a_copy_by_template_is_put_right_too(copying: Copying) -> None:
    create_database(copying.server, COPY, ORIGINAL)
    own(copying.server, COPY, OWNER)
    assert copying.rights(COPY) != copying.rights(ORIGINAL)
    done = copying.restored()
    assert done.returncode == 0, done.stdout + done.stderr
    assert copying.rights(COPY) == copying.rights(ORIGINAL)
    assert_it_goes_on(copying)


@pytest.mark.parametrize(
    "options",
    some_of([["--schema-only"], ["--section=pre-data", "--section=data"]], 1),
    ids=["rows", "keys"],
)
def test_tables_without_their_rows_or_keys_are_refused(
    copying: Copying, options: Sequence[str]
) -> None:
    copying.dump_it()
    copying.restore("--exit-on-error", *options)
    for words in (["db", "restored"], ["load", str(copying.tree.root)]):
        done = copying.run(COPY, OWNER, *words)
        assert done.returncode == 3, done.stdout + done.stderr
        assert "Restore it whole" in done.stderr


def test_an_empty_database_is_told_to_be_restored_first(copying: Copying) -> None:
    create_database(copying.server, COPY, "template0")
    own(copying.server, COPY, OWNER)
    url = copying.settings(COPY).as_url(with_password=True)
    for prepare in ("select 1", "create schema raw"):
        assert copying.program("psql", "-X", "-c", prepare, url).returncode == 0
        done = copying.restored()
        assert done.returncode == 3
        assert "Restore the dump first" in done.stderr


@pytest.mark.long
def test_an_owner_who_may_not_create_roles_needs_none_that_is_there(copying: Copying) -> None:
    copying.dump_it()
    copying.restore("--exit-on-error")
    with connect(copying.server.settings) as superuser:
        superuser.execute(sql.SQL("alter role {} nocreaterole").format(sql.Identifier(OWNER)))
    done = copying.restored()
    assert done.returncode == 0, done.stdout + done.stderr
    assert copying.rights(COPY) == copying.rights(ORIGINAL)


@pytest.fixture
def single(changing: Copying) -> Iterator[Copying]:
    """The same with one login that owns all schemas, as docs/operators.md sets it up."""
    create_database(changing.server, ORIGINAL, "template0")
    with connect(changing.server.settings) as superuser:
        create_login(superuser, ONE_LOGIN)
        superuser.execute(_let_create(ORIGINAL))
    alone = replace(changing, owner=ONE_LOGIN)
    assert alone.run(ORIGINAL, ONE_LOGIN, "load", str(changing.tree.root)).returncode == 1
    yield alone
    drop_database(changing.server, ORIGINAL)
    drop_database(changing.server, COPY)
    with connect(changing.server.settings) as superuser:
        superuser.execute(sql.SQL("drop role {}").format(sql.Identifier(ONE_LOGIN)))


def _let_create(database: str) -> sql.Composed:
    return sql.SQL("grant create on database {} to {}").format(
        sql.Identifier(database), sql.Identifier(ONE_LOGIN)
    )


def test_one_login_restores_what_it_dumped(single: Copying) -> None:
    single.dump_it("--exclude-schema=test_failures")
    create_database(single.server, COPY, "template0")
    with connect(single.server.settings) as superuser:
        superuser.execute(_let_create(COPY))
    url = single.settings(COPY).as_url(with_password=True)
    done = single.program("pg_restore", "--exit-on-error", f"--dbname={url}", str(single.dump))
    assert done.returncode == 0, done.stderr
    with connect(single.server.settings) as superuser:
        superuser.execute(
            sql.SQL("revoke create on database {} from {}").format(
                sql.Identifier(COPY), sql.Identifier(ONE_LOGIN)
            )
        )
    refused = single.restored()
    assert refused.returncode == 3, refused.stdout + refused.stderr
    grant = _let_create(COPY).as_string(None) + ";"
    assert grant in result_of(refused)["missing"].values()
    with connect(single.server.settings) as superuser:
        superuser.execute(grant.encode())
    done = single.restored()
    assert done.returncode == 0, done.stdout + done.stderr
    assert "+ schema test_failures belongs to one_login_of_copies" in result_of(done)["mended"]
    original = single.rights(ORIGINAL)
    for part in ("database", "settings", "relations", "functions", "row security"):
        assert single.rights(COPY).get(part) == original.get(part)
    assert single.run(COPY, ONE_LOGIN, "load", str(single.tree.root)).returncode == 0


@pytest.mark.long
def test_what_a_superuser_has_restored_is_handed_to_the_one_login(single: Copying) -> None:
    superuser = single.server.settings.parameters["user"]
    single.dump_it("--exclude-schema=test_failures")
    create_database(single.server, COPY, "template0")
    url = single.settings(COPY, superuser).as_url(with_password=True)
    options = ("--no-owner", "--no-privileges", f"--dbname={url}")
    assert single.program("pg_restore", *options, str(single.dump)).returncode == 0
    refused = single.restored()
    assert refused.returncode == 3
    assert "Run this as a superuser" in refused.stderr
    done = single.restored(superuser)
    assert done.returncode == 3, done.stdout + done.stderr
    assert list(result_of(done)["missing"].values()) == [_let_create(COPY).as_string(None) + ";"]
    with connect(single.server.database(COPY)) as connection:
        connection.execute(_let_create(COPY))
    assert single.restored().returncode == 0
    original, copy = (
        # Migrations grant this wherever the server has the role.
        {line for line in single.rights(name)["relations"] if "pulse_transformer" not in line}
        for name in (ORIGINAL, COPY)
    )
    assert copy == original
    assert single.run(COPY, ONE_LOGIN, "load", str(single.tree.root)).returncode == 0
