"""The structures of the ctl calls, in their present form and the one before IPC_64.

The old ones (linux/ipc.h, shm.h, sem.h, msg.h) only 32-bit ABIs can ask for.
"""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.layout import layout

if TYPE_CHECKING:
    from tracer.kernel.ipc.objects import IpcObject
    from tracer.kernel.task import Task

# key, uid, gid, cuid, cgid, mode, seq
_PERM = "<iHHHHHH"
# after the permissions: names of the values, "" where nothing is kept
_OLD: dict[str, tuple[str, tuple[str, ...]]] = {
    "shmid64_ds": ("<iiiiHHHHII", ("shm_segsz", "shm_atime", "shm_dtime", "shm_ctime",
                                   "shm_cpid", "shm_lpid", "shm_nattch", "", "", "")),
    "semid64_ds": ("<iiIIIIHxx", ("sem_otime", "sem_ctime", "", "", "", "", "sem_nsems")),
    "msqid64_ds": ("<IIiiiIIHHHHHxx", ("", "", "msg_stime", "msg_rtime", "msg_ctime",
                                       "msg_cbytes", "msg_qbytes", "msg_cbytes", "msg_qnum",
                                       "msg_qbytes", "msg_lspid", "msg_lrpid")),
}
_PREFIX = {"msqid64_ds": "msg_perm.", "semid64_ds": "sem_perm.", "shmid64_ds": "shm_perm."}
_WIDTHS = {"b": 8, "h": 16, "H": 16, "i": 32, "I": 32, "q": 64, "Q": 64}


def _cut(code: str, value: int) -> int:
    """A number as a field of that format holds it."""
    bits = _WIDTHS[code]
    value &= (1 << bits) - 1
    if code.islower() and value >> bits - 1:
        value -= 1 << bits
    return value


def pack(task: Task, name: str, item: IpcObject | None, values: dict[str, int],
         old: bool = False) -> bytes:
    """A structure; item: whose permissions stand first.  What is not given is zero."""
    if old and item is not None:
        form, names = _OLD[name]
        perm = (item.key, item.uid, item.gid, item.cuid, item.cgid, item.mode, item.seq)
        codes = form[1:].replace("x", "")
        return struct.pack(_PERM, *map(_cut, _PERM[1:], perm)) + struct.pack(
            form, *(_cut(c, values.get(n, 0)) for c, n in zip(codes, names, strict=True)))
    it = layout(name, task.abi.name)
    if item is not None:
        prefix = _PREFIX[name]
        for field in ("key", "uid", "gid", "cuid", "cgid", "mode", "seq"):
            values[prefix + field] = getattr(item, field)
    from re import findall  # not at the top: start-up does not need it
    codes = "".join(c * int(n or 1) for n, c in findall(r"(\d*)([a-zA-Z])", it.format)
                    if c in _WIDTHS)
    return it.pack_dict({n: _cut(c, values[n]) for n, c in zip(it.values, codes, strict=True)
                         if n in values})


def unpack_set(task: Task, name: str, address: int, old: bool) -> tuple[int, int, int, int]:
    """What IPC_SET takes: uid, gid, mode and, of a message queue, msg_qbytes.  EFAULT."""
    if old:
        form, _ = _OLD[name]
        head = struct.calcsize(_PERM)
        data = task.mem.read(address, head + struct.calcsize(form))
        uid, gid, mode = (struct.unpack_from(_PERM, data)[i] for i in (1, 2, 5))
        rest = struct.unpack_from(form, data, head)
        limit = rest[9] or rest[6] if name == "msqid64_ds" else 0
        return uid, gid, mode, limit
    it = layout(name, task.abi.name)
    fields = it.unpack_dict(task.mem.read(address, it.size))
    prefix = _PREFIX[name]
    uid, gid, mode = (int(fields[prefix + f]) for f in ("uid", "gid", "mode"))
    return uid, gid, mode, int(fields.get("msg_qbytes", 0))
