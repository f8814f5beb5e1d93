/* Hello world without a library: AArch64, svc #0. */
    .globl _start
_start:
    mov     x8, #64                 /* write(1, message, size) */
    mov     x0, #1
    adr     x1, message
    mov     x2, #size
    svc     #0
    mov     x8, #94                 /* exit_group(0) */
    mov     x0, #0
    svc     #0

message:
    .ascii  "Hello from AArch64\n"
    .set    size, . - message
