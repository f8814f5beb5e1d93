"""Netlink messages: protocol → message type → header and attributes, as tables."""
