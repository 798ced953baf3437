"""The rules of config/document_kinds.json: which path is what, and what an edit of them does."""

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.errors import WrongRequest
from loaders.pipeline import configured_kinds
from loaders.project.document_kinds import Match, read_document_kinds
from tests.conftest import ROOT, RunCommand, Tree
from tests.loaders.test_loading import counters, load

# Partitions that come, go and change their names.
pytestmark = pytest.mark.every_server

LOADED = "SYSTEM_OF_RECORD"
CONFIG = "CONFIG_STATIC"
NO_KIND = (None, "UNRECOGNISED", None, None)
UUID = "5a0c1e6e-8a54-4b0e-9d77-0f5d6c3c2b1a"

TABLE_OF_THE_FORMAT = {
    f"sessions/{UUID}/scorecard.json": ("scorecard", LOADED, UUID, None),
    "sessions/dev-test-001/scorecard.json": ("scorecard", LOADED, "dev-test-001", None),
    "scorecards/s1.json": ("scorecard", LOADED, "s1", None),
    "sessions/s1/session.json": ("session", LOADED, "s1", None),
    "sessions/s1/transcript.json": ("transcript", LOADED, "s1", None),
    "sessions/s1/conversation.json": ("conversation", LOADED, "s1", None),
    "sessions/s1/pulse_state.json": ("pulse_state", LOADED, "s1", None),
    "sessions/s1/sale_state.json": ("sale_state", LOADED, "s1", None),
    "sessions/s1/evaluation.json": ("evaluation", LOADED, "s1", None),
    "sessions/s1/events.json": ("answer_events", LOADED, "s1", None),
    "history_T12345.json": ("user_history", LOADED, None, "T12345"),
    "a/b/c/history_demo.json": ("user_history", LOADED, None, "demo"),
    "sessions/s1/history_demo.json": ("user_history", LOADED, None, "demo"),
    "users/T1/history.json": ("user_history", LOADED, None, "T1"),
    "trainer-change-logs/2025-05-20/Link/m-03/s1.json": ("trainer_change_log", LOADED, "s1", None),
    "prompts/mcf.json": ("prompt", CONFIG, None, None),
    "prompts/mcf/versions/12.json": ("prompt_version", CONFIG, None, None),
    "agents.json": ("agent_roster", CONFIG, None, None),
    "rubrics/one.json": ("rubric", CONFIG, None, None),
    "rubrics/a/b/c.json": ("rubric", CONFIG, None, None),
    "pulse_steps.json": ("pulse_steps", CONFIG, None, None),
    "scenarios/mattress-01.json": ("scenario", CONFIG, None, None),
    "scenarios/drafts/deep/x.json": ("scenario", CONFIG, None, None),
    "feature_flags.json": ("feature_flags", CONFIG, None, None),
    "data/avatars/maya.json": ("avatar_metadata", CONFIG, None, None),
}  # fmt: skip

HISTORY_COMES_LAST = {
    "scorecards/history_T1.json": ("scorecard", LOADED, "history_T1", None),
    "prompts/history_T1.json": ("prompt", CONFIG, None, None),
    "prompts/p/versions/history_1.json": ("prompt_version", CONFIG, None, None),
    "rubrics/history_T1.json": ("rubric", CONFIG, None, None),
    "scenarios/a/history_T1.json": ("scenario", CONFIG, None, None),
    "data/avatars/history_T1.json": ("avatar_metadata", CONFIG, None, None),
    "trainer-change-logs/d/s/x/history_1.json": ("trainer_change_log", LOADED, "history_1", None),
    "sessions/history_T1/session.json": ("session", LOADED, "history_T1", None),
    "users/history_T1/history.json": ("user_history", LOADED, None, "history_T1"),
}  # fmt: skip

AWKWARD_SEGMENTS = {
    "sessions/a b/session.json": ("session", LOADED, "a b", None),
    "sessions/a\nb/session.json": ("session", LOADED, "a\nb", None),
    "sessions/{session_key}/session.json": ("session", LOADED, "{session_key}", None),
    "sessions/é☃/session.json": ("session", LOADED, "é☃", None),
    "scorecards/a.json.json": ("scorecard", LOADED, "a.json", None),
}

NOT_IN_THE_TABLE = [
    "notes.json", "rubrics.json", "myhistory_T1.json", "history_T1/x.json", "config/agents.json",
    "sessions/scorecard.json", "sessions/a/b/scorecard.json", "x/sessions/a/scorecard.json",
    "Sessions/a/scorecard.json", "sessions/a/Scorecard.json", "sessions/a/scorecardxjson",
    "sessions/a/scorecard.json\n", "sessions//scorecard.json", "scorecards/2025/a.json",
    "users/history.json", "users/T1/x/history.json", "prompts/p/x.json",
    "prompts/p/versions/1/x.json", "data/avatars/retired/otto.json",
    "trainer-change-logs/2025-05-20/Link/s1.json", "trainer-change-logs/d/Link/m/x/s1.json",
]  # fmt: skip


