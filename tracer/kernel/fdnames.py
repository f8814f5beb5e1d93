"""What descriptors refer to, as -y, -yy and --decode-fds show it."""
from __future__ import annotations

from typing import TYPE_CHECKING, Any

from tracer.kernel.task import AT_FDCWD

if TYPE_CHECKING:
    from tracer.kernel.net.socket import Socket
    from tracer.kernel.task import Task
    from tracer.vfs.base import File, Inode

Detail = tuple["bytes | str", bool]

_DELETED = b" (deleted)"
PATH_MAX = 4096
PATH, SOCKET, DEV, PIDFD, SIGNALFD, EVENTFD = 1, 2, 4, 8, 16, 32    # as in tracer.decode.call

_S_IFMT, _S_IFCHR, _S_IFBLK = 0o170000, 0o020000, 0o060000
_AF_UNIX, _AF_INET, _AF_INET6, _AF_NETLINK = 1, 2, 10, 16
_SOCK_STREAM, _SOCK_RAW = 1, 3
_TCP_CLOSE = 7
_IPPROTO_ICMP, _IPPROTO_ICMPV6 = 1, 58
_PROTOCOLS = {6: "TCP", 17: "UDP", 132: "SCTP", 136: "UDPLITE"}


def fd_detail(task: Task, fd: int, what: int) -> Detail | None:
    """What stands between < and >, and whether the file is deleted; None when it is not open or
    ``what`` (PATH, SOCKET ...) does not cover it.

    Bytes are a name, still to be escaped; a str is ready to be printed.
    """
    if fd == AT_FDCWD:
        if not what & PATH:
            return None
        return _split(task, task.fs.cwd.path(task.fs.root), task.fs.cwd.inode)
    file = task.files.files.get(fd)
    if file is None:
        return None
    if what == PATH:
        return _split(task, file.name(), file.inode)
    text = _described(task, file, what)
    if text is not None:
        return text, False
    return _split(task, file.name(), file.inode) if what & PATH else None


def _split(task: Task, name: bytes, inode: Inode | None) -> Detail | None:
    """A name without the kernel's mark of a deleted file, unless that is how it is called; None
    for one so long that the kernel does not tell it."""
    if len(name) >= PATH_MAX:
        return None
    if not name.endswith(_DELETED):
        return name, False
    from tracer.errors import LinuxError
    try:
        found = task.kernel.namespace.walk(task.fs.root, task.fs.cwd, name, follow=False,
                                           creds=task.creds, task=task)
        if found.inode is inode:
            return name, False
    except LinuxError:
        pass
    return name[:-len(_DELETED)], True


def _described(task: Task, file: File, what: int) -> str | None:
    """More than a name, where there is something to tell and ``what`` asks for it."""
    name = file.name()
    if name[:1] == b"/":
        inode = file.inode
        kind = inode.mode & _S_IFMT if inode is not None and what & DEV else 0
        if inode is None or kind not in (_S_IFCHR, _S_IFBLK):
            return None
        from tracer.output.escape import escape_detail
        rdev = inode.getattr().rdev
        word = "char" if kind == _S_IFCHR else "block"
        return f"{escape_detail(name)}<{word} {rdev >> 8 & 0xFFF}:{rdev & 0xFF | rdev >> 12}>"
    if name.startswith(b"socket:["):
        return _socket(file) if what & SOCKET else None
    if name == b"anon_inode:[pidfd]" and what & PIDFD:
        process: Any = getattr(file, "process", None)
        if process is None or process.pid not in task.kernel.processes:
            return name.decode()
        return f"pid:{process.pid}" + comm_of(task, process.pid)
    if name == b"anon_inode:[signalfd]" and what & SIGNALFD:
        from sysnames.signals import name as signal_name
        mask: int = getattr(file, "mask", 0)
        names = [signal_name(n).removeprefix("SIG") for n in range(1, 65) if mask >> n - 1 & 1]
        return f"signalfd:[{' '.join(names)}]"
    if name == b"anon_inode:[eventfd]" and what & EVENTFD:
        count: int = getattr(file, "count", 0)
        ids = task.kernel.eventfds
        number = ids.setdefault(file, len(ids))
        semaphore = int(getattr(file, "semaphore", False))
        return (f"{{eventfd-count={hex(count) if count else 0}, eventfd-id={number},"
                f" eventfd-semaphore={semaphore}}}")
    return None


