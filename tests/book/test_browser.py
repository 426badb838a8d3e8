"""The built pages in headless Chromium: what a reader sees, types, copies and runs."""

from __future__ import annotations

import io

import matplotlib.image
import numpy as np
import pytest
from book.browsing import Visit
from book.built import CHAPTERS, PAGES, code_cells

pytestmark = [pytest.mark.browser, pytest.mark.usefixtures("site", "browser")]
EACH_PAGE = pytest.mark.parametrize("name", PAGES)
SCHEMES = ("light", "dark")


# Every page, in one visit: to load a page costs as much as most checks of it


@EACH_PAGE
def test_page(name, visit, site, subtests):
    """Opened from a folder, where browsers allow less than from a server."""
    allowed = ("clipboard-read", "clipboard-write")
    seen = visit(f"{name}.html", base=site.as_uri(), permissions=allowed)
    for check in FOLDED:
        with subtests.test(check.__name__):
            check(seen, name)
    seen.unfold()
    seen.find_new()
    for check in UNFOLDED:
        with subtests.test(check.__name__):
            check(seen, name)


def loads_without_complaint_and_asks_no_other_host(seen: Visit, name: str) -> None:
    seen.see_all()
    assert seen.problems == []
    assert seen.foreign == []
    assert seen.page.evaluate("document.fonts.check('16px \"Source Serif 4\"')")


def only_what_has_the_keyboard_scrolls_sideways(seen: Visit, name: str) -> None:
    """With folds open, which show all that closed ones do."""
    for width in (1280, 768, 320, 390):  # first as it is, and last as `axe` begins
        seen.resize(width)
        wide = seen.page.evaluate(TOO_WIDE)
        assert not wide, f"at {width} px: {wide}"
        assert seen.page.evaluate(SCROLLERS) == [], f"at {width} px"


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


SCROLLERS = """() => [...document.querySelectorAll("body *")]
  .filter(each => each.scrollWidth > each.clientWidth + 1 && each.tabIndex < 0 &&
    /auto|scroll/.test(getComputedStyle(each).overflowX) &&
    each.checkVisibility({visibilityProperty: true}) && each.getClientRects().length)
  .map(each => each.outerHTML.slice(0, 120))"""


def folds_are_closed_and_open_by_keyboard(seen: Visit, name: str) -> None:
    folds = seen.page.locator("article details")
    if name in CHAPTERS:
        assert folds.count() > 0
    assert seen.page.locator("article details[open]").count() == 0
    assert seen.page.evaluate(SUMMARIES) == folds.count()
    for kind, number in seen.page.evaluate(FOLD_KINDS):
        fold = folds.nth(number)
        fold.locator("summary").first.focus()
        seen.page.keyboard.press("Enter")
        assert fold.evaluate("each => each.open"), kind
        seen.page.keyboard.press("Enter")


#: Folds that begin with a summary that says something.
SUMMARIES = """[...document.querySelectorAll("article details")].filter(each =>
  each.querySelector(":scope > summary")?.innerText.trim()).length"""
#: The first of each kind.
FOLD_KINDS = """[...new Map([...document.querySelectorAll("article details")].map(
  (each, number) => [each.className, number]).toReversed())]"""


def focus_reaches_everything_and_is_seen(seen: Visit, name: str) -> None:
    """By the Tab key one of each kind of element, then all by a script.

    Only those of kinds that no page before had. What stands around the text is the
    same on all pages: looked at on two.
    """
    seen.to_top()  # where no link back to the top comes and goes
    place = "body" if name in ("index", CHAPTERS[0]) else "article"
    for _ in range(seen.page.evaluate(WATCH, place) + 3):
        seen.page.keyboard.down("Tab")  # held: as quick as it repeats
    seen.page.keyboard.up("Tab")
    assert seen.page.evaluate("missed()") == []
    seen.page.evaluate("restore()")
    seen.page.evaluate("all.forEach(each => each.focus({preventScroll: true}))")
    assert seen.page.evaluate("missed(all)") == []
    assert seen.page.evaluate("[...unseen]") == []


