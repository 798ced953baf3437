"""The audit: collect, parse, evaluate, place, judge; nothing of the examined code is run."""

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path

from loaders.advisor.dispositions import SYSTEM_OF_RECORD
from loaders.advisor.files import CodeFile, Tree, collect, program_of
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.evaluator import Evaluator
from loaders.advisor.flow.libraries.sinks import read_sinks
from loaders.advisor.flow.project import Project, lines_of, read_aliases, read_packages
from loaders.advisor.flow.summaries import Summary
from loaders.advisor.flow.templates import shape_of_template, written
from loaders.advisor.judging.data import DataShapes, read_shapes
from loaders.advisor.judging.judging import rules_of
from loaders.advisor.judging.kin import judged
from loaders.advisor.judging.proposals import told_apart
from loaders.advisor.judging.proposing import proposal_of
from loaders.advisor.judging.result import AuditResult, Counts, Finding, Note, Result, fingerprint
from loaders.advisor.judging.rules import RULES
from loaders.advisor.judging.verdicts import Verdict
from loaders.advisor.languages.python_frontend import read_python
from loaders.advisor.languages.script_frontend import read_script
from loaders.advisor.languages.syntax import FunctionDef, Module
from loaders.advisor.output.ignores import Ignores, read_ignores
from loaders.advisor.places.attribution import Attribution, Placed
from loaders.advisor.places.choices import with_one_choice
from loaders.advisor.places.places import Group, Grouped, Place, group, prefix_of
from loaders.advisor.settings import AuditSettings, read_settings

# Frames of our own recursion over expressions; they are nested as deep as frontend.DEEPEST.
_FRAMES = 12_000


@dataclass(frozen=True, slots=True)
class Request:
    """What to examine, and what to compare it with."""

    root: Path
    data: Path | None = None
    known: Mapping[str, int] = field(default_factory=dict)
    since: str | None = None
    changed: frozenset[str] | None = None


def audit(request: Request) -> AuditResult:
    """Return what the code under a folder does to JSON files.

    Raises WrongRequest if its settings are not valid, and OSError if it cannot be listed.
    """
    settings = read_settings(request.root)
    tree = collect(request.root, settings.exclude)
    with _deep_recursion():
        modules = {file.path: _parsed(file) for file in tree.files}
        project = Project(
            modules,
            read_aliases(tree.configurations),
            read_packages(tree.configurations),
            program_of(request.root),
        )
        tests = frozenset(file.path for file in tree.files if file.is_test)
        engine = Engine(project, read_sinks(settings.sinks), tests, _summarise)
        engine.run()
        attribution = Attribution(engine, Evaluator)
        grouped = with_one_choice(group(attribution), attribution)
        shapes = read_shapes(request.data, request.root) if request.data is not None else None
        return _result(engine, grouped, tree, settings, request, shapes)


def _summarise(engine: Engine, function: FunctionDef) -> Summary:
    return Evaluator(engine, function).summary()


@contextmanager
def _deep_recursion() -> Iterator[None]:
    before = sys.getrecursionlimit()
    sys.setrecursionlimit(max(before, _FRAMES))
    try:
        yield
    finally:
        sys.setrecursionlimit(before)


def _parsed(file: CodeFile) -> Module:
    if file.language == "python":
        return read_python(file.path, file.source)
    return read_script(file.path, file.source, file.language)


def _result(
    engine: Engine,
    grouped: Grouped,
    tree: Tree,
    settings: AuditSettings,
    request: Request,
    shapes: DataShapes | None,
) -> AuditResult:
    overrides = {override.shape: override for override in settings.overrides}
    verdicts = judged(engine, grouped.groups)
    settled: set[str] = set()
    for key, each in grouped.groups.items():
        override = overrides.get(shape_of_template(each.template))
        if override is not None:
            settled.add(key)
            verdicts[key] = replace(
                verdicts[key],
                disposition=override.disposition,
                confidence="certain",
                reason=f"settled by the project: {override.reason}",
            )
    rules = rules_of(engine, grouped, verdicts, frozenset(settled))
    ignores = read_ignores(tree.files)
    findings = tuple(
        _finding(engine, each, verdicts[key], key in settled, rules, ignores, shapes)
        for key, each in sorted(grouped.groups.items(), key=lambda item: item[1].template)
    )
    tables = told_apart({f.template: f.proposal for f in findings if f.proposal is not None})
    findings = tuple(replace(f, proposal=tables.get(f.template)) for f in findings)
    none = Verdict(None, "likely", "its callers say which file")
    wrappers = tuple(
        _finding(engine, each, none, False, rules, ignores, None)
        for key, each in sorted(grouped.wrappers.items())
    )
    tests = tuple(
        dict.fromkeys(_place(member, prefix_of(member.access) + written(member.path), "test")
                      for member in grouped.tests)
    )  # fmt: skip
    known = {
        shape_of_template(each.template)
        for each in (*grouped.groups.values(), *grouped.wrappers.values())
    }
    notes = (*_notes(engine, tree), *ignores.unused(), *_unused(settings, known))
    results = _results((*findings, *wrappers), notes, request)
    if request.changed is not None:
        findings, wrappers = (_changed(each, request.changed) for each in (findings, wrappers))
        tests = tuple(place for place in tests if place.file in request.changed)
        notes = tuple(note for note in notes if note.file in request.changed)
    modules = engine.project.modules.values()
    return AuditResult(
        findings=findings,
        wrappers=wrappers,
        tests=tests,
        notes=tuple(sorted(notes, key=lambda note: (note.file, note.line, note.rule))),
        results=results,
        counts=Counts(
            files=len(tree.files),
            lines=lines_of(modules),
            partly_read=sum(bool(module.errors) for module in modules),
            unread=len(tree.unread),
            left_out=tree.left_out,
        ),
        since=request.since,
    )


