"""What the scanner must know of an instruction set, and code cut into decoded pieces."""
from __future__ import annotations

from abc import ABC, abstractmethod
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from tracer.scan.program import Program, Region

PIECE = 16384           # bytes decoded at a time
LEAD = 64               # bytes decoded before a piece that starts anywhere, to get into step


class Trap(NamedTuple):
    """A trap instruction.

    kind: as it is listed.  table: the ABI whose call numbers hold.  number: the call's, if it
    stands in the instruction.  state: ARM's `a` or `t`, else "".
    """

    address: int
    size: int
    kind: str
    table: str
    number: int | None = None
    state: str = ""


class Line(NamedTuple):
    """One decoded instruction, as text."""

    address: int
    size: int
    mnemonic: str
    operands: str

    @property
    def end(self) -> int:
        return self.address + self.size


class Flow(NamedTuple):
    """Where an instruction leads: a direct target, whether by a call, whether to the next too."""

    target: int | None
    call: bool
    falls: bool


class Branch(NamedTuple):
    """A direct branch: address, target, whether it is a call, ARM's states of both."""

    address: int
    target: int
    call: bool
    state: str = ""
    target_state: str = ""


NEXT = Flow(None, False, True)
STOP = Flow(None, False, False)


class Mem(NamedTuple):
    """The word at a register's value plus a displacement."""

    base: str
    offset: int


Location = str | Mem        # registers by their full names


class From(NamedTuple):
    """A value that is made of the one that a location had before: value ← op(value, operand)."""

    location: Location
    op: str = ""
    operand: int = 0


class Unknown:
    """A value that cannot be told."""


UNKNOWN = Unknown()
Source = int | From | Unknown

_OPS = {
    "": lambda a, b: a,
    "+": lambda a, b: a + b,
    "-": lambda a, b: b - a,            # operand minus value
    "&": lambda a, b: a & b,
    "|": lambda a, b: a | b,
    "^": lambda a, b: a ^ b,
    "<<": lambda a, b: a << (b & 63),
    ">>": lambda a, b: a >> (b & 63),
    "*": lambda a, b: a * b,
    # Some bits are the operand's: the mask of these stands in its upper half.
    "merge": lambda a, b: (a & ~(b >> 64)) | (b & (1 << 64) - 1),
    "sext": lambda a, b: (a & (1 << b) - 1) - ((a & 1 << (b - 1)) << 1),
}


def apply(value: int, steps: tuple[tuple[str, int], ...], mask: int) -> int:
    """The value after operations, the last of the tuple first."""
    for op, operand in reversed(steps):
        value = _OPS[op](value, operand) & mask
    return value


class Isa(ABC):
    """An instruction set.  Registers have one name each, whatever part of them is meant."""

    NUMBER: str                 # the register with the call number
    STACK: str
    WORD: int

    def __init__(self, program: Program) -> None:
        self.program = program
        self.mask = (1 << 8 * self.WORD) - 1

    @abstractmethod
    def disassembler(self, state: str, detail: bool) -> Any:
        """A capstone.Cs for an ARM state ("" where there is only one)."""

    @abstractmethod
    def traps(self, region: Region) -> Iterator[Trap]:
        """Where the bytes of a region could be trap instructions."""

    @abstractmethod
    def flow(self, line: Line) -> Flow:
        """Where an instruction leads."""

    @abstractmethod
    def branches(self, region: Region) -> Iterator[Branch]:
        """What may be direct branches to far targets, by the bytes alone."""

    @abstractmethod
    def before(self, insn: Any, location: Location) -> list[Source] | None:
        """What a location's value after an instruction (capstone's, detailed) is made of.

        None: the instruction does not change it.
        """

    def plausible(self, trap: Trap, usual: bool) -> bool:
        """Whether the bytes before a trap look like code of its state.

        usual: whether the trap itself looks as most do.
        """
        return True

    def enter(self, location: Location, line: Line, call: bool,
              state: str) -> Location | int:
        """What a location at a function's start is in the caller, before a call or jump."""
        return location


