"""x86: the trap instructions of 32- and 64-bit code."""
from __future__ import annotations

import re
from collections.abc import Iterator
from functools import partial
from typing import Any

from loader.elf import PF_W
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
from tracer.scan.program import Program, Region

_LEGACY = {"a": "rax", "b": "rbx", "c": "rcx", "d": "rdx"}


def _names() -> dict[str, tuple[str, int, int]]:
    """Register → whole register, lowest bit, bits."""
    names: dict[str, tuple[str, int, int]] = {}
    for letter, whole in _LEGACY.items():
        names |= {whole: (whole, 0, 64), f"e{letter}x": (whole, 0, 32),
                  f"{letter}x": (whole, 0, 16), f"{letter}l": (whole, 0, 8),
                  f"{letter}h": (whole, 8, 8)}
    for short in ("si", "di", "bp", "sp"):
        whole = "r" + short
        names |= {whole: (whole, 0, 64), "e" + short: (whole, 0, 32), short: (whole, 0, 16),
                  short + "l": (whole, 0, 8)}
    for i in range(8, 16):
        whole = f"r{i}"
        names |= {whole: (whole, 0, 64), whole + "d": (whole, 0, 32), whole + "w": (whole, 0, 16),
                  whole + "b": (whole, 0, 8)}
    return names


REGISTERS = _names()
_NUMBERED = ("rax", "rcx", "rdx", "rbx", "rsp", "rbp", "rsi", "rdi")
_SAVED = frozenset(("rbx", "rbp", "rsp", "r12", "r13", "r14", "r15"))
_SAVED_32 = frozenset(("rbx", "rsi", "rdi", "rbp", "rsp"))
_ENDS = frozenset(("ret", "retf", "iret", "iretd", "iretq", "hlt", "ud2", "ud0", "ud1", "int3",
                   "sysret", "sysexit"))
_GS_CALL = bytes.fromhex("65ff1510000000")          # call *%gs:0x10
_TRAPS = re.compile(rb"\x0f\x05|\x0f\x34|\xcd\x80|\x65\xff\x15\x10\0\0\0|\xff\x15", re.DOTALL)
_BRANCHES = re.compile(rb"[\xe8\xe9]|\x0f[\x80-\x8f]", re.DOTALL)
_INT80 = bytes.fromhex("cd80c3")                    # int $0x80; ret
# What an operation with an immediate does to its operand.
_ARITHMETIC = {"add": "+", "or": "|", "and": "&", "xor": "^", "shl": "<<", "sal": "<<",
               "shr": ">>"}


