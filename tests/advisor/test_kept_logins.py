"""Dispositions by kind, continued: logins beside settings, outputs, files of a run, folders."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CACHE, CONFIG, RECORD, UNCERTAIN, disposition

SETTINGS = """
import json, os
PLACE = os.path.expanduser("~/.mill/config.json")
class Settings:
    def __init__(self): self._kept = json.load(open(PLACE))
    def _write(self): json.dump(self._kept, open(PLACE, "w"))
    def _set(self, name, value):
        self._kept[name] = value
        self._write()
    @property
    def speed(self): return self._kept.get("NAME", "")
    @speed.setter
    def speed(self, value): self._set("NAME", value)
"""


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("stone_speed", CONFIG),
        ("bot_token", CONFIG),
        ("refresh_token", RECORD),
        ("accessToken", RECORD),
        ("user_token", RECORD),
    ],
)
def test_a_token_that_is_set_by_name_makes_settings_a_record(
    name: str, expected: str, tmp_path: Path
) -> None:
    assert disposition(tmp_path, SETTINGS.replace("NAME", name)) == expected


@pytest.mark.parametrize(("name", "expected"), [("access_token", RECORD), ("grindSpeed", CONFIG)])
def test_a_token_is_set_by_name_from_another_module(
    name: str, expected: str, tmp_path: Path
) -> None:
    settings = """
const fs = require("fs");
const os = require("os");
const path = require("path");
const extend = require("xtend");
let settings = { speed: 1, get isFast() { return this.speed > 2; } };
settings.place = (mill) => path.join(os.homedir(), ".mill", (mill || "mill") + ".config.json");
settings.load = (mill) => {
  settings.overrides = JSON.parse(fs.readFileSync(settings.place(mill)));
};
settings.override = (mill, key, value) => {
  settings.overrides[key] = value;
  settings = extend(settings, settings.overrides);
  fs.writeFileSync(settings.place(mill), JSON.stringify(settings.overrides));
};
module.exports = settings;
"""
    login = f"""
const settings = require("../settings");
module.exports = class Login {{ begin(found) {{ settings.override(null, "{name}", found); }} }};
"""
    found = audited(tmp_path, {"settings.js": settings, "cmd/login.js": login})
    assert templates(found) == {"~/.mill/mill.config.json": expected}


def test_a_file_that_a_caller_wants_saved_is_an_output(tmp_path: Path) -> None:
    source = "import json\ndef keep(args, kept): json.dump(kept, open(args.NAME, 'w'))\n"
    for name, expected in (("save_config", UNCERTAIN), ("output_settings", UNCERTAIN)):
        found = templates(audited(tmp_path / name, {"mill.py": source.replace("NAME", name)}))
        assert set(found.values()) == {expected}


def test_what_one_run_writes_and_takes_away_is_uncertain(tmp_path: Path) -> None:
    source = """
import atexit, json, os
def serve(user):
    with open("mill-conn.json", "w") as file:
        json.dump({"user": user, "pid": os.getpid()}, file)
    def cleanup(): os.remove("mill-conn.json")
    atexit.register(cleanup)
"""
    assert disposition(tmp_path / "a", source) == UNCERTAIN
    kept = source.replace("    atexit.register(cleanup)", "")
    kept = kept.replace("    def cleanup(): os", "def leave(): os")
    assert disposition(tmp_path / "b", kept) == RECORD


def test_settings_in_a_folder_of_data_are_settings(tmp_path: Path) -> None:
    source = """
import json, os
def place(data_folder): return os.path.join(data_folder, "sail_config.json")
def load(data_folder): return json.load(open(place(data_folder)))
def save(data_folder, kept): json.dump(kept, open(place(data_folder), "w"))
"""
    assert disposition(tmp_path / "a", source) == CONFIG
    assert disposition(tmp_path / "b", source.replace("sail_config", "sails")) == RECORD


def test_an_option_of_docopt_has_a_name(tmp_path: Path) -> None:
    source = """
import json
from docopt import docopt
arguments = docopt(__doc__)
def grain(): return json.load(open(arguments["--config"]))
"""
    assert templates(audited(tmp_path, {"mill.py": source})) == {"{config}": CONFIG}


def test_a_listing_of_a_folder_of_records_is_of_them(tmp_path: Path) -> None:
    source = """
import json, os
BASE = os.environ["MILLS"]
def keep(mill, found): json.dump(found, open(os.path.join(BASE, mill, "grain.json"), "w"))
def grain(mill): return json.load(open(os.path.join(BASE, mill, "grain.json")))
def mills(): return [grain(name) for name in os.listdir(BASE)]
"""
    assert set(templates(audited(tmp_path, {"mill.py": source})).values()) == {RECORD}


def test_a_folder_at_home_is_the_same_where_home_is_asked_for_otherwise(tmp_path: Path) -> None:
    write = """
const fs = require("fs");
const path = require("path");
const home = () => {
  for (const name of ["HOME"]) { if (process.env[name]) return process.env[name]; }
  return __dirname;
};
const place = () => path.join(home(), ".mill", "mills.json");
module.exports.keep = (mills) => fs.writeFileSync(place(), JSON.stringify(mills));
module.exports.mills = () => JSON.parse(fs.readFileSync(place()));
"""
    read = """
const fs = require("fs");
const os = require("os");
const path = require("path");
module.exports = () => JSON.parse(fs.readFileSync(path.join(os.homedir(), ".mill", "mills.json")));
"""
    found = templates(audited(tmp_path, {"write.js": write, "read.js": read}))
    assert found == {".mill/mills.json": RECORD, "~/.mill/mills.json": RECORD}


def test_what_a_login_gave_is_no_cache(tmp_path: Path) -> None:
    source = """
import json, os
PLACE = os.path.expanduser("~/.mill/cache.json")
def load(): return json.load(open(PLACE))
def save(found): json.dump({"NAME": found, "at": 1}, open(PLACE, "w"))
"""
    for name, expected in (("access_token", RECORD), ("grain", CACHE)):
        assert disposition(tmp_path / name, source.replace("NAME", name)) == expected


def test_an_answer_that_is_put_out_is_no_cache(tmp_path: Path) -> None:
    source = """
import json, requests
def keep(args):
    found = requests.get("https://mill.example/grain").json()
    with open(args.output + ".raw.json", "w") as file:
        json.dump(found, file)
"""
    assert disposition(tmp_path, source) == UNCERTAIN


_GATE = """
const fs = require("fs");
const os = require("os");
const path = require("path");
const FILE = path.join(os.homedir(), ".gaterc");
exports.keep = (values) => fs.writeFileSync(FILE, JSON.stringify(values));
exports.known = () => JSON.parse(fs.readFileSync(FILE, "utf8"));
exports.forget = () => fs.unlinkSync(FILE);
"""


def test_what_a_login_writes_and_a_logout_takes_away_is_of_a_person(tmp_path: Path) -> None:
    files = {
        "gate.js": _GATE,
        "commands/login.js": 'const gate = require("../gate");\nexports.run = (pass) => '
        "gate.keep({ pass });\n",
        "commands/logout.js": 'const gate = require("../gate");\nexports.run = () => '
        "gate.forget();\n",
    }
    assert templates(audited(tmp_path, files)) == {"~/.gaterc": "SYSTEM_OF_RECORD"}
    files["commands/logout.js"] = files["commands/login.js"] = ""
    assert templates(audited(tmp_path / "plain", files)) == {"~/.gaterc": "CONFIG_STATIC"}
