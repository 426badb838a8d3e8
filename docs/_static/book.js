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
