/* Calls through the vDSO's entry, as i386 C libraries make them: its address is in
   the auxiliary vector (AT_SYSINFO) above the environment on the initial stack. */
    .globl _start
_start:
    mov     %esp, %esi              /* argc, argv..., NULL, envp..., NULL, auxv... */
    lodsl
    lea     4(%esi,%eax,4), %esi    /* behind argv and its NULL */
1:  lodsl                           /* behind envp and its NULL */
    test    %eax, %eax
    jnz     1b
2:  lodsl                           /* type, value */
    mov     %eax, %ecx
    lodsl
    cmp     $32, %ecx               /* AT_SYSINFO */
    je      3f
    test    %ecx, %ecx              /* AT_NULL: there is no such entry */
    jnz     2b
    hlt
3:  mov     %eax, %edi

    mov     $4, %eax                /* write(1, message, size) */
    mov     $1, %ebx
    mov     $message, %ecx
    mov     $size, %edx
    call    *%edi
    mov     $252, %eax              /* exit_group(0) */
    xor     %ebx, %ebx
    call    *%edi

message:
    .ascii  "Hello from sysenter\n"
    .set    size, . - message
