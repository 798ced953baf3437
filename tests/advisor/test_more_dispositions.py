"""Dispositions by kind, continued: settings and their editors, content, copies, browsers."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates
from tests.advisor.test_dispositions import CACHE, CONFIG, RECORD, STORE, UNCERTAIN, disposition

EDITOR = """
import fs from "fs";
export class MillConfigService {
  path = process.env.HOME + "/.mill/config.json";
  load() { return JSON.parse(fs.readFileSync(this.path, "utf8")); }
  save(kept) { fs.writeFileSync(this.path, JSON.stringify(kept)); }
  change(name, userId) {
    const kept = this.load();
    CHANGE;
    this.save(kept);
  }
}
"""


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        ("kept.disabledStones.push(name)", CONFIG),
        ("kept.users.push(name)", RECORD),
        ("kept.accessToken = name", RECORD),
        ("kept.hands[userId] = name", RECORD),
        ("kept.orders.push(name)", RECORD),
    ],
)
def test_an_editor_of_settings_may_add_to_its_lists_but_not_people(
    change: str, expected: str, tmp_path: Path
) -> None:
    assert disposition(tmp_path, EDITOR.replace("CHANGE", change), "mill.ts") == expected


def test_texts_that_a_script_of_the_project_rewrites_are_content(tmp_path: Path) -> None:
    source = """
const fs = require("fs");
for (const file of fs.readdirSync("ui/locales")) {
  const texts = JSON.parse(fs.readFileSync(`ui/locales/${file}`));
  fs.writeFileSync(`ui/locales/${file}`, JSON.stringify(texts));
}
"""
    assert set(templates(audited(tmp_path, {"sync.js": source})).values()) == {CONFIG}


def test_what_only_a_script_writes_and_the_program_reads_is_content(tmp_path: Path) -> None:
    read = 'import json\ndef grains(): return json.load(open("mill/grains.json"))\n'
    write = 'import json\ndef main(found): json.dump(found, open("mill/grains.json", "w"))\n'
    for place, name, written, expected in (
        ("a", "scripts/grains.py", write, CONFIG),
        ("b", "mill/grains.py", write, RECORD),
        ("c", "scripts/grains.py", write.replace("found,", "{'users': found},"), RECORD),
    ):
        found = templates(audited(tmp_path / place, {"mill/read.py": read, name: written}))
        assert found == {"mill/grains.json": expected}
    dump = write.replace("mill/grains", "user/dumps/grains")
    assert disposition(tmp_path / "d", dump, "scripts/dump.py") == UNCERTAIN


SECRETS = """
import json, os, secrets, requests
def get_secrets():
    if os.path.exists("secrets.json"):
        return json.load(open("secrets.json"))
    return generate_secrets()
def generate_secrets():
    made = {"key": secrets.token_hex(32)}
    json.dump(made, open("secrets.json", "w"))
    return made
"""


def test_a_secret_that_the_program_makes_is_a_setting_and_one_of_a_login_is_not(
    tmp_path: Path,
) -> None:
    assert disposition(tmp_path / "a", SECRETS) == CONFIG
    for place, old, new in (
        ("b", "secrets.token_hex(32)", "requests.get('https://mill').json()"),
        ("c", "def generate_secrets", "def login"),
        ("d", "secrets.json", "user_secrets.json"),
        ("e", "secrets.json", "tokens.json"),
        ("f", '"key"', '"access_token"'),
    ):
        source = SECRETS.replace(old, new)
        assert disposition(tmp_path / place, source.replace("generate_secrets()", "None")) == RECORD


def test_how_the_program_looks_is_a_setting_unless_it_looks_so_for_one(tmp_path: Path) -> None:
    assert disposition(tmp_path / "a", STORE.format(name="dashboard.json")) == CONFIG
    source = """
import json
def layout(user_id): return json.load(open("layout.json"))[user_id]
def keep(all): json.dump(all, open("layout.json", "w"))
"""
    assert disposition(tmp_path / "b", source) == RECORD


def test_files_in_a_folder_of_copies_are_uncertain(tmp_path: Path) -> None:
    source = """
