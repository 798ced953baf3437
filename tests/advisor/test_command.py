"""pulse-elt audit: formats, baseline, ignores, settings, what is read and what is not."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import jsonschema
import pytest
from click.testing import CliRunner, Result

from loaders.advisor.audit import Request, audit
from loaders.advisor.command import explained, run_audit
from loaders.advisor.judging.rules import RULES, explain
from loaders.cli.main import cli
from loaders.errors import WrongRequest
from tests.advisor.auditing import audited, places, templates, write
from tests.conftest import ROOT

EXAMPLE = ROOT / "examples" / "library_loans"
APP = """
import json

def save(user_id, row):
    with open(f"users/{user_id}.json", "w") as file:
        json.dump(row, file)

def load(user_id):
    return json.load(open(f"users/{user_id}.json"))
"""


def run(*arguments: str) -> Result:
    return CliRunner().invoke(cli, ["audit", *arguments], standalone_mode=False)


# The parts of SARIF 2.1.0 that code hosts require, written after its specification; no small
# package that ships the schema of OASIS was found.
SARIF: dict[str, Any] = {
    "type": "object",
    "required": ["$schema", "version", "runs"],
    "additionalProperties": False,
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool", "results"],
                "additionalProperties": False,
                "properties": {
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "tool": {"type": "object", "required": ["driver"]},
                    "results": {"type": "array", "items": {"$ref": "#/$defs/result"}},
                },
            },
        },
    },
    "$defs": {
        "result": {
            "type": "object",
            "required": ["message", "ruleId", "locations"],
            "additionalProperties": False,
            "properties": {
                "ruleId": {"enum": list(RULES)},
                "ruleIndex": {"type": "integer", "minimum": 0},
                "level": {"enum": ["none", "note", "warning", "error"]},
                "message": {
                    "type": "object",
                    "required": ["text"],
                    "properties": {"text": {"type": "string", "minLength": 1}},
                },
                "locations": {
                    "type": "array",
                    "minItems": 1,
                    "items": {"$ref": "#/$defs/location"},
                },
                "partialFingerprints": {
                    "type": "object",
                    "additionalProperties": {"type": "string"},
                },
                "baselineState": {"enum": ["new", "unchanged", "updated", "absent"]},
            },
        },
        "location": {
            "type": "object",
            "required": ["physicalLocation"],
            "properties": {
                "physicalLocation": {
                    "type": "object",
                    "required": ["artifactLocation", "region"],
                    "properties": {
                        "artifactLocation": {
                            "properties": {"uri": {"type": "string", "pattern": "^[^/\\\\ ]"}}
                        },
                        "region": {"properties": {"startLine": {"type": "integer", "minimum": 1}}},
                    },
                }
            },
        },
    },
}


def file_of(result: dict[str, Any]) -> str:
    file: str = result["locations"][0]["physicalLocation"]["artifactLocation"]["uri"]
    return file


def test_sarif_has_one_result_per_rule_template_and_file() -> None:
    said = json.loads(run_audit(EXAMPLE, form="sarif").text)
    jsonschema.validate(said, SARIF)
    (only,) = said["runs"]
    keys = [
        (each["ruleId"], each["message"]["text"], file_of(each))
        for each in only["results"]
        if each["ruleId"].startswith("PE1")
    ]
    assert len(keys) == len(set(keys)) > 50
    names = [rule["id"] for rule in only["tool"]["driver"]["rules"]]
    assert all(names[each["ruleIndex"]] == each["ruleId"] for each in only["results"])


@pytest.mark.parametrize("form", ["text", "json", "sarif", "markdown"])
def test_output_is_the_same_bytes_wherever_and_whenever_it_runs(form: str, tmp_path: Path) -> None:
    one = write(
        tmp_path / "one", {"app.py": APP, "b/x.py": "import json\njson.load(open('a.json'))"}
    )
    other = write(tmp_path / "other", {"b/x.py": (one / "b/x.py").read_text(), "app.py": APP})
    command = ["python", "-m", "loaders.cli", "audit", "--format", form]
    outputs = [
        subprocess.run(
            [*command, str(root)],
            cwd=ROOT,
            capture_output=True,
            env={"PYTHONHASHSEED": seed, "PATH": str(Path(sys.executable).parent)},
            check=False,
        ).stdout
        for root, seed in ((one, "1"), (one, "2"), (other, "3"))
    ]
    assert outputs[0]
    assert outputs[0] == outputs[1] == outputs[2]


def test_blocks_of_code_in_markdown_have_their_language() -> None:
    text = run_audit(EXAMPLE, form="markdown").text
    fences = [line for line in text.splitlines() if line.startswith("```")]
    assert fences[::2]
    assert set(fences[::2]) == {"```sql"}
    assert set(fences[1::2]) == {"```"}


def test_findings_make_the_command_end_with_1_and_a_baseline_takes_them_back(
    tmp_path: Path,
) -> None:
    root = write(tmp_path / "app", {"app.py": APP})
    baseline = tmp_path / "baseline.json"
    assert run(str(root)).return_value == 1
    assert run(str(root), "--baseline", str(baseline), "--write-baseline").return_value == 0
    assert run(str(root), "--baseline", str(baseline)).return_value == 0
    # No line number enters a fingerprint.
    (root / "app.py").write_text("\n\n# moved\n" + APP)
    assert run(str(root), "--baseline", str(baseline)).return_value == 0
    done = run(str(root), "--baseline", str(baseline))
    assert "(PE101 known)" in done.output
    # One more place of what is known is new.
    more = APP + "\ndef again(user_id):\n    return json.load(open(f'users/{user_id}.json'))\n"
    (root / "app.py").write_text(more)
    assert run(str(root), "--baseline", str(baseline)).return_value == 1
    (root / "app.py").write_text(APP)
    (root / "more.py").write_text(APP.replace("users/", "jobs/"))
    assert run(str(root), "--baseline", str(baseline)).return_value == 1


def test_what_is_uncertain_or_static_is_no_reason_to_fail(tmp_path: Path) -> None:
    source = "import json, sys\njson.load(open(sys.argv[1]))\njson.load(open('rates.json'))\n"
    root = write(tmp_path, {"app.py": source})
    done = run(str(root))
    assert done.return_value == 0
    assert "PE901" in done.output


def test_only_files_changed_since_a_revision(tmp_path: Path) -> None:
    root = write(tmp_path, {"old.py": APP, "sub/other.py": APP.replace("users/", "jobs/")})
    git = ["git", "-C", str(root), "-c", "user.name=a", "-c", "user.email=a@b"]
    for arguments in (["init", "-q"], ["add", "."], ["commit", "-qm", "one"]):
        subprocess.run([*git, *arguments], check=True, capture_output=True)
    assert run(str(root), "--since", "HEAD").return_value == 0
    (root / "new.py").write_text(APP.replace("users/", "orders/"))
    done = run_audit(root, form="json", since="HEAD")
    assert {each["file"] for each in json.loads(done.text)["results"]} == {"new.py"}
    assert done.exit_code == 1
    (root / "a\nb.py").write_text(APP)
    text = run_audit(root, since="HEAD").text
    assert "new.py" in text
    assert "a\\nb.py" in text
    assert "old.py" not in text
    with pytest.raises(WrongRequest, match="git says"):
        run_audit(root, since="no-such-revision")


def test_output_goes_to_a_file(tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"app.py": APP})
    done = run(str(root), "--format", "json", "--output", str(tmp_path / "audit.json"))
    assert done.output == ""
    assert json.loads((tmp_path / "audit.json").read_text())["findings"]


def test_ignores_hold_on_their_line_and_unused_ones_are_reported(tmp_path: Path) -> None:
    source = """
