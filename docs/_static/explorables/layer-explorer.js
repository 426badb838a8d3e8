/* The shapes of a layer, Z = X W^T + b: choose the number of examples, the inputs
   and the neurons, and the last dimension of X; see each tensor to scale, the
   number of parameters, or PyTorch's complaint. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, C3, WORDS, Explorable, svg } = bookParts;
  const LABELS = {
    batch: "examples n (0: no batch)",
    neurons: "neurons h, out_features",
    inputs: "inputs d, in_features",
    last: "last dimension of X",
    none: "no batch",
    parameters: "parameters",
    products: "products",
    error: "RuntimeError:",
    figure: "The tensors of a layer, a square for each number",
  };
  const CELL = 11;
  /* X stands to the left of Z, the transpose of W above Z, b between them. */
  const PLACE = { left: 6, column: 158, above: 150, bias: 157, below: 178 };
  const MOST = 12;

  const shown = (shape) => `(${shape.join(", ")}${shape.length === 1 ? "," : ""})`;

  class LayerExplorer extends Explorable {
    static compute(n, d, h, last) {
      const lead = n === 0 ? [] : [n];
      const fits = last === d;
      const rows = Math.max(n, 1);
      return {
        x: [...lead, last],
        weight: [h, d],
        bias: [h],
        z: fits ? [...lead, h] : null,
        parameters: h * d + h,
        products: rows * h * d,
        message: fits ? "" : "mat1 and mat2 shapes cannot be multiplied " +
          `(${rows}x${last} and ${d}x${h})`,
      };
    }

    get labels() {
      return LABELS;
    }

    build() {
      const slider = (key, min, max, value) =>
        this.slider(key, { min, max, step: 1, value });
      const made = [
        slider("batch", 0, MOST, 10), slider("neurons", 1, 8, 4),
        slider("inputs", 1, MOST, 3), slider("last", 1, MOST, 3),
      ];
      [this.batch, this.neurons, this.inputs_, this.last] = made.map(([input]) => input);
      this.before = 3;
      this.drawing = this.canvas({ width: 360, height: 316 }, this.text.figure);
      const rows = made.map(([, row]) => row);
      return [...rows, this.report, this.drawing];
    }

    /* A grid of squares with its upper left corner at (x, y). */
    grid(x, y, rows, columns, colour, dashed) {
      const [width, height] = [columns * CELL, rows * CELL];
      let d = "";
      for (let k = 0; k <= columns; k += 1) d += `M${x + k * CELL} ${y}v${height}`;
      for (let k = 0; k <= rows; k += 1) d += `M${x} ${y + k * CELL}h${width}`;
      return svg("g", {},
        svg("rect", { x, y, width, height, fill: colour, "fill-opacity": dashed ? 0 : 0.25 }),
        svg("path", {
          d, fill: "none", stroke: colour, "stroke-width": 1,
          "stroke-dasharray": dashed ? "2 4" : "none",
        }),
      );
    }

    word(x, y, text) {
      return svg("text", { x, y, ...WORDS }, text);
    }

    draw() {
      const [n, h, d] = [this.batch, this.neurons, this.inputs_].map((each) =>
        Number(each.value));
      /* The last dimension of X follows the inputs while it fits them. */
      if (d !== this.before && Number(this.last.value) === this.before) {
        this.last.value = String(d);
      }
      this.before = d;
      const last = Number(this.last.value);
      const now = LayerExplorer.compute(n, d, h, last);
      const rows = Math.max(n, 1);
      const { left, column, above, bias, below } = PLACE;
      const beside = column + h * CELL + 8;
      const head = above - Math.max(d, 3) * CELL;
      this.drawing.setAttribute("viewBox", `0 ${head - 4} 360 316`);
      const z = now.z ? `Z ${shown(now.z)}` : "Z ?";
      this.drawing.replaceChildren(
        this.grid(left, below, rows, last, C0, false),
        this.word(left, below - 8, `X ${shown(now.x)}`),
        this.grid(column, above - d * CELL, d, h, C1, false),
        this.word(beside, head + 10, `W ${shown(now.weight)},`),
        this.word(beside, head + 26, "turned"),
        this.grid(column, bias, 1, h, C3, false),
        this.word(beside, bias + 10, `b ${shown(now.bias)}`),
        this.grid(column, below, rows, h, C2, !now.z),
        this.word(beside, below + 11, z),
      );
      const count = `${now.parameters} ${this.text.parameters}`;
      this.report.textContent = now.z
        ? `${shown(now.x)} \u2192 ${shown(now.z)}. ${count}, ` +
          `${now.products} ${this.text.products}.`
        : `${this.text.error} ${now.message}. ${count}.`;
      this.shown.batch.textContent = n === 0 ? this.text.none : String(n);
      this.shown.neurons.textContent = String(h);
      this.shown.inputs.textContent = String(d);
      this.shown.last.textContent = String(last);
      this.batch.setAttribute("aria-valuetext", this.shown.batch.textContent);
    }
  }

  customElements.define("layer-explorer", LayerExplorer);
})();
