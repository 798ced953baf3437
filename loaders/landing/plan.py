"""The plan: what of a listing differs from the manifest, and so is to be read."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg

from loaders.document_kinds import SYSTEM_OF_RECORD, DocumentKinds, Match
from loaders.landing.model import LARGEST_DOCUMENT, Plan, Planned, Scope
from loaders.sources.source import TOO_LARGE, Entry

# One row per outcome, not per file: on a first load all files are new, on most others none is.
# What was never read (a link, an unreadable file) has no hash and is tried again each time:
# its rights may change without a trace in size or time.
_COMPARE = """
with listing as (
    select *
    from unnest(
        %(paths)b::text[], %(sizes)b::bigint[], %(times)b::bigint[], %(etags)b::text[],
        %(kinds)b::text[], %(verdicts)b::text[], %(problems)b::text[]
    ) with ordinality as listed (
        source_path, size_bytes, modified_us, etag, kind, verdict, problem, n
    )
),

compared as (
    select
        listing.n,
        case when files.state <> 'forgotten' then files.first_seen_at end as first_seen_at,
        case
            when %(only_quarantined)s and files.state is distinct from 'quarantined' then 'skip'
            when files.state = 'forgotten' then 'unchanged'
            when listing.problem is not null
                then
                    case
                        when
                            files.state = 'quarantined' and files.content_sha256 is null and is_same
                            then 'unchanged'
                        else 'refuse'
                    end
            when listing.verdict = 'CONFIG_STATIC' then 'config'
            when listing.verdict = 'UNRECOGNISED' then 'unrecognised'
            when
                files.state in ('landed', 'quarantined')
                and files.content_sha256 is not null
                and is_same
                and coalesce(listing.modified_us::text, listing.etag) is not null
                and not %(verify_content)s
                and not %(only_quarantined)s
                then 'unchanged'
            else 'read'
        end as action,
        coalesce(is_same and files.state in ('config', 'unrecognised'), false) as is_booked
    from listing
    left join raw.files as files on listing.source_path = files.source_path
    cross join lateral (
        select coalesce(
            files.size_bytes = listing.size_bytes
            and (extract(epoch from files.modified_at) * 1000000)
                is not distinct from listing.modified_us
            and (listing.etag is null or files.etag is not distinct from listing.etag)
            and files.kind is not distinct from listing.kind
            and files.verdict = listing.verdict,
            false
        ) as is_same
    ) as comparison
)

select
    action,
    is_booked,
    case when action <> 'unchanged' then (extract(epoch from first_seen_at) * 1000000)::bigint end
        as first_seen_us,
    array_agg(n) as numbers
from compared
group by action, is_booked, first_seen_us
"""


class Listed(NamedTuple):
    """A listed file, and what the rules say of its path."""

    entry: Entry
    match: Match


class Comparison(NamedTuple):
    """What a part of the listing adds to the plan: files to read or refuse, files that stay."""

    plan: Plan
    to_do: list[Planned]
    left: list[Planned]


def recognise(entries: Iterable[Entry], kinds: DocumentKinds, scope: Scope) -> list[Listed]:
    """Ask the rules about entries, and leave out the kinds that nobody wants.

    A folder that could not be listed is always kept: it may hide what is wanted.
    """
    listed = [Listed(entry, kinds.match(entry.path)) for entry in entries]
    if scope.kinds:
        return [
            one for one in listed if one.match.kind in scope.kinds or one.entry.path.endswith("/")
        ]
    return listed


def compare(connection: psycopg.Connection, listed: Sequence[Listed], scope: Scope) -> Comparison:
    """Compare entries, each with its stamp, with the manifest."""
    if not listed:
        return Comparison(Plan(), [], [])
    listed = [_without_giants(one) for one in listed]
    stamps = [one.entry.stamp for one in listed]
    parameters = {
        "paths": [one.entry.path for one in listed],
        "sizes": [stamp.size if stamp else 0 for stamp in stamps],
        "times": [stamp.modified_us if stamp else None for stamp in stamps],
        "etags": [stamp.etag if stamp else None for stamp in stamps],
        "kinds": [one.match.kind for one in listed],
        "verdicts": [one.match.verdict for one in listed],
        "problems": [one.entry.problem for one in listed],
        **scope.as_parameters(),
    }
    found = connection.cursor(binary=True).execute(_COMPARE, parameters)
    return _comparison(listed, found.fetchall())


def _without_giants(one: Listed) -> Listed:
    stamp = one.entry.stamp
    if stamp and stamp.size > LARGEST_DOCUMENT and one.match.verdict == SYSTEM_OF_RECORD:
        return one._replace(entry=one.entry._replace(problem=one.entry.problem or TOO_LARGE))
    return one


def _comparison(
    listed: Sequence[Listed], groups: Iterable[tuple[str, bool, int | None, list[int]]]
) -> Comparison:
    counts: dict[str, int] = {}
    to_do: list[Planned] = []
    left: list[Planned] = []
    for action, is_booked, first_seen_us, numbers in groups:
        name = "touched" if action == "read" and first_seen_us is not None else action
        counts[name] = counts.get(name, 0) + len(numbers)
        if action in ("unchanged", "skip"):
            continue
        kept = to_do if action in ("read", "refuse") else left
        for number in numbers:
            entry, match = listed[number - 1]
            kept.append(Planned(entry, match, action, is_booked, first_seen_us))
    plan = Plan(
        seen=sum(counts.values()) - counts.get("skip", 0),
        new=counts.get("read", 0),
        touched=counts.get("touched", 0),
        refused=counts.get("refuse", 0),
        unchanged=counts.get("unchanged", 0),
        left_as_config=counts.get("config", 0),
        unrecognised=counts.get("unrecognised", 0),
        bytes_to_read=sum(
            p.entry.stamp.size for p in to_do if p.action == "read" and p.entry.stamp
        ),
    )
    return Comparison(plan, to_do, left)
