#include "t.h"
#include <linux/openat2.h>
#include <sys/sysmacros.h>
#ifndef RENAME_EXCHANGE
#define RENAME_NOREPLACE 1
#define RENAME_EXCHANGE 2
#define RENAME_WHITEOUT 4
#endif
static int O(const char *p, int f) {
    int r = open(p, f, 0644);
    if (r >= 0)
        close(r);
    return r >= 0 ? 0 : -1;
}
static int O2(int d, const char *p, long fl, long mode, long res) {
    struct open_how h = {fl, mode, res};
    int r = syscall(SYS_openat2, d, p, &h, sizeof h);
    if (r >= 0)
        close(r);
    return r >= 0 ? 0 : -1;
}
static int ren(const char *a, const char *b, int f) {
    return syscall(SYS_renameat2, AT_FDCWD, a, AT_FDCWD, b, f);
}
static void setup(void) {
    unlink("f");
    mkdir("d", 0755);
    mkdir("d/e", 0755);
    mkdir("full", 0755);
    O("full/x", O_CREAT | O_WRONLY);
    O("f", O_CREAT | O_WRONLY);
    symlink("f", "lf");
    symlink("d", "ld");
    symlink("none", "ldang");
    symlink("loop", "loop");
    mkfifo("ff", 0600);
    symlink("d/e", "lde");
    O("g", O_CREAT | O_WRONLY);
    mkdir("h", 0755);
}
int main() {
    init();
    alarm(100);
    signal(SIGXFSZ, onsig);
    char b[70000];
    struct stat st;
    umask(022);
    setup();
    const char *ps[] = {"f",      "d",   "lf", "ld",   "ldang",  "loop", "ff",  "none",
                        "f/",     "f/x", "d/", "d/.",  "d/..",   "d/e",  "lf/", "none/",
                        "none/x", "",    ".",  "full", "full/x", "h",    "g",   "d/e/z"};
    int n = sizeof ps / sizeof *ps;
    for (int i = 0; i < n; i++)
        for (int j = 0; j < n; j++)
            for (int f = 0; f < 4; f++) {
                errno = 0;
                int r = ren(ps[i], ps[j], f);
                printf("ren %s %s %d: %d %s\n", ps[i], ps[j], f, r, r < 0 ? en(errno) : "");
                if (!r) {
                    setup();
                    if (f == 2)
                        ren(ps[i], ps[j], f);
                    else {
                        ren(ps[j], ps[i], 0);
                    }
                    setup();
                }
            }
    for (int i = 0; i < n; i++) {
        errno = 0;
        int r = unlink(ps[i]);
        int e = errno;
        printf("unlink %s %d %s\n", ps[i], r, r ? en(e) : "");
        setup();
        r = rmdir(ps[i]);
        printf("rmdir %s %d %s\n", ps[i], r, r ? en(errno) : "");
        setup();
        r = unlinkat(AT_FDCWD, ps[i], AT_REMOVEDIR);
        setup();
        r = link(ps[i], "newl");
        printf("link %s %d %s\n", ps[i], r, r ? en(errno) : "");
        unlink("newl");
        r = truncate(ps[i], 3);
        printf("trunc %s %d %s\n", ps[i], r, r ? en(errno) : "");
        for (int res = 2; res < 32; res <<= 1) {
            r = O2(AT_FDCWD, ps[i], O_RDONLY | O_NONBLOCK, 0, res);
            printf("openat2 %s %#x %d %s\n", ps[i], res, r, r < 0 ? en(errno) : "");
        }
    }
    int d = open("d", O_RDONLY | O_DIRECTORY), pd = open("d", O_PATH);
    const char *qs[] = {"e",    "../f", "e/../e", "e/../../f",  "abs",       "up",
                        "upin", ".",    "..",     "magic/root", "magic/cwd", "e/.."};
    symlink("/etc/passwd", "d/abs");
    symlink("../f", "d/up");
    symlink("e/../e", "d/upin");
    symlink("/proc/self", "d/magic");
    for (int i = 0; i < sizeof qs / sizeof *qs; i++)
        for (int res = 0; res < 32; res++) {
            int r = O2(d, qs[i], O_RDONLY, 0, res);
            printf("res %s %#x %d %s\n", qs[i], res, r, r < 0 ? en(errno) : "");
        }
    T(O2(d, "e", O_RDONLY, 0, 64));
    T(O2(d, "e", O_RDONLY, 0644, 0));
    T(O2(d, "e", 1L << 40, 0, 0));
    T(O2(d, "e", O_CREAT, 01000000, 0));
    T(O2(d, "e", O_PATH | O_RDWR, 0, 0));
    T(O2(d, "e", O_PATH | O_CLOEXEC | O_NOFOLLOW, 0, 0));
    T(O2(d, "newf", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH));
    T(O2(d, "../newf", O_CREAT | O_RDWR, 0600, RESOLVE_BENEATH));
    T(O2(d, "../newf", O_CREAT | O_RDWR, 0600, RESOLVE_IN_ROOT));
    T(access("d/newf", 0));
    T(O2(d, ".", O_TMPFILE | O_RDWR, 0600, RESOLVE_BENEATH));
    T(O2(d, "e", O_RDONLY, 0, RESOLVE_BENEATH | RESOLVE_IN_ROOT));
    {
        struct open_how h = {O_RDONLY};
        char big[64] = {0};
        memcpy(big, &h, sizeof h);
        T(syscall(SYS_openat2, d, "e", &h, 8));
        T(syscall(SYS_openat2, d, "e", big, 64) >= 0);
        big[30] = 1;
        T(syscall(SYS_openat2, d, "e", big, 64));
        T(syscall(SYS_openat2, d, "e", big, 5000));
        T(syscall(SYS_openat2, d, "e", 0, 24));
    }
    // O_PATH
    T(read(pd, b, 1));
    T(fstat(pd, &st));
    T(fchmod(pd, 0755));
    T(fchown(pd, 0, 0));
    T(fchdir(pd));
    T(chdir(".."));
    T(ioctl(pd, FIONREAD, b));
    T(fcntl(pd, F_GETFL));
    T(fcntl(pd, F_SETFL, 0));
    T(fcntl(pd, F_GETFD));
    T(fcntl(pd, F_DUPFD, 40) >= 40);
    T(fcntl(pd, F_GETLK, b));
    T(flock(pd, LOCK_SH));
    T(lseek(pd, 0, 0));
    T(syscall(SYS_getdents64, pd, b, 100));
    T(fgetxattr(pd, "user.x", b, 10));
    T(fsync(pd));
    T(fstatfs(pd, (void *)b));
    T(ftruncate(pd, 0));
    T(mmap(0, 4096, 1, MAP_PRIVATE, pd, 0) == MAP_FAILED);
    T(dup(pd) >= 0);
    T(openat(pd, "e", O_RDONLY) >= 0);
    T(fstatat(pd, "", &st, AT_EMPTY_PATH));
    T(fchmodat(pd, "e", 0755, 0));
    T(utimensat(pd, 0, 0, 0));
    {
        int lp = open("lf", O_PATH | O_NOFOLLOW);
        T(readlinkat(lp, "", b, 100));
        T(fstat(lp, &st));
        SHOW(S_ISLNK(st.st_mode));
        T(openat(lp, "", O_RDONLY));
        T(linkat(lp, "", AT_FDCWD, "lnew", AT_EMPTY_PATH));
        char pn[50];
        sprintf(pn, "/proc/self/fd/%d", lp);
        T(open(pn, O_RDONLY));
        T(readlink(pn, b, 100) > 0);
    }
    // tmpfile
    int t = open(".", O_TMPFILE | O_RDWR, 0640);
    T(fstat(t, &st));
    printf("%o %ld\n", st.st_mode, (long)st.st_nlink);
    T(write(t, "tmp", 3));
    char pn[50];
    sprintf(pn, "/proc/self/fd/%d", t);
    T(linkat(AT_FDCWD, pn, AT_FDCWD, "tmplink", AT_SYMLINK_FOLLOW));
    T(fstat(t, &st));
    SHOW(st.st_nlink);
    T(linkat(t, "", AT_FDCWD, "tmplink2", AT_EMPTY_PATH));
    SHOW(O("tmplink2", O_RDONLY));
    int te = open(".", O_TMPFILE | O_RDWR | O_EXCL, 0600);
    sprintf(pn, "/proc/self/fd/%d", te);
    T(linkat(AT_FDCWD, pn, AT_FDCWD, "tmplink3", AT_SYMLINK_FOLLOW));
    int ul = open("unl", O_CREAT | O_RDWR, 0600);
    unlink("unl");
    sprintf(pn, "/proc/self/fd/%d", ul);
    T(linkat(AT_FDCWD, pn, AT_FDCWD, "unl2", AT_SYMLINK_FOLLOW));
    T(O(pn, O_RDWR));
    // truncate/fallocate
    int f = open("data", O_CREAT | O_RDWR, 0600);
    T(ftruncate(f, 10000));
    T(lseek(f, 0, SEEK_HOLE));
    T(lseek(f, 0, SEEK_DATA));
    T(pwrite(f, "x", 1, 8192));
    T(lseek(f, 20000, SEEK_DATA));
    T(lseek(f, 20000, SEEK_HOLE));
    T(lseek(f, -1, SEEK_SET));
    T(lseek(f, -1, SEEK_CUR));
    T(lseek(f, 0, 5));
    T(lseek(f, 0, -1));
    T(lseek(f, 0, SEEK_SET));
    T(fallocate(f, 0, 0, 20000));
    T(fstat(f, &st));
    SHOW(st.st_size);
    T(fallocate(f, 1, 20000, 10000));
    T(fstat(f, &st));
    SHOW(st.st_size);
    T(fallocate(f, 2, 0, 10));
    T(fallocate(f, 3, 0, 4096));
    T(fallocate(f, 0, -1, 5));
    T(fallocate(f, 0, 5, 0));
    T(fallocate(f, 0x100, 0, 5));
    T(fallocate(f, 0, LONG_MAX, 5));
    int ro = open("data", O_RDONLY);
    T(fallocate(ro, 0, 0, 5));
    T(ftruncate(ro, 0));
    T(fallocate(d, 0, 0, 1));
    int ap = open("data", O_RDWR | O_APPEND);
    T(pwrite(ap, "end", 3, 0));
    T(fstat(f, &st));
    SHOW(st.st_size);
    T(lseek(ap, 0, SEEK_CUR));
    T(write(ap, "e", 1));
    T(lseek(ap, 0, SEEK_CUR));
    struct rlimit rl = {30000, RLIM_INFINITY};
    setrlimit(RLIMIT_FSIZE, &rl);
    T(ftruncate(f, 40000));
    SHOW(sigs[SIGXFSZ]);
    T(pwrite(f, b, 100, 29950));
    T(pwrite(f, b, 100, 30000));
    SHOW(sigs[SIGXFSZ]);
    T(fallocate(f, 0, 0, 40000));
    SHOW(sigs[SIGXFSZ]);
    rl.rlim_cur = RLIM_INFINITY;
    setrlimit(RLIMIT_FSIZE, &rl);
    // xattr
    T(setxattr("data", "user.a", "val", 3, 0));
    T(setxattr("data", "user.a", "val2", 4, XATTR_CREATE));
    T(setxattr("data", "user.b", "v", 1, XATTR_REPLACE));
    T(setxattr("data", "user.a", "val2", 4, XATTR_REPLACE));
    T(setxattr("data", "user.", 0, 0, 0));
    T(setxattr("data", "nope.x", "v", 1, 0));
    T(setxattr("data", "", "v", 1, 0));
    T(setxattr("data", "user.e", "", 0, 0));
    T(getxattr("data", "user.a", b, 0));
    T(getxattr("data", "user.a", b, 2));
    T(getxattr("data", "user.a", b, 100));
    T(getxattr("data", "user.z", b, 100));
    T(listxattr("data", b, 0));
    T(listxattr("data", b, 3));
    T(listxattr("data", b, 1000));
    T(setxattr("data", "trusted.t", "1", 1, 0));
    T(setxattr("data", "security.s", "1", 1, 0));
    T(listxattr("data", b, 1000));
    T(removexattr("data", "user.a"));
    T(removexattr("data", "user.a"));
    T(lsetxattr("lf", "user.a", "v", 1, 0));
    T(setxattr("d", "user.dir", "v", 1, 0));
    T(setxattr("ff", "user.dir", "v", 1, 0));
    T(lgetxattr("lf", "user.a", b, 10));
    {
        char l[300] = "user.";
        memset(l + 5, 'n', 294);
        l[299] = 0;
        T(setxattr("data", l, "v", 1, 0));
        l[255] = 0;
        T(setxattr("data", l, "v", 1, 0));
    }
    T(setxattr("data", "user.big", b, 65537, 0));
    T(setxattr("data", "user.x", "v", 1, 7));
    T(setxattr("data", (void *)1, "v", 1, 0));
    T(setxattr("data", "system.x", "v", 1, 0));
    // sendfile, copy_file_range
    int o = open("out", O_CREAT | O_RDWR | O_TRUNC, 0600);
    off_t of = 0;
    T(sendfile(o, f, &of, 100));
    SHOW(of);
    T(sendfile(o, f, 0, 100));
    T(lseek(f, 0, SEEK_CUR));
    of = -1;
    T(sendfile(o, f, &of, 1));
    of = 1L << 40;
    T(sendfile(o, f, &of, 1));
    T(sendfile(o, d, 0, 1));
    T(sendfile(ro, f, 0, 1));
    T(sendfile(ap, f, 0, 1));
    int pp[2];
    pipe(pp);
    T(sendfile(pp[1], f, 0, 10));
    T(sendfile(o, pp[0], 0, 10));
    T(sendfile(o, f, 0, 0));
    T(sendfile(o, f, 0, 1L << 40));
    loff_t a1 = 0, a2 = 5;
    T(copy_file_range(f, &a1, o, &a2, 100, 0));
    SHOW(a1);
    SHOW(a2);
    T(copy_file_range(f, &a1, f, &a2, 100, 0));
    a2 = 1000;
    T(copy_file_range(f, &a1, f, &a2, 100, 0));
    T(copy_file_range(f, 0, o, 0, 1, 1));
    T(copy_file_range(f, 0, ap, 0, 1, 0));
    T(copy_file_range(ro, 0, ro, 0, 1, 0));
    T(copy_file_range(pp[0], 0, o, 0, 1, 0));
    T(copy_file_range(d, 0, o, 0, 1, 0));
    T(copy_file_range(f, 0, d, 0, 1, 0));
    a1 = 1L << 40;
    T(copy_file_range(f, &a1, o, 0, 1, 0));
    a1 = -1;
    T(copy_file_range(f, &a1, o, 0, 1, 0));
    // mknod & perms
    T(mknod("cdev", S_IFCHR | 0600, makedev(1, 3)));
    T(O("cdev", O_RDWR));
    T(mknod("sk", S_IFSOCK | 0600, 0));
    T(O("sk", O_RDWR));
    T(mknod("z", S_IFLNK | 0600, 0));
    T(mknod("z", 0600, 0));
    T(mknod("zz", 0xf000 | 0600, 0));
    T(mknod("none/z", S_IFREG, 0));
    T(mkdir("d/e", 0));
    T(mkdir("f/x", 0));
    {
        char l[300];
        memset(l, 'q', 299);
        l[299] = 0;
        T(mkdir(l, 0700));
        l[255] = 0;
        T(mkdir(l, 0700));
        T(O(l, O_RDONLY));
        char pth[5000];
        memset(pth, '/', 4999);
        pth[4999] = 0;
        T(O(pth, 0));
        pth[4095] = 0;
        T(O(pth, 0));
        memcpy(pth, "x/", 2);
        T(O(pth, 0));
    }
    setresgid(-1, 1000, -1);
    setresuid(-1, 1000, -1);
    T(O("f", O_RDONLY));
    T(O("f", O_WRONLY));
    T(O("data", O_RDONLY));
    T(unlink("f"));
    T(mkdir("x", 0));
    T(rename("f", "f2"));
    T(chmod("f", 0777));
    T(chown("f", 1000, -1));
    T(truncate("f", 0));
    T(utimensat(AT_FDCWD, "f", 0, 0));
    T(utimensat(AT_FDCWD, "f", (struct timespec[2]){{1, 0}, {1, 0}}, 0));
    T(setxattr("f", "user.q", "v", 1, 0));
    T(mknod("c2", S_IFCHR, 0));
    T(chroot("d"));
    T(O("d", O_TMPFILE | O_RDWR));
    T(access("data", R_OK));
    T(faccessat(AT_FDCWD, "data", R_OK, AT_EACCESS));
    setresuid(-1, 0, -1);
    mkdir("sticky", 01777);
    chmod("sticky", 01777);
    O("sticky/a", O_CREAT);
    setresuid(-1, 1000, -1);
    T(unlink("sticky/a"));
    T(rename("sticky/a", "sticky/b"));
    T(O("sticky/a", O_CREAT | O_RDWR));
    T(O("sticky/c", O_CREAT | O_RDWR));
    T(unlink("sticky/c"));
    return 0;
}
