"""Programs that tests start in front of a server: a free port for each, and when it is ready."""

import socket
import subprocess
from collections.abc import Iterator, Sequence
from contextlib import contextmanager


def free_port() -> int:
    """Return a port of 127.0.0.1 on which nobody listens."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port: int = free.getsockname()[1]
    return port


@contextmanager
def running(command: Sequence[str], ready: str) -> Iterator[None]:
    """Run a program from the moment at which it says on standard error that it is ready."""
    process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stderr
        said = []
        for line in process.stderr:
            said.append(line)
            if ready in line:
                break
        assert process.poll() is None, "".join(said)
        yield
    finally:
        process.terminate()
        process.communicate()
