"""Structure rows, continued: what few programs use (quota, keys, rings, devices).

The grammar and conventions are those of `sysnames.structs`; `sysnames.lookup` imports this
module when a name is not there.  Sources: the uapi headers of Linux 7.2.
"""
from __future__ import annotations

_DQBLK = (
    "!dqb_bhardlimit u64, !dqb_bsoftlimit u64, !dqb_curspace u64, !dqb_ihardlimit u64, "
    "!dqb_isoftlimit u64, !dqb_curinodes u64, dqb_btime u64, dqb_itime u64, "
    "dqb_valid flags(if_dqblk_valid):uint"
)

STRUCTS: dict[str, str] = {
    # --- quota ----------------------------------------------------------------------------------
    "if_dqblk": _DQBLK + "; packed",
    "if_nextdqblk": _DQBLK + ", !dqb_id uint",
    "if_dqinfo": "dqi_bgrace u64, dqi_igrace u64, dqi_flags flags(if_dqinfo_flags):uint, "
    "dqi_valid flags(if_dqinfo_valid):uint",
    "fs_disk_quota": "!d_version char, !d_flags flags(xfs_dqblk_flags):char, "
    "!d_fieldmask hex:ushort, !d_id uint, !d_blk_hardlimit u64, !d_blk_softlimit u64, "
    "!d_ino_hardlimit u64, !d_ino_softlimit u64, !d_bcount u64, !d_icount u64, d_itimer int, "
    "d_btimer int, d_iwarns ushort, d_bwarns ushort, _d_pad2 int, d_rtb_hardlimit u64, "
    "d_rtb_softlimit u64, d_rtbcount u64, d_rtbtimer int, d_rtbwarns ushort, _d_pad3 short, "
    "_d_pad4 bytes(8)",
    "fs_qfilestat": "qfs_ino u64, qfs_nblks u64, qfs_nextents uint",
    "fs_quota_stat": "!qs_version char, qs_flags flags(xfs_quota_flags):ushort, _qs_pad char, "
    "qs_uquota fs_qfilestat, qs_gquota fs_qfilestat, qs_incoredqs uint, qs_btimelimit int, "
    "qs_itimelimit int, qs_rtbtimelimit int, qs_bwarnlimit ushort, qs_iwarnlimit ushort",
    "fs_qfilestatv": "qfs_ino u64, qfs_nblks u64, qfs_nextents uint, _qfs_pad uint",
    "fs_quota_statv": "!qs_version char, _qs_pad1 uchar, qs_flags flags(xfs_quota_flags):ushort, "
    "qs_incoredqs uint, qs_uquota fs_qfilestatv, qs_gquota fs_qfilestatv, "
    "qs_pquota fs_qfilestatv, qs_btimelimit int, qs_itimelimit int, qs_rtbtimelimit int, "
    "qs_bwarnlimit ushort, qs_iwarnlimit ushort, _qs_rtbwarnlimit ushort, _qs_pad3 ushort, "
    "_qs_pad4 uint, _qs_pad2 array(u64, 7)",
    # --- keys -----------------------------------------------------------------------------------
    "keyctl_dh_params": "private key_serial, prime key_serial, base key_serial",
    "keyctl_kdf_params": "hashname str, otherinfo kdf_info(otherinfolen), otherinfolen uint, "
    "_spare array(uint, 8)",
    "keyctl_pkey_query": "supported_ops flags(keyctl_pkey_ops):uint, key_size uint, "
    "max_data_size ushort, max_sig_size ushort, max_enc_size ushort, max_dec_size ushort, "
    "_spare array(uint, 10)",
    "keyctl_pkey_params": "key_id key_serial, in_len uint, in2_len uint, _spare array(uint, 7)",
    # --- asynchronous rings ---------------------------------------------------------------------
    "io_sqring_offsets": "head uint, tail uint, ring_mask uint, ring_entries uint, flags uint, "
    "dropped uint, array uint, resv1 nonzero_hex:uint, resv2 nonzero_hex:u64",
    "io_cqring_offsets": "head uint, tail uint, ring_mask uint, ring_entries uint, "
    "overflow uint, cqes uint, flags uint, resv1 nonzero_hex:uint, resv2 nonzero_hex:u64",
    "io_uring_params": "sq_entries uint, cq_entries uint, "
    "flags flags(uring_setup_flags):uint, sq_thread_cpu hex:uint, sq_thread_idle uint, "
    "features flags(uring_setup_features):uint, wq_fd fd:uint, resv array(hex, 3):uint, "
    "sq_off io_sqring_offsets, cq_off io_cqring_offsets",
    # --- what ptrace gets and gives -------------------------------------------------------------
    "ptrace_peeksiginfo_args": "off u64, flags flags(ptrace_peeksiginfo_flags):uint, nr uint",
    "user_regs@x86_64": "r15 hex, r14 hex, r13 hex, r12 hex, rbp hex, rbx hex, r11 hex, r10 hex, "
    "r9 hex, r8 hex, rax hex, rcx hex, rdx hex, rsi hex, rdi hex, orig_rax hex, rip hex, cs hex, "
    "eflags hex, rsp hex, ss hex, fs_base hex, gs_base hex, ds hex, es hex, fs hex, gs hex",
    "user_regs@i386": "ebx hex, ecx hex, edx hex, esi hex, edi hex, ebp hex, eax hex, xds hex, "
    "xes hex, xfs hex, xgs hex, orig_eax hex, eip hex, xcs hex, eflags hex, esp hex, xss hex",
    "user_regs@arm": "uregs list(hex, 18)",
    "user_regs@aarch64": "regs list(hex, 31), sp hex, pc hex, pstate hex",
    "user_fpregs@x86_64": "cwd hex:ushort, swd hex:ushort, ftw hex:ushort, fop hex:ushort, "
    "rip hex, rdp hex, mxcsr hex:uint, mxcr_mask hex:uint, st_space list(hex, 32):uint, "
    "xmm_space list(hex, 64):uint, padding list(hex, 24):uint",
    "user_fpregs@i386": "cwd hex, swd hex, twd hex, fip hex, fcs hex, foo hex, fos hex, "
    "st_space list(hex, 20)",
    "kcmp_epoll_slot": "efd int:uint, tfd int:uint, toff uint",
    # --- terminals and consoles -----------------------------------------------------------------
    "serial_struct": "type int, line int, port hex:uint, irq int, flags hex:int, "
    "xmit_fifo_size int, custom_divisor int, baud_base int, _rest bytes(36)",
    # --- block devices --------------------------------------------------------------------------
    "hd_geometry": "heads uchar, sectors uchar, cylinders ushort, start ulong",
    "blkpg_ioctl_arg": "op enum(blkpg_ops):int, flags int, datalen int, "
    "data ptr(blkpg_partition)",
    "blkpg_partition": "start s64, length s64, pno int, devname chars(64), volname chars(64)",
    # --- network interfaces ---------------------------------------------------------------------
    "tun_filter": "flags ushort, count ushort",
    # --- clocks ---------------------------------------------------------------------------------
    "rtc_time": "tm_sec int, tm_min int, tm_hour int, tm_mday int, tm_mon int, tm_year int, "
    "tm_wday int, tm_yday int, tm_isdst int",
    "rtc_wkalrm": "enabled uchar, pending uchar, time rtc_time",
    # --- watchdogs ------------------------------------------------------------------------------
    "watchdog_info": "options hex:uint, firmware_version uint, identity chars(32)",
}
