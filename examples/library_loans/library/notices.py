"""Notices to readers, written by the asynchronous mailer."""

import json

from library.paths import DATA


async def remember(reader_id: str, notice_id: int, notice: dict) -> None:
    import aiofiles

    async with aiofiles.open(DATA / "notices" / reader_id / f"{notice_id}.json", "w") as file:
        await file.write(json.dumps(notice))


async def recall(reader_id: str, notice_id: int) -> dict:
    import aiofiles

    async with aiofiles.open(DATA / "notices" / reader_id / f"{notice_id}.json") as file:
        return json.loads(await file.read())
