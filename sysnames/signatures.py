"""Signature rows: one per system call name, for every name of the tables of all ABIs.

The grammar is that of ARCHITECTURE.md ("Rows"); item names, order and C types are those of the
kernel's SYSCALL_DEFINEs (Linux 7.2), kinds and classes describe what strace prints.  A name may
carry ``@abi``, or ``@32`` for all 32-bit ABIs; see `sysnames.lookup` for the order of look-up.

Conventions of this table:

- ``none`` stands for an argument that is passed but not printed.
- ``at(item, kind)``: at this place strace prints another item; the ctype is this item's own.
- ``hex``: strace knows the call's name, but not its arguments, and prints their words.
- ``bare``: a number that is printed in hexadecimal because of what it is, a mask, an offset, a
  port or an address that strace does not call NULL; ``reserved``: flags of which none exists.
- A kind with parameters names the items it needs: ``fcntl_arg(cmd)``; ``ret`` is the result.
- ``inout``: decoded at entry and again at exit (``[16 => 28]``), or, for kinds that depend on a
  command, in the direction that the command has.
- Classes: what strace's %file and %desc have beyond (or, after ``-``, without) the items of
  kind ``path`` and ``fd``; %network, %process and so on; ``nofail`` marks calls whose results
  are never errors.
"""
from __future__ import annotations

