"""Runs dbt in this process, on a given database."""

import gc
import os
import re
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

from loaders.database.connection import connect
from loaders.database.current import TRANSFORMER_ROLE_VARIABLE
from loaders.database.reached import reached
from loaders.database.settings import (
    PART_VARIABLES,
    URL_VARIABLE,
    DatabaseSettings,
    libpq_variables,
)
from loaders.database.sqlstates import LOCK_TIMEOUT, server_error
from loaders.errors import (
    DatabaseAway,
    DatabaseUnavailable,
    LockHeld,
    PulseEltError,
    TransactionLost,
    WorkFailed,
    WrongRequest,
    storable,
)
from loaders.project.private import private_files, private_folder
from loaders.transform.server_errors import ServerErrors, without_rows

# Read by the macro is_verifying; an environment variable, since other --vars cost a full parse.
VERIFY_VARIABLE = "PULSE_ELT_VERIFY"

# The system identifier of the server to build on; read by the macro refuse_unfit_database.
SERVER_VARIABLE = "PULSE_ELT_SERVER"

# Read by libpq, too; they stand for no parameter of a connection.
_SETTING = ("PGTZ", "PGDATESTYLE", "PGGEQO", "PGSERVICEFILE")

# Whether dbt's unit tests run, too; dbt_project.yml reads it, and its filter knows no other words.
UNIT_TESTS_VARIABLE = "PULSE_ELT_UNIT_TESTS"
_UNIT_TESTS_WORDS = ("True", "False")

# Where dbt writes, by option and variable, unless somebody asks for another folder; and what.
_FOLDERS = (
    ("--log-path", "DBT_LOG_PATH", "logs", ("dbt.log*",)),
    (
        "--target-path",
        "DBT_TARGET_PATH",
        "target",
        ("compiled", "run", "*.json", "*.msgpack", "*.gpickle", "*.html"),
    ),
)

_FAILED_MODEL = ("error", "partial success")
_FAILED_TEST = ("fail",)

# dbt's events for a criterion that matches no node, and for a selection without any.
_SELECTS_NOTHING = ("NoNodesForSelectionCriteria", "NothingToDo")

_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


@dataclass(frozen=True)
class Node:
    """One model, seed or test of a build: dbt's status, seconds, and its message when it failed.

    rows_affected counts the rows that a model or seed wrote, failures those that a test found;
    None for others. rows_in is the table with the failing rows of a test, else None. failed_as
    is what the failure says about the database.
    """

    node_id: str
    name: str
    resource: str
    status: str
    seconds: float
    rows_affected: int | None
    failures: int | None
    message: str | None
    rows_in: str | None
    failed_as: type[PulseEltError] = WorkFailed


@dataclass(frozen=True)
class BuildResult:
    """What a dbt build did; seconds are those inside the nodes.

    warnings are sentences of the project's own macros: tables changed by hand, a clock that ran
    ahead. is_verified says that everything was compared; then each warning is a finding.
    """

    nodes: tuple[Node, ...]
    warnings: tuple[str, ...] = ()
    is_verified: bool = False

    @property
    def failed_models(self) -> tuple[Node, ...]:
        """Models, seeds and tests that could not run."""
        return tuple(node for node in self.nodes if node.status in _FAILED_MODEL)

    @property
    def failed_tests(self) -> tuple[Node, ...]:
        """Tests that ran and found something."""
        return tuple(node for node in self.nodes if node.status in _FAILED_TEST)

    @property
    def is_whole(self) -> bool:
        """Whether every model was built."""
        return not self.failed_models and not self.skipped

    @property
    def exit_code(self) -> int:
        """The exit code of docs/design.md §6: 0, 1 (findings), 3 (database) or 4 (a model)."""
        if any(issubclass(node.failed_as, DatabaseUnavailable) for node in self.failed_models):
            return DatabaseUnavailable.exit_code
        if self.failed_models:
            return WorkFailed.exit_code
        return 1 if self.failed_tests or (self.is_verified and self.warnings) else 0

    @property
    def passing_trouble(self) -> type[PulseEltError] | None:
        """What made a node fail and may be over next time: a lost connection or transaction."""
        kinds = {node.failed_as for node in self.failed_models}
        return next((kind for kind in (DatabaseAway, TransactionLost) if kind in kinds), None)

    @property
    def seconds(self) -> float:
        """Time inside the nodes."""
        return sum(node.seconds for node in self.nodes)

    @property
    def skipped(self) -> tuple[Node, ...]:
        """Nodes left out because something they depend on failed."""
        return tuple(node for node in self.nodes if node.status == "skipped")

    def count(self, *resources: str) -> int:
        """Return how many nodes of these resource types succeeded."""
        return sum(
            node.resource in resources and node.status in ("success", "pass") for node in self.nodes
        )


