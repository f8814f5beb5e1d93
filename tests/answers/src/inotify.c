#include "t.h"
#ifndef RENAME_EXCHANGE
#define RENAME_EXCHANGE 2
#endif
static int in;
static int base;
static void R(void) {
    static char b[65536];
    int r = read(in, b, sizeof b);
    if (r < 0) {
        printf("  read %s\n", en(errno));
        return;
    }
    unsigned ck[9];
    int nc = 0;
    for (char *p = b; p < b + r;) {
        struct inotify_event *e = (void *)p;
        int c = 0;
        if (e->cookie) {
            for (c = 0; c < nc; c++)
                if (ck[c] == e->cookie)
                    break;
            if (c == nc)
                ck[nc++] = e->cookie;
            c++;
        }
        printf("  wd %d mask %#x cookie %d len %d %s\n", e->wd, e->mask, c, e->len,
               e->len ? e->name : "");
        p += sizeof *e + e->len;
    }
}
#define D(e)                                                                                       \
    {                                                                                              \
        T(e);                                                                                      \
        R();                                                                                       \
    }
int main() {
    init();
    char b[100];
    T(inotify_init1(1));
    T((in = inotify_init1(IN_NONBLOCK)) >= 0);
    mkdir("d", 0755);
    mkdir("e", 0755);
    int w;
    T((w = inotify_add_watch(in, "d", IN_ALL_EVENTS)));
    T(inotify_add_watch(in, "e", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "none", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "d", 0));
    T(inotify_add_watch(99, "d", IN_ALL_EVENTS));
    T(inotify_add_watch(1, "d", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "d", IN_MASK_CREATE | IN_ALL_EVENTS));
    T(inotify_add_watch(in, "d", IN_MASK_CREATE | IN_MASK_ADD | IN_CREATE));
    T(inotify_rm_watch(in, 77));
    T(inotify_rm_watch(99, 1));
    int f;
    D((f = open("d/f", O_CREAT | O_RDWR, 0644)));
    D(write(f, "hello", 5));
    D(pread(f, b, 3, 0));
    D(pread(f, b, 0, 0));
    D(read(f, b, 3));
    D(write(f, "", 0));
    D(ftruncate(f, 2));
    D(ftruncate(f, 2));
    D(fchmod(f, 0600));
    D(fchown(f, 0, 0));
    D(futimens(f, 0));
    D(fsync(f));
    D(fallocate(f, 0, 0, 100));
    D(fsetxattr(f, "user.a", "b", 1, 0));
    D(fremovexattr(f, "user.a"));
    D(close(f));
    D((f = open("d/f", O_RDONLY)));
    D(read(f, b, 9));
    D(close(f));
    D(open("d/f", O_RDONLY | O_TRUNC));
    D(truncate("d/f", 10));
    D(chmod("d/f", 0644));
    D(utimensat(AT_FDCWD, "d/f", (struct timespec[2]){{0, UTIME_OMIT}, {5, 0}}, 0));
    D(utimensat(AT_FDCWD, "d/f", (struct timespec[2]){{5, 0}, {0, UTIME_OMIT}}, 0));
    D(utimensat(AT_FDCWD, "d/f", (struct timespec[2]){{0, UTIME_OMIT}, {0, UTIME_OMIT}}, 0));
    D(link("d/f", "d/g"));
    D(link("d/f", "e/h"));
    D(symlink("x", "d/s"));
    D(mkdir("d/sub", 0700));
    D(mkfifo("d/ff", 0600));
    D(mknod("d/nod", S_IFREG | 0600, 0));
    D(rename("d/f", "d/f2"));
    D(rename("d/f2", "e/f3"));
    D(rename("e/f3", "d/g2"));
    D(rename("d/g2", "d/nod"));
    D(unlink("d/g"));
    D(rmdir("d/sub"));
    D(unlink("d/s"));
    D(syscall(SYS_renameat2, AT_FDCWD, "d/ff", AT_FDCWD, "e/h", RENAME_EXCHANGE));
    D((f = open("d", O_RDONLY)));
    D(syscall(SYS_getdents64, f, b, sizeof b));
    D(close(f));
    D(chmod("d", 0711));
    D(access("d/nod", 0));
    int wf;
    T((wf = inotify_add_watch(in, "d/nod", IN_ALL_EVENTS)));
    T(inotify_add_watch(in, "./d/nod", IN_OPEN) == wf);
    D(close(open("d/nod", O_RDWR)));
    T(inotify_add_watch(in, "d/nod", IN_CLOSE | IN_MASK_ADD) == wf);
    D(close(open("d/nod", O_RDWR)));
    T(inotify_add_watch(in, "d/nod", IN_ALL_EVENTS) == wf);
    int keep = open("d/nod", O_RDWR);
    R();
    D(link("d/nod", "d/nod2"));
    D(rename("d/nod", "d/nod3"));
    D(unlink("d/nod2"));
    D(unlink("d/nod3"));
    D(write(keep, "x", 1));
    D(close(keep));
    T(inotify_rm_watch(in, wf));
    int a = open("d/one", O_CREAT | O_RDWR, 0600);
    T((wf = inotify_add_watch(in, "d/one", IN_ALL_EVENTS | IN_ONESHOT)));
    R();
    D(write(a, "1", 1));
    D(write(a, "1", 1));
    T(inotify_add_watch(in, "d/one", IN_ONLYDIR | IN_OPEN));
    T(inotify_add_watch(in, "d", IN_DONT_FOLLOW | IN_ALL_EVENTS));
    symlink("d", "ln");
    T(inotify_add_watch(in, "ln", IN_DONT_FOLLOW | IN_ALL_EVENTS));
    D(unlink("ln"));
    T(inotify_add_watch(in, "d", IN_ALL_EVENTS | IN_EXCL_UNLINK));
    D(unlink("d/one"));
    D(write(a, "2", 1));
    D(close(a));
    {
        char m[4096];
        a = open("d/map", O_CREAT | O_RDWR, 0600);
        write(a, m, 4096);
        R();
        char *p = mmap(0, 4096, 3, MAP_SHARED, a, 0);
        R();
        p[0] = 1;
        msync(p, 4096, MS_SYNC);
        munmap(p, 4096);
        R();
        D(close(a));
    }
    D(({
        int x = open("d/map", O_RDONLY), y = open("d/cp", O_CREAT | O_WRONLY, 0600);
        long r = sendfile(y, x, 0, 100);
        close(x);
        close(y);
        r;
    }));
    D(({
        int x = open("d/map", O_RDONLY), y = open("d/cp", O_CREAT | O_WRONLY, 0600);
        long r = copy_file_range(x, 0, y, 0, 100, 0);
        close(x);
        close(y);
        r;
    }));
    D(({
        int x = open("d", O_TMPFILE | O_RDWR, 0600);
        char pp[40];
        sprintf(pp, "/proc/self/fd/%d", x);
        int r = linkat(AT_FDCWD, pp, AT_FDCWD, "d/tmpf", AT_SYMLINK_FOLLOW);
        close(x);
        r;
    }));
    D(rename("d", "d2"));
    D(rename("d2", "d"));
    int n;
    for (int i = 0; i < 3; i++)
        close(open("d/map", O_RDONLY));
    T(ioctl(in, FIONREAD, &n));
    SHOW(n);
    T(read(in, b, 10));
    T(read(in, b, 31));
    T(read(in, b, 32));
    T(read(in, b, 100));
    R();
    for (int i = 0; i < 3; i++)
        write(in, b, 1);
    close(open("d/map", O_RDONLY));
    close(open("d/map", O_RDONLY));
    R();
    int x = open("d/map", O_WRONLY);
    R();
    write(x, "a", 1);
    write(x, "a", 1);
    write(x, "a", 1);
    R();
    close(x);
    R();
    D(({
        int r = vfork();
        if (!r) {
            execl("/bin/true", "true", NULL);
            _exit(0);
        }
        wait(0);
        0;
    }));
    unlink("d/map");
    unlink("d/cp");
    unlink("d/tmpf");
    unlink("d/ff");
    unlink("e/h");
    D(rmdir("d"));
    T(inotify_rm_watch(in, w));
    R();
    T(inotify_add_watch(in, "e", IN_CREATE));
    D(close(open("e/q", O_CREAT, 0600)));
    T(inotify_rm_watch(in, 2));
    R();
    T(inotify_rm_watch(in, 2));
    // overflow
    T((w = inotify_add_watch(in, "e", IN_OPEN | IN_CLOSE)) > 0);
    for (int i = 0; i < 9000; i++)
        close(open("e/q", O_RDONLY));
    T(ioctl(in, FIONREAD, &n));
    SHOW(n);
    {
        static char big[1 << 20];
        int r, c = 0, last = 0;
        unsigned lm = 0;
        while ((r = read(in, big, sizeof big)) > 0)
            for (char *p = big; p < big + r;) {
                struct inotify_event *e = (void *)p;
                c++;
                last = e->wd;
                lm = e->mask;
                p += sizeof *e + e->len;
            }
        SHOW(c);
        SHOW(last);
        printf("%#x\n", lm);
    }
    return 0;
}
