"""Displays results; a failure to display is reported and does not change the exit code."""

import os
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import ParamSpec

import click

from loaders.database.connection import first_line

_Arguments = ParamSpec("_Arguments")


@contextmanager
def display_errors_tolerated(what: str) -> Iterator[None]:
    """Let the block display finished work; if that fails, print a line that says so."""
    try:
        yield
        if sys.stdout is not None:
            sys.stdout.flush()
    except (Exception, KeyboardInterrupt) as error:
        if isinstance(error, OSError):
            _let_go_of_broken_streams()
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
        except Exception as error:
            is_broken = True
            if isinstance(error, OSError):
                _let_go_of_broken_streams()

    return show_or_not


def _let_go_of_broken_streams() -> None:
    """Redirect closed streams to /dev/null, or the interpreter's exit would fail on them."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except OSError:
            with suppress(OSError, ValueError):
                nowhere = os.open(os.devnull, os.O_WRONLY)
                os.dup2(nowhere, stream.fileno())
                os.close(nowhere)
        except (AttributeError, ValueError):
            continue
