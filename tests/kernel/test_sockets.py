"""Sockets: what a real kernel (Linux 6.x) answers to the same calls."""
from __future__ import annotations

import struct
from typing import Any

import pytest
from machine import BAD, SECOND, Machine

import tracer.kernel.calls.readwrite
import tracer.kernel.calls.socketmessages
import tracer.kernel.calls.sockets
from sysnames import errno as E
from tracer.kernel.calls.sockets import SOCKETCALLS
from tracer.kernel.task import FsInfo
from tracer.memory.vma import Vma
from tracer.vfs.base import O_NONBLOCK, POLLHUP, POLLIN, POLLOUT, POLLRDHUP, makedev
from tracer.vfs.memfs import MemFS
from tracer.vfs.namespace import Namespace
from tracer.wait import Wait

UNIX, INET, INET6, NETLINK = 1, 2, 10, 16
STREAM, DGRAM, SEQPACKET, NONBLOCK = 1, 2, 5, 0o4000
DONTWAIT, PEEK, TRUNC, NOSIGNAL, WAITALL = 0x40, 2, 0x20, 0x4000, 0x100
ABIS = ("x86_64", "i386", "arm", "aarch64")


@pytest.fixture(params=ABIS)
def m(request: pytest.FixtureRequest) -> Machine:
    return make(request.param)


def make(abi: str = "x86_64", uid: int = 0) -> Machine:
    machine = Machine(abi, uid)
    kernel = machine.kernel
    kernel.namespace = Namespace(MemFS(makedev(0, 30), kernel.clock.realtime, mode=0o777))
    root = kernel.namespace.root
    machine.task.fs = FsInfo(root, root)
    return machine


def inet(port: int, ip: bytes = b"\x7f\0\0\1") -> bytes:
    return struct.pack("<H", INET) + struct.pack(">H", port) + ip + bytes(8)


def pair(m: Machine, kind: int = STREAM) -> tuple[int, int]:
    at = m.room(8)
    assert m.call("socketpair", UNIX, kind, 0, at) == 0
    return m.word(at), m.word(at + 4)


def send(m: Machine, fd: int, data: bytes, flags: int = 0) -> int:
    return m.call("sendto", fd, m.put(data), len(data), flags, 0, 0)


def recv(m: Machine, fd: int, size: int = 100, flags: int = DONTWAIT) -> bytes | int:
    at = m.room(max(size, 1))
    result = m.call("recvfrom", fd, at, size, flags, 0, 0)
    return result if result < 0 else m.task.mem.read(at, min(result, size))


def bind(m: Machine, fd: int, address: bytes) -> int:
    return m.call("bind", fd, m.put(address), len(address))


def connect(m: Machine, fd: int, address: bytes) -> Any:
    return m.start("connect", fd, m.put(address), len(address))


def name(m: Machine, fd: int, call: str = "getsockname") -> bytes:
    size = m.put(struct.pack("<I", 128))
    at = m.room(128)
    assert m.call(call, fd, at, size) == 0
    return m.task.mem.read(at, m.word(size))


def poll(m: Machine, fd: int) -> int:
    return m.task.files.get(fd).poll()


class Blocked:
    """A call that waits: what it waits for, and whether it was woken."""

    def __init__(self, generator: Any) -> None:
        assert not isinstance(generator, int), generator
        self.generator = generator
        self.woken = False
        self.wait: Wait = generator.send(None)
        for queue in self.wait.queues:
            queue.add(self._wake)

    def _wake(self) -> None:
        self.woken = True

    def resume(self, reason: int = Wait.WOKEN) -> int:
        assert self.woken or reason != Wait.WOKEN
        try:
            self.generator.send(reason)
        except StopIteration as end:
            assert isinstance(end.value, int)
            return end.value
        except tracer.kernel.calls.sockets.LinuxError as error:
            return -error.errno
        raise AssertionError("still waits")


@pytest.mark.parametrize(("family", "kind", "protocol", "errno"), [
    (UNIX, STREAM, 5, E.EPROTONOSUPPORT), (UNIX, 4, 0, E.ESOCKTNOSUPPORT),
    (UNIX, 99, 0, E.EINVAL), (UNIX, 3 | 0x60, 0, E.EINVAL), (-1, STREAM, 0, E.EAFNOSUPPORT),
    (45, STREAM, 0, E.EAFNOSUPPORT), (INET, STREAM, 17, E.EPROTONOSUPPORT),
    (INET, 4, 0, E.ESOCKTNOSUPPORT), (INET, STREAM, 999, E.EINVAL),
    (INET, 3, 0, E.EPROTONOSUPPORT), (17, 3, 0, E.EAFNOSUPPORT),
    (NETLINK, STREAM, 0, E.ESOCKTNOSUPPORT), (NETLINK, 3, 77, E.EPROTONOSUPPORT)])
