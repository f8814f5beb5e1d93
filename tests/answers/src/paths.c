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
int main() {
    init();
    signal(SIGXFSZ, onsig);
    char b[5000];
    struct stat st;
    umask(022);
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
    const char *ps[] = {"f",   "d",  "lf",  "ld",     "ldang",  "loop", "ff",    "none",  "f/",
                        "f/x", "d/", "d/.", "d/..",   "d/e/..", "ld/",  "lf/",   "none/", "none/x",
                        "",    ".",  "..",  "loop/x", "ldang/", "lf/x", "full/", "ff/"};
    for (int i = 0; i < sizeof ps / sizeof *ps; i++) {
        const char *p = ps[i];
        printf("-- %s\n", p);
        if (!strcmp(p, "d/.."))
            continue;
        if (!strcmp(p, ".."))
            continue;
        T(O(p, O_RDONLY | O_NONBLOCK));
        T(O(p, O_WRONLY | O_NONBLOCK));
        T(O(p, O_RDWR | O_NONBLOCK));
        T(O(p, O_RDONLY | O_DIRECTORY));
        T(O(p, O_RDONLY | O_NOFOLLOW | O_NONBLOCK));
        T(O(p, O_PATH));
        T(O(p, O_PATH | O_NOFOLLOW));
        T(O(p, O_PATH | O_DIRECTORY | O_NOFOLLOW));
        T(O(p, O_RDWR | O_CREAT | O_EXCL));
        T(O(p, O_CREAT | O_DIRECTORY));
        T(O(p, O_TMPFILE | O_RDWR));
        T(O(p, O_TMPFILE | O_RDONLY));
        T(O(p, O_RDONLY | O_TRUNC | O_DIRECTORY));
        T(mkdir(p, 0700));
        T(mknod(p, S_IFREG, 0));
        T(mknod(p, S_IFDIR, 0));
        T(symlink("x", p));
        T(symlink("", p));
        T(link("f", p));
        T(link(p, "f"));
        T(linkat(AT_FDCWD, p, AT_FDCWD, "f", AT_SYMLINK_FOLLOW));
        T(truncate(p, -1));
        T(stat(p, &st));
        T(lstat(p, &st));
        T(readlink(p, b, 100));
        T(readlink(p, b, 0));
        T(access(p, X_OK));
        T(chdir(p) && 0);
        chdir(".");
    }
    return 0;
}
