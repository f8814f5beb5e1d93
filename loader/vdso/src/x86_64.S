#include "private.h"

.macro call name, number
	.globl	__vdso_\name
	.type	__vdso_\name, @function
	.weak	\name
	.type	\name, @function
	.balign	16
__vdso_\name:
\name:
	.cfi_startproc
	mov	$\number, %eax
	syscall
	ret
	.cfi_endproc
	.size	__vdso_\name, . - __vdso_\name
	.size	\name, . - \name
.endm

	.text
call clock_gettime, PRIVATE_CLOCK_GETTIME
call gettimeofday, PRIVATE_GETTIMEOFDAY
call time, PRIVATE_TIME
call clock_getres, PRIVATE_CLOCK_GETRES
call getcpu, PRIVATE_GETCPU
