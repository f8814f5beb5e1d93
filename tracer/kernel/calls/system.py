"""The machine: uname(2), sysinfo(2), sethostname(2), getrandom(2), syslog(2), reboot(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.registry import syscall
from tracer.kernel.task import ZOMBIE
from tracer.memory.space import WRITE
from tracer.wait import Wait

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.registry import Blocking, Result
    from tracer.kernel.task import Task

CAP_SYS_ADMIN, CAP_SYS_BOOT, CAP_SYSLOG = 21, 22, 34
UTS_LEN = 64
MAX_RW_COUNT = 0x7FFFF000
_CHUNK = 1 << 16
ERESTARTSYS = 512
UNAME26, PER_MASK, PER_LINUX32 = 0x0020000, 0xFF, 0x0008
_FIELDS = ("sysname", "nodename", "release", "version", "machine", "domainname")


def machine(task: Task) -> bytes:
    """The machine name uname(2) gives a task."""
    abi = task.abi
    name = abi.machine32 if task.personality & PER_MASK == PER_LINUX32 else abi.machine
    return name.encode()


def release(task: Task) -> bytes:
    """The release; with UNAME26 in the personality as a 2.6 kernel, as kernel/sys.c makes it."""
    text = task.kernel.uts["release"]
    if not task.personality & UNAME26:
        return text
    end = dots = 0
    while end < len(text) and (text[end:end + 1].isdigit() or text[end] == 0x2E):
        dots += text[end] == 0x2E
        if dots == 3:
            break
        end += 1
    minor = text.split(b".")[1] if dots else b"0"
    return b"2.6.%d" % (int(minor) + 60) + text[end:]


def _utsname(task: Task, address: int, uts: Layout) -> int:
    strings = {**task.kernel.uts, "machine": machine(task), "release": release(task)}
    names = _FIELDS[:len(uts.values)]
    width = uts.fields[0].size
    data = uts.pack(*(strings[name][:width - 1] for name in names))
    task.mem.write(address, data)
    return 0


@syscall("uname", uts="new_utsname")
def uname(task: Task, address: int, *, uts: Layout) -> int:
    return _utsname(task, address, uts)


@syscall("olduname", uts="old_utsname")
@syscall("oldolduname", uts="oldold_utsname")
def olduname(task: Task, address: int, *, uts: Layout) -> int:
    if not address:
        raise Fault(0)
    return _utsname(task, address, uts)


def _set_name(task: Task, field: str, address: int, length: int) -> int:
    if not task.creds.capable(CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    if not 0 <= length <= UTS_LEN:
        raise LinuxError(E.EINVAL)
    task.kernel.uts[field] = task.mem.read(address, length).split(b"\0")[0]
    return 0


@syscall("sethostname")
def sethostname(task: Task, name: int, length: int) -> int:
    return _set_name(task, "nodename", name, length)


@syscall("setdomainname")
def setdomainname(task: Task, name: int, length: int) -> int:
    return _set_name(task, "domainname", name, length)


@syscall("sysinfo", info="sysinfo")
def sysinfo(task: Task, address: int, *, info: Layout) -> int:
    kernel = task.kernel
    uptime = -(-kernel.clock.monotonic() // 10**9)
    total, free = kernel.memory_total, kernel.arena.limit - kernel.arena.used
    unit = 1
    if info.fields[1].size == 12:       # 32 bits: in larger units where bytes do not fit
        while total // unit > 0xFFFFFFFF:
            unit <<= 12
    threads = sum(t.state < ZOMBIE for t in kernel.tasks.values())
    task.mem.write(address, info.pack_dict({
        "uptime": uptime, "totalram": total // unit, "freeram": free // unit,
        "procs": threads & 0xFFFF, "mem_unit": unit}))
    return 0


@syscall("getrandom")
def getrandom(task: Task, address: int, count: int, flags: int) -> int:
    """GRND_NONBLOCK 1, GRND_RANDOM 2, GRND_INSECURE 4."""
    if flags & ~7 or flags & 6 == 6:
        raise LinuxError(E.EINVAL)
    mem = task.mem
    count = min(count, MAX_RW_COUNT)
    if address + count > mem.top:       # access_ok comes before anything else
        raise Fault(address)
    done = 0
    for view in mem.views(address, count, WRITE):
        for at in range(0, len(view), _CHUNK):      # a huge buffer costs no memory of ours
            part = view[at:at + _CHUNK]
            part[:] = task.kernel.random(len(part))
        done += len(view)
    if count and not done:
        raise Fault(address)
    return done


@syscall("syslog", note="the log is empty")
def syslog(task: Task, action: int, buffer: int, length: int) -> Result:
    """Actions: 0 close, 1 open, 2 read, 3 read all, 4 read and clear, 5 clear, 6 console off,
    7 on, 8 level, 9 size unread, 10 size of the buffer."""
    if action not in (3, 10) and not task.creds.capable(CAP_SYSLOG):
        raise LinuxError(E.EPERM)
    if action in (2, 3, 4):
        if not buffer or length < 0:
            raise LinuxError(E.EINVAL)
        if not length:
            return 0
        if buffer + length > task.mem.top:
            raise Fault(buffer)
        return _no_message() if action == 2 else 0
    if action == 8:
        if not 1 <= length <= 8:
            raise LinuxError(E.EINVAL)
        return 0
    if action == 10:
        return 1 << 17
    if not 0 <= action <= 10:
        raise LinuxError(E.EINVAL)
    return 0


def _no_message() -> Blocking:
    """Wait for a message of the kernel's; none ever comes."""
    while (yield Wait()) != Wait.SIGNAL:
        pass
    raise LinuxError(ERESTARTSYS)


_MAGIC1, _MAGIC2 = 0xFEE1DEAD, frozenset((672274793, 85072278, 369367448, 537993216))
_CAD_ON, _CAD_OFF = 0x89ABCDEF, 0


@syscall("reboot", note="switching Ctrl-Alt-Del on and off only")
def reboot(task: Task, magic1: int, magic2: int, command: int, argument: int) -> int:
    """The machine cannot be restarted: what would do so fails with EINVAL, as in a container
    whose command the kernel does not know."""
    if not task.creds.capable(CAP_SYS_BOOT):
        raise LinuxError(E.EPERM)
    if magic1 != _MAGIC1 or magic2 not in _MAGIC2:
        raise LinuxError(E.EINVAL)
    if command not in (_CAD_ON, _CAD_OFF):
        raise LinuxError(E.EINVAL)
    return 0


@syscall("personality", note="address space layout is never random; of the rest, what uname and "
         "mmap look at")
def personality(task: Task, value: int) -> int:
    """Returns the old one; 0xffffffff only asks."""
    old: int = task.personality
    if value != 0xFFFFFFFF:
        task.personality = value
    return old
