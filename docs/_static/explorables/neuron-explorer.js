/* One neuron, o = tanh(w x + b): choose the weight, the bias and an input; see
   the curve, the straight line z = w x + b, and what comes out. Plain SVG, no
   library. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, svg } = bookParts;
  const LABELS = {
    weight: "weight w",
    bias: "bias b",
    input: "input x",
    output: "o = tanh(z)",
    pre: "z = w x + b",
    middle: "o is 0 at x =",
    slope: "with slope",
    flat: "The input does not count: every x gives the same o.",
    figure: "Output of a neuron against its input",
  };

  const BOX = {
    width: 360, height: 250, left: 34, right: 10, top: 12, bottom: 34,
    low: [-3, -2], high: [3, 2],
  };
  const across = (v) =>
    BOX.left + ((v - BOX.low[0]) / (BOX.high[0] - BOX.low[0])) *
      (BOX.width - BOX.left - BOX.right);
  const upward = (v) =>
    BOX.height - BOX.bottom - ((v - BOX.low[1]) / (BOX.high[1] - BOX.low[1])) *
      (BOX.height - BOX.top - BOX.bottom);

  class NeuronExplorer extends Explorable {
    /* Pre-activation, output and slope at x; where the output is 0, and its
       slope there (null for a weight of 0). */
    static compute(w, b, x) {
      const z = w * x + b;
      const o = Math.tanh(z);
      return {
        z,
        o,
        slope: w * (1 - o * o),
        middle: w === 0 ? null : -b / w,
        steepest: w,
      };
    }

    get labels() {
      return LABELS;
    }

    frame() {
      const faint = { stroke: "currentColor", "stroke-opacity": 0.18 };
      const firm = { stroke: "currentColor", "stroke-opacity": 0.6 };
      const [bottom, right] = [BOX.height - BOX.bottom, BOX.width - BOX.right];
      const parts = [];
      for (const v of [-2, -1, 0, 1, 2]) {
        const style = v === 0 ? firm : faint;
        parts.push(
          svg("line", {
            x1: BOX.left, x2: right, y1: upward(v), y2: upward(v), ...style,
          }),
          svg("line", {
            x1: across(v), x2: across(v), y1: BOX.top, y2: bottom, ...style,
          }),
          svg("text", {
            x: BOX.left - 5, y: upward(v) + 5, "text-anchor": "end", ...WORDS,
          }, fixed(v, 0)),
          svg("text", {
            x: across(v), y: bottom + 16, "text-anchor": "middle", ...WORDS,
          }, fixed(v, 0)),
        );
      }
      parts.push(svg("text", {
        x: right, y: BOX.height - 4, "text-anchor": "end", ...WORDS,
      }, this.text.input));
      return parts;
    }

    build() {
      const from = { min: -4, max: 4, step: 0.1 };
      const [weight, weightRow] = this.slider("weight", { ...from, value: 1 });
      const [bias, biasRow] = this.slider("bias", { ...from, value: 0.5 });
      const [input, inputRow] = this.slider("input", {
        min: -3, max: 3, step: 0.1, value: 1,
      });
      Object.assign(this, { weight, bias, input });
      const clip = `${this.id_}-clip`;
      const drawing = this.canvas(BOX, this.text.figure);
      this.moving = svg("g", { "clip-path": `url(#${clip})` });
      drawing.append(
        svg("clipPath", { id: clip }, svg("rect", {
          x: BOX.left, y: BOX.top,
          width: BOX.width - BOX.left - BOX.right,
          height: BOX.height - BOX.top - BOX.bottom,
        })),
        ...this.frame(),
        this.moving,
      );
      this.report.style.minHeight = "4.6em";
      return [weightRow, biasRow, drawing, inputRow, this.report];
    }

    draw() {
      const [w, b, x] = [this.weight, this.bias, this.input].map((s) => Number(s.value));
      const now = NeuronExplorer.compute(w, b, x);
      const far = (v) => Math.max(-9, Math.min(9, v));
      let curve = "";
      for (let k = -150; k <= 150; k += 1) {
        const at = k / 50;
        const { o } = NeuronExplorer.compute(w, b, at);
        curve += `${k > -150 ? "L" : "M"}${across(at).toFixed(1)} ${upward(o).toFixed(1)}`;
      }
      const [x1, x2] = [BOX.low[0], BOX.high[0]];
      const parts = [
        svg("line", {
          x1: across(x1), x2: across(x2),
          y1: upward(w * x1 + b), y2: upward(w * x2 + b),
          stroke: C1, "stroke-width": 1.8, "stroke-dasharray": "6 4",
        }),
        svg("path", { d: curve, fill: "none", stroke: C0, "stroke-width": 2.4 }),
        svg("line", {
          x1: across(x), x2: across(x), y1: upward(0), y2: upward(now.o),
          stroke: C2, "stroke-width": 1.5,
        }),
        svg("circle", { cx: across(x), cy: upward(now.o), r: 5.5, fill: C0 }),
        svg("circle", { cx: across(x), cy: upward(far(now.z)), r: 4.5, fill: C1 }),
        svg("text", { x: BOX.left + 6, y: BOX.top + 13, ...WORDS },
          `\u2014 ${this.text.output}`),
        svg("text", { x: BOX.left + 6, y: BOX.top + 30, ...WORDS },
          `- - ${this.text.pre}`),
      ];
      if (now.middle !== null) {
        parts.push(svg("path", {
          d: `M${across(far(now.middle))} ${upward(0) - 7}v14`,
          stroke: C2, "stroke-width": 3,
        }));
      }
      this.moving.replaceChildren(...parts);
      const sums =
        `z = ${fixed(w, 1)} \u00b7 ${fixed(x, 1)} + ${fixed(b, 1)} = ${fixed(now.z, 2)}, ` +
        `o = ${fixed(now.o, 3)}. `;
      const where = now.middle === null
        ? this.text.flat
        : `${this.text.middle} ${fixed(now.middle, 2)}, ${this.text.slope} ` +
          `${fixed(now.steepest, 1)}.`;
      this.report.textContent = sums + where;
      for (const [key, value] of [["weight", w], ["bias", b], ["input", x]]) {
        this.shown[key].textContent = fixed(value, 1);
        this[key].setAttribute("aria-valuetext", fixed(value, 1));
      }
    }
  }

  customElements.define("neuron-explorer", NeuronExplorer);
})();
