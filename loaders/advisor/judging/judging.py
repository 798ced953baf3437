"""Which rules hold at which place."""

from collections.abc import Iterable

from loaders.advisor.dispositions import CONFIG_STATIC, SYSTEM_OF_RECORD
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.values import Hole
from loaders.advisor.judging.evidence import has_database, has_lock, secrets_of
from loaders.advisor.judging.verdicts import Verdict
from loaders.advisor.places.attribution import Placed
from loaders.advisor.places.places import Group, Grouped, outermost


def rules_of(
    engine: Engine, grouped: Grouped, verdicts: dict[str, Verdict], settled: frozenset[str]
) -> dict[tuple[str, str], tuple[str, ...]]:
    """Return the rules that hold, by template and access; what the settings settled has none."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for key, group in grouped.groups.items():
        verdict = verdicts[key]
        changed = _changed_in_place(engine, group)
        for member in group.members:
            rules = () if key in settled else _rules(engine, group, member, verdict, changed)
            found[key, member.access.id] = tuple(sorted(rules))
    for key, group in grouped.wrappers.items():
        changed = _changed_in_place(engine, group)
        for member in group.members:
            rules = _wrapper_rules(engine, grouped, member, verdicts, changed)
            found[key, member.access.id] = tuple(sorted(rules))
    return found


def _rules(
    engine: Engine, group: Group, member: Placed, verdict: Verdict, changed: set[str]
) -> Iterable[str]:
    access = member.access
    if group.template == "?":
        yield "PE901"
        return
    if verdict.disposition == CONFIG_STATIC:
        if access.operation == "write":
            yield "PE201"
        if access.operation == "read" and secrets_of(engine, access):
            yield "PE202"
    if verdict.disposition != SYSTEM_OF_RECORD:
        return
    yield "PE102" if access.store == "browser" else "PE101"
    if access.operation == "list" and _lists_ids(group, member):
        yield "PE103"
    if access.id in changed:
        yield "PE104"
    if truncates(member):
        yield "PE105"
    if access.operation == "write" and has_database(engine, outermost(engine, access.function)):
        yield "PE302"


def _wrapper_rules(
    engine: Engine,
    grouped: Grouped,
    member: Placed,
    verdicts: dict[str, Verdict],
    changed: set[str],
) -> Iterable[str]:
    access = member.access
    if is_uncalled(engine, access.function):
        yield "PE301"
        return
    reached = grouped.reached.get(access.id, ())
    if not any(verdicts[key].disposition == SYSTEM_OF_RECORD for key in reached):
        return
    if access.id in changed:
        yield "PE104"
    if truncates(member):
        yield "PE105"


def is_uncalled(engine: Engine, function: str) -> bool:
    """Say whether no code calls a function, hands it on, or may call it as a method."""
    own = engine.project.functions[function]
    if own.decorators or function.endswith(":") or function in engine.references:
        return False
    if own.name in engine.unresolved or own.name.startswith("__"):
        return False
    outer = outermost(engine, function)
    if outer != function:
        return False
    return not any(site.caller != function for site in engine.calls.get(function, ()))


def truncates(member: Placed) -> bool:
    """Say whether a write begins by emptying the file."""
    access = member.access
    return (
        access.operation == "write"
        and not access.via
        and access.store == "file"
        and not access.is_append
        and not access.is_atomic
    )


def _lists_ids(group: Group, member: Placed) -> bool:
    """Say whether the names that a listing gives are placeholders of the template."""
    segments: list[list[str | Hole]] = [[]]
    for part in group.path.parts:
        if isinstance(part, str):
            first, *rest = part.split("/")
            segments[-1].append(first)
            segments.extend([piece] for piece in rest)
        else:
            segments[-1].append(part)
    depth = sum(part.count("/") for part in member.path.parts if isinstance(part, str))
    at = segments[min(depth, len(segments) - 1)]
    return any(isinstance(part, Hole) for part in at)


def _changed_in_place(engine: Engine, group: Group) -> set[str]:
    """Return the writes that follow a read of the same path in one function without a lock."""
    found: set[str] = set()
    reads = group.of("read") if group.store != "browser" else []
    for write in group.of("write"):
        access = write.access
        if access.is_append:
            continue
        function = outermost(engine, access.function)
        for read in reads:
            if outermost(engine, read.access.function) != function or function.endswith(":"):
                continue
            before = read.access
            is_one_call = before.line == access.line and access.via and before.via
            if before.line <= access.line and not is_one_call and not has_lock(engine, function):
                found.add(access.id)
    return found
