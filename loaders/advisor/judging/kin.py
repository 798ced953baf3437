"""Templates of the same files: one begins with a folder of which the other knows more."""

import re
from dataclasses import replace

from loaders.advisor.dispositions import CONFIG_STATIC, SYSTEM_OF_RECORD, UNCERTAIN
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.templates import HOLE, ends_as_json, shape, snake
from loaders.advisor.flow.values import Hole, Text, reads_of
from loaders.advisor.judging.evidence import evidence_of, is_id
from loaders.advisor.judging.hints import segments_of
from loaders.advisor.judging.projects import with_manifests
from loaders.advisor.judging.verdicts import (
    MANIFEST_READ,
    NOT_READ,
    NOT_WRITTEN,
    OF_PROJECT,
    ONLY_READ,
    Verdict,
    judge,
)
from loaders.advisor.places.places import Group
from loaders.advisor.words import WORDS

_TAKEN_OVER = "what it holds is taken over into a record"


def judged(engine: Engine, groups: dict[str, Group]) -> dict[str, Verdict]:
    """Return the verdicts; a template of which one half is seen is judged with its kin."""
    verdicts = {key: judge(engine, group) for key, group in groups.items()}
    verdicts = with_manifests(engine, groups, _of_projects(engine, groups, verdicts))
    found = {
        key: _with_kin(engine, groups[key], groups, verdict)
        if verdict.reason in (NOT_READ, NOT_WRITTEN, MANIFEST_READ)
        or (verdict.reason == ONLY_READ and groups[key].path.holes)
        else verdict
        for key, verdict in verdicts.items()
    }
    found |= _written_elsewhere(engine, groups, found)
    found = {
        key: _with_special(groups[key], groups, found) or verdict
        if verdict.reason in (NOT_WRITTEN, ONLY_READ)
        else verdict
        for key, verdict in found.items()
    }
    folders = {
        folder
        for key, verdict in found.items()
        if verdict.disposition == SYSTEM_OF_RECORD and groups[key].of("write")
        for folder in _folders_of_ids(groups[key])
    }
    found = {
        key: _among(verdict)
        if verdict.reason in (NOT_WRITTEN, ONLY_READ) and folders & _folders_of_ids(groups[key])
        else verdict
        for key, verdict in found.items()
    }
    kept = frozenset().union(
        *(
            reads_of(member.access.content)
            for key, verdict in found.items()
            if verdict.disposition == SYSTEM_OF_RECORD
            for member in groups[key].of("write")
        )
    )
    return {
        key: replace(verdict, disposition=SYSTEM_OF_RECORD, confidence="likely", reason=_TAKEN_OVER)
        if verdict.reason == NOT_WRITTEN and {m.access.id for m in groups[key].of("read")} & kept
        else verdict
        for key, verdict in found.items()
    }


def _written_elsewhere(
    engine: Engine, groups: dict[str, Group], verdicts: dict[str, Verdict]
) -> dict[str, Verdict]:
    """Judge a file together with one of its name elsewhere, from which comes what is written."""
    found: dict[str, Verdict] = {}
    for key, group in groups.items():
        written = [reads_of(member.access.content) for member in group.of("write")]
        taken = frozenset().union(*written) & (engine.keyed.keys() | engine.set_keys.keys())
        for other, theirs in groups.items() if taken and verdicts[key].reason == NOT_READ else ():
            is_taken = any(member.access.id in taken for member in theirs.of("read"))
            if is_taken and verdicts[other].reason == ONLY_READ and _is_namesake(group, theirs):
                both = replace(theirs, members=[*theirs.members, *group.members])
                judged = judge(engine, both)
                reason = f"seen with {theirs.template}: {judged.reason}"
                found[key] = found[other] = replace(judged, confidence="likely", reason=reason)
    return found


def _is_namesake(one: Group, other: Group) -> bool:
    return shape(one.path).rpartition("/")[2] == shape(other.path).rpartition("/")[2]


def _of_projects(
    engine: Engine, groups: dict[str, Group], verdicts: dict[str, Verdict]
) -> dict[str, Verdict]:
    """Let all that the same commands alone write into the project they are run in be content."""
    commands = {
        member.access.file
        for key, verdict in verdicts.items()
        if verdict.reason == OF_PROJECT
        for member in groups[key].of("write")
    }
    reason = "written by the commands that write other content of the project they are run in"
    return {
        key: replace(verdict, disposition=CONFIG_STATIC, confidence="likely", reason=reason)
        if verdict.disposition == SYSTEM_OF_RECORD
        and commands.issuperset(m.access.file for m in groups[key].of("write", "delete"))
        and groups[key].of("write")
        and _is_plain(engine, groups[key])
        else verdict
        for key, verdict in verdicts.items()
    }


def _is_plain(engine: Engine, group: Group) -> bool:
    """Say whether a template lies in the examined folder, and tells of no people or entries."""
    e = evidence_of(engine, group)
    is_kept = e.people or e.entries or e.ids or e.is_appended or e.hints.stem & WORDS["record"]
    return e.is_rooted and not is_kept


def _among(verdict: Verdict) -> Verdict:
    reason = "only read, in a folder of one id, in which records are written"
    return replace(verdict, disposition=SYSTEM_OF_RECORD, confidence="likely", reason=reason)


