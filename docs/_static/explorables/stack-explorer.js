/* Deep stacks of very wide layers: choose the activation, the gain and the depth;
   see the size of the pre-activations and of the gradient at each layer. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, html, svg } = bookParts;

  /* Mean of value(z) over a normal z with mean square q, by the trapezoid rule. */
  const overNormal = (value, q) => {
    const step = 0.02;
    let sum = 0;
    for (let k = -450; k <= 450; k += 1) {
      const n = k * step;
      sum += value(Math.sqrt(q) * n) * Math.exp((-n * n) / 2);
    }
    return (sum * step) / Math.sqrt(2 * Math.PI);
  };
  const bell = (z) => 1 - Math.tanh(z) ** 2;

  /* For each activation: the means of f(z)^2 and of f'(z)^2, by the mean of z^2. */
  const ACTIVATIONS = {
    tanh: [
      (q) => overNormal((z) => Math.tanh(z) ** 2, q),
      (q) => overNormal((z) => bell(z) ** 2, q),
    ],
    relu: [(q) => q / 2, () => 0.5],
    none: [(q) => q, () => 1],
  };

  const LABELS = {
    activation: "activation",
    gain: "gain g",
    depth: "layers",
    layer: "layer",
    z: "z",
    grad: "gradient",
    level: "size, logarithmic",
    figure: "Size of the pre-activations and of the gradient at each layer",
    first: "At the last layer z has the size",
    back: "At the first layer the gradient is",
    times: "times that at the last.",
    tanh: "tanh",
    relu: "ReLU",
    none: "none",
  };

  const BOX = { width: 360, height: 250, left: 46, right: 12, top: 14, bottom: 38 };

  const RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const power = (exponent) => {
    const digits = [...String(Math.abs(exponent))].map((d) => RAISED[Number(d)]).join("");
    return `10${exponent < 0 ? "\u207b" : ""}${digits}`;
  };
  const short = (v) => {
    if (v >= 0.01 && v < 1000) return v < 10 ? fixed(v, 2) : fixed(v, 0);
    const [mantissa, exponent] = v.toExponential(1).split("e");
    return `${mantissa} \u00d7 ${power(Number(exponent))}`;
  };

  class StackExplorer extends Explorable {
    /* Root mean squares, layer by layer; the input has mean square 1, and the
       gradient is counted in units of that at the last layer. */
    static compute(activation, gain, depth) {
      const [squared, slope] = ACTIVATIONS[activation];
      const q = [gain * gain];
      while (q.length < depth) q.push(gain * gain * squared(q[q.length - 1]));
      const grad = [1];
      for (let k = depth - 2; k >= 0; k -= 1) {
        grad.unshift(grad[0] * gain * Math.sqrt(slope(q[k])));
      }
      return { z: q.map(Math.sqrt), grad };
    }

    static get activations() {
      return Object.keys(ACTIVATIONS);
    }

    get labels() {
      return LABELS;
    }

    build() {
      const [gain, gainRow] = this.slider("gain", {
        min: 0.5, max: 3, step: 0.01, value: 1,
      });
      const [depth, depthRow] = this.slider("depth", {
        min: 2, max: 50, step: 1, value: 30,
      });
      this.gain = gain;
      this.depth = depth;
      const id = `${this.id_}-activation`;
      this.choice = html("select", { id });
      this.choice.style.cssText =
        "min-height:44px;min-width:8em;font:inherit;touch-action:manipulation";
      for (const name of StackExplorer.activations) {
        this.choice.append(html("option", { value: name }, this.text[name]));
      }
      this.choice.addEventListener("input", () => this.draw());
      const choiceRow = html("div", {},
        html("label", { for: id }, `${this.text.activation} `), this.choice);
      this.drawing = this.canvas(BOX, this.text.figure);
      this.report.style.minHeight = "4.6em";
      return [choiceRow, gainRow, depthRow, this.drawing, this.report];
    }

    draw() {
      const gain = Number(this.gain.value);
      const depth = Number(this.depth.value);
      const { z, grad } = StackExplorer.compute(this.choice.value, gain, depth);
      const logs = [...z, ...grad].map(Math.log10);
      const low = Math.min(-2, Math.floor(Math.min(...logs)));
      const high = Math.max(2, Math.ceil(Math.max(...logs)));
      const bottom = BOX.height - BOX.bottom;
      const right = BOX.width - BOX.right;
      const across = (layer) =>
        BOX.left + ((layer - 1) / (depth - 1)) * (right - BOX.left);
      const upward = (log) =>
        bottom - ((log - low) / (high - low)) * (bottom - BOX.top);
      const curve = (values, attributes) => svg("polyline", {
        points: values.map((v, k) =>
          `${across(k + 1).toFixed(1)},${upward(Math.log10(v)).toFixed(1)}`).join(" "),
        fill: "none", "stroke-width": 2.2, ...attributes,
      });
      const one = upward(0);
      const word = (x, y, text, anchor = "middle") =>
        svg("text", { x, y, "text-anchor": anchor, ...WORDS }, text);
      const ends = [Math.log10(z[depth - 1]), 0].map(upward);
      const apart = Math.abs(ends[0] - ends[1]) < 16 ? (ends[0] <= ends[1] ? -9 : 9) : 0;
      this.drawing.replaceChildren(
        svg("path", {
          d: `M${BOX.left} ${BOX.top}V${bottom}H${right}`, fill: "none",
          stroke: "currentColor", "stroke-opacity": 0.5,
        }),
        svg("line", {
          x1: BOX.left, x2: right, y1: one, y2: one, stroke: C2,
          "stroke-dasharray": "2 4",
        }),
        ...[low, 0, high].map((log) =>
          word(BOX.left - 5, upward(log) + 5, log === 0 ? "1" : power(log), "end")),
        ...[...new Set([1, Math.round((depth + 1) / 2), depth])].map((layer) =>
          word(across(layer), bottom + 17, String(layer))),
        word((BOX.left + right) / 2, BOX.height - 3, this.text.layer),
        curve(z, { stroke: C0 }),
        curve(grad, { stroke: C1, "stroke-dasharray": "7 4" }),
        word(right - 4, ends[0] - 6 + apart, this.text.z, "end"),
        word(across(1) + 6, upward(Math.log10(grad[0])) + 15 - 2 * apart,
          this.text.grad, "start"),
      );
      this.report.textContent =
        `${this.text.first} ${short(z[depth - 1])}. ` +
        `${this.text.back} ${short(grad[0])} ${this.text.times}`;
      this.shown.gain.textContent = fixed(gain, 2);
      this.shown.depth.textContent = String(depth);
    }
  }

  customElements.define("stack-explorer", StackExplorer);
})();
