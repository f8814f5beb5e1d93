/* Two threads that count under a lock. */
#include <pthread.h>
#include <stdio.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static int total;

static void *count(void *by)
{
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&lock);
        total += *(int *)by;
        pthread_mutex_unlock(&lock);
    }
    return NULL;
}

int main(void)
{
    pthread_t threads[2];
    int by[2] = { 1, 10 };

    for (int i = 0; i < 2; i++)
        if (pthread_create(&threads[i], NULL, count, &by[i]) != 0)
            return 1;
    for (int i = 0; i < 2; i++)
        pthread_join(threads[i], NULL);
    printf("total %d\n", total);
    return 0;
}
