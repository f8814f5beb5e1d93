"""Registers as ptrace(2) shows them: struct user_regs_struct and its kin, the FPU's sets.

What differs between ABIs is data of the `Abi` classes: USER_REGS names the words of the general
set in order ("orig" is the call's number or first argument, kept by the kernel), USER_FIXED has
those that never change, CALL_NUMBER and CALL_ARGUMENTS say where a call's words are.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tracer.abi.base import Abi
    from tracer.cpu.engine import Engine

NT_PRSTATUS, NT_FPREGSET, NT_PRXFPREG, NT_ARM_VFP = 1, 2, 0x46E62B7F, 0x400


def general(abi: Abi, engine: Engine, original: int) -> bytes:
    """The general set; original: the word "orig"."""
    fixed = abi.USER_FIXED
    words = [original if name == "orig" else fixed[name] if name in fixed else engine.get(name)
             for name in abi.USER_REGS]
    size = abi.word
    return b"".join((w & abi.mask).to_bytes(size, "little") for w in words)


def set_general(abi: Abi, engine: Engine, data: bytes) -> int | None:
    """Take the general set, or the start of it; returns "orig" if that is in it.

    What a program must not change (mode bits, fixed segments) stays.
    """
    size = abi.word
    original = None
    for i, name in enumerate(abi.USER_REGS[:len(data) // size]):
        value = int.from_bytes(data[i * size:(i + 1) * size], "little")
        if name == "orig":
            original = value
        elif name in ("cpsr", "nzcv", "pstate", "rflags", "eflags"):
            keep = abi.USER_STATUS
            engine.set(name, engine.get(name) & ~keep | value & keep)
        elif name == engine.PC:
            engine.set(name, value | engine.pc_bit())       # the instruction set stays
        elif name not in abi.USER_FIXED and name not in abi.USER_READONLY:
            engine.set(name, value)
    return original
