"""Signals delivered to machine code that really runs, and back."""
from __future__ import annotations

import struct

import pytest
from abi_machine import (
    ABIS,
    ALTSTACK,
    CODE,
    HANDLER,
    KERNEL,
    STACK,
    STACK_TOP,
    Machine,
    action,
    altstack,
)

from tracer.abi.base import SA_ONSTACK, SA_RESTORER, SA_SIGINFO
from tracer.abi.siginfo import Siginfo
from tracer.errors import Fault
from tracer.memory.arena import PAGE

# An undefined instruction of four bytes in all, then a system call that ends the test.
CODES = {"x86_64": "0f0b0f05", "i386": "0f0bcd80", "arm": "f000f0e7000000ef",
         "aarch64": "00000000010000d4"}

# Each adds the length of the undefined instruction to the pc in the ucontext, overwrites
# registers of all kinds, and returns.
#   x86_64: addq $2,168(%rdx); pcmpeqd %xmm0,%xmm0; movdqa %xmm0,%xmm15; fldpi; fldz;
#     or $-1,%rbx; mov to rbp, r8, r12, r15; std; ret; at 39: mov $15,%eax; syscall
#   i386: mov 12(%esp),%edx; addl $2,76(%edx); …; ret; at 31, without siginfo:
#     addl $2,64(%esp), jump into it; at 38: mov $173,%eax; int $0x80
#   arm: ldr r3,[r2,#92]; add r3,#4; str r3,[r2,#92]; vmov.i8 q0 and q15,#255; mvn r0,#0;
#     mov to r4, r8, r12; bx lr; at 40: mov r2,sp, jump to the start; at 48 in Thumb
#   aarch64: ldr x3,[x2,#440]; add x3,#4; str x3,[x2,#440]; movi v0, v31; mov x4,#-1;
#     mov to x19, x28; cmp x4,x4; ret
HANDLERS = {
    "x86_64": "488382a800000002660f76c066440f6ff8d9ebd9ee4883cbff4889dd4989d84989dc4989dffdc3"
              "b80f0000000f05",
    "i386": "8b54240c83424c02660f76c0660f6ff8d9ebd9ee83cbff89de89df89ddfdc38344244002ebe2"
            "b8ad000000cd80",
    "arm": "5c3092e5043083e25c3082e55f0e87f35feec7f30000e0e30040a0e10080a0e100c0a0e11eff2fe1"
           "0d20a0e1f3ffffead36d0433d36587ff5f0e6ff0000004468046704700bf",
    "aarch64": "43dc40f96310009143dc00f9e0e7074fffe7074f04008092f30304aafc0304aa9f0004eb"
               "c0035fd6",
}
SIGRETURN = {"x86_64": (15, 15), "i386": (119, 173), "arm": (119, 173), "aarch64": (139, 139)}
LENGTH = {"x86_64": 2, "i386": 2, "arm": 4, "aarch64": 4}
# handler, flags, restorer
WAYS = {
    ("x86_64", True): (HANDLER, SA_SIGINFO | SA_RESTORER, HANDLER + 39),
    ("i386", True): (HANDLER, SA_SIGINFO, 0),
    ("i386", False): (HANDLER + 31, 0, 0),
    ("arm", True): (HANDLER, SA_SIGINFO, 0),
    ("arm", False): (HANDLER + 40, 0, 0),
    ("aarch64", True): (HANDLER, SA_SIGINFO, 0),
}
MASK = 0x8000000200004001
USR1 = {"signo": 10, "errno": 0, "code": -6, "pid": 5, "uid": 7, "value": 0}


