"""The site in a real browser: complete, readable in every size, and with no request to another host."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from tests.site.conftest import ObservedPage

if TYPE_CHECKING:
    from playwright.sync_api import Browser

pytestmark = [pytest.mark.slow, pytest.mark.untraced]

PAGES = ("index", "internals", "database", "reference/services/sessions", "reference/operations")


@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("width", [1280, 390])
def test_pages_fit_and_load_nothing_from_elsewhere(
    browser: Browser, address: str, width: int, dark: bool
) -> None:
    observed = ObservedPage(browser, width=width, dark=dark)
    for name in PAGES:
        observed.page.goto(f"{address}/{name}.html")
        observed.page.wait_for_load_state("networkidle")
        assert observed.page.evaluate("document.documentElement.scrollWidth <= window.innerWidth"), name
        color = observed.page.evaluate("getComputedStyle(document.body).backgroundColor")
        shade = sum(int(part) for part in color.strip("rgba()").split(",")[:3])
        assert (shade < 200) is dark, color
    assert observed.problems == []
    assert all(url.startswith((f"{address}/", "data:", "blob:")) for url in observed.requests)


def test_the_search_finds_a_guide_and_a_method(browser: Browser, address: str) -> None:
    observed = ObservedPage(browser)
    observed.page.goto(f"{address}/index.html")
    observed.search("why a call waits", "limits-and-retries")
    observed.page.goto(f"{address}/index.html")
    observed.search("search_statuses", "services/sessions")
    assert observed.problems == []


def test_the_search_works_on_files(browser: Browser, site: Path) -> None:
    observed = ObservedPage(browser, width=390)
    observed.page.goto(site.joinpath("index.html").as_uri())
    observed.search("why a call waits", "limits-and-retries")
    assert observed.problems == []
    assert all(url.startswith(("file:", "data:", "blob:")) for url in observed.requests)


def test_a_service_lists_its_methods_with_all_keywords(browser: Browser, address: str) -> None:
    observed = ObservedPage(browser)
    observed.page.goto(f"{address}/reference/services/sessions.html")
    method = observed.page.locator("[id='sessionboard_async.services.Sessions.search'] + div pre")
    text = str(method.inner_text())
    for keyword in ("status", "is_abstract", "updated_after", "expand", "sort", "page_size", "consistency"):
        assert f"{keyword}:" in text
    assert "page_size: int = 100" in text
    assert "Records per page, 1 to 100." in observed.page.content()
    method = observed.page.locator("[id='sessionboard_async.services.Sessions.create'] + div pre")
    text = str(method.inner_text())
    for keyword in ("title", "room_id", "level_id", "extra"):
        assert f"{keyword}:" in text


def test_a_typed_dict_has_the_keywords_of_its_bases(browser: Browser, address: str) -> None:
    observed = ObservedPage(browser)
    observed.page.goto(f"{address}/reference/types.html")
    signature = observed.page.locator("[id='sessionboard_async.types.SessionUpdate'] + div pre").first
    text = str(signature.inner_text())
    for keyword in ("title", "room_id", "updated_at"):
        assert f"{keyword}:" in text
