"""setsockopt(2) and getsockopt(2) of SOL_SOCKET, and the tables other levels use
(socket(7), net/core/sock.c)."""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import is_32bit
from tracer.kernel.net.constants import (
    AF_INET,
    AF_INET6,
    AF_UNIX,
    BUFFER_DEFAULT,
    CAP_NET_ADMIN,
    CAP_NET_RAW,
    SOCK_MIN_RCVBUF,
    SOCK_MIN_SNDBUF,
    SOCK_STREAM,
    SOL_SOCKET,
)

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from tracer.kernel.net.socket import Socket
    from tracer.kernel.task import Task

# asm-generic/socket.h
SO_DEBUG, SO_REUSEADDR, SO_TYPE, SO_ERROR, SO_DONTROUTE, SO_BROADCAST = range(1, 7)
SO_SNDBUF, SO_RCVBUF, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK, SO_PRIORITY = range(7, 13)
SO_LINGER, SO_BSDCOMPAT, SO_REUSEPORT, SO_PASSCRED, SO_PEERCRED = range(13, 18)
SO_RCVLOWAT, SO_SNDLOWAT, SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD = range(18, 22)
SO_BINDTODEVICE, SO_ATTACH_FILTER, SO_DETACH_FILTER, SO_PEERNAME, SO_TIMESTAMP_OLD = range(25, 30)
SO_GET_FILTER = SO_ATTACH_FILTER
SO_ACCEPTCONN, SO_PEERSEC, SO_SNDBUFFORCE, SO_RCVBUFFORCE, SO_PASSSEC = range(30, 35)
SO_TIMESTAMPNS_OLD, SO_MARK, SO_TIMESTAMPING_OLD, SO_PROTOCOL, SO_DOMAIN = range(35, 40)
SO_RXQ_OVFL, SO_WIFI_STATUS, SO_PEEK_OFF, SO_NOFCS, SO_LOCK_FILTER = range(40, 45)
SO_SELECT_ERR_QUEUE, SO_BUSY_POLL, SO_MAX_PACING_RATE, SO_BPF_EXTENSIONS = range(45, 49)
SO_INCOMING_CPU, SO_ATTACH_BPF, SO_MEMINFO, SO_INCOMING_NAPI_ID = 49, 50, 55, 56
SO_COOKIE, SO_PEERGROUPS, SO_ZEROCOPY, SO_TXTIME, SO_BINDTOIFINDEX = 57, 59, 60, 61, 62
SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_NEW, SO_TIMESTAMPING_NEW = 63, 64, 65
SO_RCVTIMEO_NEW, SO_SNDTIMEO_NEW, SO_DETACH_REUSEPORT_BPF, SO_PREFER_BUSY_POLL = 66, 67, 68, 69
SO_BUSY_POLL_BUDGET, SO_NETNS_COOKIE, SO_BUF_LOCK, SO_RESERVE_MEM, SO_TXREHASH = range(70, 75)
SO_RCVMARK, SO_PASSPIDFD, SO_PEERPIDFD = 75, 76, 77

_BOOLEANS = frozenset((
    SO_DEBUG, SO_REUSEADDR, SO_DONTROUTE, SO_BROADCAST, SO_KEEPALIVE, SO_OOBINLINE, SO_NO_CHECK,
    SO_REUSEPORT, SO_TIMESTAMP_OLD, SO_TIMESTAMP_NEW, SO_TIMESTAMPNS_OLD, SO_TIMESTAMPNS_NEW,
    SO_RXQ_OVFL, SO_WIFI_STATUS, SO_NOFCS, SO_LOCK_FILTER, SO_SELECT_ERR_QUEUE,
    SO_PREFER_BUSY_POLL, SO_RCVMARK))
_PASSING = frozenset((SO_PASSCRED, SO_PASSSEC, SO_PASSPIDFD))
_STORED = frozenset((SO_BUSY_POLL, SO_INCOMING_CPU, SO_MARK, SO_TIMESTAMPING_OLD,
                     SO_TIMESTAMPING_NEW, SO_BUSY_POLL_BUDGET, SO_BUF_LOCK, SO_RESERVE_MEM,
                     SO_BINDTOIFINDEX))
_DEFAULTS = {SO_PEEK_OFF: -1, SO_INCOMING_CPU: -1, SO_TXREHASH: 1, SO_BUSY_POLL_BUDGET: 8}
_ZERO_LONG = frozenset((SO_NETNS_COOKIE, SO_COOKIE))
FILTER_SIZE = 8         # sizeof(struct sock_filter)
SECOND = 10**9


