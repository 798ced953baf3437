"""The landing gate: what stops a night, what does not, and how it comes free again."""

import json
import shutil
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import psycopg
import pytest

from loaders.checks.configuration import read_suite
from loaders.checks.result import CheckResult
from loaders.database.connection import connect
from loaders.database.settings import URL_VARIABLE, DatabaseSettings
from loaders.errors import WorkFailed, WrongRequest
from tests.checking import (
    CERTIFICATION,
    PULSE,
    UNIT,
    Gates,
    gates_of,
    load_tree,
    names,
    write_night,
)
from tests.conftest import (
    EXAMPLES,
    ROOT,
    Server,
    Tree,
    create_database,
    database_for_a_test,
    drop_database,
)

TRUNCATED = b'{"overall": {"score": 8'

CORRUPTIONS: dict[str, tuple[str, Sequence[object]]] = {
    "no JSON": ("quarantined.scorecard", [TRUNCATED, b"", b"{'overall': 1}"]),
    "wrong type": ("wrong_type.scorecard", [[PULSE], "N/A", 85]),
    "no numbers": (
        "bad_score.scorecard",
        [
            {**PULSE, "overall": {"score": "N/A"}},
            {**PULSE, "bce": {"score": "12,5"}},
            {**PULSE, "mcf": {"score": {"value": 2}}},
            {**PULSE, "cpo": {"score": True}},
            {**PULSE, "overall": {"score": "85%"}},
            {**CERTIFICATION, "Agent_Scores": {"BCE_Score": ""}},
        ],
    ),
    "out of range": (
        "bad_score.scorecard",
        [
            {**PULSE, "overall": {"score": -3}},
            {**PULSE, "overall": {"score": 10_000}},
            {**PULSE, "bce": {"score": "85"}},
            {**UNIT, "bce": {"score": 9}},
            {**CERTIFICATION, "Overall_Certification_Score": "105%"},
            {**CERTIFICATION, "Agent_Scores": {"CPO_Score": -1}},
        ],
    ),
    "no scores": ("unscored.scorecard", [{"status": "pending"}, {}]),
    "of every sort": (
        "unusable.scorecard",
        [TRUNCATED, [PULSE], {**PULSE, "overall": {"score": "N/A"}}],
    ),
}


FIRST_NIGHT = "pulse_first_night"


@pytest.fixture(scope="module")
def first_night(
    server: Server, template: str, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Path]:
    """A folder with a tree and the gates of its first night, a good one that has passed."""
    folder = tmp_path_factory.mktemp("first_night")
    settings = create_database(server, FIRST_NIGHT, template)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(URL_VARIABLE, settings.as_url(with_password=True))
        write_night(Tree(folder / "tree"), "first", 30)
        load_tree(Tree(folder / "tree"))
    assert gates_of(settings, folder).landing().is_passed
    yield folder
    drop_database(server, FIRST_NIGHT)


