"""pulse-elt run: load, then build."""

import click


@click.command("run")
@click.argument("source")
@click.option("--root", help="Folder inside SOURCE where the tree begins.")
@click.option(
    "--json",
    "is_json",
    is_flag=True,
    help="Result as JSON on stdout, progress as JSON lines on stderr.",
)
def run(source: str, root: str | None, is_json: bool) -> int:
    """Load SOURCE, build the marts, show each learner's readiness.

    Exits with 1 when files were newly quarantined or a test failed, 4 when a model did.
    """
    from loaders.cli import output
    from loaders.cli.progress import build_progress, progress
    from loaders.landing.model import Scope
    from loaders.pipeline import build_marts, latest_readiness, load_source

    with progress(is_json=is_json) as on_progress:
        loaded = load_source(source, root, Scope(), on_progress=on_progress)
    if not is_json:
        output.load_summary(loaded)
    with build_progress(is_json=is_json) as on_node:
        built = build_marts((), quiet=True, on_node=on_node)
    readiness = latest_readiness() if built.is_whole else ()
    if is_json:
        output.as_json({"load": loaded, "build": built, "readiness": readiness})
    else:
        output.build_summary(built)
        output.readiness_table(readiness)
    findings = int(bool(loaded.counters and loaded.counters.quarantined))
    return built.exit_code or findings
