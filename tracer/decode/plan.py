"""Plans: how to decode one call, made from its row at first use.

A plan's ``decode_entry`` gives the values known when the call begins, ``decode_exit`` completes
the list, ``decode_result`` reads the result.  A value may be None (an argument that strace does
not print); the list's positions are those of ``names``.  When arguments are still to come the
last value at entry is ``PENDING``, so that the text printed at entry is a prefix of the text of
the complete list.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.abis import WORD
from sysnames.kinds import ctype
from sysnames.lookup import classes, signature
from sysnames.row import RowError
from tracer.decode.build import DONE, LATER, OPEN, Build, InOut
from tracer.decode.call import RESULT_FACTORIES
from tracer.decode.values import PENDING, Hex, Sym, Text

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from sysnames.row import Item, Kind, Row
    from tracer.decode.call import Call, Decoder
    from tracer.decode.values import Value

    ResultDecoder = Callable[[Call], "tuple[Value, Value | None]"]


class Plan:
    """How to decode one call on one ABI with one set of options.

    name, abi; names: of the arguments; classes: strace's, with their ``%``; split: how many
    arguments are decoded at entry (static part); missing: kinds without a decoder.
    decode_result gives the result's value and the annotation that follows it in parentheses
    (a value to render, or None); it is for calls that did not fail.
    """

    __slots__ = ("abbrev", "abi", "classes", "decode_entry", "decode_exit", "decode_result",
                 "decoders", "dynamic", "entry", "exit", "index", "missing", "name", "names",
                 "nofail", "split", "verbose")

    decode_entry: Callable[[Call], list[Value | None]]
    decode_exit: Callable[[Call, list[Value | None]], None]
    decode_result: ResultDecoder

    def __init__(self, name: str, abi: str, options: Any) -> None:
        row = signature(name, abi)
        build = Build(abi, name, options)
        self.name = name
        self.abi = abi
        self.abbrev = build.abbrev
        self.verbose = build.verbose
        self.names = tuple(str(item.kind.params[0]) if item.kind.name == "at" else item.name
                           for item in row.items)
        self.index = {item.name: i for i, item in enumerate(row.items)}
        self.classes = classes(row)
        self.nofail = "nofail" in row.classes
        decoders: list[Decoder] = []
        split = len(row.items)
        dynamic = False
        for i, item in enumerate(row.items):
            if item.kind.name == "at":
                decoder = _elsewhere(build, row, item)
            else:
                decoder = build.decoder(item.kind, item.ctype, item.direction)
            if item.kind.name != "none":
                if isinstance(decoder, InOut):
                    dynamic = True
                elif item.direction != "in" and i < split:
                    split = i
            decoders.append(decoder)
        self.decoders = tuple(decoders)
        self.split = split
        self.entry = self.decoders[:split]
        self.exit = self.decoders[split:]
        self.dynamic = dynamic
        self.decode_result = result_decoder(build, row.result)
        self.missing = frozenset(build.missing)
        if dynamic:
            self.decode_entry = self._entry_dynamic
            self.decode_exit = self._exit_dynamic
        elif self.exit:
            self.decode_entry = self._entry_pending
            self.decode_exit = self._exit
        else:
            self.decode_entry = self._entry_whole
            self.decode_exit = self._exit_nothing

    def _entry_whole(self, call: Call) -> list[Value | None]:
        call.plan = self
        return [d(call, w) for d, w in zip(self.entry, call.words)]

    @staticmethod
    def _exit_nothing(call: Call, values: list[Value | None]) -> None:
        pass

    def _entry_pending(self, call: Call) -> list[Value | None]:
        call.plan = self
        values = [d(call, w) for d, w in zip(self.entry, call.words)]
        values.append(PENDING)
        return values

    def _exit(self, call: Call, values: list[Value | None]) -> None:
        values.pop()
        words = call.words
        i = self.split
        for d in self.exit:
            values.append(d(call, words[i]))
            i += 1

    def _entry_dynamic(self, call: Call) -> list[Value | None]:
        call.plan = self
        values: list[Value | None] = []
        olds: dict[int, Value | None] = {}
        stop = -1
        for i, (d, w) in enumerate(zip(self.decoders, call.words)):
            if isinstance(d, InOut):
                # those behind the stop are asked too, since they may keep something
                v, state = d.enter(call, w)
                if state != DONE:
                    olds[i] = v
                if stop >= 0:
                    continue
                if state <= OPEN:
                    values.append(v)
                if state != DONE:
                    stop = i
                    if state == LATER:
                        values.append(PENDING)
            elif stop < 0:
                if i >= self.split:
                    stop = i
                    values.append(PENDING)
                else:
                    values.append(d(call, w))
        call.resume = stop if stop >= 0 else len(self.decoders)
        if olds:
            if call.memo is None:
                call.memo = {}
            call.memo[self.name] = olds
        return values

    def _exit_dynamic(self, call: Call, values: list[Value | None]) -> None:
        i = call.resume
        if i >= len(self.decoders):
            return
        del values[i:]
        memo = call.memo
        olds = memo.get(self.name) if memo else None
        words = call.words
        for d in self.decoders[i:]:
            w = words[i]
            if isinstance(d, InOut):
                if olds is not None and i in olds:
                    values.append(d.leave(call, w, olds[i]))
                else:
                    values.append(d.enter(call, w)[0])
            else:
                values.append(d(call, w))
            i += 1


class _At(InOut):
    """An argument that is printed at the place of another one."""

    __slots__ = ("inner", "name")

    def __init__(self, name: str, inner: InOut) -> None:
        self.name = name
        self.inner = inner

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        return self.inner.enter(call, call.by_name(self.name))

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        return self.inner.leave(call, call.by_name(self.name), old)


def _elsewhere(build: Build, row: Row, item: Item) -> Decoder:
    """The decoder of ``at(item, kind)``."""
    name, kind = item.kind.params
    if isinstance(name, int) or isinstance(kind, int):
        raise RowError(f"at({name}, {kind}) in {row}")
    other = name.name
    of = next(ctype(i) for i in row.items if i.name == other)
    inner = build.decoder(kind, of, item.direction)
    if isinstance(inner, InOut):
        return _At(other, inner)
    return lambda call, word: inner(call, call.by_name(other))


def _plain(call: Call) -> tuple[Value, Value | None]:
    return call.result, None


def _hex(call: Call) -> tuple[Value, Value | None]:
    return Hex(call.result), None


def _octal(call: Call) -> tuple[Value, Value | None]:
    return Sym(call.result, None, None, "o"), None


def _unsigned(call: Call) -> tuple[Value, Value | None]:
    n = call.result
    return (n if n >= 0 else n & (1 << 8 * WORD[call.abi]) - 1), None


_RESULTS: dict[str, ResultDecoder] = {
    "int": _plain, "long": _plain, "s64": _plain, "uint": _unsigned, "ulong": _unsigned,
    "uid": _unsigned, "gid": _unsigned, "size": _plain, "hex": _hex, "addr": _hex,
    "octal": _octal,
}


def result_decoder(build: Build, kind: Kind | None) -> ResultDecoder:
    """The decoder of results of a kind: value, and what stands in parentheses after it."""
    if kind is None:
        return _plain
    plain = _RESULTS.get(kind.name)
    if plain is not None:
        return plain
    from tracer.decode.kinds import load

    load(kind.name)
    make = RESULT_FACTORIES.get(kind.name)
    if make is not None:
        made: ResultDecoder = make(build, *kind.params)
        return made
    if kind.name in ("fd", "pid", "tid", "pgid", "sid"):
        if kind.params:
            return _plain
        decode = build.decoder(kind)
        return lambda call: (decode(call, call.result), None)  # type: ignore[return-value]
    if kind.name == "enum":
        return _annotated(build, kind)
    if kind.name == "flags":
        return _annotated_flags(build, kind)
    build.missing.add(f"-> {kind.name}")
    return _plain


def _annotated(build: Build, kind: Kind) -> ResultDecoder:
    """``1 (SUID_DUMP_USER)``"""
    from tracer.decode import symbols

    names = symbols.enum(str(kind.params[0]), build.abi, 64).names

    def decode(call: Call) -> tuple[Value, Value | None]:
        text = names.get(call.result)       # whatever -X says
        return call.result, None if text is None else Text(text)

    return decode


def _annotated_flags(build: Build, kind: Kind) -> ResultDecoder:
    """``0x3 (SECBIT_NOROOT|…)``; nothing for 0."""
    from tracer.decode import symbols

    flags = symbols.flags(str(kind.params[0]), build.abi)
    raw = build.options.xlat == "raw"

    def decode(call: Call) -> tuple[Value, Value | None]:
        n = call.result
        text = None if raw or not n else flags.sym(n).text
        return Hex(n), None if text is None else Text(text)

    return decode


class RawPlan(Plan):
    """A call of ``-e raw=``, or a number that no table knows: words in hexadecimal."""

    __slots__ = ("count",)

    def __init__(self, name: str, abi: str, count: int = 6) -> None:
        self.name = name
        self.abi = abi
        self.count = count
        self.abbrev = self.verbose = True
        self.names = tuple(f"arg{i + 1}" for i in range(count))
        self.index = {n: i for i, n in enumerate(self.names)}
        self.classes = frozenset()
        self.nofail = False
        self.decoders = self.entry = self.exit = ()
        self.split = count
        self.dynamic = False
        self.missing = frozenset()
        self.decode_entry = self._entry_raw
        self.decode_exit = self._exit_nothing
        self.decode_result = _hex

    def _entry_raw(self, call: Call) -> list[Value | None]:
        """Here ``call.words`` are the registers as they are."""
        call.plan = self
        return [Hex(w) for w in call.words[:self.count]]


def plan(name: str, abi: str, options: Any) -> Plan:
    """The plan of a call.  Raises KeyError for a name without a row."""
    return Plan(name, abi, options)



