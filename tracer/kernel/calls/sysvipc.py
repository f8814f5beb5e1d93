"""System V shared memory, semaphores and message queues (sysvipc(7)), and ipc(2)."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames import errno as E
from tracer.errors import LinuxError
from tracer.kernel.calls.common import duration, get_timespec, is_32bit
from tracer.kernel.ipc import layouts, messages, semaphores, shared
from tracer.kernel.ipc.objects import (
    CAP_IPC_LOCK,
    CAP_SYS_RESOURCE,
    IPC_64,
    IPC_INFO,
    IPC_RMID,
    IPC_SET,
    IPC_STAT,
    MAY_ALTER,
    MAY_READ,
    Ids,
    Kind,
    ipc,
)
from tracer.kernel.registry import syscall
from tracer.kernel.task import RLIMIT_MEMLOCK
from tracer.memory.arena import SHIFT
from tracer.memory.space import align

if TYPE_CHECKING:
    from collections.abc import Callable

    from sysnames.layout import Layout
    from tracer.kernel.ipc.messages import Message
    from tracer.kernel.ipc.semaphores import SemaphoreSet
    from tracer.kernel.ipc.shared import Segment
    from tracer.kernel.registry import Result
    from tracer.kernel.task import Task

_LIMIT = (1 << 64) - 1 - (1 << 24)      # SHMMAX, SHMALL
_INT_MAX = (1 << 31) - 1

# The calls of ipc(2) (linux/ipc.h): number → name, and which of ipc's own arguments
# (0 call, 1 first, 2 second, 3 third, 4 ptr, 5 fifth) are its arguments, in order.
IPCCALLS: dict[int, tuple[str, tuple[int, ...]]] = {
    1: ("semop", (1, 4, 2)), 2: ("semget", (1, 2, 3)), 3: ("semctl", (1, 2, 3, 4)),
    4: ("semtimedop", (1, 4, 2, 5)), 11: ("msgsnd", (1, 4, 2, 3)),
    12: ("msgrcv", (1, 4, 2, 5, 3)), 13: ("msgget", (1, 2)), 14: ("msgctl", (1, 2, 4)),
    21: ("shmat", (1, 4, 2)), 22: ("shmdt", (4,)), 23: ("shmget", (1, 2, 3)),
    24: ("shmctl", (1, 2, 4)),
}


def _version(cmd: int) -> tuple[int, bool]:
    """A command without IPC_64, and whether the old structures are meant."""
    return cmd & ~IPC_64, not cmd & IPC_64


def _find(ids: Ids[Kind], task: Task, number: int, by_index: bool, anyone: bool) -> Kind:
    """The object of IPC_STAT and of the STAT commands that take an index."""
    item = ids.at(number) if by_index else ids.get(number)
    if not anyone:
        item.check(task, MAY_READ)
    return item


# -- shared memory -----------------------------------------------------------------------------
@syscall("shmget")
def shmget(task: Task, key: int, size: int, shmflg: int) -> int:
    objects = ipc(task.kernel)

    def check(segment: Segment) -> None:
        if segment.size < size:
            raise LinuxError(E.EINVAL)

    return objects.shm.obtain(task, key, shmflg,
                              lambda: shared.make(objects, task, key, size, shmflg), check)


@syscall("shmat")
def shmat(task: Task, shmid: int, shmaddr: int, shmflg: int) -> int:
    return shared.attach(ipc(task.kernel), task, shmid, shmaddr, shmflg)


@syscall("shmdt")
def shmdt(task: Task, shmaddr: int) -> int:
    shared.detach(ipc(task.kernel), task, shmaddr)
    return 0


@syscall("shmctl")
def shmctl(task: Task, shmid: int, cmd: int, buf: int) -> int:
    return _shmctl(task, shmid, cmd, buf, False)


@syscall("shmctl@arm", "shmctl@arm_oabi")
def old_shmctl(task: Task, shmid: int, cmd: int, buf: int) -> int:
    """With IPC_64 among the bits of the command."""
    return _shmctl(task, shmid, *_reorder(cmd, buf))


def _reorder(cmd: int, buf: int) -> tuple[int, int, bool]:
    cmd, old = _version(cmd)
    return cmd, buf, old


def _shmctl(task: Task, shmid: int, cmd: int, buf: int, old: bool) -> int:
    if cmd < 0 or shmid < 0:
        raise LinuxError(E.EINVAL)
    objects = ipc(task.kernel)
    ids = objects.shm
    if cmd == IPC_INFO:
        most = _INT_MAX if is_32bit(task) else _LIMIT
        values = {"shmmax": most, "shmmin": shared.SHMMIN, "shmmni": shared.SHMMNI,
                  "shmseg": shared.SHMMNI, "shmall": _LIMIT}
        if old:
            data = struct.pack("<5i", most, shared.SHMMIN, shared.SHMMNI, shared.SHMMNI, -1)
        else:
            data = layouts.pack(task, "shminfo64", None, values)
        task.mem.write(buf, data)
        return ids.last_index()
    if cmd == shared.SHM_INFO:
        pages = sum(align(s.size) >> SHIFT for s in ids.objects.values())
        resident = sum(len(s.backing.frames) for s in ids.objects.values())
        task.mem.write(buf, layouts.pack(task, "shm_info", None, {
            "used_ids": len(ids.objects), "shm_tot": pages, "shm_rss": resident}))
        return ids.last_index()
    if cmd in (IPC_STAT, shared.SHM_STAT, shared.SHM_STAT_ANY):
        segment = _find(ids, task, shmid, cmd != IPC_STAT, cmd == shared.SHM_STAT_ANY)
        task.mem.write(buf, layouts.pack(task, "shmid64_ds", segment, {
            "shm_segsz": segment.size, "shm_atime": segment.atime, "shm_dtime": segment.dtime,
            "shm_ctime": segment.ctime, "shm_cpid": task.process.number(segment.cpid),
            "shm_lpid": task.process.number(segment.lpid),
            "shm_nattch": segment.attached}, old))
        return 0 if cmd == IPC_STAT else segment.id
    if cmd == IPC_SET:
        uid, gid, mode, _ = layouts.unpack_set(task, "shmid64_ds", buf, old)
        segment = ids.get(shmid)
        segment.check_owner(task)
        segment.change(uid, gid, mode)
        segment.ctime = objects.now()
    elif cmd == IPC_RMID:
        segment = ids.get(shmid)
        segment.check_owner(task)
        segment.destroy()
    elif cmd in (shared.SHM_LOCK, shared.SHM_UNLOCK):
        segment = ids.get(shmid)
        creds = task.creds
        if not creds.capable(CAP_IPC_LOCK) and (
                creds.euid not in (segment.uid, segment.cuid)
                or (cmd == shared.SHM_LOCK and not task.process.limit(RLIMIT_MEMLOCK))):
            raise LinuxError(E.EPERM)
        if cmd == shared.SHM_LOCK:
            segment.mode |= shared.SHM_LOCKED
        else:
            segment.mode &= ~shared.SHM_LOCKED
    else:
        raise LinuxError(E.EINVAL)
    return 0


# -- semaphores --------------------------------------------------------------------------------
@syscall("semget")
def semget(task: Task, key: int, nsems: int, semflg: int) -> int:
    if not 0 <= nsems <= semaphores.SEMMSL:
        raise LinuxError(E.EINVAL)
    objects = ipc(task.kernel)

    def check(item: SemaphoreSet) -> None:
        if nsems > len(item.values):
            raise LinuxError(E.EINVAL)

    return objects.sem.obtain(task, key, semflg,
                              lambda: semaphores.make(objects, task, key, nsems, semflg), check)


@syscall("semop")
def semop(task: Task, semid: int, tsops: int, nsops: int) -> Result:
    return _semop(task, semid, tsops, nsops, None)


@syscall("semtimedop", ts="timespec")
@syscall("semtimedop_time64", ts="timespec64")
def semtimedop(task: Task, semid: int, tsops: int, nsops: int, timeout: int, *,
               ts: Layout) -> Result:
    return _semop(task, semid, tsops, nsops, get_timespec(task, timeout, ts) if timeout else None)


def _semop(task: Task, semid: int, tsops: int, nsops: int,
           timeout: tuple[int, int] | None) -> Result:
    if nsops > semaphores.SEMOPM:
        raise LinuxError(E.E2BIG)
    data = task.mem.read(tsops, 6 * nsops) if nsops else b""
    if not nsops or semid < 0:
        raise LinuxError(E.EINVAL)
    wait = duration(*timeout) if timeout is not None else None
    operations = list(struct.iter_unpack("<Hhh", data))
    return semaphores.operate(ipc(task.kernel), task, semid, operations, wait)


@syscall("semctl")
def semctl(task: Task, semid: int, semnum: int, cmd: int, arg: int) -> int:
    return _semctl(task, semid, semnum, cmd, arg, False)


@syscall("semctl@arm", "semctl@arm_oabi")
def old_semctl(task: Task, semid: int, semnum: int, cmd: int, arg: int) -> int:
    """With IPC_64 among the bits of the command."""
    return _semctl(task, semid, semnum, *_reorder(cmd, arg))


def _seminfo(task: Task, cmd: int, arg: int) -> int:
    ids = ipc(task.kernel).sem
    S = semaphores
    used, total = 20, S.SEMVMX          # semusz, semaem
    if cmd == S.SEM_INFO:
        used = len(ids.objects)
        total = sum(len(s.values) for s in ids.objects.values())
    task.mem.write(arg, layouts.pack(task, "seminfo", None, {
        "semmni": S.SEMMNI, "semmns": S.SEMMNS, "semmsl": S.SEMMSL, "semopm": S.SEMOPM,
        "semvmx": S.SEMVMX, "semmnu": S.SEMMNS, "semmap": S.SEMMNS, "semume": S.SEMOPM,
        "semusz": used, "semaem": total}))
    return ids.last_index()


def _semctl(task: Task, semid: int, semnum: int, cmd: int, arg: int, old: bool) -> int:
    if semid < 0:
        raise LinuxError(E.EINVAL)
    S = semaphores
    objects = ipc(task.kernel)
    ids = objects.sem
    if cmd in (IPC_INFO, S.SEM_INFO):
        return _seminfo(task, cmd, arg)
    if cmd in (IPC_STAT, S.SEM_STAT, S.SEM_STAT_ANY):
        item = _find(ids, task, semid, cmd != IPC_STAT, cmd == S.SEM_STAT_ANY)
        task.mem.write(arg, layouts.pack(task, "semid64_ds", item, {
            "sem_otime": item.otime, "sem_ctime": item.ctime,
            "sem_nsems": len(item.values)}, old))
        return 0 if cmd == IPC_STAT else item.id
    if S.GETPID <= cmd <= S.SETALL:
        return _semctl_values(task, ids.get, semid, semnum, cmd, arg)
    if cmd == IPC_SET:
        uid, gid, mode, _ = layouts.unpack_set(task, "semid64_ds", arg, old)
        item = ids.get(semid)
        item.check_owner(task)
        item.change(uid, gid, mode)
        item.ctime = objects.now()
    elif cmd == IPC_RMID:
        item = ids.get(semid)
        item.check_owner(task)
        item.destroy()
    else:
        raise LinuxError(E.EINVAL)
    return 0


def _semctl_values(task: Task, get: Callable[[int], SemaphoreSet], semid: int, semnum: int,
                   cmd: int, arg: int) -> int:
    S = semaphores
    if cmd == S.SETVAL:
        value = arg & 0xFFFFFFFF
        if value > S.SEMVMX:
            raise LinuxError(E.ERANGE)
        item = get(semid)
        if not 0 <= semnum < len(item.values):
            raise LinuxError(E.EINVAL)
        item.check(task, MAY_ALTER)
        item.set(semnum, value, task.tgid)
        return 0
    item = get(semid)
    item.check(task, MAY_ALTER if cmd == S.SETALL else MAY_READ)
    count = len(item.values)
    if cmd == S.GETALL:
        task.mem.write(arg, struct.pack(f"<{count}H", *item.values))
        return 0
    if cmd == S.SETALL:
        values = struct.unpack(f"<{count}H", task.mem.read(arg, 2 * count))
        if max(values) > S.SEMVMX:
            raise LinuxError(E.ERANGE)
        item.set_all(values, task.tgid)
        return 0
    if not 0 <= semnum < count:
        raise LinuxError(E.EINVAL)
    if cmd == S.GETVAL:
        return item.values[semnum]
    if cmd == S.GETPID:
        return task.process.number(item.pids[semnum])
    return item.waiting(semnum, cmd == S.GETZCNT)


# -- message queues ----------------------------------------------------------------------------
@syscall("msgget")
def msgget(task: Task, key: int, msgflg: int) -> int:
    objects = ipc(task.kernel)
    return objects.msg.obtain(task, key, msgflg,
                              lambda: messages.make(objects, task, key, msgflg), lambda _: None)


def _word(task: Task) -> int:
    return 4 if is_32bit(task) else 8


def _size(task: Task, size: int) -> int:
    """A size_t that the kernel takes for a signed number."""
    return -1 if size >> 8 * _word(task) - 1 else size


@syscall("msgsnd")
def msgsnd(task: Task, msqid: int, msgp: int, msgsz: int, msgflg: int) -> Result:
    word = _word(task)
    mtype = int.from_bytes(task.mem.read(msgp, word), "little", signed=True)
    if not 0 <= _size(task, msgsz) <= messages.MSGMAX or msqid < 0 or mtype < 1:
        raise LinuxError(E.EINVAL)
    text = task.mem.read(msgp + word, msgsz)
    return messages.send(ipc(task.kernel), task, msqid, (mtype, text), msgflg)


@syscall("msgrcv")
def msgrcv(task: Task, msqid: int, msgp: int, msgsz: int, msgtyp: int, msgflg: int) -> Result:
    if msqid < 0 or _size(task, msgsz) < 0:
        raise LinuxError(E.EINVAL)

    def store(message: Message) -> int:
        mtype, text = message
        text = text[:msgsz]
        word = _word(task)
        task.mem.write_int(msgp, mtype, word)
        task.mem.write(msgp + word, text)
        return len(text)

    return messages.receive(ipc(task.kernel), task, msqid, msgsz, msgtyp, msgflg, store)


@syscall("msgctl")
def msgctl(task: Task, msqid: int, cmd: int, buf: int) -> int:
    return _msgctl(task, msqid, cmd, buf, False)


@syscall("msgctl@arm", "msgctl@arm_oabi")
def old_msgctl(task: Task, msqid: int, cmd: int, buf: int) -> int:
    """With IPC_64 among the bits of the command."""
    return _msgctl(task, msqid, *_reorder(cmd, buf))


def _msginfo(task: Task, cmd: int, buf: int) -> int:
    M = messages
    ids = ipc(task.kernel).msg
    queues = ids.objects.values()
    values = {"msgmax": M.MSGMAX, "msgmnb": M.MSGMNB, "msgmni": M.MSGMNI, "msgssz": 16,
              "msgseg": 0xFFFF}
    if cmd == M.MSG_INFO:
        values |= {"msgpool": len(ids.objects), "msgmap": sum(len(q.messages) for q in queues),
                   "msgtql": sum(q.size for q in queues)}
    else:
        values |= {"msgpool": M.MSGMNI * M.MSGMNB // 1024, "msgmap": M.MSGMNB,
                   "msgtql": M.MSGMNB}
    task.mem.write(buf, layouts.pack(task, "msginfo", None, values))
    return ids.last_index()


def _msgctl(task: Task, msqid: int, cmd: int, buf: int, old: bool) -> int:
    if msqid < 0 or cmd < 0:
        raise LinuxError(E.EINVAL)
    M = messages
    objects = ipc(task.kernel)
    ids = objects.msg
    if cmd in (IPC_INFO, M.MSG_INFO):
        return _msginfo(task, cmd, buf)
    if cmd in (IPC_STAT, M.MSG_STAT, M.MSG_STAT_ANY):
        queue = _find(ids, task, msqid, cmd != IPC_STAT, cmd == M.MSG_STAT_ANY)
        task.mem.write(buf, layouts.pack(task, "msqid64_ds", queue, {
            "msg_stime": queue.stime, "msg_rtime": queue.rtime, "msg_ctime": queue.ctime,
            "msg_cbytes": queue.size, "msg_qnum": len(queue.messages),
            "msg_qbytes": queue.limit, "msg_lspid": task.process.number(queue.lspid),
            "msg_lrpid": task.process.number(queue.lrpid)}, old))
        return 0 if cmd == IPC_STAT else queue.id
    if cmd == IPC_SET:
        uid, gid, mode, limit = layouts.unpack_set(task, "msqid64_ds", buf, old)
        queue = ids.get(msqid)
        queue.check_owner(task)
        if limit > M.MSGMNB and not task.creds.capable(CAP_SYS_RESOURCE):
            raise LinuxError(E.EPERM)
        queue.limit = limit
        queue.change(uid, gid, mode)
        queue.ctime = objects.now()
        queue.room.wake()
    elif cmd == IPC_RMID:
        queue = ids.get(msqid)
        queue.check_owner(task)
        queue.destroy()
    else:
        raise LinuxError(E.EINVAL)
    return 0


# -- the multiplexer ---------------------------------------------------------------------------
def ipc_arguments(task: Task, call: int, words: tuple[int, ...]) -> tuple[str, list[int]]:
    """What a call of ipc(2) means: the name and the raw words of the call it stands for.

    words: of ipc itself, ``call`` first.  Raises ENOSYS, EINVAL, EFAULT.
    """
    version, number = call >> 16, call & 0xFFFF
    known = IPCCALLS.get(number)
    if known is None:
        raise LinuxError(E.ENOSYS)
    name, places = known
    raw = [words[i] & 0xFFFFFFFF for i in places]
    if name == "semctl":
        if not words[4]:
            raise LinuxError(E.EINVAL)
        raw[3] = task.mem.read_int(words[4], 4)
    elif name == "msgrcv" and not version:
        if not words[4]:
            raise LinuxError(E.EINVAL)
        raw[1] = task.mem.read_int(words[4], 4)
        raw[3] = task.mem.read_int(words[4] + 4, 4)
    elif name == "shmat" and version == 1:
        raise LinuxError(E.EINVAL)
    return name, raw


@syscall("ipc")
def ipc_call(task: Task, call: int, first: int, second: int, third: int, ptr: int,
             fifth: int) -> Result:
    """ipc(2).  Its ctl calls take IPC_64 among the bits of the command."""
    name, raw = ipc_arguments(task, call, (call, first, second, third, ptr, fifth))
    signed = [word - (word >> 31 << 32) for word in raw]
    if name == "semctl":
        return _semctl(task, signed[0], signed[1], *_reorder(signed[2], raw[3]))
    if name == "msgctl":
        return _msgctl(task, signed[0], *_reorder(signed[1], raw[2]))
    if name == "shmctl":
        return _shmctl(task, signed[0], *_reorder(signed[1], raw[2]))
    if name == "shmat":
        address = shmat(task, signed[0], raw[1], signed[2])
        task.mem.write_int(third, address, 4)
        return 0
    from tracer.kernel.calls.sockets import dispatch
    return dispatch(task, name, raw)
