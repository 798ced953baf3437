"""pulse-elt build: dbt build on the same database."""

import click


@click.command("build", context_settings={"ignore_unknown_options": True})
@click.argument("dbt_arguments", nargs=-1, type=click.UNPROCESSED)
def build(dbt_arguments: tuple[str, ...]) -> int:
    """Run 'dbt build' on the database the loaders use.

    DBT_ARGUMENTS go to dbt, as in 'pulse-elt build --select scorecards+'.
    Exits with 1 when a test failed, 4 when a model did, 75 when a transaction that writes
    documents does not end (it is waited for, ten minutes or PULSE_ELT_WRITERS_PATIENCE seconds).
    """
    from loaders.cli import output
    from loaders.pipeline import build_marts

    result = build_marts(dbt_arguments)
    output.build_summary(result)
    return result.exit_code
