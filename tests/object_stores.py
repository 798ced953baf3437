"""Real object stores on this machine: Azurite for az://, moto's server for s3://."""

import os
import re
import subprocess
import sys
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from loaders.sources.object_stores.source import open_object_store
from loaders.sources.source import Entry, Source
from tests.flaky_proxy import FlakyProxy, running_proxy

if TYPE_CHECKING:
    from botocore.client import BaseClient

AZURITE = Path(__file__).parent / "azurite" / "node_modules" / ".bin" / "azurite-blob"

# The account that every Azurite has; its key is in Microsoft's documentation.
_ACCOUNT = "devstoreaccount1"
PUBLIC_KEY = (
    "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw=="
)
SECRET = "c2VjcmV0LW9mLXRoZS10ZXN0cw=="  # noqa: S105


@dataclass(frozen=True)
class StoreUnderTest:
    """A container of its own for each test, and how a test changes what is in it."""

    scheme: str
    container: str
    port: int
    put: Callable[[str, bytes], None]
    delete: Callable[[str], None]
    monkeypatch: pytest.MonkeyPatch = field(repr=False)

    @property
    def url(self) -> str:
        """The URL of the container."""
        return f"{self.scheme}://{self.container}"

    def source(self, prefix: str = "", root: str = "") -> Source:
        """Return a new source."""
        return open_object_store(f"{self.url}/{prefix}", root)

    def entry(self, prefix: str = "") -> Entry:
        """Return the only entry that is listed."""
        (entry,) = self.source(prefix).list()
        return entry

    def use_port(self, port: int, secret: str = PUBLIC_KEY) -> None:
        """Let the environment name the store at another port, or with another key."""
        for name, value in environment(self.scheme, port, secret).items():
            self.monkeypatch.setenv(name, value)


def environment(scheme: str, port: int, secret: str = PUBLIC_KEY) -> dict[str, str]:
    """Return the variables that name a store at a local port."""
    address = f"http://127.0.0.1:{port}"
    if scheme == "az":
        return {
            "AZURE_STORAGE_CONNECTION_STRING": f"DefaultEndpointsProtocol=http;"
            f"AccountName={_ACCOUNT};AccountKey={secret};BlobEndpoint={address}/{_ACCOUNT};"
        }
    return {
        "AWS_ENDPOINT_URL": address,
        "AWS_ACCESS_KEY_ID": "AKIATEST",
        "AWS_SECRET_ACCESS_KEY": secret,
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def azurite_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of an Azurite."""
    if not AZURITE.exists():
        pytest.skip("Azurite is not installed: npm ci --prefix tests/azurite")
    arguments: list[str | Path] = [
        AZURITE,
        "--blobPort",
        "0",
        "--inMemoryPersistence",
        "--disableTelemetry",
    ]
    folder = tmp_path_factory.mktemp("azurite")
    with _serving([*arguments, "--skipApiVersionCheck", "--silent"], folder) as port:
        yield port


@pytest.fixture(scope="session")
def moto_port(tmp_path_factory: pytest.TempPathFactory) -> Iterator[int]:
    """The port of moto's server."""
    pytest.importorskip("moto", reason="moto is not installed")
    with _serving(
        [sys.executable, "-m", "moto.server", "-p", "0"], tmp_path_factory.mktemp("moto")
    ) as port:
        yield port


@contextmanager
def _serving(command: list[str | Path], folder: Path) -> Iterator[int]:
    """Run a server that says where it listens, on a port that it chose itself."""
    server = subprocess.Popen(
        command, cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )
    assert server.stdout is not None
    said = ""
    try:
        for line in server.stdout:
            said += line
            if found := re.search(r"http://127\.0\.0\.1:(\d+)", line):
                break
        else:
            raise AssertionError(f"{command[0]} did not start: {said}")
        # Nobody reads what it says from here on; a full pipe would stop it.
        drain = subprocess.Popen(["cat"], stdin=server.stdout, stdout=subprocess.DEVNULL)  # noqa: S607
        yield int(found.group(1))
    finally:
        server.terminate()
        server.wait(10)
    drain.wait(10)


@pytest.fixture(params=["az", "s3"])
def store(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> StoreUnderTest:
    """An empty container of either store, which the environment names."""
    scheme = str(request.param)
    for name in [name for name in os.environ if name.startswith(("AZURE_", "AWS_"))]:
        monkeypatch.delenv(name)
    container = f"c{uuid.uuid4().hex}"
    port = int(request.getfixturevalue("azurite_port" if scheme == "az" else "moto_port"))
    for name, value in environment(scheme, port).items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr("loaders.sources.object_stores.client._FIRST_WAIT_SECONDS", 0.001)
    put, delete = (_azure if scheme == "az" else _s3)(container, port)
    return StoreUnderTest(scheme, container, port, put, delete, monkeypatch)


Writers = tuple[Callable[[str, bytes], None], Callable[[str], None]]


def _azure(container: str, port: int) -> Writers:
    from azure.storage.blob import BlobServiceClient

    text = environment("az", port)["AZURE_STORAGE_CONNECTION_STRING"]
    client = BlobServiceClient.from_connection_string(text).get_container_client(container)
    client.create_container()

    def put(name: str, content: bytes) -> None:
        client.upload_blob(name, content, overwrite=True)

    return put, client.delete_blob


@cache
def _s3_client(port: int) -> "BaseClient":
    import boto3

    variables = environment("s3", port)
    return boto3.client(
        "s3",
        endpoint_url=variables["AWS_ENDPOINT_URL"],
        aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
        region_name=variables["AWS_DEFAULT_REGION"],
    )


def _s3(bucket: str, port: int) -> Writers:
    client = _s3_client(port)
    client.create_bucket(Bucket=bucket)

    def put(name: str, content: bytes) -> None:
        client.put_object(Bucket=bucket, Key=name, Body=content)

    def delete(name: str) -> None:
        client.delete_object(Bucket=bucket, Key=name)

    return put, delete


@pytest.fixture
def proxy(store: StoreUnderTest) -> Iterator[FlakyProxy]:
    """A proxy in front of the store, which the environment names instead of it."""
    with running_proxy(store.port) as running:
        store.use_port(running.server_address[1])
        yield running
