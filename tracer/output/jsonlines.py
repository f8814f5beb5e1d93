"""--format json: JSON lines, one object for each event.

The lines are ASCII.  Every object has a "type":

    start       the first line: version of the format, program, ABI
    call        a system call, when it has ended: name, arguments and result as typed values
    signal, stopped
                a signal is delivered; a group stop
    attached    a new process or thread
    exited, killed, superseded
                the end of a process or thread
    summary     the counts of -c or -C
    file        with --record-files: a file, directory or link of the sandbox that the run made,
                wrote or removed, after all events and sorted by path; a file has its content
                unless the contents together exceed the limit
    end         the last line: the exit status, or the signal that killed the program

"pid" is the number strace shows, that of the thread; "tgid" is its process.  "time" is
CLOCK_REALTIME in nanoseconds since 1970, of the virtual clock unless the host's was asked for;
"duration" is in nanoseconds.  Numbers are exact: up to 64 bits, which a reader must keep.  A log
without its "end" is incomplete.  `tracer/output/schema.json` is the JSON Schema of a line,
`tracer.output.jsonvalues` makes values of the objects again.
"""
from __future__ import annotations

from json import JSONEncoder
from typing import TYPE_CHECKING

from tracer.errors import LinuxError
from tracer.output.escape import escape_detail
from tracer.output.jsonvalues import dump_bytes
from tracer.output.records import RecordWriter
from tracer.output.text import signal_name

if TYPE_CHECKING:
    from tracer.options import RunOptions
    from tracer.output.base import Message, Sink
    from tracer.output.jsonvalues import Object
    from tracer.output.summary import Tables
    from tracer.vfs.changes import Change

VERSION = 1                 # raised when a reader of the older form would be misled
_encode = JSONEncoder(ensure_ascii=True, check_circular=False, separators=(",", ":")).encode


class JsonWriter(RecordWriter):
    """Writes records as lines."""

    def __init__(self, options: RunOptions, sink: Sink, immediate: bool,
                 message: Message) -> None:
        super().__init__(options, sink, immediate, message)
        self.begun = False

    def _begin(self) -> None:
        """The first line: the ABI is known only once something happens."""
        self.begun = True
        options = self.options
        self._put(_encode({
            "type": "start", "format": "pytrace", "version": VERSION, "abi": options.abi,
            "program": dump_bytes(options.program.encode("utf-8", "surrogateescape")),
            "args": [dump_bytes(a.encode("utf-8", "surrogateescape")) for a in options.args],
            "personality": options.personality, "clock": options.clock,
            "follow": options.follow_forks}))

    def record(self, made: Object) -> None:
        if not self.begun:
            self._begin()
        self._put(_encode(made))

    def files(self, changes: list[Change], limit: int) -> None:
        self.flush()
        for change in changes:
            made: Object = {"type": "file", "path": dump_bytes(change.path), "kind": change.kind}
            if change.kind != "removed":
                made["mode"] = change.mode
            if change.kind == "symlink":
                made["target"] = dump_bytes(change.target)
            if change.kind == "file":
                made["size"] = change.size
                if change.size <= limit:
                    limit -= change.size
                    try:
                        made["content"] = dump_bytes(change.data())
                    except LinuxError as error:
                        self.message(f"{escape_detail(change.path)}: cannot be read any more"
                                     f" (error {error.errno})")
            self.record(made)

    def finish(self, status: int) -> None:
        self.flush()
        signo = status & 0x7F
        self.record({"type": "end", "status": None, "signal": signal_name(signo),
                     "number": signo} if signo else
                    {"type": "end", "status": status >> 8 & 0xFF})
        super().finish(status)

    def summary(self, tables: Tables) -> None:
        self.record({"type": "summary", "calls": [
            {"abi": abi, "number": number & 0xFFFFFFFF, "name": each.name, "calls": each.calls,
             "errors": each.errors, "time": each.time, "min": each.least or 0,
             "max": each.most}
            for abi in sorted(tables, key=lambda name: name != self.options.abi)
            for number, each in sorted(tables[abi].items())]})