import json, os
def back_up(backup_dir, grain): json.dump(grain, open(os.path.join(backup_dir, "grain.json"), "w"))
def restore(backup_dir): return json.load(open(os.path.join(backup_dir, "grain.json")))
"""
    assert disposition(tmp_path / "a", source) == UNCERTAIN
    assert disposition(tmp_path / "b", source.replace("backup_dir", "barn")) == RECORD
    assert disposition(tmp_path / "c", STORE.format(name="exports/grain.json")) == UNCERTAIN


@pytest.mark.parametrize(
    ("key", "expected"),
    [
        ("access_token", CACHE),
        ("jwt", CACHE),
        ("authToken", CACHE),
        ("session", CACHE),
        ("mill_session_id", RECORD),
        ("mill_refresh_token", CACHE),
        ("mill_token_timestamp", CACHE),
        ("tokenOfMiller", RECORD),
        ("sessions-of-milling", RECORD),
        ("orders", RECORD),
        ("theme", RECORD),
    ],
)
def test_a_token_in_a_browser_is_the_servers(key: str, expected: str, tmp_path: Path) -> None:
    source = f"""
export const kept = () => localStorage.getItem("{key}");
export const keep = (all) => localStorage.setItem("{key}", all);
"""
    (found,) = audited(tmp_path, {"mill.ts": source}).findings
    assert found.disposition == expected
    assert expected != CACHE or found.confidence == "likely"


@pytest.mark.parametrize(
    ("name", "kept", "expected"),
    [
        ("keep", '{"username": name, "apikey": key}', RECORD),
        ("keep", '{"apikey": key, "speed": 1}', CONFIG),
        ("keep", '{"username": name, "password": key, "host": "mill", "port": 80}', CONFIG),
        ("login", '{"apikey": key, "speed": 1}', RECORD),
        ("login", '{"wind": name, "speed": 1}', CONFIG),
    ],
)
def test_what_somebody_logs_in_by_is_a_record_though_its_file_is_called_configuration(
    name: str, kept: str, expected: str, tmp_path: Path
) -> None:
    source = f"""
import json, os
PLACE = os.path.expanduser("~/.millconfig")
def {name}(name, key):
    with open(PLACE, "w") as file:
        json.dump({kept}, file)
def load():
    with open(PLACE) as file:
        return json.load(file)
"""
    assert disposition(tmp_path / "a", source) == expected
    deleted = source + "def forget(): os.remove(PLACE)\n"
    removed = RECORD if '"apikey"' in kept else expected
    assert disposition(tmp_path / "b", deleted) == removed


TIDE = """
export class Tides {
  show(harbour) {
    const kept = localStorage.getItem(`tide-${harbour.id}`);
    if (kept) { return JSON.parse(kept); }
    this.$http.get("https://tides.example/now").subscribe((tide) => {
      localStorage.setItem(`tide-${harbour.id}`, JSON.stringify(tide));
    });
  }
}
"""


def test_what_a_server_is_asked_for_where_it_is_missing_is_a_cache_in_a_browser(
    tmp_path: Path,
) -> None:
    assert disposition(tmp_path / "a", TIDE, "tides.ts") == CACHE
    asked = TIDE.replace('this.$http.get("https://tides.example/now")', "this.entered")
    assert disposition(tmp_path / "b", asked, "tides.ts") == RECORD
    people = TIDE.replace("harbour", "user").replace("user.id", "userId")
    assert disposition(tmp_path / "c", people, "tides.ts") == RECORD


@pytest.mark.parametrize("owner", ["guild_id", "user_id", "channel_id", "miller"])
def test_options_of_each_of_many_are_records(owner: str, tmp_path: Path) -> None:
    source = f"""
