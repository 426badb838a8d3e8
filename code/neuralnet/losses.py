r"""A loss says with one number how wrong predictions are.

Notation: predictions `input` and answers `target`, of one shape; their miss is
m = input - target. Each function has the name, the argument names, the defaults
and the result of its namesake in `torch.nn.functional`, and `<name>_slope` is the
slope of each example's loss by its own prediction. PyTorch's `size_average` and
`reduce`, which it calls deprecated, are left out; what comes after them in
PyTorch's order is given here by name only, so that a call means the same there.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neuralnet.checks import (
    require_alike,
    require_choice,
    require_expandable,
    require_number,
    require_positive,
)


def reduce(
    loss: Tensor,
    reduction: str,
    weight: Tensor | None = None,
) -> Tensor:
    """Add the losses up, average them, or leave them as they are.

    With `weight`, of the shape of `loss`, "mean" divides the sum by the sum of
    the weights; without it, by the number of elements.

    Shapes: "none" any shape, the same out; "sum" and "mean" 0-dimensional.
    Errors: `ValueError` for another reduction.

    >>> losses = torch.tensor([1.0, 2.0, 6.0])
    >>> reduce(losses, "sum"), reduce(losses, "mean")
    (tensor(9.), tensor(3.))
    >>> reduce(losses, "mean", torch.tensor([1.0, 1.0, 0.0]))
    tensor(4.5000)

    The mean of nothing is nan:

    >>> reduce(torch.tensor([]), "mean")
    tensor(nan)
    """
    known = ("none", "mean", "sum")
    require_choice("reduction", reduction, known)
    if reduction == "none":
        return loss
    if reduction == "sum":
        return loss.sum()
    parts = loss.numel() if weight is None else weight.sum()
    return loss.sum() / parts


def weigh(
    loss: Tensor,
    weight: Tensor | None,
    name: str = "weight",
) -> Tensor:
    """Multiply each loss by its weight, if there are weights.

    Shapes: loss any shape; weight one that broadcasts to it; the result has the
    shape of loss. Errors: `ValueError` or `TypeError` for a weight that does
    not fit, which the message calls `name`.

    >>> weigh(torch.tensor([1.0, 2.0]), torch.tensor([3.0, 0.0]))
    tensor([3., 0.])
    >>> weigh(torch.tensor([1.0, 2.0]), None)
    tensor([1., 2.])
    """
    if weight is None:
        return loss
    require_expandable(name, weight, loss)
    return loss * weight


def mse_loss(
    input: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Mean of the squared misses.

    E = 1/n \sum_i m_i^2 with m = input - target. With `weight`, each square is
    multiplied by its weight, and the mean divides by the sum of the weights.

    Shapes: input, target and weight the same, any; the result is 0-dimensional
    unless `reduction="none"`.
    Errors: `ValueError` for shapes that differ (PyTorch broadcasts them, with a
    warning) or another reduction, `TypeError` for tensors that are not floating
    point or differ in dtype.

    >>> mse_loss(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(8.)
    >>> mse_loss(torch.tensor([]), torch.tensor([]))
    tensor(nan)

    PyTorch: `torch.nn.functional.mse_loss`.
    """
    require_alike(input=input, target=target, weight=weight)
    loss = weigh((input - target) ** 2, weight)
    return reduce(loss, reduction, weight)


def mse_loss_slope(input: Tensor, target: Tensor) -> Tensor:
    """Slope of a squared miss by its prediction: 2 m.

    Shapes: input and target the same, any; the result too.
    Errors: those of `mse_loss`.

    >>> mse_loss_slope(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor([0., 8.])
    """
    require_alike(input=input, target=target)
    return 2 * (input - target)


def l1_loss(
    input: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
    weight: Tensor | None = None,
) -> Tensor:
    r"""Mean of the absolute misses.

    E = 1/n \sum_i |m_i|. At m = 0 the gradient is 0, as in PyTorch. `weight`,
    shapes and errors: as for `mse_loss`.

    >>> l1_loss(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(2.)
    >>> l1_loss(torch.tensor([]), torch.tensor([]), reduction="sum")
    tensor(0.)

    PyTorch: `torch.nn.functional.l1_loss`.
    """
    require_alike(input=input, target=target, weight=weight)
    loss = weigh((input - target).abs(), weight)
    return reduce(loss, reduction, weight)


def l1_loss_slope(input: Tensor, target: Tensor) -> Tensor:
    """Slope of an absolute miss: its sign, 0 at the kink.

    Shapes and errors: as for `mse_loss_slope`.

    >>> l1_loss_slope(torch.tensor([0.0, 1.0, 5.0]), torch.ones(3))
    tensor([-1.,  0.,  1.])
    """
    require_alike(input=input, target=target)
    return (input - target).sign()


def huber_loss(
    input: Tensor,
    target: Tensor,
    reduction: str = "mean",
    delta: float = 1.0,
    weight: Tensor | None = None,
) -> Tensor:
    r"""Half the square of a small miss, a line for a large one.

    m^2 / 2 where |m| <= delta, else delta (|m| - delta / 2), computed as
    q (|m| - q / 2) with q = min(|m|, delta). With `weight`, the mean still
    divides by the number of elements, as PyTorch's does.

    Shapes and errors: as for `mse_loss`; `ValueError` unless delta is positive.

    >>> huber_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), reduction="none")
    tensor([0.1250, 2.5000])
    >>> far = torch.tensor([1e30])
    >>> huber_loss(far, torch.zeros(1), delta=2.0) == 2e30
    tensor(True)

    PyTorch: `torch.nn.functional.huber_loss`. Source: Huber (1964).
    """
    require_alike(input=input, target=target, weight=weight)
    require_number("delta", delta)
    require_positive("delta", delta)
    size = (input - target).abs()
    q = torch.where(size > delta, delta, size)
    return reduce(weigh(q * (size - q / 2), weight), reduction)


