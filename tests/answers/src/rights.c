#include "t.h"
static void rx(int s, int flags, int clen) {
    char b[20], c[512];
    memset(c, 0x77, sizeof c);
    struct iovec v = {b, 20};
    struct msghdr m = {
        .msg_iov = &v, .msg_iovlen = 1, .msg_control = clen ? c : 0, .msg_controllen = clen};
    long r = recvmsg(s, &m, flags | MSG_DONTWAIT);
    printf("rx %ld %s flags %#x clen %ld\n", r, r < 0 ? en(errno) : "", m.msg_flags,
           (long)m.msg_controllen);
    if (r >= 0)
        for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
            printf(" cmsg %ld %d %d", (long)h->cmsg_len, h->cmsg_level, h->cmsg_type);
            if (h->cmsg_type == SCM_RIGHTS)
                for (int i = 0; i < (h->cmsg_len - CMSG_LEN(0)) / 4; i++) {
                    int fd = ((int *)CMSG_DATA(h))[i];
                    printf(" fd(%d)", fcntl(fd, F_GETFD));
                    close(fd);
                }
            else if (h->cmsg_type == SCM_CREDENTIALS) {
                struct ucred *u = (void *)CMSG_DATA(h);
                printf(" cred %d %d %d", u->pid == getpid() ? 1 : u->pid, u->uid, u->gid);
            } else {
                printf(" fd %d", *(int *)CMSG_DATA(h));
            }
            puts("");
        }
}
static long tx(int s, const char *d, int n, int *fds, struct ucred *u, int len0) {
    char c[2048];
    struct iovec v = {(void *)d, strlen(d)};
    struct msghdr m = {.msg_iov = &v, .msg_iovlen = 1, .msg_control = c};
    int at = 0;
    if (n) {
        struct cmsghdr *h = (void *)(c + at);
        h->cmsg_level = 1;
        h->cmsg_type = SCM_RIGHTS;
        h->cmsg_len = CMSG_LEN(4 * n);
        memcpy(CMSG_DATA(h), fds, 4 * n);
        at += CMSG_SPACE(4 * n);
    }
    if (u) {
        struct cmsghdr *h = (void *)(c + at);
        h->cmsg_level = 1;
        h->cmsg_type = SCM_CREDENTIALS;
        h->cmsg_len = CMSG_LEN(sizeof *u);
        memcpy(CMSG_DATA(h), u, sizeof *u);
        at += CMSG_SPACE(sizeof *u);
    }
    m.msg_controllen = len0 ? len0 : at;
    return sendmsg(s, &m, 0);
}
int main() {
    init();
    signal(SIGPIPE, onsig);
    int types[] = {SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET};
    for (int i = 0; i < 3; i++) {
        printf("--- %d\n", types[i]);
        int s[2];
        socketpair(AF_UNIX, types[i], 0, s);
        int p[2];
        pipe(p);
        struct ucred me = {getpid(), getuid(), getgid()}, bad = {1, 0, 0},
                     bad2 = {getpid(), 12345, 0}, none = {999999, 0, 0};
        T(tx(s[0], "one", 2, p, 0, 0));
        rx(s[1], 0, 512);
        T(tx(s[0], "one", 2, p, 0, 0));
        rx(s[1], MSG_CMSG_CLOEXEC, 512);
        T(tx(s[0], "two", 2, p, 0, 0));
        rx(s[1], 0, 0);
        T(tx(s[0], "two", 2, p, 0, 0));
        rx(s[1], 0, CMSG_LEN(4));
        T(tx(s[0], "two", 2, p, 0, 0));
        rx(s[1], 0, CMSG_LEN(2));
        T(tx(s[0], "two", 2, p, 0, 0));
        rx(s[1], 0, CMSG_SPACE(8));
        T(tx(s[0], "pk", 1, p, 0, 0));
        rx(s[1], MSG_PEEK, 512);
        rx(s[1], MSG_PEEK, 512);
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        int bf[2] = {p[0], 999};
        T(tx(s[0], "x", 2, bf, 0, 0));
        T(tx(s[0], "", 1, p, 0, 0));
        rx(s[1], 0, 512);
        T(tx(s[0], "a", 1, p, 0, 0));
        T(tx(s[0], "b", 0, 0, 0, 0));
        T(tx(s[0], "c", 1, p, 0, 0));
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        int many[254];
        for (int k = 0; k < 254; k++)
            many[k] = p[0];
        T(tx(s[0], "m", 253, many, 0, 0));
        {
            char b[9];
            T(recv(s[1], b, 9, MSG_DONTWAIT));
        }
        T(tx(s[0], "m", 254, many, 0, 0));
        T(tx(s[0], "cr", 0, 0, &me, 0));
        rx(s[1], 0, 512);
        T(tx(s[0], "cr", 0, 0, &none, 0));
        rx(s[1], 0, 512);
        T(tx(s[0], "cr", 0, 0, &bad2, 0));
        rx(s[1], 0, 512);
        int on = 1;
        T(setsockopt(s[1], SOL_SOCKET, SO_PASSCRED, &on, 4));
        T(write(s[0], "w", 1));
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        T(write(s[0], "w", 1));
        rx(s[1], 0, 0);
        T(write(s[0], "w", 1));
        rx(s[1], 0, CMSG_LEN(4));
        T(tx(s[0], "both", 1, p, &me, 0));
        rx(s[1], 0, 512);
        T(tx(s[0], "both", 1, p, &me, 0));
        rx(s[1], 0, CMSG_SPACE(sizeof me));
        T(tx(s[0], "1", 0, 0, &me, 0));
        T(tx(s[0], "2", 0, 0, &bad2, 0));
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        T(tx(s[0], "z", 1, p, 0, 10));
        T(tx(s[0], "z", 1, p, 0, 17));
        T(tx(s[0], "z", 1, p, 0, 19));
        T(tx(s[0], "self", 1, s, 0, 0));
        T(tx(s[0], "self", 1, s + 1, 0, 0));
        close(s[0]);
        rx(s[1], 0, 512);
        rx(s[1], 0, 512);
        close(s[1]);
        socketpair(AF_UNIX, types[i], 0, s);
        T(tx(s[0], "pp", 1, p + 1, 0, 0));
        close(p[1]);
        fcntl(p[0], F_SETFL, O_NONBLOCK);
        char b[4];
        T(read(p[0], b, 1));
        close(s[1]);
        close(s[0]);
        T(read(p[0], b, 1));
        setresuid(-1, 1000, -1);
        socketpair(AF_UNIX, types[i], 0, s);
        T(tx(s[0], "u", 0, 0, &bad, 0));
        struct ucred c2 = {getpid(), 0, 0};
        T(tx(s[0], "u", 0, 0, &c2, 0));
        c2.uid = 1000;
        T(tx(s[0], "u", 0, 0, &c2, 0));
        c2.uid = 77;
        T(tx(s[0], "u", 0, 0, &c2, 0));
        c2.uid = 0;
        c2.gid = 55;
        T(tx(s[0], "u", 0, 0, &c2, 0));
        setresuid(-1, 0, -1);
        struct ucred pc;
        socklen_t l = sizeof pc;
        T(getsockopt(s[0], 1, SO_PEERCRED, &pc, &l));
        SHOW(pc.uid);
        int fl = 1;
        T(setsockopt(s[0], 1, 76, &fl, 4));
        T(write(s[1], "q", 1));
        {
            char c[100], bb[5];
            struct iovec v = {bb, 5};
            struct msghdr m = {
                .msg_iov = &v, .msg_iovlen = 1, .msg_control = c, .msg_controllen = 100};
            T(recvmsg(s[0], &m, 0));
            SHOW(m.msg_controllen);
            struct cmsghdr *h = CMSG_FIRSTHDR(&m);
            if (h)
                printf("type %d\n", h->cmsg_type);
        }
        int d = -1;
        l = 4;
        T(getsockopt(s[0], 1, 77, &d, &l) >= 0 && d > 2);
        l = 64;
        char sc[64];
        T(getsockopt(s[0], 1, 59, sc, &l));
    }
    // stream: mixing rights boundaries
    int s[2], p[2];
    socketpair(AF_UNIX, SOCK_STREAM, 0, s);
    pipe(p);
    T(tx(s[0], "aaa", 0, 0, 0, 0));
    T(tx(s[0], "bbb", 1, p, 0, 0));
    T(tx(s[0], "ccc", 0, 0, 0, 0));
    rx(s[1], 0, 512);
    rx(s[1], 0, 512);
    rx(s[1], 0, 512);
    T(tx(s[0], "aaa", 1, p, 0, 0));
    {
        char b[2];
        T(recv(s[1], b, 1, MSG_PEEK));
        T(recv(s[1], b, 1, 0));
    }
    rx(s[1], 0, 512);
    T(tx(s[0], "aaa", 0, 0, 0, 0));
    T(tx(s[0], "bbb", 0, 0, 0, 0));
    {
        char b[9];
        T(recv(s[1], b, 9, MSG_WAITALL | MSG_DONTWAIT));
        int off = 2;
        T(setsockopt(s[1], 1, SO_PEEK_OFF, &off, 4));
        tx(s[0], "abcdef", 0, 0, 0, 0);
        T(recv(s[1], b, 2, MSG_PEEK));
        SHOW(b[0]);
        T(recv(s[1], b, 2, MSG_PEEK));
        SHOW(b[0]);
        T(recv(s[1], b, 1, 0));
        T(recv(s[1], b, 2, MSG_PEEK | MSG_DONTWAIT));
        SHOW(b[0]);
        socklen_t l = 4;
        T(getsockopt(s[1], 1, SO_PEEK_OFF, &off, &l));
        SHOW(off);
    }
    return 0;
}
