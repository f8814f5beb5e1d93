"""AArch64: `svc` and what instructions do to registers."""
from __future__ import annotations

from array import array
from collections.abc import Iterator
from typing import Any

from tracer.scan.isa import (
    NEXT,
    STOP,
    UNKNOWN,
    Branch,
    Flow,
    From,
    Isa,
    Line,
    Location,
    Mem,
    Source,
    Trap,
)
from tracer.scan.program import Region

_ENDS = frozenset(("ret", "retaa", "retab", "br", "braa", "brab", "braaz", "brabz", "udf", "brk",
                   "eret", "hlt"))
_SAVED = frozenset((*(f"x{i}" for i in range(19, 30)), "sp"))
_LOADS = frozenset(("ldr", "ldur", "ldp", "ldrsw", "ldursw", "ldpsw"))
_STORES = frozenset(("str", "stur", "stp"))


def whole(name: str | None) -> str:
    """The 64-bit register of a name, "" for the zero registers and vectors."""
    if not name or name in ("wzr", "xzr"):
        return ""
    if name == "wsp":
        return "sp"
    if name in ("fp", "lr"):
        return "x29" if name == "fp" else "x30"
    return "x" + name[1:] if name[0] == "w" else name


def words(data: bytes) -> array[int]:
    """Little-endian 32-bit words."""
    import sys
    found = array("I", data[:len(data) & ~3])
    if sys.byteorder == "big":
        found.byteswap()
    return found


