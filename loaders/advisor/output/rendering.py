"""Renders an audit as text, JSON, SARIF 2.1.0 or Markdown: each from the same result."""

import json
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict
from typing import Any

from loaders import __version__
from loaders.advisor.dispositions import QUESTIONS, SYSTEM_OF_RECORD
from loaders.advisor.files import shown
from loaders.advisor.judging.result import AuditResult, Finding, Result
from loaders.advisor.judging.rules import RULES
from loaders.advisor.output.spans import cell, plain, span
from loaders.advisor.places.places import Place

_SARIF_SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)
# A terminal shows so many unread files of a kind; the other formats show all.
_MOST_UNREAD = 3
_ORDER = (SYSTEM_OF_RECORD, "UNCERTAIN", "CONFIG_STATIC", "CACHE", None)


def as_text(result: AuditResult) -> str:
    """Return what people read in a terminal."""
    lines: list[str] = []
    known = _known(result)
    for finding in _in_order(result):
        rules = _rules_of(finding)
        if not rules and finding.disposition != "UNCERTAIN":
            continue
        said = f"{finding.disposition}, {finding.confidence}" if finding.disposition else "wrapper"
        lines.append(f"{finding.template}  {said}: {finding.reason}")
        for place in finding.places:
            where = f"  {place.file}:{place.line}"
            held = _held(finding, place, known)
            said = f"{where}  {place.operation} {place.form}  {held}"
            lines.append(said.rstrip())
    unread: Counter[str] = Counter()
    for note in result.notes:
        unread[note.message] += note.rule == "not-read"
        if unread[note.message] <= _MOST_UNREAD:
            lines.append(f"{note.file}:{note.line}  {note.rule}  {note.message}")
    for message, count in unread.items():
        if count > _MOST_UNREAD:
            lines.append(f"… and {count - _MOST_UNREAD} more  not-read  {message}")
    if lines:
        lines.append("")
    lines += _summary(result).split("\n")
    if result.results:
        rule = min(each.rule for each in result.results)
        lines.append(f"What a rule means, and what to do: pulse-elt audit --explain {rule}")
    return "\n".join(shown(line) for line in lines) + "\n"


_Known = frozenset[tuple[str, str, str]]


def _known(result: AuditResult) -> _Known:
    """Return what the baseline knows, by rule, template and file."""
    return frozenset((r.rule, r.template, r.file) for r in result.results if r.is_known)


def _held(finding: Finding, place: Place, known: _Known) -> str:
    """Return the rules at a place, those in brackets that fail nothing."""
    held = [
        f"({rule} known)" if (rule, finding.template, place.file) in known else rule
        for rule in place.rules
    ]
    return " ".join((*held, *(f"({rule} ignored)" for rule in place.ignored)))


def _in_order(result: AuditResult) -> list[Finding]:
    every = (*result.findings, *result.wrappers)
    return sorted(every, key=lambda f: (_ORDER.index(f.disposition), f.template))


def _rules_of(finding: Finding) -> list[str]:
    return sorted({rule for place in finding.places for rule in place.rules})


def _summary(result: AuditResult) -> str:
    counts = result.counts
    kinds = {
        name: sum(finding.disposition == name for finding in result.findings)
        for name in _ORDER
        if name
    }
    shown = ", ".join(f"{count} {name}" for name, count in kinds.items())
    if neighbours := len(result.findings) - sum(kinds.values()):
        shown += f", {neighbours} in shelve, pickle or SQLite"
    new = sum(each.is_counted for each in result.results)
    known = sum(each.is_known for each in result.results)
    since = f" in files changed since {result.since}" if result.since else ""
    return (
        f"{_many(len(result.findings), 'template')} ({shown}). "
        f"Findings that are new{since}: {new}; known by the baseline: {known}.\n"
        f"Read {_many(counts.files, 'file')}, {_many(counts.lines, 'line')}; "
        f"in part: {counts.partly_read}; not read: {counts.unread}; "
        f"left out (generated, minified, excluded): {counts.left_out}."
    )


def _many(count: int, what: str) -> str:
    return f"1 {what}" if count == 1 else f"{count:,} {what}s"


