"""The report's page in a browser: it renders, filters, sorts, and can be used by keyboard, by print and on a phone."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from browser import page_of, require_chromium, started
from command import HARDCODED, MANUAL, git, run

EVIL = "<img src=x onerror=document.title='evil'>.py"
STREAMS = "import torch\n\nfirst = torch.cuda.Stream()\nsecond = torch.cuda.Stream()\n"


@pytest.fixture(scope="module")
def report(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The page of a project with 131 findings in three folders, two of them owned, and a history."""
    require_chromium()
    folder = tmp_path_factory.mktemp("project")
    git("init", cwd=folder)
    for name in ("a", "b", "c/d e"):
        (folder / name).mkdir(parents=True)
    for number in range(120):
        (folder / "a" / f"{number:03}.py").write_text(HARDCODED)
    for number in range(4):
        (folder / "b" / f"{number}.py").write_text(STREAMS)
    (folder / "c" / "d e" / "x.py").write_text(MANUAL)
    (folder / "c" / EVIL).write_text(HARDCODED)
    (folder / "CODEOWNERS").write_text("/a/ @alice\n/b/ @bob\n")
    before = json.loads(run("report", "--format", "json", cwd=folder).stdout)
    before["created"] = "2020-01-01T00:00:00Z"
    before["rules"][0]["tally"]["safe"] += 10
    before["total"]["safe"] += 10
    (folder / "before.json").write_text(json.dumps(before))
    done = run("report", "--history", "before.json", "--output-file", "report.html", cwd=folder)
    assert done.returncode == 0, done.stderr
    return folder / "report.html"


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with started() as found:
        yield found


@pytest.fixture
def page(browser: Any, report: Path) -> Iterator[Any]:
    with page_of(browser, report) as found:
        yield found


def shown(page: Any) -> int:
    return int(page.locator("#list tbody tr").count())


def count(page: Any) -> str:
    return str(page.locator("#count").inner_text())


def wait_for(page: Any, start: str) -> None:
    """Wait until the number of findings is told by a text that begins so."""
    from playwright.sync_api import expect

    expect(page.locator("#count")).to_have_text(re.compile(f"^{start}"))


def test_it_opens_with_a_part_of_the_list_and_shows_more_when_asked(page: Any) -> None:
    assert count(page) == "131 findings"
    assert shown(page) == 100
    page.get_by_role("button", name="Show more").click()
    assert shown(page) == 131
    assert not page.get_by_role("button", name="Show more").is_visible()


def test_it_filters_by_text(page: Any) -> None:
    page.get_by_role("searchbox").fill("b/2.py stream")
    wait_for(page, "2 of")
    assert [one.inner_text() for one in page.locator("#list tbody a").all()] == ["b/2.py:3:9", "b/2.py:4:10"]


def test_it_filters_by_rule_by_what_can_be_done_and_by_owner(page: Any) -> None:
    page.locator("select[name=code]").select_option("CFX101")
    page.locator("select[name=owner]").select_option("@alice")
    wait_for(page, "120 of")
    page.get_by_role("button", name="Clear").click()
    wait_for(page, "131 findings")
    page.locator("select[name=kind]").select_option("manual")
    wait_for(page, "1 of")


def test_a_tile_and_a_row_of_a_table_lead_to_their_findings(page: Any) -> None:
    page.locator(".map a", has_text="b").first.click()
    wait_for(page, "8 of")
    page.locator('[data-table="folder"]').get_by_role("link", name="c/d e", exact=True).click()
    wait_for(page, "2 of")
    page.locator('[data-table="symbol"]').get_by_role("link", name="torch.cuda.Stream").click()
    wait_for(page, "8 of")
    assert page.evaluate("document.activeElement.id") == "findings"


def test_a_finding_links_to_its_line(page: Any) -> None:
    page.get_by_role("searchbox").fill("d e/x.py CFX107")
    wait_for(page, "1 of")
    assert page.locator("#list tbody a").first.get_attribute("href") == "c/d%20e/x.py#L4"


def test_tables_are_sorted_by_their_heads(page: Any) -> None:
    table = page.locator('[data-table="folder"]')
    names = lambda: [one.inner_text() for one in table.locator("tbody th a").all()]  # noqa: E731
    assert names() == [".", "a", "b", "c", "c/d e"]
    table.get_by_role("button", name="by hand").click()
    assert names()[0] == "."
    assert table.locator("th[aria-sort]").inner_text() == "by hand"
    table.get_by_role("button", name="folder").click()
    assert names() == [".", "a", "b", "c", "c/d e"]
    table.get_by_role("button", name="folder").click()
    assert names() == ["c/d e", "c", "b", "a", "."]


