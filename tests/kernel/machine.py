"""A real kernel with one task whose CPU only has registers: handlers are called as traps do."""
from __future__ import annotations

import importlib
from typing import Any

from sysnames.layout import layout
from tracer.errors import LinuxError
from tracer.kernel.clock import Clock
from tracer.kernel.kernel import Kernel
from tracer.kernel.registry import find_handler
from tracer.kernel.task import (
    RLIM_INFINITY,
    RUNNABLE,
    Credentials,
    FdTable,
    FsInfo,
    Process,
    SigAction,
    Task,
)
from tracer.memory.space import AddressSpace
from tracer.memory.vma import PROT_READ, PROT_WRITE, Vma
from tracer.wait import OUTSIDE, Wait

for _name in ("adjtime", "arch", "caps", "clocks", "ids", "itimers", "keys", "limits", "numa",
              "prctl", "ptrace", "scheduling", "sessions", "sleep", "system", "threads", "timerfd",
              "timers", "vmcopy"):
    importlib.import_module(f"tracer.kernel.calls.{_name}")

DATA, END = 0x100000, 0x110000      # readable and writable
READONLY = 0x200000
BAD = 0x10
SECOND = 10**9


class Registers(dict[str, int]):
    """An engine that has nothing but registers."""

    PC = SP = RESULT = ""
    on_call: Any = None

    def get(self, name: str, default: int = 0) -> int:  # type: ignore[override]
        return super().get(name, default)

    def set(self, name: str, value: int) -> None:
        self[name] = value

    def stop(self) -> None:
        """Engines stop at the end of the call; this one does not run."""

    def pc_bit(self) -> int:
        return 0


class Machine:
    """kernel, process and task of one ABI; ``call`` runs a handler."""

    def __init__(self, abi: str = "x86_64", uid: int = 0) -> None:
        self.kernel = Kernel(16 << 20, Clock())
        self.abi = importlib.import_module(f"tracer.abi.{abi}").ABI
        self.engine = self.kernel.engines[abi] = Registers()  # type: ignore[assignment]
        cpu = self.abi.engine()
        self.engine.PC, self.engine.SP, self.engine.RESULT = cpu.PC, cpu.SP, cpu.RESULT
        process = self.process = Process(self.kernel, 1000, None)
        process.limits = dict.fromkeys(range(16), (RLIM_INFINITY, RLIM_INFINITY))
        process.limits.update({3: (8 << 20, RLIM_INFINITY), 7: (1024, 4096), 13: (0, 0),
                               14: (0, 0)})
        self.kernel.processes[1000] = process
        space = AddressSpace(self.kernel.arena, self.abi.top, self.abi.top - (1 << 20))
        space.insert(Vma(DATA, END, PROT_READ | PROT_WRITE))
        space.insert(Vma(READONLY, READONLY + 4096, PROT_READ))
        place: Any = None
        self.task = self.spawn(process, 1000, space, FdTable(), FsInfo(place, place),
                               Credentials(uid, uid))
        self.kernel.current = self.task
        self._at = DATA

    def spawn(self, process: Process, tid: int, space: AddressSpace, files: FdTable, fs: FsInfo,
              creds: Credentials) -> Task:
        """A task that may run."""
        task = Task(self.kernel, tid, process, self.abi, space, files, fs, creds)
        process.tasks.append(task)
        task.state = RUNNABLE
        self.kernel.tasks[tid] = task
        return task

    def fork(self, pid: int) -> Task:
        """Another process with memory of its own, a child of the first."""
        task = self.task
        process = Process(self.kernel, pid, self.process)
        self.process.children.append(process)
        self.kernel.processes[pid] = process
        return self.spawn(process, pid, task.mem.fork(), task.files.copy(), task.fs,
                          task.creds.copy())

    def thread(self, tid: int) -> Task:
        """Another thread of the process."""
        task = self.task
        return self.spawn(self.process, tid, task.mem, task.files, task.fs, task.creds.copy())

    def put(self, data: bytes) -> int:
        """The address of a copy of some bytes."""
        address = self._at
        self._at += len(data) + 31 & ~31
        self.task.mem.write(address, data)
        return address

    def pack(self, name: str, *values: int) -> int:
        """The address of a structure."""
        return self.put(layout(name, self.abi.name).pack(*values))

    def room(self, size: int = 64) -> int:
        """The address of bytes that no call wrote yet."""
        return self.put(b"\xaa" * size)

    def read(self, name: str, address: int) -> tuple[Any, ...]:
        """The values of a structure in memory."""
        it = layout(name, self.abi.name)
        return tuple(it.unpack(self.task.mem.read(address, it.size)))

    def word(self, address: int, size: int = 4) -> int:
        return self.task.mem.read_int(address, size)

    def start(self, name: str, *args: int, task: Task | None = None) -> Any:
        """A number, or the generator of a call that must wait."""
        handler = find_handler(name, self.abi.name)
        assert handler is not None, name
        keywords = {k: layout(v, self.abi.name) for k, v in handler.structs.items()}
        try:
            return handler.function(task or self.task, *args, **keywords)
        except LinuxError as error:
            return -error.errno

    def call(self, name: str, *args: int, task: Task | None = None) -> int:
        """The result or minus the error, after waiting in virtual time."""
        return self.finish(self.start(name, *args, task=task))

    def finish(self, result: Any, signal_at: int | None = None) -> int:
        """Run a blocked call to its end; a signal interrupts it at a moment."""
        if isinstance(result, int):
            return result
        clock = self.kernel.clock
        reason: int | None = None
        while True:
            try:
                wait = result.send(reason)
            except StopIteration as end:
                assert isinstance(end.value, int)
                return end.value
            except LinuxError as error:
                return -error.errno
            if wait is OUTSIDE:
                reason = Wait.WOKEN
                continue
            reason = self._wait(wait, clock, signal_at)

    def _wait(self, wait: Wait, clock: Clock, signal_at: int | None) -> int:
        woken: list[int] = []

        def wake() -> None:
            woken.append(Wait.WOKEN)

        for queue in wait.queues:
            queue.add(wake)
        timer = None
        if wait.deadline is not None:
            timer = clock.at(wait.deadline, lambda: woken.append(Wait.TIMEOUT))
        if signal_at is not None:
            clock.at(signal_at, lambda: woken.append(Wait.SIGNAL))
        while not woken:
            due = clock.next_due()
            assert due is not None, "waits for ever"
            clock.sleep_until(due)
            clock.run_due()
        for queue in wait.queues:
            queue.discard(wake)
        if timer is not None:
            timer.cancel()
        return woken[0]

    def pass_time(self, nanoseconds: int, user: int = 0) -> None:
        """Let the task run for a while."""
        from tracer.kernel.cputime import charge
        end = self.kernel.clock.now + nanoseconds
        clock = self.kernel.clock
        while (due := clock.next_due()) is not None and due <= end:
            clock.now = max(due, clock.now)
            charge(self.kernel, self.task)
            clock.run_due()
        clock.now = end
        charge(self.kernel, self.task, user)
        clock.run_due()

    def handle(self, signo: int) -> None:
        """Give a signal a handler, so that it is not ignored."""
        self.task.handlers.actions[signo] = SigAction(0x5000)

    def pending(self) -> list[dict[str, Any]]:
        """Take all pending signals."""
        found = []
        while (info := self.kernel.signals.next(self.task)) is not None:
            found.append(info)
        return found


