"""Collects what the code and the data show of a template's fields, for a proposal."""

import re
from collections.abc import Collection, Iterable

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.templates import snake
from loaders.advisor.flow.values import Class, Hole, Text
from loaders.advisor.judging.data import DataShapes
from loaders.advisor.judging.evidence import evidence_of
from loaders.advisor.judging.proposals import Proposal, propose
from loaders.advisor.languages.syntax import Assign, Branch, ClassDef, FunctionDef, Statement
from loaders.advisor.places.places import Group
from loaders.advisor.words import WORDS

_FOLDER = re.compile(r"(^|_)(dir|directory|folder|path|root|home|temporary)$")
# What a class says of itself, to pydantic.
_NO_FIELDS = ("model_config",)
_WORDS = re.compile(r"[A-Za-z_]\w*")


def proposal_of(engine: Engine, group: Group, shapes: DataShapes | None) -> Proposal:
    """Return the table that a template of records would become."""
    evidence = evidence_of(engine, group)
    keys = dict.fromkeys(evidence.keys_written, "written")
    for member in group.members:
        for table in (engine.item_keys, engine.keys):
            for key in table.get(member.access.id, ()):
                if not key.startswith("-") and not key.isdigit():
                    keys.setdefault(key, "read")
    holes = [hole.name for hole in _telling(group.path) if hole.name != "*"]
    data = shapes.types_of(group.path) if shapes is not None else {}
    seen = data.keys() - {snake(hole) for hole in holes}
    types = dict(_fields(engine, group, evidence.keys_written, seen))
    for member in group.members:
        for parameter in engine.project.functions[member.access.function].parameters:
            if parameter.annotation and snake(parameter.name) in map(snake, holes):
                types.setdefault(snake(parameter.name), parameter.annotation.lstrip(": "))
    return propose(group.template, holes, keys, types, data)


def _telling(path: Text) -> tuple[Hole, ...]:
    """Return the placeholders that tell records apart: not the folder in which all of them lie."""
    holes = path.holes
    below = path.parts[1] if len(path.parts) > 1 else ""
    is_head = isinstance(path.parts[0], Hole) and isinstance(below, str) and below.startswith("/")
    if is_head and (holes[0].name in WORDS["generic"] or _FOLDER.search(snake(holes[0].name))):
        return holes[1:]
    return holes


def _fields(
    engine: Engine, group: Group, written: Collection[str], data: Collection[str]
) -> Iterable[tuple[str, str]]:
    """Return the fields of the one declared class that the functions at its places name.

    A class of which neither the code nor the data has a field is that of something else.
    """
    found: dict[str, ClassDef] = {}
    for member in group.members:
        function = engine.project.functions[member.access.function]
        for annotation in _annotations(function):
            for word in _WORDS.findall(annotation):
                definition = _class(engine, function.path, word)
                if definition is not None and _own_fields(engine, definition):
                    found[definition.key] = definition
    if len({definition.name for definition in found.values()}) != 1:
        return ()
    # The same name in two languages is one thing: the fuller of the two.
    fields = max((_own_fields(engine, each) for each in found.values()), key=len)
    is_other = any(seen and not fields.keys() & seen for seen in (written, data))
    return () if is_other else fields.items()


def _own_fields(engine: Engine, definition: ClassDef) -> dict[str, str]:
    """Return the fields of a class and of those that it extends, with their types."""
    found: dict[str, str] = {}
    for each in reversed(engine.bases_of(definition, f"{definition.path}:")):
        for name, annotation in each.fields:
            if name.startswith("_") or name in _NO_FIELDS or "ClassVar" in annotation:
                continue
            words = _WORDS.findall(annotation)
            is_nested = any(
                inner is not None and inner.fields
                for inner in (_class(engine, each.path, word) for word in words)
            )
            found[name.strip("'\"")] = f"{annotation} object" if is_nested else annotation
    return found


def _annotations(function: FunctionDef) -> Iterable[str]:
    yield function.returns
    for parameter in function.parameters:
        yield parameter.annotation
    yield from _assigned(function.body)


def _assigned(block: Iterable[Statement]) -> Iterable[str]:
    for statement in block:
        if isinstance(statement, Assign):
            yield statement.annotation
        elif isinstance(statement, Branch):
            for inner in statement.blocks:
                yield from _assigned(inner)


def _class(engine: Engine, path: str, word: str) -> ClassDef | None:
    summary = engine.summaries.get(f"{path}:")
    found = summary.names.get(word) if summary is not None else None
    return found.definition if isinstance(found, Class) else None
