"""Netlink messages: headers by protocol, and what their payloads hold."""
from __future__ import annotations

import re
import struct
from typing import TYPE_CHECKING

from sysnames.row import Kind
from tracer.decode import symbols
from tracer.decode.build import fetch
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.netlink import readers, special  # noqa: F401  (they register kinds)
from tracer.decode.netlink.attributes import Context, Tables, hex_bytes, walk
from tracer.decode.values import Addr, Array, CallValue, Hex, Join, Struct, Sym

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.decode.build import Build, StructType
    from tracer.decode.call import Call
    from tracer.decode.values import Value

HEADER = struct.Struct("<IHHII")    # struct nlmsghdr
NLMSG_ERROR, NLMSG_DONE, NLMSG_MIN_TYPE = 2, 3, 16
NLM_F_REQUEST, NLM_F_CAPPED = 1, 0x100
ROUTE, SOCK_DIAG, XFRM, SELINUX, AUDIT, NETFILTER = 0, 4, 6, 7, 9, 12
KOBJECT_UEVENT, GENERIC, CRYPTO = 15, 16, 21
UNKNOWN = -1                        # a socket that is not bound: strace learns no protocol

_TYPES = {AUDIT: "nl_audit_types", CRYPTO: "nl_crypto_types", ROUTE: "nl_route_types",
          SELINUX: "nl_selinux_types", SOCK_DIAG: "nl_sock_diag_types", XFRM: "nl_xfrm_types"}
_GENERIC_FAMILIES = symbols.Enum({16: "nlctrl"}, "GENERIC_FAMILY_???")
# netfilter subsystems → sets of their message types
_SUBSYSTEMS = {
    "NFNL_SUBSYS_CTNETLINK": "nf_ctnetlink_msg_types",
    "NFNL_SUBSYS_CTNETLINK_EXP": "nf_ctnetlink_exp_msg_types",
    "NFNL_SUBSYS_QUEUE": "nf_queue_msg_types", "NFNL_SUBSYS_ULOG": "nf_ulog_msg_types",
    "NFNL_SUBSYS_OSF": "nf_osf_msg_types", "NFNL_SUBSYS_IPSET": "nf_ipset_msg_types",
    "NFNL_SUBSYS_ACCT": "nf_acct_msg_types",
    "NFNL_SUBSYS_CTNETLINK_TIMEOUT": "nf_cttimeout_msg_types",
    "NFNL_SUBSYS_CTHELPER": "nf_cthelper_msg_types",
    "NFNL_SUBSYS_NFTABLES": "nf_nftables_msg_types",
    "NFNL_SUBSYS_NFT_COMPAT": "nf_nft_compat_msg_types", "NFNL_SUBSYS_HOOK": "nf_hook_msg_types",
}
# What a message does, by its type's name, says which set the upper half of its flags is from.
_DOES = re.compile("_(NEW|GET|DEL)")
_FLAG_SETS = {"NEW": "netlink_new_flags", "GET": "netlink_get_flags",
              "DEL": "netlink_delete_flags"}
_PLAIN_SETS = frozenset(("nf_ipset_msg_types", "nf_queue_msg_types", "nf_ulog_msg_types",
                         "nf_osf_msg_types"))
_PLAIN = frozenset(("CRYPTO_MSG_GETSTAT", "XFRM_MSG_GETDEFAULT",
                    "IPCTNL_MSG_TIMEOUT_DEFAULT_GET"))


