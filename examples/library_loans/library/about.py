"""One name for two files: first the branch, then the page that says what this is."""

import json

from library.paths import CONFIG, ROOT


def about() -> tuple[str, str]:
    path = CONFIG / "branch.json"
    branch = json.loads(path.read_text())["name"]
    path = ROOT / "README.md"
    text = path.read_text()
    return branch, text


def log_line(line: str) -> None:
    with open(ROOT / "desk.log", "a") as file:
        file.write(line + "\n")
