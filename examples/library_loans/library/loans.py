"""A loan is a file, named after its number."""

import json
import os
from datetime import UTC, datetime

from library.models import Loan
from library.paths import DATA


def lend(loan_id: int, reader_id: str, isbn: str, due_on: str) -> Loan:
    loan: Loan = {
        "loan_id": loan_id,
        "reader_id": reader_id,
        "isbn": isbn,
        "lent_at": datetime.now(UTC).isoformat(),
        "due_on": due_on,
    }
    with open(f"{DATA}/loans/{loan_id}.json", "w", encoding="utf-8") as file:
        json.dump(loan, file)
    return loan


def get(loan_id: int) -> Loan:
    with open(DATA / "loans" / f"{loan_id}.json", encoding="utf-8") as file:
        return json.load(file)


def is_out(loan_id: int) -> bool:
    return os.path.exists(os.path.join(DATA, "loans", f"{loan_id}.json"))


def give_back(loan_id: int) -> None:
    os.remove(os.path.join(DATA, "loans", str(loan_id) + ".json"))
