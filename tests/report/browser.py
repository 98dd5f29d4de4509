"""A real Chromium without a screen, for the tests of the report's page."""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome")
QUIET = (
    "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update", "--disable-sync",
    "--no-first-run",
)  # fmt: skip


def require_chromium() -> str:
    """Return where Chromium is; skips the test, or in CI fails it, where it or its driver is not installed."""
    found = next((path for name in NAMES if (path := shutil.which(name))), None)
    try:
        import playwright.sync_api  # noqa: F401
    except ImportError:
        found = None
    if found is None and os.environ.get("CUDAFIX_NEEDS_BROWSER"):
        pytest.fail("Chromium, or playwright, is not installed")
    if found is None:
        pytest.skip("Chromium, or playwright, is not installed")
    return found


@contextmanager
def started() -> Iterator[Any]:
    """Start Chromium."""
    path = require_chromium()
    from playwright.sync_api import sync_playwright

    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=path, args=[*QUIET])
        yield browser
        browser.close()


@contextmanager
def page_of(browser: Any, file: Path, width: int = 1200, height: int = 800, **settings: Any) -> Iterator[Any]:
    """Open a file; a script that fails, or that asks the network for something, fails the test."""
    context = browser.new_context(viewport={"width": width, "height": height}, **settings)
    page = context.new_page()
    said: list[str] = []
    page.on("console", lambda message: said.append(message.text))
    page.on("pageerror", lambda error: said.append(str(error)))
    page.on("request", lambda request: said.append(request.url) if not request.url.startswith("file:") else None)
    page.goto(file.as_uri())
    yield page
    context.close()
    assert said == []
