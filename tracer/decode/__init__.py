"""Argument words and guest memory → values."""
