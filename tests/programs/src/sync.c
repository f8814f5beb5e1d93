/* Every way in which POSIX threads wait for each other; prints what each made sure of. */
#define _GNU_SOURCE
#include <errno.h>
#include <pthread.h>
#include <semaphore.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define THREADS 8
#define ROUNDS 50
#define CHECK(e) do { int r_ = (e); if (r_) { printf("%s: %s\n", #e, strerror(r_)); exit(1); } } while (0)

static pthread_t threads[THREADS];
static long counter;

static void together(void *(*f)(void *), void *arg)
{
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, f, arg));
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL));
}

static struct timespec in_ms(clockid_t clock, int ms)
{
    struct timespec t;
    clock_gettime(clock, &t);
    t.tv_nsec += ms * 1000000L;
    t.tv_sec += t.tv_nsec / 1000000000;
    t.tv_nsec %= 1000000000;
    return t;
}

/* -- mutexes */
static void *add_locked(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        CHECK(pthread_mutex_lock(arg));
        long old = counter;
        if (i % 10 == 0)
            sched_yield();
        counter = old + 1;
        CHECK(pthread_mutex_unlock(arg));
    }
    return NULL;
}

static void *try_locked(void *arg)
{
    return (void *)(long)pthread_mutex_trylock(arg);
}

static void *timed_locked(void *arg)
{
    struct timespec t = in_ms(CLOCK_REALTIME, 5);
    return (void *)(long)pthread_mutex_timedlock(arg, &t);
}

static int in_thread(void *(*f)(void *), void *arg)
{
    void *result;
    CHECK(pthread_create(&threads[0], NULL, f, arg));
    CHECK(pthread_join(threads[0], &result));
    return (int)(long)result;
}

static void mutex(const char *name, int type, int protocol, int robust)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    CHECK(pthread_mutexattr_init(&attr));
    CHECK(pthread_mutexattr_settype(&attr, type));
    int r = pthread_mutexattr_setprotocol(&attr, protocol);
    if (r) {
        printf("mutex %s: no protocol\n", name);
        return;
    }
    CHECK(pthread_mutexattr_setrobust(&attr, robust));
    CHECK(pthread_mutex_init(&m, &attr));
    counter = 0;
    together(add_locked, &m);
    CHECK(pthread_mutex_lock(&m));
    int tried = in_thread(try_locked, &m), timed = in_thread(timed_locked, &m);
    int again = type == PTHREAD_MUTEX_NORMAL ? -1 : pthread_mutex_lock(&m);
    printf("mutex %s: %ld, try %s, timed %s, again %s\n", name, counter,
           tried == EBUSY ? "EBUSY" : "?", timed == ETIMEDOUT ? "ETIMEDOUT" : "?",
           again == EDEADLK ? "EDEADLK" : again == 0 ? "ok" : again == -1 ? "-" : "?");
    if (again == 0)
        CHECK(pthread_mutex_unlock(&m));
    CHECK(pthread_mutex_unlock(&m));
    CHECK(pthread_mutex_destroy(&m));
}

static void *die_locked(void *arg)
{
    pthread_mutex_lock(arg);
    return NULL;
}

static void robust(const char *name, int protocol)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;

    CHECK(pthread_mutexattr_init(&attr));
    CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
    CHECK(pthread_mutexattr_setprotocol(&attr, protocol));
    CHECK(pthread_mutex_init(&m, &attr));
    in_thread(die_locked, &m);
    int first = pthread_mutex_lock(&m);
    if (first == EOWNERDEAD)
        CHECK(pthread_mutex_consistent(&m));
    CHECK(pthread_mutex_unlock(&m));
    int second = pthread_mutex_lock(&m);
    CHECK(pthread_mutex_unlock(&m));
    in_thread(die_locked, &m);
    int third = pthread_mutex_lock(&m);
    CHECK(pthread_mutex_unlock(&m));        /* not made consistent */
    int fourth = pthread_mutex_lock(&m);
    printf("robust %s: %s, %d, %s, %s\n", name, first == EOWNERDEAD ? "EOWNERDEAD" : "?", second,
           third == EOWNERDEAD ? "EOWNERDEAD" : "?",
           fourth == ENOTRECOVERABLE ? "ENOTRECOVERABLE" : "?");
}

