"""The command line as a whole: values, and strace 6.1's messages for mistakes."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tracer.cli.build import read
from tracer.cli.main import main
from tracer.options import PID_COMM, RunOptions

HINT = "Try 'strace -h' for more information.\n"


@pytest.fixture(autouse=True)
def named_strace(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PYTRACE_ARGV0", "strace")


def options(*words: str) -> RunOptions:
    builder, command = read([*words, "prog", "-x", "arg"])
    return builder.finish(command)


def test_defaults() -> None:
    it = options()
    assert (it.program, it.args) == ("prog", ("prog", "-x", "arg"))
    assert (it.personality, it.clock, it.env_host) == ("sandbox", "virtual", False)
    assert (it.string_limit, it.column, it.xlat, it.strings_in_hex) == (32, 40, "abbrev", "")
    assert it.abbreviated("read") and it.verbose("read")
    assert it.selected("read", "arm") and not it.is_raw("read", "arm")
    assert not it.quiet and it.injection("read", "arm") is None


def test_host() -> None:
    it = options("--host")
    assert (it.personality, it.clock, it.env_host) == ("host", "host", True)
    assert options("--host", "--clock=virtual").clock == "virtual"


def test_spellings() -> None:
    for words in (["-etrace=read"], ["-e", "trace=read"], ["-eread"], ["-e", "t=read"],
                  ["--trace=read"], ["--trace", "read"], ["-e", "close", "-e", "read"]):
        it = options(*words)
        assert it.selected("read", "x86_64") and not it.selected("close", "x86_64")
    it = options("-vyyttis5", "-a", "7", "--const-p=raw")
    assert (it.string_limit, it.column, it.xlat, it.decode_fds) == (5, 7, "raw", 15)
    assert (it.absolute_timestamps, it.absolute_precision) == ("time", 6)
    assert it.instruction_pointer and not it.abbreviated("stat")
    assert options("--decode-pid=comm").decode_pids == PID_COMM
    builder, command = read(["-f", "--", "-x"])
    assert builder.finish(command).program == "-x"


@pytest.mark.parametrize(("words", "style", "precision"), [
    (["-t"], "time", 0), (["-ttt"], "unix", 6), (["-tttt"], "unix", 6),
    (["--timestamps"], "time", 0), (["--timestamps="], "time", 0),
    (["--absolute-timestamps=ns"], "time", 9), (["--timestamps=FORMAT:unix,ms"], "unix", 3),
    (["--timestamps=none"], None, 0), (["--timestamps=ns", "--timestamps=unix"], "unix", 9),
])
def test_timestamps(words: list[str], style: str | None, precision: int) -> None:
    it = options(*words)
    assert (it.absolute_timestamps, it.absolute_precision) == (style, precision)


def test_precisions() -> None:
    it = options("-r", "--syscall-times=ns")
    assert (it.relative_timestamps, it.syscall_times) == (6, 9)
    assert options("-T", "--relative-timestamps=S").relative_timestamps == 0


@pytest.mark.parametrize(("words", "quiet"), [
    (["-q"], {"attach", "personality"}), (["-qq"], {"attach", "personality", "exit"}),
    (["-o", "log"], {"attach", "personality"}), (["-o", "log", "--quiet=exit"], {"exit"}),
    (["-e", "silent=!exits"], {"attach", "personality", "path-resolution", "thread-execve"}),
    (["--quiet"], {"attach", "personality"}), (["-o", "log", "-e", "q=none"], set()),
    (["-qqqq"], {"attach", "personality", "exit", "path-resolution", "thread-execve"}),
])
def test_quiet(words: list[str], quiet: set[str]) -> None:
    assert options(*words).quiet == quiet


@pytest.mark.parametrize(("words", "bits"), [
    (["-y"], 1), (["-yy"], 15), (["--decode-fds"], 1), (["--decode-fds=dev,socket"], 6),
    (["-e", "decode-fd=!path"], 14), (["--decode-fds=eventfd"], 32), (["--decode-fds=none"], 0),
])
def test_decode_fds(words: list[str], bits: int) -> None:
    assert options(*words).decode_fds == bits


def test_sandbox_options() -> None:
    it = options("--bind", "/a", "--bind=/b:/c", "--bind=/d::rw", "--bind=/e:/f:ro",
                 "--root=/r", "--seed=0x10", "--memory=512M", "--env=host", "-E", "host",
                 "--env=A=B=C", "-u", "nobody", "--color=never")
    assert it.binds == [("/a", "/a", "cow"), ("/b", "/c", "cow"), ("/d", "/d", "rw"),
                        ("/e", "/f", "ro")]
    assert (it.root, it.seed, it.memory, it.user) == ("/r", 16, 512 << 20, "nobody")
    assert it.env_host and it.environment(lambda: {"host": "x", "Z": "1"}) == {
        "Z": "1", "A": "B=C"}
    assert it.color == "never"


def test_injections_last_wins() -> None:
    it = options("-e", "inject=/^ch:error=1", "-e", "fault=chdir")
    chdir, chmod = it.injection("chdir", "arm"), it.injection("chmod", "arm")
    assert chdir is not None and chdir.error == 38
    assert chmod is not None and chmod.error == 1


def test_summary() -> None:
    it = options("-C", "-U", "calls,time_total,longest", "-Scount", "-w", "-O", "4.5e2ms")
    assert it.summary == "both" and it.summary_wall_clock
    assert it.summary_columns == ("calls", "total-time", "max-time", "name")
    assert (it.summary_sort, it.summary_overhead) == ("calls", 450_000_000)
    assert options("-c", "-O1").summary_overhead == 1000
    assert options("-c", "-O456789012ns").summary_overhead == 456789012


MISTAKES: list[tuple[str, str, bool]] = [
    ("", "must have PROG [ARGS] or -p PID", True),
    ("-e read", "must have PROG [ARGS] or -p PID", True),
    ("--foo", "unrecognized option '--foo'", True),
    ("-vj true", "invalid option -- 'j'", True),
    ("-o", "option requires an argument -- 'o'", True),
    ("--output", "option '--output' requires an argument", True),
    ("--hel=3", "option '--help' doesn't allow an argument", True),
    ("--trac=foo true", "option '--trac=foo' is ambiguous; possibilities:"
                        " '--trace-path' '--trace'", True),
    ("--out x", "option '--out' is ambiguous; possibilities: '--output-append-mode'"
                " '--output-separately' '--output'", True),
    ("-e trace=foo true", "invalid system call 'foo'", False),
    ("-e foo=bar true", "invalid system call 'foo=bar'", False),
    ("-e signal=foo true", "invalid signal 'foo'", False),
    ("-e status=foo true", "invalid status 'foo'", False),
    ("--quiet=foo true", "invalid quiet 'foo'", False),
    ("-e decode-pid=x true", "invalid decode-pids 'x'", False),
    ("--decode-fds=path,name true", "invalid decode-fds 'name'", False),
    ("-e kvm=chdir true", "invalid -e kvm= argument: 'chdir'", False),
    ("-a -42 true", "invalid -a argument: '-42'", True),
    ("--columns=x true", "invalid --columns argument: 'x'", True),
    ("-s 1073741824 true", "invalid -s argument: '1073741824'", True),
    ("--timestamps=s,non true", "invalid --timestamps argument: 's,non'", True),
    ("--absolute-timestamps=ss true", "invalid --absolute-timestamps argument: 'ss'", True),
    ("--relative-timestamps= true", "invalid --relative-timestamps argument: ''", True),
    ("--strings-in-hex=al true", "invalid --strings-in-hex argument: 'al'", True),
    ("-Xa true", "invalid -X argument: 'a'", True),
    ("-I0x1 true", "invalid -I argument: '0x1'", True),
    ("--tips=id:format true", "invalid --tips argument: 'id:format'", True),
    ("--daemonize=pgr true", "invalid --daemonize argument: 'pgr'", True),
    ("-O -42 true", "invalid -O argument: '-42'", True),
    ("-S non true", "invalid sortby: 'non'", True),
    ("-U time,,name true", "unknown column name: ''", True),
    ("-U time,time_percent,time_total true",
     "call summary column has been provided more than once: 'time_percent'"
     " (-U option residual: 'time_percent,time_total')", True),
    ("-c -C true", "-c/--summary-only and -C/--summary are mutually exclusive", True),
    ("-C -ff true", "(-c/--summary-only or -C/--summary) and -ff/--output-separately"
                    " are mutually exclusive", True),
    ("-w true", "-w/--summary-wall-clock must be given with"
                " (-c/--summary-only or -C/--summary)", True),
    ("-U name true", "-U/--summary-columns must be given with"
                     " (-c/--summary-only or -C/--summary)", True),
    ("-o |cat -ff true", "piping the output and -ff/--output-separately are mutually"
                         " exclusive", True),
    ("-q --quiet=exit true", "-q and -e quiet/--quiet cannot be provided simultaneously", False),
    ("-x --strings-in-hex true", "-x and --strings-in-hex cannot be provided simultaneously",
     False),
    ("-y --decode-fds true", "-y and --decode-fds cannot be provided simultaneously", False),
    ("-t --timestamps true", "-t and --absolute-timestamps cannot be provided simultaneously",
     False),
    ("-f --follow-forks true", "-f and --follow-forks cannot be provided simultaneously", False),
    ("-D --daemonize true", "-D and --daemonize cannot be provided simultaneously", False),
    ("-DDDD true", "Too many -D's (4), maximum supported -D count is 3", True),
    ("-b chdir true", "Syscall 'chdir' for -b isn't supported", False),
    ("-p 0", "Invalid process id: '0'", False),
    ("-p 1,a", "Invalid process id: 'a'", False),
]


@pytest.mark.parametrize(("line", "message", "hint"), MISTAKES)
def test_mistakes(line: str, message: str, hint: bool,
                  capsys: pytest.CaptureFixture[str]) -> None:
    assert main(line.split()) == 1
    assert capsys.readouterr().err == f"strace: {message}\n" + (HINT if hint else "")


def _is_strace_6_1() -> bool:
    path = shutil.which("strace")
    if path is None:
        return False
    version = subprocess.run([path, "-V"], capture_output=True, text=True, check=False).stdout
    return version.startswith("strace -- version 6.1\n")


@pytest.mark.skipif(not _is_strace_6_1(), reason="needs strace 6.1")
@pytest.mark.parametrize("line", [line for line, _, _ in MISTAKES])
def test_mistakes_are_straces(line: str) -> None:
    result = subprocess.run(["strace", *line.split()], capture_output=True, text=True,
                            check=False)
    message, hint = next((m, h) for given, m, h in MISTAKES if given == line)
    assert result.stderr == f"strace: {message}\n" + (HINT if hint else "")
    assert result.returncode == 1


@pytest.mark.parametrize(("words", "warnings"), [
    (["-F", "--seccomp-bpf"], [
        "--seccomp-bpf cannot be used without -f/--follow-forks, disabling",
        "option -F is deprecated, please use -f/--follow-forks instead"]),
    (["-fF"], ["deprecated option -F ignored"]),
    (["-b", "execve", "--seccomp-bpf"],
     ["--seccomp-bpf is not enabled because it is not compatible with -b"]),
    (["--output-separately", "-A", "-S", "errors"], [
        "-S/--summary-sort-by has no effect without (-c/--summary-only or -C/--summary)",
        "--output-separately has no effect without -o/--output",
        "-A/--output-append-mode has no effect without -o/--output"]),
    (["-ff"], []),
])
def test_warnings(words: list[str], warnings: list[str],
                  capsys: pytest.CaptureFixture[str]) -> None:
    options(*words)
    assert capsys.readouterr().err.splitlines() == [f"strace: {line}" for line in warnings]


def test_no_effect(capsys: pytest.CaptureFixture[str]) -> None:
    options("-cinrtTyzZA")
    no_effect = "has no effect with -c/--summary-only"
    assert capsys.readouterr().err.splitlines() == [f"strace: {line}" for line in (
        f"-i/--instruction-pointer {no_effect}",
        f"-n/--syscall-number {no_effect}",
        f"-r/--relative-timestamps {no_effect}",
        f"-t/--absolute-timestamps {no_effect}",
        f"-T/--syscall-times {no_effect}",
        f"-y/--decode-fds {no_effect}",
        "-A/--output-append-mode has no effect without -o/--output",
        "Only the last of -z/--successful-only/-Z/--failed-only options will take effect."
        " See status qualifier for more complex filters.",
    )]


def test_paths_are_resolved_on_the_host_only(capsys: pytest.CaptureFixture[str],
                                             ) -> None:
    assert options("--host", "-P", "///", "-P", "/no such").trace_paths == ["///", "/", "/no such"]
    assert capsys.readouterr().err == 'strace: Requested path "///" resolved into "/"\n'
    assert options("-P", "///").trace_paths == ["///"]
    options("--host", "-P", "///", "--quiet=path-resolution")
    assert capsys.readouterr().err == ""


def test_unknown_user(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--host", "-u", ":nosuchuser:", "true"]) == 1
    message = ("Cannot find user ':nosuchuser:'" if os.getuid() == 0
               else "You must be root to use the -u/--username option")
    assert capsys.readouterr().err == f"strace: {message}\n"


@pytest.mark.skipif(not hasattr(os, "getuid") or os.getuid() != 0, reason="needs root")
def test_a_user_of_the_host(tmp_path: Path) -> None:
    """The program has no right that the user has not, and its files are the user's."""
    pwd = pytest.importorskip("pwd")
    try:
        nobody = pwd.getpwnam("nobody")
    except KeyError:
        pytest.skip("no user 'nobody'")
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o755)
    top = Path(__file__).parents[2]
    for folder, mode in ((tmp_path / "closed", 0o755), (tmp_path / "open", 0o777)):
        folder.mkdir()
        folder.chmod(mode)
        (folder / "text.txt").write_text("text")
        shutil.copy(top / "samples" / "x86_64" / "copy", folder)
        done = subprocess.run(
            [sys.executable, "-m", "tracer", "--host", "-u", "nobody", "-o", tmp_path / "log",
             "./copy", "text.txt", "new.txt"], cwd=folder, capture_output=True,
            env={**os.environ, "PYTHONPATH": str(top)})
        if mode == 0o777:
            assert (done.returncode, done.stderr) == (0, b"")
            made = (folder / "new.txt").stat()
            assert (made.st_uid, made.st_gid) == (nobody.pw_uid, nobody.pw_gid)
        else:
            assert done.returncode == 1
            assert "= -1 EACCES (Permission denied)" in (tmp_path / "log").read_text()
            assert sorted(p.name for p in folder.iterdir()) == ["copy", "text.txt"]


