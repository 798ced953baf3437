"""Proposes a table for a system of record: columns from placeholders, literals, types and data."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial

from loaders.advisor.flow.templates import snake
from loaders.advisor.words import WORDS

# The source of a key that neither path nor data have, and of those that find a file.
MADE_UP = "made up"
FINDING = ("path", "path and type", "session")
_TYPES = (
    (r"\b(datetime|Date|Instant|Timestamp)\b", "timestamptz"),
    (r"\bdate\b", "date"),
    (r"\bbool(ean)?\b", "boolean"),
    (r"\b(int|bigint|integer)\b", "bigint"),
    (r"\b(float|Decimal|number)\b", "numeric"),
    (r"\bUUID\b", "uuid"),
    (r"\b(str|string)\b", "text"),
)
# Whatever they hold, the column holds all of it.
_CONTAINERS = re.compile(
    r"\b(list|dict|set|frozenset|tuple|List|Dict|Set|FrozenSet|Tuple|Mapping|MutableMapping|Sequence|"
    r"Iterable|Collection|Array|ReadonlyArray|Map|Record|object|Any|any|unknown)\b|\[\]|\{|^\["
)
_LITERALS = re.compile(r"""(?s)"[^"]*"|'[^']*'|`[^`]*`""")
_OPTIONAL = re.compile(r"\bNone\b|\bOptional\b|\bNotRequired\b|\?|\bundefined\b|\bnull\b")
_LONGEST = 63


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
    table = table_of(template)
    named = partial(_column, table=table)
    own = next((hole for hole in holes if snake(hole) == f"{_singular(table)}_id"), None)
    if own is not None and not is_lines(template):
        # The record's own id, whatever it is called beside its path.
        types, keys, data = (_with_own_id(own, each) for each in (types, keys, data))
    columns: dict[str, Column] = {}
    for hole in dict.fromkeys(holes):
        name = named(hole)
        columns[name] = Column(name, _key_type(name, data), True, True, "path")
    for field, annotation in types.items():
        name = named(field)
        if name not in columns:
            is_required = not _OPTIONAL.search(annotation)
            found = data.get(field) or type_of(annotation, name)
            columns[name] = Column(name, found, False, is_required, "type")
        elif name not in data:
            columns[name] = Column(name, type_of(annotation, name), True, True, "path and type")
    for field, source in keys.items():
        name = named(field)
        if name not in columns:
            found = data.get(field) or guessed(name)
            columns[name] = Column(name, found, False, False, source)
    for field, found in data.items():
        name = named(field)
        if name not in columns:
            columns[name] = Column(name, found, False, False, "data")
    columns = _keyed(columns, template, table)
    return Proposal(table, tuple(columns.values()), _sql(table, tuple(columns.values())))


def is_lines(template: str) -> bool:
    """Say whether each line of a file is a record."""
    return re.search(r"\.(jsonl|ndjson)(\.(gz|bz2))?$", template) is not None


def _keyed(columns: dict[str, Column], template: str, table: str) -> dict[str, Column]:
    """Return columns with a key: a file of many records has none in its path."""
    own = f"{_singular(table)[: _LONGEST - 5]}_id"
    keys = {name: column for name, column in columns.items() if column.is_key}
    if re.match(r"(local|session)Storage:", template):
        # A browser is one person's: the server knows whose by the session.
        return {"user_id": Column("user_id", "text", True, True, "session"), **columns}
    if is_lines(template):
        name = own if own not in columns else f"{own[:-3]}_line"
    elif keys:
        return columns
    elif (name := next((key for key in ("id", own, "uuid") if key in columns), "")) != "":
        key = replace(columns.pop(name), is_key=True, is_required=True)
        return {name: key, **columns}
    else:
        name = own
    return {**keys, name: Column(name, "bigint", True, True, MADE_UP), **columns}


def _with_own_id(own: str, said: Mapping[str, str]) -> dict[str, str]:
    found = dict(said)
    if "id" in found:
        found.setdefault(snake(own), found["id"])
        del found["id"]
    return found


def told_apart(proposals: Mapping[str, Proposal]) -> dict[str, Proposal]:
    """Return proposals, by template, of which no two create the same table."""
    shared = Counter(proposal.table for proposal in proposals.values())
    taken = {table for table, count in shared.items() if count == 1}
    found: dict[str, Proposal] = {}
    for template, proposal in proposals.items():
        if shared[proposal.table] == 1:
            found[template] = proposal
            continue
        table = proposal.table
        words = _named_parts(template)[:-1]
        while table in taken:
            before = f"{snake(words.pop())}_" if words else ""
            number = "" if before else f"_{len(taken)}"
            table = f"{before}{table}"[: _LONGEST - len(number)] + number
        taken.add(table)
        found[template] = replace(proposal, table=table, sql=_sql(table, proposal.columns))
    return found


def type_of(annotation: str, name: str) -> str:
    if re.fullmatch(r"""(["'])[^"']*\1""", annotation):
        annotation = annotation[1:-1]
    said = _LITERALS.sub(" str ", annotation)
    if _CONTAINERS.search(said):
        return "jsonb"
    found = [column for pattern, column in _TYPES if re.search(pattern, said)]
    if len(set(found)) == 1:
        return guessed(name) if found[0] == "text" else found[0]
    return "numeric" if set(found) == {"bigint", "numeric"} else "text"


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


def _column(name: str, table: str) -> str:
    """Return a column's name that neither PostgreSQL nor the table's own columns have taken."""
    found = snake(name)[:_LONGEST]
    if found in ("payload", "changed_at"):
        return f"{_singular(table)}_{found}"[:_LONGEST]
    if found in WORDS["system"]:
        return f"{found}_"
    return found if re.match(r"[a-z_]", found) else f"_{found}"[:_LONGEST]


def table_of(template: str) -> str:
    """Return a table's name: the last folder or file that has a name of its own."""
    named = _named_parts(template)
    name = snake(named[-1]) if named else "records"
    return (name if re.match(r"[a-z_]", name) else f"t_{name}")[:_LONGEST]


def _named_parts(template: str) -> list[str]:
    """Return the folders and the file of a template that have names of their own."""
    path = re.sub(r"^[a-zA-Z0-9]+:(//)?", "", template)
    path = re.sub(r"(\.(jsonl?|ndjson|gz|bz2))+$", "", path)
    words = [re.sub(r"\{[^}]*\}", "", part).strip("-_. ") for part in path.split("/")]
    return [word for word in words if re.search(r"[A-Za-z]", word)]


def _singular(name: str) -> str:
    return name[:-1] if name.endswith("s") and not name.endswith("ss") else name


def quoted(name: str) -> str:
    """Return a name as SQL takes it."""
    is_plain = re.fullmatch(r"[a-z_][a-z0-9_]*", name) and name not in WORDS["sql"]
    return name if is_plain else f'"{name}"'


def _sql(table: str, columns: Sequence[Column]) -> str:
    lines = [f"    {quoted(column.name)} {_declared(column)}" for column in columns]
    lines.append("    payload jsonb not null")
    lines.append("    changed_at timestamptz not null default now()")
    keys = ", ".join(quoted(column.name) for column in columns if column.is_key)
    lines.append(f"    primary key ({keys})")
    body = ",\n".join(lines)
    return f"create table {quoted(table)} (\n{body}\n);\n"


def _declared(column: Column) -> str:
    if column.source == MADE_UP:
        return f"{column.type} generated by default as identity"
    return f"{column.type}{' not null' if column.is_required else ''}"
