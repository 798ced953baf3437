"""Reads `docs/analysts.md`, and prints what a query answers as the guide prints it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg
from psycopg import pq

# The guide promises under each question what one must be allowed to read.
FOR_BI = "Reads `reporting`."
NOT_FOR_BI = "Not for BI:"

_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)
_HEADING = re.compile(r"^#{2,3} (.+)$", re.MULTILINE)
_NUMBERS = frozenset({20, 21, 23, 700, 701, 1700})  # oids of int8, int2, int4, floats, numeric


@dataclass(frozen=True)
class Question:
    """A question of the guide: its SQL, and the answer printed below it."""

    heading: str
    number: int
    sql: str
    answer: str
    is_for_bi: bool


def read_questions(guide: Path) -> list[Question]:
    """Return the questions in the guide's order; number counts those under one heading.

    Raises ValueError, naming the heading, for SQL without an answer, an answer without SQL, and a
    heading with SQL that does not say who may read that.
    """
    text = guide.read_text(encoding="utf-8")
    parts = _HEADING.split(text)
    questions = []
    for heading, body in zip(parts[1::2], parts[2::2], strict=True):
        fences = [(f[1], f[2]) for f in _FENCE.finditer(body) if f[1] in ("sql", "text")]
        if [language for language, _ in fences] != ["sql", "text"] * (len(fences) // 2):
            raise ValueError(f"{heading!r}: every ```sql needs its answer, a ```text")
        if fences and (FOR_BI in body) == (NOT_FOR_BI in body):
            raise ValueError(f"{heading!r}: say either {FOR_BI!r} or {NOT_FOR_BI!r}")
        questions += [
            Question(heading, place // 2 + 1, sql, fences[place + 1][1], FOR_BI in body)
            for place, (_, sql) in enumerate(fences)
            if place % 2 == 0
        ]
    return questions


def unasked(guide: Path, marts: Sequence[str]) -> list[str]:
    """Return the marts that no question of the guide asks."""
    asked = " ".join(question.sql for question in read_questions(guide))
    return [mart for mart in marts if not re.search(rf"\.{mart}\b", asked)]


def answer_of(connection: psycopg.Connection, query: str) -> str:
    """Return what psql prints of a query, without blanks at the ends of lines.

    Raises AssertionError, with PostgreSQL's words, when the query fails.
    """
    result = connection.pgconn.exec_(query.encode())
    assert result.status == pq.ExecStatus.TUPLES_OK, result.error_message.decode()
    columns = range(result.nfields)
    names = [(result.fname(column) or b"").decode() for column in columns]
    rows = [
        [(result.get_value(row, column) or b"").decode() for column in columns]
        for row in range(result.ntuples)
    ]
    widths = [max(map(len, cells)) for cells in zip(names, *rows, strict=True)]
    are_numbers = [result.ftype(column) in _NUMBERS for column in columns]
    lines = [
        " | ".join(_centred(name, width) for name, width in zip(names, widths, strict=True)),
        "-+-".join("-" * width for width in widths),
        *(
            " | ".join(
                cell.rjust(width) if is_number else cell.ljust(width)
                for cell, width, is_number in zip(row, widths, are_numbers, strict=True)
            )
            for row in rows
        ),
    ]
    lines = [f"-{line}-" if number == 1 else f" {line}" for number, line in enumerate(lines)]
    lines.append(f"({len(rows)} row{'' if len(rows) == 1 else 's'})")
    return "".join(f"{line.rstrip()}\n" for line in lines)


def _centred(name: str, width: int) -> str:
    before = (width - len(name)) // 2
    return (" " * before + name).ljust(width)