def roundtrip(machine: Machine, rt: bool, way: tuple[int, int, int], in_hook: bool,
              stack: object = None) -> dict[str, int | bytes]:
    """Run to the undefined instruction, through the handler, and to the end; returns the
    registers at the handler's entry."""
    abi, engine, space = machine.abi, machine.engine, machine.space
    info = machine.signal()
    assert info is not None and info["signo"] == 4 and info["addr"] == CODE
    before = machine.state()
    abi.push_frame(engine, space, info, action(*way), MASK, stack)  # type: ignore[arg-type]
    entry = machine.state()
    returned: list[tuple[int, tuple[int, int, int] | None, int]] = []

    def call(number: int) -> int | None:
        if not returned:
            assert number == SIGRETURN[abi.name][rt]
            if in_hook:
                returned.append(abi.pop_frame(engine, space, rt))
                return None
        engine.stop()
        return None

    machine.on_call = call
    assert engine.run() is None
    if not in_hook:
        returned.append(abi.pop_frame(engine, space, rt))
        assert machine.state() == {**before, engine.PC: CODE + LENGTH[abi.name]}
        assert engine.run() is None
    after = machine.state()
    assert after.pop(engine.PC) in (CODE + LENGTH[abi.name], CODE + LENGTH[abi.name] + 2,
                                    CODE + LENGTH[abi.name] + 4)
    assert after == {k: v for k, v in before.items() if k != engine.PC}
    assert len(machine.calls) == 2
    mask, alternate, result = returned[0]
    assert mask == MASK
    assert result == before[abi.RESULT]
    if rt:
        expected = (0, 2, 0) if stack is None else (ALTSTACK, 0, 8 * PAGE)
        assert alternate == expected
    else:
        assert alternate is None
    return entry


@pytest.mark.parametrize("in_hook", [False, True])
@pytest.mark.parametrize("name,rt", list(WAYS))
def test_roundtrip(name: str, rt: bool, in_hook: bool) -> None:
    if in_hook and name == "x86_64":
        pytest.skip("after the hook of syscall, Unicorn adds the length to whatever rip is")
    machine = Machine(name, CODES[name], HANDLERS[name])
    machine.fill(1)
    roundtrip(machine, rt, WAYS[name, rt], in_hook)


def test_roundtrip_thumb() -> None:
    machine = Machine("arm", "00de00bf00df", HANDLERS["arm"])
    machine.fill(2)
    machine.engine.set_pc(CODE | 1)
    entry = roundtrip(machine, True, (HANDLER + 48 | 1, SA_SIGINFO, 0), False)
    assert entry["lr"] == KERNEL + 0x214 | 1
    assert isinstance(entry["cpsr"], int)
    assert entry["cpsr"] & 0x20 and entry["pc"] == HANDLER + 48
    assert machine.engine.pc_bit() == 1


def test_thumb_handler_of_arm_code() -> None:
    machine = Machine("arm", CODES["arm"], HANDLERS["arm"])
    machine.fill(3)
    roundtrip(machine, True, (HANDLER + 48 | 1, SA_SIGINFO, 0), True)
    assert machine.engine.pc_bit() == 0


def test_if_then_state_survives() -> None:
    """itte eq; undefined, …: the handler starts outside the block, the code goes on in it."""
    machine = Machine("arm", "06bf"         # itte eq
                             "00de"         # udfeq
                             "0120"         # moveq r0,#1
                             "0220"         # movne r0,#2
                             "00df",        # svc
                      HANDLERS["arm"])
    engine, abi = machine.engine, machine.abi
    engine.set("cpsr", 0x40000010)          # Z
    engine.set("sp", STACK_TOP - 0x100)
    engine.set_pc(CODE | 1)
    info = machine.signal()
    assert info is not None and info["addr"] == CODE + 2
    assert engine.get("cpsr") & 0x0600FC00
    abi.push_frame(engine, machine.space, info, action(HANDLER, SA_SIGINFO), 0, None)
    assert not engine.get("cpsr") & 0x0600FC20
    context = engine.get("r2")
    assert machine.space.read_int(context + 92, 4) == CODE + 2
    # Skip the undefined instruction, and one place in the block.
    cpsr = machine.space.read_int(context + 96, 4)
    state = cpsr >> 8 & 0xFC | cpsr >> 25 & 3
    state = state & 0xE0 | state << 1 & 0x1F
    machine.space.write_int(context + 92, CODE + 4, 4)
    machine.space.write_int(context + 96, cpsr & ~0x0600FC00 | (state & 0xFC) << 8
                            | (state & 3) << 25, 4)
    abi.pop_frame(engine, machine.space, True)
    machine.on_call = lambda number: engine.stop()
    assert engine.run() is None
    assert engine.get("r0") == 1


