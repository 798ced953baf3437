"""A whole nightly run: migrate, load, landing gate, build, mart checks, dashboard."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import TypeVar

from loaders.checks.lean_import import finish_preload, preload
from loaders.checks.result import CheckResult
from loaders.errors import (
    DatabaseAway,
    DatabaseUnavailable,
    PulseEltError,
    TransactionLost,
    WorkFailed,
    WrongRequest,
    storable,
)
from loaders.landing.load import Progress
from loaders.landing.model import Scope
from loaders.nightly.failures import code_of, words_of
from loaders.nightly.model import (
    Details,
    Request,
    RunResult,
    RunStatus,
    Stage,
    StageResult,
    Status,
    Watch,
)
from loaders.nightly.notifications import Hooks, notify
from loaders.nightly.retry import retried
from loaders.nightly.run_log import Earlier, RunLog
from loaders.pipeline import (
    build_marts,
    check_landing,
    check_marts,
    load_source,
    migrate_database,
    prune_replaced_versions,
    refuse_unready_project,
)

_Result = TypeVar("_Result")

# A function that does a stage's work, and the stages of a run by name, in order.
Work = Callable[["Night"], StageResult]
Stages = Mapping[Stage, Work]

_DONE = ("succeeded", "with_findings", "left_out")


class NothingToResume(PulseEltError):
    """The last run of that source completed all its stages."""

    exit_code = 0


class NeverRan(NothingToResume):
    """There is no run of that source: it may be spelt differently."""

    exit_code = WrongRequest.exit_code


@dataclass
class Night:
    """A run in progress."""

    request: Request
    watch: Watch
    run_log: RunLog
    retry_seconds: float
    began: float = field(default_factory=time.monotonic)
    started_at: datetime = field(default_factory=lambda: datetime.now(UTC))
    stages: list[StageResult] = field(default_factory=list)
    details: Details = field(default_factory=Details)
    done_before: dict[str, StageResult] = field(default_factory=dict)

    @property
    def source(self) -> str:
        return self.request.logged_source

    @property
    def options(self) -> dict[str, str]:
        return {"root": storable(self.request.root)} if self.request.root else {}

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.began


def run(
    request: Request, watch: Watch, hooks: Hooks, stages: Stages | None = None
) -> tuple[RunResult, Details]:
    """Run all stages, each after those before it have done their work; log and report them.

    A stage that fails ends the run; what was not built stays as it was. While the database is
    unavailable, a stage waits and is retried. Other stages than a night's are for tests.

    Raises:
        LoadInProgress: another run is at work; nothing is logged or reported.
        NothingToResume: there was nothing to resume.
        KeyboardInterrupt: after it was logged and reported, as any unexpected error.
    """
    run_log = RunLog()
    night = Night(request, watch, run_log, request.retry_seconds)
    error: BaseException | None = None
    try:
        # The lock first: only one run may do what follows.
        with run_log:
            _with_retries(night, "migrate", run_log.take_the_lock)
            known = STAGES_OF_A_NIGHT if stages is None else stages
            asked = {name: known[name] for name in night.request.stages if name in known}
            error = _stages_in_order(night, asked)
            result = _result(night, error)
            if run_log.run_id is not None:
                _with_retries(night, "mart_checks", lambda: run_log.close(result))
            result = notify(hooks, run_log, result)
    except DatabaseUnavailable as unavailable:
        # There is no run log to write to; notifications are sent all the same.
        result = notify(hooks, None, _result(night, error or unavailable))
    if error is not None and not isinstance(error, PulseEltError):
        raise error
    return result, night.details


def _stages_in_order(night: Night, stages: Stages) -> BaseException | None:
    """Run the stages; return what ended them early, None when nothing did."""
    try:
        for stage, work in stages.items():
            result = _staged(night, stage, work)
            if result.status == "failed":
                return None
    except NothingToResume:
        raise
    except (Exception, KeyboardInterrupt) as error:
        return error
    return None


def _staged(night: Night, stage: Stage, work: Work) -> StageResult:
    """Run one stage with retries, and log its result."""
    if before := night.done_before.get(stage):
        left_out = replace(
            before, status="left_out", seconds=0.0, message="The resumed run had done it."
        )
        return _ended(night, left_out)
    began = time.monotonic()
    night.watch.begins(stage)

    def begin_and_work() -> StageResult:
        if night.run_log.run_id is not None:
            night.run_log.begin(stage)
        return work(night)

    try:
        result, attempts = _with_retries(night, stage, begin_and_work)
    except NothingToResume:
        raise
    except (Exception, KeyboardInterrupt) as error:
        failed = StageResult(stage, "failed", message=words_of(error), exit_code=code_of(error))
        _ended(night, replace(failed, seconds=time.monotonic() - began))
        raise
    return _ended(night, replace(result, seconds=time.monotonic() - began, attempts=attempts))


def _with_retries(night: Night, stage: Stage, work: Callable[[], _Result]) -> tuple[_Result, int]:
    """Return what work returns, and its attempts; the watch displays each wait."""

    def wait(seconds: float, error: PulseEltError) -> None:
        night.watch.waits(stage, seconds, error)

    try:
        return retried(work, night.retry_seconds, wait)
    except DatabaseAway:
        # After one wait in vain, the remaining statements do not wait again.
        night.retry_seconds = 0.0
        raise


def _ended(night: Night, result: StageResult) -> StageResult:
    night.stages.append(result)

    def write() -> None:
        if night.run_log.run_id is None and night.run_log.is_there():
            # The migration failed, but the database has a run log: log this run too.
            _open(night, None)
        if night.run_log.run_id is not None:
            if result.stage == "build" and night.details.build is not None:
                night.run_log.write_nodes(night.details.build.nodes)
            night.run_log.end(result)

    _with_retries(night, result.stage, write)
    night.watch.ends(result, night.details)
    return result


def _migrate(night: Night) -> StageResult:
    """Bring the database up to date and open the run log, which a first migration makes."""
    refuse_unready_project()
    migrated = migrate_database()
    night.details = replace(night.details, notices=migrated.notices)
    run_log, request = night.run_log, night.request
    run_log.fail_stale()
    earlier = run_log.earlier(night.source, night.options) if request.is_resumed else None
    if request.is_resumed and earlier is None:
        raise NeverRan(f"There is no run of {night.source} to resume; run it without --resume.")
    if earlier and earlier.status not in ("failed", "stopped"):
        raise NothingToResume(
            f"Run {earlier.run_id} of {night.source} did all its stages; there is nothing to "
            "resume."
        )
    if earlier:
        night.done_before = _done(earlier, night.request.stages)
    _open(night, earlier)
    return StageResult("migrate", "succeeded", counts={"applied": len(migrated.applied)})


def _open(night: Night, resumed: Earlier | None) -> None:
    if night.run_log.run_id is None:
        resumes = resumed.run_id if resumed else None
        night.run_log.open(night.source, night.options, resumes, night.seconds)


def _done(earlier: Earlier, stages: Sequence[Stage]) -> dict[str, StageResult]:
    """Return the stages after migrate that an earlier run completed."""
    done: dict[str, StageResult] = {}
    for stage in stages[1:]:
        result = earlier.stages.get(stage)
        if result is None or result.status not in _DONE:
            break
        done[stage] = result
    return done


def _load(night: Night) -> StageResult:
    request = night.request
    assert request.source is not None  # noqa: S101 - else this is no stage of the run
    # A load that is retried forks its workers once more.
    finish_preload()
    with night.watch.loading() as show:

        def on_progress(progress: Progress) -> None:
            # The gate wants it next; from now on the load forks no process, and mostly waits.
            preload()
            show(progress)

        scope = Scope(accept_vanished=request.accept_vanished)
        loaded = load_source(request.source, request.root, scope, on_progress=on_progress)
    night.details = replace(night.details, load=loaded)
    counters = loaded.counters
    assert counters is not None  # noqa: S101 - only a dry run has none
    quarantined = counters.quarantined
    return StageResult(
        "load",
        "with_findings" if quarantined else "succeeded",
        load_id=loaded.load_id,
        counts={
            "seen": counters.seen,
            "landed": counters.landed,
            "changed": counters.changed,
            "quarantined": quarantined,
            "vanished": counters.vanished,
        },
        message=f"{_count(quarantined, 'file')} newly quarantined." if quarantined else None,
        exit_code=1 if quarantined else 0,
    )


def _landing_gate(night: Night) -> StageResult:
    found = check_landing(run_id=night.run_log.run_id)
    night.details = replace(night.details, landing_gate=found)
    if found.is_passed:
        return StageResult("landing_gate", "succeeded", counts=_counts(found))
    # A resumed run would not load repaired files, and stop here again.
    advice = " Repaired files have to be loaded: run without --resume."
    return StageResult(
        "landing_gate",
        "failed",
        counts=_counts(found),
        message=found.sentence + (advice if "load" in night.done_before else ""),
        exit_code=WorkFailed.exit_code,
    )


def _build(night: Night) -> StageResult:
    with night.watch.building() as on_node:
        built = build_marts((), quiet=True, on_node=on_node)
    night.details = replace(night.details, build=built)
    if built.passing_trouble is DatabaseAway:
        raise DatabaseAway("The connection to the database was lost during the build.")
    if built.passing_trouble:
        raise TransactionLost("The build met another transaction, which won; run it again.")
    counts = {
        "models": built.count("model"),
        "tests": built.count("test", "unit_test"),
        "failed_models": len(built.failed_models),
        "failed_tests": len(built.failed_tests),
        "left_out": len(built.skipped),
    }
    failed = (*built.failed_models, *built.failed_tests)
    message = f"{', '.join(node.name for node in failed[:3])} failed." if failed else None
    if not built.is_whole:
        # For whatever reason models are missing: a failure, not a finding.
        code = built.exit_code if built.failed_models else WorkFailed.exit_code
        return StageResult("build", "failed", counts=counts, message=message, exit_code=code)
    # What the marts no longer read, whether or not a load follows one day.
    counts["pruned"] = prune_replaced_versions()
    status: Status = "with_findings" if failed else "succeeded"
    return StageResult(
        "build", status, counts=counts, message=message,
        exit_code=built.exit_code, distrusts=bool(failed),
    )  # fmt: skip


def _mart_checks(night: Night) -> StageResult:
    found = check_marts(run_id=night.run_log.run_id)
    night.details = replace(night.details, mart_checks=found)
    return StageResult(
        "mart_checks",
        "succeeded" if found.is_passed else "with_findings",
        counts=_counts(found),
        message=None if found.is_passed else found.sentence,
        exit_code=0 if found.is_passed else 1,
        distrusts=not found.is_passed,
    )


def _dashboard(night: Night) -> StageResult:
    # Only a night that was asked for a page waits for what makes one.
    from loaders.nightly.page import write_page

    assert night.request.dashboard is not None  # noqa: S101 - else this is no stage of the run
    result, written = write_page(night.request.dashboard)
    night.details = replace(night.details, dashboard=written)
    return result


STAGES_OF_A_NIGHT: Stages = {
    "migrate": _migrate,
    "load": _load,
    "landing_gate": _landing_gate,
    "build": _build,
    "mart_checks": _mart_checks,
    "dashboard": _dashboard,
}


def _counts(found: CheckResult) -> dict[str, int]:
    return {"expectations": found.expectations, "failed": len(found.failed)}


def _result(night: Night, error: BaseException | None) -> RunResult:
    last = night.stages[-1] if night.stages else None
    findings = [stage for stage in night.stages if stage.message and stage.status != "left_out"]
    status: RunStatus
    if error is not None:
        status, code, said = "failed", code_of(error), words_of(error)
        where = f"{_name(last.stage)} failed" if last else "No database"
        summary = f"{where}: {said}"
    elif last is not None and last.status == "failed":
        status = "stopped" if last.stage == "landing_gate" else "failed"
        code = last.exit_code
        did = "stopped the run" if status == "stopped" else "failed"
        summary = f"The {_name(last.stage)} {did}: {last.message}"
    else:
        status = "with_findings" if findings else "succeeded"
        code = max((stage.exit_code for stage in night.stages), default=0)
        summary = " ".join(str(stage.message) for stage in findings) or "All is well."
    is_new = status in ("succeeded", "with_findings")
    return RunResult(
        run_id=night.run_log.run_id,
        source=night.source,
        status=status,
        exit_code=code,
        is_trusted=is_new and not any(stage.distrusts for stage in night.stages),
        summary=summary,
        started_at=night.started_at.isoformat(),
        seconds=night.seconds,
        stages=tuple(night.stages),
    )


def _name(stage: str) -> str:
    return stage.replace("_", " ")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}" + ("" if number == 1 else "s")
