"""ioctl: request names, and arguments by request."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import QUIET, Build, Coded, MemType, fetch, name_of
from tracer.decode.call import Call, kind, memory_kind, result_kind
from tracer.decode.commands import CommandArgument, Commands
from tracer.decode.kinds.ioctl_rows import ROWS
from tracer.decode.values import Addr, Array, Comment, Hex, Join, Named, Struct, Sym, Text

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

# families whose requests with a direction (and loop's, which have none) take pointers
_POINTERS = frozenset((
    0x03, 0x12, 0x21, 0x22, 0x24, 0x3d, 0x3e, 0x45, 0x49, 0x4b, 0x4c, 0x4d, 0x4f, 0x52, 0x54, 0x56,
    0x57, 0x58, 0x66, 0x69, 0x6f, 0x70, 0x89, 0x94, 0xa4, 0xaa, 0xab, 0xae, 0xb4, 0xb7, 0xfd))
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
    found += names(code, "arm" if abi == "arm_oabi" else abi)
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

        abi = "arm" if self.build.abi == "arm_oabi" else self.build.abi
        known = names(code, abi)
        for name in known:
            row = ROWS.get(name)
            if row is not None:
                return row
        direction, type_, _, _ = _parts(code)
        if known and type_ in _POINTERS and (direction or type_ == 0x4c):
            return "arg addr"
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

@kind("ifconf")
def _ifconf(b: Build) -> Decoder:
    """SIOCGIFCONF's structure at exit: the interfaces with their addresses."""
    from tracer.decode.kinds.basic import string_in
    from tracer.decode.kinds.sockaddr import sockaddr_value

    pointer = b.long
    size = 40 if b.long == 8 else 32

    def decode(call: Call, addr: int) -> Value:
        data = fetch(call, addr, 2 * pointer)
        if data is None:
            return Addr(addr)
        total = int.from_bytes(data[:4], "little", signed=True)
        buf = int.from_bytes(data[pointer:2 * pointer], "little")
        count, rest = divmod(max(total, 0), size)
        shown: Value = total
        if count:
            shown = Comment(total, f"{count} * sizeof(struct ifreq)"
                            + (f" + {rest}" if rest else ""))
        if not buf:
            return Struct([("ifc_len", shown), ("ifc_buf", Addr(0))])
        items: list[Value] = []
        for i in range(count):
            raw = fetch(call, buf + i * size, size)
            if raw is None or (call.plan.abbrev and i >= call.options.string_limit):
                break
            items.append(Struct([("ifr_name", string_in(raw[:16], call.options.string_limit)),
                                 ("ifr_addr", sockaddr_value(call, raw[16:32]))]))
        more = len(items) < count
        return Struct([("ifc_len", shown), ("ifc_buf", Array(items, more))])

    return decode
