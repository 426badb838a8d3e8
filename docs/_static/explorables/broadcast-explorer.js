/* Choose two shapes and see them aligned on the right, filled with 1 and
   stretched, or where they do not fit. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, C3, MINUS, Explorable, svg } = bookParts;
  const SHAPES = [
    [], [1], [3], [4], [11], [11, 1], [1, 11], [3, 1], [1, 4], [3, 4], [4, 3],
    [4, 1], [2, 1, 1], [2, 1, 4], [2, 3, 1], [2, 3, 4], [3, 2, 4],
  ];

  const LABELS = {
    first: "first shape",
    second: "second shape",
    result: "result",
    filled: "dashed: filled in",
    stretched: "orange: stretched",
    fits: "fit. The result has",
    element: "element",
    elements: "elements",
    clash: "do not fit. At dimension",
    sizes: "the sizes are",
    and: "and",
    neither: "and neither is 1.",
    figure: "Two shapes aligned on the right, and the shape of the result",
  };

  const WORDS = { fill: "currentColor", "font-size": 14.5 };

  const written = (shape) =>
    `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

  class BroadcastExplorer extends Explorable {
    /* shape: that of the result, or null; clash: the first dimension from the
       left, counted from the right end as -1, -2, ..., that does not fit. */
    static compute(first, second) {
      const dims = Math.max(first.length, second.length);
      const pad = (shape) => [...Array(dims - shape.length).fill(1), ...shape];
      const filled = [pad(first), pad(second)];
      const shape = [];
      let clash = null;
      for (let k = 0; k < dims; k += 1) {
        const [a, b] = [filled[0][k], filled[1][k]];
        if (a !== b && a !== 1 && b !== 1 && clash === null) clash = k - dims;
        shape.push(a === 1 ? b : a);
      }
      const size = shape.reduce((product, n) => product * n, 1);
      const fits = clash === null;
      return {
        filled, clash, shape: fits ? shape : null, elements: fits ? size : null,
      };
    }

    static get shapes() {
      return SHAPES;
    }

    get labels() {
      return LABELS;
    }

    shapes(key, value) {
      const [input, row] = this.slider(key, { min: 0, max: SHAPES.length - 1, step: 1, value });
      return { input, shown: this.shown[key], row };
    }

    build() {
      this.first = this.shapes("first", SHAPES.findIndex((s) => written(s) === "(11, 1)"));
      this.second = this.shapes("second", SHAPES.findIndex((s) => written(s) === "(11,)"));
      this.picture = this.canvas({ width: 360, height: 186 }, this.text.figure);
      return [this.first.row, this.second.row, this.picture, this.report];
    }

    box(column, row, words, color, dash) {
      const [x, y] = [338 - 76 * column, 8 + 50 * row];
      return [
        svg("rect", {
          x: x - 68, y, width: 68, height: 38, rx: 3, fill: "none",
          stroke: color, "stroke-width": color === "currentColor" ? 1 : 2,
          "stroke-dasharray": dash,
        }),
        svg("text", { x: x - 34, y: y + 25, "text-anchor": "middle", ...WORDS }, words),
      ];
    }

    draw() {
      const shapes = [this.first, this.second].map(({ input, shown }) => {
        const shape = SHAPES[Number(input.value)];
        shown.textContent = written(shape);
        input.setAttribute("aria-valuetext", written(shape));
        return shape;
      });
      const now = BroadcastExplorer.compute(...shapes);
      const dims = now.filled[0].length;
      const parts = [];
      const names = [this.text.first, this.text.second, this.text.result];
      names.forEach((name, row) => {
        parts.push(svg("text", { x: 4, y: 33 + 50 * row, ...WORDS }, name));
      });
      for (let k = 0; k < dims; k += 1) {
        const column = dims - 1 - k;
        const sizes = [now.filled[0][k], now.filled[1][k]];
        const fits = sizes[0] === sizes[1] || sizes.includes(1);
        const large = sizes[0] === 1 ? sizes[1] : sizes[0];
        sizes.forEach((size, row) => {
          const added = k < dims - shapes[row].length;
          const grows = fits && size !== large;
          const words = grows ? `1 \u2192 ${large}` : String(size);
          const plain = added ? C0 : "currentColor";
          parts.push(...this.box(
            column, row, words, grows ? C1 : plain, added ? "5 4" : "none",
          ));
        });
        parts.push(...this.box(
          column, 2, fits ? String(large) : sizes.join(" \u2260 "),
          fits ? C2 : C3, fits ? "none" : "2 3",
        ));
      }
      parts.push(svg("text", { x: 4, y: 178, ...WORDS },
        `${this.text.filled}; ${this.text.stretched}`));
      this.picture.replaceChildren(...parts);
      const both = `${written(shapes[0])} ${this.text.and} ${written(shapes[1])}`;
      if (now.shape) {
        const unit = now.elements === 1 ? this.text.element : this.text.elements;
        this.report.textContent =
          `${both} ${this.text.fits} ${now.elements} ${unit}: ${written(now.shape)}.`;
      } else {
        const [a, b] = now.filled.map((row) => row[dims + now.clash]);
        const where = String(now.clash).replace("-", MINUS);
        this.report.textContent =
          `${both} ${this.text.clash} ${where} ${this.text.sizes} ` +
          `${a} ${this.text.and} ${b}, ${this.text.neither}`;
      }
    }
  }

  customElements.define("broadcast-explorer", BroadcastExplorer);
})();
