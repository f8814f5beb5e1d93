"""How structures print where that differs from their order in memory.

Items are separated by ``;``: ``[!]name [kind[:ctype]] [? condition]``.  Without a kind the
structure's own counts; ``!`` marks what an abbreviated structure shows; ``printed=field``
renames; ``...`` stands for what is not shown.  Conditions: see tracer.decode.conditions.
"""
from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

from sysnames.lookup import SUFFIXES
from sysnames.row import parse

if TYPE_CHECKING:
    from sysnames.row import Kind


class Part(NamedTuple):
    """One printed field."""

    name: str
    field: str
    kind: Kind | None
    ctype: str | None
    marked: bool
    condition: str


_STAT_TIMES = ("st_atime date_ns(st_atime_nsec); st_atime_nsec; st_mtime date_ns(st_mtime_nsec); "
               "st_mtime_nsec; st_ctime date_ns(st_ctime_nsec); st_ctime_nsec")
_STAT = ("st_dev; st_ino; !st_mode; st_nlink; st_uid; st_gid; st_blksize; st_blocks; "
         "!st_rdev device_only(st_mode); !st_size file_only(st_mode); " + _STAT_TIMES)

_STATFS = ("f_type; f_bsize; f_blocks; f_bfree; f_bavail; f_files; f_ffree; f_fsid; f_namelen; "
           "f_frsize; f_flags ? f_flags & 0x20")

SHAPES: dict[str, str] = {
    "stat": _STAT,
    "stat64": _STAT,
    "oldstat": "st_dev; st_ino; !st_mode; st_nlink; st_uid; st_gid; "
               "st_blksize=st_dev zero; st_blocks=st_dev zero; "
               "!st_rdev device_only(st_mode); !st_size file_only(st_mode); "
               "st_atime; st_mtime; st_ctime",
    "statx": "!stx_mask; stx_blksize; !stx_attributes; stx_nlink only(stx_mask, 0x4, uint); "
             "stx_uid only(stx_mask, 0x8, uint); stx_gid only(stx_mask, 0x10, uint); "
             "!stx_mode only(stx_mask, 0x3, inode_mode); stx_ino only(stx_mask, 0x100, u64); "
             "!stx_size only(stx_mask, 0x200, u64); stx_blocks only(stx_mask, 0x400, u64); "
             "stx_attributes_mask; stx_atime only_timestamp(stx_mask, 0x20); "
             "stx_btime only_timestamp(stx_mask, 0x800); "
             "stx_ctime only_timestamp(stx_mask, 0x80); "
             "stx_mtime only_timestamp(stx_mask, 0x40); stx_rdev_major; stx_rdev_minor; "
             "stx_dev_major; stx_dev_minor; stx_mnt_id only(stx_mask, 0x1000, hex64); "
             "stx_dio_mem_align only(stx_mask, 0x2000, uint); "
             "stx_dio_offset_align only(stx_mask, 0x2000, uint)",
    "statfs": _STATFS,
    "statfs64": _STATFS,
    "sigaction": "sa_handler; sa_mask; sa_flags; sa_restorer restorer(sa_flags)",
    "old_sigaction": "sa_handler; sa_mask; sa_flags; sa_restorer restorer(sa_flags)",
    "termios": "!c_iflag; !c_oflag; !c_cflag; !c_lflag; c_line; c_cc cc_chars(19)",
    "termios2": "!c_iflag; !c_oflag; !c_cflag; !c_lflag; c_line; c_cc cc_chars(19); c_ispeed; "
                "c_ospeed",
    "termio": "!c_iflag; !c_oflag; !c_cflag; !c_lflag; c_line; c_cc cc_chars(8)",
    "keyctl_pkey_params": "key_id; in_len; out_len=in2_len; "
                          "__spare=_spare list(hex, 7):uint ? _spare",
    "keyctl_pkey_query": "supported_ops; key_size; max_data_size; max_sig_size; max_enc_size; "
                         "max_dec_size; __spare=_spare list(hex, 10):uint ? _spare",
    "keyctl_pkey_verify": "key_id; in_len; in2_len; "
                          "__spare=_spare list(hex, 7):uint ? _spare",
    "ipc64_perm": "uid; gid; mode; key uint; cuid; cgid",
    "ipc_perm_set": "uid; gid; mode",
    "msqid64_ds": "msg_perm; msg_stime ulong; msg_rtime ulong; msg_ctime ulong; msg_qnum; "
                  "msg_qbytes; msg_lspid; msg_lrpid",
    "msqid_set": "msg_perm ipc_perm_set; msg_qbytes",
    "semid64_ds": "sem_perm; sem_otime ulong; sem_ctime ulong; sem_nsems",
    "semid_set": "sem_perm ipc_perm_set",
    "shmid64_ds": "shm_perm; shm_segsz; shm_cpid; shm_lpid; shm_nattch; shm_atime ulong; "
                  "shm_dtime ulong; shm_ctime ulong",
    "shmid_set": "shm_perm ipc_perm_set",
    "mount_attr": "attr_set; attr_clr; propagation; userns_fd idmap_fd(attr_set)",
    "open_how": "flags; mode how_mode(flags); resolve",
    "keyctl_kdf_params": "hashname; otherinfo; otherinfolen; "
                         "__spare=_spare list(hex, 8):uint ? _spare",
    "fsxattr": "fsx_xflags; fsx_extsize; fsx_nextents; fsx_projid hex; fsx_cowextsize",
    "mq_attr.open": "mq_flags hex; mq_maxmsg; mq_msgsize; mq_curmsgs",
    "futex_waitv": "val; uaddr; flags; __reserved=_reserved nonzero_hex",
    "unix_diag_vfs": "udiag_vfs_dev; udiag_vfs_ino",
    "flock": "l_type; l_whence; l_start; l_len",
    "flock64": "l_type; l_whence; l_start; l_len",
    "flock_get": "l_type; l_whence; l_start; l_len; l_pid",
}

_cache: dict[tuple[str, str], list[Part] | None] = {}


def find(name: str, abi: str) -> list[Part] | None:
    """The shape of a structure, or None when it prints as it stands in memory."""
    key = name, abi
    if key not in _cache:
        _cache[key] = _parse(name, abi)
    return _cache[key]


def _text(name: str, abi: str) -> str | None:
    from sysnames.structs import STRUCTS

    suffixes = SUFFIXES[abi]
    for suffix in suffixes:
        text = SHAPES.get(name + suffix)
        if text is not None:
            return text
    if any(name + suffix in STRUCTS for suffix in suffixes):
        return None     # the common structures have their shapes here
    from tracer.decode.shapes_btrfs import SHAPES as btrfs
    from tracer.decode.shapes_ioctl import SHAPES as devices
    from tracer.decode.shapes_media import SHAPES as media

    for table in (devices, media, btrfs):
        for suffix in suffixes:
            text = table.get(name + suffix)
            if text is not None:
                return text
    return None


def _parse(name: str, abi: str) -> list[Part] | None:
    text = _text(name, abi)
    if text is None:
        return None
    parts = []
    for piece in text.split(";"):
        item, _, condition = piece.strip().partition("?")
        head, _, rest = item.strip().partition(" ")
        marked = head.startswith("!")
        printed, _, field = head.lstrip("!").partition("=")
        kind = ctype = None
        if rest:
            parsed = parse(f"item {rest}").items[0]
            kind, ctype = parsed.kind, parsed.ctype
        parts.append(Part(printed, field or printed, kind, ctype, marked, condition.strip()))
    return parts
