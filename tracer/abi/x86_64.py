"""The x86-64 ABI.  Frames: struct rt_sigframe in arch/x86/include/asm/sigframe.h, struct
sigcontext_64 in asm/sigcontext.h."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.signals import SIGBUS, SIGSEGV
from tracer.abi import fpstate
from tracer.abi.base import O_LARGEFILE, SA_RESTORER, SA_SIGINFO, forced, stack_fields
from tracer.abi.x86 import FLAGS_START, X86Abi, handler_flags, restored_flags
from tracer.errors import Fault
from tracer.memory.vma import PROT_EXEC

if TYPE_CHECKING:
    from tracer.abi.base import Action, AltStack
    from tracer.abi.siginfo import Siginfo
    from tracer.cpu.engine import Engine, Event
    from tracer.memory.space import AddressSpace

_CS, _SS = 0x33, 0x2B
# UC_FP_XSTATE, UC_SIGCONTEXT_SS, UC_STRICT_RESTORE_SS
_UC_FLAGS = 1 | 2 | 4

# Offsets in struct rt_sigframe: pretcode, uc, info.
_UC, _SIGMASK, _INFO, _SIZE = 8, 304, 312, 440
# uc_flags, uc_link, uc_stack (sp, flags, size)
_UCONTEXT = struct.Struct("<QQQI4xQ")
# 18 registers, cs gs fs ss, err, trapno, oldmask, cr2, fpstate
_SIGCONTEXT = struct.Struct("<18Q4H5Q")
_MCONTEXT = _UC + _UCONTEXT.size


# push, pop, pushf, popf, ret, enter, leave, call
_STACK_OPCODES = frozenset((*range(0x50, 0x60), 0x68, 0x6A, 0x9C, 0x9D, 0xC2, 0xC3, 0xC8, 0xC9,
                            0xE8))
# Moves to and from absolute addresses, string instructions: no ModRM byte.
_NO_MODRM = frozenset((*range(0xA0, 0xA8), *range(0xAA, 0xB0)))
_PREFIXES, _FS, _GS = b"\x66\x67\xf0\xf2\xf3\x26\x2e\x36\x3e\x64\x65", 0x64, 0x65


def _uses_stack_segment(code: bytes) -> bool:
    """Whether an instruction accesses memory through ss: the stack, or rsp or rbp as the base
    (Intel SDM vol. 2, 2.1.5)."""
    rest = code.lstrip(_PREFIXES)
    prefixes = code[:len(code) - len(rest)]
    if _FS in prefixes or _GS in prefixes:
        return False
    extended = 0
    if rest and rest[0] >> 4 == 4:
        extended, rest = rest[0] & 1, rest[1:]
    if rest[:1] == b"\x0f":
        rest = rest[2 if rest[1:2] in (b"\x38", b"\x3a") else 1:]
    elif rest and rest[0] in _STACK_OPCODES:
        return True
    elif rest and rest[0] in _NO_MODRM:
        return False
    if len(rest) < 3:
        return False
    mode, base = rest[1] >> 6, rest[1] & 7
    if base == 4:
        base = rest[2] & 7
    if mode == 3 or (base == 5 and not mode):       # a register; no base or rip
        return False
    return not extended and base in (4, 5)


class X8664Abi(X86Abi):
    name = "x86_64"
    word = 8
    machine, machine32 = "x86_64", "i686"
    top = 0x7FFFFFFFF000
    largefile = O_LARGEFILE
    RESULT, TLS = "rax", "fs_base"
    DWARF = ("rax", "rdx", "rcx", "rbx", "rsi", "rdi", "rbp", "rsp",
             *(f"r{i}" for i in range(8, 16)), "rip")
    FP = "rbp"
    RED_ZONE = 128
    # In the order of sigcontext.
    USER_REGS = ("r15", "r14", "r13", "r12", "rbp", "rbx", "r11", "r10", "r9", "r8", "rax", "rcx",
                 "rdx", "rsi", "rdi", "orig", "rip", "cs", "rflags", "rsp", "ss", "fs_base",
                 "gs_base", "ds", "es", "fs", "gs")
    USER_FIXED = {"cs": _CS, "ss": _SS, "ds": 0, "es": 0, "fs": 0, "gs": 0}
    CALL_NUMBER = "orig"
    CALL_ARGUMENTS = ("rdi", "rsi", "rdx", "r10", "r8", "r9")
    AUDIT_ARCH, USER_SIZE, FLOAT_UNIT = 0xC000003E, 912, 8
    FRAME = ("r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "rdi", "rsi", "rbp", "rbx",
             "rdx", "rax", "rcx", "rsp", "rip", "rflags")

    def engine(self) -> type[Engine]:
        from tracer.cpu.x86 import X8664
        return X8664

    compat = "i386"

    def kernel_pages(self) -> list[tuple[int, bytes]]:
        from loader.layout import VSYSCALL_BASE
        from loader.vdso import vsyscall_page
        return [(VSYSCALL_BASE, vsyscall_page())]

    def gate(self) -> tuple[int, int, str] | None:
        from loader.layout import VSYSCALL_BASE
        return VSYSCALL_BASE, PROT_EXEC, "[vsyscall]"

    def reset(self, engine: Engine) -> None:
        self.access(engine)[1](*[0] * 17, FLAGS_START)
        for name in ("fs_base", "gs_base"):
            engine.set(name, 0)
        fpstate.reset(engine)

    def clone_tail(self, fourth: int, fifth: int) -> tuple[int, int]:
        return fourth, fifth

    def align_frame(self, sp: int) -> int:
        return (sp & -16) - 8

    def page_fault(self, event: Event, engine: Engine, space: AddressSpace) -> Siginfo:
        if (event.address >> 47) + 1 & 0x1FFFF > 1:     # not canonical: #GP or #SS
            code = space.read_prefix(engine.get("rip"), 15) if event.access != 4 else b""
            return forced(SIGBUS, 12) if _uses_stack_segment(code) else forced(SIGSEGV, 13)
        return super().page_fault(event, engine, space)

    def push_frame(self, engine: Engine, space: AddressSpace, info: Siginfo, action: Action,
                   mask: int, altstack: AltStack | None) -> None:
        if not action.flags & SA_RESTORER:
            raise Fault(0)
        read, write = self.access(engine)
        registers = read()
        frame, image = self.place_frame(registers[15], _SIZE, action, altstack)
        fpstate.save(engine, space, image, self.LEGACY_FPU)
        space.write(frame, struct.pack("<Q", action.restorer)
                    + _UCONTEXT.pack(_UC_FLAGS, 0, *stack_fields(altstack))
                    + _SIGCONTEXT.pack(*registers, _CS, 0, 0, _SS, info.get("error", 0),
                                       info.get("trap", 0), mask, info.get("fault_address", 0),
                                       image))
        space.write_int(frame + _SIGMASK, mask, 8)
        if action.flags & SA_SIGINFO:
            space.write(frame + _INFO, self.pack_siginfo(info))
        flags = handler_flags(registers[17])
        write(*registers[:8], info["signo"], frame + _INFO, *registers[10:12], frame + _UC, 0,
              registers[14], frame, action.handler, flags)
        fpstate.reset(engine)

    def mask_address(self, engine: Engine, rt: bool) -> int:
        return engine.get("rsp") - 8 + _SIGMASK

    def pop_frame(self, engine: Engine, space: AddressSpace,
                  rt: bool) -> tuple[int, tuple[int, int, int] | None, int]:
        frame = engine.get("rsp") - 8
        mask = space.read_int(frame + _SIGMASK, 8)
        _, _, *stack = _UCONTEXT.unpack(space.read(frame + _UC, _UCONTEXT.size))
        saved = _SIGCONTEXT.unpack(space.read(frame + _MCONTEXT, _SIGCONTEXT.size))
        self.access(engine)[1](*saved[:17], restored_flags(engine.get("rflags"), saved[17]))
        fpstate.load(engine, space, saved[26], self.LEGACY_FPU)
        return mask, (stack[0], stack[1], stack[2]), saved[13]


ABI = X8664Abi()
