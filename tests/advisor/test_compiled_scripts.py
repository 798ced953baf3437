"""Modules that a compiler wrote, as packages deliver them."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places, templates

HEAD = """
"use strict";
Object.defineProperty(exports, "__esModule", { value: true });
const tslib_1 = require("tslib");
const fs_1 = require("fs");
const fs_2 = tslib_1.__importStar(require("fs-extra"));
const path_1 = tslib_1.__importDefault(require("path"));
const utils_fs_1 = require("@mill/utils-fs");
var _fs = _interopRequireDefault(require("fs"));
"""


@pytest.mark.parametrize(
    ("line", "operation"),
    [
        ('JSON.parse((0, fs_1.readFileSync)(path_1.default.join("data", "grain.json")))', "read"),
        ('async () => (0, utils_fs_1.readJson)(path_1.default.join("data", "grain.json"))', "read"),
        ('async (all) => { await (0, utils_fs_1.writeJson)("data/grain.json", all); }', "write"),
        ('async (all) => { await fs_2.writeJson("data/grain.json", all); }', "write"),
        ('JSON.parse(_fs.default.readFileSync("data/grain.json"))', "read"),
        ('function () { return __awaiter(this, void 0, void 0, function* () { return'
         ' JSON.parse(yield fs_1.promises.readFile("data/grain.json")); }); }', "read"),
        ('_asyncToGenerator(function* () { return'
         ' JSON.parse(yield fs_1.promises.readFile("data/grain.json")); })', "read"),
    ],
)  # fmt: skip
def test_what_a_compiler_wrote_is_read(line: str, operation: str, tmp_path: Path) -> None:
    found = places(audited(tmp_path, {"mill.js": f"{HEAD}exports.grain = {line};\n"}))
    assert [(row[2], row[4]) for row in found] == [(operation, "data/grain.json")]


def test_names_are_exported_again_as_a_compiler_does(tmp_path: Path) -> None:
    store = """
const fs_1 = require("fs");
exports.load = void 0;
function load(place) { return JSON.parse((0, fs_1.readFileSync)(place)); }
exports.load = load;
"""
    one = """
var store_1 = require("./store");
Object.defineProperty(exports, "load", { enumerable: true, get: function () {
  return store_1.load; } });
"""
    every = (
        'const tslib_1 = require("tslib");\ntslib_1.__exportStar(require("./store"), exports);\n'
    )
    main = 'const m_1 = require("./index");\nexports.sails = () => (0, m_1.load)("sails.json");\n'
    for name, index in (("one", one), ("every", every)):
        files = {"store.js": store, "index.js": index, "main.js": main}
        assert set(templates(audited(tmp_path / name, files))) == {"sails.json"}
