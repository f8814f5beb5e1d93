"""add_key(2), request_key(2), keyctl(2)."""
from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.keys import (
    PROCESS,
    SESSION,
    THREAD,
    USER,
    USER_SESSION,
    Key,
    Keys,
    check_payload,
    search,
)
from tracer.kernel.registry import syscall

if TYPE_CHECKING:
    from tracer.kernel.task import Task

_TYPE_SIZE, _DESCRIPTION_SIZE, _CALLOUT_SIZE = 32, 4096, 4096


def keys(task: Task) -> Keys:
    """The machine's, made on first use."""
    found: Keys | None = task.kernel.keys
    if found is None:
        found = task.kernel.keys = Keys()
    return found


def _find(task: Task, serial: int, create: bool = True) -> Key:
    serial = (serial + 0x80000000 & 0xFFFFFFFF) - 0x80000000
    process, creds = task.process, task.creds
    owners = {THREAD: task.pid, PROCESS: process.pid, SESSION: process.sid, USER: creds.uid,
              USER_SESSION: creds.uid}
    return keys(task).find(serial, owners, creds.uid, creds.gid, create)


def _ring(task: Task, serial: int, create: bool = True) -> Key:
    key = _find(task, serial, create)
    if not key.is_keyring:
        raise LinuxError(E.ENOTDIR)
    return key


def _text(task: Task, address: int, limit: int) -> bytes:
    """A string with its NUL within the limit; EINVAL."""
    text, ended = task.mem.read_string(address, limit)
    if not ended:
        raise LinuxError(E.EINVAL)
    return text


def _type(task: Task, address: int) -> bytes:
    text, ended = task.mem.read_string(address, _TYPE_SIZE)
    if not text or not ended:
        raise LinuxError(E.EINVAL)
    if text[:1] == b".":
        raise LinuxError(E.EPERM)
    return text


@syscall("add_key", note="types keyring, user and logon; no quotas or permissions")
def add_key(task: Task, kind_at: int, description_at: int, payload: int, size: int,
            ring: int) -> int:
    if size > (1 << 20) - 1:
        raise LinuxError(E.EINVAL)
    kind = _type(task, kind_at)
    description = _text(task, description_at, _DESCRIPTION_SIZE) if description_at else b""
    if description[:1] == b"." and kind.startswith(b"keyring"):
        raise LinuxError(E.EPERM)
    data = task.mem.read(payload, size) if size else b""
    where = _find(task, ring)
    check_payload(kind, description, data)
    if not where.is_keyring:
        raise LinuxError(E.ENOTDIR)
    if not description:
        raise LinuxError(E.EINVAL)
    key = where.members.get((kind, description))
    if key is None or key.is_keyring or key.revoked:
        key = keys(task).new(kind, description, task.creds.fsuid, task.creds.fsgid)
        where.members[kind, description] = key
    key.data = data
    return key.serial


@syscall("request_key", note="no program is asked for a key that is missing")
def request_key(task: Task, kind_at: int, description_at: int, callout: int, ring: int) -> int:
    kind = _type(task, kind_at)
    description = _text(task, description_at, _DESCRIPTION_SIZE)
    if callout:
        _text(task, callout, _CALLOUT_SIZE)
    where = _ring(task, ring) if ring else None
    for serial in (THREAD, PROCESS, SESSION, USER_SESSION, USER):
        try:
            found = search(_find(task, serial, False), kind, description)
        except LinuxError:
            continue
        if found is not None:
            if where is not None:
                where.members[kind, description] = found
            return found.serial
    raise LinuxError(E.ENOKEY)


# -- keyctl ----------------------------------------------------------------------------------------
def _get_id(task: Task, a: int, b: int, c: int, d: int) -> int:
    return _find(task, a, bool(b)).serial


def _join(task: Task, a: int, b: int, c: int, d: int) -> int:
    name = _text(task, a, _DESCRIPTION_SIZE) if a else b""
    if name[:1] == b".":
        raise LinuxError(E.EPERM)
    creds = task.creds
    return keys(task).join(task.process.sid, name, creds.uid, creds.gid).serial


def _update(task: Task, a: int, b: int, c: int, d: int) -> int:
    if c > 4096:
        raise LinuxError(E.EINVAL)
    data = task.mem.read(b, c) if c else b""
    key = _find(task, a)
    if key.is_keyring:
        raise LinuxError(E.EOPNOTSUPP)
    check_payload(key.kind, key.description, data)
    key.data = data
    return 0


def _revoke(task: Task, a: int, b: int, c: int, d: int) -> int:
    _find(task, a, False).revoked = True
    return 0


def _describe(task: Task, a: int, b: int, c: int, d: int) -> int:
    key = _find(task, a, False)
    text = b"%s;%d;%d;%08x;%s\0" % (key.kind, key.uid, key.gid, key.permissions, key.description)
    if b and c >= len(text):
        task.mem.write(b, text)
    return len(text)


def _clear(task: Task, a: int, b: int, c: int, d: int) -> int:
    _ring(task, a).members.clear()
    return 0


def _link(task: Task, a: int, b: int, c: int, d: int) -> int:
    ring, key = _ring(task, b), _find(task, a)
    if key is ring:
        raise LinuxError(E.EDEADLK)
    ring.members[key.kind, key.description] = key
    return 0


def _unlink(task: Task, a: int, b: int, c: int, d: int) -> int:
    ring, key = _ring(task, b), _find(task, a)
    if ring.members.get((key.kind, key.description)) is not key:
        raise LinuxError(E.ENOENT)
    del ring.members[key.kind, key.description]
    return 0


def _search(task: Task, a: int, b: int, c: int, d: int) -> int:
    kind, description = _type(task, b), _text(task, c, _DESCRIPTION_SIZE)
    ring = _ring(task, a, False)
    where = _ring(task, d) if d & 0xFFFFFFFF else None
    found = search(ring, kind, description)
    if found is None:
        raise LinuxError(E.ENOKEY)
    if where is not None:
        where.members[kind, description] = found
    return found.serial


def _read(task: Task, a: int, b: int, c: int, d: int) -> int:
    key = _find(task, a, False)
    if key.kind == b"logon":
        raise LinuxError(E.EOPNOTSUPP)
    data = b"".join(m.serial.to_bytes(4, "little") for m in key.members.values()) \
        if key.is_keyring else key.data
    if b and c and (key.is_keyring or c >= len(data)):
        task.mem.write(b, data[:c])
    return len(data)


def _set_permissions(task: Task, a: int, b: int, c: int, d: int) -> int:
    if b & 0xC0C0C0C0:
        raise LinuxError(E.EINVAL)
    _find(task, a).permissions = b & 0xFFFFFFFF
    return 0


def _set_timeout(task: Task, a: int, b: int, c: int, d: int) -> int:
    _find(task, a)
    return 0


_OPTIONS: dict[int, Callable[[Task, int, int, int, int], int]] = {
    0: _get_id, 1: _join, 2: _update, 3: _revoke, 5: _set_permissions, 6: _describe, 7: _clear,
    8: _link, 9: _unlink, 10: _search, 11: _read, 15: _set_timeout, 21: _revoke,
}


@syscall("keyctl", note="keys never expire; no security labels, construction or public keys")
def keyctl(task: Task, option: int, a: int, b: int, c: int, d: int) -> int:
    function = _OPTIONS.get(option)
    if function is None:
        raise LinuxError(E.EOPNOTSUPP)
    return function(task, a, b, c, d)
