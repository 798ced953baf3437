"""The report on an audit: what moves to PostgreSQL, what stays, which files change."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from loaders.advisor.proposals import quoted
from loaders.errors import WrongRequest

_MOST_NAMED = 6
# What is shown in place of an operation on files; nothing here is executed.
_STATEMENTS = {
    "read": "select payload from TABLE where WHERE;",
    "exists": "select exists (select 1 from TABLE where WHERE);",
    "delete": "delete from TABLE where WHERE;",
    "list": "select KEYS, payload from TABLE order by KEYS;",
    "write": (
        "insert into TABLE (KEYS, payload) values (VALUES)\n"
        "on conflict (KEYS) do update set payload = excluded.payload, changed_at = now();"
    ),
}


@dataclass(frozen=True, slots=True)
class Access:
    """What code does to a template today, and the statement that takes its place."""

    operation: str
    places: tuple[str, ...]
    statement: str


@dataclass(frozen=True, slots=True)
class Move:
    """A template that moves: its table, and how its data is read and written afterwards."""

    template: str
    reason: str
    confidence: str
    table: str
    sql: str
    files_seen: int | None
    accesses: tuple[Access, ...]
    rules: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Change:
    """A file or path that changes: code, a migration, a retired place."""

    kind: str
    path: str
    why: str


@dataclass(frozen=True, slots=True)
class Report:
    summary: tuple[str, ...]
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]
    notes: tuple[str, ...]


def read_result(file: Path, what: str) -> dict[str, Any]:
    """Return the JSON that a command wrote. Raises WrongRequest if it is none."""
    try:
        said = json.loads(file.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise WrongRequest(f"{file} cannot be read as the JSON of {what}: {error}.") from error
    key = "findings" if what == "an audit" else "templates"
    if not isinstance(said, dict) or not isinstance(said.get(key), list):
        raise WrongRequest(f"{file} is not the JSON of {what}: it has no {key}.")
    return said


def make_report(audit: Mapping[str, Any], classified: Mapping[str, Any] | None = None) -> Report:
    """Return the report on an audit; what classify counted in the data is shown beside it."""
    findings: list[dict[str, Any]] = audit["findings"]
    counts = _files_seen(classified)
    kinds = {
        name: [finding for finding in findings if finding["disposition"] == name]
        for name in ("SYSTEM_OF_RECORD", "CONFIG_STATIC", "CACHE", "UNCERTAIN")
    }
    moves = _moves(kinds["SYSTEM_OF_RECORD"], counts)
    return Report(
        summary=_summary(kinds),
        changes=_changes(kinds["SYSTEM_OF_RECORD"], moves),
        moves=moves,
        notes=_notes(findings, audit.get("wrappers", []), moves),
    )


def _files_seen(classified: Mapping[str, Any] | None) -> dict[str, int]:
    """Return how many files classify saw of each template."""
    return {
        str(row.get("code_template") or row.get("template")): int(row["files"])
        for row in (classified or {}).get("templates", [])
        if isinstance(row, dict) and isinstance(row.get("files"), int)
    }


def _named(findings: Sequence[Mapping[str, Any]]) -> str:
    names = [f"`{finding['template']}`" for finding in findings[:_MOST_NAMED]]
    more = len(findings) - _MOST_NAMED
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _summary(kinds: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    records, static = kinds["SYSTEM_OF_RECORD"], kinds["CONFIG_STATIC"]
    lines = [
        f"{len(records)} templates move to PostgreSQL: {_named(records)}. They are written at run "
        "time and belong to users, sessions or the business."
        if records
        else "Nothing moves: no record is kept in JSON files, as far as the code shows.",
        f"{len(static)} stay as JSON: {_named(static)}. Code only reads them, or fixed keys of "
        "them, and deploys change them."
        if static
        else "No configuration in JSON was found.",
    ]
    if kinds["CACHE"]:
        lines.append(
            f"{len(kinds['CACHE'])} are caches: {_named(kinds['CACHE'])}. They may vanish at any "
            "moment and need no table."
        )
    if kinds["UNCERTAIN"]:
        lines.append(
            f"{len(kinds['UNCERTAIN'])} are uncertain: {_named(kinds['UNCERTAIN'])}. Look at their "
            "places and settle them in [tool.pulse-elt.audit]."
        )
    return tuple(lines)


def _moves(records: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> tuple[Move, ...]:
    found: list[Move] = []
    for finding in records:
        proposal = finding["proposal"]
        keys = [column["name"] for column in proposal["columns"] if column["is_key"]]
        by_operation: dict[str, list[str]] = {}
        for place in finding["places"]:
            where = f"{place['file']}:{place['line']}"
            by_operation.setdefault(place["operation"], []).append(where)
        found.append(
            Move(
                template=finding["template"],
                reason=finding["reason"],
                confidence=finding["confidence"],
                table=proposal["table"],
                sql=proposal["sql"],
                files_seen=counts.get(finding["template"]),
                accesses=tuple(
                    Access(operation, tuple(places), statement(operation, proposal["table"], keys))
                    for operation, places in sorted(by_operation.items())
                ),
                rules=tuple(sorted({r for place in finding["places"] for r in place["rules"]})),
            )
        )
    return tuple(found)


def statement(operation: str, table: str, keys: Sequence[str]) -> str:
    """Return the SQL that does to a table what code did to files."""
    columns = [quoted(key) for key in keys]
    named = {
        "TABLE": quoted(table),
        "WHERE": " and ".join(f"{key} = ${number}" for number, key in enumerate(columns, start=1)),
        "KEYS": ", ".join(columns),
        "VALUES": ", ".join(f"${number}" for number in range(1, len(keys) + 2)),
    }
    text = _STATEMENTS[operation]
    return re.sub("TABLE|WHERE|KEYS|VALUES", lambda found: named[found[0]], text)


def _changes(records: Sequence[Mapping[str, Any]], moves: Sequence[Move]) -> tuple[Change, ...]:
    code: dict[str, dict[str, None]] = {}
    for finding in records:
        for place in finding["places"]:
            code.setdefault(place["file"], {})[f"`{finding['template']}`"] = None
    found = [
        Change("code", file, f"reads or writes {', '.join(templates)}")
        for file, templates in sorted(code.items())
    ]
    tables = dict.fromkeys(move.table for move in moves)
    found += [
        Change("migration", f"migrations/{number:04}_{table}.sql", f"creates the table {table}")
        for number, table in enumerate(tables, start=1)
    ]
    found += [
        Change("retired", move.template, "no longer written once the table is the authority")
        for move in moves
    ]
    return tuple(found)


def _notes(
    findings: Sequence[Mapping[str, Any]],
    wrappers: Sequence[Mapping[str, Any]],
    moves: Sequence[Move],
) -> tuple[str, ...]:
    rules: dict[str, list[str]] = {}
    for finding in (*findings, *wrappers):
        for place in finding["places"]:
            for rule in place["rules"]:
                rules.setdefault(rule, []).append(f"{place['file']}:{place['line']}")
    notes: list[str] = []
    if moves:
        notes.append(
            "Compatibility: create the tables, load the files with pulse-elt, write to both for a "
            "while with the table as authority, compare, then stop writing the files."
        )
    shared = [move.table for move in moves]
    for table in sorted({table for table in shared if shared.count(table) > 1}):
        notes.append(f"Several templates propose a table {table}: one table, or two names.")
    for rule, sentence in (
        ("PE104", "Read, changed and written back: use one statement, or a transaction, at"),
        ("PE302", "Written to files and a database: choose PostgreSQL as the authority at"),
        ("PE202", "Secrets beside configuration: take them from the environment at"),
        ("PE301", "Helpers that nobody calls: remove them at"),
        ("PE901", "Path unknown: look at"),
    ):
        if rule in rules:
            places = rules[rule]
            more = len(places) - _MOST_NAMED
            said = ", ".join(places[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
            notes.append(f"{sentence} {said} ({rule}).")
    static = [finding for finding in findings if finding["disposition"] == "CONFIG_STATIC"]
    written = [f for f in static if any(place["operation"] == "write" for place in f["places"])]
    if written:
        notes.append(
            f"Question 5: {_named(written)} is written at run time. If people edit it live, it "
            "belongs in PostgreSQL in the long run; until then JSON is fine."
        )
    elif static:
        notes.append(
            "Question 5: the day an editor changes configuration live, it belongs in PostgreSQL "
            "too; until then JSON in the repository is fine."
        )
    return tuple(notes)


def as_json(report: Report) -> str:
    said = {"version": 1, **asdict(report)}
    return json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def as_markdown(report: Report) -> str:
    """Return a page that reads well on a code host; each block of code has its language."""
    lines = ["# What belongs in PostgreSQL", "", *(f"- {line}" for line in report.summary), ""]
    lines += ["## File changes", ""]
    if report.changes:
        lines += ["| what | where | why |", "|---|---|---|"]
        lines += [f"| {each.kind} | `{each.path}` | {each.why} |" for each in report.changes]
    else:
        lines.append("None.")
    lines += ["", "## Schema and usage", ""]
    for move in report.moves:
        seen = f", {move.files_seen:,} files" if move.files_seen is not None else ""
        lines += [f"### `{move.template}` → `{move.table}`", ""]
        lines += [f"{move.reason.capitalize()} ({move.confidence}{seen}).", ""]
        lines += ["```sql", move.sql.rstrip("\n"), "```", ""]
        lines += ["| before | at |", "|---|---|"]
        for access in move.accesses:
            places = ", ".join(f"`{place}`" for place in access.places)
            lines.append(f"| {access.operation} a file | {places} |")
        lines += ["", "After:", "", "```sql"]
        lines += [f"-- {each.operation}\n{each.statement}" for each in move.accesses]
        lines += ["```", ""]
    if not report.moves:
        lines += ["Nothing moves.", ""]
    lines += ["## Notes", "", *(f"- {note}" for note in report.notes)]
    return "\n".join(lines).rstrip("\n") + "\n"
