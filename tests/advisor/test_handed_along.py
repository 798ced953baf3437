"""Modes among the rest of the arguments, models written as text, objects that a helper makes."""

from pathlib import Path

import pytest

from tests.advisor.auditing import audited, places, templates


@pytest.mark.parametrize(
    ("call", "operation"),
    [
        ('sluice(path, "w")', "write"),
        ('sluice(path, mode="w")', "write"),
        ('sluice(path, "w", encoding="utf-8")', "write"),
        ('sluice(path, encoding="utf-8")', "read"),
        ("sluice(path)", "read"),
    ],
)
@pytest.mark.parametrize("rest", ["*args, **kwargs", "mode='r', **kwargs"])
def test_a_mode_among_the_rest(rest: str, call: str, operation: str, tmp_path: Path) -> None:
    handed = rest.replace("mode='r'", "mode")
    app = f"""
import json
from contextlib import contextmanager

@contextmanager
def sluice(name, {rest}):
    file = open(name, {handed})
    try:
        yield file
    finally:
        file.close()

def level(sacks):
    path = "mill/levels.json"
    with {call} as file:
        json.{"dump(sacks, file)" if operation == "write" else "load(file)"}
"""
    found = places(audited(tmp_path, {"app.py": app}), "call", "sink")
    assert [(each[2], each[4]) for each in found] == [(operation, "mill/levels.json")]


@pytest.mark.parametrize("text", ["self.grain.json()", "self.grain.json(indent=2)"])
def test_a_model_that_is_written_as_text(text: str, tmp_path: Path) -> None:
    app = f"""
class Mill:
    def keep(self, user):
        with open(f"mill/{{user}}.sacks", "w") as file:
            file.write({text})
"""
    assert set(templates(audited(tmp_path, {"app.py": app}))) == {"mill/{user}.sacks"}


def test_what_a_server_answered_is_no_text_of_ours(tmp_path: Path) -> None:
    app = """
import requests
def keep():
    print(requests.get("https://mill.example").json())
    with open("mill/sacks.txt", "w") as file:
        file.write("done")
"""
    assert not templates(audited(tmp_path, {"app.py": app}))


def test_an_object_that_a_helper_makes_of_our_path(tmp_path: Path) -> None:
    store = """
import json
class Shelf:
    def __init__(self, path):
        self.path = path
    def load(self):
        with open(self.path) as file:
            return json.load(file)
    def save(self, value):
        with open(self.path, "w") as file:
            json.dump(value, file)

def shelf(path):
    return Shelf(path)
"""
    app = """
import os
import store

def sack(name):
    path = os.path.join("mill", "sacks", name)
    return store.shelf(path).load()
"""
    found = places(audited(tmp_path, {"store.py": store, "app.py": app}), "call")
    assert found == [("app.py", 7, "read", "call", "mill/sacks/{name}")]
