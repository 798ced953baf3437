"""What an audit found: findings by template, and the results that rules make of them."""

import hashlib
from dataclasses import dataclass

from loaders.advisor.judging.proposals import Proposal
from loaders.advisor.judging.verdicts import Answer
from loaders.advisor.places.places import Place


@dataclass(frozen=True, slots=True)
class Finding:
    """A template with its places, the verdict on it, and the table that it proposes."""

    template: str
    store: str
    disposition: str | None
    confidence: str
    reason: str
    is_settled: bool
    answers: tuple[Answer, ...]
    places: tuple[Place, ...]
    proposal: Proposal | None = None


@dataclass(frozen=True, slots=True)
class Note:
    """What is said of a line or a file, not of a template."""

    rule: str
    file: str
    line: int
    message: str


@dataclass(frozen=True, slots=True)
class Result:
    """One rule for one template in one file: what baselines, SARIF and exit codes count."""

    rule: str
    template: str
    file: str
    lines: tuple[int, ...]
    confidence: str
    message: str
    fingerprint: str
    is_known: bool = False

    @property
    def is_counted(self) -> bool:
        """Say whether it makes the command end with 1."""
        return (
            not self.is_known
            and self.confidence in ("certain", "likely")
            and not self.rule.startswith("PE9")
        )


@dataclass(frozen=True, slots=True)
class Counts:
    files: int
    lines: int
    partly_read: int
    unread: int
    left_out: int


@dataclass(frozen=True, slots=True)
class AuditResult:
    """All of an audit; nothing in it depends on when or where it ran."""

    findings: tuple[Finding, ...]
    wrappers: tuple[Finding, ...]
    tests: tuple[Place, ...]
    notes: tuple[Note, ...]
    results: tuple[Result, ...]
    counts: Counts
    since: str | None = None

    @property
    def is_clean(self) -> bool:
        return not any(result.is_counted for result in self.results)


def fingerprint(rule: str, shape: str, file: str) -> str:
    """Return what identifies a result from run to run: no line number is part of it."""
    return hashlib.sha256("\0".join((rule, shape, file)).encode()).hexdigest()[:20]
