"""Programs that use what processes, threads and signals offer: what they print on each ABI.

They are compiled here: C and C++ by the PyPI package ziglang, Go by an installed toolchain.  What
they print is what they print on Linux; the expected text stands in ``src/NAME.out``.
"""
from __future__ import annotations

import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.programs.compiling import ABIS, BUILD, compile_c, compile_go

HERE = Path(__file__).parent
SRC = HERE / "src"
pytestmark = pytest.mark.skipif(sys.platform == "win32", reason="uses Unix signals")
C_PROGRAMS = ("sync", "handlers", "spinners", "bomb", "execs")
SECONDS = 300


def trace(options: list[str], program: Path, *arguments: str, **how: object,
          ) -> subprocess.CompletedProcess[bytes]:
    """Run pytrace on a program in the build folder."""
    settings: dict[str, object] = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE,
                                   "stderr": subprocess.PIPE, **how}
    return subprocess.run([sys.executable, "-m", "tracer", *options, str(program), *arguments],
                          timeout=SECONDS, check=False, **settings)  # type: ignore[call-overload,no-any-return]


@pytest.mark.parametrize("abi", ABIS)
@pytest.mark.parametrize("name", C_PROGRAMS)
def test_a_program_prints_what_it_prints_on_linux(name: str, abi: str, tmp_path: Path) -> None:
    done = trace(["-f", "-o", str(tmp_path / "log")], compile_c(SRC / f"{name}.c", abi))
    assert done.stderr == b""
    assert done.stdout.decode() == (SRC / f"{name}.out").read_text()
    assert done.returncode == 0
    assert (tmp_path / "log").read_text().endswith(" +++ exited with 0 +++\n")


@pytest.mark.parametrize("abi", ABIS)
def test_a_program_executes_one_of_another_abi(abi: str, tmp_path: Path) -> None:
    samples = HERE.parents[1] / "samples"
    program = compile_c(SRC / "execs.c", abi)
    for other in ABIS:
        done = trace(["-o", str(tmp_path / "log")], program, f"{other}/hello", cwd=samples,
                     env={**os.environ, "PYTHONPATH": str(HERE.parents[1])})
        assert done.stdout.startswith(b"Hello") and done.returncode == 0, (other, done.stderr)


def test_a_program_that_is_let_go_has_no_status(tmp_path: Path) -> None:
    """strace does not wait for the program that -b execve detached it from."""
    program = compile_c(SRC / "execs.c", "x86_64")
    log = tmp_path / "log"
    assert trace(["-o", str(log)], program, str(program), "nosuch").returncode == 1
    assert trace(["-o", str(log), "-b", "execve"], program, str(program),
                 "nosuch").returncode == 0
    assert log.read_text().endswith(" <detached ...>\n")


@pytest.mark.parametrize("abi", ABIS)
def test_cpp_threads(abi: str, tmp_path: Path) -> None:
    done = trace(["-f", "-o", str(tmp_path / "log")], compile_c(SRC / "workers.cpp", abi))
    assert (done.stderr, done.stdout.decode()) == (b"", (SRC / "workers.out").read_text())


@pytest.mark.parametrize("abi", ABIS)
def test_go(abi: str, tmp_path: Path) -> None:
    done = trace(["-f", "-o", str(tmp_path / "log")], compile_go(SRC / "gopher.go", abi))
    assert (done.stderr, done.stdout.decode()) == (b"", (SRC / "gopher.out").read_text())


# -- the classic demonstration, and signals from outside -----------------------------------------
@pytest.mark.parametrize("options", [[], ["--host"]], ids=["sandbox", "host"])
@pytest.mark.parametrize("abi", ABIS)
def test_a_read_without_sa_restart_is_interrupted(abi: str, options: list[str],
                                                  tmp_path: Path) -> None:
    reader, writer = os.pipe()
    log = tmp_path / "log"
    try:
        done = trace([*options, "-o", str(log)], compile_c(SRC / "restart.c", abi), stdin=reader)
    finally:
        os.close(reader)
        os.close(writer)
    assert done.stdout == b"1 signal, read -1 EINTR\n"
    lines = log.read_text().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("--- SIGALRM"))
    assert lines[at - 1].startswith("read(0, 0x")
    assert lines[at - 1].endswith("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)")
    assert "sigreturn({mask=[]})" in lines[at + 1]
    assert lines[at + 1].endswith("= -1 EINTR (Interrupted system call)")


