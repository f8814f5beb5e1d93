"""Page faults that a program serves itself: userfaultfd(2), fs/userfaultfd.c.

Private anonymous memory, missing pages.  A fault of the program waits until another thread
supplies the page; an access by the kernel, which Linux lets wait too, fails with EFAULT.
"""
from __future__ import annotations

from struct import pack, unpack
from typing import TYPE_CHECKING, NamedTuple

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.memory.arena import PAGE
from tracer.memory.space import BUSERR, USERFAULT
from tracer.memory.vma import PROT_WRITE
from tracer.vfs import user
from tracer.vfs.base import O_NONBLOCK, O_RDWR, POLLERR, POLLIN, POLLRDNORM, File
from tracer.wait import Wait, WaitQueue

if TYPE_CHECKING:
    from collections.abc import Sequence
    from typing import Any

    from tracer.kernel.task import Task
    from tracer.memory.space import AddressSpace
    from tracer.vfs.eventfd import AnonFS

# linux/userfaultfd.h
UFFD_API = 0xAA
FEATURE_SIGBUS, FEATURE_THREAD_ID, FEATURE_EXACT_ADDRESS = 1 << 7, 1 << 8, 1 << 11
_FEATURES = FEATURE_SIGBUS | FEATURE_THREAD_ID | FEATURE_EXACT_ADDRESS
_API_IOCTLS = 1 << 0x3F | 1 << 0 | 1 << 1           # API, REGISTER, UNREGISTER
_RANGE_IOCTLS = 1 << 2 | 1 << 3 | 1 << 4            # WAKE, COPY, ZEROPAGE
_API, _REGISTER, _UNREGISTER, _WAKE, _COPY, _ZEROPAGE = (
    0xC018AA3F, 0xC020AA00, 0x8010AA01, 0x8010AA02, 0xC028AA03, 0xC020AA04)
_MODE_MISSING, _DONTWAKE = 1, 1
_EVENT_PAGEFAULT, _FLAG_WRITE = 0x12, 1
_MESSAGE = 32
_WRITE_ACCESS = 2


class _Fault(NamedTuple):
    """A task that waits for a page."""

    task: Task
    address: int
    flags: int
    wake: WaitQueue


