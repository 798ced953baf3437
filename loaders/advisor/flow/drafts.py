"""Drafts that one function of ours writes and another moves to their place: the place counts."""

from collections.abc import Iterable

from loaders.advisor.flow.libraries.paths import is_put_aside, same
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import ends_as_json


def without_drafts(accesses: Iterable[Access]) -> list[Access]:
    """Leave out what is done to a file that one callee writes and another moves elsewhere."""
    known = list(accesses)
    drafts = [each.path for each in known if each.operation == "delete" and _is_draft(each, known)]
    return [each for each in known if not any(same(each.path, draft) for draft in drafts)]


def _is_draft(access: Access, others: list[Access]) -> bool:
    """Say whether what is taken away was written by another callee, and is moved."""
    if not access.via or ends_as_json(access.path):
        return False
    written = [each for each in others if each.operation == "write"]
    return any(same(each.path, access.path) and each.by != access.by for each in written) and any(
        (each.file, each.line, each.sink, each.by)
        == (access.file, access.line, access.sink, access.by)
        and not same(each.path, access.path)
        and not is_put_aside(each.path)
        for each in written
    )
