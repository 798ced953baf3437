"""What the commands say at their edges: baselines of a part, hooks, Markdown, what is not read."""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner

from loaders.advisor.audit import Request, audit
from loaders.advisor.command import run_audit, run_report
from loaders.cli.main import cli
from loaders.errors import WrongRequest
from tests.advisor.auditing import write
from tests.advisor.classified import verdicts

_CODE = """
import json

def keep(net_id, x):
    json.dump(x, open(f"nets/{net_id}.json", "w"))

def look(net_id):
    return json.load(open(f"nets/{net_id}.json"))
"""


def _report(root: Path, result: Path) -> str:
    run_audit(root, form="json", output=result)
    return run_report(result)


def test_a_baseline_of_changed_files_only_is_refused(tmp_path: Path) -> None:
    root = write(tmp_path / "port", {"port.py": _CODE})
    with pytest.raises(WrongRequest, match="leave --since out"):
        run_audit(root, baseline=tmp_path / "known.json", is_written=True, since="HEAD")
    assert not (tmp_path / "known.json").exists()


def test_git_runs_no_program_that_the_examined_repository_names(tmp_path: Path) -> None:
    root = write(tmp_path / "port", {"port.py": _CODE, "other.py": _CODE})
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    hook = tmp_path / "hook.sh"
    hook.write_text(f"#!/bin/sh\ntouch {tmp_path}/was-run\ncat\n")
    hook.chmod(0o755)
    for key in ("core.fsmonitor", "filter.a.clean", "filter.b.process", "diff.external"):
        subprocess.run([*git, "config", key, str(hook)], check=True)
    (root / ".git/info/attributes").write_text("port.py filter=a\nother.py filter=b\n")
    (root / "port.py").write_text(_CODE + "x = 1\n")
    (root / "other.py").write_text(_CODE.replace("nets", "nuts"))
    found = json.loads(run_audit(root, form="json", since="HEAD").text)
    assert {each["file"] for each in found["results"]} == {"other.py", "port.py"}
    assert not (tmp_path / "was-run").exists()


def test_markdown_marks_what_the_baseline_knows(tmp_path: Path) -> None:
    root, known = write(tmp_path / "port", {"port.py": _CODE}), tmp_path / "known.json"
    run_audit(root, baseline=known, is_written=True)
    known.write_text(known.read_text(), encoding="utf-8-sig")
    write(root, {"new.py": _CODE})
    text = run_audit(root, baseline=known, form="markdown").text
    assert "| `port.py:5` | write | sink | (PE101 known) (PE105 known) |" in text
    assert "| `new.py:5` | write | sink | PE101 PE105 |" in text


def test_sentences_of_settings_are_no_markup(tmp_path: Path) -> None:
    settings = """
[[tool.pulse-elt.audit.overrides]]
template = "nets/{net_id}.json"
disposition = "CACHE"
reason = "__knotted__ | <b>anew</b> each *night*"
[[tool.pulse-elt.audit.overrides]]
template = "<i>/{net_id}.json"
disposition = "CACHE"
reason = "sold"
"""
    root = write(tmp_path / "port", {"port.py": _CODE, "pyproject.toml": settings})
    said = r"\_\_knotted\_\_ \| \<b\>anew\</b\> each \*night\*"
    page = run_audit(root, form="markdown").text
    assert said in page
    assert r"\<i\>/{net_id}.json" in page
    assert said in _report(root, tmp_path / "audit.json")


def test_the_report_names_what_was_not_read(tmp_path: Path) -> None:
    files = {"port.py": _CODE, "broken.py": "def f(:\n  ]\n", "a.ipynb": "{}", "b.vue": "<p>"}
    text = _report(write(tmp_path / "port", files), tmp_path / "audit.json")
    assert "Read only in part: `broken.py`." in text
    assert "Not read: `a.ipynb`, `b.vue`." in text


def test_the_report_on_changed_files_says_that_it_is_of_them(tmp_path: Path) -> None:
    root = write(tmp_path / "port", {"port.py": _CODE})
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for words in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *words], check=True, capture_output=True)
    write(root, {"new.py": _CODE})
    run_audit(root, form="json", output=tmp_path / "audit.json", since="HEAD")
    assert "changed since `HEAD`" in run_report(tmp_path / "audit.json")


def test_one_is_said_in_the_singular(tmp_path: Path) -> None:
    text = run_audit(write(tmp_path / "port", {"port.py": _CODE})).text
    assert "\n1 template (" in text
    assert "Read 1 file, " in text


def test_the_report_says_how_data_leaves_a_browser(tmp_path: Path) -> None:
    script = """
export const keep = (x) => localStorage.setItem("catch", JSON.stringify(x));
export const look = () => JSON.parse(localStorage.getItem("catch"));
"""
    assert "browser" in _report(write(tmp_path / "a", {"a.js": script}), tmp_path / "a.json")
    plain = _report(write(tmp_path / "b", {"b.py": _CODE}), tmp_path / "b.json")
    assert "browser" not in plain


