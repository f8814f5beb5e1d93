"""The FPU and SSE state of x86 in signal frames: FXSAVE image, XSAVE header, FSAVE header.

Layouts: Intel SDM vol. 1, 10.5.1 and 13.4; struct _fpstate_32 and _fpx_sw_bytes in
asm/sigcontext.h.  The emulated CPU has XSAVE with x87 and SSE.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tracer.errors import Fault

if TYPE_CHECKING:
    from tracer.cpu.engine import Engine
    from tracer.memory.space import AddressSpace

_MAGIC1, _MAGIC2 = 0x46505853, 0x46505845       # FP_XSTATE_MAGIC1, 2
_X87, _SSE = 1, 2
_FEATURES = _X87 | _SSE                         # XCR0
FXSAVE_SIZE, XSAVE_SIZE = 512, 576
SIZE = XSAVE_SIZE + 4                           # with FP_XSTATE_MAGIC2
FSAVE_SIZE = 112                                # the part of _fpstate_32 before FXSAVE's

_FCW, _FTW, _MXCSR = 0x37F, 0xFFFF, 0x1F80      # after execve
_MXCSR_MASK = 0xFFFF

_ST = tuple(f"st{i}" for i in range(8))
_XMM = tuple(f"xmm{i}" for i in range(16))
_HEAD = struct.Struct("<HHHHQQII")
_ZERO10, _ZERO16 = bytes(10), bytes(16)


def _registers(engine: Engine) -> tuple[str, ...]:
    """The xmm registers that the mode has."""
    return _XMM if "xmm8" in engine.REGISTERS else _XMM[:8]


def _abridged(tag: int) -> int:
    """FXSAVE's tag byte, a bit per register that is not empty, from the tag word."""
    return sum(1 << i for i in range(8) if tag >> 2 * i & 3 != 3)


def _full(abridged: int) -> int:
    """A tag word; the CPU works out what the registers hold that are not empty."""
    return sum(3 << 2 * i for i in range(8) if not abridged >> i & 1)


def reset(engine: Engine) -> None:
    """The state after execve, which signal handlers start with as well."""
    _reset_x87(engine)
    _reset_sse(engine)


def _reset_x87(engine: Engine) -> None:
    engine.set("fpsw", 0)
    for name in _ST:
        engine.set_wide(name, _ZERO10)
    engine.set("fptag", _FTW)
    engine.set("fpcw", _FCW)


def _reset_sse(engine: Engine) -> None:
    engine.set("mxcsr", _MXCSR)
    for name in _registers(engine):
        engine.set_wide(name, _ZERO16)


def _image(engine: Engine) -> bytes:
    """What FXSAVE stores, without the software bytes."""
    get = engine.get
    parts = [_HEAD.pack(get("fpcw"), get("fpsw"), _abridged(get("fptag")), 0, 0, 0,
                        get("mxcsr"), _MXCSR_MASK)]
    wide = engine.get_wide
    parts += [wide(name, 10).ljust(16, b"\0") for name in _ST]
    parts += [wide(name, 16) for name in _registers(engine)]
    return b"".join(parts).ljust(FXSAVE_SIZE, b"\0")


def fxsave(engine: Engine) -> bytes:
    """The FXSAVE image."""
    return _image(engine)


def fxrstor(engine: Engine, image: bytes) -> None:
    """Take an FXSAVE image."""
    _take(engine, image, _FEATURES)


def fsave(engine: Engine) -> bytes:
    """The 108 bytes of FSAVE in 32-bit mode (struct user_i387_ia32_struct)."""
    image = _image(engine)
    control, status = struct.unpack_from("<HH", image)
    high = 0xFFFF0000
    stack = b"".join(image[32 + 16 * i:42 + 16 * i] for i in range(8))
    return struct.pack("<7I", high | control, high | status, high | engine.get("fptag"), 0, 0x23,
                       0, high | 0x2B) + stack


def frstor(engine: Engine, environment: bytes) -> None:
    """Take an FSAVE image."""
    _take(engine, _fold(environment, _image(engine)), _FEATURES)


