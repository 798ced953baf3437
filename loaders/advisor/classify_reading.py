"""Reads the bodies of a sample: JSON, JSON lines, gzipped or not. Nothing of them is kept."""

import json
import zlib
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import orjson

from loaders.advisor.classify_body import Profile
from loaders.advisor.classify_names import segment_of, split_ending
from loaders.advisor.classify_tree import Leaf
from loaders.sources.source import Entry, Source

LARGEST_BODY = 8 * 1024 * 1024
# A log may be any size: its first lines show its shape.
LARGEST_LINES = 1024 * 1024


class _Damaged(Exception):
    """The body is no JSON."""


class _TooLarge(Exception):
    """The body is larger than a sample may be."""


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
        while portion := list(islice(portions, 4 * source.opened_at_once)):
            read = threads.map(lambda pair: _read(source, pair[0]), portion)
            for (entry, profile), outcome in zip(portion, read, strict=True):
                _observe(profile, entry, *outcome)


def _observe(
    profile: Profile, entry: Entry, content: bytes | Exception | None, modified: float | None
) -> None:
    if content is None:
        return
    try:
        if isinstance(content, Exception):
            raise content
        bodies, is_lines = _bodies(entry.path, content)
        profile.observe(bodies, _repeatable(entry.path), modified)
        profile.lines += is_lines
    except _TooLarge:
        profile.too_large += 1
    except (_Damaged, OSError):
        profile.damaged += 1


def _read(source: Source, entry: Entry) -> tuple[bytes | Exception | None, float | None]:
    """Return a file's content, or why there is none, and its time; None when it has vanished."""
    limit = LARGEST_LINES if _has_lines(entry.path) else LARGEST_BODY
    try:
        looked_at = source.look(entry)
        if looked_at is None:
            return None, None
        if looked_at.problem is not None:
            return OSError(looked_at.problem), None
        pieces: list[bytes] = []
        size = 0
        with source.open(looked_at) as opened:
            while size <= limit and (piece := opened.read(limit + 1 - size)):
                pieces.append(piece)
                size += len(piece)
            modified = opened.stamp().modified_us
    except FileNotFoundError:
        return None, None
    except OSError as error:
        return error, None
    seconds = None if modified is None else modified / 1e6
    if size > limit and not _has_lines(entry.path):
        return _TooLarge(), seconds
    return b"".join(pieces), seconds


def _has_lines(path: str) -> bool:
    return split_ending(path.lower())[1].removesuffix(".gz") in (".jsonl", ".ndjson")


def _bodies(path: str, content: bytes) -> tuple[Any, bool]:
    """Return what a file holds: its document, or its lines as a list."""
    if path.lower().endswith(".gz"):
        content = _unpacked(content, has_lines=_has_lines(path))
    if not _has_lines(path):
        return parsed(content), False
    lines = content.splitlines()
    if len(content) >= LARGEST_LINES:
        lines = lines[:-1]
    rows = []
    for line in lines:
        if line.strip():
            try:
                rows.append(parsed(line))
            except _Damaged:
                continue
    if not rows:
        raise _Damaged
    return rows, True


def _unpacked(content: bytes, *, has_lines: bool) -> bytes:
    limit = LARGEST_LINES if has_lines else LARGEST_BODY
    inflater = zlib.decompressobj(31)
    try:
        unpacked = inflater.decompress(content, limit + 1)
    except zlib.error:
        raise _Damaged from None
    if len(unpacked) > limit and not has_lines:
        raise _TooLarge
    return unpacked


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
