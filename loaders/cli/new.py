"""pulse-elt new: the files of what is added to the project."""

import click


@click.group("new")
def new() -> None:
    """Write the files of a new kind of document."""


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
    """
    from loaders.cli import display
    from loaders.project.new_kind import write_new_kind
    from loaders.project.root import project_root

    root = project_root()
    for path in write_new_kind(root, name, paths):
        display.say(f"wrote {path.relative_to(root)}")
    display.say(
        "Next: put a document into the unit test, name its fields in config/document_kinds.json "
        "and in the model, then 'make kinds', 'pulse-elt db migrate' and 'make unit-tests'."
    )
