"""`--list-syscalls`: which calls there are, and how far each is decoded and emulated."""
from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, NamedTuple

from sysnames.abis import PROGRAM_ABIS
from tracer.options import RunOptions

if TYPE_CHECKING:
    from typing import TextIO

    from sysnames.row import Item

# Calls whose arguments are printed as words, and why.
_NOWHERE = "no kernel of today has it, and strace prints its words"
_MACHINE = "strace prints its words: they mean something to one machine only"
_OLD = "strace prints its words: a call that libc stopped using before Linux 2.4"
WORDS: dict[str, str] = {
    **dict.fromkeys((
        "afs_syscall", "bdflush", "create_module", "get_kernel_syms", "getpmsg", "gtty",
        "nfsservctl", "profil", "putpmsg", "query_module", "security", "stty", "syscall",
        "tuxcall", "ulimit", "vserver", "epoll_ctl_old", "epoll_wait_old"), _NOWHERE),
    **dict.fromkeys(("cmpxchg", "pciconfig_iobase", "pciconfig_read", "pciconfig_write", "vm86",
                     "vm86old"), _MACHINE),
    **dict.fromkeys(("oldolduname", "olduname", "sysfs"), _OLD),
    "ipc": "only of a subcall that does not exist: those that do are decoded by their names",
}


class Coverage(NamedTuple):
    """One call.  raw: how many arguments are printed as bare words, None if all are for want of
    a signature.  emulated: whether there is a handler; note: what it leaves out."""

    number: int
    name: str
    raw: int | None
    emulated: bool
    note: str


def raw_arguments(name: str, abi: str) -> int | None:
    """How many arguments of a call are printed as words; None for a call without a row."""
    from sysnames.lookup import signature
    from tracer.decode.build import Build

    try:
        row = signature(name, abi)
    except KeyError:
        return None
    options = RunOptions()

    def is_raw(item: Item) -> bool:
        build = Build(abi, name, options)
        kind = item.kind
        if kind.name == "at":       # at(item, kind): see sysnames.signatures
            kind = kind.params[1]   # type: ignore[assignment]
        build.decoder(kind, item.ctype, item.direction)
        return bool(build.missing) or kind.name == "hex"

    return sum(map(is_raw, row.items))


def handler_notes() -> dict[str, str]:
    """Names of emulated calls → what of each is not emulated."""
    from tracer.kernel.calls import load
    from tracer.kernel.registry import HANDLERS

    load()
    return {name: handler.note for name, handler in HANDLERS.items()}


def coverage(abi: str) -> Iterator[Coverage]:
    """The calls of an ABI's table, by number.  Raises KeyError for an unknown ABI."""
    from sysnames import table

    notes = handler_notes()
    for number, name in sorted(table(abi).items()):
        yield Coverage(number, name, raw_arguments(name, abi), name in notes,
                       notes.get(name, ""))


def _decoded(call: Coverage) -> str:
    if call.raw is None:
        return "no"
    if call.raw == 0:
        return "full"
    if call.name in WORDS:
        return "words"
    return f"{call.raw} arg{'s' if call.raw > 1 else ''} raw"


def _emulated(call: Coverage) -> str:
    if not call.emulated:
        return "no"
    return f"partial: {call.note}" if call.note else "full"


def print_listing(abi: str | None, out: TextIO) -> None:
    """Write the table of one ABI, or of all that programs can have."""
    for i, each in enumerate([abi] if abi else PROGRAM_ABIS):
        calls = list(coverage(each))
        whole = sum(call.raw == 0 for call in calls)
        emulated = sum(call.emulated for call in calls)
        partial = sum(call.emulated and bool(call.note) for call in calls)
        out.write("\n" if i else "")
        out.write(f"{each}: {len(calls)} calls, {whole} fully decoded,"
                  f" {emulated - partial} fully and {partial} partially emulated\n")
        out.write(f"{'number':>7}  {'name':<28}  {'decoded':<10}  emulated\n")
        for call in calls:
            out.write(f"{call.number:>7}  {call.name:<28}  {_decoded(call):<10}"
                      f"  {_emulated(call)}\n")
