#define _GNU_SOURCE
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <errno.h>
#include <unistd.h>
#include <fcntl.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <poll.h>
#include <time.h>
#include <limits.h>
#include <sched.h>
#include <sys/types.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/uio.h>
#include <sys/ioctl.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <sys/signalfd.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/sendfile.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <netinet/udp.h>
#include <arpa/inet.h>
static const char *const names[] = {[1] = "EPERM",
                                    [2] = "ENOENT",
                                    [3] = "ESRCH",
                                    [4] = "EINTR",
                                    [5] = "EIO",
                                    [6] = "ENXIO",
                                    [7] = "E2BIG",
                                    [8] = "ENOEXEC",
                                    [9] = "EBADF",
                                    [10] = "ECHILD",
                                    [11] = "EAGAIN",
                                    [12] = "ENOMEM",
                                    [13] = "EACCES",
                                    [14] = "EFAULT",
                                    [15] = "ENOTBLK",
                                    [16] = "EBUSY",
                                    [17] = "EEXIST",
                                    [18] = "EXDEV",
                                    [19] = "ENODEV",
                                    [20] = "ENOTDIR",
                                    [21] = "EISDIR",
                                    [22] = "EINVAL",
                                    [23] = "ENFILE",
                                    [24] = "EMFILE",
                                    [25] = "ENOTTY",
                                    [26] = "ETXTBSY",
                                    [27] = "EFBIG",
                                    [28] = "ENOSPC",
                                    [29] = "ESPIPE",
                                    [30] = "EROFS",
                                    [31] = "EMLINK",
                                    [32] = "EPIPE",
                                    [33] = "EDOM",
                                    [34] = "ERANGE",
                                    [35] = "EDEADLK",
                                    [36] = "ENAMETOOLONG",
                                    [37] = "ENOLCK",
                                    [38] = "ENOSYS",
                                    [39] = "ENOTEMPTY",
                                    [40] = "ELOOP",
                                    [42] = "ENOMSG",
                                    [43] = "EIDRM",
                                    [44] = "ECHRNG",
                                    [45] = "EL2NSYNC",
                                    [46] = "EL3HLT",
                                    [47] = "EL3RST",
                                    [48] = "ELNRNG",
                                    [49] = "EUNATCH",
                                    [50] = "ENOCSI",
                                    [51] = "EL2HLT",
                                    [52] = "EBADE",
                                    [53] = "EBADR",
                                    [54] = "EXFULL",
                                    [55] = "ENOANO",
                                    [56] = "EBADRQC",
                                    [57] = "EBADSLT",
                                    [59] = "EBFONT",
                                    [60] = "ENOSTR",
                                    [61] = "ENODATA",
                                    [62] = "ETIME",
                                    [63] = "ENOSR",
                                    [64] = "ENONET",
                                    [65] = "ENOPKG",
                                    [66] = "EREMOTE",
                                    [67] = "ENOLINK",
                                    [68] = "EADV",
                                    [69] = "ESRMNT",
                                    [70] = "ECOMM",
                                    [71] = "EPROTO",
                                    [72] = "EMULTIHOP",
                                    [73] = "EDOTDOT",
                                    [74] = "EBADMSG",
                                    [75] = "EOVERFLOW",
                                    [76] = "ENOTUNIQ",
                                    [77] = "EBADFD",
                                    [78] = "EREMCHG",
                                    [79] = "ELIBACC",
                                    [80] = "ELIBBAD",
                                    [81] = "ELIBSCN",
                                    [82] = "ELIBMAX",
                                    [83] = "ELIBEXEC",
                                    [84] = "EILSEQ",
                                    [85] = "ERESTART",
                                    [86] = "ESTRPIPE",
                                    [87] = "EUSERS",
                                    [88] = "ENOTSOCK",
                                    [89] = "EDESTADDRREQ",
                                    [90] = "EMSGSIZE",
                                    [91] = "EPROTOTYPE",
                                    [92] = "ENOPROTOOPT",
                                    [93] = "EPROTONOSUPPORT",
                                    [94] = "ESOCKTNOSUPPORT",
                                    [95] = "EOPNOTSUPP",
                                    [96] = "EPFNOSUPPORT",
                                    [97] = "EAFNOSUPPORT",
                                    [98] = "EADDRINUSE",
                                    [99] = "EADDRNOTAVAIL",
                                    [100] = "ENETDOWN",
                                    [101] = "ENETUNREACH",
                                    [102] = "ENETRESET",
                                    [103] = "ECONNABORTED",
                                    [104] = "ECONNRESET",
                                    [105] = "ENOBUFS",
                                    [106] = "EISCONN",
                                    [107] = "ENOTCONN",
                                    [108] = "ESHUTDOWN",
                                    [109] = "ETOOMANYREFS",
                                    [110] = "ETIMEDOUT",
                                    [111] = "ECONNREFUSED",
                                    [112] = "EHOSTDOWN",
                                    [113] = "EHOSTUNREACH",
                                    [114] = "EALREADY",
                                    [115] = "EINPROGRESS",
                                    [116] = "ESTALE",
                                    [117] = "EUCLEAN",
                                    [118] = "ENOTNAM",
                                    [119] = "ENAVAIL",
                                    [120] = "EISNAM",
                                    [121] = "EREMOTEIO",
                                    [122] = "EDQUOT",
                                    [123] = "ENOMEDIUM",
                                    [124] = "EMEDIUMTYPE",
                                    [125] = "ECANCELED",
                                    [126] = "ENOKEY",
                                    [127] = "EKEYEXPIRED",
                                    [128] = "EKEYREVOKED",
                                    [129] = "EKEYREJECTED",
                                    [130] = "EOWNERDEAD",
                                    [131] = "ENOTRECOVERABLE",
                                    [132] = "ERFKILL"};
