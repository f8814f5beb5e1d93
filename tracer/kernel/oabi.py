"""System calls of the old ARM ABI, as a kernel with CONFIG_OABI_COMPAT takes them.

The number is in the immediate of the ``swi`` (arch/arm/kernel/entry-common.S); with an immediate
of 0 it is an EABI call with its number in r7.  Only programs whose ELF header names no EABI
version can make such calls here; for all others the immediate means nothing, as on kernels
without that option.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tracer.cpu.engine import Engine
    from tracer.kernel.kernel import Kernel

BASE = 0x900000             # __NR_OABI_SYSCALL_BASE


def accept(kernel: Kernel, engine: Any) -> None:
    """Let an ARM engine take calls of both ABIs; doing so twice changes nothing."""
    if not getattr(engine.on_call, "oabi", False):
        engine.on_call = _both(kernel, engine)


def _both(kernel: Kernel, engine: Engine) -> Callable[[tuple[int, ...]], int | None]:
    eabi: Callable[[tuple[int, ...]], int | None] = engine.on_call
    oabi = kernel.trap_handler("arm_oabi", engine)
    immediate: Callable[[], int] = engine.svc_immediate  # type: ignore[attr-defined]

    def trap(words: tuple[int, ...]) -> int | None:
        if kernel.current.oabi:  # type: ignore[union-attr]     # a task runs
            number = immediate()
            if number:
                return oabi((number ^ BASE, *words[1:]))
        return eabi(words)

    trap.oabi = True  # type: ignore[attr-defined]
    return trap
