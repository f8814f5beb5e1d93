/* A child process that writes to its parent through a pipe. */
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

int main(void)
{
    int ends[2], status;
    char text[64];

    if (pipe(ends) == -1)
        return 1;
    pid_t child = fork();
    if (child == -1)
        return 1;
    if (child == 0) {
        static const char message[] = "a message from the child";
        close(ends[0]);
        write(ends[1], message, strlen(message));
        _exit(7);
    }
    close(ends[1]);
    ssize_t n = read(ends[0], text, sizeof text);
    printf("read %.*s\n", (int)n, text);
    n = read(ends[0], text, sizeof text);
    printf("then %zd\n", n);
    waitpid(child, &status, 0);
    printf("child exited with %d\n", WEXITSTATUS(status));
    return 0;
}
