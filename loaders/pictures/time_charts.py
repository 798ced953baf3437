"""Charts over time, each as a drawing; sizes are pixels, dates are day numbers."""

import json
from collections import Counter
from collections.abc import Sequence
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from loaders.pictures.drawing import (
    ACCENT,
    Drawing,
    Frame,
    Size,
    labelled_axis,
    layer,
    left_of,
    number_ticks,
    spread,
    svg_of,
)
from loaders.pictures.figures import Band, BandWeek, SessionWeek
from loaders.pictures.learner_figures import Session, Snapshot
from loaders.pictures.words import day, measured, month, number

_HEIGHT = 190
# More weeks than these are an area: bars would be too thin to tell apart.
_MOST_BARS = 30


def bands_by_week(size: Size, weeks: Sequence[BandWeek], bands: Sequence[Band]) -> Drawing:
    """Draw the learners of each band, one upon the other, with the last week's counts beside."""
    import altair as alt

    ticks = number_ticks(max(sum(week.learners) for week in weeks))
    names = [f"{band.name} {n:,}" for band, n in zip(bands, weeks[-1].learners, strict=True)]
    right = max(measured(name, size.text) for name in names) + 26
    frame = Frame(size, _HEIGHT, left_of(ticks, size), right)
    stacked = _stacked(weeks, bands)
    first, last = weeks[0].week_start.toordinal(), weeks[-1].week_start.toordinal() + 7
    x = alt.Scale(domain=[first, last], nice=False)
    y = alt.Scale(domain=[0, max(ticks)], nice=False)
    colour = alt.Color(
        "band:N",
        scale=alt.Scale(domain=list(range(len(bands))), range=[band.colour for band in bands]),
        legend=None,
    )
    base = layer(stacked).encode(
        x=alt.X("x:Q", scale=x, axis=_time_axis(frame, first, last)),
        y=alt.Y("y:Q", scale=y, axis=labelled_axis(ticks, has_grid=True)),
        y2="y2:Q",
        color=colour,
    )
    is_bars = len(weeks) <= _MOST_BARS
    marks = base.encode(x2="x2:Q").mark_rect() if is_bars else base.mark_area(interpolate="linear")
    places = _label_places(frame, weeks[-1], max(ticks), size.text + 5)
    labels = [
        {"band": at, "name": name, "y": place}
        for at, (name, place) in enumerate(zip(names, places, strict=True))
    ]
    side = layer(labels)
    beside = alt.Y("y:Q", scale=y)
    return svg_of(
        frame,
        marks,
        side.mark_square(size=80, opacity=1).encode(
            x=alt.value(frame.width + 12), y=beside, color=colour
        ),
        side.mark_text(align="left").encode(x=alt.value(frame.width + 21), y=beside, text="name:N"),
    )


def _stacked(weeks: Sequence[BandWeek], bands: Sequence[Band]) -> list[dict[str, float]]:
    rows: list[dict[str, float]] = []
    spans = [(week, week.week_start.toordinal()) for week in weeks]
    if len(weeks) > _MOST_BARS:
        # The area goes on to the end of its last week.
        spans.append((weeks[-1], spans[-1][1] + 7))
    for week, start in spans:
        foot = 0
        for at in reversed(range(len(bands))):
            head = foot + week.learners[at]
            rows.append({"band": at, "x": start, "x2": start + 6.4, "y": foot, "y2": head})
            foot = head
    return rows


def _label_places(frame: Frame, week: BandWeek, most: int, gap: float) -> list[float]:
    """Return where the names of the bands stand, in learners: at their middles if there is room."""
    foot, middles = 0, [0.0] * len(week.learners)
    for at in reversed(range(len(week.learners))):
        middles[at] = foot + week.learners[at] / 2
        foot += week.learners[at]
    return spread(middles, gap * most / frame.height, most)


