"""Draw a computation: a box a node, an arrow an edge, the result at the bottom.

A node stands one row above the highest node that needs it, so that every arrow
points downwards.
"""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from matplotlib.axes import Axes

from neuralnet.backpropagation import Value, topological_order


def rows(root: Value) -> list[list[Value]]:
    """The nodes below the root by their longest distance from it, root first.

    >>> w, b = Value(2.0, name="w"), Value(1.0, name="b")
    >>> [[n.op or n.name for n in row] for row in rows(w * 3 + b)]
    [['+'], ['\N{MULTIPLICATION SIGN}', 'b'], ['w', '']]
    """
    order = topological_order(root)
    depth = dict.fromkeys(order, 0)
    for node in reversed(order):
        for source, _ in node.edges:
            depth[source] = max(depth[source], depth[node] + 1)
    found: dict[int, list[Value]] = defaultdict(list)
    for node in order:
        found[depth[node]].append(node)
    return [found[level] for level in range(len(found))]


def formula(node: Value) -> str:
    """How a node was computed, in the names of its inputs.

    An input without a name is written as its value.

    >>> w, x = Value(2.0, name="w"), Value(3.0, name="x")
    >>> formula(w * x), formula(w.tanh()), formula(x**2), formula(w + 1)
    ('w × x', 'tanh(w)', 'x**2', 'w + 1')
    >>> formula(w)
    ''
    """
    parts = [u.name or f"{u.data:.3g}" for u, _ in node.edges]
    if len(parts) == 2:
        return f" {node.op} ".join(parts)
    if not parts or node.op.startswith("**"):
        return "".join(parts) + node.op
    return f"{node.op}({parts[0]})"


def draw_graph(root: Value, axes: Axes) -> None:
    """Draw the nodes with value and grad, the edges with their local slopes.

    >>> import matplotlib.pyplot as plt
    >>> figure, axes = plt.subplots()
    >>> draw_graph(Value(2.0) ** 2, axes)
    >>> len(axes.texts)
    4
    >>> plt.close(figure)
    """
    levels = rows(root)
    place, boxes = {}, {}
    for height, row in enumerate(levels):
        for k, node in enumerate(row):
            x = (k + 0.5) / len(row)
            parts = [node.name, formula(node)]
            title = " = ".join(part for part in parts if part)
            numbers = f"{node.data:.4g}\nslope {node.grad:.4g}"
            text = f"{title}\n{numbers}".strip()
            frame: Any = {"boxstyle": "round", "fc": "none", "ec": "C0"}
            where: Any = {"ha": "center", "va": "center"}
            drawn = axes.text(x, height, text, bbox=frame, **where)
            place[node], boxes[node] = (x, height), drawn
    for node, (x, y) in place.items():
        for source, slope in node.edges:
            u, v = place[source]
            arrow: Any = {"arrowstyle": "->", "color": "C1"}
            arrow["patchA"] = boxes[source].get_bbox_patch()
            arrow["patchB"] = boxes[node].get_bbox_patch()
            axes.annotate("", (x, y), (u, v), arrowprops=arrow)
            middle = (x + u) / 2 + 0.03, (y + v) / 2
            side = "top" if u > x else "bottom" if u < x else "center"
            axes.text(*middle, f"{slope:.3g}", va=side)
    axes.set_xlim(0, 1)
    axes.set_ylim(-0.5, len(levels) - 0.5)
    axes.axis("off")
