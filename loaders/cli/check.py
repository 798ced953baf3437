"""pulse-elt check: the gates before and after the build."""

from typing import TYPE_CHECKING

import click

from loaders.cli.groups import TEXT, Group

if TYPE_CHECKING:
    from loaders.checks.result import CheckResult

_accept = click.option(
    "--accept",
    type=TEXT,
    metavar="REASON",
    help="Let failures pass; the reason is kept, and later checks compare with this one.",
)
_json = click.option("--json", "is_json", is_flag=True, help="Print the result as JSON.")


@click.group("check", cls=Group)
def check() -> None:
    """Check what landed, or the marts; Data Docs in .pulse/data_docs show the findings."""


@check.command("landing")
@_accept
@_json
def landing(accept: str | None, is_json: bool) -> int:
    """Check what landed since the last check that passed: the gate before the build.

    Exits with 1 when an expectation failed and was not accepted.

    Example: 'pulse-elt check landing --accept "kiosk of 4 March, ticket 118"'
    """
    from loaders.pipeline import check_landing

    return _print_result(check_landing(accept=accept), is_json=is_json)


@check.command("marts")
@_accept
@_json
def marts(accept: str | None, is_json: bool) -> int:
    """Check the marts: no learner lost, fresh, NULLs and scores much as a week ago.

    Exits with 1 when an expectation failed and was not accepted.

    Example: 'pulse-elt check marts --json'
    """
    from loaders.pipeline import check_marts

    return _print_result(check_marts(accept=accept), is_json=is_json)


def _print_result(result: "CheckResult", *, is_json: bool) -> int:
    from loaders.checks.gates import details_of
    from loaders.cli import check_display, display
    from loaders.cli.display_errors import display_errors_tolerated

    with display_errors_tolerated("The check's result"):
        if is_json:
            display.print_json(details_of(result))
        else:
            check_display.check_summary(result)
    return 0 if result.is_passed else 1
