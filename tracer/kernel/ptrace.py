"""Tracing among programs: who traces whom, stops and their reports (ptrace(2), kernel/ptrace.c).

A stopped task is parked like one that waits.  Its system calls are led around the ordinary
trap, so that tasks nobody traces pay nothing.
"""
from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import LinuxError
from tracer.kernel import signals as sig
from tracer.kernel.dispatch import RESTARTS, Entry
from tracer.kernel.registry import Done
from tracer.kernel.task import ZOMBIE, InFlight, Process, Task
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from tracer.cpu.engine import Engine
    from tracer.kernel.kernel import Kernel

# linux/ptrace.h
O_SYSGOOD, O_FORK, O_VFORK, O_CLONE, O_EXEC, O_VFORKDONE, O_EXIT, O_SECCOMP = (
    1 << i for i in range(8))
O_EXITKILL, O_SUSPEND_SECCOMP = 1 << 20, 1 << 21
O_MASK = 0xFF | O_EXITKILL | O_SUSPEND_SECCOMP
EVENT_FORK, EVENT_VFORK, EVENT_CLONE, EVENT_EXEC, EVENT_VFORK_DONE, EVENT_EXIT = range(1, 7)
EVENT_STOP = 128
CLONE_VFORK, CLONE_PTRACE, CLONE_UNTRACED = 0x4000, 0x2000, 0x00800000
TRAP_BRKPT, TRAP_TRACE = 1, 2

_TICK = 10_000_000


class Stop:
    """One stop.

    code: what wait(2) tells, shifted right by eight: a signal, and an event above it.  kind:
    "signal", "entry", "exit", "event" or "group".  info: its siginfo, None where there is none.
    """

    __slots__ = ("code", "info", "kind", "reported")

    def __init__(self, kind: str, code: int, info: dict[str, Any] | None) -> None:
        self.kind = kind
        self.code = code
        self.info = info
        self.reported = False


class Trace:
    """That a task is traced by a process.

    mode: how it goes on: "cont", "syscall", "step" or "sysemu".  words: the registers at the
    trap of the call it is in.
    """

    __slots__ = ("injected", "message", "mode", "options", "original", "seized", "stop", "tracer",
                 "trap_next", "wake", "words")

    def __init__(self, tracer: Process, seized: bool = False, options: int = 0) -> None:
        self.tracer = tracer
        self.seized = seized
        self.options = options
        self.mode = "cont"
        self.message = 0
        self.stop: Stop | None = None
        self.wake = WaitQueue()
        self.injected: dict[str, Any] | None = None     # delivered without asking again
        self.words: tuple[int, ...] = ()
        self.original: int | None = None    # what a tracer made of "orig"; None: words say
        self.trap_next = False              # PTRACE_INTERRUPT came


# -- attaching and letting go ---------------------------------------------------------------
def attach(task: Task, tracer: Process, seized: bool = False, options: int = 0) -> Trace:
    """Have a task traced."""
    trace = task.ptrace = Trace(tracer, seized, options)
    tracer.tracees.append(task)
    guard(task.kernel)
    return trace


def forget(task: Task) -> None:
    """The task is gone, or let go."""
    trace = task.ptrace
    if trace is not None:
        task.ptrace = None
        if task in trace.tracer.tracees:
            trace.tracer.tracees.remove(task)


def detach(task: Task, signo: int = 0) -> None:
    """Let a task go on untraced; signo: a signal it gets instead of the one it stopped for."""
    trace = task.ptrace
    assert trace is not None
    resume(task, "cont", signo)
    injected = trace.injected
    forget(task)
    if injected is not None:
        task.pending.add(injected)


def tracer_gone(process: Process) -> None:
    """The tracer ended: its tracees go on, or die with it."""
    for task in list(process.tracees):
        trace = task.ptrace
        if trace is not None and trace.options & O_EXITKILL:
            task.kernel.signals.send(task, {"signo": S.SIGKILL, "code": sig.SI_KERNEL, "pid": 0,
                                            "uid": 0})
        if task.process.status is not None and task is task.process.tasks[0]:
            end_seen(task.process)
        elif trace is not None:
            detach(task)


def is_zombie_of_other(process: Process) -> bool:
    """Whether a tracer that is not the parent must see the end of a process first."""
    trace = process.tasks[0].ptrace
    return trace is not None and trace.tracer is not process.parent


