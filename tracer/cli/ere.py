"""POSIX extended regular expressions (regex(7)) in terms of Python's `re`."""
from __future__ import annotations

import re

_CLASSES = {
    "alnum": "a-zA-Z0-9", "alpha": "a-zA-Z", "blank": " \\t", "cntrl": "\\x00-\\x1f\\x7f",
    "digit": "0-9", "graph": "!-~", "lower": "a-z", "print": " -~",
    "punct": "!-/:-@\\[-`{-~", "space": " \\t-\\r", "upper": "A-Z", "xdigit": "0-9A-Fa-f",
}
# What glibc's regcomp takes beyond POSIX.
_ESCAPES = {"w": r"\w", "W": r"\W", "s": r"\s", "S": r"\S", "b": r"\b", "B": r"\B",
            "<": r"\b(?=\w)", ">": r"\b(?<=\w)", "`": r"\A", "'": r"\Z"}
_REPEAT_MAX = 32767


class RegexError(ValueError):
    """Not a regular expression; the message is glibc's regerror."""


def _bracket(pattern: str, start: int) -> tuple[str, int]:
    """Translate the bracket expression that starts at pattern[start]; returns it and its end."""
    at = start + 1
    negated = pattern[at:at + 1] == "^"
    at += negated
    parts: list[str] = []
    first = True
    while True:
        if at >= len(pattern):
            raise RegexError("Invalid regular expression" if first else
                             "Unmatched [, [^, [:, [., or [=")
        char = pattern[at]
        if char == "]" and not first:
            return f"[{'^' if negated else ''}{''.join(parts)}]", at + 1
        first = False
        if pattern.startswith("[:", at):
            end = pattern.find(":]", at + 2)
            if end < 0:
                raise RegexError("Unmatched [, [^, [:, [., or [=")
            if pattern[at + 2:end] not in _CLASSES:
                raise RegexError("Invalid character class name")
            parts.append(_CLASSES[pattern[at + 2:end]])
            at = end + 2
            continue
        low, at = _element(pattern, at)
        if pattern[at:at + 1] == "-" and pattern[at + 1:at + 2] not in ("", "]"):
            high, at = _element(pattern, at + 1)
            if ord(high) < ord(low):
                raise RegexError("Invalid range end")
            parts.append(f"{re.escape(low)}-{re.escape(high)}")
        else:
            parts.append(re.escape(low))


def _element(pattern: str, at: int) -> tuple[str, int]:
    """One character of a bracket expression, perhaps as [.x.] or [=x=]."""
    if pattern[at:at + 2] in ("[.", "[="):
        mark = pattern[at + 1]
        if pattern[at + 3:at + 5] != f"{mark}]":
            raise RegexError("Invalid collation character")
        return pattern[at + 2], at + 5
    return pattern[at], at + 1


def _bound(pattern: str, at: int) -> tuple[str, int]:
    """Translate the interval after "{" (at); returns it and its end."""
    match = re.compile(r"([0-9]*)(,?)([0-9]*)\}").match(pattern, at)
    if match is None:
        raise RegexError("Unmatched \\{" if "}" not in pattern[at:]
                         else "Invalid content of \\{\\}")
    low, comma, high = match.groups()
    if not low and not comma:
        raise RegexError("Invalid content of \\{\\}")
    digits = max(len(low), len(high))       # (Python converts no more than 4300)
    if digits > 4000 or max(int(low or 0), int(high or 0)) > _REPEAT_MAX:
        raise RegexError("Regular expression too big")
    if high and int(high) < int(low or 0):
        raise RegexError("Invalid content of \\{\\}")
    return f"{{{low or 0}{comma}{high}}}", match.end()


def compile_ere(pattern: str) -> re.Pattern[str]:
    """Compile a POSIX extended regular expression for `search`; raises RegexError."""
    out: list[str] = []         # one entry per atom, so that quantifiers can wrap the last one
    opened: list[int] = []      # where the open groups start in out
    groups = 0
    repeatable = False
    at = 0
    while at < len(pattern):
        char = pattern[at]
        at += 1
        if char in "*+?{":
            if not repeatable:
                raise RegexError("Invalid preceding regular expression")
            quantifier = char
            if char == "{":
                quantifier, at = _bound(pattern, at)
            out[-1] = f"(?:{out[-1]}){quantifier}"
            continue
        repeatable = char not in "(|^"
        if char == "(":
            opened.append(len(out))
            groups += 1
            out.append("(")
        elif char == ")" and opened:
            start = opened.pop()
            out[start:] = ["".join(out[start:]) + ")"]
        elif char == "[":
            translated, at = _bracket(pattern, at - 1)
            out.append(translated)
        elif char == "\\":
            if at == len(pattern):
                raise RegexError("Trailing backslash")
            escaped = pattern[at]
            at += 1
            if escaped in "123456789":
                if int(escaped) > groups:
                    raise RegexError("Invalid back reference")
                out.append(f"(?:\\{escaped})")
            else:
                out.append(_ESCAPES.get(escaped, re.escape(escaped)))
        else:
            out.append({"^": "^", "$": r"\Z", ".": ".", "|": "|"}.get(char, re.escape(char)))
    if opened:
        raise RegexError("Unmatched ( or \\(")
    try:
        return re.compile("".join(out), re.DOTALL | re.ASCII)
    except (re.error, OverflowError, RecursionError) as error:
        raise RegexError("Regular expression too big") from error
