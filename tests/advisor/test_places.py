"""Which places count once: base folders, callbacks, copies."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_a_base_folder_that_the_platform_decides_is_one_placeholder(tmp_path: Path) -> None:
    source = """
import json, os, sys

def home(given):
    if given:
        return given
    if sys.platform == "win32":
        return os.path.join(os.environ["LOCALAPPDATA"], "Orchard")
    return os.path.expanduser("~/.orchard")

class Orchard:
    def __init__(self, folder):
        self.folder = folder

    def trees(self):
        with open(os.path.join(self.folder, "trees", "all.json")) as file:
            return json.load(file)

    def plant(self, trees):
        with open(os.path.join(self.folder, "trees", "all.json"), "w") as file:
            json.dump(trees, file)

def main(arguments):
    orchard = Orchard(home(arguments.folder))
    orchard.plant([*orchard.trees(), {"kind": "pear"}])
"""
    found = audited(tmp_path, {"orchard.py": source})
    assert [(line, operation) for _, line, operation, _, _ in places(found, "sink", "call")] == [
        (16, "read"),
        (20, "write"),
    ]
    (template,) = templates(found)
    assert template.endswith("}/trees/all.json")


def test_two_folders_of_the_project_stay_two_templates(tmp_path: Path) -> None:
    source = """
import json

def count(is_old):
    folder = "data/felled" if is_old else "data/standing"
    with open(f"{folder}/trees.json") as file:
        return len(json.load(file))
"""
    assert set(templates(audited(tmp_path, {"count.py": source}))) == {
        "data/felled/trees.json",
        "data/standing/trees.json",
    }


def test_who_passes_a_callback_that_writes_json_writes_json(tmp_path: Path) -> None:
    source = """
import json, os, tempfile

def replaced(target, fill):
    draft = tempfile.NamedTemporaryFile("w", delete=False)
    with draft:
        fill(draft)
    os.replace(draft.name, target)

def as_json(rows):
    def fill(file):
        file.write(json.dumps(rows))
    return fill

class Hive:
    def __init__(self, rules):
        self.rules = rules
        self.folder = os.path.expanduser("~/.hive")

    def save(self, bees):
        replaced(os.path.join(self.folder, "bees"), as_json(bees))
        replaced(os.path.join(self.folder, "rules"), self.rules.write)
"""
    found = audited(tmp_path, {"hive.py": source})
    assert [(row[2], row[4]) for row in places(found, "call")] == [("write", "~/.hive/bees")]
    assert [(row[2], row[4]) for row in places(found, "wrapper")] == [("write", "{target}")]


def test_a_copy_is_a_read_and_a_write_unless_it_guards_a_change(tmp_path: Path) -> None:
    source = """
import json, os, shutil

def first_run():
    if not os.path.exists("data/vat.json"):
        shutil.copyfile("defaults/vat.json", "data/vat.json")
    with open("data/vat.json") as file:
        return json.load(file)

def keep(vat):
    shutil.copy("data/vat.json", "data/vat.old.json")
    with open("data/vat.json", "w") as file:
        json.dump(vat, file)
"""
    assert places(audited(tmp_path, {"dairy.py": source})) == [
        ("dairy.py", 6, "read", "sink", "defaults/vat.json"),
        ("dairy.py", 6, "write", "sink", "data/vat.json"),
        ("dairy.py", 7, "read", "sink", "data/vat.json"),
        ("dairy.py", 12, "write", "sink", "data/vat.json"),
    ]


def test_one_read_of_a_path_with_several_sources_is_one_place(tmp_path: Path) -> None:
    source = """
import json, os
from pathlib import Path

class Kiln:
    def __init__(self, given, folder):
        self.given = given
        self.folder = folder

    def path(self):
        if self.given:
            return Path(self.given)
        if self.folder:
            return Path(self.folder) / ".kiln.json"
        return Path.home() / "kiln" / "state.json"

def firings(kiln: Kiln):
    with open(kiln.path()) as file:
        return json.load(file)

def keep(firings):
    with open(os.path.expanduser("~/kiln/state.json"), "w") as file:
        json.dump(firings, file)

def replay(name):
    ending = "" if name.endswith(".json") else ".json"
    with open(f"firings/{name}{ending}") as file:
        return json.load(file)
"""
    assert places(audited(tmp_path, {"kiln.py": source})) == [
        ("kiln.py", 18, "read", "sink", "~/kiln/state.json"),
        ("kiln.py", 22, "write", "sink", "~/kiln/state.json"),
        ("kiln.py", 27, "read", "sink", "firings/{name}.json"),
    ]


def test_a_loop_over_the_names_of_files_is_one_place(tmp_path: Path) -> None:
    source = """
import json

KINDS = ("bowls", "plates", "vases")

def load(kind):
    with open(f"stock/{kind}.json") as file:
        return json.load(file)

def save(path, rows):
    with open(path, "w") as file:
        json.dump(rows, file)

def everything():
    for kind in KINDS:
        save(f"counted/{kind}.json", load(kind))

def vases():
    return load("vases")
"""
    found = audited(tmp_path, {"stock.py": source})
    assert [row[1:] for row in places(found, "call", "sink")] == [
        (16, "read", "call", "stock/vases.json"),
        (16, "write", "call", "counted/{name}.json"),
        (19, "read", "call", "stock/vases.json"),
    ]
    assert templates(found) == {
        "counted/{name}.json": "UNCERTAIN",
        "stock/vases.json": "CONFIG_STATIC",
    }
