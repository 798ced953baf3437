"""A § in the repository cites docs/design.md or docs/legacy-format.md, and the section is there."""

import os
import re
from collections.abc import Iterator
from pathlib import Path

from tests.conftest import ROOT

_TEXT = (".csv", ".json", ".md", ".py", ".sql", ".toml", ".yml")
_NOT_OURS = {"node_modules", "target", "logs"}
# Applied migrations never change; this one cites in an older spelling.
_FROZEN = {"loaders/database/migrations/0001_landing.sql"}
_CITATION = re.compile(r'\b(design|legacy-format)\.md §(\d+)(?:, "([^"]+)")?')
_SECTION = re.compile(r"^## (\d+)\. (.*?)(?=^## |\Z)", re.MULTILINE | re.DOTALL)


def texts() -> Iterator[tuple[str, str]]:
    """Yield the path and the text of each file of the project but this one."""
    for folder, names, files in os.walk(ROOT):
        names[:] = [name for name in names if name not in _NOT_OURS and not name.startswith(".")]
        for file in (Path(folder, name) for name in files if name.endswith(_TEXT)):
            if file != Path(__file__):
                path = file.relative_to(ROOT).as_posix()
                text = file.read_text(encoding="utf-8", errors="replace")
                yield path, text.replace("(design §", "(design.md §") if path in _FROZEN else text


def sections(page: str) -> dict[str, str]:
    text = (ROOT / "docs" / f"{page}.md").read_text(encoding="utf-8")
    return dict(_SECTION.findall(text))


def test_every_citation_leads_to_a_section_that_says_so() -> None:
    pages = {page: sections(page) for page in ("design", "legacy-format")}
    assert set(pages["design"]) >= set("1234567")
    assert set(pages["legacy-format"]) == set("123")
    cited = 0
    for path, text in texts():
        for page, number, title in _CITATION.findall(text):
            assert number in pages[page], f"{path} cites {page}.md §{number}"
            assert title in pages[page][number], f'{path} cites {page}.md §{number}, "{title}"'
            cited += 1
    assert cited > 20


def test_a_section_is_cited_with_its_page() -> None:
    bare = [
        f"{path}: {line.strip()}"
        for path, text in texts()
        for line in text.splitlines()
        if line.count("§") > len(_CITATION.findall(line))
    ]
    assert bare == []
