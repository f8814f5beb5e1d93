"""Guest memory: frames, page tables, mapped ranges."""
