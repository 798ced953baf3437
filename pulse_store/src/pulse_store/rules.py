"""Which paths are documents and which configuration: the rules of raw.document_kinds."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

QUERY = """
select kind, verdict, pattern, beginning, ending
from raw.document_kinds
order by ordinal
"""

SYSTEM_OF_RECORD = "SYSTEM_OF_RECORD"


@dataclass(frozen=True)
class Rule:
    """One path template, compiled."""

    kind: str
    verdict: str
    pattern: re.Pattern[str]
    beginning: str
    ending: str

    @property
    def is_stored(self) -> bool:
        """Whether its documents are in the database."""
        return self.verdict == SYSTEM_OF_RECORD

    def matches(self, path: str) -> bool:
        """Return whether a path is of this kind, unless an earlier rule matches it."""
        return (
            path.startswith(self.beginning)
            and path.endswith(self.ending)
            and self.pattern.fullmatch(path) is not None
        )


@dataclass(frozen=True)
class Rules:
    """All rules, in the order in which they are tried."""

    rules: Sequence[Rule]

    @classmethod
    def of_rows(cls, rows: Iterable[tuple[str, str, str, str, str]]) -> "Rules":
        """Return the rules as the database has them; patterns mean the same in Python."""
        return cls(
            tuple(
                Rule(kind, verdict, re.compile(pattern, re.DOTALL), beginning, ending)
                for kind, verdict, pattern, beginning, ending in rows
            )
        )

    def of(self, path: str) -> Rule | None:
        """Return the rule for a path, None if it is of no kind."""
        return next((rule for rule in self.rules if rule.matches(path)), None)

    def is_stored(self, path: str) -> bool:
        """Return whether a path's document is in the database."""
        rule = self.of(path)
        return rule is not None and rule.is_stored

    def may_list_files(self, prefix: str) -> bool:
        """Return whether configuration can have names that begin so."""
        return any(
            rule.beginning.startswith(prefix) or prefix.startswith(rule.beginning)
            for rule in self.rules
            if not rule.is_stored
        )

    def are_files(self, prefix: str) -> bool:
        """Return whether names that begin so can only be configuration."""
        return any(
            rule.beginning and prefix.startswith(rule.beginning)
            for rule in self.rules
            if not rule.is_stored
        )
