"""What the code shows of one template: what is done to it, by what keys, and who does it."""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from loaders.advisor.flow.answers import is_answer
from loaders.advisor.flow.constants import holds_constant
from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.importing import IMPORT_OF_PROJECT
from loaders.advisor.flow.substitution import keys_of
from loaders.advisor.flow.summaries import Access
from loaders.advisor.flow.templates import snake
from loaders.advisor.flow.values import Hole, Options, Text, Value
from loaders.advisor.flow.values import Sequence as Many
from loaders.advisor.judging import users
from loaders.advisor.judging.hints import Hints, hints_of, words_of
from loaders.advisor.judging.origins import are_answers, is_supplied
from loaders.advisor.places.attribution import Placed
from loaders.advisor.places.places import Group, facts_of, outermost
from loaders.advisor.words import WORDS

_ID = re.compile(
    r"(^|_)(ids?|uuid|guid|email|e_mail|mail|user|username|user_name|users|session|account|sid|uid|"
    r"login|isbn|slug|token|owner|member|customer|client|player|patient|student|chat|guild)$"
)
# The same in keys of a value, where smtp_user is no id.
_ID_KEY = re.compile(
    r"(^|_)(ids?|uuid|guid|email|sid|uid|isbn)$"
    r"|^(user|username|user_name|session|account|owner|member|customer|client|player|patient|student)$"
)
_PERSON = re.compile(
    r"(^|_)(e?_?mail|user|username|user_name|users|session|account|login|owner|member|customer|"
    r"client|player|patient|student|chat|guild|author)(_ids?|_uuid|_name)?$|^(uid|sid)$"
)
# Ids of parts of a program: what is kept for each of them are its settings.
_PART = re.compile(
    r"^(plugin|extension|addon|add_on|module|theme|locale|lang|language|section|component)"
    r"(_(id|name|key))?$"
)
_TEMPORARY = re.compile(r"(^|/)(te?mp|temporary)/")
# Who is kept under a key, one of them or many.
_PERSON_ID = re.compile(
    r"^(user|chat|guild|member|player|customer|patient|student|owner)_?(id|uuid)s?$|^uid$"
)
_SECRET = re.compile(
    r"(password|passwd|passphrase|secret|api_?key|access_?key|private_?key|auth_?token|bot_?token|"
    r"access_?token|refresh_?token|client_secret|credential)|^(token|pwd)$",
    re.IGNORECASE,
)
# What a person got by logging in: no deploy brings it back.
_LOGIN = re.compile(
    r"^(access|refresh|session|id|auth|user|login)_?tokens?$|^(cookies|expires_(in|at))$"
)
_TOKEN = re.compile(r"^(access|refresh|session|auth|user|login)_?token$")
# Keys that say when the rest was asked for.
_AGE = re.compile(
    r"^(last_?(update|updated|check|checked|fetch|fetched|refresh|refreshed)(_(at|date|time|ts))?|"
    r"(fetched|cached|checked|refreshed)_?(at|on|date)|cache_?time|etag|ttl|max_age)$"
)
_PUTTING_AWAY = WORDS["saving"] | WORDS["making"] | WORDS["made"] | {"init", "constructor"}
# Folders of scripts that developers run.
_SCRIPTS = re.compile(r"^(.*/)?(scripts?|tools|tooling|gulp|tasks|devtools|maintenance)/[^:]*:")
_FEW = 8
# A program so large in one function is a bundle: what stands in it says nothing of the rest.
_MOST_INNER = 40
_MOST_OF_A_FETCH = 6
# How far a name is handed on until something is written.
_MOST_STEPS = 3
_COMPONENT = re.compile(r"^([A-Z]|use[A-Z]|$)")


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the code shows of one template."""

    is_read: bool
    is_written: bool
    is_deleted: bool
    is_taken_away: bool
    is_listed: bool
    is_appended: bool
    is_fresh: bool
    is_locked: bool
    is_changed_in_place: bool
    is_read_elsewhere: bool
    is_of_ids: bool
    is_rooted: bool
    is_fixed: bool
    is_based: bool
    ids: tuple[str, ...]
    people: tuple[str, ...]
    entries: tuple[str, ...]
    keys_written: tuple[str, ...]
    keys_read: tuple[str, ...]
    is_imported: bool
    is_of_program: bool
    is_of_object: bool
    is_temporary: bool
    is_grown: bool
    is_extended: bool
    is_answer: bool
    is_fetched: bool
    is_supplied: bool
    is_of_defaults: bool
    is_written_openly: bool
    ages: tuple[str, ...]
    keyed: tuple[str, ...]
    asked: tuple[str, ...]
    is_by_scripts: bool
    is_of_parts: bool
    is_of_many: bool
    is_read_through: bool
    is_of_span: bool
    is_for_login: bool
    is_written_by_object: bool
    is_from_project: bool
    is_by_commands: bool
    hints: Hints

    @property
    def is_of_login(self) -> bool:
        """Say whether what a login gave is kept under its own name: access_token."""
        return any(_LOGIN.search(snake(key)) for key in self.people)


def evidence_of(engine: Engine, group: Group) -> Evidence:
    reads, writes = group.of("read", "open"), group.of("write")
    written = tuple(dict.fromkeys(key for member in writes for key in _keys(member.access.content)))
    taken = _noted((engine.keys, engine.item_keys), group)
    names = [snake(hole.name) for hole in group.path.holes]
    ids = [name for name in names if is_id(name)]
    ids += [key for key in written if _ID_KEY.search(snake(key))]
    ids += [key for key in taken if _ID_KEY.search(snake(key)) and not _SECRET.search(key)]
    writing = {outermost(engine, member.access.function) for member in writes}
    readers = [m for m in reads if outermost(engine, m.access.function) not in writing]
    keys = tuple(
        dict.fromkeys(key for member in readers for key in engine.keys.get(member.access.id, ()))
    )
    first = group.path.parts[0] if group.path.parts else ""
    rooted = isinstance(first, str) and not first.startswith(("/", "~", "../"))
    hints = hints_of(engine, group)
    is_answered = are_answers(engine, writes)
    return Evidence(
        is_read=bool(reads),
        is_written=bool(writes),
        is_written_openly=bool(reads) and not writes and users.is_written_openly(engine, group),
        is_deleted=bool(group.of("delete")),
        is_taken_away={outermost(engine, m.access.function) for m in group.of("delete")} == writing,
        is_listed=bool(group.of("list")),
        is_appended=any(member.access.is_append for member in writes),
        is_fresh=_is_fresh(engine, [m.access for m in reads], writing),
        is_locked=any(_has(engine, key, "has_lock") for key in writing),
        is_changed_in_place=any(
            outermost(engine, member.access.function) in writing for member in reads
        ),
        is_read_elsewhere=bool(readers),
        is_of_ids=any(_ID.search(snake(hole.name)) for hole in group.path.holes[_head(group) :]),
        is_rooted=rooted or group.store in ("browser", "s3", "blob"),
        is_fixed=not group.path.holes,
        is_based=_is_based(group),
        ids=tuple(dict.fromkeys(ids)),
        people=_people(engine, group, written, taken),
        entries=_entries(engine, group, (*written, *taken)),
        keys_written=written,
        keys_read=keys,
        is_temporary=bool(_TEMPORARY.search(group.template)),
        is_grown=any(member.access.id in engine.grown for member in reads),
        is_extended=any(
            member.access.id in engine.grown
            and outermost(engine, member.access.function) in writing
            for member in reads
        ),
        is_answer=is_answered,
        is_fetched=is_answered or any(_fetches_it(engine, key, writes) for key in writing),
        is_supplied=is_supplied(engine, writing),
        is_of_defaults=bool(writes) and all(holds_constant(m.access.content) for m in writes),
        ages=tuple(
            key
            for key in dict.fromkeys((*written, *_noted((engine.keys, engine.set_keys), group)))
            if _AGE.match(snake(key))
        ),
        keyed=_noted((engine.keyed,), group),
        asked=tuple(
            key
            for key in dict.fromkeys((*written, *_noted((engine.set_keys,), group)))
            if words_of(key) & WORDS["asked"]
        ),
        is_by_scripts=bool(writing) and all(_SCRIPTS.search(key) for key in writing),
        is_of_parts=any(_PART.match(snake(hole.name)) for hole in group.path.holes[_head(group) :]),
        is_of_many=bool(group.path.holes[_head(group) :]),
        is_read_through=_is_read_through(engine, [m.access for m in reads], writing),
        is_of_object=_is_of_object(engine, writing),
        is_imported=any(member.access.sink.startswith("import") for member in reads),
        is_written_by_object=not writes and users.is_written_by_object(engine, group),
        is_for_login=users.is_for_login(engine, group),
        is_of_span=bool(writes) and all(users.is_of_span(engine, member) for member in writes),
        is_from_project=any(member.access.sink == IMPORT_OF_PROJECT for member in reads),
        is_by_commands=bool(writing) and all(key.endswith(":") for key in writing),
        is_of_program=bool(hints.stem) and hints.stem == words_of(engine.project.program) - {"cli"},
        hints=hints,
    )


def is_id(name: str) -> bool:
    """Say whether a placeholder is named as an id of an entry, not of a part of the program."""
    name = users.without_kind(name)
    return bool(_ID.search(name)) and not _PART.match(name)


def secrets_of(engine: Engine, access: Access) -> tuple[str, ...]:
    return tuple(key for key in engine.keys.get(access.id, ()) if _SECRET.search(key))


def has_lock(engine: Engine, function: str) -> bool:
    return _has(engine, function, "has_lock")


def has_database(engine: Engine, function: str) -> bool:
    return _has(engine, function, "has_database")


def _has(engine: Engine, function: str, fact: str) -> bool:
    return any(
        getattr(engine.summaries[key], fact)
        for key in facts_of(engine, function)
        if key in engine.summaries
    )


def _fetches_it(engine: Engine, function: str, writes: Sequence[Placed]) -> bool:
    """Say whether what a function writes may be what it asked a server for."""
    own = {member.access.id for member in writes}
    return _has(engine, function, "is_fetching") and not any(
        access.operation == "write" and access.id not in own and is_answer(access.content)
        for key in facts_of(engine, function)
        if key in engine.summaries
        for access in engine.summaries[key].own
    )


def _noted(tables: Iterable[dict[str, dict[str, None]]], group: Group) -> tuple[str, ...]:
    return tuple(
        dict.fromkeys(
            key
            for table in tables
            for member in group.members
            for key in table.get(member.access.id, ())
        )
    )


def _people(
    engine: Engine, group: Group, written: Sequence[str], taken: Sequence[str]
) -> tuple[str, ...]:
    """Return what tells that entries of people are kept, whatever the file is called."""
    assigned = _noted((engine.set_keys,), group)
    names = [hole.name for hole in group.path.holes[_head(group) :]]
    names += _noted((engine.keyed,), group)
    found = [snake(name) for name in names if _PERSON.search(snake(name))]
    # Among many keys a token is one setting of them, and empty until somebody fills it in.
    few = written if len(written) <= _FEW else ()
    found += _login(engine, group, few)
    found += [key for key in (*few, *assigned) if _LOGIN.search(snake(key))]
    writing = group.of("write")
    kept = (*taken, *_handed(engine, writing)) if writing and group.of("read", "open") else ()
    found += [key for key in kept if _TOKEN.match(snake(key))]
    found += [key for key in (*few, *assigned) if _PERSON_ID.match(snake(key))]
    found += [key for key in (*written, *assigned, *taken) if snake(key) in WORDS["people"]]
    if group.store == "file" and _is_of_a_login(engine, group):
        found.append("login")
    return tuple(dict.fromkeys(found))


def _is_of_a_login(engine: Engine, group: Group) -> bool:
    """Say whether it is written where somebody logs in, and changed or deleted at the logout."""
    words: set[str] = set()
    nearest = {outermost(engine, m.access.function) for m in group.of("write", "delete")}
    for _ in range(_MOST_STEPS):
        for key in nearest:
            function = engine.project.functions[key]
            definition = engine.project.classes.get(function.class_key or "")
            module = function.path.rpartition("/")[2].partition(".")[0]
            words |= words_of(f"{function.name} {definition.name if definition else ''} {module}")
        callers = {site.caller for key in nearest for site in engine.calls.get(key, ())}
        nearest = {outermost(engine, key) for key in callers}
    return bool(words & {"login", "signin"} and words & {"logout", "signout"})


def _handed(engine: Engine, writes: Sequence[Placed]) -> tuple[str, ...]:
    """Return the names that others of its file, and their callers, hand to what writes it.

    Settings are often set by name: set("refresh_token", value), which calls what writes.
    """
    found: dict[str, None] = {}
    seen = {outermost(engine, member.access.function) for member in writes}
    nearest = seen
    for _ in range(_MOST_STEPS):
        for key in sorted(nearest):
            found |= engine.said.get(key, {})
        callers = {
            outermost(engine, site.caller)
            for key in nearest
            for site in engine.calls.get(key, ())
            if site.file == engine.project.functions[key].path and not site.caller.endswith(":")
        }
        nearest = callers - seen
        seen |= nearest
    return tuple(found)


def _login(engine: Engine, group: Group, keys: Sequence[str]) -> list[str]:
    """Return secrets among a few keys that somebody logs in by: with a name, or until logged out.

    What a program connects to somewhere else with, at a host or port, is a setting of it.
    """
    names = {snake(key) for key in keys}
    secrets = [key for key in keys if _SECRET.search(key)]
    functions = {
        engine.project.functions[outermost(engine, member.access.function)].name
        for member in group.of("write", "delete")
    }
    is_of_somebody = bool(names & {"user", "username", "user_name", "email", "login", "account"})
    is_logged_in = any(words_of(name) & WORDS["logging_in"] for name in functions)
    is_login = is_of_somebody or is_logged_in or bool(group.of("delete"))
    return secrets if is_login and not names & WORDS["servers"] else []


def _entries(engine: Engine, group: Group, keys: Sequence[str]) -> tuple[str, ...]:
    """Return what tells that entries are kept: ids by which they are found, names for many."""
    found = [name for name in _noted((engine.keyed,), group) if _ID.search(snake(name))]
    assigned = _noted((engine.set_keys,), group)
    found += [key for key in (*keys, *assigned) if snake(key) in WORDS["entries"]]
    return tuple(dict.fromkeys(found))


def _head(group: Group) -> int:
    """Return how many placeholders are the folder at the head of a path."""
    return int(bool(group.path.parts) and isinstance(group.path.parts[0], Hole))


def _is_based(group: Group) -> bool:
    """Say whether a template has no placeholder but a folder at its head, which is nobody's."""
    below = group.path.holes[_head(group) :]
    heads = [hole for member in group.members for hole in member.path.holes[: _head(group)]]
    return all(_PART.match(snake(hole.name)) for hole in below) and not any(
        _ID.search(snake(hole.name)) for hole in heads
    )


