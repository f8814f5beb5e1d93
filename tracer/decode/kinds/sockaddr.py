"""Socket addresses of every family."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import DONE, LATER, Build, InOut, fetch, fetch_always, length, name_of
from tracer.decode.call import Call, kind
from tracer.decode.values import (
    Addr,
    Array,
    CallValue,
    Comment,
    Either,
    Hex,
    Str,
    Struct,
    Sym,
    Text,
)

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]
    Printer = Callable[[Call, bytes], Fields]

XDP_SHARED_UMEM = 1
STORAGE = 128       # sizeof(struct sockaddr_storage)


# -- addresses and ports

def inet4(data: bytes) -> str:
    """``127.0.0.1``"""
    return ".".join(map(str, data[:4]))


def inet6(data: bytes) -> str:
    """The text of inet_ntop: the longest run of zeros shortened, IPv4 tails in dots."""
    words = struct.unpack(">8H", data[:16])
    start = size = 0
    i = 0
    while i < 8:
        j = i
        while j < 8 and not words[j]:
            j += 1
        if j - i > size:
            start, size = i, j - i
        i = j + 1
    if size < 2:
        return ":".join([f"{w:x}" for w in words])
    if start == 0 and (size == 6 or (size == 5 and words[5] == 0xffff)):
        return f"::{'' if size == 6 else 'ffff:'}{inet4(data[12:16])}"
    head = ":".join([f"{w:x}" for w in words[:start]])
    tail = ":".join([f"{w:x}" for w in words[start + size:]])
    return f"{head}::{tail}"


def port(data: bytes) -> Value:
    """``htons(80)``"""
    return Either(Str(data, style="x"), CallValue("htons", [int.from_bytes(data, "big")]))


def inet_addr(data: bytes) -> Value:
    """``inet_addr("127.0.0.1")``"""
    return Either(Str(data[:4], style="x"),
                  CallValue("inet_addr", [Str(inet4(data).encode())]))


def inet6_field(call: Call, name: str, data: bytes) -> tuple[str, Value]:
    """An IPv6 address as a field: by default the call that fills it stands for it."""
    args: list[Value] = [Text("AF_INET6"), Str(inet6(data).encode())]
    if call.options.xlat == "abbrev":
        return "", CallValue("inet_pton", [*args, Text("&" + name)])
    return name, Either(Str(data[:16], style="x"), CallValue("inet_pton", args))


def interface(call: Call, index: int) -> Value:
    """An interface index: ``if_nametoindex("lo")`` where the machine has that interface."""
    ask = getattr(call.task, "interface_name", None)
    name = ask(index) if ask is not None else None
    if not name:
        return index
    return Either(index, CallValue("if_nametoindex", [Str(name)]))


def mac(data: bytes) -> Text:
    """``00:11:22:33:44:55``"""
    return Text(data.hex(":"))


def hardware_address(data: bytes) -> Value:
    """A hardware address: its bytes with -X raw."""
    return Either(Str(data, style="x"), mac(data))


def byte_array(data: bytes) -> Value:
    """``[0xa, 00]``"""
    return Array([_two_digits(c) for c in data])


# ARPHRD_* → bytes of an address of that type (linux/if_arp.h and the drivers)
HARDWARE_LENGTHS = {
    0: 7, 1: 6, 3: 7, 6: 6, 7: 1, 15: 2, 24: 16, 27: 8, 32: 20, 256: 0, 270: 5, 271: 0, 280: 0,
    290: 1, 512: 0, 518: 0, 519: 0, 768: 4, 769: 16, 772: 6, 773: 1, 774: 6, 776: 4, 777: 0,
    778: 4, 779: 0, 780: 6, 783: 4, 801: 6, 802: 6, 803: 6, 804: 8, 805: 8, 820: 1, 821: 1,
    822: 0, 823: 16, 824: 0, 825: 8, 826: 0}


def _two_digits(n: int) -> Value:
    """As ``%#02x`` prints: the width of two takes in the prefix."""
    return Text(f"0x{n:x}" if n else "00")


