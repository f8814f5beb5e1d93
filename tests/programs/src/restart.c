/* A read of standard input that a signal interrupts, with SA_RESTART and without. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t signals;
static void count(int signo) { signals += signo == SIGALRM; }

int main(int argc, char **argv)
{
    struct sigaction action;
    char data[16];
    (void)argv;
    memset(&action, 0, sizeof action);
    action.sa_handler = count;
    action.sa_flags = argc > 1 ? SA_RESTART : 0;
    sigaction(SIGALRM, &action, NULL);
    alarm(1);
    ssize_t n = read(STDIN_FILENO, data, sizeof data);
    printf("%d signal, read %zd%s\n", (int)signals, n, n < 0 && errno == EINTR ? " EINTR" : "");
    return 0;
}
