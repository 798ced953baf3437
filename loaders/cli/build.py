"""pulse-elt build: dbt build on the same database."""

import click


@click.command(
    "build",
    context_settings={"ignore_unknown_options": True, "help_option_names": []},
    add_help_option=False,
)
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...]) -> int:
    """Run 'dbt build' with DBT_ARGUMENTS on the database the loaders use.

    Exits with 1 when a test failed, 4 when a model did.
    """
    from loaders.cli import output
    from loaders.pipeline import build_marts

    result = build_marts(dbt_arguments)
    output.build_summary(result)
    if result.failed_models:
        return 4
    return 1 if result.failed_tests else 0
