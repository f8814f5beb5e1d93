"""Made by `python -m tracer.kernel.calls`; do not edit."""

MODULES = {
    "adjtime":
        "adjtimex clock_adjtime clock_adjtime64",
    "aio":
        "io_cancel io_destroy io_getevents io_pgetevents io_pgetevents_time64 io_setup io_submit",
    "arch":
        "arch_prctl breakpoint cacheflush get_thread_area get_tls modify_ldt set_thread_area "
        "set_tls usr26 usr32",
    "attributes":
        "chmod chown chown32 fchmod fchmodat fchmodat2 fchown fchown32 fchownat futimesat lchown "
        "lchown32 utime utimensat utimensat_time64 utimes",
    "bpf":
        "bpf",
    "caps":
        "capget capset",
    "clocks":
        "clock_getres clock_getres_time64 clock_gettime clock_gettime64 clock_settime "
        "clock_settime64 gettimeofday settimeofday stime time times",
    "descriptors":
        "close close_range dup dup2 dup3 flock pipe pipe2",
    "directory":
        "chdir chroot fchdir getcwd getdents getdents64 link linkat mkdir mkdirat mknod mknodat "
        "readdir rename renameat renameat2 rmdir symlink symlinkat umask unlink unlinkat",
    "epoll":
        "epoll_create epoll_create1 epoll_ctl epoll_pwait epoll_pwait2 epoll_wait",
    "eventfds":
        "eventfd eventfd2",
    "fcntl":
        "fcntl fcntl64",
    "filesystem":
        "acct fstatfs fstatfs64 mount pivot_root quotactl quotactl_fd statfs statfs64 swapoff "
        "swapon sysfs umount umount2 ustat vhangup",
    "futex":
        "futex futex_requeue futex_time64 futex_wait futex_waitv futex_wake",
    "ids":
        "getegid getegid32 geteuid geteuid32 getgid getgid32 getgroups getgroups32 getresgid "
        "getresgid32 getresuid getresuid32 getuid getuid32 setfsgid setfsgid32 setfsuid "
        "setfsuid32 setgid setgid32 setgroups setgroups32 setregid setregid32 setresgid "
        "setresgid32 setresuid setresuid32 setreuid setreuid32 setuid setuid32",
    "inotify":
        "inotify_add_watch inotify_init inotify_init1 inotify_rm_watch",
    "ioctl":
        "ioctl",
    "itimers":
        "alarm getitimer setitimer",
    "keys":
        "add_key keyctl request_key",
    "limits":
        "getrlimit getrusage prlimit64 setrlimit ugetrlimit",
    "lsm":
        "lsm_get_self_attr lsm_list_modules lsm_set_self_attr",
    "memory":
        "brk madvise mincore mlock mlock2 mlockall mmap mmap2 mmap@32 mprotect mremap mseal msync "
        "munlock munlockall munmap pkey_alloc pkey_free pkey_mprotect remap_file_pages",
    "mqueue":
        "mq_getsetattr mq_notify mq_open mq_timedreceive mq_timedreceive_time64 mq_timedsend "
        "mq_timedsend_time64 mq_unlink",
    "namespaces":
        "setns unshare",
    "numa":
        "get_mempolicy mbind migrate_pages move_pages set_mempolicy set_mempolicy_home_node",
    "open":
        "creat memfd_create name_to_handle_at open open_by_handle_at openat openat2",
    "pidfd":
        "pidfd_getfd pidfd_open process_madvise process_mrelease",
    "poll":
        "_newselect poll ppoll ppoll_time64 pselect6 pselect6_time64 select",
    "prctl":
        "prctl",
    "process":
        "clone clone3 execve execveat exit exit_group fork restart_syscall vfork wait4 waitid "
        "waitpid",
    "ptrace":
        "ptrace",
    "readwrite":
        "_llseek lseek pread64 preadv preadv2 pwrite64 pwritev pwritev2 read readv write writev",
    "scheduling":
        "getcpu getpriority ioprio_get ioprio_set nice sched_get_priority_max "
        "sched_get_priority_min sched_getaffinity sched_getattr sched_getparam sched_getscheduler "
        "sched_rr_get_interval sched_rr_get_interval_time64 sched_setaffinity sched_setattr "
        "sched_setparam sched_setscheduler sched_yield setpriority",
    "seccomp":
        "seccomp",
    "sessions":
        "getpgid getpgrp getpid getppid getsid gettid setpgid setsid",
    "signal":
        "kill pause pidfd_send_signal rt_sigaction rt_sigpending rt_sigprocmask rt_sigqueueinfo "
        "rt_sigreturn rt_sigsuspend rt_sigtimedwait rt_sigtimedwait_time64 rt_tgsigqueueinfo "
        "sgetmask sigaction sigaltstack signal signalfd signalfd4 sigpending sigprocmask "
        "sigreturn sigsuspend ssetmask tgkill tkill",
    "sleep":
        "clock_nanosleep clock_nanosleep_time64 nanosleep",
    "socketmessages":
        "recv recvfrom recvmmsg recvmmsg_time64 recvmsg send sendmmsg sendmsg sendto",
    "sockets":
        "accept accept4 bind connect getpeername getsockname getsockopt listen setsockopt "
        "shutdown socket socketcall socketpair",
    "space":
        "arm_fadvise64_64 cachestat fadvise64 fadvise64_64 fallocate fdatasync fsync ftruncate "
        "ftruncate64 readahead sync sync_file_range sync_file_range2 syncfs truncate truncate64",
    "splice":
        "copy_file_range sendfile sendfile64 splice tee vmsplice",
    "stat":
        "access faccessat faccessat2 fstat fstat64 fstatat64 lstat lstat64 newfstatat "
        "oldfstat@i386 oldlstat@i386 oldstat@i386 readlink readlinkat stat stat64 statx",
    "system":
        "getrandom oldolduname olduname personality reboot setdomainname sethostname sysinfo "
        "syslog uname",
    "sysvipc":
        "ipc msgctl msgctl@arm msgctl@arm_oabi msgget msgrcv msgsnd semctl semctl@arm "
        "semctl@arm_oabi semget semop semtimedop semtimedop_time64 shmat shmctl shmctl@arm "
        "shmctl@arm_oabi shmdt shmget",
    "threads":
        "get_robust_list kcmp membarrier rseq set_robust_list set_tid_address",
    "timerfd":
        "timerfd_create timerfd_gettime timerfd_gettime64 timerfd_settime timerfd_settime64",
    "timers":
        "timer_create timer_delete timer_getoverrun timer_gettime timer_gettime64 timer_settime "
        "timer_settime64",
    "userfaultfd":
        "userfaultfd",
    "vmcopy":
        "process_vm_readv process_vm_writev",
    "xattr":
        "fgetxattr flistxattr fremovexattr fsetxattr getxattr getxattrat lgetxattr listxattr "
        "listxattrat llistxattr lremovexattr lsetxattr removexattr removexattrat setxattr "
        "setxattrat",
}
