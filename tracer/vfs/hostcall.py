"""Linux calls that the os module lacks, by ctypes; imported for ``--host`` only.

Layouts: struct statx is the same everywhere; struct statfs and linux_dirent64 are those of
64-bit Linux (asm-generic/statfs.h, linux/dirent.h).
"""
from __future__ import annotations

import ctypes
import os
import select
import struct
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import user
from tracer.vfs.hosterror import linux_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

AT_FDCWD, AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = -100, 0x100, 0x1000
_libc: ctypes.CDLL | None = None


def _call(name: str, *args: Any) -> int:
    """A libc function that returns -1 with errno; LinuxError."""
    global _libc
    if _libc is None:
        _libc = ctypes.CDLL(None, use_errno=True)
    function: Callable[..., int] | None = getattr(_libc, name, None)
    if function is None:
        raise LinuxError(E.ENOSYS)
    result = function(*args)
    if result < 0:
        raise LinuxError(ctypes.get_errno())
    return result


def statx(fd: int, path: bytes, mask: int) -> bytes:
    """struct statx of a path (not followed) or, with path "", of a descriptor."""
    buffer = ctypes.create_string_buffer(256)
    flags = AT_SYMLINK_NOFOLLOW if path else AT_EMPTY_PATH
    _call("statx", fd if not path else AT_FDCWD, path, flags, ctypes.c_uint(mask), buffer)
    return buffer.raw


def statfs(where: bytes | int) -> dict[str, int]:
    """statfs(2) of a path or descriptor."""
    buffer = ctypes.create_string_buffer(256)
    if isinstance(where, bytes):
        _call("statfs", where, buffer)
    else:
        _call("fstatfs", where, buffer)
    words = struct.unpack_from("<7qQ3q", buffer.raw)
    names = ("f_type", "f_bsize", "f_blocks", "f_bfree", "f_bavail", "f_files", "f_ffree",
             "f_fsid", "f_namelen", "f_frsize", "f_flags")
    return dict(zip(names, words, strict=True))


def renameat2(old: bytes, new: bytes, flags: int) -> None:
    """renameat2(2) on absolute paths."""
    _call("renameat2", AT_FDCWD, old, AT_FDCWD, new, ctypes.c_uint(flags))


def link_open(old: bytes, new: bytes) -> None:
    """linkat(2) of what a link in /proc/self/fd leads to."""
    _call("linkat", AT_FDCWD, old, AT_FDCWD, new, 0x400)        # AT_SYMLINK_FOLLOW


def fallocate(fd: int, mode: int, offset: int, length: int) -> None:
    """fallocate(2)."""
    _call("fallocate", fd, mode, ctypes.c_int64(offset), ctypes.c_int64(length))


def listing(path: bytes) -> list[tuple[bytes, int, int]]:
    """(name, ino, DT_ type) in the order of the host's getdents64, without "." and ".."."""
    entries: list[tuple[bytes, int, int]] = []
    try:
        fd = os.open(path, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    except OSError as error:
        raise linux_error(error) from None
    try:
        buffer = ctypes.create_string_buffer(32768)
        while size := _call("getdents64", fd, buffer, ctypes.c_size_t(32768)):
            data = buffer.raw[:size]
            at = 0
            while at < size:
                ino, _, length, kind = struct.unpack_from("<QqHB", data, at)
                name = data[at + 19:at + length].split(b"\0", 1)[0]
                if name not in (b".", b".."):
                    entries.append((name, ino, kind))
                at += length
    finally:
        os.close(fd)
    return entries


def poll(fd: int) -> int:
    """The POLL* conditions of a descriptor now."""
    poller = select.poll()
    poller.register(fd, 0x3FFF & ~0x20)
    found = poller.poll(0)
    return found[0][1] if found else 0


def readable(fd: int) -> bool:
    """Whether a read would not wait: there is data, the end, or an error.  Systems without
    poll(2) cannot tell."""
    if not hasattr(select, "poll"):
        return True
    poller = select.poll()
    poller.register(fd, select.POLLIN)
    return bool(poller.poll(0))


# asm-generic/ioctls.h: request → (bytes in, bytes out)
_REQUESTS: dict[int, tuple[int, int]] = {
    0x5401: (0, 36), 0x5402: (36, 0), 0x5403: (36, 0), 0x5404: (36, 0),    # TCGETS TCSETS*
    0x5405: (0, 18), 0x5406: (18, 0), 0x5407: (18, 0), 0x5408: (18, 0),    # TCGETA TCSETA*
    0x540F: (0, 4), 0x5413: (0, 8), 0x5414: (8, 0),     # TIOCGPGRP TIOCGWINSZ TIOCSWINSZ
    0x5411: (0, 4), 0x541B: (0, 4), 0x5424: (0, 4), 0x5429: (0, 4),  # OUTQ FIONREAD GETD GSID
    0x5415: (0, 4), 0x802C542A: (0, 44), 0x80045430: (0, 4),     # TIOCMGET TCGETS2 TIOCGPTN
    0x40045431: (4, 0), 0x80045200: (0, 4),                      # TIOCSPTLCK RNDGETENTCNT
    0x402C542B: (44, 0), 0x402C542C: (44, 0), 0x402C542D: (44, 0),      # TCSETS2, W, F
    0x80045438: (0, 4), 0x80045439: (0, 4), 0x80045440: (0, 4),  # TIOCGPKT GPTLCK GEXCL
}
# these take their argument by value: TCSBRK TCXONC TCFLSH TIOCEXCL TIOCNXCL TCSBRKP
_BY_VALUE = frozenset((0x5409, 0x540A, 0x540B, 0x540C, 0x540D, 0x5425))


def terminal_ioctl(fd: int, task: Any, request: int, arg: int) -> int:
    """Pass a harmless request of terminals (and FIONREAD) to the host; ENOTTY for others."""
    import fcntl
    sizes = _REQUESTS.get(request)
    try:
        if request in _BY_VALUE:
            return fcntl.ioctl(fd, request, arg & 0x7FFFFFFF)
        if sizes is None:
            raise LinuxError(E.ENOTTY)
        taken, given = sizes
        result = fcntl.ioctl(fd, request, user.get(task, arg, taken) if taken else bytes(given))
    except OSError as error:
        raise linux_error(error) from None
    if given:
        user.put(task, arg, result)
    return 0
