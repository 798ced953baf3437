"""The five questions, asked of the code: what a template is, how sure that is, and why."""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from loaders.advisor.answers import is_answer
from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD, UNCERTAIN
from loaders.advisor.engine import Engine
from loaders.advisor.places import NEIGHBOURS, Group, facts_of, outermost
from loaders.advisor.substitution import keys_of
from loaders.advisor.summaries import Access
from loaders.advisor.templates import snake
from loaders.advisor.values import Hole, Options, Text, Value
from loaders.advisor.values import Sequence as Many
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
_CONFIG_WORDS = WORDS["config"]
_RECORD_WORDS = WORDS["record"]
_CACHE_WORDS = WORDS["cache"]
NOT_READ = "written, read nowhere, and no id is visible"
NOT_WRITTEN = "who writes it is not visible"
_TEMPORARY = re.compile(r"(^|/)(te?mp|temporary)/")
_SECRET = re.compile(
    r"(password|passwd|passphrase|secret|api_?key|access_?key|private_?key|auth_?token|bot_?token|"
    r"access_?token|refresh_?token|client_secret|credential)|^(token|pwd)$",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer to one of the questions, and what it rests on."""

    question: int
    answer: str
    evidence: str


@dataclass(frozen=True, slots=True)
class Verdict:
    disposition: str | None
    confidence: str
    reason: str
    answers: tuple[Answer, ...] = ()


@dataclass(frozen=True, slots=True)
class Evidence:
    """What the code shows of one template."""

    is_read: bool
    is_written: bool
    is_deleted: bool
    is_listed: bool
    is_appended: bool
    is_fresh: bool
    is_locked: bool
    is_changed_in_place: bool
    is_rooted: bool
    is_fixed: bool
    ids: tuple[str, ...]
    keys_written: tuple[str, ...]
    keys_read: tuple[str, ...]
    words: frozenset[str]
    is_imported: bool
    is_temporary: bool
    is_grown: bool
    is_answer: bool


def evidence_of(engine: Engine, group: Group) -> Evidence:
    reads, writes = group.of("read", "open"), group.of("write")
    written = tuple(dict.fromkeys(key for member in writes for key in _keys(member.access.content)))
    names = [snake(hole.name) for hole in group.path.holes]
    ids = [name for name in names if _ID.search(name)]
    ids += [key for key in written if _ID_KEY.search(snake(key))]
    taken = [
        key
        for table in (engine.keys, engine.item_keys)
        for member in group.members
        for key in table.get(member.access.id, ())
    ]
    ids += [key for key in taken if _ID_KEY.search(snake(key)) and not _SECRET.search(key)]
    writing = {outermost(engine, member.access.function) for member in writes}
    readers = [m for m in reads if outermost(engine, m.access.function) not in writing]
    keys = tuple(
        dict.fromkeys(key for member in readers for key in engine.keys.get(member.access.id, ()))
    )
    first = group.path.parts[0] if group.path.parts else ""
    rooted = isinstance(first, str) and not first.startswith(("/", "~", "../"))
    return Evidence(
        is_read=bool(reads),
        is_written=bool(writes),
        is_deleted=bool(group.of("delete")),
        is_listed=bool(group.of("list")),
        is_appended=any(member.access.is_append for member in writes),
        is_fresh=_is_fresh(engine, [m.access for m in reads], writing),
        is_locked=any(_has(engine, key, "has_lock") for key in writing),
        is_changed_in_place=any(
            outermost(engine, member.access.function) in writing for member in reads
        ),
        is_rooted=rooted or group.store in ("browser", "s3", "blob"),
        is_fixed=not group.path.holes,
        ids=tuple(dict.fromkeys(ids)),
        keys_written=written,
        keys_read=keys,
        words=_words(group.path),
        is_temporary=bool(_TEMPORARY.search(group.template)),
        is_grown=any(member.access.id in engine.grown for member in reads),
        is_answer=bool(writes) and all(is_answer(member.access.content) for member in writes),
        is_imported=any(member.access.sink == "import" for member in reads),
    )


def secrets_of(engine: Engine, access: Access) -> tuple[str, ...]:
    return tuple(key for key in engine.keys.get(access.id, ()) if _SECRET.search(key))


def _has(engine: Engine, function: str, fact: str) -> bool:
    return any(
        getattr(engine.summaries[key], fact)
        for key in facts_of(engine, function)
        if key in engine.summaries
    )


def has_lock(engine: Engine, function: str) -> bool:
    return _has(engine, function, "has_lock")


def has_database(engine: Engine, function: str) -> bool:
    return _has(engine, function, "has_database")


def _is_fresh(engine: Engine, reads: Sequence[Access], writing: set[str]) -> bool:
    """Say whether it is read only where an age is compared, and written in the same function."""
    functions = {outermost(engine, access.function) for access in reads}
    return bool(functions & writing) and all(
        _has(engine, function, "is_expiring") for function in functions
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


def _words(path: Text) -> frozenset[str]:
    return frozenset(
        word
        for part in path.parts
        if isinstance(part, str)
        for piece in re.split(r"[^A-Za-z0-9]+", part)
        for word in snake(piece).split("_")
        if piece
    )


def judge(engine: Engine, group: Group) -> Verdict:
    """Return a verdict on a template by the first rule that holds, with the answers."""
    if group.store in NEIGHBOURS:
        return Verdict(None, "certain", f"kept by {group.store}, not in JSON")
    if group.template == "?":
        return Verdict(UNCERTAIN, "unknown", "the path is not visible in the code")
    found = evidence_of(engine, group)
    disposition, confidence, reason = _decide(found, group)
    return Verdict(disposition, confidence, reason, _answers(found))


def _decide(e: Evidence, group: Group) -> tuple[str, str, str]:
    if e.is_fresh:
        return CACHE, "likely", "read only while it is fresh, and made anew in the same function"
    if (e.words & _CACHE_WORDS or e.is_temporary) and not (e.ids and group.store != "file"):
        return CACHE, "likely", "its path says that it is a cache"
    if e.is_answer and group.store == "browser":
        return CACHE, "likely", "a copy of what a server answered"
    stem = _stem(group.path)
    is_named = bool(stem & _CONFIG_WORDS) and not stem & _RECORD_WORDS
    if not e.is_written and not e.is_deleted:
        if e.is_read and e.is_rooted:
            sure = "certain" if e.is_imported and not e.words & _RECORD_WORDS else "likely"
            return CONFIG_STATIC, sure, "only read, at a path of the project itself"
        if is_named and _is_based(group):
            return CONFIG_STATIC, "likely", "named as configuration, and only read"
        return UNCERTAIN, "unknown", NOT_WRITTEN
    if is_named and e.is_written and not e.ids and _is_based(group) and _is_of_config(group.path):
        return CONFIG_STATIC, "likely", "named as configuration, folder and file"
    if e.is_written and e.is_fixed and not e.ids and not e.is_appended:
        if is_named:
            return CONFIG_STATIC, "likely", "named as configuration, and written at run time"
        is_kept = e.is_locked or e.is_grown or bool(stem & _RECORD_WORDS)
        if e.keys_read and not is_kept:
            said = ", ".join(e.keys_read[:3])
            return CONFIG_STATIC, "likely", f"code elsewhere takes fixed keys of it ({said})"
    if e.is_written and e.is_read:
        sure = "certain" if e.ids else "likely"
        return SYSTEM_OF_RECORD, sure, "written and read at run time"
    if e.ids:
        said = ", ".join(e.ids[:3])
        return SYSTEM_OF_RECORD, "likely", f"written at run time, and carries an id ({said})"
    if e.is_deleted and e.is_read:
        return SYSTEM_OF_RECORD, "likely", "read and deleted at run time"
    return UNCERTAIN, "unknown", NOT_READ


def _is_based(group: Group) -> bool:
    """Say whether a template has no placeholder but a folder at its head, which is nobody's."""
    heads = [hole for member in group.members for hole in member.path.holes]
    return not any(isinstance(part, Hole) for part in group.path.parts[1:]) and not any(
        _ID.search(snake(hole.name)) for hole in heads
    )


def _is_of_config(path: Text) -> bool:
    first = path.parts[0] if path.parts else ""
    words = set(snake(first.name).split("_")) if isinstance(first, Hole) else set()
    return bool(words & set(_CONFIG_WORDS))


def _stem(path: Text) -> frozenset[str]:
    last = path.parts[-1] if path.parts and isinstance(path.parts[-1], str) else ""
    name = last.rsplit("/", 1)[-1].lstrip(".").split(".")[0].lower()
    return frozenset(re.split(r"[^a-z0-9]+", name)) - {""}


def _answers(e: Evidence) -> tuple[Answer, ...]:
    changes = e.is_written or e.is_deleted
    ids = ", ".join(e.ids[:4])
    first = (
        ("yes", f"written at run time; ids: {ids}")
        if changes and e.ids
        else ("no", "only read")
        if not changes
        else ("not visible", "written at run time; no id is visible")
    )
    second = ("yes", "its files are listed and opened") if e.is_listed else (
        "not visible", "read one at a time, as far as the code shows")  # fmt: skip
    kept = [
        word
        for is_so, word in (
            (e.is_changed_in_place, "read, changed and written back"),
            (e.is_appended, "appended to"),
            (e.is_locked, "written under a lock"),
            (e.is_deleted, "deleted"),
        )
        if is_so
    ]
    third = ("yes", "; ".join(kept)) if kept else ("not visible", "no sign in the code")
    fourth = ("no", "written at run time") if changes else ("yes", "no code writes it")
    return tuple(
        Answer(number, answer, evidence)
        for number, (answer, evidence) in enumerate(
            (first, second, third, fourth, ("not visible", "code cannot tell")), start=1
        )
    )
