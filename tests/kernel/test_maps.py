"""/proc/PID/maps: which ranges are one, and the page that all processes share."""
from __future__ import annotations

import pytest
from machine import Machine

from tracer.kernel.procview import ProcTask, mapped

AREA, PAGE = 0x400000, 4096
PRIVATE, NORESERVE = 0x32, 0x4032           # and MAP_FIXED | MAP_ANONYMOUS


def lines(m: Machine) -> list[str]:
    return [line.split(" 0")[0].strip() for line in ProcTask(m.task).maps().decode().splitlines()
            if line.startswith("004")]


def test_what_was_writable_stays_apart() -> None:
    """Linux merges no charged range with one that was never writable (VM_ACCOUNT)."""
    m = Machine()
    m.call("mmap", AREA, PAGE, 3, PRIVATE, -1, 0)
    m.call("mmap", AREA + PAGE, PAGE, 1, PRIVATE, -1, 0)
    m.call("mmap", AREA + 2 * PAGE, PAGE, 1, PRIVATE, -1, 0)
    m.task.mem.write(AREA, b"touched")
    m.call("mprotect", AREA, PAGE, 1)
    assert lines(m) == ["00400000-00401000 r--p", "00401000-00403000 r--p"]
    m.call("mprotect", AREA, 3 * PAGE, 3)
    assert lines(m) == ["00400000-00403000 rw-p"]


def test_unreserved_memory_stays_apart() -> None:
    m = Machine()
    m.call("mmap", AREA, PAGE, 3, PRIVATE, -1, 0)
    m.call("mmap", AREA + PAGE, PAGE, 3, NORESERVE, -1, 0)
    assert lines(m) == ["00400000-00401000 rw-p", "00401000-00402000 rw-p"]


@pytest.mark.parametrize(("abi", "last"), [
    ("x86_64", "ffffffffff600000-ffffffffff601000 --xp 00000000 00:00 0                  "
               "[vsyscall]"),
    ("arm", "ffff0000-ffff1000 r-xp 00000000 00:00 0                                  "
            "[vectors]"), ("i386", None), ("aarch64", None)])
def test_the_gate_page_is_the_last(abi: str, last: str | None) -> None:
    m = Machine(abi)
    shown = ProcTask(m.task).maps().decode().splitlines()[-1]
    assert shown == last if last else "[" not in shown


def test_smaps_tell_what_fork_shares() -> None:
    """As redis looks for the kernel bug of lost dirty bits."""
    m = Machine()
    m.call("mmap", AREA, 3 * PAGE, 3, PRIVATE, -1, 0)
    m.task.mem.write(AREA, b"x")
    m.task.mem.write(AREA + PAGE, b"y")
    own = mapped(m.task.mem.vmas[-1], m.task.mem)
    assert (own["Rss"], own["Private_Dirty"], own["Shared_Dirty"]) == (8, 8, 0)
    child = m.fork(1001)
    child.mem.write(AREA, b"z")
    for space in (m.task.mem, child.mem):
        both = mapped(space.vmas[-1], space)
        assert (both["Rss"], both["Private_Dirty"], both["Shared_Dirty"]) == (8, 4, 4)
        assert (both["Pss"], both["Anonymous"]) == (6, 8)
