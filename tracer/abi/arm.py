"""The ARM EABI.  Frames: arch/arm/kernel/signal.h, struct sigcontext in asm/sigcontext.h,
struct vfp_sigframe in arch/arm/include/asm/ucontext.h."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sysnames.signals import SIGBUS, SIGILL, SIGTRAP
from tracer.abi.base import (
    SA_RESTORER,
    SA_SIGINFO,
    Abi,
    fault_info,
    frame_top,
    page_fault,
    stack_fields,
)
from tracer.abi.siginfo import (
    BUS_ADRALN,
    ILL_ILLOPC,
    ILL_ILLTRP,
    TRAP_BRKPT,
    TRAP_HWBKPT,
    Siginfo,
)
from tracer.abi.userregs import NT_ARM_VFP, NT_FPREGSET
from tracer.errors import Fault
from tracer.memory.vma import PROT_EXEC, PROT_READ

if TYPE_CHECKING:
    from tracer.abi.base import Action, AltStack, Read, Write
    from tracer.cpu.engine import Engine, Event
    from tracer.memory.space import AddressSpace

_USER_MODE, _MODE, _THUMB = 0x10, 0x1F, 1 << 5
_FIQ, _IRQ, _ABORT, _BIG_ENDIAN = 1 << 6, 1 << 7, 1 << 8, 1 << 9
_CONDITIONS, _IT = 0xFF000000, 0x0600FC00
_FPSCR_VECTOR = 7 << 16 | 3 << 20       # LEN and STRIDE
_FPEXC_ENABLED = 1 << 30

# trap_no, error_code, oldmask, r0 to r10, fp, ip, sp, lr, pc, cpsr, fault_address
_SIGCONTEXT = struct.Struct("<21I")
# uc_flags, uc_link, uc_stack (sp, flags, size)
_UCONTEXT = struct.Struct("<IIIII")
_UC_FLAGS_OLD = 0x5AC3C35A      # of a frame without siginfo
# magic, size, d0 to d31, fpscr, fpexc, fpinst, fpinst2
_VFP = struct.Struct("<II32QI4xIII4x")
_FPA_SIZE = 116
_VFP_MAGIC = 0x56465001
# Offsets in struct sigframe; struct rt_sigframe has siginfo before it.
_SIGMASK, _REGSPACE, _RETCODE, _SIZE = 104, 232, 744, 760
_INFO_SIZE = 128

# Offset in the signal page and code of sigreturn by [rt][thumb]
_RETURNS = (((0x200, "7770a0e3000000ef"), (0x208, "772700dfad70a0e3")),
            ((0x20C, "ad70a0e3000000ef"), (0x214, "ad2700df")))

# Exceptions as Unicorn numbers them.
_DATA_ABORT, _BREAKPOINT = 4, 7

# Undefined instructions that debuggers use as breakpoints.
_BREAK_ARM, _BREAK_THUMB, _BREAK_THUMB2 = 0x07F001F0, 0xDE01, 0xF7F0A000

# Fault status: page translation and permission faults, in the user domain; a write; set by
# Linux for instruction fetches.
_FSR_TRANSLATION, _FSR_PERMISSION, _FSR_WRITE, _FSR_FETCH = 0x17, 0x1F, 1 << 11, 1 << 31
_FSR_ALIGNMENT, _FSR_DEBUG = 0x1, 0x2

_PRIVATE = 0xF0000              # __ARM_NR_BASE
_PRIVATE_BREAKPOINT, _PRIVATE_LAST = 0xF0001, 0xF07FF

# O_DIRECTORY O_NOFOLLOW O_DIRECT O_LARGEFILE of ARM and the bits of x86, and back.
_FLAG_PAIRS = ((0x4000, 0x10000), (0x8000, 0x20000), (0x10000, 0x4000), (0x20000, 0x8000))
_FLAG_BITS = 0x3C000


def swap_open_flags(flags: int) -> int:
    """O_* of both ARMs in x86's numbering; the same function translates back."""
    result = flags & ~_FLAG_BITS
    for arm, x86 in _FLAG_PAIRS:
        if flags & arm:
            result |= x86
    return result


