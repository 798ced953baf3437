"""How far places and templates are followed: each test is a lesson of unseen projects."""

from pathlib import Path

from tests.advisor.auditing import audited, places, rules, templates

WRITER = """
import json, os, shutil

def save(path, value):
    if os.path.exists(path):
        shutil.copy(path, path + ".bak")
    with open(path + ".tmp", "w") as file:
        json.dump(value, file)
    os.replace(path + ".tmp", path)
"""


def test_a_star_import_brings_a_wrapper(tmp_path: Path) -> None:
    found = audited(
        tmp_path,
        {
            "files.py": WRITER,
            "app.py": "from files import *\n\n"
            'def keep(user_id, row):\n    save(f"users/{user_id}.json", row)\n',
        },
    )
    assert ("app.py", 4, "write", "call", "users/{user_id}.json") in places(found)


def test_what_a_wrapper_does_on_the_side_is_part_of_its_one_write(tmp_path: Path) -> None:
    found = audited(tmp_path, {"files.py": WRITER + '\nsave("orders.json", {"order_id": 1})\n'})
    assert places(found) == [
        ("files.py", 9, "write", "wrapper", "{path}"),
        ("files.py", 11, "write", "call", "orders.json"),
    ]


def test_many_calls_of_one_wrapper_are_all_followed(tmp_path: Path) -> None:
    calls = "".join(
        f'def f{number}(user_id):\n    save(f"kind{number}/{{user_id}}.json", {{}})\n\n'
        for number in range(300)
    )
    found = audited(tmp_path, {"files.py": WRITER, "app.py": "from files import save\n\n" + calls})
    assert len(templates(found)) == 300


def test_a_default_belongs_to_the_implementation(tmp_path: Path) -> None:
    source = """
import json

def load(path="data/rates.json"):
    with open(path) as file:
        return json.load(file)

def rates():
    return load()

def other():
    return load("data/other.json")
"""
    assert places(audited(tmp_path, {"app.py": source}), "sink", "call") == [
        ("app.py", 5, "read", "sink", "data/rates.json"),
        ("app.py", 12, "read", "call", "data/other.json"),
    ]


def test_the_nearest_preceding_assignment_of_a_reused_name_counts(tmp_path: Path) -> None:
    source = """
import json
path = "README.md"
text = open(path).read()
path = "state/queue.json"
queue = json.load(open(path))
path = "notes.txt"
open(path, "w").write(text)
"""
    assert places(audited(tmp_path, {"app.py": source})) == [
        ("app.py", 6, "read", "sink", "state/queue.json")
    ]


STORE = """
import json
from pathlib import Path

class Store:
    def __init__(self, root):
        self.root = Path(root)

    def save(self, key, row):
        (self.root / f"{key}.json").write_text(json.dumps(row))
"""


def test_construction_sites_say_where_a_class_writes(tmp_path: Path) -> None:
    app = """
from store import Store
users, tasks = Store("data/users"), Store("data/tasks")

def add(user_id, task_id):
    users.save(user_id, {})
    tasks.save(task_id, {})
"""
    found = audited(tmp_path, {"store.py": STORE, "app.py": app})
    assert places(found, "call") == [
        ("app.py", 6, "write", "call", "data/users/{user_id}.json"),
        ("app.py", 7, "write", "call", "data/tasks/{task_id}.json"),
    ]


def test_a_class_that_is_built_once_knows_its_folder(tmp_path: Path) -> None:
    app = "from store import Store\n\nSTORE = Store('data/users')\n"
    found = audited(tmp_path, {"store.py": STORE, "app.py": app})
    assert places(found) == [("store.py", 10, "write", "sink", "data/users/{key}.json")]


def test_objects_that_other_objects_hold_are_followed(tmp_path: Path) -> None:
    app = """
from store import Store

class App:
    def __init__(self):
        self.users = Store("data/users")
        self.jobs = Store("data/jobs")

def handle(app, user_id):
    app.users.save(user_id, {})
"""
    found = audited(tmp_path, {"store.py": STORE, "app.py": app})
    assert places(found, "call") == [("app.py", 10, "write", "call", "data/users/{user_id}.json")]


