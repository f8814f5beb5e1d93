"""Kinds of System V IPC and POSIX message queues."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import (
    DONE,
    LATER,
    Build,
    InOut,
    fetch,
    fetch_always,
    length,
    name_of,
    pointer_to,
)
from tracer.decode.call import Call, kind, memory_kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.values import Addr, Array, Join, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

IPC_PRIVATE, IPC_64 = 0, 0x100
_O_CREAT = 0o100


@kind("ipc_key")
def _ipc_key(b: Build) -> Decoder:
    private = Sym(0, "IPC_PRIVATE")
    return lambda call, word: Sym(word & 0xffffffff, None) if word else private


_HUGE_SHIFT = 26        # where shmget's flags have the size of huge pages
_HUGE_MASK = 0x3f << _HUGE_SHIFT


@kind("ipc_flags")
def _ipc_flags(b: Build, name: Param) -> Decoder:
    """Flags and, below them, a mode in octal."""
    flags = symbols.flags(name_of(name), b.abi, 32)
    closed = name_of(name) == "resource_flags"
    huge = 0 if closed else _HUGE_MASK

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        parts: list[Value] = []
        high = n & ~0o777 & ~huge
        if high:
            s = flags.sym(high)
            if s.text is None and closed and call.options.xlat != "raw":
                # strace tells an unknown number from the mode by nothing
                return Join([s, Sym(n & 0o777, None, None, "o")], "")
            parts.append(s)
        if n & huge:
            shift = Sym(_HUGE_SHIFT, "SHM_HUGE_SHIFT", None, "d")
            parts.append(Join([(n & huge) >> _HUGE_SHIFT, shift], "<<"))
        mode = Sym(n & 0o777, None, None, "o")
        return Join([*parts, mode]) if parts else mode

    return decode


@kind("ipc_cmd")
def _ipc_cmd(b: Build, name: Param) -> Decoder:
    commands = symbols.enum(name_of(name), b.abi)
    version = Sym(IPC_64, "IPC_64")

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        if n & IPC_64:
            return Join([version, commands.sym(n & ~IPC_64)])
        return commands.sym(n)

    return decode


@kind("ipc_call")
def _ipc_call(b: Build) -> Decoder:
    calls = symbols.enum("ipccalls", b.abi)

    def decode(call: Call, word: int) -> Value:
        n = word & 0xffffffff
        version, number = n >> 16, n & 0xffff
        return Join([Join([version, 16], "<<"), calls.sym(number)]) if version \
            else calls.sym(number)

    return decode


@kind("msgbuf")
def _msgbuf(b: Build, size: Param) -> Decoder:
    get = length(size)
    word = b.long

    def decode(call: Call, addr: int) -> Value:
        # strace's structure has a byte of text, which the alignment makes a word
        data = fetch(call, addr, 2 * word)
        if data is None:
            return Addr(addr)
        data = data[:word]
        return Struct([("mtype", int.from_bytes(data, "little", signed=True)),
                       ("mtext", bytes_value(call, addr + word, get(call)))])

    return decode


# command → direction and structure of the buffer
_MSG = {1: ("in", "msqid_set"), 2: ("out", "msqid64_ds"), 11: ("out", "msqid64_ds"),
        13: ("out", "msqid64_ds"), 3: ("out", "msginfo"), 12: ("out", "msginfo")}
_SHM = {1: ("in", "shmid_set"), 2: ("out", "shmid64_ds"), 13: ("out", "shmid64_ds"),
        15: ("out", "shmid64_ds"), 3: ("out", "shminfo64"), 14: ("out", "shm_info")}
_SEM = {1: ("in", "semid_set"), 2: ("out", "semid64_ds"), 18: ("out", "semid64_ds"),
        20: ("out", "semid64_ds"), 3: ("out", "seminfo"), 19: ("out", "seminfo")}


class _Control(InOut):
    """The last argument of msgctl, shmctl and semctl."""

    __slots__ = ("build", "cmd", "table", "types")

    def __init__(self, b: Build, cmd: Param, table: dict[int, tuple[str, str]]) -> None:
        self.build = b
        self.cmd = name_of(cmd)
        self.table = table
        self.types: dict[str, Decoder] = {}

    def decode(self, call: Call, word: int, name: str) -> Value:
        made = self.types.get(name)
        if made is None:
            from sysnames.lookup import is_structure

            base = name[:-4] + "64_ds" if name.endswith("_set") else name
            if not is_structure(base, self.build.abi):
                return Addr(word)
            made = pointer_to(self.build.struct(base, name))
            self.types[name] = made
        return made(call, word) or Addr(word)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        command = call.by_name(self.cmd) & 0xffffffff & ~IPC_64
        found = self.table.get(command)
        if found is None:
            return Addr(word), DONE
        if found[0] == "out":
            return None, LATER
        return self.decode(call, word, found[1]), DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        command = call.by_name(self.cmd) & 0xffffffff & ~IPC_64
        return self.decode(call, word, self.table[command][1])


@kind("msgctl_buf")
def _msgctl_buf(b: Build, cmd: Param) -> InOut:
    return _Control(b, cmd, _MSG)


@kind("shmctl_buf")
def _shmctl_buf(b: Build, cmd: Param) -> InOut:
    return _Control(b, cmd, _SHM)


@kind("semctl_arg")
def _semctl_arg(b: Build, cmd: Param) -> InOut:
    return _Control(b, cmd, _SEM)


class _Indirect(InOut):
    """semctl's last argument by way of ipc: a pointer to it."""

    __slots__ = ("inner",)

    def __init__(self, inner: _Control) -> None:
        self.inner = inner

    @staticmethod
    def word(call: Call, addr: int) -> int | None:
        """The argument itself."""
        data = fetch_always(call, addr, 4)
        return None if data is None else int.from_bytes(data, "little")

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        real = self.word(call, word)
        if real is None:
            return Addr(word), DONE
        v, state = self.inner.enter(call, real)
        return (Array([v]) if isinstance(v, Addr) else v), state

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        real = self.word(call, word)
        if real is None:
            return Addr(word)
        v = self.inner.leave(call, real, old)
        return Array([v]) if isinstance(v, Addr) else v


