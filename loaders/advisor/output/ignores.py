"""Inline ignores: '# pulse-elt: ignore[PE101, PE105] reason', on the line or just above it."""

import re
from collections.abc import Iterable

from loaders.advisor.files import CodeFile
from loaders.advisor.judging.result import Note
from loaders.advisor.languages.parsers import comments

_IGNORE = re.compile(rb"pulse-elt:\s*ignore\b(?:\[([^\]]*)\])?")


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
        said = list(comments(file.source, file.language))
        following = {each.first: each.last + 1 for each in said if each.is_alone}
        for comment in said:
            at = comment.first
            while at in following:
                at = following[at]
            for match in _IGNORE.finditer(comment.text):
                written = comment.first + comment.text.count(b"\n", 0, match.start())
                for name in (match[1] or b"*").decode("utf-8", "replace").split(","):
                    if name.strip():
                        found.setdefault((file.path, at), {})[name.strip()] = written
    return Ignores(found)
