"""A container of Azure or S3 as a source: what is listed, and what is read."""

import gzip
import multiprocessing
import os
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from multiprocessing.connection import Connection

import pytest

from loaders.sources.object_stores import source as object_store
from loaders.sources.object_stores.client import Blob
from loaders.sources.source import PATH_NOT_UTF8, PATH_TOO_LONG, Entry, Source, Stamp
from tests.conftest import ROOT
from tests.flaky_proxy import FORWARD, Asked, FlakyProxy
from tests.object_stores import StoreUnderTest

# Both servers once, not once per worker.
pytestmark = pytest.mark.xdist_group("object-stores")

ONLY_AZURE = pytest.mark.parametrize("store", ["az"], indirect=True)
PART = 100


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(object_store, "PART_BYTES", PART)


def content_of(source: Source, entry: Entry) -> bytes:
    with source.open(entry) as opened:
        return b"".join(iter(lambda: opened.read(1 << 20), b""))


def paths(source: Source, prefix: str = "") -> list[str]:
    return sorted(entry.path for entry in source.list(prefix))


def use_pages_of(monkeypatch: pytest.MonkeyPatch, store: StoreUnderTest, size: int) -> None:
    kinds = object_store._KINDS
    monkeypatch.setitem(kinds, store.scheme, replace(kinds[store.scheme], page_size=size))


def test_json_below_the_prefix_is_listed_by_its_name_there(store: StoreUnderTest) -> None:
    for name in ("p/a.json", "p/s/1/b.json", "p/notes.txt", "p/c.json.bak", "other.json"):
        store.put(name, b"{}")
    store.put("p-too/d.json", b"{}")
    assert paths(store.source("p")) == ["a.json", "s/1/b.json"]
    assert paths(store.source("p/")) == ["a.json", "s/1/b.json"]
    assert paths(store.source()) == [
        *("other.json", "p-too/d.json"),
        *("p/a.json", "p/s/1/b.json"),
    ]
    assert store.source("p/").name == f"{store.url}/p"
    assert store.source().name == store.url


def test_a_root_is_a_folder_further_down(store: StoreUnderTest) -> None:
    store.put("p/r/s/a.json", b"1")
    store.put("p/rs/b.json", b"{}")
    source = store.source("p", "r")
    (entry,) = source.list()
    assert (entry.path, content_of(source, entry)) == ("s/a.json", b"1")
    assert source.name == f"{store.url}/p/r"


def test_a_prefix_is_left_to_the_server(store: StoreUnderTest, proxy: FlakyProxy) -> None:
    for name in ("p/scorecards/1.json", "p/sessions/1.json", "p/score.json"):
        store.put(name, b"{}")
    assert paths(store.source("p"), "score") == ["score.json", "scorecards/1.json"]
    assert [page.query["prefix"] for page in proxy.pages] == ["p/score"]


