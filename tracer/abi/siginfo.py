"""struct siginfo: a dict of its fields ↔ the 128 bytes that programs see.

Which fields a siginfo has follows from signal and code, as in siginfo_layout() of the kernel;
the places are those of asm-generic/siginfo.h.  Keys are the names of the fields without
``si_``: signo, errno, code, and

=========  ====================================================================
kill       pid, uid
timer      timerid, overrun, value
rt         pid, uid, value
chld       pid, uid, status, utime, stime (clock ticks of 10 ms)
poll       band, fd
fault      addr; with some codes addr_lsb, lower and upper, pkey, or
           perf_data, perf_type and perf_flags
sys        call_addr, syscall, arch
=========  ====================================================================

value is the whole union sigval as an unsigned word; its int is the low 32 bits, signed.
"""
from __future__ import annotations

import struct

from sysnames.signals import (
    SIGBUS,
    SIGCHLD,
    SIGFPE,
    SIGILL,
    SIGPOLL,
    SIGSEGV,
    SIGSYS,
    SIGTRAP,
)

Siginfo = dict[str, int]

SIZE = 128

SI_USER, SI_KERNEL, SI_QUEUE, SI_TIMER, SI_MESGQ = 0, 0x80, -1, -2, -3
SI_ASYNCIO, SI_SIGIO, SI_TKILL = -4, -5, -6
ILL_ILLOPC, ILL_ILLOPN, ILL_ILLTRP = 1, 2, 4
FPE_INTDIV, FPE_FLTDIV, FPE_FLTOVF, FPE_FLTUND, FPE_FLTRES, FPE_FLTINV = 1, 3, 4, 5, 6, 7
SEGV_MAPERR, SEGV_ACCERR, SEGV_BNDERR, SEGV_PKUERR = 1, 2, 3, 4
BUS_ADRALN, BUS_ADRERR, BUS_MCEERR_AR, BUS_MCEERR_AO = 1, 2, 4, 5
TRAP_BRKPT, TRAP_TRACE, TRAP_HWBKPT, TRAP_PERF = 1, 2, 4, 6

# Signals with codes of their own: the layout, and the highest code that has it.
_OWN_CODES = {SIGILL: ("fault", 11), SIGFPE: ("fault", 15), SIGSEGV: ("fault", 10),
              SIGBUS: ("fault", 5), SIGTRAP: ("fault", 6), SIGCHLD: ("chld", 6),
              SIGPOLL: ("poll", 6), SIGSYS: ("sys", 2)}
_POLL_CODES = 6
_EXCEPTIONS = {(SIGBUS, BUS_MCEERR_AR): "mceerr", (SIGBUS, BUS_MCEERR_AO): "mceerr",
               (SIGSEGV, SEGV_BNDERR): "bnderr", (SIGSEGV, SEGV_PKUERR): "pkuerr",
               (SIGTRAP, TRAP_PERF): "perf"}

# Fields behind the head, in memory order, and their types: w and W are a signed and an
# unsigned word, the others those of `struct`; natural alignment.
_FIELDS = {
    "kill": (("pid", "i"), ("uid", "I")),
    "timer": (("timerid", "i"), ("overrun", "i"), ("value", "W")),
    "rt": (("pid", "i"), ("uid", "I"), ("value", "W")),
    "chld": (("pid", "i"), ("uid", "I"), ("status", "i"), ("utime", "w"), ("stime", "w")),
    "poll": (("band", "w"), ("fd", "i")),
    "fault": (("addr", "W"),),
    "mceerr": (("addr", "W"), ("addr_lsb", "h")),
    "bnderr": (("addr", "W"), ("", "W"), ("lower", "W"), ("upper", "W")),
    "pkuerr": (("addr", "W"), ("", "W"), ("pkey", "I")),
    "perf": (("addr", "W"), ("perf_data", "W"), ("perf_type", "I"), ("perf_flags", "I")),
    "sys": (("call_addr", "W"), ("syscall", "i"), ("arch", "I")),
}


def layout_of(signo: int, code: int) -> str:
    """The form of the union: "kill", "timer", "rt", "chld", "poll", "fault", "mceerr",
    "bnderr", "pkuerr", "perf" or "sys"."""
    if 0 < code < SI_KERNEL:
        own = _OWN_CODES.get(signo)
        if own is not None and code <= own[1]:
            return _EXCEPTIONS.get((signo, code), own[0])
        return "poll" if code <= _POLL_CODES else "kill"
    if code == SI_TIMER:
        return "timer"
    if code == SI_SIGIO:
        return "poll"
    return "rt" if code < 0 else "kill"


_Keys = tuple[tuple[str, int, bool], ...]


class Packer:
    """siginfo for one word size in bytes, 4 or 8."""

    def __init__(self, word: int) -> None:
        self.word = word
        self._forms: dict[str, tuple[struct.Struct, _Keys]] = {}

    def _form(self, name: str) -> tuple[struct.Struct, _Keys]:
        """The struct of a form with its head, and per value its key, mask, signedness."""
        form = self._forms.get(name)
        if form is None:
            letters = {"w": "q", "W": "Q"} if self.word == 8 else {"w": "i", "W": "I"}
            text = "<iii" + "x" * (self.word - 4)
            at = 8 + self.word
            keys: list[tuple[str, int, bool]] = []
            for key, kind in _FIELDS[name]:
                letter = letters.get(kind, kind)
                size = struct.calcsize("<" + letter)
                text += "x" * (-at % size) + letter
                at += -at % size + size
                keys.append((key, (1 << 8 * size) - 1, letter.islower()))
            form = self._forms[name] = struct.Struct(text), tuple(keys)
        return form

    def pack(self, info: Siginfo) -> bytes:
        """The 128 bytes; a field that info lacks is 0."""
        signo, code = info["signo"], info.get("code", 0)
        layout, keys = self._form(layout_of(signo, code))
        values = []
        for key, mask, signed in keys:
            value = info.get(key, 0) & mask
            values.append(value - mask - 1 if signed and value > mask >> 1 else value)
        return layout.pack(signo, info.get("errno", 0), code, *values).ljust(SIZE, b"\0")

    def unpack(self, data: bytes) -> Siginfo:
        """The fields of 128 bytes."""
        signo, errno, code = struct.unpack_from("<iii", data)
        info = {"signo": signo, "errno": errno, "code": code}
        layout, keys = self._form(layout_of(signo, code))
        for (key, *_), value in zip(keys, layout.unpack_from(data)[3:], strict=True):
            if key:
                info[key] = value
        return info
