"""The built pages in headless Chromium: what a reader sees, types, copies and runs."""

from __future__ import annotations

import io
from itertools import product

import matplotlib.image
import numpy as np
import pytest
from book.browsing import Visit
from book.built import CHAPTERS, PAGES, code_cells

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site", "browser")]
EACH_PAGE = pytest.mark.parametrize("name", PAGES)
EACH_CHAPTER = pytest.mark.parametrize("name", CHAPTERS)
SCHEMES = ("light", "dark")


# Every page


@EACH_PAGE
def test_axe_finds_nothing(name, visit):
    """With every fold open, wide and narrow, light and dark."""
    seen = visit(f"{name}.html")
    seen.unfold()
    if name not in ("index", CHAPTERS[0]):
        seen.thin()
    found = seen.axe(ALL_BUT_CONTRAST)
    seen.thin()
    seen.thin("article :is(p, li, td, dt, dd, figcaption):not(th p, [role])")
    found += contrast(seen)
    if name in ("index", CHAPTERS[0]):  # what a narrow page changes is the same on all
        seen.resize(390)
        found += [f"at 390 px: {each}" for each in seen.axe(ALL_BUT_CONTRAST)]
        found += contrast(seen)
    assert not found, "\n".join(found)


def contrast(seen: Visit) -> list[str]:
    found = []
    for scheme in SCHEMES:
        seen.page.emulate_media(color_scheme=scheme)
        found += [f"{scheme}: {each}" for each in seen.axe(CONTRAST)]
    return found


ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize(
    ("name", "way"),
    [*((name, "file") for name in PAGES), ("index", "http"), (CHAPTERS[0], "http")],
)
def test_page_loads_without_complaint_and_asks_no_other_host(
    name, way, visit, site, record_property
):
    """From a folder, where browsers allow less than from a server."""
    base = {"base": site.as_uri()} if way == "file" else {}
    seen = visit(f"{name}.html", **base)
    seen.see_all()
    assert seen.problems == []
    assert seen.foreign == []
    assert seen.page.evaluate("document.fonts.check('16px \"Source Serif 4\"')")
    if name in CHAPTERS and way == "http":
        requests = len(seen.asked)
        record_property("measured", f"{name}: {requests} requests, 0 to other hosts")


@EACH_PAGE
def test_page_does_not_scroll_sideways_and_what_does_has_the_keyboard(name, visit):
    seen = visit(f"{name}.html")
    for unfolded, width in product((False, True), (1280, 768, 390, 320)):
        seen.resize(width)
        if unfolded:
            seen.unfold()
        wide = seen.page.evaluate(TOO_WIDE)
        assert not wide, f"at {width} px: {wide}"
        if unfolded and width in (1280, 390):
            seen.page.evaluate(WATCH)
            assert seen.page.evaluate("scrollers") == [], f"at {width} px"


#: What sticks out of the page, or makes the text itself a box that scrolls.
TOO_WIDE = """() => {
  const boxes = [document.scrollingElement, ...document.querySelectorAll(
    ".page, .main, .content, article")];
  const wide = boxes.filter(each => each.scrollWidth > each.clientWidth + 1 &&
    (each === boxes[0] || getComputedStyle(each).overflowX !== "visible"));
  if (!wide.length) return [];
  return [...document.querySelectorAll("article *")]
    .filter(each => each.getBoundingClientRect().right > innerWidth + 1)
    .slice(0, 2).map(each => each.outerHTML.slice(0, 120))
    .concat(wide.map(each => `${each.tagName}.${each.className} ${each.scrollWidth}`));
}"""


# Keyboard

