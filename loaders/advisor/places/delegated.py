"""Options that are handed in with others, and that nobody who calls says more of."""

from collections.abc import Callable, Mapping, Sequence

from loaders.advisor.flow.libraries.paths import REPLACED
from loaders.advisor.flow.summaries import Access, root_of
from loaders.advisor.flow.values import Hole, Member, Param, Text
from loaders.advisor.words import WORDS

_MOST_CALLERS = 3
Callers = Callable[[Access], Sequence[Access]]


def is_handed_on(path: Text, access: Access, callers: Callers) -> bool:
    """Say whether all of a path is an option with a name, { payload }, whose callers name no file.

    Who hands such options on has no place of its own.
    """
    match path.parts:
        case (Hole(origin=Member(name=name) as origin),):
            is_pattern = root_of(origin).name.startswith("parameter ")
            is_named = is_pattern and name not in WORDS["generic"]
            return is_named and not _is_said(access, callers)
    return False


def is_named_by_member(path: Text) -> bool:
    """Say whether a path begins with a member of an argument, which has a name: args.output."""
    first = path.parts[0] if path.parts else ""
    if not isinstance(first, Hole) or not isinstance(first.origin, Member):
        return False
    is_pattern = root_of(first.origin).name.startswith("parameter ")
    # The path itself with another ending or folder is no member.
    name = first.origin.name
    is_generic = name in WORDS["generic"] or name == "parent" or name.startswith(REPLACED)
    return not is_generic and not (is_pattern and isinstance(first.origin.of, Param))


def is_passed_on(access: Access, by_id: Mapping[str, Access], callers: Callers) -> bool:
    """Say whether a call hands on an object of which the callee takes the path: args.file.

    It has a place of its own where somebody fills that object.
    """
    via = by_id.get(access.via)
    match access.path.symbol, via.path.symbol if via is not None else None:
        case Member(name=ours), Member(name=theirs):
            return ours == theirs and not _is_said(access, callers)
    return False


def _is_said(access: Access, callers: Callers, depth: int = 0) -> bool:
    return depth < _MOST_CALLERS and any(
        any(isinstance(part, str) for part in caller.path.parts)
        or _is_said(caller, callers, depth + 1)
        for caller in callers(access)
    )
