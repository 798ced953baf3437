"""Keys of a browser's storage that callers name, and what a name says of what is kept."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

RECORD = "SYSTEM_OF_RECORD"


def test_a_hook_s_callers_name_the_last_part_of_a_key(tmp_path: Path) -> None:
    files = {
        "use-kept.ts": """
import { useState } from "react";
const prefix = "bakery:";
export function useKept(key, first) {
  const [kept, setKept] = useState(() => JSON.parse(localStorage.getItem(prefix + key) || first));
  const keep = value => {
    setKept(value);
    localStorage.setItem(prefix + key, JSON.stringify(value));
  };
  return [kept, keep];
}
""",
        "oven.ts": """
import { useKept } from "./use-kept";
export const useOven = (name: string) => useKept(`ovens:${name}`, "{}");
export const useLoaves = () => useKept("loaves", "[]");
""",
    }
    result = audited(tmp_path, files)
    assert places(result) == [
        ("oven.ts", 3, "read", "call", "localStorage:bakery:ovens:{name}"),
        ("oven.ts", 3, "write", "call", "localStorage:bakery:ovens:{name}"),
        ("oven.ts", 4, "read", "call", "localStorage:bakery:loaves"),
        ("oven.ts", 4, "write", "call", "localStorage:bakery:loaves"),
        ("use-kept.ts", 5, "read", "wrapper", "localStorage:bakery:{key}"),
        ("use-kept.ts", 8, "write", "wrapper", "localStorage:bakery:{key}"),
    ]
    assert set(templates(result).values()) == {RECORD}


def test_a_key_that_is_read_by_name_is_kept_by_a_helper_for_any_key(tmp_path: Path) -> None:
    source = """
export const shelf = {
  take: (key) => JSON.parse(localStorage.getItem(key)),
  put(pairs) {
    for (const [key, value] of Object.entries(pairs)) { localStorage.setItem(key, value); }
  },
};
export const knives = () => shelf.take("knives");
"""
    assert templates(audited(tmp_path, {"shelf.js": source}))["localStorage:knives"] == RECORD


def test_functions_that_are_handed_on_twice_and_called_fetch_ask_nobody(tmp_path: Path) -> None:
    files = {
        "src/index.ts": "export * from './bread';\n",
        "src/bread/index.ts": "export * from './oven';\n",
        "src/bread/oven.ts": "export function fetchLoaves(tray) { return tray.map(each => 1); }\n",
        "src/shop.ts": """
import * as fs from "fs";
import { homedir } from "os";
import * as All from "./index";
const { fetchLoaves } = All;
const FILE = homedir() + "/shop_day.json";
export function refresh(tray) {
  const day = JSON.parse(fs.readFileSync(FILE, "utf8"));
  fs.writeFileSync(FILE, JSON.stringify({ ...day, loaves: fetchLoaves(tray) }));
}
""",
    }
    assert templates(audited(tmp_path, files)) == {"~/shop_day.json": RECORD}


def test_a_script_that_is_made_is_no_data_file(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
const names = JSON.parse(require("child_process").execSync("list-icons").toString());
fs.writeFileSync("src/icons.js", "module.exports = " + JSON.stringify(names));
"""
    assert templates(audited(tmp_path, {"make-icons.js": source})) == {}


def test_a_module_that_is_called_where_it_stands_gets_a_storage_and_a_key(tmp_path: Path) -> None:
    source = """
(function (app, localStorage, KEY) {
  localStorage = localStorage || (function () {
    var kept = {};
    return { getItem: function (key) { return kept[key]; } };
  })();
  app.save = function (rows) { localStorage.setItem(KEY, JSON.stringify(rows)); };
  app.rows = JSON.parse(localStorage.getItem(KEY));
})(window.dairy, window.localStorage, "dairy-rows");
"""
    assert places(audited(tmp_path, {"dairy.js": source}), "sink") == [
        ("dairy.js", 7, "write", "sink", "localStorage:dairy-rows"),
        ("dairy.js", 8, "read", "sink", "localStorage:dairy-rows"),
    ]


def test_a_token_may_stand_behind_the_name_of_whose_it_is(tmp_path: Path) -> None:
    source = """
export const token = () => localStorage.getItem("mill:grain.token");
export const keep = (given) => localStorage.setItem("mill:grain.token", given);
"""
    found = templates(audited(tmp_path, {"mill.js": source}))
    assert found == {"localStorage:mill:grain.token": "CACHE"}