SIGNATURES: dict[str, str] = {
    # --- open, close, duplicate ---------------------------------------------------------------
    "open": "filename path, flags flags(open_flags):int, mode open_mode(flags) -> fd",
    "openat": "dfd dirfd, filename path, flags flags(open_flags):int, mode open_mode(flags) -> fd",
    "openat2": "dfd dirfd, filename path, how sized(open_how, usize), usize size -> fd",
    "creat": "pathname path, mode mode -> fd",
    "close": "fd fd",
    "close_range": "fd uint, max_fd uint, flags flags(close_range_flags):uint",
    "dup": "fildes fd -> fd",
    "dup2": "oldfd fd, newfd fd -> fd",
    "dup3": "oldfd fd, newfd fd, flags flags(open_mode_flags):int -> fd",
    "fcntl": "fd fd, cmd enum(fcntlcmds):uint, arg inout fcntl_arg(cmd) -> fcntl_result(cmd)",
    "fcntl64": "fd fd, cmd enum(fcntlcmds):uint, arg inout fcntl_arg(cmd) -> fcntl_result(cmd)",
    "flock": "fd fd, cmd flags(flockcmds):uint",
    "ioctl": "fd fd, cmd ioctl_cmd, arg inout ioctl_arg(cmd) -> ioctl_result(cmd)",
    "pipe": "fildes out fd_pair; %desc",
    "pipe2": "fildes out fd_pair, flags flags(open_mode_flags):int; %desc",
    "name_to_handle_at": "dfd dirfd, name path, handle inout fhandle, mnt_id out mount_id(handle), "
    "flag flags(name_to_handle_at_flags):int",
    "open_by_handle_at": "mountdirfd fd, handle fhandle, flags flags(open_flags):int",
    # --- read, write, position ----------------------------------------------------------------
    "read": "fd fd, buf out buf(ret), count size",
    "write": "fd fd, buf buf(count), count size",
    "pread64": "fd fd, buf out buf(ret), count size, pos loff",
    "pwrite64": "fd fd, buf buf(count), count size, pos loff",
    "readv": "fd fd, vec out iov(vlen, ret), vlen ulong",
    "writev": "fd fd, vec iov(vlen), vlen ulong",
    "preadv": "fd fd, vec out iov(vlen, ret), vlen ulong, pos_l join(pos_l, pos_h), pos_h none",
    "pwritev": "fd fd, vec iov(vlen), vlen ulong, pos_l join(pos_l, pos_h), pos_h none",
    "preadv2": "fd fd, vec out iov(vlen, ret), vlen ulong, pos_l join(pos_l, pos_h), pos_h none, "
    "flags flags(rwf_flags):int",
    "pwritev2": "fd fd, vec iov(vlen), vlen ulong, pos_l join(pos_l, pos_h), pos_h none, "
    "flags flags(rwf_flags):int",
    "lseek": "fd fd, offset off, whence enum(whence_codes):uint",
    "_llseek": "fd fd, offset_high join(offset_low, offset_high), offset_low none, "
    "result out ptr(s64), whence enum(whence_codes):uint",
    "sendfile": "out_fd fd, in_fd fd, offset inout moved(ulong, count), count size; %network",
    "sendfile64": "out_fd fd, in_fd fd, offset inout moved(u64, count), count size; %network",
    "splice": "fd_in fd, off_in ptr(loff), fd_out fd, off_out ptr(loff), len size, "
    "flags flags(splice_flags):uint",
    "tee": "fdin fd, fdout fd, len size, flags flags(splice_flags):uint",
    "vmsplice": "fd fd, uiov iov(nr_segs), nr_segs ulong, flags flags(splice_flags):uint",
    "copy_file_range": "fd_in fd, off_in ptr(loff), fd_out fd, off_out ptr(loff), len size, "
    "flags uint",
    "truncate": "path path, length ulong:long",
    "ftruncate": "fd fd, length ulong:long",
    "truncate64": "path path, length u64:s64",
    "ftruncate64": "fd fd, length u64:s64",
    "fallocate": "fd fd, mode flags(falloc_flags):int, offset loff, len loff",
    "fadvise64": "fd fd, offset loff, len size, advice enum(advise)",
    "fadvise64_64": "fd fd, offset loff, len loff, advice enum(advise)",
    "fadvise64_64@arm": "fd fd, advice at(offset, loff):int, offset at(len, loff):s64, "
    "len at(advice, enum(advise)):s64",
    "readahead": "fd fd, offset loff, count size",
    "fsync": "fd fd",
    "fdatasync": "fd fd",
    "sync": "",
    "syncfs": "fd fd",
    "sync_file_range": "fd fd, offset loff, nbytes loff, "
    "flags flags(sync_file_range_flags):uint",
    "sync_file_range2": "fd fd, flags flags(sync_file_range_flags):uint, offset loff, nbytes loff",
    "cachestat": "fd fd, cstat_range ptr(cachestat_range), cstat out ptr(cachestat), "
    "flags reserved:uint",
    # --- stat ---------------------------------------------------------------------------------
    "stat": "filename path, statbuf out ptr(stat); %stat",
    "fstat": "fd fd, statbuf out ptr(stat); %fstat",
    "lstat": "filename path, statbuf out ptr(stat); %lstat",
    "oldstat": "filename path, statbuf out ptr(oldstat); %stat",
    "oldfstat": "fd fd, statbuf out ptr(oldstat); %fstat",
    "oldlstat": "filename path, statbuf out ptr(oldstat); %lstat",
    "stat64": "filename path, statbuf out ptr(stat64); %stat",
    "fstat64": "fd fd, statbuf out ptr(stat64); %fstat",
    "lstat64": "filename path, statbuf out ptr(stat64); %lstat",
    "newfstatat": "dfd dirfd, filename path, statbuf out ptr(stat), flag flags(at_flags):int; "
    "%fstat",
    "fstatat64": "dfd dirfd, filename path, statbuf out ptr(stat64), flag flags(at_flags):int; "
    "%fstat",
    "statx": "dfd dirfd, filename path, flags statx_flags, mask flags(statx_masks):uint, "
    "buffer out ptr(statx); %fstat",
    "statfs": "pathname path, buf out ptr(statfs); %statfs",
    "fstatfs": "fd fd, buf out ptr(statfs); %fstatfs",
    "statfs64": "pathname path, sz size, buf out exactly(statfs64, sz); %statfs",
    "fstatfs64": "fd fd, sz size, buf out exactly(statfs64, sz); %fstatfs",
    "ustat": "dev dev, ubuf out ptr(ustat); %%statfs",
    "access": "filename path, mode flags(access_modes):int",
    "faccessat": "dfd dirfd, filename path, mode flags(access_modes):int",
    "faccessat2": "dfd dirfd, filename path, mode flags(access_modes):int, "
    "flags flags(faccessat_flags):int",
    # --- directories and names ----------------------------------------------------------------
    "getcwd": "buf out path_buf(ret), size size; %file",
    "chdir": "filename path",
    "fchdir": "fd fd",
    "chroot": "filename path",
    "mkdir": "pathname path, mode mode",
    "mkdirat": "dfd dirfd, pathname path, mode mode",
    "rmdir": "pathname path",
    "link": "oldname path, newname path",
    "linkat": "olddfd dirfd, oldname path, newdfd dirfd, newname path, flags flags(at_flags):int",
    "symlink": "oldname path, newname path",
    "symlinkat": "oldname path, newdfd dirfd, newname path",
    "unlink": "pathname path",
    "unlinkat": "dfd dirfd, pathname path, flag flags(at_flags):int",
    "rename": "oldname path, newname path",
    "renameat": "olddfd dirfd, oldname path, newdfd dirfd, newname path",
    "renameat2": "olddfd dirfd, oldname path, newdfd dirfd, newname path, "
    "flags flags(rename_flags):uint",
    "readlink": "path path, buf out buf(ret), bufsiz size",
    "readlinkat": "dfd dirfd, pathname path, buf out buf(ret), bufsiz size",
    "mknod": "filename path, mode inode_mode, dev inode_dev(mode)",
    "mknodat": "dfd dirfd, filename path, mode inode_mode, dev inode_dev(mode)",
    "getdents": "fd fd, dirent out dirents(ret, count), count uint",
    "getdents64": "fd fd, dirent out dirents64(ret, count), count uint",
    "readdir": "fd fd, dirent out old_dirent(ret), count readdir_count",
    "lookup_dcookie": "cookie64 u64, buf out buf(ret), len size",
    # --- mode, owner, times -------------------------------------------------------------------
    "chmod": "filename path, mode mode",
    "fchmod": "fd fd, mode mode",
    "fchmodat": "dfd dirfd, filename path, mode mode",
    "fchmodat2": "dfd dirfd, filename path, mode mode, flags flags(at_flags):uint",
    "chown": "filename path, user uid, group gid",
    "chown@32": "filename path, user uid16, group gid16",
    "chown32": "filename path, user uid, group gid",
    "lchown": "filename path, user uid, group gid",
    "lchown@32": "filename path, user uid16, group gid16",
    "lchown32": "filename path, user uid, group gid",
    "fchown": "fd fd, user uid, group gid",
    "fchown@32": "fd fd, user uid16, group gid16",
    "fchown32": "fd fd, user uid, group gid",
    "fchownat": "dfd dirfd, filename path, user uid, group gid, flag flags(at_flags):int",
    "umask": "mask mode:int -> octal; nofail",
    "utime": "filename path, times ptr(utimbuf)",
    "utimes": "filename path, utimes file_times(timeval)",
    "futimesat": "dfd dirfd, filename path, utimes file_times(timeval)",
    "utimensat": "dfd dirfd, filename path, utimes file_times(timespec), "
    "flags flags(at_flags):int",
    "utimensat_time64": "dfd dirfd, filename path, utimes file_times(timespec64), "
    "flags flags(at_flags):int",
    # --- extended attributes ------------------------------------------------------------------
    "setxattr": "pathname path, name str, value xattr_value(size), size size, "
    "flags flags(xattrflags):int",
    "lsetxattr": "pathname path, name str, value xattr_value(size), size size, "
    "flags flags(xattrflags):int",
    "fsetxattr": "fd fd, name str, value xattr_value(size), size size, flags flags(xattrflags):int",
    "setxattrat": "dfd dirfd, pathname path, at_flags flags(at_flags):uint, name str, "
    "uargs sized(xattr_args, usize), usize size",
    "getxattr": "pathname path, name str, value out xattr_value(ret, size), size size",
    "lgetxattr": "pathname path, name str, value out xattr_value(ret, size), size size",
    "fgetxattr": "fd fd, name str, value out xattr_value(ret, size), size size",
    "getxattrat": "dfd dirfd, pathname path, at_flags flags(at_flags):uint, name str, "
    "uargs inout sized(xattr_args, usize), usize size",
    "listxattr": "pathname path, list out xattr_list(ret, size), size size",
    "llistxattr": "pathname path, list out xattr_list(ret, size), size size",
    "flistxattr": "fd fd, list out xattr_list(ret, size), size size",
    "listxattrat": "dfd dirfd, pathname path, at_flags flags(at_flags):uint, "
    "list out xattr_list(ret, size), size size",
    "removexattr": "pathname path, name str",
    "lremovexattr": "pathname path, name str",
    "fremovexattr": "fd fd, name str",
    "removexattrat": "dfd dirfd, pathname path, at_flags flags(at_flags):uint, name str",
    "file_getattr": "dfd dirfd, filename path, ufattr out sized(file_attr, usize), usize size, "
    "at_flags flags(at_flags):uint",
    "file_setattr": "dfd dirfd, filename path, ufattr sized(file_attr, usize), usize size, "
    "at_flags flags(at_flags):uint",
    # --- mounts and file systems --------------------------------------------------------------
    "mount": "dev_name path, dir_name path, type mount_type(flags), flags mount_flags, "
    "data mount_data(flags)",
    "umount": "name path",
    "umount2": "name path, flags flags(umount_flags):int",
    "pivot_root": "new_root path, put_old path",
    "sysfs": "option hex, arg1 hex, arg2 hex",
    "swapon": "specialfile path, swap_flags swap_flags",
    "swapoff": "specialfile path",
    "acct": "name path",
    "quotactl": "cmd quotactl_cmd, special path, id quotactl_id(cmd), "
    "addr inout quotactl_addr(cmd)",
    "quotactl_fd": "fd fd, cmd quotactl_cmd, id quotactl_id(cmd), "
    "addr inout quotactl_addr(cmd)",
    "open_tree": "dfd dirfd, filename path, flags flags(open_tree_flags):uint -> fd",
    "open_tree_attr": "dfd dirfd, filename path, flags flags(open_tree_flags):uint, "
    "uattr sized(mount_attr, usize), usize size -> fd",
    "move_mount": "from_dfd dirfd, from_pathname path, to_dfd dirfd, to_pathname path, "
    "flags flags(move_mount_flags):uint",
    "fsopen": "fs_name str, flags flags(fsopen_flags):uint -> fd",
    "fsconfig": "fd fd, cmd enum(fsconfig_cmds):uint, key fsconfig_key(cmd), "
    "value fsconfig_value(cmd, aux), aux fsconfig_aux(cmd); %file",
    "fsmount": "fs_fd fd, flags flags(fsmount_flags):uint, "
    "attr_flags flags(fsmount_attr_flags):uint -> fd",
    "fspick": "dfd dirfd, path path, flags flags(fspick_flags):uint -> fd",
    "mount_setattr": "dfd dirfd, path path, flags flags(mount_setattr_flags):uint, "
    "uattr sized(mount_attr, usize), usize size -> fd",
    "statmount": "req ptr(mnt_id_req), buf out statmount_buf(bufsize), bufsize size, "
    "flags reserved:uint",
    "listmount": "req ptr(mnt_id_req), mnt_ids out array(hex64, ret), nr_mnt_ids size, "
    "flags flags(listmount_flags):uint",
    "listns": "req ptr(ns_id_req), ns_ids out array(hex64, ret), nr_ns_ids size, "
    "flags reserved:uint",
    "nfsservctl": "cmd hex, arg hex, res hex",
    "fanotify_init": "flags fanotify_flags, event_f_flags flags(open_flags):uint -> fd",
    "fanotify_mark": "fanotify_fd fd, flags flags(fan_mark_flags):uint, "
    "mask flags(fan_event_flags):u64, dfd fanotify_dirfd, pathname path",
    "inotify_init": " -> fd",
    "inotify_init1": "flags flags(inotify_init_flags):int -> fd",
    "inotify_add_watch": "fd fd, pathname path, mask flags(inotify_flags):uint",
    "inotify_rm_watch": "fd fd, wd int",
    # --- waiting for descriptors --------------------------------------------------------------
    "poll": "ufds pollfds(nfds), nfds uint, timeout_msecs int -> poll_result(ufds, nfds); %desc",
    "ppoll": "ufds pollfds(nfds), nfds uint, tsp ptr(timespec), sigmask ptr(sigset(sigsetsize)), "
    "sigsetsize size -> poll_result(ufds, nfds, tsp); %desc",
    "ppoll_time64": "ufds pollfds(nfds), nfds uint, tsp ptr(timespec64), "
    "sigmask ptr(sigset(sigsetsize)), sigsetsize size -> poll_result(ufds, nfds, tsp); %desc",
    "select": "n int, inp fdset(n), outp fdset(n), exp fdset(n), tvp ptr(timeval) "
    "-> select_result(n, inp, outp, exp, tvp); %desc",
    "select@32": "arg old_select -> old_select_result(arg); %desc",
    "_newselect": "n int, inp fdset(n), outp fdset(n), exp fdset(n), tvp ptr(timeval) "
    "-> select_result(n, inp, outp, exp, tvp); %desc",
    "pselect6": "n int, inp fdset(n), outp fdset(n), exp fdset(n), tsp ptr(timespec), "
    "sig ptr(sigset_argpack) -> select_result(n, inp, outp, exp, tsp); %desc",
    "pselect6_time64": "n int, inp fdset(n), outp fdset(n), exp fdset(n), tsp ptr(timespec64), "
    "sig ptr(sigset_argpack) -> select_result(n, inp, outp, exp, tsp); %desc",
    "epoll_create": "size int -> fd",
    "epoll_create1": "flags flags(epollflags):int -> fd",
    "epoll_ctl": "epfd fd, op enum(epollctls), fd fd, event epoll_ctl_event(op)",
    "epoll_wait": "epfd fd, events out array(epoll_event, ret), maxevents int, timeout int",
    "epoll_pwait": "epfd fd, events out array(epoll_event, ret), maxevents int, timeout int, "
    "sigmask ptr(sigset(sigsetsize)), sigsetsize size",
    "epoll_pwait2": "epfd fd, events out array(epoll_event, ret), maxevents int, "
    "timeout ptr(timespec64), sigmask ptr(sigset(sigsetsize)), sigsetsize size",
    "epoll_ctl_old": "epfd hex, op hex, fd hex, event hex",
    "epoll_wait_old": "epfd hex, events hex, maxevents hex, timeout hex",
    "eventfd": "count uint -> fd",
    "eventfd2": "count uint, flags flags(efd_flags):int -> fd",
    "signalfd": "ufd fd, user_mask ptr(sigset(sizemask)), sizemask size -> fd; %signal",
    "signalfd4": "ufd fd, user_mask ptr(sigset(sizemask)), sizemask size, "
    "flags flags(sfd_flags):int -> fd; %signal",
    "timerfd_create": "clockid clockid, flags flags(timerfdflags):int -> fd",
    "timerfd_settime": "ufd fd, flags flags(timerfdflags):int, utmr ptr(itimerspec), "
    "otmr out ptr(itimerspec)",
    "timerfd_settime64": "ufd fd, flags flags(timerfdflags):int, utmr ptr(itimerspec64), "
    "otmr out ptr(itimerspec64)",
    "timerfd_gettime": "ufd fd, otmr out ptr(itimerspec)",
    "timerfd_gettime64": "ufd fd, otmr out ptr(itimerspec64)",
    "userfaultfd": "flags flags(uffd_flags):int -> fd",
    # --- asynchronous input and output --------------------------------------------------------
    "io_setup": "nr_events uint, ctxp out ptr(addr); %memory",
    "io_destroy": "ctx addr; %memory",
    "io_submit": "ctx_id addr, nr long, iocbpp iocbs(nr)",
    "io_cancel": "ctx_id addr, iocb iocb_head, result out ptr(io_event)",
    "io_getevents": "ctx_id addr, min_nr long, nr long, events out array(io_event, ret), "
    "timeout early(ptr(timespec))",
    "io_pgetevents": "ctx_id addr, min_nr long, nr long, events out array(io_event, ret), "
    "timeout early(ptr(timespec)), usig early(ptr(sigset_argpack))",
    "io_pgetevents_time64": "ctx_id addr, min_nr long, nr long, events out array(io_event, ret), "
    "timeout early(ptr(timespec64)), usig early(ptr(sigset_argpack))",
    "io_uring_setup": "entries uint, params inout io_uring_params -> fd",
    "io_uring_enter": "fd fd, to_submit uint, min_complete uint, "
    "flags flags(uring_enter_flags):uint, argp ptr(sigset(argsz)), argsz size; %signal",
    "io_uring_register": "fd fd, opcode enum(uring_register_opcodes):uint, "
    "arg inout io_uring_register_arg(opcode, nr_args), nr_args uint; %memory",
    # --- memory -------------------------------------------------------------------------------
    "brk": "brk addr -> hex; %memory",
    "mmap": "addr addr, len size, prot flags(mmap_prot), flags mmap_flags, fd fd, off bare -> hex; "
    "%memory",
    "mmap@32": "arg old_mmap -> hex; %memory %desc",
    "mmap2": "addr addr, len size, prot flags(mmap_prot), flags mmap_flags, fd fd, "
    "pgoff pages(4096) -> hex; %memory",
    "munmap": "addr addr, len size; %memory",
    "mprotect": "start addr, len size, prot flags(mmap_prot); %memory",
    "pkey_mprotect": "start addr, len size, prot flags(mmap_prot), pkey int; %memory",
    "pkey_alloc": "flags reserved, init_val flags(pkey_access)",
    "pkey_free": "pkey int",
    "mremap": "addr addr, old_len size, new_len size, flags flags(mremap_flags), "
    "new_addr mremap_addr(flags) -> hex; %memory",
    "msync": "start addr, len size, flags flags(mctl_sync):int; %memory",
    "mincore": "start addr, len size, vec out mincore_vec(len); %memory",
    "madvise": "start addr, len_in size, behavior enum(madvise_cmds); %memory",
    "process_madvise": "pidfd fd, vec iov_addrs(vlen), vlen size, behavior enum(madvise_cmds), "
    "flags reserved:uint",
    "process_mrelease": "pidfd fd, flags reserved:uint",
    "mlock": "start addr, len size; %memory",
    "mlock2": "start addr, len size, flags flags(mlock_flags):int; %memory",
    "munlock": "start addr, len size; %memory",
    "mlockall": "flags flags(mlockall_flags):int; %memory",
    "munlockall": "; %memory",
    "mseal": "start addr, len size, flags reserved; %memory",
    "map_shadow_stack": "addr addr, size size, flags flags(shadow_stack_flags):uint -> hex; "
    "%memory",
    "remap_file_pages": "start addr, size size, prot flags(mmap_prot), pgoff ulong, "
    "flags mmap_flags; %memory",
    "memfd_create": "uname text(250), flags memfd_flags -> fd",
    "memfd_secret": "flags flags(memfd_secret_flags):uint -> fd",
    "mbind": "start addr, len ulong, mode mpol_mode, nmask nodemask(maxnode), maxnode ulong, "
    "flags flags(mbind_flags):uint; %memory",
    "set_mempolicy": "mode mpol_mode:int, nmask nodemask(maxnode), maxnode ulong; %memory",
    "get_mempolicy": "policy out ptr(enum(mpol_modes)), nmask out nodemask(maxnode), "
    "maxnode ulong, addr addr, flags flags(get_mempolicy_flags); %memory",
    "set_mempolicy_home_node": "start addr, len ulong, home_node ulong, flags reserved; %memory",
    "migrate_pages": "pid pid, maxnode ulong, old_nodes nodemask(maxnode), "
    "new_nodes nodemask(maxnode); %memory",
    "move_pages": "pid pid, nr_pages ulong, pages array(addr, nr_pages), "
    "nodes array(int, nr_pages), status out array(page_status, nr_pages), "
    "flags flags(move_pages_flags):int; %memory",
    "process_vm_readv": "pid pid, lvec out iov(liovcnt, ret), liovcnt ulong, "
    "rvec iov_addrs(riovcnt), riovcnt ulong, flags ulong",
    "process_vm_writev": "pid pid, lvec iov(liovcnt), liovcnt ulong, "
    "rvec iov_addrs(riovcnt), riovcnt ulong, flags ulong",
    "membarrier": "cmd enum(membarrier_cmds), flags flags(membarrier_flags):uint, "
    "cpu_id membarrier_cpu(flags) -> membarrier_result(cmd)",
    # --- processes and threads ----------------------------------------------------------------
    "fork": " -> tid; %process",
    "vfork": " -> tid; %process",
    "clone": "clone_flags at(newsp, clone_stack):ulong, newsp at(clone_flags, clone_flags):ulong, "
    "parent_tidptr out clone_parent_tid(clone_flags), tls out clone_tls(clone_flags), "
    "child_tidptr out clone_child_tid(clone_flags) -> tid; %process",
    "clone@x86_64": "clone_flags at(newsp, clone_stack):ulong, "
    "newsp at(clone_flags, clone_flags):ulong, parent_tidptr out clone_parent_tid(clone_flags), "
    "child_tidptr out at(tls, clone_tls(clone_flags)):ptr, "
    "tls out at(child_tidptr, clone_child_tid(clone_flags)):ulong -> tid; %process",
    "clone3": "uargs inout clone3_args(size), size size -> tid; %process",
    "execve": "filename path, argv argv, envp envp; %process",
    "execveat": "fd dirfd, filename path, argv argv, envp envp, flags flags(at_flags):int; "
    "%process",
    "exit": "error_code int; %process",
    "exit_group": "error_code int; %process",
    "wait4": "upid pid_pgid, stat_addr out wait_status(ret), options flags(wait4_options):int, "
    "ru out waited(ret, rusage) -> tid; %process",
    "waitpid": "pid pid_pgid, stat_addr out wait_status(ret), options flags(wait4_options):int "
    "-> tid; %process",
    "waitid": "which enum(waitid_types), upid waitid_id(which), infop out ptr(siginfo), "
    "options flags(wait4_options):int, ru out ptr(rusage); %process",
    "getpid": " -> pid; %pure nofail",
    "gettid": " -> tid; %pure nofail",
    "getppid": " -> pid; %pure nofail",
    "getpgrp": " -> pgid; %pure nofail",
    "getpgid": "pid pid -> pgid",
    "setpgid": "pid pid, pgid pgid",
    "getsid": "pid pid -> sid",
    "setsid": " -> sid",
    "set_tid_address": "tidptr bare:ptr -> tid(0)",
    "set_robust_list": "head addr, len size",
    "get_robust_list": "pid tid, head_ptr out ptr(addr), len_ptr out ptr(size)",
    "rseq": "rseq bare:ptr, rseq_len bare:uint, flags reserved:int, sig bare:uint",
    "rseq_slice_yield": "",
    "unshare": "unshare_flags flags(unshare_flags)",
    "setns": "fd fd, flags flags(setns_types):int",
    "kcmp": "pid1 pid, pid2 pid, type enum(kcmp_types), idx1 kcmp_idx(type, pid1), "
    "idx2 kcmp_idx(type, pid2)",
    "pidfd_open": "pid pid, flags flags(pidfd_open_flags):uint -> fd",
    "pidfd_getfd": "pidfd fd, fd pidfd_target(pidfd), flags reserved:uint -> fd",
    "pidfd_send_signal": "pidfd fd, sig signal, info ptr(siginfo), flags reserved:uint; "
    "%signal %process",
    "ptrace": "request ptrace_request, pid ptrace_pid(request), addr ptrace_addr(request), "
    "data inout ptrace_data(request, addr) -> ptrace_result(request)",
    "prctl": "option enum(prctl_options), arg2 inout prctl_arg(option), arg3 prctl_arg(option), "
    "arg4 prctl_arg(option), arg5 prctl_arg(option) -> prctl_result(option); %creds",
    "arch_prctl": "option enum(archvals), arg2 inout arch_prctl_arg(option) "
    "-> arch_prctl_result(option)",
    "personality": "personality personality -> personality; nofail",
    "restart_syscall": "call resumed_call",
    "seccomp": "op enum(seccomp_ops):uint, flags seccomp_flags(op), uargs inout seccomp_args(op)",
    "get_thread_area": "u_info inout user_desc_asked",
    "set_thread_area": "u_info ptr(user_desc) -> user_desc_result(u_info)",
    "modify_ldt": "func int, ptr modify_ldt_ptr(func, bytecount), bytecount ulong",
    "set_tls": "value bare",
    "get_tls": " -> ulong; %pure nofail",
    "cacheflush": "start bare, end bare, flags reserved; %memory",
    "cmpxchg": "arg1 hex, arg2 hex, arg3 hex, arg4 hex, arg5 hex",
    "breakpoint": "",
    "usr26": "",
    "usr32": "",
    "iopl": "level int:uint",
    "ioperm": "from bare, num bare, turn_on int",
    "vm86old": "user_vm86 hex:ptr",
    "vm86": "cmd hex, arg hex, unused3 hex, unused4 hex, unused5 hex",
    "uprobe": "",
    "uretprobe": "",
    # --- futex --------------------------------------------------------------------------------
    "futex": "uaddr addr, op futex_op, val futex_val(op), utime futex_timeout(op, timespec), "
    "uaddr2 futex_uaddr2(op), val3 futex_val3(op) -> futex_result(op)",
    "futex_time64": "uaddr addr, op futex_op, val futex_val(op), "
    "utime futex_timeout(op, timespec64), uaddr2 futex_uaddr2(op), val3 futex_val3(op) "
    "-> futex_result(op)",
    "futex_waitv": "waiters capped(futex_waitv, nr_futexes, 128), nr_futexes uint, "
    "flags reserved:uint, timeout ptr(timespec64), clockid enum(clocknames)",
    "futex_wake": "uaddr addr, mask bare, nr int, flags flags(futex2_flags):uint",
    "futex_wait": "uaddr addr, val bare, mask bare, flags flags(futex2_flags):uint, "
    "timeout ptr(timespec64), clockid clockid",
    "futex_requeue": "waiters array(futex_waitv, 2), flags reserved:uint, nr_wake int, "
    "nr_requeue int",
    # --- identity -----------------------------------------------------------------------------
    "getuid": " -> uid; %creds %pure nofail",
    "getgid": " -> gid; %creds %pure nofail",
    "geteuid": " -> uid; %creds %pure nofail",
    "getegid": " -> gid; %creds %pure nofail",
    "getuid32": " -> uid; %creds %pure nofail",
    "getgid32": " -> gid; %creds %pure nofail",
    "geteuid32": " -> uid; %creds %pure nofail",
    "getegid32": " -> gid; %creds %pure nofail",
    "setuid": "uid uid; %creds",
    "setuid@32": "uid uid16; %creds",
    "setuid32": "uid uid; %creds",
    "setgid": "gid gid; %creds",
    "setgid@32": "gid gid16; %creds",
    "setgid32": "gid gid; %creds",
    "setreuid": "ruid uid, euid uid; %creds",
    "setreuid@32": "ruid uid16, euid uid16; %creds",
    "setreuid32": "ruid uid, euid uid; %creds",
    "setregid": "rgid gid, egid gid; %creds",
    "setregid@32": "rgid gid16, egid gid16; %creds",
    "setregid32": "rgid gid, egid gid; %creds",
    "setresuid": "ruid uid, euid uid, suid uid; %creds",
    "setresuid@32": "ruid uid16, euid uid16, suid uid16; %creds",
    "setresuid32": "ruid uid, euid uid, suid uid; %creds",
    "setresgid": "rgid gid, egid gid, sgid gid; %creds",
    "setresgid@32": "rgid gid16, egid gid16, sgid gid16; %creds",
    "setresgid32": "rgid gid, egid gid, sgid gid; %creds",
    "getresuid": "ruidp out ptr(uid), euidp out ptr(uid), suidp out ptr(uid); %creds",
    "getresuid@32": "ruidp out ptr(uid16), euidp out ptr(uid16), suidp out ptr(uid16); %creds",
    "getresuid32": "ruidp out ptr(uid), euidp out ptr(uid), suidp out ptr(uid); %creds",
    "getresgid": "rgidp out ptr(gid), egidp out ptr(gid), sgidp out ptr(gid); %creds",
    "getresgid@32": "rgidp out ptr(gid16), egidp out ptr(gid16), sgidp out ptr(gid16); %creds",
    "getresgid32": "rgidp out ptr(gid), egidp out ptr(gid), sgidp out ptr(gid); %creds",
    "setfsuid": "uid uid -> uid; %creds nofail",
    "setfsuid@32": "uid uid16 -> uid; %creds nofail",
    "setfsuid32": "uid uid -> uid; %creds nofail",
    "setfsgid": "gid gid -> gid; %creds nofail",
    "setfsgid@32": "gid gid16 -> gid; %creds nofail",
    "setfsgid32": "gid gid -> gid; %creds nofail",
    "getgroups": "gidsetsize int, grouplist out groups(gid, ret); %creds",
    "getgroups@32": "gidsetsize int, grouplist out groups(gid16, ret); %creds",
    "getgroups32": "gidsetsize int, grouplist out groups(gid, ret); %creds",
    "setgroups": "gidsetsize int, grouplist groups(gid, gidsetsize); %creds",
    "setgroups@32": "gidsetsize int, grouplist groups(gid16, gidsetsize); %creds",
    "setgroups32": "gidsetsize int, grouplist groups(gid, gidsetsize); %creds",
    "capget": "header ptr(cap_user_header), dataptr out cap_data(header); %creds",
    "capset": "header ptr(cap_user_header), data cap_data(header); %creds",
    # --- signals ------------------------------------------------------------------------------
    "kill": "pid pid_pgid, sig signal; %signal %process",
    "tkill": "pid tid, sig signal; %signal %process",
    "tgkill": "tgid pid, pid tid, sig signal; %signal %process",
    "rt_sigaction": "sig signal, act new_sigaction, oact out new_sigaction, sigsetsize size; "
    "%signal",
    "rt_sigprocmask": "how enum(sigprocmaskcmds), nset ptr(sigset(sigsetsize)), "
    "oset out ptr(sigset(sigsetsize)), sigsetsize size; %signal",
    "rt_sigpending": "uset out ptr(sigset(sigsetsize)), sigsetsize size; %signal",
    "rt_sigtimedwait": "uthese ptr(sigset(sigsetsize)), uinfo out ptr(siginfo), "
    "uts early(ptr(timespec)), sigsetsize size -> signal_result; %signal",
    "rt_sigtimedwait_time64": "uthese ptr(sigset(sigsetsize)), uinfo out ptr(siginfo), "
    "uts early(ptr(timespec64)), sigsetsize size -> signal_result; %signal",
    "rt_sigsuspend": "unewset ptr(sigset(sigsetsize)), sigsetsize size; %signal",
    "rt_sigqueueinfo": "pid pid, sig signal, uinfo ptr(siginfo); %signal %process",
    "rt_tgsigqueueinfo": "tgid pid, pid tid, sig signal, uinfo ptr(siginfo); %signal %process",
    "rt_sigreturn": "frame sigframe; %signal",
    "sigreturn": "frame sigframe; %signal",
    "sigreturn@i386": "frame whole_sigframe; %signal",
    "sigaltstack": "uss ptr(stack_t), uoss out ptr(stack_t); %signal",
    "sigaction": "sig signal, act ptr(old_sigaction), oact out ptr(old_sigaction); %signal",
    "sigprocmask": "how enum(sigprocmaskcmds), nset ptr(old_sigset), oset out ptr(old_sigset); "
    "%signal",
    "sigpending": "uset out ptr(old_sigset); %signal",
    "sigsuspend": "unused1 none:int, unused2 none:int, mask old_sigset; %signal",
    "sigsuspend@arm": "restart none:int, oldmask none, newmask old_sigset; %signal",
    "signal": "sig signal, handler sa_handler -> sa_handler; %signal",
    "sgetmask": " -> old_sigset; %signal",
    "ssetmask": "newmask old_sigset:int -> old_sigset; %signal",
    "pause": "; %signal",
    # --- sockets ------------------------------------------------------------------------------
    "socket": "family enum(addrfams), type socket_type, "
    "protocol socket_protocol(family):ulong -> fd; "
    "%network -%desc",
    "socketpair": "family enum(addrfams), type socket_type, protocol ulong, "
    "usockvec out fd_pair; %network",
    "bind": "fd fd, umyaddr sockaddr(addrlen), addrlen int; %network -%desc",
    "connect": "fd fd, uservaddr sockaddr(addrlen), addrlen int; %network -%desc",
    "listen": "fd fd, backlog int; %network -%desc",
    "accept": "fd fd, upeer_sockaddr out sockaddr(upeer_addrlen), "
    "upeer_addrlen inout socklen(upeer_sockaddr) -> fd; %network -%desc",
    "accept4": "fd fd, upeer_sockaddr out sockaddr(upeer_addrlen), "
    "upeer_addrlen inout socklen(upeer_sockaddr), flags flags(sock_type_flags):int -> fd; "
    "%network -%desc",
    "getsockname": "fd fd, usockaddr out sockaddr(usockaddr_len), "
    "usockaddr_len inout socklen(usockaddr); %network -%desc",
    "getpeername": "fd fd, usockaddr out sockaddr(usockaddr_len), "
    "usockaddr_len inout socklen(usockaddr); %network -%desc",
    "send": "fd fd, buff sock_buf(len), len size, flags flags(msg_flags):uint; %network -%desc",
    "sendto": "fd fd, buff sock_buf(len), len size, flags flags(msg_flags):uint, "
    "addr sockaddr(addr_len), addr_len int; %network -%desc",
    "sendmsg": "fd fd, msg message, flags flags(msg_flags):uint; %network -%desc",
    "sendmmsg": "fd fd, mmsg out messages(vlen), vlen uint, flags flags(msg_flags):uint; "
    "%network -%desc",
    "recv": "fd fd, ubuf out sock_buf(ret), size size, flags flags(msg_flags):uint; "
    "%network -%desc",
    "recvfrom": "fd fd, ubuf out sock_buf(ret, size), size size, flags flags(msg_flags):uint, "
    "addr out sockaddr(addr_len), addr_len inout socklen(addr); %network -%desc",
    "recvmsg": "fd fd, msg out message(ret), flags flags(msg_flags):uint; %network -%desc",
    "recvmmsg": "fd fd, mmsg out messages(ret), vlen uint, flags flags(msg_flags):uint, "
    "timeout early(ptr(timespec)) -> recvmmsg_result(timeout); %network -%desc",
    "recvmmsg_time64": "fd fd, mmsg out messages(ret), vlen uint, flags flags(msg_flags):uint, "
    "timeout early(ptr(timespec64)) -> recvmmsg_result(timeout); %network -%desc",
    "shutdown": "fd fd, how enum(shutdown_modes); %network -%desc",
    "setsockopt": "fd fd, level enum(socketlayers), optname sockopt_name(level), "
    "optval sockopt_value(level, optname, optlen), optlen int; %network -%desc",
    "getsockopt": "fd fd, level enum(socketlayers), optname sockopt_name(level), "
    "optval out sockopt_value(level, optname, optlen), optlen inout socklen; %network -%desc",
    "socketcall": "call enum(socketcalls), args addr; %desc",
    # --- System V and POSIX messages, semaphores, shared memory -------------------------------
    "ipc": "call ipc_call, first hex:int, second hex, third hex, ptr hex:ptr, fifth hex:long; %ipc",
    "msgget": "key ipc_key, msgflg ipc_flags(resource_flags); %ipc",
    "msgsnd": "msqid int, msgp msgbuf(msgsz), msgsz size, msgflg flags(ipc_msg_flags):int; %ipc",
    "msgrcv": "msqid int, msgp out msgbuf(msgsz), msgsz size, msgtyp long, "
    "msgflg flags(ipc_msg_flags):int; %ipc",
    "msgrcv@ipc": "msqid int, msgp out kludge_buf(msgsz), msgsz size, msgtyp kludge_type, "
    "msgflg flags(ipc_msg_flags):int; %ipc",
    "msgctl": "msqid int, cmd ipc_cmd(msgctl_flags), buf inout msgctl_buf(cmd); %ipc",
    "semget": "key ipc_key, nsems int, semflg ipc_flags(resource_flags); %ipc",
    "semop": "semid int, tsops array(sembuf, nsops), nsops uint; %ipc",
    "semtimedop": "semid int, tsops array(sembuf, nsops), nsops uint, timeout ptr(timespec); %ipc",
    "semtimedop_time64": "semid int, tsops array(sembuf, nsops), nsops uint, "
    "timeout ptr(timespec64); %ipc",
    "semctl": "semid int, semnum int, cmd ipc_cmd(semctl_flags), arg inout semctl_arg(cmd); %ipc",
    "semctl@ipc": "semid int, semnum int, cmd ipc_cmd(semctl_flags), "
    "arg inout semctl_indirect(cmd); %ipc",
    "shmget": "key ipc_key, size size, shmflg ipc_flags(shm_resource_flags); %ipc",
    "shmat": "shmid int, shmaddr addr, shmflg flags(shm_flags):int -> hex; %ipc %memory",
    "shmdt": "shmaddr addr; %ipc %memory",
    "shmctl": "shmid int, cmd ipc_cmd(shmctl_flags), buf inout shmctl_buf(cmd); %ipc",
    "mq_open": "u_name path, oflag flags(open_flags):int, mode created_mode(oflag), "
    "u_attr mq_open_attr(oflag) -> fd; -%file",
    "mq_unlink": "u_name path; -%file",
    "mq_timedsend": "mqdes fd, u_msg_ptr buf(msg_len), msg_len size, msg_prio uint, "
    "u_abs_timeout ptr(timespec)",
    "mq_timedsend_time64": "mqdes fd, u_msg_ptr buf(msg_len), msg_len size, msg_prio uint, "
    "u_abs_timeout ptr(timespec64)",
    "mq_timedreceive": "mqdes fd, u_msg_ptr out buf(ret), msg_len size, "
    "u_msg_prio out ptr(uint), u_abs_timeout early(ptr(timespec))",
    "mq_timedreceive_time64": "mqdes fd, u_msg_ptr out buf(ret), msg_len size, "
    "u_msg_prio out ptr(uint), u_abs_timeout early(ptr(timespec64))",
    "mq_notify": "mqdes fd, u_notification ptr(sigevent)",
    "mq_getsetattr": "mqdes fd, u_mqstat ptr(mq_attr), u_omqstat out ptr(mq_attr)",
    # --- clocks, timers, sleeping -------------------------------------------------------------
    "time": "tloc out ptr(date) -> date; %clock",
    "stime": "tptr out ptr(date) -> date",
    "gettimeofday": "tv out ptr(timeval), tz out ptr(timezone); %clock",
    "settimeofday": "tv ptr(timeval), tz ptr(timezone); %clock",
    "adjtimex": "txc_p out ptr(timex) -> clock_state(txc_p); %clock",
    "clock_gettime": "which_clock clockid, tp out ptr(timespec); %clock",
    "clock_gettime64": "which_clock clockid, tp out ptr(timespec64); %clock",
    "clock_settime": "which_clock clockid, tp ptr(timespec); %clock",
    "clock_settime64": "which_clock clockid, tp ptr(timespec64); %clock",
    "clock_getres": "which_clock clockid, tp out ptr(timespec); %clock",
    "clock_getres_time64": "which_clock clockid, tp out ptr(timespec64); %clock",
    "clock_adjtime": "which_clock clockid, utx out ptr(timex) -> clock_state(utx); %clock",
    "clock_adjtime64": "which_clock clockid, utx out ptr(timex64) -> clock_state(utx); %clock",
    "clock_nanosleep": "which_clock clockid, flags flags(clockflags):int, rqtp ptr(timespec), "
    "rmtp out time_left(timespec, flags)",
    "clock_nanosleep_time64": "which_clock clockid, flags flags(clockflags):int, "
    "rqtp ptr(timespec64), rmtp out time_left(timespec64, flags)",
    "nanosleep": "rqtp ptr(timespec), rmtp out time_left(timespec)",
    "alarm": "seconds uint -> uint",
    "getitimer": "which enum(itimer_which), value out ptr(itimerval)",
    "setitimer": "which enum(itimer_which), value ptr(itimerval), ovalue out ptr(itimerval)",
    "timer_create": "which_clock clockid, timer_event_spec ptr(sigevent), "
    "created_timer_id out ptr(int)",
    "timer_settime": "timer_id int, flags flags(clockflags):int, new_setting ptr(itimerspec), "
    "old_setting out ptr(itimerspec)",
    "timer_settime64": "timer_id int, flags flags(clockflags):int, "
    "new_setting ptr(itimerspec64), old_setting out ptr(itimerspec64)",
    "timer_gettime": "timer_id int, setting out ptr(itimerspec)",
    "timer_gettime64": "timer_id int, setting out ptr(itimerspec64)",
    "timer_getoverrun": "timer_id int",
    "timer_delete": "timer_id int",
    "times": "tbuf out ptr(tms)",
    # --- scheduling, priorities, limits -------------------------------------------------------
    "sched_yield": "",
    "sched_setscheduler": "pid pid, policy enum(schedulers), param ptr(int)",
    "sched_getscheduler": "pid pid -> sched_policy",
    "sched_setparam": "pid pid, param ptr(int)",
    "sched_getparam": "pid pid, param out ptr(int)",
    "sched_setattr": "pid pid, uattr inout sched_attr_arg, flags uint",
    "sched_getattr": "pid pid, uattr out sched_attr_got(usize), usize uint, flags uint",
    # strace shows the upper half here, as some kernels look at it
    "sched_getattr@aarch64": "pid pid, uattr out sched_attr_got(usize), usize odd_uint, flags uint",
    "sched_get_priority_max": "policy enum(schedulers)",
    "sched_get_priority_min": "policy enum(schedulers)",
    "sched_rr_get_interval": "pid pid, interval out ptr(timespec)",
    "sched_rr_get_interval_time64": "pid pid, interval out ptr(timespec64)",
    "sched_setaffinity": "pid pid, len uint, user_mask_ptr cpuset(len)",
    "sched_getaffinity": "pid pid, len uint, user_mask_ptr out cpuset(ret)",
    "getcpu": "cpup out ptr(uint), nodep out ptr(uint), unused addr",
    "nice": "increment int",
    "getpriority": "which enum(priorities), who priority_who(which)",
    "setpriority": "which enum(priorities), who priority_who(which), niceval int",
    "ioprio_set": "which enum(ioprio_who), who ioprio_who(which), ioprio ioprio",
    "ioprio_get": "which enum(ioprio_who), who ioprio_who(which) -> ioprio",
    "getrlimit": "resource enum(resources):uint, rlim out ptr(rlimit)",
    "setrlimit": "resource enum(resources):uint, rlim ptr(rlimit)",
    "ugetrlimit": "resource enum(resources):uint, rlim out ptr(rlimit)",
    "prlimit64": "pid pid, resource enum(resources):uint, new_rlim ptr(rlimit64), "
    "old_rlim out ptr(rlimit64)",
    "getrusage": "who enum(usagewho), ru out ptr(rusage)",
    # --- the system ---------------------------------------------------------------------------
    "uname": "name out ptr(new_utsname)",
    "olduname": "name hex:ptr",
    "oldolduname": "name hex:ptr",
    "sysinfo": "info out ptr(sysinfo)",
    "syslog": "type syslog_type, buf inout syslog_buf(type, ret), len syslog_len(type)",
    "sethostname": "name hostname(len), len uint:int",
    "setdomainname": "name hostname(len), len uint:int",
    "getrandom": "ubuf out buf_hex(ret), len size, flags flags(getrandom_flags):uint",
    "reboot": "magic1 enum(bootflags1):uint, magic2 enum(bootflags2):uint, "
    "cmd enum(bootflags3):uint, arg reboot_arg(cmd)",
    "vhangup": "",
    "_sysctl": "args ptr(sysctl_args)",
    "uselib": "library path",
    "create_module": "name hex:ptr, size hex",
    "init_module": "umod addr, len ulong, uargs str",
    "finit_module": "fd fd, uargs str, flags flags(module_init_flags):int",
    "delete_module": "name_user str, flags flags(delete_module_flags):uint",
    "get_kernel_syms": "table hex:ptr",
    "query_module": "name hex:ptr, which hex, buf hex:ptr, bufsize hex, retsize hex:ptr",
    "kexec_load": "entry addr, nr_segments ulong, segments array(kexec_segment, nr_segments, 16), "
    "flags kexec_flags",
    "kexec_file_load": "kernel_fd fd, initrd_fd fd, cmdline_len ulong, "
    "cmdline_ptr buf(cmdline_len), flags flags(kexec_file_load_flags)",
    "perf_event_open": "attr_uptr inout perf_event_attr, pid int, cpu int, group_fd fd, "
    "flags flags(perf_event_open_flags) -> fd",
    "bpf": "cmd enum(bpf_commands), uattr inout bpf_attr(cmd, size), size uint "
    "-> bpf_result(cmd); %desc",
    "pciconfig_read": "bus hex, dfn hex, off hex, len hex, buf hex:ptr",
    "pciconfig_write": "bus hex, dfn hex, off hex, len hex, buf hex:ptr",
    "pciconfig_iobase": "which hex, bus hex, dfn hex",
    # --- keys and security modules ------------------------------------------------------------
    "add_key": "type str, description str, payload buf(plen), plen size, ringid key_serial",
    "request_key": "type str, description str, callout_info str, destringid key_serial",
    "keyctl": "option enum(keyctl_commands), arg2 inout keyctl_arg(option), "
    "arg3 inout keyctl_arg(option), arg4 keyctl_arg(option), arg5 keyctl_arg(option) "
    "-> keyctl_result(option)",
    "landlock_create_ruleset": "attr sized(landlock_ruleset_attr, size), size size, "
    "flags flags(landlock_create_ruleset_flags):uint -> landlock_result(flags); %desc",
    "landlock_add_rule": "ruleset_fd fd, rule_type enum(landlock_rule_types), "
    "rule_attr landlock_rule(rule_type), flags reserved:uint",
    "landlock_restrict_self": "ruleset_fd fd, flags reserved:uint",
    "lsm_get_self_attr": "attr enum(lsm_attrs):uint, ctx out lsm_contexts(size), "
    "size inout ptr(uint), flags flags(lsm_flags):uint",
    "lsm_set_self_attr": "attr enum(lsm_attrs):uint, ctx lsm_contexts(size), size uint, "
    "flags reserved:uint",
    "lsm_list_modules": "ids out array(lsm_id, ret), size inout ptr(uint), flags reserved:uint",
    # --- calls without an implementation in any kernel of today -------------------------------
    "afs_syscall": "arg1 hex, arg2 hex, arg3 hex, arg4 hex, arg5 hex",
    "bdflush": "func hex, data hex",
    "break": "; %memory",
    "ftime": "",
    "getpmsg": "arg1 hex, arg2 hex, arg3 hex, arg4 hex, arg5 hex; %network",
    "gtty": "arg1 hex, arg2 hex",
    "idle": "",
    "lock": "",
    "mpx": "",
    "prof": "",
    "profil": "arg1 hex, arg2 hex, arg3 hex, arg4 hex",
    "putpmsg": "arg1 hex, arg2 hex, arg3 hex, arg4 hex, arg5 hex; %network",
    "security": "arg1 hex, arg2 hex, arg3 hex",
    "stty": "arg1 hex, arg2 hex",
    "syscall": "number hex, arg1 hex, arg2 hex, arg3 hex, arg4 hex",
    "tuxcall": "arg1 hex, arg2 hex, arg3 hex",
    "ulimit": "arg1 hex, arg2 hex",
    "vserver": "arg1 hex, arg2 hex, arg3 hex, arg4 hex, arg5 hex",
}
