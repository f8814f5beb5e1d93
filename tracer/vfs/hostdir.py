"""A directory of the host that may not be left: every access goes by one name relative to an
open directory and follows no link.

Where the host has descriptors of directories (``os.supports_dir_fd``), a directory is opened
relative to its parent's descriptor with O_NOFOLLOW and compared with what was seen before, so
that neither a symlink nor a swap between look and use leads outside.  Elsewhere (Windows) all
components are looked at before and after each use instead.
"""
from __future__ import annotations

import os
import stat as hoststat
from collections import OrderedDict
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs.hosterror import linux_error

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

BY_DESCRIPTOR = os.open in os.supports_dir_fd and os.stat in os.supports_dir_fd
_CLOEXEC = getattr(os, "O_CLOEXEC", 0)
_NOFOLLOW = getattr(os, "O_NOFOLLOW", 0)
_DIRECTORY = getattr(os, "O_DIRECTORY", 0)
_FILE = _CLOEXEC | _NOFOLLOW | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0) | getattr(
    os, "O_BINARY", 0)
MAX_OPEN = 64
_open: OrderedDict[HostDir | HostContent, None] = OrderedDict()    # least recently used first


def _used(holder: HostDir | HostContent) -> None:
    """Keep the number of descriptors small."""
    _open[holder] = None
    _open.move_to_end(holder)
    while len(_open) > MAX_OPEN:
        oldest, _ = _open.popitem(last=False)
        oldest.close()


def _is_link(st: os.stat_result) -> bool:
    return hoststat.S_ISLNK(st.st_mode) or bool(
        getattr(st, "st_file_attributes", 0) & 0x400)      # FILE_ATTRIBUTE_REPARSE_POINT


class HostDir:
    """One directory.  The first one may be given by any path; below it no link is followed."""

    __slots__ = ("__weakref__", "_fd", "identity", "name", "parent")

    def __init__(self, path: bytes, parent: HostDir | None = None,
                 identity: tuple[int, int] | None = None) -> None:
        """path: the name in ``parent``, or without one any path."""
        self.parent = parent
        self.name = path
        self._fd = -1
        if identity is None:
            try:
                path = self.name = os.path.realpath(path)
                st = os.stat(path)
            except OSError as error:
                raise linux_error(error) from None
            if not hoststat.S_ISDIR(st.st_mode):
                raise LinuxError(E.ENOTDIR)
            identity = st.st_dev, st.st_ino
        self.identity = identity

    @property
    def path(self) -> bytes:
        """The host's path, as far as it is known."""
        return self.name if self.parent is None else os.path.join(self.parent.path, self.name)

    def close(self) -> None:
        """Give the descriptor back; it is opened again when needed."""
        fd, self._fd = self._fd, -1
        if fd >= 0:
            os.close(fd)

    def __del__(self) -> None:
        self.close()

    def child(self, name: bytes, st: os.stat_result) -> HostDir:
        """The directory ``name``, of which ``stat`` was told."""
        return HostDir(name, self, (st.st_dev, st.st_ino))

    def fd(self) -> int:
        """A descriptor of this directory; ENOENT when the host has another one there now."""
        if self._fd < 0:
            try:
                if self.parent is None:
                    fd = os.open(self.path, os.O_RDONLY | _DIRECTORY | _CLOEXEC)
                else:
                    fd = os.open(self.name, os.O_RDONLY | _DIRECTORY | _NOFOLLOW | _CLOEXEC,
                                 dir_fd=self.parent.fd())
            except OSError as error:
                raise linux_error(error) from None
            st = os.fstat(fd)
            if (st.st_dev, st.st_ino) != self.identity:
                os.close(fd)
                raise LinuxError(E.ENOENT)
            self._fd = fd
        _used(self)
        return self._fd

    def _verify(self) -> None:
        """Without descriptors: no component below the first directory is a link."""
        here: HostDir | None = self
        while here is not None:
            st = os.lstat(here.path)
            if (here.parent is not None and _is_link(st)) or (
                    st.st_dev, st.st_ino) != here.identity:
                raise LinuxError(E.ENOENT)
            here = here.parent

    def check(self) -> None:
        """ENOENT unless the directory is where it was and reached without links."""
        try:
            if BY_DESCRIPTOR:
                self.fd()
            else:
                self._verify()
        except OSError as error:
            raise linux_error(error) from None

    def call(self, function: Callable[..., Any], name: bytes, *args: Any, **named: Any) -> Any:
        """``function(name, *args, **named)`` in this directory; LinuxError."""
        try:
            if BY_DESCRIPTOR:
                return function(name, *args, dir_fd=self.fd(), **named)
            self._verify()
            result = function(os.path.join(self.path, name), *args, **named)
            self._verify()
            return result
        except OSError as error:
            raise linux_error(error) from None

    def stat(self, name: bytes) -> os.stat_result:
        """lstat."""
        found: os.stat_result = self.call(os.stat, name, follow_symlinks=False)
        return found

    def readlink(self, name: bytes) -> bytes:
        """The text of a symlink."""
        target: bytes = self.call(os.readlink, name)
        return target

    def names(self) -> list[bytes]:
        """All names, sorted."""
        try:
            if BY_DESCRIPTOR and os.listdir in os.supports_fd:
                return sorted(map(os.fsencode, os.listdir(self.fd())))
            self._verify()
            return sorted(os.listdir(self.path))
        except OSError as error:
            raise linux_error(error) from None

    def open(self, name: bytes, flags: int, mode: int = 0o666,
             identity: tuple[int, int] | None = None) -> int:
        """A descriptor of a regular file, never of a link; ENOENT when it is another file than
        ``identity`` (device, inode) tells, ENXIO when it is no regular file."""
        if not _NOFOLLOW:
            before = self.stat(name) if not flags & os.O_CREAT else None
            if before is not None and _is_link(before):
                raise LinuxError(E.ELOOP)
        fd: int = self.call(os.open, name, flags | _FILE, mode)
        st = os.fstat(fd)
        if not hoststat.S_ISREG(st.st_mode):
            os.close(fd)
            raise LinuxError(E.ENXIO)
        if identity is not None and (st.st_dev, st.st_ino) != identity:
            os.close(fd)
            raise LinuxError(E.ENOENT)
        return fd


