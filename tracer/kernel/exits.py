"""How tasks and processes end, and how parents learn of it (kernel/exit.c)."""
from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING, Any

from sysnames import signals as S
from tracer.errors import Fault, LinuxError
from tracer.kernel import signals as sig
from tracer.kernel.cputime import charge
from tracer.kernel.task import DEAD, ZOMBIE, Process, Task

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel

_FUTEX_TID_MASK, _FUTEX_OWNER_DIED, _FUTEX_WAITERS = 0x3FFFFFFF, 0x40000000, 0x80000000
_ROBUST_LIMIT = 2048
TICK = 10**7                # nanoseconds of a clock tick of USER_HZ


class Exits:
    """The kernel's ways out."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    # -- ends ---------------------------------------------------------------------------
    def exit_task(self, task: Task, code: int) -> None:
        """exit(2): one thread ends; the process with the last one."""
        process = task.process
        last = not any(t is not task and t.state < ZOMBIE for t in process.tasks)
        task.exit_code = code
        self.leave(task)
        if task is process.tasks[0] and not last:
            # A leader is not reaped, nor its exit seen, before the last thread has ended.
            process.leader_left = True
            self.kernel.observer.leaves(task)
        else:
            self.kernel.observer.exited(task, code)
        if last:
            self._process_ended(process, code)

    def exit_group(self, task: Task, code: int) -> None:
        """exit_group(2): all threads end."""
        process = task.process
        process.exiting = True
        self._end_all(process, code, lambda t: self.kernel.observer.exited(t, code), task)
        self._process_ended(process, code)

    def kill_group(self, task: Task, signo: int, core: bool) -> None:
        """A fatal signal for all threads."""
        process = task.process
        process.exiting = True
        core = core and process.limit(4) > 0 and bool(task.mem.dumpable)
        status = signo | (0x80 if core else 0)
        self._end_all(process, status, lambda t: self.kernel.observer.killed(t, signo, core), task)
        self._process_ended(process, status)

    def _end_all(self, process: Process, status: int, tell: Any, first: Task) -> None:
        others = [t for t in process.tasks if t is not first and t.state < ZOMBIE]
        for task in (*others, first):
            self.kernel.forget(task)
            task.exit_code = status
            self.leave(task)
            tell(task)

    def leave(self, task: Task) -> None:
        """What a thread does on its way out: robust futexes, clear_child_tid, memory."""
        kernel = self.kernel
        if task.state >= ZOMBIE:
            return
        self.release_memory(task)
        task.files.release()
        task.state = ZOMBIE
        process = task.process
        if task.stop_pending:
            kernel.signals.leave_stop(task)
        if kernel.current is task:
            charge(kernel, task)
        process.user_time += task.user_time
        process.system_time += task.system_time
        if kernel.current is task:
            kernel.attention = True
            task.engine.stop()
        if kernel.loaded.get(task.abi.name) is task:
            del kernel.loaded[task.abi.name]
        if task.context:
            task.engine.free_context(task.context)
            task.context = 0
        if task is not process.tasks[0]:
            if task.ptrace is not None:
                from tracer.kernel.ptrace import forget
                forget(task)
            process.tasks.remove(task)
            kernel.tasks.pop(task.pid, None)
            task.state = DEAD

    def release_memory(self, task: Task) -> None:
        """mm_release and exit_mm: also before execve gives up the old image."""
        from tracer.kernel.calls.futex import hand_over_owned, wake_address
        if task.robust_list[0]:
            with suppress(LinuxError):
                self._robust_list(task)
        if self.kernel.futexes:
            hand_over_owned(task)
        if task.clear_child_tid and task.mem.users > 1:
            try:
                task.mem.write_int(task.clear_child_tid, 0, 4)
                wake_address(task, task.clear_child_tid, 1)
            except Fault:
                pass
        task.clear_child_tid = 0
        self.vfork_done(task)
        space = task.mem
        space.users -= 1
        if not space.users:
            space.destroy()

    def vfork_done(self, task: Task) -> None:
        """The child of a vfork lets its parent go on."""
        if task.vfork_parent is not None:
            task.vfork_parent = None
            task.vfork_queue.wake()

    def _robust_list(self, task: Task) -> None:
        """Mark the robust futexes that the task holds (exit_robust_list)."""
        from tracer.kernel.calls.futex import wake_address
        word = task.abi.word
        head = task.robust_list[0]
        mem = task.mem
        entry = mem.read_int(head, word)
        offset = mem.read_int(head + word, word)
        if offset >> 8 * word - 1:
            offset -= 1 << 8 * word
        pending = mem.read_int(head + 2 * word, word)
        for _ in range(_ROBUST_LIMIT):
            if entry & ~1 == head:
                break
            following = mem.read_int(entry & ~1, word)
            if entry & ~1 != pending & ~1:
                self._futex_death(task, entry, offset, wake_address)
            entry = following
        if pending & ~1:
            self._futex_death(task, pending, offset, wake_address)

    @staticmethod
    def _futex_death(task: Task, entry: int, offset: int, wake_address: Any) -> None:
        """entry: of the list; bit 0 marks PI locks, which are handed over instead."""
        address = (entry & ~1) + offset
        value = task.mem.read_int(address, 4)
        if value & _FUTEX_TID_MASK == task.own_tid:
            task.mem.write_int(address, value & _FUTEX_WAITERS | _FUTEX_OWNER_DIED, 4)
            if value & _FUTEX_WAITERS and not entry & 1:
                wake_address(task, address, 1)

    # -- processes -----------------------------------------------------------------------
    def _process_ended(self, process: Process, status: int) -> None:
        """The last thread is gone: the process is a zombie, its children get a new parent."""
        kernel = self.kernel
        process.status = status
        if process.leader_left:
            kernel.observer.exited(process.tasks[0], status)
        if process.itimers or process.posix_timers:
            from tracer.kernel.calls.timers import release
            release(process)
        if kernel.ipc is not None:
            kernel.ipc.exited(process)
        space = process.pid_space
        if space is not None and space.reaper is process:
            space.dead = True
            for pid in space.numbers:
                member = kernel.processes.get(pid)
                if member is not None and member is not process and member.status is None:
                    kernel.signals.send_process(member, {
                        "signo": S.SIGKILL, "code": sig.SI_KERNEL, "pid": 0, "uid": 0})
        if process.sid == process.pid and (process.tty is not None or process.old_foreground):
            kernel.jobs().leader_ends(process)
        for child in list(process.children):
            self._reparent(child, process)
            self._group_orphaned(child, process, None)
        self._group_orphaned(process, process.parent, process)
        process.exit_queue.wake()
        if process.tracees:
            from tracer.kernel.ptrace import tracer_gone
            tracer_gone(process)
        if process.tasks[0].ptrace is not None:
            from tracer.kernel.ptrace import is_zombie_of_other
            if is_zombie_of_other(process):
                self._tell(process.tasks[0].ptrace.tracer, process)
                return
        self.tell_parent(process)

    def _tell(self, tracer: Process, process: Process) -> None:
        """A tracer learns of the end of a process that is not its child."""
        assert process.status is not None
        self.kernel.signals.send_process(tracer, self._child_info(process, process.status))
        tracer.child_queue.wake()

    def tell_parent(self, process: Process) -> None:
        """The parent learns of the end of a child, which may vanish by that."""
        kernel, status = self.kernel, process.status
        assert status is not None
        parent = process.parent
        if parent is None:
            self.reap(process)          # its parent is the tracer, or init
            if process.pid != kernel.first_pid and process.outside_parent != 1 and \
                    not process.tasks[0].traced:
                kernel.observer.unknown(process.pid, True)
            return
        if process.exit_signal:
            info = self._child_info(process, status)
            action = parent.handlers.get(process.exit_signal)
            autoreap = process.exit_signal == S.SIGCHLD and (
                action.handler == sig.SIG_IGN or action.flags & sig.SA_NOCLDWAIT)
            if not (process.exit_signal == S.SIGCHLD and action.handler == sig.SIG_IGN) \
                    or kernel.observer.watching:
                kernel.signals.send_process(parent, info)
            if autoreap:
                self.reap(process)
        parent.child_queue.wake()

    def _child_info(self, process: Process, status: int) -> dict[str, Any]:
        code, value = sig.CLD_EXITED, status >> 8 & 0xFF
        if status & 0x7F:
            code = sig.CLD_DUMPED if status & 0x80 else sig.CLD_KILLED
            value = status & 0x7F
        return {"signo": process.exit_signal, "code": code, "pid": process.pid,
                "uid": process.tasks[0].creds.uid, "status": value,
                "utime": process.user_time // TICK, "stime": process.system_time // TICK}

    def _reparent(self, child: Process, old: Process) -> None:
        """Give an orphan to the nearest subreaper, else to init."""
        kernel = self.kernel
        new = old.parent
        while new is not None and not (new.subreaper and new.status is None):
            new = new.parent
        space = old.pid_space       # the parent's, wherever the child was born
        if space is not None and space.reaper not in (None, old, child) and not space.dead:
            new = space.reaper
        new = new or kernel.init
        old.children.remove(child)
        leader = child.tasks[0]
        if leader.pdeath_signal and leader.state < ZOMBIE:
            kernel.signals.send(leader, {"signo": leader.pdeath_signal, "code": sig.SI_USER,
                                         "pid": old.pid, "uid": old.tasks[0].creds.uid})
        if new is None or new is old or new.status is not None:
            child.parent = None
            child.outside_parent = 1
            if child.status is not None:
                self.reap(child)
            return
        child.parent = new
        new.children.append(child)
        if child.status is not None:
            kernel.signals.send_process(new, self._child_info(child, child.status))
            new.child_queue.wake()

    def _group_orphaned(self, process: Process, parent: Process | None,
                        leaving: Process | None) -> None:
        """A process lost its parent, or is leaving: if that orphans its group and members of it
        are stopped, all get SIGHUP and SIGCONT (kill_orphaned_pgrp)."""
        pgid, sid = process.pgid, process.sid
        outside = self.kernel.first_parent
        if (parent.pgid if parent is not None else outside) == pgid or \
                (parent.sid if parent is not None else outside) != sid:
            return
        group = [p for p in self.kernel.processes.values() if p.pgid == pgid]
        if not any(p.stopped for p in group) or not self.orphaned(pgid, leaving):
            return
        for signo in (S.SIGHUP, S.SIGCONT):
            for member in group:
                self.kernel.signals.send_process(
                    member, {"signo": signo, "code": sig.SI_KERNEL, "pid": 0, "uid": 0})

    def orphaned(self, pgid: int, leaving: Process | None = None) -> bool:
        """Whether no member of a process group has a parent in its session but outside of the
        group.  The group that the tracer belongs to is its shell's business."""
        outside = self.kernel.first_parent
        if pgid == outside:
            return False
        for p in self.kernel.processes.values():
            if p.pgid != pgid or p is leaving or p.status is not None:
                continue
            parent = p.parent
            if parent is None:
                if p.outside_parent != 1 and p.sid == outside:
                    return False
            elif parent.pgid != pgid and parent.sid == p.sid:
                return False
        return True

    def reap(self, process: Process) -> None:
        """A zombie is waited for: it vanishes."""
        parent = process.parent
        if parent is not None:
            parent.children.remove(process)
            parent.children_user += process.user_time + process.children_user
            parent.children_system += process.system_time + process.children_system
        self.kernel.processes.pop(process.pid, None)
        if process.tasks[0].ptrace is not None:
            from tracer.kernel.ptrace import forget
            forget(process.tasks[0])
        for task in process.tasks:
            self.kernel.tasks.pop(task.pid, None)
            task.state = DEAD

    def notify_parent(self, process: Process, code: int, signo: int) -> None:
        """A child stopped or went on: SIGCHLD and waiters of the parent."""
        parent = process.parent
        if parent is None:
            return
        action = parent.handlers.get(S.SIGCHLD)
        if not action.flags & sig.SA_NOCLDSTOP and action.handler != sig.SIG_IGN:
            self.kernel.signals.send_process(parent, {
                "signo": S.SIGCHLD, "code": code, "pid": process.pid,
                "uid": process.tasks[0].creds.uid, "status": signo,
                "utime": process.user_time // TICK, "stime": process.system_time // TICK})
        parent.child_queue.wake()
