/* Waits in one of several ways for a signal.  STUBBORN: ignores what it means. */
#include <signal.h>
#include <stdio.h>
#include <sys/wait.h>
#include <unistd.h>

static void handler(int signo)
{
    (void)signo;
#ifdef STUBBORN
    (void)!write(1, "got it\n", 7);
#else
    _exit(7);
#endif
}

int main(void)
{
    char c;
    struct sigaction action = {.sa_handler = handler, .sa_flags = SA_RESTART};
    volatile long n = 0;

    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
    sigaction(SIGHUP, &action, NULL);
    (void)!write(1, "ready\n", 6);
    for (;;) {
#if defined READS
        (void)!read(0, &c, 1);
#elif defined SPINS
        n++;
#elif defined SLEEPS
        pause();
#elif defined FORKS
        if (!fork())
            _exit(0);
        wait(NULL);
#endif
    }
    return (int)n + c;
}
