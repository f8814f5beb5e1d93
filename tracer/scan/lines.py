"""File and line of addresses, by DWARF's line tables."""
from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterator
from io import BytesIO
from typing import Any

from tracer.scan.program import Program


def locate(program: Program, addresses: list[int]) -> dict[int, tuple[str, int]]:
    """Address → file and line, for the addresses that the debug information knows.

    Damaged debug information is left out, with a warning.
    """
    if not any(s.name in (".debug_line", ".zdebug_line") for s in program.sections):
        return {}
    wanted = sorted(set(addresses))
    found: dict[int, tuple[str, int]] = {}
    try:
        for unit, line_program in _programs(program, wanted):
            _search(unit, line_program, wanted, found)
    except Exception as error:          # pyelftools raises many kinds on damaged sections
        program.warnings.append(f"damaged debug information ({type(error).__name__})")
    return found


def _programs(program: Program, wanted: list[int]) -> Iterator[tuple[Any, Any]]:
    """The compilation units that may hold one of the addresses, with their line programs."""
    from elftools.elf.elffile import ELFFile
    dwarf = ELFFile(BytesIO(program.data)).get_dwarf_info(relocate_dwarf_sections=False)
    ranges = _Ranges(dwarf)
    for unit in dwarf.iter_CUs():
        if ranges.may_hold(unit, wanted):
            lines = dwarf.line_program_for_CU(unit)
            if lines is not None:
                yield unit, lines


def _between(wanted: list[int], start: int, end: int) -> bool:
    i = bisect_right(wanted, start - 1)
    return i < len(wanted) and wanted[i] < end


class _Ranges:
    """Which addresses a unit has: by .debug_aranges, else by its first entry."""

    def __init__(self, dwarf: Any) -> None:
        self.dwarf = dwarf
        self.by_unit: dict[int, list[tuple[int, int]]] = {}
        table = dwarf.get_aranges()
        for entry in table.entries if table is not None else ():
            self.by_unit.setdefault(entry.info_offset, []).append(
                (entry.begin_addr, entry.begin_addr + entry.length))
        self.lists = dwarf.range_lists()

    def may_hold(self, unit: Any, wanted: list[int]) -> bool:
        known = self.by_unit.get(unit.cu_offset)
        if known is not None:
            return any(_between(wanted, start, end) for start, end in known)
        entry = unit.get_top_DIE()
        attributes = entry.attributes
        low = attributes.get("DW_AT_low_pc")
        high = attributes.get("DW_AT_high_pc")
        if low is not None and high is not None:
            end = high.value if high.form == "DW_FORM_addr" else low.value + high.value
            return _between(wanted, low.value, end)
        ranges = attributes.get("DW_AT_ranges")
        if ranges is None or self.lists is None:
            return True
        base = low.value if low is not None else 0
        for each in self.lists.get_range_list_at_offset(ranges.value, cu=unit):
            if hasattr(each, "base_address"):
                base = each.base_address
            elif each.is_absolute:
                if _between(wanted, each.begin_offset, each.end_offset):
                    return True
            elif _between(wanted, base + each.begin_offset, base + each.end_offset):
                return True
        return False


def _search(unit: Any, lines: Any, wanted: list[int], found: dict[int, tuple[str, int]]) -> None:
    """Walk a line program; a row holds for the addresses up to the next one."""
    last = None
    for entry in lines.get_entries():
        state = entry.state
        if state is None:
            continue
        if last is not None and last.address < state.address:
            i = bisect_right(wanted, last.address - 1)
            while i < len(wanted) and wanted[i] < state.address:
                if last.line:
                    found.setdefault(wanted[i], (_file(unit, lines, last.file), last.line))
                i += 1
        last = None if state.end_sequence else state


def _file(unit: Any, lines: Any, number: int) -> str:
    """A file of a line program, with its directory."""
    header = lines.header
    new = header["version"] >= 5
    files = header["file_entry"]
    index = number if new else number - 1
    if not 0 <= index < len(files):
        return "?"
    entry = files[index]
    name = _text(entry.name)
    folder = ""
    directories = header["include_directory"]
    where = entry.dir_index if new else entry.dir_index - 1
    if 0 <= where < len(directories):
        folder = _text(directories[where])
    if not name.startswith("/") and not folder.startswith("/"):
        home = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
        folder = "/".join(p for p in (_text(home.value) if home is not None else "", folder) if p)
    return name if name.startswith("/") or not folder else f"{folder}/{name}"


def _text(value: Any) -> str:
    return value.decode("utf-8", "backslashreplace") if isinstance(value, bytes) else str(value)