@dataclass(frozen=True)
class Project:
    """A project directory of the test's own, whose rules it may edit."""

    root: Path

    @property
    def file(self) -> Path:
        return self.root / "config" / "document_kinds.json"

    def edit(self, change: Callable[[dict[str, dict[str, Any]]], object]) -> None:
        """Let change edit the rules, by kind."""
        document = json.loads(self.file.read_text())
        rules = {rule["kind"]: rule for rule in document["document_kinds"]}
        change(rules)
        document["document_kinds"] = list(rules.values())
        self.file.write_text(json.dumps(document, indent=1))


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    root = tmp_path / "project"
    shutil.copytree(ROOT / "config", root / "config")
    (root / "dbt_project.yml").touch()
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(root))
    return Project(root)


def rule(kind: str, *paths: str, **more: str) -> dict[str, object]:
    """A rule that lands documents in a table named after the kind, unless told otherwise."""
    fixed = {"disposition": LOADED, "retention": "all_versions", "why": "A test wants it."}
    return {"kind": kind, "paths": list(paths), "table": f"{kind}s", **fixed, **more}


def add(**rules: dict[str, object]) -> Callable[[dict[str, dict[str, Any]]], object]:
    return lambda present: present.update(rules)


@pytest.mark.parametrize(
    ("path", "expected"),
    [*TABLE_OF_THE_FORMAT.items(), *HISTORY_COMES_LAST.items(), *AWKWARD_SEGMENTS.items()],
)
def test_the_rules_are_the_table_of_the_format(path: str, expected: tuple[str, ...]) -> None:
    assert configured_kinds().match(path) == Match(*expected)


@pytest.mark.parametrize("path", NOT_IN_THE_TABLE)
def test_what_is_not_in_the_table_is_unrecognised(path: str) -> None:
    assert configured_kinds().match(path) == Match(*NO_KIND)


def test_every_kind_has_the_retention_of_the_format() -> None:
    of_the_format = {kind for kind, *_ in TABLE_OF_THE_FORMAT.values()}
    loaded = {
        rule.kind: rule.retention
        for rule in configured_kinds().loaded
        if rule.kind in of_the_format
    }
    latest_only = {kind for kind, retention in loaded.items() if retention == "latest_version"}
    assert latest_only == {"conversation", "pulse_state", "sale_state"}
    assert loaded["user_history"] == "all_versions_forever"
    assert len(loaded) == 10


def test_the_partitions_have_the_names_of_the_design(connection: psycopg.Connection) -> None:
    names = (
        "scorecards, sessions, transcripts, conversations, pulse_states, sale_states, "
        "evaluations, answer_events, user_histories, trainer_change_logs"
    )
    found = connection.execute(
        "select relname from pg_inherits inner join pg_class on pg_class.oid = inhrelid "
        "where inhparent = 'raw.documents'::regclass"
    ).fetchall()
    later = {rule.table for rule in configured_kinds().loaded[10:]}
    assert {name for (name,) in found} == set(names.split(", ")) | later


@pytest.mark.parametrize(
    ("changes", "without"),
    [
        ({"disposition": "MAYBE"}, ()),
        ({"retention": "for a while"}, ()),
        ({"paths": []}, ()),
        ({"paths": ["/sessions/{session_key}/evaluation.json"]}, ()),
        ({"table": "robert'); drop table students"}, ()),
        ({"why": ""}, ()),
        ({"colour": "blue"}, ()),
        ({"session_date": "yesterday"}, ()),
        ({"session_date": "document_file", "paths": ["evaluations/{n}.json"]}, ()),
        ({"known_fields": {"[]": ["score"]}}, ()),
        ({"parts": {"Steps": "step_key"}}, ()),
        ({}, ("table",)),
        ({}, ("disposition",)),
    ],
)
def test_a_rule_that_breaks_the_schema_is_named(
    project: Project, changes: dict[str, object], without: tuple[str, ...]
) -> None:
    def damage(rules: dict[str, dict[str, Any]]) -> None:
        rules["evaluation"].update(changes)
        for name in without:
            del rules["evaluation"][name]

    project.edit(damage)
    with pytest.raises(WrongRequest, match="evaluation"):
        read_document_kinds(project.file)


