"""Images of 8 by 8 pixels, side by side."""

from __future__ import annotations

from collections.abc import Sequence

import matplotlib.pyplot as plt
import torch
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from torch import Tensor

from neuralnet.checks import require_at_least, require_table


def draw_images(
    images: Tensor, titles: Sequence[str], columns: int = 6, signed: bool = False
) -> Figure:
    """Draw rows of 64 numbers as pictures, ink dark; or around zero, red and blue.

    Shapes: images (n, 64).
    Errors: `ValueError` for other shapes, or unless there is a title for each.

    >>> figure = draw_images(torch.zeros(7, 64), list("abcdefg"))
    >>> len(figure.axes[0].images), len(figure.axes[0].patches)
    (7, 7)
    >>> plt.close(figure)
    """
    require_table("images", images, 64)
    require_at_least("columns", columns, 1)
    if len(titles) != len(images):
        given = f"got {len(titles)} for {len(images)}"
        raise ValueError(f"each image needs a title, {given}")
    rows = -(-len(images) // columns)
    figure, axis = plt.subplots(figsize=(5.0, 5.8 * rows / columns))
    top = images.abs().max().item() if signed else 16.0
    colors, low = ("RdBu", -top) if signed else ("Greys", 0.0)
    pictures = images.detach().reshape(-1, 8, 8).numpy()
    pairs = zip(pictures, titles, strict=True)
    for number, (picture, title) in enumerate(pairs):
        x, y = 10 * (number % columns), 11.5 * (number // columns)
        place = (x, x + 8, y + 8, y)
        axis.imshow(picture, colors, vmin=low, vmax=top, extent=place)
        edge = Rectangle((x, y), 8, 8, fill=False, ec="gray", lw=0.5)
        axis.add_patch(edge)
        axis.text(x + 4, y - 0.5, title, ha="center", fontsize=10)
    axis.set(xlim=(0, 10 * columns - 2), ylim=(11.5 * rows - 3, -2.5))
    axis.axis("off")
    return figure


def drawn(cells: Sequence[str]) -> Tensor:
    """An image from eight words of eight signs: `#` is ink, `+` half, `.` paper.

    Shape: -> (1, 64).
    Errors: `ValueError` for another number of words or signs, or another sign.

    >>> drawn(["#......+"] + ["........"] * 7)[0, :8]
    tensor([16.,  0.,  0.,  0.,  0.,  0.,  0.,  8.])
    """
    signs = "".join(cells)
    if [len(word) for word in cells] != [8] * 8 or set(signs) - set("#+."):
        raise ValueError(f"wanted eight words of #, + and ., got {list(cells)}")
    ink = {"#": 16.0, "+": 8.0, ".": 0.0}
    return torch.tensor([[ink[sign] for sign in signs]])
