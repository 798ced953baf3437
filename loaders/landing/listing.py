"""The listing of a load, in temporary tables: no list of paths is held in memory."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

import psycopg

from loaders.database.queries import one_row, one_value
from loaders.landing import binary_copy as binary
from loaders.landing.model import Planned, Scope
from loaders.landing.quarantine import entries as quarantine
from loaders.sources.source import UNREADABLE, Entry

_TABLES = """
create temp table pulse_listing (
    source_path text collate "C" not null
);

create temp table pulse_left (
    source_path text collate "C" not null,
    kind text,
    verdict text not null,
    size_bytes bigint not null,
    modified_at timestamptz,
    etag text,
    state text not null,
    is_news boolean not null,
    was_known boolean not null
);

create temp table pulse_closed_folders (
    source_path text collate "C" not null
);
"""

_COPY_LISTING = "copy pg_temp.pulse_listing from stdin (format binary)"
_COPY_LEFT = "copy pg_temp.pulse_left from stdin (format binary)"
_CLOSED_FOLDER = "insert into pg_temp.pulse_closed_folders values (%s)"
_FLUSHED_AT = 1_000_000
_ONE_COLUMN = b"\x00\x01"

_REMOVE = "delete from pg_temp.pulse_listing where source_path = any (%s)"

_WRITE_LEFT = """
insert into raw.files (
    source_path, kind, verdict, size_bytes, modified_at, etag, state,
    first_seen_at, last_changed_at, load_id
)
select
    source_path, kind, verdict, size_bytes, modified_at, etag, state,
    %(at)s, %(at)s, %(load_id)s
from pg_temp.pulse_left
where is_news
on conflict (source_path) do update set
    kind = excluded.kind,
    verdict = excluded.verdict,
    size_bytes = excluded.size_bytes,
    modified_at = excluded.modified_at,
    etag = excluded.etag,
    content_sha256 = null,
    state = excluded.state,
    last_changed_at = excluded.last_changed_at,
    load_id = excluded.load_id
"""

_CHANGED_VERDICT = "select exists (select from pg_temp.pulse_left where is_news and was_known)"

# A path whose rule changed to configuration is no document any more.
_NO_LONGER_DOCUMENTS = """
update raw.documents as documents
set superseded_at = %(at)s
from pg_temp.pulse_left as stays
where
    stays.is_news
    and stays.was_known
    and documents.superseded_at is null
    and documents.source_path = stays.source_path
"""

_LEFT_PATHS = """
select files.source_path
from pg_temp.pulse_left as stays
inner join raw.files as files on stays.source_path = files.source_path
where stays.is_news and stays.was_known and files.state = 'quarantined'
"""

# Only inside the scope, and not below folders that could not be listed. What this load has
# written was listed.
_VANISHED = """
from raw.files as files
where
    files.state in ('landed', 'config', 'unrecognised', 'quarantined', 'vanished')
    and files.load_id is distinct from %(load_id)s
    and (files.load_id = any (%(elsewhere)s::bigint[])) is not true
    and starts_with(files.source_path, %(prefix)s)
    and (%(wanted_kinds)s::text[] is null or files.kind = any (%(wanted_kinds)s::text[]))
    and (files.state = 'quarantined' or not %(only_quarantined)s)
    and right(files.source_path, 1) <> '/'
    and not exists (
        select 1
        from pg_temp.pulse_listing as listing
        where listing.source_path = files.source_path
    )
    and not exists (
        select 1
        from pg_temp.pulse_closed_folders as folders
        where starts_with(files.source_path, folders.source_path)
    )
"""

_COUNT_VANISHED = f"""
select
    count(*),
    count(*) filter (
        where files.state = 'landed' and (files.load_id = any (%(refused)s::bigint[])) is not true
    )
{_VANISHED}
"""

# What this load landed for the first time was not known before it.
_COUNT_KNOWN = """
select count(*)
from raw.files as files
where
    files.state = 'landed'
    and (files.load_id = any (%(elsewhere)s::bigint[] || %(refused)s::bigint[])) is not true
    and starts_with(files.source_path, %(prefix)s)
    and (%(wanted_kinds)s::text[] is null or files.kind = any (%(wanted_kinds)s::text[]))
    and not exists (
        select 1
        from raw.loads
        where loads.load_id = %(load_id)s and files.first_seen_at >= loads.started_at
    )
"""

_SOME_UNRECOGNISED = """
select source_path
from pg_temp.pulse_left
where state = 'unrecognised'
order by hashtext(source_path)
limit %s
"""

_UNRECOGNISED_IN_CAPITALS = """
select source_path
from pg_temp.pulse_left
where state = 'unrecognised' and source_path <> lower(source_path)
order by source_path
limit %s
"""

_MARK_VANISHED = f"""
update raw.files
set state = 'vanished', last_changed_at = %(at)s, load_id = %(load_id)s
where state <> 'vanished' and source_path in (select files.source_path {_VANISHED})
"""  # noqa: S608 - put together from constants

# Folders are in the manifest only while they cannot be listed. A load with a prefix lists the
# folders on its way there, and none elsewhere.
_LISTABLE_AGAIN = """
delete from raw.files as files
where
    right(files.source_path, 1) = '/'
    and (
        starts_with(files.source_path, %(prefix)s)
        or starts_with(%(prefix)s, files.source_path)
    )
    and not exists (
        select 1
        from pg_temp.pulse_closed_folders as folders
        where folders.source_path = files.source_path
    )
