"""struct siginfo of both word sizes."""
from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tracer.abi import get
from tracer.abi.siginfo import Siginfo, layout_of

# signal, code, fields, format and values behind the head for 64 and 32 bits
CASES: list[tuple[int, int, Siginfo, str, str, tuple[int, ...]]] = [
    (10, 0, {"pid": 5, "uid": 1000}, "iI", "iI", (5, 1000)),
    (14, 0x80, {"pid": 0, "uid": 0}, "iI", "iI", (0, 0)),
    (34, -1, {"pid": 5, "uid": 1, "value": 0xDEADBEEF}, "iIQ", "iII", (5, 1, 0xDEADBEEF)),
    (14, -2, {"timerid": 3, "overrun": 2, "value": 9}, "iiQ", "iiI", (3, 2, 9)),
    (17, 1, {"pid": 5, "uid": 0, "status": 7, "utime": 1, "stime": 2}, "iIi4xqq", "iIiii",
     (5, 0, 7, 1, 2)),
    (29, 1, {"band": 0x41, "fd": 3}, "qi", "ii", (0x41, 3)),
    (10, -5, {"band": 0x41, "fd": 3}, "qi", "ii", (0x41, 3)),
    (11, 1, {"addr": 0xBEEF}, "Q", "I", (0xBEEF,)),
    (7, 4, {"addr": 0xBEEF, "addr_lsb": 12}, "Qh", "Ih", (0xBEEF, 12)),
    (11, 3, {"addr": 16, "lower": 1, "upper": 2}, "Q8xQQ", "I4xII", (16, 1, 2)),
    (11, 4, {"addr": 16, "pkey": 3}, "Q8xI", "I4xI", (16, 3)),
    (5, 6, {"addr": 16, "perf_data": 1, "perf_type": 2, "perf_flags": 3}, "QQII", "IIII",
     (16, 1, 2, 3)),
    (31, 1, {"call_addr": 4096, "syscall": 39, "arch": 0xC000003E}, "QiI", "IiI",
     (4096, 39, 0xC000003E)),
]


@pytest.mark.parametrize("name", ["x86_64", "i386", "arm", "aarch64"])
@pytest.mark.parametrize("signo,code,fields,form64,form32,values", CASES)
def test_layouts(name: str, signo: int, code: int, fields: Siginfo, form64: str, form32: str,
                 values: tuple[int, ...]) -> None:
    abi = get(name)
    info = {"signo": signo, "errno": 0, "code": code, **fields}
    form = "<iii4x" + form64 if abi.word == 8 else "<iii" + form32
    data = struct.pack(form, signo, 0, code, *values).ljust(128, b"\0")
    assert abi.pack_siginfo(info) == data
    found = abi.unpack_siginfo(data)
    assert found == info


def test_values_are_cut_to_their_size() -> None:
    abi = get("arm")
    info = {"signo": 34, "code": -1, "pid": 1, "uid": -1, "value": 0x123456789}
    assert abi.unpack_siginfo(abi.pack_siginfo(info)) \
        == {**info, "errno": 0, "uid": 0xFFFFFFFF, "value": 0x23456789}


def test_signed_fields_may_come_unsigned() -> None:
    abi = get("x86_64")
    info = {"signo": 17, "code": 1, "pid": 0xFFFFFFFF, "status": 0xFFFFFF00, "utime": -1}
    found = abi.unpack_siginfo(abi.pack_siginfo(info))
    assert (found["pid"], found["status"], found["utime"]) == (-1, -256, -1)


def test_codes_without_a_layout() -> None:
    assert layout_of(10, 3) == "poll"
    assert layout_of(10, 7) == "kill"
    assert layout_of(17, 7) == "kill"
    assert layout_of(34, -6) == "rt"
    assert layout_of(34, 0x100) == "kill"


@given(st.binary(min_size=128, max_size=128), st.sampled_from(["x86_64", "i386"]))
def test_any_bytes(data: bytes, name: str) -> None:
    """Whatever a program queues can be read, and comes out the same when read again."""
    abi = get(name)
    info = abi.unpack_siginfo(data)
    assert abi.unpack_siginfo(abi.pack_siginfo(info)) == info
