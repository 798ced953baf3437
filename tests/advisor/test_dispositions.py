"""Dispositions by kind: what names, keys and the code around say, in trades of their own."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, rules, templates

RECORD, CONFIG, CACHE, UNCERTAIN = (
    "SYSTEM_OF_RECORD",
    "CONFIG_STATIC",
    "CACHE",
    "UNCERTAIN",
)
STORE = """
import json, os, sys
ROOT = os.environ["MILL"]
def load(): return json.load(open(os.path.join(ROOT, {name!r})))
def save(grist): json.dump(grist, open(os.path.join(ROOT, {name!r}), "w"))
"""


def disposition(root: Path, source: str, name: str = "mill.py") -> str | None:
    """Return the one disposition of a small program."""
    (found,) = set(templates(audited(root, {name: source})).values())
    return found


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("config.json", CONFIG),
        ("millconfig.json", CONFIG),
        ("userSettings.json", CONFIG),
        (".millrc", CONFIG),
        ("package.json", CONFIG),
        ("package-lock.json", CONFIG),
        ("tsconfig.build.json", CONFIG),
        ("appsscript.json", CONFIG),
        ("orders.json", RECORD),
        ("state.json", RECORD),
        ("session_state.json", RECORD),
        ("credentials.json", RECORD),
        ("package_orders.json", RECORD),
        ("profiles/config.json", RECORD),
        ("storage/package.json", CONFIG),
        ("cache/flour.json", CACHE),
        ("searchIndex.json", CACHE),
    ],
)
def test_a_file_that_the_program_writes_is_what_its_name_says(
    name: str, expected: str, tmp_path: Path
) -> None:
    assert disposition(tmp_path, STORE.format(name=name)) == expected


def test_a_manifest_per_entry_of_a_store_is_a_record(tmp_path: Path) -> None:
    source = """
import fs from "fs";
import path from "path";
class Store {
  constructor(storage) { this.storage = storage; }
  get(name) { return JSON.parse(fs.readFileSync(path.join(this.storage, name, "package.json"))); }
  put(name, all) {
    fs.writeFileSync(path.join(this.storage, name, "package.json"), JSON.stringify(all));
  }
}
export const store = new Store(process.env.STORAGE);
"""
    assert disposition(tmp_path, source, "store.ts") == RECORD


def test_configuration_that_the_program_writes_is_so_by_who_keeps_it(tmp_path: Path) -> None:
    source = """
import json, os

class {owner}:
    def __init__(self, base):
        self.place = os.path.join(base, "mill.json")

    def load(self):
        with open(self.place) as file:
            self.kept = json.load(file)

    def save(self):
        with open(self.place, "w") as file:
            json.dump(self.kept, file)
"""
    for owner, expected in (("MillSettings", CONFIG), ("Preferences", CONFIG), ("Ledger", RECORD)):
        found = audited(tmp_path / owner, {"mill.py": source.format(owner=owner)})
        assert templates(found) == {"{base}/mill.json": expected}
        assert ("PE201" in rules(found)["{base}/mill.json"]) is (expected == CONFIG)


@pytest.mark.parametrize(
    "change",
    [
        "kept['users'][name] = grain",
        "kept['access_token'] = grain",
        "kept[user_id] = grain",
        "kept.setdefault('accounts', []).append(grain)",
        "kept['hands'][str(member_id)] = grain",
        "kept.pop(user_id)",
        "kept['sacks'].append(grain)",
        "kept['orders'] = grain",
    ],
)
def test_what_is_kept_of_people_is_a_record_whatever_the_file_is_called(
    change: str, tmp_path: Path
) -> None:
    source = f"""
import json
def enter(name, user_id, member_id, grain):
    with open("config.json") as file:
        kept = json.load(file)
    {change}
    with open("config.json", "w") as file:
        json.dump(kept, file)
"""
    assert disposition(tmp_path, source) == RECORD


def test_people_in_a_file_named_as_configuration_are_seen_in_scripts_too(tmp_path: Path) -> None:
    source = """
import fs from "fs";
const file = process.env.HOME + "/.mill/config.json";
export function login(answer) {
  const kept = JSON.parse(fs.readFileSync(file, "utf8"));
  kept.accessToken = answer;
  fs.writeFileSync(file, JSON.stringify(kept));
}
"""
    assert disposition(tmp_path, source, "mill.ts") == RECORD


def test_a_token_among_many_settings_is_a_setting(tmp_path: Path) -> None:
    source = """
import json
DEFAULTS = {"stones": 2, "auth_token": None, "speed": 1, "oil": "", "bell": True, "port": 80,
            "host": "", "wind": 3, "sails": 4}
def settings():
    return json.load(open("settings.json"))
def reset():
    json.dump(DEFAULTS, open("settings.json", "w"))
"""
    assert disposition(tmp_path, source) == CONFIG


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("json.dump(requests.get(url).json(), open('tides.json', 'w'))", CACHE),
        ("json.dump({'last_checked': now, 'tide': url}, open('tides.json', 'w'))", CACHE),
        ("log = tides()\n    log.append(requests.get(url).json())\n"
         "    json.dump(log, open('tides.json', 'w'))", RECORD),
        ("json.dump({'tide': url}, open('tides.json', 'w'))", RECORD),
    ],
)  # fmt: skip
def test_a_cache_needs_no_age(body: str, expected: str, tmp_path: Path) -> None:
    source = f"""
import json, requests
def tides(): return json.load(open("tides.json"))
def ask(url, now):
    {body}
