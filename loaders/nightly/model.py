"""The request and the result of a nightly run."""

from collections.abc import Callable
from contextlib import AbstractContextManager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, Protocol, get_args
from urllib.parse import urlsplit, urlunsplit

from loaders.checks.result import CheckResult
from loaders.errors import PulseEltError, storable
from loaders.landing.load import LoadResult, Progress
from loaders.pictures.result import DashboardResult
from loaders.transform.dbt import BuildResult

Stage = Literal["migrate", "load", "landing_gate", "build", "mart_checks", "dashboard"]
Status = Literal["succeeded", "with_findings", "failed", "left_out"]
RunStatus = Literal["succeeded", "with_findings", "stopped", "failed"]
Event = Literal["failure", "findings", "recovery", "first_success"]

# In this order; each depends on those before it.
STAGES: tuple[Stage, ...] = get_args(Stage)


@dataclass(frozen=True)
class Request:
    """What to run: the source as an operator names it, and how long to wait for a database.

    source is None for a run without a load. retry_seconds is the longest wait for each outage;
    is_resumed skips what the last run of the same source has done. accept_vanished: see
    loaders.landing.model.Scope. dashboard is the file of the page to write, if one is wanted.
    """

    source: str | None
    root: str | None = None
    is_resumed: bool = False
    accept_vanished: bool = False
    retry_seconds: float = 60.0
    dashboard: Path | None = None

    @property
    def stages(self) -> tuple[Stage, ...]:
        """The stages of the run, in order."""
        wanted = {"load": self.source is not None, "dashboard": self.dashboard is not None}
        return tuple(stage for stage in STAGES if wanted.get(stage, True))

    @property
    def logged_source(self) -> str:
        """The source as it is logged: an absolute path, or an address without secrets."""
        source = self.source
        if source is None:
            return "--no-source"
        if "://" not in source:
            return storable(str(Path(source).resolve()))
        with suppress(ValueError):
            parts = urlsplit(source)
            return urlunsplit((parts.scheme, parts.netloc.rpartition("@")[2], parts.path, "", ""))
        return source.partition("?")[0]


@dataclass(frozen=True)
class StageResult:
    """The result of one stage; message says why it failed or what it found.

    distrusts says that the marts are not to be trusted, though the stage did its work.
    """

    stage: Stage
    status: Status
    seconds: float = 0.0
    attempts: int = 1
    counts: dict[str, int] = field(default_factory=dict)
    message: str | None = None
    load_id: int | None = None
    exit_code: int = 0
    distrusts: bool = False


@dataclass(frozen=True)
class Details:
    """What the stages of a run returned; None for those that did not run.

    notices are the migration's messages for people.
    """

    load: LoadResult | None = None
    landing_gate: CheckResult | None = None
    build: BuildResult | None = None
    mart_checks: CheckResult | None = None
    dashboard: DashboardResult | None = None
    notices: tuple[str, ...] = ()

    @property
    def checks(self) -> dict[str, CheckResult | None]:
        """The gates by the names of their stages."""
        return {"landing_gate": self.landing_gate, "mart_checks": self.mart_checks}


@dataclass(frozen=True)
class RunResult:
    """What a run did. run_id is None when the database could not be reached to log the run.

    is_trusted: the marts are new, and every gate, test and check passed. event is the event sent
    to the alert hook, None if none was due.
    """

    run_id: int | None
    source: str
    status: RunStatus
    exit_code: int
    is_trusted: bool
    summary: str
    started_at: str
    seconds: float
    stages: tuple[StageResult, ...]
    event: Event | None = None
    hook_troubles: tuple[str, ...] = ()


class Watch(Protocol):
    """Displays a run's progress."""

    def loading(self) -> AbstractContextManager[Callable[[Progress], None]]:
        """Show the load's progress while the context lasts."""

    def building(self) -> AbstractContextManager[Callable[[str], None]]:
        """Show the nodes that dbt has finished while the context lasts."""

    def begins(self, stage: Stage) -> None:
        """A stage begins."""

    def waits(self, stage: Stage, seconds: float, error: PulseEltError) -> None:
        """The database is unavailable; the stage is retried after these seconds."""

    def ends(self, result: StageResult, details: Details) -> None:
        """A stage has ended."""
