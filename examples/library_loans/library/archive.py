"""Loans that came back, by year, compressed."""

import gzip
import json
import os

from library.paths import DATA


def keep(year: int, loan_id: int, loan: dict) -> None:
    with gzip.open(DATA / "archive" / str(year) / f"{loan_id}.json.gz", "wt") as file:
        json.dump(loan, file)


def kept(year: int, loan_id: int) -> dict:
    with gzip.open(DATA / "archive" / str(year) / f"{loan_id}.json.gz", "rt") as file:
        return json.load(file)


def withdraw(reader_id: str) -> None:
    os.rename(DATA / "readers" / f"{reader_id}.json", DATA / "former_readers" / f"{reader_id}.json")


def former(reader_id: str) -> dict:
    return json.loads((DATA / "former_readers" / f"{reader_id}.json").read_bytes())
