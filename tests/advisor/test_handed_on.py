"""What is handed on: objects of which a callee takes the path, and folders of many parts."""

from pathlib import Path

from tests.advisor.auditing import audited, places, templates


def test_who_hands_on_an_object_says_nothing_of_its_path(tmp_path: Path) -> None:
    source = """
import json
def load(file):
    with open(file) as stream:
        return json.load(stream)
def orders(args):
    return load(args.file)
def late(args):
    return [each for each in orders(args) if each["late"]]
def paid(args):
    return [each for each in orders(args) if each["paid"]]
"""
    assert [row[:4] for row in places(audited(tmp_path, {"mill.py": source}))] == [
        ("mill.py", 4, "read", "wrapper"),
        ("mill.py", 7, "read", "wrapper"),
    ]


def test_who_fills_an_object_that_is_handed_on_says_it(tmp_path: Path) -> None:
    source = """
import json
class Options:
    def __init__(self, file):
        self.file = file
def orders(args):
    with open(args.file) as stream:
        return json.load(stream)
def late(args):
    return [each for each in orders(args) if each["late"]]
def main():
    return late(Options("orders.json"))
"""
    assert "orders.json" in templates(audited(tmp_path, {"mill.py": source}))


def test_a_class_method_that_nobody_calls_is_a_wrapper(tmp_path: Path) -> None:
    source = """
import json
class Orders:
    @classmethod
    def load(cls, path):
        with open(path) as stream:
            return cls(json.load(stream))
"""
    assert places(audited(tmp_path, {"mill.py": source})) == [
        ("mill.py", 6, "read", "wrapper", "{path}")
    ]


def test_the_file_of_a_function_that_may_return_a_folder(tmp_path: Path) -> None:
    source = """
import json, os
class Mill:
    def path(self, kind):
        name = self.sack.name
        if self.by_id:
            name = self.sack.id
        if OPTIONS.out is not None:
            folder = OPTIONS.out + os.sep + name
        else:
            folder = os.getcwd() + os.sep + "sacks" + os.sep + name
        if kind == "image":
            folder = folder + os.sep + kind
        if kind == "image":
            return folder
        return folder + os.sep + self.sack.id + "." + kind
    def keep(self, value):
        with open(self.path("json"), "w") as stream:
            json.dump(value, stream)
"""
    (found,) = places(audited(tmp_path, {"mill.py": source}))
    assert found[1:4] == (18, "write", "sink")
    assert found[4].endswith("/{sack_id}.json")
