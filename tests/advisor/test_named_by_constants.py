"""Dispositions that the code's own names for a path decide, and objects that write themselves."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CACHE, CONFIG, RECORD, UNCERTAIN, disposition

MILL = """
import { readFileSync, writeFileSync } from "fs";
import path from "path";
const NAME = path.join(process.env.MILL_HOME, "leaf");
export function speed() { return JSON.parse(readFileSync(NAME, "utf8")); }
export function setSpeed(value) { writeFileSync(NAME, JSON.stringify(value)); }
"""


@pytest.mark.parametrize(
    ("name", "file", "expected"),
    [
        ("defaultConfigPath", "data.json", CONFIG),
        ("SETTINGS_FILE", "mill.json", CONFIG),
        ("MILL_MANIFEST", "mill.json", RECORD),
        ("MANIFEST_PATH", "mill.json", CONFIG),
        ("FLOUR_CACHE_FILE", "mill.json", CACHE),
        ("DATA_PATH", "data.json", RECORD),
        ("SETTINGS_FILE", "orders.json", RECORD),
        ("SETTINGS_HISTORY", "mill.json", RECORD),
        ("DEFAULT_PATH", "mill.json", RECORD),
    ],
)
def test_the_constant_that_holds_a_path_says_what_the_file_is(
    name: str, file: str, expected: str, tmp_path: Path
) -> None:
    source = MILL.replace("NAME", name).replace("leaf", file)
    assert disposition(tmp_path, source, "mill.mjs") == expected


def test_a_constant_of_another_module_may_hold_the_end_of_the_path(tmp_path: Path) -> None:
    names = 'exports.NAMES = { MILL: { GRINDING_CONFIG: "grinding.json" } };\n'
    use = """
const fs = require("fs");
const path = require("path");
const { NAMES } = require("./names");
exports.found = (mill) => fs.writeFileSync(path.join(mill, NAMES.MILL.GRINDING_CONFIG),
                                           JSON.stringify({ stones: 2 }));
"""
    found = templates(audited(tmp_path, {"names.js": names, "mill.js": use}))
    assert found == {"{mill}/grinding.json": CONFIG}


@pytest.mark.parametrize(
    ("file", "expected"), [("package.json", CONFIG), ("flour.json", UNCERTAIN)]
)
def test_a_manifest_of_what_is_installed_is_configuration(
    file: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
import json, os
def found(place, part):
    return json.load(open(os.path.join(place, "installed", part, "{file}")))
"""
    assert disposition(tmp_path, source) == expected


STONE = """
import json
def put(value, place):
    with open(place, "w") as file:
        json.dump(value, file)
class Stone:
    def __init__(self, name, place):
        self.name, self.place = name, place
    def METHOD(self, name):
        self.name = name
        put(self.__dict__, self.place)
    def OTHER(self):
        put(self.__dict__, self.place)
def built(found):
    return [Stone(each["name"], each["place"]) for each in found]
"""


@pytest.mark.parametrize(
    ("method", "other", "expected"),
    [
        ("rename", "turn_over", RECORD),
        ("rename", "save", UNCERTAIN),
        ("save", "save_as", UNCERTAIN),
    ],
)
def test_an_object_that_writes_itself_after_each_change_is_a_record(
    method: str, other: str, expected: str, tmp_path: Path
) -> None:
    source = STONE.replace("METHOD", method).replace("OTHER", other)
    assert disposition(tmp_path, source) == expected
