"""Reads the bodies of a sample: JSON, JSON lines, gzipped or not. Nothing of them is kept."""

import json
import re
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import orjson

from loaders.advisor.classification.body import Profile
from loaders.advisor.classification.names import segment_of, split_ending
from loaders.advisor.classification.tree import Leaf
from loaders.sources.source import Entry, Source

LARGEST_BODY = 8 * 1024 * 1024
# Of logs, and of larger bodies, the beginning shows the shape.
BEGINNING = 1024 * 1024


_DECODER = json.JSONDecoder()
_SPACE = re.compile(r"[ \t\r\n]*")
_DEEPEST = 6


class _Damaged(Exception):
    """The body is no JSON."""


def read_samples(source: Source, leaves: Sequence[Leaf]) -> None:
    """Fill the profiles of templates from the bodies of their samples."""
    # A packed archive is read in the order of positions, without going back.
    wanted = sorted(
        ((entry, leaf.profile) for leaf in leaves for entry in leaf.sample),
        key=lambda pair: (pair[0].position, pair[0].path),
    )
    with ThreadPoolExecutor(source.opened_at_once) as threads:
        # In portions: results that nobody took yet are in memory.
        portions = iter(wanted)
        while portion := list(islice(portions, source.opened_at_once)):
            read = threads.map(lambda pair: _read(source, pair[0]), portion)
            for (entry, profile), outcome in zip(portion, read, strict=True):
                _observe(profile, entry, *outcome)


def _observe(
    profile: Profile, entry: Entry, content: bytes | OSError | None, modified: float | None
) -> None:
    if content is None:
        return
    try:
        if isinstance(content, OSError):
            raise content
        body, is_lines, is_part = _body(entry.path, content)
        profile.observe(body, _repeatable(entry.path), modified)
        profile.lines += is_lines
        profile.too_large += is_part
    except (_Damaged, OSError):
        profile.damaged += 1


def _read(source: Source, entry: Entry) -> tuple[bytes | OSError | None, float | None]:
    """Return a file's content, or why there is none, and its time; None when it has vanished."""
    try:
        looked_at = source.look(entry)
        if looked_at is None:
            return None, None
        if looked_at.problem is not None:
            return OSError(looked_at.problem), None
        pieces: list[bytes] = []
        size = 0
        with source.open(looked_at) as opened:
            while size <= LARGEST_BODY and (piece := opened.read(LARGEST_BODY + 1 - size)):
                pieces.append(piece)
                size += len(piece)
            modified = opened.stamp().modified_us
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return error, None
    return b"".join(pieces), None if modified is None else modified / 1e6


def _has_lines(path: str) -> bool:
    return split_ending(path.lower())[1].removesuffix(".gz") in (".jsonl", ".ndjson")


def _body(path: str, content: bytes) -> tuple[Any, bool, bool]:
    """Return what a file holds, whether that is lines, and whether it is only the beginning."""
    if path.lower().endswith(".gz"):
        content = _unpacked(content)
    if _has_lines(path):
        return _rows(content[:BEGINNING]), True, len(content) > BEGINNING
    if len(content) > LARGEST_BODY:
        return beginning_of(content[:BEGINNING]), False, True
    try:
        return parsed(content), False, False
    except _Damaged:
        # Some write lines under the name of a document.
        rows = _rows(content[:BEGINNING])
        if len(rows) < max(2, content[:BEGINNING].count(b"\n")):
            raise
        return rows, True, False


def _rows(content: bytes) -> list[Any]:
    """Return the lines that can be read; the last one may be cut off."""
    rows = []
    for line in content.splitlines():
        if line.strip():
            try:
                rows.append(parsed(line))
            except _Damaged:
                continue
    if not rows:
        raise _Damaged
    return rows


def _unpacked(content: bytes) -> bytes:
    try:
        return zlib.decompressobj(31).decompress(content, LARGEST_BODY + 1)
    except zlib.error:
        raise _Damaged from None


def parsed(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return a document as Python reads it: also with a byte-order mark, NaN or Latin-1."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    try:
        return orjson.loads(content)
    except orjson.JSONDecodeError:
        pass
    try:
        try:
            text = content.decode()
        except UnicodeDecodeError:
            text = content.decode("latin-1")
        return json.loads(text)
    except (ValueError, RecursionError):
        raise _Damaged from None


def beginning_of(content: bytes) -> Any:  # noqa: ANN401 - any JSON
    """Return as much of a document as its first bytes hold."""
    text = content.removeprefix(b"\xef\xbb\xbf").decode(errors="replace")
    found, _ = _partial(text, _skip(text, 0), 0)
    if not found:
        raise _Damaged
    return found


def _partial(text: str, at: int, depth: int) -> tuple[Any, int]:
    """Return the value at an offset, or what there is of it, and its end; -1: it breaks off."""
    try:
        return _DECODER.raw_decode(text, at)
    except (ValueError, RecursionError):
        pass
    opening = text[at : at + 1]
    if depth > _DEEPEST or opening not in ("[", "{"):
        return None, -1
    items: list[Any] = []
    members: dict[str, Any] = {}
    at = _skip(text, at + 1)
    while at >= 0:
        key: Any = None
        if opening == "{":
            key, at = _partial(text, at, _DEEPEST)
            at = _skip(text, at)
            if at < 0 or text[at] != ":":
                break
            at = _skip(text, at + 1)
        value, at = _partial(text, at, depth + 1) if at >= 0 else (None, -1)
        if value is not None:
            if opening == "{":
                members[str(key)] = value
            elif at >= 0:
                # A record that breaks off would seem to lack keys.
                items.append(value)
        at = _skip(text, at)
        if at < 0 or text[at] != ",":
            break
        at = _skip(text, at + 1)
    return members if opening == "{" else items, -1


def _skip(text: str, at: int) -> int:
    """Return where the next sign is that is no space, -1 at the end."""
    if at < 0:
        return -1
    found = _SPACE.match(text, at)
    at = found.end() if found else at
    return at if at < len(text) else -1


def _repeatable(path: str) -> list[set[str]]:
    """Return for each segment of a path the texts that a value of the body may repeat."""
    *folders, name = path.split("/")
    found = []
    for segment, is_file in [*((folder, False) for folder in folders), (name, True)]:
        texts = {split_ending(segment)[0] if is_file else segment}
        texts.update(segment_of(segment, is_file=is_file).values)
        # A number may be padded in the name.
        texts |= {text.lstrip("0") for text in texts if text.isdigit()} - {""}
        found.append(texts)
    return found
