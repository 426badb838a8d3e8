/* Move one reading up and down, and see the best line by squared, absolute and
   Huber loss. Plain SVG, no library. */
(() => {
  "use strict";

  const { Explorable, fixed, html, svg } = bookParts;
  const T_C = [0.5, 14, 15, 28, 11, 8, 3, -4, 6, 13, 21];
  const T_U = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4];
  const MOVED = 7;
  const LINES = [
    ["squared", "var(--c0, #4070e8)", "none"],
    ["absolute", "var(--c1, #d07818)", "7 4"],
    ["huber", "var(--c2, #00a088)", "8 3 2 3"],
  ];

  /* Best line of the squares with weights a, targets t. */
  const weighted = (t, a) => {
    let sum = 0, mx = 0, mt = 0;
    T_U.forEach((x, i) => { sum += a[i]; mx += a[i] * x; mt += a[i] * t[i]; });
    mx /= sum;
    mt /= sum;
    let xx = 0, xt = 0;
    T_U.forEach((x, i) => {
      xx += a[i] * (x - mx) ** 2;
      xt += a[i] * (x - mx) * (t[i] - mt);
    });
    const w = xt / xx;
    return [w, mt - w * mx];
  };

  /* A best line of the absolute misses goes through two of the points. */
  const absolute = (t) => {
    let best = [0, 0];
    let lowest = Infinity;
    for (let i = 0; i < T_U.length; i += 1) {
      for (let j = 0; j < i; j += 1) {
        const w = (t[i] - t[j]) / (T_U[i] - T_U[j]);
        const b = t[i] - w * T_U[i];
        const total = T_U.reduce((s, x, k) => s + Math.abs(w * x + b - t[k]), 0);
        if (total < lowest - 1e-12) { lowest = total; best = [w, b]; }
      }
    }
    return best;
  };

  /* Huber: squares whose far misses count for delta / |miss|, repeated. */
  const huber = (t, delta) => {
    let line = weighted(t, T_U.map(() => 1));
    for (let k = 0; k < 5000; k += 1) {
      const [w, b] = line;
      const a = T_U.map((x, i) => {
        const size = Math.abs(w * x + b - t[i]);
        return size > delta ? delta / size : 1;
      });
      line = weighted(t, a);
      if (Math.abs(line[0] - w) + Math.abs(line[1] - b) < 1e-14) break;
    }
    return line;
  };

  const LABELS = {
    reading: "the coldest reading, in °C",
    delta: "δ of the Huber loss",
    squared: "squared",
    absolute: "absolute",
    huber: "Huber",
    slopes: "Slopes w:",
    figure: "eleven readings, one of them movable, and three best lines",
  };

  const BOX = { width: 360, height: 280, left: 36, right: 8, top: 10, bottom: 28 };
  const X = [15, 90];
  const Y = [-30, 70];
  const toX = (x) =>
    BOX.left + ((x - X[0]) / (X[1] - X[0])) * (BOX.width - BOX.left - BOX.right);
  const toY = (y) =>
    BOX.height - BOX.bottom -
    ((y - Y[0]) / (Y[1] - Y[0])) * (BOX.height - BOX.top - BOX.bottom);

  class OutlierExplorer extends Explorable {
    static compute(reading, delta) {
      const t = T_C.map((value, i) => (i === MOVED ? reading : value));
      return {
        t_u: T_U,
        t_c: t,
        squared: weighted(t, T_U.map(() => 1)),
        absolute: absolute(t),
        huber: huber(t, delta),
      };
    }

    get labels() {
      return LABELS;
    }

    control(key, attributes) {
      const node = html("input", { type: "range", ...attributes });
      node.id = `${this.id_}-${key}`;
      node.style.cssText =
        "width:100%;min-height:44px;touch-action:pan-y;box-sizing:border-box;";
      const label = html("label", { for: node.id }, this.text[key]);
      const shown = html("output", { for: node.id });
      shown.style.cssText = "float:right;font-variant-numeric:tabular-nums";
      const row = html("div", {}, label, shown, node);
      row.style.cssText = "margin:.3em 0";
      node.addEventListener("input", () => this.draw());
      this.inputs = { ...this.inputs, [key]: node };
      this.shown = { ...this.shown, [key]: shown };
      return row;
    }

    build() {
      this.picture = this.canvas(BOX, this.text.figure);
      this.picture.style.touchAction = "pan-y";
      return [
        this.picture,
        this.report,
        this.control("reading", { min: -30, max: 70, step: 0.2, value: 21.8 }),
        this.control("delta", { min: 0.1, max: 40, step: 0.1, value: 2 }),
      ];
    }

    frame() {
      const nodes = [];
      const words = { fill: "currentColor", "font-size": 13.5 };
      const line = { stroke: "currentColor", "stroke-opacity": 0.45 };
      for (const y of [-20, 0, 20, 40, 60]) {
        nodes.push(svg("line", {
          x1: BOX.left, x2: BOX.width - BOX.right, y1: toY(y), y2: toY(y),
          ...line, "stroke-width": y === 0 ? 1 : 0.4,
        }));
        nodes.push(svg("text", {
          x: BOX.left - 6, y: toY(y) + 4, "text-anchor": "end", ...words,
        }, fixed(y, 0)));
      }
      for (const x of [20, 40, 60, 80]) {
        nodes.push(svg("text", {
          x: toX(x), y: BOX.height - 8, "text-anchor": "middle", ...words,
        }, fixed(x, 0)));
      }
      nodes.push(svg("text", { x: BOX.left + 4, y: BOX.top + 10, ...words }, "°C"));
      nodes.push(svg("text", {
        x: BOX.width - BOX.right, y: BOX.height - 8, "text-anchor": "end",
        "font-style": "italic", ...words,
      }, "t_u"));
      return nodes;
    }

    draw() {
      const reading = Number(this.inputs.reading.value);
      const delta = Number(this.inputs.delta.value);
      const now = OutlierExplorer.compute(reading, delta);
      const parts = this.frame();
      LINES.forEach(([name, stroke, dash], k) => {
        const [w, b] = now[name];
        parts.push(svg("line", {
          x1: toX(X[0]), y1: toY(w * X[0] + b), x2: toX(X[1]), y2: toY(w * X[1] + b),
          stroke, "stroke-width": 2.4, "stroke-dasharray": dash,
        }));
        const y = BOX.top + 14 + 18 * k;
        parts.push(svg("line", {
          x1: BOX.left + 36, x2: BOX.left + 66, y1: y, y2: y, stroke,
          "stroke-width": 2.4, "stroke-dasharray": dash,
        }));
        parts.push(svg("text", {
          x: BOX.left + 72, y: y + 4, fill: "currentColor", "font-size": 13.5,
        }, this.text[name]));
      });
      T_U.forEach((x, i) => {
        const mark = { cx: toX(x), cy: toY(now.t_c[i]) };
        parts.push(svg("circle", i === MOVED
          ? { ...mark, r: 8, fill: "var(--c3, #a840a8)", stroke: "currentColor" }
          : { ...mark, r: 4.5, fill: "currentColor", "fill-opacity": 0.6 }));
      });
      this.picture.replaceChildren(...parts);
      const slopes = LINES.map(
        ([name]) => `${this.text[name]} ${fixed(now[name][0], 3)}`,
      );
      this.report.textContent = `${this.text.slopes} ${slopes.join(", ")}`;
      this.shown.reading.value = fixed(reading, 1);
      this.shown.delta.value = fixed(delta, 1);
      this.inputs.reading.setAttribute("aria-valuetext", `${fixed(reading, 1)} °C`);
    }
  }

  customElements.define("outlier-explorer", OutlierExplorer);
})();
