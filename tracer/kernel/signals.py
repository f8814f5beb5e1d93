"""Sending, blocking and delivering signals (signal(7), kernel/signal.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import Fault
from tracer.kernel.task import STOPPED, ZOMBIE, AltStack, Process, SigAction, Task

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel

SIG_DFL, SIG_IGN = 0, 1
SIG_BLOCK, SIG_UNBLOCK, SIG_SETMASK = 0, 1, 2
SA_NOCLDSTOP, SA_NOCLDWAIT, SA_SIGINFO = 1, 2, 4
SA_ONSTACK, SA_RESTART, SA_NODEFER, SA_RESETHAND = 0x08000000, 0x10000000, 0x40000000, 0x80000000
SA_RESTORER = 0x04000000

# si_code
SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_MESGQ, SI_ASYNCIO, SI_SIGIO, SI_TKILL = (
    0, 0x80, -1, -2, -3, -4, -5, -6)
CLD_EXITED, CLD_KILLED, CLD_DUMPED, CLD_TRAPPED, CLD_STOPPED, CLD_CONTINUED = range(1, 7)

ERESTARTSYS, ERESTARTNOINTR, ERESTARTNOHAND, ERESTART_RESTARTBLOCK = 512, 513, 514, 516

_IGNORED = {S.SIGCHLD, S.SIGCONT, S.SIGURG, S.SIGWINCH}
_STOPS = {S.SIGSTOP, S.SIGTSTP, S.SIGTTIN, S.SIGTTOU}
_CORE = {S.SIGQUIT, S.SIGILL, S.SIGTRAP, S.SIGABRT, S.SIGBUS, S.SIGFPE, S.SIGSEGV, S.SIGXCPU,
         S.SIGXFSZ, S.SIGSYS}
_SYNCHRONOUS = (S.SIGSEGV, S.SIGBUS, S.SIGILL, S.SIGTRAP, S.SIGFPE, S.SIGSYS)
SS_AUTODISARM = 1 << 31
UNBLOCKABLE = 1 << S.SIGKILL - 1 | 1 << S.SIGSTOP - 1
_STOP_MASK = sum(1 << s - 1 for s in _STOPS)
_CONT_MASK = 1 << S.SIGCONT - 1
_SYNCHRONOUS_MASK = sum(1 << s - 1 for s in _SYNCHRONOUS)


def bit(signo: int) -> int:
    """The bit of a signal in a mask."""
    return 1 << signo - 1


def default_action(signo: int) -> str:
    """"ignore", "stop", "continue", "core" or "terminate" (signal(7))."""
    if signo in _STOPS:
        return "stop"
    if signo == S.SIGCONT:
        return "continue"
    if signo in _IGNORED:
        return "ignore"
    return "core" if signo in _CORE else "terminate"


def ignored(task: Task, signo: int) -> bool:
    """Whether sending it has no effect: ignored and not blocked."""
    if task.mask & bit(signo) or (task.saved_mask or 0) & bit(signo):
        return False
    action = task.handlers.get(signo)
    if action.handler == SIG_IGN:
        return signo not in (S.SIGKILL, S.SIGSTOP)
    return action.handler == SIG_DFL and signo in _IGNORED and signo != S.SIGCONT


def _renumbered(process: Process, info: dict[str, Any]) -> dict[str, Any]:
    """A sender's pid as the receiver's PID namespace has it."""
    code = info["code"]
    if info.get("pid") and process.pid_space is not None and (
            code in (SI_USER, SI_TKILL) or (info["signo"] == S.SIGCHLD and code > 0)):
        return {**info, "pid": process.pid_space.number(info["pid"])}
    return info


class Signals:
    """The kernel's signal side."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    # -- sending ------------------------------------------------------------------------
    def send(self, task: Task, info: dict[str, Any]) -> None:
        """To one thread (tkill, faults)."""
        if self.kernel.translates_pids:
            info = _renumbered(task.process, info)
        self._prepare(task.process, info["signo"])
        if task.state >= ZOMBIE or self._dropped(task, info["signo"]):
            return
        task.pending.add(info)
        self._notify(task, info["signo"])

    def send_process(self, process: Process, info: dict[str, Any]) -> None:
        """To a process: any thread that does not block it takes it."""
        if self.kernel.translates_pids:
            info = _renumbered(process, info)
        self._prepare(process, info["signo"])
        living = list(process.living())
        if not living:
            return
        signo = info["signo"]
        taker = next((t for t in living if not t.mask & bit(signo)), living[0])
        if self._dropped(taker, signo):
            return
        process.pending.add(info)
        self._notify(taker, signo)

    def force(self, task: Task, info: dict[str, Any]) -> None:
        """A signal that cannot be blocked or ignored: faults (force_sig_info)."""
        signo = info["signo"]
        action = task.handlers.get(signo)
        if action.handler == SIG_IGN or task.mask & bit(signo):
            task.handlers.actions[signo] = SigAction()
            task.mask &= ~bit(signo)
        task.pending.add(info)
        self._notify(task, signo)

    def _prepare(self, process: Process, signo: int) -> None:
        """SIGCONT and stop signals cancel each other; SIGCONT wakes even when ignored."""
        if signo in _STOPS:
            self._discard(process, _CONT_MASK)
        elif signo == S.SIGCONT or signo == S.SIGKILL:
            if signo == S.SIGCONT:
                self._discard(process, _STOP_MASK)
            was_stopped, process.stopped = process.stopped, 0
            if was_stopped and signo == S.SIGCONT:
                process.continued = True
                self.kernel.exits.notify_parent(process, CLD_CONTINUED, S.SIGCONT)
            if process.stopping:
                process.stopping = False
                for task in process.tasks:
                    task.stop_pending = False
            for task in process.tasks:
                if task.state == STOPPED:
                    self.kernel.resume_stopped(task)
                if task.ptrace is not None and signo == S.SIGKILL:
                    from tracer.kernel.ptrace import killed
                    killed(task)

    def _discard(self, process: Process, mask: int) -> None:
        process.pending.discard(mask)
        for task in process.tasks:
            task.pending.discard(mask)

    def _dropped(self, task: Task, signo: int) -> bool:
        """Ignored signals are dropped, unless a tracer looks at them first, as strace does."""
        if not ignored(task, signo):
            return False
        return task.ptrace is None and not (task.traced and self.kernel.observer.watching)

    def _notify(self, task: Task, signo: int) -> None:
        process = task.process
        process.signal_queue.wake()
        for each in process.tasks:
            each.wants_signal_check = True
        if task is self.kernel.current:
            self.kernel.attention = True
        if not task.mask & bit(signo) or signo in (S.SIGKILL, S.SIGSTOP):
            self.kernel.interrupt(task)
            if signo == S.SIGKILL:
                for each in process.tasks:
                    self.kernel.interrupt(each)

    # -- delivering ---------------------------------------------------------------------
    def deliverable(self, task: Task) -> int:
        """Mask of pending signals that are not blocked."""
        return (task.pending.mask | task.process.pending.mask) & ~task.mask

    def next(self, task: Task) -> dict[str, Any] | None:
        """Take the next signal to deliver: faults first, then by number."""
        mask = self.deliverable(task)
        if not mask:
            return None
        own = task.pending.mask & ~task.mask
        if own & bit(S.SIGKILL) or task.process.pending.mask & bit(S.SIGKILL):
            signo = S.SIGKILL
        elif own & _SYNCHRONOUS_MASK:
            low = own & _SYNCHRONOUS_MASK
            signo = (low & -low).bit_length()
        elif own:
            signo = (own & -own).bit_length()
        else:
            signo = (mask & -mask).bit_length()
        source = task.pending if own & bit(signo) else task.process.pending
        return source.take(signo)

    def take(self, task: Task, mask: int) -> dict[str, Any] | None:
        """Take a pending signal of a mask, blocked or not (sigwaitinfo, signalfd)."""
        for source in (task.pending, task.process.pending):
            wanted = source.mask & mask
            if wanted:
                return source.take((wanted & -wanted).bit_length())
        return None

    def deliver(self, task: Task) -> None:
        """Deliver what is pending to the current task, whose registers are loaded.

        A call that ended with a restart code is restarted or turned into EINTR here.
        """
        kernel = self.kernel
        task.wants_signal_check = False
        while task.state < STOPPED:
            if task.stop_pending:
                self._stop(task)
                return
            if task.ptrace is None:
                info = self.next(task)
            else:
                from tracer.kernel.ptrace import next_signal
                info, stopped = next_signal(task)
                if stopped:
                    return
            if info is None:
                break
            signo = info["signo"]
            action = task.handlers.get(signo)
            if kernel.observer.watching and task.traced:
                kernel.observer.signal(task, info)
            if action.handler == SIG_IGN and signo not in (S.SIGKILL, S.SIGSTOP):
                continue
            if action.handler == SIG_DFL or signo in (S.SIGKILL, S.SIGSTOP):
                what = default_action(signo)
                if what in ("ignore", "continue"):
                    continue
                if what == "stop":
                    if signo != S.SIGSTOP and kernel.exits.orphaned(task.process.pgid):
                        continue
                    self._begin_stop(task, signo)
                    self._stop(task)
                    return
                kernel.exits.kill_group(task, signo, what == "core")
                return
            self._handle(task, info, action)
            if task.state >= ZOMBIE:
                return
            return_after_one = self.deliverable(task)
            if not return_after_one:
                break
        self._no_handler(task)

    def _handle(self, task: Task, info: dict[str, Any], action: SigAction) -> None:
        """Run a handler: settle the interrupted call and push a frame."""
        code = task.engine_result
        if code is not None:
            number = None
            if code == ERESTARTNOINTR or (code == ERESTARTSYS and action.flags & SA_RESTART):
                task.engine.rewind(task.trap_words, number)
            else:
                task.engine.complete(task.trap_words, -E.EINTR)
            task.engine_result = None
        mask = task.mask if task.saved_mask is None else task.saved_mask
        task.saved_mask = None
        try:
            task.abi.push_frame(task.engine, task.mem, info, action, mask, task.altstack)
        except Fault:
            self._bad_frame(task, info["signo"])
            return
        if task.altstack.flags & SS_AUTODISARM:
            task.altstack = AltStack()
        if action.flags & SA_RESETHAND:
            task.handlers.actions[info["signo"]] = SigAction(0, action.flags, action.restorer,
                                                             action.mask)
        task.mask |= action.mask
        if not action.flags & SA_NODEFER:
            task.mask |= bit(info["signo"])
        task.mask &= ~UNBLOCKABLE

    def _bad_frame(self, task: Task, signo: int) -> None:
        """The frame could not be written: SIGSEGV, fatal if that is what was delivered."""
        if signo == S.SIGSEGV:
            task.handlers.actions[S.SIGSEGV] = SigAction()
        self.force(task, {"signo": S.SIGSEGV, "code": SI_KERNEL, "addr": 0})

    def _no_handler(self, task: Task) -> None:
        """No handler was run for an interrupted call: it is restarted."""
        code = task.engine_result
        if code is not None:
            task.engine_result = None
            number = None
            if code == ERESTART_RESTARTBLOCK:
                number = self.kernel.number("restart_syscall", task.abi.name)
            task.engine.rewind(task.trap_words, number)
        if task.saved_mask is not None:
            task.mask, task.saved_mask = task.saved_mask, None
            if self.deliverable(task):
                task.wants_signal_check = True
                self.kernel.attention = True

    def _begin_stop(self, task: Task, signo: int) -> None:
        """Have all threads of a process stop; those that wait are interrupted."""
        process = task.process
        process.stopping = True
        process.stop_signal = signo
        for each in process.living():
            if each.state != STOPPED:
                each.stop_pending = each.wants_signal_check = True
                if each is not task:
                    self.kernel.interrupt(each)

    def _stop(self, task: Task) -> None:
        """A thread takes part in the stop of its process."""
        if task.ptrace is not None:
            from tracer.kernel.ptrace import group_stop
            signo = task.process.stop_signal
            self.leave_stop(task)
            group_stop(task, signo)
            self.kernel.attention = True
            return
        task.state = STOPPED
        if self.kernel.observer.watching and task.traced:
            self.kernel.observer.stopped(task, task.process.stop_signal)
        self.leave_stop(task)
        self.kernel.attention = True

    def leave_stop(self, task: Task) -> None:
        """A thread has stopped, or ends instead; with the last one the process is stopped."""
        process = task.process
        task.stop_pending = False
        if process.stopping and not any(t.stop_pending for t in process.living()):
            process.stopping = False
            process.stopped = process.stop_signal
            process.stop_reported = False
            trace = process.tasks[0].ptrace
            if trace is None or trace.tracer is not process.parent:
                self.kernel.exits.notify_parent(process, CLD_STOPPED, process.stopped)
