/* ARM's signal returns for handlers without SA_RESTORER; two instruction sets each. */
	.syntax	unified
	.arch	armv7-a
	.text

	.arm				/* 0: sigreturn */
	mov	r7, #119
	svc	#0
	.thumb				/* 8 */
	movs	r7, #119
	svc	#0
	.arm				/* 12: rt_sigreturn */
	mov	r7, #173
	svc	#0
	.thumb				/* 20 */
	movs	r7, #173
	svc	#0
