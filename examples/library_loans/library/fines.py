"""Fines lie in a folder per reader, and every question about them opens all of them."""

import json

from library.paths import DATA, fine_folder


def impose(reader_id: str, fine_id: int, cents: int, since: str) -> None:
    path = fine_folder(reader_id) / f"{fine_id}.json"
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({"fine_id": fine_id, "reader_id": reader_id, "cents": cents, "since": since}))


def pay(reader_id: str, fine_id: int, paid_at: str) -> None:
    path = fine_folder(reader_id) / f"{fine_id}.json"
    fine = json.loads(path.read_text())
    fine["paid_at"] = paid_at
    path.write_text(json.dumps(fine))


def owed(reader_id: str) -> int:
    total = 0
    for path in fine_folder(reader_id).glob("*.json"):
        fine = json.loads(path.read_text())
        if "paid_at" not in fine:
            total += fine["cents"]
    return total


def debtors() -> list[str]:
    return sorted(folder.name for folder in (DATA / "fines").iterdir() if owed(folder.name) > 0)
