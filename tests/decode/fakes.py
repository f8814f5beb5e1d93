"""A machine for decoder tests: memory made of pieces, a task with descriptors, options."""
from __future__ import annotations

from typing import Any

from tracer.abi.convert import converter
from tracer.decode.call import Call
from tracer.decode.plan import Plan, plan
from tracer.errors import Fault
from tracer.output.text import Style

PAGE = 4096


class FakeMemory:
    """Pieces of bytes at addresses; what lies between them is unmapped."""

    def __init__(self) -> None:
        self.pages: dict[int, bytearray] = {}
        self.edges: dict[int, int] = {}
        self.next = 0x10000

    def place(self, data: bytes, at: int | None = None) -> int:
        """Put bytes so that unmapped memory follows them at once; returns the address."""
        if at is None:
            at = self.next
            self.next += (len(data) // PAGE + 3) * PAGE
        self.pages[at] = bytearray(data)
        return at

    def read_prefix(self, address: int, size: int) -> bytes:
        for start, data in self.pages.items():
            if start <= address < start + len(data):
                return bytes(data[address - start:address - start + size])
        return b""

    def read(self, address: int, size: int) -> bytes:
        if size == 0:
            return b""
        data = self.read_prefix(address, size)
        if len(data) < size:
            raise Fault(address + len(data))
        return data

    def read_string(self, address: int, limit: int) -> tuple[bytes, bool]:
        data = self.read_prefix(address, limit)
        end = data.find(0)
        if end >= 0:
            return data[:end], True
        if len(data) < limit:
            raise Fault(address + len(data))
        return data, False


class FakeTask:
    pid = 1000
    comm = b"test"

    def __init__(self) -> None:
        self.fds: dict[int, tuple[bytes, bool]] = {}
        self.netlink: dict[int, int] = {}

    def fd_detail(self, fd: int, what: int) -> tuple[bytes, bool] | None:
        return self.fds.get(fd)

    def outer_id(self, number: int, kind: str) -> int:
        return number

    def comm_of(self, pid: int) -> bytes | None:
        return self.comm if pid == self.pid else None

    def netlink_protocol(self, fd: int) -> int | None:
        return self.netlink.get(fd)

    def fd_detail_of(self, pidfd: int, fd: int, what: int) -> tuple[bytes, bool] | None:
        return self.fds.get(fd)


class FakeOptions:
    def __init__(self, **changes: Any) -> None:
        self.string_limit = 32
        self.decode_fds = 0
        self.decode_pids = 0
        self.xlat = "abbrev"
        self.abbrev = True
        self.read_structs = True
        for name, value in changes.items():
            setattr(self, name, value)

    def abbreviated(self, name: str) -> bool:
        return self.abbrev

    def verbose(self, name: str) -> bool:
        return self.read_structs


class Tracee:
    """One program: calls are given registers, and give lines."""

    def __init__(self, abi: str = "x86_64", style: Style | None = None, **options: Any) -> None:
        self.abi = abi
        self.mem = FakeMemory()
        self.task = FakeTask()
        self.options = FakeOptions(**options)
        self.style = style or Style(self.options.xlat)
        self.plans: dict[str, Plan] = {}

    def begin(self, name: str, *registers: int) -> tuple[Plan, Call, list[Any]]:
        p = self.plans.get(name)
        if p is None:
            p = self.plans[name] = plan(name, self.abi, self.options)
        mask = (1 << (64 if self.abi in ("x86_64", "aarch64") else 32)) - 1
        raw = tuple(r & mask for r in registers) + (0,) * (7 - len(registers))
        call = Call()
        call.task = self.task
        call.abi = self.abi
        call.name = name
        call.mem = self.mem
        call.options = self.options
        call.words = converter(name, self.abi)(raw)
        call.exiting = False
        call.result = call.error = 0
        call.memo = None
        return p, call, p.decode_entry(call)

    def end(self, p: Plan, call: Call, values: list[Any], result: int,
            error: int) -> tuple[str, str]:
        call.exiting = True
        call.result = result
        call.error = error
        before = self.style.arguments(values)
        p.decode_exit(call, values)
        text = self.style.arguments(values)
        assert text.startswith(before), (call.name, before, text)
        return before, text

    def line(self, name: str, *registers: int, result: int = 0, error: int = 0,
             after: Any = None) -> str:
        """The line without padding; ``after`` is called between entry and exit."""
        p, call, values = self.begin(name, *registers)
        if after is not None:
            after()
        _, text = self.end(p, call, values, result, error)
        if error:
            return f"{name}({text}) = -1"
        value, aux = p.decode_result(call)
        tail = f" ({self.style.render(aux)})" if aux is not None else ""
        return f"{name}({text}) = {self.style.render(value)}{tail}"
