"""/proc: the tree.  Its texts are made in `proctext`, its inodes are of `procnodes`; what it shows
the kernel tells through the two protocols of `procinfo`.

With ``below`` (``--host``) what is not about the guest's processes comes from the host's /proc.
"""
from __future__ import annotations

from typing import TYPE_CHECKING
from weakref import WeakValueDictionary

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import proctext
from tracer.vfs.base import DT_DIR, DT_LNK, DT_REG, O_ACCMODE, S_IFLNK, File, FileSystem, Inode
from tracer.vfs.namespace import Location
from tracer.vfs.procnodes import ProcDir, ProcLink, ProcMemory, ProcText

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from tracer.vfs.namespace import Namespace
    from tracer.vfs.procinfo import Process, System

PROC_MAGIC = 0x9FA0
PROC_ROOT_INO = 1
_PROCESS_DIRS = (b"fd", b"fdinfo", b"ns", b"task", b"net")
_NAMESPACES = (b"cgroup", b"ipc", b"mnt", b"net", b"pid", b"pid_for_children", b"time",
               b"time_for_children", b"user", b"uts")
_PROCESS_LINKS = (b"cwd", b"exe", b"root")


def _is_number(name: bytes) -> bool:
    """Whether a name is a number as /proc writes it: without leading zeros (name_to_int)."""
    return name.isdigit() and name == b"%d" % int(name)


