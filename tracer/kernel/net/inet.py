"""What TCP, UDP and raw sockets share: addresses, ports, options of IP (ip(7), ipv6(7))."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net import inetoptions
from tracer.kernel.net.address import (
    ANY4,
    ANY6,
    LOOPBACK4,
    LOOPBACK6,
    Endpoint,
    bindable,
    is_any,
    is_local,
    pack,
    parse,
    source_for,
)
from tracer.kernel.net.constants import (
    AF_INET,
    AF_INET6,
    CAP_NET_BIND_SERVICE,
    IPPROTO_IP,
    IPPROTO_IPV6,
    SOCK_STREAM,
)
from tracer.kernel.net.options import SO_REUSEADDR, SO_REUSEPORT, integer
from tracer.kernel.net.ports import PortTable
from tracer.kernel.net.socket import Net, Socket

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.kernel.task import Task

PROT_SOCK = 1024                # net.ipv4.ip_unprivileged_port_start
IPV6_V6ONLY = 26
IP_FREEBIND, IP_TRANSPARENT, IPV6_FREEBIND = 15, 19, 78


class InetSocket(Socket):
    """ip, port: its own address; remote: the other's, once connected.

    fixed_ip, fixed_port: given by bind(2), so that disconnecting does not take them away.
    """

    __slots__ = ("family", "fixed_ip", "fixed_port", "ip", "port", "remote")

    family: int

    def __init__(self, net: Net, task: Task, family: int, kind: int, protocol: int,
                 flags: int = 0) -> None:
        super().__init__(net, task, kind, protocol, flags)
        self.family = family
        self.ip = ANY4 if family == AF_INET else ANY6
        self.port = 0
        self.remote: Endpoint | None = None
        self.fixed_ip = self.fixed_port = False

    @property
    def name_size(self) -> int:  # type: ignore[override]
        return 16 if self.family == AF_INET else 28

    @property
    def table(self) -> PortTable:
        """The ports of its protocol."""
        stream = self.type == SOCK_STREAM
        key = "tcp" if stream else "udp"
        found = self.net.ports.get(key)
        if found is None:
            found = self.net.ports[key] = PortTable(self.net.kernel.clock, stream)
        return found

    # -- as a holder of a port ------------------------------------------------------------
    def reuses(self) -> bool:
        return bool(integer(self, SO_REUSEADDR))

    def shares(self) -> bool:
        return bool(integer(self, SO_REUSEPORT))

    def only6(self) -> bool:
        return bool(self.options.get((IPPROTO_IPV6, IPV6_V6ONLY), 0))

    # -- addresses --------------------------------------------------------------------------
    def bind(self, task: Task, address: bytes) -> None:
        ip, port = parse(self.family, address, True)
        if len(ip) == 4 and self.family == AF_INET6 and self.only6():
            raise LinuxError(E.EINVAL)
        free = any(self.options.get(key) for key in (
            (IPPROTO_IP, IP_FREEBIND), (IPPROTO_IP, IP_TRANSPARENT),
            (IPPROTO_IPV6, IPV6_FREEBIND)))
        if not bindable(ip) and not free:
            raise LinuxError(E.EADDRNOTAVAIL)
        if 0 < port < PROT_SOCK and not task.creds.capable(CAP_NET_BIND_SERVICE):
            raise LinuxError(E.EACCES)
        if self.port or not self.may_bind():
            raise LinuxError(E.EINVAL)
        old, self.ip = self.ip, ip
        self.claim(port, old)
        self.fixed_ip = not is_any(ip)
        self.fixed_port = port != 0

    def may_bind(self) -> bool:
        """Whether its state allows bind(2)."""
        return self.remote is None

    def claim(self, port: int, old_ip: bytes) -> None:
        """Take a port, or an ephemeral one for 0; EADDRINUSE."""
        table = self.table
        try:
            if not port:
                port = table.ephemeral(False)
            elif table.conflict(self, port):
                raise LinuxError(E.EADDRINUSE)
        except LinuxError:
            self.ip = old_ip
            raise
        table.claim(self, port)

    def autobind(self, connecting: bool = False) -> None:
        """An ephemeral port for a socket that has none."""
        if not self.port:
            table = self.table
            table.claim(self, table.ephemeral(connecting))

    def destination(self, address: bytes) -> Endpoint:
        """Where a packet goes; EINVAL, EAFNOSUPPORT, ENETUNREACH."""
        ip, port = parse(self.family, address)
        if is_any(ip):
            ip = LOOPBACK4 if len(ip) == 4 or len(self.ip) == 4 else LOOPBACK6
        if not is_local(ip):
            raise LinuxError(E.ENETUNREACH)
        if (len(ip) != len(self.ip) and not is_any(self.ip)) or (len(ip) == 4 and self.only6()):
            raise LinuxError(E.ENETUNREACH)
        return ip, port

    def settle(self, remote: Endpoint) -> None:
        """Note whom it is connected to, and so its own address."""
        self.remote = remote
        if is_any(self.ip):
            self.ip = source_for(remote[0])

    def unsettle(self) -> None:
        """The opposite; an address given by bind(2) stays."""
        self.remote = None
        if not self.fixed_ip:
            self.ip = ANY4 if self.family == AF_INET else ANY6

    def give_port(self) -> None:
        """Give the port back, unless bind(2) asked for it."""
        if self.port and not self.fixed_port:
            self.table.replace(self, None)
            self.port = 0

    def address(self, peer: bool) -> bytes:
        if peer:
            if self.remote is None:
                raise LinuxError(E.ENOTCONN)
            return pack(self.family, self.remote)
        return pack(self.family, (self.ip, self.port))

    # -- options --------------------------------------------------------------------------
    def set_option(self, task: Task, level: int, name: int, value: bytes) -> None:
        inetoptions.set_option(task, self, level, name, value)

    def get_option(self, task: Task, level: int, name: int, size: int,
                   given: Callable[[int], bytes]) -> bytes:
        return inetoptions.get_option(task, self, level, name, size)
