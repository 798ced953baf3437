"""Archives written on Windows, and tar archives whose members are not all files or folders."""

import gzip
import io
import tarfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import psycopg
import pytest

from loaders.errors import WrongRequest
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from loaders.sources.archives import open_archive
from loaders.sources.source import NOT_A_FILE
from tests.conftest import RunCommand, Tree
from tests.loaders.archives import KINDS, Part, forge, packed, read, tar_member
from tests.loaders.test_loading import counters, load
from tests.loaders.test_quarantine import states

pytestmark = pytest.mark.newest_server

TREE = {"sessions/a/scorecard.json": b"1", "users/T1/history.json": b"[2]", "agents.json": b"3"}


def of_windows(files: Mapping[str, bytes]) -> dict[str, bytes]:
    return {name.replace("/", "\\"): content for name, content in files.items()}


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    "more",
    [
        {},
        {"sessions\\": b"", "users\\T1\\": b""},
        {"a folder.json\\": b"", "notes.txt": b"x", "sessions\\a\\scorecard.json.bak": b"{"},
    ],
)
def test_backslashes_separate_folders_where_no_name_has_a_slash(
    kind: str, more: dict[str, bytes], tmp_path: Path
) -> None:
    path = packed(tmp_path / f"a.{kind}", of_windows(TREE) | more)
    source = open_archive(path)
    assert {entry.path for entry in source.list()} == TREE.keys()
    assert read(path) == TREE
    assert "backslashes" in "".join(source.notices)
    assert [entry.path for entry in source.list("sessions/")] == ["sessions/a/scorecard.json"]


@pytest.mark.parametrize("kind", KINDS)
def test_one_slash_makes_backslashes_characters_like_any_other(kind: str, tmp_path: Path) -> None:
    for number, name in enumerate(("a/b.json", "./b.json", "empty/")):
        path = tmp_path / f"{number}.{kind}"
        files = {"x\\y.json": b"1", name: b"" if name.endswith("/") else b"2"}
        assert "x\\y.json" in read(packed(path, files))
        source = open_archive(path)
        assert len(list(source.list())) == len([each for each in files if each[-1] != "/"])
        assert source.notices == []


@pytest.mark.parametrize("kind", KINDS)
def test_a_root_in_an_archive_of_windows(kind: str, tmp_path: Path) -> None:
    files = of_windows({f"backup/pulse/{name}": content for name, content in TREE.items()})
    path = packed(tmp_path / f"a.{kind}", files)
    assert read(path, "backup/pulse") == TREE
    assert read(path, "backup")["pulse/agents.json"] == b"3"
    with pytest.raises(WrongRequest, match="has no folder pulse"):
        list(open_archive(path, "pulse").list())
    mixed = packed(tmp_path / f"b.{kind}", {**files, "x/y.json": b""})
    with pytest.raises(WrongRequest, match="has no folder backup"):
        list(open_archive(mixed, "backup").list())


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "what"),
    [
        ("\\x.json", "absolute name"),
        ("\\\\server\\share\\x.json", "absolute name"),
        ("C:\\x.json", "absolute name"),
        ("c:x.json", "absolute name"),
        ("a\\..\\x.json", "'..' in its name"),
        ("..\\x.json", "'..' in its name"),
        ("a\\..", "'..' in its name"),
        ("a\\b.zip", "is an archive itself"),
        (".\\sessions\\a\\scorecard.json", "comes twice"),
        ("sessions\\\\a\\.\\scorecard.json", "comes twice"),
    ],
)
def test_names_of_windows_are_as_little_trusted(
    kind: str, name: str, what: str, tmp_path: Path
) -> None:
    path = packed(tmp_path / f"a.{kind}", {**of_windows(TREE), name: b"1"})
    with pytest.raises(WrongRequest, match=what):
        list(open_archive(path).list())


@pytest.mark.parametrize("kind", KINDS)
def test_a_tree_packed_on_windows_is_the_tree(
    kind: str,
    database: object,
    tree: Tree,
    connection: psycopg.Connection,
    pulse_elt: RunCommand,
    tmp_path: Path,
) -> None:
    files = {f"sessions/s{number}/scorecard.json": b"{}" for number in range(60)}
    for name, content in files.items():
        tree.write(name, content)
    load(tree)
    path = packed(tmp_path / f"a.{kind}", of_windows(files))
    done = pulse_elt("load", path)
    assert done.returncode == 0, done.stderr
    assert "backslashes separate folders" in done.stdout
    assert states(connection) == dict.fromkeys(files, "landed")
    found = counters(load_source(path, None, Scope()))
    assert (found.seen, found.landed, found.unchanged, found.vanished) == (60, 0, 60, 0)


def test_names_that_are_no_utf8_are_kept_where_backslashes_become_slashes(tmp_path: Path) -> None:
    path = forge(tmp_path / "a.zip", Part(b"users\\\xe9\\history.json"), Part(b"x\\y.json"))
    found = {entry.path: entry.problem for entry in open_archive(path).list()}
    assert found == {"/users/\\xe9/history.json": "path_not_utf8", "x/y.json": None}


