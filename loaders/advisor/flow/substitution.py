"""Fills in what a caller knows: values for parameters, the caller's accesses for the callee's."""

from dataclasses import replace

from loaders.advisor.flow.answers import ANSWER, is_answer
from loaders.advisor.flow.constants import CONSTANT, holds_constant
from loaders.advisor.flow.context import Context
from loaders.advisor.flow.summaries import root_of
from loaders.advisor.flow.templates import JSON_ENDINGS
from loaders.advisor.flow.values import (
    MOST_OPTIONS,
    NOTHING,
    Class,
    External,
    Func,
    Handle,
    Hole,
    Instance,
    Listing,
    Mapping,
    Member,
    Method,
    ModuleValue,
    Nothing,
    Options,
    Param,
    Sequence,
    Symbol,
    Text,
    Value,
    as_texts,
    either,
    reads_of,
    text,
)

CONSTRUCTORS = ("__init__", "constructor")
Bindings = dict[Param, Value]
Replaced = dict[str, frozenset[str]]
_DEEPEST = 6


def substituted(
    ev: Context, value: Value, bindings: Bindings, replaced: Replaced, depth: int = 0
) -> Value:
    """Return a value with what is bound filled in, and accesses replaced by the caller's."""
    if depth > _DEEPEST or is_ground(value):
        return value

    def inner(part: Value) -> Value:
        return substituted(ev, part, bindings, replaced, depth + 1)

    match value:
        case Text():
            return filled(ev, value, bindings, replaced)
        case Handle():
            return Handle(
                _path(inner(value.path), value.path),
                mapped(value.reads, replaced),
                mapped(value.writes, replaced),
                value.kind,
            )
        case Listing():
            new = mapped(frozenset({value.access}), replaced)
            return Listing(
                _path(inner(value.path), value.path), value.is_name, min(new, default=value.access)
            )
        case Options():
            return either(*(inner(option) for option in value.values))
        case Sequence():
            return Sequence(tuple(inner(item) for item in value.items))
        case Mapping():
            entries = tuple((key, inner(item)) for key, item in value.entries)
            return replace(value, entries=entries)
        case Func():
            return replace(
                value,
                bound=inner(value.bound) if value.bound is not None else None,
                given=tuple(inner(item) for item in value.given),
            )
        case Instance() if value.arguments is not None:
            return Instance(
                value.definition, tuple((key, inner(item)) for key, item in value.arguments)
            )
        case External() if value.arguments:
            return External(value.name, tuple(inner(item) for item in value.arguments))
        case Method():
            return Method(inner(value.of), value.name)
        case _:
            return value


_GROUND: tuple[type, ...] = (Nothing, Class, ModuleValue)


def is_ground(value: Value) -> bool:
    """Say whether nothing in a value can be filled in; quick, and no for what takes a look."""
    if isinstance(value, Text):
        return all(
            isinstance(part, str) or (part.origin is None and not part.reads)
            for part in value.parts
        )
    if isinstance(value, External):
        return not value.arguments
    if isinstance(value, Instance):
        return not value.arguments or all(is_ground(item) for _, item in value.arguments)
    if isinstance(value, Sequence):
        return all(is_ground(item) for item in value.items)
    if isinstance(value, Mapping):
        return all(is_ground(item) for _, item in value.entries)
    if isinstance(value, Options):
        return all(is_ground(item) for item in value.values)
    if isinstance(value, Func):
        return value.bound is None and not value.given
    return isinstance(value, _GROUND)


def _path(value: Value, before: Text) -> Text:
    texts = as_texts(value)
    return texts[0] if texts else before


def mapped(reads: frozenset[str], replaced: Replaced) -> frozenset[str]:
    if not replaced or not (reads & replaced.keys()):
        return reads
    return frozenset().union(*(replaced.get(read, frozenset({read})) for read in reads))


