/* Choose an activation, move its input, and see value, slope, and what n
   factors of that slope multiply to. Plain SVG, no library. */
(() => {
  "use strict";

  const { MINUS, Explorable, fixed, html, svg } = bookParts;
  const exp = Math.exp;
  const sigmoid = (z) =>
    z >= 0 ? 1 / (1 + exp(-z)) : exp(z) / (1 + exp(z));

  /* erf as a series of terms that all have one sign. */
  const erf = (z) => {
    if (Math.abs(z) > 6) return Math.sign(z);
    let term = z;
    let sum = z;
    for (let n = 1; n < 200; n += 1) {
      term *= (2 * z * z) / (2 * n + 1);
      sum += term;
    }
    return (2 / Math.sqrt(Math.PI)) * exp(-z * z) * sum;
  };
  const share = (z) => (1 + erf(z / Math.SQRT2)) / 2;
  const density = (z) => exp((-z * z) / 2) / Math.sqrt(2 * Math.PI);

  /* name: [value, slope] with PyTorch's conventions at the kinks. */
  const FUNCTIONS = {
    sigmoid: [sigmoid, (z) => sigmoid(z) * (1 - sigmoid(z))],
    tanh: [Math.tanh, (z) => 1 - Math.tanh(z) ** 2],
    hardtanh: [
      (z) => Math.min(Math.max(z, -1), 1),
      (z) => (z > -1 && z < 1 ? 1 : 0),
    ],
    relu: [(z) => Math.max(0, z), (z) => (z > 0 ? 1 : 0)],
    leaky_relu: [
      (z) => (z > 0 ? z : 0.01 * z),
      (z) => (z > 0 ? 1 : 0.01),
    ],
    elu: [
      (z) => (z > 0 ? z : Math.expm1(z)),
      (z) => (z > 0 ? 1 : exp(z)),
    ],
    softplus: [
      (z) => (z > 20 ? z : Math.log1p(exp(z))),
      (z) => (z > 20 ? 1 : sigmoid(z)),
    ],
    gelu: [(z) => z * share(z), (z) => share(z) + z * density(z)],
    silu: [
      (z) => z * sigmoid(z),
      (z) => sigmoid(z) * (1 + z * (1 - sigmoid(z))),
    ],
  };

  /* The interval that holds every slope of at least a tenth of the largest,
     found on the grid of the book's sensitive_region: -10 to 10, step 0.01. */
  const region = {};
  for (const [name, [, slope]] of Object.entries(FUNCTIONS)) {
    const grid = Array.from({ length: 2001 }, (_, k) => (k - 1000) / 100);
    const sizes = grid.map((z) => Math.abs(slope(z)));
    const least = 0.1 * Math.max(...sizes);
    const inside = grid.filter((_, k) => sizes[k] >= least);
    region[name] = [inside[0], inside[inside.length - 1]];
  }

  const LABELS = {
    activation: "activation",
    input: "pre-activation z",
    depth: "factors",
    value: "Value",
    slope: "slope",
    power: "factors multiply to",
    sensitive: "sensitive",
    saturated: "saturated",
    figure: "value (solid) and slope (dashed) against z; shaded: sensitive region",
  };

  const RANGE = 6;
  const BOX = { width: 360, height: 250, left: 34, right: 8, top: 12, bottom: 26 };
  const LOW = -1.5;
  const HIGH = 3;
  const toX = (z) =>
    BOX.left + ((z + RANGE) / (2 * RANGE)) * (BOX.width - BOX.left - BOX.right);
  const toY = (v) =>
    BOX.height - BOX.bottom -
    ((v - LOW) / (HIGH - LOW)) * (BOX.height - BOX.top - BOX.bottom);

  const DIGITS = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const short = (v) => {
    if (v === 0) return "0";
    const size = Math.abs(v);
    if (size >= 0.001 && size < 1000) return fixed(v, 3);
    const [mantissa, power] = v.toExponential(1).split("e");
    const raised = [...String(Math.abs(Number(power)))]
      .map((digit) => DIGITS[Number(digit)])
      .join("");
    const sign = Number(power) < 0 ? "\u207b" : "";
    return `${mantissa.replace("-", MINUS)}\u00a0\u00d7\u00a010${sign}${raised}`;
  };

  class ActivationExplorer extends Explorable {
    static compute(name, z, depth = 1) {
      const [value, slope] = FUNCTIONS[name];
      const s = slope(z);
      return {
        value: value(z),
        slope: s,
        sensitive: z >= region[name][0] && z <= region[name][1],
        power: s ** depth,
      };
    }

    static get names() {
      return Object.keys(FUNCTIONS);
    }

    static region(name) {
      return region[name];
    }

    get labels() {
      return LABELS;
    }

    control(key, node) {
      node.id = `${this.id_}-${key}`;
      node.style.cssText =
        "width:100%;min-height:44px;font:inherit;color:inherit;" +
        "background:transparent;touch-action:pan-y;box-sizing:border-box;";
      const label = html("label", { for: node.id }, this.text[key]);
      const shown = html("output", { for: node.id });
      shown.style.cssText = "float:right;font-variant-numeric:tabular-nums";
      const row = html("div", {}, label, shown, node);
      row.style.cssText = "margin:.3em 0";
      node.addEventListener("input", () => this.draw());
      this.shown = { ...this.shown, [key]: shown };
      return row;
    }

    build() {
      this.choice = html("select", {});
      for (const name of Object.keys(FUNCTIONS)) {
        const option = html("option", { value: name }, name);
        option.style.cssText = "color:#111;background:#fff";
        this.choice.append(option);
      }
      this.input = html("input", {
        type: "range", min: -RANGE, max: RANGE, step: 0.05, value: 1,
      });
      this.depth = html("input", {
        type: "range", min: 1, max: 50, step: 1, value: 10,
      });
      this.picture = this.canvas(BOX, this.text.figure);
      Object.assign(this.picture.style, { touchAction: "pan-y", cursor: "ew-resize" });
      const follow = (event) => {
        if (event.buttons === 0 && event.type === "pointermove") return;
        const box = this.picture.getBoundingClientRect();
        const at = ((event.clientX - box.left) / box.width) * BOX.width;
        const inner = BOX.width - BOX.left - BOX.right;
        this.input.value = ((at - BOX.left) / inner) * 2 * RANGE - RANGE;
        this.draw();
      };
      this.picture.addEventListener("pointerdown", follow);
      this.picture.addEventListener("pointermove", follow);
      return [
        this.control("activation", this.choice),
        this.picture,
        this.report,
        this.control("input", this.input),
        this.control("depth", this.depth),
      ];
    }

    curve(f, style) {
      let path = "";
      let pen = "M";
      for (let k = -RANGE * 50; k <= RANGE * 50; k += 1) {
        const v = f(k / 50);
        if (Math.abs(v - f((k - 1) / 50)) > 0.2) pen = "M"; /* a jump */
        if (v < LOW || v > HIGH) {
          pen = "M";
        } else {
          path += `${pen}${toX(k / 50).toFixed(1)} ${toY(v).toFixed(1)}`;
          pen = "L";
        }
      }
      return svg("path", { d: path, fill: "none", "stroke-width": 2.4, ...style });
    }

    frame(name) {
      const nodes = [];
      const left = toX(Math.max(region[name][0], -RANGE));
      const right = toX(Math.min(region[name][1], RANGE));
      nodes.push(svg("rect", {
        x: left, y: BOX.top, width: right - left,
        height: BOX.height - BOX.top - BOX.bottom,
        fill: "currentColor", "fill-opacity": 0.09,
      }));
      const line = { stroke: "currentColor", "stroke-opacity": 0.45 };
      const words = { fill: "currentColor", "font-size": 13.5 };
      for (const v of [-1, 0, 1, 2, 3]) {
        nodes.push(svg("line", {
          x1: BOX.left, x2: BOX.width - BOX.right, y1: toY(v), y2: toY(v),
          ...line, "stroke-width": v === 0 ? 1 : 0.4,
        }));
        nodes.push(svg("text", {
          x: BOX.left - 6, y: toY(v) + 4, "text-anchor": "end", ...words,
        }, fixed(v, 0)));
      }
      for (const z of [-6, -4, -2, 0, 2, 4, 6]) {
        nodes.push(svg("text", {
          x: toX(z), y: BOX.height - 8,
          "text-anchor": z === 6 ? "end" : "middle", ...words,
        }, fixed(z, 0)));
      }
      nodes.push(svg("text", {
        x: toX(5), y: BOX.height - 8, "text-anchor": "middle",
        "font-style": "italic", ...words,
      }, "z"));
      return nodes;
    }

    key() {
      const rows = [
        ["value", "var(--c0, #4070e8)", "none"],
        ["slope", "var(--c1, #d07818)", "6 4"],
      ];
      return rows.flatMap(([name, stroke, dash], k) => {
        const y = BOX.top + 14 + 18 * k;
        const x = BOX.left + 8;
        return [
          svg("line", {
            x1: x, x2: x + 26, y1: y, y2: y, stroke,
            "stroke-width": 2.4, "stroke-dasharray": dash,
          }),
          svg("text", {
            x: x + 32, y: y + 4, fill: "currentColor", "font-size": 13.5,
          }, this.text[name].toLowerCase()),
        ];
      });
    }

    draw() {
      const name = this.choice.value;
      const z = Number(this.input.value);
      const n = Number(this.depth.value);
      const [value, slope] = FUNCTIONS[name];
      const now = ActivationExplorer.compute(name, z, n);
      const solid = "var(--c0, #4070e8)";
      const dashed = "var(--c1, #d07818)";
      const tangent = (at) => now.value + now.slope * (at - z);
      const inView = now.value >= LOW && now.value <= HIGH;
      const dot = { cx: toX(z), r: 6, stroke: "currentColor", "stroke-width": 1.2 };
      const parts = [
        ...this.frame(name),
        svg("line", {
          x1: toX(z), x2: toX(z), y1: BOX.top, y2: BOX.height - BOX.bottom,
          stroke: "currentColor", "stroke-opacity": 0.5,
        }),
        this.curve(slope, { stroke: dashed, "stroke-dasharray": "6 4" }),
        this.curve(value, { stroke: solid }),
        svg("circle", { ...dot, r: 4.5, cy: toY(now.slope), fill: dashed }),
        ...this.key(),
      ];
      if (inView) {
        const reach = 1.2 / Math.hypot(1, now.slope);
        parts.push(svg("line", {
          x1: toX(z - reach), y1: toY(tangent(z - reach)),
          x2: toX(z + reach), y2: toY(tangent(z + reach)),
          stroke: "currentColor", "stroke-width": 1.6,
        }));
        parts.push(svg("circle", { ...dot, cy: toY(now.value), fill: solid }));
      }
      this.picture.replaceChildren(...parts);
      const place = now.sensitive ? this.text.sensitive : this.text.saturated;
      this.report.replaceChildren(
        `${this.text.value} ${short(now.value)}, ` +
          `${this.text.slope} ${short(now.slope)}: ${place}. ` +
          `${n} ${this.text.power} ${short(now.power)}`,
      );
      this.shown.input.value = fixed(z, 2);
      this.shown.depth.value = String(n);
      this.input.setAttribute("aria-valuetext", `${fixed(z, 2)}, ${place}`);
    }
  }

  customElements.define("activation-explorer", ActivationExplorer);
})();
