"""Configuration in files: a directory, or a blob container; read-only."""

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Protocol

from pulse_store.errors import StoreUnavailable

_SCHEME = "az://"
_CONNECTION_STRING = "AZURE_STORAGE_CONNECTION_STRING"
_ACCOUNT = "AZURE_STORAGE_ACCOUNT_NAME"
_SECRETS = ("AZURE_STORAGE_ACCOUNT_KEY", "AZURE_STORAGE_SAS_TOKEN")
_BLOB_SECONDS = 2


class Files(Protocol):
    """Where configuration is. Paths were checked: they name nothing outside."""

    def read(self, path: str) -> bytes | None:
        """Return a file's bytes, None if there is none."""

    def exists(self, path: str) -> bool:
        """Return whether there is such a file."""

    def list(self, prefix: str) -> Iterator[str]:
        """Yield the names that begin so."""


def open_files(name: str) -> Files:
    """Return the directory or container with that name; nothing is read yet.

    Raises:
        StoreUnavailable: what reads containers is not installed, or not configured.
    """
    return _Container(name) if name.startswith(_SCHEME) else _Directory(Path(name))


def read_document(files: Files, path: str) -> Any | None:  # noqa: ANN401 - any JSON
    """Return a configuration document, None if there is none.

    Raises:
        StoreUnavailable: it cannot be read, or is no JSON.
    """
    found = files.read(path)
    if found is None:
        return None
    try:
        # An editor's byte-order mark is no part of the document.
        return json.loads(found.decode("utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise StoreUnavailable(f"The configuration file {path} is no JSON: {error}.") from error


class _Directory:
    def __init__(self, root: Path) -> None:
        self._root = root

    def read(self, path: str) -> bytes | None:
        with self._explained(path):
            try:
                return (self._root / path).read_bytes()
            except (FileNotFoundError, NotADirectoryError, IsADirectoryError):
                self._refuse_missing_root()
                return None

    def exists(self, path: str) -> bool:
        with self._explained(path):
            if (self._root / path).is_file():
                return True
            self._refuse_missing_root()
            return False

    def list(self, prefix: str) -> Iterator[str]:
        folder = self._root / prefix.rpartition("/")[0]
        with self._explained(prefix):
            self._refuse_missing_root()
            for at, _, names in os.walk(folder, onerror=_raise_unless_missing):
                for each in names:
                    file = Path(at) / each
                    name = file.relative_to(self._root).as_posix()
                    if name.startswith(prefix) and file.is_file():
                        yield name

    def _refuse_missing_root(self) -> None:
        # A share that is not mounted is no empty one.
        if not self._root.is_dir():
            raise StoreUnavailable(f"The directory of configuration files {self._root} is missing.")

    @contextmanager
    def _explained(self, path: str) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise StoreUnavailable(f"Cannot read configuration at {path}: {error}.") from error


def _raise_unless_missing(error: OSError) -> None:
    # A folder that cannot be read is no empty one.
    if not isinstance(error, (FileNotFoundError, NotADirectoryError)):
        raise error


class _Container:
    """A blob container, by the application's own library and names of variables."""

    def __init__(self, name: str) -> None:
        self._name = name
        container, _, prefix = name.removeprefix(_SCHEME).partition("/")
        self._prefix = f"{prefix.strip('/')}/" if prefix.strip("/") else ""
        self._client = _container_client(container)

    def read(self, path: str) -> bytes | None:
        with _blobs_explained(path):
            if not self.exists(path):
                return None
            blob = self._client.get_blob_client(self._prefix + path)
            found: bytes = blob.download_blob(timeout=_BLOB_SECONDS).readall()
            return found

    def exists(self, path: str) -> bool:
        with _blobs_explained(path):
            blob = self._client.get_blob_client(self._prefix + path)
            if blob.exists(timeout=_BLOB_SECONDS):
                return True
            if not self._client.exists(timeout=_BLOB_SECONDS):
                raise StoreUnavailable(f"There is no container of that name: {self._name}.")
            return False

    def list(self, prefix: str) -> Iterator[str]:
        with _blobs_explained(prefix):
            for name in self._client.list_blob_names(name_starts_with=self._prefix + prefix):
                yield name.removeprefix(self._prefix)


def _container_client(container: str) -> Any:  # noqa: ANN401 - azure-storage-blob's, untyped here
    import os

    try:
        from azure.storage.blob import BlobServiceClient
    except ImportError as error:
        raise StoreUnavailable(
            "Configuration in a container needs azure-storage-blob; or name a directory."
        ) from error
    # One attempt: a call of the store has to end in time.
    options: dict[str, Any] = {
        "retry_total": 0, "connection_timeout": _BLOB_SECONDS, "read_timeout": _BLOB_SECONDS,
    }  # fmt: skip
    address = os.environ.get(_CONNECTION_STRING)
    if address:
        service = BlobServiceClient.from_connection_string(address, **options)
        return service.get_container_client(container)
    account = os.environ.get(_ACCOUNT)
    if not account:
        raise StoreUnavailable(f"Set {_CONNECTION_STRING}, or {_ACCOUNT} with a key or a token.")
    credential = next((os.environ[name] for name in _SECRETS if os.environ.get(name)), None)
    if credential is None:
        credential = _identity()
    url = f"https://{account}.blob.core.windows.net"
    return BlobServiceClient(url, credential, **options).get_container_client(container)


def _identity() -> Any:  # noqa: ANN401 - azure-identity's
    try:
        from azure.identity import DefaultAzureCredential
    except ImportError as error:
        raise StoreUnavailable(
            f"Set {' or '.join(_SECRETS)}, or install azure-identity for an identity of Azure."
        ) from error
    return DefaultAzureCredential()


@contextmanager
def _blobs_explained(path: str) -> Iterator[None]:
    from azure.core.exceptions import AzureError

    try:
        yield
    except AzureError as error:
        reason = str(error).splitlines()[0]
        raise StoreUnavailable(f"Cannot read configuration at {path}: {reason}") from error
