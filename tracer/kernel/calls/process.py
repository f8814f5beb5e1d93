"""fork, clone, execve, exit and wait (kernel/fork.c, fs/exec.c, kernel/exit.c)."""
from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import LinuxError
from tracer.kernel import exec as execution
from tracer.kernel import signals as sig
from tracer.kernel.calls.common import get_path, location_of
from tracer.kernel.registry import Blocking, Done, syscall
from tracer.kernel.task import (
    AT_FDCWD,
    RLIM_INFINITY,
    RLIMIT_NPROC,
    ZOMBIE,
    AltStack,
    Process,
    Task,
)
from tracer.wait import OUTSIDE, Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Generator

    from sysnames.layout import Layout
CSIGNAL = 0xFF
CLONE_VM, CLONE_FS, CLONE_FILES, CLONE_SIGHAND, CLONE_PIDFD = (
    0x100, 0x200, 0x400, 0x800, 0x1000)
CLONE_PTRACE, CLONE_VFORK, CLONE_PARENT, CLONE_THREAD = 0x2000, 0x4000, 0x8000, 0x10000
CLONE_NEWNS, CLONE_SYSVSEM, CLONE_SETTLS = 0x20000, 0x40000, 0x80000
CLONE_PARENT_SETTID, CLONE_CHILD_CLEARTID, CLONE_DETACHED = 0x100000, 0x200000, 0x400000
CLONE_UNTRACED, CLONE_CHILD_SETTID = 0x800000, 0x1000000
CLONE_NEWCGROUP, CLONE_NEWUTS, CLONE_NEWIPC, CLONE_NEWUSER = (
    0x02000000, 0x04000000, 0x08000000, 0x10000000)
CLONE_NEWPID, CLONE_NEWNET, CLONE_IO = 0x20000000, 0x40000000, 0x80000000
CLONE_CLEAR_SIGHAND, CLONE_INTO_CGROUP, CLONE_NEWTIME = 1 << 32, 1 << 33, 0x80
_NAMESPACES = CLONE_NEWNS | CLONE_NEWCGROUP | CLONE_NEWUTS | CLONE_NEWIPC | CLONE_NEWNET

WNOHANG, WUNTRACED, WEXITED, WCONTINUED, WNOWAIT = 1, 2, 4, 8, 0x01000000
_WNOTHREAD, _WALL, _WCLONE = 0x20000000, 0x40000000, 0x80000000
P_ALL, P_PID, P_PGID, P_PIDFD = range(4)
_CAP_SYS_ADMIN, _CAP_CHECKPOINT_RESTORE = 21, 40
_ARG_STRLEN = 131072
_ARGS_SIZE = 6 << 20        # fs/exec.c: three quarters of _STK_LIM for strings and pointers
_THREAD_SIZE = 16384
AT_SYMLINK_NOFOLLOW, AT_EMPTY_PATH = 0x100, 0x1000


# -- creation ---------------------------------------------------------------------------------
@syscall("fork")
def fork(task: Task) -> int | Blocking:
    return create(task, S.SIGCHLD, 0, 0, 0, 0, 0, S.SIGCHLD)


@syscall("vfork")
def vfork(task: Task) -> int | Blocking:
    return create(task, CLONE_VFORK | CLONE_VM, 0, 0, 0, 0, 0, S.SIGCHLD)


@syscall("clone", note="only PID and user namespaces")
def clone(task: Task, flags: int, stack: int, parent_tid: int, fourth: int,
          fifth: int) -> int | Blocking:
    child_tid, tls = task.call_abi.clone_tail(fourth, fifth)
    flags &= 0xFFFFFFFF
    if flags & CLONE_PIDFD and flags & (CLONE_PARENT_SETTID | CLONE_DETACHED):
        raise LinuxError(E.EINVAL)
    return create(task, flags & ~CSIGNAL, stack, parent_tid, child_tid, tls, parent_tid,
                  flags & CSIGNAL)


