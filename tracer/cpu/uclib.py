"""libunicorn through bare ctypes.

The ``unicorn`` package costs 40 ms to import and ten microseconds a system call in its register
functions; its shared library is used directly instead.  The constants are those of
unicorn/unicorn.h; a test compares them with the package's.
"""
from __future__ import annotations

import ctypes
import os
import sys
from importlib.machinery import PathFinder

from tracer.errors import PytraceError

ARCH_ARM, ARCH_ARM64, ARCH_X86 = 1, 2, 4
MODE_ARM, MODE_32, MODE_64 = 0, 1 << 2, 1 << 3

HOOK_INTR, HOOK_INSN, HOOK_BLOCK, HOOK_TLB_FILL = 1 << 0, 1 << 1, 1 << 3, 1 << 17
MEM_READ, MEM_WRITE, MEM_FETCH = 16, 17, 18
PROT_READ, PROT_WRITE, PROT_EXEC, PROT_ALL = 1, 2, 4, 7

ERR_OK, ERR_INSN_INVALID, ERR_EXCEPTION = 0, 10, 21

_CTL_WRITE = 1 << 30
CTL_UC_PAGE_SIZE, CTL_UC_USE_EXITS, CTL_UC_EXITS, CTL_CPU_MODEL = 1, 4, 6, 7
CTL_TB_FLUSH, CTL_TLB_FLUSH, CTL_TLB_TYPE, CTL_TCG_BUFFER_SIZE = 10, 11, 12, 13
TLB_VIRTUAL = 1


def _find() -> str:
    """The path of the shared library inside the installed package, without importing it."""
    spec = PathFinder.find_spec("unicorn")
    names = {"win32": ("unicorn.dll",), "darwin": ("libunicorn.2.dylib",)}.get(
        sys.platform, ("libunicorn.so.2",))
    for folder in (spec.submodule_search_locations or ()) if spec else ():
        for name in names:
            path = os.path.join(folder, "lib", name)
            if os.path.exists(path):
                return path
    raise PytraceError("the package unicorn is not installed, or has no shared library")


lib = ctypes.CDLL(_find())

# Addresses and handles are passed as plain integers: conversion is what costs.
_ptr, _int, _u64, _size = ctypes.c_void_p, ctypes.c_int, ctypes.c_uint64, ctypes.c_size_t
for _name, _types in {
    "uc_open": (_int, _int, _ptr),
    "uc_close": (_ptr,),
    "uc_emu_start": (_ptr, _u64, _u64, _u64, _size),
    "uc_emu_stop": (_ptr,),
    "uc_reg_read": (_ptr, _int, _ptr),
    "uc_reg_write": (_ptr, _int, _ptr),
    "uc_reg_read_batch": (_ptr, _ptr, _ptr, _int),
    "uc_reg_write_batch": (_ptr, _ptr, _ptr, _int),
    "uc_mem_map_ptr": (_ptr, _u64, _u64, ctypes.c_uint32, _ptr),
    "uc_context_alloc": (_ptr, _ptr),
    "uc_context_save": (_ptr, _ptr),
    "uc_context_restore": (_ptr, _ptr),
    "uc_context_free": (_ptr,),
    "uc_free": (_ptr,),
    "uc_hook_del": (_ptr, _size),
}.items():
    _f = getattr(lib, _name)
    _f.argtypes = _types
    _f.restype = _int
lib.uc_strerror.restype = ctypes.c_char_p
lib.uc_strerror.argtypes = (_int,)

# Callback types (uc_cb_*_t).
HOOK_INTR_T = ctypes.CFUNCTYPE(None, _ptr, ctypes.c_uint32, _ptr)
HOOK_INSN_T = ctypes.CFUNCTYPE(None, _ptr, _ptr)
HOOK_INSN_INT_T = ctypes.CFUNCTYPE(_int, _ptr, _ptr)        # cpuid: non-zero skips it
HOOK_IN_T = ctypes.CFUNCTYPE(ctypes.c_uint32, _ptr, ctypes.c_uint32, _int, _ptr)
HOOK_OUT_T = ctypes.CFUNCTYPE(None, _ptr, ctypes.c_uint32, _int, ctypes.c_uint32, _ptr)
HOOK_BLOCK_T = ctypes.CFUNCTYPE(None, _ptr, _u64, ctypes.c_uint32, _ptr)
HOOK_TLB_T = ctypes.CFUNCTYPE(ctypes.c_bool, _ptr, _u64, _int, _ptr, _ptr)


class UnicornError(Exception):
    """libunicorn refused something that must not fail."""


def check(code: int) -> None:
    """Raise UnicornError unless code is UC_ERR_OK."""
    if code:
        raise UnicornError(lib.uc_strerror(code).decode())


def ctl(handle: int, command: int, *args: int) -> None:
    """uc_ctl in its writing form; arguments are C ints."""
    control = _CTL_WRITE | len(args) << 26 | command
    check(lib.uc_ctl(_ptr(handle), _int(control), *map(_int, args)))


def set_exits(handle: int, *addresses: int) -> None:
    """uc_ctl_set_exits: where runs end."""
    control = _CTL_WRITE | 2 << 26 | CTL_UC_EXITS
    exits = (_u64 * len(addresses))(*addresses)
    check(lib.uc_ctl(_ptr(handle), _int(control), exits, _size(len(addresses))))


def hook_add(handle: int, kind: int, callback: object, *extra: int) -> int:
    """uc_hook_add for all addresses; the callback must be kept alive by the caller."""
    hook = _size()
    check(lib.uc_hook_add(_ptr(handle), ctypes.byref(hook), _int(kind), callback, None,
                          _u64(1), _u64(0), *map(_int, extra)))
    return hook.value
