"""Objects of scripts to which other files, functions and modules add."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places

SHELF = """
OPENING
  NAME.shelf = {
    prefix: "forge.",
    take: function (key) { return JSON.parse(localStorage.getItem(this.prefix + key)); },
    put: function (key, value) { localStorage.setItem(this.prefix + key, JSON.stringify(value)); }
  };
CLOSING
"""


@pytest.mark.parametrize(
    ("opening", "name", "closing"),
    [
        ("var Forge = Forge || {};", "Forge", ""),
        ("window.Forge = window.Forge || {};", "Forge", ""),
        ("window.Forge = {}; (function (app) {", "app", "})(window.Forge);"),
        ("(function ($, own, undefined) {", "own", "})(jQuery, Forge);"),
        ("(function () { var ns = $.namespace('Forge');", "ns", "})();"),
    ],
)
def test_what_a_namespace_gets_is_called_from_other_files(
    opening: str, name: str, closing: str, tmp_path: Path
) -> None:
    shelf = SHELF.replace("OPENING", opening).replace("NAME", name).replace("CLOSING", closing)
    use = "function strike() { Forge.shelf.put('nails', Forge.shelf.take('nails') + 1); }\n"
    found = audited(tmp_path, {"js/shelf.js": shelf, "js/strike.js": use})
    assert places(found, "call") == [
        ("js/strike.js", 1, "read", "call", "localStorage:forge.nails"),
        ("js/strike.js", 1, "write", "call", "localStorage:forge.nails"),
    ]


def test_what_a_shared_state_gets_at_the_start_is_known_elsewhere(tmp_path: Path) -> None:
    files = {
        "src/state.ts": "export const state: State = { count: 1, log: null };\n",
        "src/places.ts": """
import { join } from "path";
import { homedir } from "os";
export class Places {
  public ROWS_NAME: string = "rows.json";
  public ROWS: string = null;
  constructor() { this.ROWS = join(homedir(), ".loom").concat("/").concat(this.ROWS_NAME); }
}
""",
        "src/start.ts": """
import { state } from "./state";
import { Places } from "./places";
export function start() { state.places = new Places(); state.log = "logs/loom.json"; }
""",
        "src/rows.ts": """
import * as fs from "fs-extra";
import { state } from "./state";
class Disk {
  static async take(file: string): Promise<string> { return await fs.readFile(file, "utf8"); }
}
export const rows = async () => JSON.parse(await Disk.take(state.places.ROWS));
export const log = (line: object) => fs.writeJson(state.log, line);
""",
    }
    assert [row for row in places(audited(tmp_path, files)) if row[3] != "wrapper"] == [
        ("src/rows.ts", 7, "read", "call", "~/.loom/rows.json"),
        ("src/rows.ts", 8, "write", "sink", "logs/loom.json"),
    ]
