"""Displays the quarantine: lists of entries, one file with the bytes around its error, retries."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from loaders.cli.display import cell, printable, say, table

if TYPE_CHECKING:
    from loaders.landing.quarantine.lookup import EntryDetails, Found, FoundEntry, QuarantinedFile
    from loaders.pipeline import RetryResult

_BYTES_PER_LINE = 16


def found_lines(found: "Found", *, is_narrowed: bool) -> None:
    """Print entries, each with its code, its reason and its resolution."""
    for entry in found.entries:
        remarks = "; ".join(_remarks(entry))
        said = f" ({remarks})" if remarks else ""
        say(f"  {printable(entry.reason_code):<14} {printable(entry.reason)}{said}")
    if not found.entries:
        say("Nothing in quarantine matches." if is_narrowed else "Nothing is quarantined.")
    elif found.matching > len(found.entries):
        say(f"  … and {found.matching - len(found.entries):,} more; raise --limit.")


def _remarks(entry: "FoundEntry") -> Iterator[str]:
    if entry.attempts > 1:
        yield f"{entry.attempts} attempts"
    if entry.resolved_at is not None:
        yield f"{entry.resolution} {cell(entry.resolved_at)} UTC"
    elif entry.file_state == "vanished":
        yield "the file is gone"


def file_report(found: "QuarantinedFile") -> None:
    """Print everything known about one file."""
    entry = found.entry
    say(printable(entry.source_path))
    for name, value in _facts(found):
        say(f"  {name:<11} {printable(value)}")
    _bytes_report(entry)
    if found.earlier:
        say("\nEarlier entries of this path, newest first (UTC)")
        table(
            ["code", "position", "first seen", "last seen", "attempts", "closed", "as"],
            [
                (
                    one.reason_code,
                    one.byte_offset,
                    one.first_seen_at,
                    one.last_seen_at,
                    one.attempts,
                    one.resolved_at,
                    one.resolution,
                )
                for one in found.earlier
            ],
            right=["position", "attempts"],
        )
    say(f"\nWhat to do: {printable(found.advice)}")


def _facts(found: "QuarantinedFile") -> Iterator[tuple[str, str]]:
    entry = found.entry
    if entry.resolved_at is not None:
        yield "state", f"resolved {cell(entry.resolved_at)} UTC: {entry.resolution}"
    else:
        yield (
            "state",
            "in quarantine" + ("; the file is gone" if found.file_state == "vanished" else ""),
        )
    yield "code", f"{entry.reason_code}: {found.meaning}"
    yield "reason", entry.reason
    if entry.byte_offset is not None:
        yield "position", f"byte {entry.byte_offset:,} of {entry.size_bytes:,}, counted from 0"
    yield "kind", entry.kind or "(unrecognised)"
    yield "size", f"{entry.size_bytes:,} bytes"
    yield "sha256", entry.content_sha256.hex() if entry.content_sha256 else "(never read)"
    yield "attempts", cell(entry.attempts)
    yield "first seen", f"{cell(entry.first_seen_at)} UTC"
    yield "last seen", f"{cell(entry.last_seen_at)} UTC"
    yield "load", f"{entry.load_id} of {entry.load_source}"


def _bytes_report(entry: "EntryDetails") -> None:
    if entry.around is not None and entry.around_offset is not None:
        say("\nBytes around it, by position")
        shown, begin = entry.around, entry.around_offset
    elif entry.first_bytes:
        say("\nFirst bytes, by position")
        shown, begin = entry.first_bytes, 0
    else:
        return
    for line in dump(shown, begin, entry.byte_offset):
        say(f"  {line}")


def dump(content: bytes, begin: int, marked: int | None) -> Sequence[str]:
    """Return bytes as hexadecimal and text, with a line that marks a position.

    begin is the position of the first byte; marked may be one past the last.
    """
    end = begin + len(content)
    if marked is not None and not begin <= marked <= end:
        marked = None
    last = end - 1 if marked is None else max(end - 1, marked)
    first_line = begin - begin % _BYTES_PER_LINE
    width = len(str(last))
    lines: list[str] = []
    for start in range(first_line, last + 1, _BYTES_PER_LINE):
        positions = range(start, start + _BYTES_PER_LINE)
        inside = [content[p - begin] if begin <= p < end else None for p in positions]
        hexadecimal = " ".join("  " if byte is None else f"{byte:02x}" for byte in inside)
        text = "".join(_sign(byte) for byte in inside)
        lines.append(f"{start:>{width}}  {hexadecimal}  {text}".rstrip())
        if marked is not None and marked in positions:
            column = marked - start
            behind = " the file ends here" if marked == end else ""
            mark = " " * (3 * column) + "^^" + " " * (3 * (_BYTES_PER_LINE - 1 - column) + 2)
            lines.append(f"{'':>{width}}  {mark}{' ' * column}^{behind}")
    return lines


def _sign(byte: int | None) -> str:
    if byte is None:
        return " "
    return chr(byte) if 0x20 <= byte < 0x7F else "."


def retry_summary(result: "RetryResult") -> None:
    """Print the outcome of the files that were retried."""
    outcomes = [
        ("landed", result.landed),
        ("already known and so closed", result.known_already),
        ("no longer to be loaded", result.left),
    ]
    parts = [
        f"tried {result.tried:,}",
        *(f"{name} {count:,}" for name, count in outcomes if count or name == "landed"),
        f"still quarantined {result.still_quarantined:,}",
    ]
    say(f"Load {result.load_id} of {printable(result.source)}: {', '.join(parts)}.")
    if result.gone:
        say(f"Gone from the source: {result.gone:,}; their entries stay open.")
    if result.still_quarantined:
        say("'pulse-elt quarantine list' says why, 'pulse-elt quarantine show PATH' shows where.")