def as_json(result: AuditResult) -> str:
    """Return the whole result, for programs."""
    said: dict[str, Any] = {"version": 1, **asdict(result)}
    said["results"] = [{**asdict(each), "is_counted": each.is_counted} for each in result.results]
    return json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def as_sarif(result: AuditResult) -> str:
    """Return SARIF 2.1.0: one result per rule, template and file."""
    used = sorted({each.rule for each in result.results})
    run = {
        "tool": {
            "driver": {
                "name": "pulse-elt audit",
                "semanticVersion": __version__,
                "rules": [_sarif_rule(name) for name in used],
            }
        },
        "columnKind": "unicodeCodePoints",
        "results": [_sarif_result(each, used.index(each.rule)) for each in result.results],
    }
    said = {"$schema": _SARIF_SCHEMA, "version": "2.1.0", "runs": [run]}
    return json.dumps(said, indent=2, ensure_ascii=False) + "\n"


def _sarif_rule(name: str) -> dict[str, Any]:
    rule = RULES[name]
    return {
        "id": name,
        "shortDescription": {"text": rule.title},
        "fullDescription": {"text": rule.page.split("\n\n")[0]},
        "help": {"text": rule.page},
    }


def _sarif_result(each: Result, index: int) -> dict[str, Any]:
    level = "warning" if each.confidence in ("certain", "likely") else "note"
    return {
        "ruleId": each.rule,
        "ruleIndex": index,
        "level": level,
        "message": {"text": each.message},
        "locations": [
            {
                "physicalLocation": {
                    "artifactLocation": {"uri": _uri(each.file)},
                    "region": {"startLine": line},
                }
            }
            for line in each.lines
        ],
        "partialFingerprints": {"pulseElt/v1": each.fingerprint},
        "baselineState": "unchanged" if each.is_known else "new",
    }


def _uri(path: str) -> str:
    from urllib.parse import quote

    return quote(path)


def as_markdown(result: AuditResult) -> str:
    """Return a page that reads well on a code host."""
    known = _known(result)
    lines = ["# Audit", "", _summary(result).replace("\n", " "), ""]
    for name, title in (
        (SYSTEM_OF_RECORD, "What belongs in PostgreSQL"),
        ("UNCERTAIN", "What is uncertain"),
        ("CONFIG_STATIC", "What stays as JSON"),
        ("CACHE", "Caches"),
        (None, "Kept in other formats"),
    ):
        found = [finding for finding in result.findings if finding.disposition == name]
        if found:
            lines += [f"## {title}", ""]
        for finding in found:
            lines += _markdown_finding(finding, known)
    wrappers = [finding for finding in result.wrappers if _rules_of(finding)]
    if wrappers:
        lines += ["## Helpers", ""]
    for finding in wrappers:
        lines += _markdown_finding(finding, known)
    if result.notes:
        lines += ["## Notes", "", "| file | rule | what |", "|---|---|---|"]
        for note in result.notes:
            where = cell(span(f"{note.file}:{note.line}"))
            lines.append(f"| {where} | {note.rule} | {plain(note.message)} |")
        lines.append("")
    text = "\n".join(lines)
    return "\n".join(shown(line) for line in text.split("\n")).rstrip("\n") + "\n"


def _markdown_finding(finding: Finding, known: _Known) -> list[str]:
    sure = f" ({finding.confidence})" if finding.disposition else ""
    lines = [
        f"### {span(finding.template)}",
        "",
        f"{plain(finding.reason[:1].upper() + finding.reason[1:])}{sure}.",
        "",
    ]
    lines += ["| place | operation | form | rules |", "|---|---|---|---|"]
    for place in finding.places:
        where = span(f"{place.file}:{place.line}")
        held = _held(finding, place, known)
        lines.append(f"| {cell(where)} | {place.operation} | {place.form} | {held} |")
    lines.append("")
    if finding.answers:
        lines += ["| question | answer | evidence |", "|---|---|---|"]
        for answer in finding.answers:
            question = QUESTIONS[answer.question - 1]
            lines.append(f"| {question} | {answer.answer} | {plain(answer.evidence)} |")
        lines.append("")
    if finding.proposal is not None:
        lines += ["```sql", finding.proposal.sql.rstrip("\n"), "```", ""]
    return lines


RENDERERS: dict[str, Callable[[AuditResult], str]] = {
    "text": as_text,
    "json": as_json,
    "sarif": as_sarif,
    "markdown": as_markdown,
}