def sessions_by_week(size: Size, weeks: Sequence[SessionWeek]) -> Drawing:
    """Draw the sessions of each week; a week without any is a gap."""
    import altair as alt

    ticks = number_ticks(max(week.sessions for week in weeks))
    frame = Frame(size, _HEIGHT, left_of(ticks, size), 14)
    first, last = weeks[0].week_start.toordinal(), weeks[-1].week_start.toordinal() + 7
    wide = 6.4 if len(weeks) <= _MOST_BARS else 5.6
    rows = [
        {
            "x": week.week_start.toordinal(),
            "x2": week.week_start.toordinal() + wide,
            "y": week.sessions,
            "y2": 0,
        }
        for week in weeks
    ]
    bars = layer(rows).mark_rect(color=ACCENT).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(domain=[first, last], nice=False),
            axis=_time_axis(frame, first, last),
        ),
        x2="x2:Q",
        y=alt.Y(
            "y:Q",
            scale=alt.Scale(domain=[0, max(ticks)], nice=False),
            axis=labelled_axis(ticks, has_grid=True),
        ),
        y2="y2:Q",
    )  # fmt: skip
    return svg_of(frame, bars)


def _time_axis(frame: Frame, first: int, last: int) -> Any:  # noqa: ANN401
    return labelled_axis(time_ticks(frame, first, last), has_grid=False)


def time_ticks(frame: Frame, first: int, last: int) -> dict[int, str]:
    """Return days to label between two, with words that stay clear of each other and inside."""
    for ticks in _candidates(date.fromordinal(first), date.fromordinal(last)):
        scale = frame.width / max(1, last - first)
        placed = [
            (frame.left + (at - first) * scale, measured(text, frame.size.text) / 2, at, text)
            for at, text in ticks.items()
        ]
        kept = [
            each
            for each in placed
            if each[0] - each[1] >= 0 and each[0] + each[1] <= frame.size.width
        ]
        if all(one[0] + one[1] + 10 <= two[0] - two[1] for one, two in pairwise(kept)):
            return {at: text for _, _, at, text in kept}
    return {first: ""}


def _candidates(first: date, last: date) -> list[dict[int, str]]:
    """Return ways to label a span of days, the closest first."""
    days = (last - first).days
    found = []
    if days <= 100:
        for step in (7, 14, 28, 56):
            starts = [first + timedelta(days=at) for at in range(0, days, step)]
            found.append({at.toordinal(): f"{at.day} {month(at)[:3]}" for at in starts})
        found.append({first.toordinal(): day(first)})
    for step in (1, 2, 3, 6, 12, 24, 48):
        months = [
            date(year, number, 1)
            for year in range(first.year, last.year + 1)
            for number in range(1, 13, min(step, 12))
            if (step <= 12 or (year - first.year) % (step // 12) == 0)
        ]
        found.append({at.toordinal(): month(at) for at in months if first <= at <= last})
    return found


LINES = ("Overall", "Technical", "Communication", "Structure", "Behavioral")


def readiness_lines(size: Size, snapshots: Sequence[Snapshot], bands: Sequence[Band]) -> Drawing:
    """Draw a learner's readiness and its components, each named at its end."""
    import altair as alt

    rows = _parts(snapshots)
    ends = {int(row["line"]): row["y"] for row in rows}
    now = _values(snapshots[-1])
    # A component without a score of late ends where it had one; its last value is not today's.
    names = {at: f"{LINES[at]} {number(now[at])}" for at in ends}
    ticks = {at: str(at) for at in range(0, 101, 20)}
    right = max(measured(name, size.text) for name in names.values()) + 26
    frame = Frame(size, 230, left_of(ticks, size), right)
    first, last = snapshots[0].day.toordinal(), snapshots[-1].day.toordinal() + 1
    y = alt.Scale(domain=[0, 100], nice=False)
    colour = alt.Color(
        "line:N",
        scale=alt.Scale(
            domain=list(range(len(LINES))), range=[f"var(--line-{at})" for at in range(len(LINES))]
        ),
        legend=None,
    )
    base = layer(rows).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(domain=[first, last], nice=False),
            axis=_time_axis(frame, first, last),
        ),
        y=alt.Y("y:Q", scale=y, axis=labelled_axis(ticks, has_grid=True)),
        color=colour,
        order="order:Q",
        detail="part:N",
    )
    is_dotted = len(snapshots) <= _MOST_BARS
    lines = [
        mark
        # The overall line above the others.
        for at in sorted(ends, reverse=True)
        for mark in (
            base.transform_filter(f"datum.line == {at}").mark_line(
                strokeWidth=3 if at == 0 else 1.6
            ),
            # Among many, points only blur; a line of one point is none.
            base.transform_filter(
                f"datum.line == {at} && (datum.alone || {json.dumps(is_dotted)})"
            ).mark_circle(size=30 if at == 0 else 14, opacity=1),
        )
    ]
    order = sorted(ends)
    places = spread([ends[at] for at in order], (size.text + 5) * 100 / frame.height, 100)
    labels = [
        {"line": at, "name": names[at], "y": place} for at, place in zip(order, places, strict=True)
    ]
    side, beside = layer(labels), alt.Y("y:Q", scale=y)
    limits = [{"y": float(band.at_least)} for band in bands if band.at_least is not None]
    rules = layer(limits).mark_rule(color="var(--ink-3)", strokeDash=[2, 3]).encode(y=beside)
    return svg_of(
        frame,
        *([rules] if limits else []),
        *lines,
        side.mark_square(size=80, opacity=1).encode(
            x=alt.value(frame.width + 12), y=beside, color=colour
        ),
        side.mark_text(align="left").encode(x=alt.value(frame.width + 21), y=beside, text="name:N"),
    )


