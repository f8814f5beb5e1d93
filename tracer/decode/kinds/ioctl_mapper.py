"""Arguments of ioctls of the device mapper."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import OPEN, QUIET, Build, Coded, InOut, read_array
from tracer.decode.call import Call, kind
from tracer.decode.kinds.basic import makedev
from tracer.decode.kinds.forms import UNAVAILABLE, terminated
from tracer.decode.values import NO_MORE, Addr, Array, Change, Comment, Hex, Struct
from tracer.errors import Fault

if TYPE_CHECKING:
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]

(_VERSION, _REMOVE_ALL, _LIST_DEVICES, _CREATE, _REMOVE, _RENAME, _SUSPEND, _STATUS, _WAIT,
 _LOAD, _CLEAR, _DEPS, _TABLE_STATUS, _LIST_VERSIONS, _MESSAGE, _GEOMETRY, _POLL) = range(17)
_WITHOUT_PARAMETERS = frozenset((_VERSION, _REMOVE_ALL, _CREATE, _REMOVE, _SUSPEND, _STATUS,
                                 _CLEAR, _POLL))
_WITHOUT_DEVICE = frozenset((_REMOVE_ALL, _LIST_DEVICES, _LIST_VERSIONS))
_COUNTED = frozenset((_CREATE, _RENAME, _SUSPEND, _STATUS, _WAIT, _LOAD, _CLEAR, _DEPS,
                      _TABLE_STATUS, _MESSAGE))
_MAJOR = 4              # of the interface's version
_HEADER = 305           # bytes of struct dm_ioctl before its data
_SUSPEND_FLAG, _DATA_OUT_FLAG = 1 << 1, 1 << 16
_EVENTS_SINCE = 37      # minor version whose name lists have event numbers


class Header:
    """struct dm_ioctl."""

    __slots__ = ("data",)

    def __init__(self, data: bytes) -> None:
        self.data = data

    def word(self, at: int) -> int:
        return int.from_bytes(self.data[at:at + 4], "little")

    @property
    def version(self) -> tuple[int, int, int]:
        return self.word(0), self.word(4), self.word(8)

    @property
    def size(self) -> int:
        return self.word(12)

    @property
    def start(self) -> int:
        return self.word(16)

    @property
    def count(self) -> int:
        return self.word(20)

    @property
    def flags(self) -> int:
        return self.word(28)

    def same(self, other: Header) -> bool:
        return self.data[:20] == other.data[:20] and self.flags == other.flags


def _header(call: Call, addr: int) -> Header | None:
    try:
        header = Header(call.mem.read(addr, _HEADER))
    except Fault:
        return None
    return header if header.size >= 12 else None


class _Mapper(InOut):
    """The header and, by command, what follows it."""

    __slots__ = ("command", "flags")

    def __init__(self, b: Build, command: int) -> None:
        self.command = command
        self.flags = symbols.flags("dm_flags", b.abi, 32)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        header = _header(call, word)
        if header is None:
            return None, QUIET
        if call.memo is None:
            call.memo = {}
        call.memo[self] = header
        return self.value(call, word, header), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None:
            return Hex(word)
        header = _header(call, word)
        before = None if call.memo is None else call.memo.get(self)
        if header is None or (call.error and before is not None and header.same(before)):
            return old
        return Change(old, self.value(call, word, header))

    def value(self, call: Call, addr: int, header: Header) -> Value:
        fields: Fields = [("version", Array(list(header.version)))]
        if header.version[0] != _MAJOR:
            fields[0] = ("version", Comment(fields[0][1],
                                            "unsupported device mapper ABI version"))
            return Array([Struct(fields)])
        fields.append(("data_size", header.size))
        if header.size < _HEADER:
            fields[1] = ("data_size", Comment(header.size, "data_size too small"))
            return Array([Struct(fields)])
        if self.command not in _WITHOUT_PARAMETERS:
            fields.append(("data_start", header.start))
        self.device(call, header, fields)
        self.values(call, header, fields)
        fields.append(("flags", self.flags.sym(header.flags)))
        return Array([Struct(fields), *self.payload(call, addr, header)])

    def device(self, call: Call, header: Header, fields: Fields) -> None:
        if self.command in _WITHOUT_DEVICE:
            return
        device = int.from_bytes(header.data[40:48], "little")
        if device:
            fields.append(("dev", makedev(device)))
        from tracer.decode.kinds.basic import string_in

        for name, at, size in (("name", 48, 128), ("uuid", 176, 129)):
            if header.data[at]:
                fields.append((name, string_in(header.data[at:at + size])))

    def values(self, call: Call, header: Header, fields: Fields) -> None:
        event: tuple[str, Value] = ("event_nr", header.word(32))
        if call.exiting:
            if not call.error and self.command in _COUNTED:
                fields += [("target_count", header.count), ("open_count", header.word(24)), event]
        elif self.command == _LOAD:
            fields.append(("target_count", header.count))
        elif self.command in (_RENAME, _REMOVE, _WAIT) or (
                self.command == _SUSPEND and not header.flags & _SUSPEND_FLAG):
            fields.append(event)

    # -- what follows the header

    def payload(self, call: Call, addr: int, header: Header) -> list[Value]:
        command = self.command
        done = call.exiting and not call.error
        if command == _LOAD and not call.exiting:
            return self.targets(call, addr, header)
        if command in (_RENAME, _GEOMETRY) and not call.exiting:
            return self.string(call, addr, header)
        if command == _MESSAGE:
            if not call.exiting:
                return self.message(call, addr, header)
            if done and header.flags & _DATA_OUT_FLAG:
                return self.string(call, addr, header)
        if not done:
            return []
        if command in (_WAIT, _TABLE_STATUS):
            return self.targets(call, addr, header)
        if command == _DEPS:
            return self.dependencies(call, addr, header)
        if command in (_LIST_DEVICES, _LIST_VERSIONS):
            return self.chain(call, addr, header)
        return []

    @staticmethod
    def misplaced(what: str) -> Value:
        return Comment(UNAVAILABLE, f"misplaced {what}")

    def targets(self, call: Call, addr: int, header: Header) -> list[Value]:
        """struct dm_target_spec, and the string behind each."""
        if call.plan.abbrev:
            return [NO_MORE] if header.count else []
        out: list[Value] = []
        offset, end = header.start, 0
        for i in range(header.count):
            bad = bool(i) and offset <= end
            end = (offset + 40) & 0xffffffff
            if bad or end <= offset or end > header.size:
                return [*out, self.misplaced("struct dm_target_spec")]
            if i >= call.options.string_limit:
                return [*out, NO_MORE]
            try:
                data = call.mem.read(addr + offset, 40)
            except Fault:
                return [*out, Addr(addr + offset)]
            from tracer.decode.kinds.basic import string_in

            fields: Fields = [("sector_start", int.from_bytes(data[:8], "little")),
                              ("length", int.from_bytes(data[8:16], "little"))]
            if call.exiting:
                fields.append(("status", int.from_bytes(data[16:20], "little", signed=True)))
            fields += [("target_type", string_in(data[24:40])),
                       ("string", terminated(call, addr + end, header.size - end))]
            out.append(Struct(fields))
            step = int.from_bytes(data[20:24], "little")
            offset = ((header.start if call.exiting else offset) + step) & 0xffffffff
        return out

    def dependencies(self, call: Call, addr: int, header: Header) -> list[Value]:
        """struct dm_target_deps"""
        if header.start == header.size:
            return []
        if call.plan.abbrev:
            return [NO_MORE]
        offset = header.start
        end = (offset + 8) & 0xffffffff
        bad = self.misplaced("struct dm_target_deps")
        if end <= offset or end > header.size:
            return [bad]
        try:
            count = int.from_bytes(call.mem.read(addr + offset, 8)[:4], "little")
        except Fault:
            return [Addr(addr + offset)]
        if count > (header.size - end) // 8:
            return [bad]
        device = Coded(8, lambda call, data, at, _: makedev(
            int.from_bytes(data[at:at + 8], "little")))
        return [Struct([("count", count), ("deps", read_array(call, device, addr + end, count))])]

    def chain(self, call: Call, addr: int, header: Header) -> list[Value]:
        """struct dm_name_list or dm_target_versions: each says where the next one is."""
        if header.start == header.size:
            return []
        if call.plan.abbrev:
            return [NO_MORE]
        devices = self.command == _LIST_DEVICES
        fixed = 12 if devices else 16
        what = "struct dm_name_list" if devices else "struct dm_target_versions"
        out: list[Value] = []
        offset, end, count = header.start, 0, 0
        while True:
            bad = bool(count) and offset <= end
            end = (offset + fixed) & 0xffffffff
            if bad or end <= offset or end > header.size:
                return [*out, self.misplaced(what)]
            if count >= call.options.string_limit:
                return [*out, NO_MORE]
            try:
                data = call.mem.read(addr + offset, 16)
            except Fault:
                return [*out, Addr(addr + offset)]
            step = int.from_bytes(data[8:12] if devices else data[:4], "little")
            name = terminated(call, addr + end, header.size - end)
            if devices:
                fields: Fields = [("dev", makedev(int.from_bytes(data[:8], "little"))),
                                  ("name", name)]
                fields += self.event(call, addr, header, offset, end, step)
            else:
                fields = [("name", name), ("version", Array(
                    [int.from_bytes(data[i:i + 4], "little") for i in (4, 8, 12)]))]
            out.append(Struct(fields))
            if not step:
                return out
            offset = (offset + step) & 0xffffffff
            count += 1

    @staticmethod
    def event(call: Call, addr: int, header: Header, offset: int, end: int, step: int) -> Fields:
        """The event number behind a name, where there is room for one."""
        try:
            text, whole = call.mem.read_string(addr + end, header.size - end)
            if not whole or header.version[1] < _EVENTS_SINCE:
                return []
            at = (addr + end + len(text) + 1 + 7) & ~7
            if at + 4 > addr + offset + step:
                return []
            return [("event_nr", int.from_bytes(call.mem.read(at, 4), "little"))]
        except Fault:
            return []

    def message(self, call: Call, addr: int, header: Header) -> list[Value]:
        """struct dm_target_msg"""
        if header.start == header.size:
            return []
        if call.plan.abbrev:
            return [NO_MORE]
        offset = header.start
        end = (offset + 8) & 0xffffffff
        if end <= offset or end > header.size:
            return [self.misplaced("struct dm_target_msg")]
        try:
            sector = int.from_bytes(call.mem.read(addr + offset, 8), "little")
        except Fault:
            return [Addr(addr + offset)]
        return [Struct([("sector", sector),
                        ("message", terminated(call, addr + end, header.size - end))])]

    def string(self, call: Call, addr: int, header: Header) -> list[Value]:
        if call.plan.abbrev:
            return [NO_MORE]
        if header.start > header.size:
            return [self.misplaced("string")]
        text = terminated(call, addr + header.start, header.size - header.start)
        return [Struct([("string", text)])]


@kind("mapper")
def _mapper(b: Build, command: int) -> InOut:
    return _Mapper(b, command)
