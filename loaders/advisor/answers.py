"""What servers answer: requests by the names of libraries, and values that hold an answer."""

from loaders.advisor.values import External, Options, Text, Value

# The name of a JSON text that holds what a server answered.
ANSWER = "answer"
_FETCHERS = ("urlopen", "fetch", "requests.", "httpx.", "aiohttp.", "axios", "got.", "urllib3.")


def is_request(name: str) -> bool:
    """Say whether a name of a library asks a server."""
    return any(word in name.lower() for word in _FETCHERS)


def is_answer(value: Value) -> bool:
    """Say whether a value is, or holds, what a server answered."""
    match value:
        case External():
            return "()" in value.name and is_request(value.name)
        case Text():
            return any(part.name == ANSWER for part in value.holes)
        case Options():
            return all(is_answer(option) for option in value.values)
        case _:
            return False
