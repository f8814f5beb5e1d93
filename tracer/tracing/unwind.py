"""Stack traces (-k): which functions led to where a task is.

Frames are found by the call frame information of .eh_frame, on ARM by the exception index table
(.ARM.exidx), else by the chain of frame pointers.  Names are those of the ELF symbol tables.
"""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Callable
from io import BytesIO
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

from tracer.errors import Fault
from tracer.memory.vma import PROT_EXEC
from tracer.output.base import Frame

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.memory.vma import Vma
    from tracer.tracing.sourcelines import SourceLines
    from tracer.vfs.base import Inode

FRAMES_MAX = 256
_STT_FUNC, _STT_IFUNC = "STT_FUNC", "STT_GNU_IFUNC"
_modules: WeakKeyDictionary[Inode, Module | None] = WeakKeyDictionary()
_kernel_modules: dict[bytes, Module | None] = {}       # the vDSOs, by content

Registers = dict[int, int]      # DWARF number → value


class Module:
    """An ELF file's symbols and frame information; addresses are those of the file."""

    def __init__(self, data: bytes) -> None:
        """Raises elftools.common.exceptions.ELFError."""
        from elftools.elf.elffile import ELFFile
        self.elf = ELFFile(BytesIO(data))
        self.fixed = self.elf.header["e_type"] == "ET_EXEC"
        self.word = self.elf.elfclass // 8
        self.segments = [(s["p_vaddr"], s["p_offset"], s["p_filesz"])
                         for s in self.elf.iter_segments() if s["p_type"] == "PT_LOAD"]
        found: dict[int, tuple[int, str]] = {}
        tables: list[Any] = [self.elf.get_section_by_name(".symtab"),
                             *(s for s in self.elf.iter_segments() if s["p_type"] == "PT_DYNAMIC")]
        for table in tables:
            for symbol in table.iter_symbols() if table is not None else ():
                if symbol["st_info"]["type"] in (_STT_FUNC, _STT_IFUNC) and symbol["st_value"]:
                    address = symbol["st_value"]
                    if self.elf.header["e_machine"] == "EM_ARM":
                        address &= ~1           # Thumb
                    old = found.get(address)
                    if old is None or (symbol["st_info"]["bind"] == "STB_GLOBAL"
                                       and old[1][:1] == "_"):
                        found[address] = symbol["st_size"], symbol.name
        self.symbols = sorted((a, size, name) for a, (size, name) in found.items())
        self._starts: list[int] | None = None
        self._sources: SourceLines | None = None
        self._entries: list[Any] = []
        self._rows: dict[int, list[Any]] = {}

    def address(self, offset: int) -> int | None:
        """The address of a byte of the file."""
        for address, start, size in self.segments:
            if start <= offset < start + size:
                return int(address + offset - start)
        return None

    def symbol(self, address: int) -> tuple[str, int] | None:
        """The function at an address, and how far into it the address is."""
        i = bisect_right(self.symbols, (address, 1 << 64, "")) - 1
        if i < 0:
            return None
        start, size, name = self.symbols[i]
        return (name, address - start) if address < start + size or not size else None

    def source(self, address: int) -> tuple[str, int] | None:
        """The path and line of source at an address, if the file has debug information."""
        if self._sources is None:
            from tracer.tracing.sourcelines import SourceLines
            self._sources = SourceLines(self.elf)
        return self._sources.find(address)

    def frame_entry(self, address: int) -> Any:
        """The frame description entry of elftools for an address, or None."""
        if self._starts is None:
            from elftools.dwarf.callframe import FDE
            info = self._frame_information()
            entries = info.get_entries() if info is not None else []
            self._entries = sorted((e for e in entries if isinstance(e, FDE)),
                                   key=lambda e: int(e["initial_location"]))
            self._starts = [e["initial_location"] for e in self._entries]
        i = bisect_right(self._starts, address) - 1
        if i < 0:
            return None
        entry = self._entries[i]
        return entry if address < entry["initial_location"] + entry["address_range"] else None

    def _frame_information(self) -> Any:
        """The call frame information, found by the program header: sections may be stripped."""
        from elftools.dwarf.callframe import CallFrameInfo
        from elftools.dwarf.structs import DWARFStructs
        for segment in self.elf.iter_segments():
            if segment["p_type"] != "PT_GNU_EH_FRAME":
                continue
            header = segment.data()
            if header[:2] != b"\1\x1b":         # version, pointer as DW_EH_PE_pcrel | sdata4
                break
            start = segment["p_vaddr"] + 4 + int.from_bytes(header[4:8], "little", signed=True)
            for load in self.elf.iter_segments():
                if load["p_type"] == "PT_LOAD" and \
                        load["p_vaddr"] <= start < load["p_vaddr"] + load["p_filesz"]:
                    data = load.data()[start - load["p_vaddr"]:]
                    structs = DWARFStructs(little_endian=True, dwarf_format=32,
                                           address_size=self.word)
                    return _until_the_end(CallFrameInfo, data, start, structs)
        section: Any = self.elf.get_section_by_name(".eh_frame")
        if section is None:
            return None
        structs = DWARFStructs(little_endian=True, dwarf_format=32, address_size=self.word)
        return CallFrameInfo(stream=BytesIO(section.data()), size=section.data_size,
                             address=section["sh_addr"], base_structs=structs,
                             for_eh_frame=True)

    def row(self, entry: Any, address: int) -> dict[Any, Any]:
        """The line of an entry's table that is for an address."""
        table = self._rows.get(entry.offset)
        if table is None:
            table = self._rows[entry.offset] = entry.get_decoded().table
        found: dict[Any, Any] = {}
        for row in table:
            if row["pc"] > address:
                break
            found = row
        return found


