"""Configuration in a blob container, found by the application's own variables."""

import uuid
from collections.abc import Callable

import pytest

from pulse_store import Store, StoreUnavailable
from tests.object_stores import PUBLIC_KEY, SECRET, _azure, environment
from tests.store.conftest import MakeStore

Put = Callable[[str, bytes], None]


@pytest.fixture
def container(
    azurite_port: int, monkeypatch: pytest.MonkeyPatch, make_store: MakeStore
) -> tuple[Store, Put]:
    """A store whose configuration is below a prefix of a container, and how to put some there."""
    for name, value in environment("az", azurite_port).items():
        monkeypatch.setenv(name, value)
    name = f"c{uuid.uuid4().hex}"
    put, _ = _azure(name, azurite_port)
    return make_store(files=f"az://{name}/data"), put


def test_configuration_is_read_below_the_prefix_of_a_container(
    container: tuple[Store, Put],
) -> None:
    store, put = container
    for name in ("data/prompts/b.json", "data/prompts/a.json", "prompts/outside.json"):
        put(name, b'{"of": "a container"}')
    put("data/sessions/a/session.json", b'{"of": "files"}')
    assert store.read_json("prompts/a.json") == {"of": "a container"}
    assert store.read_json("prompts/none.json") is None
    assert store.exists("prompts/b.json")
    assert not store.exists("prompts/outside.json")
    assert store.list_names("prompts/") == ["prompts/a.json", "prompts/b.json"]
    store.write_json("sessions/b/session.json", {})
    assert store.list_names("") == [
        "prompts/a.json", "prompts/b.json", "sessions/b/session.json",
    ]  # fmt: skip
    assert store.read_json("sessions/a/session.json") is None


@pytest.mark.parametrize("trouble", ["no server", "no right", "no container"])
def test_a_container_that_does_not_answer_is_no_empty_one(
    azurite_port: int, monkeypatch: pytest.MonkeyPatch, make_store: MakeStore, trouble: str
) -> None:
    port = 1 if trouble == "no server" else azurite_port
    secret = SECRET if trouble == "no right" else PUBLIC_KEY
    for name, value in environment("az", port, secret).items():
        monkeypatch.setenv(name, value)
    store = make_store(files="az://nowhere")
    for call in (store.read_json, store.exists, store.read_version):
        with pytest.raises(StoreUnavailable, match=r"Cannot read configuration|no container"):
            call("agents.json")
    with pytest.raises(StoreUnavailable):
        store.list_names("prompts/")


def test_without_an_account_the_message_names_the_variables(
    monkeypatch: pytest.MonkeyPatch, make_store: MakeStore
) -> None:
    for name in ("AZURE_STORAGE_CONNECTION_STRING", "AZURE_STORAGE_ACCOUNT_NAME"):
        monkeypatch.delenv(name, raising=False)
    with pytest.raises(StoreUnavailable, match="AZURE_STORAGE_CONNECTION_STRING"):
        make_store(files="az://container").read_json("agents.json")