@pytest.mark.parametrize("abi", ABIS)
def test_a_read_with_sa_restart_goes_on(abi: str) -> None:
    reader, writer = os.pipe()
    process = subprocess.Popen(
        [sys.executable, "-m", "tracer", "-e", "trace=read",
         compile_c(SRC / "restart.c", abi), "restart"],
        stdin=reader, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    os.close(reader)
    assert process.stderr is not None
    seen = b""
    while b"--- SIGALRM" not in seen:
        more = os.read(process.stderr.fileno(), 1000)
        assert more
        seen += more
    os.write(writer, b"text")
    os.close(writer)
    output, rest = process.communicate(timeout=SECONDS)
    assert output == b"1 signal, read 4\n"
    lines = (seen + rest).decode().splitlines()
    at = next(i for i, line in enumerate(lines) if line.startswith("--- SIGALRM"))
    assert lines[at - 1].endswith("= ? ERESTARTSYS (To be restarted if SA_RESTART is set)")
    assert lines[at + 1].startswith('read(0, "text", 16)') and lines[at + 1].endswith("= 4")


def heed_signals() -> None:
    """In a child: what nohup or a background job had ignored has its default action again."""
    for signo in (signal.SIGINT, signal.SIGQUIT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(signo, signal.SIG_DFL)


def start(program: Path, log: Path, *options: str) -> tuple[subprocess.Popen[bytes], int]:
    """pytrace at a terminal of its own, once its program has said that it is ready."""
    master, slave = pty.openpty()
    process = subprocess.Popen(
        [sys.executable, "-m", "tracer", *options, "-o", log, program],
        stdin=slave, stdout=slave, stderr=slave, start_new_session=True,
        preexec_fn=heed_signals)
    os.close(slave)
    seen = b""
    while b"ready" not in seen:
        seen += os.read(master, 1000)
    return process, master


# (In the sandbox a program that only sleeps for ever is ended with a message.)
@pytest.mark.parametrize(("how", "options"), [("reads", []), ("spins", []), ("reads", ["--host"]),
                                              ("spins", ["--host"]), ("sleeps", ["--host"])])
@pytest.mark.parametrize("signo", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_reaches_the_program(how: str, signo: signal.Signals, options: list[str],
                                      tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = compile_c(SRC / "patient.c", "x86_64", f"-D{how.upper()}")
    process, master = start(program, log, *options)
    process.send_signal(signo)
    assert process.wait(SECONDS) == 7
    os.close(master)
    lines = log.read_text().splitlines()
    assert any(line.startswith(f"--- {signo.name} ") for line in lines)
    assert lines[-1] == "+++ exited with 7 +++"


@pytest.mark.parametrize(("how", "options"), [("reads", []), ("spins", []), ("forks", []),
                                              ("sleeps", ["--host"]), ("forks", ["--host"])])
def test_a_second_signal_ends_every_run(how: str, options: list[str], tmp_path: Path) -> None:
    log = tmp_path / "log"
    program = compile_c(SRC / "patient.c", "x86_64", f"-D{how.upper()}", "-DSTUBBORN")
    process, master = start(program, log, "-f", *options)
    process.send_signal(signal.SIGINT)
    seen = b""
    while b"got it" not in seen:
        seen += os.read(master, 1000)
    for _ in range(3):
        process.send_signal(signal.SIGINT)
    assert process.wait(SECONDS) == -signal.SIGINT
    os.close(master)
    text = log.read_text()
    assert text.endswith("\n") and "--- SIGINT " in text


# -- shells ------------------------------------------------------------------------------------
SCRIPT = """
trap 'echo bye $?' EXIT
trap 'echo got term' TERM
seq 5 | while read n; do echo $((n * n)); done | sort -rn | head -n 2
(sleep 0.2; echo late) & (sleep 0.1; echo early) & wait
kill -TERM $$
cat <<END | tr a-z A-Z
here $((6 * 7)) `echo substituted`
END
f() { return 3; }
f || echo "status $?"
x=$(printf '%s-' a b c); echo "${x%-}" "${#x}"
sleep 100 & pid=$!; sleep 0.1; kill $pid; wait $pid; echo "killed $?"
for i in 1 2 3; do case $i in 2) continue;; esac; echo "i=$i"; done
set -- one two; shift; echo "$1 $#"
exec 3>&1; echo to three >&3; exec 3>&-
false && echo never; ! false && echo negated
echo done; exit 4
"""
APPLETS = 'for a in seq sort head cat tr sleep; do eval "$a() { busybox $a \\"\\$@\\"; }"; done\n'
OUTPUT = """25
16
early
late
got term
HERE 42 SUBSTITUTED
status 3
a-b-c 6
killed 143
i=1
i=3
two 1
to three
negated
done
bye 4
"""


def static_shell(name: str) -> Path:
    """A statically linked shell of this machine."""
    found = shutil.which(name)
    if found is None:
        pytest.skip(f"{name} is not installed")
    path = Path(found).resolve()
    if b"/ld-linux" in path.read_bytes()[:8192]:
        pytest.skip(f"{name} is not linked statically")
    return path


def test_busybox_ash(tmp_path: Path) -> None:
    busybox = static_shell("busybox")
    log = tmp_path / "log"
    done = trace(["-f", "-o", str(log), "--bind", f"{busybox}:/bin/busybox"], busybox, "ash", "-c",
                 APPLETS + SCRIPT)
    assert done.stdout.decode() == OUTPUT
    assert done.returncode == 4


def test_bash(tmp_path: Path) -> None:
    bash, busybox = static_shell("bash-static"), static_shell("busybox")
    log = tmp_path / "log"
    extra = 'read a b < <(echo process substitution); echo "$b $a"; coproc { cat; }\n' \
            'echo ping >&${COPROC[1]}; read x <&${COPROC[0]}; echo $x; exec {COPROC[1]}>&-\n'
    done = trace(["-f", "-o", str(log), "--bind", f"{busybox}:/bin/busybox"], bash, "-c",
                 APPLETS + extra + SCRIPT)
    assert done.stdout.decode() == "substitution process\nping\n" + OUTPUT
    assert done.returncode == 4


def test_the_build_folder_is_ignored() -> None:
    assert BUILD.name == "build"
