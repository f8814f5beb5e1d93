"""Tasks (threads), thread groups and what they own or share."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel import inotify, locks, sigio
from tracer.vfs.base import O_PATH, Creds, File
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from tracer.abi.base import Abi
    from tracer.cpu.engine import Engine
    from tracer.kernel.cputime import CpuTimer
    from tracer.kernel.kernel import Kernel, Parking
    from tracer.kernel.namespaces import PidNamespace
    from tracer.kernel.ptrace import Trace
    from tracer.kernel.registry import Blocking
    from tracer.kernel.seccomp import Instruction
    from tracer.memory.space import AddressSpace
    from tracer.vfs.base import Inode
    from tracer.vfs.namespace import Location

AT_FDCWD = -100
PR_SET_TSC = 26                     # a key of Task.settings: 2 when the counter is forbidden

RUNNABLE, BLOCKED, STOPPED, ZOMBIE, DEAD = range(5)

# resource.h
RLIMIT_CPU, RLIMIT_FSIZE, RLIMIT_DATA, RLIMIT_STACK, RLIMIT_CORE, RLIMIT_RSS = range(6)
RLIMIT_NPROC, RLIMIT_NOFILE, RLIMIT_MEMLOCK, RLIMIT_AS, RLIMIT_LOCKS = range(6, 11)
RLIMIT_SIGPENDING, RLIMIT_MSGQUEUE, RLIMIT_NICE, RLIMIT_RTPRIO, RLIMIT_RTTIME = range(11, 16)
RLIM_INFINITY = (1 << 64) - 1


class FdTable:
    """Open descriptors; shared by tasks with CLONE_FILES."""

    __slots__ = ("cloexec", "files", "locks", "users")

    def __init__(self) -> None:
        self.files: dict[int, File] = {}
        self.locks = False          # record locks were set: each close may take some away
        self.cloexec: set[int] = set()
        self.users = 1

    def get(self, fd: int) -> File:
        """The open file; EBADF.  O_PATH files count as not open, as for most calls."""
        file = self.files.get(fd)
        if file is None or file.flags & O_PATH:
            raise LinuxError(E.EBADF)
        return file

    def get_any(self, fd: int) -> File:
        """The open file, O_PATH included; EBADF."""
        file = self.files.get(fd)
        if file is None:
            raise LinuxError(E.EBADF)
        return file

    def lowest(self, start: int, limit: int) -> int:
        """The lowest free number from start on; EMFILE at the limit (RLIMIT_NOFILE)."""
        files = self.files
        fd = start
        while fd in files:
            fd += 1
        if fd >= limit:
            raise LinuxError(E.EMFILE)
        return fd

    def put(self, fd: int, file: File, cloexec: bool = False) -> None:
        """Make fd refer to the file, in place of any other."""
        file.refs += 1
        old = self.files.get(fd)
        self.files[fd] = file
        if cloexec:
            self.cloexec.add(fd)
        else:
            self.cloexec.discard(fd)
        if old is not None:
            if self.locks:
                locks.release(old.inode, self)
            drop(old)

    def close(self, fd: int) -> None:
        """EBADF when it is not open."""
        file = self.files.pop(fd, None)
        if file is None:
            raise LinuxError(E.EBADF)
        self.cloexec.discard(fd)
        if self.locks:
            locks.release(file.inode, self)
        drop(file)

    def copy(self) -> FdTable:
        """For fork: the same files, a table of its own."""
        new = FdTable()
        new.files = dict(self.files)
        new.cloexec = set(self.cloexec)
        for file in self.files.values():
            file.refs += 1
        return new

    def release(self) -> None:
        """One user less; the last one closes all."""
        self.users -= 1
        if not self.users:
            for fd in sorted(self.files):
                self.close(fd)


def drop(file: File) -> None:
    """One reference to an open file less."""
    file.refs -= 1
    if not file.refs:
        if locks.FILES and file in locks.FILES:
            locks.FILES.discard(file)
            locks.release(file.inode, file)
        if inotify.WATCHES:
            inotify.closed(file)
        if sigio.ACTIVE:
            sigio.stop(file)
        file.release()


class FsInfo:
    """Root, working directory and umask; shared by tasks with CLONE_FS."""

    __slots__ = ("cwd", "root", "umask", "users")

    def __init__(self, root: Location, cwd: Location, umask: int = 0o022) -> None:
        self.root = root
        self.cwd = cwd
        self.umask = umask
        self.users = 1

    def copy(self) -> FsInfo:
        """For fork."""
        return FsInfo(self.root, self.cwd, self.umask)


class Credentials(Creds):
    """User and group ids and capabilities of one task (credentials(7)).

    ``caps``, which the file systems look at, is the effective set.
    """

    __slots__ = ("ambient", "bounding", "egid", "euid", "gid", "inheritable", "no_new_privs",
                 "permitted", "securebits", "sgid", "suid", "uid")

    ALL = (1 << 41) - 1             # CAP_LAST_CAP is 40

    def __init__(self, uid: int = 0, gid: int = 0, groups: tuple[int, ...] = ()) -> None:
        super().__init__(uid, gid, groups, self.ALL if uid == 0 else 0)
        self.uid = self.euid = self.suid = uid
        self.gid = self.egid = self.sgid = gid
        self.permitted = self.caps
        self.inheritable = self.ambient = 0
        self.bounding = self.ALL
        self.securebits = 0
        self.no_new_privs = False

    @property
    def effective(self) -> int:
        """The effective capabilities."""
        return self.caps

    @effective.setter
    def effective(self, value: int) -> None:
        self.caps = value

    def copy(self) -> Credentials:
        """For fork and clone: credentials are never shared."""
        new = Credentials(self.uid, self.gid)
        for name in (*Creds.__slots__, *Credentials.__slots__):
            setattr(new, name, getattr(self, name))
        return new

    def capable(self, cap: int) -> bool:
        """Whether a capability (its number, CAP_*) is effective."""
        return bool(self.caps >> cap & 1)

    def in_group(self, gid: int) -> bool:
        """Whether the file system group or a supplementary one is gid."""
        return gid == self.fsgid or gid in self.groups


class SigAction:
    """What sigaction(2) sets.  handler: 0 SIG_DFL, 1 SIG_IGN, else an address."""

    __slots__ = ("flags", "handler", "mask", "restorer")

    def __init__(self, handler: int = 0, flags: int = 0, restorer: int = 0, mask: int = 0) -> None:
        self.handler = handler
        self.flags = flags
        self.restorer = restorer
        self.mask = mask


class SigHandlers:
    """The table of actions; shared with CLONE_SIGHAND."""

    __slots__ = ("actions", "users")

    def __init__(self) -> None:
        self.actions: dict[int, SigAction] = {}
        self.users = 1

    def get(self, signo: int) -> SigAction:
        """The action of a signal; the default one where none was set."""
        return self.actions.get(signo) or SigAction()

    def copy(self) -> SigHandlers:
        """For fork."""
        new = SigHandlers()
        new.actions = dict(self.actions)
        return new


class AltStack:
    """sigaltstack(2)'s stack_t; flags SS_DISABLE (2) when there is none."""

    __slots__ = ("flags", "size", "sp")

    def __init__(self, sp: int = 0, size: int = 0, flags: int = 2) -> None:
        self.sp = sp
        self.size = size
        self.flags = flags


