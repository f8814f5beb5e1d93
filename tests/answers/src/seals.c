#include "t.h"
/* mseal, move_pages, migrate_pages, cachestat, what pidfds and security modules are asked */
#define PG 4096L
#define MSEAL 462
#define S(n, ...) X(syscall(n, __VA_ARGS__))
static char *map(char *at, long pages, int prot, int flags) {
    return mmap(at, pages * PG, prot, MAP_PRIVATE | MAP_ANONYMOUS | flags, -1, 0);
}
int main() {
    init();
    char *p = map(0, 8, 3, 0), *q = map(0, 4, 3, 0);
    int status[3] = {7, 7, 7}, to[3] = {0, 0, 1};
    void *pages[3] = {p, p + PG, (void *)16};
    unsigned long node = 1, none = 0, second = 2;

    p[0] = 1;
    S(SYS_move_pages, 0, 3L, pages, 0L, status, 0);
    printf("%d %d %d\n", status[0], status[1], status[2]);
    S(SYS_move_pages, 0, 2L, pages, to, status, 2);
    printf("%d %d\n", status[0], status[1]);
    S(SYS_move_pages, 0, 3L, pages, to, status, 2);
    S(SYS_move_pages, 0, 3L, pages, 0L, 0L, 0);
    S(SYS_move_pages, 0, 3L, 0L, 0L, status, 0);
    S(SYS_move_pages, 0, 1L, pages, 0L, status, 1);
    S(SYS_move_pages, 99999, 1L, pages, 0L, status, 0);
    S(SYS_move_pages, 0, 0L, 0L, 0L, 0L, 0);
    S(SYS_migrate_pages, 0, 64L, &node, &node);
    S(SYS_migrate_pages, 0, 64L, &node, &none);
    S(SYS_migrate_pages, 0, 64L, 16L, &node);
    S(SYS_migrate_pages, 99999, 64L, &node, &node);

    S(MSEAL, p + 1, PG, 0L);
    S(MSEAL, p, PG, 1L);
    S(MSEAL, p, -PG, 0L);
    S(MSEAL, p, -1L, 0L);
    S(MSEAL, 0L, PG, 0L);
    S(MSEAL, p, 0L, 0L);
    X(munmap(q + PG, PG));
    S(MSEAL, q, 3 * PG, 0L);
    X(munmap(q + 3 * PG, PG));
    X(mprotect(p + 6 * PG, PG, PROT_READ));
    S(MSEAL, p + 2 * PG, 2 * PG, 0L);
    S(MSEAL, p + 2 * PG, 2 * PG, 0L);
    S(MSEAL, p + 6 * PG, PG, 0L);
    p[2 * PG] = 5;
    X(munmap(p + PG, 2 * PG));
    p[PG] = 1;
    X(munmap(p + PG, PG));
    X(mprotect(p + 2 * PG, PG, PROT_READ));
    X(mprotect(p + 3 * PG, PG, 3));
    X(mprotect(p + 4 * PG, PG, PROT_READ));
    X(madvise(p + 2 * PG, PG, MADV_DONTNEED));
    printf("%d\n", p[2 * PG]);
    X(madvise(p + 6 * PG, PG, MADV_DONTNEED));
    X(madvise(p + 6 * PG, PG, MADV_WILLNEED));
    X(map(p + 3 * PG, 1, 3, MAP_FIXED) == MAP_FAILED ? -1 : 0);
    X(map(p + 3 * PG, 1, 3, 0x100000) == MAP_FAILED ? -1 : 0);
    X(mremap(p + 2 * PG, 2 * PG, PG, 0) == MAP_FAILED ? -1 : 0);
    X(mremap(p + 2 * PG, PG, 2 * PG, MREMAP_MAYMOVE) == MAP_FAILED ? -1 : 0);
    X(mremap(p + 4 * PG, PG, PG, MREMAP_MAYMOVE | MREMAP_FIXED, p + 3 * PG) == MAP_FAILED ? -1 : 0);
    X(munmap(p + 4 * PG, 2 * PG));

    unsigned long long area[2] = {0, 0}, found[5];
    int f = open("cached", O_CREAT | O_RDWR, 0600);
    write(f, p, 2);
    S(451, f, area, found, 0);
    printf("%d\n", (int)found[0]);
    area[0] = 4096, area[1] = 100;
    S(451, f, area, found, 0);
    printf("%d\n", (int)found[0]);
    S(451, f, area, found, 1);
    S(451, -1, area, found, 0);
    S(451, f, 16L, found, 0);
    S(451, f, area, 16L, 0);

    int pid = fork();
    if (!pid)
        for (;;)
            pause();
    int fd = syscall(SYS_pidfd_open, pid, 0);
    struct iovec v[2] = {{p, PG}, {q + PG, PG}};
    S(440, fd, v, 1L, MADV_COLD, 0);
    S(440, fd, v, 2L, MADV_COLD, 0);
    S(440, fd, v + 1, 1L, MADV_COLD, 0);
    S(440, fd, v, 1L, MADV_DONTNEED, 0);
    S(440, fd, v, 1L, MADV_COLD, 1);
    S(440, f, v, 1L, MADV_COLD, 0);
    S(440, fd, 16L, 1L, MADV_COLD, 0);
    S(440, fd, v, 2000L, MADV_COLD, 0);
    S(448, fd, 0);
    S(448, fd, 1);
    S(448, f, 0);
    S(SYS_pidfd_getfd, fd, 99, 0);
    S(SYS_pidfd_getfd, fd, 1, 1);
    kill(pid, SIGKILL);
    waitid(P_PID, pid, 0, WEXITED | WNOWAIT);
    S(448, fd, 0);
    S(440, fd, v, 1L, MADV_COLD, 0);
    waitpid(pid, 0, 0);
    S(448, fd, 0);
    S(440, fd, v, 1L, MADV_COLD, 0);

    unsigned long long ids[32];
    unsigned size = 4;
    S(461, ids, &size, 0);
    S(461, ids, &size, 1);
    S(461, ids, 16L, 0);
    size = sizeof ids;
    S(461, 16L, &size, 0);
    S(459, 0, ids, &size, 0);
    S(459, 100, ids, 0L, 0);
    S(459, 100, ids, 16L, 0);
    S(459, 100, ids, &size, 2);
    S(459, 100, 0L, &size, 1);
    memset(ids, 0, sizeof ids);
    S(459, 100, ids, &size, 1);
    S(460, 100, ids, 31, 0);
    S(460, 100, ids, 32, 1);
    S(460, 100, ids, 5000, 0);
    S(460, 100, 16L, 32, 0);
    S(460, 100, ids, 32, 0);
    ids[0] = 100, ids[2] = 40, ids[3] = 8;
    S(460, 100, ids, 32, 0);

    S(SYS_sysfs, 9, 0L, 0L);
    S(SYS_sysfs, 1, "no such type", 0L);
    S(SYS_sysfs, 1, 16L, 0L);
    S(SYS_sysfs, 2, 1000L, ids);
    S(SYS_sysfs, 2, 0L, 16L);
    return 0;
}
