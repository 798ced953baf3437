"""Quarantine: files that could not land, each with its reason."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

import psycopg

from loaders.database.queries import one_value
from loaders.landing.model import Refusal

# The same bytes, or the same reason why none were read, are one entry.
_AGAIN = """
update raw.quarantine
set
    attempts = attempts + 1,
    last_seen_at = %(at)s,
    load_id = %(load_id)s,
    kind = %(kind)s,
    reason_code = %(code)s,
    reason = %(reason)s,
    byte_offset = %(byte_offset)s,
    around = %(around)s,
    around_offset = %(around_offset)s
where
    resolved_at is null
    and source_path = %(path)s
    and content_sha256 is not distinct from %(sha256)s
    and (content_sha256 is not null or reason_code = %(code)s)
"""

_REPLACED = """
update raw.quarantine
set resolved_at = %(at)s, resolution = 'replaced'
where resolved_at is null and source_path = %(path)s
"""

_NEW = """
insert into raw.quarantine (
    source_path, kind, size_bytes, content_sha256, reason_code, reason, byte_offset,
    first_bytes, around, around_offset, first_seen_at, last_seen_at, load_id
)
values (
    %(path)s, %(kind)s, %(size)s, %(sha256)s, %(code)s, %(reason)s, %(byte_offset)s,
    %(first_bytes)s, %(around)s, %(around_offset)s, %(at)s, %(at)s, %(load_id)s
)
"""

_RESOLVE = """
update raw.quarantine
set resolved_at = %(at)s, resolution = %(resolution)s
where resolved_at is null and source_path = any (%(paths)s)
"""

_STILL_OPEN = "select count(*) from raw.quarantine where resolved_at is null and load_id = %s"

_NEW_IN_LOAD = """
select
    source_path, kind, size_bytes, reason_code, reason, byte_offset,
    first_seen_at, last_seen_at, attempts
from raw.quarantine
where resolved_at is null and load_id = %s and attempts = 1
order by source_path
limit %s
"""


@dataclass(frozen=True)
class QuarantineEntry:
    """An open entry of the quarantine; sizes and offsets in bytes."""

    source_path: str
    kind: str | None
    size_bytes: int
    reason_code: str
    reason: str
    byte_offset: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    attempts: int


def record(
    connection: psycopg.Connection, refusals: Sequence[Refusal], load_id: int, at: datetime
) -> int:
    """Record refusals; return how many of them are new."""
    new = 0
    for refusal in refusals:
        parameters = {
            "path": refusal.planned.path,
            "kind": refusal.planned.match.kind,
            "size": refusal.stamp.size,
            "sha256": refusal.sha256,
            "code": refusal.code,
            "reason": refusal.reason,
            "byte_offset": refusal.byte_offset,
            "first_bytes": refusal.first_bytes,
            "around": refusal.around,
            "around_offset": refusal.around_offset,
            "load_id": load_id,
            "at": at,
        }
        if connection.execute(_AGAIN, parameters).rowcount == 0:
            connection.execute(_REPLACED, parameters)
            connection.execute(_NEW, parameters)
            new += 1
    return new


def resolve(
    connection: psycopg.Connection, paths: Sequence[str], resolution: str, at: datetime
) -> None:
    """Close the open entries of paths that landed, or are no longer to be loaded (left)."""
    if paths:
        connection.execute(_RESOLVE, {"paths": list(paths), "resolution": resolution, "at": at})


def new_entries(
    connection: psycopg.Connection, load_id: int, at_most: int
) -> list[QuarantineEntry]:
    """Return the first entries, by path, that are open and that this load created."""
    return [QuarantineEntry(*row) for row in connection.execute(_NEW_IN_LOAD, (load_id, at_most))]


def count_refused(connection: psycopg.Connection, load_id: int) -> int:
    """Return how many open entries, new or old, were last tried by a load."""
    count: int = one_value(connection, _STILL_OPEN, (load_id,))
    return count
