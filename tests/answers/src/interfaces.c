#include "t.h"
#include <ifaddrs.h>
#include <net/if.h>
#include <netdb.h>
int main() {
    init();
    struct ifaddrs *a, *i;
    T(getifaddrs(&a));
    for (i = a; i; i = i->ifa_next) {
        if (strcmp(i->ifa_name, "lo"))
            continue;
        char b[99] = "";
        int f = i->ifa_addr ? i->ifa_addr->sa_family : -1;
        if (f == 2)
            inet_ntop(2, &((struct sockaddr_in *)i->ifa_addr)->sin_addr, b, 99);
        if (f == 10)
            inet_ntop(10, &((struct sockaddr_in6 *)i->ifa_addr)->sin6_addr, b, 99);
        printf("%s %d %s %#x\n", i->ifa_name, f, b, i->ifa_flags);
    }
    struct if_nameindex *n;
    T((n = if_nameindex()) != 0);
    if (n)
        printf("%d %s\n", n->if_index, n->if_name);
    T(if_nametoindex("lo"));
    T(if_nametoindex("nope"));
    char nm[IF_NAMESIZE];
    T(if_indextoname(1, nm) != 0);
    T(if_indextoname(99, nm) != 0);
    struct addrinfo h = {.ai_flags = AI_NUMERICHOST}, *r;
    T(getaddrinfo("127.0.0.1", "80", &h, &r));
    T(getaddrinfo("::1", "80", &h, &r));
    h.ai_flags = 0;
    T(getaddrinfo("localhost", "80", &h, &r));
    h.ai_flags = AI_ADDRCONFIG;
    T(getaddrinfo("localhost", 0, &h, &r));
    return 0;
}