class Netlink:
    """The decoder of netlink messages of one call under one set of options."""

    def __init__(self, build: Build) -> None:
        self.build = build
        self.abi = build.abi
        self.tables = Tables(build)
        self.pid = build.decoder(Kind("pid"))
        self.structs: dict[str, StructType] = {}
        self.headers: dict[tuple[int, int | None], tuple[str, str]] | None = None
        self.families: dict[int, list[tuple[str, str]]] | None = None
        self.flag_sets: dict[str, symbols.Flags] = {}

    def struct(self, name: str) -> StructType:
        """The type of a structure."""
        found = self.structs.get(name)
        if found is None:
            found = self.structs[name] = self.build.struct(name)
        return found

    # -- headers

    def messages(self, call: Call, protocol: int, addr: int, size: int) -> Value:
        """What a buffer of a socket of this protocol holds; size: bytes."""
        if protocol == KOBJECT_UEVENT:
            return self._uevent(call, addr, size)

        def item(head: bytes, at: int, room: int) -> Value:
            return self.message(call, protocol, head, at, room)

        return walk(call, addr, size, HEADER.size,
                    lambda head: int.from_bytes(head[:4], "little"), item)

    def message(self, call: Call, protocol: int, head: bytes, addr: int, room: int) -> Value:
        """One message: its header, and its payload where it has one."""
        length, kind, flags, seq, port = HEADER.unpack_from(head)
        shown = Struct([
            ("nlmsg_len", length), ("nlmsg_type", self._type(protocol, kind)),
            ("nlmsg_flags", self._flags(protocol, kind, flags)), ("nlmsg_seq", seq),
            ("nlmsg_pid", self.pid(call, (port ^ 0x80000000) - 0x80000000) or 0)])
        used = min(length, room) - HEADER.size
        if used <= 0:
            return shown
        payload = self._payload(call, protocol, kind, flags, addr + HEADER.size, used)
        return Array([shown, *payload])

    def _type(self, protocol: int, kind: int) -> Value:
        if kind < NLMSG_MIN_TYPE:
            return symbols.enum("netlink_types", self.abi).sym(kind)
        if protocol == GENERIC:
            return _GENERIC_FAMILIES.sym(kind)
        if protocol == NETFILTER:
            return self._netfilter_type(kind)
        return symbols.enum(_TYPES.get(protocol, "netlink_types"), self.abi).sym(kind)

    def _netfilter_type(self, kind: int) -> Value:
        control = symbols.enum("nl_netfilter_msg_types", self.abi).sym(kind)
        if control.text is not None:
            return control
        subsystem = symbols.enum("nl_netfilter_subsys_ids", self.abi).sym(kind >> 8)
        names = _SUBSYSTEMS.get(subsystem.text or "")
        low: Value = Hex(kind & 0xff)
        if names is not None:
            low = symbols.enum(names, self.abi).sym(kind & 0xff)
        return Join([Join([subsystem, 8], "<<"), low])

    def _flags(self, protocol: int, kind: int, flags: int) -> Value:
        more = self._flag_set(protocol, kind)
        found = self.flag_sets.get(more)
        if found is None:
            known = symbols.flags("netlink_flags", self.abi, 16)
            entries = list(known.entries)
            if more:
                entries += symbols.flags(more, self.abi, 16).entries
            found = self.flag_sets[more] = symbols.Flags(entries, "NLM_F_???", 16)
        return found.sym(flags)

    def _flag_set(self, protocol: int, kind: int) -> str:
        """The set of the flags that depend on the message's type; "" for none."""
        if kind < NLMSG_MIN_TYPE:
            return "netlink_ack_flags" if kind == NLMSG_ERROR else ""
        if protocol == SOCK_DIAG:
            return "netlink_get_flags"
        if protocol == ROUTE:
            # the types come in fours; RTM_DELACTION may dump
            if kind == symbols.numbers("nl_route_types", self.abi)["RTM_DELACTION"]:
                return "netlink_get_flags"
            return ("netlink_new_flags", "netlink_delete_flags", "netlink_get_flags",
                    "")[kind & 3]
        names = None
        if protocol == NETFILTER:
            subsystem = symbols.enum("nl_netfilter_subsys_ids", self.abi).names.get(kind >> 8, "")
            names = _SUBSYSTEMS.get(subsystem)
            kind &= 0xff
        elif protocol in (CRYPTO, XFRM):
            names = _TYPES[protocol]
        if names is None or names in _PLAIN_SETS:
            return ""
        name = symbols.enum(names, self.abi).names.get(kind, "")
        does = _DOES.search(name)
        return "" if does is None or name in _PLAIN else _FLAG_SETS[does[1]]

    # -- payloads

    def _payload(self, call: Call, protocol: int, kind: int, flags: int, addr: int,
                 size: int) -> list[Value]:
        if kind == NLMSG_ERROR:
            return [self._error(call, protocol, flags, addr, size)]
        if kind >= NLMSG_MIN_TYPE:
            decode = _PROTOCOLS.get(protocol)
            values = decode(self, call, kind, flags, addr, size) if decode is not None else None
            if values is not None:
                return values
        elif kind == NLMSG_DONE and size == 4:
            data = fetch(call, addr, 4)
            return [Addr(addr) if data is None else
                    int.from_bytes(data, "little", signed=True)]
        return [hex_bytes(call, addr, size)]

    def _error(self, call: Call, protocol: int, flags: int, addr: int, size: int) -> Value:
        """struct nlmsgerr, and the attributes behind it."""
        if size < 4 + HEADER.size:
            return hex_bytes(call, addr, size)
        data = fetch(call, addr, 4 + HEADER.size)
        if data is None:
            return Addr(addr)
        number = int.from_bytes(data[:4], "little", signed=True)
        addr += 4
        size -= 4
        length = HEADER.size if flags & NLM_F_CAPPED else \
            max(HEADER.size, int.from_bytes(data[4:8], "little"))
        length = min(size, length)
        value = Struct([("error", error_number(number)),
                        ("msg", self.message(call, protocol, data[4:], addr, length))])
        if size == length:
            return value
        return Array([value, self.tables.nest(call, "error", addr + length, size - length,
                                              Context(0))])

    def _headed(self, call: Call, name: str, table: str, addr: int, size: int,
                first: int) -> list[Value]:
        """A header structure that begins with a family, then attributes.

        first: the family, which is read by itself.
        """
        kind = self.struct(name)
        ctx = Context(first)
        family_field = kind.fields[0]
        data: bytes | None = bytes((first,)).ljust(kind.size, b"\0")
        assert data is not None
        fields = [(family_field[0], family_field[2].read(call, data, 0, addr) or 0)]
        more = False
        if len(kind.fields) > 1:
            more = size < kind.size
            if not more:
                data = fetch(call, addr + 1, kind.size - 1)
                if data is None:
                    return [Struct([*fields, ("", Addr(addr + 1))])]
                whole = kind.read(call, bytes((first,)) + data, 0, addr)
                fields = whole.fields
        values: list[Value] = [Struct(fields, more)]
        end = (kind.size + 3) & ~3
        if table != "-" and not more and size > end:
            if table == "bytes":
                values.append(hex_bytes(call, addr + end, size - end))
            else:
                values.append(self.tables.nest(call, table, addr + end, size - end, ctx))
        return values

    def _family_only(self, call: Call, family: int, addr: int, size: int) -> list[Value]:
        fields: list[tuple[str, Value]] = [
            ("family", symbols.enum("addrfams", self.abi).sym(family))]
        if size > 1:
            fields.append(("data", hex_bytes(call, addr + 1, size - 1)))
        return [Struct(fields)]

    def _route_headers(self) -> dict[tuple[int, int | None], tuple[str, str]]:
        from tracer.decode.netlink.route import MESSAGES

        types = symbols.numbers("nl_route_types", self.abi)
        families = {**symbols.numbers("addrfams", self.abi),
                    **symbols.numbers("rtnl_family", self.abi)}
        found: dict[tuple[int, int | None], tuple[str, str]] = {}
        for line in MESSAGES.strip().splitlines():
            left, _, names = line.partition(":")
            name, table, *only = left.split()
            family = families[only[0]] if only else None
            for each in names.split():
                found[types[each], family] = name, table
        return found

    def route(self, call: Call, kind: int, flags: int, addr: int,
              size: int) -> list[Value] | None:
        """NETLINK_ROUTE."""
        data = fetch(call, addr, 1)
        if data is None:
            return [Addr(addr)]
        if self.headers is None:
            self.headers = self._route_headers()
        family = data[0]
        found = self.headers.get((kind, family)) or self.headers.get((kind, None))
        if found is None:
            return self._family_only(call, family, addr, size)
        return self._headed(call, *found, addr, size, family)

    def sock_diag(self, call: Call, kind: int, flags: int, addr: int,
                  size: int) -> list[Value] | None:
        """NETLINK_SOCK_DIAG."""
        from tracer.decode.netlink import diag

        data = fetch(call, addr, 1)
        if data is None:
            return [Addr(addr)]
        if self.families is None:
            numbers = symbols.numbers("addrfams", self.abi)
            self.families = {}
            for line in diag.FAMILIES.strip().splitlines():
                name, _, rest = line.partition(":")
                asked, asked_table, told, told_table = rest.split()
                self.families[numbers[name]] = [(told, told_table), (asked, asked_table)]
        family = data[0]
        both = self.families.get(family)
        if both is None or size <= 1:
            return self._family_only(call, family, addr, size)
        name, table = both[flags & NLM_F_REQUEST]
        old = diag.OLD_REQUESTS.get(name)
        types = symbols.numbers("nl_sock_diag_types", self.abi)
        if old is not None and kind in (types[n] for n in diag.OLD_TYPES):
            name = old
        return self._headed(call, name, table, addr, size, family)

    def netfilter(self, call: Call, kind: int, flags: int, addr: int,
                  size: int) -> list[Value] | None:
        """NETLINK_NETFILTER: struct nfgenmsg and attributes without names."""
        t = self.struct("nfgenmsg")
        if size < t.size:
            return [hex_bytes(call, addr, size)]
        data = fetch(call, addr, t.size)
        if data is None:
            return [Addr(addr)]
        head = t.read(call, data, 0, addr)
        resource = int.from_bytes(data[2:4], "big")
        tables = symbols.numbers("nl_netfilter_subsys_ids", self.abi)["NFNL_SUBSYS_NFTABLES"]
        shown: Value = CallValue("htons", [resource])
        if kind >> 8 == tables:
            # nftables passed it in both byte orders
            stored = int.from_bytes(data[2:4], "little")
            if resource == tables:
                shown = Sym(stored, "htons(NFNL_SUBSYS_NFTABLES)")
            elif stored == tables:
                shown = Sym(stored, "NFNL_SUBSYS_NFTABLES")
        head.fields = [*head.fields[:2], ("res_id", shown)]
        values: list[Value] = [head]
        if size > t.size:
            at, rest = addr + t.size, size - t.size
            batch = symbols.numbers("nl_netfilter_msg_types", self.abi)
            values.append(hex_bytes(call, at, rest) if kind in batch.values() else
                          self.tables.nest(call, "unnamed", at, rest, Context(0)))
        return values

    def selinux(self, call: Call, kind: int, flags: int, addr: int,
                size: int) -> list[Value] | None:
        """NETLINK_SELINUX."""
        types = symbols.numbers("nl_selinux_types", self.abi)
        name = {types["SELNL_MSG_SETENFORCE"]: "selnl_msg_setenforce",
                types["SELNL_MSG_POLICYLOAD"]: "selnl_msg_policyload"}.get(kind)
        if name is None:
            return None
        t = self.struct(name)
        if size < t.size:
            return [hex_bytes(call, addr, size)]
        data = fetch(call, addr, t.size)
        return [Addr(addr) if data is None else t.read(call, data, 0, addr)]

    def crypto(self, call: Call, kind: int, flags: int, addr: int,
               size: int) -> list[Value] | None:
        """NETLINK_CRYPTO: struct crypto_user_alg and attributes."""
        types = symbols.numbers("nl_crypto_types", self.abi)
        if kind not in (types[f"CRYPTO_MSG_{n}ALG"] for n in ("NEW", "DEL", "UPDATE", "GET")):
            return None
        t = self.struct("crypto_user_alg")
        if size < t.size:
            return [bytes_value(call, addr, size)]
        data = fetch(call, addr, t.size)
        if data is None:
            return [Addr(addr)]
        values: list[Value] = [t.read(call, data, 0, addr)]
        if size > t.size:
            values.append(self.tables.nest(call, "crypto", addr + t.size, size - t.size,
                                           Context(0)))
        return values

    def _uevent(self, call: Call, addr: int, size: int) -> Value:
        """NETLINK_KOBJECT_UEVENT: the kernel's text, or a message of udev."""
        t = self.struct("udev_monitor_header")
        data = fetch(call, addr, t.size) if size >= t.size else None
        if data is None or data[:8] != b"libudev\0":
            return bytes_value(call, addr, size)
        head = t.read(call, data, 0, addr)
        if size == t.size:
            return head
        return Array([head, bytes_value(call, addr + t.size, size - t.size)])


_PROTOCOLS: dict[int, Callable[[Netlink, Call, int, int, int, int], list[Value] | None]] = {
    ROUTE: Netlink.route, SOCK_DIAG: Netlink.sock_diag, NETFILTER: Netlink.netfilter,
    SELINUX: Netlink.selinux, CRYPTO: Netlink.crypto,
}


def error_number(n: int) -> Value:
    """``-ENOENT``; a number that is no error as it is."""
    from sysnames.errno import NAMES

    name = NAMES.get(-n) if n < 0 else None
    return Sym(n, None if name is None else f"-{name}", None, "d")