class HostContent:
    """A regular file below a ``HostDir``; opened when read, closed when too many are open.

    A pinned file stays open: its name may go while it is in use.
    """

    __slots__ = ("__weakref__", "_fd", "_pins", "_writable", "directory", "identity", "name")

    def __init__(self, directory: HostDir, name: bytes, st: os.stat_result) -> None:
        self.directory = directory
        self.name = name
        self.identity = (st.st_dev, st.st_ino)
        self._writable = False
        self._fd = -1
        self._pins = 0

    def close(self) -> None:
        """Give the descriptor back."""
        if not self._pins:
            fd, self._fd = self._fd, -1
            if fd >= 0:
                os.close(fd)

    def __del__(self) -> None:
        self._pins = 0
        self.close()

    def pin(self, change: int) -> None:
        """One user more (1) or less (-1)."""
        if change > 0:
            self.fd()
        self._pins += change
        if self._fd >= 0 and not self._pins:
            _used(self)

    def need_write(self) -> None:
        """Have a descriptor that can write; EACCES and others."""
        if not self._writable:
            fd = self.directory.open(self.name, os.O_RDWR, identity=self.identity)
            if self._fd >= 0:
                os.close(self._fd)
            self._fd = fd
            self._writable = True

    def fd(self) -> int:
        """The descriptor."""
        if self._fd < 0:
            self._fd = self.directory.open(
                self.name, os.O_RDWR if self._writable else os.O_RDONLY, identity=self.identity)
        if not self._pins:
            _used(self)
        return self._fd

    def read_into(self, view: memoryview, pos: int) -> int:
        """Fill the view from ``pos`` on, up to the end; the number of bytes.  EIO if it went."""
        total = 0
        try:
            fd = self.fd()
            while total < len(view):
                if hasattr(os, "preadv"):
                    n = os.preadv(fd, [view[total:]], pos + total)
                else:
                    os.lseek(fd, pos + total, 0)
                    data = os.read(fd, len(view) - total)
                    n = len(data)
                    view[total:total + n] = data
                if not n:
                    break
                total += n
        except OSError as error:
            raise linux_error(error) from None
        return total

    def write_from(self, view: memoryview, pos: int) -> None:
        """Write all of the view at ``pos``."""
        total = 0
        try:
            fd = self.fd()
            while total < len(view):
                if hasattr(os, "pwrite"):
                    total += os.pwrite(fd, view[total:], pos + total)
                else:
                    os.lseek(fd, pos + total, 0)
                    total += os.write(fd, view[total:])
        except OSError as error:
            raise linux_error(error) from None

    def truncate(self, size: int) -> None:
        """Cut or grow."""
        try:
            os.ftruncate(self.fd(), size)
        except OSError as error:
            raise linux_error(error) from None
