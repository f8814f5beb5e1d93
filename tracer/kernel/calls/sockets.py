"""Sockets: making, naming and connecting them, their options (socket(2) and its kin).

The calls that move data are in ``socketmessages``.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import install
from tracer.kernel.net.constants import (
    SOCK_CLOEXEC,
    SOCK_NONBLOCK,
    SOCK_TYPE_MASK,
    SOCKADDR_STORAGE,
    SOL_SOCKET,
    SOMAXCONN,
)
from tracer.kernel.net.socket import Socket, network
from tracer.kernel.registry import find_handler, syscall
from tracer.kernel.task import RLIMIT_NOFILE, drop
from tracer.vfs.base import O_NONBLOCK
from tracer.wait import Wait

if TYPE_CHECKING:
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

_FLAGS = SOCK_CLOEXEC | SOCK_NONBLOCK

# The calls of socketcall(2) (linux/net.h): number → name, how many words it takes.
SOCKETCALLS: dict[int, tuple[str, int]] = {
    1: ("socket", 3), 2: ("bind", 3), 3: ("connect", 3), 4: ("listen", 2), 5: ("accept", 3),
    6: ("getsockname", 3), 7: ("getpeername", 3), 8: ("socketpair", 4), 9: ("send", 4),
    10: ("recv", 4), 11: ("sendto", 6), 12: ("recvfrom", 6), 13: ("shutdown", 2),
    14: ("setsockopt", 5), 15: ("getsockopt", 5), 16: ("sendmsg", 3), 17: ("recvmsg", 3),
    18: ("accept4", 4), 19: ("recvmmsg", 5), 20: ("sendmmsg", 4),
}


def _int(word: int) -> int:
    """The low half of a word as an int."""
    return ((word & 0xffffffff) ^ 1 << 31) - (1 << 31)


def get_socket(task: Task, fd: int) -> Socket:
    """The socket of a descriptor; EBADF, ENOTSOCK."""
    file = task.files.get(fd)
    if not isinstance(file, Socket):
        raise LinuxError(E.ENOTSOCK)
    return file


def get_address(task: Task, address: int, size: int) -> bytes:
    """A struct sockaddr argument; EINVAL, EFAULT."""
    if not 0 <= size <= SOCKADDR_STORAGE:
        raise LinuxError(E.EINVAL)
    return task.mem.read(address, size) if size else b""


def put_address(task: Task, value: bytes, address: int, length: int) -> None:
    """Store a socket address in a buffer whose size is in the int at ``length``, which gets
    the full size; EINVAL, EFAULT."""
    room = task.mem.read_int(length, 4)
    if room >> 31:
        raise LinuxError(E.EINVAL)
    if min(room, len(value)):
        task.mem.write(address, value[:room])
    task.mem.write_int(length, len(value), 4)


@syscall("socket")
def socket(task: Task, family: int, type: int, protocol: int) -> int:
    if type & ~SOCK_TYPE_MASK & ~_FLAGS:
        raise LinuxError(E.EINVAL)
    from tracer.kernel.net.families import create
    protocol = _int(protocol)
    sock = create(network(task.kernel), task, family, type & SOCK_TYPE_MASK, protocol,
                  type & O_NONBLOCK)
    return install(task, sock, bool(type & SOCK_CLOEXEC))


@syscall("socketpair")
def socketpair(task: Task, family: int, type: int, protocol: int, usockvec: int) -> int:
    if type & ~SOCK_TYPE_MASK & ~_FLAGS:
        raise LinuxError(E.EINVAL)
    limit = task.process.limit(RLIMIT_NOFILE)
    files = task.files
    first = files.lowest(0, limit)
    second = files.lowest(first + 1, limit)
    task.mem.write_int(usockvec, first, 4)
    task.mem.write_int(usockvec + 4, second, 4)
    from tracer.kernel.net.families import create
    net = network(task.kernel)
    ends = []
    try:
        for _ in range(2):
            ends.append(create(net, task, family, type & SOCK_TYPE_MASK, _int(protocol),
                               type & O_NONBLOCK))
        ends[0].pair(ends[1])
    except LinuxError:
        for end in ends:
            end.release()
        raise
    cloexec = bool(type & SOCK_CLOEXEC)
    files.put(first, ends[0], cloexec)
    files.put(second, ends[1], cloexec)
    return 0


@syscall("bind")
def bind(task: Task, fd: int, umyaddr: int, addrlen: int) -> int:
    sock = get_socket(task, fd)
    sock.bind(task, get_address(task, umyaddr, addrlen))
    return 0


@syscall("listen")
def listen(task: Task, fd: int, backlog: int) -> int:
    sock = get_socket(task, fd)
    sock.listen(min(backlog & 0xFFFFFFFF, SOMAXCONN))
    return 0


@syscall("connect")
def connect(task: Task, fd: int, uservaddr: int, addrlen: int) -> Result:
    file = task.files.get(fd)
    address = get_address(task, uservaddr, addrlen)
    if not isinstance(file, Socket):
        raise LinuxError(E.ENOTSOCK)
    result = file.connect(task, address, file.flags & O_NONBLOCK)
    if isinstance(result, int):
        return result
    return _holding(file, result)  # type: ignore[arg-type]


def _holding(file: Socket, waiting: Blocking) -> Blocking:
    """Keep the socket while a call waits, even if its descriptor is closed."""
    file.refs += 1
    try:
        return (yield from waiting)
    finally:
        drop(file)


@syscall("accept")
def accept(task: Task, fd: int, upeer_sockaddr: int, upeer_addrlen: int) -> Result:
    return accept4(task, fd, upeer_sockaddr, upeer_addrlen, 0)


@syscall("accept4")
def accept4(task: Task, fd: int, upeer_sockaddr: int, upeer_addrlen: int, flags: int) -> Result:
    file = task.files.get(fd)
    if flags & ~_FLAGS:
        raise LinuxError(E.EINVAL)
    task.files.lowest(0, task.process.limit(RLIMIT_NOFILE))
    if not isinstance(file, Socket):
        raise LinuxError(E.ENOTSOCK)
    try:
        new = file.accept(task)
    except LinuxError as error:
        if error.errno != E.EAGAIN or file.flags & O_NONBLOCK:
            raise
        return _holding(file, _accept_wait(task, file, upeer_sockaddr, upeer_addrlen, flags))
    return _accepted(task, new, upeer_sockaddr, upeer_addrlen, flags)


def _accept_wait(task: Task, file: Socket, address: int, length: int, flags: int) -> Blocking:
    timeout = file.read_timeout
    deadline = None if timeout is None else task.kernel.clock.monotonic() + timeout
    while True:
        reason = yield Wait(file.waiters(), deadline)
        if reason == Wait.SIGNAL:
            raise LinuxError(E.ERESTARTSYS if timeout is None else E.EINTR)
        try:
            new = file.accept(task)
        except LinuxError as error:
            if error.errno != E.EAGAIN or reason == Wait.TIMEOUT:
                raise
        else:
            return _accepted(task, new, address, length, flags)


def _accepted(task: Task, new: Socket, address: int, length: int, flags: int) -> int:
    new.set_flags(new.flags | flags & O_NONBLOCK)
    if address:
        try:
            put_address(task, new.address(True), address, length)
        except LinuxError as error:
            new.release()
            if error.errno == E.ENOTCONN:
                raise LinuxError(E.ECONNABORTED) from None
            raise
    return install(task, new, bool(flags & SOCK_CLOEXEC))


@syscall("getsockname")
def getsockname(task: Task, fd: int, usockaddr: int, usockaddr_len: int) -> int:
    put_address(task, get_socket(task, fd).address(False), usockaddr, usockaddr_len)
    return 0


@syscall("getpeername")
def getpeername(task: Task, fd: int, usockaddr: int, usockaddr_len: int) -> int:
    put_address(task, get_socket(task, fd).address(True), usockaddr, usockaddr_len)
    return 0


@syscall("shutdown")
def shutdown(task: Task, fd: int, how: int) -> int:
    get_socket(task, fd).shutdown(how)
    return 0


@syscall("setsockopt")
def setsockopt(task: Task, fd: int, level: int, optname: int, optval: int, optlen: int) -> int:
    sock = get_socket(task, fd)
    if optlen < 0:
        raise LinuxError(E.EINVAL)
    if level == SOL_SOCKET:
        from tracer.kernel.net.options import set_socket
        if optlen < 4 and optname != 25:        # SO_BINDTODEVICE takes a name of any length
            raise LinuxError(E.EINVAL)
        set_socket(task, sock, optname, task.mem.read(optval, min(optlen, 64)))
    else:
        sock.set_option(task, level, optname, task.mem.read(optval, min(optlen, 256)))
    return 0


@syscall("getsockopt")
def getsockopt(task: Task, fd: int, level: int, optname: int, optval: int, optlen: int) -> int:
    sock = get_socket(task, fd)
    mem = task.mem
    size = mem.read_int(optlen, 4)
    if size >> 31:
        size -= 1 << 32
    if level == SOL_SOCKET:
        if size < 0:
            raise LinuxError(E.EINVAL)
        from tracer.kernel.net.options import SO_GET_FILTER, attached_filter
        from tracer.kernel.net.options import get_socket as get_option
        if optname == SO_GET_FILTER:
            program, count = attached_filter(sock, size)
            mem.write(optval, program)
            mem.write_int(optlen, count, 4)
            return 0
        value = get_option(task, sock, optname, size)[:size]
    else:
        value = sock.get_option(task, level, optname, size, lambda n: mem.read(optval, n))
    mem.write(optval, value)
    mem.write_int(optlen, len(value), 4)
    return 0


@syscall("socketcall")
def socketcall(task: Task, call: int, args: int) -> Result:
    """socketcall(2): a call by number with its arguments in memory; EINVAL, EFAULT."""
    known = SOCKETCALLS.get(call)
    if known is None:
        raise LinuxError(E.EINVAL)
    name, count = known
    data = task.mem.read(args, 4 * count)
    words = [int.from_bytes(data[i:i + 4], "little") for i in range(0, 4 * count, 4)]
    return dispatch(task, name, words)


def dispatch(task: Task, name: str, words: list[int]) -> Result:
    """Run another call's handler with raw words, as a multiplexer does."""
    from sysnames.layout import layout
    from tracer.abi.convert import REGISTERS, converter
    abi = task.abi.name
    handler = find_handler(name, abi)
    assert handler is not None
    args = converter(name, abi)(words + [0] * (REGISTERS - len(words)))
    layouts = {key: layout(struct, abi) for key, struct in handler.structs.items()}
    return handler.function(task, *args, **layouts)
