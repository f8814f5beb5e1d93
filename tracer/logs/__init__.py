"""Logs as data: strace's text, of any tracer, to typed events and back.

``tracer.logs.parse.read`` gives the events of ``tracer.logs.model``; their arguments are trees
of ``tracer.logs.values``.  Everything prints itself back byte for byte.
"""
