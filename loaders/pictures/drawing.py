"""Draws charts: altair describes them, vl-convert makes an SVG of them without a browser."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any

from loaders.errors import WrongRequest
from loaders.pictures.words import measured

INK = "var(--ink)"
QUIET = "var(--ink-2)"
GRID = "var(--grid)"
ACCENT = "var(--accent)"


@dataclass(frozen=True)
class Size:
    """The width of a whole chart in pixels, and of its text: one for desks, one for phones."""

    width: int
    text: int

    @property
    def is_narrow(self) -> bool:
        return self.width < 400


@dataclass(frozen=True)
class Drawing:
    """What an SVG holds, escaped as XML, and its view box."""

    box: str
    marks: str


DESK = Size(520, 12)
PHONE = Size(326, 11)


@dataclass(frozen=True)
class Frame:
    """The room around the marks of a chart, and their height, in pixels."""

    size: Size
    height: int
    left: float = 8
    right: float = 8
    top: int = 10
    bottom: int = 28

    @property
    def width(self) -> int:
        """The width of the marks' own room."""
        return int(self.size.width - self.left - self.right)


def refuse_missing_tools() -> None:
    """Refuse to draw without what draws; it is found, not imported.

    Raises:
        WrongRequest: the extra is not installed.
    """
    for name in ("altair", "vl_convert", "pandas"):
        if find_spec(name) is None:
            raise WrongRequest(
                f"{name} is not installed: a dashboard needs pip install 'pulse-elt[dashboard]'."
            )


def warm_up() -> None:
    """Draw nothing, once: the first drawing takes a second, which a query may overlap."""
    import altair  # noqa: F401 - to be there when the figures are
    import pandas  # noqa: F401
    import vl_convert

    vl_convert.vegalite_to_svg({"mark": "point", "data": {"values": []}})


def layer(rows: Sequence[Mapping[str, Any]]) -> Any:  # noqa: ANN401 - altair's own types differ
    """Return an altair chart of rows, to be given marks."""
    import altair
    import pandas

    return altair.Chart(pandas.DataFrame(list(rows)))


def labelled_axis(labels: Mapping[int, str], *, has_grid: bool) -> Any:  # noqa: ANN401
    """Return an axis with our own words at our own numbers: no locale, no time zone."""
    import altair

    return altair.Axis(
        values=list(labels),
        labelExpr=f"{json.dumps({str(at): text for at, text in labels.items()})}[datum.value]",
        labelOverlap=False,
        labelBound=False,
        labelFlush=False,
        grid=has_grid,
        title=None,
    )


def svg_of(frame: Frame, *layers: Any) -> Drawing:  # noqa: ANN401 - altair's own types differ
    """Return a chart of layers; its layout depends on no font that is or is not installed."""
    import altair
    import vl_convert

    size = frame.size.text
    chart = (
        altair.layer(*layers)
        .properties(
            width=frame.width,
            height=frame.height,
            autosize="none",
            padding={
                "left": frame.left,
                "right": frame.right,
                "top": frame.top,
                "bottom": frame.bottom,
            },
        )
        .resolve_scale(color="independent")
        .configure(aria=False, background="transparent")
        .configure_view(stroke=None)
        .configure_text(fontSize=size, color=INK, baseline="middle")
        .configure_axis(
            labelColor=QUIET,
            labelFontSize=size,
            labelPadding=8,
            gridColor=GRID,
            domain=False,
            ticks=False,
            labelLimit=0,
        )
    )
    svg: str = vl_convert.vegalite_to_svg(chart.to_dict(validate=False))
    head, _, rest = svg.partition(">")
    box = head.partition('viewBox="')[2].partition('"')[0]
    return Drawing(box, rest.removesuffix("</svg>"))


def number_ticks(most: float, steps: int = 4) -> dict[int, str]:
    """Return round numbers from 0 to at least the largest value, as an axis labels them."""
    step = 1
    while step * steps < most:
        digits = 10 ** (len(str(step)) - 1)
        step = {1: 2, 2: 5, 5: 10}[step // digits] * digits
    last = max(1, -(-int(-(-most // 1)) // step))
    return {at * step: f"{at * step:,}" for at in range(last + 1)}


def left_of(labels: Mapping[int, str], size: Size) -> float:
    """Return the room that labels at the left need."""
    return max(measured(text, size.text) for text in labels.values()) + 10


def spread(middles: Sequence[float], gap: float, most: float) -> list[float]:
    """Return places near the wanted ones, in their order, each at least a gap from the next.

    All lie between 0 and most, where there is room.
    """
    order = sorted(range(len(middles)), key=lambda at: middles[at])
    placed = [0.0] * len(middles)
    before = -gap
    for at in order:
        before = placed[at] = max(middles[at], before + gap)
    ceiling = most
    for at in reversed(order):
        placed[at] = min(placed[at], ceiling)
        ceiling = placed[at] - gap
    return placed
