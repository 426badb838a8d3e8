"""Optimizers as books write them, beside `torch.optim`, on one valley.

The valley is E(u, v) = (u^2 + 25 v^2) / 2, both start at (1, 1), 60 steps; the
quantity compared is the path, of shape (61, 2).
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
from torch import Tensor

from neuralnet.conventions import Convention

#: Curvatures of the valley on which the forms are compared.
VALLEY = torch.tensor([1.0, 25.0], dtype=torch.float64)
#: Takes parameters, the step's number t = 1, 2, ... and its own memory.
Rule = Callable[[Tensor, int, dict[str, Any]], Tensor]


def book_path(rule: Rule, scale: float = 1.0) -> Tensor:
    """Every point that a rule visits on the valley, the start included.

    The gradient that the rule sees is in `memory["slope"]`, a function.

    >>> book_path(lambda p, t, memory: p - 0.01 * memory["slope"](p)).shape
    torch.Size([61, 2])
    """
    memory: dict[str, Any] = {"slope": lambda p: scale * VALLEY * p}
    path = [torch.ones(2, dtype=torch.float64)]
    for t in range(1, 61):
        path.append(rule(path[-1], t, memory))
    return torch.stack(path)


def torch_path(
    build: Callable, scale: float = 1.0, cut: float = 1.0, **options: Any
) -> Tensor:
    """The path of a `torch.optim` class; after 30 steps lr is multiplied by cut.

    >>> torch_path(torch.optim.SGD, lr=0.01).shape
    torch.Size([61, 2])
    """
    param = torch.ones(2, dtype=torch.float64, requires_grad=True)
    optimizer = build([param], **options)
    path = [param.detach().clone()]
    for t in range(1, 61):
        if t == 31:
            optimizer.param_groups[0]["lr"] *= cut
        param.grad = scale * VALLEY * param.detach()
        optimizer.step()
        path.append(param.detach().clone())
    return torch.stack(path)


def rate_inside(p: Tensor, t: int, memory: dict[str, Any], cut: float = 1.0) -> Tensor:
    """Momentum with the rate inside: v <- mu v - eta g, theta <- theta + v.

    >>> one = torch.ones(2)
    >>> rate_inside(one, 1, {"slope": lambda p: p})
    tensor([0.9800, 0.9800])
    """
    lr = 0.02 * (cut if t > 30 else 1.0)
    memory["v"] = 0.9 * memory.get("v", 0) - lr * memory["slope"](p)
    moved: Tensor = p + memory["v"]
    return moved


def averaging(p: Tensor, t: int, memory: dict[str, Any], lr: float = 0.02) -> Tensor:
    """Momentum as an average: m <- beta m + (1 - beta) g.

    >>> averaging(torch.ones(2), 1, {"slope": lambda p: p})
    tensor([0.9980, 0.9980])
    """
    new = (1 - 0.9) * memory["slope"](p)
    memory["m"] = 0.9 * memory.get("m", 0) + new
    moved: Tensor = p - lr * memory["m"]
    return moved


def look_ahead(p: Tensor, t: int, memory: dict[str, Any]) -> Tensor:
    """Nesterov's momentum with the slope where the velocity leads.

    v <- mu v - eta g(theta + mu v), theta <- theta + v.

    >>> look_ahead(torch.ones(2), 1, {"slope": lambda p: p})
    tensor([0.9800, 0.9800])
    """
    ahead = p + 0.9 * memory.get("v", 0)
    slope = memory["slope"](ahead)
    memory["v"] = 0.9 * memory.get("v", 0) - 0.02 * slope
    moved: Tensor = p + memory["v"]
    return moved


def ahead_points() -> Tensor:
    """The places at which `look_ahead` takes its slopes.

    >>> ahead_points().shape
    torch.Size([61, 2])
    """
    path = book_path(look_ahead)
    steps = torch.cat([torch.zeros_like(path[:1]), path.diff(dim=0)])
    return path + 0.9 * steps


def eps_inside(p: Tensor, t: int, memory: dict[str, Any]) -> Tensor:
    """AdaGrad with eps under the root: g / sqrt(h + eps).

    >>> eps_inside(torch.ones(2), 1, {"slope": lambda p: p}).round(decimals=4)
    tensor([0.9000, 0.9000])
    """
    grad = memory["slope"](p)
    memory["h"] = memory.get("h", 0) + grad**2
    moved: Tensor = p - 0.1 * grad / (memory["h"] + 1e-6).sqrt()
    return moved


def adam_rule(
    p: Tensor,
    t: int,
    memory: dict[str, Any],
    correct: bool = True,
    hat: bool = False,
    most: bool = False,
    decay: float = 0.0,
) -> Tensor:
    """Adam, or one of its variants in print.

    Without `correct`, no bias correction. With `hat`, the shorter form of
    Kingma and Ba's section 2, whose eps is added to the root of the
    uncorrected h. With `most`, AMSGrad as Reddi et al. print it. `decay` is
    subtracted without the factor lr, as Loshchilov and Hutter print it (their
    schedule's factor is 1 here).

    >>> adam_rule(torch.ones(2), 1, {"slope": lambda p: p}).round(decimals=4)
    tensor([0.9500, 0.9500])
    """
    lr, eps, grad = 0.05, 1e-4, memory["slope"](p)
    memory["m"] = 0.9 * memory.get("m", 0) + (1 - 0.9) * grad
    h = 0.999 * memory.get("h", 0) + (1 - 0.999) * grad**2
    memory["h"] = h
    first, second = (1 - 0.9**t, 1 - 0.999**t) if correct else (1, 1)
    if most:
        h = memory["most"] = torch.maximum(memory.get("most", h), h)
    if hat:
        step = lr * second**0.5 / first * memory["m"] / (h.sqrt() + eps)
    else:
        root = (h / second).sqrt()
        step = lr * memory["m"] / first / (root + eps)
    moved: Tensor = p - step - decay * p
    return moved


def optimizer_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in optimizer_conventions()][:2]
    ['momentum', 'momentum, rate cut at half-time']
    """
    sgd, adam = torch.optim.SGD, torch.optim.Adam
    heavy = partial(torch_path, sgd, lr=0.02, momentum=0.9)
    small = partial(torch_path, adam, lr=0.05, eps=1e-4)
    decoupled = partial(torch_path, torch.optim.AdamW, lr=0.05, eps=1e-4)
    beside = partial(book_path, partial(adam_rule, decay=0.05 * 0.1))
    return [
        Convention(
            "momentum",
            "v = μ v - η g;  θ = θ + v",
            "v = μ v + g;  θ = θ - η v",
            partial(book_path, rate_inside),
            heavy,
            same=True,
            source="Sutskever et al. (2013), classical momentum",
        ),
        Convention(
            "momentum, rate cut at half-time",
            "η is in the steps already taken",
            "η scales the whole velocity at once",
            partial(book_path, partial(rate_inside, cut=0.1)),
            partial(heavy, cut=0.1),
        ),
        Convention(
            "momentum as an average",
            "v = μ v + (1 - μ) g;  θ = θ - η v",
            "v = μ v + g;  θ = θ - η v",
            partial(book_path, averaging),
            heavy,
        ),
        Convention(
            "average, rate η / (1 - μ)",
            "v = μ v + (1 - μ) g",
            "v = μ v + g, rate η",
            partial(book_path, partial(averaging, lr=0.02 / (1 - 0.9))),
            heavy,
            same=True,
        ),
        Convention(
            "dampening μ",
            "v starts as (1 - μ) g",
            "v starts as g, damped from step 2 on",
            partial(book_path, averaging),
            partial(heavy, dampening=0.9),
        ),
        Convention(
            "Nesterov",
            "g at θ + μ v;  v = μ v - η g;  θ + v",
            "v = μ v + g;  θ = θ - η (g + μ v)",
            partial(book_path, look_ahead),
            partial(heavy, nesterov=True),
            source="Sutskever et al. (2013), Nesterov's gradient",
        ),
        Convention(
            "Nesterov, where the slope is taken",
            "θ + μ v of the book",
            "θ of PyTorch",
            ahead_points,
            partial(heavy, nesterov=True),
            same=True,
        ),
        Convention(
            "eps in AdaGrad, slopes near 1",
            "g / sqrt(h + eps)",
            "g / (sqrt(h) + eps)",
            partial(book_path, eps_inside),
            partial(torch_path, torch.optim.Adagrad, lr=0.1, eps=1e-6),
        ),
        Convention(
            "eps in AdaGrad, slopes near 1e-4",
            "g / sqrt(h + eps)",
            "g / (sqrt(h) + eps)",
            partial(book_path, eps_inside, 1e-4),
            partial(torch_path, torch.optim.Adagrad, 1e-4, lr=0.1, eps=1e-6),
        ),
        Convention(
            "Adam, bias correction",
            "m / (sqrt(h) + eps)",
            "both divided by 1 - β^t first",
            partial(book_path, partial(adam_rule, correct=False)),
            small,
        ),
        Convention(
            "eps in Adam, slopes near 1e-4",
            "added to sqrt(h) before correction",
            "added after correction",
            partial(book_path, partial(adam_rule, hat=True), 1e-4),
            partial(small, 1e-4),
            source="Kingma and Ba (2015), end of section 2",
        ),
        Convention(
            "Adam, weight_decay 0.1",
            "θ = (1 - η λ) θ, then Adam's step",
            "λ θ is added to g",
            beside,
            partial(small, weight_decay=0.1),
        ),
        Convention(
            "AdamW in PyTorch, weight_decay 0.1",
            "θ = (1 - η λ) θ, then Adam's step",
            "the same",
            beside,
            partial(decoupled, weight_decay=0.1),
            same=True,
        ),
        Convention(
            "AdamW, weight_decay 0.1",
            "θ = (1 - λ) θ, then Adam's step",
            "θ = (1 - η λ) θ, then Adam's step",
            partial(book_path, partial(adam_rule, decay=0.1)),
            partial(decoupled, weight_decay=0.1),
            source="Loshchilov and Hutter (2019), algorithm 2",
        ),
        Convention(
            "AdamW, λ divided by η",
            "θ = (1 - λ) θ",
            "θ = (1 - η λ / η) θ",
            partial(book_path, partial(adam_rule, decay=0.1)),
            partial(decoupled, weight_decay=2.0),
            same=True,
        ),
        Convention(
            "AMSGrad",
            "no bias correction",
            "m and the largest h corrected",
            partial(book_path, partial(adam_rule, correct=False, most=True)),
            partial(small, amsgrad=True),
            source="Reddi et al. (2018), algorithm 2",
        ),
    ]