def build(
    settings: DatabaseSettings,
    root: Path,
    arguments: Sequence[str] = (),
    *,
    quiet: bool = False,
    verify: bool = False,
    on_node: Callable[[str], None] = lambda name: None,
) -> BuildResult:
    """Run 'dbt build' with further arguments; quiet suppresses dbt's own output.

    verify compares every relation with its query's result, as of the last build's cutoff.
    on_node gets the name of each node that is done.

    Raises:
        WrongRequest: an argument or an environment variable is invalid, or selects nothing.
        DatabaseUnavailable: a permission is missing.
        DatabaseAway: the server is gone.
        LockHeld: a transaction that writes documents does not end.
        WorkFailed: the project does not compile, or dbt crashed.
    """
    asked = os.environ.get(UNIT_TESTS_VARIABLE, "False")
    if asked not in _UNIT_TESTS_WORDS:
        raise WrongRequest(f"{UNIT_TESTS_VARIABLE} is {asked!r}: say True or False.")
    # dbt takes seconds to import, so only a build imports it.
    from dbt.cli.main import dbtRunner
    from dbt.exceptions import DbtRuntimeError

    warnings: list[str] = []
    log = prepare_folders(root, arguments) / "dbt.log"
    errors = ServerErrors(settings)

    def on_event(event: Any) -> None:  # noqa: ANN401 - dbt's events carry no types
        errors.note(event)
        if event.info.name == "JinjaLogWarning":
            warnings.append(str(event.data.msg))
        if event.info.name in _SELECTS_NOTHING:
            # Nothing has been built yet; dbt itself would go on, and call it a success.
            raise DbtRuntimeError(event.info.msg)
        # An ephemeral model has no result of its own: it is part of the models that read it.
        is_done = event.info.name == "NodeFinished"
        if is_done and event.data.node_info.materialized != "ephemeral":
            on_node(event.data.node_info.node_name)

    command = ["build", "--project-dir", str(root), "--profiles-dir", str(_profiles(root))]
    if quiet:
        command = ["--log-level", "none", *command]
    if not sys.stdout.isatty():
        command = ["--no-use-colors", *command]
    with connect(settings) as connection:
        settings = reached(connection, settings)
    before = _written_at(log)
    with (
        _environment(settings, verify=verify),
        _interruption_raised(),
        _rare_collection(),
        private_files(),
    ):
        outcome = dbtRunner(callbacks=[on_event]).invoke([*command, *map(storable, arguments)])
    if outcome.exception is not None:
        raise _run_failed(outcome.exception, errors, log if _written_at(log) != before else None)
    nodes = tuple(_node(result, errors) for result in outcome.result or ())
    return BuildResult(nodes, tuple(warnings), is_verified=verify)


def prepare_folders(root: Path, arguments: Sequence[str] = ()) -> Path:
    """Make the folders that dbt writes to, for their owner alone; return that of its log.

    Raises:
        WrongRequest: one cannot be written to.
    """
    folders = []
    for option, variable, usual, names in _FOLDERS:
        asked = _value_of(option, arguments) or os.environ.get(variable) or root / usual
        # dbt takes its log's folder from here, the other from the project.
        folders.append((root if usual == "target" else Path.cwd()) / asked)
        private_folder(folders[-1], names)
    return folders[0]


def _value_of(option: str, arguments: Sequence[str]) -> str | None:
    """Return the last value of one of dbt's options."""
    value = None
    for number, word in enumerate(arguments):
        if word == option:
            value = next(iter(arguments[number + 1 :]), None)
        elif word.startswith(f"{option}="):
            value = word.partition("=")[2]
    return value


def _written_at(file: Path) -> int | None:
    return file.stat().st_mtime_ns if file.is_file() else None


def sentence(text: str) -> str:
    """Return what dbt says as one line that ends as a sentence does."""
    line = " ".join(_COLOUR.sub("", text).split())
    return line if line.endswith((".", "!", "?")) else f"{line}."