import json, os
class MillConfig:
    def __init__(self, base): self.base = base
    def load(self, {owner}):
        return json.load(open(os.path.join(self.base, str({owner}), "options.json")))
    def save(self, {owner}, kept):
        json.dump(kept, open(os.path.join(self.base, str({owner}), "options.json"), "w"))
"""
    assert disposition(tmp_path, source) == RECORD


def test_a_manifest_per_entry_is_a_record_by_the_module_that_stores_it(tmp_path: Path) -> None:
    source = """
import fs from "fs";
import path from "path";
export class Shelf {
  constructor(root) { this.root = root; }
  get(name) { return JSON.parse(fs.readFileSync(path.join(this.root, name, "package.json"))); }
  put(name, all) {
    fs.writeFileSync(path.join(this.root, name, "package.json"), JSON.stringify(all));
  }
}
"""
    assert disposition(tmp_path / "a", source, "local-storage.ts") == RECORD
    assert disposition(tmp_path / "b", source, "scaffold.ts") == CONFIG


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        ("json.load(open(os.path.expanduser('~/.config/mill/mill.json')))", CONFIG),
        ("json.load(open(os.path.expanduser('~/.config/mill/state.json')))", UNCERTAIN),
        ("json.load(open(os.path.join(root, f'.{name}-v{version}.schema.json')))", CONFIG),
        ("json.load(open(os.path.join(root, theme, 'paint.json')))", CONFIG),
        ("json.load(open(os.path.join(root, name, 'paint.json')))", UNCERTAIN),
        ("json.load(open(path_to_lang))", CONFIG),
        ("json.load(open(mill.package_json_path))", CONFIG),
    ],
)
def test_what_is_only_read(body: str, expected: str, tmp_path: Path) -> None:
    source = f"""
import json, os, mill
def main():
    for root, name, theme, version, path_to_lang in mill.all():
        options = mill.options()
        return {body}
"""
    assert disposition(tmp_path, source) == expected


def test_options_of_the_command_line_are_no_settings(tmp_path: Path) -> None:
    source = """
import fs from "fs";
const options = program.parse().opts();
const grain = JSON.parse(fs.readFileSync(options.file, "utf8"));
"""
    assert templates(audited(tmp_path / "a", {"mill.mjs": source})) == {"{options_file}": UNCERTAIN}
    kept = source.replace("options.file", "settings.file")
    assert templates(audited(tmp_path / "b", {"mill.mjs": kept})) == {"{settings_file}": CONFIG}


def test_when_a_program_last_looked_for_a_version_is_a_cache(tmp_path: Path) -> None:
    source = """
import json, os
PLACE = os.path.expanduser("~/.mill/{name}.json")
def load_state(): return json.load(open(PLACE))
def save_state(now): json.dump({{"last_check_at": now, "seen": 1}}, open(PLACE, "w"))
"""
    assert disposition(tmp_path / "a", source.format(name="update_state")) == CACHE
    assert disposition(tmp_path / "b", source.format(name="orders_state")) == RECORD


def test_a_cache_is_one_where_all_functions_that_keep_it_say_so(tmp_path: Path) -> None:
    source = STORE.format(name="grain.json")
    both = source.replace("def load", "def load_cache").replace("def save", "def save_cache")
    assert disposition(tmp_path, both) == CACHE


def test_what_is_only_read_beside_records_of_the_same_id_is_a_record(tmp_path: Path) -> None:
    source = """
import json
def grain(mill_id): return json.load(open(f"data/mills/{mill_id}/grain.json"))
def keep(mill_id, all): json.dump(all, open(f"data/mills/{mill_id}/grain.json", "w"))
def stones(mill_id): return json.load(open(f"data/mills/{mill_id}/stones.json"))
def sails(slug): return json.load(open(f"content/sails/{slug}/sail.json"))
"""
    assert templates(audited(tmp_path, {"mill.py": source})) == {
        "data/mills/{mill_id}/grain.json": RECORD,
        "data/mills/{mill_id}/stones.json": RECORD,
        "content/sails/{slug}/sail.json": CONFIG,
    }
