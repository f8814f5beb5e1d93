"""ioctl: request names, and arguments by request."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import HEADERS
from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    OPEN,
    QUIET,
    Build,
    Coded,
    InOut,
    MemType,
    fetch,
    fetch_always,
    name_of,
    read_array,
)
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.commands import CommandArgument, Commands
from tracer.decode.kinds.ioctl_rows import OWN, ROWS
from tracer.decode.values import (
    Addr,
    Array,
    Change,
    Comment,
    Hex,
    Join,
    Named,
    Struct,
    Sym,
    Text,
)

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_ONLY_VERBOSE = (0x3d, 0x56)    # types that print numbers when structures are not read
_INPUT = 0x45           # the type of input devices' requests
_DIRECTIONS = ((2, "_IOC_READ"), (1, "_IOC_WRITE"), (0, "_IOC_NONE"))


def _parts(code: int) -> tuple[int, int, int, int]:
    """Direction, type, number, size of a request."""
    return code >> 30, code >> 8 & 0xff, code & 0xff, code >> 16 & 0x3fff


def _hex(n: int) -> str:
    return hex(n) if n else "0"


def _sized_name(abi: str, code: int) -> tuple[str | None, bool]:
    """Names that contain the request's size or number; whether no other name counts."""
    direction, type_, number, size = _parts(code)
    if type_ == 0x45:                       # 'E': input devices
        if direction == 1 and 0xc0 <= number <= 0xff:
            return f"EVIOCSABS({_axis(abi, number - 0xc0)})", False
        if direction != 2:
            return None, False
        if 0x20 <= number <= 0x3f:
            event = "0" if number == 0x20 else _named(abi, "evdev_ev", number - 0x20)
            return f"EVIOCGBIT({event}, {size})", False
        if 0x40 <= number <= 0x7f:
            return f"EVIOCGABS({_axis(abi, number - 0x40)})", False
        name = {6: "EVIOCGNAME", 7: "EVIOCGPHYS", 8: "EVIOCGUNIQ", 9: "EVIOCGPROP",
                10: "EVIOCGMTSLOTS", 0x18: "EVIOCGKEY", 0x19: "EVIOCGLED", 0x1a: "EVIOCGSND",
                0x1b: "EVIOCGSW"}.get(number)
    elif type_ == 0x48:                     # 'H': hiddev and hidraw
        name = {(2, 4): "HIDIOCGRAWNAME", (2, 5): "HIDIOCGRAWPHYS", (2, 6): "HIDIOCSFEATURE",
                (2, 8): "HIDIOCGRAWUNIQ", (2, 0x12): "HIDIOCGPHYS", (3, 6): "HIDIOCSFEATURE",
                (3, 7): "HIDIOCGFEATURE"}.get((direction, number))
    elif type_ == 0x4d and direction in (1, 2):     # 'M': mixers
        return f"MIXER_{'WRITE' if direction == 1 else 'READ'}({number})", False
    else:
        name = {(0x55, 2, 0x2c): "UI_GET_SYSNAME", (0x6a, 2, 0x13): "JSIOCGNAME",
                (0x6b, 1, 0): "SPI_IOC_MESSAGE"}.get((type_, direction, number))
    return (None if name is None else f"{name}({size})"), False


def _named(abi: str, set_name: str, n: int) -> str:
    s = symbols.enum(set_name, abi).sym(n)
    return s.text or f"{_hex(n)} /* {s.unknown} */"


def _axis(abi: str, n: int) -> str:
    return _named(abi, "evdev_abs", n)


def request_text(abi: str, code: int) -> str:
    """A request's name or names; ``_IOC(…)`` for unknown ones."""
    from sysnames.ioctls import names

    own, _ = _sized_name(abi, code)
    found = [own] if own is not None else []
    found += names(code, HEADERS[abi])
    if found:
        return " or ".join(found)
    direction, type_, number, size = _parts(code)
    dirs = "|".join([text for bit, text in _DIRECTIONS if bit and direction & bit]) or "_IOC_NONE"
    return f"_IOC({dirs}, {_hex(type_)}, {_hex(number)}, {_hex(size)})"