def _changed(findings: Sequence[Finding], changed: frozenset[str]) -> tuple[Finding, ...]:
    """Return findings with their places in changed files only."""
    left = (
        replace(each, places=tuple(place for place in each.places if place.file in changed))
        for each in findings
    )
    return tuple(each for each in left if each.places)


def _finding(
    engine: Engine,
    each: Group,
    verdict: Verdict,
    is_settled: bool,
    rules: Mapping[tuple[str, str], tuple[str, ...]],
    ignores: Ignores,
    shapes: DataShapes | None,
) -> Finding:
    places: dict[tuple[str, int, str], Place] = {}
    for member in (member for member in each.members if member.is_shown):
        held = rules.get((each.key, member.access.id), ())
        left, ignored = ignores.apply(member.access.file, member.access.line, held)
        place = replace(_place(member, each.template, "code"), rules=left, ignored=ignored)
        key = (place.file, place.line, place.operation)
        before = places.get(key)
        if before is not None:
            merged = tuple(sorted({*before.rules, *place.rules}))
            place = replace(
                before, rules=merged, ignored=tuple(sorted({*before.ignored, *ignored}))
            )
        places[key] = place
    is_record = verdict.disposition == SYSTEM_OF_RECORD
    return Finding(
        template=each.template,
        store=each.store,
        disposition=verdict.disposition,
        confidence=verdict.confidence,
        reason=verdict.reason,
        is_settled=is_settled,
        answers=verdict.answers,
        places=tuple(sorted(places.values(), key=lambda p: (p.file, p.line, p.operation))),
        proposal=proposal_of(engine, each, shapes) if is_record else None,
    )


def _place(member: Placed, template: str, role: str) -> Place:
    access = member.access
    operation = "read" if access.operation in ("open", "copy") else access.operation
    return Place(access.file, access.line, operation, member.form, role, template, access.sink)


def _notes(engine: Engine, tree: Tree) -> Iterator[Note]:
    for module in engine.project.modules.values():
        if module.errors:
            lines = ", ".join(str(line) for line in module.errors[:5])
            message = f"Read in part: what stands around line {lines} could not be parsed."
            yield Note("PE900", module.path, 1, message)
    for unread in tree.unread:
        yield Note("not-read", unread.path, 1, f"Not read: {unread.reason}.")


def _unused(settings: AuditSettings, known: set[str]) -> Iterator[Note]:
    for override in settings.overrides:
        if override.shape not in known:
            message = f"Unused override: no place has the template {override.template}; remove it."
            yield Note("unused-override", "pyproject.toml", 1, message)


def _results(
    findings: Sequence[Finding], notes: Sequence[Note], request: Request
) -> tuple[Result, ...]:
    """Return a result per rule, template and file, in order."""
    lines: dict[tuple[str, str, str], list[int]] = {}
    sure: dict[tuple[str, str, str], str] = {}
    for finding in findings:
        for place in finding.places:
            for rule in place.rules:
                key = (rule, finding.template, place.file)
                lines.setdefault(key, []).append(place.line)
                sure[key] = finding.confidence
    found: list[Result] = []
    for (rule, template, file), where in lines.items():
        mark = fingerprint(rule, shape_of_template(template), file)
        at = tuple(dict.fromkeys(where))
        found.append(
            Result(
                rule=rule,
                template=template,
                file=file,
                lines=at,
                confidence=sure[rule, template, file],
                message=RULES[rule].message.format(template=template),
                fingerprint=mark,
                is_known=len(at) <= request.known.get(mark, 0),
            )
        )
    for note in notes:
        mark = fingerprint(
            note.rule, note.message if note.rule.startswith("unused-") else "", note.file
        )
        found.append(
            Result(
                rule=note.rule,
                template="",
                file=note.file,
                lines=(note.line,),
                confidence="unknown",
                message=note.message,
                fingerprint=mark,
                is_known=mark in request.known,
            )
        )
    if request.changed is not None:
        found = [result for result in found if result.file in request.changed]
    return tuple(sorted(found, key=lambda r: (r.file, r.lines, r.rule, r.template)))
