"""The types of the landing."""

from dataclasses import astuple, dataclass
from typing import NamedTuple, Self

from loaders.project.document_kinds import Match
from loaders.sources.source import Entry, Stamp

# PostgreSQL accepts no value of 1 GiB; the rest of the row and the protocol need some room.
LARGEST_DOCUMENT = 1024**3 - 64 * 1024
# A larger document is sent alone, streamed and unparsed.
LARGEST_IN_BATCH = 1_000_000


@dataclass(frozen=True)
class Scope:
    """Which part of a source a load reads.

    only_quarantined retries files in quarantine, and leaves all others alone. accept_vanished says
    that missing files are gone on purpose, however many they are.
    """

    kinds: tuple[str, ...] = ()
    prefix: str = ""
    verify_content: bool = False
    only_quarantined: bool = False
    accept_vanished: bool = False

    @property
    def is_whole(self) -> bool:
        """Whether the scope includes every file of the source."""
        return not (self.kinds or self.prefix or self.only_quarantined)

    def as_parameters(self) -> dict[str, object]:
        """Return the scope as query parameters."""
        return {
            "wanted_kinds": list(self.kinds) or None,
            "prefix": self.prefix,
            "verify_content": self.verify_content,
            "only_quarantined": self.only_quarantined,
        }


@dataclass(frozen=True)
class _Summed:
    """Counts that can be added, field by field."""

    def __add__(self, other: Self) -> Self:
        return type(self)(*(a + b for a, b in zip(astuple(self), astuple(other), strict=True)))


@dataclass(frozen=True)
class Plan(_Summed):
    """What a load would do, in files; seen is the sum of the others except vanished."""

    seen: int = 0
    new: int = 0
    touched: int = 0
    refused: int = 0
    unchanged: int = 0
    left_as_config: int = 0
    unrecognised: int = 0
    vanished: int = 0
    bytes_to_read: int = 0


@dataclass(frozen=True)
class Counters(_Summed):
    """What a load did, in files (docs/design.md §4); bytes are what was read."""

    seen: int = 0
    landed: int = 0
    changed: int = 0
    unchanged: int = 0
    quarantined: int = 0
    left_as_config: int = 0
    unrecognised: int = 0
    vanished: int = 0
    bytes: int = 0

    @property
    def add_up(self) -> bool:
        """Whether every file seen has exactly one outcome."""
        outcomes = self.landed + self.unchanged + self.quarantined
        return (
            self.seen == outcomes + self.left_as_config + self.unrecognised
            and 0 <= self.changed <= self.landed
        )


class Planned(NamedTuple):
    """A listed file and what to do with it.

    action is read, refuse, config or unrecognised; is_recorded says that the manifest agrees
    already. first_seen_us is None when the manifest has no row of it.
    """

    entry: Entry
    match: Match
    action: str
    is_recorded: bool
    first_seen_us: int | None

    @property
    def path(self) -> str:
        """Its path relative to the root."""
        return self.entry.path


class Document(NamedTuple):
    """A file that was read, with its stamp at that time.

    content is None for one over LARGEST_IN_BATCH, which is hashed first and streamed later.
    """

    planned: Planned
    stamp: Stamp
    sha256: bytes
    content: bytes | None


class Refusal(NamedTuple):
    """A file that cannot land: SQLSTATE or reason code, reason in words, position of the error.

    around are the bytes around that position; they begin at around_offset.
    """

    planned: Planned
    stamp: Stamp
    sha256: bytes | None
    code: str
    reason: str
    byte_offset: int | None = None
    first_bytes: bytes | None = None
    around: bytes | None = None
    around_offset: int | None = None
