"""The log as strace writes it: lines, prefixes, interleaving.

A call's line is written when the call ends.  When something else must be written before, the
line is cut with `` <unfinished ...>`` and resumed later.  On a stream that the program may
write to as well (``immediate``), the first part is written when the call begins, as strace
does.
"""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.kernel.task import ZOMBIE
from tracer.output.escape import PLAIN
from tracer.output.text import (
    UNFINISHED,
    Style,
    format_error,
    format_exited,
    format_killed,
    format_signal,
    format_stopped,
    format_superseded,
)

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.tracing import Event

_FLUSH = 512                # lines kept before they are written
_NANO = 10**9


class StraceWriter:
    """Writes events to ``sink``, a function that takes text of whole lines (or, when immediate,
    of any part)."""

    def __init__(self, options: RunOptions, sink: Callable[[str], None], immediate: bool,
                 message: Callable[[str], None]) -> None:
        self.options = options
        self.sink = sink
        self.immediate = immediate
        self.message = message
        self.style = Style(options.xlat, options.strings_in_hex or PLAIN, options.arg_names)
        self.column = options.column
        self.lines: list[str] = []
        self.current: Event | None = None       # the call whose line is not finished
        self.last_time: dict[int, int] = {}
        self.tasks = 1                          # traced ones alive
        self.successful = "successful" in options.status
        self.failed = "failed" in options.status
        self.filters_status = not (self.successful and self.failed)
        self.prefixed = bool(
            options.follow_forks or options.absolute_timestamps or options.always_show_pid
            or options.relative_timestamps is not None or options.instruction_pointer
            or options.syscall_number)
        self.errors: dict[int, str] = {}
        quiet = options.quiet
        self.tells_attach = "attach" not in quiet
        self.tells_exit = "exit" not in quiet
        self.whole = options.output is None or not options.output_separately

    # -- output ---------------------------------------------------------------------------
    def write(self, line: str) -> None:
        """One whole line, without its newline."""
        if self.current is not None:
            self._interrupt()
        self._put(line)

    def _put(self, line: str) -> None:
        lines = self.lines
        lines.append(line)
        if self.immediate or len(lines) >= _FLUSH:
            self.flush()

    def flush(self) -> None:
        """Write what is kept; the log is a prefix of the full one, ended at a line."""
        if self.lines:
            self.lines.append("")
            text = "\n".join(self.lines)
            self.lines = []
            self.sink(text)

    # -- prefixes -------------------------------------------------------------------------
    def prefix(self, task: Task, event: Event | None) -> str:
        """What stands before a line: pid, time, call number, instruction pointer."""
        if not self.prefixed:
            return ""
        options = self.options
        parts = []
        if options.follow_forks and self.whole:
            if options.output is not None or options.always_show_pid:
                parts.append(f"{self._pid(task):<5} ")
            elif self.tasks > 1:
                parts.append(f"[pid {self._pid(task):>5}] ")
        elif options.always_show_pid:
            parts.append(f"{self._pid(task):<5} ")
        now = None
        if options.absolute_timestamps or options.relative_timestamps is not None:
            now = event.started if event is not None else task.kernel.clock.realtime()
            parts.append(self._times(task, now))
        if options.syscall_number:
            parts.append(f"[{event.number & 0xFFFFFFFF if event else 0:4}] " if event
                         else "[????] ")
        if options.instruction_pointer:
            width = 2 * task.abi.word
            if event is None and task.state >= ZOMBIE:
                return "".join([*parts, f"[{'?' * width}] "])
            pc = event.pc if event is not None else task.engine.get(task.engine.PC)
            parts.append(f"[{pc:0{width}x}] ")
        return "".join(parts)

    def _pid(self, task: Task) -> str:
        if self.options.decode_pids & 1:
            return f"{task.pid}<{task.comm.decode('utf-8', 'backslashreplace')}>"
        return str(task.pid)

    def _times(self, task: Task, now: int) -> str:
        options = self.options
        text = ""
        if options.absolute_timestamps == "unix":
            text = str(now // _NANO)
        elif options.absolute_timestamps:
            text = _local_time(now // _NANO, task.kernel.clock.host)
        if options.absolute_timestamps and options.absolute_precision:
            digits = options.absolute_precision
            text += f".{now % _NANO // 10**(9 - digits):0{digits}}"
        if options.relative_timestamps is not None:
            before = self.last_time.get(0, now)
            self.last_time[0] = now
            digits = options.relative_timestamps
            since = now - before
            relative = f"{since // _NANO:6}"
            if digits:
                relative += f".{since % _NANO // 10**(9 - digits):0{digits}}"
            text = f"{text} (+{relative})" if text else relative
        return text + " "

    # -- calls ----------------------------------------------------------------------------
    def enter(self, event: Event) -> None:
        """A call begins."""
        if self.current is not None:
            self._interrupt()
        if self.prefixed:
            event.printed = self.prefix(event.task, event)
        else:
            event.printed = ""
        if self.filters_status:
            return
        self.current = event
        if self.immediate:
            event.entry = self.style.arguments(event.values, event.plan.names)
            event.printed = f"{event.printed}{event.name}({event.entry}"
            self.sink(event.printed)

    def exit(self, event: Event) -> None:
        """A call ends."""
        error = event.error
        if error:
            if not self.failed and error not in (512, 513, 514, 516):
                self._forget(event)
                return
            result = self.errors.get(error)
            if result is None:
                result = self.errors[error] = format_error(error)
            aux = None
            made = event.plan
            if made.__class__.__name__ != "RawPlan":
                note = getattr(made, "decode_failure", None)
                aux = note(event) if note is not None else None
            if aux is not None:
                result += f" ({self.style.render(aux)})"
        else:
            if not self.successful:
                self._forget(event)
                return
            value, note = event.plan.decode_result(event)
            result = str(value) if value.__class__ is int else self.style.render(value)
            if note is not None:
                result += f" ({self.style.render(note)})"
        self._finish(event, result)

    def _forget(self, event: Event) -> None:
        if self.current is event:
            self.current = None

    def _finish(self, event: Event, result: str) -> None:
        """Complete a call's line."""
        if self.options.syscall_times is not None:
            result += self._duration(event)
        text = self.style.arguments(event.values, event.plan.names)
        if self.current is event:
            self.current = None
            if event.entry is None:
                self._put(f"{event.printed}{event.name}({text}) ".ljust(self.column)
                          + "= " + result)
                return
            rest = text[len(event.entry):]
            head = len(event.printed)
            self._put(f"{rest}) ".ljust(self.column - head) + "= " + result)
            return
        if self.current is not None:
            self._interrupt()
        if not event.unfinished:        # its beginning was held back (-z, -Z)
            self._put(f"{event.printed}{event.name}({text}) ".ljust(self.column)
                      + "= " + result)
            return
        rest = text[len(event.entry or ""):]
        prefix = self.prefix(event.task, None) if self.prefixed else ""
        self._put(f"{prefix}<... {event.name} resumed>{rest}) ".ljust(self.column)
                  + "= " + result)

    def _interrupt(self) -> None:
        """Cut the line of the call that has not ended."""
        event = self.current
        assert event is not None
        self.current = None
        event.unfinished = True
        if event.entry is None:
            event.entry = self.style.arguments(event.values, event.plan.names)
            self._put(f"{event.printed}{event.name}({event.entry}{UNFINISHED}")
        else:
            self._put(UNFINISHED)

    def never_returned(self, event: Event) -> None:
        """A call that ends its task: ``= ?``."""
        self._finish(event, "?")

    def abandoned(self, event: Event) -> None:
        """The task was killed inside a call."""
        if self.current is event:
            self._interrupt()

    def _duration(self, event: Event) -> str:
        digits = self.options.syscall_times or 0
        spent = max(0, event.task.kernel.clock.realtime() - event.started)
        text = f"{spent // _NANO}"
        if digits:
            text += f".{spent % _NANO // 10**(9 - digits):0{digits}}"
        return f" <{text}>"

    # -- other lines ----------------------------------------------------------------------
    def signal(self, task: Task, info: dict[str, Any]) -> None:
        """A signal is delivered."""
        from tracer.decode.kinds.signal import decode_siginfo
        value = decode_siginfo(info, task.abi.name, task, self.options)
        self.write(format_signal(self.prefix(task, None), info["signo"], value, self.style))

    def stopped(self, task: Task, signo: int) -> None:
        """A group stop."""
        self.write(format_stopped(self.prefix(task, None), signo))

    def exited(self, task: Task, status: int) -> None:
        """A task ended by itself."""
        self._end_of(task)
        if self.tells_exit:
            self.write(format_exited(self.prefix(task, None), status))
        self.tasks -= 1

    def killed(self, task: Task, signo: int, core: bool) -> None:
        """A task ended by a signal."""
        if signo in self.options.signals:
            self.write(format_killed(self.prefix(task, None), signo, core))
        self.tasks -= 1

    def _end_of(self, task: Task) -> None:
        event = self.current
        if event is not None and event.task is task:
            self.never_returned(event)

    def attached(self, task: Task) -> None:
        """A new traced task."""
        self.tasks += 1
        if self.tells_attach:
            if self.current is not None and self.immediate:
                self._interrupt()
            self.message(f"Process {task.pid} attached")

    def superseded(self, task: Task, tid: int) -> None:
        """Another thread's execve took over."""
        self.write(format_superseded(self.prefix(task, None), tid))
        self.tasks -= 1


def _local_time(seconds: int, host: bool) -> str:
    """HH:MM:SS; in UTC for the virtual clock, local time for the host's."""
    import time
    return time.strftime("%H:%M:%S", time.localtime(seconds) if host else time.gmtime(seconds))
