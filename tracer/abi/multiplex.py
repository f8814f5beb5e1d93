"""socketcall and ipc: one call number for many calls, shown as the calls that they stand for."""
from __future__ import annotations

from typing import TYPE_CHECKING

from tracer.errors import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from tracer.memory.space import AddressSpace

# socketcall's number → call and how many words it takes
SOCKET_CALLS: dict[int, tuple[str, int]] = {
    1: ("socket", 3), 2: ("bind", 3), 3: ("connect", 3), 4: ("listen", 2), 5: ("accept", 3),
    6: ("getsockname", 3), 7: ("getpeername", 3), 8: ("socketpair", 4), 9: ("send", 4),
    10: ("recv", 4), 11: ("sendto", 6), 12: ("recvfrom", 6), 13: ("shutdown", 2),
    14: ("setsockopt", 5), 15: ("getsockopt", 5), 16: ("sendmsg", 3), 17: ("recvmsg", 3),
    18: ("accept4", 4), 19: ("recvmmsg", 5), 20: ("sendmmsg", 4),
}

# ipc's number → call, and which of (first, second, third, ptr, fifth) its arguments are
IPC_CALLS: dict[int, tuple[str, str]] = {
    1: ("semop", "031"), 2: ("semget", "012"), 3: ("semctl", "0123"), 4: ("semtimedop", "0314"),
    11: ("msgsnd", "0312"), 12: ("msgrcv", "0312"), 13: ("msgget", "01"), 14: ("msgctl", "013"),
    21: ("shmat", "031"), 22: ("shmdt", "3"), 23: ("shmget", "012"), 24: ("shmctl", "013"),
}


def inner(name: str, words: Sequence[int], mem: AddressSpace) -> tuple[str, tuple[int, ...]] | None:
    """The call that a multiplexed one stands for: its name (the name of its row) and registers.

    words: the raw registers of socketcall or ipc.  None when the number is unknown or the
    arguments cannot be read; then the call is shown as it is.  Rows of calls that print
    differently by this way end in ``@ipc``, which is not part of the name.
    """
    if name == "socketcall":
        found = SOCKET_CALLS.get(words[0])
        if found is None:
            return None
        try:
            data = mem.read(words[1], 4 * found[1])
        except Fault:
            return None
        return found[0], tuple(int.from_bytes(data[i:i + 4], "little")
                               for i in range(0, len(data), 4))
    if name == "ipc":
        entry = IPC_CALLS.get(words[0] & 0xffff)
        if entry is None:
            return None
        inner_name, order = entry
        arguments = tuple(words[1 + int(i)] for i in order)
        if inner_name == "msgrcv":
            # the old version packs the pointer and the type into a structure
            first, size, flags, pointer, fifth = words[1:6]
            if words[0] >> 16 == 0:
                return "msgrcv@ipc", (first, pointer, size, pointer, flags)
            return "msgrcv", (first, pointer, size, fifth, flags)
        if inner_name == "semctl":
            return "semctl@ipc", arguments
        return inner_name, arguments
    return None
