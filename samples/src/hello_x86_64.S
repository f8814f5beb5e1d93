/* Hello world without a library: x86-64, the syscall instruction. */
    .globl _start
_start:
    mov     $1, %eax                /* write(1, message, size) */
    mov     $1, %edi
    lea     message(%rip), %rsi
    mov     $size, %edx
    syscall
    mov     $231, %eax              /* exit_group(0) */
    xor     %edi, %edi
    syscall

message:
    .ascii  "Hello from x86-64\n"
    .set    size, . - message
