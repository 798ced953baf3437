"""A proxy in front of the server's socket, which loses, delays and refuses what tests name."""

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

FORWARD = "forward"
LOSE_REQUEST = "lose the request"
LOSE_ANSWER = "lose the answer"


class Proxy:
    """Forwards connections to a server; what it does to the next statement can be chosen."""

    def __init__(self, folder: Path, upstream: Path) -> None:
        self._address = folder / upstream.name
        self._upstream = upstream
        self._next: tuple[bytes, str] | None = None
        self._lock = threading.Lock()
        self._flows = threading.Event()
        self._flows.set()
        self._pairs: list[tuple[socket.socket, socket.socket]] = []
        self._listener: socket.socket | None = None
        self.start()

    def lose(self, statement: str, how: str) -> None:
        """Lose the next statement that has these words, or the answer to it."""
        self._next = (statement.encode(), how)

    def hang(self) -> None:
        """Forward nothing any more, but accept connections: a server that does not answer."""
        self._flows.clear()

    def go_on(self) -> None:
        """Forward what was held back, and everything else."""
        self._flows.set()

    def start(self) -> None:
        """Accept connections."""
        self._listener = socket.socket(socket.AF_UNIX)
        self._listener.bind(str(self._address))
        self._listener.listen()
        threading.Thread(target=self._accept, args=(self._listener,), daemon=True).start()

    def stop(self) -> None:
        """Refuse connections, and end those that are open: a server that is not there."""
        assert self._listener is not None
        _end(self._listener)
        self._address.unlink()
        while self._pairs:
            for end in self._pairs.pop():
                _end(end)

    def _accept(self, listener: socket.socket) -> None:
        with suppress(OSError):
            while True:
                client, _ = listener.accept()
                server = socket.socket(socket.AF_UNIX)
                server.connect(str(self._upstream))
                self._pairs.append((client, server))
                for work in (self._requests, self._answers):
                    threading.Thread(target=work, args=(client, server), daemon=True).start()

    def _requests(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := client.recv(1 << 16):
                self._flows.wait()
                how = self._what_becomes_of(data)
                if how == LOSE_REQUEST:
                    break
                if how == LOSE_ANSWER:
                    # The answers' thread is not told: this end no longer exists.
                    server.sendall(data)
                    client.shutdown(socket.SHUT_RDWR)
                    _await_commit(server)
                    break
                server.sendall(data)
        _end(client)
        _end(server)

    def _what_becomes_of(self, data: bytes) -> str:
        with self._lock:
            if self._next is None or self._next[0] not in data:
                return FORWARD
            how, self._next = self._next[1], None
            return how

    def _answers(self, client: socket.socket, server: socket.socket) -> None:
        with suppress(OSError):
            while data := server.recv(1 << 16):
                self._flows.wait()
                client.sendall(data)
        _end(client)


def _await_commit(server: socket.socket) -> None:
    """Wait until the server has answered; the thread that forwards answers has read it."""
    with suppress(OSError):
        server.settimeout(0.5)
        server.recv(1)


def _end(one: socket.socket) -> None:
    with suppress(OSError):
        one.shutdown(socket.SHUT_RDWR)
    one.close()


@contextmanager
def proxy_to(folder: Path, host: str, port: str) -> Iterator[Proxy]:
    """Run a proxy in a folder that stands for the server's."""
    proxy = Proxy(folder, Path(host) / f".s.PGSQL.{port}")
    try:
        yield proxy
    finally:
        proxy.go_on()
        with suppress(OSError):
            proxy.stop()
