"""A new mart with its view is at most six files, and what is forgotten of them is named."""

import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.errors import WrongRequest
from loaders.project.generated_marts import generated, outdated, write_generated
from loaders.project.marts import read_marts
from loaders.project.new_mart import new_mart
from loaders.transform.dbt import UNIT_TESTS_VARIABLE
from tests.conftest import ROOT, RunCommand
from tests.marts.analysts_guide import unasked
from tests.marts.expectations import load_expectations, marts_on
from tests.marts.rebuilding import Project, copy_project

# Builds of a whole project's copy, and hardly a word of SQL that the versions read differently.

MART, VIEW = "learner_pace", "reporting__learner_pace"
SQL = f"models/marts/pace/{MART}.sql"
YAML = f"models/marts/pace/_{MART}__models.yml"
VIEW_SQL = f"models/reporting/{VIEW}.sql"
VIEWS_YAML = "models/reporting/_reporting__models.yml"
GUIDE, EXPECTED, RIGHTS = "docs/analysts.md", "examples/expected.md", "deploy/roles.sql"
ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
READER = "reads_the_pace"

_QUESTION = f"""
### How many sessions has everybody had?

Reads `reporting`.

```sql
select * from reporting.{MART}
```

```text
(0 rows)
```
"""

_SECTION = f"## analytics.{MART}\n\n| user_id | answer |\n|---|---|\n| ada | 8 |\n\n"


@pytest.fixture(scope="module")
def _grown(tmp_path_factory: pytest.TempPathFactory, shared_folder: Path) -> Project:
    """A copy of the project with the files that the scaffold writes."""
    copy = copy_project(tmp_path_factory.mktemp("grown"), shared_folder)
    for page in (GUIDE, EXPECTED, RIGHTS):
        (copy.root / page).parent.mkdir()
        shutil.copyfile(ROOT / page, copy.root / page)
    written = {str(file.relative_to(copy.root)) for file in new_mart(copy.root, MART, "pace")}
    assert written == {SQL, YAML, VIEW_SQL, VIEWS_YAML, GUIDE}
    return copy


@pytest.fixture
def grown(_grown: Project) -> Iterator[Project]:
    """The copy, to be edited."""
    yield _grown
    _grown.restore()


def fill_in(project: Project) -> None:
    """Do what the scaffold leaves to be done: six files have changed then."""
    project.edit(
        SQL,
        ("        -- TODO: the unit test says what must come out.\n", ""),
        ("null::int as answer", "session_count as answer"),
        ("TODO", "how many sessions"),
    )
    text = (project.root / YAML).read_text()
    project.edit(YAML, *[("TODO", "how many sessions")] * text.count("TODO"))
    project.edit(GUIDE, ("\n### Which sessions are", f"{_QUESTION}\n### Which sessions are"))
    project.edit(EXPECTED, ("## analytics.learners", f"{_SECTION}## analytics.learners"))
    project.edit(VIEWS_YAML)
    write_generated(project.root)
    assert forgotten(project.root) == []


def forgotten(root: Path) -> list[str]:
    """Return what the tests of the project find missing."""
    try:
        marts = [mart.name for mart in read_marts(root)]
        found = [str(path.relative_to(root)) for path in outdated(root)]
    except WrongRequest as error:
        return [str(error)]
    found += [f"{mart} is not asked" for mart in unasked(root / GUIDE, marts)]
    described = marts_on(load_expectations(root / EXPECTED))
    found += [f"{mart} is not expected" for mart in set(marts) ^ described]
    return found + [
        f"{file.relative_to(root)} says TODO"
        for folder in ("models", "docs")
        for file in sorted((root / folder).rglob("*.*"))
        if b"TODO" in file.read_bytes()
    ]


def test_nothing_is_forgotten_of_the_project_itself() -> None:
    assert forgotten(ROOT) == []


