"""Archives that are not to be trusted: refused by name, before anything is listed."""

import gzip
import io
import os
import random
import resource
import stat
import struct
import tarfile
import tracemalloc
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest

from loaders.errors import WorkFailed, WrongRequest
from loaders.sources.archives import Limits, open_archive
from tests.loaders.archives import (
    KINDS,
    Part,
    Unseekable,
    count_fetched,
    forge,
    packed,
    read,
    tar_member,
)

GOOD = {"sessions/a/scorecard.json": b'{"overall": {"score": 85}}', "b.json": b"[1]"}
ZEROS = bytes(64 * 1024 * 1024)


def refused(path: Path, *parts: str, limits: Limits | None = None) -> str:
    """Expect that nothing is listed, and that the error names the archive and the parts."""
    with pytest.raises(WrongRequest) as raised:
        next(open_archive(path, "", limits).list(), None)
    message = str(raised.value)
    assert raised.value.exit_code == 2
    for part in (str(path), *parts):
        assert part in message
    return message


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("name", "shown", "what"),
    [
        ("../x.json", "../x.json", "'..' in its name"),
        ("a/../../x.json", "a/../../x.json", "'..' in its name"),
        ("a/..", "a/..", "'..' in its name"),
        ("a\\..\\x.json", "a\\..\\x.json", "'..' in its name"),
        ("/etc/x.json", "/etc/x.json", "absolute name"),
        ("//server/x.json", "//server/x.json", "absolute name"),
        ("\\x.json", "\\x.json", "absolute name"),
        ("\\\\server\\share\\x.json", "\\\\server\\share\\x.json", "absolute name"),
        ("C:\\x.json", "C:\\x.json", "absolute name"),
        ("c:/x.json", "c:/x.json", "absolute name"),
        ("C:x.json", "C:x.json", "absolute name"),
        (".", ".", "has no name"),
        ("..\x1b[31m/../x.json", "..\\x1b[31m/../x.json", "'..' in its name"),
        *[
            (f"backup{end}", f"backup{end}", "is an archive itself")
            for end in (".zip", ".tar", ".tar.gz", ".TGZ", ".json.gz", ".bz2", ".xz", ".7z", ".zst")
        ],
    ],
)
def test_a_name_that_leads_out_or_to_another_archive(
    kind: str, name: str, shown: str, what: str, tmp_path: Path
) -> None:
    refused(packed(tmp_path / f"a.{kind}", {**GOOD, name: b"{}"}), f"member {shown} ", what)


def test_a_folder_whose_name_leads_out(tmp_path: Path) -> None:
    refused(forge(tmp_path / "a.zip", Part(b"../", b"")), "../", "'..' in its name")


def test_a_zero_byte_in_a_name(tmp_path: Path) -> None:
    refused(forge(tmp_path / "a.zip", Part(b"a.json\0.txt")), "a.json\\x00.txt", "zero byte")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.filterwarnings("ignore:Duplicate name")
