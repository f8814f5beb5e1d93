/* The ways of i386 into the kernel. */
	.text
	.globl	_start
	.type	_start, @function
_start:
	mov	$20, %eax		/* getpid */
	int	$0x80
	call	thunk
	mov	$13, %eax		/* time */
	call	thunk
	call	*%gs:0x10
	mov	$1, %esi
	lea	223(%esi), %eax		/* gettid */
	call	*%gs:0x10
	push	$0
	push	$24			/* getuid */
	call	wrapper
	add	$4, %esp
	push	$47			/* getgid */
	call	wrapper
	add	$8, %esp
	mov	$252, %eax
	call	*entry
	mov	$1, %eax
	sysenter
	.size	_start, . - _start

	.type	wrapper, @function
wrapper:
	push	%ebx
	mov	8(%esp), %eax
	mov	12(%esp), %ebx
	int	$0x80
	pop	%ebx
	ret
	.size	wrapper, . - wrapper

	.type	thunk, @function
thunk:
	mov	(%esp), %ebx
	ret
	.size	thunk, . - thunk

	.type	old_entry, @function
old_entry:
	int	$0x80
	ret
	.size	old_entry, . - old_entry

	.data
entry:	.long	old_entry
