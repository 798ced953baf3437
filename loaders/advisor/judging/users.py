"""Who uses what is kept: those who log in, and those who ask for one day of many."""

import re

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.substitution import CONSTRUCTORS
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import snake
from loaders.advisor.judging.hints import words_of
from loaders.advisor.languages.syntax import ClassDef
from loaders.advisor.places.attribution import Placed
from loaders.advisor.places.places import Group, outermost, prefix_of
from loaders.advisor.words import WORDS

# Names of a placeholder that is one day, or another span, of many.
_SPAN = re.compile(r"(^|_)(date|day|week|month|year|season)$")
# How a placeholder is named once more, as text: date_str.
_AS_TEXT = re.compile(r"(?<=[a-z])_(str|string|text)$")
_LOGGING_IN = WORDS["logging_in"] | {"auth", "oauth", "token", "tokens"}


def without_kind(name: str) -> str:
    return _AS_TEXT.sub("", name)


def is_for_login(engine: Engine, group: Group) -> bool:
    """Say whether the objects that keep it are used, or else built, only where somebody logs in."""
    functions, callers = engine.project.functions, {True: set[str](), False: set[str]()}
    for key in {functions[member.access.function].class_key for member in group.members}:
        definition = engine.project.classes.get(key or "")
        for name, method in definition.methods.items() if definition else ():
            callers[name in CONSTRUCTORS] |= {
                site.caller
                for site in engine.calls.get(method.key, ())
                if functions[site.caller].path not in (method.path, *engine.tests)
            }
    users = callers[False] or callers[True]
    return bool(users) and all(words_of(user.rpartition("/")[2]) & _LOGGING_IN for user in users)


def is_of_span(engine: Engine, member: Placed) -> bool:
    """Say whether a file is written for each day that a caller asks for, not for the day it is."""
    function = engine.project.functions.get(outermost(engine, member.access.function))
    asked = {snake(each.name) for each in function.parameters} if function else set()
    names = {without_kind(snake(hole.name)) for hole in member.path.holes}
    return all(any(_SPAN.search(name) for name in each) for each in (names, asked))


def is_written_openly(engine: Engine, group: Group) -> bool:
    """Say whether a helper writes keys of the browser's storage that only others know."""
    prefix = prefix_of(group.members[0].access)
    return group.store == "browser" and any(
        access.operation == "write"
        and access.store == "browser"
        and prefix_of(access) == prefix
        and not any(isinstance(part, str) for part in access.path.parts)
        for summary in engine.summaries.values()
        for access in summary.own
    )


def is_written_by_object(engine: Engine, group: Group) -> bool:
    """Say whether the objects that read it when they are made write it later."""
    for access in (member.access for member in group.of("read")):
        function = engine.project.functions.get(access.by)
        definition = engine.project.classes.get((function and function.class_key) or "")
        if definition is None or not _is_made_by(access.by, definition):
            continue
        given = _names_given(engine, access)
        for method in definition.methods.values() if given else ():
            summary = engine.summaries.get(method.key)
            for own in summary.own if summary else ():
                names = [snake(hole.name) for hole in own.path.holes]
                if own.operation == "write" and names == given:
                    return True
    return False


def _is_made_by(function: str, definition: ClassDef) -> bool:
    made_by = [definition.methods.get(name) for name in CONSTRUCTORS]
    return any(method is not None and method.key == function for method in made_by)


def _names_given(engine: Engine, access: Access) -> list[str]:
    """Return the names of what a helper takes as a path, or as its head."""
    summary = engine.summaries.get(access.by)
    paths = [each.path for each in summary.accesses if each.id == access.via] if summary else []
    return [snake(hole.name) for path in paths[:1] for hole in path.holes]
