"""Where things are kept."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
DATA = Path(os.environ.get("LIBRARY_DATA", ROOT / "data"))
CONFIG = DATA / "config"
CACHE = DATA / "cache"
EXPORTS = DATA / "exports"


def reader_path(reader_id: str) -> Path:
    return DATA / "readers" / f"{reader_id}.json"


def fine_folder(reader_id: str) -> Path:
    return DATA.joinpath("fines", reader_id)