@pytest.mark.parametrize("user", ["\u00b2", "4294967295", "99999999999", "-1", "", "x"])
def test_users_of_the_sandbox(user: str, capsys: pytest.CaptureFixture[str]) -> None:
    program = Path(__file__).parents[2] / "samples" / "x86_64" / "hello"
    assert main(["-u", user, str(program)]) == 1
    assert capsys.readouterr().err == f"strace: Cannot find user '{user}'\n"


def test_the_working_directory_is_gone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
                                       capsys: pytest.CaptureFixture[str]) -> None:
    program = Path(__file__).parents[2] / "samples" / "x86_64" / "hello"
    (tmp_path / "gone").mkdir()
    monkeypatch.chdir(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    assert main([str(program)]) == 1
    assert capsys.readouterr().err == (
        "strace: cannot find the working directory: No such file or directory\n")


def test_numbers_longer_than_python_converts(capsys: pytest.CaptureFixture[str]) -> None:
    number = "9" * 5000
    for words in (["-s", number], ["-a", number], ["--seed", number], ["--memory", number],
                  ["-e", f"inject=read:retval={number}"], ["-e", f"trace=/a{{{number}}}"],
                  ["-e", f"read={number}"], ["-O", number], ["-p", number],
                  ["-e", f"inject=read:when={number}"],
                  ["-e", f"inject=read:delay_exit={number}"]):
        assert main([*words, "true"]) == 1, words[0]
        assert "internal error" not in capsys.readouterr().err, words


def test_refusals(capsys: pytest.CaptureFixture[str]) -> None:
    for words in (["-p", str(os.getpid())], ["--host", "--root=/", "true"],
                  ["--secontext", "true"], ["--bind=a:b", "true"], ["--memory=0", "true"],
                  ["--abi=arm", "true"], ["--abi=mips", "--list-syscalls"]):
        assert main(words) == 1
        assert capsys.readouterr().err.startswith("strace: ")


def test_help_and_version(capsys: pytest.CaptureFixture[str]) -> None:
    from tracer.cli.getopt import OPTIONS

    assert main(["-h", "--nonsense"]) == 0
    text = capsys.readouterr().out
    for option in OPTIONS:
        spellings = [f"-{option.letter}"] if option.letter else []
        spellings += [f"--{name}" for name in option.names]
        hidden = option.key in ("follow_old", "pid_namespaces", "secontext")
        assert hidden or any(spelling in text for spelling in spellings), option
    assert max(map(len, text.splitlines())) <= 80
    assert main(["-V"]) == 0
    assert capsys.readouterr().out.startswith("pytrace -- version ")


def test_internal_error(capsys: pytest.CaptureFixture[str],
                        monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(words: list[str]) -> int:
        raise ValueError("two\nlines")

    monkeypatch.setattr("tracer.cli.main._dispatch", fail)
    monkeypatch.delenv("PYTRACE_DEBUG", raising=False)
    assert main(["true"]) == 70
    assert capsys.readouterr().err == "pytrace: internal error: ValueError: two lines\n"
    monkeypatch.setenv("PYTRACE_DEBUG", "1")
    with pytest.raises(ValueError, match="two"):
        main(["true"])


def test_subcommands(capsys: pytest.CaptureFixture[str],
                     monkeypatch: pytest.MonkeyPatch) -> None:
    import sys
    from types import ModuleType

    import click

    @click.command()
    @click.argument("name")
    def greet(name: str) -> int:
        click.echo(f"hello {name}")
        return 3

    module = ModuleType("greeter")
    module.greet = greet  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "greeter", module)
    monkeypatch.setattr("tracer.cli.main.SUBCOMMANDS", {"greet": ("greeter", "greet")})
    assert main(["greet", "you"]) == 0
    assert capsys.readouterr().out == "hello you\n"
    assert main(["greet"]) == 2
    assert "Usage: strace greet" in capsys.readouterr().err
