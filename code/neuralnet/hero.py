"""The figure of the front page: a walk downhill, and the lines it tries.

`draw_hero` runs gradient descent on the readings of `neuralnet.thermometer` and
draws its steps twice: as places on the surface of the loss, and as lines
through the readings. Weight and bias count the thermometer in tens, from 40.
"""

from __future__ import annotations

import matplotlib.pyplot as plt
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor

from neuralnet.gradient_descent import (
    descend,
    least_squares,
    line_gradient,
    model,
)
from neuralnet.thermometer import T_C, T_U


def note(axes: Axes, text: str, at: Tensor, shift: tuple[int, int], color: str) -> None:
    """Write a word beside the point `at`, shifted by so many points.

    >>> figure, axes = plt.subplots()
    >>> note(axes, "start", torch.zeros(2), (6, 0), "C1")
    >>> axes.texts[0].get_text()
    'start'
    >>> plt.close(figure)
    """
    x, y = at.tolist()
    axes.annotate(text, (x, y), shift, textcoords="offset points", color=color)


def draw_path(axes: Axes, path: Tensor, x: Tensor, target: Tensor) -> None:
    """Draw contours of the loss, the path across them, and the minimum.

    Shapes: path (k, 2), x and target (n,).

    >>> figure, axes = plt.subplots()
    >>> x = torch.tensor([0.0, 1.0])
    >>> draw_path(axes, torch.tensor([[4.0, 4.0], [2.0, 1.0]]), x, x)
    >>> axes.get_xlabel()
    'weight w'
    >>> plt.close(figure)
    """
    best = least_squares(x, target)
    places = torch.cat([path, best[None]])
    low, high = places.min(dim=0).values, places.max(dim=0).values
    low, high = low - 0.3 * (high - low), high + 0.3 * (high - low)
    w, b = (
        torch.linspace(a, z, 120, dtype=x.dtype)
        for a, z in zip(low.tolist(), high.tolist(), strict=True)
    )
    prediction = w[:, None] * x + b[:, None, None]
    loss = ((prediction - target) ** 2).mean(dim=-1)
    rise = (loss.max() - loss.min()) * torch.linspace(0.06, 1, 12) ** 2
    levels = (loss.min() + rise).tolist()
    axes.contour(w, b, loss, levels, colors="C0", linewidths=0.9)
    axes.plot(*path.T, "C1o-")
    axes.plot(*best.tolist(), "C2*", markersize=16)
    note(axes, "best", best, (10, 6), "C2")
    note(axes, "start", path[0], (-34, 4), "C1")
    axes.set(xlabel="weight w", ylabel="bias b")
    axes.grid(False)


def draw_lines(axes: Axes, path: Tensor, x: Tensor, target: Tensor) -> None:
    """Draw the readings, the line of each place on the path, and the best.

    Shapes: path (k, 2), x and target (n,).

    >>> figure, axes = plt.subplots()
    >>> x = torch.tensor([0.0, 1.0])
    >>> draw_lines(axes, torch.zeros(5, 2), x, x)
    >>> len(axes.lines)
    7
    >>> plt.close(figure)
    """
    ends = torch.stack([x.min(), x.max()])
    for w, b in path:
        axes.plot(ends, model(ends, w, b), "C1-", linewidth=1.1)
    best = model(ends, *least_squares(x, target))
    axes.plot(ends, best, "C2-", linewidth=3)
    axes.plot(x, target, "C0o", markersize=7)
    first = model(ends, *path[0])
    for word, line, color in ("start", first, "C1"), ("best", best, "C2"):
        note(axes, word, torch.stack([ends[1], line[1]]), (6, -4), color)
    axes.set_ylabel("temperature (°C)")


def draw_hero() -> Figure:
    """Draw twelve steps of descent as a path and as the lines they stand for.

    >>> figure = draw_hero()
    >>> [axes.get_ylabel() for axes in figure.axes]
    ['bias b', 'temperature (°C)']
    >>> plt.close(figure)
    """
    x = (T_U - 40) / 10
    start = torch.tensor([-2.0, 20.0], dtype=x.dtype)
    path = descend(lambda p: line_gradient(p, x, T_C), start, 0.19, 12)
    figure, (top, below) = plt.subplots(2, 1, figsize=(5.0, 6.0))
    draw_path(top, path, x, T_C)
    draw_lines(below, path, x, T_C)
    ticks = [20, 40, 60, 80]
    below.set_xticks([(tick - 40) / 10 for tick in ticks], map(str, ticks))
    below.set_xlabel("reading of the thermometer (unit unknown)")
    return figure
