"""A sample tree that grows: each night brings new sessions and changes old ones."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from loaders.sample import SamplePlan, generate

# Of ten sessions, one arrives on the second night and one on the third.
_SHARE = 10
# One in this many sessions gets its neighbour's scorecard: other scores, other readiness.
_CHANGED = 25


@dataclass(frozen=True)
class Nights:
    """A tree, and the folders of sessions that are still to come, by night."""

    tree: Path
    waiting: Path
    to_come: Mapping[int, Sequence[str]]

    def next(self, night: int) -> None:
        """Make the tree what a night finds: night is 2 or 3."""
        for name in self.to_come[night]:
            shutil.move(self.waiting / name, self.tree / "sessions" / name)
        folders = sorted((self.tree / "sessions").iterdir())
        scored = [folder for folder in folders if (folder / "scorecard.json").is_file()]
        for changed, neighbour in zip(
            scored[night::_CHANGED], scored[night + 1 :: _CHANGED], strict=False
        ):
            shutil.copyfile(neighbour / "scorecard.json", changed / "scorecard.json")


def first_night(folder: Path, sessions: int) -> Nights:
    """Write a sample tree, and set the sessions of the later nights aside."""
    tree, waiting = folder / "tree", folder / "waiting"
    generate(SamplePlan(sessions, max(1, sessions // 25), seed=1), tree)
    waiting.mkdir()
    names = sorted(found.name for found in (tree / "sessions").iterdir() if found.is_dir())
    to_come = {night: names[night::_SHARE] for night in (2, 3)}
    for name in (*to_come[2], *to_come[3]):
        shutil.move(tree / "sessions" / name, waiting / name)
    return Nights(tree, waiting, to_come)
