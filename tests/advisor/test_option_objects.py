"""Objects of options that hold a folder among others, folders that others may set, drafts."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_who_hands_an_object_of_options_on_names_no_file(tmp_path: Path) -> None:
    kiln = """
const fs = require('fs');
const path = require('path');
const defaults = { folder: './firings', ending: '.json' };
const at = (options, firing) => path.join(options.folder, firing + options.ending);
const kiln = {
  options: (given) => Object.assign({}, defaults, given),
  read: function (firing, options) { return JSON.parse(fs.readFileSync(at(options, firing))); },
  keep: function (firing, said, options) {
    fs.writeFileSync(at(options, firing), JSON.stringify(said));
  },
  all: function (options) { return fs.readdirSync(options.folder); },
};
module.exports = kiln;
"""
    oven = """
const kiln = require('./kiln');
class Oven {
  constructor(options) { this.options = kiln.options(options); }
  fire(firing, said) { kiln.keep(firing, said, this.options); }
  look(firing) { return kiln.read(firing, this.options); }
  list() { return kiln.all(this.options); }
}
module.exports = Oven;
"""
    assert places(audited(tmp_path, {"kiln.js": kiln, "oven.js": oven})) == [
        ("kiln.js", 8, "read", "sink", "firings/{firing}.json"),
        ("kiln.js", 10, "write", "sink", "firings/{firing}.json"),
        ("kiln.js", 12, "list", "sink", "firings/{firing}.json"),
    ]


def test_an_object_written_in_the_call_names_the_file(tmp_path: Path) -> None:
    source = """
import fs from 'fs';
import path from 'path';
function harvest(plan) {
  return JSON.parse(fs.readFileSync(path.join(plan.folder, `${plan.crop}.json`), 'utf8'));
}
export const beets = () => harvest({ folder: 'fields', crop: 'beets' });
"""
    found = places(audited(tmp_path, {"farm.ts": source}), "sink", "call")
    assert found == [("farm.ts", 7, "read", "call", "fields/beets.json")]


def test_a_folder_that_nobody_names_is_told_where_the_path_is_put_together(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
const path = require('path');
function shelve(folder, jar) {
  fs.writeFileSync(path.resolve(folder, jar.label + '.json'), JSON.stringify(jar));
}
function open(folder, label) {
  return JSON.parse(fs.readFileSync(path.resolve(folder, label + '.json'), 'utf8'));
}
exports.fill = (args, jar) => shelve(args.cellar, jar);
exports.taste = (args, label) => open(args.cellar, label);
"""
    assert places(audited(tmp_path, {"jars.js": source})) == [
        ("jars.js", 5, "write", "sink", "{folder}/{label}.json"),
        ("jars.js", 8, "read", "sink", "{folder}/{label}.json"),
    ]


