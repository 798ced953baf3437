"""A page as one HTML file: no script, no request, and a policy that allows neither."""

import base64
import hashlib
import re
from dataclasses import dataclass
from importlib import resources

from loaders.pictures.figures import Band
from loaders.pictures.sections import Section


@dataclass(frozen=True)
class Page:
    """What a page says. stale is empty for fresh data; role is as whom the data were read."""

    title: str
    head: str
    as_of: str
    stale: str
    role: str
    bands: tuple[Band, ...]
    sections: tuple[Section, ...]


def html_of(page: Page) -> str:
    """Return the page; the same page gives the same text."""
    import jinja2

    style = _style(page.bands)
    environment = jinja2.Environment(
        autoescape=True, undefined=jinja2.StrictUndefined, trim_blocks=True, lstrip_blocks=True
    )
    template = environment.from_string(_resource("page.html"))
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return template.render(page=page, style=style, digest=digest)


def _style(bands: tuple[Band, ...]) -> str:
    """Return the style sheet; its hash is in the policy, so nothing else may style the page."""
    colours = "".join(
        f".band-{at}{{color:{band.colour}}}\n"
        for at, band in enumerate(bands)
        if re.fullmatch(r"#[0-9a-fA-F]{6}", band.colour)
    )
    return f"\n{_resource('page.css')}{colours}"


def _resource(name: str) -> str:
    return (resources.files("loaders.pictures") / name).read_text("utf-8")
