"""Branches: what a name is worth after one, what a function returns where it takes another."""

import re
from collections.abc import Iterable

from loaders.advisor.flow.substitution import Bindings
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import JSON_ENDINGS, ends_as_json, is_settled, shape
from loaders.advisor.flow.values import (
    Hole,
    Member,
    Nothing,
    Options,
    Param,
    Text,
    Value,
    either,
    options_of,
)
from loaders.advisor.languages.syntax import Const, FunctionDef


def way_taken(returns: Value, bindings: Bindings) -> Value:
    """Return what of several paths a call gives: the folder, or what is below it by an argument.

    Of "return base if name is None else base / name" a call with a name takes the second way.
    """
    if not isinstance(returns, Options):
        return returns
    kept = [value for value in returns.values if not _is_other(value, returns.values, bindings)]
    return either(*kept) if kept else returns


def is_left_out(access: Access, function: FunctionDef, defaulted: set[Param]) -> bool:
    """Say whether a call without an argument leaves an access out: load(path, parts=False)."""
    if access.function != function.key:
        return False
    wanted = dict(access.flags)
    return any(
        isinstance(parameter.default, Const)
        and parameter.default.value in (None, False, True)
        and bool(parameter.default.value) != wanted[parameter.name]
        for parameter in function.parameters
        if parameter.name in wanted and Param(function.key, parameter.name) in defaulted
    )


def _is_other(value: Value, values: tuple[Value, ...], bindings: Bindings) -> bool:
    given = _added(value, values)
    if given is not None:
        return isinstance(bindings.get(given), Nothing)
    below = [_added(other, (value,)) for other in values if other is not value]
    return any(
        each is not None and each in bindings and not isinstance(bindings[each], Nothing)
        for each in below
    )


def _added(value: Value, shorter: tuple[Value, ...]) -> Param | None:
    """Return the argument that a path has after another one and a slash."""
    match value:
        case Text(parts=(*_, Hole(origin=Param() as origin))):
            before = Text(value.parts[:-1])
            for other in shorter:
                if isinstance(other, Text) and _with_slash(other) == before:
                    return origin
    return None


def _with_slash(path: Text) -> Text:
    last = path.parts[-1] if path.parts else ""
    if isinstance(last, str):
        return Text((*path.parts[:-1], f"{last}/"))
    return Text((*path.parts, "/"))


def merged(values: Iterable[Value]) -> Value:
    """Return what a name is worth after a branch; a name that is completed is what it becomes.

    "if not name.endswith('.json'): name += '.json'" makes one path of it, and so does a folder put
    before what is no whole path.
    """
    known = list(dict.fromkeys(option for value in values for option in options_of(value)))
    texts = [value for value in known if isinstance(value, Text)]
    kept = [v for v in known if not any(_gives_way(v, other) for other in texts)]
    # Two names for a part that nobody knows are one path.
    one_each: dict[Value | str, Value] = {}
    for value in kept:
        one_each.setdefault(_looks(value), value)
    return either(*one_each.values())


def _looks(value: Value) -> Value | str:
    if not isinstance(value, Text) or len(value.parts) == 1:
        return value
    is_told = any(hole.origin or hole.reads or hole.is_json for hole in value.holes)
    return value if is_told else shape(value)


def _gives_way(value: Value, to: Text) -> bool:
    return isinstance(value, Text) and (
        _is_completed(value, to)
        or _is_doubled(value, to)
        or _is_numbered(value, to)
        or _is_option(value, to)
    )


def _is_option(value: Text, to: Text) -> bool:
    """Say whether options may name another path than the one that the code writes down.

    An absolute folder is that of one machine: it is one of several, and no default.
    """
    is_path = to.literal is not None and re.search(r"^[^/].*/|[.]", to.literal) is not None
    return is_path and is_settled(to) and isinstance(value.symbol, Member)


def _is_numbered(value: Text, of: Text) -> bool:
    """Say whether a path is another one with a number, for names that are taken: report(2).json."""
    folder, slash, name = shape(of).rpartition("/")
    stem, dot, ending = name.partition(".")
    whole = folder + slash
    if not dot or len(value.holes) != len(of.holes) + 1 or not shape(value).startswith(whole):
        return False
    said = shape(value).removeprefix(whole)
    after = re.escape(stem) + r"[ ._-]?[(\[]?\x01[)\]]?" + re.escape(dot + ending)
    before = r"\x01[ ._-]" + re.escape(name)
    numbers = [hole for hole in value.holes if hole not in of.holes]
    is_own = len(numbers) == 1 and numbers[0].origin is None
    return is_own and re.fullmatch(f"{after}|{before}", said) is not None


def _is_completed(value: Text, by: Text) -> bool:
    ours, theirs = shape(value), shape(by)
    if value.literal is not None or ours == theirs or not _have_same_holes(value, by):
        return False
    return theirs.endswith(f"/{ours}") or (not ends_as_json(value) and _is_ended(ours, theirs))


def _is_doubled(value: Text, of: Text) -> bool:
    """Say whether a name gets an ending that it has already, which the code asks before."""
    return ends_as_json(of) and _is_ended(shape(of), shape(value)) and _have_same_holes(of, value)


def _is_ended(name: str, whole: str) -> bool:
    return whole.startswith(name) and whole.removeprefix(name) in JSON_ENDINGS


def _have_same_holes(value: Text, by: Text) -> bool:
    """Say whether one path ends with what the other does not know, whatever its name there."""
    known = [(hole.origin, hole.reads) for hole in value.holes]
    return known == [(hole.origin, hole.reads) for hole in by.holes[len(by.holes) - len(known) :]]
