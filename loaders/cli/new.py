"""pulse-elt new: the files of a new mart, to be filled in."""

import click


@click.group("new")
def new() -> None:
    """Write the files of something new, to be filled in (docs/extending.md)."""


@new.command("mart")
@click.argument("name")
@click.option("--folder", default="core", show_default=True, help="Folder of models/marts.")
def mart(name: str, folder: str) -> None:
    """Write a mart with its view and a unit test that fails until it is filled in."""
    from loaders.project.new_mart import new_mart
    from loaders.project.root import project_root

    root = project_root()
    for file in new_mart(root, name, folder):
        click.echo(f"  {file.relative_to(root)}")
    click.echo(
        f"Fill in what says TODO, then: make marts; PULSE_ELT_UNIT_TESTS=True "
        f"pulse-elt build --select {name}+"
    )