def huber_loss_slope(
    input: Tensor,
    target: Tensor,
    delta: float = 1.0,
) -> Tensor:
    """Slope of the Huber loss: m, cut off at -delta and delta.

    Shapes and errors: as for `mse_loss_slope`; `ValueError` unless delta is
    positive.

    >>> huber_loss_slope(torch.tensor([-9.0, 0.5, 1.0]), torch.zeros(3))
    tensor([-1.0000,  0.5000,  1.0000])
    """
    require_alike(input=input, target=target)
    require_number("delta", delta)
    require_positive("delta", delta)
    return (input - target).clamp(-delta, delta)


def smooth_l1_loss(
    input: Tensor,
    target: Tensor,
    *,
    reduction: str = "mean",
    beta: float = 1.0,
) -> Tensor:
    r"""The absolute miss with its kink rounded off.

    The Huber loss divided by beta:
    m^2 / (2 beta) where |m| < beta, else |m| - beta / 2. With beta = 0 it is
    the absolute miss.

    Shapes and errors: as for `mse_loss`; `ValueError` for a negative beta.

    >>> smooth_l1_loss(torch.tensor([0.5, 3.0]), torch.zeros(2), beta=0.5)
    tensor(1.5000)
    >>> smooth_l1_loss(torch.tensor([3.0]), torch.zeros(1), beta=0.0)
    tensor(3.)

    PyTorch: `torch.nn.functional.smooth_l1_loss`. Source: Girshick (2015).
    """
    if beta == 0:
        return l1_loss(input, target, reduction=reduction)
    require_alike(input=input, target=target)
    require_number("beta", beta)
    require_positive("beta", beta)
    size = (input - target).abs()
    q = torch.where(size > beta, beta, size)
    return reduce(q / beta * (size - q / 2), reduction)


def smooth_l1_loss_slope(
    input: Tensor,
    target: Tensor,
    beta: float = 1.0,
) -> Tensor:
    """Slope of smooth L1: m / beta, cut off at -1 and 1.

    Shapes and errors: as for `mse_loss_slope`; `ValueError` for a negative
    beta. With beta = 0 it is the sign of m.

    >>> smooth_l1_loss_slope(torch.tensor([0.5, 3.0]), torch.zeros(2), 2.0)
    tensor([0.2500, 1.0000])
    """
    if beta == 0:
        return l1_loss_slope(input, target)
    return huber_loss_slope(input, target, beta) / beta


def half_sum_of_squares(input: Tensor, target: Tensor) -> Tensor:
    r"""Half the sum of the squared misses, as in many older books.

    E = 1/2 \sum_i m_i^2, whose slope along a prediction is the miss itself.
    PyTorch has no name for it; it is n/2 times `mse_loss`.

    Shapes: input and target the same, any; the result is 0-dimensional.
    Errors: those of `mse_loss`.

    >>> half_sum_of_squares(torch.tensor([1.0, 5.0]), torch.ones(2))
    tensor(8.)
    >>> half_sum_of_squares(torch.tensor([]), torch.tensor([]))
    tensor(0.)
    """
    require_alike(input=input, target=target)
    return ((input - target) ** 2).sum() / 2


def best_line(
    loss: Callable[..., Tensor],
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Find a line close to the lowest loss by looking around.

    Returns its parameters (w, b). Compares 21 by 21 lines, each given by its
    slope w and its height at the mean of x, then looks again around the best,
    up to 150 times over. The window shrinks unless the best lay on its edge.
    Meant for a loss that is convex in w and b; `loss(input, target,
    reduction="none")` gives each point's loss. In a narrow valley it may stop
    a little above the lowest loss.

    Shapes: x and target (n,); the result is (2,).
    Errors: `TypeError` or `ValueError` for x and target that do not match, are
    not (n,) with n > 1, or not finite, or where all x are equal.

    >>> x = torch.tensor([1.0, 2.0, 3.0], dtype=torch.float64)
    >>> best_line(l1_loss, x, 2 * x + 1).round(decimals=6).tolist()
    [2.0, 1.0]
    """
    require_alike(x=x, target=target)
    if x.dim() != 1 or len(x) < 2 or bool((x == x[0]).all()):
        wanted, given = "readings (n,) that differ", tuple(x.shape)
        raise ValueError(f"need {wanted}, got shape {given}")
    if not bool((x.isfinite() & target.isfinite()).all()):
        raise ValueError("x and target must be finite, got nan or inf")
    centered = x - x.mean()
    grid = torch.linspace(-1, 1, 21, dtype=x.dtype)
    reach = target.max() - target.min() + 1
    sides = [reach / centered.abs().max(), reach]
    w, height = torch.zeros_like(reach), target.mean()
    for _ in range(150):
        tilts = (w + sides[0] * grid)[:, None, None]
        heights = (height + sides[1] * grid)[:, None]
        lines = tilts * centered + heights
        answers = target.expand_as(lines)
        total = loss(lines, answers, reduction="none").sum(dim=-1)
        row, column = divmod(int(total.argmin()), 21)
        w, height = tilts[row, 0, 0], heights[column, 0]
        if row not in (0, 20) and column not in (0, 20):
            sides = [0.7 * side for side in sides]
        if sides[0] * centered.abs().max() < 1e-12 * reach:
            break
    return torch.stack([w, height - w * x.mean()])
