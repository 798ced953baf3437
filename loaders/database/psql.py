"""Replaces this process by psql."""

import os
import shutil
import signal
from collections.abc import Sequence
from typing import NoReturn

from loaders.database import embedded
from loaders.database.settings import DatabaseSettings
from loaders.errors import DatabaseUnavailable
from loaders.project.root import project_root


def become_psql(settings: DatabaseSettings, arguments: Sequence[str]) -> NoReturn:
    """Replace this process by psql; the password travels in its environment.

    Raises:
        DatabaseUnavailable: there is no psql.
    """
    program = shutil.which("psql")
    if settings.is_embedded or program is None:
        try:
            program = str(embedded.program(embedded.data_directory(project_root()), "psql"))
        except DatabaseUnavailable:
            raise DatabaseUnavailable(
                "There is no psql on this machine: install PostgreSQL's client."
            ) from None
    environment = dict(os.environ)
    if settings.is_embedded:
        for name in ("PGHOSTADDR", "PGSERVICE"):
            environment.pop(name, None)
    password = settings.parameters.get("password")
    if password is not None:
        environment["PGPASSWORD"] = password
    # Python ignores it; psql ends by it when its reader has seen enough.
    signal.signal(signal.SIGPIPE, signal.SIG_DFL)
    command = [program, settings.as_url(with_password=False), *arguments]
    os.execve(program, command, environment)  # noqa: S606 - psql takes over the terminal
