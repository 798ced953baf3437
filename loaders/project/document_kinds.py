"""The rules of config/document_kinds.json, which map paths to kinds of documents."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any, NamedTuple

from loaders.errors import WrongRequest
from loaders.project.configuration import read_configuration

SYSTEM_OF_RECORD = "SYSTEM_OF_RECORD"
CONFIG_STATIC = "CONFIG_STATIC"
UNRECOGNISED = "UNRECOGNISED"

# Captures that are columns of the landing.
LANDED_KEYS = ("session_key", "user_key")

_ANY_FOLDER = "**/"
_SESSION_DATES = ("scorecard_file", "document_file")
_LANDING_TABLES = frozenset(
    {
        "document_kinds",
        "document_kinds_editions",
        "documents",
        "files",
        "loads",
        "pruned_versions",
        "quarantine",
        "schema_migrations",
        "store_reports",
        "user_identities",
    }
)
_PLACEHOLDER = re.compile(r"\{([a-z_]+)\}")
_ANYTHING = re.compile(r"\*\*/?|\{[a-z_]+\}")
_NAMED = re.compile(r"\(\?P<[a-z_]+>")


@dataclass(frozen=True)
class Rule:
    """One kind: its paths and what happens to their files."""

    kind: str
    paths: tuple[str, ...]
    disposition: str
    why: str
    table: str | None = None
    retention: str | None = None
    session_date: str | None = None
    parts: Mapping[str, str] = field(default_factory=dict)
    marts: str | None = None
    known_fields: Mapping[str, Sequence[str]] | None = None

    @property
    def json_types(self) -> Sequence[str] | None:
        """The JSON types a document may have, None for any: a list has fields of elements."""
        if self.known_fields is None:
            return None
        return ("array", "object") if "[]" in self.known_fields else ("object",)


class Match(NamedTuple):
    """How the rules match one path."""

    kind: str | None
    disposition: str
    session_key: str | None = None
    user_key: str | None = None


_NO_MATCH = Match(None, UNRECOGNISED)


class Template(NamedTuple):
    """A path template of a rule, and the regular expression that matches whole paths."""

    text: str
    rule: Rule
    pattern: re.Pattern[str]

    @property
    def last_segment(self) -> str | None:
        """The last segment of such paths, None if it varies."""
        name = self.text.rpartition("/")[2]
        return None if name == "**" or "{" in name else name

    @property
    def beginning(self) -> str:
        """What such paths begin with, before the first placeholder."""
        return _ANYTHING.split(self.text)[0]

    @property
    def ending(self) -> str:
        """What such paths end with, after the last placeholder."""
        return _ANYTHING.split(self.text)[-1]

    @property
    def path_keys(self) -> Mapping[str, int]:
        """The numbers of the captures without a column in the landing, by name."""
        groups = self.pattern.groupindex
        return {name: groups[name] for name in groups if name not in LANDED_KEYS}

    @property
    def posix(self) -> str:
        """The pattern in PostgreSQL's syntax; its captures have the same numbers, but no names."""
        return f"^{_NAMED.sub('(', self.pattern.pattern)}$"


class DocumentKinds:
    """All rules, compiled for matching."""

    def __init__(self, rules: Sequence[Rule]) -> None:
        self.rules = tuple(rules)
        self.by_kind: Mapping[str, Rule] = {rule.kind: rule for rule in rules}
        templates = [(path, rule) for rule in rules for path in rule.paths]
        _refuse_ambiguity(templates)
        templates.sort(key=lambda pair: pair[0].startswith(_ANY_FOLDER))
        # The first matching rule wins, here and in raw.document_kinds.
        self.templates = tuple(
            # DOTALL, as in PostgreSQL: file names may hold newlines.
            Template(path, rule, re.compile(_as_regex(path), re.DOTALL))
            for path, rule in templates
        )
        self._by_name, self._with_any_name = _by_last_segment(self.templates)

    @property
    def loaded(self) -> tuple[Rule, ...]:
        """The rules whose documents are loaded."""
        return tuple(rule for rule in self.rules if rule.disposition == SYSTEM_OF_RECORD)

    @property
    def modelled(self) -> tuple[Rule, ...]:
        """The rules whose documents models read."""
        return tuple(rule for rule in self.loaded if rule.marts != "none")

    @property
    def latest_only(self) -> Mapping[str, str]:
        """The loaded kinds that keep no superseded version, with their tables."""
        return {
            rule.kind: str(rule.table) for rule in self.loaded if rule.retention == "latest_version"
        }

    def match(self, path: str) -> Match:
        """Return kind, disposition and captured keys of a path relative to the source's root."""
        name = path[path.rfind("/") + 1 :]
        for pattern, rule in self._by_name.get(name, self._with_any_name):
            found = pattern.fullmatch(path)
            if found:
                captures = pattern.groupindex
                return Match(
                    rule.kind,
                    rule.disposition,
                    found["session_key"] if "session_key" in captures else None,
                    found["user_key"] if "user_key" in captures else None,
                )
        return _NO_MATCH

    def is_known_in_another_case(self, path: str) -> bool:
        """Return whether a rule would know the path, were capitals no difference."""
        return any(
            re.fullmatch(template.pattern.pattern, path, re.DOTALL | re.IGNORECASE)
            for template in self.templates
        )


_Patterns = list[tuple[re.Pattern[str], Rule]]


def _by_last_segment(templates: Sequence[Template]) -> tuple[Mapping[str, _Patterns], _Patterns]:
    """Return patterns by the last segment of paths that they match, and those for any other.

    A tree has a million paths but a dozen file names, so few patterns need a try.
    """

    def matching(wanted: str | None) -> _Patterns:
        return [
            (template.pattern, template.rule)
            for template in templates
            if template.last_segment in (None, wanted)
        ]

    names = {template.last_segment for template in templates if template.last_segment is not None}
    return {name: matching(name) for name in names}, matching(None)