class AArch64(Isa):
    """Code of aarch64 programs."""

    NUMBER, STACK, WORD = "x8", "sp", 8

    def disassembler(self, state: str, detail: bool) -> Any:
        from capstone import CS_ARCH_ARM64, CS_MODE_ARM, Cs
        engine = Cs(CS_ARCH_ARM64, CS_MODE_ARM)
        engine.skipdata = True
        engine.detail = detail
        return engine

    def traps(self, region: Region) -> Iterator[Trap]:
        skew = -region.address % 4
        for i, word in enumerate(words(region.data[skew:])):
            if word & 0xFFE0001F == 0xD4000001:
                immediate = word >> 5 & 0xFFFF
                address = region.address + skew + 4 * i
                if self.program.state(address) != "d":
                    yield Trap(address, 4, f"svc {f'#{immediate:#x}' if immediate else '#0'}",
                               "aarch64")

    def flow(self, line: Line) -> Flow:
        name = line.mnemonic
        if name[0] not in "bcterhu":
            return NEXT
        if name == "b":
            return Flow(_target(line), False, False)
        if name == "bl":
            return Flow(_target(line), True, True)
        if name in ("blr", "blraa", "blrab", "blraaz", "blrabz"):
            return Flow(None, True, True)
        if name[:2] == "b." or name[:2] == "bc" or name in ("cbz", "cbnz", "tbz", "tbnz"):
            return Flow(_target(line), False, True)
        return STOP if name in _ENDS else NEXT

    def branches(self, region: Region) -> Iterator[Branch]:
        skew = -region.address % 4
        base = region.address + skew
        for i, word in enumerate(words(region.data[skew:])):
            if word & 0x7C000000 == 0x14000000:
                offset = (word & 0x3FFFFFF) - ((word & 0x2000000) << 1)
                yield Branch(base + 4 * i, base + 4 * (i + offset), bool(word >> 31))

    def before(self, insn: Any, location: Location) -> list[Source] | None:
        name = insn.mnemonic
        register = location.base if isinstance(location, Mem) else location
        if name in ("bl", "blr"):
            return None if register in _SAVED else [UNKNOWN]
        if name == "svc":
            return [UNKNOWN] if location == "x0" else None
        if isinstance(location, Mem):
            stored = self._stored(insn, name, location)
            if stored is not None:
                return stored
        written = {whole(insn.reg_name(number)) for number in insn.regs_access()[1]}
        if insn.writeback:
            written |= {whole(insn.reg_name(o.mem.base)) for o in insn.operands if o.type == 3}
        if register not in written:
            return None
        operands = insn.operands
        if isinstance(location, Mem):
            return self._moved_base(insn, name, operands, location)
        if insn.writeback and any(o.type == 3 and whole(insn.reg_name(o.mem.base)) == register
                                  for o in operands):
            return [UNKNOWN]
        return self._result(insn, name, operands, register)

    def _result(self, insn: Any, name: str, operands: Any, register: str) -> list[Source]:
        first = insn.reg_name(operands[0].reg) if operands[0].type == 1 else ""
        mask = 0xFFFFFFFF if first[:1] == "w" else self.mask
        if name in _LOADS:
            return self._loaded(insn, name, operands, register, mask)
        if whole(first) != register:
            return [UNKNOWN]
        if name in ("mov", "movz", "movn", "orr") and operands[-1].type == 2 \
                and (len(operands) == 2 or whole(insn.reg_name(operands[1].reg)) == ""):
            value = operands[-1].imm << (operands[-1].shift.value if operands[-1].shift.type else 0)
            return [(~value if name == "movn" else value) & mask]
        if name == "movk":
            shift = operands[1].shift.value if operands[1].shift.type else 0
            part = 0xFFFF << shift
            return [From(register, "merge", part << 64 | (operands[1].imm << shift & part))]
        if name in ("mov", "uxtw", "sxtw"):
            return self._register(insn, operands[1], "sext" if name == "sxtw" else "&", mask)
        if name in ("add", "sub", "and", "orr", "eor", "lsl", "lsr") and len(operands) == 3 \
                and operands[2].type == 2:
            value = operands[2].imm << (operands[2].shift.value if operands[2].shift.type else 0)
            op = {"add": "+", "sub": "+", "and": "&", "orr": "|", "eor": "^", "lsl": "<<",
                  "lsr": ">>"}[name]
            source = whole(insn.reg_name(operands[1].reg))
            return [From(source, op, -value if name == "sub" else value)] if source else [UNKNOWN]
        if name == "ubfx" and operands[2].imm == 0:
            return self._register(insn, operands[1], "&", (1 << operands[3].imm) - 1)
        if name == "csel":
            return [*self._register(insn, operands[1], "&", mask),
                    *self._register(insn, operands[2], "&", mask)]
        if name == "cset":
            return [0, 1]
        if name == "csetm":
            return [0, mask]
        if name in ("csinc", "cinc"):
            second = operands[2] if name == "csinc" else operands[1]
            source = whole(insn.reg_name(second.reg))
            return [*self._register(insn, operands[1], "&", mask),
                    From(source, "+", 1) if source else 1]
        return [UNKNOWN]

    def _register(self, insn: Any, operand: Any, op: str, mask: int) -> list[Source]:
        name = insn.reg_name(operand.reg) if operand.type == 1 else None
        if name in ("wzr", "xzr"):
            return [0]
        if not name or operand.shift.type:
            return [UNKNOWN]
        return [From(whole(name), op, 32 if op == "sext" else mask)]

    def _loaded(self, insn: Any, name: str, operands: Any, register: str,
                mask: int) -> list[Source]:
        size = 4 if name in ("ldrsw", "ldursw", "ldpsw") or mask == 0xFFFFFFFF else 8
        sign = name in ("ldrsw", "ldursw", "ldpsw")
        position = next((i for i, o in enumerate(operands)
                         if o.type == 1 and whole(insn.reg_name(o.reg)) == register), None)
        if position is None:
            return [UNKNOWN]
        if operands[-1].type == 2 and name in ("ldr", "ldrsw") and len(operands) == 2:
            value = self.program.word(operands[1].imm, size)      # a literal
            if value is None:
                return [UNKNOWN]
            return [(value ^ 1 << 31) - (1 << 31) & self.mask if sign else value]
        place = next((o.mem for o in operands if o.type == 3), None)
        if place is None or place.index:
            return [UNKNOWN]
        # After the access the base moves; the address is with or without the displacement.
        offset = place.disp if operands[-1].type == 3 else 0
        source = Mem(whole(insn.reg_name(place.base)), offset + position * size)
        return [From(source, "sext", 32) if sign else From(source, "&", mask)]

    def _stored(self, insn: Any, name: str, location: Mem) -> list[Source] | None:
        """What a store puts at a place, None if it does not write there."""
        if name not in _STORES:
            return None
        operands = insn.operands
        place = next((o.mem for o in operands if o.type == 3), None)
        if place is None or place.index or whole(insn.reg_name(place.base)) != location.base:
            return None
        names = [insn.reg_name(o.reg) for o in operands if o.type == 1]
        size = 4 if names[0][:1] == "w" else 8
        post = operands[-1].type == 2           # str x0, [sp], #16
        # The location counts from the base as it is after the instruction.
        start = -operands[-1].imm if post else 0 if insn.writeback else place.disp
        for i, register in enumerate(names):
            if location.offset == start + i * size:
                if register in ("wzr", "xzr"):
                    return [0]
                return [From(whole(register), "&", (1 << 8 * size) - 1)]
        return None

    def _moved_base(self, insn: Any, name: str, operands: Any, location: Mem) -> list[Source]:
        if insn.writeback:
            place = next(o for o in operands if o.type == 3)
            if whole(insn.reg_name(place.mem.base)) == location.base:
                step = operands[-1].imm if operands[-1].type == 2 else place.mem.disp
                return [From(Mem(location.base, location.offset + step))]
            return [UNKNOWN]
        if name in ("add", "sub") and len(operands) == 3 and operands[2].type == 2 \
                and operands[1].type == 1:
            value = operands[2].imm << (operands[2].shift.value if operands[2].shift.type else 0)
            base = whole(insn.reg_name(operands[1].reg))
            return [From(Mem(base, location.offset + (value if name == "add" else -value)))]
        if name == "mov" and operands[1].type == 1:
            return [From(Mem(whole(insn.reg_name(operands[1].reg)), location.offset))]
        return [UNKNOWN]


def _target(line: Line) -> int | None:
    text = line.operands.rpartition("#")[2]
    try:
        return int(text, 0)
    except ValueError:
        return None