def test_pages_are_asked_for_one_at_a_time_however_deep_the_folders(
    store: StoreUnderTest, proxy: FlakyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_pages_of(monkeypatch, store, 10)
    expected = [f"sessions/{number:02}/scorecard.json" for number in range(25)]
    for name in expected:
        store.put(name, b"{}")
    entries = store.source().list()
    first = next(entries).path
    assert len(proxy.pages) == 1
    assert sorted([first, *(entry.path for entry in entries)]) == expected
    assert len(proxy.pages) == 3


def test_json_in_capitals_is_listed_too(store: StoreUnderTest) -> None:
    for name in ("p/a.JSON", "p/b.Json", "p/c.JSON.bak", "p/json"):
        store.put(name, b"{}")
    assert paths(store.source("p")) == ["a.JSON", "b.Json"]


def test_an_empty_container_lists_nothing(store: StoreUnderTest) -> None:
    assert paths(store.source()) == []
    assert paths(store.source("nowhere")) == []


def test_markers_of_folders_are_no_documents(store: StoreUnderTest) -> None:
    store.put("p/a.json/", b"")
    store.put("p/a.json/b.json", b"{}")
    assert paths(store.source("p")) == ["a.json/b.json"]


@ONLY_AZURE
def test_folders_of_a_hierarchical_namespace_are_no_documents(store: StoreUnderTest) -> None:
    from azure.storage.blob import BlobServiceClient

    service = BlobServiceClient.from_connection_string(
        os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    )
    container = service.get_container_client(store.container)
    container.upload_blob("folder.json", b"", metadata={"hdi_isfolder": "true"})
    container.upload_blob("file.json", b"{}", metadata={"owner": "someone"})
    assert paths(store.source()) == ["file.json"]


def test_listing_and_reading_tell_the_same_stamp(store: StoreUnderTest) -> None:
    store.put("a.json", b'{"a": 1}')
    source, entry = store.source(), store.entry()
    assert entry.stamp is not None
    assert entry.stamp.size == 8
    assert entry.stamp.etag
    assert '"' not in entry.stamp.etag
    assert entry.stamp.modified_us is not None
    assert entry.stamp.modified_us % 1_000_000 == 0
    assert source.look(entry) == entry
    with source.open(entry) as opened:
        assert opened.read(5) == b'{"a":'
        assert opened.read(100) == b" 1}"
        assert opened.read(100) == b""
        assert opened.stamp() == entry.stamp


def test_a_small_document_takes_one_request(store: StoreUnderTest, proxy: FlakyProxy) -> None:
    content = os.urandom(1_000_000)
    store.put("a.json", content)
    entry = store.entry()
    assert content_of(store.source(), entry) == content
    assert len(proxy.reads) == 1


def test_an_empty_document_is_empty(store: StoreUnderTest) -> None:
    store.put("a.json", b"")
    source, entry = store.source(), store.entry()
    with source.open(entry) as opened:
        assert opened.read(10) == b""
        assert opened.stamp() == entry.stamp


@pytest.mark.parametrize("size", [PART - 1, PART, PART + 1, 3 * PART])
@pytest.mark.usefixtures("small_parts")
def test_a_large_document_is_read_part_by_part(store: StoreUnderTest, size: int) -> None:
    content = os.urandom(size)
    store.put("a.json", content)
    assert content_of(store.source(), store.entry()) == content


def test_strange_names_stay_apart_and_as_they_are(store: StoreUnderTest) -> None:
    names = [
        *("a/b.json", "a//b.json", "/a/b.json", "a/b%2F.json", "a b+c.json"),
        *("ä€😀.json", "q?x=1#y.json", "..json"),
    ]
    if store.scheme == "s3":
        # Azure, and what talks to it, resolves these before they become names.
        names += ["a/./b.json", "x/../a/b.json", "a\\b.json"]
    for name in names:
        store.put(f"p/{name}", name.encode())
    source = store.source("p")
    entries = list(source.list())
    assert sorted(entry.path for entry in entries) == sorted(names)
    for entry in entries:
        assert (content_of(source, entry), entry.problem) == (entry.path.encode(), None)


@ONLY_AZURE
def test_a_name_that_is_too_long_is_listed_under_another(store: StoreUnderTest) -> None:
    store.put("p/" + "ü" * 600 + ".json", b"{}")
    entry = store.entry("p")
    assert entry.problem == PATH_TOO_LONG
    assert entry.path.startswith("/ü")
    assert len(entry.path.encode()) <= 1024


def test_a_name_that_postgresql_cannot_hold_is_listed_under_another() -> None:
    blob = Blob("p/a\0\\.json", Stamp(1, 0, "e"))
    entry = object_store._entry(blob, "p/")
    assert (entry.path, entry.problem) == ("/a\\x00\\\\.json", PATH_NOT_UTF8)


@ONLY_AZURE
def test_what_calls_itself_gzip_is_read_as_it_is_stored(store: StoreUnderTest) -> None:
    from azure.storage.blob import BlobServiceClient, ContentSettings

    service = BlobServiceClient.from_connection_string(
        os.environ["AZURE_STORAGE_CONNECTION_STRING"]
    )
    content = gzip.compress(b"{}")
    service.get_container_client(store.container).upload_blob(
        "a.json", content, content_settings=ContentSettings(content_encoding="gzip")
    )
    assert content_of(store.source(), store.entry()) == content


def test_a_blob_replaced_since_it_was_listed_is_read_as_it_is_now(store: StoreUnderTest) -> None:
    store.put("a.json", b"old")
    source, entry = store.source(), store.entry()
    store.put("a.json", b"newer")
    now = store.entry()
    with source.open(entry) as opened:
        assert opened.read(100) == b"newer"
        assert opened.stamp() == now.stamp != entry.stamp
    assert content_of(source, now) == b"newer"


def test_a_blob_emptied_since_it_was_listed_is_empty(store: StoreUnderTest) -> None:
    store.put("a.json", b"old")
    source, entry = store.source(), store.entry()
    store.put("a.json", b"")
    with source.open(entry) as opened:
        assert opened.read(100) == b""
        assert opened.stamp() == store.entry().stamp


@pytest.mark.usefixtures("small_parts")
@pytest.mark.parametrize("replacement", [b"n" * 3 * PART, b"n", b""])
def test_a_blob_replaced_while_it_is_read_has_another_stamp(
    store: StoreUnderTest, replacement: bytes
) -> None:
    store.put("a.json", b"o" * 3 * PART)
    source, entry = store.source(), store.entry()
    with source.open(entry) as opened:
        assert opened.read(PART) == b"o" * PART
        assert opened.stamp() == entry.stamp
        store.put("a.json", replacement)
        assert opened.read(PART) == b""
        assert opened.read(PART) == b""
        assert opened.stamp() == store.entry().stamp != entry.stamp


@pytest.mark.usefixtures("small_parts")
def test_a_blob_that_is_gone_is_not_found(store: StoreUnderTest) -> None:
    store.put("a.json", b"o" * 3 * PART)
    source, entry = store.source(), store.entry()
    with source.open(entry) as opened:
        opened.read(PART)
        store.delete("a.json")
        with pytest.raises(FileNotFoundError):
            opened.read(PART)
    with pytest.raises(FileNotFoundError), source.open(entry):
        pass


def test_sixteen_documents_are_opened_at_once(store: StoreUnderTest, proxy: FlakyProxy) -> None:
    for number in range(64):
        store.put(f"{number}.json", str(number).encode())
    source = store.source()
    entries = list(source.list())
    # Broken, so that requests fail, unless sixteen are under way at the same time.
    together = threading.Barrier(source.opened_at_once, timeout=30)

    def rule(asked: Asked) -> str:
        together.wait()
        return FORWARD

    proxy.rule = rule
    with ThreadPoolExecutor(source.opened_at_once) as threads:
        contents = list(threads.map(lambda entry: content_of(source, entry), entries))
    assert contents == [entry.path.removesuffix(".json").encode() for entry in entries]
    assert len(proxy.reads) == 64


@pytest.mark.parametrize("has_listed", [True, False])
def test_a_forked_process_connects_by_itself(store: StoreUnderTest, has_listed: bool) -> None:
    store.put("a.json", b"42")
    source, entry = store.source(), store.entry()
    if has_listed:
        assert list(source.list()) == [entry]
        assert content_of(source, entry) == b"42"
    context = multiprocessing.get_context("fork")
    for _ in range(2):
        here, there = context.Pipe()
        child = context.Process(target=_read_in_child, args=(source, entry, there))
        child.start()
        assert here.poll(30)
        assert here.recv() == (b"42", [entry])
        child.join(30)
        assert child.exitcode == 0
        assert content_of(source, entry) == b"42"


def _read_in_child(source: Source, entry: Entry, answer: Connection) -> None:
    answer.send((content_of(source, entry), list(source.list())))


_STREAM = """
import resource, sys
from loaders.sources.object_stores.source import open_object_store

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss

source = open_object_store(sys.argv[1])
small, large = sorted(source.list(), key=lambda entry: entry.stamp.size)
with source.open(small) as opened:
    opened.read(10)
before = peak()
size = 0
with source.open(large) as opened:
    while chunk := opened.read(1 << 20):
        size += len(chunk)
    assert opened.stamp() == large.stamp
print(size, peak() - before)
"""


def test_a_blob_of_64_mb_is_never_held_whole_and_nothing_is_said_at_exit(
    store: StoreUnderTest,
) -> None:
    store.put("large.json", bytes(64 << 20))
    store.put("small.json", b"{}")
    done = subprocess.run(
        [sys.executable, "-c", _STREAM, store.url],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    size, grown_kb = map(int, done.stdout.split())
    assert size == 64 << 20
    assert grown_kb < 24 << 10
