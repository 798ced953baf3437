"""A reader is a file, reached through the helpers of two other modules."""

from library import jsonfile as files
from library.paths import reader_path


def find(reader_id: str) -> dict:
    return files.read_json(reader_path(reader_id), {})


def register(reader_id: str, name: str, email: str) -> dict:
    reader = {"reader_id": reader_id, "name": name, "email": email, "is_blocked": False}
    files.write_json(reader_path(reader_id), reader)
    return reader


def block(reader_id: str) -> None:
    reader = files.read_json(reader_path(reader_id))
    reader["is_blocked"] = True
    files.write_json(reader_path(reader_id), reader)


def forget(reader_id: str) -> None:
    files.remove_json(reader_path(reader_id))