class Pending:
    """Pending signals of a task or a process: standard ones once, real-time ones queued.

    Each is a siginfo dict as tracer.abi describes it.
    """

    __slots__ = ("mask", "queue")

    def __init__(self) -> None:
        self.mask = 0               # bit signo - 1
        self.queue: list[dict[str, Any]] = []

    def add(self, info: dict[str, Any]) -> None:
        """Queue a signal; a standard one that is already pending is dropped."""
        bit = 1 << info["signo"] - 1
        if info["signo"] < 32 and self.mask & bit:
            return
        self.mask |= bit
        self.queue.append(info)

    def take(self, signo: int) -> dict[str, Any]:
        """Remove and return the oldest one of that number, which must be pending."""
        for i, info in enumerate(self.queue):
            if info["signo"] == signo:
                del self.queue[i]
                break
        else:
            raise KeyError(signo)
        if not any(other["signo"] == signo for other in self.queue):
            self.mask &= ~(1 << signo - 1)
        taken = info.pop("taken", None)     # a timer wants to know
        if taken is not None:
            taken(info)
        return info

    def find(self, signo: int) -> dict[str, Any] | None:
        """The oldest pending one of a number."""
        if self.mask & 1 << signo - 1:
            for info in self.queue:
                if info["signo"] == signo:
                    return info
        return None

    def discard(self, mask: int) -> None:
        """Forget all signals of a mask."""
        if self.mask & mask:
            self.mask &= ~mask
            self.queue = [i for i in self.queue if not 1 << i["signo"] - 1 & mask]


