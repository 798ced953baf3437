"""Looks up quarantine: entries with filters, and one file with its history."""

import difflib
import os
import re
from collections.abc import Iterable
from dataclasses import asdict, dataclass
from datetime import datetime

import psycopg
from psycopg.rows import class_row

from loaders.database.queries import one_value
from loaders.errors import WrongRequest
from loaders.landing.quarantine.advice import advice_for, meaning_of
from loaders.landing.quarantine.entries import QuarantineEntry
from loaders.sources.paths import escaped

_SUGGESTED = 5
_COMPARED_AT_MOST = 5_000
# How loaders.cli.display.printable escapes file names.
_DISPLAYED_ESCAPE = re.compile(r"\\(?:[nrt]|x[0-9a-f]{2}|u[0-9a-f]{4}|U[0-9a-f]{8})")

_FIND = """
select
    entries.source_path, entries.kind, entries.size_bytes, entries.reason_code, entries.reason,
    entries.byte_offset, entries.first_seen_at, entries.last_seen_at, entries.attempts,
    entries.load_id, entries.resolved_at, entries.resolution, files.state as file_state,
    count(*) over () as matching
from raw.quarantine as entries
left join raw.files as files on entries.source_path = files.source_path
where
    (%(is_all)s or entries.resolved_at is null)
    and (%(kinds)s::text[] is null or entries.kind = any (%(kinds)s::text[]))
    and (%(codes)s::text[] is null or lower(entries.reason_code) = any (%(codes)s::text[]))
    and starts_with(entries.source_path, %(prefix)s)
order by entries.source_path, entries.quarantine_id desc
limit %(limit)s
"""

_ENTRIES_OF = """
select
    entries.source_path, entries.kind, entries.size_bytes, entries.content_sha256,
    entries.reason_code, entries.reason, entries.byte_offset, entries.first_bytes,
    entries.around, entries.around_offset, entries.first_seen_at, entries.last_seen_at,
    entries.attempts, entries.load_id, loads.source as load_source,
    entries.resolved_at, entries.resolution
from raw.quarantine as entries
left join raw.loads as loads on entries.load_id = loads.load_id
where entries.source_path = any (%s)
order by entries.resolved_at is not null, entries.quarantine_id desc
"""

_STATE = "select state from raw.files where source_path = %s"

# Part of a path, or a path with the source before it.
_LIKE = """
select distinct source_path
from raw.quarantine
where
    strpos(source_path, %(text)s) > 0
    or right(%(text)s, length(source_path) + 1) = '/' || source_path
order by source_path
limit %(limit)s
"""

_SOME = "select distinct source_path from raw.quarantine order by source_path limit %s"


@dataclass(frozen=True)
class Wanted:
    """Which entries to list: open ones, or all; None and empty mean any."""

    kinds: tuple[str, ...] = ()
    codes: tuple[str, ...] = ()
    prefix: str = ""
    is_all: bool = False
    limit: int | None = None


@dataclass(frozen=True)
class FoundEntry(QuarantineEntry):
    """An entry in a list, open or resolved; sizes and offsets in bytes.

    file_state is the path's present state in the manifest: vanished when the file is gone.
    """

    load_id: int
    resolved_at: datetime | None
    resolution: str | None
    file_state: str | None


@dataclass(frozen=True)
class Found:
    """Entries by path, the newest of a path first; matching includes those beyond the limit."""

    entries: tuple[FoundEntry, ...]
    matching: int


@dataclass(frozen=True)
class EntryDetails:
    """Everything recorded about one entry; bytes are hexadecimal in JSON."""

    source_path: str
    kind: str | None
    size_bytes: int
    content_sha256: bytes | None
    reason_code: str
    reason: str
    byte_offset: int | None
    first_bytes: bytes | None
    around: bytes | None
    around_offset: int | None
    first_seen_at: datetime
    last_seen_at: datetime
    attempts: int
    load_id: int
    load_source: str | None
    resolved_at: datetime | None
    resolution: str | None


@dataclass(frozen=True)
class QuarantinedFile:
    """A file that is or was in quarantine: the current entry, and the earlier ones.

    meaning explains the code, advice says what to do next.
    """

    entry: EntryDetails
    file_state: str | None
    meaning: str
    advice: str
    earlier: tuple[EntryDetails, ...]


def find(connection: psycopg.Connection, wanted: Wanted) -> Found:
    """Return the matching entries."""
    parameters = {
        **asdict(wanted),
        "kinds": list(wanted.kinds) or None,
        "codes": [code.lower() for code in wanted.codes] or None,
    }
    rows = connection.execute(_FIND, parameters).fetchall()
    return Found(
        entries=tuple(FoundEntry(*row[:-1]) for row in rows),
        matching=rows[0][-1] if rows else 0,
    )


def look_up(connection: psycopg.Connection, path: str) -> QuarantinedFile:
    """Return everything known about a path, given raw or as the terminal displays it.

    Raises:
        WrongRequest: it was never in quarantine; the message names similar paths that were.
    """
    names = _names(path)
    cursor = connection.cursor(row_factory=class_row(EntryDetails))
    entries = cursor.execute(_ENTRIES_OF, (list(names),)).fetchall()
    for name in names:
        mine = [entry for entry in entries if entry.source_path == name]
        if mine:
            state = one_value(connection, _STATE, (name,))
            newest = mine[0]
            return QuarantinedFile(
                entry=newest,
                file_state=state,
                meaning=meaning_of(newest.reason_code),
                advice=advice_for(newest.reason_code, state, newest.resolution),
                earlier=tuple(mine[1:]),
            )
    raise WrongRequest(_unknown(connection, names[0]))


def _names(path: str) -> tuple[str, ...]:
    """Return the paths that may be meant: the one given, and the one it is an escape of."""
    typed = path.removeprefix("./")
    # The bytes that were typed, and in a locale other than UTF-8 the signs.
    raw = (typed.encode("utf-8", "surrogateescape"), os.fsencode(typed))
    names = [escaped(each)[0] for each in raw]
    return tuple(dict.fromkeys([*names, *(_DISPLAYED_ESCAPE.sub(_unescaped, n) for n in names)]))


def _unescaped(escape: re.Match[str]) -> str:
    try:
        sign = escape[0].encode().decode("unicode_escape")
        sign.encode()
    except UnicodeError:
        return escape[0]
    # No path holds this one, and no query could.
    return escape[0] if sign == "\0" else sign


def _unknown(connection: psycopg.Connection, path: str) -> str:
    state = one_value(connection, _STATE, (path,))
    if state:
        return (
            f"{path} was never in quarantine; the manifest calls it {state}. "
            "'pulse-elt quarantine list' shows the files that are."
        )
    nearest = _nearest(connection, path)
    if not nearest:
        return (
            f"{path} was never in quarantine. 'pulse-elt quarantine list --all' shows the files "
            "that are or were; paths are relative to the root of the source."
        )
    return f"{path} was never in quarantine. Did you mean {' or '.join(nearest)}?"


def _nearest(connection: psycopg.Connection, path: str) -> list[str]:
    parts = _paths(connection.execute(_LIKE, {"text": path, "limit": _SUGGESTED}))
    if parts or not path:
        return parts
    some = _paths(connection.execute(_SOME, (_COMPARED_AT_MOST,)))
    return difflib.get_close_matches(path, some, n=_SUGGESTED, cutoff=0.7)


def _paths(rows: Iterable[tuple[str]]) -> list[str]:
    return [path for (path,) in rows]
