"""Draws the README's pictures: 'make pictures', after 'make demo' has been tried and looks right.

demo.svg is a recording of 'make demo', line by line; lineage.svg shows where user_readiness comes
from, by dbt's own manifest. Both are plain SVG without script or external font. dashboard.png is
the head of the dashboard of a sample, photographed by chromium.
"""

import json
import os
import pty
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator, Mapping
from html import escape
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent
PICTURES = ROOT / "docs"

_COLUMNS = 110
# Nobody waits a minute for a picture: what took longer is shown after so many seconds.
_LONGEST_PAUSE = 0.8
_DELETED = {str(ROOT): "…"}

_MART = "user_readiness"
# Passed through: between a table of the landing and its staging model.
_HIDDEN = ("base_pulse__",)
# Left out: they settle which of two documents counts, and so would lead everywhere.
_PLUMBING = ("stg_pulse__session_documents", "stg_pulse__duplicate_documents")
_FILLS = {"landing": "#e7eef9", "staging": "#dbe9d8", "intermediate": "#fdf1d5", "marts": "#fbe3d6"}
_WIDTH, _HEIGHT, _GAP_X, _GAP_Y, _MARGIN = 200, 30, 14, 44, 16
_WAYPOINT = "waypoint."


class _Node(NamedTuple):
    name: str
    depth: int
    parents: tuple[str, ...]


def main() -> None:
    """Write the pictures."""
    (PICTURES / "demo.svg").write_text(recording([*_record()]))
    manifest = json.loads((ROOT / "target" / "manifest.json").read_text())
    (PICTURES / "lineage.svg").write_text(lineage(manifest, f"model.pulse_elt.{_MART}"))
    with tempfile.TemporaryDirectory() as folder:
        _photograph(_dashboard(Path(folder)), PICTURES / "dashboard.png")


def _dashboard(folder: Path) -> Path:
    """Write the dashboard of a sample, in a copy of the project with a server of its own."""
    # The embedded server runs as a user of its own when we are root.
    folder.chmod(0o755)
    copy, sample, page = folder / "project", folder / "sample", folder / "dashboard.html"
    shutil.copytree(
        ROOT, copy, ignore=shutil.ignore_patterns(".*", "target", "logs", "node_modules")
    )
    environment = {**os.environ, "PULSE_ELT_PROJECT_DIR": str(copy)}
    for arguments in (
        ("sample", "--sessions", "9000", "--learners", "290", "--out", sample),
        ("run", sample, "--dashboard", page),
        ("db", "stop"),
    ):
        command = [Path(sys.executable).parent / "pulse-elt", *arguments]
        done = subprocess.run(command, env=environment, check=False)
        # The sample holds a few bad files, which are findings.
        if done.returncode not in (0, 1):
            sys.exit(f"pulse-elt {arguments[0]} failed; see its output.")
    return page


def _photograph(page: Path, picture: Path) -> None:
    """Write what a window of 1280 by 960 pixels shows of a page."""
    program = shutil.which("chromium") or sys.exit("Install chromium: apt-get install chromium")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars"]
    flags += ["--window-size=1280,960", f"--screenshot={picture}"]
    subprocess.run([program, *flags, page.as_uri()], check=True, stderr=subprocess.DEVNULL)


def _record() -> Iterator[tuple[float, str]]:
    """Run the demo on a terminal; yield each line with the seconds since the start."""
    leader, follower = pty.openpty()
    environment = {**os.environ, "TERM": "dumb", "COLUMNS": str(_COLUMNS), "PAGER": "cat"}
    began = time.monotonic()
    process = subprocess.Popen(
        ["/usr/bin/env", "make", "demo"],
        cwd=ROOT, env=environment, stdout=follower, stderr=follower,
    )  # fmt: skip
    os.close(follower)
    yield 0.0, "$ make demo"
    with open(leader, errors="replace") as screen:  # noqa: PTH123 - a descriptor, not a path
        try:
            for line in screen:
                text = line.rstrip()
                for name, shown in _DELETED.items():
                    text = text.replace(name, shown)
                yield time.monotonic() - began, text
        except OSError:
            pass  # the last writer has left the terminal
    if process.wait() != 0:
        sys.exit("make demo failed; see its output.")


