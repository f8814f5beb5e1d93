"""The emulated CPUs: Unicorn by ctypes."""
