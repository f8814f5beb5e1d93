/* What execve and the end of a process leave behind.  With arguments: executes them. */
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static void show(const char *name, int signo)
{
    struct sigaction action;
    sigaction(signo, NULL, &action);
    printf("%s: %s%s%s\n", name, action.sa_handler == SIG_IGN ? "ignored" : "default",
           action.sa_flags & SA_RESTART ? ", restart" : "",
           sigismember(&action.sa_mask, SIGINT) ? ", mask" : "");
}

int main(int argc, char **argv)
{
    if (argc > 1 && strcmp(argv[1], "again") != 0) {
        execv(argv[1], argv + 1);
        perror(argv[1]);
        return 1;
    }
    if (argc == 1) {
        struct sigaction action = {.sa_handler = SIG_DFL, .sa_flags = SA_RESTART};
        sigaddset(&action.sa_mask, SIGINT);
        sigaction(SIGUSR1, &action, NULL);
        action.sa_handler = SIG_IGN;
        sigaction(SIGUSR2, &action, NULL);
        show("USR1", SIGUSR1);
        show("USR2", SIGUSR2);
        fflush(stdout);
        execl(argv[0], argv[0], "again", (char *)NULL);
        return 1;
    }
    show("USR1 after execve", SIGUSR1);
    show("USR2 after execve", SIGUSR2);
    fflush(stdout);
    pid_t parent = getpid();
    if (fork() == 0) {
        while (getppid() == parent)
            usleep(1000);
        printf("the parent is %s\n", kill(parent, 0) ? "gone" : "there");
    }
    return 0;
}
