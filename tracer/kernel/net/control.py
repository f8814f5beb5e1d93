"""Ancillary data: struct cmsghdr in guest memory (cmsg(3), net/core/scm.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import (
    AF_INET,
    AF_INET6,
    AF_NETLINK,
    AF_UNIX,
    CAP_SETGID,
    CAP_SETUID,
    CAP_SYS_ADMIN,
    MSG_CMSG_CLOEXEC,
    MSG_CTRUNC,
    SCM_CREDENTIALS,
    SCM_MAX_FD,
    SCM_PIDFD,
    SCM_RIGHTS,
    SOL_SOCKET,
)
from tracer.kernel.net.options import int_bytes
from tracer.kernel.net.socket import discard
from tracer.kernel.task import RLIMIT_NOFILE

if TYPE_CHECKING:
    from tracer.kernel.net.socket import Outgoing, Received, Socket
    from tracer.kernel.task import Task

# what sock_cmsg_send takes: rights and credentials (ignored), SO_MARK, SO_TIMESTAMPING, SCM_TXTIME
_INET_TYPES = frozenset((SCM_RIGHTS, SCM_CREDENTIALS, 36, 37, 61, 65))


def parse(data: bytes, word: int) -> list[tuple[int, int, bytes]]:
    """The (level, type, data) in a control buffer; word: bytes of a size_t.  EINVAL."""
    head = word + 8
    found = []
    at = 0
    while len(data) - at >= head:
        size = int.from_bytes(data[at:at + word], "little")
        if size < head or size > len(data) - at:
            raise LinuxError(E.EINVAL)
        level = int.from_bytes(data[at + word:at + word + 4], "little", signed=True)
        kind = int.from_bytes(data[at + word + 4:at + head], "little", signed=True)
        found.append((level, kind, data[at + head:at + size]))
        at += size + word - 1 & -word
    return found


def attach(task: Task, sock: Socket, message: Outgoing) -> None:
    """Take descriptors and credentials out of the control data into the message.

    Raises EINVAL, EBADF, EPERM, after which nothing is held.
    """
    try:
        for level, kind, data in message.control:
            if level != SOL_SOCKET:
                continue
            if sock.family in (AF_INET, AF_INET6):
                if kind not in _INET_TYPES:
                    raise LinuxError(E.EINVAL)
            elif kind == SCM_RIGHTS and sock.family == AF_UNIX:
                _rights(task, message, data)
            elif kind == SCM_CREDENTIALS and sock.family in (AF_UNIX, AF_NETLINK):
                _creds(task, message, data)
            else:
                raise LinuxError(E.EINVAL)
    except LinuxError:
        discard(message.files)
        raise


def _rights(task: Task, message: Outgoing, data: bytes) -> None:
    count = len(data) // 4
    if count > SCM_MAX_FD or count + len(message.files) > SCM_MAX_FD:
        raise LinuxError(E.EINVAL)
    for i in range(count):
        fd = int.from_bytes(data[4 * i:4 * i + 4], "little", signed=True)
        file = task.files.get_any(fd)
        file.refs += 1
        message.files.append(file)


def _creds(task: Task, message: Outgoing, data: bytes) -> None:
    if len(data) != 12:
        raise LinuxError(E.EINVAL)
    pid, uid, gid = (int.from_bytes(data[i:i + 4], "little") for i in (0, 4, 8))
    creds = task.creds
    pid = task.process.pid_of(pid)
    if (pid != task.tgid and not creds.capable(CAP_SYS_ADMIN)) or (
            uid not in (creds.uid, creds.euid, creds.suid) and not creds.capable(CAP_SETUID)) or (
            gid not in (creds.gid, creds.egid, creds.sgid) and not creds.capable(CAP_SETGID)):
        raise LinuxError(E.EPERM)
    if pid not in task.kernel.processes:
        raise LinuxError(E.ESRCH)
    message.creds = pid, uid, gid


class Writer:
    """The control buffer of a receiving call, filled from its start."""

    __slots__ = ("address", "flags", "left", "task", "word")

    def __init__(self, task: Task, address: int, size: int, word: int) -> None:
        self.task = task
        self.address = address
        self.left = size if address else 0
        self.word = word
        self.flags = 0

    def put(self, level: int, kind: int, data: bytes) -> None:
        """One control message; MSG_CTRUNC when it does not fit wholly.  EFAULT."""
        head = self.word + 8
        if self.left < head:
            self.flags |= MSG_CTRUNC
            return
        size = head + len(data)
        if self.left < size:
            self.flags |= MSG_CTRUNC
            size = self.left
        self.task.mem.write(self.address, int_bytes(size, self.word) + int_bytes(level)
                            + int_bytes(kind) + data[:size - head])
        self._advance(size)

    def _advance(self, size: int) -> None:
        size = min(size + self.word - 1 & -self.word, self.left)
        self.address += size
        self.left -= size

    def rights(self, received: Received, flags: int) -> None:
        """Install descriptors in flight, as many as there is room for."""
        files = received.files
        if not files:
            return
        task = self.task
        head = self.word + 8
        room = max(0, self.left - head) // 4
        table = task.files
        limit = task.process.limit(RLIMIT_NOFILE)
        numbers = []
        for file in files[:room]:
            try:
                fd = table.lowest(0, limit)
            except LinuxError:
                break
            table.put(fd, file, bool(flags & MSG_CMSG_CLOEXEC))
            numbers.append(fd)
        if len(numbers) < len(files):
            self.flags |= MSG_CTRUNC
        discard(files)
        if numbers:
            data = b"".join(map(int_bytes, numbers))
            size = head + len(data)
            task.mem.write(self.address, int_bytes(size, self.word) + int_bytes(SOL_SOCKET)
                           + int_bytes(SCM_RIGHTS) + data)
            self._advance(size)

    def fill(self, received: Received, flags: int) -> None:
        """All that a message has, in the kernel's order."""
        for level, kind, data in received.control:
            self.put(level, kind, data)
        if received.creds is not None:
            pid, uid, gid = received.creds
            self.put(SOL_SOCKET, SCM_CREDENTIALS, int_bytes(self.task.process.number(pid))
                     + int_bytes(uid) + int_bytes(gid))
        self.rights(received, flags)
        if received.pid is not None:
            self.pidfd(received.pid)

    def pidfd(self, pid: int) -> None:
        """SCM_PIDFD: a descriptor for the sender, or -ESRCH."""
        from tracer.kernel.calls.common import install
        from tracer.kernel.pidfd import PidFile
        if self.left < self.word + 12:
            self.flags |= MSG_CTRUNC
            return
        process = self.task.kernel.processes.get(pid)
        value = -E.ESRCH
        if process is not None:
            try:
                value = install(self.task, PidFile(process), True)
            except LinuxError as error:
                value = -error.errno
        self.put(SOL_SOCKET, SCM_PIDFD, int_bytes(value))
