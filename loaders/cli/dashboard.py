"""pulse-elt dashboard: a page of pictures that opens from disk."""

from pathlib import Path
from uuid import UUID

import click

from loaders.cli.groups import TEXT


@click.command("dashboard")
@click.option(
    "--out",
    type=click.Path(path_type=Path, dir_okay=False),
    required=True,
    metavar="FILE",
    help="The HTML file to write, for its owner alone; one that is there is replaced.",
)
@click.option(
    "--role",
    type=TEXT,
    help="Show what this role may see.  [default: the role that connects or builds]",
)
@click.option(
    "--learner",
    type=click.UUID,
    metavar="USER",
    help="Show one learner instead, for a talk with a coach: its user_id.",
)
@click.option("--allow-empty", is_flag=True, help="Write a page even if the role sees nobody.")
@click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")
def dashboard(
    out: Path, role: str | None, learner: UUID | None, allow_empty: bool, is_json: bool
) -> int:
    """Write a page of pictures from the marts: who is ready, who needs somebody, what to train.

    One HTML file without scripts or links; it holds only what the role may see.

    Example: 'pulse-elt dashboard --out team.html --role berlin_coaches'
    """
    from loaders.cli import display
    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.database.current import transformer_settings
    from loaders.pictures.command import write_dashboard

    written = write_dashboard(
        transformer_settings(starts=False), out,
        role=role, learner=learner, allows_empty=allow_empty,
    )  # fmt: skip
    with display_errors_tolerated("What was written"):
        if is_json:
            display.print_json(written)
        else:
            display.say(
                f"{display.printable(str(written.path))}: {written.learners:,} "
                f"{'learner' if written.learners == 1 else 'learners'} as role "
                f"{display.printable(written.role)} sees them ({written.bytes / 1000:,.0f} kB)."
            )
    return 0