class ArmAbi(Abi):
    name = "arm"
    kernel = (6, 1)             # what boards run today
    word = 4
    machine = machine32 = "armv7l"
    skips_minus_one = True
    top = 0xBF000000
    RESULT, TLS = "r0", "tls"
    DWARF = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc")
    LINK = "lr"
    has_tsc = False
    cpumask = 4
    statfs64_unpacked = 88          # of old EABI programs
    CPUINFO = (("processor", "0"), ("model name", "ARMv7 Processor rev 0 (v7l)"),
               ("Features", "half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32"),
               ("CPU implementer", "0x41"), ("CPU architecture", "7"))
    USER_REGS = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc", "cpsr", "orig")
    USER_STATUS = _CONDITIONS | _THUMB
    CALL_NUMBER = "r7"
    CALL_ARGUMENTS = ("r0", "r1", "r2", "r3", "r4", "r5", "r6")
    AUDIT_ARCH, USER_SIZE, HAS_SET_SYSCALL = 0x40000028, 296, True
    FRAME = (*(f"r{i}" for i in range(13)), "sp", "lr", "pc", "cpsr")
    VFP = (*(f"d{i}" for i in range(32)), "fpscr")

    def __init__(self) -> None:
        super().__init__()
        self._floating: WeakKeyDictionary[Engine, tuple[Read, Write]] = WeakKeyDictionary()

    def engine(self) -> type[Engine]:
        from tracer.cpu.arm import Arm
        return Arm

    def kernel_pages(self) -> list[tuple[int, bytes]]:
        from loader.layout import VECTORS_BASE
        from loader.vdso import kuser_page
        return [(VECTORS_BASE, kuser_page())]

    def gate(self) -> tuple[int, int, str] | None:
        from loader.layout import VECTORS_BASE
        return VECTORS_BASE, PROT_READ | PROT_EXEC, "[vectors]"

    def reset(self, engine: Engine) -> None:
        self._write(engine, (0,) * 16, _USER_MODE)
        self._vfp(engine)[1](*[0] * 33)
        engine.set("tls", 0)

    def start(self, engine: Engine, entry: int, sp: int) -> None:
        registers = self.access(engine)[0]()
        self._write(engine, (*registers[:13], sp, registers[14], entry & ~1),
                    _USER_MODE | (_THUMB if entry & 1 else 0))

    def open_flags_in(self, flags: int) -> int:
        return swap_open_flags(flags)

    def open_flags_out(self, flags: int) -> int:
        return swap_open_flags(flags)

    def _write(self, engine: Engine, registers: tuple[int, ...], cpsr: int) -> None:
        """All general registers; the CPU takes its state from bit 0 of the pc."""
        engine.set("cpsr", cpsr)
        self.access(engine)[1](*registers[:15], registers[15] & ~1 | bool(cpsr & _THUMB), cpsr)

    def get_float_regs(self, engine: Engine, kind: int) -> bytes | None:
        if kind == NT_FPREGSET:         # struct user_fp, of a coprocessor that is not there
            return bytes(_FPA_SIZE)
        if kind != NT_ARM_VFP:
            return None
        return struct.pack("<32QI", *self._vfp(engine)[0]())

    def set_float_regs(self, engine: Engine, kind: int, data: bytes) -> bool:
        if kind == NT_FPREGSET:
            return True
        now = self.get_float_regs(engine, kind) or b""
        vfp = struct.unpack("<32QI", data + now[len(data):])
        self._vfp(engine)[1](*vfp[:32], vfp[32] & ~_FPSCR_VECTOR)
        return True

    def _vfp(self, engine: Engine) -> tuple[Read, Write]:
        """Reader and writer of VFP."""
        pair = self._floating.get(engine)
        if pair is None:
            pair = self._floating[engine] = engine.reader(self.VFP), engine.writer(self.VFP)
        return pair

    # -- exceptions ----------------------------------------------------------------------------
    def event_signal(self, event: Event, engine: Engine,
                     space: AddressSpace) -> Siginfo | None:
        pc = engine.get("pc")
        if event.kind == "halt":                # wfi
            return None
        if event.kind == "fault":
            signo, code, address = page_fault(event, engine, space)
            status = _FSR_PERMISSION if space.failure == "ACCERR" else _FSR_TRANSLATION
            status |= {2: _FSR_WRITE, 4: _FSR_FETCH}.get(event.access, 0)
            return fault_info(signo, code, address, 14, status, address)
        if event.kind == "interrupt" and event.number == _BREAKPOINT:
            return fault_info(SIGTRAP, TRAP_HWBKPT, 0, 0, _FSR_DEBUG | _FSR_FETCH)
        instruction, wide = self._instruction(engine, space, pc)
        if event.kind == "interrupt" and event.number == _DATA_ABORT:
            address = self._base(engine, instruction, wide)
            return fault_info(SIGBUS, BUS_ADRALN, address, 0, _FSR_ALIGNMENT)
        thumb = engine.get("cpsr") & _THUMB
        if instruction in (_BREAK_THUMB, _BREAK_THUMB2) if thumb \
                else instruction & 0x0FFFFFFF == _BREAK_ARM:
            return fault_info(SIGTRAP, TRAP_BRKPT, pc)
        return fault_info(SIGILL, ILL_ILLOPC, pc, 6)

    @staticmethod
    def _instruction(engine: Engine, space: AddressSpace, pc: int) -> tuple[int, bool]:
        """The instruction at pc, 0 if it cannot be read, and whether it is a wide Thumb one."""
        try:
            if not engine.get("cpsr") & _THUMB:
                return space.read_int(pc, 4), False
            first = space.read_int(pc, 2)
            if first >> 11 < 0b11101:
                return first, False
            return first << 16 | space.read_int(pc + 2, 2), True
        except Fault:
            return 0, False

    @staticmethod
    def _base(engine: Engine, instruction: int, wide: bool) -> int:
        """The address of an access that must be aligned: those instructions name the base
        register in bits 16 to 19, and only Thumb's ldrex and strex have an offset."""
        number = instruction >> 16 & 15
        base = engine.get(("sp", "lr", "pc")[number - 13] if number > 12 else f"r{number}")
        if wide and instruction >> 21 == 0xE840 >> 5:
            base += (instruction & 0xFF) * 4
        return base & 0xFFFFFFFF

    def call_signal(self, engine: Engine, number: int) -> Siginfo | None:
        """Private calls that do not return: the breakpoint, and numbers beyond them all."""
        pc = engine.get("pc") - (2 if engine.get("cpsr") & _THUMB else 4)
        if number == _PRIVATE_BREAKPOINT:
            registers = self.access(engine)[0]()
            self._write(engine, (*registers[:15], pc), registers[16])
            return fault_info(SIGTRAP, TRAP_BRKPT, pc)
        if number > _PRIVATE_LAST:
            return fault_info(SIGILL, ILL_ILLTRP, pc, 0, number)
        return None

    # -- frames --------------------------------------------------------------------------------
    def push_frame(self, engine: Engine, space: AddressSpace, info: Siginfo, action: Action,
                   mask: int, altstack: AltStack | None) -> None:
        *registers, cpsr = self.access(engine)[0]()
        rt = bool(action.flags & SA_SIGINFO)
        frame = frame_top(registers[13], action, altstack) - _SIZE - _INFO_SIZE * rt & ~7
        context = frame + _INFO_SIZE * rt           # struct ucontext
        if rt:
            space.write(frame, self.pack_siginfo(info)
                        + _UCONTEXT.pack(0, 0, *stack_fields(altstack)))
        else:
            space.write_int(frame, _UC_FLAGS_OLD, 4)
        space.write(context + _UCONTEXT.size,
                    _SIGCONTEXT.pack(info.get("trap", 0), info.get("error", 0),
                                     mask & 0xFFFFFFFF, *registers, cpsr,
                                     info.get("fault_address", 0)) + struct.pack("<Q", mask))
        read_vfp, write_vfp = self._vfp(engine)
        vfp = read_vfp()
        space.write(context + _REGSPACE,
                    _VFP.pack(_VFP_MAGIC, _VFP.size, *vfp, _FPEXC_ENABLED, 0, 0) + bytes(4))
        handler = action.handler
        if action.flags & SA_RESTORER:
            back = action.restorer
        else:
            offset, code = _RETURNS[rt][handler & 1]
            space.write(context + _RETCODE, bytes.fromhex(code).ljust(8, b"\0"))
            back = self.kernel_code(space, "[sigpage]", offset=offset) + (handler & 1)
        cpsr &= ~(_CONDITIONS | _BIG_ENDIAN | _IT | _THUMB)
        cpsr |= _THUMB if handler & 1 else 0
        arguments = [info["signo"]] + [frame, context] * rt
        registers[:len(arguments)] = arguments
        self._write(engine, (*registers[:13], frame, back, handler), cpsr)
        write_vfp(*vfp[:32], vfp[32] & ~_FPSCR_VECTOR)

    def mask_address(self, engine: Engine, rt: bool) -> int:
        return engine.get("sp") + _INFO_SIZE * rt + _SIGMASK

    def pop_frame(self, engine: Engine, space: AddressSpace,
                  rt: bool) -> tuple[int, tuple[int, int, int] | None, int]:
        frame = engine.get("sp")
        if frame & 7:
            raise Fault(frame)
        context = frame + _INFO_SIZE * rt
        mask = space.read_int(context + _SIGMASK, 8)
        _, _, _, *registers, cpsr, _ = _SIGCONTEXT.unpack(
            space.read(context + _UCONTEXT.size, _SIGCONTEXT.size))
        cpsr &= ~(_FIQ | _ABORT)
        if cpsr & _MODE != _USER_MODE or cpsr & _IRQ:
            raise Fault(frame)
        magic, size, *vfp, _, _, _ = _VFP.unpack(space.read(context + _REGSPACE, _VFP.size))
        self._write(engine, tuple(registers), cpsr)
        if magic != _VFP_MAGIC or size != _VFP.size:
            raise Fault(frame)
        self._vfp(engine)[1](*vfp)
        stack = None
        if rt:
            _, _, *words = _UCONTEXT.unpack(space.read(context, _UCONTEXT.size))
            stack = words[0], words[1], words[2]
        return mask, stack, registers[0]


ABI = ArmAbi()
