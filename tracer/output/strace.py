"""The log as strace writes it: lines, prefixes, interleaving.

A call's line is written when the call ends.  When something else must be written before, the
line is cut with `` <unfinished ...>`` and resumed later.  On a stream that the program may
write to as well (``immediate``), the first part is written when the call begins, as strace
does.  With --whole-lines no line is ever cut: each is written when its call ends.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.decode.plan import RawPlan
from tracer.decode.values import PENDING, Join
from tracer.options import PID_COMM, STATUSES
from tracer.output.base import Frame, Message, Sink, Writer
from tracer.output.escape import PLAIN, escape_detail
from tracer.output.text import (
    CUT,
    UNFINISHED,
    Style,
    format_error,
    format_exited,
    format_frame,
    format_killed,
    format_mode,
    format_signal,
    format_stopped,
    format_superseded,
    format_tampered,
)

if TYPE_CHECKING:
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.tracing import Event

_NANO = 10**9


class StraceWriter(Writer):
    """The text of strace."""

    def __init__(self, options: RunOptions, sink: Sink, immediate: bool, message: Message,
                 colored: bool = False) -> None:
        super().__init__(options, sink, immediate, message)
        self.colored = colored
        strings = options.strings_in_hex or PLAIN
        if colored:
            from tracer.output.color import ColorStyle
            self.style: Style = ColorStyle(options.xlat, strings, options.arg_names)
        else:
            self.style = Style(options.xlat, strings, options.arg_names)
        self.column = options.column
        self.current: Event | None = None       # the call whose line is not finished
        self.inside: dict[Task, Event] = {}     # other calls that have not ended
        self.last_time: dict[int, int] = {}
        self.tasks = 1                          # traced ones alive
        # What is filtered by its status is written when that is known.
        self.whole_lines = options.whole_lines
        self.holds_back = self.whole_lines or options.status != STATUSES
        self.prefixed = bool(
            options.follow_forks or options.absolute_timestamps or options.always_show_pid
            or options.relative_timestamps is not None or options.instruction_pointer
            or options.syscall_number)
        # -f -o FILE, the usual case: nothing but the pid stands before a line.
        self.pid_only = options.follow_forks and options.output is not None and not (
            options.output_separately or options.absolute_timestamps or options.syscall_number
            or options.relative_timestamps is not None or options.instruction_pointer
            or options.decode_pids & PID_COMM)
        self.pids: dict[int, str] = {}
        self.errors: dict[int, str] = {}
        self.whole = options.output is None or not options.output_separately

    # -- output ---------------------------------------------------------------------------
    def write(self, line: str) -> None:
        """One whole line, without its newline."""
        if self.current is not None:
            self._interrupt()
        self._put(line)

    # -- prefixes -------------------------------------------------------------------------
    def prefix(self, task: Task, event: Event | None) -> str:
        """What stands before a line: pid, time, call number, instruction pointer."""
        if self.pid_only:
            text = self.pids.get(task.pid)
            if text is None:
                text = self.pids[task.pid] = f"{task.pid:<5} "
            return text
        return self._who(task) + self._when(task, event) if self.prefixed else ""

    def _who(self, task: Task) -> str:
        options = self.options
        if options.follow_forks and self.whole:
            if options.output is not None or options.always_show_pid:
                return f"{self._pid(task):<5} "
            return f"[pid {task.pid:>5}{self._comm(task)}] " if self.tasks > 1 else ""
        return f"{self._pid(task):<5} " if options.always_show_pid else ""

    def _when(self, task: Task, event: Event | None) -> str:
        options = self.options
        parts = []
        if options.absolute_timestamps or options.relative_timestamps is not None:
            now = event.started if event is not None else task.kernel.clock.realtime()
            parts.append(self._times(task, now))
        if options.syscall_number:
            number = task.last_number if event is None else event.number
            parts.append(f"[{number & 0xFFFFFFFF:4}] ")
        if options.instruction_pointer:
            width = 2 * task.abi.word
            if event is None and task.ended:
                return "".join([*parts, f"[{'?' * width}] "])
            pc = event.pc if event is not None else task.engine.get(task.engine.PC)
            parts.append(f"[{pc:0{width}x}] ")
        return "".join(parts)

    def _pid(self, task: Task) -> str:
        return f"{task.pid}{self._comm(task)}"

    def _comm(self, task: Task) -> str:
        return f"<{escape_detail(task.comm)}>" if self.options.decode_pids & PID_COMM else ""

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
        if self.current is not None:
            self._interrupt()
        if self.prefixed:
            # With --whole-lines the pid is that at the call's end.
            event.printed = (self._when if self.whole_lines else self.prefix)(event.task, event)
        else:
            event.printed = ""
        if self.holds_back:
            self.inside[event.task] = event
            return
        self.current = event
        if self.immediate:
            self._begin(event)

    def _begin(self, event: Event) -> None:
        """Write a line up to where its call has come."""
        event.entry = self.style.arguments(event.values, event.plan.names)
        event.printed = f"{event.printed}{self.shown(event.name)}({event.entry}"
        self.sink(event.printed)

    def waits(self) -> None:
        self.flush()
        if self.current is not None and self.current.entry is None:
            self._begin(self.current)

    def exit(self, event: Event, tampered: int = 0) -> bool:
        error = event.error
        if error:
            if not self.failed:
                self._forget(event)
                return False
            result = self.errors.get(error)
            if result is None:
                result = self.errors[error] = self.style.error(format_error(error))
            if tampered:
                result += format_tampered(tampered)
            made = event.plan
            if made.__class__ is not RawPlan:
                note = getattr(made, "decode_failure", None)
                aux = note(event) if note is not None else None
                if aux is not None:
                    result += f" ({self.style.render(aux)})"
        else:
            if not self.successful:
                self._forget(event)
                return False
            value, note = event.plan.decode_result(event)
            result = str(value) if value.__class__ is int else self.style.render(value)
            if note is not None:
                result += f" ({self.style.render(note)})"
            if tampered:
                result += format_tampered(tampered)
        self._finish(event, result)
        return True

    def _forget(self, event: Event) -> None:
        self.inside.pop(event.task, None)
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
                if self.colored:
                    self._put(self.pad(f"{event.printed}{self.shown(event.name)}({text}) ")
                              + "= " + result)
                    return
                self._put(f"{event.printed}{event.name}({text}) ".ljust(self.column)
                          + "= " + result)
                return
            rest = f"{text[len(event.entry):]}) "
            self._put(self.pad(rest, event.printed) + "= " + result)
            return
        if self.current is not None:
            self._interrupt()
        self.inside.pop(event.task, None)
        name = self.shown(event.name)
        if event.unfinished:
            rest = text[len(event.entry or ""):]
            prefix = self.prefix(event.task, None) if self.prefixed else ""
            start = f"{prefix}<... {name} resumed>{rest}) "
        else:                           # its beginning was held back
            who = self._who(event.task) if self.whole_lines and self.prefixed else ""
            start = f"{who}{event.printed}{name}({text}) "
        self._put(self.pad(start) + "= " + result)

    def shown(self, name: str) -> str:
        """A call's name as it is printed."""
        return self.style.name(name) if self.colored else name

    def pad(self, text: str, printed: str = "") -> str:
        """Blanks after a text, up to the column of the result; printed: what stands before it on
        the line."""
        width = self.column - len(printed)
        if self.colored:
            width += self.style.invisible(printed) + self.style.invisible(text)
        return text.ljust(width)

    def below(self, task: Task, dump: list[str], stack: list[Frame]) -> None:
        for line in (*dump, *map(format_frame, stack)):
            self._put(line)

    def _interrupt(self, mark: str = UNFINISHED) -> None:
        """Cut the line of the call that has not ended."""
        event = self.current
        assert event is not None
        self.current = None
        event.unfinished = True
        self.inside[event.task] = event
        if event.entry is None:
            event.entry = self.style.arguments(event.values, event.plan.names)
            self._put(f"{event.printed}{self.shown(event.name)}({event.entry}{mark}")
        else:
            self._put(mark)

    def never_returned(self, event: Event) -> None:
        if not self.shows_unfinished:
            self._forget(event)
            return
        values = event.values
        if values and values[-1] is PENDING:
            values[-1] = CUT
        elif event.plan.dynamic and event.resume < len(event.plan.decoders):
            values[-1:] = [Join([v, CUT], "") for v in values[-1:] if v is not None]
        self._finish(event, "?")

    def detached(self, event: Event) -> None:
        self._forget(event)
        if self.shows_detached:
            text = self.style.arguments(event.values, event.plan.names)
            if event.entry is not None and not event.unfinished:
                self._put(f"{text[len(event.entry):]} <detached ...>")
            elif not event.unfinished:
                who = self._who(event.task) if self.whole_lines and self.prefixed else ""
                self._put(f"{who}{event.printed}{self.shown(event.name)}({text} <detached ...>")
        self.tasks -= 1

    def _duration(self, event: Event) -> str:
        digits = self.options.syscall_times or 0
        spent = max(0, event.task.kernel.clock.realtime() - event.started)
        text = f"{spent // _NANO}"
        if digits:
            text += f".{spent % _NANO // 10**(9 - digits):0{digits}}"
        return f" <{text}>"

    def finish(self, status: int) -> None:
        if self.current is not None and self.current.entry is not None:
            self._interrupt()           # ended from outside while it waited
        super().finish(status)

    # -- other lines ----------------------------------------------------------------------
    def _event(self, task: Task, text: str) -> None:
        self.write(self.prefix(task, None) + self.style.line(text))

    def signal(self, task: Task, info: dict[str, Any]) -> None:
        from tracer.decode.kinds.signal import decode_siginfo
        value = decode_siginfo(info, task.abi.name, task, self.options)
        self._event(task, format_signal("", info["signo"], value, self.style))

    def stopped(self, task: Task, signo: int) -> None:
        self._event(task, format_stopped("", signo))

    def leaves(self, task: Task) -> None:
        self._end_of(task)

    def exited(self, task: Task, status: int) -> None:
        self._end_of(task)
        if self.tells_exit:
            self._event(task, format_exited("", status))
        self.tasks -= 1

    def killed(self, task: Task, signo: int, core: bool) -> None:
        self._end_of(task)
        if signo in self.options.signals:
            self._event(task, format_killed("", signo, core))
        self.tasks -= 1

    def _end_of(self, task: Task) -> None:
        event = self.current
        if event is None or event.task is not task:
            event = self.inside.get(task)
        if event is not None:
            self.never_returned(event)

    def attached(self, task: Task, parent: Task) -> None:
        self.tasks += 1
        if self.tells_attach:
            if self.current is not None and self.immediate:
                self._interrupt()
            self.message(f"Process {task.pid} attached")

    def mode(self, task: Task, bits: int) -> None:
        self._event(task, format_mode("", task.pid, bits))

    def superseded(self, task: Task, tid: int) -> None:
        event = self.current
        if event is not None and event.task is task:
            self._interrupt(f" <pid changed to {task.pid} ...>")
        event = self.inside.get(task)
        if event is not None and not self.whole_lines:
            event.unfinished = True
            if event.entry is None:
                event.entry = self.style.arguments(event.values, event.plan.names)
        if self.tells_superseded:
            self._event(task, format_superseded("", tid))
        self.tasks -= 1


def _local_time(seconds: int, host: bool) -> str:
    """HH:MM:SS; in UTC for the virtual clock, local time for the host's."""
    import time
    return time.strftime("%H:%M:%S", time.localtime(seconds) if host else time.gmtime(seconds))
