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

  return {
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