WATCH = """() => {
  const focusable = "a[href], button, input:not([type=hidden]), select, textarea, " +
    "summary, [tabindex]";
  const shown = each => each.checkVisibility({visibilityProperty: true}) &&
    each.getClientRects().length > 0;
  const scrolls = each => /auto|scroll/.test(getComputedStyle(each).overflowX) &&
    each.scrollWidth > each.clientWidth + 1;
  const say = each => (each.getAttribute("class") || each.id || each.textContent || "")
    .trim().slice(0, 40);
  window.wanted = [...document.querySelectorAll(focusable)]
    .filter(each => each.tabIndex >= 0 && !each.disabled && shown(each));
  window.scrollers = [...document.querySelectorAll("body *")]
    .filter(each => shown(each) && scrolls(each) && each.tabIndex < 0)
    .map(each => `${each.tagName}.${say(each)}`);
  window.reached = new Set();
  window.unseen = new Set();
  addEventListener("focus", event => {
    const at = event.target;
    if (!at.closest) return;
    reached.add(at);
    const style = getComputedStyle(at);
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
      || style.boxShadow !== "none";
    let opacity = 1;
    for (let each = at; each; each = each.parentElement)
      opacity *= Number(getComputedStyle(each).opacity);
    if (!ring || opacity < 0.5) unseen.add(`${at.tagName} ${say(at)}`);
  }, true);
  window.missed = () => wanted.filter(each => shown(each) && !reached.has(each))
    .map(each => `${each.tagName} ${say(each)}`);
  return wanted.length;
}"""


@EACH_PAGE
def test_tab_key_reaches_everything_and_shows_where_it_is(name, visit):
    seen = visit(f"{name}.html")
    seen.unfold()
    seen.thin()
    wanted = seen.page.evaluate(WATCH)
    for _ in range(wanted + 3):
        seen.page.keyboard.press("Tab")
    assert seen.page.evaluate("missed()") == []
    assert seen.page.evaluate("[...unseen]") == []


@pytest.mark.parametrize("name", ["index", CHAPTERS[0]])
def test_menu_opens_by_keyboard_on_a_phone(name, visit):
    seen = visit(f"{name}.html", width=390)
    link = seen.page.locator(".sidebar-tree a").first
    assert not link.is_visible() or not in_view(seen, ".sidebar-tree a")
    for _ in range(12):
        seen.page.keyboard.press("Tab")
        if seen.page.evaluate(MENU_FOCUSED):
            break
    else:
        pytest.fail("Tab does not reach the button that opens the menu")
    seen.page.keyboard.press("Enter")
    seen.page.wait_for_function(IN_VIEW, arg=".sidebar-tree a")


MENU_FOCUSED = """() => {
  const at = document.activeElement;
  return at.id === "__navigation" || at.htmlFor === "__navigation" ||
    at.getAttribute("aria-controls") === "__navigation" ||
    !!at.closest(".nav-overlay-icon");
}"""
IN_VIEW = """selector => {
  const box = document.querySelector(selector).getBoundingClientRect();
  return box.width > 0 && box.left >= 0 && box.right <= innerWidth;
}"""


def in_view(seen: Visit, selector: str) -> bool:
    return seen.page.evaluate(IN_VIEW, selector)


@EACH_CHAPTER
def test_folds_are_closed_and_open_by_keyboard(name, visit):
    seen = visit(f"{name}.html")
    folds = seen.page.locator("article details")
    assert folds.count() > 0
    assert seen.page.locator("article details[open]").count() == 0
    summaries = seen.page.locator("article details > summary").all()
    assert len(summaries) == folds.count()
    tried = set()
    for summary in summaries:
        assert summary.inner_text().strip()
        kind = summary.evaluate("each => each.parentElement.className")
        if kind not in tried:
            tried.add(kind)
            summary.focus()
            seen.page.keyboard.press("Enter")
            assert summary.evaluate("each => each.parentElement.open"), kind


# Copying


