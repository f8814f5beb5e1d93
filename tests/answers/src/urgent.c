#include "t.h"
int main() {
    init();
    char b[20];
    int n;
    int s[2];
    socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, s);
    signal(SIGURG, onsig);
    T(fcntl(s[0], F_SETOWN, getpid()));
#define AM                                                                                         \
    {                                                                                              \
        T(ioctl(s[0], SIOCATMARK, &n));                                                            \
        SHOW(n);                                                                                   \
        P(s[0]);                                                                                   \
    }
#define R(n, f)                                                                                    \
    {                                                                                              \
        memset(b, '.', 20);                                                                        \
        T(recv(s[0], b, n, f));                                                                    \
        printf("%.*s\n", 12, b);                                                                   \
    }
    T(send(s[1], "", 0, MSG_OOB));
    T(send(s[1], "abX", 3, MSG_OOB));
    SHOW(sigs[SIGURG]);
    AM;
    R(10, MSG_PEEK);
    R(10, 0);
    AM;
    R(10, MSG_OOB | MSG_PEEK);
    R(10, MSG_OOB);
    AM;
    R(10, MSG_OOB);
    R(10, 0);
    AM;
    T(send(s[1], "abX", 3, MSG_OOB));
    T(send(s[1], "cd", 2, 0));
    R(10, 0);
    R(10, MSG_PEEK);
    R(10, 0);
    AM;
    T(send(s[1], "abX", 3, MSG_OOB));
    T(send(s[1], "cd", 2, 0));
    R(10, MSG_OOB);
    AM;
    R(1, 0);
    R(10, 0);
    AM;
    R(10, 0);
    AM;
    T(send(s[1], "abX", 3, MSG_OOB));
    T(send(s[1], "cdY", 3, MSG_OOB));
    AM;
    R(10, 0);
    AM;
    R(10, MSG_OOB);
    AM;
    R(10, 0);
    n = 1;
    T(setsockopt(s[0], SOL_SOCKET, SO_OOBINLINE, &n, 4));
    T(send(s[1], "abX", 3, MSG_OOB));
    T(send(s[1], "cd", 2, 0));
    R(10, MSG_OOB);
    R(10, 0);
    AM;
    R(10, 0);
    AM;
    n = 0;
    T(setsockopt(s[0], SOL_SOCKET, SO_OOBINLINE, &n, 4));
    T(send(s[1], "X", 1, MSG_OOB));
    R(10, MSG_OOB);
    T(send(s[1], "Y", 1, MSG_OOB));
    AM;
    R(10, 0);
    AM;
    T(send(s[1], "Z", 1, MSG_OOB));
    close(s[0]);
    P(s[1]);
    T(read(s[1], b, 1));
    // peek off
    for (int t = 1; t <= 5; t += (t == 2 ? 3 : 1)) {
        printf("-- %d\n", t);
        socketpair(AF_UNIX, t | SOCK_NONBLOCK, 0, s);
        socklen_t l = 4;
        int o = 1;
#define OFF                                                                                        \
    {                                                                                              \
        T(getsockopt(s[0], 1, SO_PEEK_OFF, &o, &l));                                               \
        SHOW(o);                                                                                   \
    }
        T(setsockopt(s[0], 1, SO_PEEK_OFF, &o, 4));
        T(write(s[1], "abc", 3));
        T(write(s[1], "defgh", 5));
        R(1, MSG_PEEK);
        OFF;
        R(1, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(1, 0);
        OFF;
        R(9, MSG_PEEK);
        OFF;
        R(9, 0);
        OFF;
        o = -1;
        T(setsockopt(s[0], 1, SO_PEEK_OFF, &o, 4));
        R(2, MSG_PEEK);
        OFF;
        R(9, 0);
        R(9, 0);
        close(s[0]);
        close(s[1]);
    }
    {
        int a = socket(2, 2, 0), o = 1;
        socklen_t l = 16;
        struct sockaddr_in sa = {2, 0, {htonl(0x7f000001)}};
        bind(a, (void *)&sa, 16);
        getsockname(a, (void *)&sa, &l);
        s[0] = a;
        nb(a);
        s[1] = socket(2, 2, 0);
        connect(s[1], (void *)&sa, 16);
        l = 4;
        T(setsockopt(s[0], 1, SO_PEEK_OFF, &o, 4));
        T(write(s[1], "abc", 3));
        T(write(s[1], "defgh", 5));
        R(1, MSG_PEEK);
        OFF;
        R(1, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(1, 0);
        OFF;
        R(9, MSG_PEEK);
        OFF;
        R(9, 0);
        OFF;
    }
    {
        int a = socket(2, 1, 0), o = 1;
        socklen_t l = 16;
        struct sockaddr_in sa = {2, 0, {htonl(0x7f000001)}};
        listen(a, 1);
        getsockname(a, (void *)&sa, &l);
        s[1] = socket(2, 1, 0);
        connect(s[1], (void *)&sa, 16);
        s[0] = accept(a, 0, 0);
        nb(s[0]);
        l = 4;
        T(setsockopt(s[0], 1, SO_PEEK_OFF, &o, 4));
        T(write(s[1], "abc", 3));
        T(write(s[1], "defgh", 5));
        R(1, MSG_PEEK);
        OFF;
        R(1, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(4, MSG_PEEK);
        OFF;
        R(1, 0);
        OFF;
        R(9, MSG_PEEK);
        OFF;
        R(9, 0);
        OFF;
    }
    return 0;
}
