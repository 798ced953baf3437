"""Archives as sources: they list and read as the tree they were made of does."""

import gzip
import io
import os
import random
import struct
import subprocess
import sys
import tarfile
import tempfile
import zipfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from loaders.errors import WrongRequest
from loaders.landing.model import Scope
from loaders.pipeline import load_source
from loaders.sources.archives import is_archive, open_archive
from loaders.sources.directory import Directory
from loaders.sources.source import PATH_NOT_UTF8, PATH_TOO_LONG, Entry, Source, Stamp
from tests.conftest import ROOT, Tree
from tests.loaders import archives
from tests.loaders.archives import KINDS, MODIFIED, Part, contents, forge, packed, read, tar_member
from tests.loaders.test_loading import counters

pytestmark = pytest.mark.newest_server

FILES = {
    "sessions/a/scorecard.json": b'{"overall": {"score": 85}}',
    "sessions/a/scorecard.json.bak": b"{",
    "sessions/b/session.json": b"",
    "__MACOSX/sessions/a/._scorecard.json": b"\0\5\26\7",
    "__MACOSX/sessions/a/._notes": b"\0\5\26\7",
    "history_T1.json": b"[]" * 40_000,
}
DOCUMENTS = {path: content for path, content in FILES.items() if path.endswith(".json")}

