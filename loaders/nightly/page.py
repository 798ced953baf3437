"""The last stage of a night: the page of pictures, of whatever the marts now hold."""

from pathlib import Path

from loaders.database.current import transformer_settings
from loaders.errors import DatabaseAway
from loaders.nightly.failures import code_of, words_of
from loaders.nightly.model import StageResult
from loaders.pictures.command import write_dashboard
from loaders.pictures.result import DashboardResult


def write_page(out: Path) -> tuple[StageResult, DashboardResult | None]:
    """Write the page; a failure is a finding, since the marts are new and stay so.

    Raises:
        DatabaseAway: the stage may be retried.
    """
    try:
        written = write_dashboard(transformer_settings(), out, allows_empty=True)
    except DatabaseAway:
        raise
    except Exception as error:
        said = f"The dashboard was not written: {words_of(error)}"
        code = code_of(error)
        return StageResult("dashboard", "with_findings", message=said, exit_code=code), None
    counts = {"learners": written.learners, "bytes": written.bytes}
    return StageResult("dashboard", "succeeded", counts=counts), written
