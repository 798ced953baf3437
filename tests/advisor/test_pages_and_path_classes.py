"""A page that holds JSON is no file of it; classes of other libraries are paths."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, templates


@pytest.mark.parametrize(
    ("page", "found"),
    [
        ('"<html><script>var sacks = {};</script></html>".format(text)', False),
        ('f"<!DOCTYPE html><body>{text}</body>"', False),
        ("text", True),
        ('text + "\\n"', True),
    ],
)
def test_a_page_with_json_in_it(page: str, found: bool, tmp_path: Path) -> None:
    app = f"""
import json
def show(sacks, target):
    text = json.dumps(sacks)
    with open("mill/out-" + target, "w") as file:
        file.write({page})
"""
    assert bool(templates(audited(tmp_path, {"app.py": app}))) is found


@pytest.mark.parametrize(
    ("imported", "called"),
    [
        ("from blib import File", "File"),
        ("import py", "py.path.local"),
        ("from path import Path", "Path"),
        ("from twisted.python.filepath import FilePath", "FilePath"),
    ],
)
def test_classes_of_paths_in_other_libraries(imported: str, called: str, tmp_path: Path) -> None:
    app = f"""
import json
{imported}
def sacks():
    with {called}("mill/sacks.dat").open("rb") as file:
        return json.load(file)
"""
    assert set(templates(audited(tmp_path, {"app.py": app}))) == {"mill/sacks.dat"}
