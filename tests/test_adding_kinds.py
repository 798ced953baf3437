"""A new kind of document: what the scaffold writes is all of it, and what is forgotten is named."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from loaders.database.settings import DatabaseSettings
from loaders.errors import WrongRequest
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from loaders.project.document_kinds import read_document_kinds
from loaders.project.generated_kinds import refuse_stale_files, write_generated_files
from loaders.project.new_kind import write_new_kind
from loaders.transform.dbt import UNIT_TESTS_VARIABLE
from tests.conftest import RunCommand, Tree
from tests.forms import some_of
from tests.marts.own_marts import add_configuration
from tests.marts.rebuilding import Project, copy_project

pytestmark = pytest.mark.newest_server

PATH = "results/{quiz_id}/{user}.json"
RULES = "config/document_kinds.json"
BASE = "models/staging/pulse/base"
MODEL = f"{BASE}/base_pulse__quiz_results.sql"
CONTRACT = f"{BASE}/_base__quiz_results.yml"
UNIT_TEST = f"{BASE}/_base__quiz_results__unit_tests.yml"
MACRO = "macros/kinds/document_kinds.sql"
SOURCES = "models/staging/pulse/_pulse__sources.yml"
WITHOUT_UNIT_TESTS = ("--exclude-resource-type", "unit_test")
UNCOLLECTED = f"{BASE}/base_pulse__quiz_results__questions.sql"


@pytest.fixture
def project(tmp_path: Path, shared_folder: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A copy of the project, to which the command has just added a kind."""
    copy = copy_project(tmp_path, shared_folder)
    add_configuration(copy)
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(copy.root))
    monkeypatch.setenv(UNIT_TESTS_VARIABLE, "True")
    return copy


@pytest.fixture(scope="module")
def _scaffolded(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Project:
    copy = copy_project(tmp_path_factory.mktemp("adding"), shared_folder)
    add_configuration(copy)
    write_new_kind(copy.root, "quiz_result", [PATH])
    return copy


@pytest.fixture
def scaffolded(_scaffolded: Project, monkeypatch: pytest.MonkeyPatch) -> Iterator[Project]:
    """A copy that has the kind, for tests that forget a part of it."""
    monkeypatch.setenv(UNIT_TESTS_VARIABLE, "True")
    before = contents(_scaffolded.root)
    yield _scaffolded
    for name in contents(_scaffolded.root).keys() - before.keys():
        (_scaffolded.root / name).unlink()
    for name, content in before.items():
        (_scaffolded.root / name).write_bytes(content)


def contents(root: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(root)): file.read_bytes() for file in root.rglob("*") if file.is_file()
    }


def fill_in(project: Project) -> None:
    """Do what the command says is next."""
    project.edit(
        UNIT_TEST,
        ('{"to_be_filled_in": 1}', '{"score": "80", "passed": true}'),
        ("document_id: 1, rejected", "document_id: 1, path_user: user, score: 80, rejected"),
    )
    project.edit(RULES, ('"known_fields": {"": []}', '"known_fields": {"": ["score", "passed"]}'))
    score = "{{ safe_number(casts, \"source.payload -> 'score'\", 'score', 0, 100) }} as score"
    evidence = "        -- what could not"
    project.edit(MODEL, (evidence, f"        {score},\n\n{evidence}"))
    column = "      - {name: score, data_type: numeric, description: The score.}\n"
    project.edit(CONTRACT, ("      - {name: source_mod", f"{column}      - {{name: source_mod"))
    write_generated_files(project.root)


