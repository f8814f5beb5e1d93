"""PID namespaces (pid_namespaces(7)), and the descriptors of all namespaces (namespaces(7)).

Inside the kernel a task is known by its pid in the first namespace.  The numbers that a program in
another one passes and gets are translated at the calls' boundary, by what their signature rows
say; nothing of it exists until the first such namespace is made.  User namespaces map every
user and group to itself.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from sysnames.lookup import signature
from tracer.errors import LinuxError
from tracer.vfs.base import O_RDONLY, Attr, File, FileSystem, Inode, fill_attr, makedev

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.dispatch import Entry
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Process, Task

NSFS_MAGIC = 0x6E736673
# include/linux/proc_ns.h: inode numbers of the first namespaces
INITIAL = {"cgroup": 0xEFFFFFFB, "ipc": 0xEFFFFFFF, "mnt": 0xF0000001, "net": 0xF0000000,
           "pid": 0xEFFFFFFC, "time": 0xEFFFFFFA, "user": 0xEFFFFFFD, "uts": 0xEFFFFFFE}
TYPES = {"cgroup": 0x02000000, "ipc": 0x08000000, "mnt": 0x00020000, "net": 0x40000000,
         "pid": 0x20000000, "time": 0x00000080, "user": 0x10000000, "uts": 0x04000000}
NS_GET_USERNS, NS_GET_PARENT, NS_GET_NSTYPE, NS_GET_OWNER_UID = range(0xB701, 0xB705)
_FIRST_INO = 0xF0000100
_NOBODY = 0x7FFFFFFE            # no process has this id
_MAX_LEVEL = 32

_PIDS = frozenset(("pid", "tid", "pid_pgid", "pgid", "sid"))
# Arguments that are a process id when another one says so: call → (selector's index, its
# values, the id's index).
_SELECTED = {
    "waitid": (0, (1, 2), 1),               # P_PID, P_PGID
    "getpriority": (0, (0, 1), 1), "setpriority": (0, (0, 1), 1),
    "ioprio_get": (0, (1, 2), 1), "ioprio_set": (0, (1, 2), 1),
    "prctl": (0, (62,), 2),                 # PR_SCHED_CORE
    "fcntl": (1, (8,), 2), "fcntl64": (1, (8,), 2),     # F_SETOWN
}
_SELECTED_RESULTS = {"fcntl": (1, 9), "fcntl64": (1, 9)}        # F_GETOWN


class PidNamespace:
    """One PID namespace below the first.

    numbers: kernel's id → number here; ids: the reverse.  An id keeps its number for good.
    """

    __slots__ = ("dead", "ids", "ino", "level", "numbers", "parent", "reaper", "user_ino")

    def __init__(self, parent: PidNamespace | None, ino: int, user_ino: int) -> None:
        self.parent = parent
        self.level: int = parent.level + 1 if parent is not None else 1
        self.ino = ino
        self.user_ino = user_ino
        self.numbers: dict[int, int] = {}
        self.ids: dict[int, int] = {}
        self.reaper: Process | None = None      # its process 1
        self.dead = False

    def add(self, pid: int) -> None:
        """Number a new task, here and in all namespaces above."""
        space: PidNamespace | None = self
        while space is not None:
            number = len(space.ids) + 1
            space.numbers[pid] = number
            space.ids[number] = pid
            space = space.parent

    def number(self, pid: int) -> int:
        """What the namespace calls a process (or, negative, a group); 0 when it cannot see it."""
        return -self.numbers.get(-pid, 0) if pid < 0 else self.numbers.get(pid, 0)

    def pid(self, number: int) -> int:
        """The kernel's id; one that nobody has when there is none.  0 and -1 stay."""
        if number in (0, -1):
            return number
        if number < 0:
            return -self.ids.get(-number, _NOBODY)
        return self.ids.get(number, _NOBODY)

    def holds(self, process: Process) -> bool:
        """Whether a process can be seen here."""
        return process.pid in self.numbers


def number_for(process: Process, pid: int) -> int:
    """A pid as a process sees it; 0 when it does not."""
    space = process.pid_space
    return pid if space is None else space.number(pid)


def make_pid_space(kernel: Kernel, parent: PidNamespace | None, own_user: bool) -> PidNamespace:
    """A new PID namespace; from now on ids are translated.  ENOSPC when nested too deep."""
    if parent is not None and parent.level >= _MAX_LEVEL:
        raise LinuxError(E.ENOSPC)
    if not kernel.translates_pids:
        kernel.translates_pids = True
        for entry in kernel.entries:
            translate(entry)
    user = new_ino(kernel) if own_user else INITIAL["user"]
    return PidNamespace(parent, new_ino(kernel), user)


def new_ino(kernel: Kernel) -> int:
    """The inode number of a new namespace."""
    kernel.namespaces_made += 1
    return _FIRST_INO + kernel.namespaces_made