def filled(ev: Context, value: Text, bindings: Bindings, replaced: Replaced) -> Value:
    """Return a text with its holes filled; a lone hole gives whatever is bound."""
    if not any(
        isinstance(part, Hole)
        and (
            (part.origin is not None and root_of(part.origin) in bindings)
            or (part.reads and replaced)
        )
        for part in value.parts
    ):
        return value
    first = value.parts[0]
    origin = first.origin if isinstance(first, Hole) and not first.is_json else None
    if isinstance(origin, Param) and isinstance(bindings.get(origin), Nothing):
        # No path begins with None: the code takes another way then.
        return NOTHING
    choices: list[tuple[tuple[str | Hole, ...], ...]] = []
    for index, part in enumerate(value.parts):
        if isinstance(part, str):
            choices.append(((part,),))
            continue
        bound = _bound(ev, part, bindings)
        if bound is None:
            choices.append(((replace(part, reads=mapped(part.reads, replaced)),),))
        elif part.is_json:
            choices.append(((json_hole(bound),),))
        elif len(value.parts) == 1 and not isinstance(bound, Text):
            return bound
        else:
            texts = as_texts(bound, part.name)
            named = tuple(each for each in texts if each.parts)
            if named and len(named) < len(texts) and _is_folder(value, index):
                # A folder or name that is empty otherwise is known where it is not.
                texts = named
            elif len(named) < len(texts) and _is_left_open(ev, value, index):
                # What is empty at first is filled before it counts.
                texts = named or (text(_plain(part)),)
            choices.append(tuple(_named(each, part).parts for each in texts))
    results: list[tuple[str | Hole, ...]] = [()]
    for options in choices:
        if len(results) * len(options) > MOST_OPTIONS:
            options = options[:1]
        results = [(*before, *option) for before in results for option in options]
    return either(*(_ended_once(text(*parts)) for parts in results))


def _ended_once(path: Text) -> Text:
    """Return a path without the ending that is put behind a name which has it already."""
    *before, last = path.parts or ("",)
    said = last if isinstance(last, str) else ""
    ending = next((end for end in JSON_ENDINGS if said.endswith(end * 2)), "")
    return text(*before, said.removesuffix(ending)) if ending else path


def _plain(part: Hole) -> Hole:
    return replace(part, origin=None)


def _is_folder(value: Text, index: int) -> bool:
    """Say whether a part of a path stands between slashes."""
    before, after = value.parts[index - 1 : index], value.parts[index + 1 : index + 2]
    return all(isinstance(part, str) for part in (*before, *after)) and (
        str(*before).endswith("/") and str(*after).startswith("/")
    )


def _is_left_open(ev: Context, value: Text, index: int) -> bool:
    """Say whether a path would lose its head, or a file's name where an object has none yet."""
    part = value.parts[index]
    after = value.parts[index + 1] if index + 1 < len(value.parts) else ""
    if not index and isinstance(after, str) and after.startswith("/"):
        return True
    owner = root_of(part.origin).owner if isinstance(part, Hole) and part.origin else ""
    function = ev.engine.project.functions.get(owner)
    if owner not in ev.engine.project.classes and (
        function is None or function.class_key is None or function.name not in CONSTRUCTORS
    ):
        return False
    before = value.parts[index - 1] if index else ""
    if not isinstance(before, str) or not isinstance(after, str):
        return False
    return (not before or before.endswith("/")) and after.startswith((".", "/"))


def _named(found: Text, part: Hole) -> Text:
    """A hole without a name keeps the one it had inside."""
    return Text(
        tuple(
            replace(inner, name=part.name)
            if isinstance(inner, Hole) and inner.name == "?"
            else inner
            for inner in found.parts
        )
    )


def _bound(ev: Context, part: Hole, bindings: Bindings) -> Value | None:
    if part.origin is None or root_of(part.origin) not in bindings:
        return None
    found = resolved(ev, part.origin, bindings)
    return None if isinstance(found, Nothing) else found


def resolved(ev: Context, symbol: Symbol, bindings: Bindings) -> Value | None:
    """Return what a symbol is worth under bindings."""
    if isinstance(symbol, Param):
        return bindings.get(symbol)
    if isinstance(symbol, Member):
        of = resolved(ev, symbol.of, bindings)
        return ev.member(of, symbol.name) if of is not None else None
    return None


def json_hole(value: Value) -> Hole:
    """Return what a value is as JSON text: with its keys, or whose argument it is."""
    if isinstance(value, Text) and value.symbol is not None:
        return Hole("json", value.symbol, is_json=True)
    name = ANSWER if is_answer(value) else CONSTANT if holds_constant(value) else "json"
    return Hole(name, None, reads_of(value), is_json=True, keys=keys_of(value))


def keys_of(value: Value, depth: int = 0) -> tuple[str, ...]:
    """Return the keys that a value's objects have, as far as they are literal."""
    found: list[str] = []
    if depth > 3:
        return ()
    match value:
        case Mapping():
            for key, item in value.entries:
                found += [key] if key not in found else []
                found += [k for k in keys_of(item, depth + 1) if k not in found]
        case Sequence() | Options():
            for item in value.items if isinstance(value, Sequence) else value.values:
                found += [key for key in keys_of(item, depth + 1) if key not in found]
    return tuple(found[:40])
