"""Which socket has which port: conflicts and the choice of ephemeral ports
(net/ipv4/inet_connection_sock.c, inet_hashtables.c, udp.c).

Ephemeral ports are not random here but the next free one: even numbers for connect(2), odd
ones for bind(2) with TCP, as the kernel prefers them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.address import is_any

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tracer.kernel.clock import Clock

FIRST, LAST = 32768, 60999      # net.ipv4.ip_local_port_range


class Holder(Protocol):
    """What holds a port: a socket, or what is left of a connection."""

    ip: bytes
    port: int
    uid: int

    def reuses(self) -> bool: ...
    def shares(self) -> bool: ...
    def only6(self) -> bool: ...
    def is_listening(self) -> bool: ...


class TimeWait:
    """A closed connection that still holds its port; until: CLOCK_MONOTONIC, or None while
    the other side is open."""

    __slots__ = ("_only6", "_reuse", "_share", "ip", "port", "uid", "until")

    def __init__(self, sock: Holder, until: int | None) -> None:
        self.ip = sock.ip
        self.port = sock.port
        self.uid = sock.uid
        self._reuse = sock.reuses()
        self._share = sock.shares()
        self._only6 = sock.only6()
        self.until = until

    def reuses(self) -> bool:
        return self._reuse

    def shares(self) -> bool:
        return self._share

    def only6(self) -> bool:
        return self._only6

    def is_listening(self) -> bool:
        return False


def _covers(holder: Holder, ip: bytes) -> bool:
    """Whether the holder's address is a wildcard that includes another."""
    if not is_any(holder.ip):
        return False
    if len(holder.ip) == 4:
        return len(ip) == 4
    return len(ip) == 16 or not holder.only6()


def overlap(one: Holder, other: Holder) -> bool:
    """Whether packets could be meant for both addresses."""
    return one.ip == other.ip or _covers(one, other.ip) or _covers(other, one.ip)


class PortTable:
    """The ports of one protocol."""

    def __init__(self, clock: Clock, stream: bool) -> None:
        self.clock = clock
        self.stream = stream
        self.holders: dict[int, list[Holder]] = {}
        self._next = {0: FIRST, 1: FIRST + 1}

    def at(self, port: int) -> list[Holder]:
        """Who holds a port, the oldest first."""
        holders = self.holders.get(port)
        if holders is None:
            return []
        if self.stream:
            now = self.clock.monotonic()
            old = [h for h in holders
                   if isinstance(h, TimeWait) and h.until is not None and h.until <= now]
            for each in old:
                holders.remove(each)
            if not holders:
                del self.holders[port]
        return holders

    def conflict(self, sock: Holder, port: int, listening: bool = False) -> bool:
        """Whether a socket may not have a port besides those who hold it."""
        reuse, share = sock.reuses(), sock.shares()
        for other in self.at(port):
            if other is sock or not overlap(sock, other):
                continue
            if share and other.shares() and sock.uid == other.uid:
                continue
            if reuse and other.reuses() and not (
                    self.stream and (listening or other.is_listening())
                    and (other.is_listening() or not listening)):
                continue
            return True
        return False

    def _candidates(self, parity: int) -> Iterator[int]:
        start = self._next[parity]
        yield from range(start, LAST + 1, 2)
        yield from range(FIRST + parity, start, 2)

    def ephemeral(self, connecting: bool) -> int:
        """A free port; EADDRINUSE for bind(2), EADDRNOTAVAIL for connect(2)."""
        parities = (0, 1)
        if self.stream and not connecting:
            parities = (1, 0)
        for parity in parities:
            for port in self._candidates(parity):
                if not self.at(port):
                    self._next[parity] = port + 2 if port + 2 <= LAST else FIRST + parity
                    return port
        if connecting and self.stream:
            for parity in parities:
                for port in self._candidates(parity):
                    if all(isinstance(h, TimeWait) for h in self.at(port)):
                        return port
        raise LinuxError(E.EADDRNOTAVAIL if connecting else E.EADDRINUSE)

    def claim(self, sock: Holder, port: int) -> None:
        """Give a socket a port (``sock.ip`` is set)."""
        sock.port = port
        self.holders.setdefault(port, []).append(sock)

    def replace(self, sock: Holder, by: Holder | None) -> None:
        """A socket gives its port back, or leaves something in its place."""
        holders = self.holders.get(sock.port, [])
        for i, each in enumerate(holders):
            if each is sock:
                if by is None:
                    del holders[i]
                else:
                    holders[i] = by
                break
        if not holders:
            self.holders.pop(sock.port, None)
