#include "t.h"
static int in;
static void R(void) {
    static char b[65536];
    int r = read(in, b, sizeof b);
    if (r < 0) {
        printf("  read %s\n", en(errno));
        return;
    }
    for (char *p = b; p < b + r;) {
        struct inotify_event *e = (void *)p;
        printf("  wd %d mask %#x %d len %d %s\n", e->wd, e->mask, !!e->cookie, e->len,
               e->len ? e->name[0] == '#' ? "#" : e->name : "");
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
    in = inotify_init1(IN_NONBLOCK);
    mkdir("d", 0755);
    mkdir("d/s", 0755);
    T(inotify_add_watch(in, "d", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "d/s", IN_ALL_EVENTS));
    close(open("d/f", O_CREAT, 0600));
    close(open("d/g", O_CREAT, 0600));
    T(inotify_add_watch(in, "d/f", IN_ALL_EVENTS));
    T(inotify_add_watch(in, "d/g", IN_ALL_EVENTS));
    R();
    D(rmdir("d/s"));
    D(rename("d/g", "d/f"));
    int k = open("d/f", O_RDWR);
    R();
    D(unlink("d/f"));
    D(close(k));
    mkdir("d/t", 0700);
    T(inotify_add_watch(in, "d/t", IN_ALL_EVENTS));
    k = open("d/t/x", O_CREAT | O_RDWR, 0600);
    R();
    D(unlink("d/t/x"));
    D(rmdir("d/t"));
    D(close(k));
    chdir("d");
    R();
    int t = open(".", O_TMPFILE | O_RDWR, 0600);
    R();
    D(write(t, "a", 1));
    D(close(t));
    D(rmdir("../d"));
    D(chdir(".."));
    R();
    T(inotify_add_watch(in, ".", IN_ALL_EVENTS));
    D(({
        int r = vfork();
        if (!r) {
            execl("./none", "true", NULL);
            _exit(0);
        }
        wait(0);
        0;
    }));
    return 0;
}
