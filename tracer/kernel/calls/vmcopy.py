"""process_vm_readv(2) and process_vm_writev(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.threads import may_access
from tracer.kernel.registry import syscall
from tracer.memory.space import READ, WRITE

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task

UIO_MAXIOV = 1024
MAX_RW_COUNT = 0x7FFFF000


def _vectors(task: Task, address: int, count: int, iovec: Layout) -> list[tuple[int, int]]:
    """(base, length) of each element.  Raises EINVAL for too many and for lengths that are
    negative as ssize_t, EFAULT."""
    if count > UIO_MAXIOV:
        raise LinuxError(E.EINVAL)
    data = task.mem.read(address, count * iovec.size)
    top = 1 << 4 * iovec.size - 1
    result = []
    for at in range(0, len(data), iovec.size):
        base, length = map(int, iovec.unpack(data[at:at + iovec.size]))
        if length >= top:
            raise LinuxError(E.EINVAL)
        result.append((base, length))
    return result


def _copy(task: Task, pid: int, local: int, local_count: int, remote: int, remote_count: int,
          flags: int, iovec: Layout, writing: bool) -> int:
    """Copy between two address spaces until one side is used up or cannot be accessed.

    What could be copied counts; EFAULT only when that is nothing.
    """
    if flags:
        raise LinuxError(E.EINVAL)
    mine = _vectors(task, local, local_count, iovec)
    left = MAX_RW_COUNT
    views: list[memoryview] = []
    for base, length in mine:
        length = min(length, left)
        left -= length
        if base + length > task.mem.top:
            raise Fault(base)
        found = task.mem.views(base, length, READ if writing else WRITE)
        views += found
        if sum(map(len, found)) < length:
            break                       # what lies behind cannot be copied
    wanted = MAX_RW_COUNT - left
    if not wanted:
        return 0
    theirs = _vectors(task, remote, remote_count, iovec)
    if not any(length for _, length in theirs):
        return 0
    other = task.kernel.tasks.get(pid)
    if other is None:
        raise LinuxError(E.ESRCH)
    if not may_access(task, other):
        raise LinuxError(E.EPERM)
    done, view, at = 0, 0, 0
    for base, length in theirs:
        pieces = other.mem.views(base, min(length, wanted - done), WRITE if writing else READ)
        for piece in pieces:
            start = 0
            while start < len(piece) and view < len(views):
                size = min(len(piece) - start, len(views[view]) - at)
                here = views[view][at:at + size]
                there = piece[start:start + size]
                if writing:
                    there[:] = here
                else:
                    here[:] = there
                start, at, done = start + size, at + size, done + size
                if at == len(views[view]):
                    view, at = view + 1, 0
        if view >= len(views) or sum(map(len, pieces)) < length:
            break
    if not done:
        raise LinuxError(E.EFAULT)
    return done


@syscall("process_vm_readv", iovec="iovec")
def process_vm_readv(task: Task, pid: int, local: int, local_count: int, remote: int,
                     remote_count: int, flags: int, *, iovec: Layout) -> int:
    return _copy(task, pid, local, local_count, remote, remote_count, flags, iovec, False)


@syscall("process_vm_writev", iovec="iovec")
def process_vm_writev(task: Task, pid: int, local: int, local_count: int, remote: int,
                      remote_count: int, flags: int, *, iovec: Layout) -> int:
    return _copy(task, pid, local, local_count, remote, remote_count, flags, iovec, True)
