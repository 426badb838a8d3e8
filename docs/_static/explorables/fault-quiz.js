/* Eight losses of one line on the eleven readings, with one fault or none:
   choose a curve, name its fault, read what gave it away. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C2, WORDS, Explorable, fixed, html, svg } = bookParts;
  const T_U = [35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4];
  const T_C = [0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0];
  const STEPS = 60;

  const mean = (list) => list.reduce((a, b) => a + b, 0) / list.length;
  const CENTER = mean(T_U);
  const SPREAD = Math.sqrt(mean(T_U.map((u) => (u - CENTER) ** 2)));
  const X = T_U.map((u) => (u - CENTER) / SPREAD);
  const GUESS = mean(T_C.map((t) => (t - mean(T_C)) ** 2));

  /* What is wrong with each loop: the rate, and what else. */
  const LOOPS = {
    sound: { lr: 0.1 },
    high: { lr: 1.02 },
    low: { lr: 0.002 },
    piling: { lr: 0.02, keep: true },
    strangers: { lr: 0 },
    shuffled: { lr: 0.1, target: [...T_C.slice(1), T_C[0]] },
    broadcast: { lr: 0.1, every: true },
    raw: { lr: 3e-4, x: T_U },
  };
  /* The order on the slider, so that the answers do not stand in order. */
  const ORDER = [
    "low", "piling", "shuffled", "sound", "high", "raw", "strangers", "broadcast",
  ];

  const losses = ({ lr, keep = false, every = false, x = X, target = T_C }) => {
    const place = [0, 0];
    const grad = [0, 0];
    const found = [];
    for (let k = 0; k <= STEPS; k += 1) {
      const misses = [];
      x.forEach((u, i) => {
        const said = place[0] * u + place[1];
        const wanted = every ? target : [target[i]];
        wanted.forEach((t) => misses.push([said - t, u]));
      });
      found.push(mean(misses.map(([m]) => m * m)));
      const slopes = [
        2 * mean(misses.map(([m, u]) => m * u)), 2 * mean(misses.map(([m]) => m)),
      ];
      slopes.forEach((slope, j) => {
        grad[j] = (keep ? grad[j] : 0) + slope;
        place[j] -= lr * grad[j];
      });
    }
    return found;
  };

  const LABELS = {
    curve: "curve",
    fault: "your diagnosis",
    choose: "choose a fault",
    sound: "no fault",
    high: "rate too high",
    low: "rate too low",
    piling: "zero_grad is missing",
    strangers: "the optimizer holds other parameters",
    shuffled: "targets in the wrong order",
    broadcast: "shapes (11, 1) and (11,) broadcast",
    raw: "readings not standardized",
    right: "Yes.",
    wrong: "No.",
    ask: "Look at the start, the end, and whether it is smooth.",
    ends: "It starts at {a} and ends at {z}.",
    whySound: "A straight fall on this scale, then level at the best line.",
    whyHigh: "It rises from the first step, by the same factor each time.",
    whyLow: "Straight and smooth, and hardly begun.",
    whyPiling: "It comes back up: a ball without friction.",
    whyStrangers: "The first loss and the last are equal in every digit.",
    whyShuffled: "It levels off a little below the guess: what is left of the order still helps.",
    whyBroadcast: "It levels off at the guess exactly: the line is level.",
    whyRaw: "A fast fall in few steps, then a crawl far above the best line.",
    guess: "best guess",
    line: "best line",
    step: "step",
    loss: "loss",
    figure: "Loss of the chosen curve against step, on a logarithmic scale",
  };

  const BOX = { width: 360, height: 240, left: 44, right: 10, top: 12, bottom: 34 };
  const LOW = 0, HIGH = 5;
  const toX = (k) => BOX.left + (k / STEPS) * (BOX.width - BOX.left - BOX.right);
  const toY = (loss) => {
    const share = (Math.log10(Math.max(loss, 1)) - LOW) / (HIGH - LOW);
    return BOX.height - BOX.bottom - share * (BOX.height - BOX.top - BOX.bottom);
  };
  const BEST = losses({ lr: 0.5 })[STEPS];

  class FaultQuiz extends Explorable {
    static compute(kind) {
      return losses(LOOPS[kind]);
    }

    static get kinds() {
      return ORDER;
    }

    get labels() {
      return LABELS;
    }

    build() {
      const [curve, curveRow] = this.slider("curve", {
        min: 1, max: ORDER.length, step: 1, value: 1,
      });
      this.curve = curve;
      curve.addEventListener("input", () => {
        this.fault.value = "choose";
        this.draw();
      });
      const id = `${this.id_}-fault`;
      this.fault = html("select", { id }, ...["choose", ...Object.keys(LOOPS)].map(
        (kind) => html("option", { value: kind }, this.text[kind]),
      ));
      this.fault.style.cssText =
        "display:block;width:100%;min-height:44px;font:inherit;box-sizing:border-box";
      this.fault.addEventListener("change", () => this.draw());
      const faultRow = html("div", {}, html("label", { for: id }, this.text.fault), this.fault);
      faultRow.style.cssText = "margin:.3em 0";
      this.picture = this.canvas(BOX, this.text.figure);
      this.report.style.minHeight = "4.6em";
      return [curveRow, this.picture, faultRow, this.report];
    }

    frame() {
      const line = { stroke: "currentColor", "stroke-opacity": 0.5 };
      const bottom = BOX.height - BOX.bottom;
      const right = BOX.width - BOX.right;
      const parts = [svg("path", {
        d: `M${BOX.left} ${BOX.top}V${bottom}H${right}`, fill: "none", ...line,
      })];
      ["1", "10", "100", "10\u00b3", "10\u2074", "10\u2075"].forEach((word, power) => {
        parts.push(svg("text", {
          x: BOX.left - 5, y: toY(10 ** power) + 5, "text-anchor": "end", ...WORDS,
        }, word));
      });
      for (const k of [0, 20, 40]) {
        parts.push(svg("text", {
          x: toX(k), y: bottom + 16, "text-anchor": "middle", ...WORDS,
        }, String(k)));
      }
      parts.push(svg("text", {
        x: right, y: bottom + 16, "text-anchor": "end", ...WORDS,
      }, this.text.step));
      parts.push(svg("text", { x: BOX.left + 6, y: BOX.top + 10, ...WORDS }, this.text.loss));
      for (const [height, word, dash, off] of [
        [GUESS, this.text.guess, "2 4", 14], [BEST, this.text.line, "8 5", -5],
      ]) {
        parts.push(svg("line", {
          x1: BOX.left, x2: right, y1: toY(height), y2: toY(height),
          stroke: C2, "stroke-width": 1.5, "stroke-dasharray": dash,
        }));
        parts.push(svg("text", {
          x: right, y: toY(height) + off, "text-anchor": "end", ...WORDS,
        }, word));
      }
      return parts;
    }

    draw() {
      const number = Number(this.curve.value);
      const kind = ORDER[number - 1];
      const found = FaultQuiz.compute(kind);
      const points = found.map((loss, k) => `${toX(k).toFixed(1)},${toY(loss).toFixed(1)}`);
      this.picture.replaceChildren(
        ...this.frame(),
        svg("polyline", {
          points: points.join(" "), fill: "none", stroke: C0, "stroke-width": 2.4,
        }),
      );
      const told = this.text.ends
        .replace("{a}", fixed(found[0], 2)).replace("{z}", fixed(found[STEPS], 2));
      const named = this.fault.value;
      if (named === "choose") {
        this.report.textContent = `${told} ${this.text.ask}`;
      } else if (named === kind) {
        const why = this.text[`why${kind[0].toUpperCase()}${kind.slice(1)}`];
        this.report.textContent = `${this.text.right} ${why} ${told}`;
      } else {
        this.report.textContent = `${this.text.wrong} ${this.text.ask} ${told}`;
      }
      this.shown.curve.textContent = `${number} / ${ORDER.length}`;
    }
  }

  customElements.define("fault-quiz", FaultQuiz);
})();
