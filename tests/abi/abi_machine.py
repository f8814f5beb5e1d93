"""A machine of one engine and one small address space per ABI, for tests of signal frames."""
from __future__ import annotations

import random
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

from loader import vdso
from tracer.abi import get
from tracer.abi.base import Abi
from tracer.memory.arena import PAGE, Arena
from tracer.memory.space import AddressSpace
from tracer.memory.vma import Vma

CODE, HANDLER, DATA, STACK, ALTSTACK = 0x400000, 0x410000, 0x500000, 0x600000, 0x700000
KERNEL = 0x420000           # vDSO or signal page
STACK_TOP = STACK + 8 * PAGE
ABIS = ("x86_64", "i386", "arm", "aarch64")

_WIDE = {"x86_64": (("xmm", 16, 16), ("st", 8, 10)), "i386": (("xmm", 8, 16), ("st", 8, 10)),
         "arm": (("d", 32, 8),), "aarch64": (("v", 32, 16),)}
_CONTROL = {"x86_64": ("fpcw", "fpsw", "fptag", "mxcsr", "fs_base", "gs_base"),
            "i386": ("fpcw", "fpsw", "fptag", "mxcsr", "ds", "es", "fs", "gs"),
            "arm": ("fpscr", "tls"), "aarch64": ("fpcr", "fpsr", "tpidr_el0")}


class Machine:
    """code runs at CODE, handler stands at HANDLER; both hexadecimal."""

    def __init__(self, name: str, code: str = "", handler: str = "") -> None:
        self.abi: Abi = get(name)
        self.arena = Arena(1 << 26)
        self.space = AddressSpace(self.arena, self.abi.top, self.abi.top - 0x10000000)
        self.engine: Any = self.abi.engine()(self.arena)
        self.engine.use(self.space)
        self.map(CODE, bytes.fromhex(code))
        self.map(HANDLER, bytes.fromhex(handler))
        self.map(DATA, b"", 3)
        self.map(STACK, b"", 3, 8)
        self.map(ALTSTACK, b"", 3, 8)
        if name == "arm":
            self.map(KERNEL, vdso.sigpage(), 5, name="[sigpage]")
        elif name != "x86_64":
            self.map(KERNEL, vdso.image(name), 5, name="[vdso]")
        self.abi.reset(self.engine)
        self.calls: list[tuple[int, ...]] = []
        self.on_call: Callable[[int], int | None] = lambda number: None
        self.engine.on_call = self.engine.on_compat = self._call

    def map(self, start: int, data: bytes, prot: int = 5, pages: int = 1,
            name: str = "") -> None:
        vma = self.space.insert(Vma(start, start + pages * PAGE, 3, name=name))
        self.space.write(start, data)
        self.space.protect(start, start + pages * PAGE, prot)
        assert vma.name == name

    def _call(self, words: tuple[int, ...]) -> int | None:
        self.calls.append(words)
        return self.on_call(words[0])

    def fill(self, seed: int) -> None:
        """Random values in all registers but pc; the stack pointer unaligned in the stack."""
        generator = random.Random(seed)
        engine, name = self.engine, self.abi.name
        skip = {engine.PC, engine.SP, "rflags", "eflags", "cpsr", "nzcv"}
        for register in engine.GENERAL:
            if register not in skip:
                engine.set(register, generator.getrandbits(8 * self.abi.word))
        engine.set(engine.SP, STACK_TOP - 0x800 - (0 if name == "aarch64" else 4))
        if name in ("x86_64", "i386"):
            engine.set("fpsw", 3 << 11 | 0x4100)
            engine.set("fptag", 0)
        for prefix, count, size in _WIDE[name]:
            for i in range(count):
                data = bytearray(generator.randbytes(size))
                if prefix == "st":
                    data[7] |= 0x80         # normal numbers, whose tag is 0
                    data[9] = 0x3F
                engine.set_wide(f"{prefix}{i}", bytes(data))
        for register, value in {
            "x86_64": {"fpcw": 0x27F, "mxcsr": 0x9FC0, "fs_base": DATA, "gs_base": 64,
                       "rflags": 0x202 | 0x8D5},
            "i386": {"fpcw": 0x27F, "mxcsr": 0x9FC0, "eflags": 0x202 | 0x8D5},
            "arm": {"fpscr": 0x03000000 | 0x1F, "tls": DATA, "cpsr": 0xA0000010 | 5 << 16},
            "aarch64": {"fpcr": 0x01000000, "fpsr": 0x1F, "tpidr_el0": DATA,
                        "nzcv": 0xA0000000},
        }[name].items():
            engine.set(register, value)
        engine.set(engine.PC, CODE)

    def state(self) -> dict[str, int | bytes]:
        """All registers."""
        engine, name = self.engine, self.abi.name
        found: dict[str, int | bytes] = {r: engine.get(r) for r in engine.GENERAL}
        for register in _CONTROL[name]:
            found[register] = engine.get(register)
        for prefix, count, size in _WIDE[name]:
            for i in range(count):
                found[f"{prefix}{i}"] = engine.get_wide(f"{prefix}{i}", size)
        return found

    def signal(self) -> dict[str, int] | None:
        """Run up to an exception, and say which signal it is."""
        event = self.engine.run()
        assert event is not None
        return self.abi.event_signal(event, self.engine, self.space)


def action(handler: int = HANDLER, flags: int = 0, restorer: int = 0) -> Any:
    return SimpleNamespace(handler=handler, flags=flags, restorer=restorer, mask=0)


def altstack(sp: int = ALTSTACK, size: int = 8 * PAGE, flags: int = 0) -> Any:
    return SimpleNamespace(sp=sp, size=size, flags=flags)
