"""Books and subscriptions: two stores of one class."""

from library.paths import DATA
from library.store import Store

BOOKS = Store(DATA / "books")
SUBSCRIPTIONS = Store(folder=DATA / "subscriptions")


def add_book(isbn: str, title: str, shelf: str) -> None:
    BOOKS.put(isbn, {"isbn": isbn, "title": title, "shelf": shelf})


def book(isbn: str) -> dict:
    return BOOKS.get(isbn)


def on_shelf(shelf: str) -> list[str]:
    return [one["title"] for one in BOOKS.all() if one["shelf"] == shelf]


def subscribe(subscription_id: str, reader_id: str, until: str) -> None:
    row = {"subscription_id": subscription_id, "reader_id": reader_id, "until": until}
    SUBSCRIPTIONS.put(subscription_id, row)


def is_valid(subscription_id: str, today: str) -> bool:
    return SUBSCRIPTIONS.get(subscription_id)["until"] >= today
