"""The pulse-elt command, forked from a process that has imported dbt and Great Expectations.

Importing them takes seconds and is the same in every command. All else is as in a process of its
own: arguments, environment, directory, output and exit code.
"""

import gc
import importlib
import json
import os
import runpy
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import IO, Any, NoReturn

from tests.warm_caches import keep_what_dbt_works_out

_IMPORTED = ("dbt.cli.main", "dbt.adapters.postgres", "great_expectations", "loaders.pipeline")

# After --debug, perhaps.
_SLOW_TO_START = {"run", "build", "check"}

# What an interpreter reads when it starts, and never again.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")

_LONGEST_REQUEST = 200_000


class WarmCommand:
    """Runs commands, in forks those that would import for seconds."""

    def __init__(self) -> None:
        self._process: subprocess.Popen[bytes] | None = None
        self._starting = threading.Lock()
        self._at_start = _read_at_start(os.environ)

    def run(
        self, arguments: Sequence[str], environment: Mapping[str, str], folder: Path
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; threads may run several at once."""
        is_slow = bool(_SLOW_TO_START.intersection(arguments[:2]))
        # A fork of so large a process costs more than the start of a small one.
        if not is_slow or _read_at_start(environment) != self._at_start:
            return subprocess.run(
                [sys.executable, "-m", "loaders.cli", *arguments],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        request = {
            "arguments": list(arguments), "environment": dict(environment), "folder": str(folder),
        }  # fmt: skip
        ended, told = socket.socketpair()
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ended:
            with told:
                socket.send_fds(
                    self._start(),
                    [json.dumps(request).encode()],
                    [out.fileno(), err.fileno(), told.fileno()],
                )
            code = int(ended.recv(16))
            return subprocess.CompletedProcess(arguments, code, _text(out), _text(err))

    def close(self) -> None:
        """End the process that forks."""
        if self._process:
            self._channel.close()
            self._process.wait()

    def _start(self) -> socket.socket:
        """Return the way to the process that forks, which the first who asks starts."""
        with self._starting:
            if self._process is None:
                self._channel, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._process = subprocess.Popen(
                        [sys.executable, "-m", "tests.warm_command", str(theirs.fileno())],
                        stdin=subprocess.DEVNULL,
                        pass_fds=[theirs.fileno()],
                    )
            return self._channel


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in environment if name.startswith(_READ_AT_START)}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _fork_on_demand(channel: socket.socket) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _IMPORTED:
            importlib.import_module(name)
    keep_what_dbt_works_out()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _LONGEST_REQUEST, 3)
        if not message:
            return
        out, err, told = descriptors
        command = os.fork()
        if command == 0:
            channel.close()
            os.close(told)
            _become(json.loads(message), out, err)
        os.close(out)
        os.close(err)
        threading.Thread(target=_tell_of_end, args=(command, told), daemon=True).start()


def _tell_of_end(command: int, told: int) -> None:
    _, status = os.waitpid(command, 0)
    os.write(told, str(os.waitstatus_to_exitcode(status)).encode())
    os.close(told)


def _become(request: dict[str, Any], out: int, err: int) -> NoReturn:
    for ours, standard in ((out, 1), (err, 2)):
        os.dup2(ours, standard)
        os.close(ours)
    os.environ.clear()
    os.environ.update(request["environment"])
    time.tzset()
    os.chdir(request["folder"])
    sys.argv = ["pulse-elt", *request["arguments"]]
    # It exits, and the interpreter ends as it always does.
    runpy.run_module("loaders.cli", run_name="__main__")
    sys.exit("loaders.cli came back")


if __name__ == "__main__":
    _fork_on_demand(socket.socket(fileno=int(sys.argv[1])))
