"""Tables that deploys change: one reader for all of them, by name."""

import json

from library.paths import CONFIG


def table(name: str) -> dict:
    return json.loads((CONFIG / f"{name}.json").read_text())


def fee_per_day(category: str) -> int:
    return table("fees")[category]


def loan_days(category: str) -> int:
    return table("loan_periods")[category]
