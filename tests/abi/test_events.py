"""CPU exceptions as the signals that Linux makes of them."""
from __future__ import annotations

from typing import Any

import pytest
from abi_machine import CODE, DATA, STACK_TOP, Machine

from tracer.cpu.engine import Event
from tracer.memory.arena import PAGE

ILL, TRAP, BUS, FPE, SEGV = 4, 5, 7, 8, 11
KERNEL = 0x80

# ABI, machine code, signal, code, address, pc relative to the start
CASES: list[tuple[str, str, int, int, int, int]] = [
    ("x86_64", "900f0b", ILL, 2, CODE + 1, 1),                      # ud2
    ("x86_64", "cc", TRAP, KERNEL, 0, 1),                           # int3
    ("x86_64", "cd03", TRAP, KERNEL, 0, 2),
    ("x86_64", "90f1", TRAP, 1, CODE + 2, 2),                       # int1
    ("x86_64", "cd04", SEGV, KERNEL, 0, 2),                         # int 4
    ("x86_64", "90cd81", SEGV, KERNEL, 0, 1),                       # not a gate for users
    ("x86_64", "90cd00", SEGV, KERNEL, 0, 1),
    ("x86_64", "31c9f7f1", FPE, 1, CODE + 2, 2),                    # div ecx
    ("x86_64", "48cf", SEGV, KERNEL, 0, 0),                         # iretq
    ("x86_64", "48b80000000000000080488b00", SEGV, KERNEL, 0, 10),  # not canonical
    ("x86_64", "48b800000000000080ff488b00", SEGV, KERNEL, 0, 10),
    # to rbp instead: mov (%rbp),%eax; mov (%rbp,%rax),%eax; movaps 8(%rbp),%xmm0: SIGBUS
    ("x86_64", "48bd00000000000080408b4500", BUS, KERNEL, 0, 10),
    ("x86_64", "48bd00000000000080408b440500", BUS, KERNEL, 0, 10),
    ("x86_64", "48bd00000000000080400f284508", BUS, KERNEL, 0, 10),
    # to rsp: push %rax; to r13: mov (%r13),%eax; to rax: mov (%rax,%rbx),%eax
    ("x86_64", "48bc000000000000804050", BUS, KERNEL, 0, 10),
    ("x86_64", "49bd0000000000008040418b4500", SEGV, KERNEL, 0, 10),
    ("x86_64", "48b800000000000080408b0418", SEGV, KERNEL, 0, 10),
    ("x86_64", "48b80000000000f0ffff488b4004", SEGV, 1, 0xFFFFF00000000004, 10),
    ("x86_64", "488b042534120000", SEGV, 1, 0x1234, 0),             # mov 0x1234,%rax
    ("x86_64", "488904253c004000", SEGV, 2, CODE + 0x3C, 0),        # write to text
    ("x86_64", "b800005000ffe0", SEGV, 2, DATA, 0x100000),          # jump to data
    ("x86_64", "31c0ffd0", SEGV, 1, 0, -CODE),                      # call 0
    ("i386", "0f0b", ILL, 2, CODE, 0),
    ("i386", "cc", TRAP, KERNEL, 0, 1),
    ("i386", "31c9f7f1", FPE, 1, CODE + 2, 2),
    ("i386", "cd81", SEGV, KERNEL, 0, 0),
    ("i386", "a134120000", SEGV, 1, 0x1234, 0),
    ("i386", "a310004000", SEGV, 2, CODE + 0x10, 0),
    ("arm", "f000f0e7", ILL, 1, CODE, 0),                           # udf #0
    ("arm", "f001f0e7", TRAP, 1, CODE, 0),                          # gdb's breakpoint
    ("arm", "700020e1", TRAP, 4, 0, 0),                             # bkpt
    ("arm", "010a50e39f0f90e1", BUS, 1, DATA + 2, 4),               # ldrex r0,[r0]
    ("arm", "0400a0e3001090e5", SEGV, 1, 4, 4),                     # ldr r1,[r0]
    ("arm", "08f08fe5", SEGV, 2, CODE + 0x10, 0),                   # str pc,[pc,#8]
    ("arm", "0300e0e3001090e5", SEGV, 1, 0xFFFFFFFC, 4),            # above user space
    ("aarch64", "00000000", ILL, 1, CODE, 0),
    ("aarch64", "000020d4", TRAP, 1, CODE, 0),                      # brk #0
    ("aarch64", "000040d4", ILL, 1, CODE, 0),                       # hlt #0
    ("aarch64", "027c5fc8", BUS, 1, DATA + 2, 0),                   # ldxr x2,[x0]
    ("aarch64", "810080d2210440f9", SEGV, 1, 12, 4),                # ldr x1,[x1,#8]
    ("aarch64", "01000090210000f9", SEGV, 2, CODE, 4),              # str x1,[x1]
    ("aarch64", "0120e0d2210040f9", SEGV, 1, 0, 4),                 # tagged 0
]


