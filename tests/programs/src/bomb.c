/* A fork bomb under RLIMIT_NPROC, as another user than root. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    struct rlimit limit = {20, 20};
    int forks = 0, failed = 0;

    if (setrlimit(RLIMIT_NPROC, &limit) || setuid(12345))
        return 1;
    for (;;) {
        pid_t pid = fork();
        if (pid == -1) {
            failed = errno;
            break;
        }
        if (!pid) {
            for (;;)
                if (fork() == -1)
                    _exit(errno == EAGAIN ? 0 : 1);
                else if (forks++ > 50)
                    _exit(0);
        }
        forks++;
    }
    int children = 0, status, bad = 0;
    while (wait(&status) > 0) {
        children++;
        bad += status != 0;
    }
    printf("fork: %s; %s, %d bad\n", strerror(failed), children >= 1 && children < 20 ?
           "fewer than the limit" : "?", bad);
    return 0;
}
