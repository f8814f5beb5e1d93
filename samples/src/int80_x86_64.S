/* int $0x80 in 64-bit code: the numbers and the 32-bit arguments of i386.
   i386's 4 is write and 20 is getpid; x86-64's 4 is stat and 20 is writev. */
    .globl _start
_start:
    mov     $4, %eax                /* i386: write(1, message, size) */
    mov     $1, %ebx
    mov     $message, %ecx
    mov     $size, %edx
    int     $0x80
    mov     $20, %eax               /* i386: getpid() */
    int     $0x80
    mov     $39, %eax               /* x86-64: getpid() */
    syscall
    mov     $1, %eax                /* i386: exit(0) */
    xor     %ebx, %ebx
    int     $0x80

message:
    .ascii  "Hello from int 0x80\n"
    .set    size, . - message
