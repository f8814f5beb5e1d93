/* Signal handlers that repair a fault, read and change the context, or jump out. */
#define _GNU_SOURCE
#include <fenv.h>
#include <setjmp.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <ucontext.h>
#include <unistd.h>

static volatile char *page;
static volatile int faults, depth;
static sigjmp_buf back;
static jmp_buf plain;
static char stack[65536] __attribute__((aligned(16)));

static void repair(int signo, siginfo_t *info, void *context)
{
    (void)signo, (void)context;
    faults++;
    if ((volatile char *)info->si_addr - page < 4096 && info->si_code == SEGV_ACCERR)
        mprotect((void *)page, 4096, PROT_READ | PROT_WRITE);
    else if (info->si_code == SEGV_MAPERR)
        siglongjmp(back, 1);
    else
        _exit(3);
}

static void on_stack(int signo)
{
    char here;
    (void)signo;
    faults += &here >= stack && &here < stack + sizeof stack;
    siglongjmp(back, 2);
}

static int overflow(int n)
{
    volatile char room[4096];
    memset((char *)room, n, sizeof room);
    return overflow(n + 1) + room[n & 4095];
}

static void leave(int signo) { longjmp(plain, signo); }

static void nested(int signo)
{
    depth++;
    if (signo == SIGUSR1)
        raise(SIGUSR2);
    else if (depth < 6)
        raise(SIGUSR1);
}

/* Goes on behind the instruction at fault. */
static void skip(int signo, siginfo_t *info, void *context)
{
    ucontext_t *u = context;
    (void)signo, (void)info;
#if defined __x86_64__
    u->uc_mcontext.gregs[REG_RIP] += 2;         /* ud2 */
    u->uc_mcontext.gregs[REG_RBX] = 42;
#elif defined __i386__
    u->uc_mcontext.gregs[REG_EIP] += 2;
    u->uc_mcontext.gregs[REG_ESI] = 42;
#elif defined __aarch64__
    u->uc_mcontext.pc += 4;
    u->uc_mcontext.regs[9] = 42;
#elif defined __arm__
    u->uc_mcontext.arm_pc += u->uc_mcontext.arm_cpsr & 0x20 ? 2 : 4;
    u->uc_mcontext.arm_r4 = 42;
#endif
}

static long undefined(void)
{
    long n = 1;
#if defined __x86_64__
    __asm__ volatile("mov $1, %%ebx; ud2; mov %%rbx, %0" : "=r"(n) : : "rbx");
#elif defined __i386__
    __asm__ volatile("mov $1, %%esi; ud2; mov %%esi, %0" : "=r"(n) : : "esi");
#elif defined __aarch64__
    __asm__ volatile("mov x9, #1; .inst 0; mov %0, x9" : "=r"(n) : : "x9");
#elif defined __arm__
#ifdef __thumb__
    __asm__ volatile("mov r4, #1; .inst.n 0xde00; mov %0, r4" : "=r"(n) : : "r4");
#else
    __asm__ volatile("mov r4, #1; .inst 0xe7f000f0; mov %0, r4" : "=r"(n) : : "r4");
#endif
#endif
    return n;
}

static volatile double result;
static void compute(int signo)
{
    double x = 35;          /* not signo: SIGRTMIN is the libc's */
    (void)signo;
    for (int i = 0; i < 20; i++)
        x = x * 1.5 + 1 / (x + 1);
    result = x;
}

static double with_signal(void)
{
    double a = 1.25, b = 2.5, c = -3.75, d = 1e100;
    for (int i = 0; i < 10; i++) {
        a = a * 1.01 + b;
        b -= c / 7;
        if (i == 5)
            raise(SIGRTMIN + 1);
        c = c * 0.5 - d * 1e-100;
        d *= 1.125;
    }
    return a + b + c + d * 1e-100;
}

static volatile int order[8], queued;
static void record(int signo, siginfo_t *info, void *context)
{
    (void)context;
    if (queued < 8)
        order[queued++] = (signo - SIGRTMIN) * 100 + info->si_value.sival_int;
}

static void on(int signo, void *handler, int flags)
{
    struct sigaction a;
    memset(&a, 0, sizeof a);
    a.sa_sigaction = (void (*)(int, siginfo_t *, void *))handler;
    a.sa_flags = flags;
    sigaction(signo, &a, NULL);
}

int main(void)
{
    setvbuf(stdout, NULL, _IOLBF, 0);
    page = mmap(NULL, 4096, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    on(SIGSEGV, repair, SA_SIGINFO);
    page[100] = 'x';
    page[101] = 'y';
    printf("repaired: %d fault, %c%c\n", faults, page[100], page[101]);
    for (int i = 0; i < 3; i++)
        if (!sigsetjmp(back, 1))
            *(volatile char *)8 = 1;
    printf("jumped out: %d faults\n", faults);

    stack_t alternate = {.ss_sp = stack, .ss_size = sizeof stack};
    sigaltstack(&alternate, NULL);
    on(SIGSEGV, on_stack, SA_ONSTACK);
    faults = 0;
    for (int i = 0; i < 2; i++)
        if (sigsetjmp(back, 1) == 0)
            overflow(0);
    stack_t now;
    sigaltstack(NULL, &now);
    printf("overflowed: %d times on the other stack, flags %d\n", faults, now.ss_flags);

    on(SIGINT, leave, SA_NODEFER);
    volatile int rounds = 0;
    int got = setjmp(plain);
    if (rounds++ < 3)
        raise(SIGINT);
    printf("longjmp: %d rounds, signal %d\n", rounds, got);

    on(SIGUSR1, nested, SA_NODEFER);
    on(SIGUSR2, nested, SA_NODEFER);
    raise(SIGUSR1);
    printf("nested: %d\n", depth);

    on(SIGILL, skip, SA_SIGINFO);
    printf("skipped: %ld\n", undefined());

    on(SIGRTMIN + 1, compute, 0);
    volatile double signalled = with_signal();
    signal(SIGRTMIN + 1, SIG_IGN);
    volatile double undisturbed = with_signal();
    printf("floating point: %s, %.4f\n", signalled == undisturbed ? "kept" : "lost", result);

    sigset_t set, old, pending;
    sigemptyset(&set);
    for (int i = 2; i < 5; i++) {
        sigaddset(&set, SIGRTMIN + i);
        on(SIGRTMIN + i, record, SA_SIGINFO);
    }
    sigprocmask(SIG_BLOCK, &set, &old);
    for (int i = 0; i < 6; i++)
        sigqueue(getpid(), SIGRTMIN + 4 - i % 3, (union sigval){.sival_int = i});
    sigpending(&pending);
    printf("pending: %d\n", sigismember(&pending, SIGRTMIN + 3));
    sigprocmask(SIG_SETMASK, &old, NULL);
    printf("queued:");
    for (int i = 0; i < queued; i++)
        printf(" %d", order[i]);
    printf("\n");

    on(SIGUSR1, compute, SA_RESETHAND);
    raise(SIGUSR1);
    struct sigaction a;
    sigaction(SIGUSR1, NULL, &a);
    printf("reset: %s\n", a.sa_handler == SIG_DFL ? "default" : "?");
    return 0;
}
