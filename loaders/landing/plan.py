"""The plan: which listed files differ from the manifest, and so have to be read."""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import psycopg

from loaders.database.queries import one_value
from loaders.landing.model import LARGEST_DOCUMENT, Plan, Planned, Scope
from loaders.project.document_kinds import (
    CONFIG_STATIC,
    SYSTEM_OF_RECORD,
    UNRECOGNISED,
    DocumentKinds,
    Match,
)
from loaders.sources.source import TOO_LARGE, Entry, Stamp

_NO_STAMP = Stamp(0, None)

# What was never read (a link, an unreadable file) has no hash and is tried again each time:
# rights change without a change of size or time. One row per outcome, not per file: on most
# loads most files are unchanged.
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
        files.first_seen_at,
        case
            when %(only_quarantined)s and not (files.state = 'quarantined' or is_back) then 'skip'
            when files.state = 'forgotten' then 'unchanged'
            when listing.problem is not null
                then
                    case
                        when
                            files.state = 'quarantined' and files.content_sha256 is null and is_same
                            and not %(only_quarantined)s
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
        is_same and files.state in ('config', 'unrecognised') as is_recorded
    from listing
    inner join raw.files as files on listing.source_path = files.source_path
    cross join lateral (
        select
            files.size_bytes = listing.size_bytes
            and (extract(epoch from files.modified_at) * 1000000)
                is not distinct from listing.modified_us
            and files.etag is not distinct from listing.etag
            and files.kind is not distinct from listing.kind
            and files.verdict = listing.verdict
            as is_same,
            files.state = 'vanished' and exists (
                select 1
                from raw.quarantine as entries
                where entries.resolved_at is null and entries.source_path = files.source_path
            ) as is_back
    ) as comparison
)

select
    action,
    is_recorded,
    case when action not in ('unchanged', 'skip')
        -- A value written by hand, even an infinite one, becomes a real time.
        then (
            extract(epoch from least(greatest(first_seen_at, 'epoch'), clock_timestamp())) * 1000000
        )::bigint
    end as first_seen_us,
    array_agg(n) as numbers
from compared
group by action, is_recorded, first_seen_us
"""

_ACTION_OF_THE_UNKNOWN = {
    SYSTEM_OF_RECORD: "read",
    CONFIG_STATIC: "config",
    UNRECOGNISED: "unrecognised",
}


# A listed file, and how the rules match its path.
Listed = tuple[Entry, Match]


class PlannedPart(NamedTuple):
    """What a part of the listing adds to the plan: files to read or refuse, files that stay."""

    plan: Plan
    to_do: list[Planned]
    left: list[Planned]


def recognise(entries: Iterable[Entry], kinds: DocumentKinds, scope: Scope) -> list[Listed]:
    """Match entries with the rules, and drop kinds outside the scope.

    A folder that could not be listed is always kept: it may hold files in scope.
    """
    listed = [(entry, kinds.match(entry.path)) for entry in entries]
    if scope.kinds:
        return [
            (entry, match)
            for entry, match in listed
            if match.kind in scope.kinds or entry.path.endswith("/")
        ]
    return listed


def manifest_is_empty(connection: psycopg.Connection) -> bool:
    """Return whether no load has ever listed anything."""
    return bool(one_value(connection, "select not exists (select 1 from raw.files)"))


def manifest_knows_none(connection: psycopg.Connection, paths: Sequence[str]) -> bool:
    """Return whether the manifest has rows, but none of these paths."""
    query = (
        "select exists (select 1 from raw.files) and not exists "
        "(select 1 from raw.files where source_path = any (%s))"
    )
    return bool(one_value(connection, query, (list(paths),)))


def compare_with_manifest(
    connection: psycopg.Connection,
    listed: Sequence[Listed],
    scope: Scope,
    *,
    everything_is_new: bool = False,
) -> PlannedPart:
    """Compare entries and their stamps with the manifest."""
    listed = [_refusing_too_large(one) for one in listed]
    outcomes = _Outcomes(listed)
    unknown = dict.fromkeys(range(1, len(listed) + 1))
    known = [] if everything_is_new else _ask_the_manifest(connection, listed, scope)
    for action, is_recorded, first_seen_us, numbers in known:
        outcomes.add(action, is_recorded, first_seen_us, numbers)
        for number in numbers:
            del unknown[number]
    if not scope.only_quarantined:
        for action, numbers in _actions_of_the_unknown(listed, unknown).items():
            outcomes.add(action, False, None, numbers)
    return outcomes.planned_part()


def _actions_of_the_unknown(
    listed: Sequence[Listed], numbers: Iterable[int]
) -> dict[str, list[int]]:
    actions: dict[str, list[int]] = {}
    for number in numbers:
        entry, match = listed[number - 1]
        action = "refuse" if entry.problem else _ACTION_OF_THE_UNKNOWN[match.disposition]
        actions.setdefault(action, []).append(number)
    return actions


def _ask_the_manifest(
    connection: psycopg.Connection, listed: Sequence[Listed], scope: Scope
) -> list[tuple[str, bool, int | None, list[int]]]:
    stamps = [entry.stamp or _NO_STAMP for entry, _ in listed]
    parameters = {
        "paths": [entry.path for entry, _ in listed],
        "sizes": [stamp.size for stamp in stamps],
        "times": [stamp.modified_us for stamp in stamps],
        "etags": [stamp.etag for stamp in stamps],
        "kinds": [match.kind for _, match in listed],
        "verdicts": [match.disposition for _, match in listed],
        "problems": [entry.problem for entry, _ in listed],
        **scope.as_parameters(),
    }
    return connection.cursor(binary=True).execute(_COMPARE, parameters).fetchall()


def _refusing_too_large(one: Listed) -> Listed:
    entry, match = one
    stamp = entry.stamp
    if stamp and stamp.size > LARGEST_DOCUMENT and match.disposition == SYSTEM_OF_RECORD:
        return entry._replace(problem=entry.problem or TOO_LARGE), match
    return one


class _Outcomes:
    """Collects what to do with the entries of one part."""

    def __init__(self, listed: Sequence[Listed]) -> None:
        self._listed = listed
        self._counts: dict[str, int] = {}
        self._bytes = 0
        self._to_do: list[Planned] = []
        self._left: list[Planned] = []

    def add(
        self, action: str, is_recorded: bool, first_seen_us: int | None, numbers: Sequence[int]
    ) -> None:
        name = "touched" if action == "read" and first_seen_us is not None else action
        self._counts[name] = self._counts.get(name, 0) + len(numbers)
        if action in ("unchanged", "skip"):
            return
        kept = self._to_do if action in ("read", "refuse") else self._left
        for number in numbers:
            entry, match = self._listed[number - 1]
            kept.append(Planned(entry, match, action, is_recorded, first_seen_us))
            if action == "read" and entry.stamp:
                self._bytes += entry.stamp.size

    def planned_part(self) -> PlannedPart:
        count = self._counts.get
        plan = Plan(
            seen=sum(self._counts.values()) - count("skip", 0),
            new=count("read", 0),
            touched=count("touched", 0),
            refused=count("refuse", 0),
            unchanged=count("unchanged", 0),
            left_as_config=count("config", 0),
            unrecognised=count("unrecognised", 0),
            bytes_to_read=self._bytes,
        )
        return PlannedPart(plan, self._to_do, self._left)
