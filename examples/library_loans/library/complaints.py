"""Complaints, through the helpers of quickfile, all of them imported by a star."""

from library.paths import DATA
from library.quickfile import *


def complain(reader_id: str, complaint_id: int, text: str) -> None:
    save(DATA / "complaints" / f"{complaint_id}.json", {"reader_id": reader_id, "text": text})


def complaint(complaint_id: int) -> dict:
    return load(DATA / "complaints" / f"{complaint_id}.json")
