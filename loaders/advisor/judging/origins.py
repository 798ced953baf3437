"""Where the content comes from that is written: from a server, over functions that hand it on."""

from collections.abc import Sequence

from loaders.advisor.flow.answers import is_answer
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.summaries import root_of
from loaders.advisor.flow.values import Options, Text, Value
from loaders.advisor.places.attribution import Placed
from loaders.advisor.places.places import facts_of, outermost

# How far a value is followed from callee to caller.
_MOST_STEPS = 4


def are_answers(engine: Engine, writes: Sequence[Placed]) -> bool:
    """Say whether all that is written is what a server answered, whoever hands it on."""
    return bool(writes) and all(_is_answered(engine, each.access.content) for each in writes)


def _is_answered(engine: Engine, value: Value, steps: int = 0) -> bool:
    if is_answer(value) or steps >= _MOST_STEPS:
        return is_answer(value)
    if isinstance(value, Options):
        return all(_is_answered(engine, option, steps + 1) for option in value.values)
    if not isinstance(value, Text) or value.symbol is None:
        return False
    root = root_of(value.symbol)
    given = engine.handed.get((root.owner, root.name), {})
    return bool(given) and all(_is_answered(engine, each, steps + 1) for each in given.values())


def is_supplied(engine: Engine, writing: set[str]) -> bool:
    """Say whether all who call what writes ask a server themselves: a refresh, and then a save."""
    callers = {
        key: {outermost(engine, site.caller) for site in engine.calls.get(key, ())} - {key}
        for key in writing
    }
    return bool(callers) and all(
        found and all(_is_fetching(engine, caller) for caller in found)
        for found in callers.values()
    )


def _is_fetching(engine: Engine, function: str) -> bool:
    return not function.endswith(":") and any(
        engine.summaries[key].is_fetching
        for key in facts_of(engine, function)
        if key in engine.summaries
    )
