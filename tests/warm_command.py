"""The pulse-elt command, forked from a process that has imported what the command needs.

Importing dbt and Great Expectations takes seconds and is the same in every command. All else is
as in a process of its own: arguments, environment, directory, output, signals and exit code.
"""

import gc
import importlib
import json
import os
import runpy
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO, Any, NoReturn

from loaders.checks.lean_import import import_great_expectations
from tests.warm_caches import keep_what_dbt_works_out

# The modules that are commands.
PULSE_ELT, DBT = "loaders.cli", "dbt.cli.main"

# What a command imports, by the sort of its first word. A fork of a large process costs more than
# the start of a small one, so quick commands come from a small one.
_IMPORTED_BY = {
    "slow": ("dbt.cli.main", "dbt.adapters.postgres", "loaders.pipeline"),
    "quick": ("loaders.cli.main", "loaders.pipeline"),
}

# After --debug, perhaps.
_SLOW_TO_START = {"run", "build", "check"}

# What an interpreter reads when it starts, and never again.
_READ_AT_START = ("PYTHON", "LC_", "LANG", "LD_")

_LONGEST_REQUEST = 200_000


class StartedCommand:
    """A command at work, at the head of a process group as a terminal starts it."""

    def __init__(self, pid: int, ended: socket.socket, out: IO[bytes], err: IO[bytes]) -> None:
        self.pid = pid
        self.returncode: int | None = None
        self._ended, self._out, self._err = ended, out, err

    def poll(self) -> int | None:
        """Return the exit code, None while the command is at work."""
        return self._wait(0)

    def wait(self, timeout: float | None = None) -> int:
        """Return the exit code when the command has ended."""
        code = self._wait(timeout)
        if code is None:
            raise TimeoutError(f"process {self.pid} is at work after {timeout} s")
        return code

    def communicate(self, timeout: float | None = None) -> tuple[str, str]:
        """Return what the command wrote, when it has ended."""
        self.wait(timeout)
        return _text(self._out), _text(self._err)

    def send_signal(self, number: int) -> None:
        """Send a signal to the command, and not to its group."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill_group(self) -> None:
        """End the command and all that it has started."""
        with suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.wait()

    def _wait(self, timeout: float | None) -> int | None:
        if self.returncode is None:
            # Not select(), which knows no descriptor above 1023.
            end = select.poll()
            end.register(self._ended, select.POLLIN)
            if end.poll(None if timeout is None else timeout * 1000):
                self.returncode = int(self._ended.recv(16))
        return self.returncode


class WarmCommand:
    """Runs commands in forks of processes that have imported what they need."""

    def __init__(self) -> None:
        self._processes: dict[str, subprocess.Popen[bytes]] = {}
        self._channels: dict[str, socket.socket] = {}
        self._starting = threading.Lock()
        self._at_start = _read_at_start(os.environ)

    def run(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        module: str = PULSE_ELT,
    ) -> subprocess.CompletedProcess[str]:
        """Run a command to its end; threads may run several at once."""
        if _read_at_start(environment) != self._at_start:
            return subprocess.run(
                [sys.executable, "-m", module, *arguments],
                env=environment,
                cwd=folder,
                stdin=subprocess.DEVNULL,
                capture_output=True,
                text=True,
                check=False,
            )
        with self.started(arguments, environment, folder, module) as command:
            stdout, stderr = command.communicate()
        assert command.returncode is not None
        return subprocess.CompletedProcess(arguments, command.returncode, stdout, stderr)

    @contextmanager
    def started(
        self,
        arguments: Sequence[str],
        environment: Mapping[str, str],
        folder: Path,
        module: str = PULSE_ELT,
    ) -> Iterator[StartedCommand]:
        """Start a command; it and its group are ended when the context is left."""
        request = {
            "arguments": list(arguments), "environment": dict(environment), "folder": str(folder),
            "module": module,
        }  # fmt: skip
        is_slow = module == DBT or _SLOW_TO_START.intersection(arguments[:2])
        sort = "slow" if is_slow else "quick"
        ended, told = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with tempfile.TemporaryFile() as out, tempfile.TemporaryFile() as err, ended:
            with told:
                socket.send_fds(
                    self._channel(sort),
                    [json.dumps(request).encode()],
                    [out.fileno(), err.fileno(), told.fileno()],
                )
            command = StartedCommand(int(ended.recv(16)), ended, out, err)
            try:
                yield command
            finally:
                if command.poll() is None:
                    command.kill_group()

    def close(self) -> None:
        """End the processes that fork."""
        for sort, process in self._processes.items():
            self._channels[sort].close()
            process.wait()

    def _channel(self, sort: str) -> socket.socket:
        """Return the way to the process that forks, which the first who asks starts."""
        with self._starting:
            if sort not in self._processes:
                ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
                with theirs:
                    self._processes[sort] = subprocess.Popen(
                        [sys.executable, "-m", "tests.warm_command", sort, str(theirs.fileno())],
                        stdin=subprocess.DEVNULL,
                        pass_fds=[theirs.fileno()],
                    )
                self._channels[sort] = ours
            return self._channels[sort]


def _read_at_start(environment: Mapping[str, str]) -> dict[str, str]:
    return {name: environment[name] for name in environment if name.startswith(_READ_AT_START)}


def _text(file: IO[bytes]) -> str:
    file.seek(0)
    return file.read().decode()


def _fork_on_demand(sort: str, channel: socket.socket) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for name in _IMPORTED_BY[sort]:
            importlib.import_module(name)
        if sort == "slow":
            # As the gates do, in half of the time.
            import_great_expectations()
    if sort == "slow":
        keep_what_dbt_works_out()
    gc.freeze()
    while True:
        message, descriptors, _, _ = socket.recv_fds(channel, _LONGEST_REQUEST, 3)
        if not message:
            return
        out, err, told = descriptors
        command = os.fork()
        if command == 0:
            os.setpgid(0, 0)
            signal.signal(signal.SIGINT, signal.default_int_handler)
            channel.close()
            os.close(told)
            _become(json.loads(message), out, err)
        with suppress(OSError):
            # Whoever hears of it may send signals to its group at once.
            os.setpgid(command, command)
        os.close(out)
        os.close(err)
        os.write(told, str(command).encode())
        threading.Thread(target=_tell_of_end, args=(command, told), daemon=True).start()


def _tell_of_end(command: int, told: int) -> None:
    _, status = os.waitpid(command, 0)
    with suppress(OSError):
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
    module = request.get("module", PULSE_ELT)
    sys.argv = ["pulse-elt" if module == PULSE_ELT else "dbt", *request["arguments"]]
    with warnings.catch_warnings():
        # It has been imported, which is what this is for.
        warnings.filterwarnings("ignore", "'.*' found in sys.modules")
        # It exits, and the interpreter ends as it always does.
        runpy.run_module(module, run_name="__main__")
    sys.exit(f"{module} came back")


if __name__ == "__main__":
    _fork_on_demand(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
