"""Proposes a table for a system of record: columns from placeholders, literals, types and data."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from loaders.advisor.templates import snake
from loaders.advisor.words import WORDS

_TYPES = (
    (r"\b(datetime|Date|Instant|Timestamp)\b", "timestamptz"),
    (r"\bdate\b", "date"),
    (r"\bbool(ean)?\b", "boolean"),
    (r"\b(int|bigint|integer)\b", "bigint"),
    (r"\b(float|Decimal|number)\b", "numeric"),
    (r"\bUUID\b", "uuid"),
    (
        r"\b(list|dict|List|Dict|Mapping|Sequence|Array|Record|object|Any|unknown)\b|\[\]|\{",
        "jsonb",
    ),
    (r"\b(str|string)\b", "text"),
)


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    is_key: bool
    is_required: bool
    source: str


@dataclass(frozen=True, slots=True)
class Proposal:
    """A table, its columns with where each comes from, and the SQL that creates it."""

    table: str
    columns: tuple[Column, ...]
    sql: str


def propose(
    template: str,
    holes: Sequence[str],
    keys: Mapping[str, str],
    types: Mapping[str, str],
    data: Mapping[str, str],
) -> Proposal:
    """Return the table of a template.

    keys are literal keys of what is written and read, with where they were seen; types are fields
    of a declared class, with their annotations; data are the types that files show, which win.
    """
    columns: dict[str, Column] = {}
    for hole in dict.fromkeys(holes):
        name = _column(hole)
        columns[name] = Column(name, _key_type(name, data), True, True, "path")
    for field, annotation in types.items():
        name = _column(field)
        if name not in columns:
            is_optional = re.search(r"None|Optional|NotRequired|\?|undefined|null", annotation)
            found = data.get(field) or type_of(annotation, name)
            columns[name] = Column(name, found, False, not is_optional, "type")
        elif name not in data:
            columns[name] = Column(name, type_of(annotation, name), True, True, "path and type")
    for field, source in keys.items():
        name = _column(field)
        if name not in columns:
            found = data.get(field) or guessed(name)
            columns[name] = Column(name, found, False, False, source)
    for field, found in data.items():
        name = _column(field)
        if name not in columns:
            columns[name] = Column(name, found, False, False, "data")
    table = _table(template)
    if not any(column.is_key for column in columns.values()):
        first = Column(f"{_singular(table)}_id", "bigint", True, True, "made up")
        columns = {first.name: first, **columns}
    return Proposal(table, tuple(columns.values()), _sql(table, tuple(columns.values())))


def type_of(annotation: str, name: str) -> str:
    for pattern, found in _TYPES:
        if re.search(pattern, annotation):
            return guessed(name) if found == "text" else found
    return "text"


def guessed(name: str) -> str:
    """Return a type by a column's name alone."""
    if re.search(r"(_at|_time|timestamp)$", name):
        return "timestamptz"
    if re.search(r"(^|_)(date|day)$|_on$", name):
        return "date"
    if re.match(r"(is|has|can)_", name):
        return "boolean"
    if re.search(r"(^|_)(count|cents|total|number|size|age|year)$", name):
        return "bigint"
    if re.search(r"(^|_)(items|list|entries|tags|data|payload)$", name):
        return "jsonb"
    return "text"


def _key_type(name: str, data: Mapping[str, str]) -> str:
    return data.get(name) or ("uuid" if name.endswith("uuid") else guessed(name))


def _column(name: str) -> str:
    found = snake(name)
    return found if re.match(r"[a-z_]", found) else f"_{found}"


def _table(template: str) -> str:
    """Return a table's name: the last folder or file that has a name of its own."""
    path = re.sub(r"^[a-zA-Z0-9]+:(//)?", "", template)
    path = re.sub(r"(\.(jsonl?|ndjson|gz|bz2))+$", "", path)
    words = [re.sub(r"\{[^}]*\}", "", part).strip("-_. ") for part in path.split("/")]
    named = [word for word in words if re.search(r"[A-Za-z]", word)]
    name = snake(named[-1]) if named else "records"
    return name if re.match(r"[a-z_]", name) else f"t_{name}"


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in WORDS["sql"]
    return name if is_plain else f'"{name}"'


def _sql(table: str, columns: Sequence[Column]) -> str:
    lines = [
        f"    {quoted(column.name)} {column.type}{' not null' if column.is_required else ''}"
        for column in columns
    ]
    if "payload" not in {column.name for column in columns}:
        lines.append("    payload jsonb not null")
    if "changed_at" not in {column.name for column in columns}:
        lines.append("    changed_at timestamptz not null default now()")
    keys = ", ".join(quoted(column.name) for column in columns if column.is_key)
    lines.append(f"    primary key ({keys})")
    body = ",\n".join(lines)
    return f"create table {quoted(table)} (\n{body}\n);\n"
