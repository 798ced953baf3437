"""How many rows of a share may be bad: thresholds, what is usual, and chance."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from loaders.checks.configuration import Share
from loaders.checks.evaluation import Figure

# What floating point may lack of a whole row.
_EPSILON = 1e-10


def figure_of_share(
    checked: int, percent: float, from_count: int, usual: float | None = None
) -> Figure:
    """Return the share of rows that must be good, 0 to 1, and as limit the percent that may be bad.

    percent may be bad of the checked rows, above the usual share (0 to 1) if one is given; then
    chance has three standard deviations as well. Fewer bad rows than from_count never matter.
    """
    share = (usual or 0.0) + percent / 100
    chance = 3 * math.sqrt(checked * usual * (1 - usual)) if usual else 0.0
    allowed = checked * share + chance
    limit = percent if not usual or not checked else min(100 * allowed / checked, 100.0)
    may_be_bad = max(math.floor(allowed + _EPSILON), from_count - 1)
    if may_be_bad >= checked:
        return Figure(0.0, limit)
    # Rounded down, for people to read, by less than one row is.
    steps = 10_000 if checked < 5_000 else 10**10
    return Figure(math.floor((1 - may_be_bad / checked) * steps) / steps, limit)


def landing_figures(
    thresholds: Mapping[str, Any],
    shares: Sequence[Share],
    files: Mapping[str, int],
    usual: Mapping[str, float],
    *,
    is_first: bool,
) -> dict[str, Figure]:
    """Return the figures of the landing suite; files counts those to be checked, by kind."""
    figures = {
        "volume.seen_at_least": _bound(thresholds["volume"]["seen_at_least"]),
        "volume.landed_at_most": _bound(thresholds["volume"]["landed_at_most"]),
    }
    for share in shares:
        rule = thresholds["shares"][share.name]
        for kind in files if share.kinds is None else share.kinds:
            name = f"{share.name}.{kind}"
            figures[name] = figure_of_share(
                files.get(kind, 0),
                rule["first" if is_first else "at_most"],
                thresholds["first_from_count" if is_first else "from_count"],
                usual.get(name) if rule.get("above_usual") and not is_first else None,
            )
    return figures


def mart_figures(
    thresholds: Mapping[str, Any], rows: Mapping[str, int], earlier: Mapping[str, float]
) -> dict[str, Figure]:
    """Return the figures of the marts' suite.

    rows are those of each mart, earlier last week's shares of NULLs (0 to 1) by mart.column.
    """
    moves = thresholds["distributions"]
    figures = {
        "mean.falls": _bound(-moves["mean_moves_at_most"], moves["mean_moves_at_most"]),
        "mean.rises": _bound(moves["mean_moves_at_most"]),
        "quantile.falls": _bound(-moves["quantile_moves_at_most"], moves["quantile_moves_at_most"]),
        "quantile.rises": _bound(moves["quantile_moves_at_most"]),
    }
    for mart, columns in thresholds["null_shares"].items():
        for column, at_most in columns.items():
            before = earlier.get(f"{mart}.{column}")
            percent = at_most if before is None else 100 * before + thresholds["null_share_rise"]
            figures[f"null.{mart}.{column}"] = figure_of_share(
                rows[mart], min(percent, 100), thresholds["from_count"]
            )
    return figures


def _bound(value: float, limit: float | None = None) -> Figure:
    return Figure(value, value if limit is None else limit)
