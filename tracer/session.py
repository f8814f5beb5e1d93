"""One run: a machine, a program on it, a log."""
from __future__ import annotations

import os
import re
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING

from sysnames.errno import MESSAGES, NAMES
from tracer.errors import LinuxError, PytraceError
from tracer.interrupts import Ended, Interrupts
from tracer.kernel import exec as execution
from tracer.kernel.clock import Clock, HostClock
from tracer.kernel.dispatch import Entry
from tracer.kernel.kernel import Kernel
from tracer.kernel.procview import System
from tracer.kernel.task import (
    RLIM_INFINITY,
    Credentials,
    FdTable,
    FsInfo,
    InFlight,
    Process,
    Task,
)
from tracer.memory.space import AddressSpace
from tracer.memory.vma import Vma
from tracer.messages import command_name
from tracer.output.log import Log, make_writer
from tracer.tracing import make_tracer

if TYPE_CHECKING:
    from tracer.options import RunOptions
    from tracer.vfs.changes import Changes
    from tracer.vfs.personality import Guest

# What the sandbox's program finds in its environment.
ENVIRONMENT = {"PATH": "/usr/local/bin:/usr/bin:/bin", "HOME": "/root", "LANG": "C"}

_UNLIMITED = (RLIM_INFINITY, RLIM_INFINITY)
# resource.h numbers → soft and hard limit, as after login on a small machine.
LIMITS = {
    0: _UNLIMITED, 1: _UNLIMITED, 2: _UNLIMITED, 3: (8 << 20, RLIM_INFINITY),
    4: (0, RLIM_INFINITY), 5: _UNLIMITED, 6: (4096, 4096), 7: (1024, 4096),
    8: (8 << 20, 8 << 20), 9: _UNLIMITED, 10: _UNLIMITED, 11: (4096, 4096),
    12: (819200, 819200), 13: (0, 0), 14: (0, 0), 15: _UNLIMITED,
}
_NO_ID = 0xFFFFFFFF         # (uid_t) -1 is no user
_STACK = 1 << 20            # of the space from which the program is executed


def host_limits() -> dict[int, tuple[int, int]]:
    """The limits of pytrace's own process (Linux)."""
    import resource

    def value(limit: int) -> int:
        return RLIM_INFINITY if limit == resource.RLIM_INFINITY else limit

    found = {}
    for which in range(16):
        soft, hard = resource.getrlimit(which)
        found[which] = value(soft), value(hard)
    return found


def _credentials(options: RunOptions) -> Credentials:
    if options.personality == "host" and hasattr(os, "getresuid"):
        uid, euid, suid = os.getresuid()
        gid, egid, sgid = os.getresgid()
        creds = Credentials(euid, egid, tuple(os.getgroups()))
        creds.uid, creds.suid, creds.gid, creds.sgid = uid, suid, gid, sgid
        _host_capabilities(creds)
        return creds if options.user is None else _host_user(options.user, creds)
    if options.user is not None:
        if re.fullmatch("[0-9]{1,10}", options.user) and int(options.user) < _NO_ID:
            return Credentials(int(options.user), int(options.user))
        if options.user == "nobody":
            return Credentials(65534, 65534)
        if options.user != "root":
            raise PytraceError(f"Cannot find user '{options.user}'")
    return Credentials()


def _host_user(name: str, own: Credentials) -> Credentials:
    """A user of the host, with the groups of that user, as setreuid(2) of root leaves it.

    name: known to exist.  own: pytrace's credentials.
    """
    import pwd
    entry = pwd.getpwnam(name)
    creds = Credentials(entry.pw_uid, entry.pw_gid,
                        tuple(os.getgrouplist(name, entry.pw_gid)))
    creds.inheritable, creds.bounding = own.inheritable, own.bounding
    creds.no_new_privs = own.no_new_privs
    if not entry.pw_uid:
        creds.permitted, creds.effective = own.permitted, own.effective
    return creds


