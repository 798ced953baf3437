"""Writes a page: reads the figures in one transaction, draws, and puts the file in its place."""

import os
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

from loaders.database.settings import DatabaseSettings
from loaders.errors import WorkFailed, WrongRequest
from loaders.pictures.drawing import refuse_missing_tools, warm_up
from loaders.pictures.figures import TeamFigures, read_team
from loaders.pictures.learner_figures import LearnerFigures, read_learner
from loaders.pictures.learner_page import learner_page
from loaders.pictures.page import html_of
from loaders.pictures.reading import Reading, reading_as
from loaders.pictures.result import DashboardResult
from loaders.pictures.team_page import team_page


def write_dashboard(
    settings: DatabaseSettings,
    out: Path,
    *,
    role: str | None = None,
    learner: UUID | None = None,
    allows_empty: bool = False,
) -> DashboardResult:
    """Write the page of a team, or of one learner, in place of the file that may be there.

    Raises:
        WrongRequest: the extra is not installed, the file cannot be written, the role sees
            nobody (unless allows_empty) or not this learner.
        WorkFailed: the disk is full.
        DatabaseUnavailable: as for loaders.pictures.reading.reading_as.
    """
    refuse_unready(out)
    # Drawing needs a second to begin with; the database is at work meanwhile.
    with ThreadPoolExecutor(1) as warming:
        warm = warming.submit(warm_up)
        with reading_as(settings, role) as reading:
            figures = _figures(reading, learner, allows_empty=allows_empty)
        warm.result()
    if isinstance(figures, TeamFigures):
        page, learners = team_page(figures), figures.crowd.learners
    else:
        page, learners = learner_page(figures), 1
    content = html_of(page).encode()
    _put(out, content)
    return DashboardResult(out, figures.role, learners, len(content))


def _figures(
    reading: Reading, learner: UUID | None, *, allows_empty: bool
) -> TeamFigures | LearnerFigures:
    if learner is not None:
        return read_learner(reading.connection, reading.role, learner)
    figures = read_team(reading.connection, reading.role)
    if figures.crowd.learners == 0 and not allows_empty:
        raise WrongRequest(
            f"Role {reading.role} sees no learner. ops.role_learners says whom a role sees "
            "(docs/bi.md); --allow-empty writes the page all the same."
        )
    return figures


def refuse_unready(out: Path) -> None:
    """Refuse what cannot work, before any work.

    Raises:
        WrongRequest: the extra is not installed, or the file cannot be written.
    """
    refuse_missing_tools()
    if out == Path("-"):
        raise WrongRequest("A page goes to a file, not to standard output: name one with --out.")
    # A rename would put a file in place of a device, for everybody on the machine.
    is_no_file = out.parent.resolve() == Path("/dev") or (out.exists() and not out.is_file())
    if is_no_file or not out.parent.is_dir() or not os.access(out.parent, os.W_OK):
        raise WrongRequest(f"{out} cannot be written: name a file in a folder that you can write.")


def _put(out: Path, content: bytes) -> None:
    """Write a file that only its owner may read; whoever opens it sees the old one or the new."""
    try:
        handle, name = tempfile.mkstemp(prefix=f".{out.name[:40]}.", dir=out.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
            Path(name).replace(out)
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError as error:
        raise WorkFailed(f"{out} cannot be written: {error.strerror}.") from error
