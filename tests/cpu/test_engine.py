"""Engines: constants, traps, faults and their addresses, self-modifying code."""
from __future__ import annotations

from collections.abc import Iterator

import pytest

from tracer.cpu import uclib
from tracer.cpu.aarch64 import AArch64
from tracer.cpu.arm import Arm
from tracer.cpu.engine import Engine
from tracer.cpu.x86 import I386, X8664
from tracer.memory.arena import Arena
from tracer.memory.space import AddressSpace
from tracer.memory.vma import Vma

TEXT, DATA, NOWHERE = 0x400000, 0x500000, 0x600000


def words(text: str) -> bytes:
    """ARM or AArch64 instructions from their hexadecimal encodings."""
    return b"".join(bytes.fromhex(w)[::-1] for w in text.split())


ENGINES: list[Engine] = []


@pytest.fixture(autouse=True)
def closed_engines() -> Iterator[None]:
    """Each engine reserves a gigabyte of addresses."""
    yield
    while ENGINES:
        ENGINES.pop().close()


def machine(kind: type[Engine], code: bytes, top: int = 1 << 31) -> tuple[Engine, AddressSpace]:
    """An engine about to run code, with one page of data."""
    arena = Arena(1 << 24)
    engine = kind(arena)
    ENGINES.append(engine)
    space = AddressSpace(arena, top, top - (1 << 28))
    space.insert(Vma(TEXT, TEXT + 0x1000, 3))
    space.write(TEXT, code)
    space.protect(TEXT, TEXT + 0x1000, 5)
    space.insert(Vma(DATA, DATA + 0x1000, 3))
    engine.use(space)
    engine.set(engine.PC, TEXT)
    return engine, space


def test_constants_are_those_of_the_package() -> None:
    unicorn_const = pytest.importorskip("unicorn.unicorn_const")
    for name in ("ARCH_ARM", "ARCH_ARM64", "ARCH_X86", "MODE_ARM", "MODE_32", "MODE_64",
                 "HOOK_INTR", "HOOK_INSN", "HOOK_BLOCK", "HOOK_TLB_FILL", "MEM_READ",
                 "MEM_WRITE", "MEM_FETCH", "PROT_READ", "PROT_WRITE", "PROT_EXEC", "PROT_ALL",
                 "ERR_OK", "ERR_INSN_INVALID", "ERR_EXCEPTION", "CTL_UC_PAGE_SIZE",
                 "CTL_UC_USE_EXITS", "CTL_UC_EXITS", "CTL_CPU_MODEL", "CTL_TB_FLUSH",
                 "CTL_TLB_FLUSH", "CTL_TLB_TYPE", "CTL_TCG_BUFFER_SIZE", "TLB_VIRTUAL"):
        assert getattr(uclib, name) == getattr(unicorn_const, "UC_" + name), name


@pytest.mark.parametrize(("kind", "module", "prefix"), [
    (X8664, "x86_const", "UC_X86_REG_"), (I386, "x86_const", "UC_X86_REG_"),
    (Arm, "arm_const", "UC_ARM_REG_"), (AArch64, "arm64_const", "UC_ARM64_REG_")])
def test_registers_are_those_of_the_package(kind: type[Engine], module: str,
                                            prefix: str) -> None:
    constants = pytest.importorskip(f"unicorn.{module}")
    renamed = {"tls": "C13_C0_3", "cpacr": "C1_C0_2"}
    for name, number in kind.REGISTERS.items():
        if kind is I386 and name.startswith("r"):
            name = "e" + name[1:]           # the 32-bit registers serve under both names
        assert number == getattr(constants, prefix + renamed.get(name, name.upper())), name


@pytest.mark.parametrize(("kind", "code"), [
    (X8664, b"\x0f\x05\x90"), (X8664, b"\xcd\x80\x90"), (I386, b"\xcd\x80\x90"),
    (Arm, words("ef000000 e1a00000")), (AArch64, words("d4000001 d503201f"))])
def test_a_trap_gets_its_result(kind: type[Engine], code: bytes) -> None:
    engine, _ = machine(kind, code)
    seen = []

    def call(registers: tuple[int, ...]) -> int:
        seen.append(engine.trap_pc(registers) - TEXT)
        engine.stop()
        return 42

    engine.on_call = engine.on_compat = call
    assert engine.run() is None
    assert engine.get(engine.RESULT) == 42
    assert seen == [engine.get(engine.PC) - TEXT]


@pytest.mark.parametrize(("kind", "code", "at"), [
    # mov $0x601234,%eax; mov (%rax),%eax
    (X8664, b"\xb8\x34\x12\x60\0\x8b\x00", 5), (I386, b"\xb8\x34\x12\x60\0\x8b\x00", 5),
    # movw r0,#0x1234; movt r0,#0x60; ldr r1,[r0]
    (Arm, words("e3010234 e3400060 e5901000"), 8),
    # mov w0,#0x1234; movk w0,#0x60,lsl 16; ldr w1,[x0]
    (AArch64, words("52824680 72a00c00 b9400001"), 8)])
def test_a_fault_has_its_exact_address(kind: type[Engine], code: bytes, at: int) -> None:
    engine, _ = machine(kind, code)
    event = engine.run()
    assert event is not None
    assert event.kind == "fault"
    assert engine.get(engine.PC) == TEXT + at
    before = engine.get(engine.RESULT)
    assert engine.locate(event) == 0x601234
    assert engine.get(engine.PC) == TEXT + at
    assert engine.get(engine.RESULT) == before