@pytest.fixture
def database(
    request: pytest.FixtureRequest,
    server: Server,
    template: str,
    first_night: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[DatabaseSettings]:
    """A fresh database, after the first night where there are gates of it."""
    beginning = FIRST_NIGHT if "gates" in request.fixturenames else template
    yield from database_for_a_test(server, beginning, monkeypatch)


@pytest.fixture
def gates(database: DatabaseSettings, first_night: Path, tree: Tree, tmp_path: Path) -> Gates:
    """Gates of a database whose first night, a good one, has passed."""
    # With the times of files, by which the next load knows what it has read.
    shutil.copytree(first_night, tmp_path, dirs_exist_ok=True)
    with connect(database) as connection:
        # What is usual is asked of each source.
        connection.execute("update raw.loads set source = %s", (str(tree.root),))
    return Gates(database, tmp_path / "config", tmp_path / "site")


def corrupt(tree: Tree, paths: Sequence[str], contents: Sequence[object]) -> None:
    for number, path in enumerate(paths):
        tree.write(path, contents[number % len(contents)])


@pytest.mark.parametrize("corruption", CORRUPTIONS)
def test_three_percent_of_a_night_stop_the_run_and_are_named(
    gates: Gates, tree: Tree, corruption: str
) -> None:
    expected, contents = CORRUPTIONS[corruption]
    paths = write_night(tree, "second")
    corrupt(tree, paths[10:16], contents)
    load_tree(tree)
    stopped = gates.landing()
    assert not stopped.is_passed
    assert expected in names(stopped)
    failed = next(each for each in stopped.failed if each.name == expected)
    assert set(failed.documents) == set(paths[10:16])
    assert failed.sentence.startswith("3 % of the ")
    assert "(6 of 200)" in failed.sentence
    page = next(gates.site.glob("landing-*-2.html")).read_text()
    assert all(path in page for path in paths[10:16])


def test_a_night_is_stopped_until_it_is_repaired_and_then_recovers_by_itself(
    gates: Gates, tree: Tree
) -> None:
    paths = write_night(tree, "second")
    good = [(tree.root / path).read_bytes() for path in paths[:6]]
    corrupt(tree, paths[:3], [TRUNCATED])
    corrupt(tree, paths[3:6], [[PULSE]])
    load_tree(tree)
    assert not gates.landing().is_passed
    # The same night again, and another one on top, make it no better.
    write_night(tree, "third", 20)
    load_tree(tree)
    again = gates.landing()
    assert not again.is_passed
    assert set(paths[:6]) <= {path for failed in again.failed for path in failed.documents}
    for path, content in zip(paths[:6], good, strict=True):
        tree.write(path, content + b" ")
    load_tree(tree)
    recovered = gates.landing()
    assert recovered.is_passed, recovered.sentence
    assert recovered.sentence == f"All {recovered.expectations} expectations hold."


@pytest.mark.parametrize("content", [TRUNCATED, [PULSE], {**PULSE, "overall": {"score": -3}}, {}])
def test_one_bad_file_stops_nothing_however_small_the_night(
    gates: Gates, tree: Tree, content: object
) -> None:
    tree.write("sessions/alone/session.json", {"session_id": "alone"})
    tree.write("sessions/alone/scorecard.json", content)
    load_tree(tree)
    assert gates.landing().is_passed


def test_scorecards_without_sessions_stop_the_run(gates: Gates, tree: Tree) -> None:
    paths = write_night(tree, "second")
    for path in paths[:6]:
        (tree.root / path).with_name("session.json").unlink()
    load_tree(tree)
    stopped = gates.landing()
    assert names(stopped) == ["sessionless.scorecard"]
    assert set(stopped.failed[0].documents) == set(paths[:6])


def test_what_is_usual_of_sessions_that_come_late_stops_nothing(
    database: DatabaseSettings, tree: Tree, tmp_path: Path
) -> None:
    gates = gates_of(database, tmp_path)
    for night in ("first", "second"):
        for path in write_night(tree, night)[:10]:
            (tree.root / path).with_name("session.json").unlink()
        load_tree(tree)
        assert names(gates.landing()) == []
    for path in write_night(tree, "third")[:40]:
        (tree.root / path).with_name("session.json").unlink()
    load_tree(tree)
    assert names(gates.landing()) == ["sessionless.scorecard"]


def test_an_operator_lets_a_night_pass_with_a_reason_and_it_is_the_new_baseline(
    gates: Gates, tree: Tree, connection: psycopg.Connection
) -> None:
    corrupt(tree, write_night(tree, "second")[:6], [[PULSE]])
    load_tree(tree)
    assert not gates.landing().is_passed
    with pytest.raises(WrongRequest, match="reason"):
        gates.landing(accept="  ")
    accepted = gates.landing(accept="the kiosk of 4 March, known")
    assert accepted.is_passed
    assert names(accepted) == ["wrong_type.scorecard", "unusable.scorecard"]
    rows = connection.execute(
        "select outcome, accepted_because, failed from ops.checks order by check_id"
    ).fetchall()
    assert rows == [
        ("passed", None, 0),
        ("failed", None, 2),
        ("accepted", "the kiosk of 4 March, known", 2),
    ]
    assert "the kiosk of 4 March, known" in next(gates.site.glob("*-3.html")).read_text()
    after = gates.landing()
    assert not after.failed
    # A reason where nothing failed is not kept.
    assert gates.landing(accept="why not").accepted_because is None


def test_what_the_app_writes_is_judged_too(
    gates: Gates, tree: Tree, connection: psycopg.Connection
) -> None:
    for number in range(3):
        connection.execute(
            "select raw.write_document(%s, %s)",
            (f"scorecards/first-{number:03d}.json", '{"overall": {"score": 250}}'),
        )
    stopped = gates.landing()
    assert names(stopped) == ["bad_score.scorecard", "unusable.scorecard"]


def contradict_documents(connection: psycopg.Connection) -> None:
    connection.execute("delete from raw.documents where source_path like '%%second-00%%'")


def contradict_quarantine(connection: psycopg.Connection) -> None:
    connection.execute(
        "update raw.loads set quarantined = 1, unchanged = unchanged - 1 "
        "where load_id = (select max(load_id) from raw.loads)"
    )


@pytest.mark.parametrize(
    ("contradict", "words"),
    [
        (contradict_documents, "says it landed 40 documents, raw.documents holds 20"),
        (contradict_quarantine, "says it refused 1 files, raw.quarantine holds 0"),
    ],
)
def test_a_ledger_that_contradicts_the_landing_stops_the_run(
    gates: Gates,
    tree: Tree,
    connection: psycopg.Connection,
    contradict: Callable[[psycopg.Connection], None],
    words: str,
) -> None:
    write_night(tree, "second", 20)
    load_tree(tree)
    contradict(connection)
    stopped = gates.landing()
    assert "counters" in names(stopped)
    assert words in stopped.sentence


def volume_of(gates: Gates, tree: Tree) -> CheckResult:
    """Load a tree five times, let that pass; what comes then is judged."""
    for _ in range(4):
        load_tree(tree)
    passed = gates.landing()
    assert passed.is_passed, passed.sentence
    return passed


def test_a_tree_that_was_cut_stops_the_run_and_does_not_become_usual(
    gates: Gates, tree: Tree
) -> None:
    volume_of(gates, tree)
    for number in range(10):
        (tree.root / f"sessions/first-{number:03d}/scorecard.json").unlink()
        (tree.root / f"sessions/first-{number:03d}/session.json").unlink()
    for _ in range(3):
        load_tree(tree)
    stopped = gates.landing()
    assert names(stopped) == ["volume.seen"]
    assert "66.7 % of the files" in stopped.sentence
    assert "at least 80 %" in stopped.sentence
    write_night(tree, "first", 30)
    load_tree(tree)
    assert gates.landing().is_passed


def test_a_flood_of_documents_stops_the_run(gates: Gates, tree: Tree) -> None:
    gates.configure(lambda all_: all_["landing"]["volume"].update(landed_floor=10))
    volume_of(gates, tree)
    write_night(tree, "second", 101)
    load_tree(tree)
    assert names(gates.landing()) == ["volume.landed"]


def test_the_legacy_tree_passes_as_the_first_import(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    gates = gates_of(database, tmp_path)
    load_tree(Tree(EXAMPLES))
    passed = gates.landing()
    assert passed.is_passed, passed.sentence


def test_nothing_to_judge_is_said_in_a_sentence(database: DatabaseSettings, tmp_path: Path) -> None:
    gates = gates_of(database, tmp_path)
    with pytest.raises(WrongRequest, match="Nothing has been loaded yet"):
        gates.landing()
    with pytest.raises(WrongRequest, match="The marts have not been built yet"):
        gates.marts()


def test_a_wrong_threshold_or_suite_is_refused_by_name(
    database: DatabaseSettings, tmp_path: Path
) -> None:
    gates = gates_of(database, tmp_path)
    gates.configure(lambda all_: all_["landing"].update(from_count="three"))
    with pytest.raises(WrongRequest, match=r"landing\.from_count"):
        gates.landing()
    suite = gates.config / "expectations" / "marts.json"
    document = json.loads(suite.read_text())
    del document["expectations"][0]["meta"]["sentence"]
    suite.write_text(json.dumps(document))
    with pytest.raises(WrongRequest, match="sentence"):
        gates.marts()


def test_every_expectation_of_the_suite_is_explained() -> None:
    told = (ROOT / "docs" / "checks.md").read_text()
    for gate in ("landing", "marts"):
        for expectation in read_suite(ROOT / "config", gate):
            assert f"`{expectation.name}`" in told


def test_no_password_reaches_the_site(gates: Gates, tree: Tree) -> None:
    secret = "pa55-w0rd%&@/:"  # noqa: S105 - the server trusts its socket and never asks for it
    settings = DatabaseSettings({**gates.settings.parameters, "password": secret})
    corrupt(tree, write_night(tree, "second")[:6], [[PULSE], {**UNIT, "overall": {"score": -1}}])
    load_tree(tree)
    result = Gates(settings, gates.config, gates.site).landing()
    assert not result.is_passed
    files = [file for file in gates.site.rglob("*") if file.is_file()]
    assert len(files) >= 4
    for file in files:
        text = file.read_text()
        assert secret not in text
        assert "postgresql" not in text
        # Opened from disk, nothing is fetched.
        assert "://" not in text
    assert secret not in repr(result)


def test_what_documents_say_is_text_on_the_pages(gates: Gates, tree: Tree) -> None:
    hostile = "<b>N/A</b><iframe src=//x></iframe>"
    corrupt(tree, write_night(tree, "second")[:6], [{**PULSE, "overall": {"score": hostile}}])
    load_tree(tree)
    assert gates.landing(accept=hostile).failed
    page = next(gates.site.glob("landing-*-2.html")).read_text()
    # Cut after forty signs, and shown.
    assert "&lt;b&gt;N/A&lt;/b&gt;&lt;iframe" in page
    for file in gates.site.glob("*.html"):
        assert "<b>" not in file.read_text()
        assert "<iframe" not in file.read_text()


def test_the_site_keeps_the_newest_sixty_checks(gates: Gates) -> None:
    newest = gates.landing()
    pages = json.loads((gates.site / "checks.json").read_text())
    older = [
        {**pages[0], "page": f"old-{n}.html", "as_of": f"2020-01-01 00:00:{n}"}
        for n in range(10, 60)
    ]
    older += [
        {**pages[0], "page": f"old-{n}.html", "as_of": f"2019-01-01 00:00:{n}"}
        for n in range(60, 80)
    ]
    for entry in older:
        (gates.site / entry["page"]).write_text("old")
    (gates.site / "checks.json").write_text(json.dumps([*pages, *older]))
    gates.landing()
    assert len(list(gates.site.glob("old-*.html"))) == 57
    index = newest.site.read_text()
    assert index.count("<tr><td>") == 60
    assert 'href="old-10.html"' in index
    assert 'href="old-60.html"' not in index


def test_a_site_that_cannot_be_written_is_said_with_what_was_found(gates: Gates) -> None:
    blocked = gates.config / "checks.json"
    with pytest.raises(WorkFailed, match=r"expectations hold\. But Data Docs cannot be written"):
        Gates(gates.settings, gates.config, blocked).landing()