WATCH = """place => {
  const focusable = "a[href], button, input:not([type=hidden]), select, textarea, " +
    "summary, [tabindex]";
  const shown = each => each.checkVisibility({visibilityProperty: true}) &&
    each.getClientRects().length > 0;
  window.say = each => `${each.tagName} ${(each.getAttribute("class") || each.id ||
    each.textContent || "").trim().slice(0, 40)}`;
  const kind = each => [each, each.parentElement, each.parentElement.closest("[class]")]
    .map(at => [at.tagName, at.className, at.type, at.role, at.tabIndex]).join();
  const wanted = [...document.querySelectorAll(focusable)]
    .filter(each => each.tabIndex >= 0 && !each.disabled && shown(each));
  window.all = wanted.filter(each =>
    each.closest(place) && (!window.news || news.has(each)));
  const first = new Map(all.toReversed().map(each => [kind(each), each]));
  const ones = new Set(first.values());
  const rest = wanted.filter(each => !ones.has(each))
    .map(each => [each, each.getAttribute("tabindex")]);
  rest.forEach(([each]) => { each.tabIndex = -1; });
  window.restore = () => rest.forEach(([each, was]) =>
    was === null ? each.removeAttribute("tabindex") : (each.tabIndex = was));
  window.reached = new Set();
  window.unseen = new Set();
  const opacities = new Map();
  const around = each => {
    if (!each) return 1;
    if (!opacities.has(each)) opacities.set(each,
      getComputedStyle(each).opacity * around(each.parentElement));
    return opacities.get(each);
  };
  addEventListener("focus", event => {
    const at = event.target;
    if (!at.closest) return;
    reached.add(at);
    const style = getComputedStyle(at);
    const ring = (style.outlineStyle !== "none" && parseFloat(style.outlineWidth) > 0)
      || style.boxShadow !== "none";
    if (!ring || style.opacity * around(at.parentElement) < 0.5) unseen.add(say(at));
  }, true);
  window.missed = (these = [...ones]) => these
    .filter(each => shown(each) && !reached.has(each)).map(say);
  return ones.size;
}"""


def axe_finds_nothing(seen: Visit, name: str) -> None:
    """With every fold open, wide and narrow, light and dark.

    axe is slow over the thousands of words of a chapter. It looks at one element of
    each kind and look that no page before had (wide, at what they stand in, too, for
    the order of headings and the like); with --every-element, at all.
    """
    if seen.known is not None:
        leave_what_is_new(seen)
    found = []
    for width in reversed(WIDTHS):  # it has the last of them
        seen.resize(width)
        seen.to_top()
        narrow = seen.known is not None and width == min(WIDTHS)
        said = seen.axe(ALL_BUT_CONTRAST, "[data-new]" if narrow else "")
        for scheme in SCHEMES:
            seen.page.emulate_media(color_scheme=scheme)
            looks = "" if seen.known is None else f"[data-look~={scheme}-{width}]"
            said += [f"{scheme}: {each}" for each in seen.axe(CONTRAST, looks)]
        found += [f"at {width} px: {each}" for each in said]
    assert not found, "\n".join(found)


def leave_what_is_new(seen: Visit) -> None:
    seen.leave_new()
    for width in WIDTHS:
        seen.resize(width)
        for scheme in SCHEMES:
            seen.page.emulate_media(color_scheme=scheme)
            seen.mark_looks(f"{scheme}-{width}")


WIDTHS = (390, 1280)
ALL_BUT_CONTRAST = {"rules": {"color-contrast": {"enabled": False}}}
CONTRAST = {"runOnly": ["color-contrast"]}


@pytest.mark.parametrize("name", ["index", CHAPTERS[0]])
def test_page_loads_from_a_server(name, visit, record_property):
    seen = visit(f"{name}.html")
    loads_without_complaint_and_asks_no_other_host(seen, name)
    requests = len(seen.asked)
    record_property("measured", f"{name}: {requests} requests, 0 to other hosts")


def test_full_line_has_about_66_characters(visit, record_property):
    lengths = visit(f"{CHAPTERS[2]}.html").page.evaluate(FULL_LINES)
    measure = float(np.median(lengths))
    record_property("measured", f"{measure:.0f} characters in {len(lengths)} lines")
    assert len(lengths) > 30
    assert 62 <= measure <= 70


#: The characters of each line, but the last, of paragraphs of words alone.
FULL_LINES = """() => [...document.querySelectorAll("article section > p")]
  .filter(each => each.innerText.length > 300 && !each.querySelector("math, code"))
  .flatMap(each => {
    const lines = new Map();
    const range = document.createRange();
    const words = document.createTreeWalker(each, NodeFilter.SHOW_TEXT);
    while (words.nextNode()) {
      for (let at = 0; at < words.currentNode.length; at++) {
        range.setStart(words.currentNode, at);
        range.setEnd(words.currentNode, at + 1);
        const line = Math.round((range.getClientRects()[0]?.bottom ?? 0) / 8);
        lines.set(line, (lines.get(line) ?? 0) + 1);
      }
    }
    return [...lines.values()].slice(0, -1).filter(length => length > 40);
  })"""