@EACH_CHAPTER
def test_every_cell_and_the_whole_chapter_can_be_copied(name, visit):
    seen = visit(f"{name}.html", permissions=("clipboard-read", "clipboard-write"))
    count = "selector => document.querySelectorAll(selector).length"
    assert seen.page.evaluate(count, "div.cell_output button, figure button") == 0
    button = seen.page.get_by_role("button", name="Copy all code")
    button.focus()
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("button", name="Copied").wait_for()
    assert clipboard(seen) == "\n\n\n".join(code_cells(name)) + "\n"
    seen.unfold()
    seen.page.locator("button.copybtn").first.click(force=True)
    pasted = seen.page.evaluate(COPY_ALL)
    assert [each.rstrip() for each in pasted] == code_cells(name)


COPY_ALL = """async () => {
  const copied = [];
  for (const button of document.querySelectorAll("button.copybtn")) {
    await navigator.clipboard.writeText("");
    button.click();
    copied.push(await navigator.clipboard.readText());
  }
  return copied;
}"""


def test_code_is_copied_from_a_file_too(visit, site):
    seen = visit(f"{CHAPTERS[0]}.html", base=site.as_uri())
    seen.page.get_by_role("button", name="Copy all code").click()
    seen.page.get_by_role("button", name="Copied").wait_for()
    assert seen.problems == []


def clipboard(seen: Visit) -> str:
    return seen.page.evaluate("navigator.clipboard.readText()")


# Light and dark


def picture(seen: Visit, selector: str) -> np.ndarray:
    """What an element looks like: rows of pixels, red, green and blue from 0 to 1."""
    element = seen.page.locator(selector).first
    element.scroll_into_view_if_needed()
    seen.see_all()
    return matplotlib.image.imread(io.BytesIO(element.screenshot()))[..., :3]


def is_readable(pixels: np.ndarray, scheme: str) -> bool:
    """Whether the ground is light (or dark) and something on it stands out.

    The ground is what most of the rim has; inside, a drawing may be shaded.
    """
    light = pixels.mean(axis=2)
    rim = np.concatenate(
        [light[:3].ravel(), light[:, :3].ravel(), light[:, -3:].ravel()]
    )
    ground = float(np.median(rim))
    if scheme == "light":
        return ground > 0.9 and float(light.min()) < 0.3
    return ground < 0.2 and float(light.max()) > 0.7


@EACH_CHAPTER
def test_figures_follow_the_reader_s_system(name, visit):
    seen = visit(f"{name}.html")
    for scheme in SCHEMES:
        seen.page.emulate_media(color_scheme=scheme)
        for number in range(seen.page.locator("figure img").count()):
            pixels = picture(seen, f"figure img >> nth={number}")
            assert is_readable(pixels, scheme), f"figure {number + 1}, {scheme}"


@pytest.mark.parametrize("system", SCHEMES)
def test_figures_follow_the_switch_of_the_page(system, visit):
    seen = visit(f"{CHAPTERS[0]}.html", scheme=system)
    for _ in range(3):
        seen.page.locator(".theme-toggle:visible").first.click()
        theme = seen.page.evaluate("document.body.dataset.theme")
        scheme = system if theme == "auto" else theme
        assert is_readable(picture(seen, "figure img"), scheme), f"{theme} on {system}"
    assert theme == "auto"


# Search, and no script


@pytest.mark.parametrize("way", ["http", "file"])
def test_search_finds_a_chapter(way, visit, site):
    base = {"base": site.as_uri()} if way == "file" else {}
    seen = visit("search.html?q=sigmoid", **base)
    found = seen.page.locator("#search-results li a[href*='activations.html']")
    found.first.wait_for()
    assert seen.problems == []


def test_chapter_is_whole_without_script(visit):
    seen = visit(f"{CHAPTERS[0]}.html", script=False)
    page = seen.page
    assert page.locator("figure.explorable p").first.is_visible()
    assert not page.locator(".copy-chapter").is_visible()
    assert page.locator(".theme-toggle:visible").count() == 0
    fold = page.locator("article details").first
    assert not fold.locator("pre").first.is_visible()
    fold.locator("summary").click()
    assert fold.locator("pre").first.is_visible()
    assert page.locator("article math").first.is_visible()
