"""Seccomp profiles, in the form of the OCI runtime specification (config-linux.md, "Seccomp")."""
from __future__ import annotations

import json
from typing import Any, TextIO

from sysnames import table
from sysnames.abis import HEADERS
from tracer.errors import PytraceError
from tracer.logs.jsonlines import parse_records
from tracer.logs.model import Call, Event, Note
from tracer.logs.parse import parse_lines
from tracer.logs.source import open_log

ARCHITECTURES = {"x86_64": "SCMP_ARCH_X86_64", "i386": "SCMP_ARCH_X86", "arm": "SCMP_ARCH_ARM",
                 "aarch64": "SCMP_ARCH_AARCH64"}
EPERM = 1
# A log names the parts of these calls, the kernel's filter sees the call itself.
_SOCKETS = frozenset(("socket", "bind", "connect", "listen", "accept", "getsockname",
                      "getpeername", "socketpair", "send", "recv", "sendto", "recvfrom",
                      "shutdown", "setsockopt", "getsockopt", "sendmsg", "recvmsg", "accept4",
                      "recvmmsg", "sendmmsg"))
_IPC = frozenset(("semop", "semget", "semctl", "semtimedop", "msgsnd", "msgrcv", "msgget",
                  "msgctl", "shmat", "shmdt", "shmget", "shmctl"))
_MODES = {"64": "x86_64", "32": "i386"}


class Profile:
    """The calls of some logs.  warnings: what was left out, one line each."""

    def __init__(self) -> None:
        self.names: set[str] = set()
        self.abis: set[str] = set()
        self.warnings: list[str] = []

    def allow(self, name: str) -> None:
        """Allow one call.  Raises PytraceError for a name that no table has."""
        if not any(name in table(abi).values() for abi in ARCHITECTURES):
            raise PytraceError(f"no ABI has a call named '{name}'")
        self.names.add(name)

    def take(self, log: str, abis: tuple[str, ...]) -> None:
        """Add the calls of a log; abis: whose it is, if it does not tell.

        Raises LogError; PytraceError if the ABI is not known or the log has no calls.
        """
        names, told = _calls(log)
        if not names:
            raise PytraceError(f"{log}: no system calls in it")
        known = {name for abi in ARCHITECTURES for name in table(abi).values()}
        for name in sorted(names - known):
            self.warnings.append(f"{log}: left out {name}, which is no call's name")
        names &= known
        found = told or set(abis)
        if not found:
            found = {abi for abi in ARCHITECTURES if names <= _callable(abi)}
            if len(found) != 1:
                which = ", ".join(sorted(found)) or "none has all of its calls"
                raise PytraceError(f"{log}: does not tell its ABI ({which}): use --abi")
        for abi in sorted(found):
            own = set(table(abi).values())
            if names & _SOCKETS and "socketcall" in own:
                names.add("socketcall")
            if names & _IPC and "ipc" in own:
                names.add("ipc")
        self.abis |= found
        self.names |= names

    def merge(self, path: str) -> None:
        """Add what another profile allows.  Raises PytraceError for what is none."""
        try:
            with open(path, encoding="utf-8") as file:
                profile = json.load(file)
            by_name = {value: abi for abi, value in ARCHITECTURES.items()}
            self.abis |= {by_name[name] for name in profile.get("architectures", ())}
            for rule in profile["syscalls"]:
                if rule["action"] == "SCMP_ACT_ALLOW":
                    if rule.get("args"):
                        raise PytraceError(f"{path}: has rules for arguments, which --merge "
                                           "does not know")
                    self.names |= {str(name) for name in rule["names"]}
        except OSError as error:
            raise PytraceError(f"{path}: {error.strerror or error}") from None
        except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
            raise PytraceError(f"{path}: not a profile of pytrace seccomp") from None

    def document(self) -> dict[str, Any]:
        """The profile as JSON's types."""
        return {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": EPERM,
                "architectures": sorted(ARCHITECTURES[abi] for abi in self.abis),
                "syscalls": [{"names": sorted(self.names), "action": "SCMP_ACT_ALLOW"}]}

    def write(self, out: TextIO) -> None:
        """Write the profile."""
        json.dump(self.document(), out, indent=2)
        out.write("\n")


def _callable(abi: str) -> set[str]:
    """Names that a log of an ABI can have: its calls and the parts of its multiplexers."""
    names = set(table(abi).values())
    if "socketcall" in names:
        names |= _SOCKETS
    if "ipc" in names:
        names |= _IPC
    return names


def _calls(log: str) -> tuple[set[str], set[str]]:
    """The names in a log, and the ABIs it tells."""
    names: set[str] = set()
    abis: set[str] = set()
    with open_log(log) as lines:
        first = next(lines, "")

        def everything() -> Any:
            yield first
            yield from lines

        if first.startswith("{"):
            for record, events in parse_records(everything()):
                if record is not None and record.get("type") == "call":
                    abi = str(record.get("abi", ""))
                    abis.add(HEADERS.get(abi, abi))
                _take(events, names, abis)
        else:
            _take(parse_lines(everything()), names, abis)
    return names, abis & set(ARCHITECTURES)


def _take(events: Any, names: set[str], abis: set[str]) -> None:
    event: Event
    for event in events:
        if isinstance(event, Call):
            names.add(event.name)
        elif isinstance(event, Note) and event.kind == "mode":
            # "[ Process PID=1 runs in 32 bit mode. ]": strace of x86-64.
            words = event.text.split()
            if "in" in words and words[words.index("in") + 1:][:1]:
                mode = _MODES.get(words[words.index("in") + 1])
                if mode is not None:
                    abis |= {mode, "x86_64"}
