"""Calls about signals (kernel/signal.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import Fault, LinuxError
from tracer.kernel import signals as sig
from tracer.kernel.registry import Blocking, Done, syscall
from tracer.kernel.task import ZOMBIE, AltStack, Process, SigAction, Task
from tracer.wait import OUTSIDE, Wait

if TYPE_CHECKING:
    from sysnames.layout import Layout

_CAP_KILL = 5
_SIGSET = 8                 # bytes of the kernel's sigset_t, on every ABI
_M64 = (1 << 64) - 1
_KNOWN_FLAGS = 0xDC000807   # SA_* of uapi, without SA_UNSUPPORTED and unknown bits
SS_ONSTACK, SS_DISABLE, SS_AUTODISARM = 1, 2, 1 << 31


# -- actions ----------------------------------------------------------------------------------
def _set_action(task: Task, signo: int, action: SigAction) -> None:
    if signo in (S.SIGKILL, S.SIGSTOP):
        raise LinuxError(E.EINVAL)
    action.mask &= ~sig.UNBLOCKABLE
    task.handlers.actions[signo] = action
    ignores = action.handler == sig.SIG_IGN or (
        action.handler == sig.SIG_DFL and sig.default_action(signo) == "ignore")
    if ignores:
        task.process.pending.discard(sig.bit(signo))
        for each in task.process.tasks:
            each.pending.discard(sig.bit(signo))


def _check_signal(signo: int) -> None:
    if not 1 <= signo <= 64:
        raise LinuxError(E.EINVAL)


@syscall("rt_sigaction", sa="sigaction")
def rt_sigaction(task: Task, signo: int, act: int, oact: int, size: int, *, sa: Layout) -> int:
    if size != _SIGSET:
        raise LinuxError(E.EINVAL)
    new: SigAction | None = None
    if act:
        handler, flags, restorer, mask = _read_action(task, act, sa)
        new = SigAction(handler, flags & _KNOWN_FLAGS, restorer, mask)
    _check_signal(signo)
    if new is not None and signo in (S.SIGKILL, S.SIGSTOP):
        raise LinuxError(E.EINVAL)
    old = task.handlers.get(signo)
    if new is not None:
        _set_action(task, signo, new)
    if oact:
        word = task.call_word
        flags = old.flags | task.abi.forced_restorer
        task.mem.write(oact, b"".join(
            v.to_bytes(n, "little") for v, n in (
                (old.handler, word), (flags & (1 << 8 * word) - 1, word),
                (old.restorer, word), (old.mask, _SIGSET))))
    return 0


def _read_action(task: Task, address: int, sa: Layout) -> tuple[int, int, int, int]:
    """struct sigaction of the kernel: handler, flags, restorer, mask of 8 bytes."""
    word = task.call_word
    data = task.mem.read(address, 3 * word + _SIGSET)
    words = [int.from_bytes(data[i * word:(i + 1) * word], "little") for i in range(3)]
    return words[0], words[1], words[2], int.from_bytes(data[3 * word:], "little")


@syscall("sigaction")
def sigaction(task: Task, signo: int, act: int, oact: int) -> int:
    """The old form: handler, mask, flags, restorer in four 32-bit words."""
    new: SigAction | None = None
    if act:
        data = task.mem.read(act, 16)
        handler, mask, flags, restorer = (
            int.from_bytes(data[i:i + 4], "little") for i in range(0, 16, 4))
        new = SigAction(handler, flags & _KNOWN_FLAGS, restorer, mask)
    _check_signal(signo)
    if new is not None and signo in (S.SIGKILL, S.SIGSTOP):
        raise LinuxError(E.EINVAL)
    old = task.handlers.get(signo)
    if new is not None:
        _set_action(task, signo, new)
    if oact:
        task.mem.write(oact, b"".join(v.to_bytes(4, "little") for v in (
            old.handler, old.mask & 0xFFFFFFFF, old.flags & 0xFFFFFFFF, old.restorer)))
    return 0


@syscall("signal")
def signal(task: Task, signo: int, handler: int) -> int:
    _check_signal(signo)
    old = task.handlers.get(signo).handler
    _set_action(task, signo, SigAction(handler, sig.SA_RESETHAND | sig.SA_NODEFER))
    return old


@syscall("sigaltstack", st="stack_t")
def sigaltstack(task: Task, new: int, old: int, *, st: Layout) -> int:
    sp = task.engine.get(task.engine.SP)
    alt = task.altstack
    on_stack = alt.size and not alt.flags & SS_AUTODISARM and alt.sp < sp <= alt.sp + alt.size
    before = st.pack(alt.sp, (alt.flags & SS_AUTODISARM) | (
        SS_DISABLE if not alt.size else SS_ONSTACK if on_stack else 0), alt.size)
    if new:
        address, flags, size = st.unpack(task.mem.read(new, st.size))[:3]
        _set_altstack(task, address, flags, size, bool(on_stack))
    if old:
        task.mem.write(old, before)
    return 0


def _set_altstack(task: Task, address: int, flags: int, size: int, on_stack: bool) -> None:
    """do_sigaltstack; EPERM, EINVAL, ENOMEM."""
    if on_stack:
        raise LinuxError(E.EPERM)
    mode = flags & ~SS_AUTODISARM & 0xFFFFFFFF
    if mode not in (SS_DISABLE, SS_ONSTACK, 0):
        raise LinuxError(E.EINVAL)
    if mode == SS_DISABLE:
        address = size = 0
    elif size < task.abi.minsigstksz:
        raise LinuxError(E.ENOMEM)
    task.altstack = AltStack(address, size, flags & 0xFFFFFFFF)


# -- masks ------------------------------------------------------------------------------------
def read_set(task: Task, address: int, size: int) -> int:
    """A sigset_t of a given size; EINVAL, EFAULT."""
    if size != _SIGSET:
        raise LinuxError(E.EINVAL)
    return task.mem.read_int(address, _SIGSET)


def _change_mask(task: Task, how: int, mask: int, width: int = 64) -> None:
    if how == sig.SIG_BLOCK:
        new = task.mask | mask
    elif how == sig.SIG_UNBLOCK:
        new = task.mask & ~mask
    elif how == sig.SIG_SETMASK:
        low = (1 << width) - 1
        new = task.mask & ~low | mask
    else:
        raise LinuxError(E.EINVAL)
    task.mask = new & ~sig.UNBLOCKABLE & _M64
    if task.kernel.signals.deliverable(task):
        task.wants_signal_check = True
        task.kernel.attention = True


@syscall("rt_sigprocmask")
def rt_sigprocmask(task: Task, how: int, nset: int, oset: int, size: int) -> int:
    if size != _SIGSET:
        raise LinuxError(E.EINVAL)
    old = task.mask
    if nset:
        mask = task.mem.read_int(nset, _SIGSET)
        _change_mask(task, how, mask & ~sig.UNBLOCKABLE)
    if oset:
        task.mem.write_int(oset, old, _SIGSET)
    return 0


@syscall("sigprocmask")
def sigprocmask(task: Task, how: int, nset: int, oset: int) -> int:
    old = task.mask
    if nset:
        _change_mask(task, how, task.mem.read_int(nset, 4) & ~sig.UNBLOCKABLE, 32)
    if oset:
        task.mem.write_int(oset, old, 4)
    return 0


@syscall("sgetmask")
def sgetmask(task: Task) -> int:
    return task.mask & 0xFFFFFFFF


@syscall("ssetmask")
def ssetmask(task: Task, mask: int) -> int:
    old = task.mask & 0xFFFFFFFF
    _change_mask(task, sig.SIG_SETMASK, mask & 0xFFFFFFFF)
    return old


@syscall("rt_sigpending")
def rt_sigpending(task: Task, address: int, size: int) -> int:
    if size > _SIGSET:
        raise LinuxError(E.EINVAL)
    mask = (task.pending.mask | task.process.pending.mask) & task.mask
    task.mem.write(address, mask.to_bytes(8, "little")[:size])
    return 0


@syscall("sigpending")
def sigpending(task: Task, address: int) -> int:
    mask = (task.pending.mask | task.process.pending.mask) & task.mask
    task.mem.write_int(address, mask, 4)
    return 0


@syscall("rt_sigsuspend")
def rt_sigsuspend(task: Task, address: int, size: int) -> Blocking:
    mask = read_set(task, address, size)
    return _suspend(task, mask)


@syscall("sigsuspend")
def sigsuspend(task: Task, _first: int, _second: int, mask: int) -> Blocking:
    return _suspend(task, mask & 0xFFFFFFFF)


def _suspend(task: Task, mask: int) -> Blocking:
    task.kernel.set_temporary_mask(task, mask)
    return _until_signal(task)


@syscall("pause")
def pause(task: Task) -> Blocking:
    return _until_signal(task)


def _until_signal(task: Task) -> Blocking:
    while True:
        reason = yield Wait()
        if reason == Wait.SIGNAL:
            raise LinuxError(E.ERESTARTNOHAND)


# -- sending ----------------------------------------------------------------------------------
def may_signal(task: Task, target: Task, signo: int) -> None:
    """kill_ok_by_cred; EPERM."""
    if target.process is task.process or task.creds.capable(_CAP_KILL):
        return
    mine, other = task.creds, target.creds
    if mine.euid in (other.suid, other.uid) or mine.uid in (other.suid, other.uid):
        return
    if signo == S.SIGCONT and target.process.sid == task.process.sid:
        return
    raise LinuxError(E.EPERM)


def _user_info(task: Task, signo: int, code: int) -> dict[str, Any]:
    return {"signo": signo, "errno": 0, "code": code, "pid": task.tgid, "uid": task.creds.uid}


def _leader(process: Process) -> Task:
    return process.tasks[0]


@syscall("kill")
def kill(task: Task, pid: int, signo: int) -> int:
    kernel = task.kernel
    info = _user_info(task, signo, sig.SI_USER)
    if pid > 0:
        found = kernel.tasks.get(pid)
        process = kernel.processes.get(pid) or (found.process if found is not None else None)
        if process is None or (process.status is not None and not process.tasks):
            raise LinuxError(E.ESRCH)
        _kill_process(task, process, info)
        return 0
    if pid == -0x80000000:
        raise LinuxError(E.ESRCH)
    if pid == -1:
        targets = [p for p in kernel.processes.values()
                   if p is not task.process and p is not kernel.init]
    else:
        group = -pid if pid else task.process.pgid
        targets = [p for p in kernel.processes.values() if p.pgid == group]
    if not targets:
        raise LinuxError(E.ESRCH)
    failed, sent = 0, False
    for process in targets:
        try:
            _kill_process(task, process, info)
            sent = True
        except LinuxError as e:
            failed = e.errno
    if not sent:
        raise LinuxError(failed)
    return 0


def _kill_process(task: Task, process: Process, info: dict[str, Any]) -> None:
    signo = info["signo"]
    if not 0 <= signo <= 64:
        raise LinuxError(E.EINVAL)
    may_signal(task, _leader(process), signo)
    if signo:
        task.kernel.signals.send_process(process, dict(info))


@syscall("tkill")
def tkill(task: Task, tid: int, signo: int) -> int:
    if tid <= 0:
        raise LinuxError(E.EINVAL)
    return _kill_thread(task, -1, tid, _user_info(task, signo, sig.SI_TKILL))


@syscall("tgkill")
def tgkill(task: Task, tgid: int, tid: int, signo: int) -> int:
    if tgid <= 0 or tid <= 0:
        raise LinuxError(E.EINVAL)
    return _kill_thread(task, tgid, tid, _user_info(task, signo, sig.SI_TKILL))


def _kill_thread(task: Task, tgid: int, tid: int, info: dict[str, Any]) -> int:
    target = task.kernel.tasks.get(tid)
    if target is None or (tgid > 0 and target.tgid != tgid):
        raise LinuxError(E.ESRCH)
    signo = info["signo"]
    if not 0 <= signo <= 64:
        raise LinuxError(E.EINVAL)
    may_signal(task, target, signo)
    if signo and target.state < ZOMBIE:
        task.kernel.signals.send(target, info)
    return 0


def _read_info(task: Task, address: int, signo: int) -> dict[str, Any]:
    data = task.mem.read(address, 128)
    info = dict(task.abi.unpack_siginfo(data))
    info["signo"] = signo
    return info


@syscall("rt_sigqueueinfo")
def rt_sigqueueinfo(task: Task, pid: int, signo: int, address: int) -> int:
    info = _read_info(task, address, signo)
    if (info["code"] >= 0 or info["code"] == sig.SI_TKILL) and task.tgid != pid:
        raise LinuxError(E.EPERM)
    process = task.kernel.processes.get(pid)
    if process is None:
        raise LinuxError(E.ESRCH)
    _kill_process(task, process, info)
    return 0


@syscall("rt_tgsigqueueinfo")
def rt_tgsigqueueinfo(task: Task, tgid: int, tid: int, signo: int, address: int) -> int:
    info = _read_info(task, address, signo)
    if tid <= 0 or tgid <= 0:
        raise LinuxError(E.EINVAL)
    if (info["code"] >= 0 or info["code"] == sig.SI_TKILL) and task.pid != tid:
        raise LinuxError(E.EPERM)
    return _kill_thread(task, tgid, tid, info)


@syscall("pidfd_send_signal")
def pidfd_send_signal(task: Task, pidfd: int, signo: int, address: int, flags: int) -> int:
    from tracer.kernel.pidfd import find_pidfd
    if flags & ~7 or flags & flags - 1:
        raise LinuxError(E.EINVAL)
    process = find_pidfd(task, pidfd).process
    if address:
        info = dict(task.abi.unpack_siginfo(task.mem.read(address, 128)))
        if info["signo"] != signo:
            raise LinuxError(E.EINVAL)
        if process is not task.process and (
                info["code"] >= 0 or info["code"] == sig.SI_TKILL):
            raise LinuxError(E.EPERM)
    else:
        info = _user_info(task, signo, sig.SI_USER)
    if process.pid not in task.kernel.processes:
        raise LinuxError(E.ESRCH)
    _kill_process(task, process, info)
    return 0


# -- waiting ----------------------------------------------------------------------------------
@syscall("rt_sigtimedwait", ts="timespec")
@syscall("rt_sigtimedwait_time64", ts="timespec64")
def rt_sigtimedwait(task: Task, uset: int, uinfo: int, timeout: int, size: int, *,
                    ts: Layout) -> int | Blocking:
    mask = read_set(task, uset, size)
    deadline = None
    seconds = nanoseconds = 0
    if timeout:
        seconds, nanoseconds = ts.unpack(task.mem.read(timeout, ts.size))[:2]
        if seconds < 0 or not 0 <= nanoseconds < 10**9:
            raise LinuxError(E.EINVAL)
        deadline = task.kernel.clock.monotonic() + seconds * 10**9 + nanoseconds
    mask &= ~sig.UNBLOCKABLE
    info = task.kernel.signals.take(task, mask)
    if info is not None:
        return _waited(task, info, uinfo)
    if timeout and not seconds and not nanoseconds:
        raise LinuxError(E.EAGAIN)
    return _wait_for(task, mask, uinfo, deadline)


def _waited(task: Task, info: dict[str, Any], uinfo: int) -> int:
    if uinfo:
        task.mem.write(uinfo, task.abi.pack_siginfo(info))
    signo: int = info["signo"]
    return signo


def _wait_for(task: Task, mask: int, uinfo: int, deadline: int | None) -> Blocking:
    blocked = task.mask
    task.mask &= ~mask          # so that their arrival wakes the task
    try:
        while True:
            info = task.kernel.signals.take(task, mask)
            if info is not None:
                return _waited(task, info, uinfo)
            if task.kernel.signals.deliverable(task):
                raise LinuxError(E.EINTR)
            reason = yield Wait((task.process.signal_queue,), deadline)
            info = task.kernel.signals.take(task, mask)
            if info is not None:
                return _waited(task, info, uinfo)
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.EAGAIN)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.EINTR)
    finally:
        task.mask = blocked


@syscall("signalfd")
def signalfd(task: Task, fd: int, address: int, size: int) -> int:
    return signalfd4(task, fd, address, size, 0)


@syscall("signalfd4")
def signalfd4(task: Task, fd: int, address: int, size: int, flags: int) -> int:
    from tracer.kernel.signalfd import SignalFile
    if size != _SIGSET:
        raise LinuxError(E.EINVAL)
    mask = task.mem.read_int(address, _SIGSET)
    flags = task.abi.open_flags_in(flags)
    if flags & ~(0o2000000 | 0o4000):
        raise LinuxError(E.EINVAL)
    mask &= ~sig.UNBLOCKABLE
    if fd == -1:
        new = task.files.lowest(0, task.process.limit(7))
        task.files.put(new, SignalFile(task, mask, flags & 0o4000), bool(flags & 0o2000000))
        return new
    file = task.files.get(fd)
    if not isinstance(file, SignalFile):
        raise LinuxError(E.EINVAL)
    file.mask = mask
    return fd


# -- returning from handlers ------------------------------------------------------------------
@syscall("rt_sigreturn")
def rt_sigreturn(task: Task, *_args: int) -> Blocking:
    return _sigreturn(task, True)


@syscall("sigreturn")
def sigreturn(task: Task, *_args: int) -> Blocking:
    return _sigreturn(task, False)


def _sigreturn(task: Task, rt: bool) -> Blocking:
    yield OUTSIDE
    try:
        mask, stack, result = task.abi.pop_frame(task.engine, task.mem, rt)
    except Fault:
        task.kernel.signals.force(task, dict(task.abi.bad_frame(task.engine, task.mem)))
        return Done(0)
    task.mask = mask & ~sig.UNBLOCKABLE & _M64
    if stack is not None:
        try:
            sp = task.engine.get(task.engine.SP)
            alt = task.altstack
            inside = alt.size and not alt.flags & SS_AUTODISARM and \
                alt.sp < sp <= alt.sp + alt.size
            _set_altstack(task, stack[0], stack[1] & ~SS_ONSTACK, stack[2], bool(inside))
        except LinuxError:
            pass
    task.wants_signal_check = True
    bits = 8 * task.abi.word
    if result >> bits - 1 & 1:
        result -= 1 << bits
    return Done(result)
