"""Calls of one architecture: arch_prctl(2), set_thread_area(2), modify_ldt(2), and ARM's private
ones."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames import errno as E
from sysnames.signals import SIGILL
from tracer.errors import Fault, LinuxError
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from tracer.abi.i386 import I386Abi
    from tracer.kernel.task import Task

# -- x86-64: asm/prctl.h -----------------------------------------------------------------------
_SET_GS, _SET_FS, _GET_FS, _GET_GS = range(0x1001, 0x1005)
_GET_CPUID, _SET_CPUID = 0x1011, 0x1012
_XCOMP_SUPP, _XCOMP_PERM, _REQ_XCOMP_PERM = 0x1021, 0x1022, 0x1023
_XCOMP_GUEST_PERM, _REQ_XCOMP_GUEST_PERM = 0x1024, 0x1025
_GET_UNTAG_MASK, _ENABLE_TAGGED_ADDR, _GET_MAX_TAG_BITS, _FORCE_TAGGED_SVA = range(0x4001, 0x4005)
_SHSTK = range(0x5001, 0x5006)
_XFEATURES = 0x7                # x87, SSE, AVX: what signal frames hold
_MAX_XFEATURE = 19


@syscall("arch_prctl", note="no shadow stacks, no CPUID faulting, no mapping of another vDSO")
def arch_prctl(task: Task, option: int, value: int) -> int:
    mem = task.mem
    if task.abi.word == 8:
        if option in (_SET_FS, _SET_GS):
            if value >= mem.top:
                raise LinuxError(E.EPERM)
            task.engine.set("fs_base" if option == _SET_FS else "gs_base", value)
            return 0
        if option in (_GET_FS, _GET_GS):
            base = task.engine.get("fs_base" if option == _GET_FS else "gs_base")
            mem.write_int(value, base, 8)
            return 0
        if option == _GET_UNTAG_MASK:
            mem.write_int(value, -1, 8)
            return 0
        if option == _GET_MAX_TAG_BITS:
            mem.write_int(value, 0, 8)
            return 0
        if option == _ENABLE_TAGGED_ADDR:
            raise LinuxError(E.ENODEV)
        if option == _FORCE_TAGGED_SVA:
            return 0
        if option in _SHSTK:
            raise LinuxError(E.EOPNOTSUPP)
    if option == _GET_CPUID:
        return 1
    if option == _SET_CPUID:
        raise LinuxError(E.ENODEV)
    if option in (_XCOMP_SUPP, _XCOMP_PERM, _XCOMP_GUEST_PERM):
        mem.write_int(value, _XFEATURES, 8)
        return 0
    if option in (_REQ_XCOMP_PERM, _REQ_XCOMP_GUEST_PERM):
        if value >= _MAX_XFEATURE:
            raise LinuxError(E.EINVAL)
        raise LinuxError(E.EOPNOTSUPP)
    raise LinuxError(E.EINVAL)


# -- i386 --------------------------------------------------------------------------------------
def _i386(task: Task) -> I386Abi:
    """The ABI, where there are TLS entries.  Raises ENOSYS."""
    abi = task.abi
    if not hasattr(abi, "set_thread_area"):
        raise LinuxError(E.ENOSYS)
    return abi  # type: ignore[return-value]


@syscall("set_thread_area")
def set_thread_area(task: Task, address: int) -> int:
    abi = _i386(task)
    desc = task.mem.read(address, 16)
    number = abi.set_thread_area(task.engine, desc)
    if desc[:4] == b"\xff\xff\xff\xff":
        task.mem.write_int(address, number, 4)
    return 0


@syscall("get_thread_area")
def get_thread_area(task: Task, address: int) -> int:
    abi = _i386(task)
    number = task.mem.read_int(address, 4)
    task.mem.write(address, abi.get_thread_area(task.engine, number))
    return 0


_LDT_ENTRIES, _DEFAULT_LDT_BYTES = 8192, 128
_NOT_PRESENT, _EMPTY = 0x20, 0x28


@syscall("modify_ldt", note="the table stays empty")
def modify_ldt(task: Task, function: int, address: int, size: int) -> int:
    """0 reads the table, 2 the default one, 1 and 0x11 write an entry."""
    if function == 0:
        return 0
    if function == 2:
        size = min(size, _DEFAULT_LDT_BYTES)
        task.mem.write(address, bytes(size))
        return size
    if function not in (1, 0x11):
        raise LinuxError(E.ENOSYS)
    if size != 16:
        raise LinuxError(E.EINVAL)
    number, base, limit, bits = struct.unpack("<4I", task.mem.read(address, 16))
    contents = bits >> 1 & 3
    if number >= _LDT_ENTRIES or (contents == 3 and (function == 1 or not bits & _NOT_PRESENT)):
        raise LinuxError(E.EINVAL)
    empty = not base and not limit and (function == 1 or bits & 0x7F == _EMPTY)
    if not empty:
        raise LinuxError(E.ENOSYS)      # as without CONFIG_MODIFY_LDT_SYSCALL
    return 0


# -- ARM: __ARM_NR_* of asm/unistd.h -------------------------------------------------------------
_ILL_ILLTRP = 4
_NR_BREAKPOINT = 0xF0001


@syscall("set_tls")
def set_tls(task: Task, value: int) -> int:
    task.abi.set_tls(task.engine, value)
    return 0


@syscall("get_tls")
def get_tls(task: Task) -> int:
    return task.abi.get_tls(task.engine)


@syscall("cacheflush")
def cacheflush(task: Task, start: int, end: int, flags: int) -> int:
    """Instructions written by the program are seen without it."""
    if end < start or flags:
        raise LinuxError(E.EINVAL)
    if end > task.mem.top:
        raise Fault(start)
    page = start & -4096
    while page < end:
        if task.mem.find(page) is None:
            raise Fault(page)
        page += 4096
    return 0


@syscall("usr26", "usr32")
def usr26(task: Task) -> int:
    """No CPU since ARMv3 has 26-bit modes: SIGILL, as for a private call that does not exist."""
    engine = task.engine
    size = 2 if engine.pc_bit() else 4
    task.kernel.signals.force(task, {"signo": SIGILL, "code": _ILL_ILLTRP,
                                     "addr": engine.get("pc") - size})
    return 0


@syscall("breakpoint")
def breakpoint_(task: Task) -> int:
    """SIGTRAP at the call itself; registers stay as they are."""
    info = task.abi.call_signal(task.engine, _NR_BREAKPOINT)
    if info is not None:
        task.kernel.signals.force(task, info)
    return task.engine.get("r0")