def _folders_of_ids(group: Group) -> set[str]:
    """Return the folders on a path that are named by an id, as shapes: loans/{}."""
    segments, shapes = segments_of(group.path), shape(group.path).split("/")
    return {
        f"{group.store}:{'/'.join(shapes[: at + 1])}"
        for at, segment in enumerate(segments[:-1])
        if at and any(isinstance(part, Hole) and is_id(snake(part.name)) for part in segment)
    }


def _with_special(
    own: Group, groups: dict[str, Group], verdicts: dict[str, Verdict]
) -> Verdict | None:
    """Return the verdict on files that others write below one of the folders that are read here."""
    written = [
        (verdicts[key].disposition != SYSTEM_OF_RECORD, other.template, verdicts[key])
        for key, other in groups.items()
        if other.of("write") and verdicts[key].disposition and _covers(own, other)
    ]
    if not written:
        return None
    _, template, verdict = min(written, key=lambda each: each[:2])
    return replace(verdict, confidence="likely", reason=f"seen with {template}: {verdict.reason}")


def _covers(general: Group, special: Group) -> bool:
    """Say whether a path has a placeholder where another one names the folder."""
    ours, theirs = shape(general.path).split("/"), shape(special.path).split("/")
    pairs = list(zip(ours, theirs, strict=False))
    return (
        general.store == special.store
        and len(ours) == len(theirs)
        and ours[0] == theirs[0] != "\1"
        and ours[-1] == theirs[-1]
        and ours != theirs
        and all(our in (their, "\1") for our, their in pairs)
    )


def _with_kin(engine: Engine, own: Group, groups: dict[str, Group], verdict: Verdict) -> Verdict:
    kin = [other for other in groups.values() if other is not own and _is_same(own, other)]
    if not kin:
        return verdict
    nearest = min(kin, key=lambda other: other.template)
    longest = max((own, *kin), key=lambda each: (each.template.count("/"), each.template))
    members = [member for each in (own, *kin) for member in each.members]
    found = judge(engine, replace(own, path=longest.path, members=members))
    if found.disposition == UNCERTAIN:
        return verdict
    reason = f"seen with {nearest.template}: {found.reason}"
    return replace(found, confidence="likely", reason=reason)


def _is_same(one: Group, other: Group) -> bool:
    """Say whether one path ends as the other does, below a folder that is a placeholder."""
    return one.store == other.store and (
        _is_below(one.path, other.path)
        or _is_below(other.path, one.path)
        or _is_one_of(one, other)
        or _is_one_of(other, one)
        or _is_within(one, other)
        or _is_within(other, one)
        or _is_at_home(one.path, other.path)
        or _is_at_home(other.path, one.path)
        or _lists(one, other)
    )


def _is_at_home(one: Text, other: Text) -> bool:
    """Say whether a path is another's in the home folder: ~/.mill/grain.json."""
    return shape(one) == f"~/{shape(other)}" and shape(other).startswith(".")


def _lists(one: Group, other: Group) -> bool:
    """Say whether a listing is of the folder in which a file of the same code has others' ids."""
    if {member.access.operation for member in one.members} != {"list"} or not _head(one.path):
        return False
    _, *theirs = segments_of(other.path)
    first = [part for part in theirs[0] if part] if theirs else []
    files = {member.access.file for member in one.members}
    return (
        shape(one.path).count("/") == 1
        and _head(one.path) == _head(other.path)
        and len(first) == 1
        and isinstance(first[0], Hole)
        and any(member.access.file in files for member in other.members)
    )


def _is_within(one: Group, other: Group) -> bool:
    """Say whether a placeholder of one path stands for folders of another's, in the same code."""
    head, mine = _head(one.path), shape(one.path).split("/")
    if head != _head(other.path) or not head.startswith("{") or head[1:-1] in WORDS["generic"]:
        return False
    code = {member.access.file for member in one.members}
    said = "/".join(re.escape(each).replace(HOLE, ".+") for each in mine[1:])
    theirs = shape(other.path).partition("/")[2]
    return (
        len(mine) > 2
        and any(member.access.file in code for member in other.members)
        and re.fullmatch(said, theirs) is not None
    )


def _is_one_of(one: Group, other: Group) -> bool:
    """Say whether files are among another's: in the same folder, and what is read was written."""
    head = _head(one.path)
    mine, theirs = shape(one.path).split("/"), shape(other.path).split("/")
    if not head or head != _head(other.path) or len(mine) < 2 or mine[:-1] != theirs[:-1]:
        return False
    if mine[-1] == theirs[-1]:
        return True
    before, mark, after = theirs[-1].partition(HOLE)
    is_longer = len(mine[-1]) > len(before) + len(after)
    is_named_so = mine[-1].startswith(before) and mine[-1].endswith(after)
    is_seen = one.of("write") or one.path.holes
    return bool(mark and is_seen and is_longer and is_named_so)


def _head(path: Text) -> str:
    """Return the folder at the head of a path: its name, or that of its placeholder."""
    first = path.parts[0] if path.parts else ""
    return first.rpartition("/")[0] if isinstance(first, str) else f"{{{snake(first.name)}}}"


def _is_below(short: Text, long: Text) -> bool:
    if not short.parts or not isinstance(short.parts[0], Hole) or len(short.parts) == 1:
        return False
    tail = shape(Text(short.parts[1:]))
    name = tail.rpartition("/")[2].partition(".")[0]
    is_telling = name.isidentifier() and name not in WORDS["generic"] and ends_as_json(short)
    return tail.startswith("/") and is_telling and f"/{shape(long)}".endswith(tail)
