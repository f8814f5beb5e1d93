"""bpf(2): maps, programs that are kept but never run, and what is told of them."""
from __future__ import annotations

from collections.abc import Callable
from struct import pack, unpack_from
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.bpf import (
    LOCK,
    PROG_TYPES,
    BpfFile,
    Map,
    Program,
    check,
    find_file,
    find_map,
    objects,
)
from tracer.kernel.calls.common import CAP_SYS_ADMIN, get_path, install, lookup, lookup_parent
from tracer.kernel.pseudo import pseudo
from tracer.kernel.registry import syscall
from tracer.kernel.task import AT_FDCWD
from tracer.vfs.base import O_ACCMODE, O_RDONLY, O_RDWR, O_WRONLY

if TYPE_CHECKING:
    from tracer.kernel.task import Task

CAP_BPF = 39
_PAGE = 4096
_ATTR_SIZE = 152                # of union bpf_attr
_NAME_SIZE = 16
_INSN_SIZE, _INSNS_MAX = 8, 1_000_000
_MAP_INFO, _PROG_INFO = 88, 232  # sizes of the structures of BPF_OBJ_GET_INFO_BY_FD
_LOG_MIN = 128
_PROG_FLAGS = 0x7F
_FUNC_INFO, _LINE_INFO, _JITED_LINE = 8, 16, 8


class _Attr:
    """union bpf_attr of one call, filled up with zeros."""

    def __init__(self, task: Task, address: int, size: int) -> None:
        """EFAULT; E2BIG for bytes that are set and unknown."""
        _tail_is_zero(task, address, _ATTR_SIZE, size)
        self.address = address
        self.data = task.mem.read(address, min(size, _ATTR_SIZE)).ljust(_ATTR_SIZE, b"\0")

    def ends(self, size: int) -> None:
        """EINVAL when something is set behind the fields of a command."""
        if any(self.data[size:]):
            raise LinuxError(E.EINVAL)

    def u32(self, at: int) -> int:
        """The 32-bit field at an offset."""
        value: int = unpack_from("<I", self.data, at)[0]
        return value

    def u64(self, at: int) -> int:
        """The 64-bit field at an offset."""
        value: int = unpack_from("<Q", self.data, at)[0]
        return value

    def name(self, at: int) -> bytes:
        """An object's name; EINVAL."""
        name, nul, _ = self.data[at:at + _NAME_SIZE].partition(b"\0")
        if not nul or not all((chr(c).isalnum() and c < 128) or c in b"_." for c in name):
            raise LinuxError(E.EINVAL)
        return name


def _tail_is_zero(task: Task, address: int, known: int, size: int) -> None:
    """bpf_check_uarg_tail_zero: E2BIG, EFAULT."""
    if size > _PAGE:
        raise LinuxError(E.E2BIG)
    if size > known and any(task.mem.read(address + known, size - known)):
        raise LinuxError(E.E2BIG)


def _map_create(task: Task, attr: _Attr) -> int:
    attr.ends(72)
    kind, key_size, value_size, entries, flags = unpack_from("<5I", attr.data)
    if attr.u32(60) or attr.u64(64):            # of types that are not here
        raise LinuxError(E.EINVAL)
    if flags & 4 and attr.u32(24):              # BPF_F_NUMA_NODE
        raise LinuxError(E.EINVAL)
    made = Map(kind, key_size, value_size, entries, flags, b"", task.kernel.memory_total)
    made.map_name = attr.name(28)
    if attr.u32(52) or attr.u32(56):            # type information
        find_file(task, attr.u32(48))
        raise LinuxError(E.EINVAL)
    objects(task.kernel).add(made)
    return _install(task, made, made.open_flags())


def _install(task: Task, thing: Map | Program, flags: int) -> int:
    return install(task, BpfFile(pseudo(task.kernel).anon, thing, flags), True)


def _map_of(task: Task, attr: _Attr, writing: bool) -> Map:
    """The map of map_fd, open for it; EBADF, EINVAL, EPERM."""
    found = find_map(task, attr.u32(0))
    access = find_file(task, attr.u32(0)).flags & O_ACCMODE
    if access == (O_RDONLY if writing else O_WRONLY) or (writing and found.frozen):
        raise LinuxError(E.EPERM)
    return found


