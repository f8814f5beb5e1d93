"""Messages of the mode a process runs in: ``[ Process PID=7 runs in 32 bit mode. ]``.

strace says so when a process's calls are of another ABI than the last one's; at first it takes
them for its own ABI's.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.tracing import Event, Tracer

if TYPE_CHECKING:
    from tracer.kernel.dispatch import Entry
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Writer


class Modes(Tracer):
    """A tracer that tells of changes of the mode."""

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        super().__init__(options, writer)
        self.modes: dict[int, str] = {}         # task id → ABI of its last call

    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        known = self.modes.get(task.pid)
        if known is None:
            self.modes[task.pid] = entry.abi
        elif known != entry.abi:
            self._changed(task, entry.abi)
        return super().enter(task, entry, args, words)

    def exit(self, event: Event, result: int) -> bool | None:
        printed = super().exit(event, result)
        if not result and event.name in ("execve", "execveat"):
            self._check(event.task)
        return printed

    def executed(self, task: Task) -> None:
        super().executed(task)
        if task.call is None or task.call.token is None:    # else its exit is yet to come
            self._check(task)

    def created(self, parent: Task, child: Task) -> None:
        self.modes[child.pid] = self.modes.get(parent.pid, parent.abi.name)
        super().created(parent, child)

    def _check(self, task: Task) -> None:
        abi = task.abi.name
        # unknown: the first execve, which is not traced
        if self.modes.setdefault(task.pid, self.options.tracer_abi) != abi:
            self._changed(task, abi)

    def _changed(self, task: Task, abi: str) -> None:
        self.modes[task.pid] = abi
        if task.traced:
            self.writer.mode(task, 8 * WORD[abi])
