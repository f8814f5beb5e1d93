"""ARM CPUs in A32 and T32 state."""
from __future__ import annotations

from tracer.cpu import uclib
from tracer.cpu.svc import SvcEngine
from tracer.memory.arena import Arena

_THUMB = 1 << 5             # CPSR.T
_IT = 0x0600FC00            # CPSR.IT


class Arm(SvcEngine):
    """User mode, with VFP and NEON."""

    ARCH = uclib.ARCH_ARM
    MODE = uclib.MODE_ARM
    PC, SP = "pc", "sp"
    RESULT = "r0"
    CALL = ("r7", "r0", "r1", "r2", "r3", "r4", "r5", "r6")
    GENERAL = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc", "cpsr")
    REGISTERS = {
        **{f"r{i}": 66 + i for i in range(13)}, "sp": 12, "lr": 10, "pc": 11, "cpsr": 3,
        "fpexc": 4, "fpscr": 6, "cpacr": 111, "tls": 113, **{f"d{i}": 14 + i for i in range(32)},
    }
    TLS = "tls"

    def settle(self) -> None:
        """Clear the IT bits of CPSR.

        Unicorn restores them from the translated block before it asks for a TLB entry, as if
        the block were left, and then goes on in it: the next block would start as if inside
        an IT block.
        """
        cpsr = self.get("cpsr")
        if cpsr & _IT:
            self.set("cpsr", cpsr & ~_IT)

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.set("cpsr", 0x10)
        self.set("cpacr", self.get("cpacr") | 0xF << 20)
        self.set("fpexc", 0x40000000)
        self.install_svc()

    def pc_bit(self) -> int:
        return 1 if self.get("cpsr") & _THUMB else 0

    def set_pc(self, address: int) -> None:
        """Go on at an address, in Thumb state when its bit 0 is set."""
        cpsr = self.get("cpsr")
        self.set("cpsr", cpsr | _THUMB if address & 1 else cpsr & ~_THUMB)
        self.set("pc", address)

    def svc_immediate(self) -> int:
        """The immediate of the svc just executed; 0 in Thumb state."""
        if self.pc_bit() or self.space is None:
            return 0
        return self.space.read_int(self.get("pc") - 4, 4) & 0xFFFFFF

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        bit = self.pc_bit()
        self.set("pc", (self.get("pc") - (2 if bit else 4)) | bit)
        self.set("r0", words[1])
        if number is not None:
            self.set("r7", number)