def _run_failed(exception: BaseException, errors: ServerErrors, log: Path | None) -> PulseEltError:
    """Return the error for a run that dbt did not begin, or did not end; log was written to."""
    from dbt.cli.exceptions import DbtUsageException
    from dbt.exceptions import DbtProfileError, DbtRuntimeError

    error = server_error(exception)
    diag = getattr(error, "diag", None)
    # Raised by our own function: it waited in vain for somebody who writes documents.
    if diag and (diag.sqlstate, diag.source_function) == (LOCK_TIMEOUT, "exec_stmt_raise"):
        return LockHeld(diag.message_primary[:1].upper() + diag.message_primary[1:])
    # dbt lists the calling macros below the message.
    said = sentence(without_rows(str(exception).split("\n  > in macro")[0], error, context=True))
    # One of no special kind is about what was asked for: a selection, a state to compare with.
    if error is None and type(exception) in (DbtUsageException, DbtProfileError, DbtRuntimeError):
        return WrongRequest(f"dbt: {said}")
    more = f" More is in {log}." if log else ""
    return errors.kind_of(error)(f"dbt: {said}{more}")


def models_reading(settings: DatabaseSettings, root: Path, tables: Sequence[str]) -> list[str]:
    """Return the names of the models that read these tables of the landing, and of their children.

    It uses dbt's graph of the project, without the database.

    Raises:
        WorkFailed: the project does not parse.
    """
    if not tables:
        return []
    from dbt.cli.main import dbtRunner

    command = [
        "--log-level", "none", "ls", "--resource-type", "model", "--output", "name",
        "--project-dir", str(root), "--profiles-dir", str(_profiles(root)),
        "--select", *(f"source:pulse.{table}+" for table in tables),
    ]  # fmt: skip
    prepare_folders(root)
    with _environment(settings, verify=False), private_files():
        outcome = dbtRunner().invoke(command)
    if outcome.exception is not None:
        raise WorkFailed(f"dbt: {sentence(str(outcome.exception))}")
    return sorted(str(name) for name in outcome.result)


@contextmanager
def _rare_collection() -> Iterator[None]:
    """Search for reference cycles less often: that was a seventh of a build's CPU time."""
    before = gc.get_threshold()
    gc.freeze()
    gc.set_threshold(50_000, 20, 50)
    try:
        yield
    finally:
        gc.set_threshold(*before)
        gc.unfreeze()


@contextmanager
def _interruption_raised() -> Iterator[None]:
    """Raise KeyboardInterrupt at the end if one came: dbt reports a failure without a message."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    is_interrupted = False
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}

    def note(number: int, frame: FrameType | None) -> None:
        nonlocal is_interrupted
        is_interrupted = True
        handler = handlers[signal.Signals(number)]
        assert callable(handler)  # noqa: S101 - the others are not replaced
        handler(number, frame)

    for number, handler in handlers.items():
        if callable(handler):
            signal.signal(number, note)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler)
    if is_interrupted:
        raise KeyboardInterrupt


def _node(result: Any, errors: ServerErrors) -> Node:  # noqa: ANN401 - dbt's results carry no types
    node = result.node
    is_kept = str(result.status) in _FAILED_TEST and getattr(node, "should_store_failures", False)
    resource = str(result.node.resource_type)
    is_test = resource in ("test", "unit_test")
    error = errors.of(node.unique_id) if str(result.status) in _FAILED_MODEL else None
    return Node(
        node_id=node.unique_id,
        name=node.name,
        resource=resource,
        status=str(result.status),
        seconds=result.execution_time,
        rows_affected=None if is_test else result.adapter_response.get("rows_affected"),
        failures=result.failures if is_test else None,
        message=result.message and without_rows(result.message, error),
        rows_in=f"{node.schema}.{node.alias}" if is_kept else None,
        failed_as=errors.kind_of(error),
    )


def _profiles(root: Path) -> Path:
    """Copy the example profile to where dbt looks for one, so that both are always the same."""
    folder = root / ".pulse" / "dbt"
    # Whoever could write there could lead dbt to another server, password and all.
    private_folder(folder, ("profiles.*",))
    # Another command may be reading it, so it is replaced atomically.
    written = folder / f"profiles.{os.getpid()}.tmp"
    with private_files():
        written.write_bytes((root / "profiles.example.yml").read_bytes())
    written.replace(folder / "profiles.yml")
    return folder


@contextmanager
def _environment(settings: DatabaseSettings, *, verify: bool) -> Iterator[None]:
    """Lead dbt to where the settings lead, and nowhere else, whatever libpq would find."""
    before = dict(os.environ)
    for name in (URL_VARIABLE, *PART_VARIABLES.values(), *libpq_variables().values(), *_SETTING):
        os.environ.pop(name, None)
    os.environ.update(settings.as_environment(with_password=True))
    os.environ["PGCLIENTENCODING"] = "UTF8"
    for name, value in (
        (TRANSFORMER_ROLE_VARIABLE, settings.role),
        (SERVER_VARIABLE, settings.server),
    ):
        os.environ.pop(name, None)
        if value:
            os.environ[name] = value
    if verify:
        os.environ[VERIFY_VARIABLE] = "yes"
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(before)
