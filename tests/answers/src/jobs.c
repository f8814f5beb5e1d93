#include "t.h"
#include <termios.h>
/* Controlling terminals: who gets one, who may use it, who is told of its end. */
static int master, slave;
static char name[32];
static volatile int got[65], order[20], n;
static void count(int s) {
    got[s]++;
    if (n < 20 && s != SIGTTIN)
        order[n++] = s;
}
static void seen(const char *what) {
    printf("%s:", what);
    for (int i = 0; i < n; i++)
        printf(" %d", order[i]);
    puts("");
    n = 0;
}
static int terminal(void) {
    int zero = 0, number;
    master = open("/dev/ptmx", O_RDWR | O_NOCTTY);
    ioctl(master, TIOCSPTLCK, &zero);
    ioctl(master, TIOCGPTN, &number);
    sprintf(name, "/dev/pts/%d", number);
    return master;
}
static int whose(int fd) {
    int r = -1;
    if (ioctl(fd, TIOCGPGRP, &r))
        return -errno;
    return r == getpgrp() ? 1 : r == getpid() ? 2 : r == 0 ? 0 : 3;
}
static int session(int fd) {
    int r = -1;
    if (ioctl(fd, TIOCGSID, &r))
        return -errno;
    return r == getsid(0);
}
static void state(int pid) {
    int s;
    int r = waitpid(pid, &s, WUNTRACED | WCONTINUED);
    printf("child %s\n", r != pid ? "gone" : WIFSTOPPED(s) ? "stopped" : WIFCONTINUED(s) ? "continued" :
           WIFSIGNALED(s) ? "killed" : "exited");
    if (r == pid)
        printf(" %d\n", WIFSTOPPED(s) ? WSTOPSIG(s) : WIFSIGNALED(s) ? WTERMSIG(s) : WIFEXITED(s) ? WEXITSTATUS(s) : 0);
}
static int drain(void) {
    char b[100];
    int all = 0, r;
    nb(master);
    while ((r = read(master, b, 99)) > 0)
        all += r;
    bl(master);
    return all;
}
#define BACKGROUND(name, ...)                                                                      \
    ({                                                                                             \
        fflush(stdout);                                                                            \
        int p_ = fork();                                                                           \
        if (!p_) {                                                                                 \
            setpgid(0, 0);                                                                         \
            __VA_ARGS__;                                                                           \
            fflush(stdout);                                                                        \
            _exit(7);                                                                              \
        }                                                                                          \
        setpgid(p_, p_);                                                                           \
        printf("background %s\n", name);                                                           \
        p_;                                                                                        \
    })
