"""Generator of the tables of `sysnames`.

    python -m sysnames.generate            write every generated file
    python -m sysnames.generate numbers    write one group: numbers, errno, signals,
                                           constants, ioctls

The facts come from the Linux uapi headers that the PyPI wheel `ziglang` ships (install it to
regenerate; nothing else here needs it), evaluated by its C compiler once per ABI, and from the
hand-written lists beside the generator: `sysnames.flagsets` (which names form a set and how
strace orders them) and `sysnames.generate.supplement` (names that the headers do not have).
The output is committed; the same headers give the same bytes.
"""
