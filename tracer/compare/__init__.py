"""Comparing logs: normalised, aligned by calls and processes, shown as differences.

``tracer.compare.compare`` makes a ``tracer.compare.model.Diff`` of two logs;
``tracer.compare.printers`` prints it.
"""