_requests: dict[tuple[str, int], Sym] = {}


@kind("ioctl_cmd")
def _ioctl_cmd(b: Build) -> Decoder:
    abi = b.abi

    def decode(call: Call, word: int) -> Value:
        s = _requests.get((abi, word))
        if s is None:
            s = _requests[abi, word] = Sym(word, request_text(abi, word))
        return s

    return decode


class _Requests(Commands):
    """ioctl's table is keyed by the names of a code."""

    def command(self, value: int) -> object:  # type: ignore[override]
        row = self.rows.get(value)
        if row is None:
            row = self.rows[value] = self.find(value)
        return self.of_row(row)

    def find(self, code: int) -> str:
        """The row of the first name that has one."""
        from sysnames.ioctls import names

        abi = HEADERS[self.build.abi]
        own = OWN.get(abi, {})
        if not self.build.verbose and code >> 8 & 0xff in _ONLY_VERBOSE:
            return self.default
        for name in (*names(code, abi), f"{code:#010x}"):
            row = own.get(name) or ROWS.get(name)
            if row is not None:
                return row
        if code >> 8 & 0xff == _INPUT:
            from tracer.decode.kinds.ioctl_input import row as input_row

            return input_row(code)
        return self.default


@kind("ioctl_arg")
def _ioctl_arg(b: Build, cmd: Param) -> CommandArgument:
    commands = _Requests(b, {}, {}, "arg hex")
    b.shared["ioctl"] = [commands, 1]
    return CommandArgument(commands, name_of(cmd), 0, 0, QUIET)


@result_kind("ioctl_result")
def _ioctl_result(b: Build, cmd: Param) -> object:
    from tracer.decode.commands import command_result

    return command_result(b, "ioctl", name_of(cmd))


# -- terminals

_DELAYS = (("term_oflags_nldly", 0o400, "NL?"), ("term_oflags_crdly", 0o3000, "CR?"),
           ("term_oflags_tabdly", 0o14000, "TAB?"), ("term_oflags_bsdly", 0o20000, "BS?"),
           ("term_oflags_vtdly", 0o40000, "VT?"), ("term_oflags_ffdly", 0o100000, "FF?"))
_CBAUD, _CIBAUD, _CSIZE, _IBSHIFT = 0o10017, 0o2003600000, 0o60, 16


@kind("term_oflags")
def _term_oflags(b: Build) -> Decoder:
    delays = [(symbols.enum(name, b.abi), mask, unknown) for name, mask, unknown in _DELAYS]
    flags = symbols.flags("term_oflags", b.abi, 32)
    rest = ~sum(mask for _, mask, _ in _DELAYS)

    def decode(call: Call, word: int) -> Value:
        parts: list[Value] = []
        for e, mask, unknown in delays:
            s = e.sym(word & mask)
            parts.append(Sym(s.n, s.text, unknown))
        _more(parts, flags, word & rest)
        return Join(parts)

    return decode


def _more(parts: list[Value], flags: symbols.Flags, bits: int) -> None:
    """Flags without a comment; nothing at all for none (strace leaves its ``|`` then)."""
    if bits:
        s = flags.sym(bits)
        parts.append(Sym(s.n, s.text))
    else:
        parts.append(Text(""))


@kind("bare_set")
def _bare_set(b: Build, name: Param) -> Decoder:
    """Flags of which none prints as nothing."""
    flags = symbols.flags(name_of(name), b.abi, b.bits())
    none = Text("")
    return lambda call, word: flags.sym(word) if word else none


