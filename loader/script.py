"""The `#!` line of scripts, read as Linux's fs/binfmt_script.c reads it (6.12)."""
from __future__ import annotations

from typing import NamedTuple

from loader.errors import ENOENT, ENOEXEC, ElfError

BUFFER_SIZE = 256                   # BINPRM_BUF_SIZE: all that the kernel looks at
BLANK = b" \t"


class Script(NamedTuple):
    """The interpreter's path and its one optional argument, which may contain blanks."""

    interpreter: bytes
    argument: bytes | None

    def arguments(self, path: bytes, argv: list[bytes]) -> list[bytes]:
        """argv of the interpreter for a script started as `path` with `argv`."""
        middle = [] if self.argument is None else [self.argument]
        return [self.interpreter, *middle, path, *argv[1:]]


def is_script(start: bytes) -> bool:
    return start[:2] == b"#!"


def parse(start: bytes, name: str) -> Script:
    """The `#!` line of a file that starts with the given bytes (256 suffice).

    Raises ElfError: ENOEXEC when it names no interpreter, or one whose name the 256 bytes
    may have cut off; ENOENT when the file ends before a name (an empty path to Linux).
    """
    if not is_script(start):
        raise ElfError(ENOEXEC, "no script", name)
    # The index of the last byte is the last possible end: a NUL is put there.
    buffer = start[:BUFFER_SIZE].ljust(BUFFER_SIZE, b"\0")
    last = BUFFER_SIZE - 1
    end = buffer.find(b"\n", 0, buffer.find(b"\0") if b"\0" in buffer else None)
    newline = end >= 0
    if not newline:
        first = _find(buffer, 2, last, blank=False)
        if first is None:
            raise ElfError(ENOEXEC, "no interpreter after #!", name)
        if _find(buffer, first, last, blank=True) is None:
            raise ElfError(ENOEXEC, f"interpreter after #! longer than {BUFFER_SIZE} bytes", name)
        end = last
    while buffer[end - 1] in BLANK:
        end -= 1
    first = _find(buffer, 2, end, blank=False)
    if first is None or first == end:
        raise ElfError(ENOEXEC, "no interpreter after #!", name)
    cut = _find(buffer, first, end, blank=True)
    argument = None
    if cut is not None and buffer[cut]:
        at = _find(buffer, cut, end, blank=False)
        if at is not None:      # an empty argument if a NUL follows the blanks
            argument = buffer[at:end].split(b"\0", 1)[0]
    interpreter = buffer[first:end if cut is None else cut]
    if not interpreter:
        raise ElfError(ENOENT, "no interpreter after #!", name)
    return Script(interpreter, argument)


def _find(buffer: bytes, start: int, last: int, *, blank: bool) -> int | None:
    """The first blank or NUL, or the first byte that is no blank, in start...last."""
    for at in range(start, last + 1):
        byte = buffer[at]
        if (byte in BLANK or not byte) if blank else byte not in BLANK:
            return at
    return None
