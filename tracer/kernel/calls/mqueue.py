"""POSIX message queues (mq_overview(7)).  Names come without the slash that libcs cut."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import duration, get_path, get_timespec
from tracer.kernel.ipc.mqueue import (
    MQ_PRIO_MAX,
    SIGEV_NONE,
    SIGEV_SIGNAL,
    SIGEV_THREAD,
    MqFile,
    MqInode,
    Notification,
    mqueues,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_NOFILE, drop
from tracer.vfs.base import (
    CAP_FOWNER,
    MAY_READ,
    MAY_WRITE,
    O_ACCMODE,
    O_CREAT,
    O_EXCL,
    O_NONBLOCK,
)
from tracer.vfs.namespace import NAME_MAX
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

_COOKIE = 32
_SIGNALS = 64


def _name(task: Task, address: int) -> bytes:
    """A queue's name; EFAULT, ENOENT, EACCES, ENAMETOOLONG."""
    name = get_path(task, address)
    if not name:
        raise LinuxError(E.ENOENT)
    if name in (b".", b"..") or b"/" in name:
        raise LinuxError(E.EACCES)
    if len(name) > NAME_MAX:
        raise LinuxError(E.ENAMETOOLONG)
    return name


def _get(task: Task, fd: int) -> MqFile:
    file = task.files.get(fd)
    if not isinstance(file, MqFile):
        raise LinuxError(E.EBADF)
    return file


@syscall("mq_open", attr="mq_attr")
def mq_open(task: Task, u_name: int, oflag: int, mode: int, u_attr: int, *, attr: Layout) -> int:
    given = None
    if u_attr:
        values = attr.unpack(task.mem.read(u_attr, attr.size))
        given = int(values[1]), int(values[2])
    if not get_path(task, u_name):
        raise LinuxError(E.ENOENT)
    fd = task.files.lowest(0, task.process.limit(RLIMIT_NOFILE))
    name = _name(task, u_name)
    fs = mqueues(task.kernel)
    queue = fs.queues.get(name)
    if queue is None:
        if not oflag & O_CREAT:
            raise LinuxError(E.ENOENT)
        queue = fs.create(task, name, mode & 0o7777 & ~task.fs.umask, given)
    else:
        if oflag & (O_CREAT | O_EXCL) == O_CREAT | O_EXCL:
            raise LinuxError(E.EEXIST)
        if oflag & O_ACCMODE == 3:
            raise LinuxError(E.EINVAL)
        queue.permission((MAY_READ, MAY_WRITE, MAY_READ | MAY_WRITE)[oflag & O_ACCMODE],
                         task.creds)
    task.files.put(fd, MqFile(queue, oflag, task.process), True)
    return fd


@syscall("mq_unlink")
def mq_unlink(task: Task, u_name: int) -> int:
    name = _name(task, u_name)
    fs = mqueues(task.kernel)
    queue = fs.queues.get(name)
    if queue is None:
        raise LinuxError(E.ENOENT)
    creds = task.creds
    if creds.fsuid not in (queue.uid, 0) and not creds.caps & CAP_FOWNER:
        raise LinuxError(E.EPERM)       # the directory is sticky
    del fs.queues[name]
    queue.nlink = 0
    return 0


def _deadline(task: Task, address: int, ts: Layout) -> int | None:
    """An absolute CLOCK_REALTIME as CLOCK_MONOTONIC; EFAULT, EINVAL."""
    if not address:
        return None
    clock = task.kernel.clock
    return duration(*get_timespec(task, address, ts)) - clock.realtime() + clock.monotonic()


@syscall("mq_timedsend", ts="timespec")
@syscall("mq_timedsend_time64", ts="timespec64")
def mq_timedsend(task: Task, mqdes: int, u_msg_ptr: int, msg_len: int, msg_prio: int,
                 u_abs_timeout: int, *, ts: Layout) -> Result:
    deadline = _deadline(task, u_abs_timeout, ts)
    if msg_prio >= MQ_PRIO_MAX:
        raise LinuxError(E.EINVAL)
    file = _get(task, mqdes)
    if not file.can_write():
        raise LinuxError(E.EBADF)
    queue = file.queue
    if msg_len > queue.msgsize:
        raise LinuxError(E.EMSGSIZE)
    data = task.mem.read(u_msg_ptr, msg_len)
    if len(queue.messages) < queue.maxmsg:
        queue.put(task, msg_prio, data)
        return 0
    if file.flags & O_NONBLOCK:
        raise LinuxError(E.EAGAIN)

    def put() -> int:
        queue.put(task, msg_prio, data)
        return 0

    return _wait(task, file, queue.writable, deadline,
                 lambda: len(queue.messages) < queue.maxmsg, put)


