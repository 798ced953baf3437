"""Renders a classification as text, JSON or Markdown: each from the same result."""

import json
import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict

from loaders.advisor.classification.model import Classified, Proposal, Rule, Verdict
from loaders.advisor.dispositions import QUESTIONS
from loaders.advisor.judging.proposals import quoted
from loaders.cli.display import printable

_ORDER = ("SYSTEM_OF_RECORD", "CONFIG_STATIC", "CACHE", "UNCERTAIN")
# What a page shows; the JSON has all.
_MOST_PLACES = 5
_MOST_KEYS = 30
_NO_FILES = "No JSON files. Names end in .json, .jsonl or .ndjson, also with .gz."


def as_text(result: Classified) -> str:
    """Return what people read in a terminal."""
    return "\n".join(printable(line) for line in _text_lines(result)) + "\n"


def _text_lines(result: Classified) -> Iterator[str]:
    for verdict in _in_order(result):
        yield f"{verdict.template}  {verdict.disposition}, {verdict.confidence}: {verdict.reason}"
        yield "  " + "; ".join(f"{name}: {value}" for name, value in verdict.measured.items())
        for answer in verdict.answers:
            yield f"  {answer.question} {answer.answer}: {answer.evidence}"
        if verdict.places:
            yield f"  code: {_places(verdict)}"
        yield f"  keys: {_keys(verdict)}"
        yield ""
    if result.proposal is not None:
        yield from _proposal_lines(result.proposal)
    yield from _summary(result)


def _in_order(result: Classified) -> list[Verdict]:
    return sorted(result.verdicts, key=lambda v: (_ORDER.index(v.disposition), v.template))


def _keys(verdict: Verdict) -> str:
    shown = [
        f"{key.path} {'|'.join(key.types)}" + ("" if key.share >= 1 else f" in {key.share:.0%}")
        for key in verdict.keys[:_MOST_KEYS]
    ]
    more = len(verdict.keys) - _MOST_KEYS
    said = ", ".join(shown) or "none could be read"
    return f"{said} and {more} more" if more > 0 else said


def _places(verdict: Verdict) -> str:
    more = len(verdict.places) - _MOST_PLACES
    shown = ", ".join(verdict.places[:_MOST_PLACES])
    return f"{shown} and {more} more" if more > 0 else shown


def _proposal_lines(proposal: Proposal) -> Iterator[str]:
    yield "Proposed for config/document_kinds.json:"
    yield from _fragment(proposal.rules).splitlines()
    yield ""
    for rule in proposal.rules:
        if rule.columns:
            yield from _table_lines(rule)
            yield ""
    for template, reason in proposal.left_out.items():
        yield f"No rule for {template}: {reason}."
    yield from _difference_lines(proposal)
    yield ""


def _fragment(rules: Sequence[Rule]) -> str:
    """Return rules as the reviewed file holds them, one a line."""
    lines = [json.dumps(dict(rule.rule), ensure_ascii=False) for rule in rules]
    return '{"document_kinds": [\n  ' + ",\n  ".join(lines) + "\n]}"


def _table_lines(rule: Rule) -> Iterator[str]:
    yield f"create table {quoted(str(rule.rule['table']))} ("
    columns = [
        f"    {quoted(column.name)} {column.type}{'' if column.nullable else ' not null'}"
        for column in rule.columns
    ]
    yield from (f"{column}," for column in columns[:-1])
    yield columns[-1]
    yield ");"


def _difference_lines(proposal: Proposal) -> Iterator[str]:
    if proposal.compared_with is None:
        yield "There is no project here whose rules could be compared."
        return
    for one in proposal.differences:
        yield (
            f"{proposal.compared_with} differs: {one.template} is {one.reviewed} there "
            f"(kind {one.kind}), and {one.disposition} by its data."
        )
    if not proposal.differences:
        yield f"{proposal.compared_with} says the same of every template that it has a rule for."


def _summary(result: Classified) -> Iterator[str]:
    if not result.files:
        yield _NO_FILES
    counts = ", ".join(f"{count} {name}" for name, count in result.counts().items())
    many = len(result.verdicts)
    templates = "1 template" if many == 1 else f"{many:,} templates"
    files = "1 file" if result.files == 1 else f"{result.files:,} files"
    yield f"{templates} ({counts}) of {files}."
    said = f"Bodies read: {result.bodies_read:,}; damaged: {result.damaged:,}"
    said += f"; in part: {result.too_large:,}; in folders of tools: {result.left_out:,}"
    unlisted = "".join(f"; {name}: {count:,}" for name, count in result.unlisted.items())
    yield f"{said}{unlisted}."


def as_json(result: Classified) -> str:
    """Return the whole result, for programs."""
    said = {"version": 1, **asdict(result), "counts": dict(result.counts())}
    said["templates"] = said.pop("verdicts")
    return json.dumps(said, indent=2, ensure_ascii=False, sort_keys=True) + "\n"


def as_markdown(result: Classified) -> str:
    """Return a page for a code host."""
    return "\n".join(_markdown_lines(result)) + "\n"


def _markdown_lines(result: Classified) -> Iterator[str]:
    yield "# What belongs where\n"
    yield from (f"{_plain(line)}\n" for line in _summary(result))
    if result.verdicts:
        yield "| template | files | disposition | confidence | why |"
        yield "|---|--:|---|---|---|"
    for verdict in _in_order(result):
        cells = (
            _code(verdict.template),
            f"{verdict.files:,}",
            verdict.disposition,
            verdict.confidence,
            _plain(verdict.reason),
        )
        yield "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
    for verdict in _in_order(result):
        yield f"\n## {_code(verdict.template)}\n"
        yield f"{verdict.disposition}, {verdict.confidence}: {_plain(verdict.reason)}.\n"
        for answer in verdict.answers:
            question = QUESTIONS[answer.question - 1]
            yield f"{answer.question}. {question} **{answer.answer}**: {_plain(answer.evidence)}"
        measured = "; ".join(f"{name}: {value}" for name, value in verdict.measured.items())
        yield f"\nMeasured: {_plain(measured)}."
        if verdict.places:
            yield f"\nIn the code: {_code(_places(verdict))}"
        yield f"\nKeys: {_code(_keys(verdict))}"
    if result.proposal is not None:
        yield from _markdown_proposal(result.proposal)


def _markdown_proposal(proposal: Proposal) -> Iterator[str]:
    yield "\n## Proposed rules\n"
    yield f"```json\n{_fragment(proposal.rules)}\n```"
    for rule in proposal.rules:
        if rule.columns:
            yield "\n```sql\n" + "\n".join(_table_lines(rule)) + "\n```"
    if proposal.left_out:
        yield "\nNo rule for:\n"
    for template, reason in proposal.left_out.items():
        yield f"- {_code(template)}: {_plain(reason)}"
    yield "\n## Compared with the reviewed rules\n"
    yield from (f"- {_plain(line)}" for line in _difference_lines(proposal))


def _code(text: str) -> str:
    """Return a span of code, whatever backticks the text holds."""
    text = printable(text)
    longest = max((len(run) for run in re.findall("`+", text)), default=0)
    fence = "`" * (longest + 1)
    pad = " " if longest else ""
    return f"{fence}{pad}{text}{pad}{fence}"


def _plain(text: str) -> str:
    return re.sub(r"([\\`*_<>\[\]#{}])", r"\\\1", printable(text))


RENDERERS: dict[str, Callable[[Classified], str]] = {
    "text": as_text,
    "json": as_json,
    "markdown": as_markdown,
}