import json
def save(user_id, row):
    # pulse-elt: ignore[PE101] until May
    open(f"users/{user_id}.json", "w").write(json.dumps(row))  # pulse-elt: ignore[PE105] small
    return row  # pulse-elt: ignore[PE103] nothing here
"""
    script = """
import fs from "fs";
// pulse-elt: ignore
export const f = (userId) => fs.writeFileSync(`jobs/${userId}.json`, JSON.stringify({}));
"""
    result = audited(tmp_path, {"app.py": source, "app.js": script})
    held = {place.rules for finding in result.findings for place in finding.places}
    assert held == {()}
    assert [(note.rule, note.file, note.line) for note in result.notes] == [
        ("unused-ignore", "app.py", 6)
    ]


def test_every_rule_has_a_page() -> None:
    for name in RULES:
        page = explain(name)
        assert page is not None
        assert page.startswith(f"{name}: ")
        assert run("--explain", name).output == page
    with pytest.raises(WrongRequest, match="PE101"):
        explained("PE999")


@pytest.mark.parametrize(
    "settings",
    [
        "unknown = 1",
        'exclude = "x"',
        '[[tool.pulse-elt.audit.sinks]]\ncall = "f"',
        '[[tool.pulse-elt.audit.overrides]]\ntemplate = "a.json"\ndisposition = "CACHE"',
        '[[tool.pulse-elt.audit.overrides]]\ntemplate = "a"\ndisposition = "X"\nreason = "r"',
        "exclude = [",
        'exclude = ["!"]',
        *(
            f'[[tool.pulse-elt.audit.sinks]]\ncall = "f"\noperation = "write"\n{line}'
            for line in (
                "pth = 1",
                "path = true",
                "path = -1",
                'path = ["a", 3]',
                'json = "yes"',
                'path_names = "x"',
                'mode = "w"',
            )
        ),
        *(
            "\n".join(
                f"[[tool.pulse-elt.audit.overrides]]\ntemplate = '{name}'\n{line}"
                "disposition = 'CACHE'\nreason = 'r'"
                for name in names
            )
            for names, line in ((("a/{x}", "a/{y}"), ""), (("a",), "why = 'x'\n"))
        ),
    ],
)
def test_settings_that_are_wrong_are_named(settings: str, tmp_path: Path) -> None:
    write(tmp_path, {"pyproject.toml": f"[tool.pulse-elt.audit]\n{settings}\n"})
    with pytest.raises(WrongRequest, match=r"pyproject\.toml"):
        run_audit(tmp_path)


def test_files_of_the_tool_that_are_none_do_not_hang(tmp_path: Path) -> None:
    root = write(tmp_path / "app", {"app.py": APP, "data/.gitignore": "!\nlost.py\n"})
    write(root, {"data/lost.py": APP})
    os.mkfifo(root / ".gitignore")
    (root / "data" / "users").mkdir()
    os.mkfifo(root / "data" / "users" / "1.json")
    result = audit(Request(root, data=root / "data"))
    assert {place.file for each in result.findings for place in each.places} == {"app.py"}
    os.mkfifo(root / "pyproject.toml")
    with pytest.raises(WrongRequest, match="no regular file"):
        run_audit(root)


def test_settings_exclude_add_sinks_and_settle_dispositions(tmp_path: Path) -> None:
    settings = """
