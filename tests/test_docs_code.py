"""The code in the guides for operators is code: it parses, and the queries run."""

import ast
import re
import subprocess

import psycopg
import pytest
import yaml

from tests.conftest import ROOT

_FENCE = re.compile(r"^```(\w+)\n(.*?)^```", re.MULTILINE | re.DOTALL)


def blocks(*languages: str) -> list[tuple[str, str]]:
    return [
        (language, block)
        for page in ("operators.md", "scheduling.md")
        for language, block in _FENCE.findall((ROOT / "docs" / page).read_text())
        if language in languages
    ]


def test_there_is_code_of_every_sort() -> None:
    assert {language for language, _ in blocks("sh", "sql", "yaml", "python")} == {
        "sh", "sql", "yaml", "python",
    }  # fmt: skip


@pytest.mark.parametrize(("language", "block"), blocks("sh", "yaml", "python"))
def test_a_block_parses(language: str, block: str) -> None:
    if language == "sh":
        done = subprocess.run(
            ["/bin/sh", "-n"], input=block, capture_output=True, text=True, check=False
        )
        assert (done.returncode, done.stderr) == (0, "")
    elif language == "yaml":
        assert isinstance(yaml.safe_load(block), dict)
    else:
        ast.parse(block)


def test_the_queries_of_the_morning_run(connection: psycopg.Connection) -> None:
    connection.execute(
        "insert into ops.runs (source, version, status, finished_at, exit_code) "
        "values ('a', '1', 'with_findings', now(), 1), ('b', '1', 'succeeded', now(), 0);"
        "insert into ops.run_stages (run_id, stage) select run_id, 'load' from ops.runs;"
        "insert into ops.dbt_results (run_id, node_id, resource_type, status, seconds, failures) "
        "values (1, 'model.x', 'model', 'success', 1, null), "
        "(2, 'model.x', 'model', 'success', 100, null), (2, 'test.y', 'test', 'fail', 1, 3)"
    )
    found = [
        connection.execute(query.encode()).fetchall()
        for _, block in blocks("sql")
        for query in block.split(";")
        if query.strip()
    ]
    assert [len(rows) for rows in found] == [2, 2, 1, 1]
    assert [row[:3] for row in found[0]] == [("a", 1, "with_findings"), ("b", 2, "succeeded")]
