"""Lists of files that a caller hands in: whoever writes them down knows which files are opened."""

from pathlib import Path

from tests.advisor.auditing import audited, places

_SCRIPT = """
const fs = require("fs");
const path = require("path");
const firstOf = (...candidates) => {
  for (const each of candidates) {
    try { return JSON.parse(fs.readFileSync(each, "utf8")); } catch (error) { continue; }
  }
  return undefined;
};
const mill = firstOf(path.join(process.cwd(), "mill.json"), path.join(process.cwd(), "oven.json"));
const sacks = firstOf("sacks.json");
"""

_PYTHON = """
import json

def read_all(paths):
    return [json.load(open(path)) for path in paths]

def main():
    return read_all(["wheat.json", "rye.json"])
"""


def test_the_line_that_lists_the_files_is_the_place(tmp_path: Path) -> None:
    found = places(audited(tmp_path, {"mill.js": _SCRIPT}), "call")
    assert found == [
        ("mill.js", 10, "read", "call", "mill.json"),
        ("mill.js", 10, "read", "call", "oven.json"),
        ("mill.js", 11, "read", "call", "sacks.json"),
    ]


def test_a_list_written_in_the_call(tmp_path: Path) -> None:
    found = places(audited(tmp_path, {"mill.py": _PYTHON}))
    assert found == [
        ("mill.py", 5, "read", "wrapper", "{path}"),
        ("mill.py", 8, "read", "call", "rye.json"),
        ("mill.py", 8, "read", "call", "wheat.json"),
    ]
