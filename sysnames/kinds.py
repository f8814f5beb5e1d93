"""Kinds of arguments and fields: the C type each has in the kernel.

A row may override it (``flags(open_flags):int``).  Kinds that are not listed have the C type of
`DEFAULT`.  Kinds of the group POINTERS are decoders of what an address points to, so they need
no ``ptr()`` around them; all others are values, ``ptr(kind)`` and ``array(kind, n)`` point to
them.
"""
from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .row import Item

DEFAULT = "ulong"

CTYPES: dict[str, str] = {
    # integers
    "char": "char",
    "uchar": "uchar",
    "short": "short",
    "ushort": "ushort",
    "int": "int",
    "uint": "uint",
    "long": "long",
    "ulong": "ulong",
    "s64": "s64",
    "u64": "u64",
    "size": "ulong",
    "off": "long",
    "loff": "s64",
    "hex": "ulong",
    "hex64": "u64",
    "bare": "ulong",  # a number whose meaning is best told in hexadecimal
    "reserved": "ulong",  # flags of which none is defined
    "octal": "uint",
    "lsm_id": "u64",
    "pages": "ulong",  # pages(4096): a page count, printed in bytes
    "join": "ulong",  # join(low, high): two words of one 64-bit offset
    "none": "ulong",  # not printed
    "at": "ulong",  # at(item, kind): another item's word, printed here
    "addr": "ptr",
    # names
    "enum": "int",
    "flags": "ulong",
    "flags32": "uint",
    "hex32": "uint",
    "flags8": "uchar",
    "ring_file": "int",
    "btrfs_object": "u64",
    "enum8": "uchar",
    "enum_long": "ulong",
    "bare_set": "uint",  # bare_set(set): flags of which none prints as nothing
    "sg_reset": "uint",
    "xfeatures": "u64",
    "signal": "int",
    "clockid": "int",
    "ioctl_cmd": "uint",
    "socket_type": "int",
    "socket_protocol": "int",
    "sockopt_name": "int",
    "statx_flags": "uint",
    "fanotify_flags": "uint",
    "swap_flags": "int",
    "memfd_flags": "uint",
    "mmap_flags": "ulong",
    "mount_flags": "ulong",
    "kexec_flags": "ulong",
    "clone_flags": "ulong",
    "seccomp_flags": "uint",
    "ipc_flags": "int",
    "ipc_cmd": "int",
    "ipc_call": "uint",
    "ipc_key": "int",
    "quotactl_cmd": "uint",
    "syslog_type": "int",
    "futex_op": "int",
    "mpol_mode": "ulong",
    "personality": "uint",
    "ioprio": "int",
    "sched_policy": "int",
    # identity, descriptors
    "fd": "int",
    "dirfd": "int",
    "fanotify_dirfd": "int",
    "pidfd_target": "int",
    "pid": "int",
    "tid": "int",  # tid(0): without what --decode-pids adds
    "pgid": "int",
    "sid": "int",
    "pid_pgid": "int",  # negative: a process group
    "waitid_id": "int",
    "priority_who": "int",
    "ioprio_who": "int",
    "uid": "uint",
    "gid": "uint",
    "uid16": "ushort",
    "gid16": "ushort",
    "key_serial": "int",
    # modes, devices, times
    "mode": "ushort",
    "open_mode": "ushort",
    "inode_mode": "ushort",
    "dev": "uint",
    "inode_dev": "uint",
    "date": "long",
    "old_sigset": "ulong",
    "sa_handler": "ptr",
    # POINTERS
    "path": "ptr",
    "str": "ptr",
    "path_buf": "ptr",
    "buf": "ptr",
    "buf_hex": "ptr",
    "hostname": "ptr",
    "ptr": "ptr",
    "array": "ptr",
    "capped": "ptr",  # capped(kind, count, most): an array of which no more is printed
    "sized": "ptr",  # sized(structure, size): an extensible structure
    "argv": "ptr",
    "envp": "ptr",
    "iov": "ptr",
    "iov_addrs": "ptr",
    "message": "ptr",
    "messages": "ptr",
    "sockaddr": "ptr",
    "sockopt_value": "ptr",
    "fd_pair": "ptr",
    "fdset": "ptr",
    "pollfds": "ptr",
    "epoll_ctl_event": "ptr",
    "dirents": "ptr",
    "dirents64": "ptr",
    "old_dirent": "ptr",
    "fhandle": "ptr",
    "file_times": "ptr",
    "xattr_value": "ptr",
    "xattr_list": "ptr",
    "kdf_info": "ptr",
    "mount_type": "ptr",
    "mount_data": "ptr",
    "fsconfig_key": "ptr",
    "fsconfig_value": "ptr",
    "fsconfig_aux": "int",
    "statmount_buf": "ptr",
    "quotactl_id": "uint",
    "quotactl_addr": "ptr",
    "readdir_count": "uint",
    "old_select": "ptr",
    "old_mmap": "ptr",
    "mremap_addr": "ulong",
    "mincore_vec": "ptr",
    "nodemask": "ptr",
    "page_status": "int",
    "membarrier_cpu": "int",
    "cpuset": "ptr",
    "sched_attr_arg": "ptr",
    "odd_uint": "ulong",
    "sched_attr_got": "ptr",  # sched_attr_got(size)
    "groups": "ptr",  # groups(kind, count): read only up to the kernel's maximum
    "user_desc_asked": "ptr",
    "moved": "ptr",  # moved(kind, count): an offset that the call changes
    "mount_id": "ptr",  # mount_id(handle)
    "new_sigaction": "ptr",
    "text": "ptr",  # text(n): a string that has room for n bytes, cut by -s
    "created_mode": "ushort",  # created_mode(flags): printed with O_CREAT
    "wait_status": "ptr",
    "time_left": "ptr",
    "mq_open_attr": "ptr",
    "msgbuf": "ptr",
    "kludge_buf": "ptr",  # msgrcv by way of ipc: a structure has the buffer's address
    "kludge_type": "ptr",
    "semctl_indirect": "ptr",  # semctl by way of ipc: a pointer to the argument
    "sock_buf": "ptr",  # sock_buf(len): bytes, or netlink messages
    "socklen": "ptr",  # socklen(buffer): a length that the call changes
    "exactly": "ptr",  # exactly(structure, size): read only if the size is right
    "waited": "ptr",  # waited(ret, structure): written only when a child was found
    "early": "ptr",  # early(kind): behind an output, but read at entry
    "msgctl_buf": "ptr",
    "shmctl_buf": "ptr",
    "semctl_arg": "ulong",
    "cap_data": "ptr",
    "iocbs": "ptr",
    "iocb_head": "ptr",
    "io_uring_params": "ptr",
    "io_uring_register_arg": "ptr",
    "modify_ldt_ptr": "ptr",
    "perf_event_attr": "ptr",
    "bpf_attr": "ptr",
    "seccomp_args": "ptr",
    "landlock_rule": "ptr",
    "lsm_contexts": "ptr",
    "reboot_arg": "ptr",
    "syslog_buf": "ptr",
    "syslog_len": "int",
    "clone3_args": "ptr",
    "clone_stack": "ulong",
    "clone_parent_tid": "ptr",
    "clone_child_tid": "ptr",
    "clone_tls": "ulong",
    "futex_val": "uint",
    "futex_timeout": "ptr",
    "futex_uaddr2": "ptr",
    "futex_val3": "uint",
    "whole_sigframe": "ulong",
    "sigframe": "ulong",  # prints the mask of the frame that the call restores
    "resumed_call": "ulong",  # prints what restart_syscall resumes
    # arguments whose meaning a command decides
    "fcntl_arg": "ulong",
    "ioctl_arg": "ulong",
    "prctl_arg": "ulong",
    "arch_prctl_arg": "ulong",
    "keyctl_arg": "ulong",
    "kcmp_idx": "ulong",
    "ptrace_request": "ulong",
    "ptrace_pid": "long",  # ptrace_pid(request)
    "ptrace_addr": "ulong",
    "ptrace_data": "ulong",
    # results only
    "fcntl_result": "long",
    "ioctl_result": "long",
    "prctl_result": "long",
    "arch_prctl_result": "long",
    "keyctl_result": "long",
    "ptrace_result": "long",
    "futex_result": "long",
    "bpf_result": "long",
    "clock_state": "long",
    "landlock_result": "long",
    "membarrier_result": "long",
    "poll_result": "long",
    "select_result": "long",
    "old_select_result": "long",
    "recvmmsg_result": "long",
    "signal_result": "long",
    "user_desc_result": "long",
    # in structures only
    "chars": "char",  # chars(n): a NUL-terminated char array
    "bytes": "uchar",  # bytes(n): n bytes without meaning as text
    "bits": "uint",
    "clock_ticks": "long",
    "rlim": "ulong",
    "rlim64": "u64",
    "epoll_data": "u64",
    "sigev_un": "int",
    "cmsg_type": "int",
    "port": "ushort",
    "ifindex": "uint",
    "diag_protocol": "uchar",
    "ether_type": "ushort",
    "rtnl_families": "uchar",
    "htonl": "uint",
    "inet_addr": "uint",
    "flowinfo": "uint",
    "term_oflags": "uint",
    "term_cflags": "uint",
    "sigset": "ulong",  # sigset(n): a signal set of n bytes
}


def ctype(item: Item) -> str:
    """The C type of an argument or field: its own, that of its kind, or the default."""
    return item.ctype or CTYPES.get(item.kind.name, DEFAULT)