def test_the_list_is_sorted_by_its_heads(page: Any) -> None:
    page.locator("#list").get_by_role("button", name="rule").click()
    first = lambda: page.locator("#list tbody tr").first.locator("td").nth(1).inner_text()  # noqa: E731
    assert first() == "CFX101"
    page.locator("#list").get_by_role("button", name="rule").click()
    assert first() == "CFX202"


def test_it_can_be_used_by_keyboard(page: Any) -> None:
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the findings"
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash") == "#findings"
    page.locator(".map a").first.focus()
    page.keyboard.press("Enter")
    assert page.evaluate("location.hash").startswith("#findings&folder=")


def test_each_control_has_a_name_for_who_hears_the_page(page: Any) -> None:
    unnamed = page.evaluate(
        """() => [...document.querySelectorAll('button, input, select, a, [role=region], svg')].filter((one) =>
            one.offsetParent !== null
            && !(one.getAttribute('aria-label') || one.textContent.trim() || one.labels?.length)
        ).map((one) => one.outerHTML)"""
    )
    assert unnamed == []
    assert page.evaluate("document.documentElement.lang") == "en"
    assert page.locator("h1").count() == 1


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_text_stands_out_from_what_is_behind_it(browser: Any, report: Path, scheme: str) -> None:
    with page_of(browser, report, color_scheme=scheme) as page:
        assert page.evaluate(LOW_CONTRAST) == []


@pytest.mark.parametrize("width", [320, 390, 768, 1400])
def test_no_screen_is_too_small(browser: Any, report: Path, width: int) -> None:
    with page_of(browser, report, width=width) as page:
        assert page.evaluate("document.documentElement.scrollWidth") <= width


def test_print_shows_whole_tables_and_no_controls(page: Any) -> None:
    page.emulate_media(media="print")
    assert not page.locator("#filter").is_visible()
    assert page.evaluate("getComputedStyle(document.querySelector('.scroll')).maxHeight") == "none"


def test_a_command_can_be_copied(browser: Any, report: Path) -> None:
    with page_of(browser, report, permissions=["clipboard-read", "clipboard-write"]) as page:
        page.get_by_role("button", name="Copy").first.click()
        page.get_by_role("button", name="Copied").wait_for()
        assert page.evaluate("navigator.clipboard.readText()") == page.locator(".command code").first.inner_text()


def test_it_tells_how_far_the_project_has_come(page: Any) -> None:
    assert page.locator("#trend svg polygon").count() == 4
    row = page.locator('[data-table="changes"] tbody tr').first
    assert row.inner_text().split() == ["CFX101", "hardcoded-empty-cache", "131", "121", "-10"]


def test_nothing_in_a_name_runs(page: Any) -> None:
    page.get_by_role("searchbox").fill("onerror")
    wait_for(page, "1 of")
    assert EVIL in page.locator("#list tbody a").first.inner_text()
    assert page.title() == "cudafix: " + page.locator("h1").inner_text()


def test_without_scripts_the_tables_are_there(browser: Any, report: Path) -> None:
    with page_of(browser, report, java_script_enabled=False) as page:
        assert page.locator('[data-table="code"] tbody tr').count() >= 3
        assert page.locator("noscript").count() == 1


LOW_CONTRAST = """() => {
  const numbers = (text) => text.match(/[\\d.]+/g).map(Number);
  const light = ([r, g, b]) => [r, g, b].map((one) => one / 255)
    .map((one) => one <= 0.03928 ? one / 12.92 : ((one + 0.055) / 1.055) ** 2.4)
    .reduce((sum, one, place) => sum + one * [0.2126, 0.7152, 0.0722][place], 0);
  const behind = (node) => {
    for (; node; node = node.parentElement) {
      const [r, g, b, alpha = 1] = numbers(getComputedStyle(node).backgroundColor);
      if (alpha > 0) return [r, g, b];
    }
    return [255, 255, 255];
  };
  const texts = [...document.querySelectorAll('body *')].filter((one) => one.offsetParent !== null
    && !['SCRIPT', 'STYLE', 'OPTION'].includes(one.tagName)
    && [...one.childNodes].some((child) => child.nodeType === 3 && child.textContent.trim()));
  return texts.map((one) => {
    const [front, back] = [light(numbers(getComputedStyle(one).color)), light(behind(one))];
    return [(Math.max(front, back) + 0.05) / (Math.min(front, back) + 0.05), one.outerHTML.slice(0, 80)];
  }).filter(([ratio]) => ratio < 4.5);
}"""
