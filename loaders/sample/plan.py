"""The plan of a sample tree, and how its work is divided among processes."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

from loaders.errors import WrongRequest
from loaders.sample.proportions import BELIEVABLE, EVERY_DAMAGE_FROM, Proportions

# Learners who share out a common number of sessions among themselves.
BLOCK = 8

# Sessions per slice: small enough for a lively progress bar, large enough that handing out work
# costs nothing, and never so many slices that their list would matter.
_SMALLEST_SLICE, _LARGEST_SLICE, _MOST_SLICES = 500, 2_000, 1_000


class SampleError(WrongRequest):
    """A sample cannot be written as requested; the message says why and what to do."""


@dataclass(frozen=True, slots=True)
class SamplePlan:
    """What determines every byte of a sample tree.

    `sessions` and `learners` are counts, `bad_share` is the share of files to damage. `until`, in
    seconds since the epoch, leaves out sessions that ended later; the others are the same. The
    same plan gives the same tree, whatever the number of processes.
    """

    sessions: int
    learners: int
    seed: int
    bad_share: float = 0.0005
    proportions: Proportions = BELIEVABLE
    until: int | None = None

    def __post_init__(self) -> None:
        if self.sessions < 1 or self.learners < 1:
            raise SampleError("a sample needs at least one session and one learner")
        if not 0 <= self.bad_share <= 1:
            raise SampleError(f"a share of bad files is 0 to 1, not {self.bad_share}")

    @property
    def blocks(self) -> int:
        """The number of blocks of learners."""
        return -(-self.learners // BLOCK)

    @property
    def damages_everything(self) -> bool:
        """Whether each kind of damage is promised at least once."""
        return self.bad_share > 0 and self.sessions >= EVERY_DAMAGE_FROM

    def first_session_of(self, learner: int) -> int:
        """Return the index of the first session of a block that begins with `learner`."""
        return self.sessions * min(learner, self.learners) // self.learners

    def random(self, *what: object) -> Random:
        """Return a generator that depends on the seed and on `what`, nothing else."""
        name = "/".join(str(part) for part in (self.seed, *what))
        return Random(name)  # noqa: S311 — a sample wants repeatable, not secret


@dataclass(frozen=True, slots=True)
class Slice:
    """One piece of work: the blocks `start` ≤ block < `stop` of a plan, below a directory."""

    plan: SamplePlan
    root: Path
    start: int
    stop: int


def slices(plan: SamplePlan, workers: int) -> Iterator[tuple[int, int]]:
    """Cut a plan into ranges of blocks of about equal work, enough to keep `workers` busy."""
    wanted = plan.sessions // (workers * 8)
    size = max(_SMALLEST_SLICE, min(_LARGEST_SLICE, wanted), plan.sessions // _MOST_SLICES)
    step = max(1, plan.blocks * size // plan.sessions)
    for start in range(0, plan.blocks, step):
        yield start, min(start + step, plan.blocks)


def share_out(first: int, last: int, weights: list[float]) -> list[range]:
    """Divide the session indices `first` ≤ index < `last` by weight, none lost, none doubled."""
    total, running, start = sum(weights), 0.0, first
    shares = []
    for weight in weights:
        running += weight
        stop = first + round((last - first) * running / total)
        shares.append(range(start, stop))
        start = stop
    return shares
