"""Takes pictures of Superset's dashboards: it waits until every tile has drawn something."""

import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from tests.pictures.browser import Browser

_WIDTH = 1440
# Higher than any dashboard: tiles that cannot be seen are not drawn.
_HEIGHT = 3200
_SECONDS = 60
_DRAWN = "canvas, table, .header-line, [role=alert], .ant-alert, .ant-empty"
_TILES = "[...document.querySelectorAll('.chart-slice')]"
_IS_READY = (
    f"{_TILES}.length >= %d && {_TILES}.every(tile => tile.querySelector('{_DRAWN}'))"
    " && !document.querySelector('.loading, [data-test=loading-indicator]')"
)
_TROUBLED = (
    f"{_TILES}.filter(tile => tile.querySelector('[role=alert], .ant-alert, .ant-empty'))"
    ".map(tile => tile.innerText.slice(0, 300))"
)
_BOTTOM = f"20 + Math.max(300, ...{_TILES}.map(tile => tile.getBoundingClientRect().bottom))"


@dataclass(frozen=True)
class Seen:
    """A dashboard as it was seen: the texts of tiles with an error or without a row."""

    is_ready: bool
    troubled: list[str]


def photograph(
    browser: Browser, url: str, cookies: Mapping[str, str], tiles: int, file: Path
) -> Seen:
    """Open a dashboard with so many tiles, write a picture of it, and say what it shows."""
    tab = browser.tab()
    tab.resize(_WIDTH, _HEIGHT)
    for name, value in cookies.items():
        tab.call("Network.setCookie", name=name, value=value, url=url)
    tab.call("Page.navigate", url=url)
    is_ready, until = False, time.monotonic() + _SECONDS
    while not is_ready and time.monotonic() < until:
        time.sleep(0.25)
        # Between two pages there is none to ask.
        with suppress(AssertionError):
            is_ready = bool(tab.evaluate(_IS_READY % tiles))
    # A chart that grows as it appears has no event to wait for.
    time.sleep(1.5)
    troubled = tab.evaluate(_TROUBLED)
    clip = {"x": 0, "y": 0, "width": _WIDTH, "height": tab.evaluate(_BOTTOM), "scale": 1}
    tab.screenshot(file, clip)
    tab.call("Page.close")
    return Seen(is_ready, troubled)
