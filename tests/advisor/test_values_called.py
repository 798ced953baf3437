"""Dispositions by what the code calls the value it read, and by keys and places of projects."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CONFIG, RECORD, disposition

BAKERY = """
import json
class Bakery:
    def open_doors(self, place):
        with open(place + "/LEAF") as file:
            self.NAME = json.load(file)
    def close_doors(self, place):
        with open(place + "/LEAF", "w") as file:
            json.dump(self.NAME, file)
"""


@pytest.mark.parametrize(
    ("name", "leaf", "expected"),
    [
        ("config", "oven.json", CONFIG),
        ("oven_settings", "oven.json", CONFIG),
        ("settings", "data.json", CONFIG),
        ("loaves", "oven.json", RECORD),
        ("config", "loaves.json", RECORD),
        ("config", "state.json", RECORD),
        ("config_history", "oven.json", RECORD),
    ],
)
def test_the_variable_that_holds_all_of_a_file_says_what_it_is(
    name: str, leaf: str, expected: str, tmp_path: Path
) -> None:
    assert disposition(tmp_path, BAKERY.replace("NAME", name).replace("LEAF", leaf)) == expected


@pytest.mark.parametrize(
    ("key", "expected"), [("test-dependencies", CONFIG), ("test-loaves", RECORD)]
)
def test_what_lists_dependencies_is_a_manifest_whatever_its_name(
    key: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
const fs = require("fs");
const path = require("path");
exports.add = (folder, name) => {{
  const place = path.join(folder, "bakery.json");
  const bakery = JSON.parse(fs.readFileSync(place, "utf8"));
  bakery["{key}"][name] = "1.0";
  fs.writeFileSync(place, JSON.stringify(bakery));
}};
"""
    assert disposition(tmp_path, source, "bakery.js") == expected


@pytest.mark.parametrize(
    ("head", "leaf", "expected"),
    [
        ("projectDir", ".oven.json", CONFIG),
        ("workspace", ".oven.json", CONFIG),
        ("projectDir", ".orders.json", RECORD),
        ("shop", ".oven.json", RECORD),
        ("projectDir", "state/.oven.json", RECORD),
    ],
)
def test_a_hidden_file_at_the_root_of_a_project_is_configuration(
    head: str, leaf: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
import {{ readFile, writeFile }} from "fs/promises";
export async function turn({head}: string, value: number) {{
  const place = `${{{head}}}/{leaf}`;
  const oven = JSON.parse(await readFile(place, "utf8"));
  oven.turns = value;
  await writeFile(place, JSON.stringify(oven));
}}
"""
    assert set(templates(audited(tmp_path, {"oven.ts": source})).values()) == {expected}
