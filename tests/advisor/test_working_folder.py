"""Paths that Node resolves where the program runs, also where a module requires them."""

from pathlib import Path

from tests.advisor.auditing import audited, places

_MILL = """
const path = require("path");
exports.grain = (folder) => {
  folder = folder || process.cwd();
  return require(path.resolve(folder, "grain.json")).name;
};
exports.oven = () => require(path.resolve("./oven.json"));
exports.sacks = () => require(path.resolve("stock", "sacks.json"));
exports.own = () => require("./own.json");
"""


def test_a_resolved_path_is_not_beside_the_module(tmp_path: Path) -> None:
    assert places(audited(tmp_path, {"src/mill.js": _MILL})) == [
        ("src/mill.js", 5, "read", "sink", "grain.json"),
        ("src/mill.js", 7, "read", "sink", "oven.json"),
        ("src/mill.js", 8, "read", "sink", "stock/sacks.json"),
        ("src/mill.js", 9, "read", "sink", "src/own.json"),
    ]
