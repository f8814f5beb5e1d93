"""Keys and keyrings."""
from __future__ import annotations

from machine import BAD, Machine

from sysnames import errno as E

SESSION, PROCESS = -3, -2
GET_ID, JOIN, UPDATE, REVOKE, DESCRIBE, CLEAR, LINK, UNLINK, SEARCH, READ = (
    0, 1, 2, 3, 6, 7, 8, 9, 10, 11)


def test_keys() -> None:
    m = Machine()
    user, ring, name, data = (m.put(b"user\0"), m.put(b"keyring\0"), m.put(b"mine\0"),
                              m.put(b"secret"))
    key = m.call("add_key", user, name, data, 6, SESSION)
    assert key > 0
    assert m.call("add_key", user, name, data, 5, SESSION) == key       # changed in place
    assert m.call("request_key", user, name, 0, 0) == key
    assert m.call("request_key", ring, name, 0, 0) == -E.ENOKEY
    at = m.room()
    assert m.call("keyctl", READ, key, at, 2, 0) == 5
    assert m.task.mem.read(at, 2) == b"\xaa\xaa"                        # too small: nothing
    assert m.call("keyctl", READ, key, at, 64, 0) == 5
    assert m.task.mem.read(at, 6) == b"secre\xaa"
    text = b"user;0;0;3f010000;mine\0"
    assert m.call("keyctl", DESCRIBE, key, at, 64, 0) == len(text)
    assert m.task.mem.read(at, len(text)) == text
    session = m.call("keyctl", GET_ID, SESSION & 0xFFFFFFFF, 0, 0, 0)
    assert m.call("keyctl", READ, session, at, 64, 0) == 4
    assert m.word(at) == key
    inner = m.call("add_key", ring, m.put(b"inner\0"), 0, 0, PROCESS)
    assert m.call("keyctl", LINK, key, inner, 0, 0) == 0
    assert m.call("keyctl", UNLINK, key, session, 0, 0) == 0
    assert m.call("keyctl", UNLINK, key, session, 0, 0) == -E.ENOENT
    assert m.call("keyctl", SEARCH, PROCESS & 0xFFFFFFFF, user, name, 0) == key
    assert m.call("keyctl", UPDATE, key, data, 6, 0) == 0
    assert m.call("keyctl", CLEAR, inner, 0, 0, 0) == 0
    assert m.call("request_key", user, name, 0, 0) == -E.ENOKEY
    assert m.call("keyctl", REVOKE, key, 0, 0, 0) == 0
    assert m.call("keyctl", READ, key, at, 64, 0) == -E.EKEYREVOKED
    new = m.call("keyctl", JOIN, 0, 0, 0, 0)
    assert new not in (-1, session)


def test_key_errors() -> None:
    m = Machine()
    user, name, data = m.put(b"user\0"), m.put(b"mine\0"), m.put(b"secret")
    assert m.call("add_key", BAD, name, data, 6, SESSION) == -E.EFAULT
    assert m.call("add_key", BAD, name, data, 1 << 20, SESSION) == -E.EINVAL
    assert m.call("add_key", m.put(b".user\0"), name, data, 6, SESSION) == -E.EPERM
    assert m.call("add_key", m.put(b"x" * 40), name, data, 6, SESSION) == -E.EINVAL
    assert m.call("add_key", m.put(b"odd\0"), name, data, 6, SESSION) == -E.ENODEV
    assert m.call("add_key", user, name, BAD, 6, SESSION) == -E.EFAULT
    assert m.call("add_key", user, name, data, 6, 4242) == -E.ENOKEY
    assert m.call("add_key", user, name, data, 6, -99) == -E.EINVAL
    assert m.call("add_key", user, name, data, 0, SESSION) == -E.EINVAL
    assert m.call("keyctl", GET_ID, PROCESS & 0xFFFFFFFF, 0, 0, 0) == -E.ENOKEY
    assert m.call("keyctl", 99, 0, 0, 0, 0) == -E.EOPNOTSUPP
