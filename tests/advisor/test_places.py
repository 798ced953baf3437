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


def test_a_listing_is_no_place_where_no_json_carries_ids(tmp_path: Path) -> None:
    source = """
import json, os
from pathlib import Path

def base(given):
    return Path(given) if given else Path.home() / ".bakery"

class Bakery:
    def __init__(self, given):
        self.folder = base(given)

    def state(self):
        return json.loads((self.folder / "state.json").read_text())

    def is_empty(self):
        return not any(self.folder.iterdir())

def interpreters(given):
    return [path for path in base(given).iterdir() if path.is_dir()]

def shops():
    return "main" in os.listdir("shops")

def opened(shop):
    return json.loads(Path(f"shops/{shop}/shop.json").read_text())

def known():
    return [name for name in os.listdir("shops") if os.path.exists(f"shops/{name}/shop.json")]

def bakers(shop):
    return [json.loads(path.read_text()) for path in Path(f"bakers/{shop}").iterdir()]

def keep(shop, baker, row):
    Path(f"bakers/{shop}/{baker}.json").write_text(json.dumps(row))

def shops_with_bakers():
    return os.listdir("bakers")
"""
    found = places(audited(tmp_path, {"bakery.py": source}))
    assert [(row[1], row[4]) for row in found if row[2] == "list"] == [
        (28, "shops/{shop}/shop.json"),
        (31, "bakers/{shop}/{baker}.json"),
        (37, "bakers/{shop}/{baker}.json"),
    ]


def test_who_names_the_folder_of_a_record_is_a_place(tmp_path: Path) -> None:
    source = """
import json, os

HERD = os.environ.get("HERD", "herd")

def load(kind, beast):
    with open(f"{HERD}/{kind}/{beast}.json") as file:
        return json.load(file)

def save(kind, beast, row):
    with open(f"{HERD}/{kind}/{beast}.json", "w") as file:
        json.dump(row, file)

def shear(sheep_id):
    save("sheep", sheep_id, {**load("sheep", sheep_id), "is_shorn": True})

def milk(cow_id):
    return load("cows", cow_id)["litres"]
"""
    found = places(audited(tmp_path, {"herd.py": source}))
    assert [
        (line, operation, template)
        for _, line, operation, form, template in found
        if form == "call"
    ] == [
        (15, "read", "herd/sheep/{sheep_id}.json"),
        (15, "write", "herd/sheep/{sheep_id}.json"),
        (18, "read", "herd/cows/{cow_id}.json"),
    ]


def test_who_fills_in_an_id_or_a_folder_is_no_place(tmp_path: Path) -> None:
    source = """
import json, os

def member_path(home, name):
    return os.path.join(os.environ["CLUB_HOME"], name + ".json")

def member(name):
    with open(member_path(None, name)) as file:
        return json.load(file)

def settings(site, club="."):
    with open(os.path.join(club, "sites", site, "site.json")) as file:
        return json.load(file)

def greet(name, site, club):
    return member(name)["first"] + settings(site, club=club)["greeting"] + settings(site)["end"]

def load(name, folder="rules"):
    with open(os.path.join(folder, name)) as file:
        return json.load(file)

def rules():
    return load("games.json")
"""
    found = audited(tmp_path, {"club.py": source})
    assert places(found, "wrapper") == [("club.py", 19, "read", "wrapper", "rules/{name}")]
    assert places(found, "sink", "call") == [
        ("club.py", 8, "read", "sink", "{club_home}/{name}.json"),
        ("club.py", 12, "read", "sink", "sites/{site}/site.json"),
        ("club.py", 23, "read", "call", "rules/games.json"),
    ]


def test_files_of_other_formats_are_no_places_whatever_goes_into_them(tmp_path: Path) -> None:
    endings = ("txt", "md", "css", "html", "svg", "yaml", "yml", "toml", "ini", "log", "zip")
    lines = [
        f"def f{number}(rows):\n    open('out/rows.{ending}', 'w').write(json.dumps(rows))\n"
        for number, ending in enumerate(endings)
    ]
    assert places(audited(tmp_path, {"out.py": "import json\n\n" + "\n".join(lines)})) == []


def test_tests_and_their_helpers_have_the_role_of_tests(tmp_path: Path) -> None:
    source = "import json\n\njson.dump({}, open('clubs/1.json', 'w'))\n"
    files = (
        "conftest.py", "club/conftest.py", "club/pytest/plugin.py", "club/test_club.py",
        "club/club_test.py", "club/testing/fake.py", "club/pytest.py", "e2e/run.py", "tests.py",
    )  # fmt: skip
    found = audited(tmp_path, {**dict.fromkeys(files, source), "club/contest.py": source})
    assert [row[0] for row in places(found)] == ["club/contest.py"]
    assert sorted(place.file for place in found.tests) == sorted(files)
