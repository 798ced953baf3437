"""What is no place of its own: questions, copies and checks beside a read or a write."""

import re

from loaders.advisor.flow.engine import Engine
from loaders.advisor.flow.libraries.paths import is_put_aside, is_temporary, same
from loaders.advisor.flow.summaries import Access, symbols_of
from loaders.advisor.flow.templates import HOLE, shape
from loaders.advisor.flow.values import Hole, Text, options_of, reads_of

_MOVES = ("rename", "replace", "move", "renames")
_BACKUP = re.compile(
    r"(\.json[a-z0-9]?)?([._-]?\d*[._-]?(bak|bkp|bkup|backup|old|orig|prev|previous|tmp|temp|new|swp|part|lock)|~)\d*"
)
_COPIES = ("shutil.copy", "fs.copy", "fs.copyFile")


def is_side_effect(engine: Engine, access: Access) -> bool:
    """A question before a read, a copy beside a write: part of the function's one touch."""
    others = [
        other
        for other in engine.summaries[access.function].accesses
        if other.id != access.id and not other.sink.startswith(_COPIES)
    ]
    if len(access.path.parts) == 1 and is_temporary(access.path):
        return True
    if access.operation == "exists":
        return is_question(engine, access)
    written = [other for other in others if other.operation == "write"]
    if any(is_backup(access.path, other.path) for other in written):
        return True
    if is_draft(engine, access):
        return True
    if is_check(engine, access, written) or is_restored(access, others):
        return True
    is_moved_away = access.operation == "delete" and is_move(access)
    if (access.operation, access.store) == ("delete", "file") and any(
        same(other.path, access.path) and (is_moved_away or not is_move(other)) for other in written
    ):
        # Moved away before it is written, or taken away where there is nothing to write.
        return True
    if is_tried_again(access, written):
        return True
    if is_moved_away and is_set_aside(access, others):
        return True
    if access.operation in ("copy", "copied"):
        copies = [
            other
            for other in engine.summaries[access.function].own
            if other.operation == "copy" and other.line == access.line
        ]
        return any(
            other.operation in ("write", "read") and same(other.path, copy.path)
            for other in others
            for copy in copies
        )
    return False


def is_tried_again(access: Access, written: list[Access]) -> bool:
    """Say whether a key is taken away since its write failed, and written once more."""
    lines = [each.line for each in written if same(each.path, access.path)]
    is_between = bool(lines) and min(lines) < access.line < max(lines)
    return access.operation == "delete" and access.store == "browser" and is_between


def is_move(access: Access) -> bool:
    return access.sink.rpartition(".")[2].removesuffix("Sync") in _MOVES


def is_draft(engine: Engine, access: Access) -> bool:
    """Say whether a file is written but to be moved: in callbacks, one inside the other."""
    is_moved = access.operation == "delete" and is_move(access)
    if not is_moved and (access.operation != "write" or is_move(access)):
        return False
    return any(
        other.operation == ("write" if is_moved else "delete")
        and is_move(other) != is_moved
        and same(other.path, access.path)
        for function in engine.family(access.function)
        if function != access.function
        for other in engine.summaries[function].own
    )


def is_question(engine: Engine, access: Access) -> bool:
    """Say whether a function asks for a file before it does something to it."""
    return access.operation == "exists" and any(
        other.operation != "exists" and same(other.path, access.path)
        for function in engine.family(access.function)
        for other in engine.summaries[function].accesses
    )


def is_check(engine: Engine, access: Access, written: list[Access]) -> bool:
    """Say whether a file is but read to see that it was written: nobody gets what it holds."""
    return (
        access.operation == "read"
        and access.id not in returned(engine, access.function)
        and any(
            other.line < access.line and same(other.path, access.path) and symbols_of(other.path)
            for other in written
        )
        and not any(
            other.line >= access.line and same(other.path, access.path) for other in written
        )
    )


def returned(engine: Engine, function: str) -> frozenset[str]:
    """Return what a function read, and gives to its callers."""
    return frozenset().union(
        *(reads_of(each) for each in options_of(engine.summaries[function].returns))
    )


def is_set_aside(access: Access, others: list[Access]) -> bool:
    """Say whether a function that cannot read a file keeps it under a name for broken ones."""
    is_read = any(each.operation == "read" and same(each.path, access.path) for each in others)
    return is_read and any(
        each.operation == "write"
        and each.line == access.line
        and shape(each.path).startswith(shape(access.path))
        and is_put_aside(each.path)
        for each in others
    )


def is_restored(access: Access, others: list[Access]) -> bool:
    """Say whether a file that cannot be read is taken away, its backup put in its place."""
    reads = any(each.operation == "read" and same(each.path, access.path) for each in others)
    return (
        access.operation in ("write", "delete")
        and reads
        and any(
            each.operation == "delete" and is_move(each) and is_backup(each.path, access.path)
            for each in others
        )
    )


def is_backup(path: Text, of: Text) -> bool:
    """Say whether a path is another's with an ending for backups or temporary files."""
    said, whole = shape(path), shape(of)
    stem = whole.rpartition(".")[0] if "." in whole.rsplit("/", 1)[-1] else whole
    if not stem or not said.startswith(stem):
        return False
    names = tuple(hole.name for hole in path.holes)
    others = tuple(hole.name for hole in of.holes)
    if len(names) == len(others) + 1 and isinstance(path.parts[-1], Hole):
        # Drafts have a name of their own each: report.json.tmp-{number}.
        return is_backup(Text(path.parts[:-1]), of)
    # Or before the ending: report.json.{number}.tmp.
    rest = said[len(stem) :].replace(HOLE, "0")
    return names[: len(others)] == others and _BACKUP.fullmatch(rest) is not None
