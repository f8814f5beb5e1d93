"""signalfd(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.pseudo import pseudo
from tracer.vfs.base import O_RDWR, POLLIN, File

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.task import Task
    from tracer.wait import WaitQueue

SIZE = 128                  # struct signalfd_siginfo


class SignalFile(File):
    """Pending signals of the reading task, as records."""

    __slots__ = ("mask", "task")

    seekable = False
    seeks_nowhere = True

    def __init__(self, task: Task, mask: int, flags: int) -> None:
        super().__init__(pseudo(task.kernel).anon.root, O_RDWR | flags)
        self.task = task
        self.mask = mask

    def name(self) -> bytes:
        return b"anon_inode:[signalfd]"

    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        room = sum(map(len, views))
        if room < SIZE:
            raise LinuxError(E.EINVAL)
        task = self.task.kernel.current or self.task
        records = []
        while room >= SIZE:
            info = task.kernel.signals.take(task, self.mask)
            if info is None:
                break
            records.append(pack(info))
            room -= SIZE
        if not records:
            raise LinuxError(E.EAGAIN)
        data = b"".join(records)
        done = 0
        for view in views:
            part = data[done:done + len(view)]
            view[:len(part)] = part
            done += len(part)
        return len(data)

    def poll(self) -> int:
        task = self.task.kernel.current or self.task
        pending = task.pending.mask | task.process.pending.mask
        return POLLIN if pending & self.mask else 0

    def waiters(self) -> Sequence[WaitQueue]:
        task = self.task.kernel.current or self.task
        return (task.process.signal_queue,)


def pack(info: dict[str, Any]) -> bytes:
    """struct signalfd_siginfo of linux/signalfd.h."""
    get = info.get
    value: int = get("value", 0)
    words = (info["signo"], get("errno", 0), info["code"], get("pid", 0), get("uid", 0),
             get("fd", 0), get("timerid", 0), get("band", 0), get("overrun", 0), get("trap", 0),
             get("status", 0), value & 0xFFFFFFFF)
    data: bytes = b"".join((w & 0xFFFFFFFF).to_bytes(4, "little") for w in words)
    data += b"".join((w & 0xFFFFFFFFFFFFFFFF).to_bytes(8, "little") for w in (
        value, get("utime", 0), get("stime", 0), get("addr", 0)))
    data += get("addr_lsb", 0).to_bytes(2, "little")
    return data.ljust(SIZE, b"\0")
