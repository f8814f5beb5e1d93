"""--net=host: sockets that connect out, against a server of this process."""
from __future__ import annotations

import socket
import struct
import threading
from collections.abc import Iterator

import pytest
from machine import SECOND, Machine

from sysnames import errno as E
from tracer.kernel.net import outside
from tracer.kernel.net.socket import network
from tracer.vfs import hostsocket
from tracer.wait import Wait

INET, STREAM, DGRAM, NONBLOCK, DONTWAIT = 2, 1, 2, 0o4000, 0x40
HERE = b"\x7f\0\0\1"


@pytest.fixture
def m() -> Iterator[Machine]:
    """A machine for which this one's loopback is outside, as a local name server's is."""
    machine = Machine()
    machine.kernel.host_network = True
    network(machine.kernel).name_servers = frozenset((HERE,))
    yield machine
    for each in tuple(machine.kernel.outside):
        each.release()


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[socket.socket]:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        monkeypatch.setattr(outside, "_DNS", listening.getsockname()[1])
        yield listening


def address(port: int, ip: bytes = HERE) -> bytes:
    return struct.pack("<H", INET) + struct.pack(">H", port) + ip + bytes(8)


def finish(m: Machine, generator: object) -> int:
    """Run a call to its end as the scheduler would: it waits for the host."""
    assert hasattr(generator, "send"), generator
    try:
        generator.send(None)
        while True:
            assert m.kernel.look_outside(10)
            generator.send(Wait.WOKEN)
    except StopIteration as end:
        return int(end.value)


def connected(m: Machine, port: int) -> int:
    fd = m.call("socket", INET, STREAM, 0)
    result = m.start("connect", fd, m.put(address(port)), 16)
    assert (result if isinstance(result, int) else finish(m, result)) == 0
    return fd


def receive(m: Machine, fd: int, size: int) -> bytes:
    at = m.room(size)
    result = m.start("recvfrom", fd, at, size, 0, 0, 0)
    count = result if isinstance(result, int) else finish(m, result)
    assert count >= 0
    return bytes(m.task.mem.read(at, count))


def test_stream(m: Machine, server: socket.socket) -> None:
    fd = connected(m, server.getsockname()[1])
    other, _ = server.accept()
    with other:
        assert m.call("sendto", fd, m.put(b"question"), 8, 0, 0, 0) == 8
        assert other.recv(100) == b"question"
        at = m.room(16)
        assert m.call("recvfrom", fd, at, 16, DONTWAIT, 0, 0) == -E.EAGAIN
        other.sendall(b"answer")
        assert receive(m, fd, 16) == b"answer"
        size = m.put(struct.pack("<I", 16))
        assert m.call("getpeername", fd, at, size) == 0
        assert m.task.mem.read(at, 8) == address(server.getsockname()[1])[:8]
        assert m.call("getsockname", fd, at, size) == 0
        assert m.task.mem.read(at, 8) == address(other.getpeername()[1])[:8]
        assert m.call("shutdown", fd, 1) == 0
        assert other.recv(100) == b""
    assert receive(m, fd, 16) == b""
    m.task.files.close(fd)
    assert not m.kernel.outside


def test_what_does_not_fit_waits(m: Machine, server: socket.socket) -> None:
    fd = connected(m, server.getsockname()[1])
    other, _ = server.accept()
    total = 30 << 20
    got = 0

    def drain() -> None:
        nonlocal got
        while got < total:
            got += len(other.recv(1 << 20))

    with other:
        m.task.files.get(fd).set_flags(2 | NONBLOCK)
        piece = m.put(bytes(60000))
        sent = 0
        while (n := m.call("sendto", fd, piece, 60000, 0, 0, 0)) > 0:
            sent += n
        assert n == -E.EAGAIN and 0 < sent < total
        assert not m.task.files.get(fd).poll() & 4
        total = sent
        reader = threading.Thread(target=drain)
        reader.start()
        while not m.task.files.get(fd).poll() & 4:
            m.kernel.look_outside(10)
        reader.join()
        assert got == total


def test_refused_and_in_progress(m: Machine, server: socket.socket) -> None:
    port = server.getsockname()[1]
    fd = m.call("socket", INET, STREAM | NONBLOCK, 0)
    result = m.call("connect", fd, m.put(address(port)), 16)
    assert result in (0, -E.EINPROGRESS)
    while not m.task.files.get(fd).poll() & 4:
        m.kernel.look_outside(10)
    server.close()
    late = m.call("socket", INET, STREAM, 0)
    result = m.start("connect", late, m.put(address(port)), 16)
    if not isinstance(result, int):
        with pytest.raises(Exception) as raised:
            finish(m, result)
        result = -raised.value.errno        # type: ignore[attr-defined]
    assert result == -E.ECONNREFUSED
    size = m.put(struct.pack("<I", 16))
    assert m.call("getpeername", late, m.room(16), size) == -E.ENOTCONN


