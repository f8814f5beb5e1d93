"""Netlink messages: headers by protocol, attributes by table."""
from __future__ import annotations

import random
import struct

import pytest
from fakes import FakeOptions, Tracee

from tracer.decode.build import Build
from tracer.decode.netlink import diag, link, route
from tracer.decode.netlink.attributes import Tables, _Late
from tracer.decode.netlink.messages import (
    CRYPTO,
    GENERIC,
    KOBJECT_UEVENT,
    NETFILTER,
    ROUTE,
    SELINUX,
    SOCK_DIAG,
    XFRM,
)

ABIS = ("x86_64", "i386", "arm", "aarch64")
FD = 3


def message(kind: int, flags: int, body: bytes = b"", length: int = -1) -> bytes:
    return struct.pack("<IHHII", 16 + len(body) if length < 0 else length, kind, flags, 0,
                       0) + body


def attr(kind: int, data: bytes) -> bytes:
    return struct.pack("<HH", 4 + len(data), kind) + data + bytes(-len(data) & 3)


def tracee(protocol: int, abi: str = "x86_64", **options: object) -> Tracee:
    t = Tracee(abi, **options)
    t.task.netlink[FD] = protocol
    return t


def sent(t: Tracee, data: bytes, size: int = -1) -> str:
    """The buffer of send(3, data, ...)."""
    at = t.mem.place(data)
    size = len(data) if size < 0 else size
    line = t.line("sendto", FD, at, size, 0x40, 0, 0, error=22)
    head, tail = f"sendto({FD}, ", f", {size}, "
    assert line.startswith(head)
    return line[len(head):line.index(tail + ("MSG" if t.options.xlat == "abbrev" else "0x40"))]


def head(length: int, kind: str, flags: str) -> str:
    return (f"{{nlmsg_len={length}, nlmsg_type={kind}, nlmsg_flags={flags}, nlmsg_seq=0, "
            "nlmsg_pid=0}")


@pytest.mark.parametrize("abi", ABIS)
def test_every_table_can_be_built(abi: str) -> None:
    tables = Tables(Build(abi, "sendto", FakeOptions()))
    names = [*route.TABLES, *link.TABLES, *diag.TABLES]
    assert len(set(names)) == len(names)
    for name in names:
        table = tables.table(name)
        readers = [*table.readers.values(), *([table.whole] if table.whole else [])]
        for reader in readers:
            assert isinstance(reader, _Late)
            tables.reader(reader.kind)


def test_a_message_alone_and_two_in_a_row() -> None:
    t = tracee(SOCK_DIAG)
    assert sent(t, message(1, 1, b"abcd")) == \
        rf'[{head(20, "NLMSG_NOOP", "NLM_F_REQUEST")}, "\x61\x62\x63\x64"]'
    assert sent(t, message(1, 1)) == head(16, "NLMSG_NOOP", "NLM_F_REQUEST")
    two = message(1, 1) + message(3, 2, struct.pack("<i", -2))
    assert sent(t, two) == (f'[{head(16, "NLMSG_NOOP", "NLM_F_REQUEST")}, '
                            f'[{head(20, "NLMSG_DONE", "NLM_F_MULTI")}, -2]]')
    assert sent(t, b"abcd") == r'"\x61\x62\x63\x64"'


def test_the_second_header_cannot_be_read() -> None:
    t = tracee(SOCK_DIAG)
    data = message(1, 0)
    at = t.mem.place(data)
    assert t.line("sendto", FD, at, 32, 0, 0, 0, error=14).startswith(
        f'sendto({FD}, [{head(16, "NLMSG_NOOP", "0")}, ... /* {at + 16:#x} */], 32')


def test_only_so_many_as_strings_are_long() -> None:
    t = tracee(SOCK_DIAG, string_limit=2)
    one = head(16, "NLMSG_NOOP", "0")
    assert sent(t, message(1, 0) * 3) == f"[{one}, {one}, ...]"


