"""Names of files and templates in Markdown."""

import re


def span(text: str) -> str:
    """Return a name as code, whatever it holds: a backtick needs longer ones around it."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{fence} {text} {fence}"
