"""What is done when a try fails, and files that helpers move to their place."""

from pathlib import Path

from tests.advisor.auditing import audited, places


def test_who_returns_from_a_try_may_fail_before(tmp_path: Path) -> None:
    python = """
import json

def hives():
    try:
        with open("hives.json") as file:
            return json.load(file)
    except FileNotFoundError:
        with open("hives.json", "w") as file:
            json.dump({}, file)
        return {}
    finally:
        with open("visits.json", "w") as file:
            json.dump({}, file)
"""
    script = """
const fs = require('fs');
function queens() {
  try {
    return JSON.parse(fs.readFileSync('queens.json'));
  } catch (error) {
    fs.writeFileSync('queens.json', JSON.stringify({}));
    if (error.code) { return {}; } else { return null; }
  } finally {
    localStorage.removeItem('bees');
  }
}
"""
    assert places(audited(tmp_path, {"hives.py": python, "queens.js": script})) == [
        ("hives.py", 6, "read", "sink", "hives.json"),
        ("hives.py", 9, "write", "sink", "hives.json"),
        ("hives.py", 13, "write", "sink", "visits.json"),
        ("queens.js", 5, "read", "sink", "queens.json"),
        ("queens.js", 7, "write", "sink", "queens.json"),
        ("queens.js", 10, "delete", "sink", "localStorage:bees"),
    ]


def test_a_file_put_aside_was_no_draft(tmp_path: Path) -> None:
    source = """
const fs = require('fs');
function mend(file) {
  try {
    fs.writeFileSync(process.env.LEDGER, JSON.stringify({}));
  } catch (error) {
    fs.renameSync(process.env.LEDGER, `ledger.json.invalid.${Date.now()}`);
  }
}
"""
    assert ("mend.js", 5, "write", "sink", "{ledger}") in places(
        audited(tmp_path, {"mend.js": source})
    )


def test_helpers_of_callbacks_move_drafts_to_their_place(tmp_path: Path) -> None:
    files = """
var fs = require('fs')

function draftOf(name) { return name + '.tmp' + String(Math.random()).substr(2) }

function move(from, to, done) { fs.rename(from, to, done) }

function write(target, data, done) {
  var once = function (done) {
    var draft = draftOf(target)
    fs.writeFile(draft, data, function (error) {
      if (error) return done(error)
      move(draft, target, done)
    })
  }
  once(done)
}

function read(name, done) { fs.readFile(name, done) }

module.exports.read_json = function (name, done) {
  read(name, function (error, text) {
    if (error) return done(error)
    done(null, JSON.parse(text.toString('utf8')))
  })
}

module.exports.write_json = function (name, value, done) {
  write(name, JSON.stringify(value), done)
}

module.exports.read_text = function (name, done) {
  read(name, function (error, text) { done(String(text)) })
}
"""
    app = """
var files = require('./files')
exports.boats = function (done) { files.read_json(__dirname + '/boats.data', done) }
exports.moor = function (boats, done) { files.write_json(__dirname + '/boats.data', boats, done) }
exports.terms = function (done) { files.read_text(__dirname + '/terms.text', done) }
"""
    found = places(audited(tmp_path, {"files.js": files, "app.js": app}))
    assert [row for row in found if row[0] == "app.js"] == [
        ("app.js", 3, "read", "call", "boats.data"),
        ("app.js", 4, "write", "call", "boats.data"),
    ]
    assert {row[1:4] for row in found} >= {(22, "read", "wrapper"), (29, "write", "wrapper")}
