"""Paths that code completes: an ending, a folder before a name, the default of a constructor."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places, templates

_ENDINGS = {
    "statement": """
    if not name.endswith(".json"):
        name += ".json"
""",
    "expression": """
    name = name if ".json" in name else f"{name}.json"
""",
}


@pytest.mark.parametrize("ending", _ENDINGS.values(), ids=_ENDINGS)
def test_an_ending_that_a_name_may_have_already(ending: str, tmp_path: Path) -> None:
    source = f"""
import json, os
def sheaf(name):{ending}    with open(os.path.join("barn", name)) as file:
        return json.load(file)
def oats():
    return sheaf("oats.json"), sheaf("rye")
"""
    found = templates(audited(tmp_path, {"barn.py": source}))
    assert set(found) == {"barn/oats.json", "barn/rye.json"}


def test_a_folder_before_what_is_no_whole_path(tmp_path: Path) -> None:
    source = """
import json, os
SHEAVES = "sheaves"
def keep(name, farmer, value):
    if name == os.path.basename(name):
        path = os.path.join(SHEAVES, farmer.farm, name)
    else:
        path = name
    with open(path, "w") as file:
        json.dump(value, file)
def first(farmer):
    keep("first.json", farmer, {})
"""
    assert places(audited(tmp_path, {"barn.py": source}), "sink", "call") == [
        ("barn.py", 12, "write", "call", "sheaves/{farm}/first.json")
    ]


def test_a_name_that_is_left_empty_is_another_file(tmp_path: Path) -> None:
    source = """
import json, os
class Herd:
    def __init__(self, farm):
        self.folder = farm.folder
        self.filename = farm.name + ".json"
    def read(self, name=""):
        file = self.filename if name == "" else name
        with open(os.path.join(self.folder, "herds", file)) as stream:
            return json.load(stream)
    def all(self):
        return self.read(), self.read("all.json")
"""
    found = places(audited(tmp_path, {"herd.py": source}), "sink", "call")
    assert found == [
        ("herd.py", 9, "read", "sink", "{folder}/herds/{farm_name}.json"),
        ("herd.py", 12, "read", "call", "{folder}/herds/all.json"),
    ]


def test_objects_that_are_built_with_the_path_of_their_class(tmp_path: Path) -> None:
    """The default belongs to the class, however often it is built, also below another class."""
    tools = """
import json
class Tools:
    def __init__(self, *args, **kwargs):
        self.load()
    def load(self):
        with open(self.path) as file:
            self.known = json.load(file)
class Plough(Tools):
    def __init__(self, path=None, horse=None):
        self.path = path or "tools.json"
        super().__init__(horse=horse)
"""
    app = """
from tools import Plough
first, second = Plough(), Plough(horse="Bess")
third = Plough("rented.json")
"""
    assert places(audited(tmp_path, {"tools.py": tools, "app.py": app}), "sink", "call") == [
        ("app.py", 4, "read", "call", "rented.json"),
        ("tools.py", 7, "read", "sink", "tools.json"),
    ]


def test_what_a_listing_found_with_an_ending_of_its_own(tmp_path: Path) -> None:
    source = """
import json, os
def keep(farm, value):
    json.dump(value, open(f"farms/{farm.county}_{farm.name}_map.json", "w"))
def read(farm):
    return json.load(open(f"farms/{farm.id}.json"))
def clear():
    for name in [each.replace(".json", "") for each in os.listdir("farms")]:
        os.remove(os.path.join("farms", f"{name}.json"))
"""
    found = {row[1]: row[4] for row in places(audited(tmp_path, {"farms.py": source}), "sink")}
    assert found[9] == "farms/{farm_id}.json"


def test_a_folder_that_the_working_folder_may_be(tmp_path: Path) -> None:
    source = """
import json, os
def read(options):
    folder = "."
    if options:
        folder = options["folder"]
    return json.load(open(os.path.join(folder, "herds", "all.json")))
"""
    (found,) = places(audited(tmp_path, {"farm.py": source}))
    assert found == ("farm.py", 7, "read", "sink", "{folder}/herds/all.json")


@pytest.mark.parametrize(
    "numbered", ['f"{path[:-5]}({number}).json"', '"{}({}).json".format(base, number)']
)
def test_a_number_for_a_name_that_is_taken(numbered: str, tmp_path: Path) -> None:
    source = f"""
import json, os
def keep(farm, value):
    base = f"yields/{{farm.id}}~{{len(value)}}"
    number = 0
    path = base + ".json"
    while os.path.isfile(path):
        number += 1
        path = {numbered}
    with open(path, "w") as file:
        json.dump(value, file)
"""
    (found,) = places(audited(tmp_path, {"yields.py": source}))
    assert found[1:4] == (10, "write", "sink")
    assert found[4] == "yields/{farm_id}~{value}.json"


def test_the_first_of_what_a_listing_finds(tmp_path: Path) -> None:
    source = """
import glob, json
def keep(farm, value):
    json.dump(value, open(f"yields/{farm.id}~full.json", "w"))
def last():
    path = (glob.glob("yields/*~full.json"))[-1]
    with open(path) as file:
        return json.load(file)
"""
    assert set(templates(audited(tmp_path, {"yields.py": source}))) == {
        "yields/{farm_id}~full.json"
    }


def test_json_in_a_file_that_ends_as_text(tmp_path: Path) -> None:
    source = """
import json
def settings():
    with open("barn_settings.txt") as file:
        return json.load(file)
def set_up(value):
    json.dump(value, open("barn_settings.txt", "w"))
def notes():
    with open("notes.txt") as file:
        return json.dumps({"text": file.read()})
"""
    assert places(audited(tmp_path, {"barn.py": source})) == [
        ("barn.py", 4, "read", "sink", "barn_settings.txt"),
        ("barn.py", 7, "write", "sink", "barn_settings.txt"),
    ]


def test_a_name_that_the_code_makes_where_none_is_given(tmp_path: Path) -> None:
    """Made names end already, and lie in the folder too."""
    source = """
import json, os
from datetime import datetime
def made():
    return "herd " + datetime.now().isoformat() + ".json"
def keep(name, farm, value):
    if name is None:
        name = made()
    if not name.endswith(".json"):
        name += ".json"
    if name != os.path.basename(name):
        path = name
    else:
        path = os.path.join("herds", farm.name, name)
    with open(path, "w") as file:
        json.dump(value, file)
"""
    found = {row[-1] for row in places(audited(tmp_path, {"herds.py": source}))}
    assert found <= {"herds/{farm_name}/herd {datetime}.json", "herds/{farm_name}/{name}.json"}
