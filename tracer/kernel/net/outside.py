"""Sockets that may connect out (``--net=host``).

They are those of the virtual loopback until they connect, or send, to an address that is not
the machine's own; then a socket of the host stands behind them.  What comes from it is put into
the same buffers.  Nobody outside can connect to a program.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import (
    Endpoint,
    family_of,
    is_any,
    is_local,
    is_multicast,
    pack,
    parse,
)
from tracer.kernel.net.constants import AF_UNSPEC, SHUTDOWN_MASK
from tracer.kernel.net.options import linger
from tracer.kernel.net.tcp import CLOSE, CONNECTED, CONNECTING, ESTABLISHED, SYN_SENT, TcpSocket
from tracer.kernel.net.udp import BROADCAST, Datagram, UdpSocket
from tracer.vfs.base import O_NONBLOCK
from tracer.vfs.hostsocket import HostSocket

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.kernel.net.socket import Net, Received
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

_DNS = 53


def leads_out(net: Net, endpoint: Endpoint) -> bool:
    """Whether packets to it leave the machine: also those to a name server of the host's that
    listens on the host's loopback."""
    ip, port = endpoint
    if is_any(ip) or is_multicast(ip) or ip == BROADCAST:
        return False
    return not is_local(ip) or (port == _DNS and ip in net.name_servers)


class OutgoingTcp(TcpSocket):
    """host: what stands behind it.  blocked: the host takes no more bytes at the moment."""

    __slots__ = ("blocked", "host")

    def __init__(self, net: Net, task: Task, family: int, flags: int = 0) -> None:
        super().__init__(net, task, family, flags)
        self.host: HostSocket | None = None
        self.blocked = False

    # -- for the scheduler ------------------------------------------------------------------
    def reading(self) -> Sequence[HostSocket]:
        """What to watch for something to read."""
        if self.host is None or self.state == SYN_SENT or self.done or self.error or (
                len(self.inbox) >= self.rcvbuf):
            return ()
        return (self.host,)

    def writing(self) -> Sequence[HostSocket]:
        """What to watch for room to write."""
        return (self.host,) if self.host is not None and (
            self.blocked or self.state == SYN_SENT) else ()

    def ready(self) -> None:
        """The host's socket may have news."""
        host = self.host
        if host is None:
            return
        if self.state == SYN_SENT:
            result = host.connected()
            if result:
                self._drop_host()
                self._fail(result)
            elif result == 0:
                self._reached(host)
        if self.blocked and host.writable():
            self.blocked = False
            self.wake()
        self._pump(host)

    def _pump(self, host: HostSocket) -> None:
        before = len(self.inbox)
        while self.reading():
            try:
                data, _ = host.receive()
            except LinuxError as error:
                if error.errno != E.EAGAIN:
                    self.error = error.errno
                    self.state = CLOSE
                    self.cut(SHUTDOWN_MASK)
                break
            if not data:
                self._got_fin()
                break
            self.inbox += data
        if len(self.inbox) != before:
            self.wake()

    # -- as a socket ------------------------------------------------------------------------
    def connect(self, task: Task, address: bytes, flags: int) -> Result:
        if self.host is None:
            if family_of(address) == AF_UNSPEC or self.phase != 0 or self.state != CLOSE:
                return super().connect(task, address, flags)
            remote = parse(self.family, address)
            if not leads_out(self.net, remote):
                return super().connect(task, address, flags)
            self._begin(remote)
            if flags & O_NONBLOCK and self.state == SYN_SENT:
                raise LinuxError(E.EINPROGRESS)
        elif family_of(address) == AF_UNSPEC:
            self._drop_host()
            return super().connect(task, address, flags)
        elif self.phase == CONNECTED:
            raise LinuxError(E.EISCONN)
        else:
            self.ready()
            if self.state == SYN_SENT and flags & O_NONBLOCK:
                raise LinuxError(E.EALREADY)
        if self.state == SYN_SENT:
            return self._wait_connect()
        return self._connected()

    def _begin(self, remote: Endpoint) -> None:
        host = HostSocket(len(remote[0]), True)
        self.host = host
        self.remote = remote
        self.error = self.shut = 0
        self.done = False
        self.state, self.phase = SYN_SENT, CONNECTING
        self.net.outside[self] = None
        try:
            host.connect(*remote)
        except LinuxError as error:
            if error.errno != E.EINPROGRESS:
                self._drop_host()
                self._fail(error.errno)
            return
        self._reached(host)

    def _reached(self, host: HostSocket) -> None:
        self.ip, self.shown_port = host.address()
        self.state = ESTABLISHED
        self.wake()

    def _drop_host(self) -> None:
        host, self.host = self.host, None
        if host is not None:
            host.close(linger(self) == 0)
            self.net.outside.pop(self, None)

    def address(self, peer: bool) -> bytes:
        if self.host is not None and not peer:
            return pack(self.family, (self.ip, self.shown_port))
        return super().address(peer)

    def _put(self, data: bytes, flags: int) -> int:
        host = self.host
        if host is None:
            return super()._put(data, flags)
        try:
            return host.send(data)
        except LinuxError as error:
            self.blocked |= error.errno == E.EAGAIN
            raise

    def receive(self, into: Received, size: int, flags: int) -> None:
        if self.host is not None:
            self._pump(self.host)
        super().receive(into, size, flags)

    def poll(self) -> int:
        if self.host is not None:
            self.ready()
        return super().poll()

    def _writable(self) -> bool:
        return not self.blocked if self.host is not None else super()._writable()

    def _send_fin(self) -> None:
        super()._send_fin()
        if self.host is not None:
            self.host.shutdown()

    def release(self) -> None:
        self._drop_host()
        super().release()


