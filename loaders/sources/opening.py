"""Opens a source by name: an object store's URL, an archive's file name, else a directory."""

from pathlib import Path, PurePosixPath

from loaders.errors import WrongRequest
from loaders.sources.archives import is_archive, open_archive
from loaders.sources.directory import Directory
from loaders.sources.object_stores.source import is_object_store, open_object_store
from loaders.sources.paths import JSON, Endings
from loaders.sources.source import Source


def open_source(name: str, root: str | None, endings: Endings = JSON) -> Source:
    """Return the source with that name, below its folder root.

    It lists files whose names have one of the endings.

    Raises:
        WrongRequest: it does not exist, is of no known kind, or root leaves it.
    """
    if not name.strip():
        raise WrongRequest("SOURCE is empty. Name a directory, an archive, or a URL.")
    if root is not None:
        inside = PurePosixPath(root)
        if inside.is_absolute() or ".." in inside.parts:
            raise WrongRequest(f"--root {root} leaves the source; name a folder inside it.")
    if is_object_store(name):
        return open_object_store(name, root or "", endings)
    path = Path(name)
    if is_archive(path) and not path.is_dir():
        return open_archive(path, root or "", endings=endings)
    if root and not (path / root).resolve().is_relative_to(path.resolve()):
        raise WrongRequest(f"--root {root} leaves the source by a link; name the folder itself.")
    return Directory(path / (root or ""), endings)
