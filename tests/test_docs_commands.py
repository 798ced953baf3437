"""What docs/ tells operators to type exists: commands and their options, make targets, files."""

import re
import shlex
from collections.abc import Iterator

import click
import pytest

from loaders.cli.main import cli
from tests.conftest import ROOT

PAGES = sorted([*ROOT.glob("docs/*.md"), ROOT / "README.md"])
# Passed on to dbt or psql, which know what they mean.
_PASSED_ON = {"build", "psql"}
# In a shell, or in words: `pulse-elt …`, and the shell function of docs/operators.md. Elsewhere the
# name may be a title or a user; there a call has a path.
_CALL = re.compile(r"(?:(?<![\w/-])(?<!-u )pulse-elt|^pulse) ([a-z][^`\n;|#&]*)", re.MULTILINE)
_CALL_BY_PATH = re.compile(r"/bin/pulse-elt\"?,? \"?([a-z][^`\n;|#&]*)")
_FENCE = re.compile(r"^```(\w*)\n(.*?)^```", re.MULTILINE | re.DOTALL)
_SPAN = re.compile(r"`([^`\n]+)`")


def code(text: str) -> Iterator[tuple[str, str]]:
    """Yield blocks and spans of code, each with its language; a span counts as shell."""
    for language, block in _FENCE.findall(text):
        yield language, block.replace("\\\n", " ")
    yield from (("sh", span) for span in _SPAN.findall(_FENCE.sub("", text)))


def calls() -> list[tuple[str, str]]:
    return [
        (page.name, found.strip())
        for page in PAGES
        for language, piece in code(page.read_text())
        for pattern in ((_CALL, _CALL_BY_PATH) if language == "sh" else (_CALL_BY_PATH,))
        for found in pattern.findall(piece)
    ]


def words_of(call: str) -> list[str]:
    """A call's words, as far as a shell would read them."""
    try:
        return shlex.split(call)
    except ValueError:
        return call.replace('"', " ").replace("'", " ").split()


@pytest.mark.parametrize(("page", "call"), calls())
def test_a_command_in_the_docs_exists_with_its_options(page: str, call: str) -> None:
    command: click.Command = cli
    words = words_of(call)
    context = click.Context(cli)
    while words and isinstance(command, click.Group):
        found = command.get_command(context, words.pop(0).rstrip(".,:)"))
        assert found is not None, f"{page}: pulse-elt {call}"
        command = found
    if command.name in _PASSED_ON:
        return
    known = {name for parameter in command.params for name in parameter.opts} | {"--help"}
    for word in words:
        if word.startswith("--"):
            assert word.split("=")[0].rstrip("],.") in known, f"{page}: pulse-elt {call}"


def test_the_pages_name_enough_commands_for_that_to_mean_something() -> None:
    named = {words_of(call)[0] for _, call in calls()}
    assert named >= {"run", "load", "prune", "quarantine", "db", "build", "status"}


def test_make_targets_in_the_docs_exist() -> None:
    targets = set(re.findall(r"^([a-z-]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))
    for page in PAGES:
        for _, piece in code(page.read_text()):
            for target in re.findall(r"(?:^|run: |script: )make ([a-z-]+)", piece, re.MULTILINE):
                assert target in targets, f"{page.name}: make {target}"


def test_files_of_deploy_and_config_in_the_docs_exist() -> None:
    for page in PAGES:
        for name in re.findall(r"\b((?:deploy|config)/[\w.@-]*\w)", page.read_text()):
            assert (ROOT / name).exists(), f"{page.name}: {name}"
