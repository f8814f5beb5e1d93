"""x86 CPUs: 64-bit mode and 32-bit protected mode."""
from __future__ import annotations

import ctypes
import struct
from collections.abc import Callable

from sysnames.errno import EFAULT
from tracer.cpu import uclib
from tracer.cpu.engine import Engine, Event
from tracer.errors import Fault
from tracer.memory.arena import SHIFT, Arena

_INS_IN, _INS_OUT = 218, 500
_INS_SYSCALL, _INS_SYSENTER, _INS_CPUID, _INS_RDTSC, _INS_RDTSCP = 699, 700, 113, 608, 609
_GENERAL_PROTECTION = 13
_M32, _M64 = 0xFFFFFFFF, 0xFFFFFFFFFFFFFFFF

_VECTORS = {
    **{f"xmm{i}": 122 + i for i in range(16)}, **{f"st{i}": 114 + i for i in range(8)},
    "mxcsr": 249, "fpcw": 246, "fpsw": 31, "fptag": 247,
}
_SYSTEM = {"cs": 11, "ss": 49, "ds": 17, "es": 28, "fs": 32, "gs": 33, "cr4": 54, "gdtr": 243}


# Selectors of the user segments (asm/segment.h).
_KERNEL_DS, USER32_CS, USER_DS, USER_CS = 0x18, 0x23, 0x2B, 0x33

# Exceptions of which two in a row are a double fault (Intel SDM vol. 3, table 6-5).
_CONTRIBUTORY = (0, 10, 11, 12, 13)

# What cpuid answers: (leaf, sub-leaf) → eax, ebx, ecx, edx (Intel SDM vol. 2A, CPUID).  It is
# Unicorn's default model, a Haswell without AVX, less what programs better do not use: RDRAND
# and RDSEED (results differ from run to run), ERMS (rep movs is translated byte by byte), and
# the hypervisor bit.
CPUID: dict[tuple[int, int], tuple[int, int, int, int]] = {
    (0x0, 0): (0xD, 0x756E6547, 0x6C65746E, 0x49656E69),            # GenuineIntel
    (0x1, 0): (0x306C4, 0x800, 0x0ED82203, 0x078BFBFD),
    (0x2, 0): (0x1, 0, 0, 0x002C307D),
    (0x4, 0): (0x121, 0x01C0003F, 0x3F, 1),                         # L1d 32 KiB
    (0x4, 1): (0x122, 0x01C0003F, 0x3F, 1),                         # L1i 32 KiB
    (0x4, 2): (0x143, 0x03C0003F, 0xFFF, 1),                        # L2 4 MiB
    (0x5, 0): (0, 0, 3, 0),
    (0x6, 0): (4, 0, 0, 0),
    (0x7, 0): (0, 0x189, 0, 0),                                     # FSGSBASE BMI1 SMEP BMI2
    (0xD, 0): (0x3, 0x240, 0x240, 0),
    (0xD, 1): (0x1, 0x240, 0, 0),                                   # XSAVEOPT
    (0x80000000, 0): (0x80000008, 0x756E6547, 0x6C65746E, 0x49656E69),
    (0x80000001, 0): (0x306C4, 0, 0x21, 0x28100800),
    (0x80000002, 0): (0x65746E49, 0x6F43206C, 0x50206572, 0x65636F72),   # the brand string
    (0x80000003, 0): (0x726F7373, 0x61482820, 0x6C657773, 0x0000296C),
    (0x80000005, 0): (0x01FF01FF, 0x01FF01FF, 0x40020140, 0x40020140),
    (0x80000006, 0): (0, 0x42004200, 0x02008140, 0),
    (0x80000008, 0): (0x3028, 0, 0, 0),
}
_SUBLEAVES = (0x4, 0xB, 0xD)        # those whose ecx matters


def _cpuid(engine: Engine) -> None:
    """Execute cpuid: of an unknown leaf or sub-leaf all words are 0."""
    leaf, sub = engine.get("rax") & _M32, engine.get("rcx") & _M32
    words = CPUID.get((leaf, sub if leaf in _SUBLEAVES else 0), (0, 0, 0, 0))
    for name, word in zip(("rax", "rbx", "rcx", "rdx"), words, strict=True):
        engine.set(name, word)


