"""Killing a server of a test's own."""

import os
import signal
from collections.abc import Sequence
from contextlib import suppress

from tests.conftest import Server
from tests.loaders.faults import children


def processes(server: Server) -> list[int]:
    """Return the postmaster and all that it started."""
    postmaster = int((server.data / "postmaster.pid").read_text().split()[0])
    return [postmaster, *children(postmaster)]


def kill(everybody: Sequence[int]) -> None:
    for pid in everybody:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    for pid in everybody:
        with suppress(ChildProcessError):
            os.waitpid(pid, 0)