@pytest.mark.long
def test_a_new_mart_fails_until_it_is_filled_in_and_is_then_read_through_its_view(
    standing: DatabaseSettings, grown: Project, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(UNIT_TESTS_VARIABLE, "True")
    tests = ("--select", f"{MART},test_type:unit")
    build = ("--select", f"{MART}+", "--exclude-resource-type", "unit_test")
    built = grown.dbt.build(standing, *build)
    assert {MART, VIEW} <= set(built)
    with pytest.raises(AssertionError, match=f"{MART}_by_example"):
        grown.dbt.invoke(standing, ["test"], tests)
    fill_in(grown)
    assert f"{MART}_by_example" in grown.dbt.invoke(standing, ["test"], tests)
    grown.dbt.build(standing, *build)
    with connect(standing) as connection:
        reader, view = sql.Identifier(READER), sql.Identifier("reporting", MART)
        connection.execute(sql.SQL("create role {}").format(reader))
        connection.execute(sql.SQL("grant usage on schema reporting to {}").format(reader))
        connection.execute(sql.SQL("grant select on {} to {}").format(view, reader))
        connection.execute(
            "insert into ops.role_learners (role_name, user_id) values (%s, %s)", (READER, ADA)
        )
        try:
            connection.execute(sql.SQL("set role {}").format(reader))
            seen = connection.execute(
                sql.SQL("select user_id::text, answer from {}").format(view)
            ).fetchall()
        finally:
            connection.execute("reset role")
            connection.execute(sql.SQL("drop owned by {0}; drop role {0}").format(reader))
    assert seen == [(ADA, 8)]


# What is taken away of the filled-in mart, from which file, and what is then said.
ENTRIES = {
    "the contract": (YAML, "contract: {enforced: true}", f"{MART}: config has no contract"),
    "the key": (YAML, "type: primary_key", f"{MART}: it has no primary key"),
    "a type": (YAML, "        data_type: int\n", f"{MART}: column answer has no data_type"),
    "a description": (
        YAML,
        "        description: how many sessions.\n",
        f"{MART}: column answer has no description",
    ),
    "the grain": (YAML, "One row per user: ", f"{MART}: its description has to begin"),
    "what one asks": (YAML, "        ask: how many sessions\n", f"{MART}: meta.ask"),
    "the application": (YAML, "        app_reads: false\n", f"{MART}: meta.app_reads"),
    "the learner": (YAML, "          learner: user_id\n", f"{MART}: meta.reporting.learner"),
    "the example": (
        YAML,
        f'          example: "select * from reporting.{MART}"\n',
        f"{MART}: meta.reporting.example",
    ),
    "a column of the view": (YAML, ", answer]", f"{MART}: column answer is not in"),
    "the unit test": (YAML, f"    model: {MART}\n", f"{MART}: it has no unit test"),
    "the view's row security": (VIEW_SQL, "learner='user_id'", VIEW_SQL),
    "the view's description": (VIEWS_YAML, f"  - name: {VIEW}\n", VIEWS_YAML),
    "the map": (GUIDE, f"| `{MART}` |", GUIDE),
    "the question": (GUIDE, f"select * from reporting.{MART}", f"{MART} is not asked"),
    "what is expected": (EXPECTED, _SECTION, f"{MART} is not expected"),
}


@pytest.mark.long
@pytest.mark.parametrize("entry", ENTRIES)
def test_an_entry_that_is_taken_away_is_named(grown: Project, entry: str) -> None:
    file, text, named = ENTRIES[entry]
    fill_in(grown)
    instead = {
        "contract: {enforced: true}": "contract: {}",
        "type: primary_key": "type: not_null",
        ", answer]": "]",
        f"    model: {MART}\n": "    model: learners\n",
        f"select * from reporting.{MART}": "select 1",
    }
    grown.edit(file, (text, instead.get(text, "")))
    assert any(named in problem for problem in forgotten(grown.root)), forgotten(grown.root)


@pytest.mark.parametrize(
    ("file", "named"),
    [
        (SQL, f"{MART}: there is no {MART}.sql"),
        (YAML, f"{MART}: no YAML describes it"),
        (VIEW_SQL, VIEW_SQL),
    ],
)
def test_a_file_that_is_taken_away_is_named(grown: Project, file: str, named: str) -> None:
    fill_in(grown)
    text = (grown.root / file).read_text()
    (grown.root / file).unlink()
    try:
        assert any(named in problem for problem in forgotten(grown.root)), forgotten(grown.root)
    finally:
        (grown.root / file).write_text(text)


def test_a_view_without_its_mart_is_named(grown: Project) -> None:
    grown.add("models/reporting/reporting__nothing.sql", "{{ reporting_view('nothing', none) }}")
    with pytest.raises(WrongRequest, match="reporting__nothing: there is no mart of that name"):
        generated(grown.root)


def test_what_the_application_reads_is_granted_from_the_same_list(grown: Project) -> None:
    grown.edit(YAML, ("app_reads: false", "app_reads: true"))
    assert RIGHTS in {str(path.relative_to(grown.root)) for path in outdated(grown.root)}
    assert f"'{MART}'" in generated(grown.root)[grown.root / RIGHTS]


def test_a_new_column_is_not_shown_by_itself_and_a_personal_one_never(
    standing: DatabaseSettings, grown: Project
) -> None:
    fill_in(grown)
    grown.edit(SQL, ("session_count as answer", "session_count as answer, 'x'::text as words"))
    grown.edit(
        YAML,
        (
            "\nunit_tests:",
            "      - {name: words, data_type: text, description: Words., config: &pii "
            "{meta: {contains_pii: true}}}\n\nunit_tests:",
        ),
    )
    shown = generated(grown.root)[grown.root / VIEWS_YAML]
    assert "Left out, being personal or a payload: words." in shown
    grown.dbt.build(standing, "--select", f"{MART}+")
    with connect(standing) as connection:
        view = connection.execute(f"select * from reporting.{MART}")
        assert [column.name for column in view.description or ()] == [
            "user_id",
            "answer",
            "user_id_text",
        ]
    grown.edit(YAML, ("shows: [user_id, answer]", "shows: [user_id, answer, words]"))
    assert "column words contains_pii and is in meta.reporting.shows" in forgotten(grown.root)[0]
    # By hand, past 'make marts'.
    described = '      - {name: answer, data_type: int, description: "how many sessions."}\n'
    personal = '      - {name: words, data_type: text, description: "Words."}\n'
    grown.edit(VIEWS_YAML, (described, described + personal))
    with pytest.raises(AssertionError, match=f"{VIEW} shows words, which contains_pii"):
        grown.dbt.build(standing, "--select", VIEW, "--full-refresh")


@pytest.mark.parametrize(
    ("entry", "told"),
    [
        (
            "adds: [{name: said, data_type: text, doc: skill_label, expression: as_text('words')}]",
            "column words contains_pii and meta.reporting makes a column of it",
        ),
        ("grains: [words]", "column words contains_pii and meta.reporting makes a column of it"),
        ("grains: [sworn_at]", "meta.reporting names sworn_at, which is no column"),
        ("adds: [{name: said, data_type: text, doc: skill_label}]", "meta.reporting.adds"),
        ("rows: for_every_reader()", "meta.reporting.rows is for views that tell of no learner"),
    ],
)
def test_what_a_view_may_not_add_or_open_is_named(grown: Project, entry: str, told: str) -> None:
    fill_in(grown)
    grown.edit(
        YAML,
        (
            "\nunit_tests:",
            "      - {name: words, data_type: text, description: Words., "
            "config: {meta: {contains_pii: true}}}\n\nunit_tests:",
        ),
        ("          shows:", f"          {entry}\n          shows:"),
    )
    assert any(told in problem for problem in forgotten(grown.root)), forgotten(grown.root)


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        (("Pace",), "is no name for a mart"),
        (("p" * 53,), "is no name for a mart"),
        (("pace", "--folder", "../pace"), "is no name for a mart"),
        ((MART,), f"The name {MART} is taken: there is {SQL}"),
        (("learners",), "The name learners is taken"),
        (("pulse_steps",), "The name pulse_steps is taken"),
    ],
)
def test_a_wrong_name_is_refused_and_nothing_written(
    grown: Project, pulse_elt: RunCommand, arguments: tuple[str, ...], told: str
) -> None:
    shutil.copytree(ROOT / "config", grown.root / "config", dirs_exist_ok=True)
    before = sorted(grown.root.rglob("*"))
    refused = pulse_elt("new", "mart", *arguments, PULSE_ELT_PROJECT_DIR=str(grown.root))
    assert refused.returncode == 2
    assert told in refused.stderr
    assert sorted(grown.root.rglob("*")) == before
