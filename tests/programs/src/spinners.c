/* 64 threads that wait without system calls: a barrier, a ticket lock and a lock-free stack. */
#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>

#define THREADS 64
#define ROUNDS 3

struct node { struct node *next; int value; };

static atomic_int arrived, generation, next_ticket, serving;
static long guarded, popped;
static _Atomic(struct node *) head;
static struct node nodes[THREADS];

static void barrier(void)
{
    int mine = generation;
    if (++arrived == THREADS) {
        arrived = 0;
        generation++;
    } else {
        while (generation == mine)
            ;
    }
}

static void *work(void *arg)
{
    struct node *n = arg;
    for (int i = 0; i < ROUNDS; i++) {
        barrier();
        int ticket = next_ticket++;
        while (serving != ticket)
            ;
        guarded++;
        serving++;
    }
    barrier();
    n->next = head;
    while (!atomic_compare_exchange_weak(&head, &n->next, n))
        ;
    return NULL;
}

int main(void)
{
    pthread_t t[THREADS];
    pthread_attr_t attr;
    pthread_attr_init(&attr);
    pthread_attr_setstacksize(&attr, 65536);
    for (int i = 0; i < THREADS; i++) {
        nodes[i].value = i;
        if (pthread_create(&t[i], &attr, work, &nodes[i]))
            return 1;
    }
    for (int i = 0; i < THREADS; i++)
        pthread_join(t[i], NULL);
    for (struct node *n = head; n; n = n->next)
        popped += n->value;
    printf("%ld under the lock, %ld on the stack\n", guarded, popped);
    return 0;
}