@pytest.mark.parametrize(
    ("path", "meets"),
    [
        ("sessions/{session_key}/scorecard.json", "scorecard"),
        ("sessions/{session_key}/{anything}.json", "scorecard"),
        ("{folder}/{session_key}/transcript.json", "transcript"),
        ("sessions/**", "scorecard"),
        ("sessions/**/evaluation.json", "evaluation"),
        ("prompts/{p}_old.json", "prompt"),
        ("agents.json", "agent_roster"),
        ("**/history_{x}.json", "user_history"),
        ("**/{x}_old.json", "user_history"),
        ("data/{x}/maya.json", "avatar_metadata"),
    ],
)
def test_two_rules_for_one_path_are_an_error_that_names_both(
    project: Project, path: str, meets: str
) -> None:
    project.edit(add(intruder=rule("intruder", path)))
    with pytest.raises(WrongRequest) as refused:
        read_document_kinds(project.file)
    assert "intruder" in str(refused.value)
    assert meets in str(refused.value)


@pytest.mark.parametrize(
    ("template", "path"),
    [
        ("sessions/{session_key}/coaching.json", "sessions/k/coaching.json"),
        ("sessions/{session_key}/parts/scorecard.json", "sessions/k/parts/scorecard.json"),
        ("coaching/**", "coaching/a/b/c.json"),
        ("prompts/{prompt_id}/drafts/{n}.json", "prompts/p/drafts/1.json"),
        ("**/coaching_{user_key}.json", "x/coaching_k.json"),
        ("**/coaching_{user_key}.json", "coaching_k.json"),
    ],
)
def test_rules_that_cannot_meet_or_meet_only_the_last_one_are_fine(
    project: Project, template: str, path: str
) -> None:
    project.edit(add(coaching=rule("coaching", template)))
    assert read_document_kinds(project.file).match(path).kind == "coaching"


def test_a_kind_or_a_table_given_twice_is_an_error_that_names_it(project: Project) -> None:
    twice = rule("evaluation", "elsewhere/{session_key}.json", table="others")
    project.edit(add(again=twice))
    with pytest.raises(WrongRequest, match="evaluation"):
        read_document_kinds(project.file)
    project.edit(add(again=rule("assessment", "e/{session_key}.json", table="sessions")))
    with pytest.raises(WrongRequest, match=r"assessment.*session|session.*assessment"):
        read_document_kinds(project.file)


@pytest.mark.parametrize("table", ["documents", "files", "loads", "quarantine", "user_identities"])
def test_a_rule_cannot_take_a_table_of_the_landing(project: Project, table: str) -> None:
    project.edit(add(coaching=rule("coaching", "coaching/{session_key}.json", table=table)))
    with pytest.raises(WrongRequest, match="coaching"):
        read_document_kinds(project.file)


@pytest.mark.parametrize(
    "content", [b"", b"{", b"[]", b"null", b'{"document_kinds": []}', b'{"document_kinds": "\xff"}']
)
def test_a_broken_file_is_told_in_a_sentence_and_nothing_is_written(
    project: Project, content: bytes, tree: Tree, connection: psycopg.Connection
) -> None:
    project.file.write_bytes(content)
    tree.write("sessions/a/session.json", {})
    with pytest.raises(WrongRequest, match=r"document_kinds\.json"):
        load(tree)
    assert connection.execute("select count(*) from raw.loads").fetchone() == (0,)


