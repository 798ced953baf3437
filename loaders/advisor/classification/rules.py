"""Proposes rules with typed columns, and compares them with config/document_kinds.json."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path

from loaders.advisor.classification.body import DAY, MOMENT, Field
from loaders.advisor.classification.model import Column, Difference, Proposal, Rule, Verdict
from loaders.advisor.classification.names import (
    DATE,
    NUMBER,
    UUID,
    kind_of,
    snake,
    split_ending,
    values_of,
)
from loaders.advisor.classification.signs import Template
from loaders.advisor.dispositions import CONFIG_STATIC, SYSTEM_OF_RECORD
from loaders.advisor.words import WORDS
from loaders.project import document_kinds as reviewed

_RULES = Path("config/document_kinds.json")
_PLACEHOLDER = re.compile(r"\{([a-z0-9_]+)\}")
_MOST_COLUMNS = 60
_DAY = re.compile(r"\d{4}-\d\d-\d\d")
# Tables of the landing that no kind can have.
_TAKEN = frozenset({"documents", "files", "loads", "quarantine", "schema_migrations"})
_LETTERS = "abcdefghij"


def propose(found: Sequence[tuple[Template, Verdict]], project: Path | None) -> Proposal:
    """Return rules for the templates that have a place, and where the project's own rules differ.

    The reviewed rules are read after all verdicts, and change none.

    Raises:
        WrongRequest: the project's rules are not valid.
    """
    rules: list[Rule] = []
    left_out: dict[str, str] = {}
    names: set[str] = set()
    for template, verdict in found:
        reason = _why_left_out(verdict)
        if reason is None:
            rule = _rule(template, verdict, names)
            reason = _why_refused([*rules, rule])
        if reason is None:
            rules.append(rule)
            names |= {str(rule.rule["kind"]), str(rule.rule.get("table", ""))}
        else:
            left_out[verdict.template] = reason
    if project is None:
        return Proposal(tuple(rules), left_out, None, ())
    known = reviewed.read_document_kinds(project / _RULES)
    return Proposal(tuple(rules), left_out, str(_RULES), tuple(_differences(found, known)))


def _why_left_out(verdict: Verdict) -> str | None:
    if verdict.disposition not in (SYSTEM_OF_RECORD, CONFIG_STATIC):
        return f"{verdict.disposition}: {verdict.reason}"
    if not verdict.template.lower().endswith(".json"):
        return "load reads files that end in .json only"
    if re.search(r"[\s*]", verdict.template) or re.search(
        r"[{}]", _PLACEHOLDER.sub("", verdict.template)
    ):
        return "its name holds characters that rules cannot hold"
    return None


def _why_refused(rules: Sequence[Rule]) -> str | None:
    """Return why the last rule does not go together with the others."""
    try:
        reviewed.DocumentKinds(
            [
                reviewed.Rule(
                    kind=str(rule.rule["kind"]),
                    paths=tuple(str(path) for path in _paths(rule)),
                    disposition=str(rule.rule["disposition"]),
                    why="",
                )
                for rule in rules
            ]
        )
    except ValueError as error:
        return str(error).rstrip(".")
    return None


def _paths(rule: Rule) -> Sequence[object]:
    paths = rule.rule["paths"]
    return paths if isinstance(paths, list) else []


def _rule(template: Template, verdict: Verdict, names: set[str]) -> Rule:
    kind = _kind(verdict.template, names)
    path = _with_letters(verdict.template)
    rule: dict[str, object] = {
        "kind": kind,
        "paths": [path],
        "disposition": verdict.disposition,
    }
    columns: tuple[Column, ...] = ()
    if verdict.disposition == SYSTEM_OF_RECORD:
        rule |= {"table": _table(kind, names), "retention": "all_versions"}
        if "{session_key}" in path:
            rule["session_date"] = "document_file"
        if (fields := _known_fields(template)) is not None:
            rule["known_fields"] = fields
        columns = tuple(_columns(template, verdict))[:_MOST_COLUMNS]
    rule["why"] = " ".join(verdict.reason.split())
    return Rule(rule, columns)


def _kind(template: str, names: set[str]) -> str:
    """Return a name from the last literals of a path, one more as long as it is taken."""
    literals = []
    for segment in split_ending(template)[0].split("/"):
        word = snake(_PLACEHOLDER.sub("", segment))
        if word:
            literals.append(_singular(word))
    name = ""
    for word in reversed(literals or ["document"]):
        name = f"{word}_{name}" if name else word
        name = re.sub(r"^[^a-z]+", "", name)[:48].strip("_") or "document"
        if name not in names and f"{name}s" not in names:
            return name
    number = 2
    while f"{name}_{number}" in names:
        number += 1
    return f"{name}_{number}"


def _singular(word: str) -> str:
    if word.endswith("ies"):
        return word[:-3] + "y"
    return word[:-1] if word.endswith("s") and not word.endswith(("ss", "us", "is")) else word


def _table(kind: str, names: set[str]) -> str:
    plural = kind[:-1] + "ies" if re.search("[^aeiou]y$", kind) else f"{kind}s"
    return f"{kind}_records" if plural in _TAKEN or plural in names else plural


def _with_letters(template: str) -> str:
    """Return a template whose placeholders are of letters, each of them once."""
    used: Counter[str] = Counter()

    def name(match: re.Match[str]) -> str:
        letters = (
            re.sub(r"[0-9]+", lambda n: _LETTERS[int(n[0]) % 10 - 1], match[1]).strip("_") or "id"
        )
        used[letters] += 1
        extra = "" if used[letters] == 1 else "_" + _LETTERS[min(used[letters], 10) - 1]
        return f"{{{letters}{extra}}}"

    return _PLACEHOLDER.sub(name, template)


def _known_fields(template: Template) -> dict[str, list[str]] | None:
    """Return the keys of the document, or of the elements of the list that it is."""
    paths = list(template.fields)
    if any(path.startswith("{") for path in paths):
        return None
    found: dict[str, list[str]] = {"": []}
    for path in paths:
        if path.startswith("[]."):
            rest, container = path[3:], "[]"
        else:
            rest, container = path, ""
        if re.search(r"\.|\[\]|^\$$|\{", rest):
            continue
        found.setdefault(container, []).append(rest)
    return found


def _columns(template: Template, verdict: Verdict) -> Iterator[Column]:
    """Yield columns: placeholders of the path, then keys of the document or of its rows."""
    names: set[str] = set()
    places = [
        (position, i) for position, kinds in template.kinds.items() for i in range(len(kinds))
    ]
    for name, place in zip(_PLACEHOLDER.findall(verdict.template), places, strict=True):
        yield Column(name, _type_in_path(template, *place), False, f"{{{name}}}")
        names.add(name)
    prefix = _rows_of(template)
    bodies = max(1, template.profile.bodies)
    if prefix.endswith("}."):
        key = template.fields.get(f"{prefix[:-1]}#")
        name = "row_key" if f"{prefix}key" in template.fields or "key" in names else "key"
        names.add(name)
        yield Column(name, "uuid" if key and key.kinds[UUID] == key.seen else "text", False, "key")
    for path, field in template.fields.items():
        rest = path.removeprefix(prefix)
        if not path.startswith(prefix) or re.search(r"\.|\[\]|^\$$|\{|#", rest):
            continue
        name = snake(rest) or "value"
        name = name if name[0].isalpha() else f"c_{name}"
        name = f"{name}_" if name in WORDS["system"] else name
        if name not in names:
            names.add(name)
            share = (
                field.seen / max(1, _seen(template, prefix)) if prefix else field.bodies / bodies
            )
            yield Column(name, _type(field), share < 1 or "null" in field.types, path)


def _type_in_path(template: Template, position: int, index: int) -> str:
    """Return the type that a placeholder has in all sampled paths."""
    pattern = template.segments[position]
    values = []
    for entry in template.leaf.sample:
        # The names of ids that were merged do not all match the pattern of most.
        found = values_of(pattern, entry.path.split("/")[position])
        values.append(found[index] if found else "")
    kinds = {kind_of(value) for value in values}
    if kinds == {UUID} and all("-" in value for value in values):
        return "uuid"
    if kinds == {NUMBER} and max(map(len, values)) < len(str(2**63)):
        return "bigint"
    return "date" if kinds == {DATE} and all(map(_DAY.fullmatch, values)) else "text"


def _rows_of(template: Template) -> str:
    """Return the path of the rows where a document is nothing but a list or a map of them."""
    for path in template.fields:
        if path == "[]" or re.fullmatch(r"\{[a-z]+\}", path):
            return f"{path}." if not template.profile.tops["object"] or path != "[]" else ""
    return ""


def _seen(template: Template, prefix: str) -> int:
    rows = template.fields.get(prefix.removesuffix("."))
    return rows.seen if rows else 0


def _type(field: Field) -> str:
    """Return the narrowest type of PostgreSQL that holds all values."""
    types = field.types.keys() - {"null"}
    known = field.seen - field.types["null"]
    if not types or types & {"object", "array"}:
        return "jsonb"
    if types == {"boolean"}:
        return "boolean"
    if types <= {"integer", "number"}:
        return "numeric" if "number" in types else "bigint"
    if types == {"string"} and known:
        for kind, name in ((UUID, "uuid"), (MOMENT, "timestamptz"), (DAY, "date")):
            if field.kinds[kind] == known:
                return name
        return "text"
    return "text"


def _differences(
    found: Sequence[tuple[Template, Verdict]], known: reviewed.DocumentKinds
) -> Iterator[Difference]:
    for template, verdict in found:
        matches = Counter(known.match(entry.path)[:2] for entry in template.leaf.sample)
        (kind, disposition), _ = max(matches.items(), key=lambda item: (item[1], str(item[0])))
        if kind is not None and disposition != verdict.disposition:
            yield Difference(verdict.template, verdict.disposition, kind, disposition)