@syscall("clone3", note="only PID and user namespaces; without cgroups", args="clone_args")
def clone3(task: Task, address: int, size: int, *, args: Layout) -> int | Blocking:
    if size > 4096:
        raise LinuxError(E.E2BIG)
    if size < 64:
        raise LinuxError(E.EINVAL)
    if size > 88 and any(task.mem.read_prefix(address + 88, size - 88)):
        raise LinuxError(E.E2BIG)
    data = task.mem.read(address, size)
    words = [int.from_bytes(data[i:i + 8].ljust(8, b"\0"), "little") for i in range(0, 88, 8)]
    flags, pidfd, child_tid, parent_tid, exit_signal, stack, stack_size, tls = words[:8]
    if words[9] > 32 or bool(words[8]) != bool(words[9]):
        raise LinuxError(E.EINVAL)
    if exit_signal & ~CSIGNAL or exit_signal > 64:
        raise LinuxError(E.EINVAL)
    known = 0xFFFFFFFF & ~CSIGNAL | CLONE_CLEAR_SIGHAND | CLONE_INTO_CGROUP | CLONE_NEWTIME
    if flags & ~known or flags & CLONE_DETACHED:
        raise LinuxError(E.EINVAL)
    if flags & CLONE_SIGHAND and flags & CLONE_CLEAR_SIGHAND:
        raise LinuxError(E.EINVAL)
    if flags & (CLONE_THREAD | CLONE_PARENT) and exit_signal:
        raise LinuxError(E.EINVAL)
    if bool(stack) != bool(stack_size):
        raise LinuxError(E.EINVAL)
    if flags & CLONE_INTO_CGROUP:       # there are no cgroups that a descriptor could refer to
        raise LinuxError(E.EBADF if words[10] <= 0x7FFFFFFF else E.EINVAL)
    return create(task, flags, stack + stack_size if stack else 0, parent_tid, child_tid, tls,
                  pidfd, exit_signal, _chosen_tid(task, words[8], words[9]))


def _chosen_tid(task: Task, address: int, count: int) -> int:
    """The tid that clone3's set_tid asks for, 0 for any (alloc_pid)."""
    if not count:
        return 0
    tids = [task.mem.read_int(address + 4 * i, 4) for i in range(count)]
    if count > 1 or not 0 < tids[0] < task.kernel.pid_max:
        raise LinuxError(E.EINVAL)
    if not task.creds.capable(_CAP_SYS_ADMIN) and not task.creds.capable(_CAP_CHECKPOINT_RESTORE):
        raise LinuxError(E.EPERM)
    if tids[0] in task.kernel.tasks:
        raise LinuxError(E.EEXIST)
    return tids[0]


