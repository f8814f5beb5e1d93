"""Arguments of ioctls of trusted execution environments."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import DONE, OPEN, Build, Coded, InOut, fetch, name_of, read_array
from tracer.decode.call import Call, kind
from tracer.decode.values import Addr, Change, Hex, Join, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import StructType
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]

MAX_ARGUMENT = 1024         # bytes of a buffer (TEE_MAX_ARG_SIZE)
_PARAMETER = 32             # bytes of struct tee_ioctl_param
_META = 0x100
_MEMORY = frozenset((5, 6, 7))      # types of parameters that refer to memory
_GROUPS = frozenset((2, 6))         # logins by a group

# structure → what is printed at entry, and at exit
_SHOWN = {
    "tee_open_session": (("uuid", "clnt_login", "clnt_uuid", "cancel_id", "num_params"),
                         ("session", "ret", "ret_origin")),
    "tee_invoke": (("func", "session", "cancel_id", "num_params"), ("ret", "ret_origin")),
    "tee_supp_recv": (("func", "num_params"), ("num_params",)),
    "tee_supp_send": (("num_params",), ("ret",)),
}


class _Buffer(InOut):
    """A buffer with a structure and parameters behind it."""

    __slots__ = ("asked", "given", "parameter", "type")

    def __init__(self, b: Build, name: str) -> None:
        self.type: StructType = b.struct(name)
        self.asked, self.given = _SHOWN[name]
        types = symbols.enum("tee_ioctl_param_attr_types", b.abi, 64).names

        def parameter(call: Call, data: bytes, at: int, addr: int) -> Value:
            attr, *words = (int.from_bytes(data[at + i:at + i + 8], "little")
                            for i in range(0, _PARAMETER, 8))
            low = attr & ~_META
            what: Value = Sym(low, types.get(low), "TEE_IOCTL_PARAM_ATTR_")
            if attr & _META:
                what = Join([what, Sym(_META, "TEE_IOCTL_PARAM_ATTR_META")])
            fields: Fields = [("attr", what)]
            if attr in _MEMORY:
                fields += [("shm_offs", Hex(words[0])), ("size", Hex(words[1])),
                           ("shm_id", words[2])]
            elif attr:
                fields += [(name, Hex(n)) for name, n in zip("abc", words)]
            return Struct(fields)

        self.parameter = Coded(_PARAMETER, parameter)

    def read(self, call: Call, word: int, names: tuple[str, ...]) -> tuple[Value, int, bool]:
        """What is printed, the size of the buffer, and whether the structure is there."""
        head = fetch(call, word, 16)
        if head is None:
            return Addr(word), 0, False
        at, size = (int.from_bytes(head[i:i + 8], "little") for i in (0, 8))
        plain = Struct([("buf_len", size), ("buf_ptr", Addr(at))])
        if size > MAX_ARGUMENT or size < self.type.size:
            return plain, size, False
        data = fetch(call, at, self.type.size)
        if data is None:
            return plain, size, False
        count = int.from_bytes(data[-4:], "little")
        if not call.exiting and self.type.size + _PARAMETER * count != size:
            return plain, size, False
        known = {n: (o, t) for n, o, t in self.type.fields}
        fields: Fields = []
        for name in names:
            offset, t = known[name]
            if name == "clnt_uuid":
                login = int.from_bytes(data[32:36], "little")
                if login in _GROUPS:
                    group = int.from_bytes(data[offset:offset + 4], "little")
                    fields.append((name, -1 if group == 0xffffffff else group))
                    continue
                if login in (0, 1, 4, 5):
                    continue
            v = t.read(call, data, offset, at + offset)
            if v is not None:
                fields.append((name, v))
        where = at + self.type.size if count else 0
        fields.append(("params", read_array(call, self.parameter, where, count)))
        return Struct(fields), size, True

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        v, size, found = self.read(call, word, self.asked)
        if not found:
            return v, DONE
        return Struct([("buf_len", size), ("buf_ptr", v)], open=True), OPEN

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct):
            return old
        if call.error:
            return Struct(old.fields)
        v, _, found = self.read(call, word, self.given)
        # strace leaves the brace open where the buffer is not there any more
        return Struct([old.fields[0], ("buf_ptr", Change(old.fields[1][1], v))], open=not found)


@kind("tee_buffer")
def _tee_buffer(b: Build, name: Param) -> InOut:
    return _Buffer(b, name_of(name))