"""
    assert disposition(tmp_path, source) == expected


def test_a_cache_is_one_by_the_name_of_its_module_or_of_its_folder(tmp_path: Path) -> None:
    kept = STORE.format(name="tides.json")
    assert disposition(tmp_path / "a", kept, "tide_cache.py") == CACHE
    assert disposition(tmp_path / "b", kept.replace('"MILL"', '"MILL_CACHE_DIR"')) == CACHE
    # What may be lost is not known of what is called so in a function's name alone.
    assert disposition(tmp_path / "c", kept.replace("def load", "def load_cached")) == RECORD


def test_a_login_is_no_cache_though_it_expires(tmp_path: Path) -> None:
    source = """
import json, time, requests
def token(password):
    kept = json.load(open("token.json"))
    if kept["expires_at"] > time.time():
        return kept
    answer = requests.post("https://host/login", data=password).json()
    kept["access_token"] = answer["access_token"]
    json.dump(kept, open("token.json", "w"))
    return kept
"""
    assert disposition(tmp_path, source) == RECORD


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("json.dump(grain, open(args.output, 'w'))", UNCERTAIN),
        ("json.dump(grain, open(args.grain, 'w'))", UNCERTAIN),
        ("grain = json.load(open(args.grain))", UNCERTAIN),
        ("grain = json.load(open(args.config_file))", CONFIG),
        (
            "json.dump({'user_id': 1}, open(f'{args.place}/exports/{args.day}.json', 'w'))",
            UNCERTAIN,
        ),
        ("grain = json.load(open(f'{args.assets_dir}/grain.json'))", CONFIG),
    ],
)
def test_paths_that_the_command_line_gives(body: str, expected: str, tmp_path: Path) -> None:
    source = f"""
import argparse, json
def main(grain=None):
    parser = argparse.ArgumentParser()
    args = parser.parse_args()
    {body}
"""
    assert disposition(tmp_path, source) == expected


def test_what_a_browser_keeps_is_no_configuration_of_a_deploy(tmp_path: Path) -> None:
    source = """
export const settings = () => JSON.parse(localStorage.getItem("settings"));
export const colour = () => settings().colour;
export const keep = (all) => localStorage.setItem("settings", JSON.stringify(all));
export const seen = () => sessionStorage.getItem("seen");
"""
    assert templates(audited(tmp_path, {"settings.ts": source})) == {
        "localStorage:settings": RECORD,
        "sessionStorage:seen": UNCERTAIN,
    }


def test_settings_of_parts_of_the_program_are_configuration_and_those_of_people_are_not(
    tmp_path: Path,
) -> None:
    source = """
import json
def plugin_config(plugin_id): return json.load(open(f"plugins/{plugin_id}.json"))
def set_plugin_config(plugin_id, kept): json.dump(kept, open(f"plugins/{plugin_id}.json", "w"))
def taste(user_id): return json.load(open(f"tastes/{user_id}.json"))
def set_taste_config(user_id, kept): json.dump(kept, open(f"tastes/{user_id}.json", "w"))
"""
    assert templates(audited(tmp_path, {"parts.py": source})) == {
        "plugins/{plugin_id}.json": CONFIG,
        "tastes/{user_id}.json": RECORD,
    }


def test_nothing_is_certain_that_names_and_keys_only_suggest(tmp_path: Path) -> None:
    source = """
import json
def settings(): return json.load(open("settings.json"))
def owner(): return settings()["username"]
def rename(kept): json.dump(kept, open("settings.json", "w"))
def orders(): return json.load(open("orders.json"))
def order(): return orders()["id"]
def keep(kept): json.dump(kept, open("orders.json", "w"))
def hand(hand_id): return json.load(open(f"hands/{hand_id}.json"))
def hire(hand_id, kept): json.dump(kept, open(f"hands/{hand_id}.json", "w"))
"""
    found = {
        each.template: each.confidence for each in audited(tmp_path, {"a.py": source}).findings
    }
    assert found == {
        "settings.json": "likely",
        "orders.json": "likely",
        "hands/{hand_id}.json": "certain",
    }


def test_what_is_read_in_one_place_is_what_is_written_beside_it(tmp_path: Path) -> None:
    source = """
import json, os

BOOK = os.environ["BOOK"]
def put(name, dish):
    json.dump(dish, open(os.path.join(BOOK, "dishes", name + ".json"), "w"))
def get(name):
    return json.load(open(os.path.join(BOOK, "dishes", name + ".json")))
def first(dish):
    json.dump(dish, open(os.path.join(BOOK, "dishes", "First of all.json"), "w"))
"""
    found = templates(audited(tmp_path, {"recipes.py": source}))
    assert len(found) == 2
    assert set(found.values()) == {RECORD}


FLASK = """
import json
from flask import Flask, request
app = Flask(__name__)
def change(kept):
    with open("settings.json", "w") as file:
        json.dump(kept, file)
{route}
def page(): change(request.json)
"""
EXPRESS = """
const fs = require("fs");
const app = require("express")();
const change = (kept) => fs.writeFileSync("settings.json", JSON.stringify(kept));
app.post("/settings", (req, res) => { change(req.body); res.end(); });
"""


def test_an_editor_changes_what_a_handler_of_requests_writes(tmp_path: Path) -> None:
    for place, name, source, expected in (
        ("a", "app.py", FLASK.format(route='@app.route("/settings", methods=["POST"])'), "yes"),
        ("b", "app.py", FLASK.format(route=""), "not visible"),
        ("c", "app.js", EXPRESS, "yes"),
        ("d", "app.js", EXPRESS.replace("(req, res)", "(kept)"), "not visible"),
    ):
        (finding,) = audited(tmp_path / place, {name: source}).findings
        assert finding.disposition == CONFIG
        answer = finding.answers[4]
        assert (answer.question, answer.answer) == (5, expected)
        assert ("app." in answer.evidence) is (expected == "yes")
