"""The two file trees a program can be run in: the sandbox, and the host's own.

The sandbox: the host's working directory is /work, copy-on-write.  The program's path, as it
was typed, leads to the program in the guest as well: where it lies outside of the working
directory, the directories of that path are made and the file alone is bound there (so
``../b/prog`` is /b/prog, and /home/me/prog is itself).  ``--bind HOST`` without a guest path
works the same way.  Nothing else of the host can be reached.
"""
from __future__ import annotations

import os
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError, PytraceError
from tracer.vfs.base import (
    O_TRUNC,
    O_WRONLY,
    S_IFDIR,
    S_IFLNK,
    S_IFMT,
    S_IFREG,
    ST_NODEV,
    ST_NOEXEC,
    ST_NOSUID,
    ST_RDONLY,
    ST_RELATIME,
    File,
    FileSystem,
    makedev,
)
from tracer.vfs.jobs import Jobs, nobodys
from tracer.vfs.namespace import MAX_SYMLINKS, Location, Namespace

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from typing import Any

    from tracer.vfs.cowfs import CowFS
    from tracer.vfs.procinfo import System
    from tracer.vfs.streams import StreamInode

WORK = b"/work"
_SAFE = ST_NOSUID | ST_NODEV | ST_NOEXEC | ST_RELATIME


class Bind:
    """--bind HOST[:GUEST[:ro|cow|rw]]; guest None: the path as typed."""

    __slots__ = ("guest", "host", "mode")

    def __init__(self, host: bytes, guest: bytes | None, mode: str) -> None:
        self.host = host
        self.guest = guest
        self.mode = mode


class Guest:
    """What the kernel starts with.

    files: descriptors of the first process.  tty: the terminal among them, if there is one.
    """

    __slots__ = ("cwd", "files", "namespace", "root", "tty")

    def __init__(self, namespace: Namespace, cwd: Location, files: dict[int, File],
                 tty: StreamInode | None = None) -> None:
        self.namespace = namespace
        self.root = namespace.root
        self.cwd = cwd
        self.files = files
        self.tty = tty


def parse_bind(text: str) -> Bind:
    """The argument of --bind; PytraceError."""
    parts = text.split(":")
    if os.name == "nt" and len(parts) > 1 and len(parts[0]) == 1:
        parts[:2] = [":".join(parts[:2])]       # C:\dir
    host, guest, mode, *rest = [*parts, "", ""] if len(parts) < 3 else parts
    mode = mode or "cow"
    if not host or (rest and any(rest)) or mode not in ("ro", "cow", "rw"):
        raise PytraceError(f"--bind {text}: expected HOST[:GUEST[:ro|cow|rw]]")
    if guest and not guest.startswith("/"):
        raise PytraceError(f"--bind {text}: the guest path must be absolute")
    return Bind(os.fsencode(host), os.fsencode(guest) or None, mode)


def guest_path(host: bytes) -> bytes:
    """A host's path as the guest writes it (they differ on Windows only)."""
    if os.name == "nt":
        drive, rest = os.path.splitdrive(host)
        host = (b"/" + drive[:1].lower() if drive else b"") + rest.replace(b"\\", b"/")
    return host


class _Sandbox:
    """The mounts in the making."""

    def __init__(self, now: Callable[[], int], limit: int, devices: dict[int, Any]) -> None:
        self.now = now
        self.limit = limit
        self.devices = devices
        self.minor = 20

    def dev(self) -> int:
        """A device number, in the order of mounting."""
        self.minor += 1
        return makedev(0, self.minor)

    def directory(self, host: bytes, mode: str) -> CowFS:
        """A file system over a host directory; PytraceError."""
        from tracer.vfs.cowfs import CowFS
        try:
            return CowFS(self.dev(), self.now, host, mode, limit=self.limit,
                         devices=self.devices)
        except LinuxError as error:
            raise PytraceError(f"{os.fsdecode(host)}: {_reason(error)}") from None


def _reason(error: LinuxError) -> str:
    from sysnames.errno import MESSAGES
    return MESSAGES.get(error.errno, f"error {error.errno}")