@syscall("mq_timedreceive", ts="timespec")
@syscall("mq_timedreceive_time64", ts="timespec64")
def mq_timedreceive(task: Task, mqdes: int, u_msg_ptr: int, msg_len: int, u_msg_prio: int,
                    u_abs_timeout: int, *, ts: Layout) -> Result:
    deadline = _deadline(task, u_abs_timeout, ts)
    file = _get(task, mqdes)
    if not file.can_read():
        raise LinuxError(E.EBADF)
    queue = file.queue
    if msg_len < queue.msgsize:
        raise LinuxError(E.EMSGSIZE)

    def take() -> int:
        priority, data = queue.take()
        if u_msg_prio:
            task.mem.write_int(u_msg_prio, priority, 4)
        task.mem.write(u_msg_ptr, data)
        return len(data)

    if queue.messages:
        return take()
    if file.flags & O_NONBLOCK:
        raise LinuxError(E.EAGAIN)
    return _receive_wait(task, file, queue, deadline, take)


def _receive_wait(task: Task, file: MqFile, queue: MqInode, deadline: int | None,
                  take: Callable[[], int]) -> Blocking:
    queue.readers += 1
    try:
        return (yield from _wait(task, file, queue.readable, deadline,
                                 lambda: bool(queue.messages), take))
    finally:
        queue.readers -= 1


def _wait(task: Task, file: MqFile, changes: WaitQueue, deadline: int | None,
          ready: Callable[[], bool], act: Callable[[], int]) -> Blocking:
    """Until the queue is ready; ETIMEDOUT, ERESTARTSYS."""
    file.refs += 1
    try:
        while True:
            reason = yield Wait((changes,), deadline)
            if ready():
                return act()
            if reason == Wait.TIMEOUT:
                raise LinuxError(E.ETIMEDOUT)
            if reason == Wait.SIGNAL:
                raise LinuxError(E.ERESTARTSYS)
    finally:
        drop(file)


@syscall("mq_notify", event="sigevent")
def mq_notify(task: Task, mqdes: int, u_notification: int, *, event: Layout) -> int:
    if not u_notification:
        queue = _get(task, mqdes).queue
        if queue.notification is not None and queue.notification.process is task.process:
            queue.unregister()
        return 0
    fields = event.unpack(task.mem.read(u_notification, event.size))
    value, signo, method = int(fields[0]), int(fields[1]), int(fields[2])
    if method not in (SIGEV_SIGNAL, SIGEV_NONE, SIGEV_THREAD):
        raise LinuxError(E.EINVAL)
    if method == SIGEV_SIGNAL and not 0 <= signo <= _SIGNALS:
        raise LinuxError(E.EINVAL)
    sock = None
    cookie = b""
    if method == SIGEV_THREAD:
        from tracer.kernel.net.netlink import NetlinkSocket
        cookie = task.mem.read(value, _COOKIE)
        sock = task.files.get(signo)
        if not isinstance(sock, NetlinkSocket):
            raise LinuxError(E.EINVAL)
    queue = _get(task, mqdes).queue
    if queue.notification is not None:
        raise LinuxError(E.EBUSY)
    queue.notification = Notification(task.process, method, signo, value, sock, cookie)
    return 0


@syscall("mq_getsetattr", attr="mq_attr")
def mq_getsetattr(task: Task, mqdes: int, u_mqstat: int, u_omqstat: int, *,
                  attr: Layout) -> int:
    new = None
    if u_mqstat:
        new = int(attr.unpack(task.mem.read(u_mqstat, attr.size))[0])
        if new & ~O_NONBLOCK:
            raise LinuxError(E.EINVAL)
    file = _get(task, mqdes)
    queue = file.queue
    old = attr.pack_dict({"mq_flags": file.flags & O_NONBLOCK, "mq_maxmsg": queue.maxmsg,
                          "mq_msgsize": queue.msgsize, "mq_curmsgs": len(queue.messages)})
    if new is not None:
        file.set_flags((file.flags & ~O_NONBLOCK) | new)
    if u_omqstat:
        task.mem.write(u_omqstat, old)
    return 0
