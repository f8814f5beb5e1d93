/* One program of all: answers NAME runs NAME.c. */
#include <stdio.h>
#include <string.h>
#define ALL                                                                                        \
    X(inotify)                                                                                     \
    X(inotify_ends) X(interfaces) X(ipc) X(jobs) X(locks) X(memory) X(names) X(paths) X(pipes) X(rights)   \
        X(seals) X(tcp) X(udp) X(unix_) X(urgent) X(waiting)
#define X(n) int answers_##n(int, char **);
ALL
#undef X
#define X(n)                                                                                       \
    if (!strcmp(v[1], #n))                                                                         \
        return answers_##n(c, v);
    int main(int c, char **v) {
    if (c > 1) {
        ALL
    }
    puts("answers NAME");
    return 2;
}