def test_an_unbound_socket_and_one_that_is_none() -> None:
    t = tracee(-1)
    assert sent(t, message(18, 0x300, b"\0")) == \
        rf'[{head(17, "0x12 /* NLMSG_??? */", "0x300 /* NLM_F_??? */")}, "\x00"]'
    del t.task.netlink[FD]
    assert sent(t, b"ab\n") == r'"ab\n"'


def test_link_with_nested_attributes() -> None:
    t = tracee(ROUTE)
    info = attr(18 | 0x8000, attr(1, b"tun\0") + attr(2, attr(1, struct.pack("<i", -1))))
    body = struct.pack("<BxHIII", 0, 1, 7, 1, 0) + attr(3, b"lo\0") + info
    assert sent(t, message(16, 0x405, body)) == (
        f'[{head(64, "RTM_NEWLINK", "NLM_F_REQUEST|NLM_F_ACK|NLM_F_CREATE")}, '
        "{ifi_family=AF_UNSPEC, ifi_type=ARPHRD_ETHER, ifi_index=7, ifi_flags=IFF_UP, "
        'ifi_change=0}, [[{nla_len=7, nla_type=IFLA_IFNAME}, "lo"], '
        "[{nla_len=24, nla_type=NLA_F_NESTED|IFLA_LINKINFO}, "
        '[[{nla_len=8, nla_type=IFLA_INFO_KIND}, "tun"], '
        "[{nla_len=12, nla_type=IFLA_INFO_DATA}, "
        "[{nla_len=8, nla_type=IFLA_TUN_OWNER}, -1]]]]]]")


def test_addresses_follow_the_family() -> None:
    t = tracee(ROUTE)
    body = struct.pack("<BBBBI", 2, 8, 0x80, 254, 1)
    assert sent(t, message(20, 1, body + attr(1, b"\x7f\0\0\1"))).endswith(
        'ifa_scope=RT_SCOPE_HOST, ifa_index=1}, [{nla_len=8, nla_type=IFA_ADDRESS}, '
        'inet_addr("127.0.0.1")]]')
    six = struct.pack("<BBBBI", 10, 128, 0x80, 254, 1)
    assert sent(t, message(20, 1, six + attr(1, bytes(15) + b"\1"))).endswith(
        'nla_type=IFA_ADDRESS}, inet_pton(AF_INET6, "::1")]]')
    assert sent(t, message(20, 1, six + attr(1, b"\1\2"))).endswith(r'"\x01\x02"]]')


def test_short_headers() -> None:
    t = tracee(ROUTE)
    assert sent(t, message(20, 1, b"\2")).endswith(", {ifa_family=AF_INET, ...}]")
    at = t.mem.place(message(20, 1, b"\2" + bytes(6), 24))
    line = t.line("sendto", FD, at, 24, 0, 0, 0, error=14)
    assert f", {{ifa_family=AF_INET, {at + 17:#x}}}]" in line


def test_sock_diag_by_direction() -> None:
    t = tracee(SOCK_DIAG)
    body = struct.pack("<BBHIII2I", 1, 0, 0, 0x80, 5, 1, 7, 8)
    assert sent(t, message(20, 0x301, body)) == (
        f'[{head(40, "SOCK_DIAG_BY_FAMILY", "NLM_F_REQUEST|NLM_F_DUMP")}, '
        "{sdiag_family=AF_UNIX, sdiag_protocol=0, udiag_states=1<<TCP_CLOSE, udiag_ino=5, "
        "udiag_show=UDIAG_SHOW_NAME, udiag_cookie=[7, 8]}]")
    answer = struct.pack("<BBBBI2I", 1, 1, 7, 0, 5, 7, 8) + attr(0, b"/a\0")
    assert sent(t, message(20, 2, answer)).endswith(
        "{udiag_family=AF_UNIX, udiag_type=SOCK_STREAM, udiag_state=TCP_CLOSE, udiag_ino=5, "
        'udiag_cookie=[7, 8]}, [{nla_len=7, nla_type=UNIX_DIAG_NAME}, "/a"]]')
    memory = message(20, 2, struct.pack("<BBBBI2I", 1, 1, 7, 0, 5, 7, 8)
                     + attr(5, struct.pack("<2I", 4, 6)))
    assert sent(t, memory).endswith("[[SK_MEMINFO_RMEM_ALLOC]=4, [SK_MEMINFO_RCVBUF]=6]]]")