def _lookup(task: Task, attr: _Attr) -> int:
    attr.ends(32)
    if attr.u64(24) & ~LOCK:
        raise LinuxError(E.EINVAL)
    found = _map_of(task, attr, False)
    if attr.u64(24):                            # no value holds a lock
        raise LinuxError(E.EINVAL)
    key = task.mem.read(attr.u64(8), found.key_size)
    task.mem.write(attr.u64(16), found.get(key))
    return 0


def _update(task: Task, attr: _Attr) -> int:
    attr.ends(32)
    found = _map_of(task, attr, True)
    flags = attr.u64(24)
    if flags & LOCK:
        raise LinuxError(E.EINVAL)
    key = task.mem.read(attr.u64(8), found.key_size)
    found.put(key, task.mem.read(attr.u64(16), found.user_size), flags)
    return 0


def _delete(task: Task, attr: _Attr) -> int:
    attr.ends(16)
    found = _map_of(task, attr, True)
    found.delete(task.mem.read(attr.u64(8), found.key_size))
    return 0


def _lookup_and_delete(task: Task, attr: _Attr) -> int:
    attr.ends(32)
    if attr.u64(24):
        raise LinuxError(E.EINVAL)
    found = _map_of(task, attr, True)
    _map_of(task, attr, False)
    if found.is_array:
        raise LinuxError(E.EOPNOTSUPP)
    key = task.mem.read(attr.u64(8), found.key_size)
    value = found.get(key)
    found.delete(key)
    task.mem.write(attr.u64(16), value)
    return 0


def _next_key(task: Task, attr: _Attr) -> int:
    attr.ends(24)
    found = _map_of(task, attr, False)
    key = task.mem.read(attr.u64(8), found.key_size) if attr.u64(8) else None
    task.mem.write(attr.u64(16), found.after(key))
    return 0


def _freeze(task: Task, attr: _Attr) -> int:
    attr.ends(4)
    found = _map_of(task, attr, False)
    if found.frozen:
        raise LinuxError(E.EBUSY)
    found.frozen = True
    return 0


def _prog_load(task: Task, attr: _Attr) -> int:
    attr.ends(140)
    kind, count = attr.u32(0), attr.u32(4)
    if attr.u32(44) & ~_PROG_FLAGS:
        raise LinuxError(E.EINVAL)
    text, _ = task.mem.read_string(attr.u64(16), 127)
    gpl = text in (b"GPL", b"GPL v2", b"GPL and additional rights", b"Dual BSD/GPL",
                   b"Dual MIT/GPL", b"Dual MPL/GPL")
    if not count or count > _INSNS_MAX:
        raise LinuxError(E.E2BIG)
    code = task.mem.read(attr.u64(8), count * _INSN_SIZE)
    if not 0 < kind < PROG_TYPES:
        raise LinuxError(E.EINVAL)
    name = attr.name(48)
    level, size, log = attr.u32(24), attr.u32(28), attr.u64(32)
    if bool(log) != bool(size) or (level and (not log or size < _LOG_MIN)):
        raise LinuxError(E.EINVAL)
    made = Program(kind, code, check(task, code), name, gpl)
    if level:
        text = b"processed %d insns (limit 1000000)\n\0" % count
        task.mem.write(log, text[:size - 1] + b"\0")
    made.time, made.uid = task.kernel.clock.monotonic(), task.creds.uid
    objects(task.kernel).add(made)
    return _install(task, made, O_RDWR)


def _obj_pin(task: Task, attr: _Attr) -> int:
    """There is no bpf file system."""
    attr.ends(16)
    find_file(task, attr.u32(8))
    lookup_parent(task, AT_FDCWD, get_path(task, attr.u64(0)))
    raise LinuxError(E.EPERM)


def _obj_get(task: Task, attr: _Attr) -> int:
    attr.ends(16)
    if attr.u32(8):
        raise LinuxError(E.EINVAL)
    lookup(task, AT_FDCWD, get_path(task, attr.u64(0)))
    raise LinuxError(E.EACCES)


def _next_id(programs: bool) -> Callable[[Task, _Attr], int]:
    def answer(task: Task, attr: _Attr) -> int:
        attr.ends(8)
        known = objects(task.kernel)
        numbers = sorted(known.programs if programs else known.maps)
        found = next((n for n in numbers if n > attr.u32(0)), None)
        if found is None:
            raise LinuxError(E.ENOENT)
        task.mem.write(attr.address + 4, pack("<I", found))
        return 0

    return answer


