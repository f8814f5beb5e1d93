#include "private.h"

/* Arguments go from the stack to ebx, ecx, edx. */
.macro call name, number
	.globl	__vdso_\name
	.type	__vdso_\name, @function
	.balign	16
__vdso_\name:
	.cfi_startproc
	push	%ebx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebx, 0
	mov	8(%esp), %ebx
	mov	12(%esp), %ecx
	mov	16(%esp), %edx
	mov	$\number, %eax
	int	$0x80
	pop	%ebx
	.cfi_adjust_cfa_offset -4
	.cfi_restore ebx
	ret
	.cfi_endproc
	.size	__vdso_\name, . - __vdso_\name
.endm

.macro alias name
	.weak	\name
	.type	\name, @function
	\name = __vdso_\name
.endm

	.text
	.globl	__kernel_vsyscall
	.type	__kernel_vsyscall, @function
	.balign	16
/* sysenter loses eip and esp: the kernel goes on at the landing pad, with the esp that
   stands in ebp, and finds the sixth argument at (%ebp). */
__kernel_vsyscall:
	.cfi_startproc
	push	%ecx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ecx, 0
	push	%edx
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset edx, 0
	push	%ebp
	.cfi_adjust_cfa_offset 4
	.cfi_rel_offset ebp, 0
	mov	%esp, %ebp
	sysenter
	int	$0x80
	.globl	int80_landing_pad
int80_landing_pad:
	pop	%ebp
	.cfi_restore ebp
	.cfi_adjust_cfa_offset -4
	pop	%edx
	.cfi_restore edx
	.cfi_adjust_cfa_offset -4
	pop	%ecx
	.cfi_restore ecx
	.cfi_adjust_cfa_offset -4
	ret
	.cfi_endproc
	.size	__kernel_vsyscall, . - __kernel_vsyscall

/* Unwinders and debuggers know the signal frames by exactly these instructions. */
	.globl	__kernel_sigreturn
	.type	__kernel_sigreturn, @function
	nop
	.balign	16
__kernel_sigreturn:
	pop	%eax
	mov	$119, %eax
	int	$0x80
	.size	__kernel_sigreturn, . - __kernel_sigreturn
	nop

	.globl	__kernel_rt_sigreturn
	.type	__kernel_rt_sigreturn, @function
	.balign	16
__kernel_rt_sigreturn:
	mov	$173, %eax
	int	$0x80
	.size	__kernel_rt_sigreturn, . - __kernel_rt_sigreturn
	nop

call clock_gettime, PRIVATE_CLOCK_GETTIME
call clock_gettime64, PRIVATE_CLOCK_GETTIME64
call gettimeofday, PRIVATE_GETTIMEOFDAY
call time, PRIVATE_TIME
call clock_getres, PRIVATE_CLOCK_GETRES
call getcpu, PRIVATE_GETCPU
alias clock_gettime
alias clock_gettime64
alias gettimeofday
alias time
alias clock_getres
