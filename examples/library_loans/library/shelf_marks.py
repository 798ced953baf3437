"""The scheme of shelf marks, typed in once a year. The project's settings say that it stays a file."""

import json

from library.paths import CONFIG

MARKS = CONFIG / "shelf_marks.json"


def add_mark(mark: str, subject: str) -> None:
    marks = json.loads(MARKS.read_text())
    marks[mark] = subject
    MARKS.write_text(json.dumps(marks))
