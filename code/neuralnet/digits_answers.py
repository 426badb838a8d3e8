"""What a classifier's answers are worth: which are mistaken for which, how sure it is.

Notation: p holds probabilities, a row an example, a column a class; the confidence
of an answer is the largest of its row; T is a temperature by which scores are
divided before softmax.
"""

from __future__ import annotations

import math

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.checks import (
    require_at_least,
    require_between,
    require_classes,
    require_dimensions,
    require_same_shape,
    require_table,
)


def confusion_matrix(target: Tensor, prediction: Tensor, classes: int = 10) -> Tensor:
    """How often each class was taken for each: rows are true, columns said.

    Shapes: target (n,), prediction (n,) -> (C, C), int64.
    Errors: `ValueError` if the shapes differ or a class lies outside.

    >>> confusion_matrix(torch.tensor([0, 0, 1]), torch.tensor([0, 1, 1]), 2)
    tensor([[1, 1],
            [0, 1]])
    >>> confusion_matrix(torch.tensor([2]), torch.tensor([0]), 2)
    Traceback (most recent call last):
        ...
    ValueError: target must lie from 0 to 1, got 2
    """
    require_dimensions("target", target, 1)
    require_same_shape(target=target, prediction=prediction)
    require_between("target", target, 0, classes - 1)
    require_between("prediction", prediction, 0, classes - 1)
    pairs = classes * target + prediction
    return pairs.bincount(minlength=classes**2).view(classes, classes)


def reliability(
    confidence: Tensor, right: Tensor, bins: int = 10
) -> tuple[Tensor, Tensor, Tensor]:
    """Mean confidence, share of right answers and count in each of equal bins.

    Bin k holds confidences above k / bins up to (k + 1) / bins (0 falls into
    the first). An empty bin has confidence and share nan.

    Shapes: confidence (n,), right (n,) of bool -> (bins,) each.
    Errors: `ValueError` for shapes that differ, confidences outside 0 to 1, or
    no bin.

    >>> confidence = torch.tensor([0.5, 0.9, 1.0])
    >>> reliability(confidence, torch.tensor([True, True, False]), 2)[2]
    tensor([1, 2])
    """
    require_same_shape(confidence=confidence, right=right)
    require_between("confidence", confidence, 0, 1)
    require_at_least("bins", bins, 1)
    edges = torch.arange(1, bins, dtype=confidence.dtype) / bins
    place = torch.bucketize(confidence, edges)
    count = place.bincount(minlength=bins)
    sure = place.bincount(confidence.double(), minlength=bins) / count
    share = place.bincount(right.double(), minlength=bins) / count
    return sure, share, count


def expected_calibration_error(
    confidence: Tensor, right: Tensor, bins: int = 10
) -> float:
    """The mean gap between confidence and share of right answers, by bins.

    Each bin's |confidence - share| counts by its number of examples.

    Errors: as `reliability`; `ValueError` without an example.
    Source: Naeini, Cooper and Hauskrecht (2015); bins as Guo et al. (2017).

    >>> half = torch.tensor([True, False])
    >>> expected_calibration_error(torch.tensor([0.5, 0.5]).double(), half)
    0.0
    >>> expected_calibration_error(torch.tensor([1.0, 1.0]), half)
    0.5
    """
    require_at_least("number of examples", len(confidence), 1)
    sure, share, count = reliability(confidence, right, bins)
    gaps = (sure - share).abs().nan_to_num(0.0)
    return float((gaps * count).sum() / count.sum())


def fit_temperature(scores: Tensor, target: Tensor) -> float:
    """The temperature T for which scores / T have the smallest cross-entropy.

    With u = 1 / T the loss is convex, and its slope is the mean of what softmax
    expects a score to be, minus the score of the right class. Bisection on log u
    finds where the slope is zero, between T = 1/100 and T = 100; a minimum that
    lies outside gives the nearer end.

    Shapes: scores (n, C), target (n,).
    Errors: `ValueError` for shapes that do not fit, targets that are no classes.
    Source: Guo et al. (2017), temperature scaling.

    >>> scores = torch.tensor([[3.0, 0.0], [3.0, 0.0], [3.0, 0.0], [3.0, 0.0]])
    >>> round(fit_temperature(scores, torch.tensor([0, 0, 0, 1])), 4)
    2.7307
    """
    require_table("scores", scores)
    require_classes(scores, target, ignore_index=0)
    z = scores.detach().double()
    right = z.gather(1, target[:, None]).mean()
    low, high = torch.tensor([0.01, 100.0], dtype=z.dtype).log()
    for _ in range(60):
        middle = (low + high) / 2
        expected = (F.softmax(middle.exp() * z, dim=1) * z).sum(dim=1).mean()
        low, high = (low, middle) if expected > right else (middle, high)
    return math.exp(-(low + high).item() / 2)