def test_a_new_kind_is_six_files_and_all_that_reads_kinds_reads_it(
    project: Project,
    database: DatabaseSettings,
    connection: psycopg.Connection,
    tree: Tree,
    pulse_elt: RunCommand,
) -> None:
    before = contents(project.root)
    written = pulse_elt("new", "kind", "quiz_result", "--path", PATH)
    assert written.returncode == 0, written.stderr
    after = contents(project.root)
    changed = {name for name, content in after.items() if before.get(name) != content}
    assert changed == {RULES, MODEL, CONTRACT, UNIT_TEST, MACRO, SOURCES}
    assert len(changed) <= 6

    tree.write("results/q1/ada.json", {"score": 80, "passed": True})
    tree.write("results/q2/ada.json", {"score": "many", "mood": "m"})
    tree.write("results/q2/ben.json", [])
    load_source(tree.root, None, Scope(), workers=1)
    its_test = ("--select", "quiz_results_are_read_as_the_app_writes_them")
    with pytest.raises(AssertionError, match="quiz_results_are_read"):
        project.dbt.invoke(database, ["test"], its_test)
    fill_in(project)
    project.dbt.parse_again()
    assert its_test[1] in project.dbt.invoke(database, ["test"], its_test)

    collecting = "+stg_pulse__rejected_values +stg_pulse__unknown_fields"
    project.dbt.build(database, *WITHOUT_UNIT_TESTS, "--select", collecting)
    assert connection.execute(
        "select path_quiz_id, path_user, score::int "
        "from staging.base_pulse__quiz_results order by source_path"
    ).fetchall() == [("q1", "ada", 80), ("q2", "ada", None), ("q2", "ben", None)]
    assert connection.execute(
        "select kind, source_path, field, reason from staging.stg_pulse__rejected_values "
        "order by source_path"
    ).fetchall() == [
        ("quiz_result", "results/q2/ada.json", "score", "not_a_number"),
        ("quiz_result", "results/q2/ben.json", "$", "wrong_shape"),
    ]
    assert connection.execute(
        "select kind, field, document_count from staging.stg_pulse__unknown_fields"
    ).fetchall() == [("quiz_result", "mood", 1)]

    proof = ("--select", "assert_every_document_is_represented")
    project.dbt.invoke(database, ["test"], proof)
    connection.execute("delete from staging.base_pulse__quiz_results where path_user = 'ben'")
    with pytest.raises(AssertionError, match="assert_every_document_is_represented"):
        project.dbt.invoke(database, ["test"], proof)


def _without(path: str, *, after: str, before: str) -> Callable[[Project], None]:
    """Take out of a file what begins with one text and ends before another."""

    def remove(project: Project) -> None:
        file = project.root / path
        text = file.read_text()
        start = text.index(after)
        file.write_text(text[:start] + text[text.index(before, start) :])

    return remove


def _without_files(*names: str) -> Callable[[Project], None]:
    def remove(project: Project) -> None:
        for name in names:
            (project.root / name).unlink()

    return remove


FORGOTTEN: dict[str, tuple[Callable[[Project], Any], str]] = {
    "its model": (_without_files(MODEL, CONTRACT, UNIT_TEST), "base_pulse__quiz_results"),
    "its contract": (
        _without_files(CONTRACT, UNIT_TEST),
        "base_pulse__quiz_results needs a contract",
    ),
    "what its contract says of rejected values": (
        _without(CONTRACT, after="      - {name: rejected_values", before="      - {name: unknown"),
        "base_pulse__quiz_results needs a contract that has the column rejected_values",
    ),
    "its fields in the model": (
        _without(MODEL, after="'': 'source.payload'", before="}) }} as unknown"),
        "unknown_fields of quiz_result needs the containers",
    ),
    "its entry in the macro": (
        _without(MACRO, after=',\n        "quiz_result"', before="\n    }) }}"),
        "base_pulse__quiz_results is of kind 'quiz_result'",
    ),
    "its entry in the sources": (
        _without(SOURCES, after="      - {name: quiz_results", before="      # To here"),
        "pulse.quiz_results",
    ),
    "its part": (
        lambda project: (project.root / UNCOLLECTED).write_text("select 1 as one"),
        "base_pulse__quiz_results__questions is the base model of no kind",
    ),
}


