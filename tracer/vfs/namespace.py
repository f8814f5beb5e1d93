"""Mounts, locations and the walk along a path.

A ``Location`` is a name at a place of the tree (struct path of the kernel: mount and dentry in
one); it knows its parent, so that ``..``, getcwd and /proc/PID/fd can be answered.  Locations
of names that were looked up are kept in their parent's ``children``: that is the dentry cache.
All changes of names go through ``tracer.vfs.names`` and ``Namespace`` to keep it right.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.base import (
    CAP_DAC_OVERRIDE,
    CAP_DAC_READ_SEARCH,
    ROOT,
    S_IFDIR,
    S_IFLNK,
    S_IFMT,
    ST_RDONLY,
    Creds,
    FileSystem,
    Inode,
)

if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import Any

NAME_MAX, PATH_MAX, MAX_SYMLINKS = 255, 4096, 40
# openat2.h
RESOLVE_NO_XDEV, RESOLVE_NO_MAGICLINKS, RESOLVE_NO_SYMLINKS = 1, 2, 4
RESOLVE_BENEATH, RESOLVE_IN_ROOT, RESOLVE_CACHED = 8, 16, 32
_MAY_SEARCH = CAP_DAC_OVERRIDE | CAP_DAC_READ_SEARCH


class Mount:
    """A file system (or a directory of it) seen at a location."""

    __slots__ = ("at", "flags", "fs", "id", "root", "source")

    def __init__(self, number: int, fs: FileSystem, root: Inode, at: Location | None,
                 flags: int) -> None:
        self.id = number
        self.fs = fs
        self.at = at            # the location it covers; None for the first root
        self.flags = flags      # ST_*
        self.source = fs.source
        self.root = Location(self, None, b"/", root)

    @property
    def readonly(self) -> bool:
        return bool((self.flags | self.fs.flags) & ST_RDONLY)


class Location:
    """A name at a place in the tree.  ``inode`` never changes; ``parent`` does by rename."""

    __slots__ = ("__weakref__", "children", "deleted", "inode", "linkable", "mount", "mounted",
                 "name", "parent")

    def __init__(self, mount: Mount | None, parent: Location | None, name: bytes,
                 inode: Inode) -> None:
        self.mount = mount          # None: not in any tree (pipe:[1], memfd, ...)
        self.parent = parent        # None at the root of a mount
        self.name = name
        self.inode = inode
        self.children: dict[bytes, Location] = {}
        self.mounted: Mount | None = None   # what covers this location
        self.deleted = False        # unlinked, or replaced by a rename
        self.linkable = False       # deleted, but linkat(2) may name it (O_TMPFILE)

    def path(self, root: Location | None = None) -> bytes:
        """The absolute path seen from ``root`` (default: the first root).

        `` (deleted)`` is appended when the name is gone; when the location is not below
        ``root``, ``(unreachable)`` stands before it, as in getcwd(2).
        """
        if self.mount is None:
            return self.name
        parts: list[bytes] = []
        here = self
        while here is not root:
            parent = here.parent
            if parent is None:
                mount = here.mount
                if mount is None or mount.at is None:
                    break
                here = mount.at
                continue
            parts.append(here.name)
            here = parent
        parts.reverse()
        path = b"/" + b"/".join(parts)
        if self.deleted:
            path += b" (deleted)"
        if root is not None and here is not root:
            path = b"(unreachable)" + path
        return path

    def up(self, root: Location) -> Location:
        """What ``..`` means here for a task with this root directory."""
        here = self
        while here is not root:
            parent = here.parent
            if parent is not None:
                return parent.top()
            mount = here.mount
            if mount is None or mount.at is None:
                return here
            here = mount.at
        return here

    def top(self) -> Location:
        """The root of what is mounted here, or the location itself."""
        here = self
        while here.mounted is not None:
            here = here.mounted.root
        return here

    def is_below(self, other: Location) -> bool:
        """Whether ``other`` is this location or an ancestor in the same mount."""
        here: Location | None = self
        while here is not None:
            if here is other:
                return True
            here = here.parent
        return False

    def child(self, name: bytes) -> Location:
        """Look a name up without search permission, symlinks and what is mounted there.

        ENOENT, ENOTDIR, ENAMETOOLONG.
        """
        known = self.children.get(name)
        if known is not None and (not self.inode.fs.volatile or known.mounted is not None):
            return known
        if len(name) > NAME_MAX:
            raise LinuxError(E.ENAMETOOLONG)
        try:
            inode = self.inode.lookup(name)
        except LinuxError:
            if known is not None:
                self.forget(name)
            raise
        if known is not None:
            if known.inode is inode:
                return known
            known.deleted = True
        new = self.children[name] = Location(self.mount, self, name, inode)
        return new

    def forget(self, name: bytes) -> None:
        """The name is gone."""
        known = self.children.pop(name, None)
        if known is not None:
            known.deleted = True

    def twins(self) -> Iterator[Location]:
        """The same directory as other mounts of its file system show it, as far as cached."""
        mounts = self.inode.fs.mounts
        if len(mounts) > 1:
            for mount in mounts:
                if mount is not self.mount:
                    stack = [mount.root]
                    while stack:
                        here = stack.pop()
                        if here.inode is self.inode:
                            yield here
                        stack.extend(here.children.values())


class Namespace:
    """The mounts, and how paths lead through them."""

    __slots__ = ("_next_id", "mounts", "root")

    def __init__(self, fs: FileSystem, flags: int = 0) -> None:
        self._next_id = 1
        self.mounts: list[Mount] = []
        self.root = self._new(fs, fs.root, None, flags).root

    def _new(self, fs: FileSystem, root: Inode, at: Location | None, flags: int) -> Mount:
        mount = Mount(self._next_id, fs, root, at, flags)
        self._next_id += 1
        self.mounts.append(mount)
        fs.mounts.append(mount)
        return mount

    def mount(self, fs: FileSystem, at: Location, flags: int = 0,
              root: Inode | None = None) -> Mount:
        """Cover ``at`` with a file system (or with its inode ``root``: a bind mount)."""
        at = at.top()
        inode = fs.root if root is None else root
        if (inode.mode & S_IFMT == S_IFDIR) != (at.inode.mode & S_IFMT == S_IFDIR):
            raise LinuxError(E.ENOTDIR)
        if at.parent is None and at.mount is not None and at.mount.at is None:
            raise LinuxError(E.EBUSY)
        mount = self._new(fs, inode, at, flags)
        at.mounted = mount
        if at.parent is not None:
            at.parent.children[at.name] = at     # must stay in the cache
        return mount

    def unmount(self, location: Location) -> None:
        """Uncover; ``location`` is the root of the mount.  EINVAL (also for one that is gone
        already, in which a task still works), EBUSY with mounts below."""
        mount = location.mount
        if mount is None or mount.root is not location or mount.at is None \
                or mount not in self.mounts:
            raise LinuxError(E.EINVAL)
        for other in self.mounts:
            if other.at is not None and other.at.mount is mount:
                raise LinuxError(E.EBUSY)
        mount.at.mounted = None
        self.mounts.remove(mount)
        mount.fs.mounts.remove(mount)

    def walk(self, root: Location, cwd: Location, path: bytes, *, follow: bool = True,
             resolve: int = 0, creds: Creds = ROOT, task: Any = None,
             empty: bool = False) -> Location:
        """The location a path leads to.

        root: the task's root directory.  cwd: where relative paths start (cwd or dirfd).
        follow: whether a symlink as the last component is followed.
        resolve: RESOLVE_* of openat2(2).  empty: AT_EMPTY_PATH, "" is ``cwd`` itself.
        task: given to magic links.
        Raises ENOENT, ENOTDIR, ELOOP, ENAMETOOLONG, EACCES, EXDEV.
        """
        if not path:
            if empty:
                return cwd
            raise LinuxError(E.ENOENT)
        if len(path) >= PATH_MAX:
            raise LinuxError(E.ENAMETOOLONG)
        return self._walk(root, cwd, path, follow or path[-1] == 47, resolve, creds, task)

    def walk_parent(self, root: Location, cwd: Location, path: bytes, *, resolve: int = 0,
                    creds: Creds = ROOT, task: Any = None) -> tuple[Location, bytes, bool]:
        """The directory of the last component, that component, and whether slashes follow it.

        The component may be ``.`` or ``..``; it is ``/`` if there is none ("/", "//").
        """
        if not path:
            raise LinuxError(E.ENOENT)
        if len(path) >= PATH_MAX:
            raise LinuxError(E.ENAMETOOLONG)
        bare = path.rstrip(b"/")
        if not bare:
            return root, b"/", True
        head, _, last = bare.rpartition(b"/")
        if head:
            where = self._walk(root, cwd, head + b"/", True, resolve, creds, task)
        elif bare[0] == 47:
            where = self._walk(root, cwd, b"/", True, resolve, creds, task)
        else:
            where = cwd
            if cwd.inode.mode & S_IFMT != S_IFDIR:
                raise LinuxError(E.ENOTDIR)
        if not creds.caps & _MAY_SEARCH:
            where.inode.search(creds)
        return where, last, len(bare) != len(path)

    def _walk(self, root: Location, cwd: Location, path: bytes, follow: bool, resolve: int,
              creds: Creds, task: Any) -> Location:
        start = cwd
        if resolve & RESOLVE_IN_ROOT:
            root = cwd
        if path[0] == 47:
            if resolve & RESOLVE_BENEATH:
                raise LinuxError(E.EXDEV)
            if resolve & RESOLVE_NO_XDEV and root.mount is not cwd.mount:
                raise LinuxError(E.EXDEV)
            here = root
        else:
            here = cwd
        search = not creds.caps & _MAY_SEARCH
        parts = path.split(b"/")
        i, n, links = 0, len(parts), 0
        while i < n:
            name = parts[i]
            i += 1
            inode = here.inode
            if inode.mode & S_IFMT != S_IFDIR:
                raise LinuxError(E.ENOTDIR)
            if search:
                inode.search(creds)
            if name == b"" or name == b".":
                continue
            if name == b"..":
                if resolve & RESOLVE_BENEATH and here is start:
                    raise LinuxError(E.EXDEV)
                above = here.up(root)
                if resolve & RESOLVE_NO_XDEV and above.mount is not here.mount:
                    raise LinuxError(E.EXDEV)
                here = above
                continue
            known = here.children.get(name)
            if known is None or ((volatile := inode.fs.volatile) and (
                    volatile == 2 or i == n or known.inode.mode & S_IFMT != S_IFDIR)):
                known = here.child(name)
            if known.mounted is not None:
                if resolve & RESOLVE_NO_XDEV:
                    raise LinuxError(E.EXDEV)
                known = known.top()
            elif known.inode.mode & S_IFMT == S_IFLNK and (follow or i < n):
                links += 1
                if links > MAX_SYMLINKS or resolve & RESOLVE_NO_SYMLINKS:
                    raise LinuxError(E.ELOOP)
                goal = known.inode.follow(task)
                if goal is not None:
                    if resolve & RESOLVE_NO_MAGICLINKS:
                        raise LinuxError(E.ELOOP)
                    if resolve & (RESOLVE_BENEATH | RESOLVE_IN_ROOT) or (
                            resolve & RESOLVE_NO_XDEV and goal.mount is not here.mount):
                        raise LinuxError(E.EXDEV)
                    here = goal
                    continue
                target = known.inode.readlink()
                if not target:
                    raise LinuxError(E.ENOENT)
                if target[0] == 47:
                    if resolve & RESOLVE_BENEATH or (
                            resolve & RESOLVE_NO_XDEV and root.mount is not here.mount):
                        raise LinuxError(E.EXDEV)
                    here = root
                parts = target.split(b"/") + parts[i:]
                i, n = 0, len(parts)
                continue
            here = known
        return here
