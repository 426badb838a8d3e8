"""Draw the tree of a module: what is inside what, down to the parameters.

Works on every object with `named_children`, `named_parameters` and
`named_buffers`, so on the modules of the book and on PyTorch's.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from matplotlib.axes import Axes


@dataclass(frozen=True)
class Leaf:
    """One line of the drawing: how deep, what kind, what it says.

    >>> Leaf(1, "parameter", "bias (3,)", 0).depth
    1
    """

    depth: int
    kind: str
    text: str
    above: int


def tree(
    module: Any, name: str = "", depth: int = 0, above: int = -1, row: int = 0
) -> list[Leaf]:
    """The lines of the drawing; `above` is the row of what holds each.

    >>> from torch import nn
    >>> net = nn.Sequential(nn.Linear(1, 3), nn.Tanh())
    >>> for leaf in tree(net):
    ...     print("  " * leaf.depth + leaf.text, leaf.above)
    Sequential -1
      0: Linear 0
        weight (3, 1) 1
        bias (3,) 1
      1: Tanh 0
    """
    kind = type(module).__name__
    text = f"{name}: {kind}" if name else kind
    lines = [Leaf(depth, "module", text, above)]
    own = [
        ("parameter", module.named_parameters(recurse=False)),
        ("buffer", module.named_buffers(recurse=False)),
    ]
    for what, pairs in own:
        for key, value in pairs:
            text = f"{key} {tuple(value.shape)}"
            lines.append(Leaf(depth + 1, what, text, row))
    for key, child in module.named_children():
        lines += tree(child, key, depth + 1, row, row + len(lines))
    return lines


def draw_tree(module: Any, axes: Axes) -> None:
    """A line each: modules in boxes, parameters dots, buffers rings.

    >>> import matplotlib.pyplot as plt
    >>> from torch import nn
    >>> figure, axes = plt.subplots()
    >>> draw_tree(nn.Linear(1, 1), axes)
    >>> [text.get_text() for text in axes.texts]
    ['Linear', 'weight (1, 1)', 'bias (1,)']
    >>> plt.close(figure)
    """
    lines = tree(module)
    marks = {"parameter": "C1o", "buffer": "C2o"}
    for row, leaf in enumerate(lines):
        if leaf.above >= 0:
            x = leaf.depth - 1
            corner = [x, x, leaf.depth - 0.1], [leaf.above + 0.3, row, row]
            axes.plot(*corner, "-", color="gray", linewidth=1)
        box: Any = {"boxstyle": "round", "fc": "none", "ec": "C0"}
        if leaf.kind != "module":
            full = "full" if leaf.kind == "parameter" else "none"
            axes.plot(leaf.depth, row, marks[leaf.kind], fillstyle=full)
            box = None
        offset = 0.0 if box else 0.2
        where: Any = {"va": "center", "bbox": box}
        axes.text(leaf.depth + offset, row, leaf.text, **where)
    axes.set_xlim(-0.2, max(leaf.depth for leaf in lines) + 2.2)
    axes.set_ylim(len(lines) - 0.4, -0.7)
    axes.axis("off")