@kind("term_cflags")
def _term_cflags(b: Build) -> Decoder:
    bauds = symbols.enum("baud_options", b.abi)
    sizes = symbols.enum("term_cflags_csize", b.abi)
    flags = symbols.flags("term_cflags", b.abi, 32)

    def decode(call: Call, word: int) -> Value:
        parts: list[Value] = [bauds.sym(word & _CBAUD)]
        if word & _CIBAUD:
            parts.append(Join([bauds.sym((word & _CIBAUD) >> _IBSHIFT),
                               Sym(_IBSHIFT, "IBSHIFT")], "<<"))
        s = sizes.sym(word & _CSIZE)
        parts.append(Sym(s.n, s.text, "CS?"))
        _more(parts, flags, word & ~(_CBAUD | _CIBAUD | _CSIZE))
        return Join(parts)

    return decode


@memory_kind("cc_chars")
def _cc_chars(b: Build, size: int) -> MemType:
    names = symbols.enum("termios_cc", b.abi).names

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        return Array([Named(f"[{names.get(i, i)}]", Hex(data[at + i])) for i in range(size)])

    return Coded(size, read)


# -- interfaces

class _Interfaces(InOut):
    """SIOCGIFCONF's structure: room for interfaces, then the interfaces with addresses."""

    __slots__ = ("element", "pointer")

    def __init__(self, b: Build) -> None:
        from tracer.decode.kinds.basic import string_in
        from tracer.decode.kinds.sockaddr import sockaddr_value

        self.pointer = b.long
        self.element = Coded(40 if b.long == 8 else 32, lambda call, data, at, addr: Struct([
            ("ifr_name", string_in(data[at:at + 16])),
            ("ifr_addr", sockaddr_value(call, data[at + 16:at + 32]))]))

    def fields(self, call: Call, addr: int) -> tuple[int, int] | None:
        """The length and the address of the buffer."""
        data = fetch_always(call, addr, 2 * self.pointer)
        if data is None:
            return None
        return (int.from_bytes(data[:4], "little", signed=True),
                int.from_bytes(data[self.pointer:], "little"))

    def length(self, n: int) -> Value:
        count, rest = divmod(n, self.element.size)
        if n > 0 and not rest:
            return Comment(n, f"{count} * sizeof(struct ifreq)")
        return n

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        found = self.fields(call, word)
        if found is None:
            return Addr(word), DONE
        if call.memo is None:
            call.memo = {}
        call.memo[self] = found
        shown = self.length(found[0]) if found[1] else Text("")
        return Struct([("ifc_len", shown)], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct) or call.memo is None:
            return old
        before, buf = call.memo[self]
        found = self.fields(call, word)
        if found is None:
            shown: Value = self.length(before)
            return Struct([("ifc_len", shown), ("ifc_buf", Addr(buf))])
        now, at = found
        shown = self.length(now)
        if buf and before != now:
            shown = Change(self.length(before), shown)
        if not buf or call.error:
            where: Value = Addr(buf) if at == buf else Change(Addr(buf), Addr(at))
            return Struct([("ifc_len", shown), ("ifc_buf", where)])
        count = (now & 0xffffffff) // self.element.size if now >= 0 else (
            now + (1 << 64)) // self.element.size
        return Struct([("ifc_len", shown),
                       ("ifc_buf", read_array(call, self.element, at, count))])


@kind("ifconf")
def _ifconf(b: Build) -> InOut:
    return _Interfaces(b)


# -- user faults

class _FaultApi(InOut):
    """UFFDIO_API: features may change, and requests are given."""

    __slots__ = ("type",)

    def __init__(self, b: Build) -> None:
        self.type = b.struct("uffdio_api")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        data = fetch(call, word, self.type.size)
        if data is None:
            return Addr(word), DONE
        return Struct(self.type.read(call, data, 0, word).fields[:2], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        data = fetch(call, word, self.type.size)
        if data is None:
            return Struct(old.fields)
        now = self.type.read(call, data, 0, word).fields
        before, after = old.fields[1][1], now[1][1]
        assert isinstance(before, Sym) and isinstance(after, Sym)
        features: Value = before
        if before.n != after.n:
            features = Join([before, Text(" => features="), after], "")
        return Struct([old.fields[0], ("features", features), now[2]])


@kind("uffd_api")
def _uffd_api(b: Build) -> InOut:
    return _FaultApi(b)
