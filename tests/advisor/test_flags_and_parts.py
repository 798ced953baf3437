"""What a call leaves out by a default, and numbered parts of a file that a helper looks for."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places

_STORE = """
import glob
import json

def weigh(name, required=False, parts=False):
    def parse(path):
        with open(path) as file:
            return json.load(file)

    sacks = parse(name)
    if parts:
        for part in reversed(glob.glob(name.replace(".json", ".*.json"))):
            sacks.extend(parse(part))
    return sacks

def keep(name, sacks):
    with open(name, "w") as file:
        json.dump(sacks, file)
"""


def _calls(tmp_path: Path, call: str) -> list[tuple[str, str]]:
    app = f"""
import os
import mill

def day(user):
    file = "sacks/" + user + ".json"
    sacks = {call}
    number = 0
    while True:
        older = "sacks/" + user + "." + str(number) + ".json"
        if not os.path.exists(older):
            break
        number += 1
    mill.keep(file, sacks)
    mill.keep(older, sacks)
"""
    found = places(audited(tmp_path, {"mill.py": _STORE, "app.py": app}), "call")
    return [(operation, template) for _, _, operation, _, template in found]


@pytest.mark.parametrize("call", ["mill.weigh(file)", "mill.weigh(file, required=True)"])
def test_a_call_without_the_flag_reads_only_the_file(call: str, tmp_path: Path) -> None:
    assert _calls(tmp_path, call) == [
        ("read", "sacks/{user}.json"),
        ("write", "sacks/{user}.json"),
        ("write", "sacks/{user}.{number}.json"),
    ]


@pytest.mark.parametrize("call", ["mill.weigh(file, parts=True)", "mill.weigh(file, True, True)"])
def test_a_call_with_the_flag_lists_and_reads_the_parts_as_well(call: str, tmp_path: Path) -> None:
    assert _calls(tmp_path, call) == [
        ("list", "sacks/{user}.{number}.json"),
        ("read", "sacks/{user}.json"),
        ("read", "sacks/{user}.{number}.json"),
        ("write", "sacks/{user}.json"),
        ("write", "sacks/{user}.{number}.json"),
    ]


def test_what_follows_an_early_return(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
function load(file, withMarks = false) {
  const sacks = JSON.parse(fs.readFileSync(file, "utf8"));
  if (!withMarks) {
    return sacks;
  }
  fs.writeFileSync(file, JSON.stringify(sacks));
  return sacks;
}
load("sacks.json");
load("marks.json", true);
"""
    found = places(audited(tmp_path, {"mill.js": source}), "call")
    assert [(line, operation, template) for _, line, operation, _, template in found] == [
        (11, "read", "sacks.json"),
        (12, "read", "marks.json"),
        (12, "write", "marks.json"),
    ]