@pytest.mark.parametrize("name", ABIS)
def test_alternate_stack(name: str) -> None:
    machine = Machine(name, CODES[name], HANDLERS[name])
    machine.fill(4)
    handler, flags, restorer = WAYS[name, True]
    entry = roundtrip(machine, True, (handler, flags | SA_ONSTACK, restorer), False,
                      altstack())
    sp = entry[machine.engine.SP]
    assert isinstance(sp, int)
    assert ALTSTACK + 5 * PAGE < sp < ALTSTACK + 8 * PAGE


@pytest.mark.parametrize("name", ABIS)
def test_nested_on_alternate_stack(name: str) -> None:
    """A second signal goes on where the first one's handler is."""
    machine = Machine(name)
    machine.fill(5)
    abi, engine, space = machine.abi, machine.engine, machine.space
    handler, flags, restorer = WAYS[name, True]
    do = action(handler, flags | SA_ONSTACK, restorer)
    abi.push_frame(engine, space, USR1, do, 0, altstack())
    first = engine.get(engine.SP)
    abi.push_frame(engine, space, USR1, do, 0, altstack())
    assert ALTSTACK < engine.get(engine.SP) < first
    # SS_AUTODISARM: the stack is used from its top again
    abi.push_frame(engine, space, USR1, do, 0, altstack(flags=1 << 31))
    assert abs(engine.get(engine.SP) - first) < 64


@pytest.mark.parametrize("name", ABIS)
def test_overflow_raises_and_keeps_registers(name: str) -> None:
    machine = Machine(name)
    machine.fill(6)
    handler, flags, restorer = WAYS[name, True]
    machine.engine.set(machine.engine.SP, STACK + 64)
    before = machine.state()
    with pytest.raises(Fault):
        machine.abi.push_frame(machine.engine, machine.space, USR1,
                               action(handler, flags, restorer), 0, None)
    assert machine.state() == before


@pytest.mark.parametrize("name", ["x86_64", "i386"])
def test_alternate_stack_overflow(name: str) -> None:
    """x86 refuses a frame that would leave the alternate stack, though there is memory."""
    machine = Machine(name)
    machine.fill(7)
    handler, flags, restorer = WAYS[name, True]
    with pytest.raises(Fault):
        machine.abi.push_frame(machine.engine, machine.space, USR1,
                               action(handler, flags | SA_ONSTACK, restorer), 0,
                               altstack(sp=ALTSTACK + 6 * PAGE, size=512))


def test_x86_64_needs_a_restorer() -> None:
    machine = Machine("x86_64")
    machine.fill(8)
    with pytest.raises(Fault):
        machine.abi.push_frame(machine.engine, machine.space, USR1, action(HANDLER), 0, None)


def push(machine: Machine, rt: bool, info: Siginfo = USR1) -> None:
    machine.fill(9)
    machine.abi.push_frame(machine.engine, machine.space, info,
                           action(*WAYS[machine.abi.name, rt]), MASK, None)


