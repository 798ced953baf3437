"""When learners practise, and what they take from it: the programme's days, gain and loss."""

from bisect import bisect_right
from dataclasses import dataclass
from itertools import accumulate
from math import exp
from random import Random

from loaders.sample.clock import DAY, PROGRAMME_DAYS
from loaders.sample.proportions import Proportions

# How busy a day is, Monday to Sunday; and the weeks of August in which many are away.
_WEEK = (1.0, 1.1, 1.1, 1.0, 0.8, 0.14, 0.1)
_HOLIDAYS, _HOLIDAY = range(209, 230), 0.65
_BUSY = tuple(
    _WEEK[day % 7] * (_HOLIDAY if day in _HOLIDAYS else 1.0) for day in range(PROGRAMME_DAYS)
)
# Positions in the programme are measured in busy days, of which a working week has five.
_BUSY_BEFORE = tuple(accumulate(_BUSY, initial=0.0))
_WHOLE = _BUSY_BEFORE[-1]
_WORKING_WEEK = 5.0

_FIRST_WAVE = 1.3  # over 1: more learners begin early than late
_ZEAL = 1.3  # over 1: learners practise more at first than later

_OFFICE_OPENS, _OFFICE_HOURS = 7 * 3_600, 13 * 3_600
# Learners in other time zones practise around midnight UTC.
_LATE_SHARE, _LATE_OPENS, _LATE_HOURS = 0.06, 23 * 3_600, 2 * 3_600

# A session teaches for a week; what is not practised for ten days fades.
_LASTING = 7 * DAY
_KEPT = 10 * DAY
_FADING = 45 * DAY  # to lose 63 % of what was learned


@dataclass(frozen=True, slots=True)
class Attendance:
    """A learner's time in the programme, in busy days: from `begins`, with one pause at most."""

    begins: float
    lasts: float  # without the pause
    pause_after: float
    pause: float

    @property
    def weeks(self) -> float:
        """How many working weeks of practice there are."""
        return self.lasts / _WORKING_WEEK

    @property
    def first_day(self) -> int:
        """The day of the programme on which practice begins, from 0."""
        return _day_of(self.begins)

    def moment(self, fraction: float) -> int:
        """Return the second since the epoch at which `fraction`, 0 to 1, of the practice is over.

        It grows with `fraction`, and lies in office hours or around midnight; the last evening
        of the programme is free, so that no session reaches into a week after it.
        """
        position = self.lasts * fraction**_ZEAL
        position += self.begins + (self.pause if position > self.pause_after else 0.0)
        day = _day_of(position)
        through = min(1.0, (position - _BUSY_BEFORE[day]) / _BUSY[day])
        late = 0.0 if day == PROGRAMME_DAYS - 1 else _LATE_SHARE
        if through < 1 - late:
            second = _OFFICE_OPENS + through / (1 - late) * _OFFICE_HOURS
        else:
            second = _LATE_OPENS + (through - 1 + late) / _LATE_SHARE * _LATE_HOURS
        return day * DAY + int(second)


def attendance(proportions: Proportions, random: Random) -> Attendance:
    """Return when a learner begins, whether it stays to the end, and how long it pauses."""
    roll = random.random
    begins = (_WHOLE - _WORKING_WEEK) * roll() ** _FIRST_WAVE
    rest = _WHOLE - begins
    fate = roll()
    if fate < proportions.stops_early:
        rest = min(rest, (1 + 4 * roll()) * _WORKING_WEEK)
    elif fate < proportions.stops_early + proportions.leaves:
        rest *= 0.3 + 0.6 * roll()
    pause = (6 + 4 * roll()) * _WORKING_WEEK
    if roll() >= proportions.pauses or rest < 2 * pause:
        return Attendance(begins, rest, rest, 0.0)
    return Attendance(begins, rest - pause, (0.2 + 0.6 * roll()) * (rest - pause), pause)


def learned(share: float, quiet: int, pace: float) -> float:
    """Return the share of its possible gain that a learner has, `quiet` seconds after a session.

    `share` is what it had in that session. `pace` is the time to close 63 % of the gap in steady
    practice; a session teaches for a while, and a long gap costs.
    """
    share = 1 - (1 - share) * exp(-min(quiet, _LASTING) / pace)
    return share * exp((_KEPT - quiet) / _FADING) if quiet > _KEPT else share


def _day_of(position: float) -> int:
    return min(bisect_right(_BUSY_BEFORE, position) - 1, PROGRAMME_DAYS - 1)
