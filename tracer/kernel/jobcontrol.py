"""Controlling terminals and what they do to jobs (drivers/tty/tty_jobctrl.c, credentials(7)).

The file systems call these methods while a task is inside a call.  A process's ``tty`` is its
controlling terminal, an object as `tracer.vfs.jobs` describes.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames import signals as S
from tracer.errors import LinuxError
from tracer.kernel.signals import SI_KERNEL, SI_USER, SIG_IGN, bit
from tracer.vfs import user
from tracer.vfs.base import O_ACCMODE, O_NOCTTY, O_WRONLY
from tracer.vfs.jobs import Jobs

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Process, Task

# asm-generic/ioctls.h
TIOCSCTTY, TIOCGPGRP, TIOCSPGRP, TIOCNOTTY, TIOCGSID = 0x540E, 0x540F, 0x5410, 0x5422, 0x5429
_CAP_SYS_ADMIN = 21


class JobControl(Jobs):
    """One machine's."""

    def __init__(self, kernel: Kernel) -> None:
        self.kernel = kernel

    def _task(self) -> Task:
        task = self.kernel.current
        assert task is not None
        return task

    # -- signals ----------------------------------------------------------------------------
    def signal(self, pgrp: int, signo: int, code: int = SI_KERNEL) -> None:
        """To all processes of a group (kill_pgrp); no error when there is none."""
        for process in sorted(self.kernel.processes.values(), key=lambda p: p.pid):
            if pgrp and process.pgid == pgrp and process.status is None:
                self._send(process, signo, code)

    def _send(self, process: Process, signo: int, code: int = SI_KERNEL) -> None:
        self.kernel.signals.send_process(process, {
            "signo": int(signo), "errno": 0, "code": code, "pid": 0, "uid": 0})

    def reading(self, tty: Any) -> None:
        self._check(tty, S.SIGTTIN)

    def changing(self, tty: Any) -> None:
        self._check(tty, S.SIGTTOU)

    def _check(self, tty: Any, signo: int) -> None:
        """__tty_check_change"""
        task = self._task()
        process = task.process
        if process.tty is not tty or not tty.pgrp or tty.pgrp == process.pgid:
            return
        if task.mask & bit(signo) or task.handlers.get(signo).handler == SIG_IGN:
            if signo == S.SIGTTIN:
                raise LinuxError(E.EIO)
            return
        if self.kernel.exits.orphaned(process.pgid):
            raise LinuxError(E.EIO)
        self.signal(process.pgid, signo)
        raise LinuxError(E.ERESTARTSYS)

    # -- whose terminal it is -------------------------------------------------------------------
    def _take(self, tty: Any) -> None:
        """proc_set_tty: the terminal becomes that of the current session."""
        process = self._task().process
        tty.session, tty.pgrp = process.sid, process.pgid
        process.tty = tty

    def opened(self, tty: Any, flags: int) -> None:
        """A session leader without a terminal gets the first one that it opens."""
        process = self._task().process
        if process.sid == process.pid and process.tty is None and not tty.session \
                and not flags & O_NOCTTY and flags & O_ACCMODE != O_WRONLY:
            self._take(tty)

    def ioctl(self, task: Any, tty: Any, request: int, arg: int, flags: int,
              from_master: bool) -> None:
        process = self._task().process
        own = process.tty is tty
        if request == TIOCGPGRP:
            if not own and not from_master:
                raise LinuxError(E.ENOTTY)
            user.put_int(task, arg, tty.pgrp)
        elif request == TIOCGSID:
            if not tty.session or (not own and not from_master):
                raise LinuxError(E.ENOTTY)
            user.put_int(task, arg, tty.session)
        elif request == TIOCSPGRP:
            self._set_foreground(task, tty, arg)
        elif request == TIOCSCTTY:
            self._steal(tty, arg, flags)
        elif request == TIOCNOTTY and not from_master:
            if not own:
                raise LinuxError(E.ENOTTY)
            if process.sid == process.pid:
                self.signal(tty.pgrp, S.SIGHUP, SI_USER)
                self.signal(tty.pgrp, S.SIGCONT, SI_USER)
                self._forget(tty)
            process.tty = None
        else:
            raise LinuxError(E.ENOTTY)

    def _set_foreground(self, task: Any, tty: Any, arg: int) -> None:
        process = self._task().process
        try:
            self.changing(tty)
        except LinuxError as e:
            raise LinuxError(E.ENOTTY) from None if e.errno == E.EIO else e
        pgrp = user.get_int(task, arg)
        if pgrp < 0:
            raise LinuxError(E.EINVAL)
        if process.tty is not tty or tty.session != process.sid:
            raise LinuxError(E.ENOTTY)
        members = [p for p in self.kernel.processes.values() if p.pgid == pgrp]
        if not members and pgrp != self.kernel.first_parent:
            raise LinuxError(E.ESRCH)
        if any(p.sid != process.sid for p in members):
            raise LinuxError(E.EPERM)
        tty.pgrp = pgrp

    def _steal(self, tty: Any, force: int, flags: int) -> None:
        """tiocsctty"""
        task = self._task()
        process = task.process
        if process.sid == process.pid == tty.session:
            return
        if process.sid != process.pid or process.tty is not None:
            raise LinuxError(E.EPERM)
        if tty.session:
            if force != 1 or not task.creds.capable(_CAP_SYS_ADMIN):
                raise LinuxError(E.EPERM)
            self._forget(tty)
        if flags & O_ACCMODE == O_WRONLY and not task.creds.capable(_CAP_SYS_ADMIN):
            raise LinuxError(E.EPERM)
        self._take(tty)

    def _forget(self, tty: Any) -> None:
        """It is nobody's terminal any more."""
        for process in self.kernel.processes.values():
            if process.tty is tty:
                process.tty = None
        tty.session = tty.pgrp = 0

    # -- ends -----------------------------------------------------------------------------------
    def hung_up(self, tty: Any) -> None:
        """The other end was closed (tty_signal_session_leader)."""
        leader = self.kernel.processes.get(tty.session)
        if leader is not None and leader.status is None:
            self._send(leader, S.SIGHUP)
            self._send(leader, S.SIGCONT)
            leader.old_foreground = tty.pgrp
        self._forget(tty)

    def leader_ends(self, process: Process) -> None:
        """A session leader ends: its foreground group is told (disassociate_ctty)."""
        tty = process.tty
        if tty is not None:
            self.signal(tty.pgrp, S.SIGHUP)
            self._forget(tty)
        else:
            self.signal(process.old_foreground, S.SIGHUP)
            self.signal(process.old_foreground, S.SIGCONT)
