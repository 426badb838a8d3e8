"""Losses with one name and several formulas, beside `torch.nn.functional`."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional as F

from neuralnet.conventions import Convention

#: Two predictions of three numbers each, and what they should have been.
PREDICTED = torch.tensor([[1.0, 2.0, 3.0], [0.0, 4.0, -2.0]], dtype=torch.float64)
WANTED = torch.tensor([[1.5, 2.0, 1.0], [0.0, 1.0, -2.5]], dtype=torch.float64)
#: The same read as scores of three classes, with the right classes and weights.
CLASSES = torch.tensor([2, 1])
WEIGHTS = torch.tensor([1.0, 2.0, 4.0], dtype=torch.float64)


def smoothed(share_of_others: float) -> Tensor:
    """Cross-entropy with a tenth of each target spread out.

    The right class keeps what the others do not get.

    >>> smoothed(0.0).item() == F.cross_entropy(PREDICTED, CLASSES).item()
    True
    """
    rows = torch.full_like(PREDICTED, share_of_others)
    rows[[0, 1], CLASSES] = 1 - 2 * share_of_others
    return -(rows * torch.log_softmax(PREDICTED, 1)).sum(1).mean()


def loss_conventions() -> list[Convention]:
    """The rows of this chapter.

    >>> [row.name for row in loss_conventions()][:2]
    ['squared error', 'squared error of vectors']
    """
    squares = (PREDICTED - WANTED) ** 2
    each = -torch.log_softmax(PREDICTED, 1)[[0, 1], CLASSES]
    weight = WEIGHTS[CLASSES]
    p, q = torch.softmax(WANTED, 1), torch.softmax(PREDICTED, 1)
    miss = PREDICTED - WANTED
    quarter = torch.where(miss.abs() < 0.25, miss**2 / 2, 0.25 * miss.abs() - 0.03125)
    return [
        Convention(
            "squared error",
            "half of the sum of squares",
            "mse_loss: mean of squares",
            lambda: squares.sum() / 2,
            lambda: F.mse_loss(PREDICTED, WANTED),
            source="Bishop (2006), equation 1.2",
        ),
        Convention(
            "squared error of vectors",
            "mean over examples of |miss|²",
            "mse_loss: mean over all numbers",
            lambda: squares.sum(1).mean(),
            lambda: F.mse_loss(PREDICTED, WANTED),
        ),
        Convention(
            "Huber loss, δ = 1/4",
            "slope of at most δ",
            "huber_loss(delta=0.25)",
            quarter.mean,
            lambda: F.huber_loss(PREDICTED, WANTED, delta=0.25),
            same=True,
            source="Huber (1964)",
        ),
        Convention(
            "Huber loss as smooth L1",
            "slope of at most δ",
            "smooth_l1_loss(beta=0.25): of at most 1",
            quarter.mean,
            lambda: F.smooth_l1_loss(PREDICTED, WANTED, beta=0.25),
        ),
        Convention(
            "what cross-entropy is given",
            "probabilities",
            "cross_entropy: scores",
            each.mean,
            lambda: F.cross_entropy(torch.softmax(PREDICTED, 1), CLASSES),
        ),
        Convention(
            "negative log-likelihood",
            "of probabilities",
            "nll_loss: of their logarithms",
            each.mean,
            lambda: F.nll_loss(torch.softmax(PREDICTED, 1), CLASSES),
        ),
        Convention(
            "weighted mean",
            "sum of weighted losses / n",
            "cross_entropy: / sum of the weights",
            lambda: (weight * each).mean(),
            lambda: F.cross_entropy(PREDICTED, CLASSES, weight=WEIGHTS),
        ),
        Convention(
            "label smoothing of 0.1, to the others",
            "0.1 / (C - 1) for each other class",
            "0.1 / C for every class",
            lambda: smoothed(0.1 / 2),
            lambda: F.cross_entropy(PREDICTED, CLASSES, label_smoothing=0.1),
        ),
        Convention(
            "label smoothing of 0.1, to all",
            "0.1 / C for every class",
            "the same",
            lambda: smoothed(0.1 / 3),
            lambda: F.cross_entropy(PREDICTED, CLASSES, label_smoothing=0.1),
            same=True,
            source="Szegedy et al. (2016)",
        ),
        Convention(
            "divergence of p from q",
            "KL(p, q): sum of p log(p / q)",
            "kl_div(log p, q): sum of q log(q / p)",
            lambda: (p * (p / q).log()).sum(1).mean(),
            lambda: F.kl_div(p.log(), q, reduction="batchmean"),
        ),
        Convention(
            "divergence, the other way round",
            "KL(p, q): sum of p log(p / q)",
            "kl_div(log q, p): the same",
            lambda: (p * (p / q).log()).sum(1).mean(),
            lambda: F.kl_div(q.log(), p, reduction="batchmean"),
            same=True,
        ),
    ]
