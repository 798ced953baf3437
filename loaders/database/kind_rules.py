"""The rules of config/document_kinds.json in the database, where raw.write_document reads them."""

import hashlib
import json
from typing import NamedTuple

import psycopg

from loaders.database.queries import one_value, relation_exists
from loaders.project.document_kinds import DocumentKinds

_PRESENT = """
select rules_sha256
from raw.document_kinds_editions
order by edition desc
limit 1
"""

_INSERT = """
insert into raw.document_kinds (
    ordinal, kind, verdict, path_template, pattern, beginning, ending,
    session_key_group, user_key_group, table_name, retention
)
values (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
"""

_RECORD = "insert into raw.document_kinds_editions (rules_sha256) values (%s)"


class _Row(NamedTuple):
    """A row of raw.document_kinds."""

    ordinal: int
    kind: str
    disposition: str
    path_template: str
    pattern: str
    beginning: str
    ending: str
    session_key_group: int | None
    user_key_group: int | None
    table_name: str | None
    retention: str | None


def are_in_force(connection: psycopg.Connection, kinds: DocumentKinds) -> bool:
    """Return whether the database has exactly these rules."""
    if not relation_exists(connection, "raw.document_kinds"):
        return True
    return _checksum_in_force(connection) == _checksum(_rows(kinds))


def put_in_force(connection: psycopg.Connection, kinds: DocumentKinds) -> bool:
    """Replace the rules in the database; return whether it had any.

    Joins the caller's transaction, which holds the lock of migrations.
    """
    rows = _rows(kinds)
    earlier = _checksum_in_force(connection)
    connection.execute("delete from raw.document_kinds")
    with connection.cursor() as cursor:
        cursor.executemany(_INSERT, rows)
    connection.execute(_RECORD, (_checksum(rows),))
    return earlier is not None


def _checksum_in_force(connection: psycopg.Connection) -> str | None:
    checksum: str | None = one_value(connection, _PRESENT)
    return checksum


def _checksum(rows: list[_Row]) -> str:
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _rows(kinds: DocumentKinds) -> list[_Row]:
    return [
        _Row(
            ordinal,
            template.rule.kind,
            template.rule.disposition,
            template.text,
            template.posix,
            template.beginning,
            template.ending,
            template.pattern.groupindex.get("session_key"),
            template.pattern.groupindex.get("user_key"),
            template.rule.table,
            template.rule.retention,
        )
        for ordinal, template in enumerate(kinds.templates, 1)
    ]
