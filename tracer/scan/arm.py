"""ARM and Thumb: `svc` of both ABIs, and what instructions do to registers."""
from __future__ import annotations

import struct
from collections.abc import Iterator
from functools import lru_cache
from typing import Any

from tracer.scan.aarch64 import words
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

OABI_BASE, OABI_MASK = 0x900000, 0xF00000       # __NR_OABI_SYSCALL_BASE
_CONDITIONS = frozenset(("eq", "ne", "hs", "lo", "mi", "pl", "vs", "vc", "hi", "ls", "ge", "lt",
                         "gt", "le", "cs", "cc"))
_WINDOWS = (4, 8, 24)                           # words that tell ARM from Thumb
_LEAVING = frozenset("bcuht")                   # what mnemonics of branches start with
_ALWAYS = 15                                    # capstone's ARM_CC_AL
_SAVED = frozenset(("r4", "r5", "r6", "r7", "r8", "sb", "sl", "fp", "sp"))
_ARITHMETIC = {"add": "+", "sub": "+", "and": "&", "orr": "|", "eor": "^", "lsl": "<<",
               "lsr": ">>"}


class Arm(Isa):
    """Code of arm programs: states `a` (ARM) and `t` (Thumb)."""

    NUMBER, STACK, WORD = "r7", "sp", 4

    def disassembler(self, state: str, detail: bool) -> Any:
        from capstone import CS_ARCH_ARM, CS_MODE_ARM, CS_MODE_THUMB, Cs
        engine = Cs(CS_ARCH_ARM, CS_MODE_THUMB if state == "t" else CS_MODE_ARM)
        engine.skipdata = True
        engine.detail = detail
        return engine

    def traps(self, region: Region) -> Iterator[Trap]:
        program = self.program
        skew = -region.address % 4
        for i, word in enumerate(words(region.data[skew:])):
            if word & 0x0F000000 == 0x0F000000 and word < 0xF0000000:
                address = region.address + skew + 4 * i
                if program.state(address) in ("a", None):
                    yield _trap(address, 4, word & 0xFFFFFF, "a")
        # Bytes are searched for, which is faster than a loop over halfwords.
        data, at = region.data, 0
        while (at := data.find(b"\xdf", at) + 1) > 0:
            address = region.address + at - 2
            if at >= 2 and not address & 1 and program.state(address) in ("t", None):
                yield _trap(address, 2, data[at - 2], "t")

    def plausible(self, trap: Trap, usual: bool) -> bool:
        """In ARM state most instructions have the condition "always" in their upper bits."""
        region = self.program.region(trap.address)
        if region is None:
            return False
        end = trap.address - region.address & ~3
        likely = []
        for size in _WINDOWS:
            found = words(region.data[max(end - 4 * size, 0):end])
            always = 2 * sum(word >> 28 == 14 for word in found)
            likely.append(always >= len(found) if trap.state == "a" else always <= len(found))
        return any(likely) if usual else all(likely)

    def flow(self, line: Line) -> Flow:
        name, operands = line.mnemonic, line.operands
        if name[0] not in _LEAVING and "pc" not in operands:
            return NEXT
        if name[:2] in ("st", "cm", "ts", "vs", "vm"):
            return NEXT
        stem, conditional = _stem(name)
        if stem == "b":
            return Flow(_target(line), False, conditional)
        if stem in ("bl", "blx"):
            return Flow(_target(line), True, True)
        if stem in ("cbz", "cbnz"):
            return Flow(_target(line), False, True)
        if stem in ("udf", "bkpt", "hlt"):
            return STOP
        if stem in ("bx", "bxj", "tbb", "tbh"):
            leaves = True
        elif stem in ("pop", "ldm", "ldmib", "ldmda", "ldmdb"):
            leaves = "pc" in operands.partition("{")[2]
        else:
            leaves = operands[:3] == "pc," or stem == "rfe"
        return (NEXT if conditional else STOP) if leaves else NEXT

    def branches(self, region: Region) -> Iterator[Branch]:
        yield from _arm_branches(region)
        yield from _thumb_branches(region)

    # -- the backward look -------------------------------------------------------------------

    def enter(self, location: Location, line: Line, call: bool,
              state: str) -> Location | int:
        if not call:
            return location
        # The return address, and what stands behind the call: klibc has numbers there.
        address = line.end | (state == "t")
        if location == "lr":
            return address
        if isinstance(location, Mem) and location.base == "lr":
            value = self.program.word(address + location.offset, 4)
            return location if value is None else value
        return location

    def before(self, insn: Any, location: Location) -> list[Source] | None:
        found = self._before(insn, location)
        if found is not None and insn.cc not in (0, _ALWAYS):
            found = [*found, From(location)]        # the condition may not hold
        return found

    def _before(self, insn: Any, location: Location) -> list[Source] | None:
        name = _stem(insn.mnemonic)[0]
        register = location.base if isinstance(location, Mem) else location
        if name in ("bl", "blx"):
            return None if register in _SAVED else [UNKNOWN]
        if name == "svc":
            return [UNKNOWN] if location == "r0" else None
        operands = insn.operands
        if name in ("push", "pop") or name[:3] in ("ldm", "stm"):
            return self._several(insn, name, operands, location)
        if isinstance(location, Mem):
            stored = self._stored(insn, name, operands, location)
            if stored is not None:
                return stored
        written = {insn.reg_name(number) for number in insn.regs_access()[1]}
        base = next((insn.reg_name(o.mem.base) for o in operands if o.type == 3), "")
        if insn.writeback:
            written.add(base)
        if register not in written:
            return None
        if isinstance(location, Mem):
            return self._moved_base(insn, name, operands, location, base)
        if insn.writeback and base == register:
            return [UNKNOWN]
        return self._result(insn, name, operands, location)

    def _result(self, insn: Any, name: str, operands: Any, register: str) -> list[Source]:
        if operands[0].type != 1 or insn.reg_name(operands[0].reg) != register \
                or len(operands) < 2:
            return self._loaded_pair(insn, name, operands, register)
        last = operands[-1]
        if name in ("mov", "movw") and len(operands) == 2:
            if last.type == 2:
                return [last.imm & self.mask]
            return [UNKNOWN] if last.shift.type else [From(insn.reg_name(last.reg))]
        if name == "mvn" and last.type == 2:
            return [~last.imm & self.mask]
        if name == "movt" and last.type == 2:
            return [From(register, "merge", 0xFFFF0000 << 64 | (last.imm & 0xFFFF) << 16)]
        if name in ("ldr", "ldrd"):
            return self._loaded(insn, name, operands, 0)
        if name in ("ldrh", "ldrb"):
            found = self._loaded(insn, name, operands, 0)[0]
            bits = 0xFFFF if name == "ldrh" else 0xFF
            if isinstance(found, int):
                return [found & bits]
            return [From(found.location, "&", bits)] if isinstance(found, From) else [UNKNOWN]
        if name in ("uxth", "uxtb", "sxth", "sxtb") and last.type == 1 and not last.shift.type:
            bits = 16 if name[-1] == "h" else 8
            return [From(insn.reg_name(last.reg), "sext", bits) if name[0] == "s" else
                    From(insn.reg_name(last.reg), "&", (1 << bits) - 1)]
        if name == "eor" and len(operands) == 3 and operands[1].type == last.type == 1 \
                and operands[1].reg == last.reg and not last.shift.type:
            return [0]
        # Two operands mean that the first is also the second.
        source = insn.reg_name(operands[-2].reg)
        if name in ("add", "sub", "rsb", *_ARITHMETIC) and last.type == 2 and source != "pc":
            if name == "rsb":
                return [From(source, "-", last.imm)]
            return [From(source, _ARITHMETIC[name], -last.imm if name == "sub" else last.imm)]
        return [UNKNOWN]

    def _loaded_pair(self, insn: Any, name: str, operands: Any, register: str) -> list[Source]:
        if name == "ldrd" and len(operands) > 2 and operands[1].type == 1 \
                and insn.reg_name(operands[1].reg) == register:
            return self._loaded(insn, name, operands, 4)
        return [UNKNOWN]

    def _loaded(self, insn: Any, name: str, operands: Any, shift: int) -> list[Source]:
        place = next((o for o in operands if o.type == 3), None)
        if place is None or place.mem.index or place.shift.type:
            return [UNKNOWN]
        base, offset = insn.reg_name(place.mem.base), place.mem.disp
        if place.subtracted:
            offset = -abs(offset)
        if base == "pc":
            # The pc is two instructions ahead, in whole words.
            ahead = 4 if insn._cs.mode & 16 else 8
            value = self.program.word((insn.address & ~3) + ahead + offset + shift, 4)
            return [UNKNOWN if value is None else value]
        if operands[-1].type == 2:
            offset = 0                              # the base moves after the access
        return [From(Mem(base, offset + shift))]

    def _several(self, insn: Any, name: str, operands: Any, location: Location) \
            -> list[Source] | None:
        """push, pop, ldm and stm."""
        if name in ("push", "pop"):
            base, names = "sp", [insn.reg_name(o.reg) for o in operands]
            writeback = True
        else:
            base = insn.reg_name(operands[0].reg)
            names = [insn.reg_name(o.reg) for o in operands[1:]]
            writeback = insn.writeback
        loads = name == "pop" or name[:3] == "ldm"
        span = 4 * len(names)
        down = name in ("push", "ldmdb", "stmdb", "stmfd")
        if name not in ("push", "pop") and name[3:] in ("ib", "da", "ed", "fa", "ea"):
            return [UNKNOWN]
        step = (-span if down else span) if writeback else 0
        first = -span if down else 0                # of the block, from the base before
        if isinstance(location, Mem):
            if location.base != base:
                return [UNKNOWN] if loads and location.base in names else None
            old = location.offset + step
            if not loads and 0 <= old - first < span and not (old - first) % 4:
                return [From(names[(old - first) // 4])]
            return [From(Mem(base, old))] if step else None
        if location == base and step:
            return [UNKNOWN] if loads and base in names else [From(base, "+", step)]
        if loads and location in names:
            return [From(Mem(base, first + 4 * names.index(location)))]
        return None

    def _stored(self, insn: Any, name: str, operands: Any, location: Mem) \
            -> list[Source] | None:
        """What a store puts at a place, None if it does not write there."""
        if name not in ("str", "strd"):
            return None
        place = next((o for o in operands if o.type == 3), None)
        if place is None or place.mem.index or insn.reg_name(place.mem.base) != location.base:
            return None
        offset = -abs(place.mem.disp) if place.subtracted else place.mem.disp
        if operands[-1].type == 2:                  # str r0, [sp], #4
            offset = -operands[-1].imm
        elif insn.writeback:
            offset = 0                              # counted from the base afterwards
        for i in range(2 if name == "strd" else 1):
            if location.offset == offset + 4 * i and operands[i].type == 1:
                return [From(insn.reg_name(operands[i].reg))]
        return None

    def _moved_base(self, insn: Any, name: str, operands: Any, location: Mem,
                    base: str) -> list[Source]:
        if insn.writeback and base == location.base:
            place = next(o for o in operands if o.type == 3)
            last = operands[-1]
            step = last.imm if last.type == 2 else place.mem.disp
            if last.subtracted:
                step = -abs(step)
            return [From(Mem(base, location.offset + step))]
        last = operands[-1]
        if operands[0].type == 1 and insn.reg_name(operands[0].reg) == location.base:
            if name in ("add", "sub") and last.type == 2 and operands[-2].type == 1:
                value = last.imm if name == "add" else -last.imm
                return [From(Mem(insn.reg_name(operands[-2].reg), location.offset + value))]
            if name == "mov" and last.type == 1 and not last.shift.type:
                return [From(Mem(insn.reg_name(last.reg), location.offset))]
        return [UNKNOWN]


def _trap(address: int, size: int, immediate: int, state: str) -> Trap:
    kind = f"svc #{immediate:#x}" if immediate else "svc #0"
    if state == "a" and immediate & OABI_MASK == OABI_BASE:
        return Trap(address, size, kind, "arm_oabi", immediate ^ OABI_BASE, state)
    return Trap(address, size, kind, "arm", None, state)


@lru_cache(4096)
def _stem(name: str) -> tuple[str, bool]:
    """A mnemonic without width, condition and the `s` for flags; whether it had a condition."""
    if name[-2:] in (".w", ".n"):
        name = name[:-2]
    if name in ("b", "bl", "blx", "bx", "svc", "mov", "movs", "ldr", "str", "push", "pop"):
        return ("mov" if name == "movs" else name), False
    if len(name) > 2 and name[-2:] in _CONDITIONS and name not in ("mls", "smlals", "umlals",
                                                                   "teq", "svc", "bics"):
        stem, _ = _stem(name[:-2])
        return stem, True
    if name in ("adds", "subs", "rsbs", "ands", "orrs", "eors", "lsls", "lsrs", "mvns"):
        return name[:-1], False
    if name in ("addw", "subw"):
        return name[:-1], False
    return name, False


def _arm_branches(region: Region) -> Iterator[Branch]:
    skew = -region.address % 4
    base = region.address + skew
    for i, word in enumerate(words(region.data[skew:])):
        if word & 0x0E000000 == 0x0A000000:
            offset = ((word & 0xFFFFFF) - ((word & 0x800000) << 1)) * 4
            address = base + 4 * i
            target = address + 8 + offset
            if word >= 0xF0000000:                  # blx
                yield Branch(address, target + (word >> 23 & 2), True, "a", "t")
            else:
                yield Branch(address, target, bool(word & 0x01000000), "a", "a")


def _thumb_branches(region: Region) -> Iterator[Branch]:
    skew = region.address & 1
    data = region.data[skew:]
    halves = struct.unpack(f"<{len(data) // 2}H", data[:len(data) & ~1])
    base = region.address + skew
    for i, high in enumerate(halves[:-1]):
        if high & 0xF800 != 0xF000:
            continue
        low = halves[i + 1]
        kind = low & 0xD000
        if kind not in (0xD000, 0xC000, 0x9000):
            continue
        sign = high >> 10 & 1
        bit1, bit2 = (low >> 13 & 1) ^ sign ^ 1, (low >> 11 & 1) ^ sign ^ 1
        offset = bit1 << 23 | bit2 << 22 | (high & 0x3FF) << 12 | (low & 0x7FF) << 1
        offset -= sign << 24
        address = base + 2 * i
        if kind == 0xC000:
            yield Branch(address, (address & ~3) + 4 + offset, True, "t", "a")
        else:
            yield Branch(address, address + 4 + offset, kind == 0xD000, "t", "t")


def _target(line: Line) -> int | None:
    text = line.operands.rpartition("#")[2]
    try:
        return int(text, 0)
    except ValueError:
        return None
