"""The auxiliary vector: its keys, and what each ABI's CPU announces in it.

Keys are those of the kernel headers linux/auxvec.h and asm/auxvec.h.  The capability
words announce what Unicorn's CPU models execute (x86: Haswell; ARM and AArch64: MAX), no
more: tests/loader/test_hwcap.py runs an instruction of every feature.
"""
from __future__ import annotations

from typing import NamedTuple

AT_NULL, AT_PHDR, AT_PHENT, AT_PHNUM, AT_PAGESZ = 0, 3, 4, 5, 6
AT_BASE, AT_FLAGS, AT_ENTRY = 7, 8, 9
AT_UID, AT_EUID, AT_GID, AT_EGID, AT_PLATFORM, AT_HWCAP, AT_CLKTCK = 11, 12, 13, 14, 15, 16, 17
AT_SECURE, AT_RANDOM, AT_HWCAP2 = 23, 25, 26
AT_RSEQ_FEATURE_SIZE, AT_RSEQ_ALIGN = 27, 28
AT_EXECFN, AT_SYSINFO, AT_SYSINFO_EHDR, AT_MINSIGSTKSZ = 31, 32, 33, 51

CLOCKS_PER_SECOND = 100             # USER_HZ
RSEQ_FEATURE_SIZE = 28              # offsetof(struct rseq, end) in Linux 6.12
RSEQ_ALIGN = 32

AT_FLAGS_PRESERVE_ARGV0 = 1


class Cpu(NamedTuple):
    """What AT_HWCAP, AT_HWCAP2, AT_PLATFORM and AT_MINSIGSTKSZ say.

    minsigstksz: bytes of the largest signal frame, None where the kernel does not tell.
    """

    hwcap: int
    hwcap2: int
    platform: bytes
    minsigstksz: int | None


def _bits(table: str, names: str) -> int:
    order = table.split()
    return sum(1 << order.index(name) for name in names.split())


# asm/hwcap.h of arm: the names in the order of their bits.
ARM_HWCAP = ("swp half thumb 26bit fastmult fpa vfp edsp java iwmmxt crunch thumbee neon vfpv3 "
             "vfpv3d16 tls vfpv4 idiva idivt vfpd32 lpae evtstrm fphp asimdhp asimddp asimdfhm "
             "asimdbf16 i8mm")
ARM_HWCAP2 = "aes pmull sha1 sha2 crc32 sb ssbs"
# asm/hwcap.h of arm64.
AARCH64_HWCAP = ("fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm "
                 "jscvt fcma lrcpc dcpop sha3 sm3 sm4 asimddp sha512 sve asimdfhm dit uscat ilrcpc "
                 "flagm ssbs sb paca pacg")
AARCH64_HWCAP2 = ("dcpodp sve2 sveaes svepmull svebitperm svesha3 svesm4 flagm2 frint svei8mm "
                  "svef32mm svef64mm svebf16 i8mm bf16 dgh rng bti")

# x86: CPUID.1:EDX is AT_HWCAP; bit 1 of AT_HWCAP2 says that wrfsbase and its like work.
_X86_CPUID_1_EDX = 0x078BFBFD
_X86_HWCAP2_FSGSBASE = 1 << 1
# Frame of a 32-bit program, its padding, XSAVE area of x87 and SSE with its end mark,
# FSAVE area, padding; rounded up to 16 (arch/x86/kernel/signal.c).
_X86_FRAME = (732 + 15 + 576 + 4 + 112 + 63 + 15) & ~15
# siginfo, ucontext with 4096 bytes for registers, frame record, padding
# (arch/arm64/kernel/signal.c).
_AARCH64_FRAME = 128 + 176 + 288 + 4096 + 16 + 16

CPUS = {
    "x86_64": Cpu(_X86_CPUID_1_EDX, _X86_HWCAP2_FSGSBASE, b"x86_64", _X86_FRAME),
    "i386": Cpu(_X86_CPUID_1_EDX, _X86_HWCAP2_FSGSBASE, b"i686", _X86_FRAME),
    "arm": Cpu(_bits(ARM_HWCAP, "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt "
                     "vfpd32 lpae asimddp asimdfhm"),
               _bits(ARM_HWCAP2, "aes pmull sha1 sha2 crc32 sb"), b"v7l", None),
    "aarch64": Cpu(_bits(AARCH64_HWCAP, "fp asimd aes pmull sha1 sha2 crc32 atomics fphp asimdhp "
                         "asimdrdm jscvt fcma lrcpc sha3 sm3 sm4 asimddp sha512 asimdfhm ilrcpc "
                         "flagm sb"),
                   _bits(AARCH64_HWCAP2, "flagm2 frint"), b"aarch64", _AARCH64_FRAME),
}
