"""Path templates: how a text with holes is written, and which of them mean the same files."""

import posixpath
import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from functools import lru_cache

from loaders.advisor.flow.values import Hole, Text, Value, text
from loaders.advisor.words import WORDS

HOLE = "\1"
_STAR = "\2"
JSON_ENDINGS = (".json", ".jsonl", ".ndjson", ".json5", ".geojson", ".jsonc", ".webmanifest")
_GENERIC_NAMES = WORDS["generic"]
_IDENTIFYING = re.compile(
    r"(^|_)(ids?|uuid|guid|email|mail|key|slug|token|sid|uid|pk|hash|sha\d*|digest|user|username|"
    r"user_name|login|session|account|day|date|month|year|week|timestamp|ts|time|number|no|num|code|"
    r"isbn|owner|member|client|customer|chat|guild|channel)$"
)


def snake(name: str) -> str:
    """Return a name as a placeholder writes it."""
    name = re.sub(r"[^A-Za-z0-9]+", "_", name)
    name = re.sub(r"([a-z0-9])([A-Z])", r"\1_\2", name)
    name = re.sub(r"([A-Z]+)([A-Z][a-z])", r"\1_\2", name)
    return name.lower().strip("_") or "unknown"


_ABOVE = re.compile(r"^/*((\./)*\.\.(/|$))+")


def _from_above(path: Text) -> Text:
    """Return {folder}/../name as {folder_parent}/name: what is unknown has a folder above it."""
    first, *rest = path.parts or ("",)
    if not isinstance(first, Hole) or not rest or not isinstance(rest[0], str):
        return path
    found = _ABOVE.match(rest[0])
    if found is None or not rest[0].startswith("/"):
        return path
    return text(replace(first, name=f"{first.name}_parent"), "/", rest[0][found.end() :], *rest[1:])


def normal(path: Text, is_file: bool = True) -> Text:
    """Return a path without '.', '..' and the mark of the tree's root."""
    path = _from_above(path) if is_file else path
    marked = "".join(part if isinstance(part, str) else HOLE for part in path.parts)
    if not is_file:
        return path
    # A folder of the user begins anew, as an absolute path does.
    marked = re.sub(r"^.*/(?=~(/|$))", "", marked.replace("\\", "/"))
    prefix = ""
    if found := re.match(r"^[a-z0-9]+://", marked):
        prefix, marked = found[0], marked[found.end() :]
    elif marked.startswith("file:"):
        marked = marked.removeprefix("file:")
    is_rooted = marked.startswith("\0")
    if is_rooted:
        marked = marked[1:].lstrip("/")
    if marked:
        cleaned = posixpath.normpath(marked)
        marked = re.sub(r"^(\.\./)+", "", cleaned) if is_rooted else cleaned
    holes = list(path.holes)
    # A '..' may have taken a hole away: the last ones of the path stay.
    kept = marked.count(HOLE)
    if kept < len(holes):
        holes = _kept(path, holes, kept)
    parts: list[str | Hole] = [prefix]
    position = 0
    for piece in re.split(f"({HOLE})", marked):
        if piece == HOLE:
            parts.append(holes[position])
            position += 1
        else:
            parts.append(piece)
    return text(*parts)


def _kept(path: Text, holes: list[Hole], kept: int) -> list[Hole]:
    """Return the holes that '..' did not cancel."""
    stack: list[list[Hole]] = [[]]
    said = ""
    for part in path.parts:
        if isinstance(part, Hole):
            stack[-1].append(part)
            said += HOLE
            continue
        for index, piece in enumerate(part.split("/")):
            if index:
                if said == "..":
                    stack.pop()
                    if stack:
                        stack[-1] = []
                    else:
                        stack.append([])
                else:
                    stack.append([])
                said = ""
            said += piece
    found = [hole for segment in stack for hole in segment]
    return found if len(found) == kept else holes[len(holes) - kept :] if kept else []


def written(path: Text) -> str:
    """Return a template: literals, and placeholders in braces."""
    said = "".join(
        part if isinstance(part, str) else "*" if part.name == "*" else "{" + snake(part.name) + "}"
        for part in path.parts
    )
    return "?" if said in ("", "{unknown}", "{argv}", "{sys_argv}", "*") else said


