"""Kinds of vectors of buffers."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.decode.build import Build, Coded, fetch_always, length, read_array
from tracer.decode.call import Call, kind
from tracer.decode.kinds.basic import bytes_value
from tracer.decode.values import Addr, Struct

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.row import Param
    from tracer.decode.call import Decoder
    from tracer.decode.values import Value

    Contents = Callable[[Call, int, int], Value]


def iovecs(call: Call, addr: int, count: int, word: int, total: int | None,
           contents: Contents | None = bytes_value) -> Value:
    """An array of struct iovec.

    word: bytes of a long.  total: how many bytes of the buffers mean something (a short read),
    None for all.  contents: the decoder of a buffer; None prints addresses.
    """
    left = total

    def read(call: Call, data: bytes, at: int, _addr: int) -> Value:
        nonlocal left
        base = int.from_bytes(data[at:at + word], "little")
        size = int.from_bytes(data[at + word:at + 2 * word], "little")
        used = size
        if left is not None:
            used = min(size, left)
            left -= used
        buf = Addr(base) if contents is None else contents(call, base, used)
        return Struct([("iov_base", buf), ("iov_len", size)])

    return read_array(call, Coded(2 * word, read), addr, count, fetch_always)


@kind("iov")
def _iov(b: Build, count: Param, result: Param | None = None) -> Decoder:
    get = length(count)
    word = b.long
    if result is None:
        return lambda call, addr: iovecs(call, addr, get(call), word, None)
    done = length(result)

    def decode(call: Call, addr: int) -> Value:
        if call.error:
            return iovecs(call, addr, get(call), word, None, None)
        return iovecs(call, addr, get(call), word, done(call))

    return decode


@kind("iov_addrs")
def _iov_addrs(b: Build, count: Param) -> Decoder:
    get = length(count)
    word = b.long
    return lambda call, addr: iovecs(call, addr, get(call), word, None, None)
