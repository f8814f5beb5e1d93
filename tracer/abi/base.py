"""What the ABIs have in common: the class Abi, the rules of the alternate signal stack, page
faults as signals."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from sysnames.signals import SIGBUS, SIGKILL, SIGSEGV
from tracer.abi.siginfo import (
    BUS_ADRERR,
    SEGV_ACCERR,
    SEGV_MAPERR,
    SI_KERNEL,
    Packer,
    Siginfo,
)

if TYPE_CHECKING:
    from typing import Protocol

    from tracer.cpu.engine import Engine, Event
    from tracer.memory.space import AddressSpace

    class Action(Protocol):
        """What a program asked for with sigaction; mask has bit n - 1 for signal n."""

        handler: int
        flags: int
        restorer: int
        mask: int

    class AltStack(Protocol):
        """What a program asked for with sigaltstack."""

        sp: int
        size: int
        flags: int

Read = Callable[[], tuple[int, ...]]
Write = Callable[..., None]

SA_SIGINFO, SA_RESTORER, SA_ONSTACK = 0x4, 0x04000000, 0x08000000
SS_ONSTACK, SS_DISABLE, SS_AUTODISARM = 1, 2, 1 << 31

O_LARGEFILE = 0x8000            # of x86

_FAULTS = {"MAPERR": (SIGSEGV, SEGV_MAPERR), "ACCERR": (SIGSEGV, SEGV_ACCERR),
           "BUSERR": (SIGBUS, BUS_ADRERR), "NOMEM": (SIGKILL, SI_KERNEL)}


def in_altstack(altstack: AltStack | None, sp: int) -> bool:
    """Whether a stack pointer is inside the alternate stack."""
    return altstack is not None and altstack.sp < sp <= altstack.sp + altstack.size


def on_altstack(altstack: AltStack | None, sp: int) -> bool:
    """Whether the kernel takes a program as running on its alternate stack; with
    SS_AUTODISARM it never does."""
    return altstack is not None and not altstack.flags & SS_AUTODISARM \
        and in_altstack(altstack, sp)


def frame_top(sp: int, action: Action, altstack: AltStack | None) -> int:
    """Where the frame of a signal starts, downwards."""
    if action.flags & SA_ONSTACK and altstack is not None and altstack.size \
            and not on_altstack(altstack, sp):
        return altstack.sp + altstack.size
    return sp


def stack_fields(altstack: AltStack | None) -> tuple[int, int, int]:
    """sp, flags and size of uc_stack."""
    if altstack is None:
        return 0, SS_DISABLE, 0
    return altstack.sp, altstack.flags, altstack.size


class Abi:
    """One ABI.  The instances are stateless; registers are in the engine.

    name: as everywhere.  word: bytes.  machine: of uname(2), machine32: the same with the
    personality PER_LINUX32.  top: the first address beyond user space.  largefile: O_LARGEFILE
    in x86's numbering where open(2) adds it by itself (64-bit kernels for their own programs),
    else 0.

    Registers may be changed while the CPU is stopped.  In a trap handler they may as well,
    but for the pc on x86_64: when the hook of ``syscall`` is left, its length is added.

    Siginfo dicts made here for CPU exceptions may also have ``trap``, ``error`` and
    ``fault_address``: what the kernel keeps in thread_struct and shows in the sigcontext.
    """

    name = ""
    word = 8
    machine = machine32 = ""
    top = 0
    largefile = 0
    has_tsc = True                  # PR_GET_TSC knows a counter that user mode can read
    cpumask = 8                     # bytes of the kernel's CPU masks (large_cpumask_bits)
    compat = ""                 # the ABI of calls by int 0x80
    forced_restorer = 0         # SA_RESTORER where the kernel reports it by itself
    kernel = (6, 12)            # the version of Linux that uname and the order of checks follow
    skips_minus_one = False     # a call of number -1 is none: the result register stays
    minsigstksz = 2048          # MINSIGSTKSZ
    statfs64_unpacked: int | None = None    # another size of struct statfs64 programs may pass
    # The rows of /proc/cpuinfo for the CPU model that Unicorn emulates.
    CPUINFO: tuple[tuple[str, str], ...] = ()
    # Registers that signal frames hold, in an order of the ABI's own.
    FRAME: tuple[str, ...] = ()
    TLS = ""
    # Registers by their DWARF numbers, as .eh_frame has them; FP: the frame pointer.
    DWARF: tuple[str, ...] = ()
    FP = ""
    LINK = ""       # where a call leaves the return address; "" on the stack
    # See tracer.abi.userregs.
    USER_REGS: tuple[str, ...] = ()
    USER_FIXED: dict[str, int] = {}
    USER_READONLY: frozenset[str] = frozenset()
    USER_STATUS = 0             # bits of the status register that a tracer may change
    CALL_NUMBER = ""            # "orig" where the kernel keeps it, else its register
    CALL_ARGUMENTS: tuple[str, ...] = ()
    AUDIT_ARCH = 0              # linux/audit.h
    HAS_GETREGS = True          # PTRACE_GETREGS and its kin, besides PTRACE_GETREGSET
    HAS_SET_SYSCALL = False     # PTRACE_SET_SYSCALL
    USER_SIZE = 0               # of struct user, which PTRACE_PEEKUSER reads; 0: none
    FLOAT_UNIT = 4              # regsets of the FPU are moved in pieces of so many bytes

    def __init__(self) -> None:
        self._siginfo = Packer(self.word)
        self.mask = (1 << 8 * self.word) - 1
        self._access: WeakKeyDictionary[Engine, tuple[Read, Write]] = WeakKeyDictionary()
        self._symbols: dict[str, int] | None = None

    # -- ptrace ----------------------------------------------------------------------------
    def get_float_regs(self, engine: Engine, kind: int) -> bytes | None:
        """The FPU's set of NT_FPREGSET, NT_PRXFPREG or NT_ARM_VFP; None where there is none."""
        return None

    def set_float_regs(self, engine: Engine, kind: int, data: bytes) -> bool:
        """Take such a set; false when it is not whole and cannot be taken in part."""
        return False

    # -- the CPU ---------------------------------------------------------------------------
    def engine(self) -> type[Engine]:
        """The class of CPU engine that runs this ABI."""
        raise NotImplementedError

    def kernel_pages(self) -> list[tuple[int, bytes]]:
        """Pages above user space that programs may execute: address, content."""
        return []

    def gate(self) -> tuple[int, int, str] | None:
        """What of them stands in /proc/PID/maps: address, protection, name (get_gate_vma)."""
        return None

    def prepare(self, engine: Engine, clock: Callable[[], int]) -> None:
        """Settle a new engine; clock gives nanoseconds for its own counter."""
        engine.clock = clock

    def access(self, engine: Engine) -> tuple[Read, Write]:
        """Fast reader and writer of the registers FRAME."""
        pair = self._access.get(engine)
        if pair is None:
            pair = self._access[engine] = engine.reader(self.FRAME), engine.writer(self.FRAME)
        return pair

    def reset(self, engine: Engine) -> None:
        """All registers as execve(2) leaves them, but pc and sp."""
        raise NotImplementedError

    def start(self, engine: Engine, entry: int, sp: int) -> None:
        """Go on at a program's entry point."""
        engine.set(engine.PC, entry)
        engine.set(engine.SP, sp)

    def get_tls(self, engine: Engine) -> int:
        """The thread pointer."""
        return engine.get(self.TLS)

    def set_tls(self, engine: Engine, value: int) -> None:
        """Set the thread pointer."""
        engine.set(self.TLS, value)

    def save_tls(self, engine: Engine) -> bytes:
        """What of a task's thread-local storage is not in the engine's context."""
        return b""

    def load_tls(self, engine: Engine, state: bytes) -> None:
        """Install what save_tls gave, after the task's context was loaded."""

    def clone_tail(self, fourth: int, fifth: int) -> tuple[int, int]:
        """(child_tid, tls) from the last two arguments of clone(2)."""
        return fifth, fourth

    def clone_tls(self, engine: Engine, space: AddressSpace, tls: int) -> None:
        """Set the TLS of a new thread from the argument of clone(CLONE_SETTLS).

        Raises Fault or LinuxError(EINVAL) on i386, where it points to a structure.
        """
        self.set_tls(engine, tls)

    def clone_regs(self, engine: Engine, space: AddressSpace, stack: int,
                   tls: int | None) -> None:
        """Turn the registers of the caller of clone into those of the new task.

        stack: its stack pointer, 0 to keep the caller's; tls: None without CLONE_SETTLS.
        """
        engine.set(self.RESULT, 0)
        if stack:
            engine.set(engine.SP, stack)
        if tls is not None:
            self.clone_tls(engine, space, tls)

    RESULT = ""

    # -- flags of open -----------------------------------------------------------------------
    def open_flags_in(self, flags: int) -> int:
        """O_* of this ABI in x86's numbering."""
        return flags

    def open_flags_out(self, flags: int) -> int:
        """O_* of x86 in this ABI's numbering."""
        return flags

    # -- siginfo -------------------------------------------------------------------------------
    def pack_siginfo(self, info: Siginfo) -> bytes:
        """128 bytes of struct siginfo; see tracer.abi.siginfo for the keys."""
        return self._siginfo.pack(info)

    def unpack_siginfo(self, data: bytes) -> Siginfo:
        """The fields of 128 bytes of struct siginfo."""
        return self._siginfo.unpack(data)

    # -- exceptions ----------------------------------------------------------------------------
    def event_signal(self, event: Event, engine: Engine,
                     space: AddressSpace) -> Siginfo | None:
        """The signal that Linux forces for a CPU exception; None to just go on.

        May move the pc to where the kernel sees it.
        """
        raise NotImplementedError

    def bad_frame(self, engine: Engine, space: AddressSpace) -> Siginfo:
        """The signal for a frame that pop_frame refused."""
        return forced(SIGSEGV)

    def call_signal(self, engine: Engine, number: int) -> Siginfo | None:
        """The signal that a call of this number causes instead of a result; usually None."""
        return None

    # -- frames --------------------------------------------------------------------------------
    def push_frame(self, engine: Engine, space: AddressSpace, info: Siginfo, action: Action,
                   mask: int, altstack: AltStack | None) -> None:
        """Enter a signal handler.

        mask: the blocked signals that sigreturn restores.  The call in flight, if any, must
        have been completed or rewound.  Raises Fault, registers untouched, when the frame
        cannot be written; the kernel then forces SIGSEGV.  The caller blocks signals and
        disarms an SS_AUTODISARM stack.
        """
        raise NotImplementedError

    def pop_frame(self, engine: Engine, space: AddressSpace,
                  rt: bool) -> tuple[int, tuple[int, int, int] | None, int]:
        """Return from a signal handler; rt: by rt_sigreturn.

        Gives the signal mask, (sp, flags, size) for sigaltstack, whose errors are ignored
        (None for a frame without it), and the result register.  Raises Fault for a frame that
        the kernel refuses; registers may be changed by then.
        """
        raise NotImplementedError

    def mask_address(self, engine: Engine, rt: bool) -> int:
        """Where pop_frame is going to find the signal mask, or its first part."""
        raise NotImplementedError

    def frame_mask(self, engine: Engine, space: AddressSpace, rt: bool) -> int:
        """The signal mask that pop_frame is going to find.  Raises Fault."""
        return space.read_int(self.mask_address(engine, rt), 8)

    def kernel_code(self, space: AddressSpace, area: str, symbol: str = "",
                    offset: int = 0) -> int:
        """The address of a symbol of the vDSO, or of an offset in another of the kernel's
        areas, in one address space; 0 when a program unmapped it."""
        for vma in space.vmas:
            if vma.name == area:
                if symbol:
                    if self._symbols is None:
                        from loader.vdso import symbols
                        self._symbols = symbols(self.name)
                    offset = self._symbols[symbol]
                return vma.start + offset
        return 0


def forced(signo: int, trap: int = 0, error: int = 0) -> Siginfo:
    """force_sig(): a signal from the kernel without details."""
    return {"signo": signo, "errno": 0, "code": SI_KERNEL, "pid": 0, "uid": 0, "addr": 0,
            "trap": trap, "error": error, "fault_address": 0}


def fault_info(signo: int, code: int, address: int, trap: int = 0, error: int = 0,
               fault_address: int = 0) -> Siginfo:
    """force_sig_fault(): a signal with an address."""
    return {"signo": signo, "errno": 0, "code": code, "addr": address, "trap": trap,
            "error": error, "fault_address": fault_address}


def page_fault(event: Event, engine: Engine, space: AddressSpace) -> tuple[int, int, int]:
    """Signal, code and exact address of a page fault."""
    signo, code = _FAULTS[space.failure]
    address = engine.locate(event)
    if event.access == 4 and address >> 12 != event.address >> 12:
        address = event.address & -4096     # the instruction reaches into the next page
    return signo, code, address
