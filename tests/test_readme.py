"""docs/command.md has every command in the words of its help; the README stays short."""

import re
from collections.abc import Iterator
from pathlib import Path

import click

from loaders.cli.main import cli
from tests.conftest import ROOT

_ROW = re.compile(r"^\| `pulse-elt ([^`]+)` \| (.+) \|$", re.MULTILINE)


def test_the_readme_is_read_in_a_minute() -> None:
    assert len((ROOT / "README.md").read_text().splitlines()) <= 150


def links() -> list[tuple[Path, str]]:
    pages = [*ROOT.glob("*.md"), *ROOT.glob("docs/**/*.md"), *ROOT.glob("macros/**/*.md")]
    return [
        (page, target)
        for page in pages
        for target in re.findall(r"\]\(([^)\s]+)\)", page.read_text())
        if not re.match(r"[a-z]+:", target)
    ]


def test_every_link_leads_somewhere() -> None:
    for page, target in links():
        name, _, anchor = target.partition("#")
        there = (page.parent / name).resolve() if name else page
        assert there.exists(), f"{page.name}: {target}"
        if anchor and there.suffix == ".md":
            headings = re.findall(r"^#+ (.+)$", there.read_text(), re.MULTILINE)
            anchors = {re.sub(r"[^\w\- ]", "", each.lower()).replace(" ", "-") for each in headings}
            assert anchor in anchors, f"{page.name}: {target}"


def test_the_command_table_is_what_help_says() -> None:
    documented = dict(_ROW.findall((ROOT / "docs" / "command.md").read_text()))
    assert documented == dict(_commands(cli, click.Context(cli), ""))


def _commands(group: click.Group, context: click.Context, prefix: str) -> Iterator[tuple[str, str]]:
    for name in group.list_commands(context):
        command = group.get_command(context, name)
        assert command is not None
        if isinstance(command, click.Group):
            yield from _commands(command, context, f"{prefix}{name} ")
            continue
        arguments = [
            parameter.make_metavar(context)
            for parameter in command.params
            if isinstance(parameter, click.Argument)
        ]
        yield " ".join([prefix + name, *arguments]), command.get_short_help_str(limit=200)
