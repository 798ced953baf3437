"""Sentences about paths and keys that differ from others in capitals alone."""

from collections.abc import Iterator

import psycopg

from loaders.landing.listing import Listing
from loaders.project.document_kinds import DocumentKinds

# Each is matched with every rule: 10,000 take half a second.
_LOOKED_AT = 10_000

# UUIDs are the same key in capitals.
_KEYS_IN_SEVERAL_CASES = """
select count(*) over (), array_agg(distinct user_key)
from raw.documents
where
    kind = any (%s)
    and superseded_at is null
    and user_key !~* '^[^g-z]*[0-9a-f]{8}-?([0-9a-f]{4}-?){3}[0-9a-f]{12}'
group by lower(user_key)
having count(distinct user_key) > 1
order by lower(user_key)
limit 1
"""


def paths_in_another_case(kinds: DocumentKinds, listing: Listing) -> Iterator[str]:
    """Yield a sentence if a rule would know unrecognised paths, were capitals no difference."""
    paths = listing.unrecognised_in_capitals(_LOOKED_AT)
    found = [path for path in paths if kinds.is_known_in_another_case(path)]
    if found:
        yield (
            f"Unrecognised paths that would be documents in other capitals: {found[0]}"
            f"{_and_more(len(found) - 1)}. They are not read until they are renamed."
        )


def user_keys_in_several_cases(
    connection: psycopg.Connection, kinds: DocumentKinds
) -> Iterator[str]:
    """Yield a sentence if user keys of paths differ in capitals alone."""
    named = [rule.kind for rule in kinds.loaded if any("{user_key}" in path for path in rule.paths)]
    for count, keys in connection.execute(_KEYS_IN_SEVERAL_CASES, (named,)):
        yield (
            f"User keys that differ in capitals alone: {', '.join(keys)}{_and_more(count - 1)}. "
            "They count as different people; 'pulse-elt db identities' gives them one account."
        )


def _and_more(count: int) -> str:
    return f", and {count:,} more" if count else ""
