"""Databases of JSON files in Node, folders that may be empty, modules that callers name."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_database_of_the_older_lowdb_is_read_when_it_is_made(tmp_path: Path) -> None:
    source = """
const lowdb = require('lowdb');
const FileSync = require('lowdb/adapters/FileSync');
class Cellar {
  constructor(options = {}) {
    this.options = Object.assign({ database: 'cellar.json' }, options);
    this.adapter = new FileSync(this.options.database, {});
    this.db = lowdb(this.adapter);
  }
  keep(jar) { return this.db.get('jars').push(jar).write(); }
  find(id) { return this.db.get('jars').find({ id }).value(); }
}
module.exports = Cellar;
"""
    found = audited(tmp_path, {"cellar.js": source})
    assert places(found) == [
        ("cellar.js", 8, "read", "sink", "cellar.json"),
        ("cellar.js", 10, "write", "sink", "cellar.json"),
    ]
    assert templates(found) == {"cellar.json": "SYSTEM_OF_RECORD"}


def test_a_folder_that_is_empty_in_one_case_is_known_in_the_other(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
function ledger(mill) {
  function file(wheel) { return `${mill}/${wheel}/turns.json`; }
  function turn(wheel) {
    const folder = wheel ? wheel.meta.folder : '';
    return {
      read: () => JSON.parse(fs.readFileSync(file(folder), 'utf8')),
      keep: (turns) => fs.writeFileSync(file(folder), JSON.stringify(turns)),
    };
  }
  return { turn };
}
module.exports = { ledger };
"""
    assert places(audited(tmp_path, {"mill.js": source})) == [
        ("mill.js", 8, "read", "sink", "{mill}/{folder}/turns.json"),
        ("mill.js", 9, "write", "sink", "{mill}/{folder}/turns.json"),
    ]


def test_a_module_required_by_a_name_that_callers_write(tmp_path: Path) -> None:
    source = """
const path = require('path');
class Orchard {
  find(name, folder) {
    const target = path.resolve(path.join(folder, name));
    return require(target);
  }
  trees(folder) { return this.find('trees.json', folder); }
  rules(folder) { return this.find('rules.js', folder); }
}
module.exports = new Orchard();
"""
    found = places(audited(tmp_path, {"orchard.js": source}), "call", "sink")
    assert found == [("orchard.js", 8, "read", "call", "{folder}/trees.json")]


def test_files_of_a_listing_that_a_promise_gives(tmp_path: Path) -> None:
    source = """
const fs = require('fs-extra');
const path = require('path');
exports.all = (pier) => fs.readdir(path.resolve('piers', pier)).then((files) =>
  Promise.all(files.map((file) => fs.readJson(path.resolve('piers', pier, file)))));
exports.keep = (pier, boat) => fs.outputJson(path.resolve('piers', pier, `${boat.id}.json`), boat);
"""
    assert places(audited(tmp_path, {"piers.js": source})) == [
        ("piers.js", 4, "list", "sink", "piers/{pier}/{boat_id}.json"),
        ("piers.js", 5, "read", "sink", "piers/{pier}/{boat_id}.json"),
        ("piers.js", 6, "write", "sink", "piers/{pier}/{boat_id}.json"),
    ]


def test_what_is_read_below_a_folder_was_written_deeper_in_it(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
const stamp = (date) => date.toISOString();
function farm(barnFolder) {
  const add = (cow) => fs.writeFileSync(
    `${barnFolder}/cows/${stamp(new Date())}/sheets/first.json`, JSON.stringify(cow));
  const look = (stall) =>
    JSON.parse(fs.readFileSync(`${barnFolder}/${stall.folder}/sheets/${stall.sheet}`));
  return { add, look };
}
module.exports = farm;
"""
    found = templates(audited(tmp_path, {"farm.js": source}))
    assert set(found.values()) == {"SYSTEM_OF_RECORD"}


def test_the_manifest_of_a_package_that_is_taken_away_is_configuration(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
const path = require('path');
exports.name = (root, tool) =>
  JSON.parse(fs.readFileSync(path.join(root, 'node_modules', tool, 'package.json'), 'utf8')).name;
exports.drop = (root, tool) => fs.unlinkSync(path.join(root, 'node_modules', tool, 'package.json'));
"""
    found = templates(audited(tmp_path, {"tools.js": source}))
    assert found == {"{root}/node_modules/{tool}/package.json": "CONFIG_STATIC"}
