"""The offsets in the frames against the kernel's uapi headers, by a compiler."""
from __future__ import annotations

import importlib.util
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.abi import aarch64, arm, i386, x86_64

TARGETS = {"x86_64": "x86_64-linux-gnu", "i386": "x86-linux-gnu",
           "arm": "arm-linux-gnueabihf", "aarch64": "aarch64-linux-gnu"}

# struct siginfo after its head, as tests/abi/test_siginfo.py expects it.
SIGINFO = {
    "sizeof(siginfo_t)": (128, 128), "offsetof(siginfo_t, si_pid)": (16, 12),
    "offsetof(siginfo_t, si_status)": (24, 20), "offsetof(siginfo_t, si_utime)": (32, 24),
    "offsetof(siginfo_t, si_stime)": (40, 28), "offsetof(siginfo_t, si_value)": (24, 20),
    "offsetof(siginfo_t, si_overrun)": (20, 16), "offsetof(siginfo_t, si_addr)": (16, 12),
    "offsetof(siginfo_t, si_addr_lsb)": (24, 16), "offsetof(siginfo_t, si_lower)": (32, 20),
    "offsetof(siginfo_t, si_upper)": (40, 24), "offsetof(siginfo_t, si_pkey)": (32, 20),
    "offsetof(siginfo_t, si_perf_flags)": (36, 24), "offsetof(siginfo_t, si_fd)": (24, 16),
    "offsetof(siginfo_t, si_syscall)": (24, 16), "offsetof(siginfo_t, si_arch)": (28, 20),
}

