/* The tanh neuron E = (tanh(w x + b) - t)^2 as a graph: four sliders, the
   values going down, the slopes going up. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, WORDS, Explorable, fixed, html, svg } = bookParts;
  const LABELS = {
    w: "weight w",
    x: "input x",
    b: "bias b",
    t: "target t",
    slope: "slope",
    loss: "Loss",
    saturated: "The tanh is saturated: its local slope is below a tenth, and so little passes.",
    zero: "The input is zero: nothing of the slope reaches the weight.",
    hit: "The target is hit: there is no slope to hand back.",
    open: "The tanh passes on {share} of the slope that reaches it.",
    figure: "Graph of the tanh neuron with values and slopes",
  };
  const SLIDERS = {
    w: { min: -10, max: 10, step: 0.1, value: 2 },
    x: { min: -2, max: 2, step: 0.04, value: 0.56 },
    b: { min: -10, max: 10, step: 0.1, value: -0.5 },
    t: { min: -1, max: 1, step: 0.02, value: 0.14 },
  };

  const compute = (w, x, b, t) => {
    const p = w * x;
    const z = p + b;
    const o = Math.tanh(z);
    const m = o - t;
    const values = { w, x, b, t, p, z, o, m, E: m * m };
    const local = {
      mE: 2 * m, om: 1, tm: -1, zo: 1 - o * o, pz: 1, bz: 1, wp: x, xp: w,
    };
    const slopes = { E: 1 };
    for (const [from, to] of [
      ["m", "E"], ["o", "m"], ["t", "m"], ["z", "o"],
      ["p", "z"], ["b", "z"], ["w", "p"], ["x", "p"],
    ]) {
      slopes[from] = slopes[to] * local[from + to];
    }
    return { values, local, slopes };
  };

  /* Where each box stands, and what stands above its numbers. */
  const PLACES = {
    w: [64, 32], x: [188, 32],
    p: [126, 122], b: [288, 122],
    z: [207, 212],
    o: [126, 302], t: [288, 302],
    m: [207, 392],
    E: [207, 482],
  };
  const TITLES = {
    w: "w", x: "x", b: "b", t: "t",
    p: "p = w x", z: "z = p + b", o: "o = tanh(z)", m: "m = o \u2212 t", E: "E = m\u00b2",
  };
  const EDGES = ["wp", "xp", "pz", "bz", "zo", "om", "tm", "mE"];
  const [BOX_W, BOX_H] = [112, 54];

  const short = (v) => {
    if (v !== 0 && Math.abs(v) < 0.001) return v < 0 ? "\u2212<0.001" : "<0.001";
    return fixed(v, Math.abs(v) >= 100 ? 1 : 3);
  };

  class NeuronGraph extends Explorable {
    static compute(w, x, b, t) {
      return compute(w, x, b, t);
    }

    static kind(now) {
      if (now.slopes.m === 0) return "hit";
      if (now.local.zo < 0.1) return "saturated";
      return now.values.x === 0 ? "zero" : "open";
    }

    get labels() {
      return LABELS;
    }

    row(key) {
      const [input, row] = this.slider(key, SLIDERS[key]);
      this.inputs[key] = input;
      row.style.cssText = "min-width:0";
      return row;
    }

    build() {
      this.drawing = this.canvas({ width: 360, height: 514 }, this.text.figure);
      Object.assign(this.drawing.style, { maxWidth: "26rem", margin: "0 auto" });
      this.report.style.minHeight = "4.6em";
      const rows = html("div", {}, ...Object.keys(SLIDERS).map((key) => this.row(key)));
      rows.style.cssText = "display:grid;grid-template-columns:1fr 1fr;gap:0 1.2rem";
      return [rows, this.report, this.drawing];
    }

    edge(name, slope) {
      const [x1, top] = PLACES[name[0]];
      const [x2, low] = PLACES[name[1]];
      const [y1, y2] = [top + BOX_H / 2, low - BOX_H / 2 - 2];
      const turn = Math.atan2(y2 - y1, x2 - x1);
      const wing = (side) => {
        const a = turn + side * 2.6;
        return `${(x2 + 9 * Math.cos(a)).toFixed(1)} ${(y2 + 9 * Math.sin(a)).toFixed(1)}`;
      };
      const left = x1 < x2;
      return [
        svg("path", {
          d: `M${x1} ${y1}L${x2} ${y2}M${wing(1)}L${x2} ${y2}L${wing(-1)}`,
          fill: "none", stroke: C1, "stroke-width": 1.6,
        }),
        svg("text", {
          x: (x1 + x2) / 2 + (left ? -12 : 12), y: (y1 + y2) / 2 + 5,
          "text-anchor": left ? "end" : "start", ...WORDS,
        }, `\u00d7 ${short(slope)}`),
      ];
    }

    box(name, value, slope) {
      const [x, y] = PLACES[name];
      const line = (dy, text, more) => svg("text", {
        x, y: y + dy, "text-anchor": "middle", ...WORDS, ...more,
      }, text);
      return [
        svg("rect", {
          x: x - BOX_W / 2, y: y - BOX_H / 2, width: BOX_W, height: BOX_H, rx: 8,
          fill: "none", stroke: C0, "stroke-width": 1.6,
        }),
        line(-11, TITLES[name], { "font-weight": 600 }),
        line(5, short(value)),
        line(21, `${this.text.slope} ${short(slope)}`),
      ];
    }

    draw() {
      const [w, x, b, t] = ["w", "x", "b", "t"].map((key) => Number(this.inputs[key].value));
      const now = compute(w, x, b, t);
      this.drawing.replaceChildren(
        ...EDGES.flatMap((name) => this.edge(name, now.local[name])),
        ...Object.keys(PLACES).flatMap((name) =>
          this.box(name, now.values[name], now.slopes[name])),
      );
      const said = this.text[NeuronGraph.kind(now)]
        .replace("{share}", short(now.local.zo));
      this.report.textContent =
        `${this.text.loss} ${short(now.values.E)}, ${this.text.slope} ` +
        `w ${short(now.slopes.w)}, x ${short(now.slopes.x)}, ` +
        `b ${short(now.slopes.b)}, t ${short(now.slopes.t)}. ${said}`;
      for (const key of Object.keys(SLIDERS)) {
        this.shown[key].textContent = fixed(now.values[key], 2);
      }
    }
  }

  customElements.define("neuron-graph", NeuronGraph);
})();