def _parts(snapshots: Sequence[Snapshot]) -> list[dict[str, float]]:
    """Return the points of each line, in parts: a line ends where its component has no score."""
    rows: list[dict[str, float]] = []
    parts = Counter[int]()
    for order, each in enumerate(snapshots):
        for at, value in enumerate(_values(each)):
            if value is None:
                parts[at] += 1
                continue
            rows.append(
                {
                    "x": each.day.toordinal(), "y": float(value), "line": at, "order": order,
                    "part": parts[at] * len(LINES) + at,
                }
            )  # fmt: skip
    lengths = Counter(row["part"] for row in rows)
    return [{**row, "alone": lengths[row["part"]] == 1} for row in rows]


def _values(snapshot: Snapshot) -> tuple[Decimal | None, ...]:
    return (
        snapshot.overall,
        snapshot.technical,
        snapshot.communication,
        snapshot.structure,
        snapshot.behavioral,
    )


def session_dots(size: Size, sessions: Sequence[Session]) -> Drawing:
    """Draw the score of each session, the oldest left: filled when it passed."""
    import altair as alt

    scored = [each for each in reversed(sessions) if each.score is not None]
    ticks = {at: str(at) for at in range(0, 101, 20)}
    frame = Frame(size, _HEIGHT, left_of(ticks, size), 14)
    first, last = scored[0].day.toordinal() - 1, scored[-1].day.toordinal() + 1
    rows = [
        {"x": each.day.toordinal(), "y": float(each.score or 0), "passed": bool(each.is_passed)}
        for each in scored
    ]
    base = layer(rows).encode(
        x=alt.X(
            "x:Q",
            scale=alt.Scale(domain=[first, last], nice=False),
            axis=_time_axis(frame, first, last),
        ),
        y=alt.Y(
            "y:Q",
            scale=alt.Scale(domain=[0, 100], nice=False),
            axis=labelled_axis(ticks, has_grid=True),
        ),
    )
    dot = {"size": 70, "opacity": 1, "stroke": ACCENT, "strokeWidth": 1.8}
    return svg_of(
        frame,
        base.transform_filter("datum.passed").mark_circle(fill=ACCENT, **dot),
        base.transform_filter("!datum.passed").mark_circle(fill="var(--card)", **dot),
    )
