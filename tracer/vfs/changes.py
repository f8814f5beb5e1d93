"""What a run changed in the sandbox's files."""
from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, NamedTuple

from tracer.errors import LinuxError
from tracer.vfs.base import S_IFDIR, S_IFLNK, S_IFMT, S_IFREG, Inode
from tracer.vfs.cowfs import CowDir, CowRegular
from tracer.vfs.hostdir import HostContent
from tracer.vfs.memfs import MemDir, MemFS, MemInode, MemLink, MemRegular

if TYPE_CHECKING:
    from tracer.vfs.content import Content
    from tracer.vfs.namespace import Namespace

FILE, DIRECTORY, SYMLINK, SPECIAL, REMOVED = "file", "directory", "symlink", "special", "removed"
_CHUNK = 1 << 20


class Change(NamedTuple):
    """A name that is new or gone, or whose file was written.

    kind: FILE, DIRECTORY, SYMLINK, SPECIAL (FIFO, socket, device) or REMOVED.  mode: permission
    bits.  target: of a symlink.  content: of a file.
    """

    path: bytes
    kind: str
    mode: int = 0
    size: int = 0
    target: bytes = b""
    content: Content | None = None

    def data(self) -> bytes:
        """The whole file; LinuxError if the host's file below it cannot be read any more."""
        data = bytearray(self.size)
        view = memoryview(data)
        for start in range(0, self.size, _CHUNK):
            assert self.content is not None
            self.content.read([view[start:start + _CHUNK]], start)
        return bytes(data)


class Changes:
    """Made before the program runs, it knows afterwards what is different.

    written: called with each file before it is looked at, so that shared mappings are stored.
    Of what is written through to the host (``--bind …:rw``) only files that were written count.
    """

    def __init__(self, namespace: Namespace, written: Callable[[Inode], None]) -> None:
        self.namespace = namespace
        self.written = written
        self.before: dict[bytes, tuple[MemInode, int]] = {}
        self.before = {path: (inode, inode.ctime) for path, inode, _ in self._names()}

    def _names(self) -> Iterator[tuple[bytes, MemInode, MemDir | None]]:
        """Path, inode and directory of all names in memory; of host directories, of those that
        were looked up."""
        covered = {mount.at.path() for mount in self.namespace.mounts if mount.at is not None}
        for mount in self.namespace.mounts:
            if not isinstance(mount.fs, MemFS):
                continue
            top = mount.root.path()
            root: Any = mount.root.inode
            if not isinstance(root, MemDir):
                yield top, root, None
                continue
            stack: list[tuple[bytes, MemDir]] = [(b"" if top == b"/" else top, root)]
            while stack:
                above, directory = stack.pop()
                for name, inode in directory.entries.items():
                    path = above + b"/" + name
                    if inode is not None and path not in covered:
                        yield path, inode, directory
                        if isinstance(inode, MemDir):
                            stack.append((path, inode))

    def found(self) -> list[Change]:
        """The changes, sorted by path."""
        changes: list[Change] = []
        seen = set()
        directories: list[tuple[bytes, CowDir]] = []
        for path, inode, directory in self._names():
            seen.add(path)
            name = path.rpartition(b"/")[2]
            if isinstance(inode, MemRegular):
                self.written(inode)
            if isinstance(inode, CowDir) and inode.lower is not None:
                directories.append((path, inode))
            if not self._as_before(path, name, inode, directory):
                changes.append(_change(path, inode))
        for mount in self.namespace.mounts:
            if isinstance(mount.root.inode, CowDir):
                top = mount.root.path()
                directories.append((b"" if top == b"/" else top, mount.root.inode))
        for path, cow in directories:
            changes += [Change(path + b"/" + name, REMOVED) for name in _hidden(cow)]
        changes += [Change(path, REMOVED) for path in self.before if path not in seen]
        return sorted({change.path: change for change in changes}.values())

    def _as_before(self, path: bytes, name: bytes, inode: MemInode,
                   directory: MemDir | None) -> bool:
        known = self.before.get(path)
        here = known is not None and known[0] is inode
        if isinstance(inode, CowRegular) and isinstance(inode.content.lower, HostContent):
            return not inode.changed() and (
                here or directory is None or _same_file(directory, name, inode))
        if here:
            return isinstance(inode, MemDir) or (known is not None and known[1] == inode.ctime)
        if not isinstance(directory, CowDir) or directory.lower is None:
            return False
        if isinstance(inode, CowDir):
            return inode.lower is not None and inode.lower.parent is directory.lower \
                and inode.lower.name == name
        if isinstance(inode, MemRegular):
            return False
        try:        # links and special files of the host have nothing of it but their name
            if isinstance(inode, MemLink):
                return directory.lower.readlink(name) == inode.target
            return directory.lower.stat(name).st_mode & S_IFMT == inode.mode & S_IFMT
        except LinuxError:
            return False


def _same_file(directory: MemDir, name: bytes, inode: CowRegular) -> bool:
    """Whether the host has the file under this name."""
    lower = inode.content.lower
    if not isinstance(directory, CowDir) or directory.lower is None or \
            not isinstance(lower, HostContent):
        return False
    try:
        st = directory.lower.stat(name)
    except LinuxError:
        return False
    return (st.st_dev, st.st_ino) == lower.identity


def _hidden(directory: CowDir) -> list[bytes]:
    """Names of the host that the guest does not see any more."""
    assert directory.lower is not None
    if not directory.complete and None not in directory.entries.values():
        return []
    try:
        names = directory.lower.names()
    except LinuxError:
        return []
    if directory.complete:
        return [name for name in names if directory.entries.get(name) is None]
    return [name for name in names if directory.entries.get(name, directory) is None]


def _change(path: bytes, inode: MemInode) -> Change:
    kind, mode = inode.mode & S_IFMT, inode.mode & 0o7777
    if kind == S_IFDIR:
        return Change(path, DIRECTORY, mode)
    if isinstance(inode, MemLink) and kind == S_IFLNK:
        return Change(path, SYMLINK, mode, len(inode.target), inode.target)
    if isinstance(inode, MemRegular) and kind == S_IFREG:
        return Change(path, FILE, mode, inode.content.size, content=inode.content)
    return Change(path, SPECIAL, mode)
