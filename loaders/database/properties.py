"""What a dump lacks: privileges on the database and its settings. A table keeps them, too."""

from dataclasses import dataclass

import psycopg
from psycopg import sql

from loaders.database.queries import one_value

IS_LACKING = (
    "This database is a copy without some rights or settings of its original; "
    "'pulse-elt db restored' puts them right."
)

_ID = """
select pg_control_system.system_identifier || ':' || pg_database.oid
from pg_control_system() cross join pg_database
where pg_database.datname = current_database()
"""

# Some providers keep the function to themselves.
_MAY_ASK = "select has_function_privilege('pg_control_system()', 'EXECUTE')"
_OID = "select oid::text from pg_database where datname = current_database()"

# An owner needs no grant, and a copy may have another one.
_PRESENT = """
with here as (select * from pg_database where datname = current_database())

select
    case when grantee <> 0 then pg_get_userbyid(grantee)::text end,
    privilege_type || case when is_grantable then ' WITH GRANT OPTION' else '' end
from here, aclexplode(coalesce(datacl, acldefault('d', datdba)))
where grantee <> datdba
union
select case when setrole <> 0 then pg_get_userbyid(setrole)::text end, setting
from pg_db_role_setting, unnest(setconfig) as setting
where setdatabase = (select oid from here)
union
select pg_get_userbyid(nspowner)::text, 'OWNER' from pg_namespace where nspname = 'raw'
"""

_KEPT = """
select role_name::text, property
from ops.database_properties
where
    role_name is distinct from (
        select pg_get_userbyid(datdba) from pg_database where datname = current_database()
    )
    or property like '%=%'
    or property = 'OWNER'
"""
_KEPT_OF = "select database_id from ops.database_properties limit 1"
_KEEP = """
insert into ops.database_properties (database_id, role_name, property) values (%s, %s, %s)
on conflict do nothing
"""

_MAY_READ = """
select has_schema_privilege(relnamespace, 'USAGE') and has_table_privilege(oid, 'SELECT')
from pg_class
where relname = 'database_properties' and relnamespace = to_regnamespace('ops')
"""

OWNER = "OWNER"

# Each of their names is quoted by itself.
_LISTS = ("search_path", "temp_tablespaces", "local_preload_libraries", "session_preload_libraries")


@dataclass(frozen=True)
class Property:
    """A privilege on the database, or a setting of it, for a role; None is everybody.

    text is 'CONNECT', 'CREATE WITH GRANT OPTION' or 'search_path=reporting'; or 'OWNER' for the
    role that owns schema raw, and with one login for everything all the others.
    """

    role: str | None
    text: str

    @property
    def is_setting(self) -> bool:
        """Whether it is a setting, not a privilege."""
        return "=" in self.text

    @property
    def may_be_given_unseen(self) -> bool:
        """Whether an administrator gives it without having read it.

        Whoever may write to the table could ask for more.
        """
        return self.role is not None and self.text in ("CONNECT", "TEMPORARY")

    def statement(self, database: str) -> sql.Composed:
        """Return the statement that gives it, or takes a privilege from PUBLIC."""
        name = sql.Identifier(database)
        if not self.is_setting:
            verb = "revoke {} on database {} from public" if self.role is None else _GRANT
            role = sql.Identifier(self.role or "public")
            privilege, _, option = self.text.partition(" ")
            return sql.SQL(verb).format(sql.SQL(privilege.lower()), name, role) + sql.SQL(
                f" {option.lower()}".rstrip()
            )
        setting, _, value = self.text.partition("=")
        whose = (
            sql.SQL("database {}").format(name)
            if self.role is None
            else sql.SQL("role {} in database {}").format(sql.Identifier(self.role), name)
        )
        is_list = setting.lower() in _LISTS
        return sql.SQL("alter {} set {} = {}").format(
            whose,
            sql.SQL(".").join(sql.Identifier(part) for part in setting.split(".")),
            sql.SQL(value) if is_list and value else sql.Literal(value),
        )


_GRANT = "grant {} on database {} to {}"


def keep_properties(connection: psycopg.Connection, *, adopt: bool = False) -> bool:
    """Write to the table what the database has; return False for a copy that lacks something.

    In a copy the table stays as it came, until somebody adopts a copy that lacks nothing.
    """
    is_copy = one_value(connection, _KEPT_OF) is not None and not is_put_right(connection)
    if is_copy and missing_properties(connection):
        return False
    present = _read(connection, _PRESENT)
    if (is_copy and not adopt) or (not is_copy and _read(connection, _KEPT) == present):
        return True
    database_id = _database_id(connection)
    with connection.transaction():
        connection.execute("delete from ops.database_properties")
        for one in present:
            connection.execute(_KEEP, (database_id, one.role, one.text))
    return True


def is_put_right(connection: psycopg.Connection) -> bool:
    """Return whether the table is of this database, not of one that this is a copy of."""
    return bool(one_value(connection, _KEPT_OF) == _database_id(connection))


def _database_id(connection: psycopg.Connection) -> str:
    return str(one_value(connection, _ID if one_value(connection, _MAY_ASK) else _OID))


def missing_properties(connection: psycopg.Connection) -> tuple[Property, ...]:
    """Return what the original had and this copy lacks, and what PUBLIC has only here."""
    present, kept = _read(connection, _PRESENT), kept_properties(connection)
    lacking = {
        one
        for one in kept - present
        if one.is_setting or (one.role is not None and one.text != OWNER)
    }
    public = {one for one in present if one.role is None and not one.is_setting}
    return tuple(
        sorted(
            lacking | (public - kept if kept else set()), key=lambda one: (str(one.role), one.text)
        )
    )


def kept_properties(connection: psycopg.Connection) -> frozenset[Property]:
    """Return what the table has: nothing in a dump of an older version, or for a stranger."""
    return _read(connection, _KEPT) if one_value(connection, _MAY_READ) else frozenset()


def _read(connection: psycopg.Connection, query: str) -> frozenset[Property]:
    return frozenset(Property(role, text) for role, text in connection.execute(query.encode()))
