"""`pulse-elt sample`: writes a deterministic legacy tree to try the loaders on."""

from pathlib import Path

import click


@click.command("sample")
@click.option(
    "--sessions",
    type=click.IntRange(min=1),
    default=1_000,
    show_default=True,
    metavar="N",
    help="How many sessions; each leaves about three files.",
)
@click.option(
    "--learners",
    type=click.IntRange(min=1),
    metavar="M",
    help="How many learners they belong to.  [default: one per 25 sessions]",
)
@click.option(
    "--seed",
    type=int,
    default=1,
    show_default=True,
    metavar="S",
    help="The same seed gives the same bytes.",
)
@click.option(
    "--out",
    type=click.Path(path_type=Path),
    required=True,
    metavar="DIR",
    help="Where to write: a directory that is empty or absent.",
)
@click.option(
    "--bad-share",
    type=click.FloatRange(0, 1),
    default=0.0005,
    show_default=True,
    help="Share of files to damage; 0 for a tree without bad files.",
)
@click.option(
    "--workers",
    type=click.IntRange(min=1),
    metavar="W",
    help="Processes; they affect only the time.  [default: one per core]",
)
@click.option(
    "--nights",
    type=click.IntRange(min=1),
    metavar="K",
    help="Write night-1 to night-K, each a whole tree that contains the one before.",
)
@click.option("--json", "is_json", is_flag=True, help="Print the summary as JSON.")
def sample(
    sessions: int,
    learners: int | None,
    seed: int,
    out: Path,
    bad_share: float,
    workers: int | None,
    nights: int | None,
    is_json: bool,
) -> None:
    """Write a sample tree: every kind and format, a few bad files.

    It is a training programme of 47 weeks, until 30 November 2025: practice pays, gaps cost, and
    some learners leave or fall. The same options give the same tree, byte for byte and date for
    date, whatever the number of cores.

    Example: 'pulse-elt sample --nights 3 --out /tmp/pulse' for 'pulse-elt run /tmp/pulse/night-1'
    and the nights after it.
    """
    import json
    from dataclasses import asdict

    from loaders.cli.display_errors import display_errors_tolerated
    from loaders.sample import SampleError, SamplePlan, generate, generate_nights

    is_quiet = is_json or not click.get_text_stream("stderr").isatty()
    try:
        plan = SamplePlan(sessions, learners or max(1, sessions // 25), seed, bad_share)
        with click.progressbar(
            length=sessions,
            label="sessions",
            hidden=is_quiet,
            show_pos=True,
            file=click.get_text_stream("stderr"),
        ) as bar:
            if nights:
                written = generate_nights(plan, out, nights, workers=workers, progress=bar.update)
                trees = {out / f"night-{n}": tree for n, tree in enumerate(written, 1)}
            else:
                trees = {out: generate(plan, out, workers=workers, progress=bar.update)}
    except SampleError as error:
        raise click.UsageError(str(error)) from error
    with display_errors_tolerated("What was written"):
        if is_json:
            found = [asdict(tree) for tree in trees.values()]
            click.echo(json.dumps({"nights": found} if nights else found[0]))
            return
        for path, tree in trees.items():
            click.echo(
                f"{path}: {tree.files:,} files ({tree.bytes / 1e6:.1f} MB, {tree.bad_files:,} bad) "
                f"of {tree.sessions:,} sessions and {plan.learners:,} learners "
                f"in {tree.seconds:.1f} s"
            )