# -- families

def _unix(call: Call, data: bytes) -> Fields:
    path = data[2:110]
    if path[0]:
        return [("sun_path", Str(path.partition(b"\0")[0]))]
    return [("sun_path", Str(path[1:], prefix="@"))]


def _inet(call: Call, data: bytes) -> Fields:
    return [("sin_port", port(data[2:4])), ("sin_addr", inet_addr(data[4:8]))]


def _inet6(call: Call, data: bytes) -> Fields:
    flow = data[4:8]
    out: Fields = [
        ("sin6_port", port(data[2:4])),
        ("sin6_flowinfo", Either(Str(flow, style="x"),
                                 CallValue("htonl", [int.from_bytes(flow, "big")]))),
        inet6_field(call, "sin6_addr", data[8:24]),
    ]
    if len(data) > 24:
        scope = int.from_bytes(data[24:28], "little")
        local = (data[8] == 0xfe and data[9] & 0xc0 == 0x80) or \
            (data[8] == 0xff and data[9] & 0xf == 2)
        out.append(("sin6_scope_id", interface(call, scope) if local else scope))
    return out


def _netlink(call: Call, data: bytes) -> Fields:
    from tracer.decode.kinds.basic import pid_value

    pad, pid, groups = struct.unpack_from("<HiI", data, 2)
    out: Fields = [("nl_pad", Hex(pad))] if pad else []
    return [*out, ("nl_pid", pid_value(call, pid)), ("nl_groups", Sym(groups, None, None, "L"))]


def _packet(call: Call, data: bytes) -> Fields:
    index, hatype, pkttype, halen = struct.unpack_from("<iHBB", data, 4)
    protocol = symbols.enum("ethernet_protocols", call.abi, 16).sym(
        int.from_bytes(data[2:4], "big"))
    name: Value = Text(protocol.text) if protocol.text is not None else \
        Text(f"{protocol.n and hex(protocol.n)} /* {protocol.unknown} */")
    out: Fields = [
        ("sll_protocol", Either(Str(data[2:4], style="x"), CallValue("htons", [name]))),
        ("sll_ifindex", interface(call, index & 0xffffffff)),
        ("sll_hatype", symbols.enum("arp_hardware_types", call.abi, 16).sym(hatype)),
        ("sll_pkttype", symbols.enum("af_packet_types", call.abi, 8).sym(pkttype)),
        ("sll_halen", halen),
    ]
    if halen:
        have = data[12:12 + halen]
        items = [_two_digits(c) for c in have]
        out.append(("sll_addr", Array(items, len(have) < halen)))
    return out


def _ipx(call: Call, data: bytes) -> Fields:
    out: Fields = [
        ("sipx_port", port(data[2:4])),
        ("sipx_network", CallValue("htonl", [Hex(int.from_bytes(data[4:8], "big"))])),
        ("sipx_node", byte_array(data[8:14])),
        ("sipx_type", _two_digits(data[14])),
    ]
    if data[15]:
        out.append(("sipx_zero", Hex(data[15])))
    return out


def _x25(call: Call, data: bytes) -> Fields:
    raw = data[2:18]
    end = raw.find(0)
    return [("sx25_addr", Struct([("x25_addr", Str(raw[:end] if end >= 0 else raw[:-1],
                                                   end < 0))]))]


def _bluetooth(call: Call, data: bytes) -> Fields:
    size = len(data)
    if size in (4, 6):
        out: Fields = [("hci_dev", CallValue("htobs", [int.from_bytes(data[2:4], "little")]))]
        if size == 6:
            out.append(("hci_channel", symbols.enum("hci_channels", call.abi, 16).sym(
                int.from_bytes(data[4:6], "little"))))
        return out
    if size == 8:
        return [("sco_bdaddr", hardware_address(data[2:8]))]
    if size == 10:
        return [("rc_bdaddr", hardware_address(data[2:8])), ("rc_channel", data[8])]
    if size in (12, 14):
        out = [("l2_psm", _l2(call, "bluetooth_l2_psm", "L2CAP_PSM",
                              int.from_bytes(data[2:4], "little"))),
               ("l2_bdaddr", hardware_address(data[4:10])),
               ("l2_cid", _l2(call, "bluetooth_l2_cid", "L2CAP_CID",
                              int.from_bytes(data[10:12], "little")))]
        if size == 14:
            out.append(("l2_bdaddr_type", symbols.enum("bdaddr_types", call.abi, 8).sym(data[12])))
        return out
    return _raw(call, data)


