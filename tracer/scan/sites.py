"""The trap sites of a program."""
from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from sysnames import table
from tracer.scan import frames
from tracer.scan.isa import Code, Isa, Trap
from tracer.scan.program import Program
from tracer.scan.values import Found, look

REACH_MAX = 400             # instructions on the way back to a function's start


class Site(NamedTuple):
    """A trap instruction and what is known about it.

    trap: where and what.  function: name and offset, or None.  numbers: the call numbers that
    the register can hold; names: of those that the table has, in the order of numbers.
    complete: whether there are no others, as far as direct branches tell; callers: the numbers
    come from the callers of the function.  file, line: by DWARF, "" and 0 without.
    """

    trap: Trap
    function: tuple[str, int] | None
    numbers: tuple[int, ...]
    names: tuple[str, ...]
    complete: bool
    callers: bool
    file: str = ""
    line: int = 0


def isa_of(program: Program) -> Isa:
    """The instruction set of a program."""
    if program.abi == "aarch64":
        from tracer.scan.aarch64 import AArch64
        return AArch64(program)
    if program.abi == "arm":
        from tracer.scan.arm import Arm
        return Arm(program)
    from tracer.scan.x86 import X86
    return X86(program)


def code_of(program: Program) -> Code:
    """The code of a program, with the starts of functions from all tables it has."""
    program.add_symbols(frames.go_symbols(program))
    found = frames.starts(program)
    functions = {address for address, _ in found}
    functions.update(s.address for s in program.symbols if s.function)
    functions.add(program.entry & ~1 if program.abi == "arm" else program.entry)
    ends = dict(found)
    ends.update((s.address, s.address + s.size) for s in program.symbols if s.function and s.size)
    return Code(program, isa_of(program), functions, ends)


def find(program: Program, lines: bool = True) -> list[Site]:
    """All trap sites, by address.  lines: look for file and line in DWARF."""
    code = code_of(program)
    sites = [_site(code, trap) for trap in _traps(code)]
    if lines and sites:
        from tracer.scan.lines import locate
        places = locate(program, [site.trap.address for site in sites])
        sites = [site._replace(file=places[site.trap.address][0],
                               line=places[site.trap.address][1])
                 if site.trap.address in places else site for site in sites]
    return sites


def _traps(code: Code) -> Iterator[Trap]:
    found = []
    for region in code.program.regions:
        found += [trap for trap in code.isa.traps(region) if _is_code(code, trap)]
    found.sort()
    yield from found


def _is_code(code: Code, trap: Trap) -> bool:
    """Whether the bytes of a trap are an instruction, as far as that can be told."""
    program = code.program
    if program.is_data(trap.address):
        return False
    # ARM without mapping symbols: code may be of both states, with data between.
    unsure = bool(trap.state) and program.state(trap.address) is None
    usual = trap.kind == "svc #0" if trap.number is None else trap.number in table(trap.table)
    if unsure and not usual and not code.isa.plausible(trap, usual):
        return False
    line = code.line(trap.address, trap.state)
    if line is None or line.size != trap.size:
        return False
    if not unsure:
        return True
    reached = _reached(code, trap, REACH_MAX if usual else REACH_MAX // 4)
    if not reached and not (usual and code.isa.plausible(trap, usual)):
        return False
    return not any(_is_literal(code, trap.address, state)
                   for state in (trap.state if reached else "at"))


def _reached(code: Code, trap: Trap, limit: int) -> bool:
    """Whether direct ways lead to a trap from a place whose state is known."""
    known = code.program.states
    work, seen = [(trap.address, trap.state)], {(trap.address, trap.state)}
    while work and len(seen) < limit:
        address, state = work.pop()
        if known.get(address) == state:
            return True
        for line, _, before in code.predecessors(address, state):
            if line.mnemonic != ".byte" and (line.address, before) not in seen:
                seen.add((line.address, before))
                work.append((line.address, before))
    return False


def _is_literal(code: Code, address: int, state: str) -> bool:
    """Whether an instruction near it loads the word an address is in."""
    ahead = 4 if state == "t" else 8
    piece = code.piece(address, state)
    for line in piece.lines.values() if piece is not None else ():
        if line.mnemonic.startswith("ldr") and "[pc, #" in line.operands:
            offset = line.operands.partition("[pc, #")[2].partition("]")[0]
            try:
                if (line.address & ~3) + ahead + int(offset, 0) == address & ~3:
                    return True
            except ValueError:
                continue
    return False


def _site(code: Code, trap: Trap) -> Site:
    numbers = table(trap.table)
    if trap.number is not None:
        found = Found(frozenset((trap.number,)), True, False)
    else:
        found = look(code, trap.address, trap.state, code.isa.NUMBER)
    # The kernel takes the lower half of the register.
    held = sorted({number & 0xFFFFFFFF for number in found.numbers})
    names = tuple(numbers[n] for n in held if n in numbers)
    return Site(trap, code.program.symbol(trap.address), tuple(held), names, found.complete,
                found.callers)
