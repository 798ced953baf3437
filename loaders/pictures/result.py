"""What is told of a page that was written; light, since every night imports it."""

from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class DashboardResult:
    """A page that was written: where, as whom it was read, its learners, its size in bytes."""

    path: Path
    role: str
    learners: int
    bytes: int