def test_an_ambiguous_rule_ends_the_command_with_2_before_anything_is_written(
    project: Project, empty_database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    project.edit(add(intruder=rule("intruder", "sessions/**")))
    tree.write("sessions/a/session.json", {})
    done = pulse_elt("load", tree.root)
    assert done.returncode == 2
    assert len(done.stderr.strip().splitlines()) == 1
    assert "intruder" in done.stderr
    shown = pulse_elt(
        "db",
        "psql",
        "-Atc",
        "select to_regnamespace('raw') is null",
        PULSE_ELT_PROJECT_DIR=str(ROOT),
    )
    assert shown.stdout.strip() == "t", shown.stderr


def test_a_new_kind_takes_up_paths_that_were_unrecognised(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/coaching.json", {"advice": "listen"})
    tree.write("sessions/a/session.json", {})
    before = counters(load(tree))
    assert (before.landed, before.unrecognised) == (1, 1)
    project.edit(add(coaching=rule("coaching", "sessions/{session_key}/coaching.json")))
    after = counters(load(tree))
    assert (after.landed, after.unchanged, after.unrecognised) == (1, 1, 0)
    rows = connection.execute("select session_key, payload from raw.coachings").fetchall()
    assert rows == [("a", {"advice": "listen"})]
    states = connection.execute("select kind, state from raw.files").fetchall()
    assert ("coaching", "landed") in states


def test_one_line_lands_prompts_and_takes_them_back(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("prompts/p.json", {"text": "be kind"})
    tree.write("sessions/a/session.json", {})

    def flip(disposition: str) -> tuple[int, int, int]:
        project.edit(lambda rules: rules["prompt"].update(disposition=disposition))
        result = counters(load(tree))
        return result.landed, result.unchanged, result.left_as_config

    def standing() -> list[tuple[Any, ...]]:
        return connection.execute(
            "select f.state, count(d.document_id) filter (where d.superseded_at is null) "
            "from raw.files as f left join raw.documents as d using (source_path) "
            "where f.source_path = 'prompts/p.json' group by f.state"
        ).fetchall()

    assert flip(CONFIG) == (1, 0, 1)
    assert flip(LOADED) == (1, 1, 0)
    assert standing() == [("landed", 1)]
    assert flip(CONFIG) == (0, 1, 1)
    assert standing() == [("config", 0)]
    assert flip(LOADED)[1:] == (1, 0)
    assert standing() == [("landed", 1)]


def test_a_refused_file_that_becomes_configuration_leaves_the_quarantine(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("prompts/p.json", b"{")
    tree.write("sessions/a/session.json", {})
    project.edit(lambda rules: rules["prompt"].update(disposition=LOADED))
    assert counters(load(tree)).quarantined == 1
    project.edit(lambda rules: rules["prompt"].update(disposition=CONFIG))
    assert counters(load(tree)).left_as_config == 1
    assert connection.execute("select resolution from raw.quarantine").fetchall() == [("left",)]


def test_a_path_that_changes_kind_supersedes_its_row_in_the_old_one(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/evaluation.json", {"scores": {}})
    load(tree)

    def rename(rules: dict[str, dict[str, Any]]) -> None:
        rules["assessment"] = rule("assessment", *rules["evaluation"]["paths"])
        rules["evaluation"]["paths"] = ["evaluations/{session_key}.json"]

    project.edit(rename)
    result = counters(load(tree))
    assert (result.landed, result.changed) == (1, 1)
    assert connection.execute(
        "select kind, superseded_at is null from raw.documents order by document_id"
    ).fetchall() == [("evaluation", False), ("assessment", True)]
    assert counters(load(tree)).unchanged == 1


def test_a_kind_that_is_no_longer_named_is_superseded_and_unrecognised(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/evaluation.json", {"scores": {}})
    tree.write("sessions/a/session.json", {})
    load(tree)
    project.edit(lambda rules: rules.pop("evaluation"))
    result = counters(load(tree))
    assert (result.landed, result.unchanged, result.unrecognised) == (0, 1, 1)
    assert connection.execute(
        "select kind from raw.documents where superseded_at is null"
    ).fetchall() == [("session",)]


def test_a_table_can_be_renamed(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/evaluation.json", {"is": "kept"})
    load(tree)
    project.edit(lambda rules: rules["evaluation"].update(table="assessments"))
    assert counters(load(tree)).unchanged == 1
    assert connection.execute("select payload from raw.assessments").fetchall() == [
        ({"is": "kept"},)
    ]
    assert connection.execute("select to_regclass('raw.evaluations') is null").fetchone() == (True,)


def test_two_tables_can_swap_their_names(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    for kind in ("pulse_state", "sale_state"):
        tree.write(f"sessions/a/{kind}.json", {"is": kind})
    load(tree)

    def swap(rules: dict[str, dict[str, Any]]) -> None:
        rules["pulse_state"]["table"] = "sale_states"
        rules["sale_state"]["table"] = "pulse_states"

    project.edit(swap)
    assert counters(load(tree)).unchanged == 2
    assert connection.execute("select kind from raw.sale_states").fetchall() == [("pulse_state",)]
    assert connection.execute("select kind from raw.pulse_states").fetchall() == [("sale_state",)]


def test_a_table_that_another_kinds_documents_are_in_is_refused_by_name(
    project: Project, tree: Tree, connection: psycopg.Connection
) -> None:
    tree.write("sessions/a/evaluation.json", {})
    load(tree)

    def rename_the_kind(rules: dict[str, dict[str, Any]]) -> None:
        rules["assessment"] = {**rules.pop("evaluation"), "kind": "assessment"}

    project.edit(rename_the_kind)
    with pytest.raises(WrongRequest, match=r"assessment.*evaluations"):
        load(tree)
    assert connection.execute("select count(*) from raw.loads").fetchone() == (1,)
