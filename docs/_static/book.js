// What the theme leaves to be desired for those who use the keyboard.

// A block that scrolls sideways can be reached with the keyboard; others stay out
// of the way of the Tab key.
(() => {
  const blocks = [...document.querySelectorAll("article pre, article .table-wrapper")];
  const update = () => {
    for (const block of blocks) {
      if (block.scrollWidth > block.clientWidth) block.tabIndex = 0;
      else block.removeAttribute("tabindex");
    }
  };
  addEventListener("load", update);
  addEventListener("resize", update);
  // What is inside a closed fold has no width before it opens.
  document.addEventListener("toggle", update, true);
})();

// The theme's menus open by labels of hidden boxes, which no Tab key reaches: put
// buttons in their place.
(() => {
  const names = { __navigation: "Contents of the book", __toc: "Contents of this page" };
  for (const label of document.querySelectorAll("label.nav-overlay-icon, label.toc-overlay-icon")) {
    const box = document.getElementById(label.htmlFor);
    const button = document.createElement("button");
    button.type = "button";
    button.className = `${label.className} menu-button`;
    button.setAttribute("aria-label", names[label.htmlFor]);
    button.append(...label.childNodes);
    const tell = () => button.setAttribute("aria-expanded", String(box.checked));
    box.addEventListener("change", tell);
    button.addEventListener("click", () => box.click());
    tell();
    label.replaceWith(button);
  }
})();
