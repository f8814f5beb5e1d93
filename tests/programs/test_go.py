"""Go programs that talk to themselves over the virtual loopback, on all ABIs."""
from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCES = Path(__file__).parent / "go"
ARCHITECTURES = {"x86_64": "amd64", "i386": "386", "arm": "arm", "aarch64": "arm64"}
GO = shutil.which("go")

pytestmark = pytest.mark.skipif(GO is None, reason="needs the Go toolchain (golang-go)")

WEB = """\
200 hello 0
200 hello 1
200 hello 2
200 hello 3
echo 200000 HTTP/1.1
404 Not Found
timeout true
http: Server closed
true
tcp4 [ONE TWO THREE]
tcp6 [ONE TWO THREE]
tcp [ONE TWO THREE]
unix [ONE TWO THREE]
unix [ONE TWO THREE]
udp4 PING
true
udp6 PING
true
lo true
"""


@pytest.mark.parametrize("abi", ARCHITECTURES)
def test_web(abi: str, tmp_path: Path) -> None:
    """net/http with server and clients in one process, listeners, UNIX sockets, datagrams."""
    assert GO is not None
    env = {**os.environ, "GOARCH": ARCHITECTURES[abi], "GOOS": "linux", "GOARM": "7",
           "CGO_ENABLED": "0", "GO111MODULE": "off", "GOFLAGS": "",
           "GOCACHE": os.environ.get("GOCACHE") or os.path.join(
               os.environ.get("HOME") or str(tmp_path), ".cache", "go-build")}
    program = tmp_path / "web"
    subprocess.run([GO, "build", "-ldflags=-s -w", "-o", str(program), str(SOURCES / "web.go")],
                   env=env, check=True)
    run = subprocess.run([sys.executable, "-m", "tracer", "-f", "-o", "log", "./web"],
                         cwd=tmp_path, capture_output=True, text=True)
    assert (run.stdout, run.stderr, run.returncode) == (WEB, "", 0)
    log = (tmp_path / "log").read_text()
    assert "sin_addr=inet_addr(\"127.0.0.1\")" in log and "AF_INET6" in log
    assert log.endswith("+++ exited with 0 +++\n")
