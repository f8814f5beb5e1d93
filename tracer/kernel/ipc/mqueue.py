"""POSIX message queues and the file system they live in (mq_overview(7), ipc/mqueue.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.ipc.objects import CAP_SYS_RESOURCE
from tracer.vfs.base import (
    O_ACCMODE,
    O_NONBLOCK,
    O_RDONLY,
    O_WRONLY,
    PAGE,
    POLLIN,
    POLLOUT,
    POLLRDNORM,
    POLLWRNORM,
    S_IFREG,
    Attr,
    File,
    FileSystem,
    Inode,
    fill_attr,
    makedev,
)
from tracer.wait import WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Process, Task

MQUEUE_MAGIC = 0x19800202
MQ_PRIO_MAX, QUEUES_MAX = 32768, 256
MSG_MAX, MSGSIZE_MAX, MSG_DEFAULT, MSGSIZE_DEFAULT = 10, 8192, 10, 8192
HARD_MSGMAX, HARD_MSGSIZEMAX = 65536, 16777216
FILE_SIZE, DIRENT_SIZE = 80, 20
SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD = 0, 1, 2
NOTIFY_WOKENUP, NOTIFY_REMOVED = 1, 2
SI_MESGQ = -3


class Notification:
    """mq_notify(3): whom to tell of a message in an empty queue, and how."""

    __slots__ = ("cookie", "method", "process", "signo", "socket", "value")

    def __init__(self, process: Process, method: int, signo: int, value: int,
                 socket: Any = None, cookie: bytes = b"") -> None:
        self.process = process
        self.method = method
        self.signo = signo
        self.value = value
        self.socket = socket            # SIGEV_THREAD: the netlink socket that is told
        self.cookie = cookie


class MqInode(Inode):
    """A queue: messages by falling priority, oldest first."""

    __slots__ = ("maxmsg", "messages", "msgsize", "name", "nlink", "notification", "readers",
                 "readable", "size", "time", "user", "writable")

    def __init__(self, fs: MqFS, name: bytes, mode: int, uid: int, gid: int, maxmsg: int,
                 msgsize: int) -> None:
        super().__init__(fs, fs.new_ino(), S_IFREG | mode, uid, gid)
        self.name = name
        self.nlink = 1
        self.maxmsg = maxmsg
        self.msgsize = msgsize
        self.messages: list[tuple[int, bytes]] = []
        self.size = 0
        self.readers = 0                # tasks that wait in mq_receive
        self.user = uid
        self.notification: Notification | None = None
        self.readable = WaitQueue()
        self.writable = WaitQueue()
        self.time = fs.kernel.clock.realtime()

    def getattr(self) -> Attr:
        return fill_attr(self, nlink=self.nlink, size=FILE_SIZE, time=self.time)

    def put(self, task: Task, priority: int, data: bytes) -> None:
        """Add a message; the caller has seen that there is room."""
        messages = self.messages
        place = len(messages)
        while place and messages[place - 1][0] < priority:
            place -= 1
        was_empty = not messages
        messages.insert(place, (priority, data))
        self.size += len(data)
        if was_empty and not self.readers:
            self._notify(task)
        self.readable.wake()

    def take(self) -> tuple[int, bytes]:
        """The first message; the caller has seen that there is one."""
        priority, data = self.messages.pop(0)
        self.size -= len(data)
        self.writable.wake()
        return priority, data

    def _notify(self, task: Task) -> None:
        wanted, self.notification = self.notification, None
        if wanted is None:
            return
        if wanted.method == SIGEV_SIGNAL:
            if wanted.signo:
                task.kernel.signals.send_process(wanted.process, {
                    "signo": wanted.signo, "code": SI_MESGQ, "pid": task.tgid,
                    "uid": task.creds.uid, "value": wanted.value})
        elif wanted.method == SIGEV_THREAD:
            wanted.socket.put(wanted.cookie[:31] + bytes((NOTIFY_WOKENUP,)), 0, (0, 0, 0))

    def unregister(self) -> None:
        """mq_notify(NULL), or the end of the process that asked."""
        wanted, self.notification = self.notification, None
        if wanted is not None and wanted.method == SIGEV_THREAD:
            wanted.socket.put(wanted.cookie[:31] + bytes((NOTIFY_REMOVED,)), 0, (0, 0, 0))

    def cost(self) -> int:
        """Bytes counted against RLIMIT_MSGQUEUE."""
        return cost(self.maxmsg, self.msgsize)


def cost(maxmsg: int, msgsize: int) -> int:
    """What a queue may take: its messages and the tree they hang in."""
    return maxmsg * (48 + msgsize) + min(maxmsg, MQ_PRIO_MAX) * 48


class MqFile(File):
    """An open queue.  read(2) gives its state as text."""

    __slots__ = ("process", "queue")

    seeks_nowhere = True

    def __init__(self, queue: MqInode, flags: int, process: Process) -> None:
        super().__init__(queue, flags & (O_ACCMODE | O_NONBLOCK))
        self.queue = queue
        self.process = process

    def name(self) -> bytes:
        return b"/" + self.queue.name

    def can_read(self) -> bool:
        return self.flags & O_ACCMODE != O_WRONLY

    def can_write(self) -> bool:
        return self.flags & O_ACCMODE != O_RDONLY

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        queue = self.queue
        wanted = queue.notification
        text = b"QSIZE:%-10d NOTIFY:%-5d SIGNO:%-5d NOTIFY_PID:%-6d\n" % (
            queue.size, wanted.method if wanted else 0,
            wanted.signo if wanted and wanted.method == SIGEV_SIGNAL else 0,
            wanted.process.pid if wanted else 0)
        start = self.pos if pos is None else pos
        done = 0
        for view in views:
            part = text[start + done:start + done + len(view)]
            view[:len(part)] = part
            done += len(part)
        if pos is None:
            self.pos += done
        return done

    def poll(self) -> int:
        queue = self.queue
        mask = POLLIN | POLLRDNORM if queue.messages else 0
        if len(queue.messages) < queue.maxmsg:
            mask |= POLLOUT | POLLWRNORM
        return mask

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.queue.readable, self.queue.writable)

    def release(self) -> None:
        wanted = self.queue.notification
        if wanted is not None and wanted.process is self.process:
            self.queue.unregister()


class MqFS(FileSystem):
    """mqueue: one flat directory."""

    __slots__ = ("kernel", "next_ino", "queues")

    def __init__(self, kernel: Kernel) -> None:
        super().__init__("mqueue", MQUEUE_MAGIC, makedev(0, 19))
        self.kernel = kernel
        self.queues: dict[bytes, MqInode] = {}
        self.next_ino = 5000

    def new_ino(self) -> int:
        """The next inode number."""
        self.next_ino += 1
        return self.next_ino - 1

    def statfs(self) -> dict[str, int]:
        return {"f_bsize": PAGE, "f_namelen": 255, "f_frsize": PAGE}

    def create(self, task: Task, name: bytes, mode: int, attr: tuple[int, int] | None) -> MqInode:
        """A new queue; attr: mq_maxmsg and mq_msgsize.  ENOSPC, EINVAL, EMFILE."""
        from tracer.kernel.task import RLIM_INFINITY, RLIMIT_MSGQUEUE
        creds = task.creds
        privileged = creds.capable(CAP_SYS_RESOURCE)
        if len(self.queues) >= QUEUES_MAX and not privileged:
            raise LinuxError(E.ENOSPC)
        maxmsg, msgsize = attr or (MSG_DEFAULT, MSGSIZE_DEFAULT)
        if maxmsg <= 0 or msgsize <= 0:
            raise LinuxError(E.EINVAL)
        most = (HARD_MSGMAX, HARD_MSGSIZEMAX) if privileged else (MSG_MAX, MSGSIZE_MAX)
        if maxmsg > most[0] or msgsize > most[1]:
            raise LinuxError(E.EINVAL)
        limit = task.process.limit(RLIMIT_MSGQUEUE)
        used = sum(q.cost() for q in self.queues.values() if q.user == creds.fsuid)
        if limit != RLIM_INFINITY and used + cost(maxmsg, msgsize) > limit:
            raise LinuxError(E.EMFILE)
        queue = MqInode(self, name, mode & 0o7777, creds.fsuid, creds.fsgid, maxmsg, msgsize)
        self.queues[name] = queue
        return queue


def mqueues(kernel: Kernel) -> MqFS:
    """The queues of this kernel."""
    from tracer.kernel.ipc.objects import ipc
    objects = ipc(kernel)
    if objects.mqueues is None:
        objects.mqueues = MqFS(kernel)
    return objects.mqueues