def _l2(call: Call, set_name: str, prefix: str, n: int) -> Value:
    text = symbols.enum(set_name, call.abi, 16).names.get(n)
    if text is None:
        dynamic = [(0x1001, 0xffff, "DYN_START")]
        if prefix == "L2CAP_PSM":
            dynamic = [(0x80, 0xff, "LE_DYN_START"), *dynamic]
        else:
            dynamic = [(0x40, 0xffff, "DYN_START")]
        for low, high, name in dynamic:
            if low <= n <= high:
                base = f"{prefix}_{name}"
                if call.options.xlat == "verbose":
                    base = f"{low:#x} /* {base} */"
                text = f"{base}+{n - low}"
                break
    return CallValue("htobs", [Sym(n, text, f"{prefix}_???")])


def _vsock(call: Call, data: bytes) -> Fields:
    reserved, vm_port, cid = struct.unpack_from("<HII", data, 2)
    flags = data[12]
    out: Fields = []
    if reserved:
        out.append(("svm_reserved1", Hex(reserved)))
    for name, set_name, n in (("svm_cid", "vsock_cids", cid), ("svm_port", "vsock_ports",
                                                               vm_port)):
        s = symbols.enum(set_name, call.abi).sym(n)
        out.append((name, Sym(n, s.text, None, "x")))
    f = symbols.flags("vsock_flags", call.abi, 8).sym(flags)
    out.append(("svm_flags", f))
    if any(data[13:16]):
        out.append(("svm_zero", Str(data[13:16], style="x")))
    return out


def _alg(call: Call, data: bytes) -> Fields:
    def text(raw: bytes) -> Str:
        end = raw.find(0)
        return Str(raw[:end] if end >= 0 else raw[:-1], end < 0)

    feat, mask = struct.unpack_from("<II", data, 16)
    flags = symbols.flags("alg_sockaddr_flags", call.abi, 32)

    def spelled(n: int) -> Value:
        """The names are of no uapi header: the number is shown as well."""
        s = flags.sym(n)
        words = s.text if s.text is not None else s.unknown
        return Hex(n) if words is None or call.options.xlat == "raw" else Comment(Hex(n), words)

    return [("salg_type", text(data[2:16])), ("salg_feat", spelled(feat)),
            ("salg_mask", spelled(mask)),
            ("salg_name", text(data[24:]))]


def _xdp(call: Call, data: bytes) -> Fields:
    flags, index, queue, fd = struct.unpack_from("<HIIi", data, 2)
    out: Fields = [("sxdp_flags", symbols.flags("xdp_sockaddr_flags", call.abi, 16).sym(flags)),
                   ("sxdp_ifindex", interface(call, index)), ("sxdp_queue_id", queue)]
    if flags & XDP_SHARED_UMEM:
        from tracer.decode.kinds.basic import fd_value

        out.append(("sxdp_shared_umem_fd", fd_value(call, fd)))
    elif fd:
        out.append(("sxdp_shared_umem_fd", Hex(fd & 0xffffffff)))
    return out


def _qrtr(call: Call, data: bytes) -> Fields:
    node, number = struct.unpack_from("<II", data, 4)
    return [("sq_node", symbols.enum("qipcrtr_nodes", call.abi, 32, "x").sym(node)),
            ("sq_port", symbols.enum("qipcrtr_ports", call.abi, 32, "x").sym(number))]


def _raw(call: Call, data: bytes) -> Fields:
    return [("sa_data", Str(data[2:]))]


