/* The page at 0xffffffffff600000 of x86-64: three entries 1 KiB apart. */
#include "private.h"

.macro entry number, offset
	.org	\offset, 0xcc
	mov	$\number, %rax
	syscall
	ret
.endm

	.text
entry PRIVATE_GETTIMEOFDAY, 0
entry PRIVATE_TIME, 0x400
entry PRIVATE_GETCPU, 0x800
	.org	0x1000, 0xcc
