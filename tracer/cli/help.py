"""The texts of -h and -V."""
from __future__ import annotations

from tracer import __version__

Rows = tuple[tuple[str, str], ...]

HELP: tuple[tuple[str, Rows], ...] = (
    ("Where the program runs", (
        ("--host", "use the real file system, environment, ids and clock, as strace would; "
                   "by default the program runs in a sandbox that leaves the host alone"),
        ("--root DIR", "a directory that becomes the sandbox's /, copied on write"),
        ("--bind HOST[:GUEST[:MODE]]", "show a host file or directory in the sandbox; MODE is "
                                       "ro, cow (copy on write, the default) or rw"),
        ("-E VAR=VAL, --env=VAR=VAL", "set a variable of the program's environment"),
        ("-E VAR, --env=VAR", "remove a variable from it"),
        ("--env=host", "start from the environment of pytrace itself"),
        ("-u USER, --user=USER", "run the program as this user"),
        ("--clock=virtual|host", "a clock that only moves as the program runs and waits, or the "
                                 "host's"),
        ("--net=none|host", "whether sockets may connect out (with --host by default they may); "
                            "the loopback is always the sandbox's own"),
        ("--seed N", "what the sandbox's random numbers start from"),
        ("--memory SIZE", "how much memory programs may use, as in 512M (default 1G)"),
    )),
    ("Which processes", (
        ("-f, --follow-forks", "trace child processes and threads too"),
        ("-ff", "the same, with a log file for each: FILE.PID"),
        ("-b execve, --detach-on=execve", "stop tracing a process at its execve"),
        ("-D, -DD, -DDD, --daemonize[=HOW]", "accepted; there is no tracer to detach"),
        ("-I N, --interruptible=N", "accepted; which signals strace blocks, 1 to 4"),
        ("--seccomp-bpf", "accepted; it would not save anything here"),
        ("-p PID, --attach=PID", "refused: a running process cannot be emulated"),
    )),
    ("Which calls and signals", (
        ("-e trace=SET, --trace=SET, -e SET", "calls to trace: names, numbers, /REGEX, classes, "
                                              "all, none; ! in front inverts SET, ?NAME may be "
                                              "unknown, NAME@64, @32 or @ABI is one ABI's"),
        ("", "classes: %clock %creds %desc %file %fstat %fstatfs %ipc %lstat %memory %network "
             "%process %pure %signal %stat %%stat %statfs %%statfs"),
        ("-e signal=SET, --signals=SET", "signals to show"),
        ("-e status=SET, --status=SET", "show calls that end so: successful, failed, "
                                        "unfinished, unavailable, detached"),
        ("-z, --successful-only", "the same as --status=successful"),
        ("-Z, --failed-only", "the same as --status=failed"),
        ("-P PATH, --trace-path=PATH", "show calls that have to do with PATH"),
    )),
    ("The log", (
        ("-o FILE, --output=FILE", "write the log to FILE; to a command's input if it starts "
                                   "with | or !"),
        ("-A, --output-append-mode", "append to FILE"),
        ("--output-separately", "one file for each process"),
        ("-a N, --columns=N", "column of the results (default 40)"),
        ("--color=auto|always|never", "colours, by default on a terminal"),
        ("--format=strace|json|chrome", "strace's text, JSON lines, or a trace for Perfetto and "
                                        "chrome://tracing"),
        ("--record-files[=SIZE]", "after --format=json: what was written in the sandbox, with "
                                  "contents of up to SIZE together (default 64M)"),
        ("--whole-lines", "write each call complete when it ends, never unfinished and resumed"),
        ("-q, -qq, -qqq, --quiet=SET", "leave out messages: attach, exit, path-resolution, "
                                       "personality, thread-execve"),
        ("-t, -tt, -ttt", "time of day; with microseconds; seconds since 1970"),
        ("--absolute-timestamps=[FORMAT][,PRECISION]", "none, time or unix; s, ms, us or ns"),
        ("-r, --relative-timestamps[=PRECISION]", "time since the call before"),
        ("-T, --syscall-times[=PRECISION]", "time spent in the call"),
        ("-i, --instruction-pointer", "address of the call instruction"),
        ("-n, --syscall-number", "number of the call"),
        ("-N, --arg-names", "names of arguments"),
        ("-k, --stack-traces", "how the program got there"),
        ("-kk, --stack-traces=source", "with the lines of source, if the program has debug "
                                       "information"),
        ("--always-show-pid", "number of the process in every line"),
    )),
    ("Arguments", (
        ("-s N, --string-limit=N", "longest string printed whole (default 32)"),
        ("-x, -xx, --strings-in-hex[=WHICH]", "strings in hexadecimal: non-ascii-chars, "
                                              "non-ascii (-x), all (-xx)"),
        ("-X FORMAT, --const-print-style=FORMAT", "constants by name (abbrev), by value (raw) or "
                                                  "by both (verbose)"),
        ("-v, --no-abbrev", "structures in full, also -e abbrev=none"),
        ("-e abbrev=SET, --abbrev=SET", "calls whose structures are shortened"),
        ("-e verbose=SET, --verbose=SET", "calls whose structures are read at all"),
        ("-e raw=SET, --raw=SET", "calls whose arguments are printed in hexadecimal"),
        ("-e read=SET, --read=SET", "dump what is read from these descriptors"),
        ("-e write=SET, --write=SET", "dump what is written to these descriptors"),
        ("-y, -yy, --decode-fds[=SET]", "what descriptors refer to: path, socket, dev, pidfd, "
                                        "eventfd, signalfd"),
        ("-Y, --decode-pids=SET", "what process ids refer to: comm, pidns"),
        ("-e kvm=vcpu, --kvm=vcpu", "why KVM_RUN returned"),
    )),
    ("Summary", (
        ("-c, --summary-only", "count calls, errors and time instead of a log"),
        ("-C, --summary", "as well as a log"),
        ("-w, --summary-wall-clock", "count the time between entry and exit; by default it is what "
                                     "a call costs on the virtual clock, or with the host's "
                                     "clock the CPU time that emulating it took"),
        ("-S KEY, --summary-sort-by=KEY", "sort by time, min-time, max-time, avg-time, calls, "
                                          "errors, name or nothing"),
        ("-U LIST, --summary-columns=LIST", "columns: time-percent, total-time, min-time, "
                                            "max-time, avg-time, calls, errors, name"),
        ("-O TIME, --summary-syscall-overhead=TIME", "time to take off each call (us, or with a "
                                                     "unit)"),
    )),
    ("Tampering", (
        ("-e inject=SET:WHAT…, --inject=SET:WHAT…",
         "change calls: error=ERRNO or retval=N, signal=SIG, syscall=NAME, delay_enter=TIME, "
         "delay_exit=TIME, poke_enter=@argN=HEX, poke_exit=@argN=HEX; "
         "when=FIRST[..LAST][+[STEP]] says which"),
        ("-e fault=SET[:error=ERRNO][:when=…], --fault=…", "let calls fail, by default with "
                                                           "ENOSYS"),
    )),
    ("Commands, in place of a program (pytrace COMMAND --help tells more)", (
        ("diff OLD NEW", "what differs between two logs, of pytrace or strace"),
        ("check GOLDEN [-- PROGRAM …]", "run a program and compare its log with a golden one"),
        ("report LOG", "an HTML page of a log"),
        ("seccomp LOG…", "a seccomp profile of the calls in logs"),
        ("scan PROGRAM", "the places of a program file that make system calls"),
    )),
    ("Miscellaneous", (
        ("--list-syscalls [--abi ABI]", "which calls are decoded and emulated, on x86_64, i386, "
                                        "arm, aarch64"),
        ("--tips[=[ID][,FORMAT]]", "a tip at the end"),
        ("-d, --debug", "what pytrace itself does"),
        ("-h, --help", "this text"),
        ("-V, --version", "version and licence"),
    )),
    ("Other commands (each has --help)", (
        ("check GOLDEN [-- PROGRAM]", "compare what a program does with a golden log"),
        ("diff OLD NEW", "compare two logs"),
        ("report LOG", "show a log as one HTML page"),
        ("scan PROGRAM", "list where a program can enter the kernel, without running it"),
        ("seccomp LOG...", "make a seccomp profile of the calls in logs"),
    )),
)


def help_text(name: str) -> str:
    """The text of -h for a command of this name."""
    from click import HelpFormatter

    formatter = HelpFormatter(width=80)
    formatter.write_usage(name, "[OPTION]... PROGRAM [ARGUMENT]...")
    formatter.write_paragraph()
    formatter.write_text("Runs a Linux program for x86_64, i386, arm or aarch64 on an emulated "
                         "CPU and kernel, and writes its system calls and signals to standard "
                         "error, as strace does. Options and their meaning are strace's.")
    for title, rows in HELP:
        with formatter.section(title):
            formatter.write_dl(list(rows), col_max=28)
    return formatter.getvalue()


def version_text() -> str:
    """The text of -V."""
    return (f"pytrace -- version {__version__}\n"
            "Free software under the GNU General Public License, version 2 or later;"
            " there is no warranty.\n")