def create(task: Task, flags: int, stack: int, parent_tid: int, child_tid: int, tls: int,
           pidfd: int, exit_signal: int, chosen_tid: int = 0) -> int | Blocking:
    """copy_process: a new process or thread; blocks for CLONE_VFORK."""
    kernel = task.kernel
    process = task.process
    if flags & (CLONE_NEWNS | CLONE_FS) == CLONE_NEWNS | CLONE_FS:
        raise LinuxError(E.EINVAL)
    if flags & (CLONE_NEWUSER | CLONE_FS) == CLONE_NEWUSER | CLONE_FS:
        raise LinuxError(E.EINVAL)
    if flags & CLONE_THREAD and not flags & CLONE_SIGHAND:
        raise LinuxError(E.EINVAL)
    if flags & CLONE_SIGHAND and not flags & CLONE_VM:
        raise LinuxError(E.EINVAL)
    if flags & CLONE_THREAD and flags & (CLONE_NEWUSER | CLONE_NEWPID):
        raise LinuxError(E.EINVAL)
    if flags & CLONE_PIDFD and flags & CLONE_DETACHED:
        raise LinuxError(E.EINVAL)
    if flags & _NAMESPACES:
        raise LinuxError(E.EPERM)
    born_in = task.child_pid_space
    if flags & CLONE_THREAD and born_in is not process.pid_space:
        raise LinuxError(E.EINVAL)
    if flags & CLONE_NEWPID:
        if not flags & CLONE_NEWUSER and not task.creds.capable(_CAP_SYS_ADMIN):
            raise LinuxError(E.EPERM)
        if born_in is not process.pid_space:
            raise LinuxError(E.EINVAL)
        from tracer.kernel.namespaces import make_pid_space
        born_in = make_pid_space(kernel, born_in, bool(flags & CLONE_NEWUSER))
    if born_in is not None and born_in.dead:
        raise LinuxError(E.ENOMEM)
    _check_limit(task)
    pidfd_number = -1
    if flags & CLONE_PIDFD:
        pidfd_number = task.files.lowest(0, process.limit(7))
        task.mem.write_int(pidfd, pidfd_number, 4)
    space = task.mem if flags & CLONE_VM else task.mem.fork()
    tid = chosen_tid or kernel.new_pid()
    if flags & CLONE_THREAD:
        child_process = process
    else:
        parent = process.parent if flags & CLONE_PARENT else process
        child_process = Process(kernel, tid, parent)
        child_process.pgid, child_process.sid = process.pgid, process.sid
        child_process.tty = process.tty
        child_process.user_ino = process.user_ino
        if flags & CLONE_NEWUSER:
            from tracer.kernel.namespaces import new_ino
            child_process.user_ino = new_ino(kernel)
        child_process.pid_space = born_in
        if born_in is not None and born_in.reaper is None:
            born_in.reaper = child_process
        child_process.limits = dict(process.limits)
        child_process.exit_signal = process.exit_signal if flags & CLONE_PARENT else exit_signal
        child_process.oom_score_adj = process.oom_score_adj
    if born_in is not None:
        born_in.add(tid)
    if flags & CLONE_VM:
        space.users += 1
    files, fs = task.files, task.fs
    if flags & CLONE_FILES:
        files.users += 1
    else:
        files = files.copy()
    if flags & CLONE_FS:
        fs.users += 1
    else:
        fs = fs.copy()
    child = Task(kernel, tid, child_process, task.abi, space, files, fs, task.creds.copy())
    if flags & CLONE_SIGHAND:
        child.handlers = task.handlers
        child.handlers.users += 1
    else:
        child.handlers = task.handlers.copy()
        if flags & CLONE_CLEAR_SIGHAND:
            child.handlers.actions = {n: a for n, a in child.handlers.actions.items()
                                      if a.handler == sig.SIG_IGN}
    if not flags & CLONE_THREAD:
        child_process.handlers = child.handlers
    for name in ("comm", "mask", "personality", "nice", "policy", "affinity", "timer_slack",
                 "no_new_privs", "seccomp", "filters", "oabi", "io_priority"):
        setattr(child, name, getattr(task, name))
    child.settings = dict(task.settings)
    if task.saved_mask is not None:
        child.mask = task.saved_mask
    if not flags & CLONE_VM or flags & CLONE_VFORK:
        child.altstack = AltStack(task.altstack.sp, task.altstack.size, task.altstack.flags)
    if not flags & CLONE_VM:
        child.rseq = task.rseq
    child.traced = task.traced and kernel.observer.follows()
    child_process.tasks.append(child)
    if not flags & CLONE_THREAD:
        if child_process.parent is not None:
            child_process.parent.children.append(child_process)
        else:                           # CLONE_PARENT by a process whose parent is outside
            child_process.outside_parent = process.outside_parent
        kernel.processes[tid] = child_process
    if flags & CLONE_CHILD_CLEARTID:
        child.clear_child_tid = child_tid
    if flags & CLONE_CHILD_SETTID:
        _try_write(child, child_tid, child.own_tid)
    if flags & CLONE_PARENT_SETTID:
        inner = process.pid_space
        _try_write(task, parent_tid, tid if inner is None else inner.number(tid))
    if flags & CLONE_PIDFD:
        from tracer.kernel.pidfd import PidFile
        task.files.put(pidfd_number, PidFile(child_process), True)
    return _start(task, child, flags, stack, tls)


