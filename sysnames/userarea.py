"""What PTRACE_PEEKUSER and PTRACE_POKEUSER address: struct user of each ABI (sys/user.h).

``offset name`` pairs in the order of their offsets; the registers have the names that strace
gives them.  AArch64 has no such area.
"""
from __future__ import annotations


def _words(size: int, pattern: str, names: str) -> list[tuple[int, str]]:
    return [(i * size, pattern.format(name)) for i, name in enumerate(names.split())]


def _fields(text: str) -> list[tuple[int, str]]:
    pairs = [part.split() for part in text.split(",")]
    return [(int(offset), f"offsetof(struct user, {name})" if name != "end"
             else "sizeof(struct user)") for offset, name in pairs]


USER: dict[str, list[tuple[int, str]]] = {
    "x86_64": _words(8, "8*{}", "R15 R14 R13 R12 RBP RBX R11 R10 R9 R8 RAX RCX RDX RSI RDI "
                     "ORIG_RAX RIP CS EFL RSP SS")
    + _fields("216 u_fpvalid, 224 i387, 736 u_tsize, 744 u_dsize, 752 u_ssize, 760 start_code, "
              "768 start_stack, 776 signal, 784 reserved, 792 u_ar0, 800 u_fpstate, 808 magic, "
              "816 u_comm, 848 u_debugreg, 912 end"),
    "i386": _words(4, "4*{}", "EBX ECX EDX ESI EDI EBP EAX DS ES FS GS ORIG_EAX EIP CS EFL UESP "
                   "SS")
    + _fields("68 u_fpvalid, 72 i387, 180 u_tsize, 184 u_dsize, 188 u_ssize, 192 start_code, "
              "196 start_stack, 200 signal, 204 reserved, 208 u_ar0, 212 u_fpstate, 216 magic, "
              "220 u_comm, 252 u_debugreg, 284 end"),
    "arm": _words(4, "{}", "r0 r1 r2 r3 r4 r5 r6 r7 r8 r9 r10 fp ip sp lr pc cpsr")
    + _fields("72 u_fpvalid, 76 u_tsize, 80 u_dsize, 84 u_ssize, 88 start_code, 92 start_stack, "
              "96 signal, 100 reserved, 104 u_ar0, 108 magic, 112 u_comm, 296 end"),
}
