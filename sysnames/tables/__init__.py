"""Generated tables; see `sysnames.generate`."""
