"""What a thread registers with the kernel: set_tid_address(2), robust futex lists, rseq(2),
membarrier(2); and kcmp(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Task

CAP_SYS_PTRACE = 19


@syscall("set_tid_address")
def set_tid_address(task: Task, address: int) -> int:
    task.clear_child_tid = address
    return task.pid


@syscall("set_robust_list", head="robust_list_head")
def set_robust_list(task: Task, address: int, size: int, *, head: Layout) -> int:
    if size != head.size:
        raise LinuxError(E.EINVAL)
    task.robust_list = address, size
    return 0


@syscall("get_robust_list", word="long_word", head="robust_list_head")
def get_robust_list(task: Task, pid: int, head_pointer: int, size_pointer: int, *,
                    word: Layout, head: Layout) -> int:
    other = find_task(task, pid)
    if not may_access(task, other):
        raise LinuxError(E.EPERM)
    task.mem.write_int(size_pointer, head.size, word.size)
    task.mem.write_int(head_pointer, other.robust_list[0], word.size)
    return 0


def may_access(task: Task, other: Task) -> bool:
    """ptrace_may_access with real credentials: same ids and dumpable, or CAP_SYS_PTRACE."""
    if other.process is task.process:
        return True
    mine, its = task.creds, other.creds
    same = (mine.uid == its.euid == its.suid == its.uid
            and mine.gid == its.egid == its.sgid == its.gid)
    capable = mine.capable(CAP_SYS_PTRACE)
    if not same and not capable:
        return False
    if other.mem.dumpable != 1 and not capable:
        return False
    return capable or not its.permitted & ~mine.permitted


# -- restartable sequences ---------------------------------------------------------------------
_UNREGISTER = 1
_ORIGINAL_SIZE, _FEATURES = 32, 28


@syscall("rseq")
def rseq(task: Task, address: int, size: int, flags: int, signature: int) -> int:
    registered, old_size, old_signature = task.rseq
    if flags & _UNREGISTER:
        if flags & ~_UNREGISTER or registered != address or not registered or size != old_size:
            raise LinuxError(E.EINVAL)
        if signature != old_signature:
            raise LinuxError(E.EPERM)
        _rseq_ids(task, address, 0xFFFFFFFF)
        task.rseq = (0, 0, 0)
        return 0
    if flags:
        raise LinuxError(E.EINVAL)
    if registered:
        if registered != address or size != old_size:
            raise LinuxError(E.EINVAL)
        raise LinuxError(E.EPERM if signature != old_signature else E.EBUSY)
    # struct rseq has the alignment of its original size, and only that size was allowed.
    if size < _ORIGINAL_SIZE or address % _ORIGINAL_SIZE:
        raise LinuxError(E.EINVAL)
    mem = task.mem
    if address + size > mem.top:
        raise Fault(address)
    if mem.read_int(address + 8, 8):
        mem.write_int(address + 8, 0, 8)
    task.rseq = address, size, signature
    _rseq_ids(task, address, 0)
    return 0


def _rseq_ids(task: Task, address: int, cpu: int) -> None:
    """cpu_id_start, cpu_id; node_id, mm_cid.  There is one CPU, so they never change."""
    task.mem.write(address, bytes(4) + cpu.to_bytes(4, "little"))
    task.mem.write(address + 20, bytes(8))


# -- membarrier --------------------------------------------------------------------------------
_GLOBAL, _GLOBAL_EXPEDITED, _REGISTER_GLOBAL = 1, 2, 4
_PRIVATE, _REGISTER_PRIVATE, _SYNC_CORE, _REGISTER_SYNC_CORE = 8, 16, 32, 64
_RSEQ, _REGISTER_RSEQ, _GET_REGISTRATIONS = 128, 256, 512
_ALL = 0x3FF
_NEEDS = {_PRIVATE: _REGISTER_PRIVATE, _SYNC_CORE: _REGISTER_SYNC_CORE, _RSEQ: _REGISTER_RSEQ}
_FLAG_CPU = 1


@syscall("membarrier")
def membarrier(task: Task, command: int, flags: int, cpu: int) -> int:
    """Instructions of one CPU run in order, so that there is nothing to do."""
    if flags and (command != _RSEQ or flags != _FLAG_CPU):
        raise LinuxError(E.EINVAL)
    mem = task.mem
    if command == 0:
        return _ALL
    if command in (_GLOBAL, _GLOBAL_EXPEDITED):
        return 0
    if command in (_REGISTER_GLOBAL, *_NEEDS.values()):
        mem.membarrier |= command
        return 0
    if command in _NEEDS:
        if not mem.membarrier & _NEEDS[command]:
            raise LinuxError(E.EPERM)
        return 0
    if command == _GET_REGISTRATIONS:
        return mem.membarrier
    raise LinuxError(E.EINVAL)


# -- kcmp ----------------------------------------------------------------------------------------
_KCMP_FILE, _KCMP_SYSVSEM = 0, 6
_PARTS = {1: "mem", 2: "files", 3: "fs", 4: "handlers", 5: "io_context"}


@syscall("kcmp", note="not KCMP_EPOLL_TFD")
def kcmp(task: Task, pid1: int, pid2: int, kind: int, index1: int, index2: int) -> int:
    first, second = _exact(task, pid1), _exact(task, pid2)
    if not may_access(task, first) or not may_access(task, second):
        raise LinuxError(E.EPERM)
    kernel = task.kernel
    if kind == _KCMP_FILE:
        file1 = first.files.files.get(index1 & 0xFFFFFFFF)
        file2 = second.files.files.get(index2 & 0xFFFFFFFF)
        if file1 is None or file2 is None:
            raise LinuxError(E.EBADF)
        return _order(kernel, file1, file2)
    if kind == _KCMP_SYSVSEM:
        return 0 if first.process is second.process else _order(kernel, first, second)
    if kind == 5:                       # no task has an I/O context of its own
        return 0
    part = _PARTS.get(kind)
    if part is None:
        raise LinuxError(E.EOPNOTSUPP if kind == 7 else E.EINVAL)
    return _order(kernel, getattr(first, part), getattr(second, part))


def _exact(task: Task, pid: int) -> Task:
    if not pid:
        raise LinuxError(E.ESRCH)
    return find_task(task, pid)


def _order(kernel: Kernel, a: object, b: object) -> int:
    """0 for the same object; else 1 or 2, an order that means nothing (kcmp(2)).  Numbers in
    order of first comparison, not addresses, which differ from run to run."""
    if a is b:
        return 0
    seen = kernel.compared
    for each in (a, b):
        seen.setdefault(id(each), (len(seen), each))
    return 1 if seen[id(a)][0] < seen[id(b)][0] else 2
