/* The first program of many an strace tutorial: open, allocate, read, print, close, free. */
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#define SIZE 150

int main(void)
{
    int fd = open("text.txt", O_RDONLY);
    if (fd == -1) {
        perror("text.txt");
        return EXIT_FAILURE;
    }
    char *text = malloc(SIZE);
    if (text == NULL) {
        close(fd);
        return EXIT_FAILURE;
    }
    ssize_t n = read(fd, text, SIZE - 1);
    text[n > 0 ? n : 0] = '\0';
    printf("%s:%s:%d: %s", __FILE__, __func__, __LINE__, text);
    close(fd);
    free(text);
    return EXIT_SUCCESS;
}