def save(engine: Engine, space: AddressSpace, address: int, legacy: bool) -> None:
    """Write the state to ``address``, which is a multiple of 64.

    legacy: also the FSAVE header of 32-bit frames, FSAVE_SIZE bytes before it.  Raises Fault.
    """
    image = bytearray(_image(engine))
    extended = SIZE + (FSAVE_SIZE if legacy else 0)
    struct.pack_into("<IIQI", image, 464, _MAGIC1, extended, _FEATURES, XSAVE_SIZE)
    header = struct.pack("<Q56xI", _FEATURES, _MAGIC2)
    space.write(address, bytes(image) + header)
    if legacy:
        control, status = struct.unpack_from("<HH", image)
        high = 0xFFFF0000
        # Selectors of a 32-bit program; the CPU does not tell where the last x87
        # instruction and its operand were.
        environment = struct.pack("<7I", high | control, high | status,
                                  high | engine.get("fptag"), 0, 0x23, 0, high | 0x2B)
        stack = b"".join(image[32 + 16 * i:42 + 16 * i] for i in range(8))
        space.write(address - FSAVE_SIZE,
                    environment + stack + struct.pack("<HH", status, 0))


def load(engine: Engine, space: AddressSpace, pointer: int, legacy: bool) -> None:
    """Take the state from a frame, whose sc.fpstate is ``pointer``; 0 stands for the initial
    state.  Raises Fault for what the kernel refuses."""
    if not pointer:
        reset(engine)
        return
    address = pointer + FSAVE_SIZE if legacy else pointer
    try:
        image, present = _read(space, address, legacy)
        if legacy:
            image = _fold(space.read(pointer, FSAVE_SIZE - 4), image)
    except Fault:
        reset(engine)
        raise
    _take(engine, image, present)


def _take(engine: Engine, image: bytes, present: int) -> None:
    """Set the registers from an FXSAVE image, those of which features it has."""
    control, status, tag, _, _, _, mxcsr, _ = _HEAD.unpack_from(image)
    wide = engine.set_wide
    if present & _X87:
        engine.set("fpsw", status)      # first: it says which register is st0
        for i, name in enumerate(_ST):
            wide(name, image[32 + 16 * i:42 + 16 * i])
        engine.set("fptag", _full(tag & 0xFF))
        engine.set("fpcw", control)
    else:
        _reset_x87(engine)
    if present & _SSE:
        for i, name in enumerate(_registers(engine)):
            wide(name, image[160 + 16 * i:176 + 16 * i])
    else:
        _reset_sse(engine)
    engine.set("mxcsr", mxcsr)


def _read(space: AddressSpace, address: int, legacy: bool) -> tuple[bytes, int]:
    """The FXSAVE image, and which features of it count.  Without a valid XSAVE area all do."""
    image = space.read(address, FXSAVE_SIZE)
    magic1, extended, features, size = struct.unpack_from("<IIQI", image, 464)
    present = _FEATURES
    alignment = 16
    if magic1 == _MAGIC1 and size == XSAVE_SIZE <= extended \
            and space.read_int(address + size, 4) == _MAGIC2:
        header = space.read(address + FXSAVE_SIZE, 64)
        stored = int.from_bytes(header[:8], "little")
        if stored & ~_FEATURES or any(header[8:]):
            raise Fault(address)
        present = stored & features
        alignment = 64
    if not legacy and address % alignment:      # xrstor and fxrstor raise #GP
        raise Fault(address)
    mxcsr = int.from_bytes(image[24:28], "little")
    if mxcsr & ~_MXCSR_MASK:
        raise Fault(address)
    return image, present


def _fold(environment: bytes, image: bytes) -> bytes:
    """x87 state of 32-bit frames counts as it stands in the FSAVE header."""
    control, status, tag, _, selector, _, _ = struct.unpack_from("<7I", environment)
    head = struct.pack("<HHHH", control & 0xFFFF, status & 0xFFFF, _abridged(tag),
                       selector >> 16)
    stack = b"".join(environment[28 + 10 * i:38 + 10 * i].ljust(16, b"\0") for i in range(8))
    return head + image[8:32] + stack + image[160:]
