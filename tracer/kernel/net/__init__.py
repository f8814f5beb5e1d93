"""Sockets inside the sandbox; no packet leaves it (socket(7), unix(7), ip(7), netlink(7))."""
