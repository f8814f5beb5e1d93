#include "private.h"

	.syntax	unified
	.arch	armv7-a
	.arm

.macro call name, number
	.globl	__vdso_\name
	.type	__vdso_\name, %function
	.balign	16
__vdso_\name:
	push	{r7, lr}
	movw	r7, #(\number & 0xffff)
	movt	r7, #(\number >> 16)
	svc	#0
	pop	{r7, pc}
	.size	__vdso_\name, . - __vdso_\name
.endm

	.text
call clock_gettime, PRIVATE_CLOCK_GETTIME
call gettimeofday, PRIVATE_GETTIMEOFDAY
call clock_getres, PRIVATE_CLOCK_GETRES
call clock_gettime64, PRIVATE_CLOCK_GETTIME64
