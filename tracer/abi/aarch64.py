"""The AArch64 ABI.  Frames: arch/arm64/kernel/signal.c and struct sigcontext with its records
in asm/sigcontext.h."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.signals import SIGBUS, SIGILL, SIGSEGV, SIGTRAP
from tracer.abi.arm import swap_open_flags
from tracer.abi.base import (
    O_LARGEFILE,
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
    SEGV_ACCERR,
    SEGV_MAPERR,
    TRAP_BRKPT,
    Siginfo,
)
from tracer.abi.userregs import NT_FPREGSET
from tracer.errors import Fault

if TYPE_CHECKING:
    from tracer.abi.base import Action, AltStack
    from tracer.cpu.engine import Engine, Event
    from tracer.memory.space import AddressSpace

# uc_flags, uc_link, uc_stack (sp, flags, size), uc_sigmask
_UCONTEXT = struct.Struct("<QQQI4xQQ")
_UC_SIGMASK = _UCONTEXT.size - 8
# fault_address, x0 to x30, sp, pc, pstate
_SIGCONTEXT = struct.Struct("<Q31QQQQ")
# Offsets in struct rt_sigframe.
_UC, _MCONTEXT, _RESERVED, _SIZE = 128, 304, 592, 4688
_RESERVED_SIZE = 4096

_HEAD = struct.Struct("<II")    # struct _aarch64_ctx: magic, size
_FPSIMD = struct.Struct("<IIII512s")
_FPSIMD_MAGIC, _ESR_MAGIC, _EXTRA_MAGIC = 0x46508001, 0x45535201, 0x45585401
_EXTRA = struct.Struct("<IIQI12x")
_FRAME_MAX = 256 << 10          # SIGFRAME_MAXSZ

_CONDITIONS = 0xF0000000        # of pstate
_NOT_USER = 0x3DF               # EL and SP selection, AArch32, interrupt masks

# Exceptions as Unicorn numbers them.
_DATA_ABORT, _BREAKPOINT = 4, 7

# ESR_EL1 (Arm ARM D17.2.37): class and IL, WnR, and fault status codes.
_EC_FETCH, _EC_DATA, _EC_PC = 0x20 << 26 | 1 << 25, 0x24 << 26 | 1 << 25, 0x22 << 26 | 1 << 25
_WRITE = 1 << 6
_FSC_LEVEL0, _FSC_TRANSLATION, _FSC_PERMISSION, _FSC_ALIGNMENT = 0x04, 0x07, 0x0F, 0x21


def untagged(address: int) -> int:
    """An address without its tag in the top byte, which the CPU ignores below user space's
    end."""
    return address if address >> 55 & 1 else address & (1 << 56) - 1


class AArch64Abi(Abi):
    name = "aarch64"
    kernel = (6, 1)             # what boards run today
    word = 8
    machine, machine32 = "aarch64", "armv8l"
    top = 1 << 48
    largefile = O_LARGEFILE
    cpumask = 32
    CPUINFO = (("processor", "0"), ("Features", "fp asimd aes pmull sha1 sha2 crc32 atomics"),
               ("CPU implementer", "0x41"), ("CPU architecture", "8"))
    RESULT, TLS = "x0", "tpidr_el0"
    DWARF = (*(f"x{i}" for i in range(31)), "sp")
    FP, LINK = "x29", "x30"
    USER_REGS = (*(f"x{i}" for i in range(31)), "sp", "pc", "nzcv")
    USER_STATUS = _CONDITIONS
    CALL_NUMBER = "x8"
    CALL_ARGUMENTS = ("x0", "x1", "x2", "x3", "x4", "x5")
    AUDIT_ARCH, HAS_GETREGS = 0xC00000B7, False
    FRAME = (*(f"x{i}" for i in range(31)), "sp", "pc", "nzcv")
    VECTORS = tuple(f"v{i}" for i in range(32))

    def engine(self) -> type[Engine]:
        from tracer.cpu.aarch64 import AArch64
        return AArch64

    def reset(self, engine: Engine) -> None:
        self.access(engine)[1](*[0] * 34)
        for name in ("fpcr", "fpsr", "tpidr_el0"):
            engine.set(name, 0)
        for name in self.VECTORS:
            engine.set_wide(name, bytes(16))

    def open_flags_in(self, flags: int) -> int:
        return swap_open_flags(flags)

    def open_flags_out(self, flags: int) -> int:
        return swap_open_flags(flags)

    # -- exceptions ----------------------------------------------------------------------------
    def event_signal(self, event: Event, engine: Engine,
                     space: AddressSpace) -> Siginfo | None:
        pc = engine.get("pc")
        if event.kind == "halt":                # wfi
            return None
        if event.kind == "fault":
            signo, code, address = page_fault(event, engine, space)
            address = untagged(address)
            syndrome = _EC_FETCH if event.access == 4 else _EC_DATA
            syndrome |= _WRITE if event.access == 2 else 0
            syndrome |= _FSC_LEVEL0 if address >= self.top else \
                _FSC_PERMISSION if space.failure == "ACCERR" else _FSC_TRANSLATION
            return fault_info(signo, code, address, 0, syndrome, address)
        if event.kind == "interrupt" and event.number == _BREAKPOINT:
            return fault_info(SIGTRAP, TRAP_BRKPT, pc)
        if event.kind == "interrupt" and event.number == _DATA_ABORT:
            address = untagged(self._base(engine, space, pc))
            return fault_info(SIGBUS, BUS_ADRALN, address, 0, _EC_DATA | _FSC_ALIGNMENT, address)
        if pc & 3:
            return fault_info(SIGBUS, BUS_ADRALN, pc, 0, _EC_PC)
        return fault_info(SIGILL, ILL_ILLOPC, pc)

    @staticmethod
    def _base(engine: Engine, space: AddressSpace, pc: int) -> int:
        """The address of an access that must be aligned: exclusive and atomic ones have no
        offset, and name the base register in bits 5 to 9."""
        number = space.read_int(pc, 4) >> 5 & 31
        return engine.get("sp" if number == 31 else f"x{number}")

    def bad_frame(self, engine: Engine, space: AddressSpace) -> Siginfo:
        sp = untagged(engine.get("sp"))
        above = bool(space.vmas) and sp < space.vmas[-1].end
        return fault_info(SIGSEGV, SEGV_ACCERR if above else SEGV_MAPERR, sp)

    # -- ptrace --------------------------------------------------------------------------------
    def get_float_regs(self, engine: Engine, kind: int) -> bytes | None:
        if kind != NT_FPREGSET:
            return None
        vectors = b"".join([engine.get_wide(v, 16) for v in self.VECTORS])
        return vectors + struct.pack("<II8x", engine.get("fpsr"), engine.get("fpcr"))

    def set_float_regs(self, engine: Engine, kind: int, data: bytes) -> bool:
        now = self.get_float_regs(engine, kind) or b""
        data += now[len(data):]
        for i, name in enumerate(self.VECTORS):
            engine.set_wide(name, data[16 * i:16 * i + 16])
        fpsr, fpcr = struct.unpack_from("<II", data, 512)
        engine.set("fpsr", fpsr)
        engine.set("fpcr", fpcr)
        return True

    # -- frames --------------------------------------------------------------------------------
    def push_frame(self, engine: Engine, space: AddressSpace, info: Siginfo, action: Action,
                   mask: int, altstack: AltStack | None) -> None:
        read, write = self.access(engine)
        registers = read()
        record = frame_top(registers[31], action, altstack) - 16 & -16
        frame = record - _SIZE
        space.write(record, struct.pack("<QQ", registers[29], registers[30]))
        space.write(frame + _UC,
                    _UCONTEXT.pack(0, 0, *stack_fields(altstack), mask))
        wide = engine.get_wide
        records = _FPSIMD.pack(_FPSIMD_MAGIC, _FPSIMD.size, engine.get("fpsr"),
                               engine.get("fpcr"), b"".join([wide(v, 16) for v in self.VECTORS]))
        syndrome = info.get("error", 0)
        if syndrome:
            records += struct.pack("<IIQ", _ESR_MAGIC, 16, syndrome)
        space.write(frame + _MCONTEXT,
                    _SIGCONTEXT.pack(info.get("fault_address", 0), *registers).ljust(
                        _RESERVED - _MCONTEXT, b"\0") + records + bytes(_HEAD.size))
        x1, x2 = registers[1:3]
        if action.flags & SA_SIGINFO:
            space.write(frame, self.pack_siginfo(info))
            x1, x2 = frame, frame + _UC
        back = action.restorer if action.flags & SA_RESTORER else \
            self.kernel_code(space, "[vdso]", "__kernel_rt_sigreturn")
        write(info["signo"], x1, x2, *registers[3:29], record, back, frame, action.handler,
              registers[33])

    def mask_address(self, engine: Engine, rt: bool) -> int:
        return engine.get("sp") + _UC + _UC_SIGMASK

    def pop_frame(self, engine: Engine, space: AddressSpace,
                  rt: bool) -> tuple[int, tuple[int, int, int] | None, int]:
        frame = engine.get("sp")
        if frame & 15:
            raise Fault(frame)
        _, _, sp, flags, size, mask = _UCONTEXT.unpack(space.read(frame + _UC, _UCONTEXT.size))
        _, *registers, pstate = _SIGCONTEXT.unpack(
            space.read(frame + _MCONTEXT, _SIGCONTEXT.size))
        if pstate & _NOT_USER:
            raise Fault(frame)
        self.access(engine)[1](*registers, pstate & _CONDITIONS)
        fpsimd = self._find_fpsimd(space, frame)
        _, length, fpsr, fpcr, vectors = _FPSIMD.unpack(space.read(fpsimd, _FPSIMD.size))
        if length != _FPSIMD.size:
            raise Fault(fpsimd)
        for i, name in enumerate(self.VECTORS):
            engine.set_wide(name, vectors[16 * i:16 * i + 16])
        engine.set("fpsr", fpsr)
        engine.set("fpcr", fpcr)
        return mask, (sp, flags, size), registers[0]

    @staticmethod
    def _find_fpsimd(space: AddressSpace, frame: int) -> int:
        """The address of the record of vector registers; the chain of records must be of
        known ones, in order, and end.  Raises Fault."""
        base, limit, offset = frame + _RESERVED, _RESERVED_SIZE, 0
        found = 0
        extra = False
        while limit - offset >= _HEAD.size and not offset & 15:
            at = base + offset
            magic, size = _HEAD.unpack(space.read(at, _HEAD.size))
            if limit - offset < size:
                break
            if not magic:
                if size or not found:
                    break
                return found
            if magic == _EXTRA_MAGIC:
                # Records go on right behind the terminator that follows this one.
                if extra or size < _EXTRA.size or limit - offset - size < 16:
                    break
                _, _, start, length = _EXTRA.unpack(space.read(at, _EXTRA.size))
                if any(space.read(at + size, _HEAD.size)) or start != at + size + 16 \
                        or (start | length) & 15 or length > frame + _FRAME_MAX - start:
                    break
                base, limit, offset, extra = start, length, 0, True
                continue
            if magic == _FPSIMD_MAGIC and not found:
                found = at
            elif magic != _ESR_MAGIC:
                break
            if size < _HEAD.size:
                break
            offset += size
        raise Fault(base + offset)


ABI = AArch64Abi()
