/* Programs that end by an exception; build.py defines which. */
    .globl _start
#if defined(__arm__)
    .syntax unified
    .arm
#endif
_start:

#if defined(SEGV)                   /* a write to address 16, where nothing is */
# if defined(__x86_64__) || defined(__i386__)
    movl    $1, 16
# elif defined(__arm__)
    mov     r0, #16
    str     r0, [r0]
# else
    mov     x0, #16
    str     x0, [x0]
# endif

#elif defined(ACCERR)               /* a write to the program's own code, which is mapped */
# if defined(__x86_64__)
    lea     _start(%rip), %rax
    movl    $1, (%rax)
# elif defined(__i386__)
    movl    $1, _start
# elif defined(__arm__)
    adr     r0, _start
    str     r0, [r0]
# else
    adr     x0, _start
    str     x0, [x0]
# endif

#elif defined(ILLEGAL)
# if defined(__x86_64__) || defined(__i386__)
    ud2
# else
    udf     #0
# endif

#elif defined(BREAKPOINT)
# if defined(__x86_64__) || defined(__i386__)
    int3
# elif defined(__arm__)
    bkpt    #0
# else
    brk     #0
# endif

#elif defined(DIVIDE)               /* x86 only: the ARMs divide by zero without a fault */
    xor     %edx, %edx
    mov     $1, %eax
    xor     %ecx, %ecx
    div     %ecx
#endif
