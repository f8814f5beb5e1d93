"""What -yy says of descriptors, and the socket tables behind it."""
from __future__ import annotations

import struct
from types import SimpleNamespace as Thing
from typing import Any

from tracer.kernel import fdnames
from tracer.kernel.net import sockdiag

LOOPBACK = b"\x7f\0\0\1"


def sock(family: int, kind: int, protocol: int = 0, ino: int = 3000, **more: Any) -> Any:
    return Thing(family=family, type=kind, protocol=protocol, inode=Thing(ino=ino), uid=0, shut=0,
                 flows=kind == 1, net=Thing(described={}), **more)


def test_tcp() -> None:
    it = sock(2, 1, 6, ip=bytes(4), port=0, remote=None, state=7)
    assert fdnames._socket(it) == "TCP:[3000]"
    it.ip, it.port = LOOPBACK, 80
    assert fdnames._socket(it) == "TCP:[3000]"              # bound only
    it.state = 10
    assert fdnames._socket(it) == "TCP:[127.0.0.1:80]"
    it.remote = LOOPBACK, 9
    assert fdnames._socket(it) == "TCP:[127.0.0.1:80]"      # what strace found out it keeps
    it.net.described.clear()
    assert fdnames._socket(it) == "TCP:[127.0.0.1:80->127.0.0.1:9]"


def test_udp6_and_raw() -> None:
    it = sock(10, 2, 17, ip=bytes(15) + b"\1", port=53, remote=(LOOPBACK, 5))
    assert fdnames._socket(it) == "UDPv6:[[::1]:53->[::ffff:127.0.0.1]:5]"
    assert fdnames.protocol_name(sock(2, 3, 255)) == "RAW"
    assert fdnames.protocol_name(sock(2, 2, 1)) == "PING"
    assert fdnames.protocol_name(sock(17, 3)) is None


def test_unix() -> None:
    it = sock(1, 1, sun=b"", peer=None)
    assert fdnames._socket(it) == "UNIX-STREAM:[3000]"
    it.peer = sock(1, 1, ino=3001)
    it.net.described.clear()
    assert fdnames._socket(it) == "UNIX-STREAM:[3000->3001]"
    it.sun = b"\1\0/tmp/\"s\0"
    it.net.described.clear()
    assert fdnames._socket(it) == 'UNIX-STREAM:[3000->3001,"/tmp/\\"s"]'
    it = sock(1, 2, sun=b"\1\0\0name", peer=None)
    assert fdnames._socket(it) == 'UNIX:[3000,@"name"]'


def test_netlink() -> None:
    it = sock(16, 3, 0, port=0, peer=(0, 0))
    assert fdnames._socket(it) == "NETLINK:[3000]"
    it.port = 1000
    assert fdnames._socket(it) == "NETLINK:[ROUTE:1000]"


def test_socket_tables() -> None:
    it = sock(2, 1, 6, ip=LOOPBACK, port=80, remote=None, state=10)
    request = bytes((2, 6, 0, 0)) + b"\xff" * 4 + bytes(48)
    found = sockdiag._inet(it, request)
    assert found is not None and len(found) == 72
    assert found[:2] == bytes((2, 10)) and found[4:8] == struct.pack(">HH", 80, 0)
    assert struct.unpack_from("<I", found, 68) == (3000,)
    it.port = 0
    assert sockdiag._inet(it, request) is None
    assert sockdiag._inet(sock(2, 1, 6, ip=LOOPBACK, port=80, remote=None, state=10),
                          bytes((2, 17, 0, 0)) + b"\xff" * 52) is None
    pair = sock(1, 1, sun=b"\1\0x\0", peer=sock(1, 1, ino=7), state=2)
    found = sockdiag._unix(pair, bytes((1, 0, 0, 0)) + struct.pack("<III", 0xFFFFFFFF, 0, 5)
                           + bytes(8))
    assert found is not None and found[16:24] == struct.pack("<HH", 6, 0) + b"x\0\0\0"
    assert found[24:32] == struct.pack("<HHI", 8, 2, 7)