def shape(path: Text) -> str:
    """Return a template with every placeholder alike."""
    return "".join(part if isinstance(part, str) else HOLE for part in path.parts)


def pattern(path: Text) -> str:
    return "".join(
        part if isinstance(part, str) else _STAR if part.name == "*" else HOLE
        for part in path.parts
    )


def is_settled(path: Text) -> bool:
    """Say whether the literals of a path tell which file it is, more than an ending does."""
    said = shape(path)
    for prefix in ("azure://", "s3://", "gs://"):
        if said.startswith(prefix):
            said = said.removeprefix(prefix)
    *folders, last = said.split("/")
    for segment in folders:
        if re.search(r"[A-Za-z0-9]", segment) and segment not in ("~", "tmp"):
            return True
    stem = last
    if HOLE in last:
        # {name}.json, {base}_{name}.json.gz: the ending alone says nothing; {name}.map.json does.
        stem = re.sub(r"\.[A-Za-z0-9]+(\.gz|\.bak|\.tmp)?$", "", last)
    return re.search(r"[A-Za-z0-9]{2}", stem.replace(HOLE, "")) is not None


def are_alike(value: Value, other: Value) -> bool:
    """Say whether two folders have one name, below folders that are not known."""
    if not isinstance(value, Text) or not isinstance(other, Text):
        return False
    return is_settled(value) and shape(normal(value)) == shape(normal(other))


def letters(path: Text) -> str:
    """Return what a path says in words, without its ending."""
    folders, slash, last = shape(path).rpartition("/")
    return re.sub(r"[^A-Za-z0-9]", "", folders + slash + re.sub(r"(\.[A-Za-z0-9]+)+$", "", last))


def name_of(path: Text) -> str:
    """Return the name of the first placeholder, for what turns out to be no text."""
    return path.holes[0].name if path.holes else "?"


def ends_as_json(path: Text) -> bool:
    last = path.parts[-1] if path.parts else ""
    if not isinstance(last, str):
        return False
    lower = last.lower()
    for packed in (".gz", ".bz2", ".xz", ".zst", ".lz4"):
        lower = lower.removesuffix(packed)
    return lower.endswith(JSON_ENDINGS)


def is_identifying(name: str) -> bool:
    return _IDENTIFYING.search(snake(name)) is not None


def matches(listing: Text, template: Text) -> int:
    """Say how a listing's pattern fits a template: 2 its files, 1 folders above, 0 not."""
    fits = _fits(pattern(listing), shape(template))
    if fits and not is_settled(listing):
        # Nothing literal to go by: the folder must have the same name.
        folder = written(listing).rpartition("/")[0]
        is_named = any(snake(hole.name) not in _GENERIC_NAMES for hole in listing.holes)
        if not is_named or not folder or not written(template).startswith(f"{folder}/"):
            return 0
    return fits


# Many listings meet the same few shapes.
@lru_cache(maxsize=100_000)
def _fits(listing: str, template: str) -> int:
    wanted, given = listing.split("/"), template.split("/")
    if len(wanted) > len(given):
        return 0
    for want, have in zip(wanted, given, strict=False):
        expected = re.escape(want).replace(re.escape(_STAR), ".+").replace(re.escape(HOLE), "[\1]")
        if not re.fullmatch(expected, have):
            return 0
        if _STAR in want and HOLE not in have:
            return 0
    return 2 if len(wanted) == len(given) else 1


def _raw(name: str) -> str:
    return name if name == "*" else snake(name)


def best_names(paths: Iterable[Text]) -> Text:
    """Return one text for paths of one shape, each placeholder with its most telling name."""
    known = list(paths)
    first = known[0]
    names: list[str] = []
    for position in range(len(first.holes)):
        counts = Counter(_raw(path.holes[position].name) for path in known)
        order = {name: index for index, name in enumerate(dict.fromkeys(counts))}
        names.append(min(counts, key=lambda n: (n in _GENERIC_NAMES, -counts[n], order[n])))
    parts: list[str | Hole] = []
    for part in first.parts:
        parts.append(part if isinstance(part, str) else Hole(names.pop(0)))
    return text(*parts)


def shape_of_template(template: str) -> str:
    """Return the shape of a template as people write it."""
    return re.sub(r"\{[^{}]*\}", HOLE, template)
