#include "private.h"

.macro call name, number
	.globl	__kernel_\name
	.type	__kernel_\name, %function
	.balign	16
__kernel_\name:
	.cfi_startproc
	movz	w8, #(\number & 0xffff)
	movk	w8, #(\number >> 16), lsl #16
	svc	#0
	ret
	.cfi_endproc
	.size	__kernel_\name, . - __kernel_\name
.endm

	.text
call clock_gettime, PRIVATE_CLOCK_GETTIME
call gettimeofday, PRIVATE_GETTIMEOFDAY
call clock_getres, PRIVATE_CLOCK_GETRES

/* Unwinders and debuggers know the signal frame by exactly these instructions; the nop is
   for those that look one instruction before the return address. */
	.globl	__kernel_rt_sigreturn
	.type	__kernel_rt_sigreturn, %function
	.balign	16
	nop
	nop
	nop
	nop
__kernel_rt_sigreturn:
	mov	x8, #139
	svc	#0
	.size	__kernel_rt_sigreturn, . - __kernel_rt_sigreturn
