"""Listing a source into the planning connection, and the plan: what differs from the manifest."""

from collections.abc import Callable, Collection, Iterable, Iterator

import psycopg

from loaders.document_kinds import SYSTEM_OF_RECORD, DocumentKinds, Match
from loaders.landing import binary_copy as binary
from loaders.landing.model import LARGEST_DOCUMENT, LARGEST_IN_BATCH, Plan, Planned, Scope
from loaders.sources.source import TOO_LARGE, Entry

_LISTING = """
drop table if exists pg_temp.pulse_listing;
create temp table pulse_listing (
    source_path text collate "C" not null,
    kind text,
    verdict text not null,
    session_key text,
    user_key text,
    size_bytes bigint not null,
    modified_at timestamptz,
    problem text
);
"""

_COPY_LISTING = """
copy pg_temp.pulse_listing
    (source_path, kind, verdict, session_key, user_key, size_bytes, modified_at, problem)
from stdin (format binary)
"""

# What was never read (a link, an unreadable file) has no hash and is tried again each time:
# its rights may change without a trace in size or time.
_PLAN = """
create temp table pulse_plan as
with compared as (
    select
        listing.*,
        files.first_seen_at,
        case
            when files.state = 'forgotten' then 'unchanged'
            when
                listing.problem is not null
                then
                    case
                        when files.state = 'quarantined' and files.content_sha256 is null
                            and is_same then 'unchanged'
                        else 'refuse'
                    end
            when listing.verdict = 'CONFIG_STATIC' then 'config'
            when listing.verdict = 'UNRECOGNISED' then 'unrecognised'
            when
                files.state in ('landed', 'quarantined') and files.content_sha256 is not null
                and is_same and not %(verify_content)s then 'unchanged'
            else 'read'
        end as action,
        coalesce(is_same and files.state in ('config', 'unrecognised'), false) as is_booked
    from pg_temp.pulse_listing as listing
    left join raw.files as files on listing.source_path = files.source_path
    cross join lateral (
        select coalesce(
            files.size_bytes = listing.size_bytes
            and files.modified_at is not distinct from listing.modified_at
            and files.kind is not distinct from listing.kind
            and files.verdict = listing.verdict,
            false
        ) as is_same
    ) as comparison
)

select
    row_number() over (order by source_path) as n,
    compared.*
from compared
where action <> 'unchanged';
"""

_COUNTS = """
select
    (select count(*) from pg_temp.pulse_listing) as seen,
    count(*) filter (where action = 'read' and first_seen_at is null) as new,
    count(*) filter (where action = 'read' and first_seen_at is not null) as touched,
    count(*) filter (where action = 'refuse') as refused,
    count(*) filter (where action = 'config') as left_as_config,
    count(*) filter (where action = 'unrecognised') as unrecognised,
    coalesce(sum(size_bytes) filter (where action = 'read'), 0)::bigint as bytes_to_read
from pg_temp.pulse_plan
"""

# Judged only inside what was asked for, and not below folders that could not be listed.
VANISHED_FILES = """
from raw.files as files
where
    files.state in ('landed', 'config', 'unrecognised', 'quarantined', 'vanished')
    and starts_with(files.source_path, %(prefix)s)
    and (%(kinds)s::text[] is null or files.kind = any (%(kinds)s::text[]))
    and right(files.source_path, 1) <> '/'
    and not exists (
        select 1
        from pg_temp.pulse_listing as listing
        where listing.source_path = files.source_path
    )
    and not exists (
        select 1
        from pg_temp.pulse_listing as listing
        where
            listing.problem = 'unreadable'
            and right(listing.source_path, 1) = '/'
            and starts_with(files.source_path, listing.source_path)
    )
"""

_PAGE = """
select
    n, source_path, kind, verdict, session_key, user_key, size_bytes,
    (extract(epoch from modified_at) * 1000000)::bigint as modified_us,
    problem,
    (extract(epoch from first_seen_at) * 1000000)::bigint as first_seen_us
from pg_temp.pulse_plan
where n > %s and action in ('read', 'refuse')
order by n
limit %s
"""


def list_into(
    connection: psycopg.Connection,
    entries: Iterable[Entry],
    kinds: DocumentKinds,
    wanted_kinds: Collection[str],
    on_progress: Callable[[int], None],
) -> None:
    """Stream a listing into the planning connection."""
    connection.execute(_LISTING)
    count = 0
    with connection.cursor().copy(_COPY_LISTING) as copy:
        copy.write(binary.HEADER)
        for entry in entries:
            match = kinds.match(entry.path)
            if wanted_kinds and match.kind not in wanted_kinds and not entry.path.endswith("/"):
                continue
            copy.write(_listing_row(entry, match))
            count += 1
            if count % 1000 == 0:
                on_progress(count)
        copy.write(binary.TRAILER)
    connection.execute("analyze pg_temp.pulse_listing")
    on_progress(count)


def _listing_row(entry: Entry, match: Match) -> bytes:
    problem = entry.problem
    if not problem and entry.size > LARGEST_DOCUMENT and match.verdict == SYSTEM_OF_RECORD:
        problem = TOO_LARGE
    return binary.row(
        (
            binary.text(entry.path),
            binary.text(match.kind),
            binary.text(match.verdict),
            binary.text(match.session_key),
            binary.text(match.user_key),
            binary.int8(entry.size),
            binary.timestamptz(entry.modified_us),
            binary.text(problem),
        )
    )


def make_plan(connection: psycopg.Connection, scope: Scope) -> Plan:
    """Compare the listing with the manifest; the plan stays in the connection."""
    connection.execute("drop table if exists pg_temp.pulse_plan")
    connection.execute(_PLAN, scope.as_parameters())
    connection.execute("create unique index on pg_temp.pulse_plan (n)")
    row = connection.execute(_COUNTS).fetchone()
    assert row is not None  # noqa: S101 - an aggregate without group by gives one row
    seen, new, touched, refused, left_as_config, unrecognised, bytes_to_read = row
    return Plan(
        seen=seen,
        new=new,
        touched=touched,
        refused=refused,
        unchanged=seen - new - touched - refused - left_as_config - unrecognised,
        left_as_config=left_as_config,
        unrecognised=unrecognised,
        vanished=count_vanished(connection, scope),
        bytes_to_read=bytes_to_read,
    )


def count_vanished(connection: psycopg.Connection, scope: Scope) -> int:
    """Return how many paths of the manifest the listing does not show, inside the scope."""
    row = connection.execute("select count(*) " + VANISHED_FILES, scope.as_parameters()).fetchone()
    assert row is not None  # noqa: S101 - count gives one row
    count: int = row[0]
    return count


def planned_batches(
    connection: psycopg.Connection, rows: int, size: int
) -> Iterator[list[Planned]]:
    """Yield the files to read or refuse, by path, at most rows files and size bytes at a time.

    A file over one megabyte comes alone.
    """
    last = 0
    while page := connection.execute(_PAGE, (last, rows)).fetchall():
        last = page[-1][0]
        batch: list[Planned] = []
        held = 0
        for planned in map(Planned._make, page):
            if planned.size > LARGEST_IN_BATCH:
                yield [planned]
                continue
            if batch and held + planned.size > size:
                yield batch
                batch, held = [], 0
            batch.append(planned)
            held += planned.size
        if batch:
            yield batch