class X86(Isa):
    """Code of x86_64 and i386 programs."""

    NUMBER, STACK = "rax", "rsp"

    def __init__(self, program: Program) -> None:
        self.wide = program.abi == "x86_64"
        self.WORD = 8 if self.wide else 4
        super().__init__(program)
        self.saved = _SAVED if self.wide else _SAVED_32

    def disassembler(self, state: str, detail: bool) -> Any:
        from capstone import CS_ARCH_X86, CS_MODE_32, CS_MODE_64, Cs
        engine = Cs(CS_ARCH_X86, CS_MODE_64 if self.wide else CS_MODE_32)
        engine.skipdata = True
        engine.detail = detail
        return engine

    def traps(self, region: Region) -> Iterator[Trap]:
        abi = self.program.abi
        for match in _TRAPS.finditer(region.data):
            found, address = match[0], region.address + match.start()
            if found == b"\x0f\x05":
                yield Trap(address, 2, "syscall", abi)
            elif found == b"\x0f\x34":
                yield Trap(address, 2, "sysenter", "i386")
            elif found == b"\xcd\x80":
                yield Trap(address, 2, "int 0x80", "i386")
            elif not self.wide:
                if found == _GS_CALL:
                    yield Trap(address, 7, "call *%gs:0x10", abi)
                elif self._calls_entry(match.start(), region):
                    yield Trap(address, 6, "call *sysinfo", abi)

    def _calls_entry(self, at: int, region: Region) -> bool:
        """Whether a call is through a variable that starts as a pointer to `int $0x80; ret`.

        glibc's _dl_sysinfo is one in static programs; the kernel's entry is put there later.
        """
        return self._is_entry(int.from_bytes(region.data[at + 2:at + 6], "little"))

    def _is_entry(self, variable: int) -> bool:
        pointer = self.program.word(variable, 4)
        return pointer is not None and self.program.region(pointer) is not None \
            and self.program.read(pointer, 3) == _INT80

    def flow(self, line: Line) -> Flow:
        mnemonic = line.mnemonic
        first = mnemonic[0]
        if first not in "jcrlhuibnsx":
            return NEXT
        if " " in mnemonic:                 # bnd, notrack, repz
            mnemonic = mnemonic.rpartition(" ")[2]
        if mnemonic in _ENDS:
            return STOP
        if mnemonic == "call":
            return Flow(_target(line), True, True)
        if mnemonic == "jmp":
            return Flow(_target(line), False, False)
        if mnemonic[0] == "j" or mnemonic[:4] == "loop" or mnemonic == "xbegin":
            return Flow(_target(line), False, True)
        return NEXT

    def branches(self, region: Region) -> Iterator[Branch]:
        data, base = region.data, region.address
        program = self.program
        mask = self.mask
        low, high = program.regions[0].address, program.regions[-1].end
        for match in _BRANCHES.finditer(data):
            start, end = match.span()
            target = base + end + 4 + int.from_bytes(data[end:end + 4], "little", signed=True)
            target &= mask
            if low <= target < high:
                yield Branch(base + start, target, data[start] == 0xE8)

    # -- the backward look -------------------------------------------------------------------

    def enter(self, location: Location, line: Line, call: bool,
              state: str) -> Location | int:
        if call and isinstance(location, Mem) and location.base == "rsp":
            return Mem("rsp", location.offset - self.WORD)
        return location

    def before(self, insn: Any, location: Location) -> list[Source] | None:
        if isinstance(location, Mem):
            return self._memory(insn, location)
        name = insn.mnemonic
        if name == "call":
            return self._called(insn, location)
        if name in ("syscall", "sysenter", "int"):
            return [UNKNOWN] if location == "rax" or (name == "syscall"
                                                      and location in ("rcx", "r11")) else None
        writes = insn.regs_access()[1]
        if not any(self._whole(insn, number) == location for number in writes):
            return None
        operands = insn.operands
        if operands and operands[0].type == 1:
            whole, low, bits = REGISTERS.get(insn.reg_name(operands[0].reg), ("", 0, 0))
            if whole == location:
                return self._written(insn, name, operands, whole, low, bits)
        if name in ("cdqe", "cwde") and location == "rax":
            return [From("rax", "sext", 32 if name == "cdqe" else 16)]
        if name == "xchg" and operands[1].type == 1:
            return self._part(operands[0], insn)
        return [UNKNOWN]

    def _called(self, insn: Any, location: str) -> list[Source] | None:
        """What a call does to a register."""
        if location in self.saved:
            return None
        operand = insn.operands[0]
        if operand.type == 2:
            # Position-independent i386 code gets its address by `mov (%esp), %reg; ret`.
            code = self.program.read(operand.imm & self.mask, 4)
            if code[:1] == b"\x8b" and code[2:] == b"\x24\xc3" and code[1] & 0xC7 == 4:
                return [UNKNOWN] if location == _NUMBERED[code[1] >> 3 & 7] else None
        if operand.type == 3 and not self.wide and location != "rax" and (
                bytes(insn.bytes) == _GS_CALL or self._is_entry(operand.mem.disp)):
            return None                     # the kernel keeps the registers
        return [UNKNOWN]

    def _whole(self, insn: Any, number: int) -> str:
        return REGISTERS.get(insn.reg_name(number), ("", 0, 0))[0]

    def _written(self, insn: Any, name: str, operands: Any, whole: str, low: int,
                 bits: int) -> list[Source]:
        """The value of a register that is an instruction's first operand."""
        sources = self._result(insn, name, operands, whole, low, bits)
        if bits >= 32:
            return sources
        # The rest of the register stays.
        part = ((1 << bits) - 1) << low
        merged: list[Source] = []
        for source in sources:
            if not isinstance(source, int):
                return [UNKNOWN]
            merged.append(From(whole, "merge", part << 64 | (source << low & part)))
        return merged

    def _result(self, insn: Any, name: str, operands: Any, whole: str, low: int,
                bits: int) -> list[Source]:
        mask = (1 << bits) - 1
        if len(operands) == 1:
            if name == "pop":
                return [From(Mem("rsp", 0))]
            if name.startswith("set"):
                return [0, 1]
            if name in ("inc", "dec", "neg", "not") and bits >= 32:
                op, operand = {"inc": ("+", 1), "dec": ("+", -1), "neg": ("-", 0),
                               "not": ("^", mask)}[name]
                return [From(whole, op, operand)]
            return [UNKNOWN]
        source = operands[1]
        if name in ("mov", "movabs", "movzx", "movsx", "movsxd"):
            return self._moved(insn, name, source, mask)
        if name.startswith("cmov"):
            return [*self._moved(insn, "mov", source, mask), From(whole)]
        if name == "lea" and source.mem.index == 0 and source.mem.base:
            base = insn.reg_name(source.mem.base)
            if base in ("rip", "eip"):
                return [insn.address + insn.size + source.mem.disp & mask]
            return [From(REGISTERS[base][0], "+", source.mem.disp)]
        if name in ("xor", "sub") and source.type == 1 and source.reg == operands[0].reg:
            return [0]
        if name == "sbb" and source.type == 1 and source.reg == operands[0].reg:
            return [0, mask]
        if source.type == 2 and len(operands) == 2:
            value = source.imm & mask
            if name == "or" and value == mask:
                return [mask]
            if name == "and" and value == 0:
                return [0]
            if bits >= 32:
                if name in _ARITHMETIC:
                    return [From(whole, _ARITHMETIC[name], value)]
                if name == "sub":
                    return [From(whole, "+", -value)]
        if name == "imul" and len(operands) == 3 and bits >= 32 and source.type == 1 \
                and operands[2].type == 2:
            return [From(REGISTERS[insn.reg_name(source.reg)][0], "*", operands[2].imm)]
        if name == "xchg" and source.type == 1:
            return self._part(source, insn)
        return [UNKNOWN]

    def _part(self, operand: Any, insn: Any) -> list[Source]:
        whole, low, bits = REGISTERS.get(insn.reg_name(operand.reg), ("", 0, 0))
        return [From(whole, "&", (1 << bits) - 1)] if whole and not low else [UNKNOWN]

    def _moved(self, insn: Any, name: str, source: Any, mask: int) -> list[Source]:
        if source.type == 2:
            return [source.imm & mask]
        bits = source.size * 8
        sign = name in ("movsx", "movsxd")
        if source.type == 1:
            whole, low, bits = REGISTERS.get(insn.reg_name(source.reg), ("", 0, 0))
            if not whole or low:
                return [UNKNOWN]
            return [From(whole, "sext", bits) if sign else From(whole, "&", (1 << bits) - 1)]
        if source.type != 3 or source.mem.index or source.mem.segment:
            return [UNKNOWN]
        base = insn.reg_name(source.mem.base) if source.mem.base else ""
        if base in ("", "rip", "eip"):
            address = source.mem.disp + (insn.address + insn.size if base else 0)
            return [self._constant(address & self.mask, source.size)]
        place = Mem(REGISTERS[base][0], source.mem.disp)
        return [From(place, "sext", bits) if sign else From(place, "&", (1 << bits) - 1)]

    def _constant(self, address: int, size: int) -> Source:
        """A variable's value, if it is in memory that cannot be written."""
        for segment in self.program.image.segments:
            if segment.vaddr <= address < segment.vaddr + segment.filesz \
                    and not segment.flags & PF_W:
                value = self.program.word(address, size)
                return UNKNOWN if value is None else value
        return UNKNOWN

    def _memory(self, insn: Any, location: Mem) -> list[Source] | None:
        name, operands, word = insn.mnemonic, insn.operands, self.WORD
        if name == "call":
            return None if location.base in self.saved else [UNKNOWN]
        moved = partial(Mem, location.base)
        if location.base == "rsp":
            if name == "push":
                if location.offset == 0:
                    return self._stored(insn, operands[0])
                return [From(moved(location.offset - word))]
            if name == "pop":
                return [From(moved(location.offset + word))]
            if name == "leave":
                return [From(Mem("rbp", location.offset + word))]
            if name in ("pushfq", "pushfd", "pushf"):
                return [UNKNOWN] if not location.offset else \
                    [From(moved(location.offset - word))]
        if operands and operands[0].type == 3 and name != "push":
            memory = operands[0].mem
            base = insn.reg_name(memory.base) if memory.base else ""
            if not memory.index and not memory.segment and name not in ("cmp", "test") \
                    and REGISTERS.get(base or "", ("",))[0] == location.base \
                    and memory.disp == location.offset:
                if name == "mov":
                    return self._stored(insn, operands[1])
                return [UNKNOWN]
        if not any(self._whole(insn, number) == location.base
                   for number in insn.regs_access()[1]):
            return None
        if len(operands) == 2 and operands[0].type == 1 \
                and self._whole(insn, operands[0].reg) == location.base:
            source = operands[1]
            if name in ("add", "sub") and source.type == 2:
                sign = 1 if name == "add" else -1
                return [From(moved(location.offset + sign * source.imm))]
            if name == "mov" and source.type == 1:
                return [From(Mem(self._whole(insn, source.reg), location.offset))]
            if name == "lea" and source.mem.base and not source.mem.index:
                base = self._whole(insn, source.mem.base)
                if base:
                    return [From(Mem(base, location.offset + source.mem.disp))]
        return [UNKNOWN]

    def _stored(self, insn: Any, operand: Any) -> list[Source]:
        if operand.type == 2:
            return [operand.imm & self.mask]
        if operand.type == 1:
            return self._part(operand, insn)
        if operand.type == 3:
            return self._moved(insn, "mov", operand, self.mask)
        return [UNKNOWN]


def _target(line: Line) -> int | None:
    try:
        return int(line.operands, 0)
    except ValueError:
        return None