static const char *en(int e) {
    static char b[16];
    if (e >= 0 && e < sizeof names / sizeof *names && names[e])
        return names[e];
    sprintf(b, "%d", e);
    return b;
}
#define T(e)                                                                                       \
    ({                                                                                             \
        errno = 0;                                                                                 \
        long r_ = (long)(e);                                                                       \
        int er_ = errno;                                                                           \
        printf("%d %s = %ld%s%s\n", __LINE__, #e, r_, r_ < 0 ? " " : "", r_ < 0 ? en(er_) : "");   \
        fflush(stdout);                                                                            \
        r_;                                                                                        \
    })
#define X(e)                                                                                       \
    ({                                                                                             \
        errno = 0;                                                                                 \
        long r_ = (long)(e);                                                                       \
        int er_ = errno;                                                                           \
        printf("%d %s %s%s\n", __LINE__, #e, r_ < 0 ? "fails " : "ok", r_ < 0 ? en(er_) : "");     \
        fflush(stdout);                                                                            \
        r_;                                                                                        \
    })
#define SHOW(e) printf("%d %s: %ld\n", __LINE__, #e, (long)(e))
static void hex(const char *l, const void *p, int n) {
    printf("%s:", l);
    for (int i = 0; i < n; i++)
        printf(" %02x", ((unsigned char *)p)[i]);
    printf("\n");
}
static int pl(int fd) {
    struct pollfd p = {fd, 0x7fff & ~POLLNVAL & ~0x1000, 0};
    int r = poll(&p, 1, 0);
    return r < 0 ? r : p.revents;
}
#define P(fd) printf("%d poll %s: %#x\n", __LINE__, #fd, pl(fd))
static int nb(int fd) {
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) | O_NONBLOCK);
}
static int bl(int fd) {
    return fcntl(fd, F_SETFL, fcntl(fd, F_GETFL) & ~O_NONBLOCK);
}
static int sigs[65];
static void onsig(int s) {
    sigs[s]++;
}
static void msleep(int ms) {
    struct timespec t = {ms / 1000, ms % 1000 * 1000000L};
    nanosleep(&t, 0);
}
static void init(void) {
    setvbuf(stdout, 0, _IOLBF, 0);
    alarm(20);
}