[tool.pulse-elt.audit]
exclude = ["old/"]

[[tool.pulse-elt.audit.sinks]]
call = "app.spool"
path = 1
operation = "write"

[[tool.pulse-elt.audit.overrides]]
template = "users/{any}.json"
disposition = "CACHE"
reason = "rebuilt from the directory service"
"""
    source = (
        APP + "\ndef spool(x, path): ...\n\ndef out(job_id):\n    spool(1, f'jobs/{job_id}.json')\n"
    )
    files = {"pyproject.toml": settings, "app.py": source, "old/app.py": APP.replace("users", "no")}
    result = audited(tmp_path, files)
    assert templates(result) == {
        "jobs/{job_id}.json": "SYSTEM_OF_RECORD",
        "users/{user_id}.json": "CACHE",
    }
    (settled,) = [finding for finding in result.findings if finding.is_settled]
    assert "directory service" in settled.reason
    assert not any(place.rules for place in settled.places)


def test_generated_vendored_minified_and_ignored_code_is_left_out(tmp_path: Path) -> None:
    script = 'const fs = require("fs"); fs.writeFileSync("x.json", JSON.stringify({}));'
    files = {
        ".gitignore": "scratch/\n*.tmp.py\n",
        "scratch/a.py": APP,
        "a.tmp.py": APP,
        "node_modules/x/index.js": script,
        "vendor/a.py": APP,
        ".venv/lib/a.py": APP,
        "gen.py": "# Code generated by protoc. DO NOT EDIT.\n" + APP,
        "lib.min.js": script,
        "bundle.js": script + ";var a=1" * 2000,
    }
    assert places(audited(tmp_path, files)) == []


def test_a_deeper_gitignore_takes_back_what_one_above_ignores(tmp_path: Path) -> None:
    files = {
        ".gitignore": "*.py\n!a/kept.py\n",
        "a/kept.py": APP,
        "a/lost.py": APP,
        "a/b/.gitignore": "!kept.py\nlost.js\n",
        "a/b/kept.py": APP,
        "a/b/lost.js": "",
        "ab/kept.py": APP,
    }
    found = {row[0] for row in places(audited(tmp_path, files))}
    assert found == {"a/kept.py", "a/b/kept.py"}


def test_what_is_not_read_is_named_and_counted(tmp_path: Path) -> None:
    files: dict[str, str | bytes] = {
        "a.ipynb": "{}",
        "b.vue": "<template/>",
        "c.svelte": "x",
        "d.py": b"\0\1\2" * 100,
        "e.py": "x = 1\n" * 400_000,
        "f.py": "import json\n\ndef f(:\n    json.load(open('a.json'))\n",
    }
    result = audited(tmp_path, files)
    assert [(note.file, note.rule) for note in result.notes] == [
        ("a.ipynb", "not-read"),
        ("b.vue", "not-read"),
        ("c.svelte", "not-read"),
        ("d.py", "not-read"),
        ("e.py", "not-read"),
        ("f.py", "PE900"),
    ]
    assert (result.counts.unread, result.counts.partly_read) == (5, 1)
    assert templates(result) == {"a.json": "CONFIG_STATIC"}


def test_tests_have_a_role_and_no_disposition(tmp_path: Path) -> None:
    files = {"tests/test_app.py": APP, "src/a.test.ts": "", "app.py": ""}
    result = audited(tmp_path, files)
    assert result.findings == ()
    assert {place.file for place in result.tests} == {"tests/test_app.py"}


def test_a_missing_folder_is_a_wrong_request(tmp_path: Path) -> None:
    with pytest.raises(WrongRequest, match="not a folder"):
        run_audit(tmp_path / "nowhere")
    with pytest.raises(WrongRequest, match="baseline"):
        run_audit(tmp_path, baseline=tmp_path / "none.json")


def test_without_the_extra_it_is_said_what_to_install(tmp_path: Path) -> None:
    code = (
        "import sys; sys.modules['tree_sitter'] = None\n"
        f"sys.argv = ['pulse-elt', 'audit', {str(tmp_path)!r}]\n"
        "from loaders.cli.main import main; main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "pulse-elt[advisor]" in done.stderr


def test_a_terminal_shows_a_few_unread_files_and_how_many_more(tmp_path: Path) -> None:
    write(tmp_path, {f"views/page_{number}.vue": "<template/>" for number in range(9)})
    said = run(str(tmp_path)).output
    assert said.count("views/page_") == 3
    assert "… and 6 more  not-read" in said
    notes = json.loads(run(str(tmp_path), "--format", "json").output)["notes"]
    assert len(notes) == 9
