"""A page holds what its role may see and nothing else, harmless, and the same each time."""

import os
import re
import stat
from pathlib import Path
from uuid import uuid4

import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.errors import DatabaseUnavailable, WorkFailed, WrongRequest
from loaders.pictures import drawing
from loaders.pictures.command import write_dashboard
from tests.conftest import RunCommand
from tests.marts.access import create_login
from tests.pictures.browser import Tab
from tests.pictures.conftest import NOBODY as SEES_NOBODY
from tests.pictures.conftest import TWENTY, Draw, let_read
from tests.pictures.reading import PageRead

pytestmark = pytest.mark.newest_server

ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
BEN = "be40f433-c9eb-4525-b24e-35c469437b50"
MARKUP = "<script>alert(1)</script>\"'&<img src=x onerror=alert(1)>"
# Everything that a page may be made of.
ELEMENTS = {
    "html", "head", "meta", "title", "style", "body", "header", "main", "section", "h1", "h2",
    "p", "b", "span", "i", "figure", "svg", "g", "path", "line", "text", "desc", "polyline",
    "table", "thead", "tbody", "tr", "th", "td", "details", "summary", "div",
}  # fmt: skip
_UUID = re.compile(rb"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


def test_a_learner_that_is_not_listed_is_in_no_byte(
    three_hundred: DatabaseSettings, draw: Draw
) -> None:
    with connect(three_hundred) as superuser:
        query = "select user_id::text from analytics.learners order by user_id"
        every = [user_id for (user_id,) in superuser.execute(query)]
    listed, hidden = set(every[:20]), every[20:]
    page = draw(three_hundred, role=TWENTY)
    assert page.head.startswith("20 learners;")
    assert {found.decode() for found in _UUID.findall(page.content)} <= listed
    text = page.content.decode()
    for user_id in hidden:
        assert user_id not in text
        assert user_id.replace("-", "") not in text
    # What is about everybody together is not for a role that sees some.
    assert page.sections["cohorts"].rows == []
    assert "this role sees only some" in page.sections["cohorts"].answer
    assert f"<b>{TWENTY}</b>" in text
    weeks = page.sections["bands"].rows
    assert sum(int(count) for name, count in weeks[-1].items() if name != "week of") <= 20


def test_a_role_that_sees_nobody_is_refused_unless_asked(
    three_hundred: DatabaseSettings, tmp_path: Path, draw: Draw
) -> None:
    out = tmp_path / "team.html"
    with pytest.raises(WrongRequest, match=r"sees no learner.*--allow-empty"):
        write_dashboard(three_hundred, out, role=SEES_NOBODY)
    assert not out.exists()
    page = draw(three_hundred, role=SEES_NOBODY, allows_empty=True)
    assert page.head == "No learner to show."
    assert _UUID.findall(page.content) == []


def test_a_learner_who_is_not_seen_is_refused_as_one_who_is_not_there(
    three_hundred: DatabaseSettings, tmp_path: Path
) -> None:
    with connect(three_hundred) as superuser:
        query = "select user_id from analytics.learners order by user_id desc limit 1"
        (hidden,) = superuser.execute(query).fetchone() or (None,)
    said = []
    for learner in (hidden, uuid4()):
        with pytest.raises(WrongRequest) as refused:
            write_dashboard(three_hundred, tmp_path / "x.html", role=TWENTY, learner=learner)
        said.append(str(refused.value).replace(str(learner), "…"))
    assert said[0] == said[1]
    assert list(tmp_path.iterdir()) == []


def test_markup_in_any_text_arrives_escaped(
    standing: DatabaseSettings, draw: Draw, tab: Tab, tmp_path: Path
) -> None:
    role = f"{MARKUP[:40]}"
    with connect(standing) as superuser:
        columns = superuser.execute(_TEXTS).fetchall()
        superuser.execute("set session_replication_role = replica")
        for schema, table, column, type_name in columns:
            value = "array[%s]" if type_name == "ARRAY" else "%s"
            query = sql.SQL("update {} set {} = " + value + " where {} is not null").format(
                sql.Identifier(schema, table), sql.Identifier(column), sql.Identifier(column)
            )
            superuser.execute(query, (f"{MARKUP} {column}",))
        superuser.execute(
            "insert into analytics.learner_focus"
            " (user_id, skill_tag, avg_last_5, avg_90d, sample_size, threshold)"
            " values (%s, %s, 10, 10, 5, 60)",
            (ADA, MARKUP),
        )
        superuser.execute(
            "update analytics.user_skill_agg set skill_tag = %s where skill_tag = 'probe'",
            (f"{MARKUP} tag",),
        )
        superuser.execute(
            "update analytics.bands set readiness_band = %s where readiness_band = 'Strong'",
            (f"{MARKUP} band",),
        )
        superuser.execute("reset session_replication_role")
        let_read(superuser, role)
        superuser.execute(
            "insert into ops.role_learners (role_name, sees_all) values (%s, true)", (role,)
        )
    assert {(table, column) for _, table, column, _ in columns} >= {
        ("scorecards", "persona"), ("skills", "label"), ("scorecards", "missteps"),
        ("stg_pulse__rejected_values", "reason"),
    }  # fmt: skip
    try:
        for options in ({}, {"learner": ADA}):
            page = draw(standing, role=role, **options)
            _refuse_markup(page)
            out = tmp_path / "page.html"
            tab.open(out)
            assert tab.said == []
            assert tab.asked == [out.as_uri()]
    finally:
        with connect(standing) as superuser:
            superuser.execute(sql.SQL("drop owned by {}").format(sql.Identifier(role)))
            superuser.execute(sql.SQL("drop role {}").format(sql.Identifier(role)))


# Every text of the tables behind the page that no rule holds to certain words.
_TEXTS = """
select table_schema, table_name, column_name, data_type
from information_schema.columns
where
    (table_schema, table_name, column_name) in (
        ('analytics', 'scorecards', 'persona'),
        ('analytics', 'scorecards', 'missteps'),
        ('analytics', 'skills', 'label'),
        ('analytics', 'missteps', 'misstep'),
        ('staging', 'stg_pulse__rejected_values', 'kind'),
        ('staging', 'stg_pulse__rejected_values', 'reason')
    )
    and (data_type = 'ARRAY' or data_type = 'text')
    and (table_schema, table_name) in (select schemaname, tablename from pg_tables)
order by table_name, column_name
"""


def _refuse_markup(page: PageRead) -> None:
    assert {tag for tag, _ in page.elements} <= ELEMENTS
    names = {name for _, attributes in page.elements for name in attributes}
    assert {name for name in names if name.startswith("on") or name in ("style", "src")} == set()
    addresses = [
        value
        for _, attributes in page.elements
        for name, value in attributes.items()
        if name in ("href", "xlink:href") or "url(" in value
    ]
    assert addresses == []
    assert b"<script" not in page.content.lower()
    assert b"&lt;script&gt;" in page.content


@pytest.mark.long
def test_the_same_data_give_the_same_bytes(
    three_hundred: DatabaseSettings, pulse_elt: RunCommand, tmp_path: Path
) -> None:
    url = {URL_VARIABLE: three_hundred.as_url(with_password=True)}
    pages = []
    for zone, locale in (("UTC", "C.UTF-8"), ("America/Caracas", "C"), ("Asia/Tokyo", "C.UTF-8")):
        out = tmp_path / f"{zone[:3]}.html"
        done = pulse_elt("dashboard", "--out", out, TZ=zone, PGTZ=zone, LC_ALL=locale, **url)
        assert done.returncode == 0, done.stderr
        pages.append(out.read_bytes())
    assert len(set(pages)) == 1
    assert len(pages[0]) <= 500_000


def test_a_page_is_its_owners_and_whole_or_as_it_was(
    built_examples: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out = tmp_path / "page.html"
    out.write_text("as it was")
    out.chmod(0o644)
    write_dashboard(built_examples, out)
    assert stat.S_IMODE(out.stat().st_mode) == 0o600
    before = out.read_bytes()

    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("os.fsync", full)
    with pytest.raises(WorkFailed, match="No space left"):
        write_dashboard(built_examples, out)
    assert out.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["page.html"]
    # In place of a pipe or a device, a page would take it from everybody.
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "device").symlink_to("/dev/null")
    odd = (tmp_path / "pipe", tmp_path / "device", Path("/dev/no-such-device"))
    for wrong in (tmp_path, tmp_path / "none" / "page.html", *odd):
        with pytest.raises(WrongRequest, match="cannot be written"):
            write_dashboard(built_examples, wrong)
    assert (tmp_path / "device").is_symlink()
    with pytest.raises(WrongRequest, match="not to standard output"):
        write_dashboard(built_examples, Path("-"))


def test_without_the_extra_it_says_what_to_install(
    built_examples: DatabaseSettings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(drawing, "find_spec", lambda name: None)
    with pytest.raises(WrongRequest, match=r"pip install 'pulse-elt\[dashboard\]'"):
        write_dashboard(built_examples, tmp_path / "page.html")


def test_an_old_database_is_told_to_build(database: DatabaseSettings, tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match=r"'pulse-elt build' makes it"):
        write_dashboard(database, tmp_path / "page.html")


def test_a_role_without_rights_is_told_what_to_grant(
    built_examples: DatabaseSettings, tmp_path: Path
) -> None:
    with connect(built_examples) as superuser:
        create_login(superuser, "has_no_rights")
    with pytest.raises(DatabaseUnavailable, match="grant it pulse_reader"):
        write_dashboard(built_examples, tmp_path / "page.html", role="has_no_rights")
