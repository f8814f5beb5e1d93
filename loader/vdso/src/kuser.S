/* The end of ARM's page at 0xffff0000: the helpers of kernel_user_helpers.rst, from
   0xffff0f60 on, with their number (in units of 32 bytes) as version in the last word. */
	.syntax	unified
	.arch	armv7-a
	.arm
	.text

kuser_cmpxchg64:		/* 0xffff0f60: r0 &old, r1 &new, r2 address; r0 = 0 and C if stored */
	push	{r4-r7}
	ldrd	r4, r5, [r0]
	ldrd	r6, r7, [r1]
	dmb	ish
1:	ldrexd	r0, r1, [r2]
	eors	r3, r0, r4
	eorseq	r3, r1, r5
	strexdeq r3, r6, r7, [r2]
	teqeq	r3, #1
	beq	1b
	dmb	ish
	rsbs	r0, r3, #0
	pop	{r4-r7}
	bx	lr

	.org	0x40
kuser_memory_barrier:		/* 0xffff0fa0 */
	dmb	ish
	bx	lr

	.org	0x60
kuser_cmpxchg:			/* 0xffff0fc0: r0 old, r1 new, r2 address; r0 = 0 and C if stored */
	dmb	ish
1:	ldrex	r3, [r2]
	subs	r3, r3, r0
	strexeq	r3, r1, [r2]
	teqeq	r3, #1
	beq	1b
	rsbs	r0, r3, #0
	b	kuser_memory_barrier

	.org	0x80
kuser_get_tls:			/* 0xffff0fe0 */
	mrc	p15, 0, r0, c13, c0, 3
	bx	lr

	.org	0x9c
	.word	5
