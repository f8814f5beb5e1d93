"""ioctl requests of sockets: queue sizes and the interface lo (netdevice(7), linux/sockios.h)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import is_32bit
from tracer.kernel.net.address import LOOPBACK4
from tracer.kernel.net.constants import AF_INET, CAP_NET_ADMIN, SOCK_STREAM
from tracer.kernel.net.options import int_bytes
from tracer.kernel.net.rtnetlink import ARPHRD_LOOPBACK, LO_FLAGS, LO_INDEX, LO_MTU
from tracer.vfs import user

if TYPE_CHECKING:
    from tracer.kernel.net.socket import Socket
    from tracer.kernel.task import Task

FIONREAD, TIOCOUTQ = 0x541B, 0x5411         # SIOCINQ, SIOCOUTQ
FIOSETOWN, SIOCSPGRP, FIOGETOWN, SIOCGPGRP, SIOCATMARK = 0x8901, 0x8902, 0x8903, 0x8904, 0x8905
SIOCGSTAMP, SIOCGSTAMPNS = 0x8906, 0x8907
SIOCGIFNAME, SIOCGIFCONF, SIOCGIFFLAGS, SIOCSIFFLAGS = 0x8910, 0x8912, 0x8913, 0x8914
SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK = 0x8915, 0x8917, 0x8919, 0x891B
SIOCGIFMETRIC, SIOCGIFMTU, SIOCGIFHWADDR, SIOCGIFINDEX = 0x891D, 0x8921, 0x8927, 0x8933
SIOCGIFMAP, SIOCGIFTXQLEN, SIOCETHTOOL = 0x8970, 0x8942, 0x8946
_CHANGES = frozenset((SIOCSIFFLAGS, 0x8916, 0x8918, 0x891A, 0x891C, 0x891E, 0x8922, 0x8923,
                      0x8924, 0x8931, 0x8932, 0x8943, 0x8971, 0x890B, 0x890C))


def _address(ip: bytes) -> bytes:
    return AF_INET.to_bytes(2, "little") + bytes(2) + ip + bytes(8)


_ANSWERS = {
    SIOCGIFFLAGS: (LO_FLAGS & 0xFFFF).to_bytes(2, "little"),
    SIOCGIFMETRIC: int_bytes(0),
    SIOCGIFMTU: int_bytes(LO_MTU),
    SIOCGIFHWADDR: ARPHRD_LOOPBACK.to_bytes(2, "little") + bytes(14),
    SIOCGIFINDEX: int_bytes(LO_INDEX),
    SIOCGIFTXQLEN: int_bytes(1000),
    SIOCGIFADDR: _address(LOOPBACK4),
    SIOCGIFDSTADDR: _address(LOOPBACK4),
    SIOCGIFBRDADDR: _address(bytes(4)),
    SIOCGIFNETMASK: _address(b"\xff\0\0\0"),
}
_INET_ONLY = frozenset((SIOCGIFADDR, SIOCGIFDSTADDR, SIOCGIFBRDADDR, SIOCGIFNETMASK))


def ioctl(task: Task, sock: Socket, request: int, arg: int) -> int:
    """Raises ENOTTY, ENODEV, EFAULT, EPERM."""
    if request == FIONREAD:
        user.put_int(task, arg, sock.queued())
    elif request == TIOCOUTQ:
        user.put_int(task, arg, sock.unsent())
    elif request == SIOCATMARK:
        at_mark = getattr(sock, "at_mark", None)
        if at_mark is None or sock.type != SOCK_STREAM:
            raise LinuxError(E.ENOTTY)
        user.put_int(task, arg, int(at_mark()))
    elif request in (FIOSETOWN, SIOCSPGRP):
        sock.owner = user.get_int(task, arg)
    elif request in (FIOGETOWN, SIOCGPGRP):
        user.put_int(task, arg, sock.owner)
    elif request in (SIOCGSTAMP, SIOCGSTAMPNS):
        raise LinuxError(E.ENOENT if sock.type != SOCK_STREAM else E.ENOTTY)
    elif request == SIOCGIFCONF:
        _interfaces(task, sock, arg)
    elif request == SIOCGIFNAME:
        size = 32 if is_32bit(task) else 40
        data = user.get(task, arg, size)
        if int.from_bytes(data[16:20], "little", signed=True) != LO_INDEX:
            raise LinuxError(E.ENODEV)
        user.put(task, arg, b"lo".ljust(16, b"\0") + data[16:])
    elif request in _ANSWERS:
        if request in _INET_ONLY and sock.family != AF_INET:
            raise LinuxError(E.ENOTTY)
        user.put(task, arg + 16, _lo(task, arg, _ANSWERS[request]))
    elif request == SIOCGIFMAP:
        user.put(task, arg + 16, _lo(task, arg, bytes(24)))
    elif request in _CHANGES:
        data = user.get(task, arg, 32)
        if not task.creds.capable(CAP_NET_ADMIN):
            raise LinuxError(E.EPERM)
        if data[:16].split(b"\0", 1)[0] != b"lo":
            raise LinuxError(E.ENODEV)
        raise LinuxError(E.EOPNOTSUPP)
    elif request == SIOCETHTOOL:
        _lo(task, arg, b"")
        raise LinuxError(E.EOPNOTSUPP)
    else:
        raise LinuxError(E.ENOTTY)
    return 0


def _lo(task: Task, arg: int, answer: bytes) -> bytes:
    """The answer for the interface a struct ifreq names; ENODEV, EFAULT."""
    name = user.get(task, arg, 32)[:16].split(b"\0", 1)[0].split(b":", 1)[0]
    if name != b"lo":
        raise LinuxError(E.ENODEV)
    return answer


def _interfaces(task: Task, sock: Socket, arg: int) -> None:
    """SIOCGIFCONF: interfaces with an IPv4 address; only the size for a null buffer."""
    word, size = (4, 32) if is_32bit(task) else (8, 40)
    data = user.get(task, arg, 2 * word)
    room = int.from_bytes(data[:4], "little", signed=True)
    buffer = int.from_bytes(data[word:2 * word], "little")
    if not buffer:
        user.put_int(task, arg, size)
        return
    length = 0
    if room >= size:
        record = b"lo".ljust(16, b"\0") + _address(LOOPBACK4)
        user.put(task, buffer, record.ljust(size, b"\0"))
        length = size
    user.put_int(task, arg, length)
