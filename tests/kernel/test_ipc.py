"""System V objects and POSIX message queues."""
from __future__ import annotations

import struct

import pytest
from machine import SECOND, Machine
from test_sockets import Blocked

import tracer.kernel.calls.mqueue
import tracer.kernel.calls.sysvipc  # noqa: F401
from sysnames import errno as E
from tracer.wait import Wait

CREAT, EXCL, NOWAIT, UNDO = 0o1000, 0o2000, 0o4000, 0x1000
RMID, SET, STAT = 0, 1, 2
GETVAL, GETNCNT, SETVAL = 12, 14, 16


@pytest.fixture(params=("x86_64", "i386", "arm", "aarch64"))
def m(request: pytest.FixtureRequest) -> Machine:
    return Machine(request.param)


def flag(m: Machine) -> int:
    """IPC_64 where a command without it asks for the old structures."""
    return 0x100 if m.abi.name == "arm" else 0


def test_identifiers_count_sequences() -> None:
    m = Machine()
    ids = []
    for _ in range(64):
        ids.append(m.call("msgget", 0, 0o600))
        assert m.call("msgctl", ids[-1], RMID, 0) == 0
    assert ids == list(range(64))
    assert m.call("msgget", 0, 0o600) == 1 << 15        # index 0 once more
    assert m.call("msgctl", 0, RMID, 0) == -E.EIDRM
    assert m.call("msgctl", 99, RMID, 0) == -E.EINVAL


def test_keys_and_permissions() -> None:
    m = Machine()
    assert m.call("semget", 7, 1, 0) == -E.ENOENT
    number = m.call("semget", 7, 1, CREAT | 0o600)
    assert m.call("semget", 7, 1, CREAT | EXCL) == -E.EEXIST
    assert m.call("semget", 7, 2, 0) == -E.EINVAL
    other = m.fork(1001)
    other.creds.__init__(1000, 1000)  # type: ignore[misc]
    assert m.call("semget", 7, 1, 0o600, task=other) == -E.EACCES
    assert m.call("semctl", number, 0, RMID, 0, task=other) == -E.EPERM


def test_shared_memory(m: Machine) -> None:
    number = m.call("shmget", 0, 5000, 0o640)
    one = m.call("shmat", number, 0, 0)
    two = m.call("shmat", number, 0, 0o10000)
    m.task.mem.write(one + 4096, b"shared")
    assert m.task.mem.read(two + 4096, 6) == b"shared"
    child = m.fork(1001)
    child.mem.write(one, b"child")
    assert m.task.mem.read(one, 5) == b"child"
    at = m.room(128)
    assert m.call("shmctl", number, STAT | flag(m), at) == 0
    name = "shmid64_ds"
    from sysnames.layout import layout
    it = layout(name, m.abi.name)
    fields = it.unpack_dict(m.task.mem.read(at, it.size))
    assert (fields["shm_nattch"], fields["shm_segsz"]) == (4, 5000)
    assert fields["shm_perm.mode"] == 0o640
    assert m.call("shmctl", number, RMID | flag(m), 0) == 0
    assert m.call("shmget", 0, 1, 0) >= 0
    child.mem.destroy()
    assert m.call("shmdt", one + 1) == -E.EINVAL
    assert m.call("shmdt", one) == 0
    assert m.call("shmdt", one) == -E.EINVAL
    assert m.call("shmctl", number, STAT | flag(m), at) == 0
    assert m.call("shmdt", two) == 0
    assert m.call("shmctl", number, STAT | flag(m), at) == -E.EINVAL


def test_old_structures_on_arm() -> None:
    m = Machine("arm")
    number = m.call("shmget", 5, 5000, CREAT | 0o600)
    at = m.room(64)
    assert m.call("shmctl", number, STAT, at) == 0
    assert struct.unpack_from("<iHHHHHHi", m.task.mem.read(at, 20)) == (
        5, 0, 0, 0, 0, 0o600, 0, 5000)


def semop(m: Machine, number: int, *operations: tuple[int, int, int]) -> int:
    data = b"".join(struct.pack("<Hhh", *each) for each in operations)
    at = m.put(data)
    result = m.start("semop", number, at, len(operations))
    assert isinstance(result, int)
    return result


