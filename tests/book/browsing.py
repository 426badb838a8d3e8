"""A page in a browser, watched: what it asks for, what fails, what it complains of."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

from axe_playwright_python.base import AXE_FILE_PATH
from playwright.sync_api import Browser, Route

FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--disable-dev-shm-usage",
]
AXE = AXE_FILE_PATH.read_text(encoding="utf-8")
#: Mark a text of each look that is not known; the looks that were new.
MARK_LOOKS = """([them, mark]) => {
  const known = new Set(them);
  const ground = new Map();
  const looks = new Map();
  for (const each of document.querySelectorAll("*")) {
    const style = getComputedStyle(each);
    const own = `${style.backgroundColor} ${style.backgroundImage} ${style.opacity}`;
    const below = ground.get(each.parentElement) ?? "";
    ground.set(each, own === "rgba(0, 0, 0, 0) none 1" ? below : `${below}; ${own}`);
    const texts = [...each.childNodes].filter(at => at.nodeType === 3);
    if (!texts.some(at => at.data.trim())) continue;
    if (!each.checkVisibility({visibilityProperty: true})) continue;
    const look = [ground.get(each), style.color, style.fontSize,
      style.fontWeight, style.textShadow, style.textDecorationLine].join();
    if (known.has(look)) continue;
    const size = each.getElementsByTagName("*").length;
    if (size < (looks.get(look)?.size ?? Infinity)) looks.set(look, {each, size});
  }
  looks.forEach(({each}, look) => {
    each.dataset.look = `${each.dataset.look ?? ""} ${mark}`;
  });
  return [...looks.keys()];
}"""
#: Find the first element of each kind that is new, and all that these stand in; the
#: new kinds. A kind is that of the parent (in a formula or drawing, of the whole), tag
#: and attributes: it is written as the number of the parent's kind and the rest.
FIND_NEW = """kinds => {
  const numbers = new Map(kinds.map((kind, number) => [kind, number]));
  const own = new Set(["id", "href", "src", "title", "alt", "for", "aria-label",
    "data-clipboard-target"]);
  const drawn = new Set(["class", "style", "role", "fill", "font-size"]);
  const ours = new Map();
  window.news = new Set();
  window.kept = new Set();
  for (const each of document.querySelectorAll("*")) {
    const parent = each.parentElement;
    const whole = parent?.closest("math, svg");
    const isOwn = whole ? name => !drawn.has(name) : name => own.has(name);
    const kind = [ours.get(whole ?? parent), each.tagName, each.tabIndex,
      !each.textContent.trim(), ...[...each.attributes].map(at =>
        at.name + (isOwn(at.name) ? !at.value : at.value))].join();
    if (!numbers.has(kind)) {
      numbers.set(kind, numbers.size);
      news.add(each);
      for (let at = each; at && !kept.has(at); at = at.parentElement) kept.add(at);
    }
    ours.set(each, numbers.get(kind));
  }
  return [...numbers.keys()].slice(kinds.length);
}"""
#: Leave out what has nothing new in it, mark what is new, and remember the drawings;
#: what a list or table wants is emptied.
LEAVE_NEW = """() => {
  news.forEach(each => each.setAttribute("data-new", ""));
  window.drawings = [...document.querySelectorAll("figure img")];
  const out = "pre *, nav li, .sidebar-tree li, article :is(" +
    "p, li, div, details, figure, section section, math, dl, table):not(th *, [role])";
  const empty = "article :is(td, dt, dd, figcaption)";
  for (const each of document.querySelectorAll(`${out}, ${empty}`)) {
    if (kept.has(each)) continue;
    each.matches(out) ? each.remove() : each.replaceChildren();
  }
}"""


def leave_out(route: Route, kind: str) -> None:
    """Answer with a page whose text is its figures of a kind, quick to lay out."""
    answer = route.fetch()
    page = re.sub(r"<aside\b.*?</aside>", "", answer.text(), flags=re.DOTALL)
    article = re.compile(r"<article\b[^>]*>(.*)</article>", re.DOTALL)
    text = article.search(page)[1]
    figures = re.findall(rf'<figure class="{kind}.*?</figure>', text, re.DOTALL)
    assert figures
    new = page.replace(text, "".join(figures))
    route.fulfill(response=answer, body=new)


@dataclass
class Known:
    """What was met on the pages so far: kinds of elements, and looks of text."""

    kinds: list[str] = field(default_factory=list)
    looks: list[str] = field(default_factory=list)


class Visit:
    """One page in a profile of its own."""

    def __init__(
        self,
        browser: Browser,
        url: str,
        *,
        width: int = 1280,
        scheme: str = "light",
        script: bool = True,
        permissions: tuple[str, ...] = (),
        only: str = "",
        known: Known | None = None,
    ) -> None:
        """Open the page; with `only`, just the figures of that class in its text.

        `known` is what other pages had, and need not be looked at again; without it
        every element is.
        """
        self.known = known
        self.context = browser.new_context(
            viewport={"width": width, "height": 844},
            color_scheme=scheme,
            reduced_motion="reduce",  # what is measured is the end of a change
            java_script_enabled=script,
            permissions=list(permissions),
        )
        self.context.set_default_timeout(10_000)
        self.asked: list[str] = []
        self.problems: list[str] = []
        self.page = self.context.new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on(
            "requestfailed", lambda request: self.problem("failed", request.url)
        )
        self.page.on("pageerror", lambda error: self.problem("error", str(error)))
        self.page.on("console", self.heard)
        self.page.on("response", self.answered)
        if only:
            self.page.route(url, lambda route: leave_out(route, only))
        self.page.goto(url, wait_until="load")

    def problem(self, kind: str, text: str) -> None:
        self.problems.append(f"{kind}: {text}")

    def heard(self, message: Any) -> None:
        if message.type in ("error", "warning", "assert"):
            self.problem(message.type, message.text)

    def answered(self, response: Any) -> None:
        if response.status >= 400:
            self.problem(str(response.status), response.url)

    @property
    def foreign(self) -> list[str]:
        """Requests to any host but the page's own."""
        own = urlsplit(self.page.url)[:2]
        return [
            url
            for url in self.asked
            if urlsplit(url)[:2] != own and urlsplit(url).scheme not in ("data", "blob")
        ]

    def resize(self, width: int) -> None:
        if self.page.viewport_size["width"] == width:
            return
        self.page.set_viewport_size({"width": width, "height": 844})
        self.settle()

    def unfold(self) -> None:
        """Open everything that opens."""
        self.page.evaluate(
            "document.querySelectorAll('details').forEach(d => d.open = 1)"
        )
        self.settle()

    def to_top(self) -> None:
        """Scroll to the top, where the theme shows no link back to it."""
        self.page.wait_for_function(
            """() => {
              scrollTo(0, 0);
              dispatchEvent(new Event("scroll"));
              return scrollY === 0 &&
                !document.documentElement.classList.contains("show-back-to-top");
            }"""
        )
        self.settle()

    def settle(self) -> None:
        """Let the page's own scripts hear of a change: they do in the next frame."""
        self.page.evaluate(
            """() => new Promise(
              done => requestAnimationFrame(() => requestAnimationFrame(done)))"""
        )

    def see_all(self) -> None:
        """Scroll to the end, so that all that loads late is there."""
        self.page.evaluate(
            """async () => {
              for (const image of document.images) {
                image.loading = "eager";
                await image.decode().catch(() => console.error(image.src));
              }
              await document.fonts.ready;
            }"""
        )

    def axe(self, options: dict[str, Any], within: str = "") -> list[str]:
        """What axe-core finds, a line for each rule."""
        if within and not self.page.locator(within).count():
            return []
        if not self.page.evaluate("'axe' in window"):
            self.page.evaluate(AXE)
        return self.page.evaluate(
            """([options, within]) => axe.run(
                within ? {include: [...document.querySelectorAll(within)]} : document,
                {preload: false, resultTypes: ["violations"], ...options}
              ).then(found => found.violations.map(rule =>
                `${rule.id}: ${rule.help}: ${rule.nodes.length} elements, such as `
                + rule.nodes.slice(0, 2).map(node => node.html.slice(0, 120)).join(", ")
                + ` at ${rule.nodes[0].target.join(" ")}`))""",
            [options, within],
        )

    def find_new(self) -> None:
        """Find the elements of kinds that no other page had: those to be looked at."""
        if self.known is not None:
            self.known.kinds += self.page.evaluate(FIND_NEW, self.known.kinds)

    def leave_new(self) -> None:
        """Leave out what is like something on another page, or earlier on this one.

        A chapter has thousands of words and some hundred kinds of them.
        """
        self.page.evaluate(LEAVE_NEW)

    def mark_looks(self, mark: str) -> None:
        """Mark a text of each look that is new, for contrast: ink and all below it."""
        assert self.known is not None
        self.known.looks += self.page.evaluate(MARK_LOOKS, [self.known.looks, mark])
