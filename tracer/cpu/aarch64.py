"""AArch64 CPUs."""
from __future__ import annotations

from tracer.cpu import uclib
from tracer.cpu.svc import SvcEngine
from tracer.memory.arena import PAGE, Arena

# Unicorn starts at EL1.  This goes to EL0, as Linux leaves it: cache maintenance and CTR_EL0 are
# for all (the bits of _SCTLR), wfi and wfe too; the counter traps, as it is the host's.
_TO_EL0 = b"".join(word.to_bytes(4, "little") for word in (
    0xD5381000,                 # mrs x0, sctlr_el1
    0xAA010000,                 # orr x0, x0, x1
    0xD5181000,                 # msr sctlr_el1, x0
    0xD518E11F,                 # msr cntkctl_el1, xzr
    0xD518401F,                 # msr spsr_el1, xzr
    0xD518403F,                 # msr elr_el1, xzr
    0xD69F03E0))                # eret
_SCTLR = 1 << 26 | 1 << 18 | 1 << 16 | 1 << 15 | 1 << 14    # UCI nTWE nTWI UCT DZE

# mrs of the counter and its frequency, without the register.
_MRS_CNTVCT, _MRS_CNTFRQ = 0xD53BE040, 0xD53BE000
FREQUENCY = 62_500_000          # Hz


class AArch64(SvcEngine):
    """EL0 (Unicorn's default model lacks the atomics of ARMv8.1)."""

    ARCH = uclib.ARCH_ARM64
    MODE = uclib.MODE_ARM
    PC, SP = "pc", "sp"
    RESULT = "x0"
    CALL = ("x8", "x0", "x1", "x2", "x3", "x4", "x5")
    GENERAL = (*(f"x{i}" for i in range(31)), "sp", "pc", "nzcv")
    REGISTERS = {
        **{f"x{i}": 199 + i for i in range(29)}, "x29": 1, "x30": 2, "sp": 4, "pc": 260,
        "nzcv": 3, "pstate": 265, "tpidr_el0": 262, "cpacr_el1": 261, "fpcr": 291, "fpsr": 292,
        **{f"v{i}": 228 + i for i in range(32)},
    }
    TLS = "tpidr_el0"

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.set("cpacr_el1", 3 << 20)
        self._leave_el1()
        self.install_svc()

    def _leave_el1(self) -> None:
        code = self.arena.allocate()
        self.arena.view[code:code + len(_TO_EL0)] = _TO_EL0
        self.fixed[1] = code | 5
        self.set("x1", _SCTLR)
        uclib.lib.uc_emu_start(self.handle, PAGE, 0, 0, 0)  # ends with a page fault at 0
        for name in ("x0", "x1"):
            self.set(name, 0)
        del self.fixed[1]
        self.arena.drop(code)
        self.flush_code()

    def emulated(self) -> bool:
        """Read the counter."""
        pc = self.get("pc")
        word = self.space.read_int(pc, 4) if self.space is not None else 0
        if word & ~31 == _MRS_CNTVCT:
            value = self.clock() * FREQUENCY // 1_000_000_000
        elif word & ~31 == _MRS_CNTFRQ:
            value = FREQUENCY
        else:
            return False
        if word & 31 != 31:
            self.set(f"x{word & 31}", value)
        self.set("pc", pc + 4)
        return True

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        self.set("pc", self.get("pc") - 4)
        self.set("x0", words[1])
        self.set("x8", words[0] if number is None else number)
