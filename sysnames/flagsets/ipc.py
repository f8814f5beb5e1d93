"""Sets of constants: System V IPC, POSIX message queues."""
from __future__ import annotations

HEADERS = """
asm/fcntl.h linux/ipc.h linux/msg.h linux/sem.h linux/shm.h
"""

SETS = """
ipc_msg_flags flags MSG_???
    MSG_NOERROR MSG_EXCEPT MSG_COPY IPC_NOWAIT
ipc_private enum -
    IPC_PRIVATE
ipccalls enum udec -
    SEMOP SEMGET SEMCTL SEMTIMEDOP MSGSND MSGRCV MSGGET MSGCTL SHMAT SHMDT SHMGET SHMCTL
mq_attr_flags flags O_???
    O_NONBLOCK
msgctl_flags flags MSG_???
    IPC_RMID IPC_SET IPC_STAT IPC_INFO MSG_STAT MSG_INFO MSG_STAT_ANY
resource_flags flags -
    IPC_CREAT IPC_EXCL IPC_NOWAIT
semctl_flags flags SEM_???
    IPC_RMID IPC_SET IPC_STAT IPC_INFO GETPID GETVAL GETALL GETNCNT GETZCNT SETVAL SETALL
    SEM_STAT SEM_INFO SEM_STAT_ANY
semop_flags flags SEM_???
    SEM_UNDO IPC_NOWAIT
shm_flags flags SHM_???
    SHM_RDONLY SHM_RND SHM_REMAP SHM_EXEC
shm_resource_flags flags -
    IPC_CREAT IPC_EXCL SHM_HUGETLB SHM_NORESERVE
shmctl_flags flags SHM_???
    IPC_RMID IPC_SET IPC_STAT IPC_INFO SHM_LOCK SHM_UNLOCK SHM_STAT SHM_INFO SHM_STAT_ANY
"""
