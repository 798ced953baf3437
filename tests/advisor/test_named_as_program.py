"""A file that bears the name of the program, in the folder of those who use it."""

import json
from pathlib import Path

from tests.advisor.auditing import audited, templates

_READ = """
const fs = require("fs");
const path = require("path");
exports.bake = (folder) => JSON.parse(fs.readFileSync(path.join(folder, "brick-oven.json")));
"""
_MANIFEST = json.dumps({"name": "@mill/brick-oven-cli"})


def test_a_program_that_reads_a_file_of_its_name_is_configured_by_it(tmp_path: Path) -> None:
    found = audited(tmp_path, {"lib/oven.js": _READ, "package.json": _MANIFEST})
    assert templates(found) == {"{folder}/brick-oven.json": "CONFIG_STATIC"}


def test_without_a_manifest_nothing_is_said(tmp_path: Path) -> None:
    found = audited(tmp_path, {"lib/oven.js": _READ, "package.json": "[" * 100_000})
    assert templates(found) == {"{folder}/brick-oven.json": "UNCERTAIN"}


def test_what_the_program_writes_itself_is_judged_as_ever(tmp_path: Path) -> None:
    write = (
        'const fs = require("fs");\nexports.keep = (folder, baker) => fs.writeFileSync('
        "folder + '/brick-oven.json', JSON.stringify({ user: baker.id, loaves: 3 }));\n"
    )
    files = {"lib/oven.js": _READ, "lib/kept.js": write, "package.json": _MANIFEST}
    assert templates(audited(tmp_path, files)) == {"{folder}/brick-oven.json": "SYSTEM_OF_RECORD"}
