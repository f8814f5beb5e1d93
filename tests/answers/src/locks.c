#include "t.h"
static int lk(int fd, int cmd, int type, long s, long l) {
    struct flock f = {.l_type = type, .l_whence = SEEK_SET, .l_start = s, .l_len = l};
    int r = fcntl(fd, cmd, &f);
    int e = errno;
    printf("lk cmd %d type %d %ld+%ld: %d %s", cmd, type, s, l, r, r < 0 ? en(e) : "");
    if (!r && (cmd == F_GETLK || cmd == F_OFD_GETLK))
        printf(" -> %d %d %ld+%ld %s", f.l_type, f.l_whence, (long)f.l_start, (long)f.l_len,
               f.l_pid == getpid()    ? "self"
               : f.l_pid == getppid() ? "parent"
               : f.l_pid == -1        ? "-1"
               : f.l_pid              ? "other"
                                      : "0");
    puts("");
    errno = e;
    return r;
}
#define IN_CHILD(x)                                                                                \
    {                                                                                              \
        if (!fork()) {                                                                             \
            x;                                                                                     \
            fflush(stdout);                                                                        \
            _exit(0);                                                                              \
        }                                                                                          \
        wait(0);                                                                                   \
    }
int main() {
    init();
    signal(SIGALRM, onsig);
    struct sigaction sa = {.sa_handler = onsig};
    int f = open("l", O_CREAT | O_RDWR, 0600);
    write(f, "0123456789", 10);
    int g = open("l", O_RDWR), r = open("l", O_RDONLY), w = open("l", O_WRONLY);
    lk(f, F_SETLK, F_WRLCK, 0, 10);
    lk(f, F_GETLK, F_WRLCK, 0, 10);
    lk(g, F_SETLK, F_WRLCK, 0, 10);
    IN_CHILD(lk(f, F_GETLK, F_RDLCK, 0, 0); lk(f, F_SETLK, F_RDLCK, 0, 5);
             lk(f, F_SETLK, F_RDLCK, 10, 5); lk(g, F_OFD_GETLK, F_WRLCK, 0, 0))
    lk(f, F_SETLK, F_UNLCK, 3, 2);
    IN_CHILD(lk(f, F_GETLK, F_WRLCK, 0, 0); lk(f, F_GETLK, F_WRLCK, 3, 0);
             lk(f, F_SETLK, F_WRLCK, 3, 2); lk(f, F_SETLK, F_WRLCK, 2, 2))
    lk(f, F_SETLK, F_RDLCK, 0, 0);
    IN_CHILD(lk(f, F_GETLK, F_WRLCK, 100, 1); lk(f, F_SETLK, F_RDLCK, 100, 1))
    lk(r, F_SETLK, F_WRLCK, 0, 1);
    lk(w, F_SETLK, F_RDLCK, 0, 1);
    lk(f, F_SETLK, 9, 0, 1);
    lk(f, F_SETLK, F_RDLCK, -5, 1);
    lk(f, F_SETLK, F_RDLCK, 5, -10);
    lk(f, F_SETLK, F_RDLCK, 5, -3);
    lk(f, F_SETLK, F_RDLCK, LONG_MAX, 2);
    close(g);
    IN_CHILD(lk(f, F_GETLK, F_WRLCK, 0, 0))
    g = open("l", O_RDWR);
    lk(f, F_OFD_SETLK, F_WRLCK, 0, 5);
    lk(g, F_OFD_GETLK, F_WRLCK, 0, 5);
    lk(g, F_OFD_SETLK, F_WRLCK, 0, 5);
    lk(g, F_SETLK, F_WRLCK, 0, 5);
    lk(f, F_SETLK, F_WRLCK, 0, 5);
    {
        struct flock x = {F_WRLCK, 0, 0, 1, 5};
        T(fcntl(f, F_OFD_SETLK, &x));
        T(fcntl(f, F_OFD_GETLK, &x));
    }
    close(f);
    lk(g, F_OFD_SETLK, F_WRLCK, 0, 5);
    lk(g, F_OFD_SETLK, F_UNLCK, 0, 0);
    // deadlock
    f = open("l", O_RDWR);
    int p[2];
    pipe(p);
    lk(f, F_SETLK, F_WRLCK, 0, 1);
    pid_t c = fork();
    if (!c) {
        lk(f, F_SETLK, F_WRLCK, 1, 1);
        write(p[1], "x", 1);
        struct flock x = {F_WRLCK, 0, 0, 1};
        int q = fcntl(f, F_SETLKW, &x);
        printf("child %d\n", q);
        fflush(stdout);
        _exit(0);
    }
    char b;
    read(p[0], &b, 1);
    msleep(50);
    lk(f, F_SETLKW, F_WRLCK, 1, 1);
    fcntl(f, F_SETLK, &(struct flock){F_UNLCK});
    wait(0);
    // interrupted
    lk(f, F_SETLK, F_WRLCK, 0, 0);
    c = fork();
    if (!c) {
        sigaction(SIGALRM, &sa, 0);
        alarm(1);
        lk(f, F_SETLKW, F_WRLCK, 0, 1);
        fflush(stdout);
        _exit(0);
    }
    wait(0);
    // flock
    int h = open("l", O_RDWR);
    T(flock(f, LOCK_EX));
    T(flock(h, LOCK_EX | LOCK_NB));
    T(flock(h, LOCK_SH | LOCK_NB));
    T(flock(f, LOCK_SH));
    T(flock(h, LOCK_SH | LOCK_NB));
    T(flock(f, LOCK_EX | LOCK_NB));
    T(flock(h, LOCK_UN));
    T(flock(f, LOCK_EX | LOCK_NB));
    T(flock(f, 0));
    T(flock(f, LOCK_EX | LOCK_SH));
    T(flock(f, LOCK_NB));
    T(flock(f, 32 | LOCK_EX));
    T(flock(99, LOCK_EX));
    int dd = dup(f);
    close(f);
    T(flock(h, LOCK_EX | LOCK_NB));
    close(dd);
    T(flock(h, LOCK_EX | LOCK_NB));
    IN_CHILD(T(flock(h, LOCK_UN))) f = open("l", O_RDWR);
    T(flock(f, LOCK_EX | LOCK_NB));
    T(flock(r, LOCK_SH | LOCK_NB));
    close(f);
    // leases
    T(fcntl(r, F_SETLEASE, F_WRLCK));
    close(h);
    close(w);
    close(g);
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(fcntl(r, F_GETLEASE));
    signal(SIGIO, onsig);
    signal(SIGUSR1, onsig);
    T(fcntl(r, F_SETSIG, SIGUSR1));
    T(fcntl(r, F_GETSIG));
    T(open("l", O_RDWR | O_NONBLOCK));
    SHOW(sigs[SIGIO] + sigs[SIGUSR1]);
    T(fcntl(r, F_GETLEASE));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(fcntl(r, F_SETLEASE, F_UNLCK));
    T(open("l", O_RDWR | O_NONBLOCK) >= 0);
    T(fcntl(r, F_SETLEASE, F_RDLCK));
    T(fcntl(r, F_SETLEASE, 9));
    T(fcntl(p[0], F_SETLEASE, F_RDLCK));
    // dnotify
    mkdir("dn", 0700);
    int d = open("dn", O_RDONLY);
    signal(SIGUSR2, onsig);
    T(fcntl(d, F_SETSIG, SIGUSR2));
    T(fcntl(d, F_NOTIFY, 0x80000000 | 4 | 8 | 16 | 32 | 1 | 2));
    close(open("dn/x", O_CREAT | O_RDWR, 0600));
    SHOW(sigs[SIGUSR2] > 0);
    sigs[SIGUSR2] = 0;
    rename("dn/x", "dn/y");
    SHOW(sigs[SIGUSR2] > 0);
    sigs[SIGUSR2] = 0;
    unlink("dn/y");
    SHOW(sigs[SIGUSR2] > 0);
    T(fcntl(d, F_NOTIFY, 0));
    sigs[SIGUSR2] = 0;
    mkdir("dn/z", 0700);
    SHOW(sigs[SIGUSR2]);
    T(fcntl(r, F_NOTIFY, 4));
    T(fcntl(d, F_NOTIFY, 4));
    mkdir("dn/a", 0700);
    SHOW(sigs[SIGUSR2]);
    mkdir("dn/b", 0700);
    SHOW(sigs[SIGUSR2]);
    // async pipes
    T(fcntl(p[0], F_SETOWN, getpid()));
    T(fcntl(p[0], F_GETOWN) == getpid());
    T(fcntl(p[0], F_SETFL, O_ASYNC | O_NONBLOCK));
    T(fcntl(p[0], F_GETFL));
    sigs[SIGIO] = 0;
    write(p[1], "x", 1);
    SHOW(sigs[SIGIO]);
    write(p[1], "x", 1);
    SHOW(sigs[SIGIO]);
    T(fcntl(p[0], F_SETSIG, SIGUSR1));
    sigs[SIGUSR1] = 0;
    write(p[1], "x", 1);
    SHOW(sigs[SIGUSR1]);
    struct {
        int t;
        int p;
    } ox = {1, getpid()};
    T(fcntl(p[0], 15, &ox));
    ox.p = 0;
    T(fcntl(p[0], 16, &ox));
    SHOW(ox.t);
    SHOW(ox.p == getpid());
    ox.t = 7;
    T(fcntl(p[0], 15, &ox));
    T(fcntl(p[0], F_SETOWN, 999999));
    T(fcntl(p[0], F_SETSIG, 99));
    int s[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    sigs[SIGIO] = 0;
    fcntl(s[0], F_SETOWN, getpid());
    fcntl(s[0], F_SETFL, O_ASYNC);
    write(s[1], "a", 1);
    SHOW(sigs[SIGIO]);
    int on = 1;
    T(ioctl(s[1], FIOASYNC, &on));
    T(fcntl(s[1], F_GETFL));
    return 0;
}
