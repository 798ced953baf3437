"""What the code calls the constants that hold the paths of its files."""

from collections.abc import Iterator
from functools import lru_cache

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.templates import HOLE, shape
from loaders.advisor.flow.values import Mapping, Options, Text, Value

_DEEPEST = 4


def names_of(engine: Engine, path: Text) -> tuple[str, ...]:
    """Return the names of constants and attributes that hold a path, or the end of one."""
    own = _segments(path)
    return tuple(
        dict.fromkeys(
            name
            for theirs, name in _table(engine).get(own[-1] if own else "", ())
            if all(_fits(*pair) for pair in zip(reversed(own), reversed(theirs), strict=False))
        )
    )


@lru_cache(maxsize=1)
def _table(engine: Engine) -> dict[str, list[tuple[list[str], str]]]:
    found: dict[str, list[tuple[list[str], str]]] = {}
    for key, summary in engine.summaries.items():
        if key.partition(":")[0] in engine.tests:
            continue
        for name, value in (*summary.names.items(), *summary.attributes.items()):
            for said, text in _texts(name.rpartition(":")[2].rpartition(".")[2], value):
                segments = _segments(text)
                if segments and "." in segments[-1] and HOLE not in segments[-1]:
                    found.setdefault(segments[-1], []).append((segments, said))
    return found


def _texts(name: str, value: Value, depth: int = 0) -> Iterator[tuple[str, Text]]:
    match value:
        case Text():
            yield name, value
        case Options() if depth < _DEEPEST:
            for each in value.values:
                yield from _texts(name, each, depth + 1)
        case Mapping() if depth < _DEEPEST:
            for key, each in value.entries:
                yield from _texts(key, each, depth + 1)


def _segments(path: Text) -> list[str]:
    return [each for each in shape(path).split("/") if each not in ("", ".")]


def _fits(one: str, other: str) -> bool:
    return one == other or HOLE in one or HOLE in other