def test_errors_and_their_attributes() -> None:
    t = tracee(ROUTE)
    body = struct.pack("<i", -2) + message(16, 1)
    assert sent(t, message(2, 0, body)) == (
        f'[{head(36, "NLMSG_ERROR", "0")}, {{error=-ENOENT, '
        f'msg={head(16, "RTM_NEWLINK", "NLM_F_REQUEST")}}}]')
    more = message(2, 0x300, body + attr(1, b"bad\0"))
    assert sent(t, more).endswith(', [{nla_len=8, nla_type=NLMSGERR_ATTR_MSG}, "bad"]]]')


def test_netfilter() -> None:
    t = tracee(NETFILTER)
    body = struct.pack("<BBH", 2, 0, 0x0a00) + attr(0x4001, b"x")
    assert sent(t, message(10 << 8, 0x401, body)) == (
        f'[{head(28, "NFNL_SUBSYS_NFTABLES<<8|NFT_MSG_NEWTABLE", "NLM_F_REQUEST|NLM_F_CREATE")}, '
        "{nfgen_family=AF_INET, version=NFNETLINK_V0, res_id=htons(NFNL_SUBSYS_NFTABLES)}, "
        r'[{nla_len=5, nla_type=NLA_F_NET_BYTEORDER|0x1}, "\x78"]]')


def test_selinux_and_uevents() -> None:
    assert sent(tracee(SELINUX), message(16, 0, struct.pack("<i", 1))).endswith("}, {val=1}]")
    text = b"libudev\0" + struct.pack(">I", 0xfeedcafe) + struct.pack("<III", 40, 40, 2) + \
        bytes(16) + b"a\0"
    assert sent(tracee(KOBJECT_UEVENT), text) == (
        '[{prefix="libudev", magic=htonl(0xfeedcafe), header_size=40, properties_off=40, '
        "properties_len=2, filter_subsystem_hash=htonl(0), filter_devtype_hash=htonl(0), "
        r'filter_tag_bloom_hi=htonl(0), filter_tag_bloom_lo=htonl(0)}, "a\0"]')
    assert sent(tracee(KOBJECT_UEVENT), b"add@/x\0") == r'"add@/x\0"'


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("xlat", ["abbrev", "raw", "verbose"])
def test_random_messages(abi: str, xlat: str) -> None:
    rnd = random.Random(f"{abi}{xlat}")
    for protocol in (ROUTE, SOCK_DIAG, XFRM, SELINUX, NETFILTER, KOBJECT_UEVENT, GENERIC, CRYPTO):
        t = tracee(protocol, abi, xlat=xlat, abbrev=rnd.random() < 0.5)
        for _ in range(60):
            body = bytes((rnd.choice((0, 1, 2, 7, 10, 16, 17, 43, 128)),)) + bytes(
                rnd.choice((0, 0, 1, 255)) for _ in range(rnd.choice((3, 7, 11, 15, 19, 23, 71))))
            for _ in range(rnd.randrange(3)):
                inner = b"".join(attr(rnd.randrange(60), rnd.randbytes(rnd.randrange(40)))
                                 for _ in range(rnd.randrange(1, 3)))
                body += attr(rnd.randrange(60), rnd.choice((inner, rnd.randbytes(100))))
            kind = rnd.choice((2, 3, 16, 20, 10 << 8, rnd.randrange(16, 124)))
            text = sent(t, message(kind, rnd.choice((0, 1, 0x300, 0x100)), body))
            assert text.isascii() and text.isprintable()