def comm_of(task: Task, pid: int) -> str:
    """``<comm>`` of a task, when --decode-pids=comm asks for it and there is one."""
    options: Any = getattr(task.kernel.observer, "options", None)
    if options is None or not options.decode_pids & 1:
        return ""
    comm = task.comm_of(pid)
    if comm is None:
        return ""
    from tracer.output.escape import escape_detail
    return f"<{escape_detail(comm)}>"


# -- sockets ------------------------------------------------------------------------------------
def _socket(file: Any) -> str | None:
    """``TCP:[127.0.0.1:80->127.0.0.1:9]`` and its like; what was once found out about a socket is
    kept, as strace does.  None for families without a name of their own."""
    if file.inode is None:
        return None
    known: dict[int, str] = file.net.described
    ino: int = file.inode.ino
    if ino in known:
        return known[ino]
    name = protocol_name(file)
    if name is None:
        return None
    describe = {_AF_UNIX: _unix, _AF_NETLINK: _netlink}.get(file.family, _inet)
    inside = describe(file)
    if inside is None:
        return f"{name}:[{ino}]"
    known[ino] = text = f"{name}:[{inside}]"
    return text


def _unix(sock: Any) -> str | None:
    """``inode->inode,"path"``"""
    peer = sock.peer
    text = str(sock.inode.ino)
    peer_ino = peer.inode.ino if peer is not None and peer.inode is not None else 0
    if peer_ino:
        text += f"->{peer_ino}"
    path: bytes = sock.sun[2:]
    if path:
        from tracer.output.escape import escape
        if path[:1] == b"\0":
            text += f',@"{escape(path[1:])}"'
        else:
            name = path.partition(b"\0")[0]
            text += f',"{escape(name)}"'
    return text if peer_ino or path else None


def _netlink(sock: Any) -> str | None:
    """``ROUTE:1000``; nothing while it is not bound."""
    if not sock.port:
        return None
    from tracer.decode import symbols
    name = symbols.enum("netlink_protocols", "x86_64", 32).names.get(sock.protocol)
    return f"{name.removeprefix('NETLINK_')}:{sock.port}" if name else str(sock.protocol)


def protocol_name(sock: Socket) -> str | None:
    """What the kernel calls a socket's protocol (struct proto); None for families we have no
    name for."""
    family = sock.family
    if family == _AF_UNIX:
        return "UNIX-STREAM" if sock.type == _SOCK_STREAM else "UNIX"
    if family == _AF_NETLINK:
        return "NETLINK"
    if family not in (_AF_INET, _AF_INET6):
        return None
    if sock.type == _SOCK_RAW:
        name = "RAW"
    elif sock.protocol in (_IPPROTO_ICMP, _IPPROTO_ICMPV6):
        name = "PING"
    else:
        name = _PROTOCOLS.get(sock.protocol) or ("TCP" if sock.type == _SOCK_STREAM else "UDP")
    return name + "v6" if family == _AF_INET6 else name


def _inet(sock: Any) -> str | None:
    """``address:port->address:port``; nothing while it has no port, or is a TCP socket that is
    only bound: the kernel does not list those."""
    if not sock.port and sock.type != _SOCK_RAW:
        return None
    if sock.type == _SOCK_STREAM and sock.state == _TCP_CLOSE:
        return None
    from ipaddress import IPv4Address, IPv6Address

    def text(ip: bytes, port: int) -> str:
        if sock.family == _AF_INET:
            return f"{IPv4Address(ip[-4:])}:{port}"
        if len(ip) == 4:
            return f"[::ffff:{IPv4Address(ip)}]:{port}"
        return f"[{IPv6Address(ip)}]:{port}"

    port = sock.protocol if sock.type == _SOCK_RAW else sock.port
    own = text(sock.ip, port)
    return own if sock.remote is None else f"{own}->{text(*sock.remote)}"


def netlink_protocol(task: Task, fd: int) -> int | None:
    """The protocol of a netlink socket: -1 while it has no address, None for other descriptors."""
    file: Any = task.files.files.get(fd & 0xFFFFFFFF)
    if getattr(file, "family", None) != _AF_NETLINK:
        return None
    return int(file.protocol) if file.port else -1
