"""A container of Azure or S3 that fails: what is tried again, and whose fault an error is."""

import importlib.util
import socket
import subprocess
import sys

import pytest

from loaders.errors import WorkFailed, WrongRequest
from loaders.sources.object_stores import source as object_store
from loaders.sources.object_stores.client import ATTEMPTS
from loaders.sources.object_stores.source import is_object_store, open_object_store
from loaders.sources.source import Entry
from tests.conftest import ROOT
from tests.flaky_proxy import CUT, DROP, FORWARD, Asked, FlakyProxy, Refusal
from tests.object_stores import SECRET, StoreUnderTest

pytestmark = pytest.mark.xdist_group("object-stores")

BUSY = Refusal(503, "SlowDown")
BROKEN = Refusal(500, "InternalError")
FAILURES = [BUSY, BROKEN, Refusal(429, "Throttling"), DROP]
FAILURE_NAMES = ["503", "500", "429", "dropped"]
# Both kinds of store quote what was signed, or with what.
EXPIRED = {
    "az": Refusal(403, "AuthenticationFailed", f"Signature not valid, {SECRET}"),
    "s3": Refusal(403, "SignatureDoesNotMatch", f"StringToSign {SECRET}"),
}
ARCHIVED = {"az": Refusal(409, "BlobArchived"), "s3": Refusal(403, "InvalidObjectState")}
FORBIDDEN = {
    "az": Refusal(403, "AuthorizationPermissionMismatch"),
    "s3": Refusal(403, "AccessDenied"),
}


def read(store: StoreUnderTest, entry: Entry) -> bytes:
    with store.source().open(entry) as opened:
        return opened.read(1000)


@pytest.mark.parametrize("failure", [*FAILURES, CUT], ids=[*FAILURE_NAMES, "cut"])
def test_what_may_pass_is_tried_again(
    store: StoreUnderTest, proxy: FlakyProxy, failure: str | Refusal
) -> None:
    store.put("a.json", b'{"a": 1}')
    proxy.fail(ATTEMPTS - 1, failure)
    entry = store.entry()
    assert len(proxy.pages) == ATTEMPTS
    proxy.fail(ATTEMPTS - 1, failure)
    assert read(store, entry) == b'{"a": 1}'
    assert len(proxy.reads) == ATTEMPTS


@pytest.mark.parametrize("failure", FAILURES, ids=FAILURE_NAMES)
def test_an_outage_ends_the_load_and_blames_no_document(
    store: StoreUnderTest, proxy: FlakyProxy, failure: str | Refusal
) -> None:
    store.put("a.json", b'{"a": 1}')
    entry = store.entry()
    proxy.rule = lambda asked: failure
    with pytest.raises(WorkFailed, match=r"does not answer.*load again"):
        read(store, entry)
    # Of a connection that breaks the libraries make up to three of their own.
    assert ATTEMPTS <= len(proxy.reads) <= 3 * ATTEMPTS
    with pytest.raises(WrongRequest, match="cannot be reached"):
        list(store.source().list())


def test_a_store_that_is_not_there_cannot_be_reached(store: StoreUnderTest) -> None:
    store.put("a.json", b"{}")
    source, entry = store.source(), store.entry()
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        store.use_port(unused.getsockname()[1], SECRET)
        with pytest.raises(WrongRequest, match="cannot be reached: connection refused") as error:
            list(source.list())
        with pytest.raises(WorkFailed, match="does not answer: connection refused") as failure:
            read(store, entry)
    assert SECRET not in str(error.value) + str(failure.value)


@pytest.mark.parametrize("failure", [BROKEN, DROP], ids=["500", "dropped"])
def test_a_blob_that_fails_while_the_store_answers_is_to_blame_itself(
    store: StoreUnderTest, proxy: FlakyProxy, failure: str | Refusal
) -> None:
    store.put("a.json", b'{"a": 1}')
    store.put("b.json", b'{"b": 1}')
    bad, good = sorted(store.source().list())
    proxy.rule = lambda asked: failure if "a.json" in asked.path else FORWARD
    with pytest.raises(OSError, match="does not hand it out"):
        read(store, bad)
    assert read(store, good) == b'{"b": 1}'


@pytest.mark.parametrize("refusals", [ARCHIVED, FORBIDDEN], ids=["archived", "forbidden"])
def test_a_blob_that_is_refused_is_refused_at_once(
    store: StoreUnderTest, proxy: FlakyProxy, refusals: dict[str, Refusal]
) -> None:
    store.put("a.json", b"{}")
    entry = store.entry()
    refusal = refusals[store.scheme]
    proxy.rule = lambda asked: FORWARD if asked.is_listing else refusal
    with pytest.raises(OSError, match=f"{refusal.status} {refusal.code}"):
        read(store, entry)
    assert len(proxy.reads) == 1


