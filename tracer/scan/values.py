"""The backward look: which numbers a register can hold when an instruction is reached.

The way back goes over every direct branch that leads to an instruction, and from the start of a
function to its direct callers.  What comes from indirect calls and from memory that others may
write to is not seen.
"""
from __future__ import annotations

from typing import NamedTuple

from tracer.scan.isa import Code, From, Location, Unknown, apply

STEPS_MAX = 4000            # instructions looked at for one answer
DEPTH_MAX = 4               # callers of callers
CALLERS_MAX = 400
VALUES_MAX = 600


class Found(NamedTuple):
    """The answer.  complete: no way back ended without a number; callers: numbers come from
    the callers of the function."""

    numbers: frozenset[int]
    complete: bool
    callers: bool


Steps = tuple[tuple[str, int], ...]


def look(code: Code, address: int, state: str, register: str) -> Found:
    """The numbers in a register before the instruction at an address is executed."""
    isa = code.isa
    numbers: set[int] = set()
    complete, by_callers = True, False
    steps = callers = 0
    work: list[tuple[int, str, Location, Steps, int]] = [(address, state, register, (), 0)]
    seen = {work[0][:4]}
    while work:
        at, mode, location, chain, depth = work.pop()
        known = False
        for line, call, state in code.predecessors(at, mode):
            known = True
            steps += 1
            if steps > STEPS_MAX or len(numbers) > VALUES_MAX:
                return Found(frozenset(numbers), False, by_callers)
            level = depth
            if call or (at in code.functions and isa.flow(line).target == at):
                by_callers = True
                callers += 1
                level += 1
                if level > DEPTH_MAX or callers > CALLERS_MAX:
                    complete = False
                    continue
                before = isa.enter(location, line, call, state)
                sources: list[int | From | Unknown] = [
                    before if isinstance(before, int) else From(before)]
            else:
                insn = code.detail(line, state)
                found = [Unknown()] if insn is None or not insn.id else isa.before(insn, location)
                sources = [From(location)] if found is None else [*found]
            for source in sources:
                if isinstance(source, Unknown):
                    complete = False
                elif isinstance(source, int):
                    numbers.add(apply(source, chain, isa.mask))
                else:
                    longer = (*chain, (source.op, source.operand)) if source.op else chain
                    key = line.address, state, source.location, longer
                    if len(longer) > 16:
                        complete = False
                    elif key not in seen:
                        seen.add(key)
                        work.append((*key, level))
        if not known:
            complete = False
    return Found(frozenset(numbers), complete, by_callers)