class X86(Engine):
    """What both modes share.  The time stamp counter runs at 1 GHz."""

    ARCH = uclib.ARCH_X86
    GDT_ADDRESS: int
    GENERAL: tuple[str, ...]
    SEGMENTS: tuple[str, ...]       # registers of segments that programs may load

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.on_compat: Callable[[tuple[int, ...]], int | None] = lambda words: -38
        self.on_call: Callable[[tuple[int, ...]], int | None] = lambda words: -38
        self.compat = False             # the call in flight came by int 0x80
        self._compat_read = self.reader(("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp"))
        self._load_gdt()
        self._pristine = self.new_context()

        set_compat_result = self.writer(("rax",))

        def interrupt(_handle: int, number: int, _data: int) -> None:
            if self.event is not None:
                return
            if number != 0x80:
                self.event = Event("interrupt", number)
                self.stop()
                return
            try:
                self.compat = True
                result = self.on_compat(tuple([w & _M32 for w in self._compat_read()]))
                if result is not None:
                    set_compat_result(result & _M64)
            except BaseException as e:
                self.error = e
                self.stop()

        def cpuid(_handle: int, _data: int) -> int:
            _cpuid(self)
            return 1

        def rdtsc(_handle: int, _data: int) -> int:
            if self.forbids_tsc:
                self.event = Event("interrupt", _GENERAL_PROTECTION)
                self.stop()
                return 1
            now = self.clock()
            self.set("rax", now & _M32)
            self.set("rdx", now >> 32 & _M32)
            return 1

        def rdtscp(_handle: int, _data: int) -> int:
            self.set("rcx", 0)
            return rdtsc(_handle, _data)

        def port(_handle: int, *_access: int) -> int:
            # Unicorn lets ports through whatever the privilege level, and finishes the block.
            if self.event is None:
                self.event = Event("interrupt", 13, address=self.get(self.PC))
            self.stop()
            return 0

        self._hook(uclib.HOOK_INSN, uclib.HOOK_IN_T(port), _INS_IN)
        self._hook(uclib.HOOK_INSN, uclib.HOOK_OUT_T(port), _INS_OUT)
        self._hook(uclib.HOOK_INTR, uclib.HOOK_INTR_T(interrupt))
        for number, function in ((_INS_CPUID, cpuid), (_INS_RDTSC, rdtsc), (_INS_RDTSCP, rdtscp)):
            self._hook(uclib.HOOK_INSN, uclib.HOOK_INSN_INT_T(function), number)

    def _load_gdt(self) -> None:
        """Descriptor tables with Linux's user segments (asm/segment.h), and privilege level 3."""
        self._gdt = self.arena.allocate()
        self.fixed[self.GDT_ADDRESS >> SHIFT] = self._gdt | 1
        self.arena.view[self._gdt + 3 * 8:self._gdt + 7 * 8] = (
            descriptor(0, 0xFFFFF, 0x93, 0xC)       # the kernel's data
            + descriptor(0, 0xFFFFF, 0xFB, 0xC)     # 32-bit code
            + descriptor(0, 0xFFFFF, 0xF3, 0xC)     # data
            + descriptor(0, 0xFFFFF, 0xFB, 0xA))    # 64-bit code
        gdtr = struct.pack("=HxxxxxxQIII", 0, self.GDT_ADDRESS, 16 * 8 - 1, 0, 0)[:24]
        buffer = ctypes.create_string_buffer(gdtr, 24)
        uclib.check(uclib.lib.uc_reg_write(self.handle, self.REGISTERS["gdtr"],
                                           ctypes.addressof(buffer)))

    def _leave_kernel_mode(self, cs: int, iret: bytes, word: int) -> None:
        """Go to privilege level 3, where privileged instructions fault.

        Writing segment registers from outside does not change the level, an iret does; it
        stands behind the descriptors in their page, followed by its frame.
        """
        code, frame = self.GDT_ADDRESS + 0x800, self.GDT_ADDRESS + 0x900
        words = (0, cs, 0x202, 0, USER_DS)         # ip (a page fault), cs, flags, sp, ss
        self.arena.view[self._gdt + 0x800:self._gdt + 0x800 + len(iret)] = iret
        self.arena.view[self._gdt + 0x900:self._gdt + 0x900 + 5 * word] = b"".join(
            w.to_bytes(word, "little") for w in words)
        self.fixed[self.GDT_ADDRESS >> SHIFT] = self._gdt | 7
        self.set(self.SP, frame)
        uclib.lib.uc_emu_start(self.handle, code, 0, 0, 0)
        self.fixed[self.GDT_ADDRESS >> SHIFT] = self._gdt | 1
        self.flush_code()
        self.event = None

    def run(self, count: int = 0) -> Event | None:
        event = super().run(count)
        if event is not None and event.number in _CONTRIBUTORY and event.kind == "interrupt":
            if event.address:               # of an access to a port: the CPU is past it
                self.set(self.PC, event.address)
            else:
                self._forget_exception()
        return event

    def _forget_exception(self) -> None:
        """Unicorn remembers an exception as if its handler still ran, and makes the next one a
        double fault.  That is undone by a context from before any exception, with all
        registers that programs have written back."""
        words = {name: self.get(name) for name in (*self.GENERAL, *self.SEGMENTS, "mxcsr")}
        x87 = {name: self.get(name) for name in ("fpsw", "fptag", "fpcw")}
        wide = {name: self.get_wide(name, 16) for name in self.REGISTERS if name[:3] == "xmm"}
        stack = {f"st{i}": self.get_wide(f"st{i}", 10) for i in range(8)}
        self.load(self._pristine)
        for name, word in words.items():
            self.set(name, word)
        self.set("fpsw", x87["fpsw"])       # says where st(0) is
        for name, data in (stack | wide).items():
            self.set_wide(name, data)
        self.set("fptag", x87["fptag"])
        self.set("fpcw", x87["fpcw"])

    def _hook(self, kind: int, callback: object, *extra: int) -> None:
        self.keep.append(callback)
        uclib.hook_add(self.handle, kind, callback, *extra)


