"""Paths that objects hold: what they were built with is filled in where all are built alike."""

from collections.abc import Callable
from collections.abc import Set as AbstractSet

from loaders.advisor.flow.context import Context
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.segments import is_open_text
from loaders.advisor.flow.substitution import CONSTRUCTORS, filled
from loaders.advisor.flow.summaries import Access, root_of, symbols_of
from loaders.advisor.flow.templates import are_alike, name_of
from loaders.advisor.flow.values import Instance, Nothing, Param, Text, Value, as_texts
from loaders.advisor.languages.syntax import FunctionDef
from loaders.advisor.places.filling import known_to
from loaders.advisor.places.passing import default_of

Contexts = Callable[[Engine, FunctionDef], Context]
# Objects that are built with what another object was built with.
_MOST_CONSTRUCTORS = 3


def built(
    engine: Engine, contexts: Contexts, access: Access, *, is_called: bool
) -> tuple[Text, ...]:
    """Fill in what objects were built with: of one object, by another's constructor, too."""
    own = {root_of(symbol) for symbol in symbols_of(access.path)}
    context = contexts(engine, engine.project.functions[access.function])
    paths = _filled(context, access.path, is_called=is_called)
    for _ in range(_MOST_CONSTRUCTORS):
        if all(own >= {root_of(symbol) for symbol in symbols_of(path)} for path in paths):
            break
        inner = (
            each for path in paths for each in _filled(context, path, is_called=is_called, own=own)
        )
        paths = tuple(dict.fromkeys(inner))
    return tuple(dict.fromkeys(known_to(own, path) for path in paths))


def _filled(
    context: Context, of: Text, *, is_called: bool, own: AbstractSet[Param] | None = None
) -> tuple[Text, ...]:
    """Fill in what the only object of a class was built with, or what classes below say."""
    engine = context.engine
    bindings: dict[Param, Value] = {}
    variants: list[dict[Param, Value]] = []
    for symbol in symbols_of(of):
        param = root_of(symbol)
        definition = engine.project.classes.get(param.owner)
        if definition is not None and param.name == "self":
            for other in (definition, *engine.below(definition)):
                known = engine.constructions.get(other.key, [])
                only = known[0] if len(known) == 1 else None
                variants.append({param: Instance(other, only)})
            continue
        for value in built_alike(engine, param):
            if not (is_called and _is_of_helper(engine, value)):
                bindings[param] = value
        if own is not None and param not in own and param not in bindings:
            bindings |= _by_default(engine, param)
    if (not bindings and not variants) or (variants and is_called):
        return (of,)
    found: dict[Text, None] = {}
    for variant in variants or [{}]:
        value = filled(context, of, {**bindings, **variant}, {})
        if isinstance(value, Nothing):
            continue
        for path in as_texts(value, name_of(of)):
            if not (variants and path == of):
                found[path] = None
    is_impossible = not found and any(isinstance(v, Nothing) for v in bindings.values())
    return tuple(found) or (() if is_impossible else (of,))


def _is_of_helper(engine: Engine, value: Value) -> bool:
    """Say whether a path is open until somebody calls the helper that builds an object of it."""
    if not is_open_text(value) or not isinstance(value, Text) or value.symbol is None:
        return is_open_text(value)
    function = engine.project.functions.get(root_of(value.symbol).owner)
    return function is None or function.name not in CONSTRUCTORS


def _by_default(engine: Engine, param: Param) -> dict[Param, Value]:
    """Return what a function that builds an object uses where nobody hands it a path."""
    default = default_of(engine, param)
    is_given = bool(engine.arguments.get(f"{param.owner}|{param.name}"))
    return {param: default} if isinstance(default, Text) and not is_given else {}


def built_alike(engine: Engine, param: Param) -> list[Value]:
    """Return what a constructor's parameter is, if all objects are built alike."""
    values: list[Value] = []
    for value in engine.arguments.get(f"{param.owner}|{param.name}", {}).values():
        if not any(value == other or are_alike(value, other) for other in values):
            values.append(value)
    paths: list[Value] = [value for value in values if not isinstance(value, Nothing)]
    paths = paths or values
    return paths if len(paths) == 1 else []
