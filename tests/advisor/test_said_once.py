"""What settings, comments and names say: overrides and ignores of no use, names with backticks."""

from pathlib import Path

from loaders.advisor.output.rendering import as_markdown
from loaders.advisor.output.spans import span
from tests.advisor.auditing import audited, places

_CODE = 'import json\n\ndef keep(x):\n    json.dump(x, open("nets/{}.json".format(x.id), "w"))\n'


def test_an_override_that_settles_nothing_is_said(tmp_path: Path) -> None:
    settings = """
[[tool.pulse-elt.audit.overrides]]
template = "nets/{net_id}.json"
disposition = "CACHE"
reason = "knotted anew each night"
[[tool.pulse-elt.audit.overrides]]
template = "boats/{boat_id}.json"
disposition = "CACHE"
reason = "sold"
"""
    found = audited(tmp_path, {"port.py": _CODE, "pyproject.toml": settings})
    assert [(note.rule, note.file) for note in found.notes] == [
        ("unused-override", "pyproject.toml")
    ]
    assert "boats/{boat_id}.json" in found.notes[0].message
    assert found.is_clean


def test_an_ignore_in_a_text_is_none(tmp_path: Path) -> None:
    code = """
import json

def keep(net_id, x):
    print("write '# pulse-elt: ignore[PE101] why' on the line")
    say(open(f"n/{net_id}.json", "w"), x)

def say(file, x):
    json.dump(x, file)  # pulse-elt: ignore[PE999] it's the skipper's
"""
    found = audited(tmp_path, {"port.py": code})
    assert [(note.rule, note.line) for note in found.notes] == [("unused-ignore", 9)]


def test_only_a_comment_is_an_ignore_whatever_stands_around_it(tmp_path: Path) -> None:
    code = '''
import json

def keep(net_id, x):
    """Say so by

    # pulse-elt: ignore[PE101] in a comment, which this is not
    """
    # pulse-elt: ignore[PE101, PE105] mended in May
    # See the log of "Anna".
    json.dump(x, open(f"n/{net_id}.json", "w"))

def knot(net_id, x):
    port = "http://x"; json.dump(x, open(f"n/{net_id}.json", "w"))  # pulse-elt: ignore "x"
'''
    script = """
import fs from "fs";
const text = `
// pulse-elt: ignore[PE101] in a text
`;
export function keep(boatId, x) {
  /*
   * pulse-elt: ignore[PE101, PE105] sold
   */
  fs.writeFileSync(`b/${boatId}.json`, JSON.stringify(x));
  /* pulse-elt: ignore[PE101, PE105] */ fs.writeFileSync(`b/${boatId}.json`, JSON.stringify(x));
}
// pulse-elt: ignored by most
export const read = (boatId) =>
  JSON.parse(fs.readFileSync(`b/${boatId}.json`)); // pulse-elt: ignore[PE101]
"""
    found = audited(tmp_path, {"port.py": code, "port.js": script})
    assert found.notes == ()
    held = [(place.rules, bool(place.ignored)) for f in found.findings for place in f.places]
    assert held == [((), True)] * 5


def test_names_with_backticks_stay_code(tmp_path: Path) -> None:
    assert span("nets.json") == "`nets.json`"
    assert span("ne`ts.json") == "`` ne`ts.json ``"
    assert span("``.json") == "``` ``.json ```"
    found = audited(tmp_path, {"po`rt.py": _CODE})
    assert "`` po`rt.py:4 ``" in as_markdown(found)


_HOLD = """
const fs = require("fs");
class Hold {
  list(folder) { return JSON.parse(fs.readFileSync(folder + "/manifest.json", "utf8")); }
  stow(folder, list) { fs.writeFileSync(`${folder}/manifest.json`, JSON.stringify(list)); }
}
const hold = new Hold();
exports.look = (ship) => hold.list("ships/" + ship);
exports.load = (ship, list) => hold.stow("ships/" + ship, list);
exports.log = (port) => fs.writeFileSync(port.home.logPath() + "/calls.json", JSON.stringify({}));
"""


def test_who_gives_the_folder_is_a_place(tmp_path: Path) -> None:
    found = audited(tmp_path, {"hold.js": _HOLD})
    assert places(found, "call", "sink") == [
        ("hold.js", 8, "read", "call", "ships/{ship}/manifest.json"),
        ("hold.js", 9, "write", "call", "ships/{ship}/manifest.json"),
        ("hold.js", 10, "write", "sink", "{log_path}/calls.json"),
    ]


def test_a_list_under_the_name_of_its_file_is_of_entries(tmp_path: Path) -> None:
    code = """
import json

class Buoys:
    def read(self):
        return json.load(open("buoys.json"))

    def buoys(self):
        return self.read()["buoys"]

    def keep(self, buoys):
        json.dump({"buoys": buoys}, open("buoys.json", "w"))

buoys = Buoys()
"""
    found = audited(tmp_path, {"sea.py": code})
    assert [each.disposition for each in found.findings] == ["SYSTEM_OF_RECORD"]
