"""Objects with a file of their own: whose attributes a method speaks of, and who named the file."""

from dataclasses import replace

from loaders.advisor.flow.context import Arguments, Context
from loaders.advisor.flow.segments import base_name, is_open_text, is_path_text
from loaders.advisor.flow.substitution import CONSTRUCTORS, Bindings, resolved
from loaders.advisor.flow.summaries import (
    Access,
    owners_of,
    parameters_of,
    root_of,
    symbols_of,
    without_origins,
)
from loaders.advisor.flow.templates import ends_as_json
from loaders.advisor.flow.values import (
    NOTHING,
    External,
    Func,
    Instance,
    Member,
    Param,
    Text,
    Value,
    as_texts,
    either,
    options_of,
)

# What 'with' calls of an object, before its block and after.
ENTERING, LEAVING = ("__enter__", "__aenter__"), ("__exit__", "__aexit__")


def from_above(ev: Context, func: Func) -> Bindings:
    """Return whose attributes a method of a class above speaks of: those of the class below."""
    of = func.bound
    if not isinstance(of, Instance) or of.arguments is not None:
        return {}
    _, *above = ev.engine.bases_of(of.definition, ev.function.key)
    return {Param(base.key, "self"): of for base in above}


def built_with(ev: Context, of: Value, name: str) -> Value | None:
    """Return the functions of one name among the options with which objects are built."""
    symbol = of.symbol if isinstance(of, Text) else None
    function = ev.engine.project.functions.get(root_of(symbol).owner) if symbol else None
    is_built = function is not None and function.name in CONSTRUCTORS
    if symbol is None or function is None or not is_built or ev.language != "script":
        return None
    found: list[Value] = []
    for arguments in ev.engine.built(function.class_key or "", ev.function.key):
        pairs = (key.rpartition("|") for key, _ in arguments)
        params = (Param(owner, parameter) for owner, _, parameter in pairs)
        bindings = dict(zip(params, (value for _, value in arguments), strict=True))
        value = resolved(ev, Member(symbol, name), bindings)
        found += [
            each for each in options_of(value or NOTHING) if isinstance(each, Func | External)
        ]
    return either(*found) if found else None


def as_told(ev: Context, access: Access, func: Func, a: Arguments) -> Access:
    """Return a callee's access with who named the file of the object that is called."""
    is_here = func.bound in ev.built and is_named(func)
    return replace(
        access,
        is_of_record=is_of_record(ev, access, func),
        is_named_here=is_here,
        is_option=is_option(access, func, a),
    )


def is_option(access: Access, func: Func, a: Arguments) -> bool:
    """Say whether a caller hands in an object with a name, that holds the folder among others."""
    is_method = func.function.class_key is not None
    names = [each.name for each in parameters_of(func.function, is_method)][len(func.given) :]
    own = [each for each in symbols_of(access.path) if root_of(each).owner == func.function.key]
    at = [names.index(name) if (name := root_of(e).name) in names else len(names) for e in own]
    if not own or not isinstance(own[0], Member) or max(at) >= len(a.args):
        return False
    # What has no name is written in the call itself; items of a list come without one, too.
    return all(
        "?" not in a.names[place : place + 1]
        if isinstance(each, Member)
        else is_open_text(a.args[place])
        for each, place in zip(own, at, strict=True)
    )


def made_for(returns: Value, found: Value) -> list[Value]:
    """Return the objects that a helper makes of what its caller hands in."""
    general = options_of(returns)
    return [
        each
        for each in options_of(found)
        if isinstance(each, Instance) and each.arguments and each not in general
    ]


def _is_named_by_us(ev: Context, func: Func, owners: set[str]) -> bool:
    """Say whether a helper made the object of a path that we put together."""
    if func.bound not in ev.made or not isinstance(func.bound, Instance):
        return False
    sites = [dict(each) for each in ev.engine.sites.get(func.bound.definition.key, {}).values()]
    paths = [(name, value) for name, value in func.bound.arguments or () if name in owners]
    return bool(paths) and all(
        any(is_path_text(each) for each in options_of(value))
        and any(is_open_text(site.get(name, NOTHING)) for site in sites)
        for name, value in paths
    )


def is_of_record(ev: Context, access: Access, func: Func) -> bool:
    """Say whether the object whose method is called has one file, which others gave it."""
    if not isinstance(func.bound, Instance) or not func.bound.arguments:
        return False
    if func.function.name in (*CONSTRUCTORS, *ENTERING, *LEAVING):
        return False
    built = tuple((name, without_origins(value)) for name, value in func.bound.arguments)
    sites = ev.engine.sites.get(func.bound.definition.key, {})
    here = f"{ev.function.path}:"
    if any(site.startswith(here) and built == each for site, each in sites.items()):
        return False
    owners = {f"{param.owner}|{param.name}" for param in owners_of(access)}
    if _is_named_by_us(ev, func, owners):
        return False
    classes = ev.engine.bases_of(func.bound.definition, ev.function.key)
    if any(f"{each.key}|self" in owners for each in classes):
        return True
    return any(
        bool(base_name(text).holes)
        for name, value in built
        if name in owners
        for text in as_texts(value)
    )


def is_named(func: Func) -> bool:
    """Say whether a method's object was built with the name of a file: Shelf("fees.json")."""
    if not isinstance(func.bound, Instance) or func.function.name in CONSTRUCTORS:
        return False
    values = [value for _, value in func.bound.arguments or ()]
    return any(isinstance(value, Text) and ends_as_json(value) for value in values)
