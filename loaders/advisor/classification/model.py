"""What classify finds: one verdict per path template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD, UNCERTAIN

CERTAIN, LIKELY, UNKNOWN = "certain", "likely", "unknown"
YES, NO, NOT_VISIBLE = "yes", "no", "not visible"


@dataclass(frozen=True)
class Answer:
    """The answer to one of the five questions, and what was measured for it."""

    question: int
    answer: str
    evidence: str


@dataclass(frozen=True)
class Key:
    """A key path of a template's bodies: its types, and the share of bodies that have it."""

    path: str
    types: tuple[str, ...]
    share: float


@dataclass(frozen=True)
class Column:
    """A proposed column; source is a placeholder in braces or a key path."""

    name: str
    type: str
    nullable: bool
    source: str


@dataclass(frozen=True)
class Verdict:
    """One path template: what it is, how sure that is, and why.

    code_template is the audit's name for the same files, relative to the code's folder.
    """

    template: str
    files: int
    disposition: str
    confidence: str
    reason: str
    answers: tuple[Answer, ...]
    measured: Mapping[str, str]
    keys: tuple[Key, ...]
    code_template: str | None = None
    places: tuple[str, ...] = ()


@dataclass(frozen=True)
class Rule:
    """A proposed rule of config/document_kinds.json, and the columns of its table."""

    rule: Mapping[str, object]
    columns: tuple[Column, ...]


@dataclass(frozen=True)
class Difference:
    """Where the reviewed rules say something else than the data."""

    template: str
    disposition: str
    kind: str
    reviewed: str


@dataclass(frozen=True)
class Proposal:
    """The rules proposed for a tree."""

    rules: tuple[Rule, ...]
    left_out: Mapping[str, str]
    compared_with: str | None
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class Classified:
    """The whole result. Counts are of files."""

    tree: str
    code: str | None
    files: int
    bodies_read: int
    damaged: int
    too_large: int
    left_out: int
    unlisted: Mapping[str, int]
    verdicts: tuple[Verdict, ...]
    proposal: Proposal | None = None

    def counts(self) -> Mapping[str, int]:
        """Return how many templates each disposition has."""
        order = (SYSTEM_OF_RECORD, CONFIG_STATIC, CACHE, UNCERTAIN)
        found = [verdict.disposition for verdict in self.verdicts]
        return {name: found.count(name) for name in order}


@dataclass(frozen=True)
class CodeTemplate:
    """What the code does with the files of one template, as audit found it.

    template is relative to the code's folder, with placeholders in braces. operations maps read,
    write, list, exists and delete to places (file:line). is_settled: the project's settings say
    so, and reason is theirs.
    """

    template: str
    disposition: str
    operations: Mapping[str, Sequence[str]]
    reason: str = ""
    is_settled: bool = False

    @property
    def writes(self) -> Sequence[str]:
        """The places that write or delete."""
        return [*self.operations.get("write", ()), *self.operations.get("delete", ())]
