"""Arguments of ioctls of block, SCSI, clock and other devices that a row cannot say."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import WORD
from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    LATER,
    OPEN,
    Build,
    Coded,
    InOut,
    MemType,
    fetch,
    fetch_always,
    length,
    name_of,
    pointer_to,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.kinds.forms import Turn, local_array
from tracer.decode.kinds.io import iovecs
from tracer.decode.kinds.sockaddr import HARDWARE_LENGTHS, interface, mac, sockaddr_value
from tracer.decode.kinds.time import dated, in_range
from tracer.decode.values import (
    NO_MORE,
    Addr,
    Array,
    Change,
    Either,
    Join,
    Str,
    Struct,
    Sym,
    Text,
)

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import StructType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

EIO = 5
_PTP_MOMENT, _UINT = Kind("ptp_moment"), Kind("uint")


# -- block devices

class _DriveCommand(InOut):
    """HDIO_DRIVE_CMD: a command, and what the drive answers even where the call fails."""

    __slots__ = ("answer", "asked")

    def __init__(self, b: Build) -> None:
        self.asked = b.struct("hd_drive_cmd_hdr")
        self.answer = b.struct("hd_drive_reply")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 4)
        if data is None:
            return Addr(word), DONE
        return self.asked.read(call, data, 0, word), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None or isinstance(old, Addr) or call.error not in (0, EIO):
            return old
        data = fetch_always(call, word, 4)
        return old if data is None else Change(old, self.answer.read(call, data, 0, word))


@kind("drive_command")
def _drive_command(b: Build) -> InOut:
    return _DriveCommand(b)


@memory_kind("tail_hex")
def _tail_hex(b: Build, count: Param, unit: int) -> MemType:
    """Bytes that follow the structure, printed in hexadecimal."""
    get = length(count)
    return Coded(0, lambda call, data, at, addr: bytes_value(call, addr, get(call) * unit, "x"),
                 composite=False)


@kind("buf_or_addr")
def _buf_or_addr(b: Build, size: int, style: int = 0) -> Decoder:
    """A buffer of a fixed size; its address after a failed call."""
    how = "x" if style else ""

    def decode(call: Call, addr: int) -> Value:
        if call.exiting and call.error:
            return Addr(addr)
        return bytes_value(call, addr, size, how)

    return decode


@memory_kind("dedupe_infos")
def _dedupe_infos(b: Build, count: Param) -> MemType:
    """What FIDEDUPERANGE does to each file: two of them when abbreviated."""
    asked = b.struct("file_dedupe_range_info", "file_dedupe_range_info.in")
    given = b.struct("file_dedupe_range_info", "file_dedupe_range_info.out")
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = get(call)
        left = 2 if call.plan.abbrev and n > 2 else n

        def one(call: Call, raw: bytes, where: int, address: int) -> Value:
            nonlocal left
            if not left:
                return NO_MORE
            left -= 1
            return (given if call.exiting else asked).read(call, raw, where, address)

        return read_array(call, Coded(asked.size, one), addr, n)

    return Coded(0, read)


class _Dedupe(Turn):
    """FIDEDUPERANGE: nothing is printed at exit unless all of the files were at entry."""

    __slots__ = ()

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v, state = super().enter(call, word)
        if isinstance(v, Struct):
            infos = v.fields[-1][1]
            if not isinstance(infos, Array) or not infos.items or infos.broken is not None:
                state = DONE
        return v, state


@kind("dedupe")
def _dedupe(b: Build) -> InOut:
    asked, given = (pointer_to(b.struct("file_dedupe_range", "file_dedupe_range." + side))
                    for side in ("in", "out"))
    return _Dedupe(asked, given)


# -- SCSI

@kind("sg_buffer")
def _sg_buffer(b: Build, size: Param, count: Param) -> Decoder:
    """Bytes in hexadecimal, or a vector of buffers of that size in all."""
    get, number = length(size), length(count)
    word = b.long

    def decode(call: Call, addr: int) -> Value:
        n = number(call)
        if n:
            return iovecs(call, addr, n, word, get(call))
        return bytes_value(call, addr, get(call), "x")

    return decode


class _SgIo(InOut):
    """SG_IO: version 3 ('S') or 4 ('Q') of a request, told by its first word."""

    __slots__ = ("v3", "v4")

    _ASKED3 = ("dxfer_direction", "cmd_len", "cmdp", "mx_sb_len", "iovec_count", "dxfer_len",
               "timeout", "flags")
    _GIVEN3 = ("status", "masked_status", "msg_status", "sb_len_wr", "sbp", "host_status",
               "driver_status", "resid", "duration", "info")
    _ASKED4 = ("protocol", "subprotocol", "request_len", "request", "request_tag",
               "request_attr", "request_priority", "request_extra", "max_response_len",
               "dout_iovec_count", "dout_xfer_len", "din_iovec_count", "din_xfer_len",
               "dout_xferp", "timeout", "flags", "usr_ptr")
    _GIVEN4 = ("response_len", "response", "din_xferp", "driver_status", "transport_status",
               "device_status", "retry_delay", "info", "duration", "response_len",
               "din_resid", "dout_resid", "generated_tag")
    _TO, _FROM, _BOTH = -2 & 0xffffffff, -3 & 0xffffffff, -4 & 0xffffffff

    def __init__(self, b: Build) -> None:
        self.v3 = b.struct("sg_io_hdr")
        self.v4 = b.struct("sg_io_v4")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        head = fetch(call, word, 4)
        if head is None:
            return Addr(word), DONE
        version = int.from_bytes(head, "little")
        if version == ord("S"):
            t, first = self.v3, ("interface_id", Text("'S'"))
            names: tuple[str, ...] = self._ASKED3
        elif version == ord("Q"):
            t, names, first = self.v4, self._ASKED4, ("guard", Text("'Q'"))
        else:
            return Array([version]), DONE
        rest = fetch(call, word + 4, t.size - 4)
        if rest is None:
            return Struct([first, ("", Addr(word + 4))]), DONE
        data = head + rest
        if t is self.v3 and int.from_bytes(data[4:8], "little") in (self._TO, self._BOTH):
            names = (*names, "dxferp")
        return Struct([first, *self._fields(call, t, data, word, names)], open=True), OPEN

    @staticmethod
    def _fields(call: Call, t: StructType, data: bytes, addr: int,
                names: tuple[str, ...]) -> list[tuple[str, Value]]:
        known = {name: (offset, m) for name, offset, m in t.fields}
        inner = t.frame(call, data, addr)
        out = []
        for name in names:
            offset, m = known[name]
            out.append((name, m.read(inner, data, offset, addr + offset) or 0))
        return out

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct) or not old.open:
            return old
        three = old.fields[0][0] == "interface_id"
        t = self.v3 if three else self.v4
        data = fetch_always(call, word, t.size)
        if data is None:
            return Struct(old.fields)
        now = int.from_bytes(data[:4], "little")
        if now != ord("S" if three else "Q"):
            last, value = old.fields[-1]
            changed = Change(value, Text(f"{old.fields[0][0]}={now}"))
            return Struct([*old.fields[:-1], (last, changed)])
        if not three:
            return Struct([*old.fields, *self._given4(call, data, word)])
        fields = list(old.fields)
        direction = int.from_bytes(data[4:8], "little")
        if direction in (self._FROM, self._BOTH):
            size, count = self._number(t, data, "dxfer_len"), self._number(t, data, "iovec_count")
            left = self._number(t, data, "resid")
            if 0 < left <= size:
                size -= left
            addr = self._number(t, data, "dxferp")
            buffer = self._buffer(call, addr, size, count)
            if direction == self._FROM:
                fields.append(("dxferp", buffer))
            elif size:
                name, value = fields[-1]
                fields[-1] = (name, Join([value, Text(" => dxferp="), buffer], ""))
        return Struct([*fields, *self._fields(call, t, data, word, self._GIVEN3)])

    def _given4(self, call: Call, data: bytes, addr: int) -> list[tuple[str, Value]]:
        out = self._fields(call, self.v4, data, addr, self._GIVEN4)
        size = self._number(self.v4, data, "din_xfer_len")
        left = self._number(self.v4, data, "din_resid")
        if 0 < left <= size:
            size -= left
        out[2] = ("din_xferp", self._buffer(call, self._number(self.v4, data, "din_xferp"), size,
                                            self._number(self.v4, data, "din_iovec_count")))
        return out

    @staticmethod
    def _number(t: StructType, data: bytes, name: str) -> int:
        offset, unpack = t.layout[name]
        n: int = unpack(data, offset)[0]
        return n

    @staticmethod
    def _buffer(call: Call, addr: int, size: int, count: int) -> Value:
        if count:
            word = WORD[call.abi]
            return iovecs(call, addr, count, word, size)
        return bytes_value(call, addr, size, "x")


@kind("sg_io")
def _sg_io(b: Build) -> InOut:
    return _SgIo(b)


@kind("sg_reset")
def _sg_reset(b: Build) -> Decoder:
    """What is reset, perhaps without escalation."""
    names = symbols.enum("sg_scsi_reset", b.abi)

    def decode(call: Call, word: int) -> Value:
        rest = names.sym(word & ~0x100)
        return Join([names.sym(0x100), rest]) if word & 0x100 else rest

    return decode


# -- clocks

@memory_kind("ptp_moment")
def _ptp_moment(b: Build) -> MemType:
    """struct ptp_clock_time with its date."""
    t = b.struct("ptp_clock_time")

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        v = t.read(call, data, at, addr)
        seconds = int.from_bytes(data[at:at + 8], "little", signed=True)
        part = int.from_bytes(data[at + 8:at + 12], "little")
        if call.options.xlat == "raw" or not in_range(call, seconds):
            return v
        return dated(v, seconds, part)

    return Coded(t.size, read)


@memory_kind("ptp_samples")
def _ptp_samples(b: Build, count: Param, most: int, group: int) -> MemType:
    """Time stamps of samples: in groups of three, or two for each and one more."""
    t = b.memory(_PTP_MOMENT)
    get = length(count)
    three = Coded(3 * t.size, lambda call, data, at, addr: Array(
        [t.read(call, data, at + i * t.size, addr + i * t.size) or 0 for i in range(3)]))

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = min(get(call), most)
        if group == 3:
            return local_array(call, three, data, at, addr, n)
        return local_array(call, t, data, at, addr, 2 * n + 1)

    return Coded(t.size * (most * 3 if group == 3 else 2 * most + 1), read)


# -- seccomp

@kind("negative_errno")
def _negative_errno(b: Build) -> Decoder:
    from sysnames.errno import NAMES

    def decode(call: Call, word: int) -> Value:
        name = NAMES.get(-word)
        return word if name is None else Sym(word, f"-{name}", None, "d")

    return decode


@kind("call_number")
def _call_number(b: Build, arch: Param) -> Decoder:
    """A call number with its name in the table of an audit architecture."""
    name = name_of(arch)

    def decode(call: Call, word: int) -> Value:
        from tracer.decode.kinds.signal import call_number

        return call_number(word & 0xffffffff, call.by_name(name), call.abi)

    return decode


class _Notification(InOut):
    """SECCOMP_IOCTL_NOTIF_RECV: a structure of zeros is not printed at entry."""

    __slots__ = ("type",)

    def __init__(self, b: Build) -> None:
        self.type = b.struct("seccomp_notif")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        if not any(data):
            return None, LATER
        return Change(self.type.read(call, data, 0, word), Text("")), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if isinstance(old, Addr):
            return old
        data = fetch(call, word, self.type.size)
        new = Addr(word) if data is None else self.type.read(call, data, 0, word)
        return Change(old.old, new) if isinstance(old, Change) else new


@kind("seccomp_notification")
def _seccomp_notification(b: Build) -> InOut:
    return _Notification(b)


# -- network interfaces

@memory_kind("ifr_sockaddr")
def _ifr_sockaddr(b: Build) -> MemType:
    return Coded(16, lambda call, data, at, addr: sockaddr_value(call, data[at:at + 16]))


@memory_kind("hardware_address")
def _hardware_address(b: Build, size: int) -> MemType:
    return Coded(size, lambda call, data, at, addr: Either(
        Str(data[at:at + size], style="x"), mac(data[at:at + size])), composite=False)


@memory_kind("typed_address")
def _typed_address(b: Build, type_: Param, size: int) -> MemType:
    """A hardware address of which a field gives the type, and so the length shown."""
    name = name_of(type_)
    return Coded(size, lambda call, data, at, addr: Either(
        Str(data[at:at + size], style="x"),
        mac(data[at:at + min(size, HARDWARE_LENGTHS.get(call.by_name(name), size))])),
        composite=False)


@kind("ifindex")
def _ifindex(b: Build) -> Decoder:
    return lambda call, word: interface(call, word & 0xffffffff)


# -- virtual machines

@memory_kind("cpuid_entries")
def _cpuid_entries(b: Build, count: Param) -> MemType:
    t = b.struct("kvm_cpuid_entry2")
    get = length(count)

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        n = get(call)
        if call.plan.abbrev:
            return Array([], more=bool(n))
        return read_array(call, t, addr, n)

    return Coded(0, read)


# -- performance events

class _QueryBpf(InOut):
    """PERF_EVENT_IOC_QUERY_BPF: room for identifiers, then the identifiers."""

    __slots__ = ("number",)

    def __init__(self, b: Build) -> None:
        self.number = b.memory(_UINT)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, 4)
        if data is None:
            return Addr(word), DONE
        room = int.from_bytes(data, "little")
        return Struct([("ids_len", room), ("", Text(""))], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word + 4, 4)
        if data is None:
            return Struct([old.fields[0]], more=True)
        count = int.from_bytes(data, "little")
        return Struct([old.fields[0], ("prog_cnt", count),
                       ("ids", read_array(call, self.number, word + 8, count))])


@kind("perf_query_bpf")
def _perf_query_bpf(b: Build) -> InOut:
    return _QueryBpf(b)
