"""perf_event_open(2): struct perf_event_attr (linux/perf_event.h)."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from tracer.decode import symbols
from tracer.decode.build import DONE, LATER, Build, InOut, fetch_always
from tracer.decode.call import Call, kind
from tracer.decode.kinds.forms import UNAVAILABLE
from tracer.decode.values import Addr, Change, Comment, Hex, Join, Struct, Sym, Text

if TYPE_CHECKING:
    from tracer.decode.values import Value

    Fields = list[tuple[str, Value]]

_FIRST_SIZE = 64        # of version 0
_KNOWN_SIZE = 136       # of the version that is known here
_SHORT_SIZE = 48        # what an abbreviated attribute is read of: up to wakeup_events
_TOO_BIG = 7            # E2BIG
_HARDWARE, _SOFTWARE, _TRACEPOINT, _CACHE, _RAW, _BREAKPOINT = range(6)
_BRANCH_STACK, _STACK_USER = 1 << 11, 1 << 13

# bits of the word of flags; precise_ip has two
_BITS = [
    "disabled", "inherit", "pinned", "exclusive", "exclude_user", "exclude_kernel", "exclude_hv",
    "exclude_idle", "mmap", "comm", "freq", "inherit_stat", "enable_on_exec", "task", "watermark",
    "precise_ip", "-", "mmap_data", "sample_id_all", "exclude_host", "exclude_guest",
    "exclude_callchain_kernel", "exclude_callchain_user", "mmap2", "comm_exec", "use_clockid",
    "context_switch", "write_backward", "namespaces", "ksymbol", "bpf_event", "aux_output",
    "cgroup", "text_poke", "build_id", "inherit_thread", "remove_on_exec", "sigtrap",
]
_FREQ, _WATERMARK, _PRECISE, _CLOCK = (
    _BITS.index(name) for name in ("freq", "watermark", "precise_ip", "use_clockid"))
_SKIDS = ("arbitrary skid", "constant skid", "requested to have 0 skid", "must have 0 skid")


def _shifted(n: int, bits: int) -> list[Value]:
    return [Text(f"{n:#x}<<{bits}")] if n else []


class _Attribute(InOut):
    """The attribute is read at entry; where it is too big the kernel says how big it may be."""

    __slots__ = ("abi", "at_entry")

    def __init__(self, b: Build) -> None:
        self.abi = b.abi
        self.at_entry = b.name == "ioctl"

    def enum(self, name: str, n: int, bits: int = 32) -> Sym:
        return symbols.enum(name, self.abi, bits).sym(n)

    def flags(self, name: str, n: int) -> Sym:
        return symbols.flags(name, self.abi, 64).sym(n)

    def enter(self, call: Call, word: int) -> tuple[Value | None, int]:
        head = fetch_always(call, word, 8)
        if head is None:
            return Addr(word), DONE
        said = int.from_bytes(head[4:], "little")
        size = min(said, _KNOWN_SIZE) or _FIRST_SIZE
        if size < _FIRST_SIZE:
            return Addr(word), DONE
        if call.plan.abbrev:
            size = _SHORT_SIZE
        data = fetch_always(call, word, size)
        if data is None:
            return Addr(word), DONE
        more = said > size if said else size < _FIRST_SIZE
        value = Struct(self.fields(call, data.ljust(_KNOWN_SIZE, b"\0"), size), more)
        return value, DONE if self.at_entry else LATER

    def leave(self, call: Call, word: int, old: Value | None) -> Value | None:
        if not isinstance(old, Struct) or call.error != _TOO_BIG:
            return old
        data = fetch_always(call, word + 4, 4)
        now: Value = UNAVAILABLE
        if data is not None:
            now = self.enum("perf_attr_size", int.from_bytes(data, "little"))
        fields = list(old.fields)
        fields[1] = ("size", Change(fields[1][1], now))
        return Struct(fields, old.more)

    def config(self, kind_: int, n: int) -> Value:
        if kind_ == _HARDWARE:
            return Join([*_shifted(n >> 32, 32), self.enum("perf_hw_id", n & 0xffffffff)])
        if kind_ == _SOFTWARE:
            return self.enum("perf_sw_ids", n, 64)
        if kind_ == _TRACEPOINT:
            return n
        if kind_ == _CACHE:
            return Join([
                *_shifted(n >> 32, 32), *_shifted(n >> 24 & 0xff, 24),
                Join([self.enum("perf_hw_cache_op_result_id", n >> 16 & 0xff), 16], "<<"),
                Join([self.enum("perf_hw_cache_op_id", n >> 8 & 0xff), 8], "<<"),
                self.enum("perf_hw_cache_id", n & 0xff)])
        return Hex(n)

    def fields(self, call: Call, data: bytes, size: int) -> Fields:
        kind_, said, config, period, sample, reads, bits = struct.unpack_from("<IIQQQQQ", data)
        abbrev = call.plan.abbrev
        out: Fields = [
            ("type", self.enum("perf_type_id", kind_)), ("size", self.enum("perf_attr_size", said)),
            ("config", self.config(kind_, config)),
            ("sample_freq" if bits >> _FREQ & 1 else "sample_period", period),
            ("sample_type", self.flags("perf_event_sample_format", sample)),
            ("read_format", self.flags("perf_event_read_format", reads))]
        for i, name in enumerate(_BITS):
            if i == _PRECISE:
                n = bits >> i & 3
                out.append((name, Comment(n, _SKIDS[n])))
            elif name != "-" and (not abbrev or bits >> i & 1):
                out.append((name, bits >> i & 1))
        rest = bits >> len(_BITS)
        if rest:
            out.append(("__reserved_1", Comment(Hex(rest), "Bits 63..38")))
        if not abbrev:
            self.rest(data, size, kind_, sample, bits, out)
        return out

    def rest(self, data: bytes, size: int, kind_: int, sample: int, bits: int,
             out: Fields) -> None:
        """What only -v shows; fields behind the attribute's size are not printed."""
        (events, bp_type, config1, config2, branch, regs, stack, clock, intr, watermark, depth,
         reserved2, aux, reserved3, sig) = struct.unpack_from("<IIQQQQIiQIHHIIQ", data, 48)
        point = kind_ == _BREAKPOINT
        out.append(("wakeup_watermark" if bits >> _WATERMARK & 1 else "wakeup_events", events))
        if point:
            known = self.enum("hw_breakpoint_type", bp_type)
            unknown = "HW_BREAKPOINT_INVALID" if bp_type <= 7 else "HW_BREAKPOINT_???"
            out.append(("bp_type", Sym(bp_type, known.text, unknown)))
        out.append(("bp_addr" if point else "config1", Hex(config1)))
        if size <= 64:
            return
        out.append(("bp_len", config2) if point else ("config2", Hex(config2)))
        if size <= 72:
            return
        if sample & _BRANCH_STACK:
            out.append(("branch_sample_type", self.flags("perf_branch_sample_type", branch)))
        if size <= 80:
            return
        out.append(("sample_regs_user", Hex(regs)))
        if size <= 88:
            return
        if sample & _STACK_USER:
            out.append(("sample_stack_user", Hex(stack)))
        if bits >> _CLOCK & 1:
            if size <= 92:
                return
            out.append(("clockid", self.enum("clocknames", clock & 0xffffffff)))
        tail: tuple[tuple[int, str, Value], ...] = (
            (96, "sample_regs_intr", Hex(intr)), (104, "aux_watermark", watermark),
            (108, "sample_max_stack", self._noted(depth, reserved2, "110..111", size > 110)),
            (112, "aux_sample_size", self._noted(aux, reserved3, "116..119", size > 116)),
            (120, "sig_data", Hex(sig)))
        for at, name, value in tail:
            if size <= at:
                return
            out.append((name, value))

    @staticmethod
    def _noted(n: int, reserved: int, where: str, there: bool) -> Value:
        return Comment(n, f"bytes {where}: {reserved:#x}") if reserved and there else n


@kind("perf_event_attr")
def _perf_event_attr(b: Build) -> InOut:
    return _Attribute(b)
