"""The browser of the tests ends with everything that it has started."""

import os
import time
from pathlib import Path

import pytest

from tests.pictures.browser import open_browser


def test_no_helper_of_the_browser_outlives_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One that does writes into the profile while the caller removes it."""
    program = tmp_path / "chromium"
    program.write_text(f"#!/bin/sh\nsleep 60 &\necho $! > {tmp_path}/helper\nexec sleep 60\n")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=os.pathsep)
    helper = tmp_path / "helper"
    with open_browser(tmp_path):
        until = time.monotonic() + 20
        while not (helper.is_file() and helper.read_text()) and time.monotonic() < until:
            time.sleep(0.01)
    state = Path(f"/proc/{helper.read_text().strip()}/stat")
    while time.monotonic() < until and state.is_file() and state.read_text().split()[2] != "Z":
        time.sleep(0.01)
    assert not state.is_file() or state.read_text().split()[2] == "Z"
