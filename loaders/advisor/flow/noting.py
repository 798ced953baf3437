"""What is noted of contents on the way: which keys are read and set, what grows, who hands what."""

from collections.abc import Iterable

from loaders.advisor.flow.values import Text, Value, options_of

# What a value is called that is all of what was read, and not an item or a member of it.
_WHOLE = ("content", "?")


class Notes:
    """Notes by access of what code does with what it read, and by parameter of what it is given."""

    def __init__(self) -> None:
        self.keys: dict[str, dict[str, None]] = {}
        self.item_keys: dict[str, dict[str, None]] = {}
        self.set_keys: dict[str, dict[str, None]] = {}
        self.keyed: dict[str, dict[str, None]] = {}
        self.variables: dict[str, dict[str, None]] = {}
        self.grown: set[str] = set()
        self.said: dict[str, dict[str, None]] = {}
        self.handed: dict[tuple[str, str], dict[tuple[str, int], Value]] = {}

    def keys_read(self, reads: Iterable[str], key: str, *, is_item: bool) -> None:
        """Remember a key that somebody takes out of what was read, or of one of its items."""
        for read in reads:
            (self.item_keys if is_item else self.keys).setdefault(read, {})[key] = None

    def key_set(self, reads: Iterable[str], key: str) -> None:
        """Remember a literal key that somebody assigns to in what was read."""
        for read in reads:
            self.set_keys.setdefault(read, {})[key] = None

    def keyed_by(self, reads: Iterable[str], name: str) -> None:
        """Remember the name of a variable by which somebody looks into what was read."""
        for read in reads:
            self.keyed.setdefault(read, {})[name] = None

    def bound_to(self, reads: Iterable[str], name: str) -> None:
        """Remember the name of a variable that holds all of what was read."""
        for read in reads:
            self.variables.setdefault(read, {})[name] = None


def whole_of(value: Value) -> frozenset[str]:
    """Return the accesses of which a value holds all that was read."""
    found = [option for option in options_of(value) if isinstance(option, Text)]
    holes = [each.holes[0] for each in found if len(each.parts) == 1 and each.holes]
    return frozenset().union(*(hole.reads for hole in holes if hole.name in _WHOLE))
