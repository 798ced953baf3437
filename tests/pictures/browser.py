"""Chromium, driven by its DevTools protocol over a pipe: what a page does, and its layout."""

import base64
import itertools
import json
import os
import shutil
import signal
import subprocess
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

_FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--no-first-run",
    "--disable-extensions", "--disable-background-networking", "--disable-dev-shm-usage",
    "--remote-debugging-pipe", "--enable-features=NetworkService",
)  # fmt: skip
# Every visible text of a chart, with its box, its chart's box and its chart's name.
_LABELS = """
[...document.querySelectorAll('svg[role=img]')]
  .filter(svg => svg.getBoundingClientRect().width > 0)
  .flatMap(svg => {
    const box = each => {
      const {left, top, right, bottom} = each.getBoundingClientRect();
      return [left, top, right, bottom];
    };
    return [...svg.querySelectorAll('text')]
      .filter(each => each.textContent.trim())
      .map(each => ({
        chart: svg.getAttribute('aria-labelledby'), text: each.textContent,
        box: box(each), inside: box(svg),
      }));
  })
"""


@dataclass(frozen=True)
class Label:
    """A text in a chart: boxes are left, top, right and bottom in pixels."""

    chart: str
    text: str
    box: tuple[float, float, float, float]
    inside: tuple[float, float, float, float]


@dataclass
class Tab:
    """A page that is open. said and asked hold what it wrote to the console and requested."""

    browser: "Browser"
    session: str
    said: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)

    def call(self, method: str, **parameters: object) -> dict[str, Any]:
        """Call a method of the protocol."""
        return self.browser.call(method, self.session, **parameters)

    def open(self, file: Path) -> None:
        """Open a file, and wait until it is loaded."""
        self.said.clear()
        self.asked.clear()
        self.browser.loaded.discard(self.session)
        self.call("Page.navigate", url=file.as_uri())
        while self.session not in self.browser.loaded:
            self.browser.read()
        # One more turn, so that what it says late is heard.
        self.evaluate("new Promise(done => setTimeout(done, 50))")

    def evaluate(self, script: str) -> Any:  # noqa: ANN401 - the script's to say
        """Return what a script in the page returns."""
        done = self.call(
            "Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True
        )
        assert "exceptionDetails" not in done, done
        return done["result"].get("value")

    def resize(self, width: int, height: int = 900) -> None:
        """Make the window so large."""
        self.call(
            "Emulation.setDeviceMetricsOverride",
            width=width, height=height, deviceScaleFactor=1, mobile=False,
        )  # fmt: skip

    def show_as(self, scheme: str = "light", media: str = "screen") -> None:
        """Show it light or dark, on a screen or on paper."""
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.call("Emulation.setEmulatedMedia", media=media, features=features)

    def set_font(self, family: str) -> None:
        """Lay the page out in another font, past its own policy as a user's settings do."""
        frame = self.call("Page.getFrameTree")["frameTree"]["frame"]["id"]
        sheet = self.call("CSS.createStyleSheet", frameId=frame)["styleSheetId"]
        text = f"body, svg text, svg, td, th {{ font-family: '{family}' !important }}"
        self.call("CSS.setStyleSheetText", styleSheetId=sheet, text=text)

    def labels(self) -> list[Label]:
        """Return every text in a chart that is shown."""
        return [
            Label(each["chart"], each["text"], tuple(each["box"]), tuple(each["inside"]))
            for each in self.evaluate(_LABELS)
        ]

    def height(self) -> int:
        return int(self.evaluate("document.documentElement.scrollHeight"))

    def overflow(self) -> int:
        """Return by how many pixels the page is wider than its window."""
        return int(
            self.evaluate(
                "document.documentElement.scrollWidth - document.documentElement.clientWidth"
            )
        )

    def screenshot(self, file: Path, clip: Mapping[str, float]) -> None:
        """Save a picture of a part of the page."""
        found = self.call("Page.captureScreenshot", clip=clip)
        file.write_bytes(base64.b64decode(found["data"]))

    def pdf(self) -> bytes:
        """Return the page as it is printed."""
        self.call("Emulation.setEmulatedMedia", media="", features=[])
        found = self.call("Page.printToPDF", preferCSSPageSize=True, printBackground=True)
        return base64.b64decode(found["data"])


@dataclass
class Browser:
    """A running chromium."""

    reads: int
    writes: int
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    answers: dict[int, dict[str, Any]] = field(default_factory=dict)
    tabs: dict[str, Tab] = field(default_factory=dict)
    loaded: set[str] = field(default_factory=set)
    rest: bytes = b""

    def call(self, method: str, session: str | None = None, **parameters: object) -> dict[str, Any]:
        """Call a method, and wait for its answer."""
        number = next(self.numbers)
        message: dict[str, object] = {"id": number, "method": method, "params": parameters}
        if session is not None:
            message["sessionId"] = session
        os.write(self.writes, json.dumps(message).encode() + b"\0")
        while number not in self.answers:
            self.read()
        answer = self.answers.pop(number)
        assert "error" not in answer, (method, answer["error"])
        return dict(answer["result"])

    def read(self) -> None:
        """Read some of what chromium says."""
        found = os.read(self.reads, 1 << 20)
        assert found, "chromium has ended"
        *messages, self.rest = (self.rest + found).split(b"\0")
        for message in map(json.loads, messages):
            if "id" in message:
                self.answers[message["id"]] = message
            elif message.get("sessionId") in self.tabs:
                self._hear(self.tabs[message["sessionId"]], message["method"], message["params"])

    def _hear(self, tab: Tab, method: str, said: dict[str, Any]) -> None:
        if method == "Page.loadEventFired":
            self.loaded.add(tab.session)
        elif method == "Network.requestWillBeSent":
            tab.asked.append(said["request"]["url"])
        elif method in ("Log.entryAdded", "Runtime.consoleAPICalled", "Runtime.exceptionThrown"):
            tab.said.append(json.dumps(said))

    def tab(self) -> Tab:
        """Open an empty tab that listens to its page."""
        target = self.call("Target.createTarget", url="about:blank")["targetId"]
        session = self.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        tab = self.tabs[session] = Tab(self, session)
        for domain in ("Page", "Log", "Runtime", "Network", "DOM", "CSS"):
            tab.call(f"{domain}.enable")
        return tab


@contextmanager
def open_browser(profile: Path) -> Iterator[Browser]:
    """Start Debian's chromium with a fresh profile; where there is none, the test is skipped."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    if program is None:
        pytest.skip("chromium is not installed: apt-get install chromium")
    theirs_in, ours_out = os.pipe()
    ours_in, theirs_out = os.pipe()

    def as_three_and_four() -> None:
        # Chromium's pipe is by these numbers.
        one, other = os.dup(theirs_in), os.dup(theirs_out)
        os.dup2(one, 3)
        os.dup2(other, 4)

    process = subprocess.Popen(
        [program, *_FLAGS, f"--user-data-dir={profile}", "about:blank"],
        stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
        close_fds=False, preexec_fn=as_three_and_four, start_new_session=True,
        env={**os.environ, "TZ": "America/Caracas"},
    )  # fmt: skip
    os.close(theirs_in)
    os.close(theirs_out)
    try:
        yield Browser(ours_in, ours_out)
    finally:
        os.close(ours_out)
        process.terminate()
        process.wait(20)
        # Its helpers go on writing into the profile, which the caller removes.
        with suppress(ProcessLookupError):
            os.killpg(process.pid, signal.SIGKILL)
        os.close(ours_in)
