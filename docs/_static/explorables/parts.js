/* What the explorable figures share. Loaded before them on the pages that have one. */
const bookParts = (() => {
  "use strict";

  const MINUS = "\u2212";

  /* A number with that many decimals, a typeset minus, and no minus before 0. */
  const fixed = (v, digits) => {
    const text = v.toFixed(digits);
    return (Number(text) === 0 ? text.replace("-", "") : text).replace("-", MINUS);
  };

  const fill = (made, attributes, children) => {
    for (const [key, value] of Object.entries(attributes)) {
      made.setAttribute(key, value);
    }
    made.append(...children);
    return made;
  };
  const svg = (tag, attributes, ...children) =>
    fill(document.createElementNS("http://www.w3.org/2000/svg", tag), attributes, children);
  const html = (tag, attributes, ...children) =>
    fill(document.createElement(tag), attributes, children);

  const RANGE =
    "width:100%;min-height:44px;margin:0;touch-action:pan-y;box-sizing:border-box";
  let count = 0;

  /* An element that lists its parts once (`build`) and shows its state (`draw`), with
     `labels` that the page may replace through data attributes. One of the parts is
     `report`, which says in words what is to be seen. */
  class Explorable extends HTMLElement {
    connectedCallback() {
      if (this.text) return;
      this.text = { ...this.labels, ...this.dataset };
      count += 1;
      this.id_ = `${this.localName}-${count}`;
      this.inputs = {};
      this.shown = {};
      this.report = html("p", { role: "status" });
      this.report.style.cssText =
        "margin:.4em 0;min-height:3.2em;font-variant-numeric:tabular-nums";
      const panel = html("div", {}, ...this.build());
      panel.style.cssText = "max-width:34rem;margin:0 auto;text-align:left";
      this.draw();
      this.replaceChildren(panel);
    }

    /* An empty picture of the size of a box, with what it shows in words. */
    canvas({ width, height }, label) {
      const viewBox = `0 0 ${width} ${height}`;
      const picture = svg("svg", { viewBox, role: "img", "aria-label": label });
      picture.style.cssText = "width:100%;height:auto;display:block";
      return picture;
    }

    /* A labelled slider, and the row that holds it with its value. */
    slider(key, attributes) {
      const id = `${this.id_}-${key}`;
      const input = html("input", { id, type: "range", ...attributes });
      input.style.cssText = RANGE;
      input.addEventListener("input", () => this.draw());
      const shown = html("output", { for: id });
      shown.style.cssText = "float:right;font-variant-numeric:tabular-nums";
      this.shown[key] = shown;
      const label = html("label", { for: id }, this.text[key]);
      return [input, html("div", {}, label, shown, input)];
    }
  }

  return {
    Explorable,
    MINUS,
    fixed,
    svg,
    html,
    C0: "var(--c0, #4070e8)",
    C1: "var(--c1, #d07818)",
    C2: "var(--c2, #00a088)",
    C3: "var(--c3, #d04050)",
    WORDS: { fill: "currentColor", "font-size": 13.5 },
  };
})();