class Process:
    """A thread group and what POSIX calls a process."""

    def __init__(self, kernel: Kernel, pid: int, parent: Process | None) -> None:
        self.kernel = kernel
        self.pid = pid
        self.parent = parent
        self.children: list[Process] = []
        self.tracees: list[Task] = []   # by ptrace(2)
        self.tasks: list[Task] = []     # the leader first
        self.pgid: int = parent.pgid if parent else pid
        self.sid: int = parent.sid if parent else pid
        self.tty: Any = None            # controlling terminal
        self.old_foreground = 0         # of a session leader whose terminal hung up
        self.pending = Pending()
        self.handlers = SigHandlers()
        self.limits: dict[int, tuple[int, int]] = dict(parent.limits) if parent else {}
        self.exit_signal = 17
        self.exiting = False            # exit_group has begun
        self.outside_parent = kernel.first_parent   # the parent's pid when parent is None
        self.pid_space: PidNamespace | None = None      # None: the first one
        self.user_ino = 0               # of its user namespace; 0: the first one
        self.stopping = False           # a group stop is under way
        self.leader_left = False        # the leader called exit(2) before other threads
        self.status: int | None = None  # wait status once it is a zombie
        self.stopped = self.stop_signal = 0     # stop signal, while stopped; the last one
        self.stop_reported = self.continued = False
        self.child_queue = WaitQueue()  # woken when a child changes state
        self.exit_queue = WaitQueue()   # woken at the end (pidfds)
        self.signal_queue = WaitQueue()     # woken when a signal becomes pending
        self.subreaper = False
        self.start_time = kernel.clock.monotonic()
        self.did_exec = False
        self.user_time = self.system_time = 0           # nanoseconds
        self.children_user = self.children_system = 0
        self.itimers: dict[int, Any] = {}
        self.posix_timers: dict[int, Any] = {}
        self.next_timer_id = 0
        self.cpu_waiting: list[CpuTimer] = []   # CPU timers that wait for it to run
        self.oom_score_adj = 0
        self.dumpable = 1

    @property
    def leader(self) -> Task:
        """The task whose tid is the pid (or its successor after execve by another)."""
        return self.tasks[0]

    def number(self, pid: int) -> int:
        """A pid as this process sees it, in its PID namespace; 0 when it does not."""
        return pid if self.pid_space is None or pid <= 0 else self.pid_space.number(pid)

    def pid_of(self, number: int) -> int:
        """The pid that this process means by a number."""
        return number if self.pid_space is None else self.pid_space.pid(number)

    def limit(self, which: int) -> int:
        """The soft limit of a resource."""
        return self.limits[which][0]

    def living(self) -> Iterator[Task]:
        """Tasks that have not ended."""
        return (t for t in self.tasks if t.state < ZOMBIE)


