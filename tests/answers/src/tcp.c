#include "t.h"
static struct sockaddr_in a4(const char *ip, int port) {
    struct sockaddr_in a = {AF_INET, htons(port)};
    inet_pton(AF_INET, ip, &a.sin_addr);
    return a;
}
static struct sockaddr_in6 a6(const char *ip, int port) {
    struct sockaddr_in6 a = {AF_INET6, htons(port)};
    inet_pton(AF_INET6, ip, &a.sin6_addr);
    return a;
}
static int B(int s, const char *ip, int port) {
    if (strchr(ip, ':')) {
        struct sockaddr_in6 a = a6(ip, port);
        return bind(s, (void *)&a, sizeof a);
    }
    struct sockaddr_in a = a4(ip, port);
    return bind(s, (void *)&a, sizeof a);
}
static int C(int s, const char *ip, int port) {
    if (strchr(ip, ':')) {
        struct sockaddr_in6 a = a6(ip, port);
        return connect(s, (void *)&a, sizeof a);
    }
    struct sockaddr_in a = a4(ip, port);
    return connect(s, (void *)&a, sizeof a);
}
static int port(int s) {
    struct sockaddr_in6 a;
    socklen_t l = sizeof a;
    getsockname(s, (void *)&a, &l);
    return ntohs(a.sin6_port);
}
static void name(const char *w, int s, int peer, int withport) {
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
               withport ? ntohs(i->sin_port) : !!i->sin_port);
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
static int st(int s) {
    struct tcp_info t;
    socklen_t l = sizeof t;
    if (getsockopt(s, 6, TCP_INFO, &t, &l))
        return -errno;
    return t.tcpi_state;
}
int main() {
    init();
    signal(SIGPIPE, onsig);
    char buf[70000];
    int fams[] = {AF_INET, AF_INET6};
    const char *lo[] = {"127.0.0.1", "::1"}, *any[] = {"0.0.0.0", "::"};
    for (int i = 0; i < 2; i++) {
        int f = fams[i];
        printf("---- fam %d\n", f);
        int l = socket(f, SOCK_STREAM, 0);
        T(st(l));
        P(l);
        name("l", l, 0, 1);
        name("l", l, 1, 1);
        int os[] = {1, 2, 3, 4, 5, 6, 8, 9, 10, 11, 12, 13, 15, 18, 19, 29, 30, 38, 39, 42};
        for (int k = 0; k < sizeof os / 4; k++)
            op(l, 1, os[k]);
        int ts[] = {1, 3, 4, 5, 6, 8, 9, 12, 18, 23, 25};
        for (int k = 0; k < sizeof ts / 4; k++)
            op(l, 6, ts[k]);
        int is[] = {1, 2, 8, 10, 11, 12, 13, 15, 33, 34};
        for (int k = 0; k < sizeof is / 4; k++)
            op(l, 0, is[k]);
        if (f == 10) {
            int js[] = {1, 16, 18, 19, 25, 26, 49, 51, 66, 67, 72};
            for (int k = 0; k < sizeof js / 4; k++)
                op(l, 41, js[k]);
        }
        T(B(l, lo[i], 0));
        SHOW(port(l) > 1024);
        name("l", l, 0, 0);
        T(B(l, lo[i], 0));
        T(accept(l, 0, 0));
        T(listen(l, 5));
        T(listen(l, 1));
        T(st(l));
        P(l);
        op(l, 1, SO_ACCEPTCONN);
        int pt = port(l);
        int c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], pt));
        name("c", c, 0, 0);
        SHOW(port(c) > 1024);
        T(st(c));
        P(l);
        P(c);
        T(C(c, lo[i], pt));
        struct sockaddr_storage ss;
        socklen_t sl = sizeof ss;
        int a;
        T((a = accept4(l, (void *)&ss, &sl, SOCK_NONBLOCK)) >= 0);
        SHOW(sl);
        T(fcntl(a, F_GETFL));
        name("a", a, 0, 0);
        name("a", a, 1, 0);
        SHOW(port(a) == pt);
        T(read(a, buf, 9));
        T(write(c, "hello world", 11));
        int n;
        T(ioctl(a, FIONREAD, &n));
        SHOW(n);
        T(ioctl(c, TIOCOUTQ, &n));
        SHOW(n);
        P(a);
        P(c);
        T(recv(a, buf, 5, MSG_PEEK));
        T(recv(a, buf, 5, MSG_TRUNC));
        T(recv(a, buf, 50, 0));
        T(send(c, "abcX", 4, MSG_OOB));
        P(a);
        T(ioctl(a, SIOCATMARK, &n));
        SHOW(n);
        T(recv(a, buf, 9, MSG_OOB));
        SHOW(buf[0]);
        T(recv(a, buf, 9, MSG_OOB));
        T(recv(a, buf, 9, 0));
        T(ioctl(a, SIOCATMARK, &n));
        SHOW(n);
        P(a);
        T(send(c, "de", 2, 0));
        T(recv(a, buf, 9, 0));
        T(ioctl(a, SIOCATMARK, &n));
        SHOW(n);
        T(recv(a, buf, 9, MSG_OOB));
        T(send(c, "ab", 2, 0));
        T(send(c, "Z", 1, MSG_OOB));
        T(send(c, "cd", 2, 0));
        T(recv(a, buf, 9, 0));
        T(recv(a, buf, 9, 0));
        SHOW(buf[0]);
        n = 1;
        T(setsockopt(a, 1, SO_OOBINLINE, &n, 4));
        T(send(c, "ab", 2, 0));
        T(send(c, "Z", 1, MSG_OOB));
        T(send(c, "cd", 2, 0));
        T(recv(a, buf, 9, MSG_OOB));
        T(recv(a, buf, 9, 0));
        T(ioctl(a, SIOCATMARK, &n));
        SHOW(n);
        T(recv(a, buf, 9, 0));
        T(sendto(c, "x", 1, 0, (void *)&ss, sl));
        T(recv(a, buf, 9, 0));
        T(shutdown(c, SHUT_WR));
        T(st(a));
        P(a);
        P(c);
        T(read(a, buf, 9));
        T(write(c, "a", 1));
        SHOW(sigs[SIGPIPE]);
        sigs[SIGPIPE] = 0;
        T(write(a, "back", 4));
        T(read(c, buf, 9));
        T(shutdown(a, SHUT_RD));
        P(a);
        T(shutdown(a, SHUT_WR));
        T(st(a));
        T(st(c));
        P(a);
        P(c);
        T(read(c, buf, 9));
        T(shutdown(c, SHUT_RD));
        T(shutdown(a, SHUT_RDWR));
        T(write(a, "x", 1));
        T(read(a, buf, 1));
        name("a", a, 1, 0);
        close(a);
        T(st(c));
        P(c);
        close(c);
        // reset: close with unread
        c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], pt));
        a = accept(l, 0, 0);
        T(write(c, "unread", 6));
        close(a);
        P(c);
        T(st(c));
        T(read(c, buf, 5));
        T(read(c, buf, 5));
        T(write(c, "z", 1));
        op(c, 1, SO_ERROR);
        P(c);
        close(c);
        c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], pt));
        a = accept(l, 0, 0);
        close(a);
        P(c);
        T(st(c));
        T(write(c, "z", 1));
        msleep(5);
        P(c);
        T(write(c, "z", 1));
        SHOW(sigs[SIGPIPE]);
        T(read(c, buf, 5));
        op(c, 1, SO_ERROR);
        close(c);
        c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], pt));
        a = accept(l, 0, 0);
        struct linger lg = {1, 0};
        T(setsockopt(a, 1, SO_LINGER, &lg, sizeof lg));
        close(a);
        P(c);
        op(c, 1, SO_ERROR);
        op(c, 1, SO_ERROR);
        T(read(c, buf, 4));
        T(write(c, "a", 1));
        close(c);
        c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], pt));
        a = accept(l, 0, 0);
        setsockopt(a, 1, SO_LINGER, &lg, sizeof lg);
        write(c, "z", 1);
        close(a);
        T(read(c, buf, 4));
        T(read(c, buf, 4));
        T(st(c));
        T(C(c, lo[i], pt));
        close(c);
        while (1) {
            nb(l);
            int z = accept(l, 0, 0);
            if (z < 0)
                break;
            close(z);
        }
        // refused & nonblock
        int d = socket(f, SOCK_STREAM, 0);
        T(B(d, lo[i], 0));
        int dp = port(d);
        c = socket(f, SOCK_STREAM, 0);
        T(C(c, lo[i], dp));
        P(c);
        op(c, 1, SO_ERROR);
        T(C(c, lo[i], dp));
        T(C(c, lo[i], pt));
        T(st(c));
        close(c);
        c = socket(f, SOCK_STREAM | SOCK_NONBLOCK, 0);
        T(C(c, lo[i], dp));
        P(c);
        T(C(c, lo[i], dp));
        T(C(c, lo[i], dp));
        P(c);
        op(c, 1, SO_ERROR);
        op(c, 1, SO_ERROR);
        P(c);
        close(c);
        c = socket(f, SOCK_STREAM | SOCK_NONBLOCK, 0);
        T(C(c, lo[i], pt));
        P(c);
        op(c, 1, SO_ERROR);
        T(C(c, lo[i], pt));
        T(C(c, lo[i], pt));
        T(write(c, "hi", 2));
        {
            struct sockaddr un = {AF_UNSPEC};
            T(connect(c, &un, 16));
            T(st(c));
            name("c", c, 0, 0);
            name("c", c, 1, 0);
            P(c);
            T(write(c, "a", 1));
            T(C(c, lo[i], pt));
        }
        close(c);
        // bind conflicts
        int e = socket(f, SOCK_STREAM, 0);
        T(B(e, lo[i], pt));
        T(B(e, any[i], pt));
        n = 1;
        T(setsockopt(e, 1, SO_REUSEADDR, &n, 4));
        T(B(e, lo[i], pt));
        T(setsockopt(l, 1, SO_REUSEADDR, &n, 4));
        T(B(e, lo[i], pt));
        T(B(e, lo[i], dp));
        close(e);
        e = socket(f, SOCK_STREAM, 0);
        setsockopt(e, 1, SO_REUSEADDR, &n, 4);
        setsockopt(d, 1, SO_REUSEADDR, &n, 4);
        T(B(e, lo[i], dp));
        T(listen(d, 1));
        T(listen(e, 1));
        close(e);
        e = socket(f, SOCK_STREAM, 0);
        T(setsockopt(e, 1, SO_REUSEPORT, &n, 4));
        T(B(e, lo[i], 0));
        int e2 = socket(f, SOCK_STREAM, 0);
        T(setsockopt(e2, 1, SO_REUSEPORT, &n, 4));
        T(B(e2, lo[i], port(e)));
        T(listen(e, 1));
        T(listen(e2, 1));
        close(e);
        close(e2);
        e = socket(f, SOCK_STREAM, 0);
        T(listen(e, 0));
        name("auto", e, 0, 0);
        e2 = socket(f, SOCK_STREAM | SOCK_NONBLOCK, 0);
        T(C(e2, lo[i], port(e)));
        int e3 = socket(f, SOCK_STREAM | SOCK_NONBLOCK, 0);
        T(C(e3, lo[i], port(e)));
        msleep(10);
        P(e2);
        P(e3);
        close(e);
        msleep(1);
        P(e2);
        T(read(e2, buf, 1));
        close(e2);
        close(e3);
        T(B(d, "1.2.3.4", 0));
        e = socket(f, SOCK_STREAM, 0);
        if (f == 2) {
            T(B(e, "1.2.3.4", 0));
            T(B(e, "127.9.9.9", 0));
            name("e", e, 0, 0);
        } else {
            T(B(e, "2001:db8::1", 0));
            T(B(e, "::ffff:127.0.0.1", 0));
            name("e", e, 0, 0);
        }
        {
            struct sockaddr_in6 z = {.sin6_family = AF_UNSPEC};
            T(bind(e, (void *)&z, sizeof z));
            z.sin6_family = f;
            T(bind(e, (void *)&z, 10));
            T(bind(e, (void *)&z, 200));
            T(bind(e, (void *)1, 16));
            z.sin6_family = AF_UNIX;
            T(bind(e, (void *)&z, sizeof z));
            T(connect(e, (void *)&z, sizeof z));
            T(connect(e, (void *)&z, 1));
            T(connect(e, (void *)&z, 16));
            z.sin6_family = f;
            T(connect(e, (void *)&z, 10));
        }
        close(e);
        e = socket(f, SOCK_STREAM, 0);
        if (f == 2)
            T(C(e, "224.0.0.1", 80));
        if (f == 2)
            T(C(e, "255.255.255.255", 80));
        T(C(e, any[i], dp));
        close(e);
        nb(l);
        while ((a = accept(l, 0, 0)) >= 0)
            close(a);
        e = socket(f, SOCK_STREAM, 0);
        T(C(e, any[i], pt));
        name("e", e, 0, 0);
        name("e", e, 1, 0);
        close(e);
        // v6only & mapped
        if (f == 10) {
            e = socket(f, SOCK_STREAM, 0);
            T(B(e, "::", 0));
            listen(e, 4);
            op(e, 41, IPV6_V6ONLY);
            e2 = socket(AF_INET, SOCK_STREAM, 0);
            T(B(e2, "0.0.0.0", port(e)));
            T(C(e2, "127.0.0.1", port(e)));
            a = accept(e, 0, 0);
            name("m", a, 0, 0);
            name("m", a, 1, 0);
            close(a);
            close(e2);
            n = 1;
            T(setsockopt(e, 41, IPV6_V6ONLY, &n, 4));
            close(e);
            e = socket(f, SOCK_STREAM, 0);
            T(setsockopt(e, 41, IPV6_V6ONLY, &n, 4));
            T(B(e, "::", 0));
            T(B(e, "::ffff:1.2.3.4", 0));
            listen(e, 2);
            e2 = socket(AF_INET, SOCK_STREAM, 0);
            T(C(e2, "127.0.0.1", port(e)));
            e3 = socket(AF_INET, SOCK_STREAM, 0);
            T(B(e3, "0.0.0.0", port(e)));
            T(C(e3, "127.0.0.1", port(e)));
            int e4 = socket(10, 1, 0);
            T(C(e4, "::ffff:127.0.0.1", port(e)));
            close(e);
            close(e2);
            close(e3);
            close(e4);
            e = socket(10, 1, 0);
            setsockopt(e, 41, IPV6_V6ONLY, &n, 4);
            T(C(e, "::ffff:127.0.0.1", 80));
            close(e);
        }
        close(d);
        // rcvtimeo
        c = socket(f, SOCK_STREAM, 0);
        C(c, lo[i], pt);
        struct timeval tv = {0, 30000};
        T(setsockopt(c, 1, SO_RCVTIMEO, &tv, sizeof tv));
        T(read(c, buf, 1));
        tv.tv_usec = 1000000;
        T(setsockopt(c, 1, SO_RCVTIMEO, &tv, sizeof tv));
        tv.tv_usec = 5;
        tv.tv_sec = -1;
        T(setsockopt(c, 1, SO_RCVTIMEO, &tv, sizeof tv));
        sl = sizeof tv;
        T(getsockopt(c, 1, SO_RCVTIMEO, &tv, &sl));
        printf("%ld %ld\n", tv.tv_sec, (long)tv.tv_usec);
        close(c);
        tv.tv_sec = 0;
        tv.tv_usec = 20000;
        setsockopt(l, 1, SO_RCVTIMEO, &tv, sizeof tv);
        bl(l);
        while (accept(l, 0, 0) >= 0)
            ;
        T(accept(l, 0, 0));
        c = socket(f, SOCK_STREAM, 0);
        n = 1;
        T(setsockopt(c, 6, TCP_NODELAY, &n, 4));
        op(c, 6, TCP_NODELAY);
        T(setsockopt(c, 6, TCP_NODELAY, &n, 3));
        n = 500;
        T(setsockopt(c, 6, TCP_KEEPIDLE, &n, 4));
        op(c, 6, TCP_KEEPIDLE);
        n = 0;
        T(setsockopt(c, 6, TCP_KEEPIDLE, &n, 4));
        n = 1000;
        T(setsockopt(c, 1, SO_SNDBUF, &n, 4));
        op(c, 1, SO_SNDBUF);
        T(setsockopt(c, 1, SO_RCVBUF, &n, 4));
        op(c, 1, SO_RCVBUF);
        n = 300;
        T(setsockopt(c, 0, IP_TTL, &n, 4));
        n = 64;
        T(setsockopt(c, 0, IP_TTL, &n, 4));
        n = 0x10;
        T(setsockopt(c, 0, IP_TOS, &n, 4));
        op(c, 0, IP_TOS);
        n = 7;
        T(setsockopt(c, 1, SO_PRIORITY, &n, 4));
        n = 6;
        T(setsockopt(c, 1, SO_PRIORITY, &n, 4));
        op(c, 1, SO_PRIORITY);
        T(setsockopt(c, 1, 1000, &n, 4));
        T(setsockopt(c, 99, 1, &n, 4));
        T(getsockopt(c, 99, 1, &n, &sl));
        T(setsockopt(c, 1, SO_TYPE, &n, 4));
        T(setsockopt(c, 1, SO_BINDTODEVICE, "lo", 3));
        T(setsockopt(c, 1, SO_BINDTODEVICE, "nodev", 6));
        T(setsockopt(c, 1, SO_BINDTODEVICE, "", 0));
        n = 0;
        T(setsockopt(c, 6, TCP_MAXSEG, &n, 4));
        n = 1000;
        T(setsockopt(c, 6, TCP_MAXSEG, &n, 4));
        T(setsockopt(c, 6, TCP_CONGESTION, "nosuch", 6));
        T(setsockopt(c, 6, TCP_CONGESTION, "reno", 4));
        char cc[20] = {0};
        sl = 20;
        T(getsockopt(c, 6, TCP_CONGESTION, cc, &sl));
        printf("%s %d\n", cc, sl);
        close(c);
        close(l);
    }
    T(socket(AF_INET, SOCK_STREAM, IPPROTO_UDP));
    T(socket(AF_INET, SOCK_DGRAM, IPPROTO_TCP));
    T(socket(AF_INET, SOCK_SEQPACKET, 0));
    T(socket(AF_INET, SOCK_RAW, 0));
    T(socket(AF_INET, SOCK_STREAM, 300));
    T(socket(AF_INET, SOCK_STREAM, -1));
    T(socket(AF_INET, SOCK_RDM, 0));
    T(socket(AF_INET, 0, 0));
    T(socket(AF_INET, SOCK_DGRAM, IPPROTO_UDPLITE) >= 0);
    return 0;
}
