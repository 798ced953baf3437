"""Drives Debian's chromium by its DevTools protocol: opens a page, waits, takes a picture."""

import asyncio
import base64
import json
import shutil
import subprocess
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import aiohttp

_PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
_SECONDS = 60
_HEIGHT = 3200
_BOTTOM = """20 + Math.max(300, ...[...document.querySelectorAll('.chart-slice')].map(
    tile => tile.getBoundingClientRect().bottom
))"""
_ALL_DATA = 0  # aiohttp's word for messages of any size; pictures are large


class BrowserFailed(Exception):
    """Chromium is missing, did not start, or a page did not become ready."""


@dataclass(frozen=True)
class Picture:
    """A page as it was seen: what the question found in it."""

    file: Path
    found: Any


def find_chromium() -> str:
    """Return chromium's path.

    Raises:
        BrowserFailed: there is none.
    """
    found = next(filter(None, map(shutil.which, _PROGRAMS)), None)
    if found is None:
        raise BrowserFailed("chromium is not installed (Debian package chromium).")
    return found


def photograph(
    url: str, cookies: Mapping[str, str], file: Path, width: int, ready: str, ask: str
) -> Picture:
    """Open url, wait until the expression ready is true, answer the expression ask, write a PNG.

    The window is higher than any page, for pages that draw only what can be seen; the PNG ends
    where the page's content does.

    Raises:
        BrowserFailed: as find_chromium, or the page is not ready in time; the picture is written.
    """
    with tempfile.TemporaryDirectory(prefix="pulse-chromium-") as profile:
        process = subprocess.Popen(
            [find_chromium(), "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars",
             "--disable-dev-shm-usage", "--remote-debugging-port=0", f"--user-data-dir={profile}",
             "about:blank"],
            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        )  # fmt: skip
        try:
            found = asyncio.run(_photograph(Path(profile), url, cookies, file, width, ready, ask))
        finally:
            process.terminate()
            process.wait()
    return Picture(file, found)


async def _photograph(
    profile: Path, url: str, cookies: Mapping[str, str], file: Path,
    width: int, ready: str, ask: str,
) -> Any:  # noqa: ANN401  # fmt: skip
    socket = await _socket_of(profile)
    async with aiohttp.ClientSession() as session, session.ws_connect(
        socket, max_msg_size=_ALL_DATA
    ) as opened:  # fmt: skip
        tab = _Tab(opened)
        target = await tab.call("Target.createTarget", url="about:blank")
        attached = await tab.call(
            "Target.attachToTarget", targetId=target["targetId"], flatten=True
        )
        tab.session = attached["sessionId"]
        await tab.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=_HEIGHT, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip
        for name, value in cookies.items():
            await tab.call("Network.setCookie", name=name, value=value, url=url)
        await tab.call("Page.navigate", url=url)
        is_ready = await _becomes(tab, ready)
        # What is drawn last, such as a chart's entrance, has no event to wait for.
        await asyncio.sleep(1.5)
        found = await tab.evaluate(ask)
        clip = {"x": 0, "y": 0, "width": width, "height": await tab.evaluate(_BOTTOM), "scale": 1}
        shot = await tab.call("Page.captureScreenshot", format="png", clip=clip)
        file.write_bytes(base64.b64decode(shot["data"]))
        with suppress(BrowserFailed, ConnectionError):
            await tab.call("Target.closeTarget", targetId=target["targetId"])
    if not is_ready:
        raise BrowserFailed(f"{url} was not ready after {_SECONDS} s; see {file}: {found}")
    return found


async def _socket_of(profile: Path) -> str:
    """Return where chromium listens, once it has written that."""
    for _ in range(_SECONDS * 10):
        with suppress(FileNotFoundError, ValueError):
            port, path = (profile / "DevToolsActivePort").read_text("utf-8").splitlines()
            return f"ws://127.0.0.1:{port}{path}"
        await asyncio.sleep(0.1)
    raise BrowserFailed("chromium did not start.")


async def _becomes(tab: "_Tab", expression: str) -> bool:
    for _ in range(_SECONDS * 4):
        with suppress(BrowserFailed):
            if await tab.evaluate(expression):
                return True
        await asyncio.sleep(0.25)
    return False


class _Tab:
    """Calls of the protocol, one after the other, in a tab once it is attached."""

    def __init__(self, opened: aiohttp.ClientWebSocketResponse) -> None:
        self.session: str | None = None
        self._opened = opened
        self._number = 0

    async def call(self, method: str, **parameters: Any) -> dict[str, Any]:  # noqa: ANN401
        """Call a method and return its result."""
        self._number += 1
        message = {"id": self._number, "method": method, "params": parameters}
        await self._opened.send_json(
            {**message, "sessionId": self.session} if self.session else message
        )
        async for received in self._opened:
            answer = json.loads(received.data)
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise BrowserFailed(f"{method}: {answer['error']}")
                return dict(answer["result"])
        raise BrowserFailed(f"{method}: chromium has ended.")

    async def evaluate(self, expression: str) -> Any:  # noqa: ANN401
        """Return what a JavaScript expression is on the page."""
        answer = await self.call("Runtime.evaluate", expression=expression, returnByValue=True)
        if "exceptionDetails" in answer:
            raise BrowserFailed(f"{expression}: {answer['exceptionDetails']}")
        return answer["result"].get("value")
