"""Sources that are not what they seem are refused, by name, before anything counts as vanished."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from loaders.errors import SourceRefused, WrongRequest
from loaders.landing.load import LoadResult
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from tests.conftest import ROOT, RunCommand, Tree
from tests.loaders.archives import packed
from tests.loaders.faults import assert_one_sentence, one
from tests.loaders.test_loading import counters, load

pytestmark = pytest.mark.newest_server

CURES = ("--root", "config/document_kinds.json", "--accept-vanished")


def states(connection: psycopg.Connection) -> dict[str, int]:
    return dict(
        connection.execute("select state, count(*) from raw.files group by state").fetchall()
    )


def booked(connection: psycopg.Connection) -> tuple[str, str | None]:
    row = connection.execute(
        "select status, error from raw.loads order by load_id desc limit 1"
    ).fetchone()
    assert row is not None
    return row


def write_sessions(tree: Tree, *numbers: int, below: str = "") -> None:
    for number in numbers:
        tree.write(f"{below}sessions/s{number:03}/scorecard.json", {"n": number})


def remove(tree: Tree, count: int, pattern: str = "sessions/*/scorecard.json") -> None:
    """Empty so many folders, which stay: so does a share of which a part is not mounted."""
    files = sorted(tree.root.glob(pattern))
    assert len(files) >= count
    for file in files[:count]:
        file.unlink()


@pytest.fixture
def sixty(database: object, tree: Tree) -> Tree:
    """Sixty scorecards and some configuration, loaded."""
    write_sessions(tree, *range(60))
    tree.write("agents.json", {})
    load(tree)
    return tree


@pytest.fixture
def thresholds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    """Change the section sources of config/checks.json."""
    project = tmp_path / "project"
    shutil.copytree(ROOT / "config", project / "config")
    shutil.copy(ROOT / "dbt_project.yml", project)
    monkeypatch.setenv("PULSE_ELT_PROJECT_DIR", str(project))

    def change(**values: object) -> None:
        file = project / "config" / "checks.json"
        content = json.loads(file.read_text())
        content["sources"].update(values)
        file.write_text(json.dumps(content))

    return change


def test_of_a_half_mounted_share_nothing_vanishes_and_what_landed_stays(
    sixty: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    remove(sixty, 40)
    write_sessions(sixty, 100)
    preview = pulse_elt("load", sixty.root, "--dry-run")
    # The share is still half there the next night, and the night after.
    for done in (preview, *(pulse_elt("load", sixty.root) for _ in range(3))):
        assert done.returncode == 2
        assert_one_sentence(done.stderr)
        for part in ("40 of the 60", str(sixty.root), "config/checks.json", *CURES):
            assert part in done.stderr
    assert states(connection) == {"landed": 61, "config": 1}
    status, error = booked(connection)
    assert status == "failed"
    assert error is not None
    assert "40 of the 60" in error
    assert one(connection, "select count(*) from raw.loads where status = 'failed'") == 3
    # Mounted again, all is as it was.
    write_sessions(sixty, *range(40))
    assert pulse_elt("load", sixty.root).returncode == 0
    assert states(connection) == {"landed": 61, "config": 1}


def test_a_tree_that_shrank_on_purpose_is_accepted_once(
    sixty: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    remove(sixty, 40)
    preview = pulse_elt("load", sixty.root, "--accept-vanished", "--dry-run", "--json")
    assert json.loads(preview.stdout)["plan"]["vanished"] == 40
    done = pulse_elt("load", sixty.root, "--accept-vanished", "--json")
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout)["counters"]["vanished"] == 40
    assert states(connection) == {"landed": 20, "config": 1, "vanished": 40}
    options = one(connection, "select options from raw.loads order by load_id desc limit 1")
    assert options == {"accept_vanished": True}
    assert pulse_elt("load", sixty.root).returncode == 0
    # They come back, as ever.
    write_sessions(sixty, *range(60))
    assert counters(load(sixty)).vanished == 0
    assert states(connection) == {"landed": 60, "config": 1}


@pytest.mark.parametrize(("landed", "gone"), [(60, 30), (30, 20), (20, 19), (100, 21)])
def test_half_of_a_tree_and_twenty_files_may_vanish(
    database: object, tree: Tree, connection: psycopg.Connection, landed: int, gone: int
) -> None:
    write_sessions(tree, *range(landed))
    load(tree)
    remove(tree, gone)
    assert counters(load(tree)).vanished == gone
    assert states(connection)["vanished"] == gone


@pytest.mark.parametrize(("landed", "gone"), [(60, 31), (40, 21), (21, 20)])
def test_numbers_are_those_of_the_configuration(
    database: object, tree: Tree, thresholds: Callable[..., None], landed: int, gone: int
) -> None:
    write_sessions(tree, *range(landed))
    load(tree)
    remove(tree, gone)
    if gone > 20:
        with pytest.raises(SourceRefused):
            load(tree, )  # fmt: skip
        thresholds(vanished_at_most=90)
        assert counters(load(tree)).vanished == gone
    else:
        thresholds(from_count=20)
        with pytest.raises(SourceRefused, match="20 of the 21"):
            load(tree)


def test_only_what_is_in_scope_is_judged(sixty: Tree, connection: psycopg.Connection) -> None:
    for number in range(30):
        sixty.write(f"users/u{number}/history.json", [])
    load(sixty)
    remove(sixty, 25, "users/*/history.json")
    # 25 of 90 in all, of 30 histories.
    refused: list[dict[str, object]] = [{"kinds": ("user_history",)}, {"prefix": "users/"}]
    for scope in refused:
        with pytest.raises(SourceRefused, match=r"25 of the 30 .* in this scope"):
            load(sixty, **scope)
    with pytest.raises(SourceRefused, match="60 of the 60"):
        load_source(sixty.root / "sessions", None, Scope(prefix="sessions/"))
    assert counters(load(sixty, kinds=("scorecard",))).vanished == 0
    assert counters(load(sixty, prefix="sessions/")).vanished == 0
    assert counters(load(sixty, kinds=("user_history",), accept_vanished=True)).vanished == 25
    assert states(connection) == {"landed": 65, "config": 1, "vanished": 25}


def test_what_is_retired_forgotten_or_vanished_is_not_missed(
    sixty: Tree, connection: psycopg.Connection
) -> None:
    remove(sixty, 50)
    for state, below in (("retired", "s020"), ("forgotten", "s040"), ("vanished", "s045")):
        connection.execute(
            "update raw.files set state = %s where state = 'landed' and source_path < %s",
            (state, f"sessions/{below}"),
        )
    assert counters(load(sixty)).vanished == 10
    assert states(connection) == {
        "retired": 20, "forgotten": 20, "vanished": 10, "landed": 10, "config": 1,
    }  # fmt: skip


def test_the_files_of_another_tree_do_not_make_it_known(
    sixty: Tree, connection: psycopg.Connection, tmp_path: Path
) -> None:
    other = Tree(tmp_path / "other")
    write_sessions(other, *range(500, 700))
    for _ in range(3):
        with pytest.raises(SourceRefused, match="60 of the 60"):
            load(other)
    # Nor does a retry, which says nothing of the tree.
    other.write("sessions/s500/session.json", b"{")
    with pytest.raises(SourceRefused):
        load(other)
    other.write("sessions/s500/session.json", {})
    load(other, only_quarantined=True)
    with pytest.raises(SourceRefused, match="60 of the 61"):
        load(other)
    # The right one is not to blame for what it does not have.
    assert counters(load(sixty)).vanished == 201
    assert states(connection)["landed"] == 60


@pytest.mark.parametrize(
    ("listed", "root", "hint"),
    [
        ("backup", None, "try --root pulse/data."),
        ("", "backup", "try --root backup/pulse/data."),
        ("backup/pulse/data/sessions", None, "name the folder that has sessions/."),
        ("", "backup/pulse/data/sessions", "try --root backup/pulse/data."),
    ],
)
@pytest.mark.parametrize("is_known", [True, False])
def test_the_folder_above_or_below_is_refused_with_the_likely_root(
    database: object,
    tree: Tree,
    connection: psycopg.Connection,
    listed: str,
    root: str | None,
    hint: str,
    is_known: bool,
) -> None:
    write_sessions(tree, *range(30), below="backup/pulse/data/")
    if is_known:
        load_source(tree.root / "backup/pulse/data", None, Scope())
    for is_dry in (True, False):
        with pytest.raises(WrongRequest) as refused:
            load_source(tree.root / listed, root, Scope(), dry_run=is_dry)
        assert hint in str(refused.value)
    assert states(connection) == ({"landed": 30} if is_known else {})


def test_a_first_load_of_which_most_is_not_recognised_is_refused(
    database: object, tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    write_sessions(tree, *range(30), below="pulse/")
    for number in range(25):
        tree.write(f"pulse/history_T{number}.json", [])
    tree.write("agents.json", {})
    for arguments in (("--dry-run",), (), ()):
        done = pulse_elt("load", tree.root, *arguments)
        assert done.returncode == 2
        assert_one_sentence(done.stderr)
        for part in ("30 of the 56", "--root pulse.", "config/document_kinds.json"):
            assert part in done.stderr
    assert booked(connection)[0] == "failed"
    # What a rule for any folder knows has landed; that is not missed below the right root.
    assert states(connection) == {"landed": 25}
    assert pulse_elt("load", tree.root, "--root", "pulse").returncode == 0
    assert states(connection) == {"landed": 55, "vanished": 25}


def test_a_part_of_the_wrong_folder_is_no_first_load(
    database: object, tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    write_sessions(tree, *range(30), below="pulse/")
    for arguments in (("--dry-run",), ()):
        done = pulse_elt("load", tree.root, "--prefix", "pulse/", *arguments)
        assert done.returncode == 2
        assert_one_sentence(done.stderr)
        for part in ("30 of the 30", "--root pulse.", "config/document_kinds.json"):
            assert part in done.stderr
    assert states(connection) == {}
    done = pulse_elt("load", tree.root, "--root", "pulse", "--prefix", "sessions/")
    assert done.returncode == 0
    assert states(connection) == {"landed": 30}


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("sessions/{}/SCORECARD.JSON", "in other capitals: rename them."),
        ("Sessions/{}/scorecard.json", "in other capitals: rename them."),
        ("sessions\\{}\\scorecard.json", ""),
    ],
)
def test_what_is_wrong_with_all_names_is_said(
    database: object, tree: Tree, name: str, hint: str
) -> None:
    tree.write("readme/a.json", {})
    for number in range(30):
        tree.write(name.format(number), {})
    with pytest.raises(WrongRequest, match="Nothing in") as refused:
        load(tree)
    assert hint in str(refused.value)
    assert "It seems to be inside" not in str(refused.value)


def test_a_first_load_with_much_that_is_nobodys_can_be_let_through(
    database: object, tree: Tree, thresholds: Callable[..., None], connection: psycopg.Connection
) -> None:
    write_sessions(tree, *range(30))
    for number in range(31):
        tree.write(f"exports/{number}.json", {})
    with pytest.raises(SourceRefused, match="31 of the 61"):
        load(tree)
    thresholds(unrecognised_at_most=51)
    assert counters(load(tree)).unrecognised == 31
    # Known by now, whatever the number.
    thresholds(unrecognised_at_most=0)
    assert counters(load(tree)).unrecognised == 31
    assert states(connection) == {"landed": 30, "unrecognised": 31}


def test_a_drop_folder_only_ever_holds_new_files(
    sixty: Tree,
    thresholds: Callable[..., None],
    connection: psycopg.Connection,
    tmp_path: Path,
) -> None:
    thresholds(drop_folders=["/elsewhere", str(tmp_path / "in*")])

    def drop(first: int) -> LoadResult:
        content = {f"sessions/s{n:03}/scorecard.json": b"{}" for n in range(first, first + 70)}
        return load_source(packed(tmp_path / "in" / f"{first}.zip", content), None, Scope())

    (tmp_path / "in").mkdir()
    for first in (100, 200, 300):
        assert counters(drop(first)).vanished == 0
    assert states(connection) == {"landed": 270, "config": 1}
    # Nor does the tree miss what came that way.
    remove(sixty, 10)
    assert counters(load(sixty)).vanished == 10
    thresholds(drop_folders=[])
    with pytest.raises(SourceRefused, match="210 of the 260"):
        load(sixty)


@pytest.mark.parametrize(
    ("folder", "pattern", "is_meant"),
    [
        ("in", "in/", True),
        ("in [2026]", "in [2026]", True),
        ("in 2", "in [2026]", False),
        ("in?", "in?", True),
        ("inn", "in?", False),
        ("in", "*", True),
    ],
)
def test_a_drop_folder_is_named_as_it_is(
    sixty: Tree,
    thresholds: Callable[..., None],
    tmp_path: Path,
    folder: str,
    pattern: str,
    is_meant: bool,
) -> None:
    thresholds(drop_folders=[f"{tmp_path}/{pattern}"])
    other = Tree(tmp_path / folder)
    write_sessions(other, 100)
    if is_meant:
        assert counters(load(other)).vanished == 0
    else:
        with pytest.raises(SourceRefused):
            load(other)


def test_a_folder_off_in_the_prefix_of_a_bucket_is_refused(
    sixty: Tree, connection: psycopg.Connection, tmp_path: Path
) -> None:
    # As az://container/backups instead of az://container/backups/pulse lists it.
    above = {f"pulse/{file.relative_to(sixty.root)}": b"{}" for file in sixty.root.rglob("*.json")}
    above |= {f"other/sessions/{n}/scorecard.json": b"{}" for n in range(10)}
    with pytest.raises(WrongRequest, match="try --root pulse"):
        load_source(packed(tmp_path / "a.tar", above), None, Scope())
    assert states(connection) == {"landed": 60, "config": 1}


@pytest.mark.long
def test_a_night_is_refused_resumed_and_accepted(
    database: object, tree: Tree, connection: psycopg.Connection, pulse_elt: RunCommand
) -> None:
    for number in range(50):
        key = f"5e551000-0000-4000-8000-{number:012}"
        tree.write(f"sessions/{key}/session.json", {"created_at": "2025-03-04T09:00:00Z"})
    assert pulse_elt("run", tree.root).returncode == 0
    remove(tree, 40, "sessions/*/session.json")
    assert pulse_elt("run", tree.root, "--dry-run").returncode == 2
    assert pulse_elt("run", tree.root, "--dry-run", "--accept-vanished").returncode == 0
    for arguments in ((), ("--resume",)):
        done = pulse_elt("run", tree.root, *arguments)
        assert done.returncode == 2
        assert "40 of the 50" in done.stdout + done.stderr
    assert states(connection) == {"landed": 50}
    done = pulse_elt("run", tree.root, "--resume", "--accept-vanished")
    assert done.returncode == 0, done.stdout + done.stderr
    assert states(connection) == {"landed": 10, "vanished": 40}
    statuses = connection.execute("select status from ops.runs order by run_id").fetchall()
    assert [status for (status,) in statuses] == ["succeeded", "failed", "failed", "succeeded"]


def test_paths_and_keys_in_other_capitals_are_named(
    database: object, tree: Tree, pulse_elt: RunCommand
) -> None:
    tree.write("sessions/a/scorecard.JSON", {})
    tree.write("Sessions/b/SCORECARD.json", {})
    tree.write("sessions/c/scorecard.Json", {})
    tree.write("sessions/d/scorecard.json", {})
    tree.write("notes.JSON", {})
    for key in ("demo", "DEMO", "T1", "5E551000-0000-4000-8000-000000000001"):
        tree.write(f"users/{key}/history.json", [])
    tree.write("users/5e551000-0000-4000-8000-000000000001/history.json", [])
    done = pulse_elt("load", tree.root, "--json")
    assert done.returncode == 0
    told = json.loads(done.stdout)
    assert (told["counters"]["seen"], told["counters"]["unrecognised"]) == (10, 4)
    assert "sessions/a/scorecard.JSON" in told["unrecognised"]
    paths, keys = told["notices"]
    assert "Sessions/b/SCORECARD.json, and 2 more" in paths
    assert "DEMO, demo." in keys
    assert told["notices"][0] in pulse_elt("load", tree.root).stdout.replace("\n", " ")


def test_a_path_in_other_capitals_is_named_behind_many_that_nobody_knows(
    database: object, tree: Tree
) -> None:
    for number in range(120):
        tree.write(f"A/{number}.json", {})
    tree.write("sessions/a/scorecard.JSON", {})
    tree.write("sessions/b/scorecard.json", {})
    for number in range(125):
        tree.write(f"sessions/c{number}/scorecard.json", {})
    assert "sessions/a/scorecard.JSON." in load(tree).notices[0]