returning files.source_path
"""

_IS_KNOWN = """
select not exists (select from raw.files) or exists (
    select 1
    from pg_temp.pulse_listing as listing
    inner join raw.files as files on listing.source_path = files.source_path
)
"""

_FIRST_PATHS = """
select source_path
from pg_temp.pulse_left
where state = %s
order by source_path
limit %s
"""


class Within(NamedTuple):
    """Which paths of the manifest a load judges; load_id is None in a dry run.

    elsewhere are loads whose files are not missed, refused those of sources that were refused
    since the last success: what they landed counts neither as known nor as missing.
    """

    scope: Scope
    load_id: int | None
    elsewhere: Sequence[int] = ()
    refused: Sequence[int] = ()

    def as_parameters(self) -> dict[str, object]:
        """Return it as query parameters."""
        return {
            "load_id": self.load_id,
            "elsewhere": list(self.elsewhere),
            "refused": list(self.refused),
            **self.scope.as_parameters(),
        }


class Vanished(NamedTuple):
    """How many paths of the manifest are missing, and how many of them are landed documents."""

    paths: int
    landed: int


class Listing:
    """The temporary tables of one listing; they last as long as the connection."""

    def __init__(self, connection: psycopg.Connection) -> None:
        self._connection = connection
        connection.execute(_TABLES)
        self._seen = _Rows(connection, _COPY_LISTING)
        self._left = _Rows(connection, _COPY_LEFT)

    def add(self, entries: Sequence[Entry]) -> None:
        """Record listed entries."""
        self._seen.add_rows([_ONE_COLUMN + binary.text(entry.path) for entry in entries])
        for entry in entries:
            if entry.problem == UNREADABLE and entry.path.endswith("/"):
                self._connection.execute(_CLOSED_FOLDER, (entry.path,))

    def add_left(self, left: Sequence[Planned]) -> None:
        """Record what stays where it is: configuration, and what no rule knows."""
        for planned in left:
            stamp = planned.entry.stamp
            self._left.add(
                (
                    binary.text(planned.path),
                    binary.text(planned.match.kind),
                    binary.text(planned.match.disposition),
                    binary.int8(stamp.size if stamp else 0),
                    binary.timestamptz(stamp.modified_us if stamp else None),
                    binary.text(stamp.etag if stamp else None),
                    binary.text(planned.action),
                    binary.boolean(not planned.is_recorded),
                    binary.boolean(planned.first_seen_us is not None),
                )
            )

    def remove(self, paths: Sequence[str]) -> None:
        """Remove files that were listed but have vanished since."""
        if paths:
            self._seen.flush()
            self._connection.execute(_REMOVE, (list(paths),))

    def finish(self) -> None:
        """Send the remaining rows, and collect statistics for the queries below."""
        self._seen.flush()
        self._left.flush()
        self._connection.execute("set default_statistics_target = 10")
        self._connection.execute("analyze pg_temp.pulse_listing")

    def count_vanished(self, within: Within) -> Vanished:
        """Return how many paths of the manifest are missing in the listing."""
        return Vanished(*one_row(self._connection, _COUNT_VANISHED, within.as_parameters()))

    def count_known(self, within: Within) -> int:
        """Return how many documents had landed before this load."""
        count: int = one_value(self._connection, _COUNT_KNOWN, within.as_parameters())
        return count

    def is_known(self) -> bool:
        """Return whether the manifest knows a listed path, or is empty."""
        return bool(one_value(self._connection, _IS_KNOWN))

    def write_manifest(self, within: Within, at: datetime, vanished: int) -> None:
        """Write what stays into the manifest, and what has vanished, if anything."""
        parameters = {"at": at, **within.as_parameters()}
        settled: list[str] = []
        if one_value(self._connection, _CHANGED_VERDICT):
            settled += [path for (path,) in self._connection.execute(_LEFT_PATHS)]
            self._connection.execute(_NO_LONGER_DOCUMENTS, parameters)
        self._connection.execute(_WRITE_LEFT, parameters)
        settled += [path for (path,) in self._connection.execute(_LISTABLE_AGAIN, parameters)]
        quarantine.resolve(self._connection, settled, "left", at)
        if vanished:
            self._connection.execute(_MARK_VANISHED, parameters)

    def some_unrecognised(self, at_most: int) -> list[str]:
        """Return some paths that no rule knows, from all over the tree."""
        return [path for (path,) in self._connection.execute(_SOME_UNRECOGNISED, (at_most,))]

    def unrecognised_in_capitals(self, at_most: int) -> list[str]:
        """Return the first paths that no rule knows and that have capitals."""
        found = self._connection.execute(_UNRECOGNISED_IN_CAPITALS, (at_most,))
        return [path for (path,) in found]

    def first_paths(self, state: str, at_most: int) -> tuple[str, ...]:
        """Return the first paths that stay as config or unrecognised."""
        return tuple(path for (path,) in self._connection.execute(_FIRST_PATHS, (state, at_most)))


class _Rows:
    """Buffers rows for a table, and sends them in batches."""

    def __init__(self, connection: psycopg.Connection, statement: str) -> None:
        self._connection = connection
        self._statement = statement.encode()
        self._rows: list[bytes] = []
        self._size = 0

    def add(self, values: Sequence[bytes]) -> None:
        self.add_rows([binary.row(values)])

    def add_rows(self, rows: Sequence[bytes]) -> None:
        self._rows += rows
        self._size += sum(map(len, rows))
        if self._size > _FLUSHED_AT:
            self.flush()

    def flush(self) -> None:
        if self._rows:
            with self._connection.cursor().copy(self._statement) as copy:
                copy.write(binary.HEADER + b"".join(self._rows) + binary.TRAILER)
            self._rows, self._size = [], 0