def write_tar(path: Path, members: Sequence[tuple[str, bytes, bytes]]) -> Path:
    """Write members of any kind, each with its name, kind and content."""
    packed_tar = io.BytesIO()
    with tarfile.open(fileobj=packed_tar, mode="w", format=tarfile.GNU_FORMAT) as archive:
        for name, kind, content in members:
            archive.addfile(tar_member(name, len(content), kind))
            # tarfile writes the content of files alone.
            packed_tar.write(content + bytes(-len(content) % 512))
            archive.offset = packed_tar.tell()
    content = packed_tar.getvalue()
    path.write_bytes(gzip.compress(content) if path.suffix == ".gz" else content)
    return path


FILE = ("sessions/a/scorecard.json", b"0", b'{"overall": {"score": 85}}')


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize(
    ("member", "shown"),
    [
        (("nightly 2026-11-29", b"V", b""), "nightly 2026-11-29 (the label of a volume)"),
        (("/srv/pulse/..", b"V", b""), "/srv/pulse/.. (the label of a volume)"),
        (("sessions/a/scorecard.json", b"V", b""), "scorecard.json (the label of a volume)"),
        (("backup.zip", b"V", b""), "backup.zip (the label of a volume)"),
        (("sessions/", b"D", b"Da\0\0"), "sessions/ (a folder of an incremental backup)"),
        (("sessions/a/", b"D", b"Yscorecard.json\0" * 60), "sessions/a/ (a folder of an"),
        (("acl", b"A", b"user::rwx"), "acl (of the unknown type b'A')"),
        (("notes.txt", b"Z", b"x" * 1000), "notes.txt (of the unknown type b'Z')"),
    ],
)
def test_members_that_are_no_files_are_named_and_end_no_load(
    kind: str, member: tuple[str, bytes, bytes], shown: str, tmp_path: Path
) -> None:
    for number, members in enumerate(([member, FILE], [FILE, member])):
        path = write_tar(tmp_path / f"{number}.{kind}", members)
        source = open_archive(path)
        (entry,) = source.list()
        assert (entry.path, entry.problem) == (FILE[0], None)
        assert shown in "".join(source.notices)
        assert read(path) == {FILE[0]: FILE[2]}


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_a_document_of_an_unknown_type_is_quarantined(
    kind: str, database: object, connection: psycopg.Connection, tmp_path: Path
) -> None:
    members = [("sessions/b/scorecard.json", b"q", b"{}"), FILE, ("x" * 90, b"V", b"")]
    path = write_tar(tmp_path / f"a.{kind}", members)
    assert [entry.problem for entry in open_archive(path).list()] == [NOT_A_FILE, None]
    found = load_source(path, None, Scope())
    assert (counters(found).landed, counters(found).quarantined) == (1, 1)
    assert [entry.reason_code for entry in found.newly_quarantined] == [NOT_A_FILE]
    assert "sessions/b/scorecard.json (of the unknown type b'q')" in found.notices[0]
    again = counters(load_source(path, None, Scope()))
    assert (again.unchanged, again.quarantined, again.vanished) == (2, 0, 0)


def test_of_many_odd_members_some_are_named_and_all_are_counted(tmp_path: Path) -> None:
    members = [(f"folder{number}/", b"D", b"") for number in range(30)]
    source = open_archive(write_tar(tmp_path / "a.tar", [*members, FILE]))
    for _ in range(2):
        assert len(list(source.list())) == 1
        assert "folder4/ (a folder of an incremental backup), and 25 more." in source.notices[0]


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
def test_odd_members_do_not_pass_the_limits(kind: str, tmp_path: Path) -> None:
    path = write_tar(tmp_path / f"a.{kind}", [("../x/", b"D", b"")])
    with pytest.raises(WrongRequest, match=r"'\.\.' in its name"):
        list(open_archive(path).list())
    path = write_tar(tmp_path / f"b.{kind}", [("odd", b"Z", bytes(64 * 1024 * 1024))])
    if kind == "tar.gz":
        with pytest.raises(WrongRequest, match="200 times"):
            list(open_archive(path).list())


@pytest.mark.parametrize("kind", KINDS)
def test_json_in_capitals_is_seen_counted_and_named(
    kind: str, database: object, tree: Tree, tmp_path: Path
) -> None:
    files = {
        "sessions/a/scorecard.JSON": b"{}",
        "b/C.Json": b"{}",
        "sessions/a/session.json": b"{}",
    }
    for name, content in files.items():
        tree.write(name, content)
    for source in (tree.root, packed(tmp_path / f"a.{kind}", files)):
        found = load_source(source, None, Scope(), dry_run=True)
        assert (found.plan.seen, found.plan.unrecognised) == (3, 2)
        assert found.unrecognised == ("b/C.Json", "sessions/a/scorecard.JSON")
