"""Generated files: which are out of date, writing them, and running a generator as a command."""

import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from loaders.errors import WrongRequest
from loaders.project.root import project_root


def outdated_files(files: Mapping[Path, str]) -> dict[Path, str]:
    """Return the generated files, by path, that are missing or have other contents."""
    return {
        path: text
        for path, text in files.items()
        if not path.exists() or path.read_text(encoding="utf-8") != text
    }


def write_outdated_files(files: Mapping[Path, str]) -> tuple[Path, ...]:
    """Write the generated files that are out of date; return their paths."""
    outdated = outdated_files(files)
    for path, text in outdated.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return tuple(outdated)


def report_written(write: Callable[[Path], Sequence[Path]]) -> None:
    """Run a generator on the project as a command: say what it wrote, or why it could not."""
    try:
        root = project_root()
        for path in write(root):
            print(f"wrote {path.relative_to(root)}")
    except WrongRequest as error:
        print(f"pulse-elt: {error}", file=sys.stderr)
        sys.exit(error.exit_code)
