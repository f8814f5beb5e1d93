/* Sites whose numbers take more than one step back. */
	.text
	.globl	_start
	.type	_start, @function
_start:
	mov	$39, %eax		/* getpid */
	syscall
	push	$186			/* gettid, by the stack */
	pop	%rax
	syscall
	xor	%ebx, %ebx		/* write or writev */
	mov	$1, %eax
	test	%ebx, %ebx
	jz	1f
	mov	$20, %eax
1:	syscall
	mov	$0xffffff00, %ecx
	mov	$20, %eax		/* i386: getpid */
	int	$0x80
	mov	$102, %edi		/* getuid and getgid */
	call	wrapper
	mov	$104, %edi
	call	wrapper
	mov	(%rsp), %eax		/* nobody knows */
	syscall
	xor	%edi, %edi
	lea	231(%rdi), %eax		/* exit_group */
	syscall
	.size	_start, . - _start

	.type	wrapper, @function
wrapper:
	mov	%rdi, %rax
	syscall
	ret
	.size	wrapper, . - wrapper

	.type	table, @object
table:	.byte	0x0f, 0x05, 0xcd, 0x80, 0x0f, 0x34
	.size	table, . - table

	.type	hidden, @function
hidden:
	mov	$0x050f, %eax		/* the bytes of syscall, but no instruction */
	ret
	.size	hidden, . - hidden
