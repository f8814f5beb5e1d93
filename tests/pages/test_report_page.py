"""The page of a log, opened and operated in a browser."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import CONTRAST, Page

from tracer.cli.main import main

HOSTILE = "</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>\u2028"
MISSING = "-1 ENOENT (No such file or directory)"
LOG = f"""\
1000  10:00:00.000000 execve("/bin/shop", ["shop"], 0x7ffc /* 3 vars */) = 0 <0.000100>
1000  10:00:00.001000 openat(AT_FDCWD, "/etc/list", O_RDONLY) = 3 <0.000010>
1000  10:00:00.002000 read(3, "milk", 100) = 4 <0.000020>
1000  10:00:00.003000 openat(AT_FDCWD, "{HOSTILE}", O_RDONLY) = {MISSING} <0.000010>
1000  10:00:00.004000 clone(child_stack=NULL, flags=SIGCHLD) = 1001 <0.000200>
1000  10:00:00.005000 wait4(-1,  <unfinished ...>
1001  10:00:00.005100 execve("/bin/child", ["child"], 0x7ffc /* 3 vars */) = 0 <0.000100>
1001  10:00:00.006000 write(4, "x", 1) = 1 <0.000005>
1001  10:00:00.006500 write(9, "x", 1) = -1 EBADF (Bad file descriptor) <0.000005>
1001  10:00:00.007000 exit_group(3) = ?
1001  10:00:00.007100 +++ exited with 3 +++
1000  10:00:00.007200 <... wait4 resumed>[{{WIFEXITED(s) && WEXITSTATUS(s) == 3}}], 0, NULL) = \
1001 <0.002200>
1000  10:00:00.007300 --- SIGCHLD {{si_signo=SIGCHLD, si_code=CLD_EXITED, si_pid=1001}} ---
1000  10:00:00.007400 close(3) = 0 <0.000002>
1000  10:00:00.010000 exit_group(0) = ?
1000  10:00:00.010100 +++ exited with 0 +++
"""


def make(folder: Path, text: str, name: str = "log") -> Path:
    (folder / name).write_text(text)
    output = folder / f"{name}.html"
    assert main(["report", str(folder / name), "-o", str(output)]) == 0
    return output


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make(tmp_path_factory.mktemp("report"), LOG)


def events(page: Page) -> list[str]:
    return [text.partition("(")[0] for text in page.texts(".event .what")]


def cells(page: Page, table: str, first: str) -> list[str]:
    rows = [row for row in page.find(f"{table} tbody tr") if row.text.startswith(first)]
    assert len(rows) == 1, (first, page.texts(f"{table} tbody tr"))
    return [c.text for c in rows[0].find_elements("css selector", "td")]


def test_overview(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=1600)
    assert page.one("#meta").text.startswith("15 events · 2 errors · 2 tasks · 4 files")
    assert page.one("#count").text == "15 of 15 events"
    assert page.texts(".tree button") == ["1000 shop", "1001 child"]
    assert page.texts(".tree li li small") == ["4 calls, 1 error", "exited with 3"]
    assert page.texts(".labels button") == ["1000 shop", "1001 child"]
    assert cells(page, "#calltable", "wait4") == ["wait4", "1", "", "2.2 ms", "2.2 ms", "2.2 ms"]
    assert cells(page, "#calltable", "write")[:3] == ["write", "2", "1"]
    assert cells(page, "#filetable", "/etc/list") == ["/etc/list", "3", "", "1", "4 B", ""]
    # A call that was interrupted is one event.
    waits = [t for t in page.texts(".event .what") if t.startswith("wait4")]
    assert waits == ["wait4(-1, [{WIFEXITED(s) && WEXITSTATUS(s) == 3}], 0, NULL) = 1001"]
    page.check()


def test_filters(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=1600)
    page.one("#failed").click()
    assert events(page) == ["openat", "write"]
    page.one("#failed").click()
    page.find(".tree button")[1].click()
    assert page.one("#count").text == "5 of 15 events"
    assert {row.split()[0] for row in page.texts("#calltable tbody tr")} \
        == {"execve", "write", "exit_group"}
    page.find(".tree button.on")[0].click()
    page.choose("#call", "write")
    assert events(page) == ["write", "write"]
    page.one("#reset").click()
    row = next(r for r in page.find("#calltable tbody tr") if r.text.startswith("openat"))
    row.click()
    assert events(page) == ["openat", "openat"]
    page.one("#reset").click()
    page.type("#search", "SIGCHLD {")
    page.until("return document.getElementById('count').textContent === '1 of 15 events'")
    assert page.texts("#list mark") == ["SIGCHLD {"]
    page.one("#reset").click()
    assert page.one("#count").text == "15 of 15 events"
    next(r for r in page.find("#filetable tbody tr") if r.text.startswith("/etc/list")).click()
    assert events(page) == ["openat"]
    page.check()


def test_events_and_details(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=1600)
    page.find(".event")[2].click()
    detail = page.one("#detail")
    assert detail.text.splitlines() == ["line 3 · 1000 shop · at 2.000 ms · took 20 µs",
                                        'read(3, "milk", 100) = 4']
    page.one("#list").send_keys("\ue015")        # arrow down
    assert page.one("#detail").text.startswith("line 4 ")
    for name in ("timeline", "events", "calls", "processes", "files"):
        summary = page.one(f"#{name} > summary")
        summary.click()
        assert page.run("return !document.getElementById(arguments[0]).open", name)
        summary.click()
    assert len(page.find(".event")) == 15
    page.check()


def test_sorting(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=1600)
    first = lambda: page.texts("#calltable tbody td.name")      # noqa: E731
    assert first()[0] == "wait4"                                # the longest
    page.find("#calltable th button")[0].click()
    assert first() == sorted(first())
    page.find("#calltable th button")[0].click()
    assert first() == sorted(first(), reverse=True)
    page.check()


def test_timeline(driver: Any, page_file: Path) -> None:
    from selenium.webdriver.common.action_chains import ActionChains

    page = Page(driver, page_file, height=1600)
    plot = page.one("#plot")
    size = plot.size
    # Something is drawn in both lanes, also after the theme has changed.
    drawn = """
      const c = document.getElementById('canvas'), x = c.getContext('2d');
      return [11, 33].map((y) => {
        const d = x.getImageData(0, y, c.width, 1).data, seen = new Set();
        for (let i = 0; i < d.length; i += 4) seen.add(d[i] + ',' + d[i + 1] + ',' + d[i + 2]);
        return seen.size;
      });"""
    assert all(n >= 2 for n in page.run(drawn))
    page.one("#theme").click()
    assert all(n >= 2 for n in page.run(drawn))
    # A click finds the event, a drag selects a span of time: the log has 10.1 ms.
    chain = ActionChains(driver)
    chain.move_to_element_with_offset(plot, int(size["width"] * (6.0 / 10.1 - 0.5)), 0)
    chain.click_and_hold().move_by_offset(3, 0).move_by_offset(
        int(size["width"] * 1.05 / 10.1), 0).release().perform()
    page.until("return !document.getElementById('range').hidden")
    assert {"write", "exit_group"} <= set(events(page)) <= {
        "write", "exit_group", "wait4", "+++ exited with 3 +++", "--- SIGCHLD {si_signo=SIGCHLD, "
        "si_code=CLD_EXITED, si_pid=1001} ---"}
    page.one("#range").click()
    assert page.one("#count").text == "15 of 15 events"
    until = page.one("#to").text
    page.one("#in").click()
    assert page.one("#to").text != until
    page.one("#reset").click()
    assert page.one("#to").text == until
    ActionChains(driver).move_to_element_with_offset(
        plot, int(size["width"] * (6.3 / 10.1 - 0.5)), -10).click().perform()
    assert "wait4(" in page.one("#detail").text
    page.check()


def test_hostile_text_is_text(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=1600)
    assert any("<script>window.hacked=1</script>" in t for t in page.texts(".event .what"))
    assert any("<img src=x" in t for t in page.texts("#filetable td"))
    assert not driver.find_elements("css selector", "main img, main script")
    assert page_file.read_text().count("<script") == 2
    page.check()


@pytest.mark.parametrize("width, dark", [(1300, False), (1300, True), (420, False), (420, True)])
def test_layout(driver: Any, page_file: Path, width: int, dark: bool) -> None:
    page = Page(driver, page_file, width=width, height=1600, dark=dark)
    assert page.run(CONTRAST) == []
    overlaps = page.run("""
      const boxes = [...document.querySelectorAll('.panel, .bar')].map(
        (e) => e.getBoundingClientRect());
      return boxes.some((a, i) => boxes.some((b, k) => k > i && a.left < b.right - 1
        && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1));""")
    assert overlaps is False
    page.check()


def test_long_log(driver: Any, tmp_path: Path) -> None:
    """Of a hundred thousand lines only those in sight are elements."""
    text = "".join(f"{1000 + i % 7} write({i % 5}, \"line {i}\", 9) = "
                   f"{'-1 EIO (Input/output error)' if i % 1000 == 999 else 9}\n"
                   for i in range(100_000))
    page = Page(driver, make(tmp_path, text))
    assert page.one("#count").text == "100,000 of 100,000 events"
    assert "no times in the log" in page.one("#meta").text
    assert len(driver.find_elements("css selector", ".event")) < 100
    page.run("const l = document.getElementById('list'); l.scrollTop = l.scrollHeight / 2")
    page.until("return document.querySelector('#visible').textContent.includes('line 500')")
    page.one("#failed").click()
    assert page.one("#count").text == "100 of 100,000 events"
    page.type("#search", '"line 54999"')
    page.until("return document.getElementById('count').textContent === '1 of 100,000 events'")
    page.check()


def test_other_logs(driver: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A log without anything, one without ids, one of JSON lines."""
    page = Page(driver, make(tmp_path, ""))
    assert page.one(".notice").text == "The log has no events."
    page.check()
    page = Page(driver, make(tmp_path, "getpid() = 1\ngarbage here\n+++ exited with 0 +++\n"))
    assert page.one("#count").text == "2 of 2 events"
    assert page.one(".notice").text == "1 line is not understood."
    assert page.texts(".tree button") == ["the process"]
    page.check()
    samples = Path(__file__).resolve().parents[2] / "samples"
    monkeypatch.chdir(samples)
    assert main(["-f", "--format=json", "-o", str(tmp_path / "json"), "i386/pipe"]) == 0
    output = tmp_path / "json.html"
    assert main(["report", str(tmp_path / "json"), "-o", str(output)]) == 0
    page = Page(driver, output, height=1600)
    assert page.texts(".tree button") == ["1000 pipe", "1001 pipe"]
    assert "read" in page.texts("#calltable td.name")
    page.check()
