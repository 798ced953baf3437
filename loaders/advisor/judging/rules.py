"""The rules: their numbers, messages and pages, read from rules.toml."""

import tomllib
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    title: str
    message: str
    page: str


def _read() -> dict[str, Rule]:
    text = (Path(__file__).parent / "rules.toml").read_text(encoding="utf-8")
    return {
        name: Rule(name, row["title"], row["message"], row["page"].strip())
        for name, row in tomllib.loads(text).items()
    }


RULES = _read()


def explain(name: str) -> str | None:
    """Return the page on a rule; None if there is no such rule."""
    rule = RULES.get(name) or RULES.get(name.upper())
    return f"{rule.id}: {rule.title}\n\n{rule.page}\n" if rule is not None else None