class Option(NamedTuple):
    """An integer option: what getsockopt gives before it is set, and what may be set.

    boolean: any value but 0 counts as 1.  byte: a single byte is enough for setsockopt, and
    getsockopt into fewer than four bytes gives one byte.
    """

    default: int = 0
    lowest: int = -1 << 31
    highest: int = (1 << 31) - 1
    boolean: bool = False
    byte: bool = False
    readonly: bool = False


def as_int(value: bytes) -> int:
    """The C int at the start of a value; EINVAL when it is shorter."""
    if len(value) < 4:
        raise LinuxError(E.EINVAL)
    return int.from_bytes(value[:4], "little", signed=True)


def int_bytes(value: int, size: int = 4) -> bytes:
    """A C int."""
    return (value & (1 << 8 * size) - 1).to_bytes(size, "little")


def set_integer(sock: Socket, table: Mapping[int, Option], level: int, name: int,
                value: bytes) -> None:
    """An option of a table; ENOPROTOOPT, EINVAL."""
    option = table.get(name)
    if option is None or option.readonly:
        raise LinuxError(E.ENOPROTOOPT)
    if option.byte and 0 < len(value) < 4:
        number = value[0]
    elif option.byte and not value:
        number = 0
    else:
        number = as_int(value)
    if option.boolean:
        number = 1 if number else 0
    if not option.lowest <= number <= option.highest:
        raise LinuxError(E.EINVAL)
    sock.options[level, name] = number


def get_integer(sock: Socket, table: Mapping[int, Option], level: int, name: int,
                size: int) -> bytes:
    """An option of a table as a C int, cut to ``size``; ENOPROTOOPT, EINVAL."""
    option = table.get(name)
    if option is None:
        raise LinuxError(E.ENOPROTOOPT)
    if size < 0:
        raise LinuxError(E.EINVAL)
    value: int = sock.options.get((level, name), option.default)
    if option.byte and 0 < size < 4 and 0 <= value <= 255:
        return bytes((value,))
    return int_bytes(value)[:size]


def integer(sock: Socket, name: int, default: int = 0) -> int:
    """The value of a SOL_SOCKET option that is stored as it is."""
    value: int = sock.options.get((SOL_SOCKET, name), default)
    return value


# -- SOL_SOCKET: setting -----------------------------------------------------------------------
def _timeout(task: Task, name: int, value: bytes) -> int | None:
    """A struct timeval as nanoseconds; EINVAL, EDOM."""
    size = 4 if is_32bit(task) and name in (SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD) else 8
    if len(value) < 2 * size:
        raise LinuxError(E.EINVAL)
    seconds = int.from_bytes(value[:size], "little", signed=True)
    micro = int.from_bytes(value[size:2 * size], "little", signed=True)
    if not 0 <= micro < 1000000:
        raise LinuxError(E.EDOM)
    if seconds < 0:
        return 0
    if not seconds and not micro:
        return None
    return seconds * SECOND + micro * 1000


