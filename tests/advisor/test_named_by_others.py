"""Files whose folder, default or kind somebody else tells."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates

_ORCHARD = """
import { readFileSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";

export function orchard(path = process.env.ORCHARD_FILE ?? "data/orchard.json") {
  return new Orchard(path);
}

class Orchard {
  constructor(private readonly path: string) {}
  trees() { return JSON.parse(readFileSync(resolve(process.cwd(), this.path), "utf8")); }
  plant(trees) { writeFileSync(resolve(process.cwd(), this.path), JSON.stringify(trees)); }
}

export const mine = orchard();
"""


def test_what_builds_an_object_has_a_default_for_it(tmp_path: Path) -> None:
    found = audited(tmp_path, {"orchard.ts": _ORCHARD})
    assert [row[1:] for row in places(found)] == [
        (11, "read", "sink", "data/orchard.json"),
        (12, "write", "sink", "data/orchard.json"),
    ]


def test_what_a_program_notes_of_its_runs_is_no_setting(tmp_path: Path) -> None:
    code = """
import json

def load():
    with open("picked_rows.json") as file:
        data = json.load(file)
    data.setdefault("rows", {})
    return data

def save(data):
    with open("picked_rows.json", "w") as file:
        json.dump(data, file)

def pick(now):
    data = load()
    print(data["last_run"])
    data["last_run"] = now
    save(data)
"""
    assert templates(audited(tmp_path, {"pick.py": code})) == {
        "picked_rows.json": "SYSTEM_OF_RECORD"
    }


def test_what_a_logout_takes_away_a_login_gave(tmp_path: Path) -> None:
    code = """
import json, os

def login(settings, answer):
    with open(settings.oauth_file, "w") as file:
        json.dump(answer, file)

def logout(settings):
    os.unlink(settings.oauth_file)
"""
    found = audited(tmp_path, {"gate.py": code})
    assert list(templates(found).values()) == ["SYSTEM_OF_RECORD"]
