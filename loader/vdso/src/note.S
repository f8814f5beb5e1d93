/* The version of Linux whose interface this is (NT_VERSION), as ld.so reads it. */
	.section .note.Linux, "a", %note
	.balign	4
	.long	6, 4, 0
	.asciz	"Linux"
	.balign	4
	.long	0x060c00
