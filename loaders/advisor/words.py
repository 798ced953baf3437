"""Lists of words and of libraries' functions, read from words.toml and libraries.toml."""

import tomllib
from pathlib import Path


def _read() -> dict[str, frozenset[str]]:
    text = (Path(__file__).parent / "words.toml").read_text(encoding="utf-8")
    return {name: frozenset(words) for name, words in tomllib.loads(text).items()}


WORDS = _read()
_LIBRARIES = tomllib.loads((Path(__file__).parent / "libraries.toml").read_text(encoding="utf-8"))
NAMES: dict[str, frozenset[str]] = {
    name: frozenset(names) for name, names in _LIBRARIES["names"].items()
}
COUNTS: dict[str, dict[str, int]] = _LIBRARIES["counts"]
FOLDERS: dict[str, str] = _LIBRARIES["folders"]
RESOURCES: dict[str, str] = _LIBRARIES["resources"]
