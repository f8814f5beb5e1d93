"""Registers at execve and clone, thread pointers, open flags."""
from __future__ import annotations

import struct
from typing import cast

import pytest
from abi_machine import ABIS, CODE, DATA, STACK_TOP, Machine

from tracer.abi import get
from tracer.abi.i386 import I386Abi, descriptor, user_desc
from tracer.errors import Fault, LinuxError
from tracer.memory.arena import PAGE


def test_get() -> None:
    assert [get(name).name for name in ABIS] == list(ABIS)
    assert get("arm") is get("arm")
    with pytest.raises(ValueError):
        get("sparc")


def test_tops() -> None:
    from loader.layout import SPACES
    for name in ABIS:
        assert get(name).top == SPACES[name].task_size
        assert get(name).word == SPACES[name].word


@pytest.mark.parametrize("name", ABIS)
def test_reset(name: str) -> None:
    """Nothing of the old program stays; two resets give the same."""
    machine = Machine(name)
    first = machine.state()
    machine.fill(1)
    assert machine.state() != first
    machine.abi.reset(machine.engine)
    assert machine.state() == first
    general = {r: first[r] for r in machine.engine.GENERAL}
    flags = {"x86_64": {"rflags": 0x202}, "i386": {"eflags": 0x202}, "arm": {"cpsr": 0x10},
             "aarch64": {}}[name]
    assert {r: v for r, v in general.items() if v} == flags
    if name in ("x86_64", "i386"):
        assert (first["fpcw"], first["fpsw"], first["fptag"], first["mxcsr"]) \
            == (0x37F, 0, 0xFFFF, 0x1F80)


@pytest.mark.parametrize("name", ABIS)
def test_start(name: str) -> None:
    machine = Machine(name)
    machine.abi.start(machine.engine, CODE + 8, STACK_TOP)
    assert machine.engine.get(machine.engine.PC) == CODE + 8
    assert machine.engine.get(machine.engine.SP) == STACK_TOP


def test_start_thumb() -> None:
    """movs r0,#7; svc #0"""
    machine = Machine("arm", "072000df")
    machine.abi.start(machine.engine, CODE | 1, STACK_TOP)
    assert machine.engine.get("cpsr") == 0x30
    machine.on_call = lambda number: machine.engine.stop()
    assert machine.engine.run() is None
    assert machine.engine.get("r0") == 7
    machine.abi.reset(machine.engine)
    assert machine.engine.pc_bit() == 0


@pytest.mark.parametrize("name", ["x86_64", "arm", "aarch64"])
def test_clone(name: str) -> None:
    machine = Machine(name)
    machine.fill(2)
    abi, engine = machine.abi, machine.engine
    before = machine.state()
    abi.clone_regs(engine, machine.space, 0, None)
    assert machine.state() == {**before, abi.RESULT: 0}
    abi.clone_regs(engine, machine.space, STACK_TOP - 64, DATA + 16)
    assert machine.state() == {**before, abi.RESULT: 0, engine.SP: STACK_TOP - 64,
                               abi.TLS: DATA + 16}
    assert abi.get_tls(engine) == DATA + 16


def desc(number: int, base: int, bits: int = 0x51, limit: int = 0xFFFFF) -> bytes:
    """A struct user_desc; by default as glibc's: 32 bits, limit in pages, useable."""
    return struct.pack("<iIII", number, base, limit, bits)


def test_i386_thread_area() -> None:
    """set_thread_area, then %gs:4 is what stands at base + 4."""
    machine = Machine("i386", "8ee8"              # mov %eax,%gs
                              "65a104000000"      # mov %gs:4,%eax
                              "cd80" "65a104000000" "cd80" "65a104000000" "cd80")
    abi, engine = cast("I386Abi", machine.abi), machine.engine
    number = abi.set_thread_area(engine, desc(-1, DATA))
    assert number == 12
    assert abi.get_thread_area(engine, 12) == desc(12, DATA)
    machine.space.write_int(DATA + 4, 111, 4)
    machine.space.write_int(DATA + 0x104, 222, 4)
    engine.set("eax", number << 3 | 3)
    engine.set("eip", CODE)
    machine.on_call = lambda word: engine.stop()
    assert engine.run() is None
    assert engine.get("eax") == 111
    assert abi.get_tls(engine) == DATA
    # a change counts for the segment that is loaded
    old = abi.save_tls(engine)
    abi.set_thread_area(engine, desc(12, DATA + 0x100))
    assert engine.run() is None
    assert engine.get("eax") == 222
    # and so does another task's state
    abi.load_tls(engine, old)
    assert engine.run() is None
    assert engine.get("eax") == 111


