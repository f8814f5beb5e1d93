"""Registers → logical arguments."""
from __future__ import annotations

import pytest

from sysnames import table
from tracer.abi.convert import REGISTERS, converter


def test_truncation_and_sign() -> None:
    junk = 0xdefaced000000000
    convert = converter("openat", "x86_64")
    assert convert((junk | 0xffffff9c, 0x7fff00001234, junk | 2, junk | 0o100644, 0, 0, 0)) == \
        (-100, 0x7fff00001234, 2, 0o100644)
    assert converter("lseek", "i386")((3, 0xfffffff9, 1, 0, 0, 0, 0)) == (3, -7, 1)
    assert converter("pread64", "x86_64")((3, 16, 8, (1 << 64) - 7, 0, 0, 0)) == (3, 16, 8, -7)


def test_pairs() -> None:
    # i386 takes the next two registers, ARM an even pair
    assert converter("pread64", "i386")((3, 16, 8, 5, 1, 0, 0)) == (3, 16, 8, 1 << 32 | 5)
    assert converter("pread64", "arm")((3, 16, 8, 99, 5, 1, 0)) == (3, 16, 8, 1 << 32 | 5)
    assert converter("ftruncate64", "arm")((3, 99, 0xfffffff9, 0xffffffff, 0, 0, 0)) == (3, -7)


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "arm_oabi", "aarch64"])
def test_every_call_has_one(abi: str) -> None:
    for name in sorted(set(table(abi).values())):
        assert all(isinstance(n, int) for n in converter(name, abi)((0,) * REGISTERS))
