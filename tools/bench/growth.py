"""Whether a book of ten times the chapters takes ten times as long, and no more memory.

The chapters are made here: each imports PyTorch, quotes a function, trains a small
network, draws it and states a number.
"""

from __future__ import annotations

from itertools import pairwise

from checkout import Checkout, checkout, executed
from measure import Cost, tell
from table import table

SIZES = (10, 30, 100)
MODULE = '''"""What the chapters quote."""

import torch
from torch import Tensor, nn


def step(model: nn.Module, rule: torch.optim.Optimizer, x: Tensor, y: Tensor) -> float:
    """One step downhill; returns the loss before it."""
    loss = nn.functional.mse_loss(model(x), y)
    rule.zero_grad()
    loss.backward()
    rule.step()
    return loss.item()
'''
CHAPTER = """---
file_format: mystnb
myst:
  html_meta:
    description: A chapter of the benchmark.
---
# Chapter {number}

A network learns $\\sin({number}x)$ from its values at a hundred places.

```{{code-cell}}
import matplotlib.pyplot as plt
import torch
from torch import Tensor, nn

torch.manual_seed({number})
x = torch.linspace(-1, 1, 100).unsqueeze(1)
y = torch.sin({number} * x)
x[:3]
```

## A step

```{{code-cell}}
:quote: growing.step
:caption: One step
:label: lst-step-{number}
```

## Training

Three hundred steps, as in {{numref}}`lst-step-{number}`:

```{{code-cell}}
model = nn.Sequential(nn.Linear(1, 32), nn.Tanh(), nn.Linear(32, 1))
rule = torch.optim.Adam(model.parameters(), lr=0.01)
losses = [step(model, rule, x, y) for _ in range(300)]
print(f"{{losses[0]:.3f}} to {{losses[-1]:.3f}}")
```

The loss is now {{value}}`losses[-1]:.3f`, see {{numref}}`fig-loss-{number}`.

```{{code-cell}}
:figure: fig-loss-{number}
:caption: The loss of chapter {number}.
:alt: A line that falls from left to right.
plt.plot(losses)
plt.xlabel("step")
plt.show()
```
"""


def growth() -> None:
    """Build books of several sizes, and print time and memory a chapter."""
    costs = {}
    for size in SIZES:
        tell(f"building a book of {size} chapters")
        with checkout() as copy:
            write(copy, size)
            costs[size] = copy.build(look_at_memory=True)
        assert len(executed(costs[size])) == size
    print(report(costs))


def write(copy: Checkout, chapters: int) -> None:
    """Put made chapters in the place of the book's."""
    docs = copy.root / "docs"
    for page in docs.glob("*.md"):
        page.unlink()
    (copy.root / "code" / "neuralnet" / "growing.py").write_text(MODULE)
    names = [f"chapter{number}" for number in range(1, chapters + 1)]
    for number, name in enumerate(names, start=1):
        (docs / f"{name}.md").write_text(CHAPTER.format(number=number))
    contents = "\n".join(["# A book", "", "```{toctree}", ":numbered:", *names, "```"])
    (docs / "index.md").write_text(contents + "\n")


def report(costs: dict[int, Cost]) -> str:
    rows = []
    for size, cost in costs.items():
        each = [f"{cost.wall / size:.2f}", f"{cost.cpu / size:.2f}"]
        kept = [f"{cost.memory / 2**20:.0f}", f"{cost.largest / 2**20:.0f}"]
        rows.append([str(size), f"{cost.wall:.1f}", f"{cost.cpu:.1f}", *each, *kept])
    few, many = min(costs), max(costs)
    low, high = costs[few], costs[many]
    grown = [
        (high.wall / many) / (low.wall / few),
        (high.cpu / many) / (low.cpu / few),
        high.memory / low.memory,
        high.largest / low.largest,
    ]
    shown = [f"{ratio:.2f}" for ratio in grown]
    rows.append([f"{many} / {few} (goal 1)", "", "", *shown])
    head = ["chapters", "wall s", "CPU s", "wall/ch.", "CPU/ch.", "MiB", "largest MiB"]
    notes = [
        *more(costs),
        "MiB: held at once by all processes of the build, shared pages counted once,",
        "looked at twice a second. Largest: the most that one process ever held.",
    ]
    return "\n".join([table("How it grows", head, rows), *notes])


def more(costs: dict[int, Cost]) -> list[str]:
    """What each chapter more costs: what the start costs does not hide growth here."""
    return [
        f"From {few} to {many}, each chapter more takes "
        f"{(costs[many].cpu - costs[few].cpu) / (many - few):.2f} s of CPU."
        for few, many in pairwise(costs)
    ]
