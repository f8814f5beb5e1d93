/* Lists a directory with the kind and size of its entries. */
#include <dirent.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    const char *name = argc > 1 ? argv[1] : ".";
    DIR *directory = opendir(name);
    struct dirent *entry;
    int count = 0;

    if (directory == NULL || chdir(name) == -1) {
        perror(name);
        return 1;
    }
    while ((entry = readdir(directory)) != NULL) {
        struct stat st;
        if (entry->d_name[0] == '.')
            continue;
        if (lstat(entry->d_name, &st) == -1)
            perror(entry->d_name);
        else if (S_ISREG(st.st_mode))
            printf("%6lld %s\n", (long long)st.st_size, entry->d_name);
        else
            printf("     - %s\n", entry->d_name);
        count++;
    }
    closedir(directory);
    printf("%d entries\n", count);
    return 0;
}
