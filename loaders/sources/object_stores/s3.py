"""A bucket of S3 or of a compatible server, through s3fs. Import it only where used: 0.5 s."""

import asyncio
import os
from typing import Any

import aiohttp
from aiobotocore.client import AioBaseClient
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    FlexibleChecksumError,
    HTTPClientError,
    IncompleteReadError,
    ParamValidationError,
)
from botocore.exceptions import ConnectionError as BotoConnectionError
from s3fs import S3FileSystem

from loaders.sources.object_stores.client import (
    CONNECT_SECONDS,
    READ_SECONDS,
    Blob,
    Page,
    Part,
    checked,
    stamp_of,
)
from loaders.sources.object_stores.event_loop import finished, started, this_process_loop
from loaders.sources.object_stores.faults import (
    Fault,
    StoreFault,
    Trouble,
    fault_of_answer,
    fault_of_connection,
)
from loaders.sources.source import Stamp

_NO_ANSWER = (
    BotoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    FlexibleChecksumError,
    aiohttp.ClientError,
    OSError,
)


def open_container(container: str) -> "S3Bucket":
    """Return a client of this process, with the credentials of the environment.

    Raises:
        StoreFault: the credentials or the endpoint are malformed.
    """
    loop = this_process_loop()
    files = S3FileSystem(
        loop=loop,
        skip_instance_cache=True,
        use_listings_cache=False,
        # boto3 reads AWS_DEFAULT_REGION only, AWS's other tools read this one.
        client_kwargs={"region_name": os.environ.get("AWS_REGION") or None},
        config_kwargs={
            "connect_timeout": CONNECT_SECONDS,
            "read_timeout": READ_SECONDS,
            "max_pool_connections": 32,
            # One place decides on retries: with_retries in client.py.
            "retries": {"total_max_attempts": 1},
        },
    )
    try:
        client = finished(started(loop, files.set_session()))
    except (BotoCoreError, ValueError) as error:
        raise StoreFault(Fault(Trouble.CREDENTIALS, type(error).__name__)) from None
    return S3Bucket(loop, files, client, container)


class S3Bucket:
    """One bucket; see StoreClient."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        files: S3FileSystem,
        client: AioBaseClient,
        bucket: str,
    ) -> None:
        self.loop = loop
        # Closes the client when it is collected.
        self._files = files
        self._client = client
        self._bucket = bucket

    async def page(self, prefix: str, token: str | None, most: int) -> Page:
        """List one page; see StoreClient.page."""
        more = {"ContinuationToken": token} if token else {}
        answer = await self._client.list_objects_v2(
            Bucket=self._bucket, Prefix=prefix, MaxKeys=most, **more
        )
        blobs = [
            Blob(one["Key"], stamp_of(one["Size"], one["LastModified"], one.get("ETag")))
            for one in answer.get("Contents", ())
        ]
        return Page(blobs, answer.get("NextContinuationToken") or None)

    async def part(self, name: str, start: int, length: int | None, etag: str | None) -> Part:
        """Read a range; see StoreClient.part."""
        wanted = {"Bucket": self._bucket, "Key": name}
        if length is not None:
            wanted["Range"] = f"bytes={start}-{start + length - 1}"
        if etag is not None:
            wanted["IfMatch"] = f'"{etag}"'
        answer = await self._client.get_object(**wanted)
        async with answer["Body"] as body:
            content = await body.read()
        return checked(Part(content, _stamp(answer)), start, length)

    def fault(self, error: Exception) -> Fault | None:
        """Interpret an error; see StoreClient.fault."""
        if isinstance(error, ClientError):
            status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
            return fault_of_answer(status, error.response.get("Error", {}).get("Code", ""))
        if isinstance(error, _NO_ANSWER):
            return fault_of_connection(error)
        if isinstance(error, ParamValidationError):
            return Fault(Trouble.OWN, "a name that S3 does not allow")
        if isinstance(error, BotoCoreError):
            return Fault(Trouble.CREDENTIALS, type(error).__name__)
        return None


def _stamp(answer: dict[str, Any]) -> Stamp:
    total = answer.get("ContentRange", "").rpartition("/")[2] or answer["ContentLength"]
    return stamp_of(int(total), answer["LastModified"], answer.get("ETag"))