/* A waiter gets a robust mutex whose owner dies, here a process. */
static void robust_process(int protocol)
{
    struct shared { pthread_mutex_t m; atomic_int held; } *s = mmap(
        NULL, sizeof *s, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    pthread_mutexattr_t attr;

    CHECK(pthread_mutexattr_init(&attr));
    CHECK(pthread_mutexattr_setrobust(&attr, PTHREAD_MUTEX_ROBUST));
    CHECK(pthread_mutexattr_setprotocol(&attr, protocol));
    CHECK(pthread_mutexattr_setpshared(&attr, PTHREAD_PROCESS_SHARED));
    CHECK(pthread_mutex_init(&s->m, &attr));
    fflush(stdout);
    pid_t pid = fork();
    if (!pid) {
        pthread_mutex_lock(&s->m);
        s->held = 1;
        usleep(20000);              /* the parent waits meanwhile */
        _exit(0);
    }
    while (!s->held)
        usleep(1000);
    int r = pthread_mutex_lock(&s->m);
    printf("robust between processes%s: %s\n", protocol ? " with inheritance" : "",
           r == EOWNERDEAD ? "EOWNERDEAD" : "?");
    waitpid(pid, NULL, 0);
}

/* -- condition variables */
static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static pthread_cond_t full = PTHREAD_COND_INITIALIZER, empty = PTHREAD_COND_INITIALIZER;
static int box[4], boxes;

static void *produce(void *arg)
{
    for (int i = 1; i <= 100; i++) {
        pthread_mutex_lock(&lock);
        while (boxes == 4)
            pthread_cond_wait(&empty, &lock);
        box[boxes++] = i;
        pthread_cond_signal(&full);
        pthread_mutex_unlock(&lock);
    }
    return arg;
}

static void conditions(void)
{
    long sum = 0;
    pthread_t t;
    CHECK(pthread_create(&t, NULL, produce, NULL));
    for (int i = 0; i < 100; i++) {
        pthread_mutex_lock(&lock);
        while (!boxes)
            pthread_cond_wait(&full, &lock);
        sum += box[--boxes];
        pthread_cond_signal(&empty);
        pthread_mutex_unlock(&lock);
    }
    CHECK(pthread_join(t, NULL));
    pthread_condattr_t attr;
    pthread_cond_t c;
    CHECK(pthread_condattr_init(&attr));
    CHECK(pthread_condattr_setclock(&attr, CLOCK_MONOTONIC));
    CHECK(pthread_cond_init(&c, &attr));
    struct timespec at = in_ms(CLOCK_MONOTONIC, 5);
    pthread_mutex_lock(&lock);
    int r = pthread_cond_timedwait(&c, &lock, &at);
    pthread_mutex_unlock(&lock);
    printf("condition: %ld, timed %s\n", sum, r == ETIMEDOUT ? "ETIMEDOUT" : "?");
}

static pthread_cond_t go = PTHREAD_COND_INITIALIZER;
static int waiting, gone;

static void *wait_for_go(void *arg)
{
    pthread_mutex_lock(arg);
    waiting++;
    while (!gone)
        pthread_cond_wait(&go, arg);
    waiting--;
    pthread_mutex_unlock(arg);
    return NULL;
}

static void broadcast(int protocol)
{
    pthread_mutexattr_t attr;
    pthread_mutex_t m;
    CHECK(pthread_mutexattr_init(&attr));
    CHECK(pthread_mutexattr_setprotocol(&attr, protocol));
    CHECK(pthread_mutex_init(&m, &attr));
    gone = waiting = 0;
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, wait_for_go, &m));
    for (int all = 0; !all; usleep(1000)) {
        pthread_mutex_lock(&m);
        all = waiting == THREADS;
        pthread_mutex_unlock(&m);
    }
    pthread_mutex_lock(&m);
    gone = 1;
    pthread_cond_broadcast(&go);
    pthread_mutex_unlock(&m);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL));
    printf("broadcast%s: %d left\n", protocol ? " with inheritance" : "", waiting);
}

/* -- read-write locks, barriers, spin locks, semaphores */
static pthread_rwlock_t rwlock = PTHREAD_RWLOCK_INITIALIZER;
static atomic_int readers, writers, wrong;

static void *read_write(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        if (i % 5 == 0) {
            CHECK(pthread_rwlock_wrlock(&rwlock));
            if (writers++ || readers)
                wrong++;
            counter++;
            if (i % 10 == 0)
                sched_yield();
            writers--;
        } else {
            CHECK(pthread_rwlock_rdlock(&rwlock));
            readers++;
            if (writers)
                wrong++;
            readers--;
        }
        CHECK(pthread_rwlock_unlock(&rwlock));
    }
    return arg;
}

static pthread_barrier_t barrier;
static atomic_int serial, arrived;

