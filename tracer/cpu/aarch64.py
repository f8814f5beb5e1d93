"""AArch64 CPUs."""
from __future__ import annotations

from collections.abc import Callable

from tracer.cpu import uclib
from tracer.cpu.engine import Engine, Event
from tracer.memory.arena import PAGE, Arena

_CPU_MAX = 3


class AArch64(Engine):
    """Unicorn's MAX model (the default one lacks the atomics of ARMv8.1)."""

    ARCH = uclib.ARCH_ARM64
    MODE = uclib.MODE_ARM
    PC, SP = "pc", "sp"
    RESULT = "x0"
    GENERAL = (*(f"x{i}" for i in range(31)), "sp", "pc", "nzcv")
    REGISTERS = {
        **{f"x{i}": 199 + i for i in range(29)}, "x29": 1, "x30": 2, "sp": 4, "pc": 260,
        "nzcv": 3, "pstate": 265, "tpidr_el0": 262, "cpacr_el1": 261, "fpcr": 291, "fpsr": 292,
        **{f"v{i}": 228 + i for i in range(32)},
    }
    TLS = "tpidr_el0"

    def before_run(self) -> None:
        uclib.ctl(self.handle, uclib.CTL_UC_PAGE_SIZE, PAGE)
        uclib.ctl(self.handle, uclib.CTL_CPU_MODEL, _CPU_MAX)

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.on_call: Callable[[tuple[int, ...]], int | None] = lambda words: -38
        self.set("cpacr_el1", 3 << 20)
        read = self.reader(("x8", "x0", "x1", "x2", "x3", "x4", "x5"))
        self._set_result = write = self.writer(("x0",))

        def interrupt(_handle: int, number: int, _data: int) -> None:
            if number != 2:
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

    def complete(self, words: tuple[int, ...], result: int) -> None:
        """Leave a call that was not answered in its trap handler."""
        self._set_result(result & 0xFFFFFFFFFFFFFFFF)

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        self.set("pc", self.get("pc") - 4)
        self.set("x0", words[1])
        self.set("x8", words[0] if number is None else number)

    def trap_pc(self, words: tuple[int, ...]) -> int:
        """The address after the trap instruction."""
        return self.get("pc")
