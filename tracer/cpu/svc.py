"""What ARM and AArch64 share: system calls by svc, everything else an event."""
from __future__ import annotations

from collections.abc import Callable

from tracer.cpu import uclib
from tracer.cpu.engine import Engine, Event
from tracer.memory.arena import PAGE

_CPU_MAX = {uclib.ARCH_ARM: 33, uclib.ARCH_ARM64: 3}    # uc_cpu_arm, uc_cpu_arm64
_UNDEFINED, _SVC = 1, 2         # EXCP_UDEF, EXCP_SWI


class SvcEngine(Engine):
    """An ARM CPU of either width, Unicorn's MAX model.

    CALL: the registers of a call's number and arguments.
    """

    CALL: tuple[str, ...]

    def before_run(self) -> None:
        uclib.ctl(self.handle, uclib.CTL_UC_PAGE_SIZE, PAGE)
        uclib.ctl(self.handle, uclib.CTL_CPU_MODEL, _CPU_MAX[self.ARCH])

    def install_svc(self) -> None:
        """Lead svc to ``on_call``; to be called when the CPU is set up."""
        self.on_call: Callable[[tuple[int, ...]], int | None] = lambda words: -38
        read = self.reader(self.CALL)
        self._set_result = write = self.writer((self.RESULT,))

        def interrupt(_handle: int, number: int, _data: int) -> None:
            if number != _SVC:
                if number != _UNDEFINED or not self.emulated():
                    self.event = Event("interrupt", number)
                    self.stop()
                return
            try:
                result = self.on_call(read())
                if result is not None:
                    write(result & 0xFFFFFFFFFFFFFFFF)
            except BaseException as e:
                self.error = e
                self.stop()

        callback = uclib.HOOK_INTR_T(interrupt)
        self.keep.append(callback)
        uclib.hook_add(self.handle, uclib.HOOK_INTR, callback)

    def emulated(self) -> bool:
        """Execute an instruction that trapped, if the kernel does that for programs."""
        return False

    def complete(self, words: tuple[int, ...], result: int) -> None:
        """Leave a call that was not answered in its trap handler."""
        self._set_result(result & 0xFFFFFFFFFFFFFFFF)

    def trap_pc(self, words: tuple[int, ...]) -> int:
        """The address after the trap instruction."""
        return self.get(self.PC)
