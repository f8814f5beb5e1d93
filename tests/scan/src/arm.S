/* ARM and Thumb code in one file, with data between. */
	.syntax unified
	.text
	.arm
	.globl	_start
	.type	_start, %function
_start:
	mov	r7, #20			/* getpid */
	svc	#0
	ldr	r7, =983045		/* set_tls, a literal */
	svc	#0
	movs	r0, #0
	moveq	r7, #24			/* sched_yield's neighbours: getuid or getgid */
	movne	r7, #47
	svc	#0
	mov	r0, #224		/* gettid */
	bl	wrapper
	mov	r0, #199		/* getuid32 */
	bl	wrapper
	blx	thumb
	swi	#0x900001		/* old ABI: exit */
	b	last
	.ltorg
	.word	0xef000000		/* no code */
	.size	_start, . - _start
	.type	wrapper, %function
wrapper:
	push	{r7, lr}
	mov	r7, r0
	svc	#0
	pop	{r7, pc}
	.size	wrapper, . - wrapper
	.type	last, %function
last:
	mov	r7, #248		/* exit_group */
	svc	#0
	.size	last, . - last
	.ltorg

	.thumb
	.thumb_func
	.type	thumb, %function
thumb:
	push	{r7, lr}
	movs	r7, #20
	svc	#0
	mov	ip, #4			/* write, by a helper as glibc has one */
	bl	helper
	ldr.w	r3, =0xdf00df00
	movw	r7, #0x0002
	movt	r7, #0x000f		/* cacheflush */
	svc	#1
	pop	{r7, pc}
	.ltorg
	.size	thumb, . - thumb
	.thumb_func
	.type	helper, %function
helper:
	push	{r7, lr}
	mov	r7, ip
	svc	#0
	pop	{r7, pc}
	.size	helper, . - helper
