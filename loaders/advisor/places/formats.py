"""Which places are about JSON files, or about neighbours that are named as such."""

from loaders.advisor.flow.templates import ends_as_json
from loaders.advisor.places.attribution import Placed

# A function that tells formats apart reads JSON at the other paths.
_OTHER_FORMATS = (
    ".yaml", ".yml", ".toml", ".ini", ".csv", ".xml", ".css", ".html", ".htm", ".md", ".svg",
    ".txt", ".log", ".rst", ".zip", ".tar", ".tgz", ".whl", ".pdf", ".png", ".jpg", ".env",
    ".py", ".js", ".ts", ".mjs", ".cjs", ".sh", ".bat", ".ps1", ".sql", ".mp3", ".wav", ".mp4",
)  # fmt: skip


def is_json_text(placed: Placed) -> bool:
    """Say whether a function itself reads or writes JSON in a file that ends as a text."""
    access = placed.access
    last = placed.path.parts[-1] if placed.path.parts else ""
    return access.is_json and not access.via and str(last).lower().endswith(".txt")


def is_json_file(placed: Placed) -> bool:
    """Say whether a place is about JSON, or about a neighbour that is named as such."""
    access = placed.access
    last = placed.path.parts[-1] if placed.path.parts else ""
    said = last.lower() if isinstance(last, str) else ""
    is_parsed = is_json_text(placed) and access.operation == "read"
    if said.endswith(_OTHER_FORMATS) and not is_parsed:
        return False
    first = placed.path.parts[0] if placed.path.parts else ""
    if isinstance(first, str) and first.startswith(("http:/", "https:/", "data:")):
        return False
    if access.store not in ("file", "blob", "s3"):
        return True
    return access.is_json or ends_as_json(placed.path)
