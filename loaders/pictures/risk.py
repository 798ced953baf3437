"""Who is at risk: the rule's numbers, its sign in words, and the rule as the page states it."""

from dataclasses import dataclass
from decimal import Decimal

# Parameters of queries.AT_RISK, and of the words below: the rule stands nowhere else.
FALL_POINTS = 10
FALL_DAYS = 28
QUIET_DAYS = 14
GONE_DAYS = 90
MOST_LISTED = 50

RULE = (
    f"A learner with a session in the last {GONE_DAYS} days is at risk if any of these holds: "
    f"readiness fell by {FALL_POINTS} points or more within {FALL_DAYS} days; no session for "
    f"{QUIET_DAYS} days or more, and not in the highest band; in the lowest band, with a skill "
    "below the threshold. Most signs first, then the deepest fall, then the longest silence."
)
PARAMETERS = {
    "fall_points": FALL_POINTS,
    "fall_days": FALL_DAYS,
    "quiet_days": QUIET_DAYS,
    "gone_days": GONE_DAYS,
    "most": MOST_LISTED,
}


@dataclass(frozen=True)
class Signs:
    """What speaks for a learner's being at risk; weakest is the skill's label."""

    is_falling: bool
    is_quiet: bool
    is_stuck: bool
    fall: Decimal | None
    days_quiet: int
    weak_skills: int
    weakest: str | None


def why(signs: Signs) -> str:
    """Return the signs as a line of words."""
    said = []
    if signs.is_falling and signs.fall is not None:
        said.append(f"fell {signs.fall:.0f} points in {FALL_DAYS} days")
    if signs.is_quiet:
        said.append(f"no session for {signs.days_quiet} days")
    if signs.is_stuck and signs.weak_skills == 1:
        said.append(f"lowest band, weak in {signs.weakest}")
    elif signs.is_stuck:
        said.append(f"lowest band, {signs.weak_skills} weak skills, first {signs.weakest}")
    line = "; ".join(said)
    return line[:1].upper() + line[1:]