def _elsewhere(name: str) -> Printer:
    """A printer of tracer.decode.kinds.sockaddr_radio, imported when it is needed."""

    def fields(call: Call, data: bytes) -> Fields:
        from tracer.decode.kinds import sockaddr_radio

        found: Fields = getattr(sockaddr_radio, name)(call, data)
        return found

    return fields


# family → printer and the least size that it takes
PRINTERS: dict[int, tuple[Printer, int]] = {
    1: (_unix, 3), 2: (_inet, 16), 3: (_elsewhere("ax25"), 16), 4: (_ipx, 16), 9: (_x25, 18),
    10: (_inet6, 24), 16: (_netlink, 12), 17: (_packet, 20), 31: (_bluetooth, 3),
    33: (_elsewhere("rxrpc"), 36), 36: (_elsewhere("ieee802154"), 20), 38: (_alg, 25),
    39: (_elsewhere("nfc"), 16), 40: (_vsock, 16), 42: (_qrtr, 12), 44: (_xdp, 16),
    45: (_elsewhere("mctp"), 12),
}


def sockaddr_value(call: Call, data: bytes) -> Struct:
    """A socket address of at least two bytes."""
    family = int.from_bytes(data[:2], "little")
    fields: Fields = [("sa_family", symbols.enum("addrfams", call.abi, 16).sym(family))]
    if len(data) > 2:
        found = PRINTERS.get(family)
        if found is not None and len(data) >= found[1]:
            fields += found[0](call, data)
        else:
            fields += _raw(call, data)
    return Struct(fields)


def sockaddr_at(call: Call, addr: int, size: int, always: bool = False) -> Value:
    """A socket address in memory; size: its length as an int."""
    size = ((size & 0xffffffff) ^ 0x80000000) - 0x80000000
    if size < 2:
        return Addr(addr)
    data = (fetch_always if always else fetch)(call, addr, min(size, STORAGE))
    return Addr(addr) if data is None else sockaddr_value(call, data)


def sockaddr_family(call: Call, addr: int, size: int) -> int | None:
    """The family of a socket address in memory, where it can be read."""
    data = fetch_always(call, addr, size) if 2 <= size <= STORAGE else None
    return None if data is None else int.from_bytes(data[:2], "little")


class _Returned(InOut):
    """An address that the call returns, with the room for it in another argument."""

    __slots__ = ("length",)

    def __init__(self, length_name: str) -> None:
        self.length = length_name

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        if not word:
            return Addr(word), DONE
        data = fetch(call, call.by_name(self.length), 4)
        if data is None:
            return Addr(word), DONE
        return int.from_bytes(data, "little", signed=True), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        data = fetch(call, call.by_name(self.length), 4)
        if data is None or not isinstance(old, int):
            return Addr(word)
        return sockaddr_at(call, word, min(old, int.from_bytes(data, "little", signed=True)))


class _ReturnedLength(InOut):
    """``[128 => 16]``: the length of what the call returns; an address without a buffer."""

    __slots__ = ("buffer",)

    def __init__(self, buffer: str | None) -> None:
        self.buffer = buffer

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        if self.buffer is not None and not call.by_name(self.buffer):
            return Addr(word), DONE
        data = fetch(call, word, 4)
        if data is None:
            return Addr(word), DONE
        return int.from_bytes(data, "little", signed=True), LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if old is None:
            return Addr(word)
        data = fetch(call, word, 4)
        new = old if data is None else int.from_bytes(data, "little", signed=True)
        if new == old:
            return Array([old])
        from tracer.decode.values import Change

        return Array([Change(old, new)])


@kind("sockaddr")
def _sockaddr(b: Build, size: Param) -> object:
    if b.direction == "in":
        get = length(size)
        return lambda call, addr: sockaddr_at(call, addr, get(call))
    return _Returned(name_of(size))


@kind("socklen")
def _socklen(b: Build, buffer: Param | None = None) -> InOut:
    return _ReturnedLength(None if buffer is None else name_of(buffer))
