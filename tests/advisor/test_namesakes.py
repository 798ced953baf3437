"""A file that a module imports beside itself, and writes under its name where the program runs."""

from pathlib import Path

from tests.advisor.auditing import audited, templates

_FINES = """
const fs = require("fs");
let fines = require("./fines.json");
exports.execute = (loan) => {
  fines[loan.reader.id] = (fines[loan.reader.id] || 0) + 1;
  fs.writeFile("./fines.json", JSON.stringify(fines), () => {});
};
"""

_SHELVES = """
const fs = require("fs");
const shelves = require("./shelves.json");
exports.copy = () => fs.writeFileSync("./shelves.json", JSON.stringify(shelves));
"""


def test_what_is_changed_and_written_under_the_same_name_is_no_static_file(tmp_path: Path) -> None:
    found = audited(tmp_path, {"desk/fine.js": _FINES})
    assert templates(found) == {
        "desk/fines.json": "SYSTEM_OF_RECORD",
        "fines.json": "SYSTEM_OF_RECORD",
    }


def test_what_is_copied_as_it_is_stays_static(tmp_path: Path) -> None:
    found = audited(tmp_path, {"desk/copy.js": _SHELVES})
    assert templates(found)["desk/shelves.json"] == "CONFIG_STATIC"
