"""Stack traces (-k)."""
from __future__ import annotations

import re
from pathlib import Path

import pytest
from traced import program, trace

from loader import vdso
from tracer.tracing.unwind import Module
from tracer.tracing.unwind_arm import _prel31

FRAME = re.compile(r" > /\S+/musl-hello\((\w+\+0x[0-9a-f]+)?\) \[0x[0-9a-f]+\]")


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "aarch64"])
def test_frames_stand_below_their_call(tmp_path: Path, abi: str) -> None:
    run = trace(tmp_path, "-k", "-e", "trace=writev", abi=abi)
    assert run.log[0].startswith("writev(1, ") and run.log[-1] == "+++ exited with 0 +++"
    frames = [line for line in run.log[1:-1] if "[vdso]" not in line]
    assert frames and all(FRAME.fullmatch(line) for line in frames)


def test_without_the_option_there_are_none(tmp_path: Path) -> None:
    assert not any(line.startswith(" >") for line in trace(tmp_path).log)


def test_symbols_and_tables_of_a_file_without_section_names() -> None:
    module = Module(vdso.image("i386"))
    start, _, name = next(s for s in module.symbols if s[2] == "__kernel_vsyscall")
    assert module.symbol(start + 2) == (name, 2)
    entry = module.frame_entry(start)
    assert entry is not None and entry["initial_location"] == start
    # Three pushes later the frame's address is 16 bytes above the stack pointer (number 4).
    row = module.row(entry, start + 3)
    assert (row["cfa"].reg, row["cfa"].offset) == (4, 16)
    assert module.row(entry, start)["cfa"].offset == 4


def test_addresses_in_the_file(tmp_path: Path) -> None:
    module = Module(program(tmp_path, "musl-hello").read_bytes())
    address, offset, _ = module.segments[0]
    assert module.address(offset) == address and module.address(1 << 40) is None
    assert module.symbol(1) is None and module.frame_entry(0) is None


def test_place_relative_offsets() -> None:
    assert _prel31(0x7FFFFFFC, 0x1000) == 0xFFC and _prel31(0x10, 0x1000) == 0x1010
