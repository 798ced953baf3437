"""Texts of the assistant at the desk: content, listed for a menu."""

import json

from library.paths import CONFIG


def prompt(prompt_name: str) -> str:
    return json.loads((CONFIG / "prompts" / f"{prompt_name}.json").read_text())["text"]


def menu() -> list[str]:
    return sorted(path.stem for path in (CONFIG / "prompts").glob("*.json"))
