"""bpf(2): maps, programs and what is told of them."""
from __future__ import annotations

from struct import pack, unpack

import pytest
from machine import BAD, Machine

from sysnames import errno as E

HASH, ARRAY, LRU = 1, 2, 9
CREATE, LOOKUP, UPDATE, DELETE, NEXT, LOAD, INFO, FREEZE = 0, 1, 2, 3, 4, 5, 15, 22
ANY, NOEXIST, EXIST = 0, 1, 2
EXIT = pack("<BBhi", 0x95, 0, 0, 0)
MOVE = pack("<BBhi", 0xB7, 0, 0, 0)     # r0 = 0


class Bpf(Machine):
    def bpf(self, command: int, attr: bytes) -> int:
        self.attr = self.put(attr)
        return self.call("bpf", command, self.attr, len(attr))

    def map(self, kind: int, key: int = 4, value: int = 8, entries: int = 2,
            flags: int = 0) -> int:
        return self.bpf(CREATE, pack("<7I16s", kind, key, value, entries, flags, 0, 0, b"name"))

    def at(self, command: int, fd: int, key: int, value: bytes = bytes(8), flags: int = 0) -> int:
        self.value = self.put(value)
        attr = pack("<QQQQ", fd, self.put(pack("<I", key)), self.value, flags)
        return self.bpf(command, attr[:16] if command == DELETE else
                        attr[:24] if command == NEXT else attr)

    def load(self, code: bytes, kind: int = 1) -> int:
        return self.bpf(LOAD, pack("<IIQQ", kind, len(code) // 8, self.put(code),
                                   self.put(b"GPL\0")))


def test_array() -> None:
    m = Bpf()
    fd = m.map(ARRAY)
    assert fd == 0
    assert m.at(LOOKUP, fd, 1) == 0 and m.word(m.value, 8) == 0
    assert m.at(UPDATE, fd, 1, pack("<Q", 77)) == 0
    assert m.at(LOOKUP, fd, 1) == 0 and m.word(m.value, 8) == 77
    assert m.at(UPDATE, fd, 2) == -E.E2BIG
    assert m.at(UPDATE, fd, 1, flags=NOEXIST) == -E.EEXIST
    assert m.at(LOOKUP, fd, 2) == -E.ENOENT
    assert m.at(DELETE, fd, 1) == -E.EINVAL
    assert m.at(NEXT, fd, 0) == 0 and m.word(m.value) == 1
    assert m.at(NEXT, fd, 1) == -E.ENOENT


def test_hash() -> None:
    m = Bpf()
    fd = m.map(HASH)
    assert m.at(LOOKUP, fd, 5) == -E.ENOENT
    assert m.at(UPDATE, fd, 5, flags=EXIST) == -E.ENOENT
    assert m.at(UPDATE, fd, 5) == 0 and m.at(UPDATE, fd, 6) == 0
    assert m.at(UPDATE, fd, 7) == -E.E2BIG
    assert m.at(NEXT, fd, 99) == 0 and m.word(m.value) == 5
    assert m.at(NEXT, fd, 5) == 0 and m.word(m.value) == 6
    assert m.at(DELETE, fd, 5) == 0 and m.at(DELETE, fd, 5) == -E.ENOENT
    assert m.at(LOOKUP, 9, 5) == -E.EBADF
    assert m.at(LOOKUP, fd, 5, flags=8) == -E.EINVAL


def test_least_recently_used_goes_first() -> None:
    m = Bpf()
    fd = m.map(LRU)
    for key in (1, 2, 3):
        assert m.at(UPDATE, fd, key) == 0
    assert m.at(LOOKUP, fd, 1) == -E.ENOENT and m.at(LOOKUP, fd, 3) == 0


def test_access_and_freezing() -> None:
    m = Bpf()
    reading, writing = m.map(ARRAY, flags=8), m.map(ARRAY, flags=16)
    assert m.at(UPDATE, reading, 0) == -E.EPERM and m.at(LOOKUP, reading, 0) == 0
    assert m.at(UPDATE, writing, 0) == 0 and m.at(LOOKUP, writing, 0) == -E.EPERM
    fd = m.map(ARRAY)
    assert m.bpf(FREEZE, pack("<I", fd)) == 0 and m.bpf(FREEZE, pack("<I", fd)) == -E.EBUSY
    assert m.at(UPDATE, fd, 0) == -E.EPERM


@pytest.mark.parametrize("kind, key, value, entries, flags, error", (
    (99, 4, 8, 1, 0, E.EINVAL), (ARRAY, 8, 8, 1, 0, E.EINVAL), (ARRAY, 4, 0, 1, 0, E.EINVAL),
    (HASH, 4, 8, 0, 0, E.EINVAL), (HASH, 513, 8, 1, 0, E.E2BIG), (ARRAY, 4, 8, 1, 24, E.EINVAL),
    (ARRAY, 4, 1 << 30, 1 << 30, 0, E.ENOMEM), (LRU, 4, 8, 1, 1, E.EINVAL),
))
def test_maps_that_are_refused(kind: int, key: int, value: int, entries: int, flags: int,
                               error: int) -> None:
    assert Bpf().map(kind, key, value, entries, flags) == -error


def test_programs() -> None:
    m = Bpf()
    assert m.load(MOVE + EXIT) == 0
    assert m.load(MOVE) == -E.EINVAL                    # does not end
    assert m.load(pack("<BBhi", 0xB7, 11, 0, 0) + EXIT) == -E.EINVAL
    assert m.load(pack("<BBhi", 0x05, 0, 7, 0) + EXIT) == -E.EINVAL
    assert m.load(b"") == -E.E2BIG
    assert m.load(MOVE + EXIT, kind=99) == -E.EINVAL


def test_information() -> None:
    m = Bpf()
    first, second = m.map(ARRAY), m.map(HASH)
    info = m.put(bytes(88))
    assert m.bpf(INFO, pack("<IIQ", second, 80, info)) == 0
    assert unpack("<6I16s", m.task.mem.read(info, 40)) == (
        HASH, 2, 4, 8, 2, 0, b"name".ljust(16, b"\0"))
    assert m.word(m.attr + 4) == 80
    assert m.bpf(INFO, pack("<IIQ", first, 88, BAD)) == -E.EFAULT
    code = pack("<BBhiII", 0x18, 0x11, 0, second, 0, 0) + MOVE + EXIT
    prog = m.load(code)
    ids = m.room(8)
    info = m.put(pack("<2I8sIIQQQIIQ", 0, 0, b"", 0, 0, 0, 0, 0, 0, 2, ids).ljust(232, b"\0"))
    assert m.bpf(INFO, pack("<IIQ", prog, 232, info)) == 0
    assert m.word(info + 20) == len(code) and m.word(info + 52) == 1 and m.word(ids) == 2


def test_attributes() -> None:
    m = Bpf()
    assert m.bpf(FREEZE, pack("<IIQ", 9, 1, 0)) == -E.EINVAL    # something behind the field
    assert m.call("bpf", 0, BAD, 72) == -E.EFAULT
    assert m.call("bpf", 0, m.room(8), 5000) == -E.E2BIG
    assert m.bpf(CREATE, bytes(160) + b"\1") == -E.E2BIG
    assert m.bpf(77, bytes(8)) == -E.EINVAL
    m.task.creds.effective = 0
    assert m.bpf(77, bytes(8)) == -E.EPERM
