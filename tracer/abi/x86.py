"""What x86_64 and i386 share: CPU exceptions, flags, the place of a frame."""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.signals import SIGBUS, SIGFPE, SIGILL, SIGSEGV, SIGTRAP
from tracer.abi import fpstate
from tracer.abi.base import (
    SA_ONSTACK,
    Abi,
    fault_info,
    forced,
    in_altstack,
    on_altstack,
    page_fault,
)
from tracer.abi.siginfo import (
    BUS_ADRALN,
    FPE_FLTDIV,
    FPE_FLTINV,
    FPE_FLTOVF,
    FPE_FLTRES,
    FPE_FLTUND,
    FPE_INTDIV,
    ILL_ILLOPN,
    TRAP_BRKPT,
    TRAP_TRACE,
    Siginfo,
)
from tracer.abi.userregs import NT_FPREGSET, NT_PRXFPREG
from tracer.errors import Fault

if TYPE_CHECKING:

    from tracer.abi.base import Action, AltStack
    from tracer.cpu.engine import Engine, Event
    from tracer.memory.space import AddressSpace

FLAGS_START = 0x202                 # IF and the bit that is always set
# What sigreturn takes over: AC OF DF TF SF ZF AF PF CF RF (FIX_EFLAGS).
_FLAGS_USER = 0x50DD5
_FLAGS_HANDLER_CLEARS = 0x10500     # RF DF TF

_DE, _DB, _BP, _OF, _BR, _UD, _TS, _NP, _SS, _GP, _PF, _MF, _AC, _XF = (
    0, 1, 3, 4, 5, 6, 10, 11, 12, 13, 14, 16, 17, 19)
# Exceptions that come without details.
_FORCED = {_BP: SIGTRAP, _OF: SIGSEGV, _BR: SIGSEGV, _TS: SIGSEGV, _NP: SIGBUS, _SS: SIGBUS,
           _GP: SIGSEGV}
# Interrupt gates that programs may call.
_USER_GATES = (_BP, _OF)


def handler_flags(flags: int) -> int:
    """The flags that a signal handler starts with."""
    return flags & ~_FLAGS_HANDLER_CLEARS


def restored_flags(now: int, saved: int) -> int:
    """The flags after sigreturn."""
    return now & ~_FLAGS_USER | saved & _FLAGS_USER


def _float_code(status: int, masked: int) -> int:
    """The si_code of an x87 or SSE exception, 0 for none; bits as in the status word."""
    pending = status & ~masked
    for bits, code in ((0x1, FPE_FLTINV), (0x4, FPE_FLTDIV), (0x8, FPE_FLTOVF),
                       (0x12, FPE_FLTUND), (0x20, FPE_FLTRES)):
        if pending & bits:
            return code
    return 0


class X86Abi(Abi):
    """Both modes."""

    RED_ZONE = 0
    LEGACY_FPU = False      # the FPU state starts with an FSAVE header
    CPUINFO = (("processor", "0"), ("vendor_id", "GenuineIntel"), ("cpu family", "6"),
               ("model", "60"), ("model name", "Intel Core Processor (Haswell)"),
               ("stepping", "4"), ("cpu MHz", "1000.000"), ("physical id", "0"),
               ("siblings", "1"), ("core id", "0"), ("cpu cores", "1"), ("fpu", "yes"),
               ("flags", "fpu de pse tsc msr pae mce cx8 apic sep mtrr pge mca cmov pat pse36 "
                "clflush mmx fxsr sse sse2 syscall nx lm pni pclmulqdq ssse3 cx16 sse4_1 sse4_2 "
                "movbe popcnt aes lahf_lm bmi1 bmi2"))

    def get_float_regs(self, engine: Engine, kind: int) -> bytes | None:
        if kind == NT_FPREGSET and self.LEGACY_FPU:
            return fpstate.fsave(engine)
        if kind == (NT_PRXFPREG if self.LEGACY_FPU else NT_FPREGSET):
            return fpstate.fxsave(engine)
        return None

    def set_float_regs(self, engine: Engine, kind: int, data: bytes) -> bool:
        if kind == NT_FPREGSET and self.LEGACY_FPU:
            fpstate.frstor(engine, data + fpstate.fsave(engine)[len(data):])
            return True
        if len(data) != fpstate.FXSAVE_SIZE:
            return False
        fpstate.fxrstor(engine, data)
        return True

    def place_frame(self, sp: int, size: int, action: Action,
                    altstack: AltStack | None) -> tuple[int, int]:
        """The address of a frame of that size, and of its FXSAVE image above.

        Raises Fault when it does not fit the alternate stack.
        """
        nested = on_altstack(altstack, sp)
        entering = False
        sp -= self.RED_ZONE
        if action.flags & SA_ONSTACK and altstack is not None and altstack.size \
                and not on_altstack(altstack, sp):
            sp = altstack.sp + altstack.size
            entering = True
        image = sp - fpstate.SIZE & -64
        sp = self.align_frame(image - (fpstate.FSAVE_SIZE if self.LEGACY_FPU else 0) - size)
        if (nested or entering) and not in_altstack(altstack, sp):
            raise Fault(sp & self.mask)
        return sp, image

    def align_frame(self, sp: int) -> int:
        """Align the frame so that the handler sees its stack as after a call."""
        raise NotImplementedError

    def event_signal(self, event: Event, engine: Engine,
                     space: AddressSpace) -> Siginfo | None:
        pc = engine.get(engine.PC)
        if event.kind == "fault":
            return self.page_fault(event, engine, space)
        if event.kind == "illegal":
            if space.read_prefix(pc, 1) == b"\xf1":     # int1, which Unicorn does not know
                engine.set(engine.PC, pc + 1)
                return fault_info(SIGTRAP, TRAP_BRKPT, pc + 1, _DB)
            return fault_info(SIGILL, ILL_ILLOPN, pc, _UD)
        number = event.number
        if number not in _USER_GATES and self._by_instruction(space, pc, number):
            engine.set(engine.PC, pc - 2 & self.mask)
            return forced(SIGSEGV, _GP, number << 3 | 2)
        if number == _DE:
            return fault_info(SIGFPE, FPE_INTDIV, pc, _DE)
        if number == _DB:
            return fault_info(SIGTRAP, TRAP_TRACE, pc, _DB)
        if number == _UD:
            return fault_info(SIGILL, ILL_ILLOPN, pc, _UD)
        if number in (_MF, _XF):
            mxcsr = engine.get("mxcsr")
            code = _float_code(engine.get("fpsw"), engine.get("fpcw")) if number == _MF \
                else _float_code(mxcsr, mxcsr >> 7)
            return fault_info(SIGFPE, code, pc, number) if code else None
        if number == _AC:
            return fault_info(SIGBUS, BUS_ADRALN, 0, _AC)
        return forced(_FORCED.get(number, SIGSEGV), number if number in _FORCED else _GP)

    @staticmethod
    def _by_instruction(space: AddressSpace, pc: int, number: int) -> bool:
        """Whether the interrupt was an ``int n``: the CPU is past that, while it is at an
        instruction that faulted."""
        if number >= 32:
            return True
        try:
            return space.read(pc - 2, 2) == bytes((0xCD, number))
        except Fault:
            return False

    def page_fault(self, event: Event, engine: Engine, space: AddressSpace) -> Siginfo:
        """#PF; error code of the Intel SDM vol. 3, 4.7."""
        signo, code, address = page_fault(event, engine, space)
        present = address >> 12 in space.table or address >= space.top
        error = 4 | present | (2 if event.access == 2 else 0) | (16 if event.access == 4 else 0)
        return fault_info(signo, code, address, _PF, error, address)
