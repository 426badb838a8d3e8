"""Where books and PyTorch differ on training, each row computed in both forms.

Notation: loss E, parameters theta, learning rate eta, mini-batch size B; p is
the probability of being dropped, q that of being kept.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from neuralnet.conventions import Convention


def dropped(scale: float = 1.0, p: float = 0.2) -> Tensor:
    """Numbers from 1 to 3 after dropout as first published, times a scale.

    >>> sorted(set(dropped().round().tolist()))
    [0.0, 1.0, 2.0, 3.0]
    """
    x = torch.linspace(1, 3, 200, dtype=torch.float64)
    torch.manual_seed(0)
    keep = torch.empty_like(x).bernoulli_(1 - p)
    return scale * x * keep


def torch_dropped(training: bool = True, p: float = 0.2) -> Tensor:
    """The same numbers through PyTorch's dropout.

    >>> torch_dropped(training=False)[0].item()
    1.0
    """
    x = torch.linspace(1, 3, 200, dtype=torch.float64)
    torch.manual_seed(0)
    return F.dropout(x, p, training)


def at_prediction(q: float = 0.8) -> Tensor:
    """What the first paper does at prediction: multiply by the share kept.

    >>> round(at_prediction()[0].item(), 6)
    0.8
    """
    return q * torch.linspace(1, 3, 200, dtype=torch.float64)


def decayed(
    penalty: Callable[[Tensor, Tensor], Tensor] | None = None,
    weight_decay: float = 0.0,
    total: bool = False,
    spare_bias: bool = False,
) -> Tensor:
    """Weight and bias of a line after 50 steps of SGD on nine examples.

    `penalty` of weight and bias is added to the loss, which is a sum instead
    of a mean for `total` (with the rate divided by 9).

    >>> decayed().shape
    torch.Size([2])
    """
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)
    t = 3 * x + 2
    w = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    b = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    groups = [
        {"params": [w], "weight_decay": weight_decay},
        {"params": [b], "weight_decay": 0.0 if spare_bias else weight_decay},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1 / (9 if total else 1))
    for _ in range(50):
        optimizer.zero_grad()
        misses = (w * x + b - t) ** 2
        loss: Any = misses.sum() if total else misses.mean()
        if penalty is not None:
            loss = loss + penalty(w, b).sum()
        loss.backward()
        optimizer.step()
    return torch.cat([w, b]).detach()


def both(scale: float, w: Tensor, b: Tensor) -> Tensor:
    """The penalty scale (w^2 + b^2).

    >>> both(0.5, torch.ones(1), torch.ones(1))
    tensor([1.])
    """
    return scale * (w**2 + b**2)


def only_weight(scale: float, w: Tensor, b: Tensor) -> Tensor:
    """The penalty scale w^2: the bias goes free.

    >>> only_weight(0.5, torch.ones(1), torch.ones(1))
    tensor([0.5000])
    """
    return scale * w**2


def epoch_loss(by_size: bool) -> Tensor:
    """Loss of an epoch of nine examples in mini-batches of four.

    The mean of the three means, or the mean over the nine examples.

    >>> bool(epoch_loss(True) == epoch_loss(False))
    False
    """
    misses = torch.arange(9, dtype=torch.float64) ** 2
    parts = list(torch.split(misses, 4))
    means = torch.stack([part.mean() for part in parts])
    sizes = torch.tensor([float(len(part)) for part in parts]).double()
    return (means * sizes).sum() / 9 if by_size else means.mean()


def all_at_once() -> Tensor:
    """Loss of the nine examples in one batch, as PyTorch's mse_loss takes it.

    >>> all_at_once().dim()
    0
    """
    misses = torch.arange(9, dtype=torch.float64)
    return F.mse_loss(misses, torch.zeros_like(misses))


def running(after: bool) -> Tensor:
    """Training loss of the first epoch: while it goes, or once it is over.

    >>> bool(running(after=True) < running(after=False))
    True
    """
    torch.manual_seed(0)
    x = torch.linspace(-1, 1, 9, dtype=torch.float64)[:, None]
    t = 3 * x + 2
    model = nn.Linear(1, 1).double()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    seen = []
    for inputs, targets in zip(torch.split(x, 3), torch.split(t, 3), strict=True):
        optimizer.zero_grad()
        loss: Any = F.mse_loss(model(inputs), targets)
        loss.backward()
        optimizer.step()
        seen.append(loss.detach())
    with torch.no_grad():
        return F.mse_loss(model(x), t) if after else torch.stack(seen).mean()


def training_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in training_conventions()][:2]
    ['dropout in training', 'dropout in training, divided by q']
    """
    plain = partial(decayed, weight_decay=0.1)
    return [
        Convention(
            "dropout in training",
            "kept numbers as they are",
            "kept numbers divided by 1 - p",
            dropped,
            torch_dropped,
            source="Srivastava et al. (2014)",
        ),
        Convention(
            "dropout in training, divided by q",
            "kept numbers divided by q",
            "kept numbers divided by 1 - p",
            partial(dropped, 1 / 0.8),
            torch_dropped,
            same=True,
            source="Srivastava et al. (2014)",
        ),
        Convention(
            "dropout at prediction",
            "multiplied by q",
            "left alone",
            at_prediction,
            partial(torch_dropped, False),
            source="Srivastava et al. (2014)",
        ),
        Convention(
            "the paper's p = 0.8 as PyTorch's p",
            "0.8 are kept",
            "0.8 are dropped",
            partial(dropped, 1 / 0.8, p=0.2),
            partial(torch_dropped, p=0.8),
        ),
        Convention(
            "L2 penalty, λ = 0.1",
            "E + λ |θ|²",
            "weight_decay=λ: λ/2 |θ|²",
            partial(decayed, partial(both, 0.1)),
            plain,
        ),
        Convention(
            "L2 penalty with the half",
            "E + λ/2 |θ|²",
            "weight_decay=λ",
            partial(decayed, partial(both, 0.05)),
            plain,
            same=True,
        ),
        Convention(
            "L2 penalty without the bias",
            "E + λ/2 |w|²",
            "weight_decay=λ decays biases too",
            partial(decayed, partial(only_weight, 0.05)),
            plain,
        ),
        Convention(
            "bias in a group without decay",
            "E + λ/2 |w|²",
            "one group with λ, one with 0",
            partial(decayed, partial(only_weight, 0.05)),
            partial(plain, spare_bias=True),
            same=True,
        ),
        Convention(
            "penalty beside a sum over n",
            "sum + λ/2 |θ|², rate η / n",
            "mean, weight_decay=λ",
            partial(decayed, partial(both, 0.05), total=True),
            plain,
        ),
        Convention(
            "penalty beside a sum, divided by n",
            "sum + λ/2 |θ|², rate η / n",
            "mean, weight_decay=λ / n",
            partial(decayed, partial(both, 0.05), total=True),
            partial(decayed, weight_decay=0.1 / 9),
            same=True,
        ),
        Convention(
            "loss of an epoch, 4 + 4 + 1",
            "mean of the three means",
            "mean over nine, in one batch",
            partial(epoch_loss, False),
            all_at_once,
        ),
        Convention(
            "the same, weighted by size",
            "sum of B times mean, over n",
            "mean over nine, in one batch",
            partial(epoch_loss, True),
            all_at_once,
            same=True,
        ),
        Convention(
            "training loss of epoch 0",
            "met while the weights change",
            "measured after the epoch",
            partial(running, False),
            partial(running, True),
        ),
    ]
