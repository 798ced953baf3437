"""What the desk keeps in other formats than JSON."""

import pickle
import shelve
import sqlite3

from library.paths import DATA


def leave_note(staff_id: str, note: str) -> None:
    with shelve.open(str(DATA / "desk_notes")) as notes:
        notes[staff_id] = note


def save_queue(queue: list) -> None:
    with open(DATA / "queue.pickle", "wb") as file:
        pickle.dump(queue, file)


def load_queue() -> list:
    with open(DATA / "queue.pickle", "rb") as file:
        return pickle.load(file)


def inventory():
    return sqlite3.connect(DATA / "inventory.sqlite")
