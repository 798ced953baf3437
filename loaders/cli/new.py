"""pulse-elt new: the files of a new kind or mart."""

from collections.abc import Sequence
from pathlib import Path

import click

from loaders.cli.groups import Group


@click.group("new", cls=Group)
def new() -> None:
    """Write the files of a new kind of document or mart, to be filled in."""


@new.command("kind")
@click.argument("name")
@click.option(
    "--path",
    "paths",
    multiple=True,
    metavar="TEMPLATE",
    help="Where its documents lie, such as 'results/{quiz_id}/{user_key}.json'; may be repeated.  "
    "[default: sessions/{session_key}/NAME.json]",
)
def kind(name: str, paths: tuple[str, ...]) -> None:
    """Write the files of a new kind of document, with a test that fails until it is filled in.

    NAME is in the singular, such as quiz_result. The files are its rule, its base model with a
    contract, a unit test, and what 'make kinds' generates. Nothing is overwritten.

    Example: 'pulse-elt new kind quiz_result --path "results/{quiz_id}/{user_key}.json"'
    """
    from loaders.project.new_kind import write_new_kind
    from loaders.project.root import project_root

    root = project_root()
    _report(
        write_new_kind(root, name, paths),
        root,
        "put a document into the unit test, name its fields in config/document_kinds.json and in "
        "the model, then 'make kinds', 'pulse-elt db migrate' and 'make unit-tests'.",
    )


@new.command("mart")
@click.argument("name")
@click.option("--folder", default="core", show_default=True, help="Folder of models/marts.")
def mart(name: str, folder: str) -> None:
    """Write a mart with its view and a unit test that fails until it is filled in.

    Nothing is overwritten.

    Example: 'pulse-elt new mart weekly_practice --folder cohorts'
    """
    from loaders.project.new_mart import new_mart
    from loaders.project.root import project_root

    root = project_root()
    _report(
        new_mart(root, name, folder),
        root,
        "replace each TODO, then: make marts; PULSE_ELT_UNIT_TESTS=True pulse-elt build "
        f"--select {name}+",
    )


def _report(written: Sequence[Path], root: Path, next_step: str) -> None:
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated

    with display_errors_tolerated("What was written"):
        for path in written:
            display.say(f"wrote {path.relative_to(root)}")
        display.say(f"Next: {next_step}")