static void *meet(void *arg)
{
    for (int i = 0; i < 10; i++) {
        arrived++;
        if (pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD)
            serial++;
        if (arrived < (i + 1) * THREADS)
            wrong++;
        pthread_barrier_wait(&barrier);
    }
    return arg;
}

static pthread_spinlock_t spin;

static void *spin_add(void *arg)
{
    for (int i = 0; i < ROUNDS; i++) {
        pthread_spin_lock(&spin);
        counter++;
        pthread_spin_unlock(&spin);
    }
    return arg;
}

static sem_t items;

static void *take(void *arg)
{
    for (int i = 0; i < 10; i++)
        while (sem_wait(&items) && errno == EINTR)
            ;
    return arg;
}

/* -- once, keys, cancellation */
static pthread_once_t once = PTHREAD_ONCE_INIT;
static atomic_int inits, destroyed, cleaned;
static pthread_key_t key;
static _Thread_local int own = 7;

static void init(void) { inits++; }
static void destroy(void *p) { destroyed += *(int *)p; free(p); }

static void *local(void *arg)
{
    pthread_once(&once, init);
    int *p = malloc(sizeof *p);
    *p = 1;
    CHECK(pthread_setspecific(key, p));
    if (own++ != 7 || own != 8)
        wrong++;
    return arg;
}

static void clean(void *p) { ++*(atomic_int *)p; }

static void *sleeper(void *arg)
{
    pthread_cleanup_push(clean, &cleaned);
    for (;;)
        pause();
    pthread_cleanup_pop(0);
    return arg;
}

static void *spinner(void *arg)
{
    pthread_setcanceltype(PTHREAD_CANCEL_ASYNCHRONOUS, NULL);
    for (;;)
        ++*(volatile long *)arg;
    return NULL;
}

static void cancel(void *(*f)(void *), const char *name)
{
    void *result;
    long count = 0;
    pthread_t t;
    CHECK(pthread_create(&t, NULL, f, &count));
    usleep(2000);
    CHECK(pthread_cancel(t));
    CHECK(pthread_join(t, &result));
    printf("cancel %s: %s\n", name, result == PTHREAD_CANCELED ? "cancelled" : "?");
}

int main(void)
{
    mutex("normal", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
    mutex("recursive", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
    mutex("errorcheck", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_STALLED);
    mutex("inherit", PTHREAD_MUTEX_ERRORCHECK, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_STALLED);
    mutex("robust", PTHREAD_MUTEX_RECURSIVE, PTHREAD_PRIO_NONE, PTHREAD_MUTEX_ROBUST);
    mutex("robust inherit", PTHREAD_MUTEX_NORMAL, PTHREAD_PRIO_INHERIT, PTHREAD_MUTEX_ROBUST);
    robust("plain", PTHREAD_PRIO_NONE);
    robust("inherit", PTHREAD_PRIO_INHERIT);
    robust_process(PTHREAD_PRIO_NONE);
    robust_process(PTHREAD_PRIO_INHERIT);
    conditions();
    broadcast(PTHREAD_PRIO_NONE);
    broadcast(PTHREAD_PRIO_INHERIT);
    counter = 0;
    together(read_write, NULL);
    printf("rwlock: %ld, %d wrong\n", counter, wrong);
    CHECK(pthread_barrier_init(&barrier, NULL, THREADS));
    together(meet, NULL);
    printf("barrier: %d serial, %d wrong\n", serial, wrong);
    CHECK(pthread_spin_init(&spin, 0));
    counter = 0;
    together(spin_add, NULL);
    printf("spin: %ld\n", counter);
    sem_init(&items, 0, 0);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_create(&threads[i], NULL, take, NULL));
    for (int i = 0; i < THREADS * 10; i++)
        sem_post(&items);
    for (int i = 0; i < THREADS; i++)
        CHECK(pthread_join(threads[i], NULL));
    struct timespec at = in_ms(CLOCK_REALTIME, 5);
    int r = sem_timedwait(&items, &at);
    printf("semaphore: timed %s\n", r == -1 && errno == ETIMEDOUT ? "ETIMEDOUT" : "?");
    CHECK(pthread_key_create(&key, destroy));
    together(local, NULL);
    printf("once: %d, keys destroyed: %d, thread-local: %d, %d wrong\n", inits, destroyed, own,
           wrong);
    cancel(sleeper, "deferred");
    cancel(spinner, "asynchronous");
    printf("cleanup: %d\n", cleaned);
    return 0;
}