def test_a_name_that_comes_twice(kind: str, tmp_path: Path) -> None:
    files = {**GOOD, "./b.json": b"[2]"}
    refused(packed(tmp_path / f"a.{kind}", files), "member b.json comes twice")
    files = {**GOOD, "x.txt": b"", "./x.txt": b""}
    refused(packed(tmp_path / f"b.{kind}", files), "member x.txt comes twice")


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize(
    ("type", "what"),
    [
        (tarfile.SYMTYPE, "symbolic link"),
        (tarfile.LNKTYPE, "hard link"),
        (tarfile.CHRTYPE, "character device"),
        (tarfile.BLKTYPE, "block device"),
        (tarfile.FIFOTYPE, "named pipe"),
        (tarfile.GNUTYPE_SPARSE, "sparse file"),
        (b"M", "another volume"),
    ],
)
def test_a_tar_member_that_is_no_file(kind: str, type: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    with tarfile.open(path, "w:gz" if kind == "tar.gz" else "w") as archive:
        member = tar_member("odd.json", 0, type)
        member.linkname = "/etc/passwd"
        archive.addfile(member)
    refused(path, "member odd.json is", what)


def test_a_sparse_file_of_pax(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.tar", "w", format=tarfile.PAX_FORMAT) as archive:
        member = tar_member("a.json")
        member.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.realsize": "9" * 15}
        archive.addfile(member)
    refused(tmp_path / "a.tar", "member a.json is a sparse file")


@pytest.mark.parametrize(
    ("part", "what"),
    [
        (Part(b"x.json", mode=stat.S_IFLNK | 0o777), "is a symbolic link"),
        (Part(b"x.json", mode=stat.S_IFIFO), "neither a file nor a folder"),
        (Part(b"x.json", mode=stat.S_IFBLK), "neither a file nor a folder"),
        (Part(b"x.json", flags=0x1), "is encrypted"),
        (Part(b"x.json", flags=0x41), "is encrypted"),
        (Part(b"x.json", method=9), "packed by method 9"),
        (Part(b"x.json", method=12), "packed by method 12"),
        (Part(b"x.json", method=93), "packed by method 93"),
        (Part(b"x.json", method=99, flags=1), "is encrypted"),
        (Part(b"x.json", crc=1), "does not match its checksum"),
        (Part(b"x.json", method=8, crc=1), "does not match its checksum"),
        (Part(b"x.json", b"", crc=1), "does not match its checksum"),
        (Part(b"x.json", b"[" * 90, method=8, size=9), "more than its header declares"),
        (Part(b"x.json", b"[" * 90, method=8, size=0), "more than its header declares"),
        (Part(b"x.json", b"[" * 90, method=8, size=2**32 - 2), "another size"),
        (Part(b"x.json", b"[" * 90, size=80), "more than its header declares"),
        (Part(b"x.json", b"[" * 90, size=99), "another size"),
        (Part(b"x.json", b"[" * 90, method=8, packed_size=3), "breaks off"),
        (Part(b"x.json", b"[" * 90, method=8, packed_size=2**31), "beyond the end"),
        (Part(b"x.json", b"[" * 90, packed_size=0, size=0), "checksum"),
        (Part(b"x.json", local_name=b"y.json"), "another one in its own header"),
        (Part(b"x.json", local_at=7), "not where the directory says"),
        (Part(b"x.json", local_at=2**32 - 2), "not where the directory says"),
    ],
)
def test_a_zip_member_that_is_odd_or_lies(part: Part, what: str, tmp_path: Path) -> None:
    refused(forge(tmp_path / "a.zip", Part(b"ok.json"), part), "member x.json ", what)


def test_zip_members_that_overlap(tmp_path: Path) -> None:
    # The content of the first is the second, whole.
    forge(tmp_path / "inner.zip", Part(b"inner.json"))
    inner = (tmp_path / "inner.zip").read_bytes()[: 30 + 10 + 2]
    at = 30 + len(b"outer.json")
    parts = Part(b"outer.json", inner), Part(b"inner.json", local_at=at)
    refused(forge(tmp_path / "a.zip", *parts), "member inner.json overlaps another")


@pytest.mark.parametrize(
    ("end", "what"),
    [
        ({"entries": 1}, "entries it should have"),
        ({"entries": 3}, "entries it should have"),
        ({"disk": 1}, "one part of several"),
        ({"begin": 0}, "not where it should be"),
        ({"begin": 2**32 - 1}, "not where it should be"),
        ({"size": 5}, "not where it should be"),
        # 104 bytes of directory stand behind two members of 38.
        ({"size": 5, "begin": 2 * 38 + 104 - 5}, "damaged"),
    ],
)
def test_a_zip_directory_that_lies(end: dict[str, int], what: str, tmp_path: Path) -> None:
    refused(forge(tmp_path / "a.zip", Part(b"a.json"), Part(b"b.json"), **end), what)


@pytest.mark.parametrize("added", [b"x", b"PK\5\6" + bytes(17)])
def test_a_zip_with_something_added(added: bytes, tmp_path: Path) -> None:
    path = packed(tmp_path / "a.zip", GOOD)
    path.write_bytes(path.read_bytes() + added)
    refused(path)


def test_a_zip64_end_that_contradicts_the_short_one(tmp_path: Path) -> None:
    path = forge(tmp_path / "a.zip", Part(b"a.json"))
    content = path.read_bytes()
    body, end = content[:-22], content[-22:]
    size, begin = struct.unpack("<II", end[12:20])
    for entries, name in ((2, "a.json"), (1, "b.json")):
        end64 = struct.pack("<4sQ2H2I4Q", b"PK\6\6", 44, 45, 45, 0, 0, 1, 1, size, begin)
        where = len(body) + (0 if entries == 2 else 1)
        locator = struct.pack("<4sIQI", b"PK\6\7", 0, where, 1)
        short = end[:8] + struct.pack("<HH", entries, entries) + end[12:]
        path.write_bytes(body + end64 + locator + short)
        assert "contradicts itself" in refused(path), name


@pytest.mark.parametrize("kind", KINDS)
def test_wherever_an_archive_is_broken_off_it_is_refused(kind: str, tmp_path: Path) -> None:
    whole = packed(tmp_path / f"a.{kind}", GOOD).read_bytes()
    path = tmp_path / f"b.{kind}"
    # A tar archive is whole once the mark of its end is, and is padded after that.
    last = len(whole.rstrip(b"\0")) + 512 if kind == "tar" else len(whole)
    for size in range(0, last, 1 if len(whole) < 2000 else 97):
        path.write_bytes(whole[:size])
        with pytest.raises(WrongRequest):
            next(open_archive(path).list(), None)


@pytest.mark.parametrize("kind", KINDS)
def test_a_flipped_byte_gives_a_refusal_or_the_same_documents(kind: str, tmp_path: Path) -> None:
    content = bytearray(packed(tmp_path / f"a.{kind}", GOOD).read_bytes().rstrip(b"\0") + bytes(40))
    if kind == "tar":
        content += bytes(-len(content) % 512 + 1024)
    path = tmp_path / f"b.{kind}"
    refusals = 0
    for at in range(len(content)):
        content[at] ^= 0x55
        path.write_bytes(content)
        try:
            found = read(path)
        except WrongRequest:
            refusals += 1
        else:
            # Without checksums a tar archive cannot know; a renamed member is another one.
            assert len(found) <= 2
            assert kind != "tar.gz" or found == GOOD
            assert kind != "zip" or set(found.values()) <= set(GOOD.values())
        content[at] ^= 0x55
    assert refusals > 150


def test_a_broken_gzip_stream(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tgz", GOOD)
    content = path.read_bytes()
    path.write_bytes(content[:-8] + b"\0\1\2\3" + content[-4:])
    refused(path, "incorrect data check")
    path.write_bytes(content + b"more")
    refused(path, "damaged")
    path.write_bytes(content + bytes(100) + b"more")
    refused(path, "other data after its gzip stream")


def test_a_tar_that_is_damaged_in_the_middle_or_goes_on_after_its_end(tmp_path: Path) -> None:
    path = packed(tmp_path / "a.tar", GOOD)
    content = path.read_bytes()
    path.write_bytes(content[:1024] + b"X" * 512 + content[1536:])
    refused(path, "damaged header, at or after its member sessions/a/scorecard.json")
    path.write_bytes(content + content)
    refused(path, "goes on after the mark of its end")
    path.write_bytes(content[:1024] + bytes(512) + content[1024:])
    refused(path, "goes on after the mark of its end")


def _tar_header(size: bytes, kind: bytes = b"0") -> bytes:
    header = bytearray(tar_member("a.json", 0, kind).tobuf(tarfile.GNU_FORMAT))
    header[124:136] = size
    header[148:156] = b" " * 8
    header[148:156] = b"%06o\0 " % sum(header)
    return bytes(header)


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize(
    ("header", "what"),
    [
        (_tar_header(b"77777777777\0"), "member a.json breaks off"),
        (_tar_header(b"\x80" + bytes(3) + b"\x7f" + b"\xff" * 7), "member a.json breaks off"),
        (_tar_header(b"\x80" + b"\xff" * 11), "without a size"),
        (_tar_header(b"\xff" * 12), "without a size"),
        (_tar_header(b"99999999999\0"), "without a size"),
        (_tar_header(b"77777777777\0", b"x"), "extended header of 8,589,934,591 bytes"),
        (_tar_header(b"77777777777\0", b"L"), "extended header of 8,589,934,591 bytes"),
        (_tar_header(b"00000000700\0", b"x"), "cannot be read"),
    ],
)
def test_a_tar_header_that_lies(kind: str, header: bytes, what: str, tmp_path: Path) -> None:
    path = tmp_path / f"a.{kind}"
    content = header + b"no records" + bytes(2038)
    path.write_bytes(gzip.compress(content) if kind == "tar.gz" else content)
    refused(path, what)


def peak_bytes(read_all: Callable[[], object]) -> int:
    """Return the most memory that Python held at once while something was read."""
    tracemalloc.start()
    try:
        read_all()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["tar", "tar.gz"])
@pytest.mark.parametrize("type", [b"x", b"X", b"g", b"L", b"K"])
def test_a_large_extended_header_is_refused_before_it_is_read(
    kind: str, type: bytes, tmp_path: Path
) -> None:
    size = {"tar": 300_000_000, "tar.gz": 10_000_000}[kind]
    path = tmp_path / f"a.{kind}"
    header = _tar_header(b"%011o\0" % size, type)
    if kind == "tar":
        path.write_bytes(header)
        os.truncate(path, len(header) + size + 10_240)
    else:
        path.write_bytes(gzip.compress(header + bytes(size + 10_240), 1))
    peak = peak_bytes(lambda: refused(path, f"extended header of {size:,} bytes"))
    assert peak < 4_000_000


def _pax(key: bytes, value: bytes) -> bytes:
    record = b" %b=%b\n" % (key, value)
    # The length counts its own seven digits.
    return b"%07d%b" % (len(record) + 7, record)


def test_extended_headers_below_the_limit_do_not_add_up_in_memory(tmp_path: Path) -> None:
    path = tmp_path / "a.tar"
    with path.open("wb") as file:
        for number in range(60):
            # Python's own reader of tar archives takes minutes for a value of digits alone.
            body = _pax(b"comment.%d" % number, b"1" * 1_000_000)
            file.write(_tar_header(b"%011o\0" % len(body), b"g" if number % 2 else b"x"))
            file.write(body + bytes(-len(body) % 512))
        file.write(_tar_header(b"00000000002\0") + b"{}" + bytes(510 + 1024))
    assert peak_bytes(lambda: read(path)) < 8_000_000
    assert read(path) == {"a.json": b"{}"}


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_of_one_member(kind: str, tmp_path: Path) -> None:
    path = packed(tmp_path / f"a.{kind}", {**GOOD, "bomb.json": ZEROS})
    refused(path, "member bomb.json makes the archive unpack to more than 200 times")


@pytest.mark.parametrize("kind", ["zip", "tar.gz"])
def test_a_bomb_of_many_members_each_of_which_is_small(kind: str, tmp_path: Path) -> None:
    files = {f"{number}.json": ZEROS[: 4 * 1024 * 1024] for number in range(4)}
    refused(packed(tmp_path / f"a.{kind}", files), "200 times its packed size")


def test_a_bomb_behind_the_end_of_the_tar(tmp_path: Path) -> None:
    tar = packed(tmp_path / "a.tar", GOOD).read_bytes()
    (tmp_path / "a.tgz").write_bytes(gzip.compress(tar + ZEROS))
    refused(tmp_path / "a.tgz", "200 times its packed size")


def test_a_bomb_written_to_a_pipe_declares_nothing(tmp_path: Path) -> None:
    pipe = Unseekable()
    with zipfile.ZipFile(pipe, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("bomb.json", ZEROS)
    (tmp_path / "a.zip").write_bytes(pipe.written.getvalue())
    refused(tmp_path / "a.zip", "member bomb.json unpacks to more than 200 times")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(
    ("limits", "what"),
    [
        (Limits(members=2), "more than 2 members"),
        (Limits(member_bytes=99), "member c.json unpacks to more than 99 bytes"),
        (Limits(total_bytes=120), "unpack to more than 120 bytes"),
    ],
)
def test_every_limit_counts_what_comes_out(
    kind: str, limits: Limits, what: str, tmp_path: Path
) -> None:
    path = packed(tmp_path / f"a.{kind}", {**GOOD, "c.json": b"7" * 100})
    assert len(read(path)) == 3
    refused(path, what, limits=limits)


def test_reading_stops_as_soon_as_a_cap_is_passed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = packed(tmp_path / "a.tar", {"big.json": bytes(20_000_000)})
    fetched = count_fetched(monkeypatch)
    refused(path, "big.json unpacks to more than 1,000", limits=Limits(member_bytes=1_000))
    assert sum(fetched) < 2_000_000


def test_a_zip_member_that_is_not_what_was_listed_is_not_read(tmp_path: Path) -> None:
    noise = random.Random(1).randbytes(300_000)
    path = packed(tmp_path / "a.zip", {"a.json": noise})
    source = open_archive(path)
    (entry,) = source.list()
    before = path.stat()
    content = bytearray(path.read_bytes())
    content[150_000] ^= 1
    path.write_bytes(content)
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    with source.open(entry) as document, pytest.raises(WrongRequest, match=r"member a\.json"):
        list(iter(lambda: document.read(100_000), b""))


def test_no_room_for_the_listing_is_no_fault_of_the_archive(tmp_path: Path) -> None:
    # More names than SQLite keeps in memory.
    path = forge(tmp_path / "a.zip", *[Part(b"%01000d.json" % number) for number in range(5_000)])
    archive = open_archive(path)
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, hard))
    try:
        with pytest.raises(WorkFailed, match="TMPDIR"):
            next(archive.list())
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert sum(1 for _ in archive.list()) == 5_000


@pytest.mark.parametrize("name", ["a.zip", "a.tar", "a.tar.gz", "a.tgz"])
@pytest.mark.parametrize(
    "content",
    [b"", b"{}", b"PK", b"x" * 2000, gzip.compress(b"{}" * 2000, mtime=0), b"\x1f\x8bxxxxxxxxxxx"],
    ids=["empty", "JSON", "two letters", "no header", "gzip of none", "no gzip"],
)
def test_a_file_that_is_no_archive_by_its_content(
    name: str, content: bytes, tmp_path: Path
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(WrongRequest, match="its content is none"):
        open_archive(tmp_path / name)


def test_a_path_that_is_no_archive(tmp_path: Path) -> None:
    cases: list[tuple[Callable[[Path], object], str, str]] = [
        (lambda path: None, "a.zip", "does not exist"),
        (lambda path: path.mkdir(), "b.zip", "is no file"),
        (lambda path: path.write_bytes(b"{}"), "c.json", "ends in none of"),
    ]
    for make, name, what in cases:
        make(tmp_path / name)
        with pytest.raises(WrongRequest, match=what):
            open_archive(tmp_path / name)


def test_a_tar_named_like_a_zip(tmp_path: Path) -> None:
    with tarfile.open(tmp_path / "a.zip", "w") as archive:
        archive.addfile(tar_member("a.json", 2), io.BytesIO(b"{}"))
    with pytest.raises(WrongRequest, match="named like a zip archive, but its content is none"):
        open_archive(tmp_path / "a.zip")
