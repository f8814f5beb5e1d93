/* Hello world without a library: i386, int $0x80. */
    .globl _start
_start:
    mov     $4, %eax                /* write(1, message, size) */
    mov     $1, %ebx
    mov     $message, %ecx
    mov     $size, %edx
    int     $0x80
    mov     $252, %eax              /* exit_group(0) */
    xor     %ebx, %ebx
    int     $0x80

message:
    .ascii  "Hello from i386\n"
    .set    size, . - message
