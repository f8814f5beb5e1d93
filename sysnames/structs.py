"""Structure rows: the layout of what Linux and a program exchange by pointer.

The grammar is that of ARCHITECTURE.md ("Rows").  Fields stand in memory order; the ctype, or
that of the kind, fixes the layout with the natural alignment of the ABI (see
`sysnames.layout`).  Beyond the kinds of arguments a field may have these:

- the bare name of another structure: nested;
- ``array(kind, n)``: n elements in place; a ctype is that of one element, and n = 0 aligns;
- ``chars(n)``: a NUL-terminated char array; ``bytes(n)``: n bytes without structure;
- ``sigset(n)``: n bytes of a signal set, aligned as ulong;
- ``bits(name, width, ...)``: bit fields of one word, lowest first, each printed by its name;
- another kind with an explicit ctype: a union, printed by the decoder of that name
  (``data epoll_data:u64``).

Names starting with ``_`` are padding.  ``!`` marks what an abbreviated structure shows.  The
class ``packed`` takes all alignment away.  Variants: ``name@abi``, ``name@32``, ``name@64``.

Sources: the uapi headers of Linux 7.2 and, for structures they lack, the kernel's own headers.
"""
from __future__ import annotations

STRUCTS: dict[str, str] = {
    # --- time ---------------------------------------------------------------------------------
    "timespec": "tv_sec long, tv_nsec ulong:long",
    "timespec64": "tv_sec s64, tv_nsec u64:s64",
    "timeval": "tv_sec long, tv_usec ulong:long",
    "timezone": "tz_minuteswest int, tz_dsttime int",
    "itimerval": "it_interval timeval, it_value timeval",
    "itimerspec": "it_interval timespec, it_value timespec",
    "itimerspec64": "it_interval timespec64, it_value timespec64",
    "utimbuf": "actime date, modtime date",
    "tms": "tms_utime clock_ticks, tms_stime clock_ticks, tms_cutime clock_ticks, "
    "tms_cstime clock_ticks",
    "timex": "modes flags(adjtimex_modes):uint, offset long, freq long, maxerror long, "
    "esterror long, status flags(adjtimex_status):int, constant long, "
    "precision long, tolerance long, time timeval, tick long, ppsfreq long, jitter long, "
    "shift int, stabil long, jitcnt long, calcnt long, errcnt long, stbcnt long, tai int, "
    "_reserved array(int, 11)",
    "timex_timeval64": "tv_sec s64, tv_usec u64:s64",
    "timex64": "modes flags(adjtimex_modes):uint, _pad1 int, offset s64, freq s64, "
    "maxerror s64, esterror s64, status flags(adjtimex_status):int, _pad2 int, "
    "constant s64, precision s64, tolerance s64, time timex_timeval64, tick s64, "
    "ppsfreq s64, jitter s64, shift int, _pad3 int, stabil s64, jitcnt s64, calcnt s64, "
    "errcnt s64, stbcnt s64, tai int, _reserved array(int, 11)",
    # --- files --------------------------------------------------------------------------------
    "stat@x86_64": "st_dev dev:ulong, st_ino ulong, st_nlink ulong, !st_mode inode_mode:uint, "
    "st_uid uint, st_gid uint, _pad0 uint, st_rdev dev:ulong, !st_size long, "
    "st_blksize ulong:long, st_blocks ulong:long, st_atime date:ulong, st_atime_nsec ulong, "
    "st_mtime date:ulong, st_mtime_nsec ulong, st_ctime date:ulong, st_ctime_nsec ulong, "
    "_unused array(long, 3)",
    "stat@aarch64": "st_dev dev:ulong, st_ino ulong, !st_mode inode_mode:uint, st_nlink uint, "
    "st_uid uint, st_gid uint, st_rdev dev:ulong, _pad1 ulong, !st_size long, st_blksize int, "
    "_pad2 int, st_blocks long, st_atime date, st_atime_nsec ulong, st_mtime date, "
    "st_mtime_nsec ulong, st_ctime date, st_ctime_nsec ulong, _unused array(uint, 2)",
    "stat@32": "st_dev dev:ulong, st_ino ulong, !st_mode inode_mode, st_nlink ushort, "
    "st_uid ushort, st_gid ushort, st_rdev dev:ulong, !st_size ulong, st_blksize ulong, "
    "st_blocks ulong, st_atime date, st_atime_nsec ulong, st_mtime date, "
    "st_mtime_nsec ulong, st_ctime date, st_ctime_nsec ulong, _unused array(ulong, 2)",
    "stat64@32": "st_dev dev:u64, _pad0 bytes(4), _st_ino ulong, !st_mode inode_mode:uint, "
    "st_nlink uint, st_uid ulong, st_gid ulong, st_rdev dev:u64, _pad3 bytes(4), "
    "!st_size s64, st_blksize ulong, st_blocks u64, st_atime date, st_atime_nsec ulong, "
    "st_mtime date, st_mtime_nsec ulong, st_ctime date, st_ctime_nsec ulong, "
    "st_ino u64",
    "oldstat@32": "st_dev dev:ushort, st_ino ushort, !st_mode inode_mode, st_nlink ushort, "
    "st_uid ushort, st_gid ushort, st_rdev dev:ushort, !st_size ulong, st_atime date, "
    "st_mtime date, st_ctime date",
    "statx_timestamp": "tv_sec s64, tv_nsec uint, _reserved int",
    "statx": "!stx_mask flags(statx_masks):uint, stx_blksize uint, "
    "!stx_attributes flags(statx_attrs):u64, stx_nlink uint, stx_uid uint, stx_gid uint, "
    "!stx_mode inode_mode, _spare0 ushort, stx_ino u64, !stx_size u64, stx_blocks u64, "
    "stx_attributes_mask flags(statx_attrs):u64, stx_atime statx_timestamp, "
    "stx_btime statx_timestamp, stx_ctime statx_timestamp, stx_mtime statx_timestamp, "
    "stx_rdev_major uint, stx_rdev_minor uint, stx_dev_major uint, stx_dev_minor uint, "
    "stx_mnt_id hex:u64, stx_dio_mem_align uint, stx_dio_offset_align uint, stx_subvol u64, "
    "stx_atomic_write_unit_min uint, stx_atomic_write_unit_max uint, "
    "stx_atomic_write_segments_max uint, stx_dio_read_offset_align uint, "
    "stx_atomic_write_unit_max_opt uint, _spare2 uint, _spare3 array(u64, 8)",
    "fsid": "val array(hex, 2):uint",
    "statfs": "f_type enum(fsmagic):ulong, f_bsize ulong, f_blocks ulong, f_bfree ulong, "
    "f_bavail ulong, f_files ulong, f_ffree ulong, f_fsid fsid, f_namelen ulong, "
    "f_frsize ulong, f_flags flags(statfs_flags), _f_spare array(ulong, 4)",
    "statfs64": "f_type enum(fsmagic):ulong, f_bsize ulong, f_blocks u64, f_bfree u64, "
    "f_bavail u64, f_files u64, f_ffree u64, f_fsid fsid, f_namelen ulong, f_frsize ulong, "
    "f_flags flags(statfs_flags), _f_spare array(ulong, 4); packed",
    "ustat": "f_tfree uint:int, f_tinode ulong, _f_fname bytes(6), _f_fpack bytes(6)",
    "open_how": "flags flags(open_flags):u64, mode open_mode(flags):u64, "
    "resolve flags(open_resolve_flags):u64",
    "flock": "l_type enum(lockfcmds):short, l_whence enum(whence_codes):short, l_start off, "
    "l_len off, l_pid pid",
    "flock64": "l_type enum(lockfcmds):short, l_whence enum(whence_codes):short, l_start loff, "
    "l_len loff, l_pid pid",
    "f_owner_ex": "type enum(f_owner_types), pid pid",
    "iovec": "iov_base addr, iov_len size",
    "linux_dirent": "d_ino ulong, d_off ulong, d_reclen ushort, d_name chars(0); packed",
    "linux_dirent64": "d_ino u64, d_off s64, d_reclen ushort, d_type enum(dirent_types):uchar, "
    "d_name chars(0); packed",
    "old_linux_dirent": "d_ino ulong, d_off ulong, d_reclen ushort, d_name chars(0); packed",
    "file_handle": "handle_bytes uint, handle_type int, f_handle bytes(0)",
    "xattr_args": "value addr:u64, size uint, flags flags(xattrflags):uint",
    "file_attr": "fa_xflags flags(fs_xflags):u64, fa_extsize uint, fa_nextents uint, "
    "fa_projid uint, fa_cowextsize uint",
    "fsxattr": "fsx_xflags flags(fs_xflags):uint, fsx_extsize uint, fsx_nextents uint, "
    "fsx_projid uint, fsx_cowextsize uint, _fsx_pad bytes(8)",
    "file_clone_range": "src_fd low_fd:s64, src_offset u64, src_length u64, dest_offset u64",
    "mount_attr": "attr_set flags(mount_attr_attr):u64, attr_clr flags(mount_attr_attr):u64, "
    "propagation enum(mount_attr_propagation):u64, userns_fd fd:u64",
    "mnt_id_req": "size uint, mnt_fd uint, mnt_id hex:u64, param flags(statmount_mask):u64, "
    "mnt_ns_id hex:u64",
    "statmount": "size uint, mnt_opts uint, mask flags(statmount_mask):u64, sb_dev_major uint, "
    "sb_dev_minor uint, sb_magic enum(fsmagic):u64, sb_flags flags(mount_flags):uint, "
    "fs_type uint, mnt_id hex:u64, mnt_parent_id hex:u64, mnt_id_old uint, "
    "mnt_parent_id_old uint, mnt_attr flags(mount_attr_attr):u64, "
    "mnt_propagation flags(mount_attr_propagation):u64, mnt_peer_group u64, mnt_master u64, "
    "propagate_from u64, mnt_root uint, mnt_point uint, mnt_ns_id hex:u64, fs_subtype uint, "
    "sb_source uint, opt_num uint, opt_array uint, opt_sec_num uint, opt_sec_array uint, "
    "supported_mask flags(statmount_mask):u64, mnt_uidmap_num uint, mnt_uidmap uint, "
    "mnt_gidmap_num uint, mnt_gidmap uint, _spare2 array(u64, 43), str bytes(0)",
    "ns_id_req": "size uint, _spare uint, ns_id hex:u64, ns_type flags(setns_types):uint, "
    "_spare2 uint, user_ns_id hex:u64",
    "cachestat_range": "off u64, len u64",
    "cachestat": "nr_cache u64, nr_dirty u64, nr_writeback u64, nr_evicted u64, "
    "nr_recently_evicted u64",
    "inotify_event": "wd int, mask flags(inotify_flags):uint, cookie uint, len uint, "
    "name bytes(0)",
    "signalfd_siginfo": "ssi_signo signal:uint, ssi_errno int, ssi_code int, ssi_pid uint, "
    "ssi_uid uid, ssi_fd int, ssi_tid uint, ssi_band uint, ssi_overrun uint, ssi_trapno uint, "
    "ssi_status int, ssi_int int, ssi_ptr hex:u64, ssi_utime u64, ssi_stime u64, "
    "ssi_addr hex:u64, ssi_addr_lsb ushort, _pad2 ushort, ssi_syscall int, "
    "ssi_call_addr hex:u64, ssi_arch uint, _pad bytes(28)",
    # --- waiting ------------------------------------------------------------------------------
    "pollfd": "fd fd, events flags(pollflags):short, revents flags(pollflags):short",
    "epoll_event": "events flags(epollevents):uint, data epoll_data:u64",
    "epoll_event@x86_64": "events flags(epollevents):uint, data epoll_data:u64; packed",
    "sigset_argpack": "sigmask ptr(sigset(sigsetsize)), sigsetsize size",
    "sel_arg_struct": "n ulong, inp fdset(n), outp fdset(n), exp fdset(n), tvp ptr(timeval)",
    "io_event": "data hex:u64, obj hex:u64, res s64, res2 s64",
    "iocb": "aio_data hex:u64, aio_key uint, aio_rw_flags flags(rwf_flags):uint, "
    "aio_lio_opcode enum(aio_cmds):ushort, aio_reqprio short, aio_fildes fd:uint, "
    "aio_buf addr:u64, aio_nbytes u64, aio_offset s64, aio_reserved2 u64, "
    "aio_flags flags(aio_iocb_flags):uint, aio_resfd fd:uint",
    # --- memory -------------------------------------------------------------------------------
    "mmap_arg_struct": "addr addr, len size, prot flags(mmap_prot), flags mmap_flags, "
    "fd fd:ulong, offset hex",
    "user_desc": "entry_number int:uint, base_addr hex:uint, limit hex:uint, "
    "flags bits(seg_32bit, 1, contents, 2, read_exec_only, 1, limit_in_pages, 1, "
    "seg_not_present, 1, useable, 1):uint",
    "user_desc@x86_64": "entry_number int:uint, base_addr hex:uint, limit hex:uint, "
    "flags bits(seg_32bit, 1, contents, 2, read_exec_only, 1, limit_in_pages, 1, "
    "seg_not_present, 1, useable, 1, lm, 1):uint",
    # --- processes ----------------------------------------------------------------------------
    "clone_args": "flags flags(clone_flags):u64, pidfd addr:u64, child_tid addr:u64, "
    "parent_tid addr:u64, exit_signal signal:u64, stack addr:u64, stack_size hex:u64, "
    "tls addr:u64, set_tid addr:u64, set_tid_size u64, cgroup u64",
    "rusage": "!ru_utime timeval, !ru_stime timeval, ru_maxrss ulong:long, ru_ixrss ulong:long, "
    "ru_idrss ulong:long, ru_isrss ulong:long, ru_minflt ulong:long, ru_majflt ulong:long, "
    "ru_nswap ulong:long, ru_inblock ulong:long, ru_oublock ulong:long, ru_msgsnd ulong:long, "
    "ru_msgrcv ulong:long, ru_nsignals ulong:long, ru_nvcsw ulong:long, ru_nivcsw ulong:long",
    "long_word": "value long",
    "id": "value uint",
    "old_id": "value uint",
    "old_id@32": "value ushort",
    "rlimit": "rlim_cur rlim, rlim_max rlim",
    "rlimit64": "rlim_cur rlim64, rlim_max rlim64",
    "sched_param": "sched_priority int",
    "sched_attr": "size uint, sched_policy sched_policy:uint, sched_flags flags(sched_flags):u64, "
    "sched_nice int, sched_priority uint, sched_runtime u64, sched_deadline u64, "
    "sched_period u64, sched_util_min uint, sched_util_max uint",
    "robust_list_head": "list hex, futex_offset long, list_op_pending hex",
    "futex_waitv": "val hex:u64, uaddr addr:u64, flags flags(futex_waiter_flags):uint, "
    "_reserved uint",
    "rseq": "cpu_id_start uint, cpu_id uint, rseq_cs hex:u64, flags hex:uint, node_id uint, "
    "mm_cid uint, slice_ctrl hex:uint",
    "rseq_cs": "version uint, flags uint, start_ip hex:u64, post_commit_offset hex:u64, "
    "abort_ip hex:u64",
    "cap_user_header": "version enum(cap_version):uint, pid pid",
    "cap_user_data": "effective hex:uint, permitted hex:uint, inheritable hex:uint",
    "sock_fprog": "len ushort, filter addr",
    "sock_filter": "code ushort, jt uchar, jf uchar, k hex:uint",
    "seccomp_notif_sizes": "seccomp_notif ushort, seccomp_notif_resp ushort, seccomp_data ushort",
    "seccomp_data": "nr int, arch enum(audit_arch):uint, instruction_pointer hex:u64, "
    "args array(hex, 6):u64",
    "landlock_ruleset_attr": "!handled_access_fs flags(landlock_ruleset_access_fs):u64, "
    "handled_access_net flags(landlock_ruleset_access_net):u64, "
    "scoped flags(landlock_ruleset_scope):u64, "
    "quiet_access_fs flags(landlock_ruleset_access_fs):u64, "
    "quiet_access_net flags(landlock_ruleset_access_net):u64, "
    "quiet_scoped flags(landlock_ruleset_scope):u64",
    "landlock_path_beneath_attr": "allowed_access flags(landlock_ruleset_access_fs):u64, "
    "parent_fd fd; packed",
    "landlock_net_port_attr": "allowed_access flags(landlock_ruleset_access_net):u64, port u64",
    "lsm_ctx": "id enum(lsm_ids):u64, flags flags(lsm_flags):u64, len u64, ctx_len u64, "
    "ctx bytes(0)",
    # --- signals ------------------------------------------------------------------------------
    "sigaction": "sa_handler sa_handler, sa_flags flags(sigact_flags), sa_restorer addr, "
    "sa_mask sigset(8)",
    "old_sigaction@32": "sa_handler sa_handler, sa_mask old_sigset, sa_flags flags(sigact_flags), "
    "sa_restorer addr",
    "stack_t": "ss_sp addr, ss_flags flags(sigaltstack_flags):int, ss_size size",
    "sigevent": "sigev_value hex, sigev_signo signal, sigev_notify enum(sigev_value), "
    "sigev_un sigev_un:int, _pad bytes(44)",
    "sigevent@32": "sigev_value hex, sigev_signo signal, sigev_notify enum(sigev_value), "
    "sigev_un sigev_un:int, _pad bytes(48)",
    # siginfo: the head, and the forms of the union that follow it (from offset 12 or 16)
    "siginfo": "si_signo signal, si_errno int, si_code int, _align array(ulong, 0), "
    "_fields bytes(112)",
    "siginfo@32": "si_signo signal, si_errno int, si_code int, _fields bytes(116)",
    "siginfo_kill": "si_signo signal, si_errno int, si_code int, _align array(ulong, 0), "
    "si_pid pid, si_uid uid",
    "siginfo_timer": "si_signo signal, si_errno int, si_code int, _align array(ulong, 0), "
    "si_timerid int, si_overrun int, si_value hex",
    "siginfo_rt": "si_signo signal, si_errno int, si_code int, _align array(ulong, 0), "
    "si_pid pid, si_uid uid, si_value hex",
    "siginfo_chld": "si_signo signal, si_errno int, si_code int, _align array(ulong, 0), "
    "si_pid pid, si_uid uid, si_status int, si_utime long, si_stime long",
    "siginfo_fault": "si_signo signal, si_errno int, si_code int, si_addr addr, "
    "si_addr_lsb short",
    "siginfo_bnderr": "si_signo signal, si_errno int, si_code int, si_addr addr, "
    "_pad ulong, si_lower addr, si_upper addr",
    "siginfo_pkuerr": "si_signo signal, si_errno int, si_code int, si_addr addr, "
    "_pad ulong, si_pkey uint",
    "siginfo_poll": "si_signo signal, si_errno int, si_code int, si_band long, si_fd fd",
    "siginfo_sys": "si_signo signal, si_errno int, si_code int, si_call_addr addr, "
    "si_syscall int, si_arch enum(audit_arch):uint",
    # --- sockets ------------------------------------------------------------------------------
    "msghdr": "msg_name addr, msg_namelen int, msg_iov addr, msg_iovlen size, msg_control addr, "
    "msg_controllen size, msg_flags flags(msg_flags):uint",
    "mmsghdr": "msg_hdr msghdr, msg_len uint",
    "cmsghdr": "cmsg_len size, cmsg_level enum(socketlayers), cmsg_type cmsg_type(cmsg_level):int",
    "sockaddr_un": "sa_family enum(addrfams):ushort, sun_path chars(108)",
    "sockaddr_in": "sa_family enum(addrfams):ushort, sin_port port:ushort, "
    "sin_addr inet_addr:uint, _zero bytes(8)",
    "sockaddr_in6": "sa_family enum(addrfams):ushort, sin6_port port:ushort, "
    "sin6_flowinfo flowinfo:uint, sin6_addr bytes(16), sin6_scope_id uint",
    "sockaddr_nl": "sa_family enum(addrfams):ushort, _pad ushort, nl_pid int:uint, "
    "nl_groups hex:uint",
    "sockaddr_ll": "sa_family enum(addrfams):ushort, sll_protocol port:ushort, sll_ifindex int, "
    "sll_hatype enum(arp_hardware_types):ushort, "
    "sll_pkttype enum(af_packet_types):uchar, sll_halen uchar, sll_addr bytes(8)",
    "linger": "l_onoff int, l_linger int",
    "ucred": "pid pid, uid uid, gid gid",
    "ip_mreq": "imr_multiaddr inet_addr:uint, imr_interface inet_addr:uint",
    "ip_mreqn": "imr_multiaddr inet_addr:uint, imr_address inet_addr:uint, imr_ifindex int",
    "ipv6_mreq": "ipv6mr_multiaddr bytes(16), ipv6mr_interface int",
    "nlmsghdr": "nlmsg_len uint, nlmsg_type ushort, nlmsg_flags ushort, nlmsg_seq uint, "
    "nlmsg_pid uint",
    "ifreq": "ifr_name chars(16), ifr_ifru bytes(24)",
    "ifreq@32": "ifr_name chars(16), ifr_ifru bytes(16)",
    "ifconf": "ifc_len int, ifc_buf addr",
    # --- System V and POSIX IPC ---------------------------------------------------------------
    "ipc64_perm": "key ipc_key, uid uid, gid gid, cuid uid, cgid gid, mode mode:uint, "
    "seq ushort, _pad2 ushort, _unused1 ulong, _unused2 ulong",
    "msqid64_ds": "msg_perm ipc64_perm, msg_stime long, msg_rtime long, msg_ctime long, "
    "msg_cbytes ulong, msg_qnum ulong, msg_qbytes ulong, msg_lspid pid, msg_lrpid pid, "
    "_unused array(ulong, 2)",
    "msqid64_ds@32": "msg_perm ipc64_perm, msg_stime ulong, _msg_stime_high ulong, "
    "msg_rtime ulong, _msg_rtime_high ulong, msg_ctime ulong, _msg_ctime_high ulong, "
    "msg_cbytes ulong, msg_qnum ulong, msg_qbytes ulong, msg_lspid pid, msg_lrpid pid, "
    "_unused array(ulong, 2)",
    "semid64_ds@x86_64": "sem_perm ipc64_perm, sem_otime long, _unused1 ulong, sem_ctime long, "
    "_unused2 ulong, sem_nsems ulong, _unused array(ulong, 2)",
    "semid64_ds@aarch64": "sem_perm ipc64_perm, sem_otime long, sem_ctime long, "
    "sem_nsems ulong, _unused array(ulong, 2)",
    "semid64_ds@32": "sem_perm ipc64_perm, sem_otime ulong, _sem_otime_high ulong, "
    "sem_ctime ulong, _sem_ctime_high ulong, sem_nsems ulong, _unused array(ulong, 2)",
    "shmid64_ds": "shm_perm ipc64_perm, shm_segsz size, shm_atime long, shm_dtime long, "
    "shm_ctime long, shm_cpid pid, shm_lpid pid, shm_nattch ulong, _unused array(ulong, 2)",
    "shmid64_ds@32": "shm_perm ipc64_perm, shm_segsz size, shm_atime ulong, "
    "_shm_atime_high ulong, shm_dtime ulong, _shm_dtime_high ulong, shm_ctime ulong, "
    "_shm_ctime_high ulong, shm_cpid pid, shm_lpid pid, shm_nattch ulong, "
    "_unused array(ulong, 2)",
    "msginfo": "msgpool int, msgmap int, msgmax int, msgmnb int, msgmni int, msgssz int, "
    "msgtql int, msgseg ushort",
    "seminfo": "semmap int, semmni int, semmns int, semmnu int, semmsl int, semopm int, "
    "semume int, semusz int, semvmx int, semaem int",
    "shminfo64": "shmmax ulong, shmmin ulong, shmmni ulong, shmseg ulong, shmall ulong, "
    "_unused array(ulong, 4)",
    "shm_info": "used_ids int, shm_tot ulong, shm_rss ulong, shm_swp ulong, "
    "swap_attempts ulong, swap_successes ulong",
    "sembuf": "sem_num ushort, sem_op short, sem_flg flags(semop_flags):short",
    "ipc_kludge": "msgp addr, msgtyp long",
    "mq_attr": "mq_flags flags(mq_attr_flags):long, mq_maxmsg long, mq_msgsize long, "
    "mq_curmsgs long, _reserved array(long, 4)",
    # --- terminals ----------------------------------------------------------------------------
    "winsize": "ws_row ushort, ws_col ushort, ws_xpixel ushort, ws_ypixel ushort",
    "termio": "c_iflag bare_set(term_iflags):ushort, c_oflag term_oflags:ushort, "
    "c_cflag term_cflags:ushort, c_lflag bare_set(term_lflags):ushort, "
    "c_line enum(term_line_discs):uchar, c_cc bytes(8)",
    "termios": "c_iflag bare_set(term_iflags):uint, c_oflag term_oflags:uint, "
    "c_cflag term_cflags:uint, c_lflag bare_set(term_lflags):uint, "
    "c_line enum(term_line_discs):uchar, c_cc bytes(19)",
    "termios2": "c_iflag bare_set(term_iflags):uint, c_oflag term_oflags:uint, "
    "c_cflag term_cflags:uint, c_lflag bare_set(term_lflags):uint, "
    "c_line enum(term_line_discs):uchar, c_cc bytes(19), c_ispeed uint, c_ospeed uint",
    # --- the system ---------------------------------------------------------------------------
    "new_utsname": "!sysname chars(65), !nodename chars(65), release chars(65), "
    "version chars(65), machine chars(65), domainname chars(65)",
    "old_utsname": "!sysname chars(65), !nodename chars(65), release chars(65), "
    "version chars(65), machine chars(65)",
    "oldold_utsname": "!sysname chars(9), !nodename chars(9), release chars(9), "
    "version chars(9), machine chars(9)",
    "sysinfo": "uptime ulong, loads array(ulong, 3), totalram ulong, freeram ulong, "
    "sharedram ulong, bufferram ulong, totalswap ulong, freeswap ulong, procs ushort, "
    "_pad ushort, totalhigh ulong, freehigh ulong, mem_unit uint",
    "sysinfo@32": "uptime ulong, loads array(ulong, 3), totalram ulong, freeram ulong, "
    "sharedram ulong, bufferram ulong, totalswap ulong, freeswap ulong, procs ushort, "
    "_pad ushort, totalhigh ulong, freehigh ulong, mem_unit uint, _f bytes(8)",
    "sysctl_args": "name addr, nlen int, oldval addr, oldlenp addr, newval addr, newlen size, "
    "_unused array(ulong, 4)",
    "kexec_segment": "buf addr, bufsz size, mem addr, memsz size",
}