class OutgoingUdp(UdpSocket):
    """hosts: sockets of the host, by the size of their addresses."""

    __slots__ = ("hosts",)

    def __init__(self, net: Net, task: Task, family: int, flags: int, protocol: int) -> None:
        super().__init__(net, task, family, flags, protocol)
        self.hosts: dict[int, HostSocket] = {}

    def reading(self) -> Sequence[HostSocket]:
        """What to watch for something to read."""
        return tuple(self.hosts.values()) if self.used <= self.rcvbuf else ()

    def writing(self) -> Sequence[HostSocket]:
        """What to watch for room to write: a datagram that finds none is lost."""
        return ()

    def ready(self) -> None:
        """The host's sockets may have news."""
        now = self.net.kernel.clock.realtime()
        for host in self.hosts.values():
            while self.used <= self.rcvbuf:
                try:
                    data, source = host.receive()
                except LinuxError as error:
                    if error.errno != E.EAGAIN:
                        self.error = error.errno
                        self.wake()
                    break
                if source is not None and self.remote in (None, source):
                    self.put(Datagram(data, source, (self.ip, self.port), now))

    def _host(self, ip: bytes) -> HostSocket:
        host = self.hosts.get(len(ip))
        if host is None:
            host = self.hosts[len(ip)] = HostSocket(len(ip), False)
            self.net.outside[self] = None
        return host

    def destination(self, address: bytes) -> Endpoint:
        endpoint = parse(self.family, address)
        if leads_out(self.net, endpoint) and (len(endpoint[0]) == 16 or not self.only6()):
            return endpoint
        return super().destination(address)

    def settle(self, remote: Endpoint) -> None:
        if not leads_out(self.net, remote):
            super().settle(remote)
            return
        host = self._host(remote[0])
        host.connect(*remote)
        self.remote = remote
        if is_any(self.ip):
            self.ip = host.address()[0]

    def unsettle(self) -> None:
        if self.remote is not None and leads_out(self.net, self.remote):
            self._drop_hosts()
        super().unsettle()

    def _transmit(self, data: bytes, target: Endpoint,
                  control: Sequence[tuple[int, int, bytes]]) -> None:
        if not leads_out(self.net, target):
            super()._transmit(data, target, control)
            return
        host = self._host(target[0])
        try:
            host.send(data, None if self.remote == target else target)
        except LinuxError as error:
            if error.errno != E.EAGAIN:
                raise

    def receive(self, into: Received, size: int, flags: int) -> None:
        if self.hosts:
            self.ready()
        super().receive(into, size, flags)

    def poll(self) -> int:
        if self.hosts:
            self.ready()
        return super().poll()

    def _drop_hosts(self) -> None:
        for host in self.hosts.values():
            host.close()
        self.hosts.clear()
        self.net.outside.pop(self, None)

    def release(self) -> None:
        self._drop_hosts()
        super().release()
