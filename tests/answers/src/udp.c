#include "t.h"
static int mk(int f, void *a, const char *ip, int port) {
    memset(a, 0, 28);
    if (f == 2) {
        struct sockaddr_in *p = a;
        p->sin_family = 2;
        p->sin_port = htons(port);
        inet_pton(2, ip, &p->sin_addr);
        return 16;
    }
    struct sockaddr_in6 *p = a;
    p->sin6_family = 10;
    p->sin6_port = htons(port);
    inet_pton(10, ip, &p->sin6_addr);
    return 28;
}
static int B(int s, int f, const char *ip, int port) {
    char a[28];
    int l = mk(f, a, ip, port);
    return bind(s, (void *)a, l);
}
static int C(int s, int f, const char *ip, int port) {
    char a[28];
    int l = mk(f, a, ip, port);
    return connect(s, (void *)a, l);
}
static long S(int s, int f, const char *ip, int port, const char *d, int fl) {
    char a[28];
    int l = mk(f, a, ip, port);
    return sendto(s, d, strlen(d), fl, (void *)a, l);
}
static int port(int s) {
    struct sockaddr_in6 a;
    socklen_t l = sizeof a;
    getsockname(s, (void *)&a, &l);
    return ntohs(a.sin6_port);
}
static void name(const char *w, int s, int peer) {
    struct sockaddr_storage a;
    memset(&a, 0x55, sizeof a);
    socklen_t l = sizeof a;
    int r = peer ? getpeername(s, (void *)&a, &l) : getsockname(s, (void *)&a, &l);
    printf("%s %s %d %s", w, peer ? "peer" : "sock", r, r < 0 ? en(errno) : "");
    if (!r) {
        char b[99];
        struct sockaddr_in *i = (void *)&a;
        struct sockaddr_in6 *j = (void *)&a;
        printf(" len %d fam %d %s port %d", l, a.ss_family,
               a.ss_family == 2 ? inet_ntop(2, &i->sin_addr, b, 99)
                                : inet_ntop(10, &j->sin6_addr, b, 99),
               !!i->sin_port);
    }
    puts("");
}
static int op(int s, int lv, int o) {
    int v = -1;
    socklen_t l = 4;
    int r = getsockopt(s, lv, o, &v, &l);
    printf("opt %d.%d: %d %s %d %d\n", lv, o, r, r < 0 ? en(errno) : "", v, l);
    return v;
}
static void rx(int s, int fl) {
    char b[2000], c[300], a[28];
    struct iovec v = {b, 10};
    struct msghdr m = {.msg_name = a,
                       .msg_namelen = 28,
                       .msg_iov = &v,
                       .msg_iovlen = 1,
                       .msg_control = c,
                       .msg_controllen = 300};
    long r = recvmsg(s, &m, fl | MSG_DONTWAIT);
    printf("rx %ld %s nl %d flags %#x cl %d\n", r, r < 0 ? en(errno) : "", m.msg_namelen,
           m.msg_flags, r < 0 ? 0 : m.msg_controllen > 0);
    if (r >= 0)
        for (struct cmsghdr *h = CMSG_FIRSTHDR(&m); h; h = CMSG_NXTHDR(&m, h)) {
            printf(" cmsg %d %d", h->cmsg_level, h->cmsg_type);
            if (h->cmsg_level != 1)
                hex("", CMSG_DATA(h), h->cmsg_len - CMSG_LEN(0));
            else
                puts("");
        }
}
int main() {
    init();
    signal(SIGPIPE, onsig);
    char buf[70000];
    memset(buf, 'u', sizeof buf);
    const char *los[] = {"127.0.0.1", "::1"}, *anys[] = {"0.0.0.0", "::"};
    int fs[] = {2, 10};
    for (int i = 0; i < 2; i++) {
        int f = fs[i];
        const char *lo = los[i], *any = anys[i];
        printf("--- %d\n", f);
        int a = socket(f, SOCK_DGRAM, 0), b = socket(f, SOCK_DGRAM, 0);
        P(a);
        T(send(a, "x", 1, 0));
        T(recv(a, buf, 5, MSG_DONTWAIT));
        name("a", a, 0);
        name("a", a, 1);
        T(B(a, f, lo, 0));
        name("a", a, 0);
        int pa = port(a);
        T(S(b, f, lo, pa, "hello", 0));
        name("b", b, 0);
        T(S(b, f, lo, pa, "", 0));
        T(S(b, f, lo, pa, "0123456789abcdef", 0));
        P(a);
        int n;
        T(ioctl(a, FIONREAD, &n));
        SHOW(n);
        struct sockaddr_storage ss;
        socklen_t sl = sizeof ss;
        T(recvfrom(a, buf, 3, MSG_PEEK | MSG_TRUNC, (void *)&ss, &sl));
        SHOW(sl);
        sl = 4;
        T(recvfrom(a, buf, 10, 0, (void *)&ss, &sl));
        SHOW(sl);
        T(recv(a, buf, 5, 0));
        rx(a, 0);
        rx(a, 0);
        T(S(b, f, lo, pa, "0123456789abcdef", 0));
        rx(a, MSG_TRUNC);
        // big
        T(sendto(b, buf, 65507, 0, (void *)&ss, 0));
        mk(f, &ss, lo, pa);
        int al = f == 2 ? 16 : 28;
        T(sendto(b, buf, 65507, 0, (void *)&ss, al));
        T(sendto(b, buf, 65508, 0, (void *)&ss, al));
        T(sendto(b, buf, 65527, 0, (void *)&ss, al));
        T(sendto(b, buf, 65528, 0, (void *)&ss, al));
        T(sendto(b, buf, 65536, 0, (void *)&ss, al));
        T(sendto(b, buf, 70000, 0, (void *)&ss, al));
        while (recv(a, buf, 70000, MSG_DONTWAIT) > 0)
            ;
        // connect
        T(C(b, f, lo, pa));
        name("b", b, 0);
        name("b", b, 1);
        T(send(b, "c", 1, 0));
        int c = socket(f, SOCK_DGRAM, 0);
        T(S(c, f, lo, port(b), "notpeer", 0));
        T(recv(b, buf, 9, MSG_DONTWAIT));
        T(S(a, f, lo, port(b), "peer", 0));
        T(recv(b, buf, 9, MSG_DONTWAIT));
        T(sendto(b, "d", 1, 0, (void *)&ss, al));
        T(S(b, f, lo, port(c), "toC", 0));
        T(recv(c, buf, 9, MSG_DONTWAIT));
        // refused
        int d = socket(f, SOCK_DGRAM, 0);
        B(d, f, lo, 0);
        int pd = port(d);
        close(d);
        T(S(c, f, lo, pd, "x", 0));
        T(S(c, f, lo, pd, "x", 0));
        T(recv(c, buf, 9, MSG_DONTWAIT));
        T(C(c, f, lo, pd));
        T(send(c, "x", 1, 0));
        P(c);
        op(c, 1, SO_ERROR);
        T(send(c, "x", 1, 0));
        T(send(c, "x", 1, 0));
        T(send(c, "x", 1, 0));
        T(recv(c, buf, 9, 0));
        T(recv(c, buf, 9, MSG_DONTWAIT));
        struct sockaddr u = {0};
        T(connect(c, &u, 16));
        name("c", c, 0);
        name("c", c, 1);
        T(send(c, "x", 1, 0));
        n = 1;
        T(setsockopt(c, f == 2 ? 0 : 41, f == 2 ? 11 : 25, &n, 4));
        T(S(c, f, lo, pd, "err", 0));
        P(c);
        op(c, 1, SO_ERROR);
        rx(c, MSG_ERRQUEUE);
        rx(c, MSG_ERRQUEUE);
        T(C(c, f, lo, pd));
        T(send(c, "e2", 2, 0));
        P(c);
        T(recv(c, buf, 9, MSG_DONTWAIT));
        rx(c, MSG_ERRQUEUE);
        rx(c, 0);
        // dest port 0, oob, etc
        T(S(c, f, lo, 0, "x", 0));
        T(S(c, f, lo, pa, "x", MSG_OOB));
        T(S(c, f, any, pa, "x", 0));
        T(sendto(c, "x", 1, 0, (void *)&ss, 5));
        T(sendto(c, "x", 1, 0, (void *)&ss, 2));
        T(sendto(c, "x", 1, 0, (void *)&ss, 200));
        T(listen(c, 1));
        T(accept(c, 0, 0));
        T(shutdown(c, 1));
        T(send(c, "x", 1, 0));
        SHOW(sigs[SIGPIPE]);
        T(send(c, "x", 1, MSG_NOSIGNAL));
        T(shutdown(a, 0));
        P(a);
        T(recv(a, buf, 9, 0));
        T(recv(a, buf, 9, 0));
        T(S(b, f, lo, pa, "x", 0));
        T(recv(a, buf, 9, 0));
        T(recv(a, buf, 9, MSG_DONTWAIT));
        close(a);
        close(b);
        close(c);
        // pktinfo etc
        a = socket(f, SOCK_DGRAM, 0);
        n = 1;
        if (f == 2) {
            T(setsockopt(a, 0, IP_PKTINFO, &n, 4));
            T(setsockopt(a, 0, IP_RECVTTL, &n, 4));
            T(setsockopt(a, 0, IP_RECVTOS, &n, 4));
        } else {
            T(setsockopt(a, 41, 49, &n, 4));
            T(setsockopt(a, 41, 51, &n, 4));
            T(setsockopt(a, 41, 66, &n, 4));
        }
        T(B(a, f, any, 0));
        pa = port(a);
        b = socket(f, SOCK_DGRAM, 0);
        T(S(b, f, lo, pa, "info", 0));
        rx(a, 0);
        n = 1;
        T(setsockopt(a, 1, SO_TIMESTAMP, &n, 4));
        T(S(b, f, lo, pa, "info", 0));
        rx(a, 0);
        T(setsockopt(a, 1, 35, &n, 4));
        T(S(b, f, lo, pa, "info", 0));
        rx(a, 0);
        T(setsockopt(a, 1, SO_RXQ_OVFL, &n, 4));
        T(S(b, f, lo, pa, "info", 0));
        rx(a, 0);
        if (f == 2) {
            n = 0x20;
            T(setsockopt(b, 0, IP_TOS, &n, 4));
            n = 7;
            T(setsockopt(b, 0, IP_TTL, &n, 4));
            T(S(b, f, "127.1.2.3", pa, "tos", 0));
            rx(a, 0);
        }
        // conflicts
        c = socket(f, SOCK_DGRAM, 0);
        T(B(c, f, lo, pa));
        T(B(c, f, any, pa));
        n = 1;
        setsockopt(c, 1, SO_REUSEADDR, &n, 4);
        T(B(c, f, lo, pa));
        setsockopt(a, 1, SO_REUSEADDR, &n, 4);
        T(B(c, f, lo, pa));
        T(S(b, f, lo, pa, "who", 0));
        rx(c, 0);
        rx(a, 0);
        d = socket(f, SOCK_DGRAM, 0);
        setsockopt(d, 1, SO_REUSEADDR, &n, 4);
        T(B(d, f, lo, pa));
        T(S(b, f, lo, pa, "who", 0));
        rx(d, 0);
        rx(c, 0);
        close(c);
        close(d);
        // rcvbuf overflow
        n = 2304;
        T(setsockopt(a, 1, SO_RCVBUF, &n, 4));
        op(a, 1, SO_RCVBUF);
        for (int k = 0; k < 20; k++)
            S(b, f, lo, pa, "01234567890123456789", 0);
        int k = 0;
        while (recv(a, buf, 99, MSG_DONTWAIT) > 0)
            k++;
        SHOW(k);
        // mmsg
        struct mmsghdr mm[4] = {0};
        struct iovec v[4];
        C(b, f, lo, pa);
        for (int j = 0; j < 4; j++) {
            v[j].iov_base = "msg";
            v[j].iov_len = 3;
            mm[j].msg_hdr.msg_iov = v + j;
            mm[j].msg_hdr.msg_iovlen = 1;
        }
        T(sendmmsg(b, mm, 4, 0));
        SHOW(mm[3].msg_len);
        v[2].iov_base = (void *)1;
        T(sendmmsg(b, mm, 4, 0));
        v[0].iov_base = (void *)1;
        T(sendmmsg(b, mm, 4, 0));
        T(sendmmsg(b, mm, 0, 0));
        for (int j = 0; j < 4; j++) {
            v[j].iov_base = buf + j * 10;
            v[j].iov_len = 10;
        }
        T(recvmmsg(a, mm, 4, 0, 0));
        T(recvmmsg(a, mm, 4, MSG_WAITFORONE, 0));
        T(recvmmsg(a, mm, 4, MSG_DONTWAIT, 0));
        struct timespec ts = {0, 1000000};
        T(recvmmsg(a, mm, 4, MSG_DONTWAIT, &ts));
        ts.tv_nsec = -1;
        T(recvmmsg(a, mm, 4, 0, &ts));
        T(sendmmsg(b, mm, 2, 0));
        ts.tv_sec = 0;
        ts.tv_nsec = 0;
        T(recvmmsg(a, mm, 4, 0, &ts));
        T(recvmmsg(a, mm, 4, 0, &ts));
        // more send flag
        n = 100;
        T(setsockopt(a, 1, SO_RCVLOWAT, &n, 4));
        T(send(b, "lw", 2, 0));
        P(a);
        rx(a, 0);
        T(send(b, "more", 4, MSG_MORE));
        P(a);
        T(send(b, "done", 4, 0));
        rx(a, 0);
        n = 1;
        T(setsockopt(b, 17, UDP_CORK, &n, 4));
        T(send(b, "A", 1, 0));
        T(send(b, "B", 1, 0));
        P(a);
        n = 0;
        T(setsockopt(b, 17, UDP_CORK, &n, 4));
        rx(a, 0);
        n = 4;
        T(setsockopt(b, 17, 103, &n, 4));
        T(send(b, "0123456789", 10, 0));
        rx(a, 0);
        rx(a, 0);
        rx(a, 0);
        n = 0;
        setsockopt(b, 17, 103, &n, 4);
        close(a);
        close(b);
        a = socket(f, SOCK_DGRAM, 0);
        if (f == 2)
            T(C(a, f, "255.255.255.255", 9));
        n = 1;
        T(setsockopt(a, 1, SO_BROADCAST, &n, 4));
        if (f == 2) {
            struct ip_mreq mq = {.imr_multiaddr.s_addr = htonl(0xe0000101),
                                 .imr_interface.s_addr = htonl(INADDR_LOOPBACK)};
            T(setsockopt(a, 0, IP_ADD_MEMBERSHIP, &mq, sizeof mq));
            T(setsockopt(a, 0, IP_ADD_MEMBERSHIP, &mq, sizeof mq));
            T(setsockopt(a, 0, IP_DROP_MEMBERSHIP, &mq, sizeof mq));
            T(setsockopt(a, 0, IP_DROP_MEMBERSHIP, &mq, sizeof mq));
            struct in_addr ia = {htonl(INADDR_LOOPBACK)};
            T(setsockopt(a, 0, IP_MULTICAST_IF, &ia, 4));
            b = socket(f, SOCK_DGRAM, 0);
            n = 1;
            setsockopt(b, 1, SO_REUSEADDR, &n, 4);
            T(B(b, 2, "0.0.0.0", 0));
            T(setsockopt(b, 0, IP_ADD_MEMBERSHIP, &mq, sizeof mq));
            T(S(a, 2, "224.0.1.1", port(b), "mc", 0));
            rx(b, 0);
            n = 0;
            T(setsockopt(a, 0, IP_MULTICAST_LOOP, &n, 4));
            T(S(a, 2, "224.0.1.1", port(b), "mc", 0));
            rx(b, 0);
            close(b);
        }
        close(a);
    }
    return 0;
}
