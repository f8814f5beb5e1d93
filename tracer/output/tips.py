"""What --tips prints at the end of a run."""
from __future__ import annotations

TIPS = (
    ("Trace children too with -f; with -ff -o FILE", "each process gets a log of its own."),
    ("-e trace=%file shows only calls that take a path;", "--list-syscalls names every call."),
    ("A name after -e trace= may be a pattern: -e /^get", "takes all calls that begin with get."),
    ("-y prints what a descriptor refers to, -yy also", "addresses of sockets and device numbers."),
    ("-z hides calls that failed, -Z those that did not.",),
    ("-c counts calls instead of printing them;", "-C does both, -w counts elapsed time."),
    ("Let the second open fail:", "-e inject=openat:error=ENOENT:when=2"),
    ("Deliver a signal at a call:", "-e inject=getpid:signal=USR1"),
    ("Change what a program reads:", "-e inject=read:poke_exit=@arg2=41424344"),
    ("-P PATH shows only calls that concern PATH.",),
    ("-e write=1 dumps all that goes to standard output.",),
    ("-X verbose prints constants both ways,", "as numbers and by name."),
    ("Runs are repeatable: the clock is virtual", "unless --clock=host says otherwise."),
    ("--root DIR and --bind choose the files", "that the program sees."),
    ("-s 200 prints longer strings, -v whole structures.",),
    ("-k shows which functions led to a call.",),
)


def format_tip(number: int | None, style: str) -> str:
    """A tip in a frame; number: which one (modulo their count), None for any.

    style: "compact", or "full", which adds a heading.
    """
    if number is None:
        from random import randrange
        number = randrange(len(TIPS))
    number %= len(TIPS)
    lines = list(TIPS[number])
    if style == "full":
        lines = [f"Tip {number} of {len(TIPS)}", "", *lines]
    width = max(map(len, lines))
    rule = "+" + "-" * (width + 2) + "+"
    return "\n".join([rule, *[f"| {line:<{width}} |" for line in lines], rule]) + "\n"
