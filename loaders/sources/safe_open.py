"""Opens files below a folder without following links."""

import ctypes
import errno
import os
import sys

_FLAGS = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
_FOLDER = os.O_RDONLY | os.O_NOFOLLOW | os.O_DIRECTORY | os.O_CLOEXEC

# The number is the same on every architecture; see openat2(2).
_OPENAT2 = 437
_RESOLVE_NO_SYMLINKS = 0x04
_RESOLVE_BENEATH = 0x08


class _OpenHow(ctypes.Structure):
    _fields_ = (
        ("flags", ctypes.c_uint64),
        ("mode", ctypes.c_uint64),
        ("resolve", ctypes.c_uint64),
    )


_how = _OpenHow(_FLAGS, 0, _RESOLVE_NO_SYMLINKS | _RESOLVE_BENEATH)
_HOW = ctypes.addressof(_how)
_HOW_SIZE = ctypes.sizeof(_how)

_syscall = ctypes.CDLL(None, use_errno=True).syscall
_syscall.restype = ctypes.c_long
_syscall.argtypes = (
    ctypes.c_long,
    ctypes.c_int,
    ctypes.c_char_p,
    ctypes.c_void_p,
    ctypes.c_size_t,
)


def safe_open(folder: int, path: bytes) -> int:
    """Open the file at a relative path for reading, and return its descriptor.

    folder is the descriptor of an open directory.

    Raises:
        OSError: it cannot be opened, or its path contains a link (ELOOP).
    """
    descriptor: int = _syscall(_OPENAT2, folder, path, _HOW, _HOW_SIZE)
    if descriptor >= 0:
        return descriptor
    number = ctypes.get_errno()
    if number == errno.EAGAIN:
        # A folder was renamed while the kernel walked through it.
        return _step_by_step(folder, path)
    raise OSError(number, os.strerror(number))


def _step_by_step(folder: int, path: bytes) -> int:
    """Do what safe_open does where the kernel has no openat2."""
    *folders, name = path.split(b"/")
    here = os.dup(folder)
    try:
        for part in folders:
            below = os.open(part, _FOLDER, dir_fd=here)
            os.close(here)
            here = below
        return os.open(name, _FLAGS, dir_fd=here)
    finally:
        os.close(here)


def _kernel_has_openat2() -> bool:
    if not sys.platform.startswith("linux"):
        return False
    descriptor = _syscall(_OPENAT2, -1, b"", None, 0)
    # An old kernel lacks it, a container's filter may forbid it.
    return descriptor < 0 and ctypes.get_errno() not in (errno.ENOSYS, errno.EPERM)


if not _kernel_has_openat2():
    safe_open = _step_by_step