def make_path(namespace: Namespace, cwd: Location, path: bytes, directory: bool) -> Location:
    """The location of ``path``, where missing parts are made in memory; PytraceError.

    The last component is not followed when it is a symlink (a mount covers it).
    """
    here = namespace.root if path[:1] == b"/" else cwd
    parts = [p for p in path.split(b"/") if p not in (b"", b".")]
    links = 0
    try:
        while parts:
            name = parts.pop(0)
            if name == b"..":
                here = here.up(namespace.root)
                continue
            inode = here.inode
            try:
                child = here.child(name)
            except LinuxError as error:
                if error.errno != E.ENOENT:
                    raise
                if getattr(inode.fs, "write_through", False) or inode.fs.volatile:
                    raise       # never make anything on the host
                inode.create(name, S_IFDIR | 0o755 if parts or directory else S_IFREG | 0o755,
                             0, 0)
                child = here.child(name)
            if child.inode.mode & S_IFMT == S_IFLNK and child.mounted is None and (
                    parts or directory):
                links += 1
                if links > MAX_SYMLINKS:
                    raise LinuxError(E.ELOOP)
                target = child.inode.readlink()
                if target[:1] == b"/":
                    here = namespace.root
                parts[:0] = [p for p in target.split(b"/") if p not in (b"", b".")]
                continue
            here = child.top()
    except LinuxError as error:
        raise PytraceError(
            f"{os.fsdecode(path)}: cannot be shown in the sandbox: {_reason(error)}") from None
    return here


def _bind(build: _Sandbox, namespace: Namespace, cwd: Location, bind: Bind) -> None:
    """Show a host directory or file."""
    from tracer.vfs.cowfs import CowDir
    where = bind.guest if bind.guest is not None else guest_path(bind.host)
    flags = ST_RDONLY if bind.mode == "ro" else 0
    try:
        if os.path.isdir(bind.host):
            fs = build.directory(bind.host, bind.mode)
            at = make_path(namespace, cwd, where, True)
            namespace.mount(fs, at, flags | ST_RELATIME)
            return
        real = os.path.realpath(bind.host)
        folder, name = os.path.split(real)
        fs = build.directory(folder, bind.mode)
        inode = fs.root.lookup(name)
        assert isinstance(fs.root, CowDir)
        fs.root.complete = True         # nothing else of that directory is ever looked up
        if inode.mode & S_IFMT != S_IFREG:
            raise PytraceError(f"{os.fsdecode(bind.host)}: not a file or directory")
        namespace.mount(fs, make_path(namespace, cwd, where, False), flags | ST_RELATIME, inode)
    except LinuxError as error:
        raise PytraceError(f"{os.fsdecode(bind.host)}: {_reason(error)}") from None


def _shows(namespace: Namespace, cwd: Location, program: bytes, rooted: bool) -> bool:
    """Whether the program's path already leads to it in the guest."""
    from tracer.vfs.cowfs import CowRegular
    from tracer.vfs.hostdir import HostContent
    try:
        found = namespace.walk(namespace.root, cwd, guest_path(program))
    except LinuxError:
        return False
    if rooted:
        return found.inode.mode & S_IFMT == S_IFREG     # --root: the sysroot's comes first
    inode = found.inode
    if not isinstance(inode, CowRegular) or not isinstance(inode.content.lower, HostContent):
        return False
    try:
        st = os.stat(program)
    except OSError:
        return True
    return inode.content.lower.identity == (st.st_dev, st.st_ino)


