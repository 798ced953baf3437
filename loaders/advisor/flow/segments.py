"""Segments of a path: its folder, its last one, that without an ending."""

from loaders.advisor.flow.values import (
    Hole,
    Member,
    Options,
    Sequence,
    Text,
    Value,
    is_json_text,
    options_of,
    text,
)

# Lists in lists, one in the other.
_DEEPEST = 4


def parent(path: Text) -> Text:
    """Return the folder of a path; of a lone hole, a hole."""
    if path.symbol is not None:
        origin = path.symbol
        name = path.holes[0].name
        return text(Hole(f"{name}_parent", Member(origin, "parent") if origin else None))
    parts = list(path.parts)
    if parts and isinstance(parts[-1], str):
        parts[-1] = parts[-1].rstrip("/")
    while parts:
        last = parts.pop()
        if isinstance(last, str) and "/" in last:
            return text(*parts, last.rsplit("/", 1)[0])
    return text(Hole(f"{path.holes[0].name}_parent")) if path.holes else Text(())


def base_name(path: Text) -> Text:
    """Return the last segment of a path."""
    parts: list[str | Hole] = []
    for part in reversed(path.parts):
        if isinstance(part, str) and "/" in part:
            return text(part.rsplit("/", 1)[1], *parts)
        parts.insert(0, part)
    return text(*parts)


def without_suffix(path: Text) -> Text:
    if path.parts and isinstance(path.parts[-1], str):
        last = path.parts[-1]
        name = last.rsplit("/", 1)[-1]
        if "." in name:
            return text(*path.parts[:-1], last[: len(last) - len(name) + name.rindex(".")])
    return path


def is_deep(value: Value, depth: int = 0) -> bool:
    """Say whether lists hold lists that hold lists: who adds a list to itself says no path."""
    match value:
        case Options():
            return any(is_deep(each, depth) for each in value.values)
        case Sequence():
            return depth > _DEEPEST or any(is_deep(each, depth + 1) for each in value.items)
        case _:
            return False


def is_path_text(value: Value) -> bool:
    """Say whether a value is a path that the code writes down, at least its head."""
    first = value.parts[0] if isinstance(value, Text) and value.parts else ""
    return isinstance(first, str) and ("/" in first or "." in first)


def is_open_text(value: Value) -> bool:
    """Say whether a value is but what somebody hands in, of which nothing is known."""
    return all(
        isinstance(option, Text)
        and all(isinstance(part, Hole) and not part.reads for part in option.parts)
        and not is_json_text(option)
        for option in options_of(value)
    )
