"""Signals to pytrace itself: it ends, with its log complete.

While guest code runs, Python does not, and its signal handlers would wait for ever; so a thread
that sleeps on signal.set_wakeup_fd's pipe stops the CPU.  strace ends so too when it is not told
to block signals (-I).
"""
from __future__ import annotations

import os
import signal
from _thread import start_new_thread
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from types import FrameType

    from tracer.kernel.kernel import Kernel

_NAMES = ("SIGHUP", "SIGINT", "SIGQUIT", "SIGTERM")
_CPU = os.path.join(os.path.dirname(__file__), "cpu")
_AGAIN = .05            # seconds; a stop that comes just before the CPU starts is lost


class Interrupted(BaseException):
    """pytrace got a signal that ends it."""

    def __init__(self, signo: int) -> None:
        super().__init__(signo)
        self.signo = signo


def watch(kernel: Kernel) -> Callable[[], None]:
    """From now on signals raise Interrupted in the main thread, out of ``kernel.run``.

    Returns a function that puts everything back.  Does nothing outside the main thread.
    """
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    before: dict[int, Any] = {}

    def handler(signo: int, frame: FrameType | None) -> None:
        error = Interrupted(signo)
        for engine in kernel.engines.values():
            engine.error = error
            engine.stop()
        # In a callback of the CPU nothing may be raised; its ``run`` does it.  A call, which may
        # block, is protected by the callback that it was made from.
        while frame is not None and frame.f_code.co_name not in ("trap", "compat"):
            if frame.f_code.co_filename.startswith(_CPU):
                return
            frame = frame.f_back
        raise error

    def stopper() -> None:
        from time import sleep

        while os.read(reading, 1):
            for _ in range(100):
                for engine in list(kernel.engines.values()):
                    engine.stop()
                sleep(_AGAIN)
        os.close(reading)

    def undo() -> None:
        signal.set_wakeup_fd(-1)
        for signo, action in before.items():
            signal.signal(signo, action)
        os.close(writing)       # ends the thread

    try:
        signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    except ValueError:          # not the main thread
        os.close(reading)
        os.close(writing)
        return lambda: None
    for name in _NAMES:
        signo = getattr(signal, name, None)
        if signo is not None and signal.getsignal(signo) != signal.SIG_IGN:
            before[signo] = signal.signal(signo, handler)
    start_new_thread(stopper, ())
    return undo
