"""ELF files to memory images: parsing, placement, the initial stack, the vDSO.

Nothing here knows of the emulated kernel or of the CPU: files are read by a callable,
and the result is data that says what to map where.  The modules are imported by name
(`loader.elf`, `loader.layout`, ...), so that a run pays only for those it needs.
"""
