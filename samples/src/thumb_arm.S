/* The same calls as hello, by svc #0 in Thumb state. */
    .syntax unified
    .arm
    .globl _start
_start:
    adr     r0, thumb + 1           /* bit 0 set: go on in Thumb state */
    bx      r0

    .thumb
thumb:
    movs    r7, #4                  /* write(1, message, size) */
    movs    r0, #1
    adr     r1, message
    movs    r2, #17
    svc     #0
    movs    r7, #248                /* exit_group(0) */
    movs    r0, #0
    svc     #0

    .balign 4
message:
    .ascii  "Hello from Thumb\n"
