"""Every answer of the analysts' guide is what its SQL answers on the example tree."""

import re
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from tests.conftest import ROOT
from tests.marts.analysts_guide import Question, answer_of, read_questions, unasked
from tests.marts.comparison import MARTS

# Answers of each server.
pytestmark = pytest.mark.every_server

GUIDE = ROOT / "docs" / "analysts.md"
README = ROOT / "README.md"
QUESTIONS = read_questions(GUIDE)
READER = "pulse_guide_reader"


@pytest.fixture(scope="module")
def analyst(built_examples: DatabaseSettings) -> Iterator[psycopg.Connection]:
    """A connection that may be turned into a role that reads `reporting` and nothing else."""
    with connect(built_examples) as connection:
        for statement in (
            "set timezone = 'UTC'",
            "create role {}",
            "grant usage on schema reporting to {}",
            "grant select on all tables in schema reporting to {}",
        ):
            connection.execute(sql.SQL(statement).format(sql.Identifier(READER)))
        connection.execute(
            "insert into ops.role_learners (role_name, sees_all) values (%s, true)", (READER,)
        )
        yield connection
        connection.execute("delete from ops.role_learners where role_name = %s", (READER,))
        for statement in ("drop owned by {}", "drop role {}"):
            connection.execute(sql.SQL(statement).format(sql.Identifier(READER)))


@pytest.mark.parametrize(
    "question", QUESTIONS, ids=[f"{asked.heading} {asked.number}" for asked in QUESTIONS]
)
def test_an_answer_is_what_the_query_answers(
    analyst: psycopg.Connection, question: Question
) -> None:
    if question.is_for_bi:
        analyst.execute(sql.SQL("set role {}").format(sql.Identifier(READER)))
    try:
        assert answer_of(analyst, question.sql) == question.answer
    finally:
        analyst.execute("reset role")


def test_the_question_of_the_readme_is_answered_as_printed(analyst: psycopg.Connection) -> None:
    blocks = dict(re.findall(r"^```(sql|text)\n(.*?)^```$", README.read_text(), re.M | re.S))
    assert answer_of(analyst, blocks["sql"]) == blocks["text"]


def test_what_is_not_for_bi_is_refused_to_bi(analyst: psycopg.Connection) -> None:
    refused = [question.sql for question in QUESTIONS if not question.is_for_bi]
    analyst.execute(sql.SQL("set role {}").format(sql.Identifier(READER)))
    try:
        for query in refused:
            with pytest.raises(AssertionError, match="permission denied for schema"):
                answer_of(analyst, query)
    finally:
        analyst.execute("reset role")
    assert refused


def test_the_guide_knows_every_mart_and_asks_of_each() -> None:
    text = GUIDE.read_text(encoding="utf-8")
    assert [mart for mart in MARTS if f"| `{mart}` |" not in text] == []
    assert unasked(GUIDE, MARTS) == []


@pytest.mark.parametrize("page", ["analysts.md", "bi.md", "extending.md", "security.md"])
def test_every_link_of_a_guide_leads_somewhere(page: str) -> None:
    links = re.findall(r"\]\(([^)]+)\)", (GUIDE.parent / page).read_text(encoding="utf-8"))
    assert links
    for link in links:
        name, _, anchor = link.partition("#")
        target = GUIDE.parent / (name or page)
        assert target.exists(), link
        assert not anchor or anchor in _anchors_of(target), link


def _anchors_of(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title.lower()).replace(" ", "-") for title in headings}


@pytest.mark.parametrize(
    ("body", "complaint"),
    [
        ("Reads `reporting`.\n```sql\nselect 1\n```\n", "needs its answer"),
        ("Reads `reporting`.\n```text\n 1\n```\n", "needs its answer"),
        ("```sql\nselect 1\n```\n```text\n 1\n```\n", "say either"),
    ],
)
def test_a_question_without_answer_and_an_answer_without_question_are_told(
    tmp_path: Path, body: str, complaint: str
) -> None:
    guide = tmp_path / "guide.md"
    guide.write_text(f"# Guide\n\n## Questions\n\n### Why?\n\n{body}")
    with pytest.raises(ValueError, match=complaint):
        read_questions(guide)
