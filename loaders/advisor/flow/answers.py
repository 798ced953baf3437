"""What servers and databases are asked: requests, statements, and values that hold an answer."""

from loaders.advisor.flow.values import (
    External,
    Mapping,
    Nothing,
    Options,
    Sequence,
    Text,
    Value,
    options_of,
)

# The name of a JSON text that holds what a server answered.
ANSWER = "answer"
_FETCHERS = ("urlopen", "fetch", "requests.", "httpx.", "aiohttp.", "axios", "got.", "urllib3.")

_METHODS = frozenset({"get", "post", "request", "getJSON", "getJson", "get_json"})


def is_request(name: str) -> bool:
    """Say whether a name of a library asks a server."""
    return any(word in name.lower() for word in _FETCHERS)


def asks(name: str, args: tuple[Value, ...]) -> bool:
    """Say whether a method of HTTP is called with an address."""
    first = args[0] if args else None
    head = first.parts[0] if isinstance(first, Text) and first.parts else ""
    return name in _METHODS and isinstance(head, str) and head.startswith(("http://", "https://"))


def is_answer(value: Value) -> bool:
    """Say whether a value is, or holds, what a server answered."""
    match value:
        case External():
            return "()" in value.name and is_request(value.name)
        case Text():
            return any(part.name == ANSWER for part in value.holes)
        case Options():
            # What is empty at first is filled in later.
            filled = [option for option in value.values if not _is_empty(option)]
            return bool(filled) and all(is_answer(option) for option in filled)
        case _:
            return False


def _is_empty(value: Value) -> bool:
    match value:
        case Sequence():
            return not value.items
        case Mapping():
            return not value.entries
        case _:
            return isinstance(value, Nothing)


def is_writing(args: tuple[Value, ...]) -> bool:
    """Say whether a statement of SQL writes, as far as its text is known."""
    for value in args[:1]:
        for option in options_of(value):
            if isinstance(option, Text):
                said = "".join(part for part in option.parts if isinstance(part, str)).lower()
                words = said.split()
                return not words or words[0] in ("insert", "update", "delete", "merge", "with")
    return True