def _host_capabilities(creds: Credentials) -> None:
    """The sets that pytrace itself has (proc(5)); in a container root's are not all of them."""
    try:
        with open("/proc/self/status") as f:
            rows = dict(line.split(":", 1) for line in f if line.startswith(("Cap", "NoNew")))
        creds.inheritable, creds.permitted, creds.effective, creds.bounding, creds.ambient = (
            int(rows[name], 16) & Credentials.ALL
            for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"))
        creds.no_new_privs = bool(int(rows.get("NoNewPrivs", "0")))
    except (OSError, KeyError, ValueError):
        return          # no Linux, or no /proc: as root or anyone has them


def host_environment() -> dict[str, str]:
    """The environment pytrace was started with, in its order.

    Python itself may have added LC_CTYPE (PEP 538), so the kernel is asked first.
    """
    try:
        with open("/proc/self/environ", "rb") as f:
            entries = f.read().split(b"\0")
    except OSError:
        return dict(os.environ)
    pairs = (os.fsdecode(e).partition("=") for e in entries if e)
    return {name: value for name, _, value in pairs}


def _environment(options: RunOptions) -> list[bytes]:
    def base() -> dict[str, str]:
        if options.personality == "host" or options.env_host:
            return host_environment()
        return dict(ENVIRONMENT)

    return [os.fsencode(f"{name}={value}") for name, value in options.environment(base).items()]


def find_program(name: str) -> str:
    """The file a program's name leads to: itself with a slash, else by PATH."""
    if len(os.fsencode(name)) >= 4096:      # PATH_MAX
        raise PytraceError("exec: File name too long")
    if "/" in name or (os.sep in name):
        return name
    for folder in os.environ.get("PATH", "").split(os.pathsep):
        path = os.path.join(folder or ".", name)
        if os.path.isfile(path) and os.access(path, os.X_OK):
            return path
    raise PytraceError(f"Can't stat '{name}': No such file or directory")


class _Refused(PytraceError):
    """The program cannot be executed."""

    def __init__(self, errno: int, detail: str = "") -> None:
        super().__init__(f"exec: {MESSAGES.get(errno, NAMES.get(errno, errno))}{detail}")
        self.errno = errno


class Session:
    """The parts of a run, put together."""

    def __init__(self, options: RunOptions, sink: Callable[[str], None], immediate: bool,
                 message: Callable[[str], None], log: Log | None = None) -> None:
        self.options = options
        self.message = message
        host = options.personality == "host"
        clock = HostClock() if options.clock == "host" or host else Clock()
        self.kernel = Kernel(options.memory, clock, None, options.seed)
        self.kernel.host_random = host
        self.kernel.host_network = options.network == "host" or (host and not options.network)
        self.kernel.message = message
        if host:
            self.kernel.parent_comm = os.fsencode(command_name())[:15]
        if options.daemonize:
            # the parent is not the tracer then
            self.kernel.tracer_pid = os.getpid() if host else self.kernel.first_parent - 1
        self.kernel.debug = bool(os.environ.get("PYTRACE_DEBUG"))
        self.writer = make_writer(options, sink, immediate, message, log)
        self.tracer = make_tracer(options, self.writer)
        self.kernel.observer = self.tracer
        self.system = System(self.kernel)
        self.changes: Changes | None = None     # with --record-files

    def guest(self, program: str) -> Guest:
        """The files of the run."""
        from tracer.vfs import personality
        options, kernel = self.options, self.kernel
        now = kernel.clock.realtime
        if options.personality == "host":
            return personality.host(now=now, kernel=self.system,
                                    descriptors=self.inherited)
        binds = [personality.Bind(os.fsencode(h), os.fsencode(g) or None, mode)
                 for h, g, mode in options.binds]
        return personality.sandbox(
            personality.host_cwd(), os.fsencode(program), now=now, random=kernel.random,
            kernel=self.system, root=os.fsencode(options.root) if options.root else None,
            binds=binds, limit=options.memory >> 12, jobs=kernel.jobs,
            network=kernel.host_network)

    inherited: list[int]

    def start(self, program: str) -> Task:
        """Make the first task, inside its execve.  PytraceError if that must fail."""
        from tracer import abi as abis
        options, kernel = self.options, self.kernel
        guest = self.guest(program)
        kernel.namespace = guest.namespace
        if options.record_files is not None:
            from tracer.vfs.changes import Changes
            self.changes = Changes(guest.namespace, kernel.file_read)
        pid = kernel.new_pid()
        process = Process(kernel, pid, None)
        kernel.processes[pid] = process
        host = options.personality == "host" and sys.platform.startswith("linux")
        process.limits = host_limits() if host else dict(LIMITS)
        process.pgid = process.sid = kernel.first_parent
        if guest.tty is not None:
            guest.tty.session, guest.tty.pgrp = process.sid, process.pgid
            process.tty = kernel.terminal = guest.tty
        files = FdTable()
        for fd, file in guest.files.items():
            files.put(fd, file)
        umask = 0o022
        if host:
            umask = os.umask(0o022)
            os.umask(0)     # the guest's own umask is applied by the kernel
            kernel.uts["nodename"] = self.system.hostname = os.fsencode(os.uname().nodename)
        fs = FsInfo(guest.root, guest.cwd, umask)
        path = os.fsencode(program)
        argv = [os.fsencode(a) for a in options.args]
        envp = _environment(options)
        native = abis.get("x86_64")
        task = Task(kernel, pid, process, native, AddressSpace(kernel.arena, native.top, 0),
                    files, fs, _credentials(options))
        process.tasks.append(task)
        task.comm = b"pytrace"
        refused: _Refused | None = None
        try:
            abi = abis.get(self._program_abi(task, path, argv, envp))
        except _Refused as e:
            abi, refused = native, e
        options.abi = abi.name
        if not host:
            kernel.uts["release"] = b"%d.%d.0" % abi.kernel
            self.system.release = kernel.uts["release"]
        # With --host it is the host's strace that calls execve, perhaps of a 32-bit program.
        task.abi = task.call_abi = abis.wider(abi, os.uname().machine) if host else abi
        options.tracer_abi = task.abi.name
        task.engine = kernel.engine(task.abi)
        self._execve(task, path, argv, envp, refused)
        return task

    def finish(self, status: int) -> None:
        """The run is over: complete the log.  status: as wait(2) reports it."""
        if self.changes is not None:
            self.writer.files(self.changes.found(), self.options.record_files or 0)
        self.tracer.finish(status)

    def _program_abi(self, task: Task, path: bytes, argv: list[bytes],
                     envp: list[bytes]) -> str:
        """Which CPU the program is for; its errors are pytrace's."""
        name = path.decode(errors="backslashreplace")
        try:
            location = task.kernel.namespace.walk(task.fs.root, task.fs.cwd, path,
                                                  creds=task.creds, task=task)
            made = execution.prepare(task, location, path, argv, envp)
        except execution.ExecError as e:
            raise _Refused(e.errno, f": {e.message}") from None
        except LinuxError as e:
            if e.errno in (2, 20, 40, 36):
                raise PytraceError(f"Can't stat '{name}': {MESSAGES[e.errno]}") from None
            raise _Refused(e.errno) from None
        return made.image.abi

    def _execve(self, task: Task, path: bytes, argv: list[bytes], envp: list[bytes],
                refused: _Refused | None) -> None:
        """Put path and strings into a space of their own and call execve from there."""
        kernel, abi = task.kernel, task.abi
        top = abi.top
        size = _STACK + sum(map(len, (*argv, *envp)))
        space = AddressSpace(kernel.arena, top, top - (1 << 28))
        space.insert(Vma((top - size) & -4096, top, 3))
        position = top - 64

        def push(data: bytes) -> int:
            nonlocal position
            position = (position - len(data)) & -16
            space.write(position, data)
            return position

        def push_array(strings: list[bytes]) -> int:
            pointers = [push(text + b"\0") for text in reversed(strings)][::-1]
            return push(b"".join(p.to_bytes(abi.word, "little") for p in [*pointers, 0]))

        words = (kernel.number("execve", abi.name), push(path + b"\0"), push_array(argv),
                 push_array(envp), 0, 0, 0, 0, 0)
        task.mem = space
        kernel.tasks[task.pid] = task
        kernel.init = None
        entry: Entry = kernel.resolve(abi.name, words[0])
        args = entry.convert(words[1:])
        engine = task.engine
        engine.use(space)
        kernel.current = task
        abi.start(engine, 0x1000, position)
        token = kernel.observer.enter(task, entry, args, words) if entry.observed else None
        if refused is not None:
            if token is not None:
                kernel.observer.exit(token, -refused.errno)
            self.writer.flush()
            self.message(str(refused))
            kernel.exits.exit_group(task, 1 << 8)
            return
        task.call = InFlight(entry, words, token, entry.handle(task, *args))
        task.woken = None
        kernel.loaded[abi.name] = task
        kernel.run_queue.append(task)


def run(options: RunOptions) -> int:
    """Trace a program to its end.  Returns its exit status; dies of the signal that killed it.

    Raises PytraceError for what the user must know.
    """
    from tracer.messages import warn
    inherited: list[int] = []
    if options.personality == "host":
        from tracer.vfs.personality import inherited as descriptors
        inherited = descriptors()
        if options.output is not None and options.output.startswith("/dev/fd/"):
            # The log's own descriptor is not the program's.
            inherited = [fd for fd in inherited if options.output != f"/dev/fd/{fd}"]
    program = find_program(options.program)
    log = Log(options)
    session = Session(options, log.write, log.immediate, warn, log)
    session.inherited = inherited
    with Interrupts(session.kernel):        # until the log is complete
        try:
            task = session.start(program)
            session.kernel.run()
            # strace does not wait for the program after it has let go of it
            status = 0 if session.tracer.let_go else task.process.status or 0
        except Ended as e:
            status = e.signo
        finally:
            session.writer.flush()
            if session.kernel.terminal is not None:
                session.kernel.terminal.restore()
        session.finish(status)
    log.close()
    if status & 0x7F:
        return _die(status & 0x7F)
    return status >> 8 & 0xFF


def _die(signo: int) -> int:
    """End as the program did: killed by its signal."""
    sys.stdout.flush()
    sys.stderr.flush()
    try:
        import resource
        resource.setrlimit(resource.RLIMIT_CORE, (0, resource.getrlimit(resource.RLIMIT_CORE)[1]))
        import signal
        if signo not in (signal.SIGKILL, signal.SIGSTOP):
            signal.signal(signo, signal.SIG_DFL)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, [signo])
        os.kill(os.getpid(), signo)
    except (ImportError, OSError, ValueError):
        pass
    return 128 + signo
