"""What a nightly run would do, found out without writing."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from loaders.database.connection import connect, translated_errors
from loaders.database.current import transformer_settings
from loaders.landing.load import LoadResult, Progress
from loaders.landing.model import Scope
from loaders.operations.status import documents_not_built
from loaders.pipeline import configured_kinds, load_source
from loaders.project.root import project_root
from loaders.transform.dbt import models_reading


@dataclass(frozen=True)
class RunPreview:
    """What a nightly run would do: the plan of its load, and the models that read what is new.

    load is None where no source is named. waiting counts the documents, by kind, that landed after
    the last build; their models follow as well.
    """

    load: LoadResult | None
    waiting: Mapping[str, int]
    models: tuple[str, ...]


def preview_run(
    source: str | Path | None,
    root: str | None,
    scope: Scope,
    *,
    on_progress: Callable[[Progress], None] = lambda progress: None,
) -> RunPreview:
    """Return what a nightly run would do; nothing is written to the database.

    Raises:
        WrongRequest: as for a load.
        WorkFailed: the dbt project does not parse.
    """
    planned = None
    if source is not None:
        planned = load_source(source, root, scope, dry_run=True, on_progress=on_progress)
    kinds = configured_kinds()
    settings = transformer_settings(starts=False)
    with translated_errors(settings), connect(settings) as connection:
        waiting = documents_not_built(connection)
    tables = [
        rule.table
        for rule in kinds.modelled
        if rule.table and rule.kind in (*(planned.to_read if planned else ()), *waiting)
    ]
    models = models_reading(settings, project_root(), tables)
    return RunPreview(planned, waiting, tuple(models))
