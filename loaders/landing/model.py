"""The words of the landing, as types."""

from dataclasses import asdict, dataclass
from typing import NamedTuple

# PostgreSQL takes no value of 1 GiB; the rest of the row and the protocol need some room.
LARGEST_DOCUMENT = 1024**3 - 64 * 1024
# Beyond this a document travels alone, streamed and unparsed.
LARGEST_IN_BATCH = 1_000_000


@dataclass(frozen=True)
class Scope:
    """What part of a source a load looks at, and how closely."""

    kinds: tuple[str, ...] = ()
    prefix: str = ""
    verify_content: bool = False

    def as_parameters(self) -> dict[str, object]:
        """Return the scope as query parameters."""
        return {
            "kinds": list(self.kinds) or None,
            "prefix": self.prefix,
            "verify_content": self.verify_content,
        }


@dataclass(frozen=True)
class Plan:
    """What a load would do, in files; seen is the sum of the others but vanished."""

    seen: int
    new: int
    touched: int
    refused: int
    unchanged: int
    left_as_config: int
    unrecognised: int
    vanished: int
    bytes_to_read: int


@dataclass(frozen=True)
class Counters:
    """What a load did, in files (design §4); bytes are what was read."""

    seen: int = 0
    landed: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    left_as_config: int = 0
    unrecognised: int = 0
    vanished: int = 0
    bytes: int = 0

    def __add__(self, other: "Counters") -> "Counters":
        theirs = asdict(other)
        return Counters(**{name: value + theirs[name] for name, value in asdict(self).items()})

    @property
    def add_up(self) -> bool:
        """Whether every file seen has exactly one outcome."""
        outcomes = self.landed + self.unchanged + self.quarantined
        return (
            self.seen == outcomes + self.left_as_config + self.unrecognised
            and 0 <= self.changed <= self.landed
        )


class Planned(NamedTuple):
    """A file to read or to refuse. first_seen_us is None when the manifest has no row of it."""

    n: int
    path: str
    kind: str | None
    verdict: str
    session_key: str | None
    user_key: str | None
    size: int
    modified_us: int | None
    problem: str | None
    first_seen_us: int | None


class Document(NamedTuple):
    """A file that was read: bytes, times in microseconds since 1970.

    content is None for one over LARGEST_IN_BATCH, which is hashed first and streamed later.
    """

    planned: Planned
    size: int
    modified_us: int | None
    sha256: bytes
    content: bytes | None


class Refusal(NamedTuple):
    """A file that cannot land: SQLSTATE or reason code, words, place of the trouble."""

    planned: Planned
    size: int
    modified_us: int | None
    sha256: bytes | None
    code: str
    reason: str
    byte_offset: int | None
    first_bytes: bytes | None
