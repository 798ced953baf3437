"""Classes of scripts that stand as a value: exported, kept under a name, returned, mixed in."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places

MILL = """
const fs = require("fs-extra");
const path = require("path");
OPENING
  async grind(folder) {
    const place = path.join(folder, "grain.json");
    return this._read(place);
  }
  async _read(place) {
    const text = await fs.readFile(place, "utf8");
    return JSON.parse(text);
  }
CLOSING
"""


@pytest.mark.parametrize(
    ("opening", "closing"),
    [
        ("module.exports = class Mill extends Building {", "};"),
        ("module.exports = class {", "};"),
        ("exports.Mill = class extends Building {", "};"),
        ("const Mill = class {", "};"),
        ("export default class {", "}"),
        ("export const mixed = (Base) => class extends Base {", "};"),
        ("function made() { return class {", "}; }"),
        ("module.exports = { Mill: class {", "} };"),
        ("module.exports = once(class Mill {", "});"),
    ],
)
def test_a_class_may_stand_as_a_value(opening: str, closing: str, tmp_path: Path) -> None:
    source = MILL.replace("OPENING", opening).replace("CLOSING", closing)
    assert places(audited(tmp_path, {"mill.js": source})) == [
        ("mill.js", 7, "read", "call", "{folder}/grain.json"),
        ("mill.js", 10, "read", "wrapper", "{place}"),
    ]


def test_an_object_of_such_a_class_is_built_elsewhere(tmp_path: Path) -> None:
    store = """
const fs = require("fs");
module.exports = class Store {
  constructor(place) { this.place = place; }
  load() { return JSON.parse(fs.readFileSync(this.place)); }
};
"""
    main = 'const Store = require("./store");\nconst s = new Store("data/sails.json");\ns.load();\n'
    found = audited(tmp_path, {"store.js": store, "main.js": main})
    assert {place[-1] for place in places(found)} == {"data/sails.json"}


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        ("args.params", {("mill.js", 5, "sink")}),
        (
            '{ grainFile: "data/grain.json" }',
            {("mill.js", 3, "wrapper"), ("mill.js", 5, "wrapper"), ("main.js", 2, "call")},
        ),
    ],
)
def test_who_hands_options_on_names_no_file(
    given: str, expected: set[tuple[str, int, str]], tmp_path: Path
) -> None:
    mill = """const fs = require("fs");
module.exports = class Mill {
  grind({ grainFile, speed }) { return this._grind({ grainFile, speed: speed || 1 }); }
  _grind({ grainFile, speed }) {
    return JSON.parse(fs.readFileSync(grainFile));
  }
};
"""
    main = f"""const Mill = require("./mill");
exports.handler = (args) => new Mill().grind({given});
"""
    found = places(audited(tmp_path, {"mill.js": mill, "main.js": main}))
    assert {(file, line, form) for file, line, _, form, _ in found} == expected
