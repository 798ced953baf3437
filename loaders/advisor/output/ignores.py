"""Inline ignores: '# pulse-elt: ignore[PE101, PE105] reason', on the line or the one above it."""

import re
from collections.abc import Iterable

from loaders.advisor.files import CodeFile
from loaders.advisor.judging.result import Note

_IGNORE = re.compile(rb"(?:#|//|/\*|\*)[^\n]*?pulse-elt:\s*ignore(?:\[([^\]]*)\])?")
_COMMENT_ONLY = re.compile(rb"^\s*(#|//|/\*|\*)")


class Ignores:
    """What lines ignore, and which of that was of use; without rules it ignores all."""

    def __init__(self, rules: dict[tuple[str, int], dict[str, int]]) -> None:
        self.rules = rules
        self.used: set[tuple[str, int, str]] = set()

    def apply(
        self, file: str, line: int, rules: Iterable[str]
    ) -> tuple[tuple[str, ...], tuple[str, ...]]:
        """Return the rules that still hold at a line, and those that are ignored there."""
        ignored = self.rules.get((file, line), {})
        left: list[str] = []
        taken: list[str] = []
        for rule in rules:
            name = rule if rule in ignored else "*" if "*" in ignored else None
            if name is None:
                left.append(rule)
            else:
                taken.append(rule)
                self.used.add((file, line, name))
        return tuple(left), tuple(taken)

    def unused(self) -> Iterable[Note]:
        """Say which ignores ignore nothing."""
        for (file, line), rules in sorted(self.rules.items()):
            for rule, written in rules.items():
                if (file, line, rule) not in self.used:
                    what = "no rule" if rule == "*" else rule
                    does = "holds" if rule == "*" else "does not hold"
                    message = f"Unused ignore: {what} {does} on this line; remove the comment."
                    yield Note("unused-ignore", file, written, message)


def read_ignores(files: Iterable[CodeFile]) -> Ignores:
    """Return the ignores of all files, tests left out: no rule holds there."""
    found: dict[tuple[str, int], dict[str, int]] = {}
    for file in files:
        if file.is_test or b"pulse-elt:" not in file.source:
            continue
        for line, text in enumerate(file.source.split(b"\n"), start=1):
            match = _IGNORE.search(text)
            if match is None or _is_quoted(text, match):
                continue
            at = line + 1 if _COMMENT_ONLY.match(text) else line
            for name in (match[1] or b"*").decode("utf-8", "replace").split(","):
                if name.strip():
                    found.setdefault((file.path, at), {})[name.strip()] = line
    return Ignores(found)


def _is_quoted(line: bytes, match: re.Match[bytes]) -> bool:
    """Say whether what looks like a comment is part of a text on one line."""
    before, after = line[: match.start()], line[match.end() :]
    return any(before.count(quote) % 2 == 1 and quote in after for quote in (b'"', b"'", b"`"))
