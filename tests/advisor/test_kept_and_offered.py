"""What folders, keys and callers say of a file: records, sets of settings, what was answered."""

from pathlib import Path

import pytest

from loaders.advisor.dispositions import CACHE, CONFIG_STATIC, SYSTEM_OF_RECORD
from tests.advisor.auditing import audited, places, templates


@pytest.mark.parametrize(
    ("folder", "disposition"),
    [
        ("conversations", SYSTEM_OF_RECORD),
        ("history", SYSTEM_OF_RECORD),
        ("messages", SYSTEM_OF_RECORD),
        ("profiles", CONFIG_STATIC),
        ("presets", CONFIG_STATIC),
    ],
)
def test_a_folder_of_files_that_are_only_read(
    folder: str, disposition: str, tmp_path: Path
) -> None:
    source = f"""
import json, os, platformdirs
FOLDER = os.path.join(platformdirs.user_config_dir("mill"), "{folder}")
def opened(chosen):
    with open(os.path.join(FOLDER, chosen + ".json")) as file:
        return json.load(file)
"""
    assert set(templates(audited(tmp_path, {"mill.py": source})).values()) == {disposition}


def test_a_cache_that_is_only_added_to_is_a_record(tmp_path: Path) -> None:
    source = """
const fs = require("fs-extra");
class Tank {
  get(key) {
    try { return fs.readJsonSync(`.quay/cache/${key}.json`); } catch (error) { return null; }
  }
  set(key, value) { fs.outputJsonSync(`.quay/cache/${key}.json`, value); }
}
const tank = new Tank();
exports.sell = (boat) => {
  const sold = tank.get("sold_boats") || [];
  sold.push(boat);
  tank.set("sold_boats", sold);
};
exports.tide = async (harbour) => {
  const tide = tank.get("tide") || await fetch(harbour);
  tank.set("tide", tide);
};
"""
    found = templates(audited(tmp_path, {"tank.js": source}))
    assert found[".quay/cache/sold_boats.json"] == SYSTEM_OF_RECORD
    assert found[".quay/cache/tide.json"] == CACHE


@pytest.mark.parametrize(
    ("key", "disposition"), [("asked_to_sign", SYSTEM_OF_RECORD), ("grain_price", CACHE)]
)
def test_what_a_person_was_asked_is_a_record(key: str, disposition: str, tmp_path: Path) -> None:
    source = f"""
import json, os
PLACE = os.path.join(os.path.expanduser("~"), ".cache", "mill", "terms.json")
def terms():
    with open(PLACE) as file:
        return json.load(file)
def sign():
    kept = terms()
    kept["{key}"] = True
    with open(PLACE, "w") as file:
        json.dump(kept, file)
"""
    assert set(templates(audited(tmp_path, {"mill.py": source})).values()) == {disposition}


def test_defaults_that_are_only_read_are_configuration(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path
class Mill:
    def __init__(self, folder):
        self.state = json.loads(Path(f"{folder}/.default-state.json").read_text())
def mills(argument):
    return Mill(argument)
"""
    assert CONFIG_STATIC in templates(audited(tmp_path, {"mill.py": source})).values()


def test_settings_in_the_folder_of_a_users_data(tmp_path: Path) -> None:
    settings = """
import { promises as fs } from "fs";
export class SettingsProvider<T> {
  constructor(private readonly settingsPath: string) {}
  async read(): Promise<T> { return JSON.parse(await fs.readFile(this.settingsPath, "utf8")); }
  async write(settings: Partial<T>) {
    const next = { ...(await this.read()), ...settings };
    await fs.writeFile(this.settingsPath, JSON.stringify(next));
  }
}
"""
    app = """
import * as path from "path";
import { SettingsProvider } from "./settings";
export const begin = (args) => new SettingsProvider(path.join(args["user-data-dir"], "mill.json"));
"""
    found = templates(audited(tmp_path, {"settings.ts": settings, "app.ts": app}))
    assert found["{user_data_dir}/mill.json"] == CONFIG_STATIC


def test_a_state_file_that_is_named_config(tmp_path: Path) -> None:
    source = """
import json, os, shutil
PLACE = ""
PAGES = {}

def loadstate():
    global PLACE, PAGES
    if os.getenv("HOME") is not None:
        PLACE = os.path.join(os.getenv("HOME"), ".reader")
        if os.path.isdir(os.path.join(os.getenv("HOME"), ".config")):
            folder = os.path.join(os.getenv("HOME"), ".config", "reader")
            if os.path.isfile(PLACE):
                if os.path.isfile(os.path.join(folder, "config")):
                    os.remove(os.path.join(folder, "config"))
                shutil.move(PLACE, os.path.join(folder, "config"))
            PLACE = os.path.join(folder, "config")
    else:
        PLACE = os.devnull
    if os.path.exists(PLACE):
        with open(PLACE) as file:
            PAGES = json.load(file)

def savestate(book, page):
    PAGES[book]["page"] = page
    with open(PLACE, "w") as file:
        json.dump(PAGES, file)
"""
    result = audited(tmp_path, {"reader.py": source})
    kept = "{home}/.config/reader/config"
    assert templates(result) == {"{home}/.reader": SYSTEM_OF_RECORD, kept: SYSTEM_OF_RECORD}
    assert {row[1:3] + row[4:] for row in places(result)} >= {
        (14, "delete", kept),
        (15, "delete", "{home}/.reader"),
        (15, "write", kept),
    }
    assert {row[1:3] for row in places(result)} >= {(20, "read"), (25, "write")}


def test_a_file_taken_away_where_there_is_nothing_to_write(tmp_path: Path) -> None:
    source = """
import json, os
PLACE = "data/fines.json"
def load():
    return json.load(open(PLACE))
def save(fines):
    if not fines:
        os.unlink(PLACE)
        return
    with open(PLACE, "w") as file:
        json.dump(fines, file)
def forget():
    os.unlink(PLACE)
"""
    found = {row[1:3] for row in places(audited(tmp_path, {"fines.py": source}))}
    assert found == {(5, "read"), (10, "write"), (13, "delete")}
