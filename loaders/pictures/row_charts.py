"""Charts with a row per category, each as a drawing; sizes are pixels."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from loaders.pictures.drawing import (
    ACCENT,
    INK,
    QUIET,
    Drawing,
    Frame,
    Size,
    labelled_axis,
    layer,
    svg_of,
)
from loaders.pictures.figures import CohortMonth, Milestone, Outcome, Reason, Skill
from loaders.pictures.words import fitted, measured, month, number, percent

_ROW = 24
# Half of a bar, in rows.
_HALF = 0.31
# The share of a chart that names may take.
_NAMES = {True: 0.43, False: 0.36}
OUTCOMES = ("won", "lost", "stalled", "other")


def cohorts_by_month(size: Size, cells: Sequence[CohortMonth]) -> Drawing:
    """Draw the mean readiness of each cohort in each month of its life; thin cells are faded."""
    import altair as alt

    cohorts = sorted({cell.cohort_month for cell in cells})
    names = [month(cohort) for cohort in cohorts]
    months = max(cell.months_since for cell in cells) + 1
    left = max(measured(name, size.text) for name in names) + 12
    frame = Frame(size, 22 * len(names), left, 4)
    known = [cell for cell in cells if cell.mean_readiness is not None]
    steps = _steps([float(cell.mean_readiness or 0) for cell in known])
    rows = [
        {
            "x": cell.months_since + 0.03,
            "x2": cell.months_since + 0.97,
            "middle": cell.months_since + 0.5,
            "y": cohorts.index(cell.cohort_month) + 0.04,
            "y2": cohorts.index(cell.cohort_month) + 0.96,
            "at": cohorts.index(cell.cohort_month) + 0.5,
            "step": step,
            "ink": -1 if cell.is_thin else step,
            "opacity": 0.3 if cell.is_thin else 1.0,
            "name": f"{cell.mean_readiness:.0f}",
        }
        for cell, step in zip(known, steps, strict=True)
    ]
    # Few cohorts do not make wide cells.
    shown_months = max(months, 6)
    x = alt.Scale(domain=[0, shown_months], nice=False)
    y = alt.Scale(domain=[len(names), 0], nice=False)
    ticks = {at: str(at) for at in range(months)}
    base = layer(rows)
    cells_drawn = base.mark_rect().encode(
        x=alt.X("x:Q", scale=x, axis=None),
        x2="x2:Q",
        y=alt.Y("y:Q", scale=y, axis=None),
        y2="y2:Q",
        color=_ordinal("step", [f"var(--step-{at})" for at in range(5)], list(range(5))),
        opacity=alt.Opacity("opacity:Q", scale=None),
    )
    inks = [INK, *(f"var(--on-step-{at})" for at in range(5))]
    numbers = base.mark_text(fontSize=size.text - 1).encode(
        x=alt.X("middle:Q", scale=x, axis=None),
        y=alt.Y("at:Q", scale=y, axis=None),
        text="name:N",
        color=_ordinal("ink", inks, list(range(-1, 5))),
    )
    feet = (
        layer([{"x": at + 0.5, "name": name} for at, name in ticks.items()])
        .mark_text(color=QUIET)
        .encode(x=alt.X("x:Q", scale=x, axis=None), y=alt.value(frame.height + 13), text="name:N")
    )
    return svg_of(frame, cells_drawn, numbers, _names(names, y), feet)


def _steps(values: Sequence[float]) -> list[int]:
    """Return which fifth of their range values lie in, 0 to 4; the range is at least ten wide."""
    low, high = min(values, default=0), max(values, default=0)
    low, high = (low, high) if high - low >= 10 else ((low + high) / 2 - 5, (low + high) / 2 + 5)
    return [min(4, int(5 * (value - low) / (high - low))) for value in values]


def _ordinal(field: str, colours: Sequence[str], domain: Sequence[object]) -> Any:  # noqa: ANN401
    import altair as alt

    scale = alt.Scale(domain=list(domain), range=list(colours))
    return alt.Color(f"{field}:N", scale=scale, legend=None)


def _names(names: Sequence[str], y: Any) -> Any:  # noqa: ANN401 - altair's own types differ
    """Return the layer of names, right-aligned at the rows' middles."""
    import altair as alt

    rows = [{"at": at + 0.5, "name": name} for at, name in enumerate(names)]
    return (
        layer(rows)
        .mark_text(align="right")
        .encode(x=alt.value(-8), y=alt.Y("at:Q", scale=y, axis=None), text="name:N")
    )


def _cut(names: Sequence[str], size: Size, share: float | None = None) -> tuple[list[str], float]:
    """Return names as they fit in a share of the width, and the room that they need."""
    most = size.width * (share or _NAMES[size.is_narrow])
    cut = [fitted(name, size.text, most) for name in names]
    return cut, max(measured(name, size.text) for name in cut) + 12


