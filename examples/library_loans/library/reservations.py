"""All reservations in one list, opened for reading and writing at once."""

import json

from library.paths import DATA

WAITING = "{}/{}.json".format(DATA, "reservations")


def reserve(reader_id: str, isbn: str, reserved_at: str) -> int:
    with open(WAITING, "r+") as file:
        waiting = json.load(file)
        waiting.append({"reader_id": reader_id, "isbn": isbn, "reserved_at": reserved_at})
        file.seek(0)
        json.dump(waiting, file)
        file.truncate()
    return len(waiting)


def first(isbn: str) -> str | None:
    with open(WAITING) as file:
        waiting = json.loads(file.read())
    return next((one["reader_id"] for one in waiting if one["isbn"] == isbn), None)
