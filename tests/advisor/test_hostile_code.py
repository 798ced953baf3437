"""Code that is odd, broken or large is read as far as it goes, and never crashes the audit."""

import os
from pathlib import Path

import pytest

from loaders.advisor.command import run_audit
from tests.advisor.auditing import audited, places, templates

READ = 'import json\nvalue = json.load(open("data/kept.json"))\n'


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbf" + READ.encode(),
        READ.replace("\n", "\r\n").encode(),
        ('name = "caf\xe9"\n' + READ).encode("latin-1"),
        READ.encode("utf-16"),
        (READ + "def broken(:\n").encode(),
        (READ + "x = f'{a!r:>{width}} {b[\"c\"]}'\n").encode(),
    ],
    ids=["bom", "crlf", "latin-1", "utf-16", "syntax error", "newer f-string"],
)
def test_every_usual_encoding_is_read(source: bytes, tmp_path: Path) -> None:
    assert list(templates(audited(tmp_path, {"app.py": source}))) == ["data/kept.json"]


@pytest.mark.parametrize("depth", [200, 3000])
def test_deep_expressions_do_not_crash(depth: int, tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "sum.py": READ + "x = " + " + ".join(["'a'"] * depth) + "\n",
        "nested.py": READ + "x = " + "(" * depth + "1" + ")" * depth + "\n",
        "calls.py": READ + "x = " + "f(" * depth + "1" + ")" * depth + "\n",
        "attributes.py": READ + "x = a" + ".b()" * depth + "\n",
        "ifs.py": READ + "".join(" " * n + "if x:\n" for n in range(90)) + " " * 91 + "pass\n",
        "nested.js": "const x = " + "[" * depth + "]" * depth + ";\n",
        "chain.js": "x" + ".then(a => a)" * depth + ";\n",
        "ternary.ts": "const x = " + "a ? b : " * depth + "c;\n",
    }
    result = audited(tmp_path, files)
    assert {row[0] for row in places(result)} >= {"sum.py", "nested.py", "calls.py", "ifs.py"}


def test_a_chain_of_many_functions_is_followed_without_a_crash(tmp_path: Path) -> None:
    chain = "".join(f"def f{n}(path):\n    return f{n + 1}(path)\n\n" for n in range(400))
    source = "import json\n" + chain + "def f400(path):\n    return json.load(open(path))\n"
    assert places(audited(tmp_path, {"app.py": source}))


def test_a_file_of_a_megabyte_is_read(tmp_path: Path) -> None:
    lines = "".join(f"def g{n}(a, b):\n    return a + b * {n}\n\n" for n in range(24_000))
    assert len(lines) > 900_000
    assert list(templates(audited(tmp_path, {"app.py": READ + lines}))) == ["data/kept.json"]


def test_attributes_that_are_said_by_themselves_end(tmp_path: Path) -> None:
    source = """
class Node:
    def __init__(self, root, other):
        self.root = root
        self.root = other.root

class Leaf(Node):
    root = None

class Tree(Node):
    def __init__(self, node):
        self.root = self.root or node.root
        super().__init__(self.root, self)

def build():
    return Tree(Tree(Leaf(1, 2))).root.root
"""
    assert list(templates(audited(tmp_path, {"app.py": source + READ}))) == ["data/kept.json"]


def test_classes_that_inherit_from_each_other_end(tmp_path: Path) -> None:
    source = (
        "class A(B):\n    pass\n\nclass B(A):\n    def f(self):\n        return self.g()\n" + READ
    )
    assert list(templates(audited(tmp_path, {"app.py": source}))) == ["data/kept.json"]


def test_odd_names_and_files_that_are_none(tmp_path: Path) -> None:
    (tmp_path / os.fsdecode(b"caf\xe9.py")).write_text(READ)
    (tmp_path / "a\x1b[31mb.py").write_text(READ.replace("kept", "red\\x1b[31m"))
    os.mkfifo(tmp_path / "pipe.py")
    (tmp_path / "gone.py").symlink_to(tmp_path / "nowhere.py")
    for form in ("text", "json", "sarif", "markdown"):
        text = run_audit(tmp_path, form=form).text
        text.encode()
        assert "\x1b" not in text
    result = audited(tmp_path, {})
    assert [note.file for note in result.notes] == ["pipe.py"]
    assert len(places(result)) == 2


def test_a_listing_of_a_folder_that_is_null_is_no_listing(tmp_path: Path) -> None:
    source = """
import { readdirSync } from "fs";
const names = (folder) => readdirSync(folder);
export const nothing = () => names(null).map((name) => name);
"""
    assert audited(tmp_path, {"shelf.ts": source}).counts.files == 1


def test_lists_that_are_made_of_themselves_come_to_an_end(tmp_path: Path) -> None:
    source = """
import fs from 'fs';
export class Queue {
  private boats: string[] = [];
  add(boat: string) { this.boats = [...this.boats.slice(0, 1), boat, ...this.boats.slice(1)]; }
  drop(at: number) { this.boats = [...this.boats.slice(0, at), ...this.boats.slice(at + 1)]; }
  turn() { this.boats = [...this.boats.slice(1), ...this.boats.slice(0, 1)]; }
  swap(from: number, to: number) {
    this.boats = [...this.boats.slice(to), ...this.boats.slice(from, to)];
  }
  mix() { this.boats = [...this.boats.slice(0, 2), ...this.mixed(this.boats.slice(2))]; }
  mixed(boats: string[]) { return [...boats.slice(1), ...boats.slice(0, 1)]; }
  last() { this.boats = [...this.boats.slice(-1), ...this.boats.slice(0, -1)]; }
  twice() { this.boats = [...this.boats.slice(2), ...this.boats.slice(2)]; }
  keep() { fs.writeFileSync('boats.json', JSON.stringify(this.boats)); }
}
"""
    assert places(audited(tmp_path, {"queue.ts": source})) == [
        ("queue.ts", 15, "write", "sink", "boats.json")
    ]
