"""Lost property: known, and left as it is until the new desk."""

import json

from library.paths import DATA


def found(item_id: int, text: str) -> None:
    target = DATA / "lost" / f"{item_id}.json"
    target.write_text(json.dumps({"item_id": item_id, "text": text}))  # pulse-elt: ignore[PE101, PE105] closes in May


def item(item_id: int) -> dict:
    return json.loads((DATA / "lost" / f"{item_id}.json").read_text())


def label(item_id: int) -> str:
    return f"lost-{item_id}"  # pulse-elt: ignore[PE101] nothing is kept here any more