static void in_session(void) {
    char b[100];
    struct termios t;
    int me = getpid(), bad = -1, none = 99999;
    X(open("/dev/tty", O_RDWR));
    int quiet = open(name, O_RDWR | O_NOCTTY);
    SHOW(whose(quiet));
    SHOW(session(quiet));
    SHOW(whose(master));
    int out = open(name, O_WRONLY);
    SHOW(whose(out));
    X(ioctl(quiet, TIOCSPGRP, &me));
    X(ioctl(quiet, TIOCNOTTY, 0));
    X(ioctl(master, TIOCSCTTY, 0));
    slave = open(name, O_RDWR);
    SHOW(whose(slave));
    SHOW(whose(quiet));
    SHOW(session(quiet));
    SHOW(whose(master));
    SHOW(session(master));
    X(ioctl(slave, TIOCSCTTY, 0));
    X(ioctl(slave, TIOCSPGRP, &bad));
    X(ioctl(slave, TIOCSPGRP, &none));
    X(ioctl(slave, TIOCSPGRP, 16));
    X(ioctl(slave, TIOCSPGRP, &me));
    int tty = X(open("/dev/tty", O_RDWR));
    SHOW(whose(tty));
    T(write(tty, "x", 1));
    T(read(master, b, 9));

    for (int s = 1; s < 32; s++)
        if (s != SIGKILL && s != SIGSTOP && s != SIGALRM)
            signal(s, s == SIGCHLD ? SIG_DFL : s == SIGTTOU ? SIG_IGN : count);
    write(master, "\003", 1);
    usleep(20000);
    seen("intr");
    struct winsize w = {30, 90};
    X(ioctl(master, TIOCSWINSZ, &w));
    X(ioctl(master, TIOCSWINSZ, &w));
    seen("winch");

    int p = BACKGROUND("reads", signal(SIGTTIN, SIG_DFL); T(read(slave, b, 9)));
    state(p);
    X(ioctl(slave, TIOCSPGRP, &p));
    write(master, "line\n", 5);
    kill(p, SIGCONT);
    for (int s = 0; waitpid(p, &s, WUNTRACED) == p && !WIFEXITED(s);)
        ;
    SHOW(whose(slave));
    X(ioctl(slave, TIOCSPGRP, &me));

    p = BACKGROUND("reads, ignoring", signal(SIGTTIN, SIG_IGN); T(read(slave, b, 9)));
    state(p);
    p = BACKGROUND("reads, blocking", sigset_t m; sigfillset(&m); sigprocmask(0, &m, 0);
                   T(read(slave, b, 9)));
    state(p);
    p = BACKGROUND("writes", signal(SIGTTOU, SIG_DFL); T(write(slave, "b", 1)));
    state(p);
    usleep(20000);
    SHOW(drain());
    tcgetattr(slave, &t);
    t.c_lflag |= TOSTOP;
    X(tcsetattr(slave, TCSANOW, &t));
    p = BACKGROUND("writes, tostop", signal(SIGTTOU, SIG_DFL); T(write(slave, "b", 1)));
    state(p);
    kill(p, SIGKILL);
    state(p);
    p = BACKGROUND("writes, tostop, ignoring", T(write(slave, "b", 1)));
    state(p);
    p = BACKGROUND("sets", signal(SIGTTOU, SIG_DFL); X(tcsetattr(slave, TCSANOW, &t)));
    state(p);
    kill(p, SIGKILL);
    state(p);
    p = BACKGROUND("sets by the master", signal(SIGTTOU, SIG_DFL);
                   X(tcsetattr(master, TCSANOW, &t)));
    state(p);
    kill(p, SIGKILL);
    state(p);
    p = BACKGROUND("gets", X(tcgetattr(slave, &t)));
    state(p);
    p = BACKGROUND("takes the foreground", signal(SIGTTOU, SIG_DFL); me = getpid();
                   X(ioctl(slave, TIOCSPGRP, &me)));
    state(p);
    kill(p, SIGKILL);
    state(p);
    p = BACKGROUND("takes the foreground, ignoring", me = getpid();
                   X(ioctl(slave, TIOCSPGRP, &me)); SHOW(whose(slave)));
    state(p);
    SHOW(whose(slave) == 3);
    X(ioctl(slave, TIOCSPGRP, &me));
    p = BACKGROUND("handles", signal(SIGTTIN, count); T(read(slave, b, 9)); seen("ttin");
                   X(ioctl(slave, TIOCNOTTY, 0)); X(ioctl(slave, TIOCNOTTY, 0));
                   X(open("/dev/tty", O_RDWR)); SHOW(whose(slave)); T(read(slave, b, 9)));
    usleep(50000);
    int r = -1;
    waitpid(p, &r, WNOHANG | WUNTRACED);
    printf("spins %d\n", r == -1);
    kill(p, SIGKILL);
    waitpid(p, &r, 0);
    p = BACKGROUND("leaves the session", setsid(); SHOW(whose(slave)); X(open("/dev/tty", O_RDWR));
                   X(ioctl(slave, TIOCSCTTY, 0)); X(ioctl(slave, TIOCSPGRP, &p)));
    state(p);
    n = 0;
    p = BACKGROUND("steals", setpgid(0, getppid()); if (!fork()) { setsid(); X(ioctl(slave, TIOCSCTTY, 1)); SHOW(whose(slave)); fflush(stdout); _exit(0); } wait(0));
    state(p);
    seen("stolen");
    SHOW(whose(slave));
    X(ioctl(slave, TIOCSCTTY, 0));
    SHOW(whose(slave));
    p = BACKGROUND("waits", signal(SIGTSTP, SIG_DFL);
                   while (!got[SIGUSR1]) pause(); seen("told"));
    X(ioctl(slave, TIOCSPGRP, &p));
    usleep(20000);
    write(master, "\032", 1);
    state(p);
    kill(p, SIGCONT);
    state(p);
    usleep(20000);
    X(ioctl(slave, TIOCNOTTY, 0));
    usleep(20000);
    kill(p, SIGUSR1);
    state(p);
    seen("notty");
    SHOW(whose(slave));
    SHOW(session(master));
    close(slave);
    close(quiet);
    close(out);
    close(tty);
    slave = open(name, O_RDWR);
    SHOW(whose(slave));
    close(master);
    seen("hang-up");
    X(open("/dev/tty", O_RDWR));
    SHOW(whose(slave));
    T(read(slave, b, 9));
    T(write(slave, b, 9));
}
int main() {
    init();
    signal(SIGHUP, SIG_IGN);
    terminal();
    int s, p = fork();
    if (!p) {
        X(setsid());
        in_session();
        fflush(stdout);
        _exit(0);
    }
    close(master);
    waitpid(p, &s, 0);
    printf("status %x\n", s);
    /* a leader ends: its foreground is told */
    terminal();
    int go[2];
    pipe(go);
    if (!(p = fork())) {
        setsid();
        slave = open(name, O_RDWR);
        int q = fork();
        if (!q) {
            for (int i = 1; i < 32; i++)
                if (i != SIGKILL && i != SIGSTOP && i != SIGALRM)
                    signal(i, count);
            write(go[1], "g", 1);
            while (!n)
                pause();
            seen("orphan");
            X(open("/dev/tty", O_RDWR));
            SHOW(whose(slave));
            nb(slave);
            T(read(slave, name, 1));
            fflush(stdout);
            write(go[1], "e", 1);
            _exit(0);
        }
        char c;
        read(go[0], &c, 1);
        _exit(3);
    }
    waitpid(p, &s, 0);
    char c;
    T(read(go[0], &c, 1));
    SHOW(whose(master));
    SHOW(session(master));
    return 0;
}