def recording(lines: list[tuple[float, str]]) -> str:
    """Return an SVG in which lines appear one after the other, and stay."""
    line_height, margin = 17, 20
    shown: list[str] = []
    at = before = 0.0
    for number, (moment, text) in enumerate(lines):
        at += min(moment - before, _LONGEST_PAUSE)
        before = moment
        if len(text) > _COLUMNS:
            text = text[: _COLUMNS - 1] + "…"
        y = margin + line_height * (number + 1)
        command = ' font-weight="bold"' if text.startswith("$ ") else ""
        shown.append(
            f'<text x="{margin}" y="{y}" style="animation-delay:{at:.2f}s"{command}>'
            f"{escape(text)}</text>"
        )
    height = 2 * margin + line_height * (len(lines) + 1)
    width = 2 * margin + round(8.05 * _COLUMNS)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" role="img" '
        'aria-label="Recording of make demo" xml:space="preserve" font-size="13" '
        'font-family="ui-monospace, SFMono-Regular, Menlo, Consolas, monospace">\n'
        "<style>text{fill:#e6edf3;white-space:pre;animation:a .01s both}"
        "@keyframes a{from{opacity:0}to{opacity:1}}"
        "@media (prefers-reduced-motion:reduce){text{animation:none}}</style>\n"
        f'<rect width="{width}" height="{height}" rx="8" fill="#161b22"/>\n'
        + "\n".join(shown)
        + "\n</svg>\n"
    )


def lineage(manifest: Mapping[str, Mapping[str, list[str]]], target: str) -> str:
    """Return an SVG of a model's ancestors, from the landing at the top down to the model."""
    nodes = _with_waypoints(_visible_parents(manifest["parent_map"], target))
    rows: dict[int, list[_Node]] = {}
    for node in nodes.values():
        rows.setdefault(node.depth, []).append(node)
    widest = max(map(len, rows.values()))
    places: dict[str, tuple[float, int]] = {}
    for depth in sorted(rows):
        # A node stands below its parents, so that few lines cross.
        row = sorted(rows[depth], key=lambda node: (_middle_of_parents(node, places), node.name))
        offset = (widest - len(row)) * (_WIDTH + _GAP_X) / 2
        for number, node in enumerate(row):
            x = _MARGIN + offset + number * (_WIDTH + _GAP_X)
            places[node.name] = (x, _MARGIN + depth * (_HEIGHT + _GAP_Y))
    lines = [
        _curve(places[parent], places[node.name])
        for node in nodes.values()
        for parent in node.parents
    ]
    boxes = []
    for name in nodes:
        x, y = places[name]
        if name.startswith(_WAYPOINT):
            lines.append(f'<path d="M{x + _WIDTH / 2:.0f} {y}v{_HEIGHT}"/>')
        else:
            boxes.append(_box(name, x, y, is_target=name == target))
    width = 2 * _MARGIN + widest * (_WIDTH + _GAP_X) - _GAP_X
    height = 2 * _MARGIN + (max(rows) + 1) * (_HEIGHT + _GAP_Y) - _GAP_Y + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        'font-family="Helvetica, Arial, sans-serif" font-size="14" role="img" '
        f'aria-label="Lineage of {_MART}">\n'
        f'<rect width="{width}" height="{height}" fill="#ffffff"/>\n'
        '<g fill="none" stroke="#8a94a6" stroke-width="1.2">' + "".join(lines) + "</g>\n"
        + "\n".join([*boxes, *_legend(height - 34)])
        + "\n</svg>\n"
    )  # fmt: skip