def test_many_refused_in_a_row_are_the_fault_of_the_store(
    store: StoreUnderTest, proxy: FlakyProxy, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(object_store, "REFUSED_IN_A_ROW", 3)
    store.put("a.json", b"{}")
    store.put("b.json", b"{}")
    source = store.source()
    bad, good = sorted(source.list())

    def rule(asked: Asked) -> str | Refusal:
        return FORBIDDEN[store.scheme] if "a.json" in asked.path else FORWARD

    proxy.rule = rule
    for _ in range(2):
        for _ in range(2):
            with pytest.raises(OSError, match="does not hand it out"), source.open(bad):
                pass
        with source.open(good):
            pass
    for _ in range(2):
        with pytest.raises(OSError, match="does not hand it out"), source.open(bad):
            pass
    with pytest.raises(WorkFailed, match="hands none out"), source.open(bad):
        pass


def test_credentials_that_expire_on_the_way_end_the_load(
    store: StoreUnderTest, proxy: FlakyProxy
) -> None:
    store.put("a.json", b"{}")
    entry = store.entry()
    proxy.rule = lambda asked: EXPIRED[store.scheme]
    with pytest.raises(WorkFailed, match="does not accept the credentials") as failure:
        read(store, entry)
    with pytest.raises(WrongRequest, match="not open to these credentials") as error:
        list(store.source().list())
    assert SECRET not in str(error.value) + str(failure.value)
    assert len(proxy.reads) == 1


def test_a_wrong_key_is_told_without_the_key(store: StoreUnderTest) -> None:
    if store.scheme == "az":
        store.use_port(store.port, SECRET)
        expected = "Set AZURE_STORAGE_CONNECTION_STRING"
    else:
        # moto takes any key, but none at all does not get as far as moto.
        for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
            store.monkeypatch.delenv(name)
        store.monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", "/dev/null")
        expected = "NoCredentialsError.*Set AWS_ACCESS_KEY_ID"
    with pytest.raises(WrongRequest, match=expected) as error:
        list(store.source().list())
    assert SECRET not in str(error.value)


def test_what_is_no_key_or_address_at_all_is_told_too(store: StoreUnderTest) -> None:
    if store.scheme == "az":
        store.monkeypatch.setenv("AZURE_STORAGE_CONNECTION_STRING", SECRET)
    else:
        store.monkeypatch.setenv("AWS_ENDPOINT_URL", SECRET)
    with pytest.raises(WrongRequest, match="not open to these credentials") as error:
        list(store.source().list())
    assert SECRET not in str(error.value)


def test_a_key_that_is_not_base64_is_told_without_the_key(store: StoreUnderTest) -> None:
    store.use_port(store.port, "no-base64!")
    if store.scheme == "az":
        with pytest.raises(WrongRequest, match="not open to these credentials") as error:
            list(store.source().list())
        assert "no-base64" not in str(error.value)
    else:
        assert list(store.source().list()) == []


def test_a_container_that_is_not_there_is_named(store: StoreUnderTest) -> None:
    source = open_object_store(f"{store.scheme}://nowhere-to-be-found/p", "")
    with pytest.raises(WrongRequest, match="nowhere-to-be-found does not exist"):
        list(source.list())


def test_a_container_that_may_not_be_listed_is_told(
    store: StoreUnderTest, proxy: FlakyProxy
) -> None:
    proxy.rule = lambda asked: FORBIDDEN[store.scheme]
    with pytest.raises(WrongRequest, match=r"may not be listed.*Grant"):
        list(store.source().list())
    assert len(proxy.asked) == 1


@pytest.mark.parametrize(
    "url",
    [
        f"s3://AKIA:{SECRET}@bucket/p",
        f"s3://AKIA:{SECRET}",
        f"az://container/p?sv=2020&sig={SECRET}",
        f"az://container/p#{SECRET}",
        f"az://container@{SECRET}/p",
        f"gs://user:{SECRET}@bucket/p",
        f"https://account.blob.core.windows.net/container?sig={SECRET}",
        f"s3://{SECRET} /p",
        f"az:///{SECRET}",
    ],
)
def test_a_url_that_is_refused_is_not_repeated(url: str) -> None:
    with pytest.raises(WrongRequest, match="az://container/prefix and s3://bucket/prefix") as error:
        open_object_store(url, "")
    assert SECRET not in str(error.value)


def test_a_url_is_told_from_a_path() -> None:
    assert all(map(is_object_store, ("az://c", "s3://b/p", "S3://b", "gs://b", "http://h/p")))
    assert not any(map(is_object_store, ("tree", "/a/b", "a.tar.gz", "./az:/c", "a/s3://b")))


@pytest.mark.parametrize(("url", "extra"), [("az://cont/p", "azure"), ("s3://bucket/p", "s3")])
def test_a_missing_extra_is_named(url: str, extra: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(WrongRequest, match=rf"pip install 'pulse-elt\[{extra}\]'"):
        open_object_store(url, "")


def test_azure_without_any_credentials_says_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(WrongRequest, match="Set AZURE_STORAGE_CONNECTION_STRING, or"):
        open_object_store("az://container/p", "")


def test_nothing_is_imported_or_started_before_it_is_used() -> None:
    script = (
        "import sys, threading\n"
        f"from {object_store.__name__} import open_object_store\n"
        "source = open_object_store('s3://bucket/p', 'r')\n"
        "assert source.name == 's3://bucket/p/r'\n"
        "assert not {'fsspec', 's3fs', 'adlfs'} & set(sys.modules)\n"
        "assert threading.active_count() == 1\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