def read_document_kinds(path: Path) -> DocumentKinds:
    """Read and check the rules.

    Raises:
        WrongRequest: the file cannot be read, breaks its schema, or a rule is ambiguous;
            the message names the rule.
    """
    document = read_configuration(path, place=_place)
    entries = document["document_kinds"]
    rules = [Rule(**{**entry, "paths": tuple(entry["paths"])}) for entry in entries]
    try:
        _refuse_collisions(rules)
        return DocumentKinds(rules)
    except ValueError as error:
        raise WrongRequest(f"{path}: {error}") from error


def _place(document: Any, where: Sequence[Any]) -> str:  # noqa: ANN401 - not checked yet
    """Name a rule by its kind rather than its number."""
    if len(where) < 2 or not isinstance(where[1], int):
        return ""
    entry = document["document_kinds"][where[1]]
    name = entry.get("kind") if isinstance(entry, dict) else None
    label = f"rule {name!r}" if name else f"rule number {where[1] + 1}"
    return f"{label}, {where[2]}" if len(where) > 2 else label


def _refuse_collisions(rules: Sequence[Rule]) -> None:
    kinds: set[str] = set()
    tables: dict[str, str] = {}
    for rule in rules:
        if rule.kind in kinds:
            raise ValueError(f"rule {rule.kind!r} is listed twice.")
        kinds.add(rule.kind)
        if rule.table in _LANDING_TABLES:
            raise ValueError(f"rule {rule.kind!r}: the landing needs table {rule.table!r} itself.")
        if rule.table is not None and rule.table in tables:
            raise ValueError(
                f"rule {rule.kind!r} shares table {rule.table!r} with {tables[rule.table]!r}."
            )
        if rule.table is not None:
            tables[rule.table] = rule.kind
        for path in rule.paths:
            _refuse_template(rule, path)
            if rule.session_date in _SESSION_DATES and "{session_key}" not in path:
                raise ValueError(
                    f"rule {rule.kind!r} has a session_date, but {path!r} no {{session_key}}."
                )


def _refuse_template(rule: Rule, path: str) -> None:
    names = _PLACEHOLDER.findall(path)
    if len(set(names)) < len(names):
        raise ValueError(f"rule {rule.kind!r}: {path!r} captures a key twice.")
    for segment in path.split("/"):
        rest = _PLACEHOLDER.sub("", segment)
        if segment in ("", ".", "..") or any(sign in rest for sign in "{}\\"):
            raise ValueError(f"rule {rule.kind!r}: {path!r} is not a path template.")
        if "*" in rest and segment != "**":
            raise ValueError(
                f"rule {rule.kind!r}: in {path!r}, ** stands alone in its segment, "
                "and part of a segment is a {placeholder}."
            )


def _as_regex(template: str) -> str:
    pieces: list[str] = []
    segments = template.split("/")
    for number, segment in enumerate(segments):
        is_last = number == len(segments) - 1
        if segment == "**":
            pieces.append(".+" if is_last else "(?:[^/]+/)*")
            continue
        position = 0
        for found in _PLACEHOLDER.finditer(segment):
            pieces.append(re.escape(segment[position : found.start()]))
            pieces.append(f"(?P<{found[1]}>[^/]+)")
            position = found.end()
        pieces.append(re.escape(segment[position:]) + ("" if is_last else "/"))
    return "".join(pieces)


def _refuse_ambiguity(templates: Sequence[tuple[str, Rule]]) -> None:
    for (one, rule), (other, other_rule) in combinations(templates, 2):
        if one.startswith(_ANY_FOLDER) != other.startswith(_ANY_FOLDER):
            continue
        if _templates_overlap(one, other):
            raise ValueError(
                f"rule {other_rule.kind!r}: {other!r} can match the same path as {one!r} "
                f"of rule {rule.kind!r}."
            )


_STAR, _ANY = object(), object()


def _templates_overlap(one: str, other: str) -> bool:
    def segments(template: str) -> list[object]:
        return [_STAR if segment == "**" else segment for segment in template.split("/")]

    return _overlap(segments(one), segments(other), _segments_overlap)


def _segments_overlap(one: object, other: object) -> bool:
    def characters(segment: str) -> list[object]:
        tokens: list[object] = []
        for piece in re.split(r"(\{[a-z_]+\})", segment):
            tokens.extend([_ANY, _STAR] if piece.startswith("{") else piece)
        return tokens

    return _overlap(
        characters(str(one)), characters(str(other)), lambda a, b: a == b or _ANY in (a, b)
    )


def _overlap(
    one: Sequence[object], other: Sequence[object], meet: Callable[[object, object], bool]
) -> bool:
    """Return whether some sequence matches both patterns; _STAR stands for any elements."""
    reachable = {(0, 0)}
    todo = [(0, 0)]
    while todo:
        i, j = todo.pop()
        if i == len(one) and j == len(other):
            return True
        left = one[i] if i < len(one) else None
        right = other[j] if j < len(other) else None
        steps = []
        if left is _STAR:
            steps += [(i + 1, j), (i, j + 1)]
        if right is _STAR:
            steps += [(i, j + 1), (i + 1, j)]
        if left is not _STAR and right is not _STAR and meet(left, right):
            steps += [(i + 1, j + 1)]
        for step in steps:
            if step[0] <= len(one) and step[1] <= len(other) and step not in reachable:
                reachable.add(step)
                todo.append(step)
    return False