def end_seen(process: Process) -> None:
    """The tracer has seen the end of a process that is another's child."""
    forget(process.tasks[0])
    process.kernel.exits.tell_parent(process)


# -- stopping and going on --------------------------------------------------------------------
def stop(task: Task, kind: str, code: int, info: dict[str, Any] | None = None) -> Wait:
    """Stop a traced task: what it has to wait for.  The tracer is told."""
    trace = task.ptrace
    assert trace is not None
    trace.stop = Stop(kind, code, info)
    trace.wake = WaitQueue()
    kernel, tracer = task.kernel, trace.tracer
    action = tracer.handlers.get(S.SIGCHLD)
    if not action.flags & sig.SA_NOCLDSTOP and action.handler != sig.SIG_IGN:
        process = task.process
        kernel.signals.send_process(tracer, {
            "signo": S.SIGCHLD, "code": sig.CLD_STOPPED if kind == "group" else sig.CLD_TRAPPED,
            "pid": task.pid, "uid": task.creds.uid, "status": code & 0x7F,
            "utime": process.user_time // _TICK, "stime": process.system_time // _TICK})
    tracer.child_queue.wake()
    return Wait((trace.wake,), uninterruptible=True)


def resume(task: Task, mode: str, signo: int) -> None:
    """Let a stopped task go on; signo: the signal to deliver after a signal stop."""
    trace = task.ptrace
    assert trace is not None
    stopped, trace.stop = trace.stop, None
    trace.mode = mode
    if stopped is None:
        return
    if stopped.kind == "group":
        task.process.stopped = 0
    if signo and stopped.kind == "signal":
        info = stopped.info or {}
        if info.get("signo") != signo:
            info = {"signo": signo, "code": sig.SI_USER, "pid": trace.tracer.pid,
                    "uid": trace.tracer.tasks[0].creds.uid}
        trace.injected = info
    elif signo and stopped.kind in ("entry", "exit"):
        task.kernel.signals.send(task, {"signo": signo, "code": sig.SI_KERNEL, "pid": 0,
                                        "uid": 0})
    task.wants_signal_check = True
    trace.wake.wake()


def killed(task: Task) -> None:
    """SIGKILL ends every stop."""
    if task.ptrace is not None and task.ptrace.stop is not None:
        resume(task, "cont", 0)


def next_signal(task: Task) -> tuple[dict[str, Any] | None, bool]:
    """The next signal to deliver to a traced task, and whether it has stopped instead."""
    kernel, trace = task.kernel, task.ptrace
    assert trace is not None
    if trace.trap_next:
        trace.trap_next = False
        park(task, stop(task, "event", S.SIGTRAP | EVENT_STOP << 8, _trap(S.SIGTRAP)))
        return None, True
    if trace.injected is not None:
        info, trace.injected = trace.injected, None
        if not task.mask & sig.bit(info["signo"]):
            return info, False
        task.pending.add(info)
    next_info = kernel.signals.next(task)
    if next_info is None or next_info["signo"] == S.SIGKILL:
        return next_info, False
    park(task, stop(task, "signal", next_info["signo"], next_info))
    return None, True


def group_stop(task: Task, signo: int) -> None:
    """The task takes part in a stop of its process."""
    trace = task.ptrace
    assert trace is not None
    if trace.seized:
        park(task, stop(task, "group", signo | EVENT_STOP << 8))
    else:
        park(task, stop(task, "group", signo))


def stepped(task: Task) -> None:
    """One instruction was executed."""
    trace = task.ptrace
    if trace is not None and trace.stop is None and trace.mode == "step":
        trace.mode = "cont"
        task.kernel.signals.force(task, {"signo": S.SIGTRAP, "code": TRAP_TRACE,
                                         "addr": task.engine.get(task.engine.PC)})


def park(task: Task, wait: Wait) -> None:
    """Block a task that is not in a call."""
    task.kernel._park(task, wait)


def _trap(code: int) -> dict[str, Any]:
    return {"signo": S.SIGTRAP, "code": code, "pid": 0, "uid": 0}


# -- events of calls -----------------------------------------------------------------------------
def event(task: Task, number: int, message: int) -> Generator[Wait, int, None]:
    """Stop for an event, within a call that goes on afterwards."""
    trace = task.ptrace
    if trace is None:
        return
    trace.message = message
    code = S.SIGTRAP | number << 8
    yield stop(task, "event", code, _trap(code))


def cloned(task: Task, child: Task, flags: int, exit_signal: int) -> Generator[Wait, int, None]:
    """A traced task has made another, which does not run yet."""
    trace = task.ptrace
    if trace is None:
        return
    number, option = EVENT_CLONE, O_CLONE
    if flags & CLONE_VFORK:
        number, option = EVENT_VFORK, O_VFORK
    elif exit_signal == S.SIGCHLD:
        number, option = EVENT_FORK, O_FORK
    wanted = trace.options & option and not flags & CLONE_UNTRACED
    if wanted or flags & CLONE_PTRACE:
        made = attach(child, trace.tracer, trace.seized, trace.options)
        if trace.seized:
            made.trap_next = True
        else:
            child.pending.add({"signo": S.SIGSTOP, "code": sig.SI_USER, "pid": 0, "uid": 0})
        child.wants_signal_check = True
    if wanted:
        yield from event(task, number, child.pid)


def executed(task: Task, old_tid: int) -> Generator[Wait, int, None]:
    """A traced task has a new image."""
    trace = task.ptrace
    if trace is None:
        return
    if trace.options & O_EXEC:
        yield from event(task, EVENT_EXEC, old_tid)
    elif not trace.seized:
        task.kernel.signals.send(task, {"signo": S.SIGTRAP, "code": sig.SI_USER,
                                        "pid": task.tgid, "uid": task.creds.uid})


# -- system calls ----------------------------------------------------------------------------------
def guard(kernel: Kernel) -> None:
    """Lead the system calls of traced tasks around the ordinary trap, in every engine."""
    if kernel.guarded:
        return
    kernel.guarded = True
    for engine in kernel.engines.values():
        guard_engine(kernel, engine)


def guard_engine(kernel: Kernel, engine: Any) -> None:
    """The same for one engine."""
    plain = engine.on_call
    engine.on_call = _guarded(kernel, engine, plain, None)
    compat = getattr(engine, "on_compat", None)
    if compat is plain:
        engine.on_compat = engine.on_call
    elif compat is not None:
        engine.on_compat = _guarded(kernel, engine, compat, "i386")


def _guarded(kernel: Kernel, engine: Engine, plain: Callable[[tuple[int, ...]], int | None],
             other: str | None) -> Callable[[tuple[int, ...]], int | None]:
    entries: dict[tuple[str, int], Entry] = {}

    def trap(words: tuple[int, ...]) -> int | None:
        task = kernel.current
        if task is None:
            return plain(words)
        abi = other or task.abi.name
        if task.seccomp:
            result = _filtered(task, words, _entry(kernel, entries, abi, words[0]), engine)
            if result is not None:
                if kernel.attention:
                    engine.stop()
                return None if task.state >= ZOMBIE else result
        if task.ptrace is None:
            return plain(words)
        entry = _entry(kernel, entries, abi, words[0])
        steps = _traced_call(task, words, abi, lambda n: _entry(kernel, entries, abi, n))
        task.trap_words = words
        task.call = InFlight(entry, words, None, steps)
        task.woken = None
        engine.stop()
        kernel.attention = True
        return None

    trap.oabi = getattr(plain, "oabi", False)  # type: ignore[attr-defined]
    return trap


def _filtered(task: Task, words: tuple[int, ...], entry: Entry, engine: Engine) -> int | None:
    """The result of a call that a filter does not let through; None for others."""
    from tracer import abi as abis
    from tracer.kernel import seccomp
    arch, pc = abis.get(entry.abi).AUDIT_ARCH, engine.trap_pc(words)
    action = seccomp.verdict(task, words, entry.name, arch, pc)
    if action & 0xFFFF0000 in (seccomp.ALLOW, seccomp.LOG):
        return None
    observer = task.kernel.observer
    token = None
    if entry.observed and task.traced:
        token = observer.enter(task, entry, entry.convert(words[1:]), words)
    result = seccomp.apply(task, action, words, arch, pc)
    if token is not None and task.state < ZOMBIE:
        observer.exit(token, result)
    return result


def _entry(kernel: Kernel, entries: dict[tuple[str, int], Entry], abi: str, number: int) -> Entry:
    found = entries.get((abi, number))
    if found is None:
        found = entries[abi, number] = kernel.resolve(abi, number)
    return found


def _traced_call(task: Task, words: tuple[int, ...], abi: str, find: Callable[[int], Entry]
                 ) -> Generator[Wait, int, int | Done | None]:
    """One call of a traced task: stop, make it, stop."""
    trace = task.ptrace
    own = task.call_abi
    if abi != task.abi.name:
        from tracer import abi as abis
        task.call_abi = abis.get(abi)
    try:
        emulated = False
        if trace is not None and trace.mode in ("syscall", "sysemu"):
            emulated = trace.mode == "sysemu"
            trace.words, trace.original = words, None
            yield from _syscall_stop(task, "entry")
            if sig.bit(S.SIGKILL) & (task.pending.mask | task.process.pending.mask):
                return -E.EINTR
            words = _changed(task, words)
            if task.call is not None:
                task.call.words = words
        result: Any = Done(0) if emulated else (yield from _made(task, words, find))
        if result is None or task.state >= ZOMBIE:
            return None
        if task.ptrace is not None and task.ptrace.mode == "syscall" and not emulated:
            if not isinstance(result, Done):
                task.engine.complete(words, result)
            task.ptrace.words, task.ptrace.original = words, None
            yield from _syscall_stop(task, "exit")
            if not isinstance(result, Done) and result not in RESTARTS:
                return Done(result)
        return result  # type: ignore[no-any-return]
    finally:
        task.call_abi = own if task.call_abi.name == abi != task.abi.name else task.call_abi


def _made(task: Task, words: tuple[int, ...], find: Callable[[int], Entry]
          ) -> Generator[Wait, int, int | Done | None]:
    entry = find(words[0])
    trace = task.ptrace
    if trace is not None and trace.options & O_EXIT and entry.name in ("exit", "exit_group"):
        yield from event(task, EVENT_EXIT, (words[1] & 0xFF) << 8)
    call, task.call = task.call, None       # a call that ends the task finds none in flight
    try:
        result = entry.handle(task, *entry.convert(words[1:]))
        if task.state >= ZOMBIE:
            return None
        task.call = call
        if isinstance(result, Generator):
            result = yield from result
    except LinuxError as error:
        task.call = call
        result = -error.errno
    return result  # type: ignore[no-any-return]


def _syscall_stop(task: Task, kind: str) -> Generator[Wait, int, None]:
    trace = task.ptrace
    assert trace is not None
    code = S.SIGTRAP | (0x80 if trace.options & O_SYSGOOD else 0)
    if kind == "entry" and task.abi.CALL_NUMBER == "orig":
        task.engine.set(task.engine.RESULT, -E.ENOSYS & task.abi.mask)
    yield stop(task, kind, code, _trap(code))


def _changed(task: Task, words: tuple[int, ...]) -> tuple[int, ...]:
    """The words of a call after its tracer may have changed registers."""
    abi, trace, engine = task.abi, task.ptrace, task.engine
    if len(words) == 7 and abi.word == 8:       # int 0x80 from 64-bit code
        return words
    number = words[0]
    if trace is not None and trace.original is not None:
        number = trace.original
    values = [engine.get(name) for name in abi.CALL_ARGUMENTS]
    return (number & 0xFFFFFFFF, *values, *words[1 + len(values):])


def original(task: Task) -> int:
    """The word "orig" of the general registers: -1 outside of calls."""
    trace = task.ptrace
    if trace is None or trace.stop is None or trace.stop.kind not in ("entry", "exit"):
        return -1
    if task.abi.CALL_NUMBER != "orig":
        return trace.words[1]
    return trace.words[0] if trace.original is None else trace.original


@contextmanager
def registers(task: Task) -> Iterator[Engine]:
    """The engine with the registers of a stopped task in it; only while the CPU is stopped."""
    kernel, engine, abi = task.kernel, task.engine, task.abi
    if kernel.loaded.get(abi.name) is task or not task.context:
        yield engine
        return
    saved = engine.new_context()
    engine.save(saved)
    tls = abi.save_tls(engine)
    engine.load(task.context)
    abi.load_tls(engine, task.tls_state)
    try:
        yield engine
    finally:
        engine.save(task.context)
        task.tls_state = abi.save_tls(engine)
        engine.load(saved)
        engine.free_context(saved)
        abi.load_tls(engine, tls)
