"""Socket addresses of rarer families: AX.25, RxRPC, IEEE 802.15.4, NFC, MCTP."""
from __future__ import annotations

import struct
from typing import TYPE_CHECKING

from sysnames.abis import WORD
from tracer.decode import symbols
from tracer.decode.kinds.sockaddr import PRINTERS, interface, mac
from tracer.decode.values import Array, Comment, Either, Hex, Str, Struct, Sym, Text

if TYPE_CHECKING:
    from tracer.decode.call import Call
    from tracer.decode.kinds.sockaddr import Fields
    from tracer.decode.values import Value

AF_INET, AF_INET6 = 2, 10
IEEE802154_ADDR_NONE, IEEE802154_ADDR_SHORT = 0, 2
NFC_SERVICE_NAME = 63
_CALL, _AX25 = 7, 16            # sizes of ax25_address and struct sockaddr_ax25
_DIGIPEATERS = 8


def _spelled(call: Call, set_name: str, n: int) -> Value:
    """A name that no uapi header has: the number is shown as well."""
    s = symbols.enum(set_name, call.abi).sym(n)
    text = s.text if s.text is not None else s.unknown
    if text is None or call.options.xlat == "raw":
        return Hex(n)
    return Comment(Hex(n), text)


# -- AX.25

def _sanity(raw: bytes) -> str:
    """How a call sign can be shown: "abbrev" when it is a proper one, "verbose" when it should
    not stand without its bytes, "raw" when it is no text."""
    how = "abbrev"
    blank = False
    for c in raw[:6]:
        char = c >> 1
        if char < 0x20 or char > 0x7e or char in b"*/":
            return "raw"
        proper = chr(char).isdigit() or "A" <= chr(char) <= "Z" or char == 0x20
        if c & 1 or not proper or (char != 0x20 and blank):
            how = "verbose"
        blank = blank or char == 0x20
    if raw[6] & ~0x1e or (raw[6] and all(c >> 1 == 0x20 for c in raw[:6])):
        how = "verbose"
    return how


def ax25_call(call: Call, raw: bytes) -> Value:
    """A call sign with its station number: ``VALID-13``."""
    text = "".join(chr(c >> 1) for c in raw[:6]).rstrip(" ") + f"-{raw[6] >> 1 & 15}"
    if text.startswith("-0"):
        text = "*"
    how = _sanity(raw)
    if how == "abbrev":
        how = call.options.xlat
    if how == "abbrev":
        return Text(text)
    shown = Struct([("ax25_call", Str(raw, style="x"))])
    return shown if how == "raw" else Comment(shown, text)


def ax25(call: Call, data: bytes) -> Fields:
    """struct sockaddr_ax25, or full_sockaddr_ax25 with the stations in between."""
    count = int.from_bytes(data[12:16].ljust(4, b"\0"), "little", signed=True)
    own: Fields = [("sax25_call", ax25_call(call, data[2:9])), ("sax25_ndigis", count)]
    if not count and len(data) <= _AX25:
        return own
    out: Fields = [("fsa_ax25", Struct(own))]
    present = min((len(data) - _AX25) // _CALL, _DIGIPEATERS)
    wanted = min(max(count, 0), _DIGIPEATERS)
    if wanted:
        stations: list[Value] = [ax25_call(call, data[_AX25 + i * _CALL:_AX25 + (i + 1) * _CALL])
                                 for i in range(min(present, wanted))]
        out.append(("fsa_digipeater", Array(stations, wanted > present)))
    if len(data) > present * _CALL + _AX25:
        out.append(("", Text("...")))
    return out


# -- RxRPC

def rxrpc(call: Call, data: bytes) -> Fields:
    """struct sockaddr_rxrpc: a service and the address that it is reached by."""
    service, kind, length, family = struct.unpack_from("<HHHH", data, 2)
    families = symbols.enum("addrfams", call.abi, 16)
    inside = data[8:8 + min(length, len(data) - 8)]
    name = {AF_INET: "sin", AF_INET6: "sin6"}.get(family)
    fields: Fields = [(f"{name}_family" if name else "family", families.sym(family))]
    if name is not None and length >= PRINTERS[family][1]:
        # short data counts as zeros: the structure is read whole
        size = 28 if family == AF_INET6 and len(inside) >= 28 else PRINTERS[family][1]
        fields += PRINTERS[family][0](call, data[8:].ljust(28, b"\0")[:size])
    elif len(inside) > 2:
        fields.append(("", Str(inside[2:])))
    transport = Struct([(name, Struct(fields))] if name else fields)
    return [("srx_service", _spelled(call, "rxrpc_services", service)),
            ("transport_type", symbols.enum("socktypes", call.abi, 16).sym(kind)),
            ("transport_len", length), ("transport", transport)]


# -- IEEE 802.15.4

def ieee802154(call: Call, data: bytes) -> Fields:
    """struct sockaddr_ieee802154"""
    kind, pan = struct.unpack_from("<IH", data, 4)
    fields: Fields = [("addr_type", _spelled(call, "ieee802154_addr_types", kind)),
                      ("pan_id", _spelled(call, "ieee802154_pan_ids", pan))]
    if kind == IEEE802154_ADDR_SHORT:
        short = int.from_bytes(data[10:12], "little")
        fields.append(("short_addr", _spelled(call, "ieee802154_addrs", short)))
    elif kind != IEEE802154_ADDR_NONE:
        raw = data[10:18]
        fields.append(("hwaddr", Either(Str(raw, style="x"), mac(raw))))
    return [("addr", Struct(fields))]


# -- NFC

def nfc(call: Call, data: bytes) -> Fields:
    """struct sockaddr_nfc, or sockaddr_nfc_llcp where it is long enough."""
    device, target, protocol = struct.unpack_from("<III", data, 4)
    out: Fields = [
        ("dev_idx", interface(call, device)), ("target_idx", Hex(target)),
        ("nfc_protocol", symbols.enum("nfc_sockaddr_protocols", call.abi).sym(protocol))]
    wide = WORD[call.abi] == 8
    whole, at, word = (96, 88, 8) if wide else (88, 84, 4)
    if len(data) < whole:
        if len(data) > 16:
            out.append(("", Text("...")))
        return out
    size = int.from_bytes(data[at:at + word], "little")
    out += [("dsap", _spelled(call, "nfc_saps", data[16])),
            ("ssap", _spelled(call, "nfc_saps", data[17])),
            ("service_name", Str(data[18:18 + min(size, NFC_SERVICE_NAME)])),
            ("service_name_len", size)]
    return out


# -- MCTP

def mctp(call: Call, data: bytes) -> Fields:
    """struct sockaddr_mctp"""
    pad0, network = struct.unpack_from("<HI", data, 2)
    address, kind, tag, pad1 = data[8:12]

    def named(set_name: str, n: int) -> Value:
        return Sym(n, symbols.enum(set_name, call.abi).names.get(n))

    out: Fields = [("__smctp_pad0", Hex(pad0))] if pad0 else []
    out += [("smctp_network", named("mctp_nets", network)),
            ("smctp_addr", Struct([("s_addr", named("mctp_addrs", address))])),
            ("smctp_type", Hex(kind)), ("smctp_tag", Hex(tag))]
    return [*out, ("__smctp_pad1", Hex(pad1))] if pad1 else out
