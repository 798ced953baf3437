"""Names and sentences in Markdown."""

import re


def span(text: str) -> str:
    """Return a name as code, whatever it holds: a backtick needs longer ones around it."""
    if "`" not in text:
        return f"`{text}`"
    fence = "`" * (max(map(len, re.findall("`+", text))) + 1)
    return f"{fence} {text} {fence}"


def plain(text: str) -> str:
    """Return a sentence in which no sign begins markup or ends a cell of a table."""
    return re.sub(r"[\\`*<>\[\]|]|(?<![^\W_])_|_(?![^\W_])", r"\\\g<0>", text).replace("\n", " ")


def cell(text: str) -> str:
    """Return text, code included, that neither ends a cell of a table nor its row."""
    return text.replace("|", "\\|").replace("\n", " ")