def test_what_a_class_below_says_fills_in_the_class_above(tmp_path: Path) -> None:
    source = """
import json

class Base:
    name = None

    def load(self):
        with open(f"data/{self.name}.json") as file:
            return json.load(file)

class Users(Base):
    name = "users"

class Jobs(Base):
    name = "jobs"

def both():
    return Users().load(), Jobs().load()
"""
    found = audited(tmp_path, {"app.py": source})
    assert sorted(templates(found)) == ["data/jobs.json", "data/users.json"]


def test_listings_count_only_where_files_carry_ids(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

def open_orders():
    return [json.loads(path.read_text()) for path in Path("orders").glob("*.json")]

def save(order_id, row):
    Path(f"orders/{order_id}.json").write_text(json.dumps(row))

def menu():
    return [path.name for path in Path("static").iterdir()]
"""
    found = audited(tmp_path, {"app.py": source})
    assert {row[1]: row[2:] for row in places(found) if row[2] == "list"} == {
        6: ("list", "sink", "orders/{order_id}.json")
    }
    assert "PE103" in rules(found)["orders/{order_id}.json"]


def test_a_writer_that_is_handed_in_is_called_where_it_is_called(tmp_path: Path) -> None:
    app = """
from files import save

def export(day, rows, writer):
    writer(f"exports/{day}.json", rows)

def nightly(day, rows):
    export(day, rows, save)
"""
    found = audited(tmp_path, {"files.py": WRITER, "app.py": app})
    assert places(found, "call") == [("app.py", 5, "write", "call", "exports/{day}.json")]


def test_paths_are_built_in_every_usual_way(tmp_path: Path) -> None:
    source = """
import json, os
from pathlib import Path

BASE = os.environ.get("BASE", "data")
HERE = Path(__file__).resolve().parent

def a(user_id): return json.load(open("%s/a/%s.json" % (BASE, user_id)))
def b(user_id): return json.load(open("{}/b/{}.json".format(BASE, user_id)))
def c(user_id): return json.load(open(os.path.join(BASE, "c", user_id + ".json")))
def d(user_id): return json.loads((HERE / "d" / user_id).with_suffix(".json").read_text())
def e(user_id): return json.loads(Path(BASE).joinpath("e", f"{user_id}.json").read_text())
def f(user_id): return json.load(open("/".join([BASE, "f", f"{user_id}.json"])))
def g(user_id): return json.load(open(path_of(user_id)))
def path_of(user_id): return BASE + "/g/" + str(user_id) + ".json"
"""
    found = templates(audited(tmp_path, {"pkg/app.py": source}))
    assert sorted(found) == [
        "data/a/{user_id}.json", "data/b/{user_id}.json", "data/c/{user_id}.json",
        "data/e/{user_id}.json", "data/f/{user_id}.json", "data/g/{user_id}.json",
        "pkg/d/{user_id}.json",
    ]  # fmt: skip


def test_read_and_write_handles_pickles_and_neighbours(tmp_path: Path) -> None:
    source = """
import gzip, json, pickle, shelve, sqlite3

def both():
    with open("votes.json", "r+") as file:
        votes = json.load(file)
        file.seek(0)
        json.dump(votes, file)

def packed(user_id):
    with gzip.open(f"old/{user_id}.json.gz", "rt") as file:
        return json.load(file)

shelve.open("notes")
sqlite3.connect("app.db")
pickle.dump([], open("queue.bin", "wb"))
"""
    found = audited(tmp_path, {"app.py": source})
    assert [row[2] for row in places(found) if row[4] == "votes.json"] == ["read", "write"]
    assert {name for name, disposition in templates(found).items() if disposition is None} == {
        "shelve:notes", "sqlite:app.db", "pickle:queue.bin",
    }  # fmt: skip
    assert "old/{user_id}.json.gz" in templates(found)


def test_bodies_logs_and_keys_are_no_files(tmp_path: Path) -> None:
    source = """
import json, logging, requests

def answer(body):
    logging.info(json.dumps(body))
    open("app.log", "a").write("done")
    return requests.post("https://host/x.json", data=json.dumps(body)).json()
"""
    assert places(audited(tmp_path, {"app.py": source})) == []


def test_import_cycles_and_recursion_end(tmp_path: Path) -> None:
    files = {
        "a.py": "from b import *\nimport json\n\n"
        "def walk(path):\n    walk(path + '/x')\n    json.load(open(path))\n",
        "b.py": "from a import *\n\ndef start():\n    walk('root.json')\n",
    }
    assert ("b.py", 4, "read", "call", "root.json") in places(audited(tmp_path, files))


def test_a_constructor_default_is_read_where_the_class_reads(tmp_path: Path) -> None:
    source = """
import json

class Database:
    def __init__(self, path="db.json"):
        self.path = path
        self.data = self.load()

    def load(self):
        return json.load(open(self.path))

    def save(self):
        json.dump(self.data, open(self.path, "w"))

main, other = Database(), Database("other.json")

def keep():
    main.save()
    other.save()
"""
    assert places(audited(tmp_path, {"app.py": source}), "sink", "call") == [
        ("app.py", 10, "read", "sink", "db.json"),
        ("app.py", 15, "read", "call", "other.json"),
        ("app.py", 18, "write", "call", "db.json"),
        ("app.py", 19, "write", "call", "other.json"),
    ]


def test_walks_and_folders_of_paths_are_followed(tmp_path: Path) -> None:
    source = """
import json, os
from pathlib import Path

for folder, _, names in os.walk("archive"):
    for name in names:
        json.load(open(os.path.join(folder, name)))

def beside(user_id):
    path = Path(f"users/{user_id}.json")
    return json.loads((path.parent / "index.json").read_text())
"""
    assert sorted(templates(audited(tmp_path, {"app.py": source}))) == [
        "archive/*",
        "users/index.json",
    ]


def test_a_backup_is_part_of_the_write_that_it_guards(tmp_path: Path) -> None:
    source = """
import json, os, shutil, tempfile

def writer_of(rows):
    def writer(file):
        json.dump(rows(), file)
    return writer

def safe_save(path, content):
    with tempfile.NamedTemporaryFile("w", delete=False) as file:
        content(file)
    if os.path.exists(path):
        try:
            os.unlink(path + ".bak")
        except OSError:
            pass
        shutil.move(path, path + ".bak")
    shutil.move(file.name, path)

def save(rows):
    safe_save("state/frames", writer_of(rows))
"""
    assert places(audited(tmp_path, {"app.py": source})) == [
        ("app.py", 18, "write", "wrapper", "{path}"),
        ("app.py", 21, "write", "call", "state/frames"),
    ]


def test_an_attribute_is_what_was_assigned_last_and_none_is_no_path(tmp_path: Path) -> None:
    source = """
import json
from pathlib import Path

class Driver:
    def __init__(self, name, folder=None):
        self.path = folder or Path("cogs") / name
        self.path = self.path / "settings.json"

    def load(self):
        return json.loads(self.path.read_text())

    def save(self, data):
        self.path.write_text(json.dumps(data))

def driver(name):
    return Driver(name)
"""
    found = audited(tmp_path, {"app.py": source})
    assert places(found) == [
        ("app.py", 11, "read", "sink", "cogs/{name}/settings.json"),
        ("app.py", 14, "write", "sink", "cogs/{name}/settings.json"),
    ]


def test_a_parameter_that_one_caller_fills_with_an_object_is_a_path_for_the_others(
    tmp_path: Path,
) -> None:
    source = """
import json

class Layout:
    def __init__(self, name):
        self.name = name

def load(path):
    with open(path) as file:
        return file.read()

def save(path, text):
    with open(path, "w") as file:
        file.write(text)

def show(layout):
    print(load(Layout(layout)))
    save(Layout(layout), "")

def remotes():
    return json.loads(load("remotes.json"))

def keep(remotes):
    save("remotes.json", json.dumps(remotes))
"""
    found = places(audited(tmp_path, {"app.py": source}), "call")
    assert [row for row in found if row[4] == "remotes.json"] == [
        ("app.py", 21, "read", "call", "remotes.json"),
        ("app.py", 24, "write", "call", "remotes.json"),
    ]
