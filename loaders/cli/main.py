"""Entry point: finds commands without importing them, and turns errors into exit codes."""

import importlib
import logging
import sys
import traceback
from typing import ClassVar

import click

from loaders import __version__
from loaders.cli import streams
from loaders.cli.groups import Group
from loaders.errors import PulseEltError, WorkFailed, storable


class _Commands(Group):
    """Imports a command's module only when it is called or listed."""

    modules: ClassVar[dict[str, str]] = {
        "run": "run",
        "load": "load",
        "build": "build",
        "check": "check",
        "status": "status",
        "quarantine": "quarantine",
        "prune": "prune",
        "audit": "audit",
        "report": "report",
        "dashboard": "dashboard",
        "db": "db",
        "new": "new",
        "classify": "classify",
        "sample": "sample",
    }

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.modules)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in self.modules:
            module = importlib.import_module(f"loaders.cli.{self.modules[cmd_name]}")
            self.commands[cmd_name] = getattr(module, cmd_name)
        return super().get_command(ctx, cmd_name)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        # click cannot suggest commands that are imported late.
        if args[0] not in self.modules:
            from difflib import get_close_matches

            for close in get_close_matches(args[0], self.modules, n=1):
                ctx.fail(f"There is no command {args[0]!r}. Did you mean {close!r}?")
        return super().resolve_command(ctx, args)


@click.group(
    cls=_Commands,
    context_settings={"help_option_names": ["-h", "--help"]},
)
@click.version_option(__version__, "-V", "--version", prog_name="pulse-elt")
@click.option("--debug", is_flag=True, help="Show the traceback of an error.")
def cli(debug: bool) -> None:
    """Make PostgreSQL the system of record for what PULSE kept in JSON files.

    Exit codes: 0 done; 1 done, with findings; 2 wrong request; 3 no database, no
    permission or a lost connection; 4 the work failed; 75 another load is running, or a lock
    was held too long; 130 interrupted.
    """


def main() -> None:
    """Run the command and exit with the code of docs/design.md §6."""
    streams.prepare()
    arguments = sys.argv[1:]
    # dbt logs the command line, and cannot log what is no text.
    sys.argv = [storable(word) for word in sys.argv]
    # The first argument only: 'build --debug' is dbt's.
    debug = arguments[:1] == ["--debug"]
    if not debug:
        # The error describes a broken connection better than the driver's log.
        logging.getLogger("psycopg").addHandler(logging.NullHandler())
    try:
        code = cli.main(arguments, prog_name="pulse-elt", standalone_mode=False)
        if failure := streams.take_failure():
            raise WorkFailed(f"The result cannot be written: {failure.strerror}.")
    except click.exceptions.Abort:
        _say("Interrupted. What was committed stays; run the command again.")
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(2)
    except Exception as error:
        if debug:
            traceback.print_exc()
        if isinstance(error, PulseEltError):
            _say(str(error))
            sys.exit(error.exit_code)
        _say(
            f"{type(error).__name__}: {error} (unexpected; run again as "
            "'pulse-elt --debug …' and report what it prints)"
        )
        sys.exit(4)
    sys.exit(code if isinstance(code, int) else 0)


def _say(sentence: str) -> None:
    from loaders.cli.display import printable

    click.echo(f"pulse-elt: {printable(sentence)}", err=True)