def skills_by_score(size: Size, skills: Sequence[Skill], threshold: Decimal | None) -> Drawing:
    """Draw each skill's recent mean as a dot, from the mean of all time, with the threshold."""
    import altair as alt

    names, left = _cut([skill.label for skill in skills], size)
    right = measured("100", size.text) + 20
    frame = Frame(size, _ROW * len(names), left, right)
    values = [
        float(value)
        for skill in skills
        for value in (skill.recent, skill.all_time)
        if value is not None
    ]
    low = max(0, int(min([*values, float(threshold or 100)]) // 10 * 10) - 10)
    step = 20 if 100 - low > 50 else 10
    ticks = {at: str(at) for at in range(-(-low // step) * step, 101, step)}
    x = alt.Scale(domain=[low, 100], nice=False)
    y = alt.Scale(domain=[len(names), 0], nice=False)
    rows = [
        {
            "at": at + 0.5,
            "recent": float(skill.recent if skill.recent is not None else skill.all_time or 0),
            "all_time": float(skill.all_time or 0),
            "name": number(skill.recent),
        }
        for at, skill in enumerate(skills)
    ]
    down = alt.Y("at:Q", scale=y, axis=None)
    across = alt.X("recent:Q", scale=x, axis=labelled_axis(ticks, has_grid=True))
    base = layer(rows).encode(y=down)
    marks = [
        base.mark_rule(color="var(--ink-3)", strokeWidth=2).encode(x=across, x2="all_time:Q"),
        base.mark_circle(
            size=60, fill="var(--card)", stroke=QUIET, strokeWidth=1.6, opacity=1
        ).encode(x=alt.X("all_time:Q", scale=x)),
        base.mark_circle(size=90, fill=ACCENT, opacity=1).encode(x=across),
        base.mark_text(align="right").encode(x=alt.value(frame.width + right - 2), text="name:N"),
    ]
    if threshold is not None:
        rule = layer([{"x": float(threshold)}]).mark_rule(color="var(--warn)", strokeDash=[4, 3])
        marks.insert(0, rule.encode(x=alt.X("x:Q", scale=x)))
    return svg_of(frame, *marks, _names(names, y))


def milestones_reached(size: Size, milestones: Sequence[Milestone], learners: int) -> Drawing:
    """Draw the share of learners who have reached each readiness, and their median days."""
    unit = "d" if size.is_narrow else "days"
    words = [
        percent(each.learners, learners)
        + ("" if each.median_days is None else f" · {each.median_days:,.0f} {unit}")
        for each in milestones
    ]
    shares = [each.learners / learners if learners else 0 for each in milestones]
    return _bars(size, [number(each.threshold) for each in milestones], shares, words, most=1.0)


def reasons_by_count(size: Size, reasons: Sequence[tuple[str, Reason]]) -> Drawing:
    """Draw how often each reason occurs, under the names given."""
    counts = [float(each.count) for _, each in reasons]
    words = [f"{each.count:,}" for _, each in reasons]
    names = [name for name, _ in reasons]
    return _bars(size, names, counts, words, most=max(counts), share=0.55)


def _bars(
    size: Size,
    names: Sequence[str],
    values: Sequence[float],
    words: Sequence[str],
    *,
    most: float,
    share: float | None = None,
) -> Drawing:
    """Draw a bar for each name, with its words in a column at the right."""
    import altair as alt

    cut, left = _cut(names, size, share)
    right = max(measured(word, size.text) for word in words) + 12
    frame = Frame(size, _ROW * len(cut), left, right, bottom=6)
    x = alt.Scale(domain=[0, most], nice=False)
    y = alt.Scale(domain=[len(cut), 0], nice=False)
    rows = [
        {
            "at": at + 0.5, "y": at + 0.5 - _HALF, "y2": at + 0.5 + _HALF,
            "zero": 0, "value": value, "most": most, "name": word,
        }
        for at, (value, word) in enumerate(zip(values, words, strict=True))
    ]  # fmt: skip
    base = layer(rows).encode(y=alt.Y("y:Q", scale=y, axis=None), y2="y2:Q")
    from_zero = alt.X("zero:Q", scale=x, axis=None)
    text = layer(rows).mark_text(align="right").encode(
        x=alt.value(frame.width + right - 2), y=alt.Y("at:Q", scale=y, axis=None), text="name:N"
    )  # fmt: skip
    return svg_of(
        frame,
        base.mark_rect(color="var(--grid)").encode(x=from_zero, x2="most:Q"),
        base.mark_rect(color=ACCENT).encode(x=from_zero, x2="value:Q"),
        text,
        _names(cut, y),
    )


def outcomes_by_persona(size: Size, outcomes: Sequence[tuple[str, Outcome]]) -> Drawing:
    """Draw how sales end with each persona, as shares, with the share won at the right."""
    import altair as alt

    cut, left = _cut([name for name, _ in outcomes], size)
    right = measured("100 % won", size.text) + 12
    frame = Frame(size, _ROW * len(cut), left, right, bottom=6)
    y = alt.Scale(domain=[len(cut), 0], nice=False)
    rows = []
    for at, (_, each) in enumerate(outcomes):
        foot = 0.0
        for part, amount in enumerate((each.won, each.lost, each.stalled, each.others)):
            head = foot + amount / each.total
            if amount:
                rows.append(
                    {
                        "part": part, "x": foot, "x2": head,
                        "y": at + 0.5 - _HALF, "y2": at + 0.5 + _HALF,
                    }
                )  # fmt: skip
            foot = head
    bars = layer(rows).mark_rect(stroke="var(--card)", strokeWidth=1).encode(
        x=alt.X("x:Q", scale=alt.Scale(domain=[0, 1], nice=False), axis=None),
        x2="x2:Q",
        y=alt.Y("y:Q", scale=y, axis=None),
        y2="y2:Q",
        color=_ordinal("part", [f"var(--{name})" for name in OUTCOMES], range(4)),
    )  # fmt: skip
    words = [
        {"at": at + 0.5, "name": f"{percent(each.won, each.total)} won"}
        for at, (_, each) in enumerate(outcomes)
    ]
    text = layer(words).mark_text(align="right").encode(
        x=alt.value(frame.width + right - 2), y=alt.Y("at:Q", scale=y, axis=None), text="name:N"
    )  # fmt: skip
    return svg_of(frame, bars, text, _names(cut, y))