def set_socket(task: Task, sock: Socket, name: int, value: bytes) -> None:
    """setsockopt of SOL_SOCKET.  Raises EINVAL, EPERM, EDOM, ENOPROTOOPT, ENODEV."""
    if name == SO_BINDTODEVICE:
        _bind_device(sock, value)
        return
    number = as_int(value)
    options = sock.options
    if name in _BOOLEANS:
        if name == SO_REUSEPORT and number and sock.family not in (AF_INET, AF_INET6):
            raise LinuxError(E.EOPNOTSUPP)      # since 6.14 and in its stable series
        options[SOL_SOCKET, name] = int(bool(number))
    elif name in _PASSING:
        options[SOL_SOCKET, name] = int(bool(number))
    elif name in (SO_SNDBUF, SO_SNDBUFFORCE, SO_RCVBUF, SO_RCVBUFFORCE):
        _buffer(task, sock, name, number)
    elif name == SO_PRIORITY:
        if not 0 <= number <= 6 and not (
                task.creds.capable(CAP_NET_ADMIN) or task.creds.capable(CAP_NET_RAW)):
            raise LinuxError(E.EPERM)
        options[SOL_SOCKET, name] = number
    elif name == SO_LINGER:
        if len(value) < 8:
            raise LinuxError(E.EINVAL)
        options[SOL_SOCKET, name] = (int(bool(number)), as_int(value[4:8]))
    elif name == SO_BSDCOMPAT:
        pass
    elif name == SO_RCVLOWAT:
        sock.rcvlowat = number if number > 0 else 1 if number == 0 else (1 << 31) - 1
        sock.wake()
    elif name in (SO_RCVTIMEO_OLD, SO_RCVTIMEO_NEW):
        sock.read_timeout = _timeout(task, name, value)
    elif name in (SO_SNDTIMEO_OLD, SO_SNDTIMEO_NEW):
        sock.write_timeout = _timeout(task, name, value)
    elif name == SO_ATTACH_FILTER:
        size = 8 if is_32bit(task) else 16
        if len(value) != size:
            raise LinuxError(E.EINVAL)
        count = int.from_bytes(value[:2], "little")
        if not 0 < count <= 4096:
            raise LinuxError(E.EINVAL)
        options[SOL_SOCKET, name] = task.mem.read(
            int.from_bytes(value[size // 2:], "little"), count * FILTER_SIZE)
    elif name in (SO_DETACH_FILTER, SO_DETACH_REUSEPORT_BPF):
        if not options.pop((SOL_SOCKET, SO_ATTACH_FILTER), 0):
            raise LinuxError(E.ENOENT)
    elif name == SO_PEEK_OFF:
        if sock.family != AF_UNIX and sock.family not in (AF_INET, AF_INET6):
            raise LinuxError(E.EOPNOTSUPP)
        options[SOL_SOCKET, name] = number
    elif name == SO_MARK and not task.creds.capable(CAP_NET_ADMIN):
        raise LinuxError(E.EPERM)
    elif name == SO_ZEROCOPY:
        if sock.family not in (AF_INET, AF_INET6):
            raise LinuxError(E.EOPNOTSUPP)
        if number not in (0, 1):
            raise LinuxError(E.EINVAL)
        options[SOL_SOCKET, name] = number
    elif name == SO_TXTIME:
        if len(value) != 8 or as_int(value[4:8]) & ~3:
            raise LinuxError(E.EINVAL)
        if not task.creds.capable(CAP_NET_ADMIN):
            raise LinuxError(E.EPERM)
        options[SOL_SOCKET, name] = value
    elif name == SO_TXREHASH:
        if sock.family not in (AF_INET, AF_INET6) or sock.type != SOCK_STREAM:
            raise LinuxError(E.EOPNOTSUPP)
        if not -1 <= number <= 1:
            raise LinuxError(E.EINVAL)
        options[SOL_SOCKET, name] = 1 if number == -1 else number
    elif name == SO_MAX_PACING_RATE:
        options[SOL_SOCKET, name] = int.from_bytes(
            value[:8] if len(value) >= 8 and not is_32bit(task) else value[:4], "little")
    elif name in _STORED:
        options[SOL_SOCKET, name] = number
    else:
        raise LinuxError(E.ENOPROTOOPT)


def _bind_device(sock: Socket, value: bytes) -> None:
    device = value[:15].split(b"\0", 1)[0]
    if device not in (b"", b"lo"):
        raise LinuxError(E.ENODEV)
    sock.options[SOL_SOCKET, SO_BINDTODEVICE] = device


def _buffer(task: Task, sock: Socket, name: int, number: int) -> None:
    """The kernel doubles what is asked for, within limits."""
    if name in (SO_SNDBUFFORCE, SO_RCVBUFFORCE):
        if not task.creds.capable(CAP_NET_ADMIN):
            raise LinuxError(E.EPERM)
        number = max(number, 0)
    else:
        number = min(number & 0xFFFFFFFF, BUFFER_DEFAULT)
    number = min(number, (1 << 30) - 1)
    if name in (SO_SNDBUF, SO_SNDBUFFORCE):
        sock.sndbuf = max(number * 2, SOCK_MIN_SNDBUF)
        sock.options[SOL_SOCKET, SO_SNDBUF] = 1     # no longer adjusted
        sock.wake()
    else:
        sock.rcvbuf = max(number * 2, SOCK_MIN_RCVBUF)
        sock.options[SOL_SOCKET, SO_RCVBUF] = 1


# -- SOL_SOCKET: getting -----------------------------------------------------------------------
def _pack_timeout(task: Task, name: int, value: int | None) -> bytes:
    size = 4 if is_32bit(task) and name in (SO_RCVTIMEO_OLD, SO_SNDTIMEO_OLD) else 8
    seconds, rest = divmod(value or 0, SECOND)
    return int_bytes(seconds, size) + int_bytes(rest // 1000, size)


def get_socket(task: Task, sock: Socket, name: int, size: int) -> bytes:
    """getsockopt of SOL_SOCKET: the whole value.  Raises ENOPROTOOPT, EINVAL, ENOTCONN."""
    special = _SPECIAL.get(name)
    if special is not None:
        return int_bytes(special(sock))
    if name == SO_LINGER:
        on, time = sock.options.get((SOL_SOCKET, name), (0, 0))
        return int_bytes(on) + int_bytes(time)
    if name in (SO_RCVTIMEO_OLD, SO_RCVTIMEO_NEW):
        return _pack_timeout(task, name, sock.read_timeout)
    if name in (SO_SNDTIMEO_OLD, SO_SNDTIMEO_NEW):
        return _pack_timeout(task, name, sock.write_timeout)
    if name == SO_PEERCRED:
        pid, uid, gid = sock.peercred
        return int_bytes(task.process.number(pid)) + int_bytes(uid) + int_bytes(gid)
    if name == SO_PEERPIDFD:
        return _peer_pidfd(task, sock)
    if name == SO_TXTIME:
        times: bytes = sock.options.get((SOL_SOCKET, name), bytes(8))
        return times
    if name == SO_TXREHASH and (sock.family not in (AF_INET, AF_INET6)
                                or sock.type != SOCK_STREAM):
        raise LinuxError(E.EOPNOTSUPP)
    if name == SO_PEERGROUPS:
        if not sock.peercred[0]:
            raise LinuxError(E.ENODATA)
        return b""
    if name == SO_PEERNAME:
        address = sock.address(True)
        if len(address) < size:
            raise LinuxError(E.EINVAL)
        return address
    if name == SO_PEERSEC:
        raise LinuxError(E.ENOPROTOOPT)
    if name == SO_BINDTODEVICE:
        device: bytes = sock.options.get((SOL_SOCKET, name), b"")
        if not device:
            return b""
        if size < 16:
            raise LinuxError(E.EINVAL)
        return device + b"\0"
    if name == SO_MEMINFO:
        counts = (0, sock.rcvbuf, 0, sock.sndbuf, 0, 0, 0, 0, 0)
        return b"".join(map(int_bytes, counts))
    if name in _ZERO_LONG:
        if size < 8:
            raise LinuxError(E.EINVAL)
        assert sock.inode is not None
        return int_bytes(1 if name == SO_NETNS_COOKIE else sock.inode.ino, 8)
    if name == SO_MAX_PACING_RATE:
        width = 8 if size >= 8 and not is_32bit(task) else 4
        return int_bytes(sock.options.get((SOL_SOCKET, name), -1), width)
    if name in (SO_PASSCRED, SO_PASSPIDFD) or name in _BOOLEANS or name in _STORED or (
            name in (SO_PASSSEC, SO_PRIORITY, SO_BSDCOMPAT, SO_PEEK_OFF, SO_ZEROCOPY,
                     SO_TXREHASH)):
        return int_bytes(integer(sock, name, _DEFAULTS.get(name, 0)))
    raise LinuxError(E.ENOPROTOOPT)


def _peer_pidfd(task: Task, sock: Socket) -> bytes:
    """SO_PEERPIDFD: a new descriptor for the process that SO_PEERCRED names."""
    from tracer.kernel.calls.common import install
    from tracer.kernel.pidfd import PidFile
    pid = sock.peercred[0]
    if not pid:
        raise LinuxError(E.ENODATA)
    process = task.kernel.processes.get(pid)
    if process is None:
        raise LinuxError(E.EINVAL)
    return int_bytes(install(task, PidFile(process), True))


def attached_filter(sock: Socket, room: int) -> tuple[bytes, int]:
    """What SO_GET_FILTER gives: the program, and its length in instructions, in which ``room``
    counts too; with no room the length alone.  Raises EINVAL when there is too little."""
    program: bytes = sock.options.get((SOL_SOCKET, SO_ATTACH_FILTER), b"")
    count = len(program) // FILTER_SIZE
    if not room:
        return b"", count
    if room < count:
        raise LinuxError(E.EINVAL)
    return program, count


_SPECIAL: dict[int, Callable[[Socket], int]] = {
    SO_TYPE: lambda sock: sock.type,
    SO_PROTOCOL: lambda sock: sock.protocol,
    SO_DOMAIN: lambda sock: sock.family,
    SO_ERROR: lambda sock: sock.take_error(),
    SO_ACCEPTCONN: lambda sock: int(sock.is_listening()),
    SO_SNDBUF: lambda sock: sock.sndbuf,
    SO_RCVBUF: lambda sock: sock.rcvbuf,
    SO_RCVLOWAT: lambda sock: sock.rcvlowat,
    SO_SNDLOWAT: lambda sock: 1,
    SO_BPF_EXTENSIONS: lambda sock: 64,         # SKF_AD_MAX
    SO_INCOMING_NAPI_ID: lambda sock: 0,
}


def linger(sock: Socket) -> int | None:
    """Seconds of SO_LINGER, None when it is off."""
    on, time = sock.options.get((SOL_SOCKET, SO_LINGER), (0, 0))
    return time if on else None