def test_nothing_moves_by_itself_for_readers_who_ask_for_that(visit):
    seen = visit("index.html")
    assert seen.page.evaluate(MOVES) == []


MOVES = """() => [...document.querySelectorAll("*")].filter(each => {
  const style = getComputedStyle(each);
  return style.scrollBehavior !== "auto" || parseFloat(style.transitionDuration) > 0 ||
    style.animationName !== "none";
}).map(each => each.outerHTML.slice(0, 120))"""


# Keyboard


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


# Copying


def every_cell_and_the_whole_chapter_can_be_copied(seen: Visit, name: str) -> None:
    if name not in CHAPTERS:
        return
    count = "selector => document.querySelectorAll(selector).length"
    assert seen.page.evaluate(count, "div.cell_output button, figure button") == 0
    button = seen.page.get_by_role("button", name="Copy all code")
    button.focus()
    seen.page.keyboard.press("Enter")
    seen.page.get_by_role("button", name="Copied").wait_for()
    assert clipboard(seen) == "\n\n\n".join(code_cells(name)) + "\n"
    seen.page.locator("button.copybtn").first.focus()
    seen.page.keyboard.press("Enter")
    seen.page.locator("button.copybtn.success").first.wait_for()
    assert clipboard(seen) == code_cells(name)[0]
    assert seen.page.evaluate(COPY_ALL) == code_cells(name)


#: What each button copies, heard in the page: nothing waits for the clipboard.
COPY_ALL = """() => [...document.querySelectorAll("button.copybtn")].map(button => {
  let text = null;
  document.addEventListener("copy", ({target}) => {
    text = target.value.slice(target.selectionStart, target.selectionEnd);
  }, {once: true});
  button.click();
  return button.classList.contains("success") ? text : null;
})"""


def test_code_is_copied_from_a_server_too(visit):
    allowed = ("clipboard-read", "clipboard-write")
    seen = visit(f"{CHAPTERS[0]}.html", permissions=allowed)
    seen.unfold()
    every_cell_and_the_whole_chapter_can_be_copied(seen, CHAPTERS[0])
    assert seen.problems == []


def clipboard(seen: Visit) -> str:
    return seen.page.evaluate("navigator.clipboard.readText()")


# Light and dark


def picture(seen: Visit, selector: str) -> np.ndarray:
    """What an element looks like: rows of pixels, red, green and blue from 0 to 1."""
    element = seen.page.locator(selector).first
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


def figures_follow_the_reader_s_system(seen: Visit, name: str) -> None:
    """All in one picture; the page is nothing but its figures afterwards."""
    boxes = seen.page.evaluate(ONLY_FIGURES)
    for scheme in SCHEMES if boxes else ():
        seen.page.emulate_media(color_scheme=scheme)
        pixels = picture(seen, "article")
        for number, (top, bottom) in enumerate(boxes, start=1):
            figure = pixels[top:bottom]
            assert is_readable(figure, scheme), f"figure {number}, {scheme}"


#: Puts the drawings under one another; where each begins and ends.
ONLY_FIGURES = """() => {
  const article = document.querySelector("article");
  const images = window.drawings ?? [...document.querySelectorAll("figure img")];
  article.replaceChildren(...images);
  images.forEach(each => {
    each.style.cssText = "display: block; max-width: 600px; margin: 0";
  });
  const top = article.getBoundingClientRect().top;
  return images.map(each => each.getBoundingClientRect())
    .map(box => [Math.ceil(box.top - top), Math.floor(box.bottom - top)]);
}"""


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


# The checks of a page; the last ones change it for good

FOLDED = [
    loads_without_complaint_and_asks_no_other_host,
    folds_are_closed_and_open_by_keyboard,
]
UNFOLDED = [
    every_cell_and_the_whole_chapter_can_be_copied,
    focus_reaches_everything_and_is_seen,
    only_what_has_the_keyboard_scrolls_sideways,
    axe_finds_nothing,
    figures_follow_the_reader_s_system,
]
