"""Address spaces: VMAs, faults, copy-on-write, and access from the kernel side."""
from __future__ import annotations

import pytest

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.memory.arena import PAGE, Arena
from tracer.memory.space import EXEC, READ, WRITE, AddressSpace
from tracer.memory.vma import Backing, Vma

TOP = 1 << 40
BASE = TOP - (1 << 30)


@pytest.fixture
def space() -> AddressSpace:
    return AddressSpace(Arena(1 << 22), TOP, BASE)


def layout(space: AddressSpace) -> list[tuple[int, int, int]]:
    return [(v.start, v.end, v.prot) for v in space.vmas]


def test_neighbours_merge_and_split(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x12000, 3))
    space.insert(Vma(0x12000, 0x14000, 3))
    assert layout(space) == [(0x10000, 0x14000, 3)]
    space.protect(0x11000, 0x13000, 1)
    assert layout(space) == [(0x10000, 0x11000, 3), (0x11000, 0x13000, 1), (0x13000, 0x14000, 3)]
    space.protect(0x11000, 0x13000, 3)
    assert layout(space) == [(0x10000, 0x14000, 3)]
    space.unmap(0x11000, 0x12000)
    assert layout(space) == [(0x10000, 0x11000, 3), (0x12000, 0x14000, 3)]
    assert space.total_pages == 3
    assert not space.covered(0x10000, 0x14000)
    assert space.covered(0x12000, 0x14000)


def test_faults_say_why(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x11000, 1))
    assert space.fault(0x10000, READ)
    assert not space.fault(0x10000, WRITE)
    assert space.failure == "ACCERR"
    assert not space.fault(0x10000, EXEC)
    assert space.failure == "ACCERR"
    assert not space.fault(0x20000, READ)
    assert space.failure == "MAPERR"


def test_reads_stop_at_the_edge(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x11000, 3))
    space.write(0x10FFC, b"abcd")
    assert space.read(0x10FFC, 4) == b"abcd"
    with pytest.raises(Fault):
        space.read(0x10FFC, 5)
    assert space.read_prefix(0x10FFC, 100) == b"abcd"
    with pytest.raises(Fault):
        space.read_string(0x10FFC, 100)
    assert space.read_string(0x10FFC, 4) == (b"abcd", False)
    with pytest.raises(Fault):
        space.write(0x10FFE, b"xyz")
    assert space.read(0x10FFC, 4) == b"abxy"       # what could be written is
    for wild in (-1, 1 << 63, (1 << 64) - 1, TOP, TOP - 1):
        with pytest.raises(Fault):
            space.read(wild, 1)


def test_untouched_pages_cost_nothing(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x50000, 3))
    assert space.read(0x10000, 0x40000) == bytes(0x40000)
    assert space.arena.used == 0
    space.write(0x20000, b"x")
    assert space.arena.used == 4096
    space.drop_pages(0x20000, 0x21000)
    assert space.read(0x20000, 1) == b"\0"
    assert space.arena.used == 0


def test_fork_copies_on_write(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x12000, 3))
    space.write(0x10000, b"parent")
    shared = Vma(0x20000, 0x21000, 3, True, Backing(space.arena, None))
    space.insert(shared)
    space.write(0x20000, b"one")
    child = space.fork()
    used = space.arena.used
    child.write(0x10000, b"child!")
    assert space.arena.used == used + 4096
    assert space.read(0x10000, 6) == b"parent"
    space.write(0x10000, b"again!")
    assert child.read(0x10000, 6) == b"child!"
    child.write(0x20000, b"two")
    assert space.read(0x20000, 3) == b"two"
    child.destroy()
    space.destroy()
    assert space.arena.used == 0


def test_copies_by_fork_are_bounded() -> None:
    """A table is copied by each fork: many children of a large process would take more than
    the guests' memory."""
    arena = Arena(64 * PAGE)
    space = AddressSpace(arena, TOP, BASE)
    space.insert(Vma(0x10000, 0x10000 + 32 * PAGE, READ | WRITE))
    space.write(0x10000, bytes(32 * PAGE))
    children = []
    with pytest.raises(LinuxError) as caught:
        for _ in range(1000):
            children.append(space.fork())
    assert caught.value.errno == E.ENOMEM and 10 < len(children) < 128
    children.pop().destroy()
    children.append(space.fork())
    for child in children:
        child.destroy()
    assert arena.copied == 0


def test_memory_ends(space: AddressSpace) -> None:
    space.insert(Vma(0x100000, 0x100000 + (1 << 23), 3))
    with pytest.raises(Fault):
        space.write(0x100000, bytes(1 << 23))
    assert space.failure == "NOMEM"


def test_stack_grows_to_its_limit(space: AddressSpace) -> None:
    space.stack_limit = lambda: 0x10000
    space.insert(Vma(TOP - 0x1000, TOP, 3, growsdown=True))
    space.write(TOP - 0x8000, b"deep")
    assert space.find(TOP - 0x8000) is not None
    assert not space.fault(TOP - 0x20000, WRITE)
    assert space.failure == "MAPERR"


def test_free_ranges_are_the_highest(space: AddressSpace) -> None:
    assert space.free_range(0x1000) == BASE - 0x1000
    space.insert(Vma(BASE - 0x3000, BASE - 0x1000, 3))
    assert space.free_range(0x1000) == BASE - 0x1000
    assert space.free_range(0x2000) == BASE - 0x5000
    with pytest.raises(LinuxError) as error:
        space.free_range(TOP)
    assert error.value.errno == E.ENOMEM


def test_moved_pages_keep_their_bytes(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x12000, 3))
    space.write(0x11000, b"second")
    space.insert(Vma(0x30000, 0x32000, 3))
    space.move_pages(0x10000, 0x30000, 0x2000)
    assert space.read(0x31000, 6) == b"second"
    assert space.read(0x11000, 6) == bytes(6)


def test_writable_code_is_not_executable_until_it_runs(space: AddressSpace) -> None:
    space.insert(Vma(0x10000, 0x11000, 7))
    entry = space.fault(0x10000, WRITE)
    assert entry & 7 == READ | WRITE
    assert space.fault(0x10000, EXEC) & 7 == READ | WRITE | EXEC


def test_frames_of_code_are_not_reused_at_once() -> None:
    arena = Arena(1 << 14)
    frame = arena.allocate()
    arena.code.add(frame)
    arena.drop(frame)
    others = {arena.allocate() for _ in range(3)}
    assert frame not in others
    told = []
    arena.on_stale = lambda: told.append(True)
    assert arena.allocate() == frame
    assert told
    with pytest.raises(LinuxError):
        arena.allocate()


def test_a_copied_page_leaves_the_tlb() -> None:
    """What the CPU has read may be copied when the kernel writes: it must look again."""
    space = AddressSpace(Arena(1 << 20), 1 << 47, 1 << 46)
    space.insert(Vma(0x10000, 0x13000, READ | WRITE))
    flushed: list[int] = []
    space.flush = lambda: flushed.append(1)
    space.write(0x10000, b"new")
    assert not flushed              # nobody has seen the page before
    assert space.read(0x11000, 4) == bytes(4)
    space.write(0x11000, b"seen")
    assert len(flushed) == 1
    space.write(0x11000, b"again")
    assert len(flushed) == 1
    assert space.read(0x12000, 1) == b"\0"
    space.views(0x12000, 4, WRITE)[0][:] = b"view"
    assert len(flushed) == 2
