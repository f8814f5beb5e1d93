"""Keys and keyrings (keyrings(7)): the types "user", "logon" and "keyring"."""
from __future__ import annotations

from sysnames import errno as E
from tracer.errors import LinuxError

# Special ids: of the caller's thread, process, session, user, user session
THREAD, PROCESS, SESSION, USER, USER_SESSION = -1, -2, -3, -4, -5
TYPES = (b"keyring", b"user", b"logon")
_MAX_PAYLOAD = 32767
_FIRST = 0x10000000


class Key:
    """One key.  payload: its bytes, or the members of a keyring by type and description."""

    def __init__(self, serial: int, kind: bytes, description: bytes, uid: int, gid: int) -> None:
        self.serial = serial
        self.kind = kind
        self.description = description
        self.uid = uid
        self.gid = gid
        self.permissions = 0x3F010000       # all for the possessor, view for the owner
        self.revoked = False
        self.data = b""
        self.members: dict[tuple[bytes, bytes], Key] = {}

    @property
    def is_keyring(self) -> bool:
        return self.kind == b"keyring"


class Keys:
    """All keys of a machine."""

    def __init__(self) -> None:
        self.by_serial: dict[int, Key] = {}
        self._special: dict[tuple[int, int], Key] = {}
        self._next = _FIRST

    def new(self, kind: bytes, description: bytes, uid: int, gid: int) -> Key:
        """A key that no keyring holds yet."""
        key = self.by_serial[self._next] = Key(self._next, kind, description, uid, gid)
        self._next += 1
        return key

    def find(self, serial: int, owners: dict[int, int], uid: int, gid: int,
             create: bool = True) -> Key:
        """The key of a serial number, or a special keyring; owners: special id → whose it is.

        Raises ENOKEY, EINVAL, EKEYREVOKED.
        """
        if serial in owners:
            slot = serial, owners[serial]
            key = self._special.get(slot)
            if key is None:
                if not create:
                    raise LinuxError(E.ENOKEY)
                name = {THREAD: b"_tid", PROCESS: b"_pid", SESSION: b"_ses",
                        USER: b"_uid.%d" % uid, USER_SESSION: b"_uid_ses.%d" % uid}[serial]
                key = self._special[slot] = self.new(b"keyring", name, uid, gid)
            return key
        if serial < 1:
            raise LinuxError(E.EINVAL)
        found = self.by_serial.get(serial)
        if found is None:
            raise LinuxError(E.ENOKEY)
        if found.revoked:
            raise LinuxError(E.EKEYREVOKED)
        return found

    def join(self, owner: int, name: bytes, uid: int, gid: int) -> Key:
        """A new session keyring for the owner of the old one."""
        key = self._special[SESSION, owner] = self.new(b"keyring", name or b"_ses", uid, gid)
        return key


def check_payload(kind: bytes, description: bytes, data: bytes) -> None:
    """Raises ENODEV for an unknown type, EINVAL for what the type does not take."""
    if kind not in TYPES:
        raise LinuxError(E.ENODEV)
    if kind == b"keyring":
        if data:
            raise LinuxError(E.EINVAL)
    elif not 0 < len(data) <= _MAX_PAYLOAD or (kind == b"logon" and b":" not in description[1:]):
        raise LinuxError(E.EINVAL)


def search(ring: Key, kind: bytes, description: bytes, depth: int = 6) -> Key | None:
    """A key in a keyring or those it holds, breadth first."""
    found = ring.members.get((kind, description))
    if found is not None and not found.revoked:
        return found
    if depth:
        for member in ring.members.values():
            if member.is_keyring:
                found = search(member, kind, description, depth - 1)
                if found is not None:
                    return found
    return None
