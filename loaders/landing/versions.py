"""Compares arriving documents with current versions: the same, a successor, or history."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg
from psycopg import errors

INCOMING = "pg_temp.pulse_incoming"

_LOOKS = 20

_CURRENT = """
select source_path, kind, content_sha256
from raw.documents
where superseded_at is null and source_path = any (%s)
"""

# Documents whose path has a current version, until they are compared with it.
_INCOMING = """
create temp table if not exists pulse_incoming (
    kind text not null,
    source_path text collate "C" not null,
    content_sha256 bytea not null,
    session_key text,
    user_key text,
    source_modified_at timestamptz,
    load_id bigint,
    landed_at timestamptz not null,
    superseded_at timestamptz,
    payload jsonb not null
) on commit delete rows
"""

# The application may replace a current version meanwhile. The holder of the row decides; a path
# whose row was just replaced is missed here, and locked at the next attempt.
_HOLD_CURRENT = """
with held as (
    select documents.source_path
    from raw.documents as documents
    where
        documents.superseded_at is null
        and documents.source_path in (select source_path from pg_temp.pulse_incoming)
    order by documents.source_path
    for update
)

select count(*)
from pg_temp.pulse_incoming as incoming
where incoming.source_path not in (select source_path from held)
"""

_SAME_PAYLOAD = """
delete from pg_temp.pulse_incoming as incoming
using raw.documents as documents
where
    documents.superseded_at is null
    and documents.kind = incoming.kind
    and documents.source_path = incoming.source_path
    and documents.payload = incoming.payload
"""

# A version by the application gives way to a later file only, and never to a version that it has
# replaced, even one pruned since. The limits make the planner use the indexes of superseded and
# of pruned versions row by row: there are few rows here, and the tables may hold millions.
_KNOWN_BEFORE_THE_APP = """
delete from pg_temp.pulse_incoming as incoming
where incoming.source_path in (
    select waiting.source_path
    from pg_temp.pulse_incoming as waiting
    inner join raw.documents as documents
        on waiting.source_path = documents.source_path
    cross join lateral (
        (
            select 1
            from raw.documents as versions
            where
                versions.superseded_at is not null
                and versions.kind = waiting.kind
                and versions.source_path = waiting.source_path
                and versions.content_sha256 = waiting.content_sha256
            limit 1
        )
        union all
        (
            select 1
            from raw.pruned_versions as versions
            where
                versions.kind = waiting.kind
                and versions.source_path = waiting.source_path
                and versions.content_sha256 = waiting.content_sha256
            limit 1
        )
    ) as replaced
    where
        documents.superseded_at is null
        and documents.origin = 'app'
)
"""

_OLDER_THAN_THE_APP = """
update pg_temp.pulse_incoming as incoming
set superseded_at = incoming.landed_at
from raw.documents as documents
where
    documents.superseded_at is null
    and documents.source_path = incoming.source_path
    and documents.origin = 'app'
    and (
        incoming.source_modified_at > documents.source_modified_at
        -- A time that models reject (macros/safe_cast.sql) is not later.
        and incoming.source_modified_at <= incoming.landed_at + 366 * interval '24 hours'
    ) is not true
"""

_SUPERSEDE = """
update raw.documents as documents
set superseded_at = %(at)s
from pg_temp.pulse_incoming as incoming
where
    documents.superseded_at is null
    and incoming.superseded_at is null
    and documents.source_path = incoming.source_path
"""

_ARRIVE = """
insert into raw.documents (
    kind, source_path, content_sha256, session_key, user_key, source_modified_at,
    load_id, landed_at, superseded_at, payload
)
select
    kind, source_path, content_sha256, session_key, user_key, source_modified_at,
    load_id, landed_at, superseded_at, payload
from pg_temp.pulse_incoming
order by source_path
"""


class Current(NamedTuple):
    """Kind and hash of a path's current version."""

    kind: str
    sha256: bytes


def current_versions(connection: psycopg.Connection, paths: Sequence[str]) -> Mapping[str, Current]:
    """Return the current version of each path that has one."""
    if not paths:
        return {}
    rows = connection.execute(_CURRENT, (list(paths),))
    return {path: Current(kind, sha256) for path, kind, sha256 in rows}


def create_incoming_table(connection: psycopg.Connection) -> None:
    """Create INCOMING for documents whose path has a current version; emptied at commit."""
    connection.execute(_INCOMING)


def settle_against_current(connection: psycopg.Connection, at: datetime) -> tuple[int, int]:
    """Land what is in INCOMING; return how many replaced a version, and how many became history.

    Raises:
        SerializationFailure: the application kept replacing the same versions.
    """
    # Without statistics the planner would read all documents.
    connection.execute("analyze pg_temp.pulse_incoming (kind, source_path)")
    _hold_current_versions(connection)
    connection.execute(_SAME_PAYLOAD)
    connection.execute(_KNOWN_BEFORE_THE_APP)
    history = connection.execute(_OLDER_THAN_THE_APP).rowcount
    connection.execute(_SUPERSEDE, {"at": at})
    arrived = connection.execute(_ARRIVE).rowcount
    return arrived - history, history


def _hold_current_versions(connection: psycopg.Connection) -> None:
    for _ in range(_LOOKS):
        missed = connection.execute(_HOLD_CURRENT).fetchone()
        if missed == (0,):
            return
    # Also when a path has lost its current version altogether: the batch has to read it again.
    raise errors.SerializationFailure("current versions kept changing")
