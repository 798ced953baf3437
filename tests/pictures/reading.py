"""Reads a page as a reader and a browser's parser do: its elements, its sections, its tables."""

from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path


@dataclass
class SectionRead:
    """A section: question, answer, and the numbers by row, each a dictionary by column."""

    name: str
    question: str = ""
    answer: str = ""
    rows: list[dict[str, str]] = field(default_factory=list)
    charts: int = 0


@dataclass
class PageRead:
    """A page: all its bytes, elements with attributes, and sections by name."""

    content: bytes
    elements: list[tuple[str, dict[str, str]]] = field(default_factory=list)
    sections: dict[str, SectionRead] = field(default_factory=dict)
    head: str = ""
    is_stale: bool = False

    def numbers(self, section: str, *columns: str) -> list[tuple[str, ...]]:
        """Return some columns of a section's table."""
        return [tuple(row[each] for each in columns) for row in self.sections[section].rows]


def read_page(file: Path) -> PageRead:
    """Read a page."""
    content = file.read_bytes()
    parser = _Parser(PageRead(content))
    parser.feed(content.decode())
    parser.close()
    return parser.page


class _Parser(HTMLParser):
    def __init__(self, page: PageRead) -> None:
        super().__init__(convert_charrefs=True)
        self.page = page
        self.section: SectionRead | None = None
        self.texts: list[str] | None = None
        self.columns: list[str] = []
        self.cells: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        attributes = {name: value or "" for name, value in attrs}
        self.page.elements.append((tag, attributes))
        if tag == "section":
            self.section = SectionRead(attributes["id"])
            self.page.sections[self.section.name] = self.section
        elif tag == "header":
            self.page.is_stale = attributes.get("class") == "stale"
        elif tag == "svg" and attributes.get("role") == "img" and self.section:
            self.section.charts += 1
        elif tag == "thead":
            self.columns = []
        elif tag == "tr":
            self.cells = []
        if tag in ("h2", "th", "td") or (tag == "p" and "class" in attributes):
            self.texts = []
        self.last = attributes.get("class", "")

    def handle_data(self, data: str) -> None:
        if self.texts is not None:
            self.texts.append(data)

    def handle_endtag(self, tag: str) -> None:
        text = "".join(self.texts or []).strip()
        if tag == "p" and self.last == "lead":
            self.page.head = text
        if self.section is None:
            return
        if tag == "h2":
            self.section.question = text
        elif tag == "p" and self.last == "answer":
            self.section.answer = text
        elif tag == "th":
            self.columns.append(text)
        elif tag == "td":
            self.cells.append(text)
        elif tag == "tr" and self.cells:
            self.section.rows.append(dict(zip(self.columns, self.cells, strict=True)))
        elif tag == "section":
            self.section = None
        if tag in ("h2", "th", "td", "p"):
            self.texts = None
