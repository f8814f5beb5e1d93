/* Hello world without a library: ARM EABI, svc #0 in ARM state. */
    .syntax unified
    .arm
    .globl _start
_start:
    mov     r7, #4                  /* write(1, message, size) */
    mov     r0, #1
    adr     r1, message
    mov     r2, #15
    svc     #0
    mov     r7, #248                /* exit_group(0) */
    mov     r0, #0
    svc     #0

message:
    .ascii  "Hello from ARM\n"