def _start(task: Task, child: Task, flags: int, stack: int, tls: int) -> Blocking:
    """Give the child its registers; done outside of the trap, where they are final."""
    kernel = task.kernel
    yield OUTSIDE
    engine = task.engine
    task.tls_state = task.abi.save_tls(engine)
    child.context = engine.new_context()
    parent_context = engine.new_context()
    engine.save(parent_context)
    words = task.call.words if task.call is not None else ()
    engine.complete(words, 0)
    try:
        task.abi.clone_regs(engine, child.mem, stack, tls if flags & CLONE_SETTLS else None)
        child.tls_state = task.abi.save_tls(engine)
    finally:
        engine.save(child.context)
        engine.load(parent_context)
        engine.free_context(parent_context)
        task.abi.load_tls(engine, task.tls_state)
    kernel.observer.created(task, child)
    if task.ptrace is not None:
        from tracer.kernel.ptrace import cloned
        yield from cloned(task, child, flags, child.process.exit_signal)
    if flags & CLONE_PTRACE and task.traced and not child.traced:
        kernel.observer.unknown(child.pid, False)
    if flags & CLONE_VFORK:
        queue = WaitQueue()
        child.vfork_parent, child.vfork_queue = task, queue
        kernel.add(child)
        while child.vfork_parent is not None:
            yield Wait((queue,), uninterruptible=True)
    else:
        kernel.add(child)
    return child.pid


