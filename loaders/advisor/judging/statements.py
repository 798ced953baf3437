"""The SQL that does to a table what code did to files: shown in a report, never executed here."""

import re
from collections.abc import Sequence

from loaders.advisor.judging.proposals import quoted

_UPSERT = """\
insert into TABLE (COLUMNS)
values (VALUES)
on conflict (KEYS) do update set EXCLUDED, changed_at = now();"""
_INSERT = """\
insert into TABLE (COLUMNS)
values (VALUES);"""
_UPDATE = """
-- or, for a record that is already there
update TABLE set NEW, changed_at = now() where SAME;"""
_STATEMENTS = {
    "read": "select payload from TABLE WHERE ORDER;",
    "exists": "select exists (select 1 from TABLE WHERE);",
    "delete": "delete from TABLE WHERE;",
    "list": "select KEYS, payload from TABLE order by KEYS;",
}


def statement(
    operation: str,
    table: str,
    keys: Sequence[str],
    *,
    found_by: Sequence[str] | None = None,
    columns: Sequence[str] | None = None,
    is_log: bool = False,
) -> str:
    """Return the statement that takes the place of an operation on files.

    found_by are the keys that a file's path gives: all, unless a file holds many records. columns
    are those that a write fills: not a key that the table makes up. A log is only added to.
    """
    by = [quoted(key) for key in keys]
    given = by if found_by is None else [quoted(key) for key in found_by]
    filled = [*(by if columns is None else map(quoted, columns)), "payload"]
    text = _STATEMENTS.get(operation)
    if text is None:
        text = _UPSERT if set(by) <= set(filled) else _INSERT if is_log else _INSERT + _UPDATE
    parts = {
        "TABLE": quoted(table),
        "KEYS": ", ".join(by),
        "COLUMNS": ", ".join(filled),
        "VALUES": ", ".join(f"${number}" for number in range(1, len(filled) + 1)),
        "EXCLUDED": ", ".join(f"{each} = excluded.{each}" for each in filled if each not in by),
        "NEW": _equal(filled, ", "),
        "SAME": _equal(by, " and ", len(filled) + 1),
        "WHERE": f"where {_equal(given, ' and ')}" if given else "",
        "ORDER": "" if given == by else f"order by {', '.join(by)}",
    }
    text = re.sub("|".join(parts), lambda found: parts[found[0]], text)
    return re.sub(r" +(?=[;)])", "", text).replace("  ", " ")


def _equal(columns: Sequence[str], between: str, first: int = 1) -> str:
    return between.join(f"{each} = ${number}" for number, each in enumerate(columns, start=first))