class ProcFS(FileSystem):
    """The file system for /proc.

    system: the kernel.  namespace: for mounts and mountinfo.  below: the host's /proc directory.
    """

    __slots__ = ("below", "cache", "namespace", "now", "numbers", "sysctl", "system")

    def __init__(self, dev: int, now: Callable[[], int], system: System,
                 namespace: Callable[[], Namespace], below: Inode | None = None) -> None:
        super().__init__("proc", PROC_MAGIC, dev, volatile=2)
        self.now = now
        self.system = system
        self.namespace = namespace
        self.below = below
        self.numbers: dict[bytes, int] = {b"": PROC_ROOT_INO}
        self.cache: WeakValueDictionary[bytes, Inode] = WeakValueDictionary()
        self.sysctl: dict[bytes, bytes] = {}
        self.root = ProcDir(self, b"", self._top, self._top_names)

    def number(self, key: bytes) -> int:
        """The inode number of a path below /proc: in the order in which they are asked for."""
        found = self.numbers.get(key)
        if found is None:
            if len(self.numbers) >= 1 << 16:
                self.numbers = {b"": PROC_ROOT_INO, b"next": self.numbers[b"next"]}
            found = self.numbers[b"next"] = self.numbers.get(b"next", 0x1000) + 1
            self.numbers[key] = found
        return found

    def _keep(self, key: bytes, make: Callable[[], Inode]) -> Inode:
        """One object per path as long as somebody uses it."""
        inode = self.cache.get(key)
        if inode is None:
            inode = self.cache[key] = make()
        return inode

    # -- /proc ---------------------------------------------------------------------
    def _top(self, name: bytes) -> Inode | None:
        system = self.system
        if _is_number(name):
            if system.process(int(name)) is not None:
                return self._process(int(name), name)
        elif name == b"self":
            return self._keep(name, lambda: ProcLink(
                self, name, lambda: b"%d" % system.current()[0]))
        elif name == b"thread-self":
            return self._keep(name, lambda: ProcLink(
                self, name, lambda: b"%d/task/%d" % system.current()))
        if self.below is not None:
            return self.below.lookup(name)
        if name in (b"mounts", b"net"):
            return self._keep(name, lambda: ProcLink(self, name, lambda: b"self/" + name))
        if name == b"sys":
            return self._keep(name, lambda: self._tree(b"sys", b""))
        text = proctext.SYSTEM_FILES.get(name)
        if text is None:
            return None
        return self._keep(name, lambda: ProcText(self, name, 0o444, lambda: text(system)))

    def _top_names(self) -> Sequence[tuple[bytes, int]]:
        own = [(b"self", DT_LNK), (b"thread-self", DT_LNK)]
        if self.below is not None:
            rest = [(name, kind) for name, _, kind in self.below.readdir()
                    if not name.isdigit() and name not in (b"self", b"thread-self")]
        else:
            rest = [(name, DT_REG) for name in proctext.SYSTEM_FILES]
            rest += [(b"mounts", DT_LNK), (b"net", DT_LNK), (b"sys", DT_DIR)]
        return sorted(own + rest) + [(b"%d" % pid, DT_DIR) for pid in self.system.pids()]

    def _tree(self, key: bytes, prefix: bytes) -> Inode:
        """A directory of /proc/sys; prefix: "" or ``kernel/``."""
        def find(name: bytes) -> Inode | None:
            path = prefix + name
            if path in proctext.SYSCTL:
                return self._keep(key + b"/" + name, lambda: ProcText(
                    self, key + b"/" + name, 0o644, lambda: self._setting(path),
                    lambda data: self.sysctl.__setitem__(path, data[:4096])))
            if any(known.startswith(path + b"/") for known in proctext.SYSCTL):
                return self._keep(key + b"/" + name, lambda: self._tree(
                    key + b"/" + name, path + b"/"))
            return None

        def names() -> Sequence[tuple[bytes, int]]:
            found: dict[bytes, int] = {}
            for path in proctext.SYSCTL:
                if path.startswith(prefix):
                    head, slash, _ = path[len(prefix):].partition(b"/")
                    found[head] = DT_DIR if slash else DT_REG
            return sorted(found.items())

        return ProcDir(self, key, find, names)

    def _setting(self, path: bytes) -> bytes:
        if path in self.sysctl:
            return self.sysctl[path]
        value = proctext.SYSCTL[path]
        return value if isinstance(value, bytes) else value(self.system)

    # -- /proc/PID -------------------------------------------------------------------
    def _get(self, pid: int) -> Process:
        process = self.system.process(pid)
        if process is None:
            raise LinuxError(E.ESRCH)
        return process

    def _process(self, pid: int, key: bytes) -> Inode:
        process = self._get(pid)
        uid, gid = process.uids()[1], process.gids()[1]
        inode = self._keep(key, lambda: ProcDir(
            self, key, lambda name: self._part(pid, key, name),
            lambda: self._part_names(pid, key), uid=uid, gid=gid))
        inode.uid, inode.gid = uid, gid
        return inode

    def _part_names(self, pid: int, key: bytes) -> Sequence[tuple[bytes, int]]:
        self._get(pid)
        found = [(name, DT_REG) for name in proctext.PROCESS_FILES]
        found += [(name, DT_REG) for name in (b"comm", b"mem", b"mountinfo", b"mounts",
                                              b"oom_score_adj")]
        found += [(name, DT_DIR) for name in _PROCESS_DIRS if name != b"task" or b"/" not in key]
        found += [(name, DT_LNK) for name in _PROCESS_LINKS]
        return sorted(found)

    def _part(self, pid: int, base: bytes, name: bytes) -> Inode | None:
        process = self._get(pid)
        uid, gid = process.uids()[1], process.gids()[1]
        key = base + b"/" + name

        def text(mode: int, make: Callable[[], bytes],
                 store: Callable[[bytes], None] | None = None) -> Inode:
            return self._keep(key, lambda: ProcText(self, key, mode, make, store, uid, gid))

        def link(goal: Callable[[], Location | None]) -> Inode:
            def show() -> bytes:
                found = goal()
                if found is None:
                    raise LinuxError(E.ENOENT)
                return found.path(process.root())
            return self._keep(key, lambda: ProcLink(self, key, show, goal, 0o777, uid, gid))

        def directory(find: Callable[[bytes], Inode | None],
                      names: Callable[[], Sequence[tuple[bytes, int]]],
                      mode: int = 0o555) -> Inode:
            return self._keep(key, lambda: ProcDir(self, key, find, names, mode, uid, gid))

        entry = proctext.PROCESS_FILES.get(name)
        if entry is not None:
            mode, make = entry
            return text(mode, lambda: make(self._get(pid), self.system))
        if name == b"mem":
            return self._keep(key, lambda: ProcMemory(self, key, lambda: self._get(pid), uid, gid))
        if name == b"comm":
            return text(0o644, lambda: self._get(pid).comm + b"\n",
                        lambda data: setattr(self._get(pid), "comm",
                                             data.rstrip(b"\n")[:15]))
        if name == b"oom_score_adj":
            return text(0o644, lambda: b"%d\n" % self._get(pid).oom_score_adj,
                        lambda data: self._oom(pid, data))
        if name in (b"mounts", b"mountinfo") and self.below is None:
            show = proctext.mounts if name == b"mounts" else proctext.mountinfo
            return text(0o444, lambda: show(self.namespace(), self._get(pid).root()))
        if name in _PROCESS_LINKS:
            return link({b"cwd": lambda: self._get(pid).cwd(),
                         b"root": lambda: self._get(pid).root(),
                         b"exe": lambda: self._get(pid).exe()}[name])
        if name == b"fd":
            return directory(lambda n: self._fd(pid, key, n),
                             lambda: [(b"%d" % fd, DT_LNK) for fd in self._get(pid).fds()],
                             0o500)
        if name == b"fdinfo":
            return directory(lambda n: self._fdinfo(pid, key, n),
                             lambda: [(b"%d" % fd, DT_REG) for fd in self._get(pid).fds()])
        if name == b"ns":
            return directory(lambda n: self._namespace(pid, key, n),
                             lambda: [(n, DT_LNK) for n in _NAMESPACES], 0o511)
        if name == b"task" and b"/" not in base:
            return directory(lambda n: self._thread(pid, key, n),
                             lambda: [(b"%d" % t, DT_DIR) for t in self._get(pid).threads()])
        if self.below is not None:
            return self.below.lookup(b"self").lookup(name)
        if name == b"net":
            def net(n: bytes) -> Inode | None:
                if n not in proctext.NET:
                    return None
                return self._keep(key + b"/" + n, lambda: ProcText(
                    self, key + b"/" + n, 0o444, lambda: proctext.NET[n]))
            return directory(net, lambda: [(n, DT_REG) for n in proctext.NET])
        return None

    def _oom(self, pid: int, data: bytes) -> None:
        try:
            value = int(data)
        except ValueError:
            raise LinuxError(E.EINVAL) from None
        if not -1000 <= value <= 1000:
            raise LinuxError(E.EINVAL)
        self._get(pid).oom_score_adj = value

    def _thread(self, pid: int, key: bytes, name: bytes) -> Inode | None:
        if not _is_number(name) or int(name) not in self._get(pid).threads():
            return None
        return self._process(int(name), key + b"/" + name)

    def _open(self, pid: int, name: bytes) -> File | None:
        if not _is_number(name):
            return None
        return self._get(pid).fds().get(int(name))

    def _fd(self, pid: int, key: bytes, name: bytes) -> Inode | None:
        if self._open(pid, name) is None:
            return None

        def current() -> File:
            file = self._open(pid, name)
            if file is None:
                raise LinuxError(E.ENOENT)
            return file

        def goal() -> Location | None:
            file = current()
            if file.location is not None:
                return file.location
            if file.inode is None:
                return None
            return Location(None, None, file.name(), file.inode)

        process = self._get(pid)
        link = self._keep(key + b"/" + name, lambda: ProcLink(
            self, key + b"/" + name, lambda: self._shown(pid, current()), goal, 0o700,
            process.uids()[1], process.gids()[1]))
        # the permissions tell the access mode (proc(5))
        access = current().flags & O_ACCMODE
        link.mode = S_IFLNK | (0o500, 0o300, 0o700, 0o700)[access]
        return link

    def _shown(self, pid: int, file: File) -> bytes:
        if file.location is not None:
            return file.location.path(self._get(pid).root()) if (
                file.location.mount is not None) else file.location.name
        return file.name()

    def _namespace(self, pid: int, key: bytes, name: bytes) -> Inode | None:
        if name not in _NAMESPACES:
            return None

        def goal() -> Location:
            inode = self._get(pid).namespace(name.decode())
            if inode is None:
                raise LinuxError(E.ENOENT)
            kind = name.removesuffix(b"_for_children")
            return Location(None, None, b"%s:[%d]" % (kind, inode.ino), inode)

        return self._keep(key + b"/" + name, lambda: ProcLink(
            self, key + b"/" + name, lambda: goal().name, goal))

    def _fdinfo(self, pid: int, key: bytes, name: bytes) -> Inode | None:
        if self._open(pid, name) is None:
            return None

        def make() -> bytes:
            file = self._open(pid, name)
            if file is None:
                raise LinuxError(E.ENOENT)
            flags = file.flags | (0o2000000 if self._get(pid).close_on_exec(int(name)) else 0)
            mount = file.location.mount if file.location is not None else None
            return b"pos:\t%d\nflags:\t0%o\nmnt_id:\t%d\nino:\t%d\n" % (
                file.pos, flags, mount.id if mount is not None else 15,
                file.inode.ino if file.inode is not None else 0)
        return self._keep(key + b"/" + name, lambda: ProcText(
            self, key + b"/" + name, 0o444, make))
