"""Left in the middle of a merge."""

import json

from library.paths import DATA


def donation(donation_id: int) -> dict:
    return json.loads((DATA / "donations" / f"{donation_id}.json").read_text())


def give(donation_id: int, cents: int) -> None:
    target = DATA / "donations" / f"{donation_id}.json"
    target.write_text(json.dumps({"donation_id": donation_id, "cents": cents}))


def total(donations: list[dict]) -> int:
<<<<<<< HEAD
    return sum(one["cents"] for one in donations)
=======
    return sum(one["amount"] for one in donations
>>>>>>> donations