class X8664(X86):
    """64-bit mode."""

    MODE = uclib.MODE_64
    PC, SP = "rip", "rsp"
    RESULT = "rax"
    GENERAL = ("rax", "rbx", "rcx", "rdx", "rsi", "rdi", "rbp", "rsp", "r8", "r9", "r10", "r11",
               "r12", "r13", "r14", "r15", "rip", "rflags")
    REGISTERS = {
        "rax": 35, "rbx": 37, "rcx": 38, "rdx": 40, "rsi": 43, "rdi": 39, "rbp": 36, "rsp": 44,
        **{f"r{i}": 98 + i for i in range(8, 16)}, "rip": 41, "rflags": 253,
        "fs_base": 250, "gs_base": 251, **_SYSTEM, **_VECTORS,
    }
    TLS = "fs_base"
    GDT_ADDRESS = 0xFFFFFE0000001000        # the cpu_entry_area of the first CPU
    SEGMENTS = ("ds", "es", "fs", "gs", "fs_base", "gs_base")


    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self._leave_kernel_mode(USER_CS, b"\x48\xcf", 8)
        self.save(self._pristine)
        self.set("rflags", 0x202)
        read = self.reader(("rax", "rdi", "rsi", "rdx", "r10", "r8", "r9", "rip", "rflags"))
        self._finish = finish = self.writer(("rax", "rcx", "r11"))
        self._set_result = self.writer(("rax",))

        def syscall(_handle: int, _data: int) -> None:
            try:
                self.compat = False
                words = read()
                result = self.on_call(words)
                if result is not None:
                    finish(result & _M64, words[7] + 2, words[8])
            except BaseException as e:
                self.error = e
                self.stop()

        def sysenter(_handle: int, _data: int) -> None:
            # From 64-bit code it returns into 32-bit code that is not there.
            self.event = Event("interrupt", 13)
            self.stop()

        self._hook(uclib.HOOK_INSN, uclib.HOOK_INSN_T(syscall), _INS_SYSCALL)
        self._hook(uclib.HOOK_INSN, uclib.HOOK_INSN_T(sysenter), _INS_SYSENTER)

    def complete(self, words: tuple[int, ...], result: int) -> None:
        """Leave a call that was not answered in its trap handler."""
        if len(words) == 7:
            self.set("rax", result & _M64)
        else:
            self._finish(result & _M64, words[7] + 2, words[8])

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        self.set("rip", words[7] if len(words) > 7 else self.get("rip") - 2)
        self.set("rax", words[0] if number is None else number)

    def trap_pc(self, words: tuple[int, ...]) -> int:
        """The address after the trap instruction."""
        return words[7] + 2 if len(words) > 7 else self.get("rip")