def test_creation_errors(family: int, kind: int, protocol: int, errno: int) -> None:
    assert make().call("socket", family, kind, protocol) == -errno


def test_stream_pair(m: Machine) -> None:
    a, b = pair(m)
    assert send(m, a, b"hello") == 5
    assert recv(m, b, 3, PEEK) == b"hel"
    assert recv(m, b, 2) == b"he"
    assert m.call("read", b, at := m.room(9), 9) == 3
    assert m.task.mem.read(at, 3) == b"llo"
    assert recv(m, b) == -E.EAGAIN
    assert m.call("shutdown", a, 1) == 0
    assert poll(m, b) & (POLLIN | POLLRDHUP | POLLHUP) == POLLIN | POLLRDHUP
    assert recv(m, b) == b""
    assert send(m, a, b"x", NOSIGNAL) == -E.EPIPE
    assert m.pending() == []
    assert send(m, a, b"x") == -E.EPIPE
    assert [info["signo"] for info in m.pending()] == [13]


def test_stream_capacity_is_the_kernels() -> None:
    """Six pieces of 36,544 bytes fit into net.core.wmem_default."""
    m = make()
    a, b = pair(m)
    m.task.files.get(a).set_flags(2 | O_NONBLOCK)
    m.task.mem.insert(Vma(0x400000, 0x400000 + (1 << 19), 3))
    assert m.call("write", a, 0x400000, 300000) == 219264
    assert m.call("write", a, 0x400000, 1) == -E.EAGAIN
    assert not poll(m, a) & POLLOUT
    assert m.call("read", b, 0x400000, 1 << 19) == 219264
    assert poll(m, a) & POLLOUT


def test_unread_data_resets_the_peer() -> None:
    m = make()
    a, b = pair(m)
    send(m, a, b"unread")
    send(m, b, b"q")
    m.task.files.close(b)
    assert recv(m, a, 1) == b"q"
    assert recv(m, a, 1) == -E.ECONNRESET
    assert recv(m, a, 1) == b""


def test_datagrams_keep_their_borders(m: Machine) -> None:
    a, b = pair(m, DGRAM)
    assert send(m, a, b"one") == 3
    assert send(m, a, b"") == 0
    assert m.call("recvfrom", b, m.room(), 1, TRUNC, 0, 0) == 3
    assert recv(m, b) == b""
    assert recv(m, b) == -E.EAGAIN
    m.task.files.close(b)
    assert send(m, a, b"x") == -E.ECONNREFUSED
    assert send(m, a, b"x") == -E.ENOTCONN


def test_unix_names() -> None:
    m = make()
    address = struct.pack("<H", UNIX) + b"sock\0"
    server = m.call("socket", UNIX, STREAM, 0)
    assert m.call("listen", server, 5) == -E.EINVAL
    assert bind(m, server, address) == 0
    assert m.kernel.namespace.root.child(b"sock").inode.mode == 0o140755
    assert bind(m, server, address) == -E.EADDRINUSE
    client = m.call("socket", UNIX, STREAM, 0)
    assert connect(m, client, address) == -E.ECONNREFUSED
    assert m.call("listen", server, 0) == 0
    assert connect(m, client, address) == 0
    other = m.call("socket", UNIX, STREAM | NONBLOCK, 0)
    assert connect(m, other, address) == -E.EAGAIN
    wrong = m.call("socket", UNIX, DGRAM, 0)
    assert connect(m, wrong, address) == -E.EPROTOTYPE
    served = m.call("accept", server, 0, 0)
    assert name(m, served) == address
    assert name(m, client, "getpeername") == address
    assert name(m, client) == b"\1\0"
    cred = m.room()
    size = m.put(struct.pack("<I", 12))
    assert m.call("getsockopt", client, 1, 17, cred, size) == 0
    assert struct.unpack("<III", m.task.mem.read(cred, 12)) == (1000, 0, 0)
    m.task.files.close(server)
    assert connect(m, other, address) == -E.ECONNREFUSED


