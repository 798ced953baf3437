"""Dispositions of what lies beside a manifest that the code writes."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CONFIG, RECORD

SHOP = """
const fs = require("fs");
const path = require("path");
exports.release = (shopFolder, version) => {
  const place = path.join(shopFolder, "package.json");
  const own = JSON.parse(fs.readFileSync(place, "utf8"));
  own.version = version;
  MANIFEST
};
exports.turn = (shopFolder, shelfId, value) => {
  const place = path.join(shopFolder, LEAF);
  const shelf = JSON.parse(fs.readFileSync(place, "utf8"));
  shelf.KEY = value;
  fs.writeFileSync(place, JSON.stringify(shelf));
};
"""
WRITES = "fs.writeFileSync(place, JSON.stringify(own));"


@pytest.mark.parametrize(
    ("manifest", "leaf", "key", "expected"),
    [
        (WRITES, '"window.json"', "turns", CONFIG),
        (WRITES, '"shelves", shelfId, "shelf.json"', "turns", CONFIG),
        (WRITES, '"orders.json"', "turns", RECORD),
        (WRITES, '"state", "shelf.json"', "turns", RECORD),
        (WRITES, '"shelf.json"', "customers", RECORD),
        ("console.log(own);", '"window.json"', "turns", RECORD),
    ],
)
def test_what_lies_beside_a_manifest_that_the_code_writes_goes_with_it(
    manifest: str, leaf: str, key: str, expected: str, tmp_path: Path
) -> None:
    source = SHOP.replace("MANIFEST", manifest).replace("LEAF", leaf).replace("KEY", key)
    found = templates(audited(tmp_path, {"shop.js": source}))
    assert found.pop("{shop_folder}/package.json") == CONFIG
    assert set(found.values()) == {expected}
