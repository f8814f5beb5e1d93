"""NETLINK_SOCK_DIAG: what ss(8) asks of the sockets (sock_diag(7))."""
from __future__ import annotations

import struct
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.net.constants import AF_INET, AF_INET6, AF_NETLINK, AF_UNIX
from tracer.kernel.net.netlink import NLM_F_MULTI, NetlinkSocket, Request, message
from tracer.kernel.net.options import int_bytes
from tracer.kernel.net.rtnetlink import attribute
from tracer.kernel.net.socket import Socket

if TYPE_CHECKING:
    from tracer.kernel.kernel import Kernel
    from tracer.kernel.task import Task

SOCK_DIAG_BY_FAMILY = 20
# linux/unix_diag.h, linux/netlink_diag.h
UDIAG_SHOW_NAME, UDIAG_SHOW_PEER = 1, 4
UNIX_DIAG_NAME, UNIX_DIAG_PEER, UNIX_DIAG_SHUTDOWN = 0, 2, 6
NDIAG_PROTO_ALL = 0xFF
_IPPROTO_TCP, _IPPROTO_UDP = 6, 17
_TCP_ESTABLISHED, _TCP_CLOSE = 1, 7         # net/tcp_states.h, which all families use
_UNIX_STATES = (_TCP_CLOSE, 10, _TCP_ESTABLISHED)      # by tracer.kernel.net.unix's
_INET_REQUEST, _UNIX_REQUEST, _NETLINK_REQUEST = 56, 24, 20    # sizes of the structures


def sockets(kernel: Kernel) -> list[Any]:
    """All open sockets, by inode number."""
    found = {}
    for task in kernel.tasks.values():
        for file in task.files.files.values():
            if isinstance(file, Socket) and file.inode is not None:
                found[file.inode.ino] = file
    return [found[ino] for ino in sorted(found)]


def answer(task: Task, sock: NetlinkSocket, request: Request) -> bytes | None:
    """Answer SOCK_DIAG_BY_FAMILY.  Raises EINVAL, ENOENT."""
    body = request.body
    if request.kind != SOCK_DIAG_BY_FAMILY or len(body) < 2:
        raise LinuxError(E.EINVAL)
    family = body[0]
    if family not in _FAMILIES:
        raise LinuxError(E.ENOENT)
    size, describe = _FAMILIES[family]
    if len(body) < size:
        raise LinuxError(E.EINVAL)
    wanted = None
    if not request.dumps:
        if family != AF_UNIX:
            raise LinuxError(E.ENOENT)
        wanted = int.from_bytes(body[8:12], "little")
    replies = []
    for each in sockets(task.kernel):
        if each.family == family and wanted in (None, each.inode.ino):
            found = describe(each, body)
            if found is not None:
                replies.append(message(SOCK_DIAG_BY_FAMILY, NLM_F_MULTI if wanted is None else 0,
                                       request.seq, sock.port, found))
    if wanted is not None:
        if not replies:
            raise LinuxError(E.ENOENT)
        return replies[0]
    if replies:
        sock.put(b"".join(replies), 0, (0, 0, 0))
    return sock.done(request)


def _cookie(sock: Any) -> bytes:
    return struct.pack("<II", sock.inode.ino, 0)


def _inet(sock: Any, body: bytes) -> bytes | None:
    """struct inet_diag_msg; only sockets with a port are in the kernel's tables."""
    states = int.from_bytes(body[4:8], "little")
    protocol = sock.protocol or (_IPPROTO_TCP if sock.flows else _IPPROTO_UDP)
    state = getattr(sock, "state", None)
    if state is None:
        state = _TCP_CLOSE if sock.remote is None else _TCP_ESTABLISHED
    if protocol != body[1] or not sock.port or not states >> state & 1:
        return None
    if sock.flows and state == _TCP_CLOSE:
        return None

    def padded(ip: bytes) -> bytes:
        if sock.family == AF_INET6 and len(ip) == 4:
            ip = bytes(10) + b"\xff\xff" + ip
        return ip.ljust(16, b"\0")

    ip, port = sock.remote or (b"", 0)
    return (bytes((sock.family, state, 0, 0)) + struct.pack(">HH", sock.port, port)
            + padded(sock.ip) + padded(ip) + int_bytes(0) + _cookie(sock)
            + struct.pack("<IIIII", 0, 0, 0, sock.uid, sock.inode.ino))


def _unix(sock: Any, body: bytes) -> bytes | None:
    """struct unix_diag_msg with its attributes."""
    states, _, show = struct.unpack_from("<III", body, 4)
    state = _UNIX_STATES[sock.state]
    if not states >> state & 1:
        return None
    data = bytes((AF_UNIX, sock.type, state, 0)) + int_bytes(sock.inode.ino) + _cookie(sock)
    if show & UDIAG_SHOW_NAME and sock.sun:
        data += attribute(UNIX_DIAG_NAME, sock.sun[2:])
    if show & UDIAG_SHOW_PEER and sock.peer is not None and sock.peer.inode is not None:
        data += attribute(UNIX_DIAG_PEER, int_bytes(sock.peer.inode.ino))
    return data + attribute(UNIX_DIAG_SHUTDOWN, bytes((sock.shut,)))


def _netlink(sock: Any, body: bytes) -> bytes | None:
    """struct netlink_diag_msg; only bound sockets."""
    if not sock.port or body[1] not in (NDIAG_PROTO_ALL, sock.protocol):
        return None
    port, groups = sock.peer
    state = 1 if port or groups else 0      # NETLINK_CONNECTED
    return (bytes((AF_NETLINK, sock.type, sock.protocol, state))
            + struct.pack("<IIII", sock.port, port, groups, sock.inode.ino) + _cookie(sock))


# Family → size of its request, what describes a socket.
_FAMILIES: dict[int, tuple[int, Callable[[Any, bytes], bytes | None]]] = {
    AF_INET: (_INET_REQUEST, _inet), AF_INET6: (_INET_REQUEST, _inet),
    AF_UNIX: (_UNIX_REQUEST, _unix), AF_NETLINK: (_NETLINK_REQUEST, _netlink),
}
