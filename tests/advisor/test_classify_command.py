"""The command classify: formats, output, proposals, exit codes."""

import json
import re
import subprocess
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner, Result

from loaders.cli.classify import classify as command
from loaders.errors import WorkFailed, WrongRequest
from loaders.project.document_kinds import read_document_kinds
from tests.advisor.classified import ANN, BEN, CLEO, DATA, expected, position_only, write
from tests.conftest import ROOT, RunCommand

_PEOPLE = {f"people/{one}.json": {"id": one, "email": f"{one[0]}@x.example"} for one in (ANN, BEN)}


def run(*arguments: object) -> Result:
    return CliRunner().invoke(
        command, [str(argument) for argument in arguments], standalone_mode=False
    )


def test_the_command_ends_with_0_and_2(pulse_elt: RunCommand, tmp_path: Path) -> None:
    done = pulse_elt("classify", DATA)
    assert done.returncode == 0, done.stderr
    assert "37 templates" in done.stdout
    missing = pulse_elt("classify", tmp_path / "nowhere")
    assert missing.returncode == 2
    assert "does not exist" in missing.stderr
    assert pulse_elt("classify", DATA, "--code", tmp_path / "nowhere").returncode == 2


def test_differences_from_the_reviewed_rules_are_findings(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    tree = write(tmp_path, {"agents.json": [{"user_id": ANN, "at": "2024-03-01T09:00:00Z"}]})
    assert run(tree).return_value == 0
    done = run(tree, "--write-rules")
    assert done.return_value == 1
    assert "agents.json is CONFIG_STATIC there (kind agent_roster)" in done.output


def test_a_tree_without_json_says_which_names_count(tmp_path: Path) -> None:
    done = run(tmp_path)
    assert done.return_value == 0
    assert "No JSON files" in done.output


def test_json_has_the_five_answers_with_evidence(tmp_path: Path) -> None:
    found = json.loads(run(write(tmp_path, _PEOPLE), "--format", "json").output)
    (verdict,) = found["templates"]
    assert [answer["question"] for answer in verdict["answers"]] == [1, 2, 3, 4, 5]
    assert {answer["answer"] for answer in verdict["answers"]} <= {"yes", "no", "not visible"}
    assert all(answer["evidence"] for answer in verdict["answers"])
    assert verdict["answers"][4]["answer"] == "not visible"
    assert verdict["disposition"] == "SYSTEM_OF_RECORD"
    assert found["counts"]["SYSTEM_OF_RECORD"] == 1


def test_every_template_is_in_every_format() -> None:
    for form in ("text", "json", "markdown"):
        text = position_only(run(DATA, "--format", form).output)
        assert [template for template in expected() if template not in text] == []


def test_a_page_shows_the_first_keys_and_json_all(tmp_path: Path) -> None:
    write(tmp_path, {"lock.json": {f"key_{number:02}": number for number in range(45)}})
    for form in ("text", "markdown"):
        said = run(tmp_path, "--format", form).output
        assert "key_29 integer and 15 more" in said
        assert "key_30" not in said
    assert "key_44" in run(tmp_path, "--format", "json").output


def test_blocks_of_markdown_have_a_language_and_can_be_read() -> None:
    text = run(DATA, "--format", "markdown", "--write-rules").output
    blocks = re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert {language for language, _ in blocks} == {"json", "sql"}
    for language, block in blocks:
        if language == "json":
            assert json.loads(block)["document_kinds"]


def test_output_goes_to_a_file_and_standard_output_stays_empty(tmp_path: Path) -> None:
    done = run(DATA, "--format", "json", "--output", tmp_path / "found.json")
    assert done.output == ""
    assert len(json.loads((tmp_path / "found.json").read_text())["templates"]) == len(expected())
    failed = run(DATA, "--output", tmp_path / "no" / "found.json")
    assert isinstance(failed.exception, WorkFailed)


def test_names_cannot_control_a_terminal(tmp_path: Path) -> None:
    write(tmp_path, {"a\x1b[31m.json": {"b\x1b[31m": "c"}})
    for form in ("text", "json", "markdown"):
        assert "\x1b" not in run(tmp_path, "--format", form).output


def _proposal(*arguments: object) -> dict[str, Any]:
    done = run(*arguments, "--write-rules", "--format", "json")
    proposal: dict[str, Any] = json.loads(done.output)["proposal"]
    return proposal


@pytest.mark.parametrize("tree", [DATA, ROOT / "examples" / "legacy"])
def test_proposed_rules_are_valid_and_match_their_files(tree: Path, tmp_path: Path) -> None:
    rules = [rule["rule"] for rule in _proposal(tree)["rules"]]
    schema = (ROOT / "config" / "document_kinds.schema.json").read_text()
    (tmp_path / "document_kinds.schema.json").write_text(schema)
    (tmp_path / "document_kinds.json").write_text(json.dumps({"document_kinds": rules}))
    kinds = read_document_kinds(tmp_path / "document_kinds.json")
    found = {kinds.match(file.relative_to(tree).as_posix()).kind for file in tree.rglob("*.json")}
    assert found - {None} == {rule["kind"] for rule in rules}


def test_odd_names_break_no_rule(tmp_path: Path) -> None:
    tree = write(
        tmp_path,
        {
            "a b.json": {"c": "d"},
            "x{y}.json": {"c": "d"},
            "star*.json": {"c": "d"},
            "1.json": {"c": "d"},
            "files/one.json": {"c": "d"},
            "order.json": [{"user_id": ANN, "order": 1, "1st": 2, "user": "x"}],
            f"users/{ANN}/orders/{BEN}.json": {"x": 1},
            f"users/{BEN}/orders/{CLEO}.json": {"x": 1},
        },
    )
    proposal = _proposal(tree)
    assert {"a b.json", "x{y}.json", "star*.json"} <= proposal["left_out"].keys()
    paths = [path for rule in proposal["rules"] for path in rule["rule"]["paths"]]
    assert "users/{uuid}/orders/{uuid_b}.json" in paths


def test_columns_have_names_that_no_table_has_already(tmp_path: Path) -> None:
    desks = {f"{n}{ANN[1:]}": {"key": n, "xmin": 2, "at": "2024-03-01T09:00:00Z"} for n in range(4)}
    (rule,) = _proposal(write(tmp_path, {"desks.json": desks}))["rules"]
    names = [column["name"] for column in rule["columns"]]
    assert names == ["row_key", "key", "xmin_", "at"]


def test_columns_have_the_types_that_the_data_has(tmp_path: Path) -> None:
    files = {
        f"loans/{n}.json": {
            "loan_id": n,
            "reader_id": ANN,
            "lent_at": "2024-03-01T09:00:00Z",
            "due_on": "2024-04-01",
            "fee": 1.5,
            "renewals": 2,
            "is_late": False,
            "notes": ["a"],
            **({"returned_at": "2024-03-02T09:00:00Z"} if n == 4001 else {}),
            "place": None if n == 4001 else "desk",
        }
        for n in (4001, 4002, 4077)
    }
    (rule,) = _proposal(write(tmp_path, files))["rules"]
    assert {column["name"]: (column["type"], column["nullable"]) for column in rule["columns"]} == {
        "loan_id": ("bigint", False),
        "reader_id": ("uuid", False),
        "lent_at": ("timestamptz", False),
        "due_on": ("date", False),
        "fee": ("numeric", False),
        "renewals": ("bigint", False),
        "is_late": ("boolean", False),
        "notes": ("jsonb", False),
        "returned_at": ("timestamptz", True),
        "place": ("text", True),
    }


@pytest.mark.parametrize("tree", [DATA, ROOT / "examples" / "legacy"])
def test_proposed_tables_can_be_created(tree: Path, connection: psycopg.Connection) -> None:
    text = run(tree, "--write-rules").output
    statements = re.findall(r"^create table .*?^\);$", text, re.MULTILINE | re.DOTALL)
    assert len(statements) > 9
    connection.execute("create schema proposed")
    connection.execute("set search_path to proposed")
    for statement in statements:
        connection.execute(statement.encode())


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """A repository whose settings would run a program whenever Git looks at its files."""
    root = write(
        tmp_path / "repository",
        {"data/kept.json": {"a": "b"}, "data/also/kept.json": {"a": "b"}},
    )
    git = ("git", "-C", str(root), "-c", "user.name=t", "-c", "user.email=t@t.example")
    for words in (("init", "-q"), ("add", "."), ("commit", "-qm", "x")):
        subprocess.run([*git, *words], check=True)
    write(root, {"data/left.json": {"a": "b"}})
    hook = root / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {root}/was-run\n")
    hook.chmod(0o755)
    subprocess.run([*git, "config", "core.fsmonitor", str(hook)], check=True)
    return root


@pytest.mark.parametrize("version", ["2", "4"])
def test_what_git_tracks_is_read_and_git_is_not_run(repository: Path, version: str) -> None:
    index = ("git", "-c", "core.fsmonitor=false", "update-index", f"--index-version={version}")
    subprocess.run(index, cwd=repository, check=True)
    found = json.loads(run(repository / "data", "--format", "json").output)
    by_template = {verdict["template"]: verdict for verdict in found["templates"]}
    assert by_template["kept.json"]["measured"]["tracked by Git"] == "1 of 1"
    assert by_template["also/kept.json"]["measured"]["tracked by Git"] == "1 of 1"
    left = by_template["left.json"]
    assert left["measured"]["tracked by Git"] == "0 of 1"
    # Configuration that no deploy brings is none.
    assert left["disposition"] == "UNCERTAIN"
    assert not (repository / "was-run").exists()


def test_a_broken_index_is_as_none(repository: Path) -> None:
    (repository / ".git" / "index").write_bytes(b"DIRC\0\0\0\2\0\0\0\xff")
    found = json.loads(run(repository / "data", "--format", "json").output)
    assert "tracked by Git" not in found["templates"][0]["measured"]


def test_code_that_is_no_folder_is_refused(tmp_path: Path) -> None:
    (tmp_path / "a.py").touch()
    assert isinstance(run(DATA, "--code", tmp_path / "a.py").exception, WrongRequest)
