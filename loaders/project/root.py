"""Where the project's own files are."""

import os
from pathlib import Path

from loaders.errors import WrongRequest

_MARK = Path("config/document_kinds.json")


def project_root() -> Path:
    """Return the checkout to work in.

    The first that holds a dbt project with our configuration: PULSE_ELT_PROJECT_DIR, the
    working directory or one above it, the checkout this package was installed from.

    Raises:
        WrongRequest: none of them is a pulse-elt project.
    """
    named = os.environ.get("PULSE_ELT_PROJECT_DIR")
    if named:
        candidates = [Path(named)]
    else:
        here = Path.cwd()
        candidates = [here, *here.parents, Path(__file__).parent.parent.parent]
    for candidate in candidates:
        if (candidate / _MARK).is_file() and (candidate / "dbt_project.yml").is_file():
            return candidate.resolve()
    raise WrongRequest(
        "No pulse-elt project here: run the command inside the checkout, "
        "or name it in PULSE_ELT_PROJECT_DIR."
    )
