"""What libraries make of values: one object of several, a default path, a file in memory."""

import re

from loaders.advisor.flow.context import Arguments
from loaders.advisor.flow.templates import is_settled
from loaders.advisor.flow.values import (
    Handle,
    Instance,
    Mapping,
    Text,
    Value,
    content,
    either,
    options_of,
    reads_of,
)


def mixed(values: tuple[Value, ...]) -> Value | None:
    """Return one object made of several: one of ours, what was read, or all of their keys."""
    if own := [option for option in options_of(values[0]) if isinstance(option, Instance)]:
        return either(*own)
    if reads := frozenset().union(*map(reads_of, values)):
        return content(reads)
    options = [option for value in values for option in options_of(value)]
    tables = [option for option in options if isinstance(option, Mapping)]
    entries = tuple(entry for table in tables for entry in table.entries)
    return Mapping(entries) if entries else None


def in_memory(value: Value) -> Value:
    """Return a text as a file: it holds what the text does, and has no path."""
    if isinstance(value, Text):
        return Handle(value, reads_of(value), kind="memory")
    return content(reads_of(value)) if not isinstance(value, Handle) else value


def default_path(name: str, a: Arguments) -> Value | None:
    """Return the path that stands for a missing key: values.get("file", "data/days.json")."""
    if name not in ("get", "pop", "setdefault") or len(a.args) < 2:
        return None
    is_path = any(
        isinstance(each, Text)
        and is_settled(each)
        and any(isinstance(part, str) and re.search(r"[./]", part) for part in each.parts)
        for each in options_of(a.args[1])
    )
    return a.args[1] if is_path else None


def is_item_of_files(value: Value) -> bool:
    """Say whether a value is what a listing found, or what a file holds."""
    return isinstance(value, Text) and any(part.name == "*" or part.reads for part in value.holes)
