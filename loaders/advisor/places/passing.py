"""Callers that hand a path on, and what they say of how a helper opens a file."""

from collections.abc import Callable, Iterator

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.values import Param, Symbol, Text, Value

Callers = Callable[[Access], list[Access]]
_MOST_DEPTH = 8


def telling(path: Text, callers: list[Access], callers_of: Callers, depth: int = 0) -> list[Access]:
    """Return callers, and for those that but hand a path on, their own."""
    found: list[Access] = []
    for caller in callers:
        own = callers_of(caller) if depth < _MOST_DEPTH and caller.path == path else []
        found += telling(path, own, callers_of, depth + 1) if own else [caller]
    return found


def opening(access: Access, callers_of: Callers) -> Iterator[Access]:
    """Yield the accesses of callers that say how a helper opens a file for them."""
    for caller in callers_of(access):
        if caller.operation == "open":
            yield from opening(caller, callers_of)
        else:
            yield caller


def default_of(engine: Engine, param: Param) -> Value | None:
    """Return what a parameter is where a call leaves it out."""
    summary = engine.summaries.get(param.owner)
    return summary.defaults.get(param.name) if summary is not None else None


def by_default(engine: Engine, mode: Symbol | None) -> str:
    """Return what open does where nobody hands in a mode."""
    default = default_of(engine, mode) if isinstance(mode, Param) else None
    said = default.literal or "" if isinstance(default, Text) else ""
    return "write" if set("wax") & set(said) else "read"
