"""The page of a diff, opened and operated in a browser."""
from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from browser import CONTRAST, Page

from tracer.cli.main import main

HOSTILE = ('</script><script>window.hacked=1</script><img src=x onerror=window.hacked=1>'
           '&lt;b&gt;{{7*7}}${1}\u2028')


def logs() -> tuple[str, str]:
    """Two processes: a change, a block, a removal, long equal parts, text that would be markup."""
    old = ['1000 execve("/bin/prog", ["prog"], 0x7ffc0 /* 3 vars */) = 0',
           f'1000 write(1, "{HOSTILE}", 9) = 9']
    old += [f'1000 lseek(3, {i}, SEEK_SET) = {i}' for i in range(40)]
    old += ['1000 openat(AT_FDCWD, "data", O_RDONLY) = 3', '1000 fork() = 1001']
    old += [f'1000 pread64(3, "x", 1, {i}) = 1' for i in range(1500)]
    old += ['1001 getuid() = 0', '1001 close(3) = 0', '1001 exit_group(0) = ?',
            '1001 +++ exited with 0 +++', '1000 exit_group(0) = ?', '1000 +++ exited with 0 +++']
    new = list(old)
    new[new.index('1000 openat(AT_FDCWD, "data", O_RDONLY) = 3')] = \
        '1000 openat(AT_FDCWD, "data", O_RDWR) = 3'
    new.remove('1001 getuid() = 0')
    at = new.index('1000 fork() = 1001')
    new[at:at] = ['1000 connect(4, NULL, 0) = -1 EAGAIN (Resource temporarily unavailable)',
                  f'1000 access("{HOSTILE}", F_OK) = 0'] * 3
    return "\n".join(old) + "\n", "\n".join(new) + "\n"


@pytest.fixture(scope="module")
def page_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("diff")
    old, new = logs()
    (folder / "old.log").write_text(old)
    (folder / "new.log").write_text(new)
    output = folder / "diff.html"
    assert main(["diff", "--config", "none", "--format", "html", "-o", str(output),
                 str(folder / "old.log"), str(folder / "new.log")]) == 1
    return output


def whats(page: Page) -> list[str]:
    return page.texts(".what .title")


def test_differences_and_folds(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file)
    assert "3 differences" in page.one("#meta").text
    assert page.one("#count").text == "3 of 3 differences"
    assert len(whats(page)) == 3
    changed = page.one(".row.differs.changed")
    assert [e.text for e in changed.find_elements("css selector", ".was")] == ["O_RDONLY"]
    assert [e.text for e in changed.find_elements("css selector", ".now")] == ["O_RDWR"]
    assert len(page.find(".row.differs.block .cell.old.none")) == 6
    folds = page.texts(".fold")
    assert [f for f in folds if "1,4" in f or "1,5" in f] and len(folds) == 2
    # A fold opens a thousand lines at a time.
    before = len(page.find(".row"))
    page.find(".fold")[-1].click()
    assert len(page.find(".row")) == before + 1000
    assert len(page.find(".fold")) == 2
    page.find(".fold")[-1].click()
    assert len(page.find(".fold")) == 1
    page.check()


def test_unfold_all_and_sections(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file)
    page.one("#folds").click()
    assert not page.find(".fold:not(.more)")
    # The rest is rendered as it comes into sight.
    first = len(page.find(".row"))
    assert 200 < first < 1500
    page.run("document.querySelector('.fold.more').scrollIntoView()")
    page.until("return document.querySelectorAll('.row').length > arguments[0]", first)
    page.one("#folds").click()
    assert page.find(".fold")
    summary = page.find("details.process > summary")[0]
    summary.click()
    assert len(page.find(".what")) == 1
    summary.click()
    assert len(page.find(".what")) == 3
    page.check()


def test_filters(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file)
    page.one('.chip[data-kind="block"]').click()
    assert page.one("#count").text == "2 of 3 differences"
    assert not page.find(".row.block")
    page.one('.chip[data-kind="block"]').click()
    page.choose("#call", "openat")
    assert page.one("#count").text == "1 of 3 differences, 0 equal lines"
    page.choose("#call", "exit_group")
    assert page.one("#count").text == "0 of 3 differences, 2 equal lines"
    assert len(page.find("details.process")) == 2
    page.choose("#call", "All calls")
    page.run("const s = document.getElementById('process'); s.selectedIndex = 2;"
             "s.dispatchEvent(new Event('change'))")
    assert page.one("#count").text == "1 of 3 differences"
    assert len(page.find("details.process")) == 1
    assert len(whats(page)) == 1 and "getuid" in whats(page)[0]
    page.check()


