"""Where each kind's decoder is: module → kinds.  A test holds it equal to the modules."""
from __future__ import annotations

MODULES: dict[str, str] = {
    "basic":
        "addr array buf buf_hex bytes char chars dev dirfd enum fd fd_pair flags gid "
        "gid16 hex hex64 int join loff long mode none octal off pages path path_buf pgid "
        "pid pid_pgid ptr s64 short sid size str tid tid_number u64 uchar uid uid16 uint "
        "ulong ushort",
}
