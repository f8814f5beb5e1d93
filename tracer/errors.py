"""The errors that cross package borders."""
from __future__ import annotations


class LinuxError(Exception):
    """A system call fails with this Linux error number (never the host's numbering)."""

    __slots__ = ("errno",)

    def __init__(self, errno: int) -> None:
        self.errno = errno


class Fault(LinuxError):
    """A guest address that cannot be accessed: EFAULT for a system call."""

    __slots__ = ("address",)

    def __init__(self, address: int) -> None:
        super().__init__(14)
        self.address = address


class PytraceError(Exception):
    """A message for the user: one clear line, never a traceback."""
