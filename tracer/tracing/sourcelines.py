"""From addresses to lines of source: the line tables of DWARF (-kk)."""
from __future__ import annotations

import posixpath
from bisect import bisect_right
from contextlib import suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from elftools.dwarf.compileunit import CompileUnit
    from elftools.elf.elffile import ELFFile


class SourceLines:
    """The lines of an ELF file; addresses are those of the file."""

    def __init__(self, elf: ELFFile) -> None:
        """A damaged table has the lines before the damage."""
        self._rows: list[tuple[int, str, int]] = []     # address, path, line; 0 ends a sequence
        if not elf.has_dwarf_info():
            return
        info = elf.get_dwarf_info()
        for unit in _units(info):
            rows: list[tuple[int, str, int]] = []
            with suppress(Exception):   # what broken tables raise has no common base
                self._read(info, unit, rows)
            self._rows += rows
        self._rows.sort(key=lambda row: (row[0], row[2] != 0))
        self._starts = [row[0] for row in self._rows]

    @staticmethod
    def _read(info: Any, unit: CompileUnit, rows: list[tuple[int, str, int]]) -> None:
        program = info.line_program_for_CU(unit)
        if program is None:
            return
        names: dict[int, str] = {}
        for entry in program.get_entries():
            state = entry.state
            if state is None:
                continue
            if state.end_sequence:
                rows.append((state.address, "", 0))
                continue
            name = names.get(state.file)
            if name is None:
                name = names[state.file] = _path(unit, program, state.file)
            rows.append((state.address, name, state.line))

    def find(self, address: int) -> tuple[str, int] | None:
        """Path and line of an address, or None."""
        if not self._rows:
            return None
        at = bisect_right(self._starts, address) - 1
        if at < 0 or not self._rows[at][2]:
            return None
        return self._rows[at][1:]


def _units(info: Any) -> list[CompileUnit]:
    """The units that can be read, up to a broken one."""
    found: list[CompileUnit] = []
    with suppress(Exception):
        found.extend(info.iter_CUs())
    return found


def _path(unit: CompileUnit, program: Any, number: int) -> str:
    """The path of a file of a line table (DWARF 5, 6.2.4), below the unit's directory."""
    header = program.header
    newer = header["version"] >= 5
    files, folders = header["file_entry"], header["include_directory"]
    entry = files[number if newer else number - 1]
    folder = b""
    index = entry.dir_index
    if newer:
        folder = folders[index]
    elif index:
        folder = folders[index - 1]
    top = unit.get_top_DIE().attributes.get("DW_AT_comp_dir")
    parts = [top.value if top is not None else b"", folder, entry.name]
    texts = [str(part, "utf-8", "backslashreplace") for part in parts]
    return posixpath.normpath(posixpath.join(*texts))
