"""What the records look like."""

from dataclasses import dataclass
from datetime import date
from typing import NotRequired, TypedDict


class Loan(TypedDict):
    loan_id: int
    reader_id: str
    isbn: str
    lent_at: str
    due_on: str
    returned_at: NotRequired[str]


@dataclass(frozen=True)
class Fine:
    fine_id: int
    reader_id: str
    cents: int
    since: date
    is_paid: bool = False
