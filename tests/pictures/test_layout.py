"""A page in a real browser, under its own policy: nothing is asked for, and no label is lost."""

import json
import re
from collections.abc import Callable
from itertools import combinations
from pathlib import Path

import pytest
from psycopg import sql

from loaders.database.connection import connect
from loaders.database.settings import DatabaseSettings
from loaders.pictures.command import write_dashboard
from tests.forms import only
from tests.pictures.browser import Label, Tab
from tests.pictures.conftest import TWENTY

pytestmark = pytest.mark.newest_server

# Two that Debian's chromium brings; the first is wider than nearly all others.
FONTS = ("DejaVu Sans", "DejaVu Serif")
PAGES = ("nothing", "examples", "three hundred", "twenty", "ada", "one of three hundred")
ADA = "ada1ec75-0724-46cf-a5d1-1321a58903e3"
# Boxes of letters hold some room above and below.
_SLACK = 1.5

Pages = Callable[[str], Path]


@pytest.fixture(scope="module")
def pages(
    nothing_in_it: DatabaseSettings,
    built_examples: DatabaseSettings,
    three_hundred: DatabaseSettings,
    tmp_path_factory: pytest.TempPathFactory,
) -> Pages:
    """The pages by name, each written once."""
    folder = tmp_path_factory.mktemp("pages")
    with connect(three_hundred) as connection:
        query = sql.SQL("select user_id from reporting.learner_focus order by user_id limit 1")
        row = connection.execute(query).fetchone()
    assert row is not None
    asked: dict[str, tuple[DatabaseSettings, dict[str, object]]] = {
        "nothing": (nothing_in_it, {"allows_empty": True}),
        "examples": (built_examples, {}),
        "three hundred": (three_hundred, {}),
        "twenty": (three_hundred, {"role": TWENTY}),
        "ada": (built_examples, {"learner": ADA}),
        "one of three hundred": (three_hundred, {"learner": row[0]}),
    }

    def write(name: str) -> Path:
        out = folder / f"{name}.html"
        if not out.exists():
            settings, options = asked[name]
            write_dashboard(settings, out, **options)  # type: ignore[arg-type]
        return out

    return write


def outside(label: Label) -> bool:
    left, top, right, bottom = label.box
    return (
        left < label.inside[0] - _SLACK
        or top < label.inside[1] - _SLACK
        or right > label.inside[2] + _SLACK
        or bottom > label.inside[3] + _SLACK
    )


def overlap(one: Label, other: Label) -> bool:
    return (
        one.chart == other.chart
        and min(one.box[2], other.box[2]) - max(one.box[0], other.box[0]) > _SLACK
        and min(one.box[3], other.box[3]) - max(one.box[1], other.box[1]) > 2 * _SLACK
    )


def refuse_lost_labels(tab: Tab) -> int:
    """Fail on labels outside their chart or upon each other; return how many labels there are."""
    labels = tab.labels()
    assert [label for label in labels if outside(label)] == []
    pairs = [(one, other) for one, other in combinations(labels, 2) if overlap(one, other)]
    assert pairs == []
    return len(labels)


@pytest.mark.parametrize("page", only(("nothing", "three hundred", "ada"), PAGES))
def test_a_page_says_nothing_asks_for_nothing_and_loses_no_label(
    pages: Pages, tab: Tab, page: str
) -> None:
    file = pages(page)
    for font in FONTS:
        for width, scheme in ((1280, "light"), (1280, "dark"), (390, "light")):
            tab.resize(width)
            tab.show_as(scheme)
            tab.open(file)
            assert tab.asked == [file.as_uri()]
            assert tab.said == []
            tab.set_font(font)
            labels = refuse_lost_labels(tab)
            assert (labels > 0) is (page != "nothing")
            assert tab.overflow() == 0
        for width in (561, 768, 901, 1041, 1180):
            tab.resize(width)
            assert tab.overflow() == 0
    assert len(file.read_bytes()) <= 500_000


@pytest.mark.parametrize(
    ("markup", "directive"),
    [
        ("<img src='http://127.0.0.1:9/x.png'>", "img-src"),
        ("<style>p { color: red }</style>", "style-src-elem"),
        ("<p style='color: red'></p>", "style-src-attr"),
        ("<a onclick='alert(1)'></a>", "script-src-attr"),
        ("<iframe src='http://127.0.0.1:9/'></iframe>", "frame-src"),
    ],
)
def test_the_policy_of_a_page_allows_nothing_else(
    pages: Pages, tab: Tab, markup: str, directive: str
) -> None:
    tab.open(pages("examples"))
    refused = tab.evaluate(
        "new Promise(done => {"
        "document.addEventListener('securitypolicyviolation', e => done(e.effectiveDirective));"
        f"document.body.insertAdjacentHTML('beforeend', {json.dumps(markup)});"
        "document.body.lastElementChild.click();"
        "setTimeout(() => done('nothing'), 5000)})"
    )
    assert refused == directive


@pytest.mark.parametrize("page", only(("nothing", "three hundred", "ada"), PAGES))
def test_a_page_prints_with_every_label(pages: Pages, tab: Tab, page: str) -> None:
    # As wide as A4 between its margins.
    tab.resize(688)
    tab.show_as(media="print")
    tab.open(pages(page))
    for font in FONTS:
        tab.set_font(font)
        refuse_lost_labels(tab)
        assert tab.overflow() == 0
    printed = tab.pdf()
    assert printed.startswith(b"%PDF-")
    assert 1 <= len(re.findall(rb"/Type\s*/Page\b", printed)) <= 12


def test_text_can_be_read_light_and_dark(pages: Pages, tab: Tab) -> None:
    for scheme in ("light", "dark"):
        tab.resize(1280)
        tab.show_as(scheme)
        tab.open(pages("three hundred"))
        found = tab.evaluate(_COLOURS)
        assert len(found) > 100
        poor = {(ink, ground) for ink, ground in map(tuple, found) if _contrast(ink, ground) < 4.5}
        assert poor == set(), scheme


# The colour of every text, and of what it stands on: cells of cohorts name theirs.
_COLOURS = """
[...document.querySelectorAll('p, td, th, h1, h2, summary, svg[role=img] text')]
  .filter(each => each.getBoundingClientRect().width > 0 && each.textContent.trim())
  .map(each => {
    const style = getComputedStyle(each);
    const card = getComputedStyle(each.closest('section, header'));
    let ground = card.backgroundColor;
    if (each.closest('#cohorts svg')) {
      const box = each.getBoundingClientRect();
      const [x, y] = [(box.left + box.right) / 2, (box.top + box.bottom) / 2];
      for (const cell of each.closest('svg').querySelectorAll('.mark-rect path')) {
        const at = cell.getBoundingClientRect();
        if (at.left < x && x < at.right && at.top < y && y < at.bottom) {
          if (+(cell.getAttribute('opacity') ?? 1) === 1) ground = getComputedStyle(cell).fill;
        }
      }
    }
    return [each.closest('svg') ? style.fill : style.color, ground];
  })
"""


def _contrast(one: str, other: str) -> float:
    """Return the contrast of two colours as WCAG counts it."""
    light, dark = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(each) / 255 for each in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue
