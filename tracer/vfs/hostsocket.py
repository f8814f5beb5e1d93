"""Sockets of the host, for programs that may connect out (``--net=host``).

They never wait: what would block raises EAGAIN.  Addresses are the packed bytes of an IP
address and a port.
"""
from __future__ import annotations

import errno
import os
import socket
import struct
from typing import Any

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.vfs import hostpoll
from tracer.vfs.hosterror import linux_error

_PENDING = frozenset(getattr(errno, name) for name in (
    "EINPROGRESS", "EWOULDBLOCK", "EALREADY", "EAGAIN", "WSAEWOULDBLOCK", "WSAEALREADY")
    if hasattr(errno, name))
_MAX_DATAGRAM = 65536


class HostSocket:
    """A TCP (``stream``) or UDP socket of the host for IPv4 (4 bytes of address) or IPv6."""

    def __init__(self, size: int, stream: bool) -> None:
        """size: bytes of its addresses, 4 or 16.  Raises what socket(2) raises."""
        self._family = socket.AF_INET if size == 4 else socket.AF_INET6
        kind = socket.SOCK_STREAM if stream else socket.SOCK_DGRAM
        try:
            self._socket = socket.socket(self._family, kind)
            self._socket.setblocking(False)
        except OSError as error:
            raise linux_error(error) from None

    def fileno(self) -> int:
        """The host's descriptor."""
        return self._socket.fileno()

    def _pack(self, ip: bytes, port: int) -> tuple[Any, ...]:
        return socket.inet_ntop(self._family, ip), port

    def _unpack(self, address: tuple[Any, ...]) -> tuple[bytes, int]:
        host, port = address[:2]
        return socket.inet_pton(self._family, host.partition("%")[0]), port

    def connect(self, ip: bytes, port: int) -> None:
        """Begin to connect; EINPROGRESS while that takes time, or why it failed."""
        try:
            result = self._socket.connect_ex(self._pack(ip, port))
        except OSError as error:
            raise linux_error(error) from None
        if result in _PENDING:
            raise LinuxError(E.EINPROGRESS)
        if result:
            raise linux_error(OSError(result, os.strerror(result)))

    def writable(self) -> bool:
        """Whether there is room to send, or an error to be told."""
        return bool(hostpoll.ready((), (self,)))

    def connected(self) -> int | None:
        """What became of a connect: 0, an error, or None as long as it takes."""
        if not self.writable():
            return None
        number = self._socket.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
        return linux_error(OSError(number, "")).errno if number else 0

    def address(self, peer: bool = False) -> tuple[bytes, int]:
        """Its own address and port, or the other's."""
        try:
            return self._unpack(self._socket.getpeername() if peer
                                else self._socket.getsockname())
        except OSError as error:
            raise linux_error(error) from None

    def send(self, data: bytes, to: tuple[bytes, int] | None = None) -> int:
        """Bytes sent; EAGAIN, and what the network tells."""
        try:
            if to is None:
                return self._socket.send(data)
            return self._socket.sendto(data, self._pack(*to))
        except OSError as error:
            raise _translated(error) from None

    def receive(self) -> tuple[bytes, tuple[bytes, int] | None]:
        """What has come and, for datagrams, from whom; EAGAIN, and what the network tells."""
        try:
            if self._socket.type == socket.SOCK_STREAM:
                return self._socket.recv(_MAX_DATAGRAM), None
            data, source = self._socket.recvfrom(_MAX_DATAGRAM)
        except OSError as error:
            raise _translated(error) from None
        return data, self._unpack(source)

    def shutdown(self) -> None:
        """Nothing more will be sent."""
        try:
            self._socket.shutdown(socket.SHUT_WR)
        except OSError as error:
            raise linux_error(error) from None

    def close(self, reset: bool = False) -> None:
        """Close it; reset: without the usual farewell (SO_LINGER of 0)."""
        if reset:
            self._socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self._socket.close()


def _translated(error: OSError) -> LinuxError:
    return LinuxError(E.EAGAIN) if error.errno in _PENDING else linux_error(error)


def name_servers() -> frozenset[bytes]:
    """The IP addresses in the host's /etc/resolv.conf, packed."""
    found = set()
    for line in resolv_conf().splitlines():
        words = line.split()
        if len(words) > 1 and words[0] == b"nameserver":
            for family in (socket.AF_INET, socket.AF_INET6):
                try:
                    found.add(socket.inet_pton(family, os.fsdecode(words[1])))
                except (OSError, ValueError):
                    continue
    return frozenset(found)


def resolv_conf() -> bytes:
    """The host's /etc/resolv.conf; empty where there is none."""
    try:
        with open("/etc/resolv.conf", "rb") as file:
            return file.read(1 << 16)
    except OSError:
        return b""
