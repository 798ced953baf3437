"""Redis as it should be, which can be stopped and hung, and servers that only look like it."""

import os
import shutil
import signal
import socket
import subprocess
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest
from redis import Redis

from tests.loaders.faults import until


class RedisServer:
    """A redis-server behind a socket in a folder."""

    def __init__(self, folder: Path) -> None:
        self._socket = folder / "redis.sock"
        self.url = f"unix://{self._socket}"
        self.client: Any = Redis(unix_socket_path=str(self._socket))
        self.start()

    def start(self) -> None:
        """Start it, empty."""
        options = ["--port", "0", "--unixsocket", str(self._socket), "--save", ""]
        self._process = subprocess.Popen(
            [str(shutil.which("redis-server")), *options], stdout=subprocess.DEVNULL
        )
        until(self._answers)

    def stop(self) -> None:
        """Stop it, also while it hangs."""
        self._process.kill()
        self._process.wait()

    def hang(self) -> None:
        """Let it accept connections and answer nothing."""
        os.kill(self._process.pid, signal.SIGSTOP)

    def _answers(self) -> bool:
        with suppress(OSError, Exception):
            return bool(self.client.ping())
        return False


@contextmanager
def redis_server() -> Iterator[RedisServer]:
    """Run one for a test; skips where the machine has none."""
    if shutil.which("redis-server") is None:
        pytest.skip("redis-server is not installed (Debian: redis-server)")
    # A socket's path is short.
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder))
        yield server
        server.stop()


Answer = Callable[[bytes], bytes]


@contextmanager
def pretended_server(answer: Answer, pause: float = 0.0) -> Iterator[str]:
    """Answer packets of clients with what a function says; byte by byte if there is a pause."""
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(f"{folder}/redis.sock")
        listener.listen()

        def serve(client: socket.socket) -> None:
            with suppress(OSError), client:
                while request := client.recv(1 << 16):
                    found = answer(request)
                    for start in range(len(found)) if pause else (0,):
                        client.sendall(found[start : start + 1] if pause else found)
                        time.sleep(pause)

        def accept() -> None:
            with suppress(OSError):
                while True:
                    client, _ = listener.accept()
                    threading.Thread(target=serve, args=(client,), daemon=True).start()

        threading.Thread(target=accept, daemon=True).start()
        yield f"unix://{folder}/redis.sock"
        listener.shutdown(socket.SHUT_RDWR)