def test_semaphores_all_or_nothing() -> None:
    m = Machine()
    number = m.call("semget", 0, 2, 0o600)
    assert m.call("semctl", number, 0, SETVAL, 3) == 0
    assert semop(m, number, (0, -2, 0), (1, -1, NOWAIT)) == -E.EAGAIN
    assert m.call("semctl", number, 0, GETVAL, 0) == 3
    assert semop(m, number, (0, -2, 0), (1, 1, 0)) == 0
    assert m.call("semctl", number, 0, GETVAL, 0) == 1
    assert semop(m, number, (2, 1, 0)) == -E.EFBIG
    assert semop(m, number, (0, 32767, 0)) == -E.ERANGE
    assert m.call("semctl", number, 0, SETVAL, 32768) == -E.ERANGE


def test_a_change_finishes_what_others_wait_for() -> None:
    m = Machine()
    number = m.call("semget", 0, 1, 0o600)
    at = m.put(struct.pack("<Hhh", 0, -2, 0))
    first = Blocked(m.start("semop", number, at, 1))
    second = Blocked(m.start("semop", number, at, 1))
    assert m.call("semctl", number, 0, GETNCNT, 0) == 2
    assert semop(m, number, (0, 3, 0)) == 0
    assert m.call("semctl", number, 0, GETVAL, 0) == 1
    assert first.resume() == 0
    assert not second.woken
    assert m.call("semctl", number, 0, RMID, 0) == 0
    assert second.resume() == -E.EIDRM


def test_semaphore_signal_and_timeout(m: Machine) -> None:
    number = m.call("semget", 0, 1, 0o600)
    at = m.put(struct.pack("<Hhh", 0, -1, 0))
    blocked = Blocked(m.start("semop", number, at, 1))
    assert blocked.resume(Wait.SIGNAL) == -E.EINTR
    before = m.kernel.clock.now
    assert m.call("semtimedop", number, at, 1, m.pack("timespec", 2, 0)) == -E.EAGAIN
    assert m.kernel.clock.now - before == 2 * SECOND


def test_undo_at_the_end_of_a_process() -> None:
    m = Machine()
    number = m.call("semget", 0, 1, 0o600)
    child = m.fork(1001)
    at = m.put(struct.pack("<Hhh", 0, 3, UNDO))
    child.mem.write(at, m.task.mem.read(at, 6))
    assert m.call("semop", number, at, 1, task=child) == 0
    assert m.call("semctl", number, 0, GETVAL, 0) == 3
    m.kernel.ipc.exited(child.process)
    assert m.call("semctl", number, 0, GETVAL, 0) == 0


def msgsnd(m: Machine, number: int, kind: int, text: bytes, flags: int = 0) -> int:
    word = 4 if m.task.mem.top <= 1 << 32 else 8
    at = m.put(kind.to_bytes(word, "little", signed=True) + text)
    return m.call("msgsnd", number, at, len(text), flags)


def test_messages(m: Machine) -> None:
    number = m.call("msgget", 0, 0o600)
    for kind, text in ((3, b"three"), (1, b"one"), (2, b"two")):
        assert msgsnd(m, number, kind, text) == 0
    assert msgsnd(m, number, 0, b"x") == -E.EINVAL
    at = m.room(64)
    word = 4 if m.task.mem.top <= 1 << 32 else 8
    assert m.call("msgrcv", number, at, 2, 0, 0) == -E.E2BIG
    assert m.call("msgrcv", number, at, 20, -2, 0) == 3
    assert m.task.mem.read(at, word + 3) == b"\1".ljust(word, b"\0") + b"one"
    assert m.call("msgrcv", number, at, 20, 9, NOWAIT) == -E.ENOMSG
    assert m.call("msgrcv", number, at, 2, 0, 0o10000) == 2
    assert m.task.mem.read(at + word, 2) == b"th"
    blocked = Blocked(m.start("msgrcv", number, at, 20, 5, 0))
    assert msgsnd(m, number, 5, b"five") == 0
    assert blocked.resume() == 4
    sent = 0
    big = m.put(b"\1".ljust(word, b"\0"))
    while m.call("msgsnd", number, big, 8000, NOWAIT) == 0:
        sent += 1
    assert sent == 2
    assert m.call("msgctl", number, RMID | flag(m), 0) == 0
    assert msgsnd(m, number, 1, b"x") == -E.EINVAL


