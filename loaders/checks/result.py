"""What a gate found, in the words of operators."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Gate = Literal["landing", "marts"]


@dataclass(frozen=True)
class FailedExpectation:
    """One expectation that did not hold.

    sentence says what was expected and what was found; documents are source paths of what broke
    it, at most twenty.
    """

    name: str
    sentence: str
    documents: tuple[str, ...] = ()


@dataclass(frozen=True)
class CheckResult:
    """What a gate found; expectations counts those evaluated, site is the page of Data Docs.

    accepted_because is the reason an operator gave for letting the failures pass, else None.
    """

    gate: Gate
    expectations: int
    failed: tuple[FailedExpectation, ...]
    site: Path
    accepted_because: str | None = None

    @property
    def is_passed(self) -> bool:
        """Whether what comes after the gate may go on."""
        return not self.failed or self.accepted_because is not None

    @property
    def sentence(self) -> str:
        """Why the gate did not pass: the first failure, and how many there are besides."""
        if not self.failed:
            return f"All {self.expectations} expectations hold."
        more = len(self.failed) - 1
        return self.failed[0].sentence + (f" ({more} more)" if more else "")