def test_x86_64_entry() -> None:
    machine = Machine("x86_64")
    machine.fill(9)
    machine.engine.set("rflags", 0x602)         # DF
    sp = machine.engine.get("rsp")
    machine.abi.push_frame(machine.engine, machine.space, USR1,
                           action(*WAYS["x86_64", True]), MASK, None)
    get, read = machine.engine.get, machine.space.read_int
    frame = get("rsp")
    assert frame & 15 == 8
    assert (get("rdi"), get("rsi"), get("rdx")) == (10, frame + 312, frame + 8)
    assert (get("rax"), get("rip"), get("rflags")) == (0, HANDLER, 0x202)
    assert (get("mxcsr"), get("fpcw"), get("fptag")) == (0x1F80, 0x37F, 0xFFFF)
    assert machine.engine.get_wide("xmm0", 16) == bytes(16)
    assert read(frame, 8) == HANDLER + 39
    assert read(frame + 8, 8) == 7                                      # uc_flags
    assert struct.unpack("<QI4xQ", machine.space.read(frame + 24, 24)) == (0, 2, 0)
    assert read(frame + 8 + 168, 8) == CODE                             # REG_RIP
    assert read(frame + 8 + 160, 8) == sp                               # REG_RSP
    assert read(frame + 8 + 184, 8) == 0x2B << 48 | 0x33                # REG_CSGSFS
    assert read(frame + 304, 8) == MASK
    assert machine.abi.unpack_siginfo(machine.space.read(frame + 312, 128)) == USR1
    state = read(frame + 8 + 224, 8)                                    # uc_mcontext.fpregs
    assert state % 64 == 0 and frame + 440 <= state and state + 580 <= sp - 128
    words = struct.unpack("<IIQI", machine.space.read(state + 464, 20))
    assert words == (0x46505853, 580, 3, 576)
    assert read(state + 512, 8) == 3 and read(state + 576, 4) == 0x46505845


def test_i386_entry() -> None:
    machine = Machine("i386")
    push(machine, True)
    get, read = machine.engine.get, machine.space.read_int
    frame = get("esp")
    assert (frame + 4) & 15 == 0
    back = machine.abi.kernel_code(machine.space, "[vdso]", "__kernel_rt_sigreturn")
    assert machine.space.read(back, 7) == bytes.fromhex("b8ad000000cd80")
    assert struct.unpack("<IIII", machine.space.read(frame, 16)) \
        == (back, 10, frame + 16, frame + 144)
    assert (get("eax"), get("edx"), get("ecx")) == (10, frame + 16, frame + 144)
    assert read(frame + 144 + 20 + 56, 4) == CODE                       # REG_EIP
    assert read(frame + 144 + 20 + 60, 4) == 0x23
    assert read(frame + 144 + 20 + 72, 4) == 0x2B
    legacy = read(frame + 144 + 20 + 76, 4)
    assert (legacy + 112) % 64 == 0
    assert struct.unpack("<IIII", machine.space.read(legacy, 16)) \
        == (0xFFFF027F, 0xFFFF5900, 0xFFFF0000, 0)
    assert struct.unpack("<IIQI", machine.space.read(legacy + 112 + 464, 20)) \
        == (0x46505853, 692, 3, 576)


def test_i386_entry_without_siginfo() -> None:
    machine = Machine("i386")
    push(machine, False)
    frame = machine.engine.get("esp")
    back = machine.abi.kernel_code(machine.space, "[vdso]", "__kernel_sigreturn")
    assert struct.unpack("<II", machine.space.read(frame, 8)) == (back, 10)
    assert machine.space.read_int(frame + 8 + 80, 4) == MASK & 0xFFFFFFFF
    assert machine.space.read_int(frame + 720, 4) == MASK >> 32
    assert machine.space.read(frame + 724, 8) == bytes.fromhex("58b877000000cd80")


def test_i386_return_code_on_the_stack() -> None:
    """Without vDSO, the code in the frame is what a handler returns to."""
    machine = Machine("i386")
    machine.space.unmap(KERNEL, KERNEL + PAGE)
    push(machine, False)
    frame = machine.engine.get("esp")
    assert machine.space.read_int(frame, 4) == frame + 724


def test_arm_entry() -> None:
    machine = Machine("arm")
    push(machine, True, {"signo": 11, "code": 1, "addr": 0x10, "trap": 14, "error": 0x17,
                         "fault_address": 0x10})
    get, read = machine.engine.get, machine.space.read_int
    frame = get("sp")
    assert frame % 8 == 0
    assert (get("r0"), get("r1"), get("r2")) == (11, frame, frame + 128)
    assert get("lr") == KERNEL + 0x20C
    assert get("cpsr") == 0x10 | 5 << 16
    context = frame + 128 + 20
    assert struct.unpack("<III", machine.space.read(context, 12)) == (14, 0x17, 0x4001)
    assert read(context + 72, 4) == CODE
    assert read(context + 80, 4) == 0x10                                # fault_address
    assert read(frame + 128 + 104, 8) == MASK
    assert struct.unpack("<II", machine.space.read(frame + 128 + 232, 8)) \
        == (0x56465001, 288)
    assert machine.space.read(frame + 128 + 240, 8) == machine.engine.get_wide("d0", 8)
    assert read(frame + 128 + 232 + 288, 4) == 0
    assert machine.space.read(frame + 128 + 744, 8) == bytes.fromhex("ad70a0e3000000ef")