class Piece:
    """Decoded code: lines by address, direct branches within by target."""

    def __init__(self, lines: list[Line], isa: Isa) -> None:
        self.lines = {line.address: line for line in lines}
        self.ends = {line.end: line for line in lines}
        self.sources: dict[int, list[Line]] = {}
        for line in lines:
            target = isa.flow(line).target
            if target is not None:
                self.sources.setdefault(target, []).append(line)


class Code:
    """A program's code, decoded piece by piece when asked for."""

    def __init__(self, program: Program, isa: Isa,
                 bounds: Iterable[int], ends: dict[int, int]) -> None:
        """bounds: where functions start.  ends: start → end of those whose end is known."""
        self.program, self.isa = program, isa
        self.functions = set(bounds)
        cuts = {*self.functions, *(end for end in ends.values() if end),
                *(address for address, _ in program.mapping),
                *(r.address for r in program.regions)}
        self._cuts = sorted(cuts)
        self._pieces: dict[tuple[int, str], Piece] = {}
        self._far: dict[int, list[Branch]] | None = None
        self._engines: dict[tuple[str, bool], Any] = {}

    def engine(self, state: str, detail: bool) -> Any:
        """The disassembler for a state."""
        key = state, detail
        if key not in self._engines:
            self._engines[key] = self.isa.disassembler(state, detail)
        return self._engines[key]

    def bounds(self, address: int) -> tuple[int, int]:
        """Start and end of the function (or what is between known bounds) at an address."""
        region = self.program.region(address)
        if region is None:
            return address, address
        i = bisect_right(self._cuts, address)
        start = self._cuts[i - 1] if i else region.address
        end = self._cuts[i] if i < len(self._cuts) else region.end
        return max(start, region.address), min(end, region.end)

    def piece(self, address: int, state: str) -> Piece | None:
        """The piece an address is in."""
        region = self.program.region(address)
        if region is None:
            return None
        start, end = self.bounds(address)
        first = start + (address - start) // PIECE * PIECE
        key = first, state
        found = self._pieces.get(key)
        if found is None:
            lead = LEAD if first > start or start not in self.functions else 0
            begin = max(first - lead, region.address if first == start else start)
            last = min(first + PIECE, end)
            # An instruction may reach over the end of the piece.
            data = region.data[begin - region.address:min(last + 16, end) - region.address]
            lines = [Line(*row) for row in self.engine(state, False).disasm_lite(data, begin)
                     if first <= row[0] < last]
            found = self._pieces[key] = Piece(lines, self.isa)
        return found

    def line(self, address: int, state: str) -> Line | None:
        """The instruction that starts at an address, None if the code has none there."""
        piece = self.piece(address, state)
        return piece.lines.get(address) if piece is not None else None

    def detail(self, line: Line, state: str) -> Any:
        """The instruction as capstone's object with operands, or None."""
        region = self.program.region(line.address)
        if region is None:
            return None
        at = line.address - region.address
        data = region.data[at:at + line.size]
        return next(self.engine(state, True).disasm(data, line.address, 1), None)

    def far(self, target: int, state: str) -> list[Branch]:
        """What may be branches from anywhere to an address."""
        if self._far is None:
            self._far = {}
            for region in self.program.regions:
                for branch in self.isa.branches(region):
                    self._far.setdefault(branch.target, []).append(branch)
        return [b for b in self._far.get(target, ()) if b.target_state == state]

    def predecessors(self, address: int, state: str) -> Iterator[tuple[Line, bool, str]]:
        """The instructions after which the one at an address may come.

        With each: whether it is a call, and its ARM state.
        """
        seen = set()
        if address not in self.functions:
            piece = self.piece(address - 1, state)
            above = piece.ends.get(address) if piece is not None else None
            if above is not None and self.isa.flow(above).falls:
                seen.add(above.address)
                yield above, False, state
        piece = self.piece(address, state)
        near = piece.sources.get(address, []) if piece is not None else []
        for line in near:
            if line.address not in seen:
                seen.add(line.address)
                yield line, self.isa.flow(line).call, state
        for branch in self.far(address, state):
            if branch.address not in seen:
                seen.add(branch.address)
                found = self.line(branch.address, branch.state)
                flow = self.isa.flow(found) if found is not None else NEXT
                if found is not None and flow.target == address and flow.call == branch.call:
                    yield found, branch.call, branch.state