def test_search(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file)
    page.run("document.body.focus()")
    page.driver.switch_to.active_element.send_keys("/")
    assert page.driver.switch_to.active_element.get_attribute("id") == "search"
    page.type("#search", "o_rdwr")
    page.until("return document.getElementById('count').textContent.startsWith('1 of 3')")
    assert {t.lower() for t in page.texts("mark")} == {"o_rdwr"}
    page.type("#search", "pread64(3, \"x\", 1, 77)")
    page.until("return document.getElementById('count').textContent.includes('0 of 3')")
    assert page.one("#count").text == "0 of 3 differences, 1 equal line"
    page.type("#search", "no such text")
    page.until("return !document.querySelector('.row')")
    assert not page.find("details.process")
    page.check()


def test_next_and_previous(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file, height=500)
    page.one("#next").click()
    assert "#1" in page.one(".what.current").text
    for _ in range(2):
        page.run("document.body.dispatchEvent(new KeyboardEvent('keydown',"
                 " {key: 'n', bubbles: true}))")
    current = page.one(".what.current")
    assert "#3" in current.text
    assert page.run("const b = arguments[0].getBoundingClientRect();"
                    "return b.top >= 0 && b.bottom <= innerHeight", current)
    page.one("#previous").click()
    assert "#2" in page.one(".what.current").text
    page.check()


def test_hostile_text_is_text(driver: Any, page_file: Path) -> None:
    page = Page(driver, page_file)
    assert any("<script>window.hacked=1</script>" in text for text in page.texts(".tx"))
    assert not driver.find_elements("css selector", "main img, main script, main b:not(.chip b)")
    source = page_file.read_text()
    assert source.count("<script") == 2 and "\u2028" not in source
    page.check()


@pytest.mark.parametrize("width, dark", [(1300, False), (1300, True), (420, False), (420, True)])
def test_layout(driver: Any, page_file: Path, width: int, dark: bool) -> None:
    page = Page(driver, page_file, width=width, dark=dark)
    assert page.run(CONTRAST) == []
    narrow = width < 900
    row = page.find(".row:not(.differs)")[0]
    assert len([c for c in row.find_elements("css selector", ".cell") if c.is_displayed()]) \
        == (1 if narrow else 2)
    background = page.run("return getComputedStyle(document.body).backgroundColor")
    page.one("#theme").click()
    assert page.run("return getComputedStyle(document.body).backgroundColor") != background
    assert page.run(CONTRAST) == []
    page.check()


def test_moved(driver: Any, tmp_path: Path) -> None:
    """A moved call stands at both places, and each leads to the other."""
    lines = [f'chdir("/{i}") = 0\n' for i in range(500)]
    moved = 'openat(AT_FDCWD, "moved", O_RDONLY) = 3\n'
    (tmp_path / "old").write_text("".join([*lines[:3], moved, *lines[3:]]))
    (tmp_path / "new").write_text("".join([*lines[:490], moved, *lines[490:]]))
    output = tmp_path / "moved.html"
    assert main(["diff", "--config", "none", "--format", "html", "-o", str(output),
                 str(tmp_path / "old"), str(tmp_path / "new")]) == 1
    page = Page(driver, output, height=300)
    page.one("#folds").click()
    page.find(".what .other")[0].click()
    current = page.one(".what.current")
    assert "from line 4" in current.text
    assert page.run("const b = arguments[0].getBoundingClientRect();"
                    "return b.top >= 0 && b.bottom <= innerHeight", current)
    current.find_element("css selector", ".other").click()
    assert "to line 491" in page.one(".what.current").text
    assert page.one("#count").text == "1 of 1 difference"
    page.check()


def test_no_differences(driver: Any, tmp_path: Path) -> None:
    (tmp_path / "log").write_text("getpid() = 1\n+++ exited with 0 +++\n")
    output = tmp_path / "same.html"
    assert main(["diff", "--config", "none", "--format", "html", "-o", str(output),
                 str(tmp_path / "log"), str(tmp_path / "log")]) == 0
    page = Page(driver, output)
    assert page.one(".good").text == "No differences: both logs say the same."
    assert page.find("#next:disabled")
    page.check()