def _fd_by_id(programs: bool) -> Callable[[Task, _Attr], int]:
    def answer(task: Task, attr: _Attr) -> int:
        attr.ends(4 if programs else 12)
        known = objects(task.kernel)
        number = attr.u32(0)
        thing: Map | Program | None = (known.programs.get(number) if programs
                                       else known.maps.get(number))
        if thing is None:
            raise LinuxError(E.ENOENT)
        flags = attr.u32(8) & (8 | 16)          # BPF_F_RDONLY, BPF_F_WRONLY
        return _install(task, thing, {8: O_RDONLY, 16: O_WRONLY}.get(flags, O_RDWR))

    return answer


def _info(task: Task, attr: _Attr) -> int:
    attr.ends(16)
    thing = find_file(task, attr.u32(0)).thing
    length, address = attr.u32(4), attr.u64(8)
    known = _MAP_INFO if isinstance(thing, Map) else _PROG_INFO
    _tail_is_zero(task, address, known, length)
    length = min(length, known)
    if isinstance(thing, Map):
        info = _map_info(thing)
    else:
        info = _prog_info(task, thing, task.mem.read(address, length).ljust(known, b"\0"))
    task.mem.write(address, info[:length])
    task.mem.write(attr.address + 4, pack("<I", length))
    return 0


def _map_info(thing: Map) -> bytes:
    return pack("<6I16s", thing.kind, thing.number, thing.key_size, thing.value_size,
                thing.entries, thing.flags, thing.map_name).ljust(_MAP_INFO, b"\0")


def _prog_info(task: Task, thing: Program, asked: bytes) -> bytes:
    """asked: the structure as the program filled it, with buffers to be filled."""
    xlated_size, xlated = unpack_from("<I", asked, 20)[0], unpack_from("<Q", asked, 32)[0]
    count, numbers = unpack_from("<I", asked, 52)[0], unpack_from("<Q", asked, 56)[0]
    ids = b"".join(pack("<I", m.number) for m in thing.maps)[:4 * count]
    if ids:
        task.mem.write(numbers, ids)
    if xlated_size:
        task.mem.write(xlated, thing.translated()[:xlated_size])
    info = bytearray(asked)

    def put(at: int, form: str, value: int | bytes) -> None:
        data = pack("<" + form, value)
        info[at:at + len(data)] = data

    put(0, "I", thing.kind)
    put(4, "I", thing.number)
    put(8, "8s", thing.tag())
    put(16, "I", 0)                             # not compiled
    put(20, "I", len(thing.code))
    put(40, "Q", thing.time)
    put(48, "I", thing.uid)
    put(52, "I", len(thing.maps))
    put(64, "16s", thing.prog_name)
    put(80, "I", 0)
    put(84, "I", thing.gpl)
    for at in (88, 96):                         # the network device's
        put(at, "Q", 0)
    put(104, "I", 1)                            # functions
    put(108, "I", 1)
    put(128, "I", 0)
    put(132, "I", _FUNC_INFO)
    for at in (144, 148, 168):
        put(at, "I", 0)
    put(172, "I", _LINE_INFO)
    put(176, "I", _JITED_LINE)
    put(180, "I", 1)
    return bytes(info)


_COMMANDS: dict[int, Callable[[Task, _Attr], int]] = {
    0: _map_create, 1: _lookup, 2: _update, 3: _delete, 4: _next_key, 5: _prog_load,
    6: _obj_pin, 7: _obj_get, 11: _next_id(True), 12: _next_id(False), 13: _fd_by_id(True),
    14: _fd_by_id(False), 15: _info, 21: _lookup_and_delete, 22: _freeze,
}


@syscall("bpf", note="hash and array maps; programs are kept, not run")
def bpf(task: Task, cmd: int, uattr: int, size: int) -> int:
    if not task.creds.capable(CAP_BPF) and not task.creds.capable(CAP_SYS_ADMIN):
        raise LinuxError(E.EPERM)
    attr = _Attr(task, uattr, size)
    command = _COMMANDS.get(cmd)
    if command is None:
        raise LinuxError(E.EINVAL)
    return command(task, attr)