def test_arm_entry_without_siginfo() -> None:
    machine = Machine("arm")
    push(machine, False)
    frame = machine.engine.get("sp")
    assert machine.space.read_int(frame, 4) == 0x5AC3C35A
    assert machine.engine.get("lr") == KERNEL + 0x200
    assert machine.space.read(frame + 744, 8) == bytes.fromhex("7770a0e3000000ef")
    assert machine.engine.get("r0") == 10


def test_arm_vector_length_is_cleared() -> None:
    machine = Machine("arm")
    machine.fill(10)
    machine.engine.set("fpscr", 0x03370000)
    machine.abi.push_frame(machine.engine, machine.space, USR1, action(HANDLER), 0, None)
    assert machine.engine.get("fpscr") == 0x03000000
    machine.abi.pop_frame(machine.engine, machine.space, False)
    assert machine.engine.get("fpscr") == 0x03370000


def test_aarch64_entry() -> None:
    machine = Machine("aarch64")
    machine.fill(9)
    x29, x30 = machine.engine.get("x29"), machine.engine.get("x30")
    push(machine, True, {"signo": 11, "code": 1, "addr": 0x10, "error": 0x92000046,
                         "fault_address": 0x10})
    get, read = machine.engine.get, machine.space.read_int
    frame = get("sp")
    assert frame % 16 == 0
    assert (get("x0"), get("x1"), get("x2")) == (11, frame, frame + 128)
    assert get("x30") == machine.abi.kernel_code(machine.space, "[vdso]",
                                                 "__kernel_rt_sigreturn")
    assert machine.space.read(get("x30"), 8) == bytes.fromhex("681180d2010000d4")
    assert get("x29") == frame + 4688
    assert struct.unpack("<QQ", machine.space.read(frame + 4688, 16)) == (x29, x30)
    assert read(frame + 128 + 40, 8) == MASK
    context = frame + 128 + 176
    assert read(context, 8) == 0x10
    assert read(context + 264, 8) == CODE
    assert read(context + 272, 8) == 0xA0000000
    assert struct.unpack("<II", machine.space.read(context + 288, 8)) == (0x46508001, 528)
    assert machine.space.read(context + 304, 16) == machine.engine.get_wide("v0", 16)
    assert struct.unpack("<IIQQ", machine.space.read(context + 288 + 528, 24)) \
        == (0x45535201, 16, 0x92000046, 0)


@pytest.mark.parametrize("name,rt,offset,value", [
    ("x86_64", True, 8 + 224, 0x10),                    # fpstate in unmapped memory
    ("arm", True, 128 + 96, 0x13),                      # cpsr: supervisor mode
    ("arm", True, 128 + 96, 0x90),                      # interrupts masked
    ("arm", False, 232, 0),                             # no VFP record
    ("arm", False, 236, 284),
    ("aarch64", True, 128 + 176 + 272, 0x5),            # EL1h
    ("aarch64", True, 128 + 176 + 288, 0x12345678),     # unknown record
    ("aarch64", True, 128 + 176 + 288, 0),              # no vector registers
    ("aarch64", True, 128 + 176 + 292, 8192),
])
def test_bad_frames(name: str, rt: bool, offset: int, value: int) -> None:
    machine = Machine(name)
    push(machine, rt)
    frame = machine.engine.get(machine.engine.SP)
    machine.space.write_int(frame + offset, value, 4)
    if name == "x86_64":
        machine.space.write_int(frame + offset, value, 8)
        machine.engine.set("rsp", frame + 8)
    with pytest.raises(Fault):
        machine.abi.pop_frame(machine.engine, machine.space, rt)
    info = machine.abi.bad_frame(machine.engine, machine.space)
    assert info["signo"] == 11


