"""One place that may mean several files is shown once; the others stay as evidence."""

import posixpath
import re
from dataclasses import replace

from loaders.advisor.flow.templates import ends_as_json, is_settled, shape, written
from loaders.advisor.flow.values import Hole, Text, text
from loaders.advisor.places.attribution import Attribution, Placed
from loaders.advisor.places.places import Group, Grouped, prefix_of, reached_by

_Choice = tuple[Group, Placed]
# Of fewer files one is shown: the plainer name.
_MANY = 3


def with_one_choice(grouped: Grouped, attribution: Attribution) -> Grouped:
    """Return the groups with each place shown under the most telling of its templates."""
    found: dict[tuple[str, ...], list[_Choice]] = {}
    for group in (*grouped.groups.values(), *grouped.wrappers.values()):
        for member in group.members:
            found.setdefault(_mark(member), []).append((group, member))
    several = [
        choices
        for choices in found.values()
        if len({group.key for group, _ in choices}) > 1 and not _are_files_of_two(choices)
    ]
    hidden = _less_telling(found)
    vague = {id(member) for choices in several for _, member in choices}
    general: dict[str, Group] = {}
    for choices in several:
        best, member = max(choices, key=lambda choice: _telling(choice, vague))
        path = _in_common(choices) if not _known(best, vague) else None
        if path is None:
            hidden |= {id(other) for group, other in choices if group.key != best.key}
            continue
        hidden |= {id(other) for _, other in choices}
        template = prefix_of(member.access) + written(path)
        new = Group(f"choice {shape(path)}", best.store, template, path)
        shown, *others = (other for _, other in choices)
        general.setdefault(new.key, new).members += [
            shown,
            *(replace(other, is_shown=False) for other in others),
        ]
    groups = {**_shown(grouped.groups, hidden), **general}
    return replace(
        grouped,
        groups=groups,
        wrappers=_shown(grouped.wrappers, hidden),
        reached=reached_by(attribution, groups),
    )


def _mark(placed: Placed) -> tuple[str, ...]:
    """Return what alternatives of one operation have in common: where it stands, in code."""
    access = placed.access
    return (access.file, re.sub(r"#\d+", "", access.id), str(access.line), access.operation)


def _less_telling(found: dict[tuple[str, ...], list[_Choice]]) -> set[int]:
    """Return what one call touches at no known path, beside the same at a known one."""
    calls: dict[tuple[str, ...], list[Placed]] = {}
    for (file, mark, line, operation), choices in found.items():
        at = re.match(r".*?:\d+:\d+", mark)
        key = (file, at[0] if at else mark, line, operation)
        calls.setdefault(key, []).extend(member for _, member in choices)
    return {
        id(member)
        for members in calls.values()
        for member in members
        if not is_settled(member.path) and any(_is_better(other, member) for other in members)
    }


def _is_better(known: Placed, vague: Placed) -> bool:
    is_as_good = ends_as_json(known.path) or not ends_as_json(vague.path)
    return is_settled(known.path) and is_as_good


def _are_files_of_two(choices: list[_Choice]) -> bool:
    """Say whether a place means one of two files of the project, both of which are known."""
    templates = {group.template for group, _ in choices}
    return len(templates) == 2 and not any(
        group.path.holes or written(group.path).startswith(("/", "~")) for group, _ in choices
    )


def _known(group: Group, vague: set[int]) -> int:
    """Return how many places mean these files and no others."""
    return sum(id(member) not in vague for member in group.members)


def _telling(choice: _Choice, vague: set[int]) -> tuple[int, ...]:
    group, member = choice
    return (
        member.form != "wrapper",
        ends_as_json(member.path),
        is_settled(member.path),
        _known(group, vague),
        -len(member.path.holes),
        -len(written(member.path)),
    )


def _in_common(choices: list[_Choice]) -> Text | None:
    """Return the template of files that are all known, lie in one folder, and are many."""
    names = [member.path.literal for _, member in choices]
    if len(set(names)) < _MANY:
        return None
    known = [name for name in names if name is not None]
    folders = {posixpath.dirname(name) for name in known}
    endings = {posixpath.splitext(name)[1] for name in known}
    if len(known) < len(names) or len(folders) > 1 or len(endings) > 1:
        return None
    folder = folders.pop()
    return text(f"{folder}/" if folder else "", Hole("name"), endings.pop())


def _shown(groups: dict[str, Group], hidden: set[int]) -> dict[str, Group]:
    found: dict[str, Group] = {}
    for key, group in groups.items():
        members = [
            replace(member, is_shown=False) if id(member) in hidden else member
            for member in group.members
        ]
        if any(member.is_shown for member in members):
            found[key] = replace(group, members=members)
    return found