def test_edges(m: Machine, server: socket.socket) -> None:
    """An edge-triggered watch hears of each arrival once."""
    fd = connected(m, server.getsockname()[1])
    other, _ = server.accept()
    with other:
        epoll = m.call("epoll_create1", 0)
        assert m.call("epoll_ctl", epoll, 1, fd, m.put(struct.pack("<IQ", 1 << 31 | 1, 7))) == 0
        events = m.room(64)
        assert m.call("epoll_wait", epoll, events, 4, 0) == 0
        for data in (b"one", b"two"):
            other.sendall(data)
            found = m.start("epoll_wait", epoll, events, 4, -1)
            assert (found if isinstance(found, int) else finish(m, found)) == 1
            assert m.call("epoll_wait", epoll, events, 4, 0) == 0


def test_datagrams(m: Machine, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.bind(("127.0.0.1", 0))
        port = server.getsockname()[1]
        monkeypatch.setattr(outside, "_DNS", port)
        fd = m.call("socket", INET, DGRAM, 0)
        where = m.put(address(port))
        assert m.call("sendto", fd, m.put(b"who"), 3, 0, where, 16) == 3
        data, sender = server.recvfrom(100)
        server.sendto(data.upper(), sender)
        assert receive(m, fd, 16) == b"WHO"
        assert m.call("connect", fd, where, 16) == 0
        assert m.call("sendto", fd, m.put(b"me"), 2, 0, 0, 0) == 2
        data, sender = server.recvfrom(100)
        assert data == b"me"


def test_the_loopback_stays_virtual(m: Machine, server: socket.socket) -> None:
    fd = m.call("socket", INET, STREAM, 0)
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert m.call("connect", fd, m.put(address(port)), 16) == -E.ECONNREFUSED
    assert m.call("sendto", m.call("socket", INET, DGRAM, 0), m.put(b"x"), 1, 0,
                  m.put(address(port)), 16) == 1
    assert not m.kernel.outside


def test_nothing_leaves_by_default(server: socket.socket) -> None:
    m = Machine()
    for kind in (STREAM, DGRAM):
        fd = m.call("socket", INET, kind, 0)
        where = m.put(address(80, b"\xc0\0\2\1"))
        assert m.call("connect", fd, where, 16) == -E.ENETUNREACH
    assert not m.kernel.outside


def test_time_stands_still_for_answers(m: Machine, server: socket.socket) -> None:
    """A time-out is waited for on the host's clock, but an answer takes no virtual time."""
    fd = connected(m, server.getsockname()[1])
    other, _ = server.accept()
    with other:
        before = m.kernel.clock.monotonic()
        other.sendall(b"x")
        assert m.kernel.wait_for_host(before + 100 * SECOND)
        assert m.kernel.clock.monotonic() == before
        assert receive(m, fd, 1) == b"x"
        assert not m.kernel.wait_for_host(before + 1000)


def test_descriptors_that_select_does_not_take(m: Machine, server: socket.socket,
                                               monkeypatch: pytest.MonkeyPatch) -> None:
    """A host descriptor above 1023 can be waited for."""
    fcntl, resource = pytest.importorskip("fcntl"), pytest.importorskip("resource")
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard < 2048:
        pytest.skip(f"a process may have {hard} descriptors only")
    make = socket.socket

    def high(family: int, kind: int) -> socket.socket:
        with make(family, kind) as low:
            return make(family, kind, fileno=fcntl.fcntl(low, fcntl.F_DUPFD_CLOEXEC, 1500))

    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, 2048), hard))
    try:
        with monkeypatch.context() as patch:
            patch.setattr(hostsocket.socket, "socket", high)
            fd = connected(m, server.getsockname()[1])
        (sock,) = m.kernel.outside
        assert sock.host.fileno() >= 1500
        there, _ = server.accept()
        with there:
            assert not m.kernel.look_outside(0)
            there.sendall(b"answer")
            at = m.room()
            result = m.start("recvfrom", fd, at, 6, 0, 0, 0)
            assert (result if isinstance(result, int) else finish(m, result)) == 6
            assert m.task.mem.read(at, 6) == b"answer"
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