def test_ipc_multiplexer() -> None:
    m = Machine("i386")
    number = m.call("ipc", 2, 0, 2, 0o600, 0, 0)                    # SEMGET
    value = m.put(struct.pack("<I", 5))
    assert m.call("ipc", 3, number, 1, 0x100 | SETVAL, value, 0) == 0
    assert m.call("ipc", 3, number, 1, 0x100 | GETVAL, value, 0) == 5
    assert m.call("ipc", 3, number, 1, 0x100 | GETVAL, 0, 0) == -E.EINVAL
    shm = m.call("ipc", 23, 0, 100, 0o600, 0, 0)
    at = m.room()
    assert m.call("ipc", 21, shm, 0, at, 0, 0) == 0
    assert m.call("ipc", 22, 0, 0, 0, m.word(at), 0) == 0
    queue = m.call("ipc", 13, 0, 0o600, 0, 0, 0)
    text = m.put(struct.pack("<i", 4) + b"hey")
    assert m.call("ipc", 11, queue, 3, 0, text, 0) == 0
    kludge = m.put(struct.pack("<Ii", at, 4))
    assert m.call("ipc", 12, queue, 9, 0, kludge, 0) == 3
    assert m.call("ipc", 99, 0, 0, 0, 0, 0) == -E.ENOSYS


def mq_open(m: Machine, flags: int, maxmsg: int = 2, size: int = 10) -> int:
    attr = m.pack("mq_attr", 0, maxmsg, size, 0)
    return m.call("mq_open", m.put(b"queue\0"), flags, 0o600, attr)


def test_posix_queue(m: Machine) -> None:
    assert mq_open(m, 2) == -E.ENOENT
    assert mq_open(m, 0o102, maxmsg=0) == -E.EINVAL
    m.process.limits[12] = (819200, 819200)
    fd = mq_open(m, 0o102)
    assert fd in m.task.files.cloexec
    assert mq_open(m, 0o302) == -E.EEXIST
    for priority, text in ((1, b"low"), (9, b"high")):
        assert m.call("mq_timedsend", fd, m.put(text), len(text), priority, 0) == 0
    at, priority_at = m.room(), m.room()
    assert m.call("mq_timedsend", fd, at, 11, 0, 0) == -E.EMSGSIZE
    assert m.call("mq_timedsend", fd, at, 1, 32768, 0) == -E.EINVAL
    assert m.call("mq_timedreceive", fd, at, 9, 0, 0) == -E.EMSGSIZE
    assert m.call("mq_timedreceive", fd, at, 10, priority_at, 0) == 4
    assert (m.word(priority_at), m.task.mem.read(at, 4)) == (9, b"high")
    assert m.call("mq_timedreceive", fd, at, 10, 0, 0) == 3
    due = m.kernel.clock.realtime() + 3 * SECOND
    timeout = m.pack("timespec", due // SECOND, due % SECOND)
    assert m.call("mq_timedreceive", fd, at, 10, 0, timeout) == -E.ETIMEDOUT
    blocked = Blocked(m.start("mq_timedreceive", fd, at, 10, 0, 0))
    assert m.call("mq_timedsend", fd, m.put(b"x"), 1, 0, 0) == 0
    assert blocked.resume() == 1
    old = m.room(64)
    new = m.pack("mq_attr", 0o4000, 0, 0, 0)
    assert m.call("mq_getsetattr", fd, new, old) == 0
    assert m.read("mq_attr", old)[:4] == (0, 2, 10, 0)
    assert m.call("mq_timedreceive", fd, at, 10, 0, 0) == -E.EAGAIN
    assert m.call("mq_unlink", m.put(b"queue\0")) == 0
    assert m.call("mq_unlink", m.put(b"queue\0")) == -E.ENOENT


def test_notification() -> None:
    m = Machine()
    m.process.limits[12] = (819200, 819200)
    fd = mq_open(m, 0o102)
    m.handle(10)
    event = m.pack("sigevent", 77, 10, 0, 0)
    assert m.call("mq_notify", fd, event) == 0
    assert m.call("mq_notify", fd, event) == -E.EBUSY
    assert m.call("mq_timedsend", fd, m.put(b"x"), 1, 0, 0) == 0
    assert m.call("mq_timedsend", fd, m.put(b"x"), 1, 0, 0) == 0
    assert [(i["signo"], i["code"], i["value"]) for i in m.pending()] == [(10, -3, 77)]
