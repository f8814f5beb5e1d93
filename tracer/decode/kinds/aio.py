"""Kinds of asynchronous I/O: struct iocb."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import Build, Coded, length, pointer_to, read_array
from tracer.decode.call import Call, kind
from tracer.decode.kinds.basic import bytes_value, fd_value
from tracer.decode.kinds.io import iovecs
from tracer.decode.kinds.system import ioprio_text
from tracer.decode.values import Addr, Hex, Struct, Sym

if TYPE_CHECKING:
    from sysnames.row import Param
    from tracer.decode.build import MemType
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

_PREAD, _PWRITE, _POLL, _PREADV, _PWRITEV = 0, 1, 5, 7, 8
_RESFD, _IOPRIO = 1, 2      # IOCB_FLAG_*


def _signed(n: int) -> int:
    return (n ^ 1 << 31) - (1 << 31)


def _iocb(b: Build, whole: bool) -> MemType:
    """struct iocb; only its head when not ``whole``, as io_cancel shows it."""
    layout = b.struct("iocb").layout
    commands = symbols.enum("aio_cmds", b.abi, 16, "d")
    flags = symbols.flags("aio_iocb_flags", b.abi, 32)
    rw_flags = symbols.flags("rwf_flags", b.abi, 32)
    polls = symbols.flags("pollflags", b.abi)
    size_max = (1 << 8 * b.long) - 1

    def head(call: Call, f: dict[str, int]) -> list[tuple[str, Value]]:
        out: list[tuple[str, Value]] = [("aio_data", Hex(f["aio_data"]))]
        if f["aio_key"]:
            out.append(("aio_key", f["aio_key"]))
        if f["aio_rw_flags"]:
            out.append(("aio_rw_flags", rw_flags.sym(f["aio_rw_flags"])))
        out.append(("aio_lio_opcode", commands.sym(f["aio_lio_opcode"])))
        priority = f["aio_reqprio"]
        if f["aio_flags"] & _IOPRIO:
            priority &= 0xffff
            out.append(("aio_reqprio", Sym(
                priority, ioprio_text(b.abi, priority, call.options.xlat))))
        elif priority:
            out.append(("aio_reqprio", priority))
        out.append(("aio_fildes", fd_value(call, _signed(f["aio_fildes"]))))
        return out

    def moved(call: Call, f: dict[str, int]) -> list[tuple[str, Value]]:
        """What a read or write moves."""
        opcode, buf, size = f["aio_lio_opcode"], f["aio_buf"], f["aio_nbytes"]
        valid = buf <= size_max and size <= size_max >> 1
        out: list[tuple[str, Value]] = []
        if opcode in (_PREADV, _PWRITEV) and valid:
            contents = bytes_value if opcode == _PWRITEV else None
            out.append(("aio_buf", iovecs(call, buf, size, b.long, None, contents)))
        else:
            shown = bytes_value(call, buf, size) if opcode == _PWRITE and valid else Hex(buf)
            out += [("aio_buf", shown), ("aio_nbytes", size)]
        out.append(("aio_offset", f["aio_offset"]))
        return out

    def read(call: Call, data: bytes, at: int, addr: int) -> Value:
        f = {name: unpack(data, at + offset)[0] for name, (offset, unpack) in layout.items()}
        out = head(call, f)
        opcode = f["aio_lio_opcode"]
        if not whole or opcode not in (_PREAD, _PWRITE, _POLL, _PREADV, _PWRITEV):
            return Struct(out)
        if opcode == _POLL:
            out.append(("aio_buf", polls.sym(f["aio_buf"])))
        else:
            out += moved(call, f)
        if f["aio_flags"]:
            out.append(("aio_flags", flags.sym(f["aio_flags"])))
        if f["aio_flags"] & _RESFD:
            out.append(("aio_resfd", fd_value(call, _signed(f["aio_resfd"]))))
        elif f["aio_resfd"]:
            out.append(("aio_resfd", Hex(f["aio_resfd"])))
        return Struct(out)

    return Coded(64, read)


@kind("iocb_head")
def _iocb_head(b: Build) -> Decoder:
    return pointer_to(_iocb(b, False))


@kind("iocbs")
def _iocbs(b: Build, count: Param) -> Decoder:
    get = length(count)
    one = pointer_to(_iocb(b, True))
    word = b.long
    pointer = Coded(word, lambda call, data, at, addr: one(
        call, int.from_bytes(data[at:at + word], "little")) or Addr(0))
    # one that is negative is no length
    return lambda call, addr: read_array(call, pointer, addr, get(call))