class Task:
    """One thread: what the scheduler runs."""

    def __init__(self, kernel: Kernel, tid: int, process: Process, abi: Abi,
                 space: AddressSpace, files: FdTable, fs: FsInfo, creds: Credentials) -> None:
        self.kernel = kernel
        self.pid = tid                  # the tid; what strace calls pid
        self.process = process
        self.abi = abi
        self.engine: Engine = kernel.engine(abi)
        self.context = 0                # saved registers, 0 before the first save
        self.mem = space
        self.files = files
        self.fs = fs
        self.creds = creds
        self.handlers = process.handlers
        self.state = RUNNABLE
        self.comm = b""
        self.mask = 0                   # blocked signals
        self.saved_mask: int | None = None      # to put back after sigsuspend and its kin
        self.pending = Pending()
        self.altstack = AltStack()
        self.clear_child_tid = 0
        self.robust_list = (0, 0)
        self.rseq = (0, 0, 0)           # address, size, signature
        self.tls_state = b""            # TLS that is not in the registers (i386's GDT)
        self.call_abi = abi             # of the call in flight: int 0x80 from 64-bit code
        self.oabi = False               # an ARM OABI program
        self.vfork_queue = WaitQueue()
        self.call: InFlight | None = None
        self.ptrace: Trace | None = None        # that another process traces it
        self.woken: int | None = 0      # Wait reason for the parked generator
        self.parking: Parking | None = None     # while it waits
        self.wrote = False              # to a pipe or socket, and has not read since
        self.dialogue = 0               # how often in a row it then had to wait
        self.trap_words: tuple[int, ...] = ()   # registers at the trap of an interrupted call
        self.engine_result: int | None = None   # its restart code, to be settled
        self.wants_signal_check = True
        self.traced = True
        self.personality = 0
        self.name_set = False
        self.pdeath_signal = 0
        self.nice = 0
        self.policy = (0, 0)            # SCHED_*, priority
        self.affinity: int | None = None
        self.timer_slack = 50000
        self.exit_code = 0
        self.vfork_parent: Task | None = None
        self.restart: Any = None        # what restart_syscall resumes
        self.stop_pending = False
        self.child_pid_space = process.pid_space        # where its children are born
        self.io_priority = 0
        self.no_new_privs = False
        self.user_time = self.system_time = 0
        self.seccomp = 0                # SECCOMP_MODE_*
        self.filters: tuple[tuple[Instruction, ...], ...] = ()
        self.last_call = "system call"  # the last traced one
        self.last_number = 0            # of the last call, kept for -n
        self.settings: dict[int, int] = {}      # prctl options kept and given back; inherited

    @property
    def ended(self) -> bool:
        """Whether it runs no more."""
        return self.state >= ZOMBIE

    @property
    def call_word(self) -> int:
        """Bytes of a word of the call in flight."""
        return self.call_abi.word

    @property
    def own_tid(self) -> int:
        """Its tid as it knows it: in its own PID namespace."""
        space = self.process.pid_space
        return self.pid if space is None else space.number(self.pid)

    def outer_id(self, number: int, kind: str) -> int:
        """See tracer.decode.call.TaskView."""
        if self.process.pid_space is None:
            return number
        from tracer.kernel.namespaces import strangers_number
        return strangers_number(self, number, kind)

    def deny_executed(self, inode: Inode) -> None:
        """ETXTBSY when a process runs the file: it cannot be written to."""
        for process in self.kernel.processes.values():
            for task in process.living():
                exe = task.mem.exe
                if exe is not None and exe.inode is inode:
                    raise LinuxError(E.ETXTBSY)
                break

    @property
    def tgid(self) -> int:
        """The process's pid."""
        return self.process.pid

    def sigframe_mask(self, rt: bool) -> tuple[int, int | None]:
        """Where the signal mask is that sigreturn is about to restore, and the mask; None for a
        bad frame."""
        try:
            mask: int | None = self.abi.frame_mask(self.engine, self.mem, rt)
        except LinuxError:
            mask = None
        return self.abi.mask_address(self.engine, rt), mask

    def resumed_call(self) -> str:
        """The name of the call before this one, which restart_syscall goes on with."""
        return self.last_call

    def fd_detail(self, fd: int, what: int) -> tuple[bytes | str, bool] | None:
        """See tracer.decode.call.TaskView."""
        from tracer.kernel.fdnames import fd_detail
        return fd_detail(self, fd, what)

    def fd_detail_of(self, pidfd: int, fd: int, what: int) -> tuple[bytes | str, bool] | None:
        """See tracer.decode.call.TaskView."""
        from tracer.kernel.fdnames import fd_detail
        from tracer.kernel.pidfd import PidFile
        file = self.files.files.get(pidfd)
        if not isinstance(file, PidFile) or not file.process.tasks:
            return None
        return fd_detail(file.process.tasks[0], fd, what)

    def interface_name(self, index: int) -> bytes | None:
        """The network interface of an index: there is but one, lo."""
        return b"lo" if index == 1 else None

    def netlink_protocol(self, fd: int) -> int | None:
        """See tracer.decode.call.TaskView."""
        from tracer.kernel.fdnames import netlink_protocol
        return netlink_protocol(self, fd)

    def comm_of(self, pid: int) -> bytes | None:
        """The name of a process or thread; None when there is none of this id."""
        kernel = self.kernel
        other = kernel.tasks.get(pid)
        if other is not None:
            return other.comm
        return kernel.parent_comm if pid == kernel.first_parent else None

    def __repr__(self) -> str:
        return f"<Task {self.pid} {self.comm.decode(errors='replace')}>"


class InFlight:
    """A call that waits: its trap words, its generator and the observer's token."""

    __slots__ = ("entry", "generator", "token", "words")

    def __init__(self, entry: Any, words: tuple[int, ...], token: Any,
                 generator: Blocking) -> None:
        self.entry = entry
        self.words = words
        self.token = token
        self.generator = generator