def test_the_report_calls_configuration_written_that_code_writes(tmp_path: Path) -> None:
    code = """
import json

def tune(x):
    json.dump(x, open("config/settings.json", "w"))

def tuned():
    return json.load(open("config/settings.json"))["knots"]
"""
    text = _report(write(tmp_path / "port", {"port.py": code}), tmp_path / "audit.json")
    assert "Code also writes `config/settings.json`" in text.split("## File changes")[0]


def test_a_report_on_nothing_has_no_empty_section(tmp_path: Path) -> None:
    text = _report(write(tmp_path / "port", {"port.py": "x = 1\n"}), tmp_path / "audit.json")
    assert text.endswith("## Notes\n\n- None.\n")


def test_a_report_is_made_of_json_with_a_byte_order_mark(tmp_path: Path) -> None:
    result = tmp_path / "audit.json"
    before = _report(write(tmp_path / "port", {"port.py": _CODE}), result)
    result.write_text(result.read_text(encoding="utf-8"), encoding="utf-8-sig")
    assert run_report(result) == before


def test_a_folder_that_cannot_be_listed_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = write(tmp_path, {"port.py": _CODE, "locked/a.py": _CODE, "locked/b/c.py": _CODE})
    listed = os.scandir

    def scandir(path: str = ".") -> Iterator[os.DirEntry[str]]:
        if str(path).endswith("locked"):
            raise PermissionError(13, "Permission denied", path)
        return listed(path)

    exists = Path.exists

    def exists_there(path: Path) -> bool:
        if "locked" in path.parts:
            raise PermissionError(13, "Permission denied", str(path))
        return exists(path)

    monkeypatch.setattr(os, "scandir", scandir)
    monkeypatch.setattr(Path, "exists", exists_there)
    found = audit(Request(root))
    assert [(note.rule, note.file) for note in found.notes] == [("not-read", "locked/")]
    assert found.counts.unread == 1
    assert len(found.findings) == 1


def test_a_name_alone_in_its_folder_joins_the_many_beside_it(tmp_path: Path) -> None:
    body = {"log_id": "", "learner": "", "text": "well done"}
    id_of = "7d1c2e9a-7b1d-4c83-9e55-1a7d3b6c8f{:02}".format
    lessons = [("knots", "reef"), ("knots", "bowline"), ("knots", "hitch"), ("sails", "reef")]
    lessons += [("oars", "feather"), ("oars", "scull"), ("oars", "stroke")]
    tree = {
        f"logs/{craft}/{lesson}/{id_of(at)}.json": {**body, "log_id": id_of(at)}
        for at, (craft, lesson) in enumerate(lessons)
    }
    write(tmp_path, {name: json.dumps(said) for name, said in tree.items()})
    (template,) = verdicts(tmp_path)
    assert template.count("{") == 3


def test_why_a_rule_is_left_out_ends_once(tmp_path: Path) -> None:
    row = {"knot": "reef", "at": "2026-05-01T10:00:00Z"}
    names = ("demo", "5f0c2e9a-7b1d-4c83-9e55-1a7d3b6c8f01", "a8d1f3c4-02be-4f67-8d19-6c5e7a90b412")
    write(tmp_path, {f"log_{name}.json": json.dumps([row]) for name in names})
    said = CliRunner().invoke(cli, ["classify", str(tmp_path), "--write-rules"]).output
    (why,) = (line for line in said.splitlines() if line.startswith("No rule for log_demo.json"))
    assert "can match the same path" in why
    assert not why.endswith("..")


def test_a_link_to_a_folder_is_no_kind_of_file(tmp_path: Path) -> None:
    root = write(tmp_path / "port", {"boats.json": '{"a": 1}'})
    (root / "loop").symlink_to(root)
    said = CliRunner().invoke(cli, ["classify", str(root), "--format", "json"]).output
    found = json.loads(said)
    assert [each["template"] for each in found["templates"]] == ["boats.json"]
    assert found["unlisted"] == {"link": 1}


def test_a_telephone_number_as_a_key_is_not_shown(tmp_path: Path) -> None:
    crew = {f"crew/{name}.json": {"name": name, "+49 170 1234567": 1} for name in ("a", "b", "c")}
    write(tmp_path, {name: json.dumps(said) for name, said in crew.items()})
    write(tmp_path, {"calls.json": '{"+49 170 1234567": 1, "+41 (0)44 12345": 2}'})
    said = CliRunner().invoke(cli, ["classify", str(tmp_path), "--write-rules"]).output
    assert "1234567" not in said
    assert "+4" not in said