def test_autobind_and_abstract_names() -> None:
    m = make()
    a, b = (m.call("socket", UNIX, DGRAM, 0) for _ in range(2))
    assert bind(m, a, b"\1\0") == 0
    assert name(m, a) == b"\1\0" + b"\0" + b"00000"
    assert bind(m, b, name(m, a)) == -E.EADDRINUSE
    assert connect(m, b, name(m, a)) == 0
    m.task.files.get(b).set_flags(2 | O_NONBLOCK)
    sent = 0
    while send(m, b, b"m") == 1:
        sent += 1
    assert sent == 11                   # net.unix.max_dgram_qlen
    assert not poll(m, b) & POLLOUT
    recv(m, a)
    assert poll(m, b) & POLLOUT


def message(m: Machine, data: bytes, control: bytes = b"", room: int = 0) -> int:
    """A struct msghdr; room: size of the data buffer."""
    vec = m.pack("iovec", m.put(data) if data else m.room(room), len(data) or room)
    return m.pack("msghdr", 0, 0, vec, 1, m.put(control) if control else 0, len(control), 0)


def cmsg(m: Machine, kind: int, data: bytes) -> bytes:
    word = 4 if m.task.mem.top <= 1 << 32 else 8
    head = (word + 8 + len(data)).to_bytes(word, "little") + struct.pack("<ii", 1, kind)
    return head + data + bytes(-len(data) % word)


def test_rights_and_credentials(m: Machine) -> None:
    a, b = pair(m)
    on = m.put(struct.pack("<i", 1))
    assert m.call("setsockopt", b, 1, 16, on, 4) == 0
    rights = cmsg(m, 1, struct.pack("<ii", a, b))
    bad = cmsg(m, 1, struct.pack("<ii", a, 99))
    assert m.call("sendmsg", a, message(m, b"fds", bad), 0) == -E.EBADF
    assert m.call("sendmsg", a, message(m, b"fds", rights), 0) == 3
    creds = cmsg(m, 2, bytes(12))
    got = message(m, b"", creds + rights, 9)
    assert m.call("recvmsg", b, got, 0x40000000) == 3
    fields = m.read("msghdr", got)
    control = m.task.mem.read(fields[4], fields[5])
    assert control[:len(creds)] == cmsg(m, 2, struct.pack("<III", 1000, 0, 0))
    new = struct.unpack("<ii", control[len(rights) - 8 + len(creds):][:8])
    assert m.task.files.get(new[0]) is m.task.files.get(a)
    assert set(new) <= m.task.files.cloexec
    assert fields[6] == 0x40000000
    # no room for the second descriptor
    assert m.call("sendmsg", a, message(m, b"x", rights), 0) == 1
    m.call("setsockopt", b, 1, 16, m.put(bytes(4)), 4)
    got = message(m, b"", rights[:-8] + bytes(4), 9)
    assert m.call("recvmsg", b, got, 0) == 1
    assert m.read("msghdr", got)[6] == 8
    assert m.task.files.get(a).refs == 3


def listener(m: Machine, port: int = 0, backlog: int = 5) -> tuple[int, int]:
    fd = m.call("socket", INET, STREAM, 0)
    assert bind(m, fd, inet(port)) == 0
    assert m.call("listen", fd, backlog) == 0
    return fd, struct.unpack(">H", name(m, fd)[2:4])[0]


def test_tcp_connection(m: Machine) -> None:
    server, port = listener(m)
    assert port == 32769
    client = m.call("socket", INET, STREAM, 0)
    assert poll(m, client) & (POLLHUP | POLLOUT) == POLLHUP | POLLOUT
    assert connect(m, client, inet(port)) == 0
    assert connect(m, client, inet(port)) == -E.EISCONN
    assert name(m, client) == inet(32768)
    served = m.call("accept4", server, 0, 0, NONBLOCK)
    assert name(m, served, "getpeername") == inet(32768)
    assert m.call("read", served, m.room(), 9) == -E.EAGAIN
    assert send(m, client, b"data") == 4
    assert m.call("shutdown", client, 1) == 0
    assert recv(m, served, 9, WAITALL) == b"data"
    assert recv(m, served) == b""
    assert send(m, served, b"back") == 4
    assert recv(m, client) == b"back"


