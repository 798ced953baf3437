"""Dispositions, rules and proposed tables: what the code shows, and what it does not."""

from pathlib import Path

import psycopg
import pytest

from loaders.advisor.audit import Request, audit
from loaders.advisor.judging.proposals import propose
from tests.advisor.auditing import audited, rules, templates, write


def test_only_read_is_configuration_and_written_is_a_record(tmp_path: Path) -> None:
    source = """
import json

def rates(): return json.load(open("data/rates.json"))
def users(): return json.load(open("data/users.json"))
def keep(users): open("data/users.json", "w").write(json.dumps(users))
"""
    assert templates(audited(tmp_path, {"app.py": source})) == {
        "data/rates.json": "CONFIG_STATIC",
        "data/users.json": "SYSTEM_OF_RECORD",
    }


def test_no_record_of_people_is_called_static_with_certainty(tmp_path: Path) -> None:
    source = """
import json
def user(user_id): return json.load(open(f"users/{user_id}.json"))
def session(sid): return json.load(open(f"cache/sessions/{sid}.json"))
"""
    for finding in audited(tmp_path, {"app.py": source}).findings:
        assert finding.confidence != "certain"


def test_a_cache_is_read_while_fresh_and_made_anew(tmp_path: Path) -> None:
    source = """
import json, os, time, urllib.request

def weather(city):
    path = f"weather/{city}.json"
    if os.path.exists(path) and time.time() - os.path.getmtime(path) < 600:
        return json.load(open(path))
    found = json.load(urllib.request.urlopen("https://host/" + city))
    with open(path, "w") as file:
        json.dump(found, file)
    return found
"""
    assert templates(audited(tmp_path, {"app.py": source})) == {"weather/{city}.json": "CACHE"}


def test_configuration_that_is_written_and_secrets_in_it(tmp_path: Path) -> None:
    source = """
import json
PATH = "conf/app.json"

def options(): return json.load(open(PATH))
def token(): return options()["api_key"]
def colour(): return options().get("colour")
def change(name, value):
    all = options()
    all[name] = value
    json.dump(all, open(PATH, "w"))
"""
    found = audited(tmp_path, {"app.py": source})
    assert templates(found) == {"conf/app.json": "CONFIG_STATIC"}
    assert rules(found)["conf/app.json"] == {"PE201", "PE202"}


@pytest.mark.parametrize(
    ("lock", "expected"), [("", True), ("    import fcntl; fcntl.flock(1, 2)\n", False)]
)
def test_reading_changing_and_writing_back_needs_a_lock(
    lock: str, expected: bool, tmp_path: Path
) -> None:
    source = (
        "import json\n\ndef add(user_id):\n" + lock + "    votes = json.load(open('votes.json'))\n"
        "    votes.append(user_id)\n    json.dump(votes, open('votes.json', 'w'))\n"
    )
    found = rules(audited(tmp_path, {"app.py": source}))
    assert ("PE104" in found["votes.json"]) is expected


def test_two_homes_and_helpers_nobody_calls(tmp_path: Path) -> None:
    source = """
import json

def pay(cursor, payment_id):
    json.dump({}, open(f"payments/{payment_id}.json", "w"))
    cursor.execute("insert into payments values (%s)", (payment_id,))

def see(cursor, order_id):
    json.dump({}, open(f"orders/{order_id}.json", "w"))
    cursor.execute("select 1")

def dump_anything(target, value):
    json.dump(value, open(target, "w"))
"""
    found = rules(audited(tmp_path, {"app.py": source}))
    assert "PE302" in found["payments/{payment_id}.json"]
    assert "PE302" not in found["orders/{order_id}.json"]
    assert found["{target}"] == {"PE301"}


def test_proposals_take_types_from_the_data_and_never_show_values(tmp_path: Path) -> None:
    app = """
import json
from typing import TypedDict

class Loan(TypedDict):
    reader: str
    due_on: str
    is_lost: bool

def save(loan_id: int, loan: Loan) -> None:
    json.dump(loan, open(f"data/loans/{loan_id}.json", "w"))

def load(loan_id: int) -> Loan:
    return json.load(open(f"data/loans/{loan_id}.json"))

def block(user_id: str) -> None:
    blocked = json.load(open("data/blocked.json"))
    json.dump(blocked, open("data/blocked.json", "w"))
"""
    root = write(
        tmp_path,
        {
            "app.py": app,
            "data/loans/17.json": '{"reader": "ada1ec75-0724-46cf-a5d1-1321a58903e3", "fee": 1.5}',
            "data/blocked.json": '{"ada1ec75-0724-46cf-a5d1-1321a58903e3": {"why": "secret"}}',
        },
    )
    result = audit(Request(root, data=root / "data"))
    tables = {found.template: found.proposal for found in result.findings}
    loans, blocked = tables["data/loans/{loan_id}.json"], tables["data/blocked.json"]
    assert loans is not None
    assert blocked is not None
    assert {column.name: column.type for column in loans.columns} == {
        "loan_id": "bigint",
        "reader": "uuid",
        "due_on": "date",
        "is_lost": "boolean",
        "fee": "numeric",
    }
    assert [column.name for column in blocked.columns] == ["blocked_id", "why"]
    assert "secret" not in repr(result)
    assert "1321a58903e3" not in repr(result)