def _is_of_object(engine: Engine, writing: set[str]) -> bool:
    """Say whether methods of one class write it after each change, not where somebody saves it."""
    methods = [engine.project.functions[key] for key in writing]
    changing = [
        method.class_key
        for method in methods
        if method.class_key and not words_of(method.name) & _PUTTING_AWAY
    ]
    return len(changing) > len(set(changing))


def _is_fresh(engine: Engine, reads: Sequence[Access], writing: set[str]) -> bool:
    """Say whether it is read only where an age is compared, and written in the same function."""
    functions = {outermost(engine, access.function) for access in reads}
    return bool(functions & writing) and all(
        len(facts_of(engine, function)) <= _MOST_INNER and _has(engine, function, "is_expiring")
        for function in functions
    )


def _is_read_through(engine: Engine, reads: Sequence[Access], writing: set[str]) -> bool:
    """Say whether all who write it read it first, and ask a server, and do little else.

    A component of a page does many things: that it asks a server says nothing of what it keeps.
    """
    reading = {outermost(engine, access.function) for access in reads}
    return bool(writing) and all(
        key in reading
        and _has(engine, key, "is_fetching")
        and len(facts_of(engine, key)) <= _MOST_OF_A_FETCH
        and not _COMPONENT.match(engine.project.functions[key].name)
        for key in writing
    )


def _keys(content: Value, depth: int = 0) -> tuple[str, ...]:
    found: list[str] = []
    match content:
        case Text():
            for part in content.holes:
                if isinstance(part, Hole) and part.is_json:
                    found += part.keys
        case Options() | Many():
            values = content.values if isinstance(content, Options) else content.items
            for value in values if depth < 3 else ():
                found += _keys(value, depth + 1)
        case _:
            found += keys_of(content)
    return tuple(found)
