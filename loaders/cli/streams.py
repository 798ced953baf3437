"""Standard streams that no longer end the work: closed, full, read by nobody, or not in Unicode."""

import codecs
import errno
import io
import locale
import os
import select
import sys
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# What our own sentences hold besides ASCII, for terminals that cannot show it.
_IN_ASCII = {"…": "...", "–": "-", "─": "-"}


class _Output(io.FileIO):
    """A standard stream's file: what cannot be written goes to /dev/null from then on."""

    failure: OSError | None = None

    def write(self, data: "ReadableBuffer") -> int:
        try:
            # Another program may have made the terminal or pipe non-blocking: then wait for room.
            while (written := super().write(data)) is None:
                select.select((), (self,), ())
        except OSError as error:
            self.failure = error
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, self.fileno())
            os.close(nowhere)
            return memoryview(data).nbytes
        return written


def prepare() -> None:
    """Replace standard output and error by streams whose writes never fail."""
    for descriptor in range(3):
        try:
            os.fstat(descriptor)
        except OSError:
            # The lowest free number, which a connection or file of ours would otherwise get.
            # Programs that we start have it, too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    # dbt opens files in the encoding of the locale; what it reads and writes is UTF-8.
    with suppress(locale.Error):
        locale.setlocale(locale.LC_CTYPE, "C.UTF-8")
    codecs.register_error("in_ascii", _in_ascii)
    sys.stdout = prepared(sys.stdout, 1)
    sys.stderr = prepared(sys.stderr, 2)


def prepared(stream: TextIO | None, descriptor: int) -> TextIO:
    """Return a stream in place of a standard one, or of a closed one, whose writes never fail."""
    encoding = "utf-8" if stream is None else stream.encoding
    return io.TextIOWrapper(
        io.BufferedWriter(_Output(descriptor, "wb", closefd=False)),
        # ASCII is what a machine has on which nobody chose; click writes UTF-8 there too.
        encoding="utf-8" if codecs.lookup(encoding).name == "ascii" else encoding,
        errors="in_ascii",
        line_buffering=descriptor == 2 or os.isatty(descriptor),
    )


def _in_ascii(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeEncodeError)  # noqa: S101 - output is only encoded
    signs = error.object[error.start : error.end]
    return "".join(_IN_ASCII.get(sign, ascii(sign)[1:-1]) for sign in signs), error.end


def take_failure() -> OSError | None:
    """Return, once, why standard output is incomplete.

    That somebody closed it, or has read enough, is no failure.
    """
    sys.stdout.flush()
    raw = getattr(getattr(sys.stdout, "buffer", None), "raw", None)
    if not isinstance(raw, _Output):
        return None
    failure, raw.failure = raw.failure, None
    return None if failure and failure.errno == errno.EPIPE else failure


def is_unicode() -> bool:
    """Return whether standard output can show every character."""
    return codecs.lookup(sys.stdout.encoding or "utf-8").name.startswith("utf")