@kind("semctl_indirect")
def _semctl_indirect(b: Build, cmd: Param) -> InOut:
    return _Indirect(_Control(b, cmd, _SEM))


@kind("kludge_buf")
def _kludge_buf(b: Build, size: Param) -> Decoder:
    """msgrcv's buffer by way of ipc: a structure has its address."""
    decode = _msgbuf(b, size)

    def read(call: Call, addr: int) -> Value | None:
        data = fetch(call, addr, 8)
        if data is None:
            return Addr(addr)
        value: Value | None = decode(call, int.from_bytes(data[:4], "little"))
        return value

    return read


@kind("kludge_type")
def _kludge_type(b: Build) -> Decoder:
    def read(call: Call, addr: int) -> Value | None:
        data = fetch(call, addr, 8)
        return None if data is None else int.from_bytes(data[4:], "little", signed=True)

    return read


@kind("created_mode")
def _created_mode(b: Build, flags: Param) -> Decoder:
    """The mode of what O_CREAT makes."""
    name = name_of(flags)
    return lambda call, word: (Sym(word & 0xffff, None, None, "o")
                               if call.by_name(name) & _O_CREAT else None)


@kind("mq_open_attr")
def _mq_open_attr(b: Build, flags: Param) -> Decoder:
    name = name_of(flags)
    decode = pointer_to(b.struct("mq_attr", "mq_attr.open"))
    return lambda call, addr: decode(call, addr) if call.by_name(name) & _O_CREAT else None




@memory_kind("ipc_perm_set")
def _ipc_perm_set(b: Build) -> MemType:
    return b.struct("ipc64_perm", "ipc_perm_set")
