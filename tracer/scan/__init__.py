"""Trap sites of a program file, found without running it.

    program     ELF file → code, symbols, starts of functions
    frames      .eh_frame, .ARM.exidx and Go's function table → starts of functions
    isa, x86, arm, aarch64
                trap instructions, branches, what an instruction does to a register
    values      the backward look: which numbers a register can hold at an instruction
    sites       the sites of a program, with everything known about each
    lines       DWARF → file and line
    reached     logs → which sites made calls
    listing     text and JSON

Nothing here runs or changes the program; damaged files raise ScanError or are read as far as
they go, with a warning.
"""
from __future__ import annotations

from tracer.errors import PytraceError


class ScanError(PytraceError):
    """A file that cannot be scanned: one line."""
