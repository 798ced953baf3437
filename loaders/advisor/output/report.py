"""The report on an audit: what moves to PostgreSQL, what stays, which files change."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from typing import Any

from loaders.advisor.judging.proposals import FINDING, MADE_UP, is_lines, table_of
from loaders.advisor.judging.statements import statement
from loaders.advisor.output.spans import cell, plain, span
from loaders.errors import WrongRequest

_MOST_NAMED = 6
_BROWSER = re.compile(r"(local|session)Storage:")


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
class Stay:
    """A template that does not move, or not yet, and why."""

    template: str
    disposition: str
    reason: str
    confidence: str
    files_seen: int | None


@dataclass(frozen=True, slots=True)
class Report:
    summary: tuple[str, ...]
    changes: tuple[Change, ...]
    moves: tuple[Move, ...]
    stays: tuple[Stay, ...]
    notes: tuple[str, ...]


def read_result(file: Path, what: str) -> dict[str, Any]:
    """Return the JSON that a command wrote. Raises WrongRequest if it is none."""
    try:
        said = json.loads(file.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        why = error.strerror if isinstance(error, OSError) else error
        raise WrongRequest(f"{file} cannot be read as the JSON of {what}: {why}.") from error
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
        stays=tuple(
            Stay(
                each["template"],
                name,
                each["reason"],
                each["confidence"],
                counts.get(each["template"]),
            )
            for name in ("CONFIG_STATIC", "CACHE", "UNCERTAIN")
            for each in kinds[name]
        ),
        notes=(
            *_notes(findings, audit.get("wrappers", []), moves),
            *_data_notes(findings, classified),
            *_unread(audit.get("notes", []), audit.get("since")),
        ),
    )


def _rows(classified: Mapping[str, Any] | None) -> list[dict[str, Any]]:
    return [row for row in (classified or {}).get("templates", []) if isinstance(row, dict)]


def _files_seen(classified: Mapping[str, Any] | None) -> dict[str, int]:
    """Return how many files classify saw of each template; one of the code may have several."""
    found: Counter[str] = Counter()
    for row in _rows(classified):
        if isinstance(row.get("files"), int):
            found[str(row.get("code_template") or row.get("template"))] += row["files"]
    return dict(found)


def _data_notes(
    findings: Sequence[Mapping[str, Any]], classified: Mapping[str, Any] | None
) -> Iterator[str]:
    """Say where the data knows more than the code, or something else."""
    said = {finding["template"]: finding["disposition"] for finding in findings}
    alone: dict[str, list[Mapping[str, Any]]] = {}
    for row in _rows(classified):
        name, disposition = row.get("code_template") or row.get("template"), row.get("disposition")
        if name not in said:
            alone.setdefault(str(disposition), []).append({"template": row.get("template")})
        elif said[name] != disposition:
            yield (
                f"{span(str(name))}: the data says {disposition} "
                f"({plain(str(row.get('reason') or 'no reason'))}), the code "
                f"{said[name] or 'nothing'}. Settle it in [tool.pulse-elt.audit]."
            )
    for disposition, rows in sorted(alone.items()):
        yield f"In the data, and in no code that was read, {disposition}: {_named(rows)}."


def _unread(notes: Sequence[Mapping[str, Any]], since: str | None) -> Iterator[str]:
    """Name the files of which the report knows nothing, or not all."""
    if since:
        yield f"Only files changed since {span(since)} were looked at; audit all for a whole plan."
    for rule, sentence in (("PE900", "Read only in part"), ("not-read", "Not read")):
        found = [{"template": note["file"]} for note in notes if note["rule"] == rule]
        if found:
            yield f"{sentence}: {_named(found)}. What they do to files may be missing here."


def _named(findings: Sequence[Mapping[str, Any]]) -> str:
    names = [span(finding["template"]) for finding in findings[:_MOST_NAMED]]
    more = len(findings) - _MOST_NAMED
    return ", ".join(names) + (f" and {more} more" if more > 0 else "")


def _written(findings: Sequence[Mapping[str, Any]]) -> list[Mapping[str, Any]]:
    return [f for f in findings if any(place["operation"] == "write" for place in f["places"])]


def _counted(findings: Sequence[object], one: str, many: str) -> str:
    return f"1 template {one}" if len(findings) == 1 else f"{len(findings)} templates {many}"


def _summary(kinds: Mapping[str, Sequence[Mapping[str, Any]]]) -> tuple[str, ...]:
    records, static = kinds["SYSTEM_OF_RECORD"], kinds["CONFIG_STATIC"]
    caches, uncertain = kinds["CACHE"], kinds["UNCERTAIN"]
    lines = [
        "Nothing moves: no record is kept in JSON files, as far as the code shows.",
        "No configuration in JSON was found.",
    ]
    if records:
        lines[0] = (
            f"{_counted(records, 'moves', 'move')} to PostgreSQL: {_named(records)}. Code writes "
            "them at run time, and they belong to users, sessions or the business."
        )
    if static:
        lines[1] = (
            f"{_counted(static, 'stays', 'stay')} as JSON: {_named(static)}. Code only reads "
            "them, or fixed keys of them, and deploys change them."
        )
        if written := _written(static):
            lines[1] += f" Code also writes {_named(written)}: see question 5 in the notes."
    if caches:
        lines.append(
            f"{_counted(caches, 'is a cache', 'are caches')}: {_named(caches)}. They may vanish "
            "at any moment and need no table."
        )
    if uncertain:
        lines.append(
            f"{_counted(uncertain, 'is uncertain', 'are uncertain')}: {_named(uncertain)}. Look "
            "at the places and settle them in [tool.pulse-elt.audit]."
        )
    return tuple(lines)


def _moves(records: Sequence[Mapping[str, Any]], counts: Mapping[str, int]) -> tuple[Move, ...]:
    found: list[Move] = []
    for finding in records:
        proposal = finding["proposal"]
        columns = proposal["columns"]
        write = partial(
            statement,
            table=proposal["table"],
            keys=[column["name"] for column in columns if column["is_key"]],
            found_by=[c["name"] for c in columns if c["is_key"] and c["source"] in FINDING],
            columns=[column["name"] for column in columns if column["source"] != MADE_UP],
            is_log=is_lines(finding["template"]),
        )
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
                    Access(operation, tuple(places), write(operation))
                    for operation, places in sorted(by_operation.items())
                ),
                rules=tuple(sorted({r for place in finding["places"] for r in place["rules"]})),
            )
        )
    return tuple(found)


def _changes(records: Sequence[Mapping[str, Any]], moves: Sequence[Move]) -> tuple[Change, ...]:
    code: dict[str, dict[str, None]] = {}
    for finding in records:
        for place in finding["places"]:
            code.setdefault(place["file"], {})[span(finding["template"])] = None
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
    if any(_BROWSER.match(move.template) for move in moves):
        notes.append(
            "Compatibility: what a browser keeps is in no file. Let the page send it to the server "
            "at the next visit, and forget it once it is stored."
        )
    alike: dict[str, list[str]] = {}
    for move in moves:
        alike.setdefault(table_of(move.template), []).append(
            f"{span(move.template)} → `{move.table}`"
        )
    for tables in (each for _, each in sorted(alike.items()) if len(each) > 1):
        notes.append(f"Perhaps one table rather than {len(tables)}: {', '.join(tables)}.")
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
    if written := _written(static):
        notes.append(
            f"Question 5: {_named(written)}: code writes configuration at run time. If people "
            "edit it live, it belongs in PostgreSQL in the long run; until then JSON is fine."
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


def _seen(files: int | None) -> str:
    return "" if files is None else ", 1 file" if files == 1 else f", {files:,} files"


def as_markdown(report: Report) -> str:
    """Return a page that reads well on a code host; each block of code has its language."""
    lines = ["# What belongs in PostgreSQL", "", *(f"- {line}" for line in report.summary), ""]
    lines += ["## File changes", ""]
    if report.changes:
        lines += ["| what | where | why |", "|---|---|---|"]
        lines += [
            f"| {each.kind} | {cell(span(each.path))} | {cell(each.why)} |"
            for each in report.changes
        ]
    else:
        lines.append("None.")
    lines += ["", "## Schema and usage", ""]
    for move in report.moves:
        seen = _seen(move.files_seen)
        lines += [f"### {span(move.template)} → `{move.table}`", ""]
        why = plain(move.reason[:1].upper() + move.reason[1:])
        lines += [f"{why} ({move.confidence}{seen}).", ""]
        lines += ["```sql", move.sql.rstrip("\n"), "```", ""]
        if move.rules:
            lines += [f"Rules: {', '.join(move.rules)}.", ""]
        lines += ["| before | at |", "|---|---|"]
        for access in move.accesses:
            places = ", ".join(cell(span(place)) for place in access.places)
            lines.append(f"| {access.operation} | {places} |")
        lines += ["", "After:", "", "```sql"]
        lines += [f"-- {each.operation}\n{each.statement}" for each in move.accesses]
        lines += ["```", ""]
    if not report.moves:
        lines += ["Nothing moves.", ""]
    if report.stays:
        lines += ["### What does not move", "", "| template | disposition | why |", "|---|---|---|"]
        for stay in report.stays:
            why = f"{plain(stay.reason)} ({stay.confidence}{_seen(stay.files_seen)})"
            lines.append(f"| {cell(span(stay.template))} | {stay.disposition} | {why} |")
        lines.append("")
    lines += ["## Notes", "", *(f"- {note}" for note in report.notes or ("None.",))]
    return "\n".join(lines).rstrip("\n") + "\n"