def translate(entry: Entry) -> None:
    """Put the translation of ids around a call's handler."""
    try:
        row = signature(entry.row, entry.abi)
    except KeyError:
        return
    fixed = [i for i, item in enumerate(row.items) if item.kind.name in _PIDS]
    chosen = _SELECTED.get(entry.name)
    gives = row.result is not None and row.result.name in _PIDS
    owner = _SELECTED_RESULTS.get(entry.name)
    if fixed or chosen or gives or owner:
        entry.handle = _translated(entry.handle, fixed, chosen, gives, owner)


def _translated(handle: Callable[..., Any], fixed: list[int],
                chosen: tuple[int, tuple[int, ...], int] | None, gives: bool,
                owner: tuple[int, int] | None) -> Callable[..., Any]:

    def call(task: Task, *args: int) -> Any:
        space = task.process.pid_space
        if space is None:
            return handle(task, *args)
        values = list(args)
        for i in fixed:
            values[i] = space.pid(args[i])
        if chosen is not None and args[chosen[0]] in chosen[1]:
            at = chosen[2]
            number = args[at] & 0xFFFFFFFF
            values[at] = space.pid((number ^ 1 << 31) - (1 << 31))
        result = handle(task, *values)
        if gives or (owner is not None and args[owner[0]] == owner[1]):
            if isinstance(result, int):
                return space.number(result)
            return _later(result, space)
        return result

    return call


def _later(waiting: Any, space: PidNamespace) -> Any:
    """The result of a call that may block."""
    result = yield from waiting
    return space.number(result) if isinstance(result, int) else result


def strangers_number(task: Task, number: int, kind: str) -> int:
    """What the tracer's namespace calls an id of the task's; 0 when no task bears it in that
    role (kind: "tid", "pid", "pgid" or "sid")."""
    space = task.process.pid_space
    if space is None:
        return number
    pid = space.ids.get(number, 0)
    if kind == "tid":
        return pid if pid in task.kernel.tasks else 0
    if kind == "pid":
        return pid if pid in task.kernel.processes else 0
    return pid if any(getattr(p, kind) == pid for p in task.kernel.processes.values()) else 0


# -- descriptors --------------------------------------------------------------------------------
class NsFS(FileSystem):
    """nsfs."""

    __slots__ = ("inodes",)

    def __init__(self) -> None:
        super().__init__("nsfs", NSFS_MAGIC, makedev(0, 4))
        self.inodes: dict[int, NsInode] = {}


class NsInode(Inode):
    """A namespace as a file."""

    __slots__ = ("kind", "space")

    def __init__(self, fs: NsFS, kind: str, ino: int, space: PidNamespace | None) -> None:
        super().__init__(fs, ino, 0o100444)
        self.kind = kind
        self.space = space

    def getattr(self) -> Attr:
        return fill_attr(self)

    def open(self, flags: int, task: Any = None) -> File:
        return NsFile(self, flags)


class NsFile(File):
    """An open namespace (ioctl_ns(2))."""

    __slots__ = ()

    inode: NsInode

    def name(self) -> bytes:
        return b"%s:[%d]" % (self.inode.kind.encode(), self.inode.ino)

    def ioctl(self, task: Task, request: int, arg: int) -> int:
        inode = self.inode
        if request == NS_GET_NSTYPE:
            return TYPES[inode.kind]
        if request == NS_GET_USERNS:
            if inode.kind == "user":
                raise LinuxError(E.EPERM)       # beyond the caller's view
            ino = inode.space.user_ino if inode.space is not None else INITIAL["user"]
            return _open(task, "user", ino, None)
        if request == NS_GET_PARENT:
            if inode.kind not in ("pid", "user"):
                raise LinuxError(E.EINVAL)
            space = inode.space
            if space is None or task.process.pid_space is space:
                raise LinuxError(E.EPERM)
            above = space.parent
            return _open(task, "pid", above.ino if above is not None else INITIAL["pid"], above)
        if request == NS_GET_OWNER_UID:
            if inode.kind != "user":
                raise LinuxError(E.EINVAL)
            task.mem.write_int(arg, 0, 4)
            return 0
        raise LinuxError(E.ENOTTY)


def _open(task: Task, kind: str, ino: int, space: PidNamespace | None) -> int:
    fd = task.files.lowest(0, task.process.limit(7))
    task.files.put(fd, NsFile(inode(task.kernel, kind, ino, space), O_RDONLY), True)
    return fd


def inode(kernel: Kernel, kind: str, ino: int, space: PidNamespace | None) -> NsInode:
    """The inode of a namespace."""
    fs = kernel.nsfs
    if fs is None:
        fs = kernel.nsfs = NsFS()
    found: NsInode | None = fs.inodes.get(ino)
    if found is None:
        found = fs.inodes[ino] = NsInode(fs, kind, ino, space)
    return found


def of_process(process: Process, name: str) -> NsInode | None:
    """What /proc/PID/ns/NAME refers to."""
    kind = name.removesuffix("_for_children")
    if kind not in INITIAL or (kind != name and kind not in ("pid", "time")):
        return None
    space = None
    ino = INITIAL[kind]
    if kind == "pid":
        space = process.pid_space if kind == name else process.leader.child_pid_space
        ino = space.ino if space is not None else ino
    elif kind == "user":
        ino = process.user_ino or ino
    return inode(process.kernel, kind, ino, space)
