/* An hour of sleep: under the sandbox's virtual clock it takes no time. */
#include <stdio.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

int main(void)
{
    struct timespec before, after, hour = { 3600, 0 };
    struct itimerspec soon = { .it_value = { 2, 500000000 } };
    unsigned long long expired = 0;

    clock_gettime(CLOCK_MONOTONIC, &before);
    nanosleep(&hour, NULL);
    int fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC);
    if (fd == -1 || timerfd_settime(fd, 0, &soon, NULL) == -1)
        return 1;
    read(fd, &expired, sizeof expired);
    clock_gettime(CLOCK_MONOTONIC, &after);
    printf("%lld seconds later, %llu expired\n",
           (long long)(after.tv_sec - before.tv_sec), expired);
    return 0;
}