class UserfaultFile(File):
    """The descriptor: a queue of faults, told once each, and those that wait for a page."""

    __slots__ = ("changed", "failure", "features", "space", "told", "untold")

    seekable = False

    def __init__(self, fs: AnonFS, space: AddressSpace, flags: int) -> None:
        super().__init__(fs.root, O_RDWR | flags & O_NONBLOCK)
        self.space = space
        self.features: int | None = None    # set by UFFDIO_API
        self.failure = USERFAULT            # what a missing page is, see AddressSpace.fault
        self.changed = WaitQueue()
        self.untold: list[_Fault] = []
        self.told: list[_Fault] = []

    def name(self) -> bytes:
        return b"anon_inode:[userfaultfd]"

    # -- the reader ---------------------------------------------------------------------------
    def read(self, views: Sequence[memoryview], pos: int | None = None) -> int:
        if self.features is None:
            raise LinuxError(E.EINVAL)
        room = sum(map(len, views))
        if room < _MESSAGE:
            raise LinuxError(E.EINVAL)
        if not self.untold:
            raise LinuxError(E.EAGAIN)
        data = b""
        while self.untold and len(data) + _MESSAGE <= room:
            fault = self.untold.pop(0)
            self.told.append(fault)
            mask = -1 if self.features & FEATURE_EXACT_ADDRESS else -PAGE
            number = fault.task.pid if self.features & FEATURE_THREAD_ID else 0
            data += pack("<B7xQQI4x", _EVENT_PAGEFAULT, fault.flags, fault.address & mask, number)
        size = len(data)
        for view in views:
            part, data = data[:len(view)], data[len(view):]
            view[:len(part)] = part
        return size

    def poll(self) -> int:
        if self.features is None or not self.flags & O_NONBLOCK:
            return POLLERR
        return POLLIN | POLLRDNORM if self.untold else 0

    def waiters(self) -> Sequence[WaitQueue]:
        return (self.changed,)

    def release(self) -> None:
        """Faults are the kernel's again."""
        end = self.space.top
        self.space.change(0, end, self._leave)
        self._wake(0, end)

    def _leave(self, vma: Any) -> None:
        if vma.userfault is self:
            vma.userfault = None

    def _wake(self, start: int, end: int) -> None:
        """Let those whose fault is in a range try again."""
        for queue in (self.untold, self.told):
            for fault in [f for f in queue if start <= f.address < end]:
                queue.remove(fault)
                fault.wake.wake()

    # -- requests -----------------------------------------------------------------------------
    def ioctl(self, task: Any, request: int, arg: int) -> int:
        if request != _API and self.features is None:
            raise LinuxError(E.EINVAL)
        act = {_API: self._api, _REGISTER: self._register, _UNREGISTER: self._unregister,
               _WAKE: self._wake_range, _COPY: self._copy, _ZEROPAGE: self._zero}.get(request)
        if act is None:
            raise LinuxError(E.EINVAL)
        act(task, arg)
        return 0

    def _api(self, task: Any, arg: int) -> None:
        api, features, _ = unpack("<QQQ", user.get(task, arg, 24))
        if api != UFFD_API or features & ~_FEATURES or self.features is not None:
            user.put(task, arg, bytes(24))
            raise LinuxError(E.EINVAL)
        user.put(task, arg, pack("<QQQ", UFFD_API, _FEATURES, _API_IOCTLS))
        self.features = features
        if features & FEATURE_SIGBUS:
            self.failure = BUSERR

    def _range(self, start: int, length: int) -> int:
        """Check a range; its end.  EINVAL."""
        top = self.space.top
        if start % PAGE or length % PAGE or not length or start < self.space.mmap_min \
                or start >= top or length > top - start:
            raise LinuxError(E.EINVAL)
        return start + length

    def _register(self, task: Any, arg: int) -> None:
        start, length, mode = unpack("<QQQ", user.get(task, arg, 24))
        if mode != _MODE_MISSING:
            raise LinuxError(E.EINVAL)
        end = self._range(start, length)
        vmas = self.space.overlapping(start, end)
        if not vmas:
            raise LinuxError(E.EINVAL)
        for vma in vmas:
            if vma.backing is not None or vma.growsdown:
                raise LinuxError(E.EINVAL)
            if vma.userfault not in (None, self):
                raise LinuxError(E.EBUSY)
        self.space.change(start, end, lambda vma: setattr(vma, "userfault", self))
        user.put(task, arg + 24, pack("<Q", _RANGE_IOCTLS))

    def _unregister(self, task: Any, arg: int) -> None:
        start, length = unpack("<QQ", user.get(task, arg, 16))
        end = self._range(start, length)
        if not self.space.overlapping(start, end):
            raise LinuxError(E.EINVAL)
        self.space.change(start, end, self._leave)
        self._wake(start, end)

    def _wake_range(self, task: Any, arg: int) -> None:
        start, length = unpack("<QQ", user.get(task, arg, 16))
        self._wake(start, self._range(start, length))

    def _copy(self, task: Any, arg: int) -> None:
        to, source, length, mode = unpack("<QQQQ", user.get(task, arg, 32))
        end = self._range(to, length)
        if source + length >= 1 << 64 or mode & ~_DONTWAKE:
            raise LinuxError(E.EINVAL)
        done = self._fill(to, end, lambda at: bytes(user.get(task, source + at - to, PAGE)))
        user.put(task, arg + 32, pack("<q", done))
        self._filled(to, length, done, mode)

    def _zero(self, task: Any, arg: int) -> None:
        start, length, mode = unpack("<QQQ", user.get(task, arg, 24))
        end = self._range(start, length)
        if mode & ~_DONTWAKE:
            raise LinuxError(E.EINVAL)
        done = self._fill(start, end, lambda at: b"")
        user.put(task, arg + 24, pack("<q", done))
        self._filled(start, length, done, mode)

    def _fill(self, start: int, end: int, content: Any) -> int:
        """Supply pages until one cannot be: the bytes done, or minus the errno when none was."""
        space = self.space
        vma = space.find(start)
        if vma is None or vma.userfault is None or end > vma.end:
            return -E.ENOENT
        at = start
        while at < end:
            try:
                if space.pages_in(at, at + PAGE):
                    raise LinuxError(E.EEXIST)
                space.supply(at, content(at))
            except LinuxError as error:
                return at - start or -error.errno
            at += PAGE
        return at - start

    def _filled(self, start: int, length: int, done: int, mode: int) -> None:
        if done < 0:
            raise LinuxError(-done)
        if not mode & _DONTWAKE:
            self._wake(start, start + done)
        if done < length:
            raise LinuxError(E.EAGAIN)


def page_fault(task: Task, address: int, access: int) -> Wait | None:
    """What a task waits for that met a missing page; None when it may just try again."""
    vma = task.mem.find(address)
    if vma is None or vma.userfault is None:
        return None
    file: UserfaultFile = vma.userfault
    wake = WaitQueue()
    flags = _FLAG_WRITE if access == _WRITE_ACCESS and vma.prot & PROT_WRITE else 0
    for queue in (file.untold, file.told):      # interrupted by a signal, and here again
        queue[:] = [f for f in queue if f.task is not task]
    file.untold.append(_Fault(task, address, flags, wake))
    file.changed.wake()
    return Wait((wake,))