def test_tcp_refused_and_reset() -> None:
    m = make()
    client = m.call("socket", INET, STREAM | NONBLOCK, 0)
    assert connect(m, client, inet(1)) == -E.EINPROGRESS
    value, size = m.room(4), m.put(struct.pack("<I", 4))
    assert m.call("getsockopt", client, 1, 4, value, size) == 0
    assert m.word(value) == E.ECONNREFUSED
    assert connect(m, m.call("socket", INET, STREAM, 0), inet(1)) == -E.ECONNREFUSED
    far = connect(m, m.call("socket", INET, STREAM, 0), inet(80, b"\x08\x08\x08\x08"))
    assert far == -E.ENETUNREACH
    server, port = listener(m)
    client = m.call("socket", INET, STREAM, 0)
    assert connect(m, client, inet(port)) == 0
    m.task.files.close(m.call("accept", server, 0, 0))
    assert send(m, client, b"1") == 1           # answered with a reset
    assert send(m, client, b"2", NOSIGNAL) == -E.EPIPE
    assert recv(m, client) == b""
    client = m.call("socket", INET, STREAM, 0)
    connect(m, client, inet(port))
    served = m.call("accept", server, 0, 0)
    send(m, client, b"unread")
    m.task.files.close(served)
    assert recv(m, client) == -E.ECONNRESET


def test_port_conflicts_and_time_wait() -> None:
    m = make()
    server, port = listener(m)
    second = m.call("socket", INET, STREAM, 0)
    assert bind(m, second, inet(port)) == -E.EADDRINUSE
    assert bind(m, second, inet(port, b"\x7f\0\0\2")) == 0
    client = m.call("socket", INET, STREAM, 0)
    connect(m, client, inet(port))
    served = m.call("accept", server, 0, 0)
    for fd in (served, client, server):         # the server closes first
        m.task.files.close(fd)
    again = m.call("socket", INET, STREAM, 0)
    assert bind(m, again, inet(port)) == -E.EADDRINUSE
    m.kernel.clock.now += 61 * SECOND
    assert bind(m, again, inet(port)) == 0
    low = make(uid=1000)
    assert bind(low, low.call("socket", INET, DGRAM, 0), inet(80)) == -E.EACCES


def test_accept_waits_and_wakes() -> None:
    m = make()
    server, port = listener(m)
    blocked = Blocked(m.start("accept", server, 0, 0))
    client = m.call("socket", INET, STREAM, 0)
    assert connect(m, client, inet(port)) == 0
    assert blocked.resume() == client + 1
    blocked = Blocked(m.start("accept", server, 0, 0))
    assert blocked.resume(Wait.SIGNAL) == -E.ERESTARTSYS


def test_full_backlog_is_tried_again() -> None:
    m = make()
    server, port = listener(m, backlog=0)
    clients = [m.call("socket", INET, STREAM, 0) for _ in range(2)]
    assert connect(m, clients[0], inet(port)) == 0
    waiting = connect(m, clients[1], inet(port))
    started = m.kernel.clock.now
    m.call("accept", server, 0, 0)
    assert m.finish(waiting) == 0
    assert m.kernel.clock.now - started == SECOND


def test_receive_timeout(m: Machine) -> None:
    a, b = pair(m)
    word = 4 if m.task.mem.top <= 1 << 32 else 8
    value = m.put((2).to_bytes(word, "little") + bytes(word))
    assert m.call("setsockopt", a, 1, 20, value, 2 * word) == 0
    for call in ("read", "recvfrom"):
        before = m.kernel.clock.now
        args = (a, m.room(), 9) + ((0, 0, 0) if call == "recvfrom" else ())
        assert m.call(call, *args) == -E.EAGAIN
        assert m.kernel.clock.now - before == 2 * SECOND
    assert Blocked(m.start("read", a, m.room(), 9)).resume(Wait.SIGNAL) == -E.EINTR
    assert b


def test_udp(m: Machine) -> None:
    server = m.call("socket", INET, DGRAM, 0)
    assert bind(m, server, inet(5000)) == 0
    client = m.call("socket", INET, DGRAM, 0)
    assert send(m, client, b"x") == -E.EDESTADDRREQ
    target = m.put(inet(5000))
    assert m.call("sendto", client, m.put(b"abc"), 3, 0, target, 16) == 3
    size, at = m.put(struct.pack("<I", 16)), m.room()
    assert m.call("recvfrom", server, at, 2, TRUNC, m._at, size) == 3
    assert connect(m, client, inet(5000)) == 0
    m.task.files.close(server)
    assert send(m, client, b"x") == 1
    assert send(m, client, b"x") == -E.ECONNREFUSED


