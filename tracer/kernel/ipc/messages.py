"""System V message queues (msgop(2), ipc/msg.c).

A message for a receiver that already waits is handed over to it without being queued.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.ipc.objects import IPC_NOWAIT, MAY_ALTER, MAY_READ, Ipc, IpcObject
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

    Message = tuple[int, bytes]         # mtype, text

MSG_NOERROR, MSG_EXCEPT, MSG_COPY = 0o10000, 0o20000, 0o40000
MSG_STAT, MSG_INFO, MSG_STAT_ANY = 11, 12, 13
MSGMNI, MSGMAX, MSGMNB = 32000, 8192, 16384
ERESTARTNOHAND = 514


class Receiver:
    """Who waits for a message.  message: what it got; error: why it got none."""

    __slots__ = ("error", "flags", "kind", "message", "pid", "queue", "size")

    def __init__(self, kind: int, size: int, flags: int, pid: int) -> None:
        self.kind = kind
        self.size = size
        self.flags = flags
        self.pid = pid
        self.queue = WaitQueue()
        self.message: Message | None = None
        self.error = 0


def _wants(kind: int, flags: int, mtype: int) -> bool:
    if not kind or flags & MSG_COPY:
        return True
    if kind < 0:
        return mtype <= -kind
    return (mtype != kind) if flags & MSG_EXCEPT else mtype == kind


class Queue(IpcObject):
    """messages in the order of sending; size: their bytes; limit: msg_qbytes."""

    __slots__ = ("ctime", "ipc", "limit", "lrpid", "lspid", "messages", "receivers", "room",
                 "rtime", "size", "stime")

    def __init__(self, ipc: Ipc, task: Task, key: int, flags: int) -> None:
        super().__init__(task, key, flags)
        self.ipc = ipc
        self.messages: list[Message] = []
        self.size = 0
        self.limit = MSGMNB
        self.receivers: list[Receiver] = []
        self.room = WaitQueue()
        self.stime = self.rtime = 0
        self.lspid = self.lrpid = 0
        self.ctime = ipc.now()

    def fits(self, size: int) -> bool:
        """Whether a message of that size may be added."""
        return size + self.size <= self.limit and 1 + len(self.messages) <= self.limit

    def put(self, message: Message, pid: int) -> None:
        """Hand a message over, or queue it."""
        self.lspid = pid
        self.stime = self.ipc.now()
        mtype, text = message
        for receiver in list(self.receivers):
            if not _wants(receiver.kind, receiver.flags, mtype):
                continue
            self.receivers.remove(receiver)
            if len(text) > receiver.size and not receiver.flags & MSG_NOERROR:
                receiver.error = E.E2BIG
                receiver.queue.wake()
                continue
            receiver.message = message
            self.lrpid = receiver.pid
            self.rtime = self.ipc.now()
            receiver.queue.wake()
            return
        self.messages.append(message)
        self.size += len(text)

    def find(self, kind: int, flags: int) -> int | None:
        """The place of the message a receiver gets first."""
        if flags & MSG_COPY:
            return kind if 0 <= kind < len(self.messages) else None
        best: int | None = None
        for i, (mtype, _) in enumerate(self.messages):
            if _wants(kind, flags, mtype):
                if kind >= 0:
                    return i
                if best is None or mtype < self.messages[best][0]:
                    best = i
        return best

    def take(self, place: int, pid: int) -> Message:
        """Remove a message."""
        message = self.messages.pop(place)
        self.size -= len(message[1])
        self.lrpid = pid
        self.rtime = self.ipc.now()
        self.room.wake()
        return message

    def destroy(self) -> None:
        """IPC_RMID: those who wait get EIDRM."""
        self.ipc.msg.remove(self)
        receivers, self.receivers = self.receivers, []
        for receiver in receivers:
            receiver.error = E.EIDRM
            receiver.queue.wake()
        self.room.wake()


def make(ipc: Ipc, task: Task, key: int, flags: int) -> Queue:
    """A new queue; ENOSPC."""
    if len(ipc.msg.objects) >= MSGMNI:
        raise LinuxError(E.ENOSPC)
    return Queue(ipc, task, key, flags)


def send(ipc: Ipc, task: Task, number: int, message: Message, flags: int) -> Result:
    """msgsnd(2).  EINVAL, EIDRM, EACCES, EAGAIN."""
    queue = ipc.msg.get(number)
    queue.check(task, MAY_ALTER)
    if queue.fits(len(message[1])):
        queue.put(message, task.tgid)
        return 0
    if flags & IPC_NOWAIT:
        raise LinuxError(E.EAGAIN)
    return _send_wait(queue, task, message)


def _send_wait(queue: Queue, task: Task, message: Message) -> Blocking:
    while True:
        reason = yield Wait((queue.room,))
        if queue.removed:
            raise LinuxError(E.EIDRM)
        queue.check(task, MAY_ALTER)
        if queue.fits(len(message[1])):
            queue.put(message, task.tgid)
            return 0
        if reason == Wait.SIGNAL:
            raise LinuxError(ERESTARTNOHAND)


def receive(ipc: Ipc, task: Task, number: int, size: int, kind: int, flags: int,
            store: Callable[[Message], int]) -> Result:
    """msgrcv(2); ``store`` writes the message and gives the result.

    EINVAL, EIDRM, EACCES, E2BIG, ENOMSG, EFAULT.
    """
    if flags & MSG_COPY and (flags & MSG_EXCEPT or not flags & IPC_NOWAIT):
        raise LinuxError(E.EINVAL)
    queue = ipc.msg.get(number)
    queue.check(task, MAY_READ)
    place = queue.find(kind, flags)
    if place is not None:
        text = queue.messages[place][1]
        if len(text) > size and not flags & MSG_NOERROR:
            raise LinuxError(E.E2BIG)
        if flags & MSG_COPY:
            return store(queue.messages[place])
        return store(queue.take(place, task.tgid))
    if flags & IPC_NOWAIT:
        raise LinuxError(E.ENOMSG)
    return _receive_wait(queue, Receiver(kind, size, flags, task.tgid), store)


def _receive_wait(queue: Queue, receiver: Receiver,
                  store: Callable[[Message], int]) -> Blocking:
    queue.receivers.append(receiver)
    try:
        while True:
            reason = yield Wait((receiver.queue,))
            if receiver.message is not None:
                return store(receiver.message)
            if receiver.error:
                raise LinuxError(receiver.error)
            if reason == Wait.SIGNAL:
                raise LinuxError(ERESTARTNOHAND)
    finally:
        if receiver in queue.receivers:
            queue.receivers.remove(receiver)
