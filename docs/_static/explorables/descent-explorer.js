/* Gradient descent on the thermometer's loss, for a tenth of the reading:
   choose the learning rate as a multiple of 2 / lambda_max and the number of
   steps; see the path on the contours and the loss. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, svg } = bookParts;
  const T_U = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4];
  const T_C = [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0];
  const X = T_U.map((reading) => 0.1 * reading);
  const START = [1, 0];
  const MOST = 1000;
  /* Stops of the steps slider: fine at first, coarse later. */
  const STOPS = [
    ...Array.from({ length: 21 }, (_, k) => k),
    25, 30, 40, 50, 75, 100, 150, 200, 300, 400, 500, 600, 700, 800, 900, MOST,
  ];

  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const misses = ([w, b]) => X.map((x, i) => w * x + b - T_C[i]);
  const lossAt = (place) => mean(misses(place).map((m) => m * m));
  const gradientAt = (place) => {
    const m = misses(place);
    return [2 * mean(m.map((miss, i) => miss * X[i])), 2 * mean(m)];
  };

  /* Hessian [[p, q], [q, 2]]: its eigenvalues and the angle of its axes. */
  const P = 2 * mean(X.map((x) => x * x));
  const Q = 2 * mean(X);
  const half = Math.hypot((P - 2) / 2, Q);
  const CURVATURES = [(P + 2) / 2 - half, (P + 2) / 2 + half];
  const LIMIT = 2 / CURVATURES[1];
  const ANGLE = Math.atan2(2 * Q, P - 2) / 2;

  const centre = mean(X);
  const spread = mean(X.map((x) => (x - centre) ** 2));
  const shared = mean(X.map((x, i) => (x - centre) * (T_C[i] - mean(T_C))));
  const BEST = [shared / spread, mean(T_C) - (shared / spread) * centre];

  const walk = (multiple, steps) => {
    const path = [START];
    for (let k = 0; k < steps; k += 1) {
      const [w, b] = path[k];
      const [slopeW, slopeB] = gradientAt(path[k]);
      const lr = multiple * LIMIT;
      path.push([w - lr * slopeW, b - lr * slopeB]);
    }
    return path;
  };

  const LABELS = {
    rate: "learning rate, as a multiple of the limit",
    steps: "steps",
    weight: "weight w",
    bias: "bias b",
    loss: "loss",
    step: "step",
    start: "start",
    best: "best",
    floor: "best line",
    smooth: "Stable: up to half the limit every step stays on one side of the valley.",
    hops: "Oscillating: the path hops across the valley, and each hop is shorter.",
    border: "On the limit: the hops neither grow nor shrink.",
    diverges: "Diverging: each hop is longer than the last.",
    after: "After",
    figure: "Path of gradient descent on the contours of the loss",
    curve: "Loss against step, logarithmic",
  };

  const short = (v) => {
    if (v < 1e5) return fixed(v, 2);
    const [mantissa, power] = v.toExponential(1).split("e+");
    const raised = [...power].map((d) => "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079"[d]);
    return `${mantissa} \u00d7 10${raised.join("")}`;
  };

  /* Two boxes: weight across and bias upwards; step across and loss upwards. */
  const MAP = {
    width: 360, height: 260, left: 40, right: 10, top: 10, bottom: 38,
    low: [-1, -24], high: [8, 8], ticks: [[0, 2, 4, 6], [-20, -10, 0]],
  };
  const CURVE = {
    width: 360, height: 156, left: 40, right: 10, top: 14, bottom: 38,
    low: [0, 0], high: [MOST, 4], ticks: [[], [0, 2, 4]],
  };
  /* The axis of steps ends at the last one shown, but not before the tenth. */
  const curveUpTo = (steps) => {
    const last = Math.max(steps, 10);
    const middle = last / 2;
    const ticks = Number.isInteger(middle) ? [0, middle, last] : [0, last];
    return { ...CURVE, high: [last, CURVE.high[1]], ticks: [ticks, CURVE.ticks[1]] };
  };
  const across = (box, v) =>
    box.left + ((v - box.low[0]) / (box.high[0] - box.low[0])) *
      (box.width - box.left - box.right);
  const upward = (box, v) =>
    box.height - box.bottom - ((v - box.low[1]) / (box.high[1] - box.low[1])) *
      (box.height - box.top - box.bottom);

  class DescentExplorer extends Explorable {
    static compute(multiple, steps) {
      const path = walk(multiple, steps);
      return {
        limit: LIMIT,
        lr: multiple * LIMIT,
        curvatures: CURVATURES,
        best: BEST,
        path,
        losses: path.map(lossAt),
        kind: DescentExplorer.kind(multiple),
      };
    }

    static kind(multiple) {
      if (multiple > 1) return "diverges";
      if (multiple === 1) return "border";
      return multiple > 0.5 ? "hops" : "smooth";
    }

    static get readings() {
      return { t_u: T_U, t_c: T_C };
    }

    get labels() {
      return LABELS;
    }

    picture(box, label) {
      const clip = `${this.id_}-clip-${box.height}`;
      const drawing = this.canvas(box, label);
      const window_ = svg("clipPath", { id: clip }, svg("rect", {
        x: box.left, y: box.top,
        width: box.width - box.left - box.right,
        height: box.height - box.top - box.bottom,
      }));
      const moving = svg("g", { "clip-path": `url(#${clip})` });
      const ticks = svg("g", {}, ...this.ticksAcross(box));
      drawing.append(window_, ...this.frame(box), ticks, moving);
      return [drawing, moving, ticks];
    }

    ticksAcross(box) {
      const y = box.height - box.bottom + 16;
      return box.ticks[0].map((v) => svg("text", {
        x: across(box, v), y, "text-anchor": v === box.high[0] ? "end" : "middle", ...WORDS,
      }, fixed(v, 0)));
    }

    frame(box) {
      const line = { stroke: "currentColor", "stroke-opacity": 0.5 };
      const bottom = box.height - box.bottom;
      const parts = [
        svg("path", {
          d: `M${box.left} ${box.top}V${bottom}H${box.width - box.right}`,
          fill: "none", ...line,
        }),
      ];
      for (const v of box.ticks[1]) {
        const shown = box === CURVE ? ["1", "100", "10\u2074"][v / 2] : fixed(v, 0);
        parts.push(svg("text", {
          x: box.left - 5, y: upward(box, v) + 5, "text-anchor": "end", ...WORDS,
        }, shown));
      }
      const names = box === CURVE
        ? [this.text.step, this.text.loss] : [this.text.weight, this.text.bias];
      parts.push(svg("text", {
        x: box.width - box.right, y: box.height - 4, "text-anchor": "end", ...WORDS,
      }, names[0]));
      parts.push(svg("text", { x: box.left + 6, y: box.top + 11, ...WORDS }, names[1]));
      return parts;
    }

    /* Ellipses of equal loss; w is drawn across, b upwards. */
    contours() {
      const parts = [];
      for (const rise of [2, 10, 30, 70, 130, 210, 310]) {
        const radii = [
          Math.sqrt((2 * rise) / CURVATURES[1]), Math.sqrt((2 * rise) / CURVATURES[0]),
        ];
        let d = "";
        for (let k = 0; k <= 180; k += 1) {
          const turn = (k / 90) * Math.PI;
          const [u, v] = [radii[0] * Math.cos(turn), radii[1] * Math.sin(turn)];
          const w = BEST[0] + u * Math.cos(ANGLE) - v * Math.sin(ANGLE);
          const b = BEST[1] + u * Math.sin(ANGLE) + v * Math.cos(ANGLE);
          d += `${k ? "L" : "M"}${across(MAP, w).toFixed(1)} ${upward(MAP, b).toFixed(1)}`;
        }
        parts.push(svg("path", { d, fill: "none", stroke: C0, "stroke-width": 0.9 }));
      }
      return parts;
    }

    build() {
      const [rate, rateRow] = this.slider("rate", {
        min: 0.05, max: 1.2, step: 0.01, value: 0.9,
      });
      const [steps, stepsRow] = this.slider("steps", {
        min: 0, max: STOPS.length - 1, step: 1, value: 20,
      });
      this.rate = rate;
      this.steps = steps;
      const [map, onMap] = this.picture(MAP, this.text.figure);
      const [curve, onCurve, onAxis] = this.picture(CURVE, this.text.curve);
      this.onMap = onMap;
      this.onCurve = onCurve;
      this.onAxis = onAxis;
      this.report.style.minHeight = "4.6em";
      return [rateRow, stepsRow, map, this.report, curve];
    }

    draw() {
      const multiple = Number(this.rate.value);
      const steps = STOPS[Number(this.steps.value)];
      const now = DescentExplorer.compute(multiple, steps);
      const far = (v) => Math.max(-1e5, Math.min(1e5, v));
      const places = now.path.map(([w, b]) =>
        [far(across(MAP, w)), far(upward(MAP, b))]);
      const dot = ([x, y], r) => svg("circle", { cx: x, cy: y, r, fill: C1 });
      const trail = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
      const [bx, by] = [across(MAP, BEST[0]), upward(MAP, BEST[1])];
      const [sx, sy] = places[0];
      this.onMap.replaceChildren(
        ...this.contours(),
        svg("polyline", { points: trail, fill: "none", stroke: C1, "stroke-width": 1.1 }),
        ...places.slice(0, 21).map((place) => dot(place, 2.2)),
        svg("path", {
          d: `M${bx - 7} ${by}h14M${bx} ${by - 7}v14`, stroke: C2, "stroke-width": 3,
        }),
        svg("text", { x: bx + 8, y: by - 8, ...WORDS }, this.text.best),
        svg("text", { x: sx - 10, y: sy - 12, ...WORDS }, this.text.start),
        dot(places[places.length - 1], 5),
      );
      const box = curveUpTo(steps);
      this.onAxis.replaceChildren(...this.ticksAcross(box));
      const height = (loss) => far(upward(CURVE, Math.log10(loss)));
      const points = now.losses.map((loss, k) =>
        `${across(box, k).toFixed(1)},${height(loss).toFixed(1)}`);
      const floor = height(lossAt(BEST));
      const last = now.losses[now.losses.length - 1];
      this.onCurve.replaceChildren(
        svg("line", {
          x1: CURVE.left, x2: CURVE.width - CURVE.right, y1: floor, y2: floor,
          stroke: C2, "stroke-width": 1.5, "stroke-dasharray": "6 4",
        }),
        svg("text", {
          x: CURVE.width - CURVE.right, y: floor - 5, "text-anchor": "end", ...WORDS,
        }, this.text.floor),
        svg("polyline", {
          points: points.join(" "), fill: "none", stroke: C1, "stroke-width": 2,
        }),
        svg("circle", { cx: across(box, steps), cy: height(last), r: 4, fill: C1 }),
      );
      const said = this.text[now.kind];
      this.report.textContent =
        `${said} ${this.text.after} ${steps} ${this.text.steps}: ` +
        `${this.text.loss} ${short(last)}.`;
      this.shown.rate.textContent = `${fixed(multiple, 2)} \u00d7 ${LIMIT.toFixed(4)}`;
      this.shown.steps.textContent = String(steps);
      this.steps.setAttribute("aria-valuetext", String(steps));
      this.rate.setAttribute("aria-valuetext", `${fixed(multiple, 2)}: ${said}`);
    }
  }

  customElements.define("descent-explorer", DescentExplorer);
})();
