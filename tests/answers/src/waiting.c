#include "t.h"
static int ep;
static void W(int e, int to) {
    struct epoll_event ev[8];
    int r = epoll_wait(e, ev, 8, to);
    printf("wait %d %s", r, r < 0 ? en(errno) : "");
    for (int i = 0; i < r; i++)
        printf(" [%#x %ld]", ev[i].events, (long)ev[i].data.u64);
    puts("");
}
static int A(int e, int op, int fd, unsigned evs, long d) {
    struct epoll_event v = {evs, {.u64 = d}};
    return epoll_ctl(e, op, fd, &v);
}
int main() {
    init();
    signal(SIGPIPE, onsig);
    char b[100000];
    T(epoll_create(0));
    T(epoll_create(-1));
    T(epoll_create1(1));
    T((ep = epoll_create1(EPOLL_CLOEXEC)) >= 0);
    T(fcntl(ep, F_GETFD));
    P(ep);
    int p[2];
    pipe2(p, O_NONBLOCK);
    T(A(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    T(A(ep, EPOLL_CTL_ADD, p[0], EPOLLIN, 1));
    T(A(ep, EPOLL_CTL_MOD, p[1], EPOLLIN, 1));
    T(A(ep, EPOLL_CTL_DEL, p[1], 0, 1));
    T(A(ep, EPOLL_CTL_ADD, 99, EPOLLIN, 1));
    T(A(ep, EPOLL_CTL_ADD, ep, EPOLLIN, 1));
    T(A(ep, 77, p[0], EPOLLIN, 1));
    T(A(p[0], EPOLL_CTL_ADD, p[1], EPOLLIN, 1));
    T(A(99, EPOLL_CTL_ADD, p[1], EPOLLIN, 1));
    T(epoll_ctl(ep, EPOLL_CTL_ADD, p[1], 0));
    T(epoll_ctl(ep, EPOLL_CTL_DEL, p[1], (void *)1));
    T(epoll_wait(ep, 0, 0, 0));
    T(epoll_wait(ep, 0, -1, 0));
    T(epoll_wait(ep, (void *)1, 1, 0));
    T(epoll_wait(p[0], (void *)b, 1, 0));
    T(epoll_wait(99, (void *)b, 1, 0));
    int f = open("/etc/passwd", 0);
    T(A(ep, EPOLL_CTL_ADD, f, EPOLLIN, 1));
    int d = open("/", 0);
    T(A(ep, EPOLL_CTL_ADD, d, EPOLLIN, 1));
    W(ep, 0);
    write(p[1], "a", 1);
    W(ep, 0);
    W(ep, 0);
    P(ep);
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 2));
    W(ep, 0);
    W(ep, 0);
    write(p[1], "a", 1);
    W(ep, 0);
    W(ep, 0);
    read(p[0], b, 1);
    W(ep, 0);
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLET, 3));
    W(ep, 0);
    W(ep, 0);
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4));
    W(ep, 0);
    W(ep, 0);
    write(p[1], "a", 1);
    W(ep, 0);
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLONESHOT, 4));
    W(ep, 0);
    T(A(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLET, 5));
    W(ep, 0);
    W(ep, 0);
    while (write(p[1], b, 4096) > 0)
        ;
    W(ep, 0);
    read(p[0], b, 4096);
    W(ep, 0);
    read(p[0], b, sizeof b);
    W(ep, 0);
    read(p[0], b, 10);
    T(A(ep, EPOLL_CTL_MOD, p[1], EPOLLOUT, 6));
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 4));
    W(ep, 0);
    close(p[0]);
    W(ep, 0);
    close(p[1]);
    W(ep, 0);
    // exclusive
    pipe(p);
    T(A(ep, EPOLL_CTL_ADD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN, 1));
    T(A(ep, EPOLL_CTL_MOD, p[0], EPOLLIN | EPOLLEXCLUSIVE, 1));
    T(A(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLONESHOT, 1));
    T(A(ep, EPOLL_CTL_ADD, p[1], EPOLLOUT | EPOLLEXCLUSIVE | EPOLLRDHUP, 1));
    int e2 = epoll_create1(0);
    T(A(ep, EPOLL_CTL_ADD, e2, EPOLLIN | EPOLLEXCLUSIVE, 1));
    // nested
    T(A(e2, EPOLL_CTL_ADD, ep, EPOLLIN, 9));
    T(A(ep, EPOLL_CTL_ADD, e2, EPOLLIN, 9));
    W(e2, 0);
    write(p[1], "x", 1);
    W(e2, 0);
    P(e2);
    W(ep, 0);
    T(A(e2, EPOLL_CTL_MOD, ep, EPOLLIN | EPOLLET, 9));
    W(e2, 0);
    W(e2, 0);
    write(p[1], "x", 1);
    W(e2, 0);
    read(p[0], b, 10);
    W(e2, 0);
    {
        int c[8];
        c[0] = epoll_create1(0);
        for (int i = 1; i < 8; i++) {
            c[i] = epoll_create1(0);
            printf("chain %d: %d %s\n", i, A(c[i], EPOLL_CTL_ADD, c[i - 1], EPOLLIN, i), en(errno));
        }
    }
    // sockets rdhup
    int s[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    int e3 = epoll_create1(0);
    T(A(e3, EPOLL_CTL_ADD, s[0], EPOLLIN | EPOLLRDHUP | EPOLLET | EPOLLOUT | EPOLLPRI, 1));
    W(e3, 0);
    write(s[1], "a", 1);
    W(e3, 0);
    shutdown(s[1], SHUT_WR);
    W(e3, 0);
    shutdown(s[0], SHUT_WR);
    W(e3, 0);
    close(s[1]);
    W(e3, 0);
    W(e3, 0);
    // dup keeps
    pipe(p);
    int q = dup(p[0]);
    T(A(e3, EPOLL_CTL_ADD, q, EPOLLIN, 5));
    T(A(e3, EPOLL_CTL_ADD, p[0], EPOLLIN, 6));
    close(q);
    write(p[1], "z", 1);
    W(e3, 0);
    T(A(e3, EPOLL_CTL_DEL, q, 0, 0));
    close(p[0]);
    W(e3, 0);
    // order and fairness
    int e4 = epoll_create1(0);
    int pp[5][2];
    for (int i = 0; i < 5; i++) {
        pipe(pp[i]);
        A(e4, EPOLL_CTL_ADD, pp[i][0], EPOLLIN, i);
    }
    write(pp[3][1], "x", 1);
    write(pp[1][1], "x", 1);
    write(pp[4][1], "x", 1);
    W(e4, 0);
    W(e4, 0);
    {
        struct epoll_event ev[2];
        for (int k = 0; k < 4; k++) {
            int r = epoll_wait(e4, ev, 2, 0);
            printf("%d:", r);
            for (int i = 0; i < r; i++)
                printf(" %ld", (long)ev[i].data.u64);
            puts("");
        }
    }
    // eventfd
    int ef = eventfd(3, EFD_NONBLOCK | EFD_CLOEXEC);
    T(A(e4, EPOLL_CTL_ADD, ef, EPOLLIN | EPOLLOUT | EPOLLET, 50));
    uint64_t v;
    P(ef);
    T(read(ef, &v, 8));
    SHOW(v);
    T(read(ef, &v, 8));
    T(read(ef, &v, 4));
    v = -1;
    T(write(ef, &v, 8));
    v = -2;
    T(write(ef, &v, 8));
    P(ef);
    v = 1;
    T(write(ef, &v, 8));
    T(read(ef, &v, 100));
    SHOW(v);
    v = 0;
    T(write(ef, &v, 8));
    P(ef);
    T(write(ef, &v, 7));
    T(lseek(ef, 0, 0));
    T(pread(ef, &v, 8, 0));
    int es = eventfd(2, EFD_SEMAPHORE | EFD_NONBLOCK);
    T(read(es, &v, 8));
    SHOW(v);
    T(read(es, &v, 8));
    T(read(es, &v, 8));
    T(eventfd(0, 8));
    T(syscall(SYS_eventfd2, 5, 0x10));
    // timerfd
    int t;
    T((t = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK)) >= 0);
    struct itimerspec it = {{0, 0}, {0, 0}}, o;
    T(timerfd_create(77, 0));
    T(timerfd_create(CLOCK_MONOTONIC, 1));
    T(read(t, &v, 8));
    T(timerfd_gettime(t, &o));
    SHOW(o.it_value.tv_nsec);
    it.it_value.tv_nsec = 1000000;
    it.it_interval.tv_nsec = 1000000;
    T(timerfd_settime(t, 0, &it, &o));
    msleep(20);
    P(t);
    T(read(t, &v, 8));
    SHOW(v >= 18);
    T(read(t, &v, 4));
    it.it_value.tv_nsec = 1000000000;
    T(timerfd_settime(t, 0, &it, 0));
    it.it_value.tv_nsec = -1;
    T(timerfd_settime(t, 0, &it, 0));
    T(timerfd_settime(t, 0x10, &it, 0));
    it.it_value = (struct timespec){0, 1};
    it.it_interval = (struct timespec){0, 0};
    T(timerfd_settime(t, TFD_TIMER_ABSTIME, &it, &o));
    T(read(t, &v, 8));
    SHOW(v);
    T(read(t, &v, 8));
    T(timerfd_settime(p[1], 0, &it, 0));
    T(timerfd_settime(99, 0, &it, 0));
    T(write(t, &v, 8));
    int tr;
    T((tr = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK)) >= 0);
    T(timerfd_settime(tr, TFD_TIMER_CANCEL_ON_SET | TFD_TIMER_ABSTIME, &it, 0));
    T(timerfd_settime(t, TFD_TIMER_CANCEL_ON_SET, &it, 0));
    T(ioctl(t, 0x40085400, &v));
    // signalfd
    sigset_t m;
    sigemptyset(&m);
    sigaddset(&m, SIGUSR1);
    sigaddset(&m, SIGRTMIN + 1);
    sigprocmask(SIG_BLOCK, &m, 0);
    int sf;
    T((sf = signalfd(-1, &m, SFD_NONBLOCK)) >= 0);
    struct signalfd_siginfo si[3];
    T(read(sf, si, sizeof si));
    kill(getpid(), SIGUSR1);
    kill(getpid(), SIGUSR1);
    union sigval sv = {.sival_int = 77};
    sigqueue(getpid(), SIGRTMIN + 1, sv);
    sigqueue(getpid(), SIGRTMIN + 1, sv);
    P(sf);
    T(read(sf, si, 100));
    T(read(sf, si, sizeof si));
    SHOW(si[0].ssi_signo);
    SHOW(si[0].ssi_code);
    SHOW(si[1].ssi_signo);
    SHOW(si[1].ssi_int);
    SHOW(si[1].ssi_code);
    SHOW(si[1].ssi_pid == getpid());
    T(read(sf, si, sizeof si));
    P(sf);
    T(signalfd(sf, &m, 0x10));
    T(signalfd(p[1], &m, 0));
    T(signalfd(99, &m, 0));
    T(syscall(SYS_signalfd4, -1, &m, 4, 0));
    T(syscall(SYS_signalfd4, -1, 1, 8, 0));
    sigemptyset(&m);
    T(signalfd(sf, &m, 0) == sf);
    kill(getpid(), SIGUSR1);
    P(sf);
    T(read(sf, si, 128));
    // pwait
    {
        struct timespec ts = {0, 1000000};
        T(syscall(SYS_epoll_pwait2, e3, b, 1, &ts, 0, 8));
        ts.tv_nsec = -1;
        T(syscall(SYS_epoll_pwait2, e3, b, 1, &ts, 0, 8));
        T(syscall(SYS_epoll_pwait, e3, b, 1, 0, &m, 4));
    }
    // select/poll
    {
        struct pollfd pf[3] = {{-1, POLLIN, 5}, {99, POLLIN, 0}, {p[1], 0, 0}};
        T(poll(pf, 3, 0));
        SHOW(pf[0].revents);
        SHOW(pf[1].revents);
        SHOW(pf[2].revents);
        T(poll(pf, 100000000, 0));
        T(poll((void *)1, 1, 0));
        struct timeval tv = {0, 0};
        T(select(-1, 0, 0, 0, &tv));
        tv.tv_usec = -1;
        T(select(0, 0, 0, 0, &tv));
    }
    return 0;
}
