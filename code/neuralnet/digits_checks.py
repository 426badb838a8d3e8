"""The chapter's functions beside scikit-learn's and `torch.func`'s."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import accuracy_score
from sklearn.metrics import confusion_matrix as sklearn_matrix
from sklearn.neighbors import NearestCentroid
from sklearn.preprocessing import StandardScaler
from torch import Tensor
from torch.func import functional_call, vmap

from neuralnet.agreement import Check
from neuralnet.digits import (
    Standardize,
    accuracy,
    centroids,
    forward_many,
    logistic_regression,
    loss_many,
    nearest_centroid,
    network,
    stack_networks,
    train_many,
)
from neuralnet.digits_answers import (
    confusion_matrix,
    expected_calibration_error,
    fit_temperature,
)

#: Sizes of the small networks on which the batched code is tried.
SMALL = (6, 5, 4, 3)


def small_cases(dtype: torch.dtype = torch.float64) -> list[tuple[Tensor, Tensor]]:
    """Examples of three classes with six features: many, few, far apart.

    >>> [tuple(x.shape) for x, _ in small_cases()]
    [(60, 6), (9, 6), (30, 6)]
    """
    rng = torch.Generator().manual_seed(11)
    cases = []
    for n, spread in (60, 1.0), (9, 1.0), (30, 1e4):
        target = torch.arange(n) % 3
        x = torch.randn(n, 6, generator=rng, dtype=dtype) + target[:, None]
        cases.append((spread * x, target))
    return cases


def score_cases() -> list[tuple[Tensor, Tensor]]:
    """Scores that are often, but not always, right.

    >>> [round(accuracy(*case).item(), 2) for case in score_cases()]
    [0.85, 0.9]
    """
    rng = torch.Generator().manual_seed(12)
    cases = []
    for n, size in (400, 2.0), (50, 6.0):
        target = torch.randint(4, (n,), generator=rng)
        noise = torch.randn(n, 4, generator=rng, dtype=torch.float64)
        cases.append((size * (noise + 2.1 * F.one_hot(target, 4)), target))
    return cases


def with_vmap(x: Tensor, *params: Tensor) -> Tensor:
    """Scores of many networks by `torch.func`, one call of one module.

    >>> params = stack_networks([0, 1], SMALL)
    >>> with_vmap(torch.zeros(2, 7, 6), *params).shape
    torch.Size([2, 7, 3])
    """
    one = network(SMALL).to(x.dtype)
    names = [name for name, _ in one.named_parameters()]

    def call(params: tuple[Tensor, ...], x: Tensor) -> Tensor:
        named = dict(zip(names, params, strict=True))
        scores: Tensor = functional_call(one, named, (x,))
        return scores

    scores: Tensor = vmap(call)(params, x)
    return scores


def many_cases() -> list[tuple[Tensor, ...]]:
    """Images for three networks, and the networks' parameters.

    >>> [tuple(case[0].shape) for case in many_cases()]
    [(3, 7, 6), (3, 1, 6)]
    """
    rng = torch.Generator().manual_seed(13)
    params = [p.detach().double() for p in stack_networks([0, 1, 2], SMALL)]
    return [
        (torch.randn(3, n, 6, generator=rng, dtype=torch.float64), *params)
        for n in (7, 1)
    ]


def trained_together(x: Tensor, target: Tensor, adam: bool) -> Tensor:
    """First weights of four networks after five epochs, trained as one.

    >>> trained_together(*small_cases()[0], adam=True).shape
    torch.Size([4, 5, 6])
    """
    seeds = [0, 1, 2, 3]
    stacks = [p.detach().double() for p in stack_networks(seeds, SMALL)]
    params = [p.requires_grad_() for p in stacks]
    optimizer: torch.optim.Optimizer = torch.optim.SGD(params, 0.05, 0.9)
    if adam:
        optimizer = torch.optim.Adam(params, 5e-3)
    xs, targets = x.expand(4, *x.shape), target.expand(4, -1)
    train_many(params, optimizer, xs, targets, epochs=5, seeds=seeds, batch_size=8)
    return params[0].detach()


def trained_alone(x: Tensor, target: Tensor, adam: bool) -> Tensor:
    """The same, a plain loop for each of the four.

    >>> trained_alone(*small_cases()[0], adam=True).shape
    torch.Size([4, 5, 6])
    """
    found = []
    for seed in range(4):
        torch.manual_seed(seed)
        model = network(SMALL).double()
        params = list(model.parameters())
        optimizer: torch.optim.Optimizer = torch.optim.SGD(params, 0.05, 0.9)
        if adam:
            optimizer = torch.optim.Adam(params, 5e-3)
        rng = torch.Generator().manual_seed(seed)
        for _ in range(5):
            deck = torch.randperm(len(x), generator=rng)
            for k in range(0, len(x), 8):
                pick = deck[k : k + 8]
                optimizer.zero_grad()
                loss = F.cross_entropy(model(x[pick]), target[pick])
                torch.autograd.backward(loss)
                optimizer.step()
        found.append(params[0].detach())
    return torch.stack(found)


#: scikit-learn's classes.
SKLEARN: Any = {
    "logistic": LogisticRegression,
    "centroid": NearestCentroid,
    "scaler": StandardScaler,
}


def sklearn_weights(x: Tensor, target: Tensor) -> Tensor:
    """Weights of scikit-learn's logistic regression: C is 1 / (n times decay).

    >>> sklearn_weights(*small_cases()[0]).shape
    torch.Size([3, 6])
    """
    inverse = 1 / (0.01 * len(x))
    model = SKLEARN["logistic"](C=inverse, tol=1e-10, max_iter=10_000)
    model.fit(x.numpy(), target.numpy())
    return torch.tensor(model.coef_)


def error_by_hand(confidence: Tensor, right: Tensor) -> Tensor:
    """The calibration error with NumPy, bin by bin.

    >>> error_by_hand(torch.tensor([1.0, 1.0]), torch.tensor([True, False]))
    tensor(0.5000, dtype=torch.float64)
    """
    sure, hit = confidence.double().numpy(), right.numpy()
    place = np.clip(np.ceil(sure * 10), 1, 10)
    total = 0.0
    for k in np.unique(place):
        inside = place == k
        gap = sure[inside].mean() - hit[inside].mean()
        total += inside.mean() * abs(gap)
    return torch.tensor(total)


def finest_temperature(scores: Tensor, target: Tensor) -> Tensor:
    """The best temperature by trying ever finer grids of them.

    >>> finest_temperature(*score_cases()[0]) > 0
    tensor(True)
    """
    low, high = 0.05, 20.0
    for _ in range(12):
        grid = torch.linspace(low, high, 41, dtype=torch.float64)
        losses = [F.cross_entropy(scores / t, target) for t in grid]
        best = int(torch.stack(losses).argmin())
        low = grid[max(best - 1, 0)].item()
        high = grid[min(best + 1, 40)].item()
    return torch.tensor((low + high) / 2)


def agreement_checks() -> list[Check]:
    """What the table at the end of the chapter shows."""
    small, scored = small_cases(), score_cases()
    predicted = [(t, s.argmax(dim=1)) for s, t in scored]
    sure = [(s.softmax(dim=1).amax(dim=1), s.argmax(dim=1) == t) for s, t in scored]

    def plain(
        name: str,
        ours: Callable[..., Tensor],
        theirs: Callable[..., Tensor],
        cases: list[tuple[Tensor, Tensor]],
        tolerance: float = 1e-12,
    ) -> Check:
        return Check(name, ours, theirs, cases, tolerance, grad=False)

    def losses(x: Tensor, *params: Tensor) -> Tensor:
        target = torch.arange(x.shape[1]).expand(len(x), -1) % 3
        return loss_many(params, x, target)

    def losses_apart(x: Tensor, *params: Tensor) -> Tensor:
        target = torch.arange(x.shape[1]) % 3
        scores = with_vmap(x, *params)
        return torch.stack([F.cross_entropy(s, target) for s in scores])

    return [
        plain(
            "Standardize",
            lambda x, _: Standardize(x)(x).reshape(-1, 1),
            lambda x, _: torch.tensor(
                SKLEARN["scaler"]().fit_transform(x.reshape(-1, 1).numpy())
            ),
            small,
        ),
        plain(
            "accuracy",
            accuracy,
            lambda s, t: torch.tensor(
                accuracy_score(t, s.argmax(dim=1)), dtype=torch.float64
            ),
            scored,
        ),
        plain(
            "nearest_centroid",
            lambda x, t: nearest_centroid(x, centroids(x, t, 3)).argmax(dim=1),
            lambda x, t: torch.tensor(
                SKLEARN["centroid"]().fit(x.numpy(), t.numpy()).predict(x.numpy())
            ),
            small,
        ),
        plain(
            "logistic",
            lambda x, t: logistic_regression(x, t, 0.01, 3).weight,
            sklearn_weights,
            small[:2],
            tolerance=1e-5,
        ),
        Check(
            "forward_many", lambda x, *p: forward_many(p, x), with_vmap, many_cases()
        ),
        Check("loss_many", losses, losses_apart, many_cases()),
        plain(
            "train_many SGD",
            lambda x, t: trained_together(x, t, adam=False),
            lambda x, t: trained_alone(x, t, adam=False),
            small[:2],
            tolerance=1e-10,
        ),
        plain(
            "train_many Adam",
            lambda x, t: trained_together(x, t, adam=True),
            lambda x, t: trained_alone(x, t, adam=True),
            small[:2],
            tolerance=1e-10,
        ),
        plain(
            "confusion_matrix",
            lambda t, p: confusion_matrix(t, p, 4),
            lambda t, p: torch.tensor(sklearn_matrix(t, p)),
            predicted,
        ),
        plain(
            "calibration",
            lambda p, r: torch.tensor(
                expected_calibration_error(p, r), dtype=torch.float64
            ),
            error_by_hand,
            sure,
        ),
        plain(
            "fit_temperature",
            lambda s, t: torch.tensor(fit_temperature(s, t)),
            finest_temperature,
            scored,
            tolerance=1e-6,
        ),
    ]
