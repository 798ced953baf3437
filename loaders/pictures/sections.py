"""What a section of a page holds: its question, the answer, a chart, and the numbers in a table."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from loaders.pictures.drawing import DESK, PHONE, Drawing, Size


@dataclass(frozen=True)
class Chart:
    """A chart for wide screens and for narrow ones, and what it shows in words."""

    described: str
    desk: Drawing
    phone: Drawing


@dataclass(frozen=True)
class Table:
    """Numbers as text; the columns named in right are numbers. note says what is left out."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    right: frozenset[str]
    note: str = ""


@dataclass(frozen=True)
class Key:
    """What a colour of a chart stands for; css is the name of its class."""

    css: str
    name: str


@dataclass(frozen=True)
class Section:
    """A section of a page. is_wide: it takes the whole width, with the numbers beside a chart.

    A note explains the chart; that of a wide section stands by itself too.
    """

    name: str
    question: str
    answer: str
    chart: Chart | None = None
    keys: tuple[Key, ...] = ()
    note: str = ""
    numbers: Table | None = None
    listed: "Listed | None" = None
    is_wide: bool = False


@dataclass(frozen=True)
class Entry:
    """A learner of the list: figures, a line of readiness, and why it is listed."""

    user_id: str
    figures: tuple[str, ...]
    line: str
    why: str


@dataclass(frozen=True)
class Listed:
    """A list of learners, with the names of the figures; the columns in right are numbers."""

    columns: tuple[str, ...]
    right: frozenset[str]
    entries: tuple[Entry, ...] = field(default_factory=tuple)


def drawn(described: str, draw: Callable[[Size], Drawing]) -> Chart:
    """Draw a chart in both sizes."""
    from altair.utils.schemapi import debug_mode

    # Our charts are valid; checking each of their parts takes a fifth of the time.
    with debug_mode(False):
        return Chart(described, draw(DESK), draw(PHONE))


def table(
    columns: Sequence[str],
    rows: Sequence[Sequence[str]],
    *,
    words: Sequence[str] = (),
    note: str = "",
) -> Table | None:
    """Return a table, none without rows; the columns named in words are text, others numbers."""
    if not rows:
        return None
    right = frozenset(columns) - set(words)
    return Table(tuple(columns), tuple(tuple(row) for row in rows), right, note)
