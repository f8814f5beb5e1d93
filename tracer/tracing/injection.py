"""Calls that are changed on the way: ``-e inject=`` and ``-e fault=``.

The handlers of the calls in question are wrapped when they are first seen, so that a run without
injections pays nothing.  Invocations are counted per call and per task, as strace does.
"""
from __future__ import annotations

from collections.abc import Generator
from functools import partial
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sysnames.signals import SIGKILL
from tracer.errors import Fault, LinuxError
from tracer.kernel.dispatch import RESTARTS, Entry
from tracer.kernel.registry import Done
from tracer.kernel.signals import SI_KERNEL
from tracer.output.base import ARGUMENTS, DELAYED, RESULT
from tracer.tracing import Event, Tracer
from tracer.wait import Wait

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Writer
    from tracer.selection import Injection

_PENDING = 8        # Event.poked: to be done at exit; besides the bits of what was done


class Tampering(Tracer):
    """A tracer that tampers with calls before and after it shows them."""

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        super().__init__(options, writer)
        self.armed: dict[Entry, Injection] = {}
        self.invocations: WeakKeyDictionary[Task, dict[Entry, int]] = WeakKeyDictionary()
        self.running = False                # the first execve is over: it is never changed
        self.current: Event | None = None   # entered, about to be handled

    def observes(self, entry: Entry) -> bool:
        wanted = super().observes(entry)
        if wanted and not entry.name.startswith("syscall_0x"):
            injection = self.options.injection(entry.name, entry.abi)
            if injection is not None:
                self.armed[entry] = injection
                entry.handle = partial(self._handle, entry.handle)
        return wanted

    def executed(self, task: Task) -> None:
        super().executed(task)
        self.running = True

    # -- entering ---------------------------------------------------------------------------
    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        injection = self.armed.get(entry) if self.running else None
        if injection is not None and not self._applies(injection, task, entry, args, words):
            injection = None
        poked = 0
        if injection is not None:
            if injection.poke_enter and self._poke(injection.poke_enter, task, entry.row,
                                                   entry.abi, words):
                poked = ARGUMENTS
            if injection.poke_exit:
                poked |= _PENDING
        event = super().enter(task, entry, args, words)
        if event is not None:
            event.injection = injection
            event.poked = poked
            event.told = False
            event.raw = words
            event.row = entry.row
            if injection is not None:
                self.current = event
        return event

    def _applies(self, injection: Injection, task: Task, entry: Entry, args: tuple[int, ...],
                 words: tuple[int, ...]) -> bool:
        """Count this invocation, and say whether something is to be done to it."""
        if self.paths:
            probe = Event()
            probe.task, probe.mem, probe.options = task, task.mem, self.options
            probe.name, probe.abi, probe.words, probe.plan = entry.name, entry.abi, args, entry.plan
            if not self._refers(probe):
                return False
        counts = self.invocations.setdefault(task, {})
        counts[entry] = count = counts.get(entry, 0) + 1
        return injection.applies(count)

    @staticmethod
    def _poke(pokes: tuple[tuple[int, bytes], ...], task: Task, row: str, abi: str,
              words: tuple[int, ...]) -> bool:
        """Write into the program's memory; whether anything was."""
        from tracer.abi.convert import places
        from tracer.messages import warn
        try:
            count = sum(registers for _, _, registers in places(row, abi))
        except KeyError:
            count = 6
        done = False
        for number, data in pokes:
            if number > count:
                warn(f"Failed to tamper with process {task.pid}: requested to tamper with"
                     f" argument #{number}, but system call '{row.partition('@')[0]}' has only"
                     f" {count} arguments")
                continue
            address = words[number]
            try:
                task.mem.write(address, data)
                done = True
            except Fault as fault:
                if fault.address > address:
                    done = True
                else:
                    warn(f"Failed to tamper with process {task.pid}: couldn't poke")
        return done

    # -- instead of the call ------------------------------------------------------------------
    def _handle(self, handle: Callable[..., Result], task: Task, *args: int) -> Result:
        """What the kernel calls in place of an armed call's handler."""
        event, self.current = self.current, None
        if event is None:
            return handle(task, *args)
        injection: Injection = event.injection
        if injection.signal:
            task.kernel.signals.send(task, {"signo": injection.signal, "errno": 0,
                                            "code": SI_KERNEL, "pid": 0, "uid": 0, "addr": 0})
            if injection.signal == SIGKILL:
                return 0
        if injection.error is not None or injection.retval is not None:
            handle = partial(self._replacement, event)
        if injection.delay_enter is None and injection.delay_exit is None:
            return handle(task, *args)
        return self._delayed(event, handle, task, args)

    def _replacement(self, event: Event, task: Task, *_args: int) -> Result:
        """The result that is injected; the call is not made, or another one instead."""
        injection: Injection = event.injection
        if injection.syscall:
            failed = self._make_other(event, injection.syscall)
            if failed:
                from tracer.messages import warn
                warn(f"Failed to tamper with process {task.pid}: unexpectedly got an error"
                     f" (return value {-failed & task.abi.mask:#x}, error {failed})")
                event.injection = None
                return -failed
        if injection.error is not None:
            result = -injection.error
        else:
            mask = task.call_abi.mask
            result = (injection.retval or 0) & mask
            if result > mask >> 1:
                result -= mask + 1
        if result in RESTARTS:      # just a number here, nothing is restarted
            task.engine.complete(event.raw, result)
            return Done(result)
        return result

    @staticmethod
    def _make_other(event: Event, name: str) -> int:
        """Make a call that only asks, with the registers of this one; its errno or 0."""
        other = Entry(name, event.abi, 0)
        try:
            result = other.handle(event.task, *other.convert(event.raw[1:]))
        except LinuxError as e:
            return e.errno
        return -result if isinstance(result, int) and -4096 < result < 0 else 0

    def _delayed(self, event: Event, handle: Callable[..., Result], task: Task,
                 args: tuple[int, ...]) -> Generator[Wait, int, int | Done | None]:
        """A call that begins or ends later; other tasks go on meanwhile."""
        injection: Injection = event.injection
        clock = task.kernel.clock
        if injection.delay_enter is not None:
            event.poked |= DELAYED
            yield Wait((), clock.monotonic() + injection.delay_enter, uninterruptible=True)
        try:
            made = handle(task, *args)
            result = made if made is None or isinstance(made, (int, Done)) else (yield from made)
        except LinuxError as e:
            result = -e.errno
        if injection.delay_exit is None or result is None:
            return result
        event.poked |= DELAYED
        shown = result.result if isinstance(result, Done) else result
        if isinstance(result, Done) or result not in RESTARTS:
            self.exit(event, shown)
            event.told = True
        yield Wait((), clock.monotonic() + injection.delay_exit, uninterruptible=True)
        return result

    # -- leaving ------------------------------------------------------------------------------
    def exit(self, event: Event, result: int) -> bool | None:
        injection: Injection | None = event.injection
        if event.told:
            return None
        task = event.task
        if injection is None or self.dies(task):
            return super().exit(event, result)
        event.exiting = True
        poked = event.poked
        if poked & _PENDING and self._poke(injection.poke_exit, task, event.row, event.abi,
                                           event.raw):
            poked |= ARGUMENTS
        replaced = injection.error is not None or injection.retval is not None
        task.last_call = event.name
        event.error, event.result = 0, result
        if injection.retval is not None:
            event.result = injection.retval & task.call_abi.mask
        elif injection.error is not None or (-4096 < result < 0 and not event.plan.nofail):
            event.error = -result
        event.plan.decode_exit(event, event.values)
        return self.writer.exit(event, poked & (ARGUMENTS | DELAYED) | (RESULT if replaced else 0))

    def unfinished(self, event: Event) -> None:
        if not event.told:
            super().unfinished(event)
