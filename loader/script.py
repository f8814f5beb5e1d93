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
    buffer = start[:BUFFER_SIZE].ljust(BUFFER_SIZE, b"\0")
    # strnchr() stops at a NUL: a newline behind one does not end the line.
    text = buffer.split(b"\0", 1)[0]
    line, newline, _ = text.partition(b"\n")
    if newline:
        rest = line[2:].strip(BLANK)
    else:
        rest = buffer[2:].lstrip(BLANK)
        if not rest:
            raise ElfError(ENOEXEC, "no interpreter after #!", name)
        if not any(byte in b" \t\0" for byte in rest):
            raise ElfError(ENOEXEC, f"interpreter after #! longer than {BUFFER_SIZE} bytes", name)
        # The buffer's last byte is overwritten by the terminator.
        rest = rest[:-1].rstrip(BLANK).split(b"\0", 1)[0]
    cut = min((at for at in (rest.find(b" "), rest.find(b"\t")) if at >= 0), default=len(rest))
    interpreter, argument = rest[:cut], rest[cut:].lstrip(BLANK)
    if not interpreter:
        raise ElfError(ENOEXEC if newline else ENOENT, "no interpreter after #!", name)
    return Script(interpreter, argument or None)
