"""Memory of a machine with one node: set_mempolicy(2), get_mempolicy(2), mbind(2),
migrate_pages(2), move_pages(2)."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import Fault, LinuxError
from tracer.kernel.calls.common import CAP_SYS_NICE
from tracer.kernel.calls.sessions import find_task
from tracer.kernel.calls.threads import may_access
from tracer.kernel.registry import syscall
from tracer.memory.arena import SHIFT

if TYPE_CHECKING:
    from sysnames.layout import Layout
    from tracer.kernel.task import Task
    from tracer.memory.space import AddressSpace

DEFAULT, PREFERRED, BIND, INTERLEAVE, LOCAL, PREFERRED_MANY, WEIGHTED_INTERLEAVE, _MAX = range(8)
_STATIC, _RELATIVE, _BALANCING = 1 << 15, 1 << 14, 1 << 13
_MODE_FLAGS = _STATIC | _RELATIVE | _BALANCING
_F_NODE, _F_ADDR, _F_MEMS_ALLOWED = 1, 2, 4
_MF_VALID, _MF_MOVE, _MF_MOVE_ALL = 7, 2, 4
_MAX_NODES = 64                     # CONFIG_NODES_SHIFT=6
_KEY = 0x6D706F6C                   # where a task keeps its policy: no prctl option


def _mode(mode: int) -> tuple[int, int]:
    """Mode and flags.  Raises EINVAL."""
    flags, mode = mode & _MODE_FLAGS, mode & ~_MODE_FLAGS
    if not 0 <= mode < _MAX or (flags & _STATIC and flags & _RELATIVE) \
            or (flags & _BALANCING and mode not in (BIND, PREFERRED_MANY)):
        raise LinuxError(E.EINVAL)
    return mode, flags


def _nodes(task: Task, address: int, bits: int, word: int) -> int:
    """A node mask of ``bits`` - 1 bits.  Raises EINVAL for nodes beyond the kernel's."""
    bits = bits - 1 & (1 << 8 * word) - 1
    if not bits or not address:
        return 0
    if bits > 4096 * 8:
        raise LinuxError(E.EINVAL)
    size = -(-bits // (8 * word)) * word
    mask = int.from_bytes(task.mem.read(address, size), "little") & (1 << bits) - 1
    if mask >> _MAX_NODES:
        raise LinuxError(E.EINVAL)
    return mask


def _policy(mode: int, nodes: int) -> tuple[int, int]:
    """The policy that is meant, with the nodes that exist.  Raises EINVAL."""
    if mode in (DEFAULT, LOCAL):
        if nodes:
            raise LinuxError(E.EINVAL)
        return mode, 0
    if mode == PREFERRED and not nodes:
        return LOCAL, 0
    if not nodes & 1:
        raise LinuxError(E.EINVAL)
    return mode, 1


@syscall("set_mempolicy", word="long_word")
def set_mempolicy(task: Task, mode: int, address: int, bits: int, *, word: Layout) -> int:
    mode, flags = _mode(mode)
    nodes = _nodes(task, address, bits, word.size)
    if flags and mode in (DEFAULT, LOCAL):
        raise LinuxError(E.EINVAL)
    mode, nodes = _policy(mode, nodes)
    task.settings[_KEY] = mode | flags | nodes << 32
    return 0


@syscall("get_mempolicy", word="long_word")
def get_mempolicy(task: Task, policy: int, address: int, bits: int, where: int, flags: int, *,
                  word: Layout) -> int:
    if address and bits < 1:
        raise LinuxError(E.EINVAL)
    if flags & ~7 or (flags & _F_MEMS_ALLOWED and flags & (_F_NODE | _F_ADDR)):
        raise LinuxError(E.EINVAL)
    setting = task.settings.get(_KEY, 0)
    value, nodes = setting & 0xFFFFFFFF, setting >> 32
    if flags & _F_MEMS_ALLOWED:
        value, nodes = 0, 1
    else:
        if flags & _F_ADDR:
            if task.mem.find(where) is None:
                raise Fault(where)
            value, nodes = DEFAULT, 0
        elif where:
            raise LinuxError(E.EINVAL)
        if flags & _F_NODE:
            if flags & _F_ADDR:
                task.mem.read(where, 1)
            elif value & ~_MODE_FLAGS not in (INTERLEAVE, WEIGHTED_INTERLEAVE):
                raise LinuxError(E.EINVAL)
            value = 0
    if policy:
        task.mem.write_int(policy, value, 4)
    if address:
        size = -(-(bits - 1) // 64) * 8
        if size > 4096:                 # copy_nodes_to_user
            raise LinuxError(E.EINVAL)
        task.mem.write(address, nodes.to_bytes(8, "little")[:size].ljust(size, b"\0"))
    return 0


@syscall("mbind", word="long_word", note="policies of ranges are checked, not kept")
def mbind(task: Task, start: int, length: int, mode: int, address: int, bits: int, flags: int, *,
          word: Layout) -> int:
    mode, mode_flags = _mode(mode)
    nodes = _nodes(task, address, bits, word.size)
    if flags & ~_MF_VALID:
        raise LinuxError(E.EINVAL)
    if flags & _MF_MOVE_ALL and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    if start & 4095:
        raise LinuxError(E.EINVAL)
    end = start + (length + 4095 & -4096)
    if end >> 8 * word.size:
        raise LinuxError(E.EINVAL)
    if end == start:
        return 0
    if mode_flags and mode in (DEFAULT, LOCAL):
        raise LinuxError(E.EINVAL)
    _policy(mode, nodes)
    if not task.mem.covered(start, end):
        raise Fault(start)
    return 0


@syscall("set_mempolicy_home_node")
def set_mempolicy_home_node(task: Task, start: int, length: int, node: int, flags: int) -> int:
    if start & 4095 or flags or node:
        raise LinuxError(E.EINVAL)
    return 0


@syscall("migrate_pages", word="long_word")
def migrate_pages(task: Task, pid: int, bits: int, old: int, new: int, *, word: Layout) -> int:
    """migrate_pages(2) (mm/mempolicy.c): all pages are on node 0 already."""
    _nodes(task, old, bits, word.size)
    nodes = _nodes(task, new, bits, word.size)
    if not may_access(task, find_task(task, pid)):
        raise LinuxError(E.EPERM)
    if nodes & ~1 and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    if not nodes & 1:
        raise LinuxError(E.EINVAL)
    return 0


@syscall("move_pages", word="long_word")
def move_pages(task: Task, pid: int, count: int, pages: int, nodes: int, status: int,
               flags: int, *, word: Layout) -> int:
    """move_pages(2) (mm/migrate.c): tells the node of each page, or why it has none."""
    if flags & ~(_MF_MOVE | _MF_MOVE_ALL):
        raise LinuxError(E.EINVAL)
    if flags & _MF_MOVE_ALL and not task.creds.capable(CAP_SYS_NICE):
        raise LinuxError(E.EPERM)
    other = find_task(task, pid)
    if not may_access(task, other):
        raise LinuxError(E.EPERM)
    for i in range(count):
        page = task.mem.read_int(pages + i * word.size, word.size)
        if nodes and task.mem.read_int(nodes + i * 4, 4):
            raise LinuxError(E.ENODEV)
        task.mem.write_int(status + i * 4, -_missing(other.mem, page), 4)
    return 0


def _missing(space: AddressSpace, address: int) -> int:
    """Why an address has no page that could move, 0 if it has one."""
    if space.find(address) is None:
        return E.EFAULT
    return 0 if address >> SHIFT in space.table else E.ENOENT