def test_a_store_across_an_edge_faults_at_the_edge() -> None:
    code = b"\x48\xa3" + (DATA + 0xFFC).to_bytes(8, "little")       # movabs %rax,...
    engine, space = machine(X8664, code)
    event = engine.run()
    assert event is not None
    assert engine.locate(event) == DATA + 0x1000
    assert space.read(DATA + 0xFF8, 8) == bytes(8)


def test_it_blocks_survive_a_tlb_miss() -> None:
    """Thumb: the block behind an IT block whose load missed the TLB is not conditional."""
    code = bytes.fromhex(
        "40f20001"      # movw r1, #0
        "c0f25001"      # movt r1, #0x50
        "0022"          # movs r2, #0
        "002a"          # cmp r2, #0
        "1cbf"          # itt ne
        "0868"          # ldrne r0, [r1]
        "0860"          # strne r0, [r1]
        "012a"          # cmp r2, #1
        "1cbf"          # itt ne
        "0868"          # ldrne r0, [r1]      (misses)
        "0860"          # strne r0, [r1]
        "ffe7"          # b next
        "0724"          # movs r4, #7
        "00df")         # svc 0
    engine, _ = machine(Arm, code)
    engine.set("cpsr", engine.get("cpsr") | 1 << 5)
    engine.set("pc", TEXT | 1)

    def call(_registers: tuple[int, ...]) -> int:
        engine.stop()
        return 0

    engine.on_call = call
    assert engine.run() is None
    assert engine.get("r4") == 7
    assert not engine.get("cpsr") & 0x0600FC00


def test_code_changed_from_outside_runs_anew() -> None:
    engine, space = machine(X8664, b"\xb8\x01\0\0\0\x0f\x05")      # mov $1,%eax; syscall
    results = []

    def call(registers: tuple[int, ...]) -> int:
        results.append(registers[0])
        engine.stop()
        return 0

    engine.on_call = call
    engine.run()
    stale = []
    space.arena.on_stale = lambda: stale.append(True)
    space.protect(TEXT, TEXT + 0x1000, 7)
    space.write(TEXT + 1, b"\x02")
    assert stale
    engine.flush_code()
    engine.set("rip", TEXT)
    engine.run()
    assert results == [1, 2]


def test_counted_runs_end_with_a_quantum() -> None:
    engine, _ = machine(X8664, b"\xeb\xfe")                         # jmp .
    event = engine.run(1000)
    assert event is not None
    assert event.kind == "quantum"
    assert engine.get("rip") == TEXT


@pytest.mark.parametrize("first", ["counted", "located"])
@pytest.mark.parametrize(("kind", "spin", "load", "trap"), [
    # jmp . / mov (%rax),%eax / syscall or int $0x80
    (X8664, b"\xeb\xfe", b"\x8b\x00", b"\x0f\x05"), (I386, b"\xeb\xfe", b"\x8b\x00", b"\xcd\x80"),
    # b . / ldr r0,[r0] / svc 0
    (Arm, words("eafffffe"), words("e5900000"), words("ef000000")),
    (Arm, b"\xfe\xe7", b"\x00\x68", b"\x00\xdf"),
    (AArch64, words("14000000"), words("b9400000"), words("d4000001"))])
def test_the_counter_goes_without_a_fault(kind: type[Engine], spin: bytes, load: bytes,
                                          trap: bytes, first: str) -> None:
    """The code that was counted is not mapped any more when Unicorn stops counting."""
    engine, space = machine(kind, spin if first == "counted" else load)
    thumb = len(spin) == 2 and kind is Arm
    if thumb:
        engine.set("cpsr", engine.get("cpsr") | 0x20)
    event = engine.run(1000 if first == "counted" else 0)
    assert event is not None
    if first == "counted":
        assert event.kind == "quantum"
    else:
        assert engine.locate(event) == event.address
    other = AddressSpace(space.arena, space.top, space.top - (1 << 28))
    other.insert(Vma(DATA, DATA + 0x1000, 3))
    other.write(DATA, trap)
    other.protect(DATA, DATA + 0x1000, 5)
    engine.use(other)
    engine.set(engine.PC, DATA | thumb)

    def call(_registers: tuple[int, ...]) -> int:
        engine.stop()
        return 42

    engine.on_call = engine.on_compat = call
    assert engine.run() is None
    assert engine.get(engine.RESULT) == 42
    assert engine.get(engine.PC) == DATA + len(trap)
    engine.set(engine.PC, TEXT | thumb)             # the TLB has not learned a wrong page
    event = engine.run()
    assert event is not None
    assert (event.kind, event.address) == ("fault", TEXT)


@pytest.mark.parametrize("count", [0, 1, 2, 3])
def test_it_blocks_go_on_in_the_next_page(count: int) -> None:
    """Thumb: the fetch of the next page misses in the middle of an IT block."""
    code = bytes.fromhex(
        "0020"          # movs r0, #0
        "0128"          # cmp r0, #1
        "06bf"          # itte eq
        "0220"          # moveq r0, #2        (the last of its page)
        "0520"          # moveq r0, #5
        "0930"          # addne r0, #9
        "00df")         # svc 0
    engine, space = machine(Arm, b"")
    space.unmap(TEXT, TEXT + 0x1000)
    space.insert(Vma(TEXT, TEXT + 0x2000, 3))
    start = TEXT + 0x1000 - 8
    space.write(start, code)
    space.protect(TEXT, TEXT + 0x2000, 5)
    engine.set("cpsr", engine.get("cpsr") | 1 << 5)
    engine.set("pc", start | 1)
    seen = []

    def call(_registers: tuple[int, ...]) -> int:
        seen.append(engine.get("r0"))
        engine.stop()
        return 0

    engine.on_call = call
    while not seen:
        event = engine.run(count)
        assert event is None or event.kind == "quantum"
    assert seen == [9]
