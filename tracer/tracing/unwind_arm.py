"""Unwinding by ARM's exception index table (Exception Handling ABI for the Arm Architecture,
IHI 0038, sections 5 to 10)."""
from __future__ import annotations

from bisect import bisect_right
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.kernel.task import Task
    from tracer.tracing.unwind import Caller, Module, Registers

_SP, _LR, _PC = 13, 14, 15
_CANTUNWIND, _FINISH = 1, 0xB0
_tables: WeakKeyDictionary[Module, tuple[list[int], list[int]]] = WeakKeyDictionary()


def _prel31(word: int, place: int) -> int:
    """A place-relative offset of 31 bits."""
    return place + ((word & 0x7FFFFFFF ^ 0x40000000) - 0x40000000) & 0xFFFFFFFF


def _table(module: Module) -> tuple[list[int], list[int]]:
    """Where functions start, and where their index entries are."""
    found = _tables.get(module)
    if found is None:
        section: Any = module.elf.get_section_by_name(".ARM.exidx")
        data, base = section.data(), section["sh_addr"]
        places = list(range(base, base + len(data) - 7, 8))
        starts = [_prel31(int.from_bytes(data[i:i + 4], "little"), base + i)
                  for i in range(0, len(data) - 7, 8)]
        found = _tables[module] = starts, places
    return found


def _instructions(task: Task, place: int, bias: int) -> Iterator[int] | None:
    """The unwinding bytes of an index entry; None when there is no way up."""
    def word(address: int) -> int:
        return task.mem.read_int(address + bias, 4)

    def packed(first: int, count: int, at: int, more: int) -> Iterator[int]:
        """The low ``count`` bytes of a word, then the bytes of ``more`` words."""
        yield from first.to_bytes(4, "big")[4 - count:]
        for i in range(more):
            yield from word(at + 4 * i).to_bytes(4, "big")

    entry = word(place + 4)
    if entry == _CANTUNWIND:
        return None
    if entry >> 31:
        return packed(entry, 3, 0, 0)
    at = _prel31(entry, place + 4)
    first = word(at)
    if not first >> 31:             # a personality routine of its own, then like the first form
        at += 4
        first = word(at)
        return packed(first, 3, at + 4, first >> 24)
    if first >> 24 & 0xF == 0:
        return packed(first, 3, 0, 0)
    return packed(first, 2, at + 4, first >> 16 & 0xFF)


def caller(task: Task, module: Module, address: int, bias: int,
           registers: Registers) -> Caller | None:
    """The calling frame's pc and registers; None at the outermost.  Raises Fault."""
    starts, places = _table(module)
    i = bisect_right(starts, address) - 1
    if i < 0:
        return None
    code = _instructions(task, places[i], bias)
    if code is None:
        return None
    above = dict(registers)
    above.pop(_PC, None)
    vsp = registers[_SP]

    def pop(mask: int) -> None:
        nonlocal vsp
        popped = {}
        for number in range(16):
            if mask >> number & 1:
                popped[number] = task.mem.read_int(vsp, 4)
                vsp += 4
        vsp = popped.get(_SP, vsp)
        above.update(popped)

    for op in code:
        if op < 0x40:
            vsp += (op << 2) + 4
        elif op < 0x80:
            vsp -= (op - 0x40 << 2) + 4
        elif op < 0x90:
            mask = (op & 0xF) << 8 | next(code, 0)
            if not mask:
                return None         # refuses to be unwound
            pop(mask << 4)
        elif op < 0xA0:
            vsp = above[op & 0xF]
        elif op < 0xB0:
            pop((1 << (op & 7) + 1) - 1 << 4 | (op & 8 and 1 << _LR))
        elif op == _FINISH:
            break
        elif op == 0xB1:
            pop(next(code, 0) & 0xF)
        elif op == 0xB2:
            shift = value = 0
            while True:
                byte = next(code, 0)
                value |= (byte & 0x7F) << shift
                shift += 7
                if not byte & 0x80:
                    break
            vsp += 0x204 + (value << 2)
        elif op == 0xB3:
            vsp += 8 * ((next(code, 0) & 0xF) + 1) + 4
        elif 0xB8 <= op < 0xC0:
            vsp += 8 * ((op & 7) + 1) + 4
        elif op in (0xC8, 0xC9):
            vsp += 8 * ((next(code, 0) & 0xF) + 1)
        elif 0xD0 <= op < 0xD8:
            vsp += 8 * ((op & 7) + 1)
        else:
            return None
    above[_SP] = vsp & 0xFFFFFFFF
    pc = above.get(_PC, above.get(_LR, 0))
    return pc & ~1, above, False
