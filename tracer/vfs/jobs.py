"""What terminals ask of the kernel: whose they are, who may use them, whom to tell."""
from __future__ import annotations

from typing import Any

from sysnames import errno as E
from tracer.errors import LinuxError

# TCSETS*, TCSBRK, TCXONC, TCFLSH, TCSBRKP, TCSETS2*: not for the background
CHANGING = frozenset((0x5402, 0x5403, 0x5404, 0x5409, 0x540A, 0x540B, 0x5425, 0x402C542B,
                      0x402C542C, 0x402C542D))


class Jobs:
    """Terminals that are nobody's, and anybody may use.  The kernel's job control derives from it.

    A terminal (tty) has ``session`` and ``pgrp``, the ids of its session and foreground group (0:
    none), ``rdev``, and ``inode``, which /dev/tty opens.
    """

    def signal(self, pgrp: int, signo: int) -> None:
        """To all processes of a group."""

    def opened(self, tty: Any, flags: int) -> None:
        """The current task has opened it."""

    def reading(self, tty: Any) -> None:
        """The current task reads.  EIO, ERESTARTSYS in the background."""

    def changing(self, tty: Any) -> None:
        """The current task changes it.  EIO, ERESTARTSYS in the background."""

    def hung_up(self, tty: Any) -> None:
        """Its other end was closed."""

    def ioctl(self, task: Any, tty: Any, request: int, arg: int, flags: int,
              from_master: bool) -> None:
        """The requests of ioctl_tty(2) about sessions and groups; ENOTTY for all others.

        flags: how the descriptor was opened.  from_master: it is the other end of the terminal.
        """
        raise LinuxError(E.ENOTTY)


NOBODYS = Jobs()


def nobodys() -> Jobs:
    """For file systems without a kernel."""
    return NOBODYS