def test_a_folder_that_is_empty_at_first_stays_one(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
const path = require('path');
function settings(argv) { return { root: '', shelf: 'notes', ...argv }; }
function keep(settings, note) {
  const file = path.join(settings.root, settings.shelf, `${note.id}.json`);
  fs.writeFileSync(file, JSON.stringify(note));
}
exports.run = (argv, note) => { const chosen = settings(argv); keep(chosen, note); };
"""
    assert places(audited(tmp_path, {"notes.js": source})) == [
        ("notes.js", 7, "write", "sink", "{root}/notes/{note_id}.json")
    ]


def test_a_folder_of_ours_that_others_may_set_is_ours(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
let hives = `${__dirname}/hives`;
const list = () => fs.readdirSync(hives);
const read = (hive) => JSON.parse(fs.readFileSync(`${hives}/${hive}.json`, 'utf8'));
const keep = (hive, said) => fs.writeFileSync(`${hives}/${hive}.json`, JSON.stringify(said));
const setFolder = (folder) => {
  if (folder.endsWith('/')) folder = folder.substr(0, folder.length - 1);
  hives = folder;
};
module.exports = { list, read, keep, setFolder };
"""
    assert places(audited(tmp_path, {"lib/bees.js": source})) == [
        ("lib/bees.js", 4, "list", "sink", "lib/hives/{hive}.json"),
        ("lib/bees.js", 5, "read", "sink", "lib/hives/{hive}.json"),
        ("lib/bees.js", 6, "write", "sink", "lib/hives/{hive}.json"),
    ]


def test_packages_whose_name_says_that_they_are_a_file_system(tmp_path: Path) -> None:
    source = """
const { resolve } = require('path');
const fs = require('fs-nextra');
const file = (boat) => resolve('boats', `${boat}.json`);
exports.has = (boat) => fs.pathExists(file(boat));
exports.read = (boat) => fs.readJSON(file(boat));
exports.keep = (boat, said) => fs.outputJSONAtomic(file(boat), said);
exports.drop = (boat) => fs.unlink(file(boat));
"""
    found = places(audited(tmp_path, {"boats.js": source}))
    assert [row[1:3] for row in found] == [
        (5, "exists"), (6, "read"), (7, "write"), (8, "delete"),
    ]  # fmt: skip
    assert {row[4] for row in found} == {"boats/{boat}.json"}


def test_a_draft_that_a_callback_moves_is_one_write(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
const uuid = require('uuid');
exports.keep = (tide, done) => {
  const file = `tides/${tide.day}.json`;
  const draft = file + uuid.v4() + '.tmp';
  fs.access(file, (error) => {
    if (error) return done(error);
    fs.writeFile(draft, JSON.stringify(tide), (error) => {
      if (error) return done(error);
      fs.rename(draft, file, done);
    });
  });
};
"""
    found = audited(tmp_path, {"tides.js": source, "tides.spec.es6.js": source})
    assert places(found) == [("tides.js", 11, "write", "sink", "tides/{day}.json")]
    assert set(templates(found)) == {"tides/{day}.json"}


def test_what_may_be_one_name_of_many_makes_no_file_of_its_own(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
function read(tongue) { return JSON.parse(fs.readFileSync(`words/${tongue}.json`, 'utf8')); }
exports.speak = (asked) => {
  let tongue = 'en';
  if (asked.tongue) tongue = asked.tongue;
  return read(tongue);
};
exports.all = (tongues) => tongues.map(read);
"""
    assert places(audited(tmp_path, {"words.js": source})) == [
        ("words.js", 3, "read", "sink", "words/{tongue}.json")
    ]


def test_options_that_may_name_another_file_say_nothing_of_the_one_written_down(
    tmp_path: Path,
) -> None:
    source = """
const fs = require('fs');
const path = require('path');
const away = (folder, file) => fs.renameSync(path.join(folder, file), path.join('old', file));
class Oven {
  constructor(options) {
    this.folder = path.join(__dirname, 'ovens');
    this.file = 'bread.json';
    if (options) {
      if (options.folder) this.folder = options.folder;
      if (options.file) this.file = options.file;
    }
  }
  known() { return JSON.parse(fs.readFileSync(path.join(this.folder, this.file), 'utf8')); }
  keep(said) { fs.writeFileSync(path.join(this.folder, this.file), JSON.stringify(said)); }
  clean() { away(this.folder, this.found[0]); }
}
module.exports = Oven;
"""
    assert places(audited(tmp_path, {"oven.js": source})) == [
        ("oven.js", 14, "read", "sink", "ovens/bread.json"),
        ("oven.js", 15, "write", "sink", "ovens/bread.json"),
    ]


def test_a_folder_of_one_machine_is_no_default_for_the_one_that_options_name(
    tmp_path: Path,
) -> None:
    source = """
const fs = require('fs');
class Oven {
  constructor({ folder = '' }) {
    this.folder = process.env.IN_BAKERY ? '/bakery/files' : folder || '';
  }
  known() { return JSON.parse(fs.readFileSync(`${this.folder}/bread.json`, 'utf8')); }
}
exports.bake = (options) => new Oven(options).known();
"""
    assert [row[4] for row in places(audited(tmp_path, {"oven.js": source}))] == [
        "{folder}/bread.json"
    ]


_CELLAR = """
const fs = require("fs");
const fsp = require("fs/promises");
const path = require("path");
const defaults = { folder: "barrels", encode: JSON.stringify, decode: JSON.parse };
class Shelf {
  constructor(opts) { this.opts = opts; }
  fileOf(key) { return path.join(this.opts.folder, clean(key)); }
  async get(key) {
    const raw = await fsp.readFile(this.fileOf(key));
    return this.opts.decode(raw);
  }
  async set(key, value) {
    const raw = this.opts.encode(value);
    await fsp.writeFile(this.fileOf(key), raw);
  }
}
class Cellar {
  constructor(options) {
    this.opts = Object.assign({}, defaults, options);
    this.shelf = new Shelf(this.opts);
  }
  get(key) { return this.shelf.get(key); }
  set(key, value) { return this.shelf.set(key, value); }
}
module.exports = { Cellar };
"""


def test_options_of_another_class_say_that_its_files_are_json(tmp_path: Path) -> None:
    assert places(audited(tmp_path, {"cellar.js": _CELLAR})) == [
        ("cellar.js", 10, "read", "sink", "barrels/{key}"),
        ("cellar.js", 15, "write", "sink", "barrels/{key}"),
    ]
    plain = _CELLAR.replace("JSON.stringify", "String").replace("JSON.parse", "String")
    assert places(audited(tmp_path / "plain", {"cellar.js": plain})) == []
