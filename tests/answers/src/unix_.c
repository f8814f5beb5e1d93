#include "t.h"
static struct sockaddr_un A(const char *p, socklen_t *l) {
    struct sockaddr_un a = {AF_UNIX};
    if (p[0] == '@') {
        memcpy(a.sun_path + 1, p + 1, strlen(p) - 1);
        *l = 2 + strlen(p);
    } else {
        strcpy(a.sun_path, p);
        *l = 2 + strlen(p) + 1;
    }
    return a;
} static int B(int s, const char *p) {
    socklen_t l;
    struct sockaddr_un a = A(p, &l);
    return bind(s, (void *)&a, l);
}
static int C(int s, const char *p) {
    socklen_t l;
    struct sockaddr_un a = A(p, &l);
    return connect(s, (void *)&a, l);
}
static void name(const char *w, int s, int peer) {
    struct sockaddr_un a;
    memset(&a, 0x55, sizeof a);
    socklen_t l = sizeof a;
    int r = peer ? getpeername(s, (void *)&a, &l) : getsockname(s, (void *)&a, &l);
    printf("%s %d %s len %d fam %d ", w, r, r < 0 ? en(errno) : "", l, a.sun_family);
    if (!r)
        hex("p", a.sun_path, l > 2 ? l - 2 : 0);
    else
        puts("");
}
static void opt(int s, int o) {
    int v = -1;
    socklen_t l = 4;
    int r = getsockopt(s, SOL_SOCKET, o, &v, &l);
    printf("opt %d: %d %s %d %d\n", o, r, r < 0 ? en(errno) : "", v, l);
}
static int sendto_(int s, const char *d, int f, const char *p) {
    socklen_t l;
    struct sockaddr_un a = A(p, &l);
    return sendto(s, d, strlen(d), f, (void *)&a, l);
}
int main() {
    init();
    signal(SIGPIPE, onsig);
    int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    char buf[400000];
    for (int i = 0; i < 3; i++) {
        int t = types[i];
        printf("---- type %d\n", t);
        int s[2];
        T(socketpair(AF_UNIX, t | SOCK_NONBLOCK, 0, s));
        P(s[0]);
        name("n", s[0], 0);
        name("p", s[0], 1);
        int os[] = {1,  2,  3,  4,  5,  6,  7,  8,  9,  10, 13, 15,
                    16, 18, 19, 30, 34, 38, 39, 42, 45, 64, 100};
        for (int k = 0; k < sizeof os / 4; k++)
            opt(s[0], os[k]);
        T(read(s[0], buf, 10));
        T(write(s[1], "hello", 5));
        T(write(s[1], "world", 5));
        P(s[0]);
        P(s[1]);
        int n;
        T(ioctl(s[0], FIONREAD, &n));
        SHOW(n);
        T(recv(s[0], buf, 3, MSG_PEEK));
        T(recv(s[0], buf, 3, MSG_PEEK | MSG_TRUNC));
        T(recv(s[0], buf, 3, MSG_TRUNC));
        T(recv(s[0], buf, 30, 0));
        T(recv(s[0], buf, 30, 0));
        T(ioctl(s[1], TIOCOUTQ, &n));
        SHOW(n);
        T(send(s[1], "", 0, 0));
        P(s[0]);
        T(recv(s[0], buf, 10, 0));
        T(send(s[1], "a", 1, MSG_OOB));
        T(recv(s[0], buf, 10, MSG_OOB));
        P(s[0]);
        T(recv(s[0], buf, 10, 0));
        T(send(s[1], buf, 1, MSG_EOR));
        struct iovec v = {buf, 10};
        struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1};
        T(recvmsg(s[0], &m, 0));
        SHOW(m.msg_flags);
        SHOW(m.msg_namelen);
        T(send(s[1], "abcdef", 6, 0));
        v.iov_len = 3;
        T(recvmsg(s[0], &m, MSG_PEEK));
        SHOW(m.msg_flags);
        T(recvmsg(s[0], &m, 0));
        SHOW(m.msg_flags);
        T(recvmsg(s[0], &m, 0));
        SHOW(m.msg_flags);
        {
            memset(buf, 'y', sizeof buf);
            long tot = 0, c = 0, r;
            while ((r = write(s[1], buf, 1000)) > 0)
                tot += r, c++;
            P(s[1]);
            T(read(s[0], buf, 1000));
            P(s[1]);
            T(write(s[1], buf, 1000));
            while (read(s[0], buf, sizeof buf) > 0)
                ;
            P(s[1]);
            T(write(s[1], buf, 300000));
            T(write(s[1], buf, 212960 - 32));
            T(write(s[1], buf, 212960 - 31));
            int sb = 20000;
            T(setsockopt(s[1], SOL_SOCKET, SO_SNDBUF, &sb, 4));
            while (read(s[0], buf, sizeof buf) > 0)
                ;
            T(write(s[1], buf, 100000));
            T(write(s[1], buf, 100));
            while ((r = read(s[0], buf, sizeof buf)) > 0)
                printf("rd %ld\n", r);
        }
        T(shutdown(s[1], 5));
        T(shutdown(s[1], SHUT_WR));
        P(s[0]);
        P(s[1]);
        T(write(s[1], "x", 1));
        SHOW(sigs[SIGPIPE]);
        T(read(s[0], buf, 10));
        T(write(s[0], "back", 4));
        T(read(s[1], buf, 10));
        T(shutdown(s[0], SHUT_RD));
        P(s[0]);
        P(s[1]);
        T(shutdown(s[1], SHUT_RD));
        T(write(s[0], "back", 4));
        SHOW(sigs[SIGPIPE]);
        P(s[0]);
        P(s[1]);
        close(s[1]);
        P(s[0]);
        T(write(s[0], "1", 1));
        T(read(s[0], buf, 1));
        opt(s[0], SO_ERROR);
        close(s[0]);
        T(socketpair(AF_UNIX, t, 0, s));
        T(write(s[0], "un", 2));
        close(s[1]);
        P(s[0]);
        T(recv(s[0], buf, 5, MSG_DONTWAIT));
        T(recv(s[0], buf, 5, MSG_DONTWAIT));
        T(write(s[0], "z", 1));
        T(write(s[0], "z", 1));
        close(s[0]);
        T(socketpair(AF_UNIX, t, 0, s));
        T(write(s[0], "un", 2));
        close(s[0]);
        P(s[1]);
        T(recv(s[1], buf, 5, MSG_DONTWAIT));
        T(recv(s[1], buf, 5, MSG_DONTWAIT));
        close(s[1]);
        // named
        int l = socket(AF_UNIX, t, 0);
        T(B(l, "sock"));
        T(B(l, "sock"));
        T(B(l, "other"));
        name("l", l, 0);
        int m2 = socket(AF_UNIX, t, 0);
        T(B(m2, "sock"));
        T(B(m2, "nodir/x"));
        T(B(m2, "@abs"));
        name("m2", m2, 0);
        int m3 = socket(AF_UNIX, t, 0);
        T(B(m3, "@abs"));
        {
            struct sockaddr_un a = {AF_UNIX};
            T(bind(m3, (void *)&a, 2));
            socklen_t ll = sizeof a;
            getsockname(m3, (void *)&a, &ll);
            SHOW(ll);
            SHOW(a.sun_path[0]);
            T(bind(m3, (void *)&a, 2));
            T(bind(m3, (void *)&a, 1));
            T(bind(m3, (void *)&a, 111));
            a.sun_family = 5;
            T(bind(m3, (void *)&a, 10));
        }
        T(C(m2, "sock"));
        T(C(m2, "nosuch"));
        T(C(m2, "/"));
        T(C(m2, "/etc/passwd"));
        T(C(m2, "@none"));
        T(listen(l, 1));
        T(listen(m3, 0));
        if (t != SOCK_DGRAM) {
            int c[6];
            for (int k = 0; k < 5; k++) {
                c[k] = socket(AF_UNIX, t | SOCK_NONBLOCK, 0);
                T(C(c[k], "sock"));
            }
            P(l);
            P(c[0]);
            P(c[4]);
            T(C(c[0], "sock"));
            T(write(c[0], "early", 5));
            name("c", c[0], 1);
            name("c", c[0], 0);
            struct sockaddr_un a;
            socklen_t al = sizeof a;
            int f;
            T((f = accept4(l, (void *)&a, &al, SOCK_CLOEXEC)) >= 0);
            SHOW(al);
            SHOW(a.sun_family);
            name("f", f, 0);
            name("f", f, 1);
            T(fcntl(f, F_GETFD));
            T(read(f, buf, 10));
            struct ucred u;
            al = sizeof u;
            T(getsockopt(f, SOL_SOCKET, SO_PEERCRED, &u, &al));
            SHOW(u.pid == getpid());
            SHOW(u.uid);
            T(getsockopt(l, SOL_SOCKET, SO_PEERCRED, &u, &al));
            SHOW(u.pid == getpid());
            T(getsockopt(m2, SOL_SOCKET, SO_PEERCRED, &u, &al));
            SHOW(u.pid);
            SHOW(u.uid);
            T(C(c[4], "sock"));
            T(C(c[4], "sock"));
            close(l);
            P(c[1]);
            T(write(c[1], "a", 1));
            T(read(c[1], buf, 1));
            T(C(m2, "sock"));
            T(connect(c[0], (struct sockaddr *)&(struct sockaddr_un){AF_UNSPEC}, 2));
            T(accept(f, 0, 0));
            T(listen(f, 1));
            T(sendto_(f, "x", 0, "sock"));
            T(sendto_(c[1], "x", 0, "sock"));
            T(sendto_(m2, "x", 0, "sock"));
            T(send(m2, "x", 1, 0));
            T(recv(m2, buf, 1, MSG_DONTWAIT));
            P(m2);
            T(shutdown(m2, 2));
            P(m2);
            T(recv(m2, buf, 1, MSG_DONTWAIT));
            T(write(m2, "a", 1));
            for (int k = 0; k < 5; k++)
                close(c[k]);
            close(f);
        } else {
            T(sendto_(m2, "dg", 0, "sock"));
            T(sendto_(m2, "dg2", 0, "@abs"));
            T(C(m3, "sock"));
            T(write(m3, "conn", 4));
            struct sockaddr_un a;
            socklen_t al = sizeof a;
            T(recvfrom(l, buf, 9, MSG_DONTWAIT, (void *)&a, &al));
            SHOW(al);
            al = sizeof a;
            T(recvfrom(l, buf, 9, MSG_DONTWAIT, (void *)&a, &al));
            SHOW(al);
            T(recvfrom(m2, buf, 9, MSG_DONTWAIT, (void *)&a, &al));
            SHOW(al);
            int q = socket(AF_UNIX, t, 0);
            T(sendto_(q, "x", 0, "sock"));
            al = sizeof a;
            T(recvfrom(l, buf, 9, MSG_DONTWAIT, (void *)&a, &al));
            SHOW(al);
            T(C(l, "@abs"));
            T(sendto_(q, "x", 0, "sock"));
            T(C(q, "sock"));
            T(sendto_(m2, "x", 0, "sock"));
            nb(m2);
            int k = 0;
            while (sendto_(m2, "x", 0, "sock") == 1)
                k++;
            SHOW(errno == EAGAIN);
            P(m2);
            close(l);
            T(write(m3, "z", 1));
            T(write(m3, "z", 1));
            T(write(m3, "z", 1));
            P(m3);
            T(sendto_(m2, "x", 0, "sock"));
            T(sendto_(m2, "x", 0, "nosuch"));
            T(connect(m3, (struct sockaddr *)&(struct sockaddr_un){AF_UNSPEC}, 2));
            T(write(m3, "z", 1));
            T(sendto_(m2, "self", 0, "@abs"));
            T(recv(m2, buf, 9, MSG_DONTWAIT));
        }
        close(m2);
        close(m3);
        T(unlink("sock"));
        T(open("sock", O_RDONLY));
        l = socket(AF_UNIX, t, 0);
        T(B(l, "sock"));
        T(open("sock", O_RDONLY));
        T(open("sock", O_RDONLY | O_PATH) >= 0);
        struct stat st;
        T(stat("sock", &st));
        printf("%o %ld\n", st.st_mode, (long)st.st_size);
        T(rename("sock", "sock2"));
        name("after", l, 0);
        m2 = socket(AF_UNIX, t, 0);
        T(C(m2, "sock"));
        T(C(m2, "sock2"));
        T(unlink("sock2"));
        T(C(m2, "sock2"));
        close(l);
        close(m2);
    }
    T(socket(AF_UNIX, 0, 0));
    T(socket(AF_UNIX, SOCK_RAW, 0) >= 0);
    T(socket(AF_UNIX, SOCK_RDM, 0));
    T(socket(AF_UNIX, SOCK_PACKET, 0));
    T(socket(AF_UNIX, SOCK_STREAM, 1) >= 0);
    T(socket(AF_UNIX, SOCK_STREAM, 2));
    T(socket(AF_UNIX, 11, 0));
    T(socket(AF_UNIX, SOCK_STREAM | 0x10000, 0));
    T(socket(-1, 1, 0));
    T(socket(46, 1, 0));
    T(socket(45, 1, 0));
    T(socketpair(AF_INET, 1, 0, (int[2]){}));
    T(socketpair(AF_UNIX, 1, 0, (int *)1));
    T(socketpair(AF_UNIX, 1, 0, (int *)-1));
    return 0;
}
