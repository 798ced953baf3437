"""A container of Azure Blob Storage, through adlfs. Import it only where it is used: 0.5 s."""

import asyncio

from adlfs import AzureBlobFileSystem
from azure.core import MatchConditions
from azure.core.exceptions import AzureError, ClientAuthenticationError, HttpResponseError
from azure.storage.blob import BlobProperties

from loaders.sources.object_stores.client import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Blob,
    Page,
    Part,
    checked,
    stamp_of,
)
from loaders.sources.object_stores.event_loop import this_process_loop
from loaders.sources.object_stores.faults import (
    Fault,
    StoreFault,
    Trouble,
    behind,
    fault_of_answer,
    fault_of_connection,
)
from loaders.sources.source import Stamp

# One place decides on retries, for both stores: with_retries in client.py.
_ONE_REQUEST = {
    "retry_total": 0,
    "connection_timeout": CONNECT_SECONDS,
    "read_timeout": READ_SECONDS,
}


def open_container(container: str) -> "AzureContainer":
    """Return a client of this process, with the credentials of the environment.

    Raises:
        StoreFault: the credentials are malformed.
    """
    loop = this_process_loop()
    try:
        files = AzureBlobFileSystem(
            anon=False, loop=loop, skip_instance_cache=True, use_listings_cache=False
        )
    except ValueError:
        raise StoreFault(Fault(Trouble.CREDENTIALS, "they are malformed")) from None
    return AzureContainer(loop, files, container)


class AzureContainer:
    """One container; see StoreClient."""

    def __init__(
        self, loop: asyncio.AbstractEventLoop, files: AzureBlobFileSystem, container: str
    ) -> None:
        self.loop = loop
        self._files = files
        self._container = files.service_client.get_container_client(container)

    async def page(self, prefix: str, token: str | None, most: int) -> Page:
        """List one page; see StoreClient.page."""
        pages = self._container.list_blobs(
            name_starts_with=prefix or None,
            # Only the metadata show that a name is a folder of a hierarchical namespace.
            include=["metadata"],
            results_per_page=most,
            **_ONE_REQUEST,
        ).by_page(continuation_token=token)
        try:
            listed = [blob async for blob in await anext(pages)]
        except StopAsyncIteration:
            return Page([], None)
        blobs = [
            Blob(blob.name, stamp_of(blob.size, blob.last_modified, blob.etag))
            for blob in listed
            if not _is_folder(blob.metadata)
        ]
        return Page(blobs, pages.continuation_token or None)

    async def part(self, name: str, start: int, length: int | None, etag: str | None) -> Part:
        """Read a range; see StoreClient.part."""
        pin: dict[str, object] = {}
        if etag is not None:
            pin = {"etag": f'"{etag}"', "match_condition": MatchConditions.IfNotModified}
        download = await self._container.download_blob(
            name,
            offset=None if length is None else start,
            length=length,
            max_concurrency=1,
            # The bytes as stored, even of a blob with content encoding gzip.
            decompress=False,
            **pin,
            **_ONE_REQUEST,
        )
        content = await download.readall()
        return checked(Part(content, _stamp(download.properties)), start, length)

    def fault(self, error: Exception) -> Fault | None:
        """Interpret an error; see StoreClient.fault."""
        # The library itself may fail on an answer with an unknown error code.
        for one in behind(error):
            if isinstance(one, HttpResponseError) and one.status_code:
                return fault_of_answer(one.status_code, _code(one))
        if isinstance(error, ClientAuthenticationError):
            return Fault(Trouble.CREDENTIALS, type(error).__name__)
        if isinstance(error, AzureError | OSError):
            return fault_of_connection(error)
        return None


def _code(error: HttpResponseError) -> object:
    code: object = getattr(error, "error_code", None)
    headers = getattr(error.response, "headers", {})
    return code or headers.get("x-ms-error-code")


def _stamp(properties: BlobProperties) -> Stamp:
    total = str(properties.content_range).rpartition("/")[2]
    return stamp_of(int(total), properties.last_modified, properties.etag)


def _is_folder(metadata: dict[str, str] | None) -> bool:
    return any(
        key.lower() == "hdi_isfolder" and value.lower() == "true"
        for key, value in (metadata or {}).items()
    )