def _until_the_end(kind: Any, data: bytes, address: int, structs: Any) -> Any:
    """Frame information whose size only its terminator, a length of zero, tells."""
    end = 0
    while end + 4 <= len(data):
        length = int.from_bytes(data[end:end + 4], "little")
        end += 4 + length
        if not length:
            break
    end = min(end, len(data))
    return kind(stream=BytesIO(data[:end]), size=end, address=address, base_structs=structs,
                for_eh_frame=True)


def _load(data: bytes) -> Module | None:
    from elftools.common.exceptions import ELFError
    try:
        return Module(data)
    except (ELFError, ValueError):
        return None


def module_of(task: Task, vma: Vma) -> Module | None:
    """The ELF file behind a mapping."""
    inode = vma.backing.inode if vma.backing is not None else None
    if inode is None:
        if vma.name != "[vdso]":
            return None
        data = bytes(task.mem.read(vma.start, vma.end - vma.start))
        if data not in _kernel_modules:
            _kernel_modules[data] = _load(data)
        return _kernel_modules[data]
    if inode not in _modules:
        pages = range((inode.getattr().size + 4095) >> 12)
        _modules[inode] = _load(b"".join(bytes(inode.page(i) or b"") for i in pages))
    return _modules[inode]


class Place:
    """Where code belongs: the mapping's name ("" for none), its module, the address in the file."""

    __slots__ = ("address", "bias", "module", "name")

    def __init__(self, task: Task, pc: int) -> None:
        self.name = ""
        self.module: Module | None = None
        self.address, self.bias = pc, 0
        for vma in task.mem.vmas:
            if vma.start <= pc < vma.end and vma.prot & PROT_EXEC:
                self.name = (vma.file.name().decode("utf-8", "backslashreplace")
                             if vma.file is not None else vma.name)
                self.module = module_of(task, vma)
                if self.module is not None:
                    address = self.module.address(vma.offset + pc - vma.start)
                    if address is not None:
                        self.address, self.bias = address, pc - address
                break

    def frame(self, sources: bool = False) -> Frame:
        """As a frame of a stack; sources: with the line of source, if it is known."""
        symbol = self.module.symbol(self.address) if self.module is not None else None
        function, offset = symbol if symbol is not None else (None, 0)
        found = self.module.source(self.address) if sources and self.module is not None else None
        return Frame(self.name, function, offset, self.address,
                     None if found is None else f"{found[0]}:{found[1]}")


def backtrace(task: Task, words: tuple[int, ...] | None, sources: bool = False) -> list[Frame]:
    """A task's stack, the innermost frame first.

    words: the raw registers of the trap it is in; None when it is not in a call.  The task's
    registers must be in its engine.  sources: see `Place.frame`.
    """
    engine, abi = task.engine, task.abi
    pc = engine.trap_pc(words) if words is not None else engine.get(engine.PC)
    registers = {n: engine.get(name) for n, name in enumerate(abi.DWARF)}
    frames: list[Frame] = []
    exact = True            # the pc is where execution goes on, not behind a call
    seen = set()
    while pc and len(frames) < FRAMES_MAX:
        pc &= abi.mask
        place = Place(task, pc if exact else pc - 1)
        if not place.name:
            break
        frames.append(place.frame(sources))
        try:
            above = _caller(task, place, registers)
        except (Fault, KeyError, NotImplementedError):
            break
        if above is None:
            break
        pc, registers, exact = above
        key = pc, registers.get(abi.DWARF.index(engine.SP), 0)
        if key in seen:
            break
        seen.add(key)
    return frames


Caller = tuple[int, Registers, bool]


