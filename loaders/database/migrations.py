"""Migrates the landing schema, and refuses databases that other applications use."""

import hashlib
import re
from collections.abc import Sequence
from dataclasses import dataclass
from importlib import resources

import psycopg
from psycopg import sql

from loaders.database import kind_rules
from loaders.database.locks import MIGRATION_LOCK
from loaders.database.queries import one_value, relation_exists
from loaders.errors import DatabaseUnavailable, WorkFailed, WrongRequest
from loaders.project.document_kinds import DocumentKinds, Rule

MARKER = "[pulse-elt]"

RULES_WOULD_CHANGE = (
    "The rules of config/document_kinds.json differ from those in the database; "
    "a load puts them in force."
)
OTHER_RULES = (
    "The rules of config/document_kinds.json differ from those in the database; "
    "they have replaced them."
)

_GUARD = """
select c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'analytics'
    and c.relkind in ('r', 'v', 'm', 'f', 'p')
    and coalesce(pg_catalog.obj_description(c.oid, 'pg_class'), '') not like %s
order by c.relname
"""

# A dump without comments has lost the markers, not the registry of what builds made.
_HAS_REGISTRY = """
select case
    when has_schema_privilege(to_regnamespace('staging'), 'usage')
        then coalesce(
            has_table_privilege(to_regclass('staging.standing_relations'), 'select'), false
        )
end
"""

# dbt's backup of a table that a killed build was replacing belongs to us too.
_REGISTERED = r"""
select distinct c.relname
from pg_catalog.pg_class as c
inner join staging.standing_relations as standing
    on regexp_replace(c.relname, '__dbt_(backup|tmp)$', '') = standing.relation_name
where c.relnamespace = to_regnamespace('analytics') and standing.schema_name = 'analytics'
"""

# A dump creates them after all rows.
_HAS_KEYS = """
select exists (
    select from pg_catalog.pg_constraint
    where conrelid = 'raw.schema_migrations'::regclass and contype = 'p'
)
"""

_RELATIONS_IN_RAW = """
select c.relname
from pg_catalog.pg_class as c
inner join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
where n.nspname = 'raw' and c.relkind in ('r', 'v', 'm', 'f', 'p')
order by c.relname
"""

_CREATE_HISTORY = """
create schema if not exists raw;
create table raw.schema_migrations (
    version int primary key,
    name text not null,
    checksum text not null,
    applied_at timestamptz not null default clock_timestamp()
);
comment on table raw.schema_migrations is 'The migrations applied to schema raw, with checksums.';
comment on column raw.schema_migrations.version is 'Number of the migration, from its file name.';
comment on column raw.schema_migrations.name is 'Name of its file.';
comment on column raw.schema_migrations.checksum is 'SHA-256 of the file as it was applied.';
comment on column raw.schema_migrations.applied_at is 'When it was applied.';
"""

_CREATE_SCHEMA = re.compile(r"^create schema if not exists (\w+);$", re.MULTILINE)

_PARTITIONS = """
select
    substring(pg_catalog.pg_get_expr(c.relpartbound, c.oid) from '''([a-z0-9_]+)''') as kind,
    c.relname
from pg_catalog.pg_inherits as i
inner join pg_catalog.pg_class as c on c.oid = i.inhrelid
where i.inhparent = 'raw.documents'::regclass
"""

_COLUMN_COMMENTS = """
select attname, pg_catalog.col_description(attrelid, attnum)
from pg_catalog.pg_attribute
where attrelid = 'raw.documents'::regclass and attnum > 0 and not attisdropped
"""


@dataclass(frozen=True)
class Migration:
    """One file of migrations/."""

    version: int
    name: str
    text: str
    checksum: str


@dataclass(frozen=True)
class MigrationResult:
    """What a migration run did: files applied and partitions created, by name.

    has_replaced_rules says that the database had different rules of kinds.
    """

    applied: tuple[str, ...] = ()
    partitions: tuple[str, ...] = ()
    has_replaced_rules: bool = False

    @property
    def notices(self) -> tuple[str, ...]:
        """Messages for people, a sentence each."""
        return (OTHER_RULES,) if self.has_replaced_rules else ()


def read_migrations() -> tuple[Migration, ...]:
    """Return the migrations that come with the package, in order."""
    folder = resources.files("loaders.database") / "migrations"
    found = []
    for entry in folder.iterdir():
        if entry.name.endswith(".sql"):
            content = entry.read_bytes()
            found.append(
                Migration(
                    version=int(entry.name.split("_")[0]),
                    name=entry.name,
                    text=content.decode(),
                    checksum=hashlib.sha256(content).hexdigest(),
                )
            )
    return tuple(sorted(found, key=lambda migration: migration.version))