def _legend(y: int) -> Iterator[str]:
    """Yield what the colours mean."""
    for number, (layer, fill) in enumerate(_FILLS.items()):
        x = _MARGIN + number * 150
        yield (
            f'<rect x="{x}" y="{y}" width="18" height="14" rx="3" fill="{fill}" stroke="#44546a"/>'
            f'<text x="{x + 26}" y="{y + 12}">{layer}</text>'
        )


def _visible_parents(parent_map: Mapping[str, list[str]], target: str) -> dict[str, list[str]]:
    """Return the parents of each shown ancestor, without detours."""

    def shown_parents(node: str) -> set[str]:
        found: set[str] = set()
        for parent in parent_map.get(node, []):
            name = parent.rsplit(".", 1)[-1]
            if parent.startswith("seed.") or name in _PLUMBING:
                continue
            found |= shown_parents(parent) if name.startswith(_HIDDEN) else {parent}
        return found

    parents: dict[str, set[str]] = {}
    todo = [target]
    while todo:
        node = todo.pop()
        if node not in parents:
            parents[node] = shown_parents(node)
            todo += parents[node]

    def ancestors(node: str) -> set[str]:
        return parents[node].union(*map(ancestors, parents[node]))

    return {
        node: sorted(near - set().union(*map(ancestors, near))) for node, near in parents.items()
    }


def _with_waypoints(parents: Mapping[str, list[str]]) -> dict[str, _Node]:
    """Return nodes whose parents stand one layer before them: long lines get points on the way."""

    def depth_of(name: str) -> int:
        return max((depth_of(parent) + 1 for parent in parents[name]), default=0)

    nodes: dict[str, _Node] = {}
    for name in sorted(parents):
        depth = depth_of(name)
        near = []
        for parent in parents[name]:
            for layer in range(depth_of(parent) + 1, depth):
                waypoint = f"{_WAYPOINT}{layer}.{parent}"
                before = _before(parent, layer, depth_of(parent))
                nodes[waypoint] = _Node(waypoint, layer, (before,))
            near.append(_before(parent, depth, depth_of(parent)))
        nodes[name] = _Node(name, depth, tuple(near))
    return nodes


def _before(parent: str, layer: int, parent_depth: int) -> str:
    """Return what stands for a parent in the layer before this one."""
    return parent if parent_depth == layer - 1 else f"{_WAYPOINT}{layer - 1}.{parent}"


def _middle_of_parents(node: _Node, places: Mapping[str, tuple[float, int]]) -> float:
    middles = [places[parent][0] for parent in node.parents]
    return sum(middles) / len(middles) if middles else 0.0


def _curve(begin: tuple[float, int], end: tuple[float, int]) -> str:
    x1, y1 = begin[0] + _WIDTH / 2, begin[1] + _HEIGHT
    x2, y2 = end[0] + _WIDTH / 2, end[1]
    return f'<path d="M{x1:.0f} {y1}C{x1:.0f} {y1 + 24} {x2:.0f} {y2 - 24} {x2:.0f} {y2}"/>'


def _box(node: str, x: float, y: int, *, is_target: bool) -> str:
    kind, name = node.split(".")[0], node.rsplit(".", 1)[-1]
    layer = "landing" if kind == "source" else "marts"
    layer = {"stg": "staging", "int": "intermediate"}.get(name[:3], layer)
    shown = f"raw.{name}" if kind == "source" else name.replace("stg_pulse__", "stg_…")
    weight = ' font-weight="bold"' if is_target else ""
    size = ' font-size="12"' if len(shown) > 24 else ""
    return (
        f'<rect x="{x:.1f}" y="{y}" width="{_WIDTH}" height="{_HEIGHT}" rx="5" '
        f'fill="{_FILLS[layer]}" stroke="#44546a" stroke-width="{2 if is_target else 1}"/>'
        f'<text x="{x + _WIDTH / 2:.0f}" y="{y + 20}" text-anchor="middle"{weight}{size}>'
        f"{escape(shown)}</text>"
    )


if __name__ == "__main__":
    main()