_NAMES = st.text(
    st.characters(codec="utf-8", exclude_characters="/\\\0:"),
    min_size=1,
    max_size=12,
).filter(lambda name: name not in (".", "..") and len(name.encode()) < 40)
_PATHS = st.builds(
    lambda folders, name, end: "/".join([*folders, name + end]),
    st.lists(_NAMES.map(lambda name: name + "_"), max_size=3),
    _NAMES,
    st.sampled_from([".json", ".json", ".json", ".txt"]),
)
_TREES = st.dictionaries(_PATHS, st.binary(max_size=3000) | st.just(b"[1]" * 50_000), max_size=8)


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(tree=_TREES)
def test_an_archive_lists_and_reads_what_the_directory_does(
    kind: str, tree: dict[str, bytes]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        root = Tree(Path(folder) / "tree")
        root.root.mkdir()
        for path, content in tree.items():
            root.write(path, content)
        listed = {entry.path for entry in Directory(root.root).list()}
        found = read(packed(Path(folder) / f"a.{kind}", tree))
        assert found == {path: (root.root / path).read_bytes() for path in listed}


@pytest.mark.parametrize("kind", KINDS)
def test_dots_and_folders_in_names_make_no_difference(kind: str, tmp_path: Path) -> None:
    dotted = {f"./{path}".replace("/a/", "//./a/"): content for path, content in FILES.items()}
    assert read(packed(tmp_path / f"a.{kind}", dotted)) == DOCUMENTS
    root = tmp_path / "tree"
    for path, content in FILES.items():
        Tree(root).write(path, content)
    archive = tmp_path / f"b.{kind}"
    if kind == "zip":
        with zipfile.ZipFile(archive, "w") as opened:
            for file in sorted(root.rglob("*")):
                opened.write(file, file.relative_to(root))
    else:
        with tarfile.open(archive, "w:gz" if kind == "tar.gz" else "w") as tar:
            tar.add(root, ".")
    assert read(archive) == DOCUMENTS


@pytest.mark.parametrize("kind", KINDS)
def test_root_names_the_folder_at_which_the_tree_begins(kind: str, tmp_path: Path) -> None:
    inner = {f"export/pulse/{path}": content for path, content in FILES.items()}
    archive = packed(tmp_path / f"a.{kind}", {**inner, "export/pulse2/x.json": b"1"})
    for root in ("export/pulse", "./export//pulse/"):
        assert read(archive, root) == DOCUMENTS
    assert open_archive(archive, "export").name == f"{archive}/export"
    assert sorted(contents(open_archive(archive, "export"), "pulse2")) == ["pulse2/x.json"]
    for wrong in ("exp", "export/pulse2/x.json", "other"):
        with pytest.raises(WrongRequest, match=f"no folder {wrong} in it"):
            list(open_archive(archive, wrong).list())
    for outside in ("..", "/etc", "a/../.."):
        with pytest.raises(WrongRequest, match="leads out of the archive"):
            open_archive(archive, outside)


@pytest.mark.parametrize("kind", KINDS)
def test_prefix_narrows_what_is_listed(kind: str, tmp_path: Path) -> None:
    archive = open_archive(packed(tmp_path / f"a.{kind}", FILES))
    assert sorted(contents(archive, "sessions/")) == [
        "sessions/a/scorecard.json", "sessions/b/session.json",
    ]  # fmt: skip
    assert contents(archive, "nowhere/") == {}


@pytest.mark.parametrize("kind", KINDS)
def test_an_empty_archive_lists_nothing(kind: str, tmp_path: Path) -> None:
    assert read(packed(tmp_path / f"a.{kind}", {})) == {}


@pytest.mark.parametrize("kind", KINDS)
def test_paths_the_landing_cannot_hold_are_listed_with_their_problem(
    kind: str, tmp_path: Path
) -> None:
    archive, long = tmp_path / f"a.{kind}", b"sessions/" + b"x" * 1100 + b".json"
    if kind == "zip":
        forge(archive, Part(b"a\xff.json"), Part(long))
    else:
        packed(archive, {"a\udcff.json": b"{}", long.decode(): b"{}"})
    found = {entry.problem: entry.path for entry in open_archive(archive).list()}
    assert found[PATH_NOT_UTF8] == "/a\\xff.json"
    assert found[PATH_TOO_LONG].startswith("/sessions/xxx")


@pytest.mark.parametrize("kind", KINDS)
def test_a_highly_repetitive_document_is_no_bomb(kind: str, tmp_path: Path) -> None:
    document = b"[" + b"0," * 1_000_000 + b"0]"
    assert read(packed(tmp_path / f"a.{kind}", {"a.json": document})) == {"a.json": document}


def modified(path: Path) -> int | None:
    (entry,) = open_archive(path).list()
    assert entry.stamp is not None
    return entry.stamp.modified_us


def test_zip_times_are_read_as_utc_unless_the_extended_one_is_there(tmp_path: Path) -> None:
    date = (2024 - 1980) << 9 | 2 << 5 | 29
    path = tmp_path / "a.zip"
    assert modified(forge(path, Part(b"a.json", date=date))) == 1_709_164_800_000_000
    assert modified(forge(path, Part(b"a.json", date=0))) is None
    extra = struct.pack("<HHBi", 0x5455, 5, 1, -7)
    assert modified(forge(path, Part(b"a.json", date=date, extra=extra))) == -7_000_000


@pytest.mark.parametrize(
    ("text", "microseconds"),
    [
        ("1700000000.123456789", 1_700_000_000_123_456),
        ("1700000000.5", 1_700_000_000_500_000),
        ("1700000000", 1_700_000_000_000_000),
        ("-1.5", -1_500_000),
        ("-1.0000005", -1_000_001),
        ("nan", None),
        ("99999999999999", None),
    ],
)
def test_tar_times_are_those_of_pax_to_the_microsecond(
    text: str, microseconds: int | None, tmp_path: Path
) -> None:
    path = tmp_path / "a.tar"
    with tarfile.open(path, "w", format=tarfile.PAX_FORMAT) as archive:
        member = tar_member("a.json")
        member.pax_headers = {"mtime": text}
        archive.addfile(member)
    assert modified(path) == microseconds


def test_tar_times_without_pax_are_those_of_the_header(tmp_path: Path) -> None:
    assert modified(packed(tmp_path / "a.tar", {"a.json": b""})) == MODIFIED * 1_000_000


@pytest.mark.parametrize("format", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_long_names_are_read_in_every_format_of_tar(format: int, tmp_path: Path) -> None:
    name = "/".join(["sessions", "a" * 90, "é" * 40, "b.json"])
    longer = "/".join(["c" * 200, "d" * 200, "e.json"])
    names = [name] if format == tarfile.USTAR_FORMAT else [name, longer, "short.json"]
    with tarfile.open(tmp_path / "a.tar", "w", format=format) as archive:
        for each in names:
            archive.addfile(tar_member(each, 2), io.BytesIO(b"{}"))
    assert read(tmp_path / "a.tar") == dict.fromkeys(names, b"{}")


def test_global_headers_of_pax_are_no_members(tmp_path: Path) -> None:
    with tarfile.open(
        tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT, pax_headers={"comment": "by git"}
    ) as archive:
        archive.addfile(tar_member("a.json", 2), io.BytesIO(b"{}"))
    assert read(tmp_path / "a.tar") == {"a.json": b"{}"}


def test_gzip_streams_may_follow_each_other_and_be_padded(tmp_path: Path) -> None:
    tar = packed(tmp_path / "a.tar", FILES).read_bytes()
    path = tmp_path / "a.tgz"
    path.write_bytes(gzip.compress(tar[:700]) + gzip.compress(tar[700:]) + bytes(5000))
    assert read(path) == DOCUMENTS


def test_a_zip_written_to_a_pipe_is_read_by_its_directory(tmp_path: Path) -> None:
    pipe = archives.Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        for path, content in FILES.items():
            archive.writestr(path, content)
    (tmp_path / "a.zip").write_bytes(pipe.written.getvalue())
    assert read(tmp_path / "a.zip") == DOCUMENTS


def test_zip64_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(zipfile, "ZIP_FILECOUNT_LIMIT", 2)
    monkeypatch.setattr(zipfile, "ZIP64_LIMIT", 20)
    path = packed(tmp_path / "a.zip", FILES)
    assert b"PK\6\7" in path.read_bytes()
    assert read(path) == DOCUMENTS


def test_the_unicode_name_of_a_zip_member_counts_while_it_fits_the_other(tmp_path: Path) -> None:
    for crc, expected in ((zlib.crc32(b"?.json"), "é.json"), (1, "?.json")):
        value = struct.pack("<BI", 1, crc) + "é.json".encode()
        part = Part(b"?.json", extra=struct.pack("<HH", 0x7075, len(value)) + value)
        assert read(forge(tmp_path / "a.zip", part)) == {expected: b"{}"}


@pytest.mark.parametrize("kind", KINDS)
def test_what_one_process_listed_another_reads(kind: str, tmp_path: Path) -> None:
    source = open_archive(packed(tmp_path / f"a.{kind}", FILES))
    entries = list(source.list())
    _held.append((source, entries))
    with ProcessPoolExecutor(2, get_context("fork")) as pool:
        assert list(pool.map(_read_held, range(4))) == [DOCUMENTS] * 4
    _held.clear()
    assert contents(source) == DOCUMENTS


_held: list[tuple[Source, list[Entry]]] = []


def _read_held(_: int) -> dict[str, bytes]:
    source, entries = _held[0]
    found = {}
    # Backwards: no order may be taken for granted.
    for entry in reversed(entries):
        with source.open(entry) as document:
            found[entry.path] = document.read(1_000_000)
    return found


@pytest.mark.parametrize("kind", KINDS)
def test_an_archive_that_is_replaced_or_written_to_is_read_no_further(
    kind: str, tmp_path: Path
) -> None:
    path = packed(tmp_path / f"a.{kind}", FILES)
    source = open_archive(path)
    entry = next(source.list("history"))
    with source.open(entry) as document:
        document.read(10)
        os.utime(path, ns=(0, 0))
        with pytest.raises(WrongRequest, match="replaced or written to"):
            document.stamp()
    with pytest.raises(WrongRequest, match="replaced or written to"), source.open(entry):
        pass
    with pytest.raises(WrongRequest, match="replaced or written to"):
        list(source.list())
    path.unlink()
    with pytest.raises(WrongRequest, match="is gone"), source.open(entry):
        pass


def test_large_documents_of_a_gzipped_tar_are_opened_twice_at_no_great_cost(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    noise = random.Random(1).randbytes(300_000)
    path = packed(tmp_path / "a.tgz", {f"{n}.json": noise * 2 for n in range(30)})
    source = open_archive(path)
    entries = list(source.list())
    fetched = archives.count_fetched(monkeypatch)
    # Hashed in a batch, then sent one by one.
    for batch in range(0, len(entries), 10):
        for entry in [*entries[batch : batch + 10]] * 2:
            with source.open(entry) as document:
                assert document.read(700_000) == noise * 2
    assert sum(fetched) < 3 * path.stat().st_size


def test_archives_are_told_by_name(tmp_path: Path) -> None:
    names = ("a.zip", "A.ZIP", "a.tar", "a.tar.gz", "a.TGZ")
    assert all(is_archive(Path(name)) for name in names)
    assert not any(is_archive(Path(name)) for name in ("a", "zip", "a.json", "a.gz", "a.tar.bz2"))
    assert read(packed(tmp_path / "A.ZIP", FILES)) == DOCUMENTS


def test_an_entry_tells_its_stamp_when_listed(tmp_path: Path) -> None:
    (entry,) = open_archive(packed(tmp_path / "a.tgz", {"a.json": b"[]"})).list()
    stamp = Stamp(2, MODIFIED * 1_000_000, f"crc32:{zlib.crc32(b'[]'):08x}")
    assert entry == Entry("a.json", stamp, None, 512)


_MEASURE = """
import sys
from pathlib import Path
from loaders.sources.archives import open_archive
source = open_archive(Path(sys.argv[1]))
count = sum(1 for _ in source.list())
print(count, *[line.split()[1] for line in open("/proc/self/status") if line[:5] == "VmHWM"])
"""


@pytest.mark.long
@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="no /proc on this system")
@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_two_hundred_thousand_members_take_no_more_memory_than_two_thousand(
    kind: str, tmp_path: Path
) -> None:
    peaks = []
    for count in (2_000, 200_000):
        path = archives.many(tmp_path / f"{count}.{kind}", count)
        output = subprocess.run(
            [sys.executable, "-c", _MEASURE, path],
            cwd=ROOT, check=True, capture_output=True, text=True,
        ).stdout  # fmt: skip
        listed, peak = output.split()
        assert int(listed) == count
        peaks.append(int(peak) / 1024)
    assert peaks[1] < peaks[0] + 12
    assert peaks[1] < 100


@pytest.mark.parametrize("kind", KINDS)
def test_the_same_tree_as_an_archive_lands_nothing(
    database: object, tree: Tree, kind: str, tmp_path: Path
) -> None:
    tree.write("sessions/a/session.json", {"session_id": "a", "user_id": "T1"})
    tree.write("sessions/a/scorecard.json", {"overall": {"score": 85}})
    tree.write("history_T1.json", [])
    assert counters(load_source(tree.root, None, Scope())).landed == 3
    files = {
        str(file.relative_to(tree.root)): file.read_bytes()
        for file in tree.root.rglob("*")
        if file.is_file()
    }
    again = counters(load_source(packed(tmp_path / f"same.{kind}", files), None, Scope()))
    assert (again.seen, again.landed, again.unchanged, again.vanished) == (3, 0, 3, 0)


@pytest.mark.parametrize("kind", KINDS)
def test_a_document_that_changed_within_the_second_is_not_taken_for_the_old_one(
    database: object, kind: str, tmp_path: Path
) -> None:
    path = "sessions/a/scorecard.json"
    for number in (1, 2):
        archive = packed(tmp_path / f"{number}.{kind}", {path: b'{"n": %d}' % number})
        assert counters(load_source(archive, None, Scope())).landed == 1
    again = counters(load_source(archive, None, Scope()))
    assert (again.landed, again.unchanged) == (0, 1)
