"""Merges siblings whose names differ but whose bodies have one shape, once the samples are read."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from loaders.advisor.classification.body import Profile
from loaders.advisor.classification.names import (
    MARK,
    NAME,
    PLACEHOLDER,
    marked,
    split_ending,
    values_of,
    with_numbers,
)
from loaders.advisor.classification.tree import Leaf, Node, is_id, is_number

# So many siblings of one shape are one kind; fewer are kinds of their own that look alike.
_ALIKE_FROM = 3
_MOST_OF_THEM = 0.8
_SAME_KEYS = 0.6


def settle(node: Node, depth: int = 0, *, below_placeholder: bool = False) -> None:
    """Merge siblings from the bottom up, until every kind of file is one template."""
    for name, folder in node.folders.items():
        settle(folder, depth + 1, below_placeholder=below_placeholder or MARK in name)
    _settle_files(node, depth)
    if _settle_folders(node, 2 if below_placeholder else _ALIKE_FROM):
        for name, folder in node.folders.items():
            if MARK in name:
                settle(folder, depth + 1, below_placeholder=True)


def _settle_files(node: Node, depth: int) -> None:
    _join_ids(node)
    for pattern, names in _differing_in_numbers(node.files).items():
        first = node.files[names[0]].profile
        group = [name for name in names if _alike(node.files[name].profile, first)]
        if len(group) > 1:
            for name in group:
                found = values_of(pattern, name)
                if found and len(found) == 1 and len(found[0]) < 18:
                    node.files[name].note_number(depth, int(found[0]))
            node.merge_files(group, pattern)
    for ending, names in _by_ending(node.files).items():
        if one_kind := _of_one_shape([name for name in names if MARK not in name], node.files):
            node.merge_files(one_kind, marked(NAME) + ending)
    _join_ids(node)


def _by_ending(files: Iterable[str]) -> Mapping[str, list[str]]:
    found: dict[str, list[str]] = {}
    for name in sorted(files):
        found.setdefault(split_ending(name)[1], []).append(name)
    return found


def _differing_in_numbers(files: Iterable[str]) -> Mapping[str, list[str]]:
    """Return literals by pattern where they differ only in numbers, of three digits or more."""
    groups: dict[str, list[str]] = {}
    for name in sorted(files):
        pattern = with_numbers(name)
        found = () if MARK in name else values_of(pattern, name) or ()
        if any(len(number) >= 3 for number in found):
            groups.setdefault(pattern, []).append(name)
    return {pattern: names for pattern, names in groups.items() if len(names) > 1}


def _of_one_shape(names: Sequence[str], files: Mapping[str, Leaf]) -> list[str]:
    """Return the literals that share the commonest shape, if that is what the folder holds."""
    readable = [name for name in names if files[name].profile.bodies]
    shapes = Counter(frozenset(files[name].profile.keys()) for name in readable)
    if not shapes:
        return []
    best = max(shapes, key=lambda shape: (shapes[shape], sorted(shape)))
    first = next(n for n in readable if files[n].profile.keys() == best)
    alike = [name for name in readable if _alike(files[name].profile, files[first].profile)]
    if len(alike) < _ALIKE_FROM or len(alike) < _MOST_OF_THEM * len(readable):
        return []
    return alike


def _join_ids(node: Node) -> None:
    """Merge ids of several kinds, and names that stand where ids stand, if their shape is one."""
    for names in _by_ending(node.files).values():
        _join(node, names)


def _join(node: Node, names: Sequence[str]) -> None:
    whole = [name for name in names if is_id(name) or split_ending(name)[0] == marked(NAME)]
    if not any(is_id(name) for name in whole):
        return
    most = max(whole, key=lambda name: (is_id(name), node.files[name].files, name))
    if is_number(most) and node.files[most].files == 1:
        # One number says little of what its neighbours are.
        return
    for name in names:
        if name == most or (MARK in name and name not in whole):
            continue
        # What cannot be read goes with what lies beside it.
        if _is_part(node.files[name].profile, node.files[most].profile):
            node.merge_files([name], most)


def _settle_folders(node: Node, enough: int) -> bool:
    """Merge folders that hold the same kinds of files; return whether any was merged."""
    is_changed = False
    structures = {name: _structure(folder) for name, folder in node.folders.items()}
    ids = [name for name in sorted(node.folders) if is_id(name)]
    if ids:
        most = max(ids, key=lambda name: (len(structures[name]), name))
        for name in sorted(node.folders):
            is_other = name != most and (MARK not in name or is_id(name) or name == marked(NAME))
            if is_other and _is_within(structures[name], structures[most]):
                node.merge_folders([name], most)
                is_changed = True
    literals = [name for name in sorted(node.folders) if MARK not in name]
    if marked(NAME) in structures and not ids:
        # Where folders were merged, a name that stood alone in one joins the many of another.
        joining = [n for n in literals if _are_alike(structures, n, marked(NAME))]
        if joining:
            node.merge_folders(joining, marked(NAME))
            return True
    for name in literals:
        alike = [other for other in literals if _are_alike(structures, other, name)]
        if len(alike) >= enough and len(alike) >= _MOST_OF_THEM * len(literals):
            node.merge_folders(alike, marked(NAME))
            return True
    return is_changed


_Structure = dict[tuple[int, str], Profile]


def _structure(folder: Node) -> _Structure:
    """Return the files below a folder by depth and name; of several the last profile counts."""
    return {(len(segments), segments[-1]): leaf.profile for segments, leaf in folder.leaves()}


def _are_alike(structures: Mapping[str, _Structure], one: str, other: str) -> bool:
    here, there = structures[one], structures[other]
    return _is_within(here, there) and _is_within(there, here)


def _is_within(one: _Structure, other: _Structure) -> bool:
    """Return whether every file of one folder is a file of the other."""
    if not one or not one.keys() <= other.keys():
        return _is_one_kind(one, other)
    return all(
        # A name that people gave says what the file is; ids may name anything.
        _has_words(name) or _alike(profile, other[depth, name])
        for (depth, name), profile in one.items()
    )


def _is_one_kind(one: _Structure, other: _Structure) -> bool:
    """Return whether each folder holds one kind of file, of one shape, here under ids."""
    if len(one) != 1 or len(other) != 1:
        return False
    (((depth, name), mine),) = one.items()
    (((other_depth, other_name), theirs),) = other.items()
    is_readable = bool(mine.bodies and theirs.bodies)
    has_ids = is_id(name) or is_id(other_name)
    return depth == other_depth and has_ids and is_readable and _alike(mine, theirs)


def _has_words(name: str) -> bool:
    return bool(PLACEHOLDER.sub("", split_ending(name)[0]).strip("_-. "))


def _is_part(one: Profile, many: Profile) -> bool:
    """Return whether nearly all keys of one are keys of many, which may be of several shapes."""
    if not one.bodies or not many.bodies:
        return True
    mine, theirs = one.keys(), many.keys()
    return len(mine & theirs) >= _MOST_OF_THEM * len(mine)


def _alike(one: Profile, other: Profile) -> bool:
    """Return whether two profiles are of one shape; what could not be read has any."""
    if not one.bodies or not other.bodies:
        return True
    mine, theirs = one.keys(), other.keys()
    return len(mine & theirs) >= _SAME_KEYS * len(mine | theirs)
