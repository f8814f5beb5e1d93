#include "t.h"
#include <setjmp.h>
static sigjmp_buf jb;
static void h(int s, siginfo_t *i, void *u) {
    siglongjmp(jb, s * 100 + i->si_code);
}
#define TRY(e)                                                                                     \
    ({                                                                                             \
        int c_ = sigsetjmp(jb, 1);                                                                 \
        if (!c_) {                                                                                 \
            volatile long v_ = (long)(e);                                                          \
            printf("%d %s ok %ld\n", __LINE__, #e, v_);                                            \
        } else                                                                                     \
            printf("%d %s SIG %d code %d\n", __LINE__, #e, c_ / 100, c_ % 100);                    \
        0;                                                                                         \
    })
#define PG 4096
#ifndef MADV_POPULATE_READ
#define MADV_POPULATE_READ 22
#define MADV_POPULATE_WRITE 23
#endif
static char *M(void *a, size_t l, int p, int f, int fd, off_t o) {
    char *r = mmap(a, l, p, f, fd, o);
    return r;
}
#define V(e)                                                                                       \
    ({                                                                                             \
        errno = 0;                                                                                 \
        char *r_ = (e);                                                                            \
        printf("%d %s %s\n", __LINE__, #e, r_ == MAP_FAILED ? en(errno) : "ok");                   \
        r_;                                                                                        \
    })
int main() {
    init();
    struct sigaction sa = {.sa_sigaction = h, .sa_flags = SA_SIGINFO};
    sigaction(SIGSEGV, &sa, 0);
    sigaction(SIGBUS, &sa, 0);
    int f = open("m", O_CREAT | O_RDWR, 0600);
    char b[20000];
    ftruncate(f, 6000);
    char *s = V(M(0, 3 * PG, 3, MAP_SHARED, f, 0)), *p = V(M(0, 3 * PG, 3, MAP_PRIVATE, f, 0));
    strcpy(s, "shared");
    pread(f, b, 7, 0);
    puts(b);
    pwrite(f, "WRITE", 6, 0);
    puts(s);
    puts(p);
    strcpy(p, "mine");
    puts(s);
    pwrite(f, "again", 6, 0);
    puts(p);
    puts(s);
    TRY(s[PG + 100] = 1);
    TRY(s[6100] = 7);
    TRY(s[2 * PG]);
    TRY(s[2 * PG] = 1);
    TRY(p[2 * PG]);
    T(fstat(f, &(struct stat){}));
    T(pread(f, b, 100, 5990));
    ftruncate(f, 9000);
    TRY(s[2 * PG]);
    SHOW(s[6100]);
    ftruncate(f, 100);
    TRY(s[PG]);
    TRY(p[0]);
    TRY(p[PG]);
    ftruncate(f, 9000);
    SHOW(s[200]);
    SHOW(s[0]);
    T(msync(s, 3 * PG, MS_SYNC));
    T(msync(s + 1, PG, MS_SYNC));
    T(msync(s, PG, MS_SYNC | MS_ASYNC));
    T(msync(s, PG, 8));
    T(msync((void *)0x1000, PG, MS_ASYNC));
    T(msync(s, 0, MS_ASYNC));
    T(munmap(s + PG, PG));
    TRY(s[PG]);
    TRY(s[0]);
    TRY(s[2 * PG]);
    T(munmap(s + PG, PG));
    T(munmap(s, 0));
    T(munmap(s + 1, PG));
    // mprotect
    char *a = V(M(0, 8 * PG, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    memset(a, 1, 8 * PG);
    T(mprotect(a, PG, PROT_READ));
    TRY(a[0]);
    TRY(a[0] = 2);
    T(mprotect(a, PG, PROT_NONE));
    TRY(a[0]);
    T(mprotect(a + 1, PG, 3));
    T(mprotect(a, PG, 3));
    T(mprotect(a, 0, 3));
    T(mprotect(a + 8 * PG + PG * 1000000L, PG, 3));
    T(mprotect(a, PG, 0x100));
    int r = open("m", O_RDONLY);
    V(M(0, PG, 3, MAP_SHARED, r, 0));
    char *ro = V(M(0, PG, 1, MAP_SHARED, r, 0));
    T(mprotect(ro, PG, 3));
    V(M(0, PG, 3, MAP_PRIVATE, r, 0));
    int w = open("m", O_WRONLY);
    V(M(0, PG, 1, MAP_SHARED, w, 0));
    V(M(0, PG, 1, MAP_PRIVATE, w, 0));
    // errors
    V(M(0, 0, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, PG, 3, MAP_ANONYMOUS, -1, 0));
    V(M(0, PG, 3, MAP_PRIVATE, -1, 0));
    V(M(0, PG, 3, MAP_PRIVATE, f, 1));
    V(M((void *)1, PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0));
    V(M(0, PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1, 0) + 0 >= (char *)0 ? (char *)0 : 0);
    V(M(a, PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | 0x100000, -1, 0));
    V(M(0, PG, 3, 3, f, 0));
    V(M(0, PG, 3, 3 | 0x80000, f, 0));
    V(M(0, PG, 3, MAP_SHARED | MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, (size_t)1 << 62, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, -PG, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    int d = open(".", O_RDONLY);
    V(M(0, PG, 1, MAP_PRIVATE, d, 0));
    int pp[2];
    pipe(pp);
    V(M(0, PG, 1, MAP_PRIVATE, pp[0], 0));
    V(M(0, PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_HUGETLB, -1, 0));
    // mremap
    char *m = V(M(0, 4 * PG, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    strcpy(m, "one");
    strcpy(m + 3 * PG, "four");
    V(mremap(m, 4 * PG, 2 * PG, 0));
    TRY(m[3 * PG]);
    char *m2 = V(mremap(m, 2 * PG, 100 * PG, MREMAP_MAYMOVE));
    puts(m2);
    SHOW(m2[50 * PG]);
    V(mremap(m2, 100 * PG, 200 * PG, 0) == MAP_FAILED ? (char *)0 : (char *)0);
    V(mremap(m2 + 1, PG, PG, 0));
    V(mremap(m2, PG, 0, 0));
    V(mremap((void *)0x10000, PG, PG, 0));
    V(mremap(m2, PG, PG, 8));
    V(mremap(m2, PG, PG, MREMAP_FIXED, m2 + PG));
    V(mremap(m2, 2 * PG, 2 * PG, MREMAP_FIXED | MREMAP_MAYMOVE, m2 + PG));
    char *tgt = V(M(0, 4 * PG, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    SHOW(mremap(m2, 2 * PG, 2 * PG, MREMAP_FIXED | MREMAP_MAYMOVE, tgt) == tgt);
    puts(tgt);
    TRY(m2[0]);
    char *du = V(mremap(tgt, PG, PG, 4 | MREMAP_MAYMOVE, 0L));
    if (du != MAP_FAILED)
        puts(du);
    SHOW(tgt[0]);
    V(mremap(ro, PG, 2 * PG, MREMAP_MAYMOVE));
    char *sh = V(M(0, 2 * PG, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    strcpy(sh, "dup");
    char *s2 = V(mremap(sh, 0, 2 * PG, MREMAP_MAYMOVE));
    if (s2 != MAP_FAILED) {
        puts(s2);
        strcpy(s2, "both");
        puts(sh);
    }
    V(mremap(a, 0, PG, MREMAP_MAYMOVE));
    // madvise
    strcpy(a, "data");
    T(madvise(a, PG, MADV_DONTNEED));
    SHOW(a[0]);
    strcpy(sh, "keep");
    T(madvise(sh, PG, MADV_DONTNEED));
    puts(sh);
    T(madvise(sh, PG, MADV_REMOVE));
    SHOW(sh[0]);
    T(madvise(a, PG, MADV_REMOVE));
    T(madvise(a, PG, MADV_FREE));
    T(madvise(sh, PG, MADV_FREE));
    T(madvise(a + 1, PG, MADV_DONTNEED));
    T(madvise(a, PG, 99));
    T(madvise(a, -1, MADV_DONTNEED));
    T(madvise((void *)0x10000, PG, MADV_DONTNEED));
    T(madvise(a, 0, MADV_DONTNEED));
    p = V(M(0, PG, 3, MAP_PRIVATE, f, 0));
    strcpy(p, "cow");
    T(madvise(p, PG, MADV_DONTNEED));
    printf("%.3s\n", p);
    T(madvise(a, PG, MADV_DONTFORK));
    T(madvise(a + PG, PG, MADV_WIPEONFORK));
    T(madvise(sh, PG, MADV_WIPEONFORK));
    memset(a, 5, 2 * PG);
    if (!fork()) {
        SHOW(a[PG]);
        TRY(a[0]);
        fflush(stdout);
        _exit(0);
    }
    wait(0);
    T(madvise(a, PG, MADV_DOFORK));
    T(madvise(a, PG, MADV_WILLNEED));
    T(madvise(a, PG, MADV_SEQUENTIAL));
    T(madvise(a, PG, MADV_POPULATE_READ));
    T(madvise(a, PG, MADV_POPULATE_WRITE));
    T(mprotect(a, PG, 0));
    T(madvise(a, PG, MADV_POPULATE_READ));
    T(mprotect(a, PG, 3));
    T(madvise(a, PG, MADV_HWPOISON) != 0);
    T(madvise(a, PG, MADV_COLD));
    T(madvise(a, PG, MADV_PAGEOUT));
    T(madvise(a, PG, MADV_MERGEABLE) >= -1);
    T(madvise(a, PG, MADV_HUGEPAGE) >= -1);
    T(madvise(a, PG, MADV_DODUMP));
    T(madvise(a, PG, MADV_DONTDUMP));
    T(madvise(a, PG, MADV_KEEPONFORK));
    unsigned char vec[16];
    T(mincore(a, 2 * PG, vec));
    T(mincore(a + 1, PG, vec));
    T(mincore((void *)0x10000, PG, vec));
    T(mincore(a, PG, (void *)1));
    // mlock
    T(mlock(a, PG));
    T(munlock(a, PG));
    T(mlock((void *)0x10000, PG));
    T(mlock2(a, PG, 2));
    T(mlock2(a, PG, 1));
    T(mlockall(0));
    T(mlockall(8));
    T(munlockall());
    struct rlimit rl = {2 * PG, 2 * PG};
    setresuid(-1, 1000, -1);
    setrlimit(RLIMIT_MEMLOCK, &rl);
    T(mlock(a, PG));
    T(mlock(a, 3 * PG));
    T(mlockall(MCL_CURRENT));
    V(M(0, 4 * PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_LOCKED, -1, 0));
    rl.rlim_cur = 0;
    setrlimit(RLIMIT_MEMLOCK, &rl);
    T(mlock(a, PG));
    T(munlock(a, PG));
    setresuid(-1, 0, -1);
    // growsdown
    char *gd = V(M(0, 4 * PG, 3, MAP_PRIVATE | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    TRY(gd[0] = 1);
    V(M(0, PG, 3, MAP_SHARED | MAP_ANONYMOUS | MAP_GROWSDOWN, -1, 0));
    V(M(0, PG, 1, MAP_PRIVATE | MAP_GROWSDOWN, f, 0));
    // limits
    getrlimit(RLIMIT_AS, &rl);
    struct rlimit old = rl;
    rl.rlim_cur = 64 << 20;
    setrlimit(RLIMIT_AS, &rl);
    V(M(0, 128 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, 128 << 20, 0, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0));
    V(M(0, 1 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(mremap(m2 + 2 * PG, PG, 128 << 20, MREMAP_MAYMOVE));
    setrlimit(RLIMIT_AS, &old);
    getrlimit(RLIMIT_DATA, &rl);
    old = rl;
    rl.rlim_cur = 16 << 20;
    setrlimit(RLIMIT_DATA, &rl);
    V(M(0, 32 << 20, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, 32 << 20, 1, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0));
    V(M(0, 32 << 20, 3, MAP_SHARED | MAP_ANONYMOUS, -1, 0));
    T(syscall(SYS_brk, 0) > 0);
    setrlimit(RLIMIT_DATA, &old);
    // process_vm etc
    struct iovec l = {b, 4}, rr = {sh, 4};
    strcpy(sh, "pvm");
    T(process_vm_readv(getpid(), &l, 1, &rr, 1, 0));
    puts(b);
    T(process_vm_readv(999999, &l, 1, &rr, 1, 0));
    rr.iov_base = (void *)8;
    T(process_vm_readv(getpid(), &l, 1, &rr, 1, 0));
    // shared across fork & write after unlink
    if (!fork()) {
        strcpy(sh, "fromchild");
        _exit(0);
    }
    wait(0);
    puts(sh);
    unlink("m");
    strcpy(s, "gone");
    pread(f, b, 5, 0);
    puts(b);
    int z = open("/dev/zero", O_RDWR);
    char *zz = V(M(0, PG, 3, MAP_SHARED, z, 0));
    SHOW(zz[5]);
    zz[5] = 3;
    SHOW(zz[5]);
    V(M(0, PG, 3, MAP_PRIVATE, open("/dev/null", O_RDWR), 0));
    int q = open("ap", O_CREAT | O_RDWR | O_APPEND, 0600);
    write(q, "0123456789", 10);
    char *am = V(M(0, PG, 3, MAP_SHARED, q, 0));
    am[0] = 'X';
    T(msync(am, PG, MS_SYNC));
    T(pread(q, b, 100, 0));
    printf("%.10s\n", b);
    munmap(am, PG);
    T(pread(q, b, 100, 0));
    printf("%.10s\n", b);
    T(mlock(0, 0));
    T(syscall(SYS_remap_file_pages, sh, PG, 0, 1, 0));
    T(syscall(SYS_membarrier, 0, 0, 0) > 0);
    T(syscall(SYS_mbind, a, PG, 0, 0, 0, 0));
    T(syscall(SYS_pkey_alloc, 0, 4));
    T(syscall(SYS_set_mempolicy, 0, 0, 0));
    return 0;
}
