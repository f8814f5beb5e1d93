"""A kernel just large enough to call handlers: real memory, file systems and descriptors."""
from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Generator
from types import SimpleNamespace
from typing import Any

import tracer.kernel.calls
from sysnames import errno as E
from sysnames.layout import layout
from tracer.errors import LinuxError
from tracer.kernel.clock import Clock
from tracer.kernel.registry import HANDLERS
from tracer.kernel.task import RLIM_INFINITY, Credentials, FdTable, FsInfo
from tracer.memory.arena import Arena
from tracer.memory.space import AddressSpace
from tracer.memory.vma import PROT_READ, PROT_WRITE, Vma
from tracer.vfs.base import makedev
from tracer.vfs.memfs import MemFS
from tracer.vfs.namespace import Namespace

FAMILY = ("attributes", "descriptors", "directory", "epoll", "eventfds", "fcntl", "filesystem",
          "inotify", "ioctl", "mounts", "open", "poll", "readwrite", "space", "splice", "stat",
          "xattr")
for _module in pkgutil.iter_modules(tracer.kernel.calls.__path__):
    if _module.name in FAMILY:
        importlib.import_module(f"tracer.kernel.calls.{_module.name}")

DATA = 0x100000             # 64 pages, readable and writable
END = DATA + 64 * 4096      # nothing is mapped from here on
READONLY = 0x200000         # one page
SIZES = {"x86_64": 1 << 47, "aarch64": 1 << 48, "i386": 0xC0000000, "arm": 0xC0000000}


class FakeKernel:
    """What handlers of the file family use of the kernel."""

    def __init__(self) -> None:
        self.clock = Clock()
        fs = MemFS(makedev(0, 30), self.clock.realtime, mode=0o755)
        self.namespace = Namespace(fs)
        self.shared_files: dict[Any, Any] = {}
        self.pseudo = None
        self.outside: dict[Any, Any] = {}
        self.sent: list[dict[str, Any]] = []
        self.masks: list[int] = []
        self.processes: dict[int, Any] = {}
        self.tasks: dict[int, Any] = {}
        self.signals = SimpleNamespace(deliverable=lambda task: False)
        self.watches = None
        self.memory_total = 1 << 24

    def send_signal(self, task: Any, info: dict[str, Any]) -> None:
        self.sent.append(info)

    def set_temporary_mask(self, task: Any, mask: int) -> None:
        self.masks.append(mask)


class FakeTask:
    """A task; ``call`` runs a handler as the trap does."""

    def __init__(self, abi: str = "x86_64", kernel: FakeKernel | None = None,
                 pid: int = 100) -> None:
        self.kernel = kernel or FakeKernel()
        self.abi = importlib.import_module(f"tracer.abi.{abi}").ABI
        top = SIZES[abi]
        self.mem = AddressSpace(Arena(16 << 20), top, top - (1 << 20))
        self.mem.insert(Vma(DATA, END, PROT_READ | PROT_WRITE))
        self.mem.insert(Vma(READONLY, READONLY + 4096, PROT_READ))
        self.files = FdTable()
        root = self.kernel.namespace.root
        self.fs = FsInfo(root, root)
        self.creds = Credentials()
        self.pid = self.tgid = pid
        limits = dict.fromkeys(range(16), (RLIM_INFINITY, RLIM_INFINITY))
        limits[7] = (1024, 4096)
        self.process = SimpleNamespace(limits=limits, number=lambda pid: pid, pid=pid, pgid=pid,
                                       limit=lambda which: limits[which][0])
        self.kernel.tasks[pid] = self
        self.kernel.processes[pid] = self.process
        self.restart: Any = None
        self.personality = 0
        self.wrote, self.dialogue = False, 0
        self._at = DATA + 32 * 4096
        self._bound: dict[str, Any] = {}

    def deny_executed(self, inode: object) -> None:
        """No program runs."""

    def put(self, data: bytes) -> int:
        """The address of a copy of some bytes."""
        address = self._at
        self._at += len(data) + 15 & ~15
        assert self._at < END - 4096
        self.mem.write(address, data)
        return address

    def path(self, text: str | bytes) -> int:
        """The address of a NUL-terminated string."""
        data = text.encode() if isinstance(text, str) else text
        return self.put(data + b"\0")

    def start(self, name: str, *args: int) -> Any:
        """A number, or the generator of a call that must wait."""
        handler = HANDLERS[name]
        keywords = {k: layout(v, self.abi.name) for k, v in handler.structs.items()}
        try:
            return handler.function(self, *args, **keywords)
        except LinuxError as error:
            return -error.errno

    def call(self, name: str, *args: int | str | bytes) -> int:
        """The result, or minus the error; the call must not block.  Strings become paths."""
        saved = self._at
        numbers = [self.path(a) if isinstance(a, (str, bytes)) else a for a in args]
        result = self.start(name, *numbers)
        self._at = saved
        assert isinstance(result, int), f"{name} blocks"
        return result

    def layout(self, name: str) -> Any:
        return layout(name, self.abi.name)

    def unpack(self, name: str, address: int) -> dict[str, Any]:
        """A structure in memory."""
        it = self.layout(name)
        return dict(it.unpack_dict(self.mem.read(address, it.size)))


class Waiter:
    """Runs the generator of a blocked call step by step."""

    def __init__(self, generator: Generator[Any, int, Any]) -> None:
        assert not isinstance(generator, int), f"did not block: {generator}"
        self.generator = generator
        self.result: int | None = None
        self.woken = 0
        self._step(None)

    def _step(self, reason: int | None) -> None:
        try:
            self.wait = self.generator.send(reason)  # type: ignore[arg-type]
        except StopIteration as end:
            self.result = end.value
        except LinuxError as error:
            self.result = -error.errno
        else:
            self.woken = 0
            for queue in self.wait.queues:
                queue.add(self._wake)

    def _wake(self) -> None:
        self.woken += 1

    def resume(self, reason: int = 0) -> int | None:
        """Continue after a wake (0), a timeout (1) or a signal (2)."""
        assert self.result is None
        for queue in self.wait.queues:
            queue.discard(self._wake)
        self._step(reason)
        return self.result


EAGAIN, EBADF, EFAULT, EINVAL = -E.EAGAIN, -E.EBADF, -E.EFAULT, -E.EINVAL