def migrate(
    connection: psycopg.Connection,
    kinds: DocumentKinds,
    migrations: Sequence[Migration] | None = None,
) -> MigrationResult:
    """Apply what is missing, in one transaction: files, partitions, and the rules of kinds.

    Where all is in place, it writes nothing and needs no right to write.

    Raises:
        DatabaseUnavailable: schema analytics or raw belongs to another application, a newer
            pulse-elt has migrated it, or the database is not in UTF-8.
        WorkFailed: an applied migration has changed since.
        WrongRequest: a rule wants a table that holds another kind's documents.
    """
    known = read_migrations() if migrations is None else tuple(migrations)
    refuse_other_encodings(connection)
    with connection.transaction():
        refuse_foreign_relations(connection)
        if _is_up_to_date(connection, kinds, known):
            return MigrationResult()
        connection.execute("select pg_advisory_xact_lock(%s, %s)", MIGRATION_LOCK)
        if not _has_history(connection):
            _refuse_foreign_relations_in_raw(connection)
            connection.execute(_without_standing_schemas(connection, _CREATE_HISTORY).encode())
        pending = _pending(connection, known)
        for migration in pending:
            connection.execute(_without_standing_schemas(connection, migration.text).encode())
            connection.execute(
                "insert into raw.schema_migrations (version, name, checksum) values (%s, %s, %s)",
                (migration.version, migration.name, migration.checksum),
            )
        missing = _missing_partitions(connection, kinds.loaded)
        _rename_partitions(
            connection, [(current, str(rule.table)) for rule, current in missing if current]
        )
        for rule, current in missing:
            if current is None:
                _create_partition(connection, rule)
        is_news = not kind_rules.are_in_force(connection, kinds)
        has_replaced = is_news and kind_rules.put_in_force(connection, kinds)
    return MigrationResult(
        tuple(migration.name for migration in pending),
        tuple(str(rule.table) for rule, _ in missing),
        has_replaced,
    )


def refuse_other_encodings(connection: psycopg.Connection) -> None:
    """Refuse a database that cannot hold every document.

    Raises:
        DatabaseUnavailable: it is not in UTF-8.
    """
    encoding = connection.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise DatabaseUnavailable(
            f"Database {connection.info.dbname} is in {encoding}, not in UTF-8. Nothing was "
            "written. Create another one: create database NAME encoding 'UTF8' template template0."
        )


def _is_up_to_date(
    connection: psycopg.Connection, kinds: DocumentKinds, known: Sequence[Migration]
) -> bool:
    return (
        not _pending(connection, known)
        and not _missing_partitions(connection, kinds.loaded)
        and kind_rules.are_in_force(connection, kinds)
    )


def pending_migrations(connection: psycopg.Connection) -> tuple[str, ...]:
    """Return the names of the migrations that are still to be applied."""
    return tuple(migration.name for migration in _pending(connection, read_migrations()))


def refuse_foreign_relations(connection: psycopg.Connection) -> None:
    """Refuse a schema analytics that holds another application's relations.

    Raises:
        DatabaseUnavailable: it holds some; the message names them.
    """
    names = [row[0] for row in connection.execute(_GUARD, ("%" + MARKER,))]
    if names and connection.execute(_HAS_REGISTRY).fetchone() == (True,):
        registered = {row[0] for row in connection.execute(_REGISTERED)}
        names = [name for name in names if name not in registered]
    if names:
        raise DatabaseUnavailable(
            f"Schema analytics already holds relations that are not ours: {_abridged(names)}. "
            "Nothing was changed. Use another database, or move them to another schema first."
        )


def _without_standing_schemas(connection: psycopg.Connection, text: str) -> str:
    """Return a migration without the schemas that exist: deploy/roles.sql creates them.

    PostgreSQL checks for CREATE on the database before it checks whether a schema exists.
    """
    there = {row[0] for row in connection.execute("select nspname from pg_catalog.pg_namespace")}
    return _CREATE_SCHEMA.sub(lambda found: "" if found[1] in there else found[0], text)


def _has_history(connection: psycopg.Connection) -> bool:
    return relation_exists(connection, "raw.schema_migrations")


