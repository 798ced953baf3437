"""Places and findings: accesses that mean the same files are one template."""

import re
from dataclasses import dataclass, field, replace

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.segments import base_name
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import (
    best_names,
    ends_as_json,
    is_settled,
    matches,
    shape,
    written,
)
from loaders.advisor.flow.values import Text
from loaders.advisor.places.alternatives import without_alternatives
from loaders.advisor.places.attribution import Attribution, Placed
from loaders.advisor.places.formats import is_json_file, is_json_text
from loaders.advisor.places.side_effects import is_move
from loaders.advisor.words import WORDS

NEIGHBOURS = (
    "shelve", "sqlite", "pickle", "AsyncStorage", "chrome.storage", "browser.storage", "indexedDB",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Place:
    """One operation on one template at one line."""

    file: str
    line: int
    operation: str
    form: str
    role: str
    template: str
    sink: str
    rules: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()


@dataclass(slots=True)
class Group:
    """The places of one template; key is the same for every way to write it."""

    key: str
    store: str
    template: str
    path: Text
    members: list[Placed] = field(default_factory=list)

    def of(self, *operations: str) -> list[Placed]:
        return [member for member in self.members if member.access.operation in operations]


@dataclass(frozen=True, slots=True)
class Grouped:
    """All that is to be reported: templates of the code, wrappers, and places in tests."""

    groups: dict[str, Group]
    wrappers: dict[str, Group]
    tests: list[Placed]
    reached: dict[str, tuple[str, ...]]


def prefix_of(access: Access) -> str:
    if access.store == "browser":
        return "sessionStorage:" if "sessionstorage" in access.sink.lower() else "localStorage:"
    return f"{access.store}:" if access.store in NEIGHBOURS else ""


def group(attribution: Attribution) -> Grouped:
    """Return what counts of all places, by template."""
    engine = attribution.engine
    everything = [_named(each, engine) for each in without_alternatives(attribution.places())]
    kept = _json_only(_without_twins(everything), attribution)
    tests = [placed for placed in kept if placed.access.file in engine.tests]
    code = [placed for placed in kept if placed.access.file not in engine.tests]
    groups = _unified([placed for placed in code if placed.form != "wrapper"], is_wrapper=False)
    wrappers = _unified([placed for placed in code if placed.form == "wrapper"], is_wrapper=True)
    reached = reached_by(attribution, groups)
    needed = {
        key: each
        for key, each in wrappers.items()
        if any(_is_needed(member, reached) for member in each.members)
    }
    for each in needed.values():
        each.members = [
            member for member in each.members if _is_needed(member, reached) or _is_beside(member)
        ]
    return Grouped(groups, needed, tests, reached)


def _is_needed(placed: Placed, reached: dict[str, tuple[str, ...]]) -> bool:
    """A wrapper counts where it is about JSON itself, or one of its callers is, or a browser."""
    access = placed.access
    is_json = access.is_json or access.store == "browser" or ends_as_json(placed.path)
    return is_json or bool(reached.get(access.id))


def _is_beside(placed: Placed) -> bool:
    """A wrapper that takes away what another one of its file writes counts with that one."""
    is_own = not placed.access.via and placed.access.operation in ("delete", "exists")
    return is_own and len(placed.path.parts) > 1


def _named(placed: Placed, engine: Engine) -> Placed:
    access = placed.access
    root = access.root or access.id
    if access.store == "file" and (access.id in engine.pickle_ids or root in engine.pickle_ids):
        placed = replace(placed, access=replace(access, store="pickle"))
    return placed


def _without_twins(everything: list[Placed]) -> list[Placed]:
    """Keep one of what a helper reads as JSON or pickle: by the file's ending, else the JSON."""

    def spot(placed: Placed) -> tuple[str, int, str, str]:
        access = placed.access
        return access.file, access.line, access.operation, shape(placed.path)

    pickles = {spot(each) for each in everything if each.access.store == "pickle"}
    texts = {
        spot(each) for each in everything if each.access.store == "file" and each.access.is_json
    }
    twins = pickles & texts
    return [
        each
        for each in everything
        if spot(each) not in twins
        or each.access.store == ("pickle" if _is_of_pickles(each.path) else "file")
    ]


def _is_of_pickles(path: Text) -> bool:
    """Say whether a path has an ending, and not that of JSON."""
    last = path.parts[-1] if path.parts else ""
    has_ending = isinstance(last, str) and re.search(r"\.[A-Za-z0-9]+$", last) is not None
    return has_ending and not ends_as_json(path)


def _json_only(everything: list[Placed], attribution: Attribution) -> list[Placed]:
    """Keep what is JSON: by its ending or content; listings by what is read of them."""
    listed: set[str] = set()
    shapes: set[str] = set()
    for placed in everything:
        if is_json_file(placed):
            is_neighbour = placed.access.store in NEIGHBOURS
            for hole in placed.path.holes if not is_neighbour else ():
                listed |= hole.reads
            shapes.add(_key(placed, is_wrapper=placed.form == "wrapper"))
    shapes.discard("?")
    kept: list[Placed] = []
    templates = [
        placed
        for placed in everything
        if is_json_file(placed) and placed.access.store not in NEIGHBOURS
    ]
    for placed in everything:
        operation = placed.access.operation
        if placed.form == "wrapper" or is_json_file(placed):
            kept.append(placed)
        elif operation == "list":
            is_known = not listed.isdisjoint(attribution.way_of(placed.access))
            if is_known or any(_is_listed(placed.path, other) for other in templates):
                kept.append(placed)
        elif _key(placed, is_wrapper=False) in shapes and (
            # A helper that looks for files tells nothing of one that nobody knows.
            operation == "delete"
            or (operation == "write" and is_move(placed.access) and is_settled(placed.path))
            or (operation == "write" and is_json_text(placed))
            or (operation == "exists" and (not placed.access.via or is_settled(placed.path)))
        ):
            kept.append(placed)
    return kept


def _is_listed(path: Text, other: Placed) -> bool:
    """Say whether a listing's names are of files that carry ids, or of folders of such files."""
    if other.form == "wrapper" or other.access.operation == "list":
        return False
    if any(hole.name == "*" for hole in other.path.holes):
        return False
    fits = matches(path, other.path)
    return fits > 1 or (fits == 1 and bool(base_name(other.path).holes))


def _unified(places: list[Placed], *, is_wrapper: bool) -> dict[str, Group]:
    """Put places of one shape together; what a listing found belongs to the files it lists."""
    plain: dict[str, list[Placed]] = {}
    open_ones: list[Placed] = []
    for placed in places:
        if any(hole.name == "*" for hole in placed.path.holes):
            open_ones.append(placed)
        else:
            plain.setdefault(_key(placed, is_wrapper), []).append(placed)
    paths = {key: dict.fromkeys(each.path for each in known) for key, known in plain.items()}
    for placed in open_ones:
        key = _listed_key(placed, plain, paths, is_wrapper) or _key(placed, is_wrapper)
        plain.setdefault(key, []).append(placed)
        paths.setdefault(key, {})[placed.path] = None
    groups: dict[str, Group] = {}
    for key, members in plain.items():
        shapes = [m.path for m in members if not any(h.name == "*" for h in m.path.holes)]
        first = shapes or [members[0].path]
        path = best_names([each for each in first if shape(each) == shape(first[0])])
        prefix = prefix_of(members[0].access)
        members.sort(key=lambda m: (m.access.file, m.access.line, m.access.operation))
        template = written(path)
        groups[key] = Group(
            key,
            members[0].access.store,
            "?" if template == "?" else prefix + template,
            path,
            members,
        )
    return groups


def _key(placed: Placed, is_wrapper: bool) -> str:
    """Return what is the same for all places of a template; an unknown path is its name's."""
    said = shape(placed.path)
    where = f"{placed.access.file}|" if is_wrapper else ""
    if not is_wrapper and not is_settled(placed.path):
        whole = written(placed.path)
        names = re.findall(r"\{(\w+)\}", whole)
        # The head says which files; what stands below it may have any name.
        said = whole if whole == "?" or not names else f"{names[0]} {said}"
        if whole != "?" and set(names[:1]) <= WORDS["generic"]:
            where = f"{placed.access.file}|"
    return where + prefix_of(placed.access) + said


def _listed_key(
    placed: Placed,
    plain: dict[str, list[Placed]],
    paths: dict[str, dict[Text, None]],
    is_wrapper: bool,
) -> str | None:
    """Return the key of the template to which a listing, or a file of one, belongs."""
    best: tuple[tuple[int, bool, bool, bool], str] | None = None
    said = shape(placed.path)
    least = 1 if placed.access.operation == "list" else 2
    for key, members in plain.items():
        other = members[0]
        if prefix_of(other.access) != prefix_of(placed.access):
            continue
        if is_wrapper and other.access.file != placed.access.file:
            continue
        fits = max(matches(placed.path, path) for path in paths[key])
        if fits < least:
            continue
        is_near = any(member.access.function == placed.access.function for member in members)
        is_beside = any(member.access.file == placed.access.file for member in members)
        rank = (fits, any(shape(path) == said for path in paths[key]), is_near, is_beside)
        if best is None or rank > best[0]:
            best = (rank, key)
    return best[1] if best is not None else None


def reached_by(attribution: Attribution, groups: dict[str, Group]) -> dict[str, tuple[str, ...]]:
    """Return, for each access on the way, the templates that its callers reach."""
    found: dict[str, dict[str, None]] = {}
    for key, each in groups.items():
        for member in each.members:
            via = member.access.via
            while via:
                found.setdefault(via, {})[key] = None
                at = attribution.by_id.get(via)
                via = at.via if at is not None else ""
    return {name: tuple(keys) for name, keys in found.items()}


def outermost(engine: Engine, function: str) -> str:
    """Return the function in which a callback is written."""
    return engine.outermost(function)


def facts_of(engine: Engine, function: str) -> tuple[str, ...]:
    """Return the keys of a function and of those written in it."""
    found: list[str] = []
    waiting = [function]
    while waiting:
        key = waiting.pop()
        found.append(key)
        waiting += (child for child in engine.children.get(key, ()) if child not in engine.named)
    return tuple(found)
