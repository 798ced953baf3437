"""Displays results; a failure to display is reported and does not change the exit code."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec

import click

from loaders.cli.streams import take_failure
from loaders.database.connection import first_line

_Arguments = ParamSpec("_Arguments")


@contextmanager
def display_errors_tolerated(what: str) -> Iterator[None]:
    """Let the block display finished work; if that fails, print a line that says so."""
    try:
        yield
        if failure := take_failure():
            raise failure
    except (Exception, KeyboardInterrupt) as error:
        with suppress(Exception):
            said = cannot_be_shown(what, error).encode("ascii", "backslashreplace").decode()
            click.echo(f"pulse-elt: {said}", err=True)


def cannot_be_shown(what: str, error: BaseException) -> str:
    """Return the line that says so."""
    why = "interrupted." if isinstance(error, KeyboardInterrupt) else first_line(error)
    return f"{what} cannot be shown ({type(error).__name__}: {why}) The work itself is unaffected."


def never_failing(show: Callable[_Arguments, object]) -> Callable[_Arguments, None]:
    """Return a function that calls show until it fails, and does nothing afterwards."""
    is_broken = False

    def show_or_not(*arguments: _Arguments.args, **named: _Arguments.kwargs) -> None:
        nonlocal is_broken
        if is_broken:
            return
        try:
            show(*arguments, **named)
        except Exception:
            is_broken = True

    return show_or_not
