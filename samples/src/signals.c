/* A handled signal, a blocked and then delivered one, an interrupted sleep, a deadly one. */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static volatile sig_atomic_t seen;

static void handler(int signo, siginfo_t *info, void *context)
{
    (void)context;
    seen = signo + 1000 * (info->si_code == SI_TKILL);
}

int main(void)
{
    struct sigaction action = { .sa_sigaction = handler, .sa_flags = SA_SIGINFO };
    sigset_t set, old;

    sigaction(SIGUSR1, &action, NULL);
    sigaction(SIGALRM, &action, NULL);
    kill(getpid(), SIGUSR1);
    printf("handled %d\n", seen);

    sigemptyset(&set);
    sigaddset(&set, SIGUSR1);
    sigprocmask(SIG_BLOCK, &set, &old);
    raise(SIGUSR1);
    printf("blocked\n");
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("handled %d\n", seen);

    alarm(1);
    unsigned left = sleep(100);     /* virtual time: this takes no second */
    printf("slept, %u left, %s\n", left, strerror(errno));
    fflush(stdout);
    kill(getpid(), SIGTERM);
    return 0;
}