def test_ipv6_accepts_ipv4() -> None:
    m = make()
    server = m.call("socket", INET6, STREAM, 0)
    address = struct.pack("<H", INET6) + struct.pack(">H", 7000) + bytes(24)
    assert bind(m, server, address) == 0
    assert m.call("listen", server, 1) == 0
    client = m.call("socket", INET, STREAM, 0)
    assert connect(m, client, inet(7000)) == 0
    served = m.call("accept", server, 0, 0)
    peer = name(m, served, "getpeername")
    assert peer[8:24] == bytes(10) + b"\xff\xff\x7f\0\0\1"
    assert bind(m, m.call("socket", INET, STREAM, 0), inet(7000)) == -E.EADDRINUSE


@pytest.mark.parametrize(("level", "option", "value", "errno", "now"), [
    (1, 8, 1000, 0, 2304), (1, 7, 10**8, 0, 425984), (6, 2, 50, E.EINVAL, 536),
    (6, 4, 0, E.EINVAL, 7200), (0, 2, 0, E.EINVAL, 64), (0, 2, 77, 0, 77),
    (0, 33, 3, E.EINVAL, 1), (1, 18, 0, 0, 1), (1, 3, 1, E.ENOPROTOOPT, 1), (6, 9, 5, 0, 7)])
def test_options(level: int, option: int, value: int, errno: int, now: int) -> None:
    m = make()
    fd = m.call("socket", INET, STREAM, 0)
    at, size = m.put(struct.pack("<i", value)), m.put(struct.pack("<I", 4))
    assert m.call("setsockopt", fd, level, option, at, 4) == -errno
    assert m.call("getsockopt", fd, level, option, at, size) == 0
    assert m.word(at) == now


def test_order_of_checks() -> None:
    m = make()
    fd = m.call("socket", INET, STREAM, 0)
    assert m.call("connect", 99, BAD, 16) == -E.EBADF
    assert m.call("bind", fd, BAD, 16) == -E.EFAULT
    assert m.call("bind", fd, BAD, 129) == -E.EINVAL
    assert m.call("bind", fd, m.put(inet(1)), 5) == -E.EINVAL
    assert m.call("setsockopt", fd, 1, 2, BAD, 3) == -E.EINVAL
    assert m.call("setsockopt", fd, 1, 2, BAD, 4) == -E.EFAULT
    assert m.call("getsockopt", fd, 1, 2, BAD, BAD) == -E.EFAULT
    assert m.call("accept4", fd, 0, 0, 1) == -E.EINVAL


def test_netlink_lists_lo() -> None:
    m = make()
    fd = m.call("socket", NETLINK, 3, 0)
    request = struct.pack("<IHHIIB3x", 20, 18, 0x301, 7, 0, 0)
    assert send(m, fd, request) == 20
    assert name(m, fd) == struct.pack("<HHII", NETLINK, 0, 1000, 0)
    reply = recv(m, fd, 8192)
    assert isinstance(reply, bytes)
    size, kind, flags, seq, port = struct.unpack_from("<IHHII", reply)
    assert (kind, flags, seq, port) == (16, 2, 7, 1000)
    assert struct.unpack_from("<xxHi", reply, 16) == (772, 1)
    assert b"lo\0" in reply[:size]
    assert struct.unpack_from("<IH", reply, size) == (20, 3)
    bad = struct.pack("<IHHIIB3x", 20, 200, 1, 8, 0, 0)
    send(m, fd, bad)
    error = recv(m, fd, 8192)
    assert isinstance(error, bytes)
    assert struct.unpack_from("<iI", error, 16) == (-E.EOPNOTSUPP, 20)


def test_interface_ioctls(m: Machine) -> None:
    fd = m.call("socket", INET, DGRAM, 0)
    request = m.put(b"lo".ljust(40, b"\0"))
    sock = m.task.files.get(fd)
    assert sock.ioctl(m.task, 0x8913, request) == 0
    assert m.word(request + 16, 2) == 0x49
    assert sock.ioctl(m.task, 0x8933, request) == 0
    assert m.word(request + 16) == 1
    a, b = pair(m)
    send(m, a, b"12345")
    at = m.room()
    assert m.task.files.get(b).ioctl(m.task, 0x541B, at) == 0
    assert m.word(at) == 5


def test_socketcall() -> None:
    m = make("i386")
    args = m.put(struct.pack("<3I", UNIX, STREAM, 0))
    assert m.call("socketcall", 1, args) == 0
    assert m.call("socketcall", 99, args) == -E.EINVAL
    assert m.call("socketcall", 1, BAD) == -E.EFAULT
    from tracer.kernel.registry import HANDLERS
    assert all(call in HANDLERS for call, _ in SOCKETCALLS.values())
