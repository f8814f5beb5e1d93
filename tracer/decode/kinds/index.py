"""Where each kind's decoder is: module → kinds.  A test holds it equal to the modules."""
from __future__ import annotations

MODULES: dict[str, str] = {
    "aio":
        "iocb_head iocbs",
    "basic":
        "addr array bare buf buf_hex bytes char chars dev dirfd early enum fd fd_pair "
        "flags gid gid16 hex hex64 int join loff long low_fd low_int mode moved none "
        "octal off pages path path_buf pgid pid pid_pgid ptr reserved s64 short sid size "
        "str tid u64 u64_pair uchar uid uid16 uint ulong ushort",
    "bpf":
        "bpf_attr bpf_result ebpf_program numa_node wide_array wide_buf wide_path "
        "wide_text",
    "directory":
        "dirents dirents64 old_dirent readdir_count",
    "files":
        "device_only exactly fcntl_arg fcntl_result file_only flock64_get flock_get "
        "how_mode inode_dev inode_mode only only_timestamp open_mode statx_flags "
        "xattr_list xattr_value",
    "filter":
        "seccomp_args seccomp_flags seccomp_fprog",
    "forms":
        "amend buf_hex_at bytes_upto capped chars_at chars_upto elements enum8 enum_long "
        "flags8 grow hex32 list low_enum low_hex shape shaped tail tail_buf text turn "
        "u64_max upto uuid zero",
    "io":
        "iov iov_addrs",
    "ioctl":
        "bare_set cc_chars ifconf ioctl_arg ioctl_cmd ioctl_result term_cflags "
        "term_oflags uffd_api",
    "ioctl_btrfs":
        "bare_flags btrfs_features btrfs_inherit btrfs_inodes btrfs_moment btrfs_object "
        "btrfs_paths compat_features dev_stats permille search_items",
    "ioctl_console":
        "console_font console_font_op diacritics high_signal key_char key_code key_entry "
        "key_string low_uchar sound tone unicode_entries unicode_map vga_port",
    "ioctl_devices":
        "buf_or_addr call_number cpuid_entries dedupe dedupe_infos drive_command "
        "hardware_address ifindex ifr_sockaddr negative_errno perf_query_bpf ptp_moment "
        "ptp_samples seccomp_notification sg_buffer sg_io sg_reset tail_hex typed_address",
    "ioctl_input":
        "evdev_axis evdev_bits evdev_slots key_pair",
    "ioctl_mapper":
        "mapper",
    "ioctl_tee":
        "tee_buffer",
    "ioctl_video":
        "created_buffers fraction kernel_version pixel_format v4l2_buffer_flags v4l2_cid "
        "v4l2_controls v4l2_next_cid v4l2_query v4l2_set_format",
    "ipc":
        "created_mode ipc_call ipc_cmd ipc_flags ipc_key ipc_perm_set kludge_buf "
        "kludge_type mq_open_attr msgbuf msgctl_buf semctl_arg semctl_indirect shmctl_buf",
    "keys":
        "cap_data errno_name kdf_info key_bytes key_capabilities key_destination "
        "key_serial key_text keyctl_arg keyctl_pkey_verify keyctl_result landlock_result "
        "landlock_rule low_uint lsm_contexts lsm_id pkey_in pkey_out sized",
    "memory":
        "memfd_flags mincore_vec mmap_flags mpol_mode mremap_addr nodemask old_mmap "
        "page_status user_desc user_desc_asked user_desc_ptr",
    "mount":
        "fanotify_dirfd fanotify_flags fhandle fsconfig_aux fsconfig_key fsconfig_value "
        "idmap_fd mount_data mount_flags mount_id mount_type quotactl_addr quotactl_cmd "
        "quotactl_id statmount_buf swap_flags",
    "net":
        "inet_addr message messages port recvmmsg_result socket_protocol socket_type "
        "sockopt_name sockopt_value",
    "netlink":
        "diag_protocol ether_type hex_string hex_string_upto htonl indexed inet_sockid "
        "nonzero_bytes padded plain_enum rtnl_families sock_buf spelled_enum",
    "perf":
        "perf_event_attr",
    "prctl":
        "ambient_cap arch_prctl_arg arch_prctl_result core_cookie core_target "
        "death_signal flags32 mce_policy personality prctl_arg prctl_result ptracer "
        "seccomp_mode_arg shown_enum speculation speculation_set tagged_addr task_name "
        "vector_length vma_arg xfeatures",
    "process":
        "argv clone3_args clone_child_tid clone_flags clone_parent_tid clone_stack "
        "clone_tls cpuset envp futex_op futex_result futex_timeout futex_uaddr2 futex_val "
        "futex_val3 groups priority_who sched_policy user_desc_result wait_status waited "
        "waitid_id",
    "ptrace":
        "filters ptrace_addr ptrace_data ptrace_pid ptrace_request ptrace_result "
        "registers_at regset_got regset_set seccomp_metadata siginfos syscall_info "
        "user_offset",
    "signal":
        "new_sigaction old_sigset restorer sa_handler sigevent sigframe siginfo signal "
        "signal_result sigset whole_sigframe",
    "sockaddr":
        "sockaddr socklen",
    "system":
        "hostname ioprio ioprio_who kcmp_idx kexec_flags membarrier_cpu membarrier_result "
        "modify_ldt_ptr numbered_enum odd_uint pidfd_target ptr_u64 reboot_arg resumed_call "
        "sched_attr_arg sched_attr_got syslog_buf syslog_len syslog_type",
    "time":
        "clock_state clock_ticks clockid date date_ns file_times rlim rlim64 time_left",
    "uring":
        "io_uring_params io_uring_register_arg nonzero_hex numbered_op ring_file "
        "ring_offset ring_probe ring_resources ring_restriction ring_workers",
    "wait":
        "epoll_ctl_event epoll_data fdset old_select old_select_result poll_result "
        "pollfds select_result",
}