X8664 = {
    "sizeof(struct ucontext) + 8": x86_64._INFO,
    "offsetof(struct ucontext, uc_stack)": 16,
    "offsetof(struct ucontext, uc_mcontext) + 8": x86_64._MCONTEXT,
    "offsetof(struct ucontext, uc_sigmask) + 8": x86_64._SIGMASK,
    "sizeof(siginfo_t) + sizeof(struct ucontext) + 8": x86_64._SIZE,
    "offsetof(struct sigcontext, r8)": 0, "offsetof(struct sigcontext, rdi)": 64,
    "offsetof(struct sigcontext, rbp)": 80, "offsetof(struct sigcontext, rbx)": 88,
    "offsetof(struct sigcontext, rdx)": 96, "offsetof(struct sigcontext, rax)": 104,
    "offsetof(struct sigcontext, rcx)": 112, "offsetof(struct sigcontext, rsp)": 120,
    "offsetof(struct sigcontext, rip)": 128, "offsetof(struct sigcontext, eflags)": 136,
    "offsetof(struct sigcontext, cs)": 144, "offsetof(struct sigcontext, ss)": 150,
    "offsetof(struct sigcontext, err)": 152, "offsetof(struct sigcontext, trapno)": 160,
    "offsetof(struct sigcontext, oldmask)": 168, "offsetof(struct sigcontext, cr2)": 176,
    "offsetof(struct sigcontext, fpstate) + 8": x86_64._SIGCONTEXT.size,
    "offsetof(struct _fpstate, mxcsr)": 24, "offsetof(struct _fpstate, st_space)": 32,
    "offsetof(struct _fpstate, xmm_space)": 160,
    "offsetof(struct _fpstate, sw_reserved)": 464,
    "offsetof(struct _xstate, xstate_hdr)": 512, "offsetof(struct _xstate, ymmh)": 576,
    "UC_FP_XSTATE | UC_SIGCONTEXT_SS | UC_STRICT_RESTORE_SS": x86_64._UC_FLAGS,
    "FP_XSTATE_MAGIC1": 0x46505853, "FP_XSTATE_MAGIC2": 0x46505845,
}
I386 = {
    "sizeof(struct sigcontext)": i386._SIGCONTEXT.size,
    "offsetof(struct sigcontext, edi)": 16, "offsetof(struct sigcontext, esp)": 28,
    "offsetof(struct sigcontext, eax)": 44, "offsetof(struct sigcontext, trapno)": 48,
    "offsetof(struct sigcontext, eip)": 56, "offsetof(struct sigcontext, eflags)": 64,
    "offsetof(struct sigcontext, ss)": 72, "offsetof(struct sigcontext, fpstate)": 76,
    "offsetof(struct sigcontext, oldmask)": 80, "offsetof(struct sigcontext, cr2)": 84,
    "8 + sizeof(struct sigcontext) + sizeof(struct _fpstate)": i386._EXTRAMASK,
    "offsetof(struct ucontext, uc_mcontext) + 144": i386._RT_SC,
    "offsetof(struct ucontext, uc_sigmask) + 144": i386._RT_SIGMASK,
    # the header's sigset_t is the old one of 4 bytes
    "offsetof(struct ucontext, uc_sigmask) + 144 + 8": i386._RT_RETCODE,
    "offsetof(struct _fpstate, magic)": 110, "offsetof(struct _fpstate, mxcsr)": 112 + 24,
    "offsetof(struct _fpstate, sw_reserved)": 112 + 464,
    "sizeof(struct user_desc)": 16,
}
ARM = {
    "sizeof(struct sigcontext)": arm._SIGCONTEXT.size,
    "offsetof(struct sigcontext, oldmask)": 8, "offsetof(struct sigcontext, arm_r0)": 12,
    "offsetof(struct sigcontext, arm_fp)": 56, "offsetof(struct sigcontext, arm_sp)": 64,
    "offsetof(struct sigcontext, arm_pc)": 72, "offsetof(struct sigcontext, arm_cpsr)": 76,
    "offsetof(struct sigcontext, fault_address)": 80,
    "SA_RESTORER": 0x04000000, "O_DIRECTORY": 0x4000, "O_NOFOLLOW": 0x8000,
    "O_DIRECT": 0x10000, "O_LARGEFILE": 0x20000,
}
AARCH64 = {
    "offsetof(struct sigcontext, regs)": 8, "offsetof(struct sigcontext, sp)": 256,
    "offsetof(struct sigcontext, pstate)": 272,
    "offsetof(struct sigcontext, __reserved)": aarch64._RESERVED - aarch64._MCONTEXT,
    "sizeof(struct sigcontext) + 304": aarch64._SIZE,
    "offsetof(struct ucontext, uc_sigmask)": 40,
    "offsetof(struct ucontext, uc_mcontext) + 128": aarch64._MCONTEXT,
    "sizeof(struct fpsimd_context)": aarch64._FPSIMD.size,
    "offsetof(struct fpsimd_context, vregs)": 16, "FPSIMD_MAGIC": aarch64._FPSIMD_MAGIC,
    "sizeof(struct esr_context)": 16, "ESR_MAGIC": aarch64._ESR_MAGIC,
    "sizeof(struct extra_context)": aarch64._EXTRA.size, "EXTRA_MAGIC": aarch64._EXTRA_MAGIC,
    "O_DIRECTORY": 0x4000, "O_NOFOLLOW": 0x8000, "O_DIRECT": 0x10000, "O_LARGEFILE": 0x20000,
}
# asm/ucontext.h is the kernel's own on ARM; on AArch64 it needs a name from it.
HEADERS = {"x86_64": ("asm/ucontext.h",), "i386": ("asm/ucontext.h", "asm/ldt.h"),
           "arm": ("asm/fcntl.h",), "aarch64": ("asm/fcntl.h",)}
UCONTEXT_AARCH64 = """
struct ucontext {   /* arch/arm64/include/asm/ucontext.h */
    unsigned long uc_flags; struct ucontext *uc_link; stack_t uc_stack; sigset_t uc_sigmask;
    __u8 __unused_bytes[1024 / 8 - sizeof(sigset_t)]; struct sigcontext uc_mcontext;
};
"""


@pytest.mark.skipif(importlib.util.find_spec("ziglang") is None, reason="no compiler")
@pytest.mark.parametrize("name,facts", [("x86_64", X8664), ("i386", I386), ("arm", ARM),
                                        ("aarch64", AARCH64)])
def test_offsets(name: str, facts: dict[str, int], tmp_path: Path) -> None:
    column = 0 if name in ("x86_64", "aarch64") else 1
    facts = facts | {text: values[column] for text, values in SIGINFO.items()}
    lines = ["#include <stddef.h>", "#include <linux/signal.h>", "#include <asm/sigcontext.h>"]
    lines += [f"#include <{header}>" for header in HEADERS[name]]
    lines += [UCONTEXT_AARCH64] * (name == "aarch64")
    lines += [f'_Static_assert(({text}) == {value}, "{text}");' for text, value in facts.items()]
    source = tmp_path / "layout.c"
    source.write_text("\n".join(lines) + "\n")
    done = subprocess.run([sys.executable, "-m", "ziglang", "cc", "-target", TARGETS[name],
                           "-c", "-o", str(tmp_path / "layout.o"), str(source)],
                          capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