def _caller(task: Task, place: Place, registers: Registers) -> Caller | None:
    """The pc and registers of the calling frame, and whether it was interrupted by a signal."""
    module = place.module
    if module is not None:
        entry = module.frame_entry(place.address)
        if entry is not None:
            return _by_table(task, module, entry, place.address, registers)
        if module.elf.get_section_by_name(".ARM.exidx") is not None:
            from tracer.tracing.unwind_arm import caller
            return caller(task, module, place.address, place.bias, registers)
    if place.name == "[vdso]":
        return _leaf(task, registers)
    return _by_frame_pointer(task, registers)


def _by_table(task: Task, module: Module, entry: Any, address: int,
              registers: Registers) -> Caller | None:
    word, mem, mask = module.word, task.mem, task.abi.mask
    row = module.row(entry, address)
    rule = row["cfa"]
    if rule.reg is not None:
        cfa = registers[rule.reg] + rule.offset & mask
    else:
        cfa = _evaluate(task, entry, rule.expr, registers, None)
    column = entry.cie["return_address_register"]
    stack = task.abi.DWARF.index(task.engine.SP)
    above = dict(registers)
    above[stack] = cfa
    for number, rule in row.items():
        if not isinstance(number, int):
            continue
        if rule.type == "UNDEFINED":
            above.pop(number, None)
        elif rule.type == "OFFSET":
            above[number] = mem.read_int(cfa + rule.arg & mask, word)
        elif rule.type == "VAL_OFFSET":
            above[number] = cfa + rule.arg & mask
        elif rule.type == "REGISTER":
            above[number] = registers[rule.arg]
        elif rule.type in ("EXPRESSION", "VAL_EXPRESSION"):
            value = _evaluate(task, entry, rule.arg, registers, cfa)
            above[number] = mem.read_int(value, word) if rule.type == "EXPRESSION" else value
    pc = above.get(column)
    if pc is None:
        return None                     # the outermost frame says so
    signal = b"S" in entry.cie.header.get("augmentation", b"")
    return pc, above, signal


def _leaf(task: Task, registers: Registers) -> Caller:
    """From a function that has saved nothing: those of our vDSO."""
    abi = task.abi
    if abi.LINK:
        return registers[abi.DWARF.index(abi.LINK)], registers, False
    stack = abi.DWARF.index(task.engine.SP)
    sp = registers[stack]
    return task.mem.read_int(sp, abi.word), {**registers, stack: sp + abi.word}, False


def _by_frame_pointer(task: Task, registers: Registers) -> Caller | None:
    """Saved frame pointer and return address stand where the frame pointer points."""
    abi = task.abi
    if not abi.FP:
        return None
    number = abi.DWARF.index(abi.FP)
    stack = abi.DWARF.index(task.engine.SP)
    frame = registers[number]
    if frame < registers[stack] or frame % abi.word:
        return None
    above = dict(registers)
    above[number] = task.mem.read_int(frame, abi.word)
    above[stack] = frame + 2 * abi.word
    return task.mem.read_int(frame + abi.word, abi.word), above, False


def _evaluate(task: Task, entry: Any, code: list[int], registers: Registers,
              cfa: int | None) -> int:
    """A DWARF expression of call frame information (DWARF 5, 2.5); NotImplementedError."""
    from elftools.dwarf.dwarf_expr import DWARFExprParser
    word, mask = task.abi.word, task.abi.mask
    stack: list[int] = [] if cfa is None else [cfa]
    for operation in DWARFExprParser(entry.structs).parse_expr(code):
        name, arguments = operation.op_name, operation.args
        if name.startswith("DW_OP_breg") and name[10:].isdigit():
            stack.append(registers[int(name[10:])] + arguments[0] & mask)
        elif name.startswith("DW_OP_lit"):
            stack.append(int(name[9:]))
        elif name.startswith("DW_OP_const"):
            stack.append(arguments[0] & mask)
        elif name == "DW_OP_deref":
            stack.append(task.mem.read_int(stack.pop(), word))
        elif name == "DW_OP_plus_uconst":
            stack.append(stack.pop() + arguments[0] & mask)
        elif name in _BINARY:
            right, left = stack.pop(), stack.pop()
            stack.append(_BINARY[name](left, right) & mask)
        else:
            raise NotImplementedError(name)
    return stack[-1]


_BINARY: dict[str, Callable[[int, int], int]] = {
    "DW_OP_plus": lambda a, b: a + b, "DW_OP_minus": lambda a, b: a - b,
    "DW_OP_and": lambda a, b: a & b, "DW_OP_or": lambda a, b: a | b,
    "DW_OP_shl": lambda a, b: a << b, "DW_OP_mul": lambda a, b: a * b,
    "DW_OP_ge": lambda a, b: int(a >= b), "DW_OP_gt": lambda a, b: int(a > b),
    "DW_OP_eq": lambda a, b: int(a == b),
}
