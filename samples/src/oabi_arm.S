/* Calls of the old ARM ABI: the number is in the immediate, 0x900000 + n.
   build.py clears the EABI version in the file's header, as in files of that time. */
    .syntax unified
    .arm
    .globl _start
_start:
    mov     r7, #0                  /* not used by these calls */
    mov     r0, #1                  /* write(1, message, size) */
    adr     r1, message
    mov     r2, #23
    swi     #0x900004
    mov     r0, #0                  /* exit(0) */
    swi     #0x900001

message:
    .ascii  "Hello from the old ABI\n"
