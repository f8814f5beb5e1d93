"""Arguments whose meaning another argument decides: fcntl, prctl, keyctl, ioctl…

A table says, for each command, what the remaining arguments are, as a row of the grammar of
``sysnames.row``: ``"F_GETLK": "arg out ptr(flock_get)"``.  Items stand in the order of the
call's arguments of that kind; arguments that the row does not mention are not printed.  The
row's ``-> kind`` is the kind of the result.  A key may name several commands.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

from sysnames.row import parse
from tracer.decode.build import DONE, LATER, Build, InOut

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from tracer.decode.call import Call, Decoder
    from tracer.decode.values import Value

IN, OUT, INOUT = range(3)
# such an argument is a whole word unless its row says otherwise
_WORDS = {"enum": "ulong"}
_DIRECTIONS = {"in": IN, "out": OUT, "inout": INOUT}


class Command:
    """One command's arguments (direction, decoder) and result decoder."""

    __slots__ = ("arguments", "result")

    def __init__(self, arguments: list[tuple[int, Decoder]], result: Any) -> None:
        self.arguments = arguments
        self.result = result


class Commands:
    """A table bound to an ABI; rows become decoders when a command is first used."""

    def __init__(self, build: Build, numbers: Mapping[str, int], table: Mapping[str, str],
                 default: str) -> None:
        self.build = build
        self.rows: dict[int, str] = {}
        for names, row in table.items():
            for name in names.split():
                if name in numbers:
                    self.rows[numbers[name] & 0xffffffff] = row
        self.default = default
        self.mask = 0xffffffff      # commands are ints
        self.made: dict[str, Command] = {}

    def command(self, value: int) -> Command:
        """The command of that number."""
        return self.of_row(self.rows.get(value, self.default))

    def of_row(self, text: str) -> Command:
        """A command by its row."""
        made = self.made.get(text)
        if made is None:
            from tracer.decode.plan import result_decoder

            row = parse(text)
            arguments = [(_DIRECTIONS[item.direction],
                          self.build.decoder(item.kind, item.ctype or _WORDS.get(item.kind.name),
                                             item.direction))
                         for item in row.items]
            result = None
            if row.result is not None:
                result = result_decoder(self.build, row.result)
            made = self.made[text] = Command(arguments, result)
        return made


class CommandArgument(InOut):
    """The argument at a position behind the command."""

    __slots__ = ("commands", "name", "position", "shift", "state")

    def __init__(self, commands: Commands, name: str, position: int, shift: int,
                 state: int) -> None:
        self.commands = commands
        self.name = name
        self.position = position
        self.shift = shift
        self.state = state

    def find(self, call: Call) -> tuple[int, Decoder] | None:
        """What the argument is in this call."""
        value = (call.by_name(self.name) & self.commands.mask) >> self.shift
        arguments = self.commands.command(value).arguments
        return arguments[self.position] if self.position < len(arguments) else None

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        found = self.find(call)
        if found is None:
            return None, DONE
        direction, decode = found
        if isinstance(decode, InOut):
            return decode.enter(call, word)
        if direction == OUT:
            return None, self.state
        return decode(call, word), DONE

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        found = self.find(call)
        if found is None:
            return None
        decode = found[1]
        if isinstance(decode, InOut):
            return decode.leave(call, word, old)
        return decode(call, word)


def command_argument(build: Build, key: str, name: str, numbers: Mapping[str, int],
                     table: Mapping[str, str], default: str, shift: int = 0,
                     state: int = LATER) -> CommandArgument:
    """The decoder of the next argument that the command ``name`` of this call decides.

    key names the table; the first argument that asks gets position 0, and so on.  shift:
    how many low bits of the argument are not part of the command.  state: LATER or QUIET, what
    an argument that is decoded at exit leaves at entry.
    """
    shared = build.shared.get(key)
    if shared is None:
        shared = build.shared[key] = [Commands(build, numbers, table, default), 0]
    position = shared[1]
    shared[1] += 1
    return CommandArgument(shared[0], name, position, shift, state)


def command_result(build: Build, key: str, name: str) -> Any:
    """The result decoder of a call with a command: by the row's ``-> kind``."""
    commands: Commands = build.shared[key][0]

    def decode(call: Call) -> tuple[Value, Value | None]:
        result = commands.command(call.by_name(name) & 0xffffffff).result
        if result is None:
            return call.result, None
        value: tuple[Value, Value | None] = result(call)
        return value

    return decode


__all__ = ["Command", "CommandArgument", "Commands", "command_argument",
           "command_result"]
