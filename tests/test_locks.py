"""All advisory locks stand in one table, and whatever takes one takes it by that table."""

import re
from collections.abc import Iterator
from pathlib import Path

from loaders.database import locks
from loaders.database.locks import ADVISORY_LOCKS
from tests.conftest import ROOT

_FOLDERS = ("loaders", "macros", "models", "deploy", "analyses", "tests/assertions")
_SELF = ROOT / "loaders" / "database" / "locks.py"
_MACRO = ROOT / "macros" / "locks.sql"

_CALL = re.compile(r"\bpg_(?:try_)?advisory_\w+\(")
_BY_NAME = re.compile(r"\{\{ advisory_lock\('(\w+)'.*\) \}\}", re.DOTALL)
_LITERAL = re.compile(r"x'([0-9a-f]{8})'::int, (\d+|hashtext\(.+\))", re.DOTALL)
_OF_MACRO = re.compile(r"'(\w+)': \(\"x'([0-9a-f]{8})'::int\", (?:'(\d+)'|none)\)")
_CLASS = re.compile(r"x'([0-9a-f]{8})'::int::oid\s+and \w+\.objid = (\(hashtext|\d+)")
_CONSTANTS = {
    constant: next(lock.name for lock in ADVISORY_LOCKS if lock.number and lock.pair == pair)
    for constant, pair in vars(locks).items()
    if constant.endswith("_LOCK")
}


def _sources() -> Iterator[tuple[Path, str]]:
    for folder in _FOLDERS:
        for file in sorted((ROOT / folder).rglob("*")):
            if file.suffix in (".sql", ".py") and file not in (_SELF, _MACRO):
                yield file, file.read_text(encoding="utf-8")


def _within_brackets(text: str) -> str:
    """Return what comes before the bracket that was opened before the text is closed."""
    depth, end = 1, 0
    while depth:
        depth += {"(": 1, ")": -1}.get(text[end], 0)
        end += 1
    return text[: end - 1].strip()


def _named(class_number: str, object_number: str) -> str:
    """Return the lock of the table that has these numbers, spelt as in SQL."""
    number = int(object_number) if object_number.isdigit() else None
    found = [
        lock.name
        for lock in ADVISORY_LOCKS
        if (lock.class_number, lock.number) == (int(class_number, 16), number)
    ]
    assert found, f"x'{class_number}', {object_number} is no lock of the table"
    return found[0]


def _taken() -> dict[str, list[str]]:
    """Return the locks by the names of the table, with the files that take each."""
    users: dict[str, list[str]] = {}
    for file, text in _sources():
        where = str(file.relative_to(ROOT))
        for call in _CALL.finditer(text):
            arguments = _within_brackets(text[call.end() :])
            if arguments == "%s, %s":
                names = [name for constant, name in _CONSTANTS.items() if constant in text]
                assert names, f"{where} takes numbers of its own"
            elif by_name := _BY_NAME.fullmatch(arguments):
                names = [by_name[1]]
            else:
                literal = _LITERAL.fullmatch(arguments)
                assert literal, f"{where}: {arguments}"
                names = [_named(*literal.groups())]
            for name in names:
                users.setdefault(name, []).append(where)
    return users


def test_every_advisory_lock_is_taken_by_the_table_and_every_entry_is_used() -> None:
    assert sorted(_taken()) == sorted(lock.name for lock in ADVISORY_LOCKS)


def test_no_two_locks_are_one() -> None:
    assert len({lock.name for lock in ADVISORY_LOCKS}) == len(ADVISORY_LOCKS)
    numbers = [(lock.class_number, lock.number) for lock in ADVISORY_LOCKS]
    assert len(set(numbers)) == len(numbers)
    # A hash may be any number: it needs a class of its own.
    hashed = [lock.class_number for lock in ADVISORY_LOCKS if lock.number is None]
    assert all([each for each, _ in numbers].count(number) == 1 for number in hashed)
    assert all((lock.number is None) == (lock.per is not None) for lock in ADVISORY_LOCKS)


def test_the_macros_numbers_are_those_of_the_table() -> None:
    told = {
        name: (int(class_number, 16), int(number) if number else None)
        for name, class_number, number in _OF_MACRO.findall(_MACRO.read_text(encoding="utf-8"))
    }
    of_table = {lock.name: (lock.class_number, lock.number) for lock in ADVISORY_LOCKS}
    assert len(told) == _MACRO.read_text(encoding="utf-8").count("'::int")
    assert told == {name: of_table[name] for name in told}


def test_who_looks_for_a_lock_looks_for_one_of_the_table() -> None:
    looked_for = [found for _, text in _sources() for found in _CLASS.findall(text)]
    assert sorted(_named(*found) for found in looked_for) == ["build_at_work", "landing_clock"]
