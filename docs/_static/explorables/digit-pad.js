/* A pad for digits: draw on 32 by 32 pixels, which are counted in blocks of 4 by 4
   as the collection was; or pick a test image; shift it; see the ten probabilities
   of the chapter's network, whose weights stand in the page. Plain SVG, no library. */
(() => {
  "use strict";

  const { C0, C1, C2, WORDS, Explorable, fixed, html, svg } = bookParts;
  const SIDE = 8;
  const FINE = 32;
  const CELL = 34;
  const PAPER = "#fff";

  const LABELS = {
    image: "test image (0 is blank paper)",
    across: "shift to the right",
    pen: "width of the pen",
    clear: "start over",
    blank: "none",
    hint: "Draw here. With the keyboard: arrow keys move, space draws.",
    pad: "Pad of eight by eight squares to draw a digit on",
    bars: "Probability of each digit",
    empty: "Blank paper, and still the network answers:",
    says: "The network says",
    sure: "sure",
    shows: "The image shows a",
    then: "then",
  };

  const blank = (n) => new Array(n).fill(0);

  /* Affine layers with ReLU between them, as in the chapter. */
  const scoresOf = (network, pixels) => {
    let values = pixels.map((v) => (v - network.mean) / network.std);
    network.layers.forEach(({ weight, bias }, k) => {
      const z = weight.map((row, j) =>
        row.reduce((sum, w, i) => sum + w * values[i], bias[j]));
      values = k < network.layers.length - 1 ? z.map((v) => Math.max(0, v)) : z;
    });
    return values;
  };

  const softmax = (scores) => {
    const peak = Math.max(...scores);
    const parts = scores.map((s) => Math.exp(s - peak));
    const total = parts.reduce((a, b) => a + b, 0);
    return parts.map((p) => p / total);
  };

  /* How many of the 32 by 32 pixels are black in each block of 4 by 4. */
  const counted = (fine) => {
    const made = blank(SIDE * SIDE);
    fine.forEach((ink, at) => {
      const [row, column] = [Math.floor(at / FINE), at % FINE];
      made[Math.floor(row / 4) * SIDE + Math.floor(column / 4)] += ink ? 1 : 0;
    });
    return made;
  };

  const shifted = (pixels, across) => pixels.map((_, at) => {
    const column = (at % SIDE) - across;
    return column < 0 || column >= SIDE ? 0 : pixels[at - across];
  });

  class DigitPad extends Explorable {
    static compute(network, pixels) {
      const scores = scoresOf(network, pixels);
      return { scores, probabilities: softmax(scores) };
    }

    static counted(fine) {
      return counted(fine);
    }

    static shifted(pixels, across) {
      return shifted(pixels, across);
    }

    get labels() {
      return LABELS;
    }

    build() {
      const data = this.querySelector('script[type="application/json"]');
      this.network = JSON.parse(data.textContent);
      this.fine = blank(FINE * FINE);
      this.cursor = [16, 16];
      const last = this.network.examples.length;
      const [image, imageRow] = this.slider("image", { min: 0, max: last, step: 1, value: 0 });
      const [across, acrossRow] = this.slider("across", { min: -3, max: 3, step: 1, value: 0 });
      const [pen, penRow] = this.slider("pen", { min: 1, max: 4, step: 0.5, value: 2 });
      Object.assign(this, { image, across, pen });
      const size = SIDE * CELL;
      this.squares = Array.from({ length: SIDE * SIDE }, (_, at) => svg("rect", {
        x: (at % SIDE) * CELL, y: Math.floor(at / SIDE) * CELL,
        width: CELL, height: CELL, stroke: "currentColor", "stroke-opacity": 0.25,
      }));
      this.spot = svg("circle", { fill: "none", stroke: C1, "stroke-width": 2 });
      this.pad = svg("svg", {
        viewBox: `-2 -2 ${size + 4} ${size + 4}`, role: "application", tabindex: 0,
        "aria-label": `${this.text.pad}. ${this.text.hint}`,
      }, ...this.squares, this.spot);
      this.pad.style.cssText =
        "width:100%;max-width:22rem;height:auto;display:block;margin:0 auto;" +
        "touch-action:none;cursor:crosshair";
      this.listen();
      this.bars = this.canvas({ width: 360, height: 232 }, this.text.bars);
      const hint = html("p", {}, this.text.hint);
      hint.style.cssText = "font-size:.875em;margin:.3em 0";
      return [
        this.pad, hint, penRow, imageRow, acrossRow, this.clearRow(),
        this.report, this.bars,
      ];
    }

    clearRow() {
      const id = `${this.id_}-clear`;
      const button = html("input", { id, type: "button", value: "\u00d7" });
      button.style.cssText =
        "min-width:44px;min-height:44px;font:inherit;font-size:1.25em;margin-right:.6em;" +
        "color:inherit;background:none;border:1px solid currentColor;border-radius:4px";
      const clear = () => {
        this.fine.fill(0);
        this.image.value = 0;
        this.across.value = 0;
        this.cursor = [16, 16];
        this.draw();
      };
      button.addEventListener("click", clear);
      /* Keys that work on the sliders work here too. */
      button.addEventListener("keydown", (event) => {
        if (event.key !== "ArrowDown") return;
        event.preventDefault();
        clear();
      });
      const label = html("label", { for: id }, this.text.clear);
      return html("div", {}, button, label);
    }

    /* Pointer and keyboard both move the pen over the fine pixels. */
    listen() {
      const place = (event) => {
        const box = this.pad.getBoundingClientRect();
        return [ /* what is drawn is shifted afterwards, so take the shift off */
          ((event.clientX - box.left) / box.width) * FINE - 4 * Number(this.across.value),
          ((event.clientY - box.top) / box.height) * FINE,
        ];
      };
      let from = null;
      this.pad.addEventListener("pointerdown", (event) => {
        this.pad.setPointerCapture(event.pointerId);
        from = place(event);
        this.stroke(from, from);
      });
      this.pad.addEventListener("pointermove", (event) => {
        if (!from) return;
        const to = place(event);
        this.stroke(from, to);
        from = to;
      });
      for (const end of ["pointerup", "pointercancel"]) {
        this.pad.addEventListener(end, () => { from = null; });
      }
      const steps = {
        ArrowLeft: [-2, 0], ArrowRight: [2, 0], ArrowUp: [0, -2], ArrowDown: [0, 2],
      };
      let down = false;
      this.pad.addEventListener("keydown", (event) => {
        const step = steps[event.key];
        if (!step && event.key !== " ") return;
        event.preventDefault();
        event.stopPropagation(); /* the page's own arrow keys turn pages */
        if (event.key === " ") down = true;
        const to = this.cursor.map((v, k) =>
          Math.min(FINE - 1, Math.max(1, v + (step ? step[k] : 0))));
        if (down) this.stroke(this.cursor, to);
        this.cursor = to;
        this.draw();
      });
      this.pad.addEventListener("keyup", (event) => {
        if (event.key === " ") down = false;
      });
    }

    /* Blacken the fine pixels within the pen's radius of a segment. */
    stroke([x0, y0], [x1, y1]) {
      const radius = Number(this.pen.value);
      const length = Math.hypot(x1 - x0, y1 - y0);
      for (let at = 0; at < FINE * FINE; at += 1) {
        const [x, y] = [(at % FINE) + 0.5, Math.floor(at / FINE) + 0.5];
        const along = length === 0 ? 0 : Math.min(1, Math.max(0,
          ((x - x0) * (x1 - x0) + (y - y0) * (y1 - y0)) / (length * length)));
        const gap = Math.hypot(x - x0 - along * (x1 - x0), y - y0 - along * (y1 - y0));
        if (gap <= radius) this.fine[at] = 1;
      }
      this.cursor = [x1, y1];
      this.draw();
    }

    draw() {
      const example = this.network.examples[Number(this.image.value) - 1];
      const under = example ? example.pixels : blank(SIDE * SIDE);
      const drawn = counted(this.fine);
      const both = under.map((ink, at) => Math.min(16, ink + drawn[at]));
      const across = Number(this.across.value);
      const pixels = shifted(both, across);
      const { probabilities } = DigitPad.compute(this.network, pixels);
      pixels.forEach((ink, at) => {
        const gray = Math.round(255 * (1 - ink / 16));
        this.squares[at].setAttribute("fill", ink ? `rgb(${gray},${gray},${gray})` : PAPER);
      });
      const scale = (SIDE * CELL) / FINE;
      this.spot.setAttribute("cx", (this.cursor[0] + 4 * across) * scale);
      this.spot.setAttribute("cy", this.cursor[1] * scale);
      this.spot.setAttribute("r", Number(this.pen.value) * scale);
      const order = [...probabilities.keys()].sort((a, b) =>
        probabilities[b] - probabilities[a]);
      this.drawBars(probabilities, order[0], example);
      const share = (digit) => `${fixed(100 * probabilities[digit], 1)}\u00a0%`;
      const known = example ? `${this.text.shows} ${example.digit}. ` : "";
      const opening = pixels.some((ink) => ink > 0)
        ? `${known}${this.text.says}` : this.text.empty;
      this.report.textContent =
        `${opening} ${order[0]}, ${share(order[0])} ${this.text.sure}; ` +
        `${this.text.then} ${order[1]}, ${share(order[1])}.`;
      this.shown.image.textContent = example ? String(this.image.value) : this.text.blank;
      this.shown.across.textContent = fixed(across, 0);
      this.shown.pen.textContent = fixed(Number(this.pen.value) / 2, 2);
      this.image.setAttribute("aria-valuetext", example
        ? `${this.image.value}: ${this.text.shows} ${example.digit}` : this.text.blank);
    }

    drawBars(probabilities, best, example) {
      const left = 26;
      const width = 250;
      const parts = [];
      probabilities.forEach((p, digit) => {
        const y = 4 + 22.5 * digit;
        const right = example && example.digit === digit;
        parts.push(
          svg("text", { x: 16, y: y + 15, "text-anchor": "end", ...WORDS }, String(digit)),
          svg("line", {
            x1: left, x2: left + width, y1: y + 20, y2: y + 20,
            stroke: "currentColor", "stroke-opacity": 0.15,
          }),
          svg("rect", {
            x: left, y, width: Math.max(0.5, p * width), height: 18,
            fill: digit === best ? C1 : C0,
            ...(right ? { stroke: C2, "stroke-width": 3 } : {}),
          }),
          svg("text", { x: left + width + 8, y: y + 15, ...WORDS },
            `${fixed(100 * p, 1)}\u00a0%`),
        );
      });
      this.bars.replaceChildren(...parts);
    }
  }

  customElements.define("digit-pad", DigitPad);
})();
