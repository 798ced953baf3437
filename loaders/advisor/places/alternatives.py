"""One place, several base folders: what the platform or the command line decides is one hole."""

from collections.abc import Iterable
from dataclasses import replace

from loaders.advisor.flow.libraries.paths import is_temporary
from loaders.advisor.flow.templates import shape, written
from loaders.advisor.flow.values import Hole, Text, text
from loaders.advisor.places.attribution import Placed
from loaders.advisor.words import WORDS

_Segment = tuple[str | Hole, ...]


def without_alternatives(places: Iterable[Placed]) -> list[Placed]:
    """Return the places, those that differ in the folder at their head alone made one."""
    alike: dict[tuple[str, ...], list[Placed]] = {}
    for placed in places:
        access = placed.access
        last = _segments(placed.path)[-1]
        key = (access.file, str(access.line), access.operation, placed.form, shape(Text(last)))
        is_file = access.store == "file" and placed.form != "wrapper"
        alike.setdefault(key if is_file else (*key, access.id, shape(placed.path)), []).append(
            placed
        )
    return [placed for each in alike.values() for placed in _merged(each)]


def _merged(places: list[Placed]) -> list[Placed]:
    # A temporary folder is for tests and trials: where else it lies is where it is kept.
    places = [each for each in places if not is_temporary(each.path)] or places
    if len({shape(placed.path) for placed in places}) == 1:
        return places
    split = [_segments(placed.path) for placed in places]
    common, shortest = 0, min(map(len, split))
    # A path that is the end of the others lies in the working folder.
    most = shortest if shortest > 1 else 0
    while common < most and len({_shape(each, common) for each in split}) == 1:
        common += 1
    heads = [each[: len(each) - common] for each in split]
    if not common or not any(_is_outside(head) for head in heads):
        return places
    if not any(isinstance(part, Hole) for head in heads for each in head for part in each):
        return [min(places, key=_plainness)]
    names = [
        part.name
        for head in heads
        for part in (head[0] if len(head) == 1 and len(head[0]) == 1 else ())
        if isinstance(part, Hole)
    ]
    name = min(names, key=lambda each: each in WORDS["generic"], default="base")
    parts: list[str | Hole] = [Hole(name)]
    for segment in split[0][len(split[0]) - common :]:
        parts += ["/", *segment]
    return [replace(places[0], path=text(*parts))]


def _plainness(placed: Placed) -> tuple[int, str]:
    """Sort the shortest path first, and of two spellings the one in small letters."""
    said = written(placed.path)
    return said.count("/"), said.swapcase()


def _shape(segments: list[_Segment], from_end: int) -> str:
    segment = Text(segments[len(segments) - 1 - from_end])
    return written(segment) if from_end else shape(segment)


def _is_outside(head: list[_Segment]) -> bool:
    """Say whether a folder lies elsewhere than in the project: unknown, absolute, of the user."""
    first = head[0][0] if head and head[0] else "."
    return isinstance(first, Hole) or first[:1] in ("", "~", "%", "$") or first[1:2] == ":"


def _segments(path: Text) -> list[_Segment]:
    found: list[list[str | Hole]] = [[]]
    for part in path.parts:
        if isinstance(part, str):
            first, *rest = part.split("/")
            found[-1] += [first] if first else []
            found += [[piece] if piece else [] for piece in rest]
        else:
            found[-1].append(part)
    return [tuple(segment) for segment in found]