@pytest.mark.parametrize("entry", some_of(FORGOTTEN, 3))
def test_what_is_forgotten_of_a_kind_is_named(
    scaffolded: Project, database: DatabaseSettings, entry: str
) -> None:
    forget, told = FORGOTTEN[entry]
    forget(scaffolded)
    outcome = scaffolded.dbt.outcome(
        database, "compile", "--select", "stg_pulse__rejected_values base_pulse__quiz_results"
    )
    assert not outcome.success
    results = [] if outcome.exception else [str(result.message) for result in outcome.result]
    assert told in " ".join(" ".join([str(outcome.exception), *results]).split())


def test_a_rule_that_is_forgotten_makes_what_is_generated_stale(scaffolded: Project) -> None:
    assert write_generated_files(scaffolded.root) == ()
    _without(RULES, after=',\n    {"kind": "quiz_result"', before="\n  ]")(scaffolded)
    # As 'make kinds' does, and the test of what it has written.
    stale = write_generated_files(scaffolded.root)
    assert {str(path.relative_to(scaffolded.root)) for path in stale} == {MACRO, SOURCES}


def test_a_rule_without_known_fields_is_named(scaffolded: Project) -> None:
    _without(RULES, after='     "known_fields": {"": []},', before='     "why": "What')(scaffolded)
    with pytest.raises(WrongRequest, match=r"'quiz_result'.*known_fields"):
        write_generated_files(scaffolded.root)


def test_a_rule_about_sessions_without_a_session_date_is_named(project: Project) -> None:
    write_new_kind(project.root, "coach_note", ["sessions/{session_key}/coach_note.json"])
    _without(
        RULES,
        after='     "session_date": "document_file",\n     "known_fields": {"": []}',
        before='     "known_fields": {"": []}',
    )(project)
    with pytest.raises(WrongRequest, match=r"'coach_note'.*session_date"):
        write_generated_files(project.root)


def test_kinds_that_dbt_does_not_know_are_refused_before_anything_is_built(
    scaffolded: Project,
) -> None:
    kinds = read_document_kinds(scaffolded.root / RULES)
    refuse_stale_files(scaffolded.root, kinds)
    _without(MACRO, after=',\n        "quiz_result"', before="\n    }) }}")(scaffolded)
    with pytest.raises(WrongRequest, match="Run 'make kinds'"):
        refuse_stale_files(scaffolded.root, kinds)


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Quiz", PATH), ("quiz-result", PATH), ("1quiz", PATH), ("quiz__result", PATH), ("", PATH),
        ("../quiz", PATH), ("q" * 49, PATH), ("quiz'", PATH), ("scorecard", PATH), ("prompt", PATH),
        ("quiz", "sessions/{session_key}/session.json"), ("quiz", "/results/x.json"),
        ("quiz", "results/{n}/{n}.json"), ("quiz", "a b.json"),
    ],
)  # fmt: skip
def test_a_name_or_a_path_that_is_none_or_taken_is_refused_and_nothing_written(
    project: Project, name: str, path: str
) -> None:
    before = contents(project.root)
    with pytest.raises(WrongRequest) as refused:
        write_new_kind(project.root, name, [path])
    assert refused.value.exit_code == 2
    assert contents(project.root) == before


@pytest.mark.parametrize("name", [MODEL, CONTRACT, UNIT_TEST])
def test_a_file_that_is_there_is_not_overwritten(project: Project, name: str) -> None:
    project.add(name, "mine")
    before = contents(project.root)
    with pytest.raises(WrongRequest, match=name):
        write_new_kind(project.root, "quiz_result", [PATH])
    assert contents(project.root) == before


@pytest.mark.long
def test_without_a_path_a_kind_belongs_to_sessions(
    project: Project, database: DatabaseSettings, connection: psycopg.Connection, tree: Tree
) -> None:
    write_new_kind(project.root, "coaching", [])
    tree.write("sessions/s1/coaching.json", {})
    load_source(tree.root, None, Scope(), workers=1)
    project.dbt.build(database, *WITHOUT_UNIT_TESTS, "--select", "+int_sessions_resolved")
    assert connection.execute(
        "select session_key, occurred_at_source from intermediate.int_sessions_resolved"
    ).fetchall() == [("s1", "document_file")]
