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

  /* An element that builds itself once (`build`) and shows its state (`draw`), with
     `labels` that the page may replace through data attributes. */
  class Explorable extends HTMLElement {
    connectedCallback() {
      if (this.text) return;
      this.text = { ...this.labels, ...this.dataset };
      count += 1;
      this.id_ = `${this.localName}-${count}`;
      this.inputs = {};
      this.shown = {};
      const panel = this.build();
      this.draw();
      this.replaceChildren(panel);
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
