"""Lines of source for addresses (-kk)."""
from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import pytest
from traced import trace

from tracer.output.base import Frame
from tracer.output.text import format_frame
from tracer.tracing.sourcelines import SourceLines

# address, file, line, whether the sequence ends
ROWS = [(0x100, 1, 7, False), (0x104, 1, 8, False), (0x110, 2, 3, False), (0x120, 2, 3, True)]


def elf(version: int, rows: Any = ROWS) -> Any:
    """What SourceLines asks of an ELFFile: one unit with two files."""
    files = [SimpleNamespace(name=b"main.c", dir_index=0),
             SimpleNamespace(name=b"u.h", dir_index=1)]
    folders = [b"/usr/include"]
    if version >= 5:        # both lists begin with the unit itself
        files, folders = [files[0], *files], [b"/home/prog", *folders]
    entries = [SimpleNamespace(state=None)]
    entries += [SimpleNamespace(state=SimpleNamespace(address=a, file=f, line=n, end_sequence=e))
                for a, f, n, e in rows]
    program = SimpleNamespace(get_entries=lambda: entries, header={
        "version": version, "file_entry": files, "include_directory": folders})
    top = SimpleNamespace(attributes={"DW_AT_comp_dir": SimpleNamespace(value=b"/home/prog")})
    unit = SimpleNamespace(get_top_DIE=lambda: top)
    info = SimpleNamespace(iter_CUs=lambda: [unit], line_program_for_CU=lambda unit: program)
    return SimpleNamespace(has_dwarf_info=lambda: True, get_dwarf_info=lambda: info)


@pytest.mark.parametrize("version", [4, 5])
def test_lines_of_addresses(version: int) -> None:
    lines = SourceLines(elf(version))
    assert lines.find(0x103) == ("/home/prog/main.c", 7)
    assert lines.find(0x104) == ("/home/prog/main.c", 8)
    assert lines.find(0x11F) == ("/usr/include/u.h", 3)
    assert lines.find(0x120) is None and lines.find(0xFF) is None


def test_a_broken_table_keeps_what_was_read() -> None:
    lines = SourceLines(elf(4, [*ROWS[:2], (0x110, 99, 1, False)]))
    assert lines.find(0x100) == ("/home/prog/main.c", 7)
    assert lines.find(0x110) == ("/home/prog/main.c", 8)


def test_a_file_without_debug_information(tmp_path: Any) -> None:
    assert SourceLines(SimpleNamespace(has_dwarf_info=lambda: False)).find(1) is None
    run = trace(tmp_path, "-kk", "-e", "trace=writev")
    assert run.log == trace(tmp_path, "--stack-traces", "-e", "trace=writev").log


def test_frames_with_and_without_source() -> None:
    assert format_frame(Frame("/p", "f", 3, 16)) == " > /p(f+0x3) [0x10]"
    assert format_frame(Frame("/p", None, 0, 16, "a.c:4")) == " > /p() [0x10] a.c:4"