@pytest.mark.parametrize("name,code,signo,sicode,address,offset", CASES)
def test_event(name: str, code: str, signo: int, sicode: int, address: int,
               offset: int) -> None:
    machine = Machine(name, code)
    engine = machine.engine
    engine.set(engine.SP, STACK_TOP - 64)
    engine.set("rax" if "rax" in engine.REGISTERS else "r0" if name == "arm" else "x0",
               DATA + 2)
    engine.set(engine.PC, CODE)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (signo, sicode, address)
    assert engine.get(engine.PC) == CODE + offset


@pytest.mark.parametrize("code,sicode,address", [
    ("00de", 1, CODE), ("01de", 1, CODE), ("f0f700a0", 1, CODE), ("00be", 4, 0)])
def test_thumb(code: str, sicode: int, address: int) -> None:
    machine = Machine("arm", code)
    machine.engine.set_pc(CODE | 1)
    info = machine.signal()
    assert info is not None
    assert info["signo"] == (ILL if code == "00de" else TRAP)
    assert (info["code"], info["addr"]) == (sicode, address)


def test_thumb_alignment() -> None:
    machine = Machine("arm", "51e8020f")            # ldrex r0,[r1,#8]
    machine.engine.set("r1", DATA + 1)
    machine.engine.set_pc(CODE | 1)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (BUS, 1, DATA + 9)


def test_aarch64_pc_alignment() -> None:
    machine = Machine("aarch64", "1f2003d51f2003d5")
    machine.engine.set("pc", CODE + 2)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (BUS, 1, CODE + 2)


def test_single_step() -> None:
    machine = Machine("x86_64", "9090")
    machine.engine.set("rflags", 0x302)
    machine.engine.set("rip", CODE)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (TRAP, 2, CODE + 1)


def test_sse_and_x87_exceptions() -> None:
    machine = Machine("x86_64")
    engine = machine.engine
    engine.set("rip", CODE)
    engine.set("fpcw", 0x37B)                       # division by zero unmasked
    engine.set("fpsw", 0x8004)

    def signal(number: int) -> dict[str, int] | None:
        return machine.abi.event_signal(Event("interrupt", number), engine, machine.space)

    info = signal(16)
    assert info is not None and (info["signo"], info["code"], info["addr"]) == (FPE, 3, CODE)
    assert signal(19) is None
    engine.set("mxcsr", 0x1F80 & ~0x80 | 1)         # invalid operation
    info = signal(19)
    assert info is not None and (info["signo"], info["code"]) == (FPE, 7)


@pytest.mark.parametrize("abi", ["x86_64", "i386"])
@pytest.mark.parametrize("code", [
    "f4", "fa", "fb", "e460", "e680", "ec", "ee", "0f32", "0f30", "0f08", "0f09", "0f06", "0f20c0",
    "0f22c0", "0f20d8", "0f21f8", "0f00d8", "0f0138", "0f01f0"])
def test_privileged(abi: str, code: str) -> None:
    """hlt cli sti in out rdmsr wrmsr invd wbinvd clts, control and debug registers, ltr, invlpg,
    lmsw: a fault at the instruction, as often as it runs."""
    machine = Machine(abi, "90" + code)
    engine = machine.engine
    for _ in range(3):
        engine.set(engine.PC, CODE)
        info = machine.signal()
        assert info is not None and (info["signo"], info["code"]) == (SEGV, KERNEL)
        assert engine.get(engine.PC) == CODE + 1


@pytest.mark.parametrize("abi", ["x86_64", "i386"])
def test_one_division_error_after_the_other(abi: str) -> None:
    machine = Machine(abi, "31c9f7f1")              # xor ecx,ecx; div ecx
    engine = machine.engine
    for n in range(3):
        engine.set(engine.PC, CODE)
        engine.set_wide("xmm3", bytes([n]) * 16)
        info = machine.signal()
        assert info is not None
        assert (info["signo"], info["code"], info["addr"]) == (FPE, 1, CODE + 2)
        assert engine.get_wide("xmm3", 16) == bytes([n]) * 16


@pytest.mark.parametrize("name", ["arm", "aarch64"])
def test_wait_for_interrupt_goes_on(name: str) -> None:
    machine = Machine(name)
    assert machine.abi.event_signal(Event("halt"), machine.engine, machine.space) is None


