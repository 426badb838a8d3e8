/* A ball on a long valley, along the axes or slanted: choose the optimizer, its
   learning rate and its beta; see the path and the loss. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, html, svg } = bookParts;
  const CURVATURES = [1, 100];
  const FLAT_START = [-8, 1];
  const STEPS = 100;
  const SLANT = Math.PI / 4;
  const METHODS = ["momentum", "nesterov", "rmsprop", "adam", "adagrad"];

  const turned = ([u, v], angle) => [
    u * Math.cos(angle) - v * Math.sin(angle),
    u * Math.sin(angle) + v * Math.cos(angle),
  ];
  const angleOf = (slanted) => (slanted ? SLANT : 0);
  const slopeAt = (place, slanted) => {
    const [u, v] = turned(place, -angleOf(slanted));
    return turned([CURVATURES[0] * u, CURVATURES[1] * v], angleOf(slanted));
  };
  const lossAt = (place, slanted) => {
    const [u, v] = turned(place, -angleOf(slanted));
    return (CURVATURES[0] * u * u + CURVATURES[1] * v * v) / 2;
  };

  /* What each optimizer adds to one parameter; memory is that parameter's own. */
  const RULES = {
    momentum: (g, memory, lr, beta) => {
      memory.v = beta * (memory.v || 0) + g;
      return -lr * memory.v;
    },
    nesterov: (g, memory, lr, beta) => {
      memory.v = beta * (memory.v || 0) + g;
      return -lr * (g + beta * memory.v);
    },
    rmsprop: (g, memory, lr, beta) => {
      memory.h = beta * (memory.h || 0) + (1 - beta) * g * g;
      return (-lr * g) / (Math.sqrt(memory.h) + 1e-8);
    },
    adam: (g, memory, lr, beta) => {
      memory.t = (memory.t || 0) + 1;
      memory.m = beta * (memory.m || 0) + (1 - beta) * g;
      memory.h = 0.999 * (memory.h || 0) + (1 - 0.999) * g * g;
      const root = Math.sqrt(memory.h / (1 - 0.999 ** memory.t));
      return (-lr * memory.m) / (1 - beta ** memory.t) / (root + 1e-8);
    },
    adagrad: (g, memory, lr) => {
      memory.h = (memory.h || 0) + g * g;
      return (-lr * g) / (Math.sqrt(memory.h) + 1e-10);
    },
  };

  const walk = (method, slanted, lr, beta) => {
    const path = [turned(FLAT_START, angleOf(slanted))];
    const memories = [{}, {}];
    for (let k = 0; k < STEPS; k += 1) {
      const slope = slopeAt(path[k], slanted);
      path.push(path[k].map((p, i) => p + RULES[method](slope[i], memories[i], lr, beta)));
    }
    return path;
  };

  const LABELS = {
    method: "optimizer",
    valley: "valley",
    rate: "learning rate",
    beta: "β: momentum, or α of RMSprop, or β1 of Adam",
    momentum: "SGD with momentum",
    nesterov: "SGD with Nesterov momentum",
    rmsprop: "RMSprop",
    adam: "Adam",
    adagrad: "Adagrad (has no β)",
    straight: "along the axes",
    slanted: "slanted",
    after: "After 100 steps: loss",
    from: "from",
    largest: "Largest on the way:",
    figure: "Path of the optimizer on the contours of the valley",
    curve: "Loss against step, logarithmic",
    first: "first parameter",
    second: "second",
    step: "step",
    loss: "loss",
    start: "start",
  };

  const RAISED = "\u2070\u00b9\u00b2\u00b3\u2074\u2075\u2076\u2077\u2078\u2079";
  const short = (v) => {
    if (!Number.isFinite(v)) return "\u221e";
    if (v === 0) return "0";
    if (v >= 0.01 && v < 1e5) return fixed(v, 2);
    const [mantissa, power] = v.toExponential(1).split("e");
    const digits = [...power.replace("+", "")].map((d) => (d === "-" ? "\u207b" : RAISED[d]));
    return `${mantissa} \u00d7 10${digits.join("")}`;
  };

  const MAP = {
    width: 360, height: 270, left: 34, right: 8, top: 8, bottom: 36,
    low: [-10, -8], high: [6, 4], ticks: [[-8, -4, 0, 4], [-8, -4, 0, 4]],
  };
  const CURVE = {
    width: 360, height: 150, left: 44, right: 8, top: 12, bottom: 36,
    low: [0, -6], high: [STEPS, 4], ticks: [[0, 50, STEPS], [-6, -3, 0, 3]],
  };
  const across = (box, v) =>
    box.left + ((v - box.low[0]) / (box.high[0] - box.low[0])) *
      (box.width - box.left - box.right);
  const upward = (box, v) =>
    box.height - box.bottom - ((v - box.low[1]) / (box.high[1] - box.low[1])) *
      (box.height - box.top - box.bottom);
  const near = (v) => (Number.isFinite(v) ? Math.max(-1e5, Math.min(1e5, v)) : 1e5);

  class OptimizerExplorer extends Explorable {
    static compute(method, slanted, lr, beta) {
      const path = walk(method, slanted, lr, beta);
      return { path, losses: path.map((place) => lossAt(place, slanted)) };
    }

    static get methods() {
      return METHODS;
    }

    static get valley() {
      return { curvatures: CURVATURES, start: FLAT_START, slant: SLANT };
    }

    get labels() {
      return LABELS;
    }

    choice(key, names) {
      const id = `${this.id_}-${key}`;
      const options = names.map((name) => html("option", { value: name }, this.text[name]));
      const select = html("select", { id }, ...options);
      select.style.cssText =
        "min-height:44px;width:100%;box-sizing:border-box;font:inherit;" +
        "color:inherit;background:var(--color-background-primary,transparent)";
      select.addEventListener("change", () => this.draw());
      return [select, html("div", {}, html("label", { for: id }, this.text[key]), select)];
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
      drawing.append(window_, ...this.frame(box), moving);
      return [drawing, moving];
    }

    frame(box) {
      const bottom = box.height - box.bottom;
      const parts = [
        svg("path", {
          d: `M${box.left} ${box.top}V${bottom}H${box.width - box.right}`,
          fill: "none", stroke: "currentColor", "stroke-opacity": 0.5,
        }),
      ];
      for (const v of box.ticks[0]) {
        parts.push(svg("text", {
          x: across(box, v), y: bottom + 16,
          "text-anchor": v === STEPS ? "end" : "middle", ...WORDS,
        }, fixed(v, 0)));
      }
      for (const v of box.ticks[1]) {
        const power = `10${v < 0 ? "\u207b" : ""}${RAISED[Math.abs(v)]}`;
        parts.push(svg("text", {
          x: box.left - 5, y: upward(box, v) + 5, "text-anchor": "end", ...WORDS,
        }, box === CURVE ? power : fixed(v, 0)));
      }
      const names = box === CURVE
        ? [this.text.step, this.text.loss] : [this.text.first, this.text.second];
      parts.push(svg("text", {
        x: box.width - box.right, y: box.height - 3, "text-anchor": "end", ...WORDS,
      }, names[0]));
      parts.push(svg("text", { x: box.left + 6, y: box.top + 12, ...WORDS }, names[1]));
      return parts;
    }

    contours(slanted) {
      return [0.5, 3, 10, 25, 50, 80].map((level) => {
        let d = "";
        for (let k = 0; k <= 120; k += 1) {
          const turn = (k / 60) * Math.PI;
          const [x, y] = turned([
            Math.sqrt((2 * level) / CURVATURES[0]) * Math.cos(turn),
            Math.sqrt((2 * level) / CURVATURES[1]) * Math.sin(turn),
          ], angleOf(slanted));
          d += `${k ? "L" : "M"}${across(MAP, x).toFixed(1)} ${upward(MAP, y).toFixed(1)}`;
        }
        return svg("path", { d, fill: "none", stroke: C0, "stroke-width": 0.9 });
      });
    }

    build() {
      const [method, methodRow] = this.choice("method", METHODS);
      const [valley, valleyRow] = this.choice("valley", ["straight", "slanted"]);
      const [rate, rateRow] = this.slider("rate", { min: -4, max: 1, step: 0.05, value: -2 });
      const [beta, betaRow] = this.slider("beta", { min: 0, max: 0.99, step: 0.01, value: 0.5 });
      Object.assign(this, { method, valley, rate, beta });
      const [map, onMap] = this.picture(MAP, this.text.figure);
      const [curve, onCurve] = this.picture(CURVE, this.text.curve);
      Object.assign(this, { onMap, onCurve });
      return [methodRow, valleyRow, rateRow, betaRow, map, this.report, curve];
    }

    draw() {
      const slanted = this.valley.value === "slanted";
      const lr = 10 ** Number(this.rate.value);
      const beta = Number(this.beta.value);
      const now = OptimizerExplorer.compute(this.method.value, slanted, lr, beta);
      const places = now.path.map(([x, y]) => [near(across(MAP, x)), near(upward(MAP, y))]);
      const trail = places.map(([x, y]) => `${x.toFixed(1)},${y.toFixed(1)}`).join(" ");
      const dot = ([cx, cy], r) => svg("circle", { cx, cy, r, fill: C1 });
      const [bx, by] = [across(MAP, 0), upward(MAP, 0)];
      this.onMap.replaceChildren(
        ...this.contours(slanted),
        svg("polyline", { points: trail, fill: "none", stroke: C1, "stroke-width": 1.2 }),
        ...places.slice(0, 31).map((place) => dot(place, 2.2)),
        svg("path", {
          d: `M${bx - 7} ${by}h14M${bx} ${by - 7}v14`, stroke: C2, "stroke-width": 3,
        }),
        svg("text", { x: places[0][0] - 4, y: places[0][1] - 9, ...WORDS }, this.text.start),
        dot(places[STEPS], 5),
      );
      const height = (loss) => near(upward(CURVE, Math.log10(Math.max(loss, 1e-300))));
      const points = now.losses.map((loss, k) =>
        `${across(CURVE, k).toFixed(1)},${height(loss).toFixed(1)}`);
      this.onCurve.replaceChildren(svg("polyline", {
        points: points.join(" "), fill: "none", stroke: C1, "stroke-width": 2,
      }));
      const last = now.losses[STEPS];
      const most = now.losses.reduce((a, b) => (b > a || Number.isNaN(b) ? b : a));
      this.report.textContent =
        `${this.text.after} ${short(last)}, ${this.text.from} ${short(now.losses[0])}. ` +
        `${this.text.largest} ${short(most)}.`;
      this.shown.rate.textContent = lr < 0.01 ? short(lr) : lr.toPrecision(3);
      this.shown.beta.textContent = fixed(beta, 2);
      this.rate.setAttribute("aria-valuetext", lr.toPrecision(3));
    }
  }

  customElements.define("optimizer-explorer", OptimizerExplorer);
})();