def test_proposed_tables_are_sql_that_postgresql_takes(connection: psycopg.Connection) -> None:
    connection.execute("create schema proposed")
    connection.execute("set search_path to proposed")
    for template, holes in (
        ("data/orders/{order}/{user id}.json", ["order", "user id"]),
        ("s3://bucket/2024-x/{id}.json", ["id"]),
        ("localStorage:select", []),
    ):
        keys = {
            "table": "read",
            "1st": "read",
            "Größe": "read",
            "payload": "written",
            "a b": "read",
        }
        found = propose(template, holes, keys, {"tags": "list[str]"}, {"at": "timestamptz"})
        connection.execute(found.sql.encode())


def test_a_list_that_grows_is_no_configuration(tmp_path: Path) -> None:
    source = """
import { readFileSync, writeFileSync } from "fs";
const read = (file) => JSON.parse(readFileSync(file, "utf8"));
export function recipes() { return read("data/recipes.json").recipes; }
export function addRecipe(recipe) {
  const all = read("data/recipes.json");
  all.recipes.push(recipe);
  writeFileSync("data/recipes.json", JSON.stringify(all));
}
export function oven() { return read("data/oven.json").degrees; }
export function setOven(oven) { writeFileSync("data/oven.json", JSON.stringify(oven)); }
"""
    assert templates(audited(tmp_path, {"kitchen.js": source})) == {
        "data/oven.json": "CONFIG_STATIC",
        "data/recipes.json": "SYSTEM_OF_RECORD",
    }


def test_what_a_server_answered_is_a_cache_in_the_browser(tmp_path: Path) -> None:
    source = """
export async function login(form) {
  const answer = await fetch("/login", { method: "POST", body: form });
  localStorage.setItem("pass", (await answer.json()).pass);
}
export async function menu() {
  const dishes = await (await fetch("/menu")).json();
  localStorage.setItem("menu", JSON.stringify(dishes));
}
export async function order(dishes) {
  localStorage.setItem("order", JSON.stringify(dishes));
  await fetch("/orders", { method: "POST", body: JSON.stringify(dishes) });
}
export const all = () => ["pass", localStorage.getItem("pass"), localStorage.getItem("menu"),
  localStorage.getItem("order")];
"""
    assert templates(audited(tmp_path, {"counter.ts": source})) == {
        "localStorage:menu": "CACHE",
        "localStorage:order": "SYSTEM_OF_RECORD",
        "localStorage:pass": "CACHE",
    }


def test_files_written_below_one_folder_and_read_below_another_are_judged_together(
    tmp_path: Path,
) -> None:
    source = """
import json, os

class Boat:
    def __init__(self, root, boat_id):
        self.place = os.path.join(root, boat_id)

    def save(self, crew):
        with open(os.path.join(self.place, "boat.json"), "w") as file:
            json.dump(crew, file)

def fleet(harbour):
    for boat_id in os.listdir(harbour):
        with open(os.path.join(harbour, boat_id, "boat.json")) as file:
            yield json.load(file)
"""
    found = audited(tmp_path, {"fleet.py": source})
    assert set(templates(found).values()) == {"SYSTEM_OF_RECORD"}


def test_configuration_that_is_only_read_may_lie_elsewhere(tmp_path: Path) -> None:
    source = """
import json, os

def settings(folder):
    with open(os.path.join(folder, "settings.json")) as file:
        return json.load(file)

def taste(user_id):
    with open(os.path.join(user_id, "own_settings.json")) as file:
        return json.load(file)

def tide(folder):
    with open(os.path.join(folder, "tide.json")) as file:
        return json.load(file)
"""
    assert templates(audited(tmp_path, {"quay.py": source})) == {
        "{folder}/settings.json": "CONFIG_STATIC",
        "{folder}/tide.json": "UNCERTAIN",
        "{user_id}/own_settings.json": "UNCERTAIN",
    }


def test_a_file_of_the_users_configuration_folder_is_configuration(tmp_path: Path) -> None:
    source = """
import json, platformdirs

FOLDER = platformdirs.PlatformDirs("kiln").user_config_path

def load():
    with (FOLDER / "settings.json").open() as file:
        return json.load(file)

def keep(found):
    with (FOLDER / "settings.json").open("w") as file:
        json.dump(found, file)
"""
    assert templates(audited(tmp_path, {"kiln.py": source})) == {
        "{user_config_path}/settings.json": "CONFIG_STATIC"
    }


def test_a_server_answers_through_a_helper_too(tmp_path: Path) -> None:
    source = """
import axios from "axios";
const put = (name, tides) => localStorage.setItem(name, `${tides[name]}`);
export async function refresh() {
  const answer = await axios.get("/tides");
  put("ebb", answer.data);
}
export const ebb = () => localStorage.ebb;
"""
    assert templates(audited(tmp_path, {"tides.ts": source})) == {"localStorage:ebb": "CACHE"}


def test_the_folder_in_which_all_records_lie_is_no_column(tmp_path: Path) -> None:
    source = """
import json, os

def keep(data_dir, hen_id, eggs):
    with open(os.path.join(data_dir, "hens", f"{hen_id}.json"), "w") as file:
        json.dump(eggs, file)

def eggs(data_dir, hen_id):
    with open(os.path.join(data_dir, "hens", f"{hen_id}.json")) as file:
        return json.load(file)

def visit(tenant, visit_id, seen):
    with open(os.path.join(tenant, "visits", f"{visit_id}.json"), "w") as file:
        json.dump(seen, file)
"""
    keys = {
        finding.template: [column.name for column in finding.proposal.columns if column.is_key]
        for finding in audited(tmp_path, {"coop.py": source}).findings
        if finding.proposal
    }
    assert keys == {
        "{data_dir}/hens/{hen_id}.json": ["hen_id"],
        "{tenant}/visits/{visit_id}.json": ["tenant", "visit_id"],
    }