@pytest.mark.parametrize("name,expected", [
    ("x86_64", [(14, 4), (14, 6), (14, 7), (14, 21)]),
    ("arm", [(14, 0x17), (14, 0x817), (14, 0x81F), (14, 0x8000001F)]),
    ("aarch64", [(0, 0x92000007), (0, 0x92000047), (0, 0x9200004F), (0, 0x8200000F)])])
def test_page_fault_details(name: str, expected: list[tuple[int, int]]) -> None:
    """Of a read and a write to nothing, a write to text, a jump to data: trap number and
    error code of the sigcontext."""
    codes = {"x86_64": ["488b00", "488900", "488900", "ffe0"],
             "arm": ["000090e5", "000080e5", "000080e5", "10ff2fe1"],
             "aarch64": ["000040f9", "000000f9", "000000f9", "00001fd6"]}[name]
    addresses = 0x1008, 0x1008, CODE + 0x40, DATA + 0x40
    for code, address, details in zip(codes, addresses, expected, strict=True):
        machine = Machine(name, code)
        register = {"x86_64": "rax", "arm": "r0", "aarch64": "x0"}[name]
        machine.engine.set(register, address)
        machine.engine.set(machine.engine.PC, CODE)
        machine.space.read(DATA, 1)
        info = machine.signal()
        assert info is not None
        assert (info["trap"], info["error"]) == details
        assert info["addr"] == info["fault_address"] == address


def test_instruction_across_pages() -> None:
    """An instruction that reaches into an unmapped page faults there."""
    machine = Machine("x86_64")
    machine.space.protect(CODE, CODE + PAGE, 3)
    machine.space.write(CODE + PAGE - 2, b"\x48\xb8")
    machine.space.protect(CODE, CODE + PAGE, 5)
    machine.engine.set("rip", CODE + PAGE - 2)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (SEGV, 1, CODE + PAGE)


class _Gone:
    """A file of one page whose second is beyond its end."""

    def page(self, index: int) -> bytes | None:
        return b"" if index == 0 else None


@pytest.mark.parametrize("name,code", [("x86_64", "488b00"), ("arm", "000090e5"),
                                       ("aarch64", "000040f9")])
def test_beyond_the_end_of_a_file(name: str, code: str) -> None:
    from tracer.memory.vma import Backing, Vma

    inode: Any = _Gone()
    machine = Machine(name, code)
    start = 0x900000
    machine.space.insert(Vma(start, start + 2 * PAGE, 1,
                             backing=Backing(machine.arena, inode)))
    register = {"x86_64": "rax", "arm": "r0", "aarch64": "x0"}[name]
    machine.engine.set(register, start + PAGE + 8)
    machine.engine.set(machine.engine.PC, CODE)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (BUS, 2, start + PAGE + 8)


def test_arm_private_calls() -> None:
    """__ARM_NR_breakpoint is a breakpoint; numbers beyond the private ones are illegal."""
    machine = Machine("arm", "010f00ef")
    machine.engine.set("pc", CODE + 4)
    assert machine.abi.call_signal(machine.engine, 5) is None
    assert machine.abi.call_signal(machine.engine, 0xF0002) is None
    assert machine.abi.call_signal(machine.engine, 0xF07FF) is None
    info = machine.abi.call_signal(machine.engine, 0xF0800)
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (ILL, 4, CODE)
    assert machine.engine.get("pc") == CODE + 4
    info = machine.abi.call_signal(machine.engine, 0xF0001)
    assert info is not None and (info["signo"], info["code"], info["addr"]) == (TRAP, 1, CODE)
    assert machine.engine.get("pc") == CODE


@pytest.mark.parametrize("code", [
    "404238d5", "001038d5", "df4203d5", "e0039fd6", "1f8708d5", "001018d5", "020000d4", "030000d4"])
def test_aarch64_privileged(code: str) -> None:
    """CurrentEL, sctlr_el1, daifset, eret, tlbi, sctlr_el1, hvc, smc: undefined at EL0."""
    machine = Machine("aarch64", "1f2003d5" + code)
    machine.engine.set("pc", CODE)
    info = machine.signal()
    assert info is not None
    assert (info["signo"], info["code"], info["addr"]) == (ILL, 1, CODE + 4)


def test_aarch64_counter_is_virtual() -> None:
    # mrs x5,cntvct_el0; mrs x6,cntfrq_el0; mrs x7,ctr_el0; udf #0
    machine = Machine("aarch64", "45e03bd5" "06e03bd5" "27003bd5" "00000000")
    engine = machine.engine
    engine.clock = lambda: 3_000_000_000
    engine.set("pc", CODE)
    info = machine.signal()
    assert info is not None and info["addr"] == CODE + 12
    assert engine.get("x6") == 62_500_000
    assert engine.get("x5") == 3 * 62_500_000
