"""What stands below a call's line, -e read=, -e write= and -k; -n; and -b, which ends tracing."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.errors import Fault
from tracer.output.dump import hexdump
from tracer.tracing import Event, Tracer

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.dispatch import Entry
    from tracer.kernel.task import Task
    from tracer.options import RunOptions
    from tracer.output.base import Writer

# Calls that move bytes between a descriptor and memory → how their second and third argument
# describe the memory.
WRITES = {
    **dict.fromkeys(("write", "pwrite64", "send", "sendto", "mq_timedsend",
                     "mq_timedsend_time64"), "buffer"),
    **dict.fromkeys(("writev", "pwritev", "pwritev2", "vmsplice"), "vector"),
    "sendmsg": "message", "sendmmsg": "messages",
}
READS = {
    **dict.fromkeys(("read", "pread64", "recv", "recvfrom", "mq_timedreceive",
                     "mq_timedreceive_time64"), "buffer"),
    **dict.fromkeys(("readv", "preadv", "preadv2"), "vector"),
    "recvmsg": "message", "recvmmsg": "messages", "recvmmsg_time64": "messages",
}
_CHUNK = 1 << 16            # what strace reads from the program at once
_VECTORS_MAX = 1 << 16


class Detailing(Tracer):
    """A tracer that adds dumps and stacks to what it shows."""

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        super().__init__(options, writer)
        self.dumps = bool(options.read_dump or options.write_dump)

    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        event = super().enter(task, entry, args, words)
        if event is not None and self.options.stack_traces:
            from tracer.tracing.unwind import backtrace
            event.stack = backtrace(task, words, self.options.stack_sources)
        return event

    def exit(self, event: Event, result: int) -> bool | None:
        printed = super().exit(event, result)
        if printed:
            dump = self._dump(event) if self.dumps else []
            stack = event.stack if self.options.stack_traces else []
            if dump or stack:
                self.writer.below(event.task, dump, stack)
        return printed

    def signal(self, task: Task, info: dict[str, Any]) -> None:
        super().signal(task, info)
        if self.options.stack_traces and info["signo"] in self.options.signals:
            from tracer.tracing.unwind import backtrace
            self.writer.below(task, [], backtrace(task, None, self.options.stack_sources))

    # -- dumps --------------------------------------------------------------------------------
    def _dump(self, event: Event) -> list[str]:
        words = event.words
        if len(words) < 3:
            return []
        fd = words[0] & 0xFFFFFFFF
        if fd >> 31:
            return []
        name = event.name
        if name in WRITES and fd in self.options.write_dump:
            return self._memory(event, WRITES[name], words[2], None)
        if name in READS and not event.error and fd in self.options.read_dump:
            return self._memory(event, READS[name], event.result, event.result)
        return []

    def _memory(self, event: Event, form: str, size: int, most: int | None) -> list[str]:
        """The dump of a buffer of ``size`` bytes, or of as much as ``most`` in a vector."""
        address = event.words[1]
        if form == "buffer":
            return dump_buffer(event, address, size)
        if form == "vector":
            return dump_vector(event, address, event.words[2], most)
        from sysnames.layout import layout
        mem = event.mem
        try:
            if form == "message":
                return dump_vector(event, *_vector(event, layout("msghdr", event.abi), address),
                                   most)
            message = layout("mmsghdr", event.abi)
            length = next(f.offset for f in message.fields if f.name == "msg_len")
            lines = []
            for at in range(address, address + event.result * message.size, message.size):
                base, count = _vector(event, layout("msghdr", event.abi), at)
                lines.append(f" = {count} buffers in vector {(at - address) // message.size}")
                sent = int.from_bytes(mem.read(at + length, 4), "little")
                lines += dump_vector(event, base, count, sent)
            return lines
        except Fault:
            return []


def _vector(event: Event, message: Layout, address: int) -> tuple[int, int]:
    """msg_iov and msg_iovlen of a struct msghdr; Fault."""
    values = message.unpack(event.mem.read(address, message.size))
    fields = dict(zip(message.values, values))
    base, count = fields["msg_iov"], fields["msg_iovlen"]
    assert isinstance(base, int) and isinstance(count, int)
    return base, count


def dump_buffer(event: Event, address: int, size: int) -> list[str]:
    """The bytes of a buffer; nothing when its first 64 KiB cannot be read."""
    data = b""
    tail = []
    while len(data) < size:
        count = min(_CHUNK, size - len(data))
        try:
            data += event.mem.read(address + len(data), count)
        except Fault:
            if data:
                tail = [f" | <Cannot fetch {count} byte{'' if count == 1 else 's'} from pid"
                        f" {event.task.pid} @{address + len(data):#x}>"]
            break
    return hexdump(data, size) + tail


def dump_vector(event: Event, address: int, count: int, most: int | None) -> list[str]:
    """The buffers of an array of struct iovec, of ``most`` bytes at most."""
    word = event.task.call_abi.word
    if not 0 <= count < _VECTORS_MAX:
        return []
    try:
        data = event.mem.read(address, 2 * word * count)
    except Fault:
        return []
    numbers = [int.from_bytes(data[i:i + word], "little") for i in range(0, len(data), word)]
    lines = []
    for i, (base, size) in enumerate(zip(numbers[::2], numbers[1::2])):
        if most is not None:
            size = min(size, most)
            most -= size
        if not size:
            break
        lines.append(f" * {size} bytes in buffer {i}")
        lines += dump_buffer(event, base, size)
    return lines


class Numbering(Tracer):
    """A tracer that knows the number of each task's last call, traced or not (-n)."""

    def observes(self, entry: Entry) -> bool:
        entry.selected = super().observes(entry)
        return True

    def enter(self, task: Task, entry: Entry, args: tuple[int, ...],
              words: tuple[int, ...]) -> Event | None:
        task.last_number = entry.number
        return super().enter(task, entry, args, words) if entry.selected else None


class Detaching(Tracer):
    """A tracer that lets go of a process when it executes another program (-b execve)."""

    def __init__(self, options: RunOptions, writer: Writer) -> None:
        super().__init__(options, writer)
        self.started = False    # the program itself runs

    def exit(self, event: Event, result: int) -> bool | None:
        if result or event.name not in ("execve", "execveat"):
            return super().exit(event, result)
        if not self.started:
            self.started = True
            return super().exit(event, result)
        event.task.traced = False
        if event.task.process.pid == event.task.kernel.first_pid:
            self.let_go = True
        self.writer.detached(event)
        return None
