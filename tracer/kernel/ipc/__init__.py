"""System V and POSIX inter-process communication (sysvipc(7), mq_overview(7))."""