def _check_limit(task: Task) -> None:
    """How many tasks there may be: of the machine (max_threads), and of the user."""
    if len(task.kernel.tasks) >= max(20, task.kernel.memory_total // (8 * _THREAD_SIZE)):
        raise LinuxError(E.EAGAIN)
    limit = task.process.limit(RLIMIT_NPROC)
    if limit == RLIM_INFINITY or task.creds.uid == 0 or task.creds.capable(24) \
            or task.creds.capable(21):
        return
    mine = sum(1 for t in task.kernel.tasks.values()
               if t.creds.uid == task.creds.uid and t.state < ZOMBIE)
    if mine >= limit:
        raise LinuxError(E.EAGAIN)


def _try_write(task: Task, address: int, value: int) -> None:
    """put_user whose failure is ignored."""
    with suppress(LinuxError):
        task.mem.write_int(address, value, 4)


# -- execve -----------------------------------------------------------------------------------
def read_strings(task: Task, address: int) -> list[bytes]:
    """An array of strings ended by a null pointer; EFAULT, E2BIG."""
    found: list[bytes] = []
    size = 0
    word = task.call_word
    while address:
        pointer = task.mem.read_int(address + word * len(found), word)
        if not pointer:
            break
        text, ended = task.mem.read_string(pointer, _ARG_STRLEN)
        if not ended:
            raise LinuxError(E.E2BIG)
        found.append(text)
        size += len(text) + 1 + word
        if size > _ARGS_SIZE:
            raise LinuxError(E.E2BIG)
    return found


@syscall("execve")
def execve(task: Task, filename: int, argv: int, envp: int) -> Blocking:
    path = get_path(task, filename)
    if task.abi.kernel < (6, 8):        # the file is opened after the strings are counted
        read_strings(task, argv)
        read_strings(task, envp)
    location = task.kernel.namespace.walk(task.fs.root, task.fs.cwd, path, creds=task.creds,
                                          task=task)
    return _exec(task, location, path, argv, envp)


@syscall("execveat")
def execveat(task: Task, fd: int, filename: int, argv: int, envp: int, flags: int) -> Blocking:
    if flags & ~(AT_EMPTY_PATH | AT_SYMLINK_NOFOLLOW | 0x10000):
        raise LinuxError(E.EINVAL)
    path = get_path(task, filename)
    if not path and not flags & AT_EMPTY_PATH:
        raise LinuxError(E.ENOENT)
    start = task.fs.cwd
    if fd != AT_FDCWD and not path.startswith(b"/"):
        start = location_of(task, task.files.get_any(fd))
    location = task.kernel.namespace.walk(
        task.fs.root, start, path, follow=not flags & AT_SYMLINK_NOFOLLOW, creds=task.creds,
        task=task, empty=bool(flags & AT_EMPTY_PATH))
    if flags & AT_SYMLINK_NOFOLLOW and location.inode.mode & 0o170000 == 0o120000:
        raise LinuxError(E.ELOOP)
    shown = path
    if fd != AT_FDCWD and not path.startswith(b"/"):
        shown = b"/dev/fd/%d" % fd + (b"/" + path if path else b"")
    return _exec(task, location, shown, argv, envp)


def _exec(task: Task, location: object, path: bytes, argv: int, envp: int) -> Blocking:
    program = execution.prepare(task, location, path,  # type: ignore[arg-type]
                                read_strings(task, argv) or [b""], read_strings(task, envp))
    return _replace(task, program, read_strings(task, envp), path)


def _replace(task: Task, program: execution.Program, envp: list[bytes],
             path: bytes) -> Blocking:
    """The point of no return: other threads end, the new image takes over."""
    kernel = task.kernel
    yield OUTSIDE
    try:
        space = execution.new_space(task, program, envp, path)
    except execution.ExecError as e:
        kernel.signals.force(task, {"signo": S.SIGSEGV, "code": sig.SI_KERNEL, "addr": 0})
        raise LinuxError(e.errno) from None
    old_tid = task.pid
    _collapse(task)
    vfork = task.vfork_parent is not None
    if vfork:
        kernel.exits.vfork_done(task)
    execution.commit(task, program, space)
    kernel.observer.executed(task)
    if task.ptrace is not None:
        from tracer.kernel.ptrace import executed
        yield from executed(task, old_tid)
    return Done(0)


def _collapse(task: Task) -> None:
    """de_thread: the caller becomes the only thread and takes the pid of the leader."""
    kernel = task.kernel
    process = task.process
    leader = process.tasks[0]
    for other in [t for t in process.tasks if t is not task]:
        if other.state >= ZOMBIE:
            continue
        if other is leader:
            continue
        kernel.forget(other)
        other.exit_code = 0
        kernel.exits.leave(other)
        kernel.observer.exited(other, 0)
    if leader is not task:
        kernel.forget(leader)
        old_tid = task.pid
        alive = leader.state < ZOMBIE
        process.tasks.remove(task)
        if alive:
            kernel.exits.leave(leader)
        process.tasks[:] = [task]
        process.leader_left = False
        kernel.tasks.pop(old_tid, None)
        task.pid = process.pid
        kernel.tasks[task.pid] = task
        kernel.observer.superseded(leader, task, old_tid)


# -- exit -------------------------------------------------------------------------------------
@syscall("exit")
def exit_(task: Task, code: int) -> None:
    task.kernel.exits.exit_task(task, (code & 0xFF) << 8)


@syscall("exit_group")
def exit_group(task: Task, code: int) -> None:
    task.kernel.exits.exit_group(task, (code & 0xFF) << 8)


# -- wait -------------------------------------------------------------------------------------
@syscall("wait4", ru="rusage")
def wait4(task: Task, pid: int, status: int, options: int, rusage: int, *,
          ru: Layout) -> int | Blocking:
    if options & ~(WNOHANG | WUNTRACED | WCONTINUED | _WNOTHREAD | _WCLONE | _WALL) & 0xFFFFFFFF:
        raise LinuxError(E.EINVAL)
    if pid == -0x80000000:
        raise LinuxError(E.ESRCH)
    found = _find(task, pid, options | WEXITED, None)
    if found is not None:
        return _wait_done(task, found, status, rusage, ru)
    if options & WNOHANG:
        return 0
    return _waiting(task, pid, options, status, rusage, ru)


@syscall("waitpid", ru="rusage")
def waitpid(task: Task, pid: int, status: int, options: int, *, ru: Layout) -> int | Blocking:
    return wait4(task, pid, status, options, 0, ru=ru)


class Change:
    """A child's change of state: CLD_* code, wait status, and whether it is its end."""

    __slots__ = ("code", "pid", "process", "status")

    def __init__(self, process: Process, code: int, status: int, pid: int = 0) -> None:
        self.process = process
        self.pid = pid or process.pid           # of a thread, if that is traced
        self.code = code
        self.status = status


def _matches(task: Task, child: Process, pid: int, options: int, pidfd: Process | None) -> bool:
    if pidfd is not None:
        if child is not pidfd:
            return False
    elif pid > 0:
        if child.pid != pid:
            return False
    elif pid == 0:
        if child.pgid != task.process.pgid:
            return False
    elif pid < -1 and child.pgid != -pid:
        return False
    is_clone = child.exit_signal != S.SIGCHLD
    return bool(options & _WALL) or is_clone == bool(options & _WCLONE)


def _find(task: Task, pid: int, options: int, pidfd: Process | None) -> Change | None:
    """A child that has something to report; ECHILD when there is no such child at all."""
    any_child = False
    keep = options & WNOWAIT
    for tracee in task.process.tracees:
        trace, of = tracee.ptrace, tracee.process
        if trace is None or not (tracee.pid == pid if pid > 0 and pidfd is None else
                                 _matches(task, of, pid, options | _WALL, pidfd)):
            continue
        any_child = True
        if trace.stop is not None and not trace.stop.reported:
            trace.stop.reported = not keep
            return Change(of, sig.CLD_TRAPPED, trace.stop.code << 8 | 0x7F, tracee.pid)
        if of.status is not None and of.parent is not task.process and options & WEXITED:
            return _ended(of)
    for child in task.process.children:
        trace = child.tasks[0].ptrace
        traced = trace is not None and trace.tracer is task.process
        if not _matches(task, child, pid, options | (_WALL if traced else 0), pidfd):
            continue
        any_child = True
        if trace is not None and (child.status is None or not traced):
            continue                    # its tracer sees it first
        if child.status is not None:
            if options & WEXITED:
                return _ended(child)
            continue
        if options & WUNTRACED and child.stopped and not child.stop_reported:
            child.stop_reported = not keep
            return Change(child, sig.CLD_STOPPED, child.stopped << 8 | 0x7F)
        if options & WCONTINUED and child.continued:
            child.continued = bool(keep)
            return Change(child, sig.CLD_CONTINUED, 0xFFFF)
    if not any_child:
        raise LinuxError(E.ECHILD)
    return None


def _ended(child: Process) -> Change:
    status = child.status or 0
    code = sig.CLD_EXITED
    if status & 0x7F:
        code = sig.CLD_DUMPED if status & 0x80 else sig.CLD_KILLED
    return Change(child, code, status)


def _reap(task: Task, child: Process) -> None:
    """The end of a child, or of a process that the caller traces, was told."""
    if child.parent is task.process:
        task.kernel.exits.reap(child)
    else:
        from tracer.kernel.ptrace import end_seen
        end_seen(child)


def _wait_done(task: Task, change: Change, status: int, rusage: int, ru: Layout) -> int:
    child = change.process
    usage = (child.user_time + child.children_user, child.system_time + child.children_system)
    if change.code in (sig.CLD_EXITED, sig.CLD_KILLED, sig.CLD_DUMPED):
        _reap(task, child)
    if status:
        task.mem.write_int(status, change.status, 4)
    if rusage:
        task.mem.write(rusage, pack_rusage(ru, *usage))
    return change.pid


def pack_rusage(ru: Layout, user: int, system: int) -> bytes:
    """struct rusage with times in nanoseconds and nothing else."""
    values = [user // 10**9, user // 1000 % 10**6, system // 10**9, system // 1000 % 10**6]
    return ru.pack(*values, *[0] * (len(ru.unpack(bytes(ru.size))) - 4))


def _waiting(task: Task, pid: int, options: int, status: int, rusage: int,
             ru: Layout) -> Generator[Wait, int, int]:
    while True:
        reason = yield Wait((task.process.child_queue,))
        found = _find(task, pid, options | WEXITED, None)
        if found is not None:
            return _wait_done(task, found, status, rusage, ru)
        if reason == Wait.SIGNAL:
            raise LinuxError(E.ERESTARTSYS)


@syscall("waitid", ru="rusage")
def waitid(task: Task, which: int, pid: int, info: int, options: int, rusage: int, *,
           ru: Layout) -> int | Blocking:
    if options & ~(WNOHANG | WNOWAIT | WEXITED | WUNTRACED | WCONTINUED | _WNOTHREAD | _WCLONE
                   | _WALL) & 0xFFFFFFFF:
        raise LinuxError(E.EINVAL)
    if not options & (WEXITED | WUNTRACED | WCONTINUED):
        raise LinuxError(E.EINVAL)
    pidfd: Process | None = None
    nonblocking = False
    if which == P_ALL:
        pid = -1
    elif which == P_PID:
        if pid <= 0:
            raise LinuxError(E.EINVAL)
    elif which == P_PGID:
        if pid < 0:
            raise LinuxError(E.EINVAL)
        pid = -pid if pid else 0
    elif which == P_PIDFD:
        from tracer.kernel.pidfd import find_pidfd
        if pid < 0:
            raise LinuxError(E.EINVAL)
        file = find_pidfd(task, pid)
        pidfd = file.process
        nonblocking = bool(file.flags & 0o4000)
    else:
        raise LinuxError(E.EINVAL)
    found = _find(task, pid, options, pidfd)
    if found is None and not options & WNOHANG:
        if nonblocking:
            raise LinuxError(E.EAGAIN)
        return _waiting_id(task, pid, info, options, rusage, pidfd, ru)
    return _waitid_done(task, found, info, options, rusage, ru)


def _waitid_done(task: Task, change: Change | None, info: int, options: int, rusage: int,
                 ru: Layout) -> int:
    if change is None:
        if info:
            task.mem.write(info, bytes(28 if task.abi.word == 8 else 24))
        return 0
    child = change.process
    status = change.status >> 8 & 0xFF
    if change.code in (sig.CLD_KILLED, sig.CLD_DUMPED):
        status = change.status & 0x7F
    elif change.code == sig.CLD_CONTINUED:
        status = S.SIGCONT
    elif change.code == sig.CLD_TRAPPED:
        status = change.status >> 8
    if rusage:
        task.mem.write(rusage, pack_rusage(ru, child.user_time, child.system_time))
    inner = task.process.pid_space
    record = {"signo": S.SIGCHLD, "code": change.code,
              "pid": change.pid if inner is None else inner.number(change.pid),
              "uid": child.tasks[0].creds.uid, "status": status}
    if change.code in (sig.CLD_EXITED, sig.CLD_KILLED, sig.CLD_DUMPED) and not options & WNOWAIT:
        _reap(task, child)
    if info:
        task.mem.write(info, task.abi.pack_siginfo(record)[:28 if task.abi.word == 8 else 24])
    return 0


def _waiting_id(task: Task, pid: int, info: int, options: int, rusage: int,
                pidfd: Process | None, ru: Layout) -> Generator[Wait, int, int]:
    while True:
        reason = yield Wait((task.process.child_queue,))
        found = _find(task, pid, options, pidfd)
        if found is not None:
            return _waitid_done(task, found, info, options, rusage, ru)
        if reason == Wait.SIGNAL:
            raise LinuxError(E.ERESTARTSYS)


@syscall("restart_syscall")
def restart_syscall(task: Task, *_args: int) -> Blocking:
    """Go on with a call that a signal without handler interrupted."""
    restart, task.restart = task.restart, None
    if restart is None:
        raise LinuxError(E.EINTR)
    resumed: Blocking = restart(task)
    return resumed


