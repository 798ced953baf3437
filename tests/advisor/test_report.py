"""pulse-elt report: sections, blocks of code with their language, statements that run."""

import json
import re
from pathlib import Path

import psycopg
import pytest

from loaders.advisor.command import run_audit, run_report
from loaders.advisor.report import statement
from loaders.errors import WrongRequest
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@pytest.fixture(scope="module")
def audited(tmp_path_factory: pytest.TempPathFactory) -> Path:
    file = tmp_path_factory.mktemp("audit") / "audit.json"
    run_audit(EXAMPLE, data=EXAMPLE / "data", form="json", output=file)
    return file


def test_the_page_has_its_sections_and_blocks_of_sql(audited: Path) -> None:
    text = run_report(audited)
    assert re.findall(r"^## (.*)$", text, re.MULTILINE) == [
        "File changes",
        "Schema and usage",
        "Notes",
    ]
    bullets = text.split("## File changes")[0].count("\n- ")
    assert 2 <= bullets <= 4
    blocks = _FENCE.findall(text)
    assert {language for language, _ in blocks} == {"sql"}
    assert text.count("```") == 2 * len(blocks)
    assert "Question 5" in text
    assert "`data/config/settings.json`" in text.split("## Notes")[1]


def test_the_page_and_its_json_are_the_same_each_time(audited: Path, tmp_path: Path) -> None:
    assert run_report(audited) == run_report(audited)
    assert run_report(audited, form="json", output=tmp_path / "r.json") == ""
    said = json.loads((tmp_path / "r.json").read_text())
    assert {change["kind"] for change in said["changes"]} == {"code", "migration", "retired"}
    moved = {move["template"] for move in said["moves"]}
    assert "data/loans/{loan_id}.json" in moved
    assert "data/config/fees.json" not in moved


def test_counts_of_classify_stand_beside(audited: Path, tmp_path: Path) -> None:
    counted = tmp_path / "classified.json"
    counted.write_text(
        json.dumps({"templates": [{"template": "data/loans/{loan_id}.json", "files": 12_000}]})
    )
    assert "12,000 files" in run_report(audited, classified=counted)


def test_an_empty_audit_moves_nothing(tmp_path: Path) -> None:
    (tmp_path / "app.py").write_text("x = 1\n")
    run_audit(tmp_path, form="json", output=tmp_path / "audit.json")
    assert "Nothing moves" in run_report(tmp_path / "audit.json")


def test_what_is_no_audit_is_a_wrong_request(tmp_path: Path) -> None:
    (tmp_path / "x.json").write_text("[]")
    for file in (tmp_path / "x.json", tmp_path / "none.json"):
        with pytest.raises(WrongRequest, match="audit"):
            run_report(file)


def test_statements_run_on_the_table_that_is_proposed(connection: psycopg.Connection) -> None:
    connection.execute("create schema proposed")
    connection.execute("set search_path to proposed")
    connection.execute(
        'create table "order" (a text, b text, payload jsonb not null, '
        "changed_at timestamptz not null default now(), primary key (a, b))"
    )
    values = {"write": ["x", "y", "{}"], "list": []}
    for operation in ("write", "write", "exists", "read", "list", "delete"):
        said = statement(operation, "order", ["a", "b"])
        given = values.get(operation, ["x", "y"])
        query = re.sub(r"\$\d", "%s", said)
        done = connection.execute(query.encode(), given)
        assert done.rowcount == 1
