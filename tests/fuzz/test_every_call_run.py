"""Every call number can be prepared: converter, handler, structures, and the plan to print it."""
from __future__ import annotations

import pytest

from sysnames import table
from tracer.kernel.calls import load
from tracer.kernel.dispatch import Entry
from tracer.options import RunOptions
from tracer.tracing import Tracer

VALUES = (0, 1, 2, 8, 0x1000, (1 << 32) - 1, (1 << 64) - 1, 1 << 63, 1 << 31)


@pytest.mark.parametrize("abi", ["x86_64", "i386", "arm", "arm_oabi", "aarch64"])
def test_entries(abi: str) -> None:
    load()
    mask = (1 << 64) - 1 if abi in ("x86_64", "aarch64") else (1 << 32) - 1
    options = RunOptions()
    options.abi = "arm" if abi == "arm_oabi" else abi
    tracer = Tracer.__new__(Tracer)
    tracer.options = options
    for number, name in table(abi).items():
        entry = Entry(name, abi, number)
        tracer.observes(entry)
        assert entry.plan is not None, name
        for value in VALUES:
            words = entry.convert((value & mask,) * 7)
            assert all(isinstance(word, int) for word in words), name
