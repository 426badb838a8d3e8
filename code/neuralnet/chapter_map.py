"""The chapters of the book, and what each needs: a directed graph.

A chapter stands one row below the lowest of those it needs, so that every arrow
points downwards. Chapters have the names of their files.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import matplotlib.pyplot as plt
from matplotlib.figure import Figure

#: The chapters of each part, in reading order.
PARTS = {
    "I": ("tensors", "neurons", "activations", "losses"),
    "II": ("gradient_descent", "backpropagation", "optimizers"),
    "III": ("modules", "networks", "training", "digits", "debugging"),
}
#: What has to be read before a chapter can be followed.
NEEDS = {
    "tensors": (),
    "neurons": ("tensors",),
    "activations": ("neurons",),
    "losses": ("tensors",),
    "gradient_descent": ("losses",),
    "backpropagation": ("gradient_descent", "activations"),
    "optimizers": ("gradient_descent",),
    "modules": ("backpropagation", "optimizers"),
    "networks": ("modules",),
    "training": ("networks",),
    "digits": ("training",),
    "debugging": ("training",),
}
#: Chapters that a chapter takes up in sections which can wait.
HELPED_BY = {
    "losses": ("activations",),
    "optimizers": ("backpropagation",),
    "debugging": ("digits",),
}


def rows(needs: Mapping[str, tuple[str, ...]]) -> list[list[str]]:
    """The chapters by the longest way to them, those that need nothing first.

    Errors: `ValueError` if a chapter needs one that is not listed before it.

    >>> rows({"a": (), "b": ("a",), "c": ("a",), "d": ("a", "c")})
    [['a'], ['b', 'c'], ['d']]
    """
    depth: dict[str, int] = {}
    for name, needed in needs.items():
        if late := [each for each in needed if each not in depth]:
            raise ValueError(f"{name} needs {late[0]}, which does not come before it")
        depth[name] = max((depth[each] + 1 for each in needed), default=0)
    found: list[list[str]] = [[] for _ in range(max(depth.values(), default=-1) + 1)]
    for name, level in depth.items():
        found[level].append(name)
    return found


def draw_map() -> Figure:
    """Draw every chapter, whole arrows for needs, broken ones for help.

    >>> figure = draw_map()
    >>> len(figure.axes[0].texts) - len(NEEDS)  # arrows
    16
    >>> plt.close(figure)
    """
    figure, axes = plt.subplots(figsize=(5.0, 6.4))
    colors = {name: f"C{k}" for k, part in enumerate(PARTS.values()) for name in part}
    boxes: dict[str, Any] = {}
    place: dict[str, tuple[float, float]] = {}
    for height, row in enumerate(rows(NEEDS)):
        for k, name in enumerate(row):
            place[name] = ((k + 0.5) / len(row), -float(height))
            title = (
                f"{list(NEEDS).index(name) + 1} {name.replace('_', ' ').capitalize()}"
            )
            frame: Any = {"boxstyle": "round", "fc": "none", "ec": colors[name]}
            at: Any = {"ha": "center", "va": "center", "bbox": frame}
            boxes[name] = axes.text(*place[name], title, **at).get_bbox_patch()
    for edges, line in ((NEEDS, "-"), (HELPED_BY, ":")):
        for name, sources in edges.items():
            for source in sources:
                arrow: Any = {"arrowstyle": "->", "ls": line, "ec": colors[source]}
                arrow |= {"patchA": boxes[source], "patchB": boxes[name]}
                axes.annotate("", place[name], place[source], arrowprops=arrow)
    axes.set_xlim(0, 1)
    axes.set_ylim(0.5 - len(rows(NEEDS)), 0.5)
    axes.axis("off")
    return figure
