"""What other places say of a file: written below named folders, opened by a client, looked up."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places, templates


def test_read_below_any_folder_and_written_below_one(tmp_path: Path) -> None:
    source = """
import json
def read(field, crop):
    with open(f"crops/{field}/{crop.name}/notes.json") as file:
        return json.load(file)
def keep(crop, notes):
    path = f"crops/north/{crop.name}/notes.json"
    with open(path) as file:
        before = json.load(file)
    before["notes"].append(notes)
    with open(path, "w") as file:
        json.dump(before, file)
"""
    found = templates(audited(tmp_path, {"crops.py": source}))
    assert found["crops/{field}/{crop_name}/notes.json"] == "SYSTEM_OF_RECORD"


@pytest.mark.parametrize("path", ['"crops.json"', 'f"crops/{crop}.json"', "path"])
def test_a_client_opens_what_it_is_told(path: str, tmp_path: Path) -> None:
    source = f"""
import json
def crops(client, crop):
    path = "stock/crops.json"
    with client.open({path}) as file:
        return json.load(file)
"""
    ((*_, template),) = places(audited(tmp_path, {"crops.py": source}))
    assert template in ("crops.json", "crops/{crop}.json", "stock/crops.json")


@pytest.mark.parametrize("mode", ['"r"', '"rb"', "mode", ""])
def test_a_path_opens_itself(mode: str, tmp_path: Path) -> None:
    source = f"""
import json
def crops(path, mode="r"):
    with path.open({mode}) as file:
        return json.load(file)
"""
    ((*_, template),) = places(audited(tmp_path, {"crops.py": source}))
    assert template == "{path}"


@pytest.mark.parametrize("key", ["lastCheckTime", "isLatestVersion"])
def test_a_browser_keeps_when_it_looked_for_something_new(key: str, tmp_path: Path) -> None:
    source = f"""
const known = localStorage.getItem("{key}") || 0;
function found(value) {{ localStorage.setItem("{key}", value); }}
"""
    assert templates(audited(tmp_path, {"news.js": source})) == {f"localStorage:{key}": "CACHE"}


def test_what_is_deleted_is_no_configuration(tmp_path: Path) -> None:
    source = """
import json, os
def begin(reason):
    with open("data/harvest.json", "w") as file:
        json.dump({"reason": reason}, file)
"""
    other = """
import json, os
def end():
    with open("data/harvest.json") as file:
        log(json.load(file)["reason"])
    os.remove("data/harvest.json")
"""
    found = templates(audited(tmp_path, {"begin.py": source, "end.py": other}))
    assert found == {"data/harvest.json": "SYSTEM_OF_RECORD"}


def test_read_back_under_one_of_the_names_written(tmp_path: Path) -> None:
    source = """
import glob, json
def note(field, level, value):
    with open(f"yields/{field.name}/{level}.jsonl", "a") as file:
        file.write(json.dumps(value))
def good():
    for path in glob.glob("yields/*/good.jsonl"):
        with open(path) as file:
            yield [json.loads(line) for line in file]
"""
    found = templates(audited(tmp_path, {"yields.py": source}))
    assert set(found.values()) == {"SYSTEM_OF_RECORD"}
