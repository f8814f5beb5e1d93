/* Sites whose numbers take more than one step back. */
	.text
	.globl	_start
	.type	_start, %function
_start:
	mov	x8, #172		/* getpid */
	svc	#0
	str	wzr, [sp, #-16]!
	mov	w0, #178		/* gettid, by the stack */
	str	w0, [sp, #8]
	bl	wrapper
	ldr	w8, [sp, #8]
	svc	#0
	mov	w1, #64			/* write or writev */
	mov	w2, #66
	cmp	w0, #0
	csel	w8, w1, w2, eq
	svc	#0
	ldr	w8, =174		/* getuid */
	svc	#1
	b	last
	.ltorg
	.word	0xd4000001		/* no code */
	.size	_start, . - _start
	.type	wrapper, %function
wrapper:
	uxtw	x8, w0
	svc	#0
	ret
	.size	wrapper, . - wrapper
	.type	last, %function
last:
	mov	w8, #47
	add	w8, w8, #47		/* exit_group */
	svc	#0
	.size	last, . - last
