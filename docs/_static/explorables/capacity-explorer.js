/* Polynomials fitted by least squares to a noisy wave: choose the degree and
   the number of training examples; see the curve, and the losses on the
   training and validation examples at every degree. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, svg } = bookParts;
  /* x from -3 to 3, t = sin 2x + noise of standard deviation 0.3, rounded. */
  const X = [
    1.98, -2.24, 2.44, 1.92, 2.52, -2.3, -2.01, 1.43, -2.8, 2.97,
    0.64, 0.39, -2.57, 0.96, 1.29, 0.48, 2.89, 0.9, -2.66, 2.52,
    1.02, -1.43, -2.76, 1.71, 2.85, -2.46, 0.16, 1.08, -1.42, -0.66,
    -2, -1.42, -2.74, -0.07, 1.78, 1.46, 2.82, -2.63, -0.37, 2.92,
  ];
  const T = [
    -0.49, 0.78, -0.9, -1.11, -1.44, 0.99, 0.84, 0.16, 0.32, -0.14,
    0.9, 0.83, 1.29, 1.59, -0.14, 0.43, -0.19, 1.13, 0.61, -1.06,
    1.04, -0.18, 0.91, -0.27, -0.79, 0.86, 0.44, 0.41, -0.33, -1.13,
    0.91, -0.5, 0.62, 0.18, -0.1, 0.5, -0.03, 0.83, -0.52, -0.23,
  ];
  const XV = [
    -1.11, -0.41, 2.36, 1.97, -0.97, -2.75, -2.15, -2.3, -0.28, -1.33,
    -2.1, 0.67, 0.19, -0.45, -1.09, 2.56, -2.89, -0.07, 1.39, 2.12,
  ];
  const TV = [
    -0.79, -0.44, -1.45, -1.11, -1.49, 0.72, 0.38, 0.86, -0.67, -0.41,
    1.03, 0.79, 0.15, -0.86, -0.95, -0.77, 0.45, 0.64, 0.54, -1.09,
  ];
  const MOST = 11;

  /* Legendre polynomials of x / 3, orders 0 to d: good company for least squares. */
  const row = (x, d) => {
    const u = x / 3;
    const out = [1, u];
    for (let k = 1; k < d; k += 1) {
      out.push(((2 * k + 1) * u * out[k] - k * out[k - 1]) / (k + 1));
    }
    return out.slice(0, d + 1);
  };
  const dot = (a, b) => a.reduce((sum, v, i) => sum + v * b[i], 0);

  /* Least squares by orthogonal columns (each made orthogonal twice). */
  const fit = (xs, ts, d) => {
    const rows = xs.map((x) => row(x, d));
    const q = [];
    const r = [];
    for (let j = 0; j <= d; j += 1) {
      let column = rows.map((each) => each[j]);
      r.push(new Array(d + 1).fill(0));
      for (let pass = 0; pass < 2; pass += 1) {
        for (let i = 0; i < j; i += 1) {
          const share = dot(q[i], column);
          r[i][j] += share;
          column = column.map((v, k) => v - share * q[i][k]);
        }
      }
      r[j][j] = Math.sqrt(dot(column, column));
      q.push(column.map((v) => v / r[j][j]));
    }
    const c = new Array(d + 1).fill(0);
    let left = [...ts];
    const parts = q.map((each) => {
      const share = dot(each, left);
      left = left.map((v, k) => v - share * each[k]);
      return share;
    });
    for (let i = d; i >= 0; i -= 1) {
      let rest = parts[i];
      for (let j = i + 1; j <= d; j += 1) rest -= r[i][j] * c[j];
      c[i] = rest / r[i][i];
    }
    return c;
  };
  const valueAt = (c, x) => dot(c, row(x, c.length - 1));
  const lossOf = (c, xs, ts) =>
    xs.reduce((sum, x, i) => sum + (valueAt(c, x) - ts[i]) ** 2, 0) / xs.length;

  const LABELS = {
    degree: "degree of the polynomial",
    count: "training examples",
    x: "x",
    t: "t",
    loss: "loss",
    axis: "degree",
    training: "training",
    validation: "validation",
    said: "Degree",
    with: "with",
    examples: "training examples: training loss",
    other: "validation loss",
    figure: "Training examples (rings), validation examples (crosses) and the fitted curve",
    curve: "Losses against the degree, logarithmic",
  };

  const FIT = {
    width: 360, height: 230, left: 36, right: 10, top: 12, bottom: 34,
    low: [-3.1, -2.4], high: [3.1, 2.4], ticks: [[-3, 0, 3], [-2, 0, 2]],
  };
  const LOSS = {
    width: 360, height: 190, left: 44, right: 10, top: 22, bottom: 38,
    low: [0, -2], high: [MOST, 2], ticks: [[0, 2, 4, 6, 8, 10], [-2, -1, 0, 1, 2]],
  };
  const across = (box, v) =>
    box.left + ((v - box.low[0]) / (box.high[0] - box.low[0])) *
      (box.width - box.left - box.right);
  const upward = (box, v) =>
    box.height - box.bottom - ((v - box.low[1]) / (box.high[1] - box.low[1])) *
      (box.height - box.top - box.bottom);
  const far = (v) => Math.max(-1e4, Math.min(1e4, v));
  const short = (v) => (v < 100 ? fixed(v, v < 0.0995 ? 3 : 2) : fixed(v, 0));

  class CapacityExplorer extends Explorable {
    static compute(degree, count) {
      const [xs, ts] = [X.slice(0, count), T.slice(0, count)];
      const coefficients = fit(xs, ts, degree);
      return {
        coefficients,
        training: lossOf(coefficients, xs, ts),
        validation: lossOf(coefficients, XV, TV),
      };
    }

    static get examples() {
      return { x: X, t: T, validation_x: XV, validation_t: TV, most: MOST };
    }

    get labels() {
      return LABELS;
    }

    picture(box, label, names) {
      const clip = `${this.id_}-clip-${box.height}`;
      const drawing = this.canvas(box, label);
      const window_ = svg("clipPath", { id: clip }, svg("rect", {
        x: box.left, y: box.top - 6,
        width: box.width - box.left - box.right + 6,
        height: box.height - box.top - box.bottom + 12,
      }));
      const bottom = box.height - box.bottom;
      const frame = svg("path", {
        d: `M${box.left} ${box.top}V${bottom}H${box.width - box.right}`,
        fill: "none", stroke: "currentColor", "stroke-opacity": 0.5,
      });
      const marks = [
        ...box.ticks[0].map((v) => svg("text", {
          x: across(box, v), y: bottom + 16, "text-anchor": "middle", ...WORDS,
        }, fixed(v, 0))),
        ...box.ticks[1].map((v) => svg("text", {
          x: box.left - 5, y: upward(box, v) + 5, "text-anchor": "end", ...WORDS,
        }, box === LOSS ? String(10 ** v) : fixed(v, 0))),
        svg("text", {
          x: box.width - box.right, y: box.height - 4, "text-anchor": "end", ...WORDS,
        }, names[0]),
        svg("text", { x: box.left + 6, y: box.top + 2, ...WORDS }, names[1]),
      ];
      const moving = svg("g", { "clip-path": `url(#${clip})` });
      drawing.append(window_, frame, ...marks, moving);
      return [drawing, moving];
    }

    build() {
      const [degree, degreeRow] = this.slider("degree", {
        min: 0, max: MOST, step: 1, value: 2,
      });
      const [count, countRow] = this.slider("count", {
        min: 12, max: X.length, step: 1, value: 12,
      });
      this.degree = degree;
      this.count = count;
      const words = this.text;
      const [top, onFit] = this.picture(FIT, words.figure, [words.x, words.t]);
      const [low, onLoss] = this.picture(LOSS, words.curve, [words.axis, words.loss]);
      this.onFit = onFit;
      this.onLoss = onLoss;
      return [degreeRow, countRow, top, this.report, low];
    }

    drawFit(now, count) {
      const points = [];
      for (let k = 0; k <= 240; k += 1) {
        const x = -3 + k / 40;
        const y = far(upward(FIT, valueAt(now.coefficients, x)));
        points.push(`${across(FIT, x).toFixed(1)},${y.toFixed(1)}`);
      }
      const rings = X.slice(0, count).map((x, i) => svg("circle", {
        cx: across(FIT, x), cy: upward(FIT, T[i]), r: 4,
        fill: "none", stroke: C0, "stroke-width": 2,
      }));
      const crosses = XV.map((x, i) => {
        const [cx, cy] = [across(FIT, x), upward(FIT, TV[i])];
        return svg("path", {
          d: `M${cx - 3} ${cy - 3}l6 6m0-6l-6 6`, stroke: C1, "stroke-width": 1.6,
        });
      });
      this.onFit.replaceChildren(
        ...crosses, ...rings,
        svg("polyline", {
          points: points.join(" "), fill: "none", stroke: C2, "stroke-width": 2,
        }),
      );
    }

    drawLosses(degree, count) {
      const all = Array.from({ length: MOST + 1 }, (_, d) =>
        CapacityExplorer.compute(d, count));
      const height = (loss) =>
        far(upward(LOSS, Math.max(-2, Math.min(2, Math.log10(loss + 1e-12)))));
      const parts = [];
      for (const [name, colour, dash] of [
        ["training", C0, "6 4"], ["validation", C1, "none"],
      ]) {
        const points = all.map((each, d) =>
          `${across(LOSS, d).toFixed(1)},${height(each[name]).toFixed(1)}`);
        parts.push(
          svg("polyline", {
            points: points.join(" "), fill: "none", stroke: colour,
            "stroke-width": 2, "stroke-dasharray": dash,
          }),
          svg("circle", {
            cx: across(LOSS, degree), cy: height(all[degree][name]), r: 5, fill: colour,
          }),
        );
      }
      const y = height(all[5].validation) - 10;
      parts.push(
        svg("text", { x: across(LOSS, 5.2), y, ...WORDS }, this.text.validation),
        svg("text", {
          x: across(LOSS, 1.2), y: height(all[1].training) + 20, ...WORDS,
        }, this.text.training),
      );
      this.onLoss.replaceChildren(...parts);
    }

    draw() {
      const degree = Number(this.degree.value);
      const count = Number(this.count.value);
      const now = CapacityExplorer.compute(degree, count);
      this.drawFit(now, count);
      this.drawLosses(degree, count);
      this.report.textContent =
        `${this.text.said} ${degree} ${this.text.with} ${count} ${this.text.examples} ` +
        `${short(now.training)}, ${this.text.other} ${short(now.validation)}.`;
      this.shown.degree.textContent = String(degree);
      this.shown.count.textContent = String(count);
    }
  }

  customElements.define("capacity-explorer", CapacityExplorer);
})();