def sandbox(cwd_host: bytes, program: bytes | None, *, now: Callable[[], int],
            random: Callable[[int], bytes], kernel: System, root: bytes | None = None,
            binds: Sequence[Bind] = (), limit: int = 1 << 16,
            jobs: Callable[[], Jobs] = nobodys, network: bool = False) -> Guest:
    """The default personality.

    cwd_host, program: host paths, the program's as typed (after the search along PATH).
    now: virtual nanoseconds since the epoch; its first value is the time of all files.
    random: bytes of the seeded generator.  kernel: for /proc.  limit: pages that files may
    take in memory.  jobs: gives the kernel's job control.  network: name servers are the host's.
    PytraceError for what cannot be shown.
    """
    from tracer.vfs.devfs import dev_fs, openers
    from tracer.vfs.etc import root_fs
    from tracer.vfs.memfs import MemFS
    from tracer.vfs.procfs import ProcFS
    from tracer.vfs.streams import TERMINAL, HostStream, StreamFS, standard_streams
    from tracer.vfs.sysfs import sys_fs
    from tracer.vfs.tty import DevPts

    devices: dict[int, Any] = {}
    build = _Sandbox(now, limit, devices)
    first: FileSystem
    if root is None:
        first = root_fs(build.dev(), now, limit)
        if network:
            from tracer.vfs.hostsocket import resolv_conf
            first.root.lookup(b"etc").lookup(b"resolv.conf").open(O_WRONLY | O_TRUNC).write(
                [memoryview(resolv_conf())])
        first.devices = devices
    else:
        first = build.directory(root, "cow")
    namespace = Namespace(first, ST_RELATIME)

    def put(fs: FileSystem, where: bytes, flags: int) -> Location:
        return namespace.mount(fs, make_path(namespace, namespace.root, where, True), flags).root

    pts_dev = build.dev()
    ptys = DevPts(pts_dev, now, jobs)
    streams = standard_streams(StreamFS(pts_dev, now, kernel.busy, jobs))
    tty = next((f.node for f in streams.values()
                if isinstance(f, HostStream) and f.kind == TERMINAL), None)
    if tty is not None:
        ptys.inodes[0] = tty
    devices.update(openers(random, ptys))
    put(ProcFS(build.dev(), now, kernel, lambda: namespace), b"/proc", _SAFE)
    put(sys_fs(build.dev(), now), b"/sys", _SAFE | ST_RDONLY)
    put(dev_fs(build.dev(), now, devices), b"/dev", ST_NOSUID)
    put(ptys, b"/dev/pts", ST_NOSUID | ST_NOEXEC)
    shm = MemFS(build.dev(), now, limit=limit)
    put(shm, b"/dev/shm", ST_NOSUID | ST_NODEV)
    tmp = MemFS(build.dev(), now, limit=limit, devices=devices)
    put(tmp, b"/tmp", ST_NOSUID | ST_NODEV)
    cwd = put(build.directory(cwd_host, "cow"), WORK, ST_RELATIME)
    for bind in binds:
        _bind(build, namespace, cwd, bind)
    if program is not None and not _shows(namespace, cwd, program, root is not None):
        if not os.path.exists(program):
            raise PytraceError(f"{os.fsdecode(program)}: No such file or directory")
        if os.path.isfile(program):
            _bind(build, namespace, cwd, Bind(program, None, "cow"))
    _share_budget(namespace, limit)
    return Guest(namespace, cwd.top(), streams, tty)


def _share_budget(namespace: Namespace, limit: int) -> None:
    """All that the guest writes together takes no more pages than one file system may."""
    from tracer.vfs.content import Budget
    from tracer.vfs.memfs import MemFS

    whole = Budget(limit)
    for mount in namespace.mounts:
        if isinstance(mount.fs, MemFS) and mount.fs.budget.whole is None:
            whole.used += mount.fs.budget.used
            mount.fs.budget.whole = whole


def host_cwd() -> bytes:
    """pytrace's working directory; PytraceError when it was removed."""
    try:
        return os.getcwdb()
    except OSError as error:
        raise PytraceError(f"cannot find the working directory: {error.strerror}") from None


def inherited() -> list[int]:
    """The host descriptors pytrace was started with; call it before anything is opened."""
    try:
        listing = os.listdir("/proc/self/fd")
    except OSError:
        listing = ["0", "1", "2"]
    found = []
    for name in sorted(listing, key=int):
        try:
            os.fstat(int(name))     # the descriptor of the listing itself is closed again
            found.append(int(name))
        except OSError:
            continue
    return found


def host(*, now: Callable[[], int], kernel: System,
         descriptors: Sequence[int] = (0, 1, 2)) -> Guest:
    """``--host``: the real tree, with a /proc that knows the guest's processes.

    descriptors: those to inherit, see ``inherited``.  The working directory is pytrace's.
    pytrace must write its log to a descriptor of its own (a dup of 2): the guest may close 2.
    """
    from tracer.vfs.hostfs import HostFS, inherit
    from tracer.vfs.procfs import ProcFS

    fs = HostFS()
    namespace = Namespace(fs)
    root = namespace.root
    try:
        proc = root.child(b"proc")
        proc_dev = proc.inode.getattr().dev
        below = proc.inode
        namespace.mount(ProcFS(proc_dev, now, kernel, lambda: namespace, below), proc, _SAFE)
    except LinuxError:
        pass        # a host without /proc: the guest has none either
    cwd = namespace.walk(root, root, host_cwd())
    files: dict[int, File] = {}
    for fd in descriptors:
        found = inherit(namespace, fs, fd)
        if found is not None:
            files[fd] = found
    return Guest(namespace, cwd, files)
