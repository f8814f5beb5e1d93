"""Values as JSON, without loss: `dump` makes JSON objects of the values of
`tracer.decode.values`, `load` makes them again.

Each object has a "type"; `schema.json` beside this module describes them all.  Bytes that are
UTF-8 stand in "text", others in "base64".
"""
from __future__ import annotations

from binascii import Error, a2b_base64, b2a_base64
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from tracer.decode import values as v

if TYPE_CHECKING:
    from tracer.decode.values import Value

Object = dict[str, Any]


def dump_bytes(data: bytes) -> Object:
    """``{"text": …}`` or ``{"base64": …}``."""
    try:
        return {"text": data.decode("utf-8")}
    except UnicodeDecodeError:
        return {"base64": b2a_base64(data, newline=False).decode("ascii")}


def load_bytes(made: Object) -> bytes:
    """What `dump_bytes` was given.  Raises ValueError or KeyError."""
    if "text" in made:
        text: str = made["text"]
        return text.encode("utf-8", "surrogatepass")
    try:
        return a2b_base64(made["base64"])
    except Error as error:
        raise ValueError(str(error)) from None


# -- values to JSON

def dump(value: Value) -> Object:
    """The object of a value."""
    return _DUMP[value.__class__](value)


def _sym(value: v.Sym) -> Object:
    made: Object = {"type": "sym", "value": value.n}
    if value.text is not None:
        made["text"] = value.text
    elif value.unknown is not None:
        made["unknown"] = value.unknown
    if value.fmt != "x":
        made["format"] = value.fmt
    return made


def _str(value: v.Str) -> Object:
    made = {"type": "str", **dump_bytes(value.data)}
    if value.more:
        made["more"] = True
    if value.path:
        made["path"] = True
    if value.prefix:
        made["prefix"] = value.prefix
    if value.style:
        made["style"] = value.style
    return made


def _struct(value: v.Struct) -> Object:
    fields = [{"name": name, **dump(field)} if name else dump(field)
              for name, field in value.fields]
    made: Object = {"type": "struct", "fields": fields}
    if value.more:
        made["more"] = True
    if value.open:
        made["open"] = True
    return made


def _array(value: v.Array) -> Object:
    made: Object = {"type": "array", "items": [dump(item) for item in value.items]}
    if value.more:
        made["more"] = True
    if value.broken is not None:
        made["broken"] = value.broken
    return made


def _set(value: v.Set) -> Object:
    made: Object = {"type": "set", "items": [dump(item) for item in value.items]}
    if value.negated:
        made["negated"] = True
    return made


def _fd(value: v.Fd) -> Object:
    made: Object = {"type": "fd", "number": dump(value.number)}
    detail = value.detail
    if detail is not None:
        made["detail"] = detail if isinstance(detail, str) else dump_bytes(detail)
    if value.deleted:
        made["deleted"] = True
    return made


_DUMP: dict[type, Callable[[Any], Object]] = {
    int: lambda n: {"type": "int", "value": n},
    bool: lambda n: {"type": "int", "value": int(n)},
    v.Hex: lambda value: {"type": "hex", "value": value.n},
    v.Addr: lambda value: {"type": "addr", "value": value.n},
    v.Sym: _sym,
    v.Str: _str,
    v.Struct: _struct,
    v.Array: _array,
    v.Set: _set,
    v.Change: lambda value: {"type": "change", "old": dump(value.old), "new": dump(value.new)},
    v.Fd: _fd,
    v.Comment: lambda value: {
        "type": "comment", "value": dump(value.value),
        "comment": value.text if isinstance(value.text, str) else dump(value.text)},
    v.CallValue: lambda value: {"type": "call", "function": value.name,
                                "args": [dump(arg) for arg in value.args]},
    v.Text: lambda value: {"type": "text", "text": value.text},
    v.Either: lambda value: {"type": "either", "raw": dump(value.raw), "text": dump(value.text)},
    v.Join: lambda value: {"type": "join", "separator": value.sep,
                           "items": [dump(item) for item in value.items]},
    v.Named: lambda value: {"type": "named", "label": value.name, "separator": value.sep,
                            "value": dump(value.value)},
    v.Pending: lambda value: {"type": "text", "text": ""},
}


# -- JSON to values

def load(made: Object) -> Value:
    """The value of an object that `dump` made.

    Raises KeyError, TypeError, ValueError or AttributeError for what is none.
    """
    value: Value = _LOAD[made["type"]](made)
    return value


def _number(made: Object, key: str = "value") -> int:
    number = made[key]
    if number.__class__ is not int:
        raise TypeError(f"{key}: not an integer")
    return int(number)


def _load_fd(made: Object) -> v.Fd:
    detail = made.get("detail")
    return v.Fd(load(made["number"]), load_bytes(detail) if isinstance(detail, dict) else detail,
                made.get("deleted", False))


_LOAD: dict[str, Callable[[Object], Any]] = {
    "int": _number,
    "hex": lambda made: v.Hex(_number(made)),
    "addr": lambda made: v.Addr(_number(made)),
    "sym": lambda made: v.Sym(_number(made), made.get("text"), made.get("unknown"),
                              made.get("format", "x")),
    "str": lambda made: v.Str(load_bytes(made), made.get("more", False), made.get("style", ""),
                              made.get("path", False), made.get("prefix", "")),
    "struct": lambda made: v.Struct([(each.get("name", ""), load(each))
                                     for each in made["fields"]],
                                    made.get("more", False), made.get("open", False)),
    "array": lambda made: v.Array([load(each) for each in made["items"]],
                                  made.get("more", False), made.get("broken")),
    "set": lambda made: v.Set([load(each) for each in made["items"]],
                              made.get("negated", False)),
    "change": lambda made: v.Change(load(made["old"]), load(made["new"])),
    "fd": _load_fd,
    "comment": lambda made: v.Comment(
        load(made["value"]),
        made["comment"] if isinstance(made["comment"], str) else load(made["comment"])),
    "call": lambda made: v.CallValue(made["function"], [load(each) for each in made["args"]]),
    "text": lambda made: v.Text(made["text"]),
    "either": lambda made: v.Either(load(made["raw"]), load(made["text"])),
    "join": lambda made: v.Join([load(each) for each in made["items"]], made["separator"]),
    "named": lambda made: v.Named(made["label"], load(made["value"]), made["separator"]),
}
