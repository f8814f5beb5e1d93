"""The i386 ABI as a 64-bit kernel gives it.  Frames: struct sigframe_ia32 and rt_sigframe_ia32
in arch/x86/include/asm/sigframe.h, struct sigcontext_32 in asm/sigcontext.h."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.errno import EINVAL, ESRCH
from tracer.abi import fpstate
from tracer.abi.base import SA_RESTORER, SA_SIGINFO, stack_fields
from tracer.abi.x86 import FLAGS_START, X86Abi, handler_flags, restored_flags
from tracer.errors import LinuxError

if TYPE_CHECKING:
    from collections.abc import Callable

    from tracer.abi.base import Action, AltStack
    from tracer.abi.siginfo import Siginfo
    from tracer.cpu.engine import Engine
    from tracer.cpu.x86 import I386
    from tracer.memory.space import AddressSpace

_CS, _DS = 0x23, 0x2B
_SEGMENTS = ("gs", "fs", "es", "ds")
_TLS_FIRST, _TLS_COUNT = 12, 3      # GDT_ENTRY_TLS_MIN of 64-bit kernels
_UC_FP_XSTATE = 1

# gs fs es ds, 8 registers, trapno, err, ip, cs, flags, sp_at_signal, ss, fpstate, oldmask, cr2
_SIGCONTEXT = struct.Struct("<4I8I10I")
# uc_flags, uc_link, uc_stack (sp, flags, size)
_UCONTEXT = struct.Struct("<IIIII")
# Offsets in struct sigframe_ia32: sc, extramask, retcode (behind 624 unused bytes).
_SC, _EXTRAMASK, _RETCODE, _SIZE = 8, 720, 724, 732
# Offsets in struct rt_sigframe_ia32.
_INFO, _UC, _RT_SC, _RT_SIGMASK, _RT_RETCODE, _RT_SIZE = 16, 144, 164, 252, 260, 268
# Not executed; debuggers know frames by it: pop eax; mov eax, 119; int 0x80.
_SIGRETURN = bytes.fromhex("58b877000000cd80")
_RT_SIGRETURN = bytes.fromhex("b8ad000000cd8000")

# struct user_desc: entry_number, base_addr, limit, and bits
_USER_DESC = struct.Struct("<IIII")
_SEG_32BIT, _CONTENTS, _READ_EXEC_ONLY, _LIMIT_IN_PAGES, _NOT_PRESENT, _USEABLE = (
    1 << 0, 3 << 1, 1 << 3, 1 << 4, 1 << 5, 1 << 6)


def descriptor(desc: bytes) -> bytes:
    """The GDT entry for a struct user_desc; an empty one clears the entry.

    Raises LinuxError(EINVAL) for what Linux does not allow in a TLS entry.
    """
    _, base, limit, bits = _USER_DESC.unpack(desc)
    bits &= 0x7F                    # lm does not exist for 32-bit programs
    if not base and not limit and bits in (0, _READ_EXEC_ONLY | _NOT_PRESENT):
        return bytes(8)
    if not bits & _SEG_32BIT or bits & _CONTENTS > 1 << 1 or bits & _NOT_PRESENT:
        raise LinuxError(EINVAL)
    # Data, accessed, DPL 3, present; writable unless read only; growing down by contents.
    access = 0xF1 | (0 if bits & _READ_EXEC_ONLY else 2) | (bits & _CONTENTS) << 1
    flags = 4 | (8 if bits & _LIMIT_IN_PAGES else 0) | (1 if bits & _USEABLE else 0)
    return struct.pack("<HHBBBB", limit & 0xFFFF, base & 0xFFFF, base >> 16 & 0xFF, access,
                       flags << 4 | limit >> 16 & 0xF, base >> 24)


def user_desc(entry_number: int, entry: bytes) -> bytes:
    """The struct user_desc that describes a GDT entry."""
    limit, base, base2, access, high, base3 = struct.unpack("<HHBBBB", entry)
    bits = (_SEG_32BIT if high & 0x40 else 0) | (access >> 1 & _CONTENTS) \
        | (0 if access & 2 else _READ_EXEC_ONLY) | (_LIMIT_IN_PAGES if high & 0x80 else 0) \
        | (0 if access & 0x80 else _NOT_PRESENT) | (_USEABLE if high & 0x10 else 0)
    return _USER_DESC.pack(entry_number, base | base2 << 16 | base3 << 24,
                           limit | (high & 0xF) << 16, bits)


class I386Abi(X86Abi):
    name = "i386"
    word = 4
    machine, machine32 = "x86_64", "i686"
    top = 0xFFFFE000
    RESULT = "eax"
    DWARF = ("eax", "ecx", "edx", "ebx", "esp", "ebp", "esi", "edi", "eip")
    FP = "ebp"
    LEGACY_FPU = True
    USER_REGS = ("ebx", "ecx", "edx", "esi", "edi", "ebp", "eax", "ds", "es", "fs", "gs", "orig",
                 "eip", "cs", "eflags", "esp", "ss")
    USER_FIXED = {"cs": 0x23, "ss": 0x2B}
    USER_READONLY = frozenset(("ds", "es", "fs", "gs"))
    CALL_NUMBER = "orig"
    CALL_ARGUMENTS = ("ebx", "ecx", "edx", "esi", "edi", "ebp")
    AUDIT_ARCH, USER_SIZE = 0x40000003, 284
    FRAME = ("edi", "esi", "ebp", "esp", "ebx", "edx", "ecx", "eax", "eip", "eflags")

    def engine(self) -> type[Engine]:
        from tracer.cpu.x86 import I386
        return I386

    compat = "i386"

    def prepare(self, engine: Engine, clock: Callable[[], int]) -> None:
        super().prepare(engine, clock)
        from loader.vdso import symbols
        _i386(engine).landing = symbols(self.name)["int80_landing_pad"]

    def reset(self, engine: Engine) -> None:
        i386 = _i386(engine)
        i386.set_tls_entries([bytes(8)] * _TLS_COUNT)
        i386.reset_segments()
        self.access(engine)[1](*[0] * 9, FLAGS_START)
        fpstate.reset(engine)

    # -- thread-local storage ----------------------------------------------------------------
    def save_tls(self, engine: Engine) -> bytes:
        i386 = _i386(engine)
        start = (i386.fixed[i386.GDT_ADDRESS >> 12] & -4096) + _TLS_FIRST * 8
        return bytes(i386.arena.view[start:start + _TLS_COUNT * 8])

    def load_tls(self, engine: Engine, state: bytes) -> None:
        if state != self.save_tls(engine):
            self._install(engine, state)

    def _install(self, engine: Engine, state: bytes) -> None:
        """Write the entries and load the segments that use them anew."""
        _i386(engine).set_tls_entries([state[i:i + 8] for i in range(0, len(state), 8)])
        for name in _SEGMENTS:
            selector = engine.get(name)
            if _TLS_FIRST <= selector >> 3 < _TLS_FIRST + _TLS_COUNT:
                present = state[8 * ((selector >> 3) - _TLS_FIRST) + 5] & 0x80
                engine.set(name, selector if present else 0)

    def set_thread_area(self, engine: Engine, desc: bytes, allocate: bool = True) -> int:
        """Set a TLS entry from a struct user_desc of 16 bytes; returns the entry's number.

        allocate: the number -1 stands for a free entry.  Raises LinuxError(EINVAL), or ESRCH
        when none is free.
        """
        entry = descriptor(desc)
        state = self.save_tls(engine)
        number = int.from_bytes(desc[:4], "little")
        if number == 0xFFFFFFFF and allocate:
            free = [i for i in range(_TLS_COUNT) if not any(state[8 * i:8 * i + 8])]
            if not free:
                raise LinuxError(ESRCH)
            number = _TLS_FIRST + free[0]
        index = self._index(number)
        self._install(engine, state[:8 * index] + entry + state[8 * index + 8:])
        return number

    def get_thread_area(self, engine: Engine, number: int) -> bytes:
        """The struct user_desc of a TLS entry; raises LinuxError(EINVAL)."""
        index = self._index(number)
        return user_desc(number, self.save_tls(engine)[8 * index:8 * index + 8])

    @staticmethod
    def _index(number: int) -> int:
        if not _TLS_FIRST <= number < _TLS_FIRST + _TLS_COUNT:
            raise LinuxError(EINVAL)
        return number - _TLS_FIRST

    def get_tls(self, engine: Engine) -> int:
        """The base of the segment in gs, 0 for a flat one."""
        selector = engine.get("gs") >> 3
        if not _TLS_FIRST <= selector < _TLS_FIRST + _TLS_COUNT:
            return 0
        return int.from_bytes(self.get_thread_area(engine, selector)[4:8], "little")

    def set_tls(self, engine: Engine, value: int) -> None:
        """Give the segment in gs another base."""
        number = engine.get("gs") >> 3
        desc = self.get_thread_area(engine, number)
        self.set_thread_area(engine, desc[:4] + value.to_bytes(4, "little") + desc[8:], False)

    def clone_tls(self, engine: Engine, space: AddressSpace, tls: int) -> None:
        self.set_thread_area(engine, space.read(tls, _USER_DESC.size), allocate=False)

    # -- frames --------------------------------------------------------------------------------
    def align_frame(self, sp: int) -> int:
        return (sp + 4 & -16) - 4

    def push_frame(self, engine: Engine, space: AddressSpace, info: Siginfo, action: Action,
                   mask: int, altstack: AltStack | None) -> None:
        read, write = self.access(engine)
        registers = read()
        rt = bool(action.flags & SA_SIGINFO)
        frame, image = self.place_frame(registers[3], _RT_SIZE if rt else _SIZE, action,
                                        altstack)
        fpstate.save(engine, space, image, self.LEGACY_FPU)
        signo = info["signo"]
        context = _SIGCONTEXT.pack(
            *map(engine.get, _SEGMENTS), *registers[:8], info.get("trap", 0),
            info.get("error", 0), registers[8], _CS, registers[9], registers[3], _DS,
            image - fpstate.FSAVE_SIZE, mask & 0xFFFFFFFF, info.get("fault_address", 0))
        if action.flags & SA_RESTORER:
            back = action.restorer
        else:
            back = self.kernel_code(space, "[vdso]",
                                    "__kernel_rt_sigreturn" if rt else "__kernel_sigreturn")
        if rt:
            space.write(frame, struct.pack("<IIII", back, signo, frame + _INFO, frame + _UC)
                        + self.pack_siginfo(info)
                        + _UCONTEXT.pack(_UC_FP_XSTATE, 0, *stack_fields(altstack))
                        + context + struct.pack("<Q", mask) + _RT_SIGRETURN)
        else:
            space.write(frame, struct.pack("<II", back or frame + _RETCODE, signo) + context)
            space.write(frame + _EXTRAMASK, struct.pack("<I", mask >> 32) + _SIGRETURN)
        edx, ecx = (frame + _INFO, frame + _UC) if rt else (0, 0)
        write(*registers[:3], frame, registers[4], edx, ecx, signo, action.handler,
              handler_flags(registers[9]))
        for name in ("ds", "es"):
            self._load_segment(engine, name, _DS)
        fpstate.reset(engine)

    def mask_address(self, engine: Engine, rt: bool) -> int:
        # As strace has it: of the old frame the whole, whose sigcontext esp points to.
        sp = engine.get("esp")
        return sp - 4 + _RT_SIGMASK if rt else sp

    def frame_mask(self, engine: Engine, space: AddressSpace, rt: bool) -> int:
        if rt:
            return super().frame_mask(engine, space, rt)
        frame = engine.get("esp") - 8
        saved = _SIGCONTEXT.unpack(space.read(frame + _SC, _SIGCONTEXT.size))
        return int(saved[20]) | space.read_int(frame + _EXTRAMASK, 4) << 32

    def pop_frame(self, engine: Engine, space: AddressSpace,
                  rt: bool) -> tuple[int, tuple[int, int, int] | None, int]:
        stack = None
        # The handler's ret has popped pretcode, and sigreturn's stub the signal number.
        frame = engine.get("esp") - (4 if rt else 8)
        context = frame + (_RT_SC if rt else _SC)
        saved = _SIGCONTEXT.unpack(space.read(context, _SIGCONTEXT.size))
        if rt:
            mask = space.read_int(frame + _RT_SIGMASK, 8)
            _, _, *stack_words = _UCONTEXT.unpack(space.read(frame + _UC, _UCONTEXT.size))
            stack = stack_words[0], stack_words[1], stack_words[2]
        else:
            mask = saved[20] | space.read_int(frame + _EXTRAMASK, 4) << 32
        flags = restored_flags(engine.get("eflags"), saved[16])
        self.access(engine)[1](*saved[4:12], saved[14], flags)
        for name, selector in zip(_SEGMENTS, saved, strict=False):
            selector &= 0xFFFF
            self._load_segment(engine, name, selector | 3 if selector > 3 else 0)
        fpstate.load(engine, space, saved[19], self.LEGACY_FPU)
        return mask, stack, saved[11]

    def _load_segment(self, engine: Engine, name: str, selector: int) -> None:
        """Load a data segment if it changes; what cannot be loaded becomes a null segment."""
        if engine.get(name) == selector:
            return
        index = (selector >> 3) - _TLS_FIRST
        valid = selector in (_DS, _CS) or (
            selector & 4 == 0 and 0 <= index < _TLS_COUNT
            and self.save_tls(engine)[8 * index + 5] & 0x80)
        engine.set(name, selector if valid else 0)


def _i386(engine: Engine) -> I386:
    """The engine, known to be of this mode."""
    from tracer.cpu.x86 import I386
    assert isinstance(engine, I386)
    return engine


ABI = I386Abi()
