"""The emulated Linux kernel: tasks, signals, scheduler, clock, and the calls."""