def _pending(connection: psycopg.Connection, known: Sequence[Migration]) -> list[Migration]:
    if not _has_history(connection):
        return list(known)
    applied = {
        version: (name, checksum)
        for version, name, checksum in connection.execute(
            "select version, name, checksum from raw.schema_migrations"
        )
    }
    if not applied and relation_exists(connection, "raw.loads"):
        raise DatabaseUnavailable(
            "Schema raw has its tables and none of its rows: the dump was restored without data, "
            "or not to its end. Restore it whole into an empty database."
        )
    if not one_value(connection, _HAS_KEYS):
        raise DatabaseUnavailable(
            "Schema raw has no keys: the dump was not restored to its end. "
            "Restore it whole into an empty database."
        )
    newest = max((migration.version for migration in known), default=0)
    if max(applied, default=0) > newest:
        raise DatabaseUnavailable(
            f"The database is at migration {max(applied)}, this pulse-elt knows {newest}: "
            "upgrade pulse-elt."
        )
    for migration in known:
        if migration.version in applied and applied[migration.version][1] != migration.checksum:
            raise WorkFailed(
                f"Migration {migration.name} was changed after it had been applied; "
                "restore the file and put the change into a new one."
            )
    return [migration for migration in known if migration.version not in applied]


def _refuse_foreign_relations_in_raw(connection: psycopg.Connection) -> None:
    names = [row[0] for row in connection.execute(_RELATIONS_IN_RAW)]
    if names:
        raise DatabaseUnavailable(
            f"Schema raw already holds relations that are not ours: {_abridged(names)}. "
            "Nothing was changed. Use another database, or move them to another schema first."
        )


def _missing_partitions(
    connection: psycopg.Connection, rules: Sequence[Rule]
) -> list[tuple[Rule, str | None]]:
    """Return the rules without a partition of the right name, each with its present name."""
    if not relation_exists(connection, "raw.documents"):
        return [(rule, None) for rule in rules]
    existing: dict[str, str] = dict(connection.execute(_PARTITIONS).fetchall())
    kinds = {rule.kind for rule in rules}
    left_behind = {table: kind for kind, table in existing.items() if kind not in kinds}
    for rule in rules:
        if rule.table in left_behind:
            raise WrongRequest(
                f"Rule {rule.kind!r}: table {rule.table!r} holds the documents of kind "
                f"{left_behind[rule.table]!r}; give the rule another table."
            )
    return [
        (rule, existing.get(rule.kind)) for rule in rules if existing.get(rule.kind) != rule.table
    ]


def _rename_partitions(connection: psycopg.Connection, renamed: Sequence[tuple[str, str]]) -> None:
    """Rename partitions, by way of temporary names, since two may swap."""
    passing = [(old, f"pulse_moving_{n}", new) for n, (old, new) in enumerate(renamed)]
    steps = [(old, between) for old, between, _ in passing]
    steps += [(between, new) for _, between, new in passing]
    for old, new in steps:
        connection.execute(
            sql.SQL("alter table {} rename to {}").format(
                sql.Identifier("raw", old), sql.Identifier(new)
            )
        )


def _create_partition(connection: psycopg.Connection, rule: Rule) -> None:
    table = sql.Identifier("raw", str(rule.table))
    connection.execute(
        sql.SQL("create table {} partition of raw.documents for values in ({})").format(
            table, sql.Literal(rule.kind)
        )
    )
    connection.execute(
        sql.SQL("comment on table {} is {}").format(
            table, sql.Literal(f"Documents of kind {rule.kind}. {rule.why}")
        )
    )
    for column, comment in connection.execute(_COLUMN_COMMENTS).fetchall():
        connection.execute(
            sql.SQL("comment on column {} is {}").format(
                sql.Identifier("raw", str(rule.table), column), sql.Literal(comment)
            )
        )
    compression = connection.execute(
        "select 'lz4' = any (enumvals) from pg_catalog.pg_settings "
        "where name = 'default_toast_compression'"
    ).fetchone()
    if compression and compression[0]:
        connection.execute(
            sql.SQL("alter table {} alter column payload set compression lz4").format(table)
        )
    # Partitions do not inherit these settings; see migration 0002.
    connection.execute(
        sql.SQL(
            "alter table {} alter column payload set statistics 0, "
            "alter column content_sha256 set statistics 0"
        ).format(table)
    )


def _abridged(names: Sequence[str]) -> str:
    listed = ", ".join(names[:8])
    return listed if len(names) <= 8 else f"{listed} and {len(names) - 8} more"
