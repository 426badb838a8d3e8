"""The figure of the front page: a walk downhill, and the lines it tries.

`draw_hero` runs gradient descent on the thermometer of `neuralnet.thermometer`
and draws the same seven points twice: as places on the loss surface, and as
lines through the readings. Nothing in it is typed in but the start, the
learning rate and the number of steps.
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


def draw_surface(axes: Axes, path: Tensor, x: Tensor, target: Tensor) -> None:
    """Draw contours of the loss, the path across them, and the minimum.

    Shapes: path (k, 2), x and target (n,).

    >>> figure, axes = plt.subplots()
    >>> x = torch.tensor([0.0, 1.0])
    >>> draw_surface(axes, torch.zeros(2, 2), x, x)
    >>> axes.get_xlabel()
    'weight w'
    >>> plt.close(figure)
    """
    best = least_squares(x, target)
    reach = 1.15 * (path - best).abs().max(dim=0).values + 0.1
    low, high = best - reach, best + reach
    w = torch.linspace(low[0].item(), high[0].item(), 160)
    b = torch.linspace(low[1].item(), high[1].item(), 160)
    wide, tall = torch.meshgrid(w, b, indexing="xy")
    miss = model(x[:, None, None], wide, tall) - target[:, None, None]
    loss = (miss**2).mean(dim=0)
    bottom, top = loss.min().item(), loss.max().item()
    levels = bottom + (top - bottom) * torch.linspace(0.05, 1, 13) ** 2
    axes.contour(w, b, loss, levels.tolist(), colors="C0", linewidths=0.8)
    axes.plot(path[:, 0], path[:, 1], "C1", marker="o", markersize=5)
    axes.plot(*best.tolist(), "C2", marker="*", markersize=15)
    axes.set(xlabel="weight w", ylabel="bias b")


def draw_lines(axes: Axes, path: Tensor, x: Tensor, target: Tensor) -> None:
    """Draw the readings and the line of each point of the path.

    Shapes: path (k, 2), x and target (n,).

    >>> figure, axes = plt.subplots()
    >>> x = torch.tensor([0.0, 1.0])
    >>> draw_lines(axes, torch.zeros(5, 2), x, x)
    >>> len(axes.lines)
    7
    >>> plt.close(figure)
    """
    ends = torch.stack([x.min(), x.max()])
    for k, (w, b) in enumerate(path):
        faded = 0.25 + 0.5 * k / len(path)
        axes.plot(ends, model(ends, w, b), "C1", alpha=faded)
        axes.annotate(str(k), (ends[1].item(), model(ends[1], w, b).item()))
    best = least_squares(x, target)
    axes.plot(ends, model(ends, *best), "C2", linewidth=2.5)
    axes.plot(x, target, "C0", marker="o", linestyle="none")


def draw_hero() -> Figure:
    """Draw six steps of descent as a path and as the lines they stand for.

    The weight is in degrees Celsius per ten units of the thermometer, the bias
    in degrees Celsius at a reading of 40.

    >>> figure = draw_hero()
    >>> [axes.get_xlabel() for axes in figure.axes]
    ['weight w', 'reading of the thermometer']
    >>> plt.close(figure)
    """
    x = (T_U - 40) / 10
    start = torch.tensor([-2.0, 20.0], dtype=x.dtype)
    path = descend(lambda p: line_gradient(p, x, T_C), start, 0.19, 6)
    figure, (top, below) = plt.subplots(2, 1, figsize=(5.0, 6.4))
    draw_surface(top, path, x, T_C)
    draw_lines(below, path, x, T_C)
    return figure