@pytest.mark.parametrize("name,sp", [("arm", 4), ("aarch64", 8), ("x86_64", 0x8000),
                                     ("i386", 0x8000)])
def test_no_frame(name: str, sp: int) -> None:
    machine = Machine(name)
    machine.engine.set(machine.engine.SP, STACK_TOP - 0x1000 + sp if sp < 16 else sp)
    with pytest.raises(Fault):
        machine.abi.pop_frame(machine.engine, machine.space, True)


def test_aarch64_extra_context() -> None:
    """Records may go on behind __reserved."""
    machine = Machine("aarch64")
    push(machine, True)
    vector = machine.engine.get_wide("v5", 16)
    frame = machine.engine.get("sp")
    records = frame + 128 + 176 + 288
    fpsimd = machine.space.read(records, 528)
    start = records + 32 + 16
    machine.space.write(records, struct.pack("<IIQI12x", 0x45585401, 32, start, 528 + 16)
                        + bytes(16) + fpsimd + bytes(16))
    machine.engine.set_wide("v5", bytes(16))
    machine.abi.pop_frame(machine.engine, machine.space, True)
    assert machine.engine.get_wide("v5", 16) == vector
    machine.engine.set("sp", frame)
    machine.space.write_int(records + 8, start + 16, 8)
    with pytest.raises(Fault):
        machine.abi.pop_frame(machine.engine, machine.space, True)


def test_x86_fpstate_rules() -> None:
    machine = Machine("x86_64")
    push(machine, True)
    engine, space = machine.engine, machine.space
    frame = engine.get("rsp")
    state = space.read_int(frame + 8 + 224, 8)
    xmm3 = space.read(state + 160 + 48, 16)

    def pop() -> None:
        engine.set("rsp", frame + 8)
        machine.abi.pop_frame(engine, space, True)

    pop()
    assert engine.get_wide("xmm3", 16) == xmm3 and engine.get("mxcsr") == 0x9FC0
    # XSAVE's bit for SSE off: the initial state
    space.write_int(state + 512, 1, 8)
    pop()
    assert engine.get_wide("xmm3", 16) == bytes(16) and engine.get("fpcw") == 0x27F
    # no valid XSAVE area: FXSAVE's counts
    space.write_int(state + 464, 0, 4)
    pop()
    assert engine.get_wide("xmm3", 16) == xmm3
    # no state at all
    space.write_int(frame + 8 + 224, 0, 8)
    pop()
    assert engine.get_wide("xmm3", 16) == bytes(16) and engine.get("mxcsr") == 0x1F80
    # reserved bits of mxcsr
    space.write_int(frame + 8 + 224, state, 8)
    space.write_int(state + 24, 0x10000, 4)
    with pytest.raises(Fault):
        pop()


def test_flags_of_sigreturn() -> None:
    """Of the flags, sigreturn takes over those that are the program's."""
    machine = Machine("x86_64")
    push(machine, True)
    frame = machine.engine.get("rsp")
    machine.space.write_int(frame + 8 + 176, 0xFFFFFFFF & ~0x100, 8)
    machine.engine.set("rsp", frame + 8)
    machine.abi.pop_frame(machine.engine, machine.space, True)
    assert machine.engine.get("rflags") & 0x3F7ED7 == 0x50ED7 & ~0x100 & 0x3F7ED7
    assert machine.engine.get("rsp") != frame


def test_without_siginfo_nothing_is_written_there() -> None:
    for name in ("x86_64", "aarch64"):
        machine = Machine(name)
        machine.fill(11)
        machine.space.write(STACK + 4 * PAGE, b"\xa5" * (4 * PAGE))
        handler, flags, restorer = WAYS[name, True]
        machine.abi.push_frame(machine.engine, machine.space, USR1,
                               action(handler, flags & ~SA_SIGINFO, restorer), 0, None)
        frame = machine.engine.get(machine.engine.SP)
        at = frame + (312 if name == "x86_64" else 0)
        assert machine.space.read(at, 128) == b"\xa5" * 128
