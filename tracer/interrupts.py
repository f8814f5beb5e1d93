"""Signals to pytrace itself: Ctrl-C, SIGTERM, SIGHUP reach the program, as with strace.

Guest code runs for any length of time without Python getting a turn, so a thread waits on
Python's wakeup descriptor; when the main thread does not answer, it stops the CPU.  A second
signal ends the run whatever the program does.
"""
from __future__ import annotations

import _thread
import os
import signal
import time
from typing import TYPE_CHECKING, Any

from sysnames import signals as S
from tracer.errors import PytraceError
from tracer.kernel.signals import SI_KERNEL, SI_USER

if TYPE_CHECKING:
    from types import FrameType

    from tracer.kernel.kernel import Kernel

_GRACE = 0.2                # seconds for the main thread to notice by itself
_SIGINT = 2
_VFS = os.path.join(os.path.dirname(__file__), "vfs")


class Ended(PytraceError):
    """The user insists: the run ends at once, by this signal."""

    def __init__(self, signo: int) -> None:
        super().__init__("")
        self.signo = signo


class Interrupts:
    """Installed for the time of a run; a context manager."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel
        self.pending: list[int] = []
        self.received = 0               # signals that the main thread has noticed
        self.asked = 0                  # how many signals came
        self.ending = 0                 # the signal that ends the run
        self.old: dict[int, Any] = {}
        self.pipe = (-1, -1)
        self.old_fd = -1
        self.closing = False

    def __enter__(self) -> Interrupts:
        self.pipe = os.pipe()
        os.set_blocking(self.pipe[1], False)
        try:
            self.old_fd = signal.set_wakeup_fd(self.pipe[1], warn_on_full_buffer=False)
        except ValueError:              # not the main thread
            os.close(self.pipe[0])
            os.close(self.pipe[1])
            self.pipe = (-1, -1)
            return self
        for name in ("SIGINT", "SIGTERM", "SIGHUP"):
            signo = getattr(signal, name, None)
            if signo is not None and signal.getsignal(signo) != signal.SIG_IGN:
                self.old[signo] = signal.signal(signo, self._received)
        _thread.start_new_thread(self._watch, ())
        self.kernel.host_signals = self._deliver
        return self

    def __exit__(self, *_exc: object) -> None:
        if self.pipe[0] < 0:
            return
        signal.set_wakeup_fd(self.old_fd)
        for signo, handler in self.old.items():
            # Once the user insisted, more of it must not disturb the end.
            signal.signal(signo, signal.SIG_IGN if self.ending else handler)
        self.closing = True
        os.close(self.pipe[1])

    def _received(self, signo: int, frame: FrameType | None) -> None:
        """Runs in the main thread, between two of its bytecodes."""
        self.received += 1
        kernel = self.kernel
        if self.ending:
            return
        self.asked += 1
        if self.asked > 1:
            self.ending = signo
        else:
            self.pending.append(signo)
        kernel.signalled = kernel.attention = True
        if kernel.waits_for_host:
            raise InterruptedError
        if self.ending and frame is not None and frame.f_code.co_filename.startswith(_VFS):
            # Perhaps the host keeps a call waiting.  (Elsewhere nothing takes long, and a line of
            # the log could be lost.)
            raise Ended(signo)

    def _deliver(self) -> None:
        """Send what has come to the program: SIGINT to the foreground process group, as the
        terminal would (without one, to the first process's), the others to all of its processes,
        which go on if they are stopped.  Raises Ended at the second signal."""
        self.kernel.signalled = False
        if self.ending:
            raise Ended(self.ending)
        while self.pending:
            signo = self.pending.pop(0)
            processes = sorted(self.kernel.processes.values(), key=lambda p: p.pid)
            terminal = self.kernel.terminal
            group = terminal.pgrp if terminal is not None and terminal.pgrp else processes[0].pgid
            targets = [p for p in processes if signo != _SIGINT or p.pgid == group]
            code = SI_KERNEL if signo == _SIGINT else SI_USER
            for process in targets:
                for number in (signo, S.SIGCONT) if process.stopped else (signo,):
                    self.kernel.signals.send_process(process, {
                        "signo": int(number), "errno": 0, "code": code, "pid": 0, "uid": 0})

    def _watch(self) -> None:
        """The thread: a byte in the pipe is a signal."""
        sent = 0
        while True:
            data = os.read(self.pipe[0], 64)
            if not data:
                break
            sent += len(data)
            time.sleep(_GRACE)
            # What the main thread has noticed may still wait for it to leave the CPU.
            while (self.received < sent or self.kernel.signalled) and not self.closing:
                task = self.kernel.current
                if task is not None:
                    task.engine.interrupt()
                time.sleep(_GRACE)
        os.close(self.pipe[0])
