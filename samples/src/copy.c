/* Copies a file in small pieces, gives the copy its mode, and renames it. */
#include <fcntl.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    char buffer[48];
    struct stat st;
    ssize_t n;

    if (argc != 3) {
        fprintf(stderr, "usage: copy FROM TO\n");
        return 2;
    }
    int in = open(argv[1], O_RDONLY | O_CLOEXEC);
    if (in == -1) {
        perror(argv[1]);
        return 1;
    }
    int out = open("copy.tmp", O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
    if (out == -1) {
        perror("copy.tmp");
        return 1;
    }
    while ((n = read(in, buffer, sizeof buffer)) > 0)
        if (write(out, buffer, n) != n)
            return 1;
    if (n == -1 || fstat(in, &st) == -1 || fchmod(out, st.st_mode & 0777) == -1 ||
            close(out) == -1 || rename("copy.tmp", argv[2]) == -1) {
        perror(argv[2]);
        return 1;
    }
    close(in);
    return 0;
}
