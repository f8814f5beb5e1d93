"""Record locks, flock, leases: fcntl(2), flock(2)."""
from __future__ import annotations

import random

import pytest
from vfs_tree import Tree, fails

from sysnames import errno as E
from tracer.vfs.base import O_RDWR, Inode
from tracer.vfs.locks import (
    F_RDLCK,
    F_UNLCK,
    F_WRLCK,
    LOCK_EX,
    LOCK_SH,
    LOCK_UN,
    OFFSET_MAX,
    LockTable,
    record_range,
)
from tracer.wait import Wait


@pytest.fixture
def inode(tree: Tree) -> Inode:
    tree.put(b"/f", b"")
    return tree.walk(b"/f").inode


def test_record_locks_against_a_model(inode: Inode) -> None:
    rng = random.Random(3)
    table = LockTable()
    owners = ["a", "b", "c"]
    model: dict[int, dict[str, int]] = {i: {} for i in range(60)}
    for _ in range(3000):
        owner, kind = rng.choice(owners), rng.randrange(3)
        start = rng.randrange(60)
        end = rng.randrange(start, 60)
        clash = kind != F_UNLCK and any(
            other != owner and F_WRLCK in (kind, held)
            for i in range(start, end + 1) for other, held in model[i].items())
        if clash:
            fails(E.EAGAIN, table.set, inode, owner, 1, kind, start, end)
        else:
            table.set(inode, owner, 1, kind, start, end)
            for i in range(start, end + 1):
                model[i].pop(owner, None)
                if kind != F_UNLCK:
                    model[i][owner] = kind
        found: dict[int, dict[str, int]] = {i: {} for i in range(60)}
        for _, lock in table.locks():
            for i in range(lock.start, lock.end + 1):
                assert lock.owner not in found[i]
                found[i][str(lock.owner)] = lock.kind
        assert found == model
    for owner in owners:
        table.close(inode, owner)
    assert not table


def test_neighbours_merge(inode: Inode) -> None:
    table = LockTable()
    for start, end in ((0, 9), (20, 29), (10, 19)):
        table.set(inode, "a", 1, F_RDLCK, start, end)
    assert [(lock.start, lock.end) for _, lock in table.locks()] == [(0, 29)]
    table.set(inode, "a", 1, F_WRLCK, 5, 6)
    assert len(table.locks()) == 3
    conflict = table.conflict(inode, "b", F_RDLCK, 0, OFFSET_MAX)
    assert conflict is not None and (conflict.start, conflict.end) == (5, 6)


def test_waiting_and_deadlock(inode: Inode, tree: Tree) -> None:
    tree.put(b"/g", b"")
    other = tree.walk(b"/g").inode
    table = LockTable()
    table.set(inode, "a", 1, F_WRLCK, 0, 9)
    table.set(other, "b", 2, F_WRLCK, 0, 9)
    b = table.set_wait(inode, "b", 2, F_WRLCK, 5, 5)
    wait = next(b)
    assert isinstance(wait, Wait)
    a = table.set_wait(other, "a", 1, F_RDLCK, 0, 0)
    fails(E.EDEADLK, next, a)
    woken: list[int] = []
    wait.queues[0].add(lambda: woken.append(1))
    table.set(inode, "a", 1, F_UNLCK, 0, 9)
    assert woken
    with pytest.raises(StopIteration):
        b.send(Wait.WOKEN)
    assert {str(lock.owner) for _, lock in table.locks()} == {"b"}
    c = table.set_wait(inode, "c", 3, F_WRLCK, 0, OFFSET_MAX)
    next(c)
    fails(E.EINTR, c.send, Wait.SIGNAL)


def test_ranges() -> None:
    assert record_range(0, 10, 5) == (10, 14)
    assert record_range(100, -10, 0) == (90, OFFSET_MAX)
    assert record_range(0, 10, -5) == (5, 9)
    fails(E.EINVAL, record_range, 0, -1, 1)
    fails(E.EINVAL, record_range, 0, 3, -5)
    fails(E.EOVERFLOW, record_range, 1, OFFSET_MAX, 1)
    fails(E.EOVERFLOW, record_range, 0, 10, OFFSET_MAX)


def test_flock(tree: Tree, inode: Inode) -> None:
    one, two = tree.open(b"/f"), tree.open(b"/f")
    table = LockTable()
    table.flock(inode, one, LOCK_SH)
    table.flock(inode, two, LOCK_SH)
    fails(E.EAGAIN, table.flock, inode, one, LOCK_EX)
    table.flock(inode, two, LOCK_UN)
    table.flock(inode, one, LOCK_EX)
    fails(E.EAGAIN, table.flock, inode, two, LOCK_SH)
    fails(E.EINVAL, table.flock, inode, two, 0)
    woken: list[int] = []
    table.queue(inode).add(lambda: woken.append(1))
    table.release(inode, one)
    assert woken
    table.flock(inode, two, LOCK_EX)


def test_leases(tree: Tree, inode: Inode) -> None:
    reader = tree.open(b"/f")
    table = LockTable()
    assert table.get_lease(inode, reader) == F_UNLCK
    table.set_lease(inode, reader, F_RDLCK, [reader])
    assert table.get_lease(inode, reader) == F_RDLCK
    assert table.break_leases(inode, False) == []
    broken = table.break_leases(inode, True)
    assert [lease.file for lease in broken] == [reader]
    assert table.get_lease(inode, reader) == F_UNLCK
    table.end_lease(inode, broken[0])
    assert table.break_leases(inode, True) == []
    writer = tree.open(b"/f", O_RDWR)
    fails(E.EAGAIN, table.set_lease, inode, reader, F_RDLCK, [reader, writer])
    fails(E.EAGAIN, table.set_lease, inode, writer, F_WRLCK, [reader, writer])
    table.set_lease(inode, writer, F_WRLCK, [writer])
    assert len(table.break_leases(inode, False)) == 1
    assert table.get_lease(inode, writer) == F_RDLCK
    fails(E.EINVAL, table.set_lease, tree.root.inode, writer, F_RDLCK, [])