def test_i386_thread_area_errors() -> None:
    machine = Machine("i386")
    abi = cast("I386Abi", machine.abi)
    assert [abi.set_thread_area(machine.engine, desc(-1, DATA)) for _ in range(3)] \
        == [12, 13, 14]
    for wrong, errno in ((desc(-1, DATA), 3), (desc(11, DATA), 22), (desc(15, DATA), 22),
                         (desc(12, DATA, 0x50), 22), (desc(12, DATA, 0x71), 22),
                         (desc(12, DATA, 0x55), 22)):
        with pytest.raises(LinuxError) as caught:
            abi.set_thread_area(machine.engine, wrong)
        assert caught.value.errno == errno
    assert abi.set_thread_area(machine.engine, desc(13, 0, 0x28, 0)) == 13      # empty
    assert abi.set_thread_area(machine.engine, desc(-1, DATA)) == 13
    with pytest.raises(LinuxError):
        abi.get_thread_area(machine.engine, 5)


def test_i386_clone_tls() -> None:
    machine = Machine("i386")
    abi, engine = cast("I386Abi", machine.abi), machine.engine
    abi.set_thread_area(engine, desc(-1, DATA))
    engine.set("gs", 0x63)
    parent = abi.save_tls(engine)
    machine.space.write(DATA, desc(12, DATA + 0x200))
    abi.clone_regs(engine, machine.space, STACK_TOP, DATA)
    assert abi.get_tls(engine) == DATA + 0x200
    assert engine.get("esp") == STACK_TOP and engine.get("eax") == 0
    abi.load_tls(engine, parent)
    assert abi.get_tls(engine) == DATA
    with pytest.raises(Fault):
        abi.clone_regs(engine, machine.space, 0, 0x10)
    machine.space.write(DATA, desc(-1, DATA))
    with pytest.raises(LinuxError):
        abi.clone_regs(engine, machine.space, 0, DATA)


@pytest.mark.parametrize("bits", [0x01, 0x11, 0x41, 0x51, 0x09, 0x53, 0x19])
def test_user_desc_roundtrip(bits: int) -> None:
    given = desc(13, 0x12345678, bits, 0xABCDE)
    assert user_desc(13, descriptor(given)) == given


def test_i386_reset_clears_tls() -> None:
    machine = Machine("i386")
    abi = cast("I386Abi", machine.abi)
    abi.set_thread_area(machine.engine, desc(-1, DATA))
    machine.engine.set("gs", 0x63)
    abi.reset(machine.engine)
    assert abi.save_tls(machine.engine) == bytes(24)
    assert machine.engine.get("gs") == 0


def test_bad_segments_of_a_frame_become_null() -> None:
    from abi_machine import HANDLER, action
    machine = Machine("i386")
    machine.fill(3)
    engine = machine.engine
    for gs, expected in ((0x63, 0), (0x2B, 0x2B), (0x28, 0x2B), (0xFF, 0), (2, 0)):
        engine.set("esp", STACK_TOP - PAGE)
        machine.abi.push_frame(engine, machine.space, {"signo": 10}, action(HANDLER), 0, None)
        machine.space.write_int(engine.get("esp") + 8, gs, 4)
        engine.set("esp", engine.get("esp") + 8)
        machine.abi.pop_frame(engine, machine.space, False)
        assert engine.get("gs") == expected


# From asm/fcntl.h: O_DIRECT O_LARGEFILE O_DIRECTORY O_NOFOLLOW O_CREAT O_CLOEXEC O_TMPFILE
_X86 = (0o40000, 0o100000, 0o200000, 0o400000, 0o100, 0o2000000, 0o20200000)
_ARM = (0o200000, 0o400000, 0o40000, 0o100000, 0o100, 0o2000000, 0o20040000)


@pytest.mark.parametrize("name", ABIS)
def test_open_flags(name: str) -> None:
    abi = get(name)
    for own, x86 in zip(_ARM if name in ("arm", "aarch64") else _X86, _X86, strict=True):
        assert abi.open_flags_in(own) == x86
        assert abi.open_flags_out(x86) == own
    assert abi.open_flags_in(0o7777777777) == 0o7777777777
    assert abi.largefile == (0o100000 if abi.word == 8 else 0)
