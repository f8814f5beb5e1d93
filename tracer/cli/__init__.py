"""The command line: strace's options, and those of an emulator."""
