"""The code that the kernel lends to programs: vDSO, vsyscall page, ARM's kuser helpers and
signal returns.

The time functions trap with numbers of the emulated kernel's own, PRIVATE + k, with the
arguments in the registers of an ordinary call; their result is the raw one (-errno).
"""
from __future__ import annotations

PRIVATE = 0x7F000000
# Name of the call by k.  On the 32-bit ABIs clock_gettime, gettimeofday and clock_getres
# have 32-bit times, those with 64 in their names have struct __kernel_timespec.
PRIVATE_CALLS = ("clock_gettime", "gettimeofday", "time", "clock_getres", "getcpu",
                 "clock_gettime64", "clock_getres_time64")

PAGE_SIZE = 4096
POISON = b"\xf1\xde\xfd\xe7"        # an undefined instruction, in ARM and in Thumb

# Offsets in sigpage() of sigreturn and rt_sigreturn; those for Thumb need bit 0 set.
SIGPAGE_OFFSET = 0x200
SIGRETURN_ARM = SIGPAGE_OFFSET
SIGRETURN_THUMB = SIGPAGE_OFFSET + 8
RT_SIGRETURN_ARM = SIGPAGE_OFFSET + 12
RT_SIGRETURN_THUMB = SIGPAGE_OFFSET + 20


def image(abi: str) -> bytes:
    """The ELF image to map read-only and executable at the vDSO's address; at most
    one page."""
    from importlib import import_module
    data: bytes = import_module(f"loader.vdso.{abi}").IMAGE
    return data


def symbols(abi: str) -> dict[str, int]:
    """Offsets in image(): its functions, and on i386 `int80_landing_pad`, where sysenter
    returns to."""
    from importlib import import_module
    table: dict[str, int] = import_module(f"loader.vdso.{abi}").SYMBOLS
    return table


def vsyscall_page() -> bytes:
    """x86_64, execute-only at loader.layout.VSYSCALL_BASE."""
    from loader.vdso.pages import VSYSCALL
    return VSYSCALL


def kuser_page() -> bytes:
    """arm, read-only and executable at loader.layout.VECTORS_BASE."""
    from loader.vdso.pages import KUSER
    return POISON * ((PAGE_SIZE - len(KUSER)) // 4) + KUSER


def sigpage() -> bytes:
    """arm, read-only and executable at Layout.sigpage."""
    from loader.vdso.pages import SIGRETURN
    rest = PAGE_SIZE - SIGPAGE_OFFSET - len(SIGRETURN)
    return POISON * (SIGPAGE_OFFSET // 4) + SIGRETURN + POISON * (rest // 4)