class I386(X86):
    """32-bit protected mode with a flat GDT; TLS entries as Linux has them (12 to 14)."""

    MODE = uclib.MODE_32
    PC, SP = "eip", "esp"
    RESULT = "eax"
    GENERAL = ("eax", "ebx", "ecx", "edx", "esi", "edi", "ebp", "esp", "eip", "eflags")
    REGISTERS = {
        "eax": 19, "ebx": 21, "ecx": 22, "edx": 24, "esi": 29, "edi": 23, "ebp": 20, "esp": 30,
        "eip": 26, "eflags": 25, "rax": 19, "rbx": 21, "rcx": 22, "rdx": 24, "rsi": 29,
        "rdi": 23, "rbp": 20, **_SYSTEM, **{k: v for k, v in _VECTORS.items()
                                          if k not in {f"xmm{i}" for i in range(8, 16)}},
    }
    TLS = ""
    GDT_ADDRESS = 0xFFFFF000        # above user space
    TLS_FIRST = 12
    SEGMENTS = ("ss", "ds", "es", "fs", "gs")

    def __init__(self, arena: Arena) -> None:
        super().__init__(arena)
        self.set("ss", _KERNEL_DS)      # else the stack is one of 16 bits
        self._leave_kernel_mode(USER32_CS, b"\xcf", 4)
        self.reset_segments()
        self.save(self._pristine)
        self.set("eflags", 0x202)
        self.landing = 0                # where in the vDSO sysenter returns to
        self._set_result = self.writer(("eax",))

        enter = self.writer(("ebp", "esp", "eip"))
        set_result = self._set_result

        def sysenter(_handle: int, _data: int) -> None:
            space = self.space
            try:
                # 32-bit entry: ebp is the user's stack pointer, the sixth argument on top.
                assert space is not None
                words = self._compat_read()
                stack = words[6]
                # Unicorn adds the length of the instruction after the hook.
                landing = space.vdso + self.landing - 2
                self.compat = True
                try:
                    sixth = space.read_int(stack, 4)
                except Fault:
                    enter(stack, stack, landing)
                    set_result(-EFAULT & _M32)
                    return
                enter(sixth, stack, landing)
                result = self.on_compat((*words[:6], sixth))
                if result is not None:
                    set_result(result & _M32)
            except BaseException as e:
                self.error = e
                self.stop()

        self._hook(uclib.HOOK_INSN, uclib.HOOK_INSN_T(sysenter), _INS_SYSENTER)

    def reset_segments(self) -> None:
        """Flat segments, as a new program finds them."""
        self.set("ss", USER_DS)
        self.set("ds", USER_DS)
        self.set("es", USER_DS)
        self.set("fs", 0)
        self.set("gs", 0)

    def set_tls_entries(self, entries: list[bytes]) -> None:
        """Install the three TLS descriptors (8 bytes each) of the task that runs next."""
        start = self._gdt + self.TLS_FIRST * 8
        self.arena.view[start:start + 24] = b"".join(entries)

    def complete(self, words: tuple[int, ...], result: int) -> None:
        """Leave a call that was not answered in its trap handler."""
        self.set("eax", result & _M32)

    def rewind(self, words: tuple[int, ...], number: int | None = None) -> None:
        """Have the trap instruction executed again, perhaps with another number."""
        self.set("eip", self.get("eip") - 2)
        self.set("eax", words[0] if number is None else number)

    def trap_pc(self, words: tuple[int, ...]) -> int:
        """The address after the trap instruction."""
        return self.get("eip")


def descriptor(base: int, limit: int, access: int, flags: int) -> bytes:
    """A segment descriptor (Intel SDM vol. 3, 3.4.5)."""
    return struct.pack("<HHBBBB", limit & 0xFFFF, base & 0xFFFF, base >> 16 & 0xFF, access,
                       flags << 4 | limit >> 16 & 0xF, base >> 24 & 0xFF)


