"""Signals: sysnames/signals.py."""
from __future__ import annotations

from sysnames.generate import headers, writer
from sysnames.generate.supplement import NOT_SIGNALS, SI_CODE_SETS, SIGNAL_ALIASES

_DOC = """Signals of Linux: numbers, names, si_code names.  The same on all ABIs here.

Real-time signals are printed as strace does: SIGRTMIN for 32, SIGRT_1 for 33, and so on."""

_FUNCTIONS = '''

def name(number: int) -> str:
    """Name of a signal, `SIGRT_n` for a real-time one; the number itself where there is none."""
    known = NAMES.get(number)
    if known is not None:
        return known
    if SIGRTMIN < number <= SIGRTMAX:
        return f"SIGRT_{number - SIGRTMIN}"
    return str(number)


def number(name: str) -> int | None:
    """Number of a signal's name, with or without `SIG`; None where there is no such signal."""
    full = name if name.startswith("SIG") else f"SIG{name}"
    if full.startswith("SIGRT_") and full[6:].isdigit():
        found = SIGRTMIN + int(full[6:])
        return found if found <= SIGRTMAX else None
    return NUMBERS.get(full)


def code_name(signo: int, code: int) -> str | None:
    """Name of an si_code, which depends on the signal; None where strace has no name."""
    return CODES[0].get(code) or CODES.get(signo, {}).get(code)
'''


def files() -> dict[str, str]:
    """Path below `sysnames` → text."""
    tables = []
    header = ["linux/signal.h"]
    for abi in headers.ABIS:
        names = [
            name
            for name in headers.macros(abi, header, headers.SIZE_T)
            if name.startswith("SIG") and "_" not in name and name not in NOT_SIGNALS
        ]
        names += [name for group in SI_CODE_SETS.values() for name in group]
        tables.append(headers.values(abi, header, names, headers.SIZE_T))
    values = tables[0]
    for table in tables:
        if any(values.get(name, number) != number for name, number in table.items()):
            raise headers.HeadersError("signal numbers differ between the ABIs")
    values["SIGRTMAX"] = 64  # _NSIG
    ordered = sorted(
        ((n, v) for n, v in values.items() if n.startswith("SIG")),
        key=lambda item: (item[1], item[0] in SIGNAL_ALIASES),
    )
    # The last real-time signal has no name of its own: it prints as SIGRT_32.
    skipped = (*SIGNAL_ALIASES, "SIGRTMAX")
    names_of = {number: name for name, number in ordered if name not in skipped}
    body = writer.constants(ordered) + "\n"
    body += writer.mapping("NAMES", "dict[int, str]", names_of) + "\n"
    body += "NUMBERS: dict[str, int] = {\n"
    body += "".join(f'    "{name}": {number},\n' for name, number in ordered) + "}\n\n"
    body += "# Names of si_code by signal; 0 has those that every signal may carry.\n"
    body += "CODES: dict[int, dict[int, str]] = {\n"
    for signal, group in SI_CODE_SETS.items():
        codes: dict[int, str] = {}
        for name in group:
            codes.setdefault(values[name], name)
        body += f"    {values[signal] if signal else 0}: {{\n"
        body += "".join(f'        {value}: "{name}",\n' for value, name in codes.items())
        body += "    },\n"
    body += "}\n" + _FUNCTIONS
    return {"signals.py": writer.module(_DOC + "\n", "signals", body)}
