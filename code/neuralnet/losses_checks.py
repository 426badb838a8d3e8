"""The losses beside PyTorch's: what is compared, and on which inputs.

Every option meets every other: reductions, weights, ignored classes, smoothing,
class indices and class probabilities, shapes with and without extra dimensions.
One thing is left out, and a test of its own looks at it: at a score of -inf
PyTorch's `binary_cross_entropy_with_logits` is nan whatever the target.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import partial
from itertools import product

import torch
import torch.nn.functional as F
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.losses import (
    half_sum_of_squares,
    huber_loss,
    huber_loss_slope,
    l1_loss,
    l1_loss_slope,
    mse_loss,
    mse_loss_slope,
    smooth_l1_loss,
    smooth_l1_loss_slope,
)
from neuralnet.losses_of_classes import (
    binary_cross_entropy,
    binary_cross_entropy_slope,
    binary_cross_entropy_with_logits,
    binary_cross_entropy_with_logits_slope,
    cross_entropy,
    cross_entropy_slope,
    log_softmax,
    logsigmoid,
    logsumexp,
    nll_loss,
)

REDUCTIONS = ("none", "mean", "sum")
FAR = (0.0, -0.0, 1.0, -1.0, 2.0, 1e-30, 1e4, -1e4)
EDGE = (math.inf, -math.inf, math.nan)


def numbers(
    *shape: int,
    seed: int = 0,
    dtype: torch.dtype = torch.float64,
) -> Tensor:
    """Standard normal numbers of a shape, the same on every run.

    >>> numbers(2, 3).shape
    torch.Size([2, 3])
    """
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64).to(dtype)


def misses(dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
    """Predictions, targets and weights: ordinary, extreme and degenerate.

    >>> [tuple(x.shape) for x, _, _ in misses(torch.float64)]
    [(50,), (11,), (3, 4), (), (0,), (2, 0), (4, 3)]
    """
    far = torch.tensor([*FAR, *EDGE], dtype=dtype)
    cases: list[tuple[Tensor, ...]]
    cases = [(3 * numbers(50, dtype=dtype), numbers(50, seed=1, dtype=dtype))]
    cases += [(far, torch.zeros_like(far))]
    for shape in ((3, 4), (), (0,), (2, 0)):
        cases += [tuple(numbers(*shape, seed=k, dtype=dtype) for k in (2, 3))]
    cases += [(cases[2][0].T, cases[2][1].T)]
    return [(x, t, numbers(*x.shape, dtype=dtype) ** 2) for x, t in cases]


def chances(dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
    """Probabilities, targets and weights, with p and t exactly 0 and 1.

    >>> [tuple(p.shape) for p, _, _ in chances(torch.float64)]
    [(4, 25), (7, 5), (0,)]
    """
    p = torch.sigmoid(3 * numbers(4, 25, dtype=dtype))
    t = torch.sigmoid(numbers(4, 25, seed=1, dtype=dtype))
    ends = [0.0, 1.0, 1e-30, 1e-13, 1e-7, 0.5, 1 - 1e-7]
    p_ends = torch.tensor(ends, dtype=dtype)[:, None].expand(7, 5)
    t_ends = torch.tensor([0.0, 1.0, 0.5, 0.1, 0.9], dtype=dtype).expand(7, 5)
    cases = [(p, t), (p_ends, t_ends), (p[0, :0], t[0, :0])]
    return [(x, y, numbers(*x.shape[-1:], dtype=dtype) ** 2) for x, y in cases]


def binary_scores(dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
    """Scores, targets and weights, with scores from -1e4 to inf.

    >>> [tuple(z.shape) for z, _, _ in binary_scores(torch.float64)]
    [(4, 25), (9, 4), (0,)]
    """
    z = 5 * numbers(4, 25, dtype=dtype)
    t = torch.sigmoid(3 * numbers(4, 25, seed=1, dtype=dtype)).round()
    far = torch.tensor([*FAR, math.inf], dtype=dtype)[:, None].expand(9, 4)
    t_far = torch.tensor([0.0, 1.0, 0.5, 0.9], dtype=dtype).expand(9, 4)
    cases = [(z, t), (far, t_far), (z[0, :0], t[0, :0])]
    return [(x, y, numbers(*x.shape[-1:], dtype=dtype) ** 2) for x, y in cases]


def score_rows(dtype: torch.dtype) -> list[Tensor]:
    """Scores of three classes: ordinary, extreme, of one to four dimensions.

    >>> [tuple(z.shape) for z in score_rows(torch.float64)]
    [(7, 3), (6, 3), (3,), (2, 3, 4), (2, 3, 2, 5), (0, 3), (4, 3)]
    """
    inf = math.inf
    far = [[1e4, -1e4, 0.0], [0.0, 0.0, 0.0], [-inf, 0.0, 1.0]]
    far += [[1e30, 0.0, 0.0], [inf, 0.0, 0.0], [math.nan, 0.0, 1.0]]
    shapes = (3,), (2, 3, 4), (2, 3, 2, 5), (0, 3)
    return [
        numbers(7, 3, dtype=dtype),
        torch.tensor(far, dtype=dtype),
        *(2 * numbers(*shape, dtype=dtype) for shape in shapes),
        numbers(3, 4, dtype=dtype).T,
    ]


def class_cases(dtype: torch.dtype, ignored: int = -100) -> list[tuple[Tensor, ...]]:
    """Scores with one class per example; none, some or all are ignored.

    >>> len(class_cases(torch.float64))
    21
    """
    cases: list[tuple[Tensor, ...]] = []
    for z in score_rows(dtype):
        shape = z.select(min(1, z.dim() - 1), 0).shape
        target = torch.arange(shape.numel()).reshape(shape) % 3
        some = torch.where(target == 1, ignored, target)
        none = torch.full_like(target, ignored)
        cases += [(z, target), (z, some), (z, none)]
    return cases


def share_cases(dtype: torch.dtype) -> list[tuple[Tensor, ...]]:
    """Scores with a probability for every class.

    >>> len(share_cases(torch.float64))
    7
    """
    cases: list[tuple[Tensor, ...]] = []
    for z in score_rows(dtype):
        other = numbers(*z.shape, seed=5, dtype=dtype)
        cases.append((z, torch.softmax(other, dim=-1)))
    return cases


def agree(
    name: str,
    ours: Callable,
    theirs: Callable,
    inputs: Callable,
    *options: dict,
) -> list[Check]:
    """A check in each precision: all inputs under all options and reductions.

    An option may be a function: it then makes its value from the inputs.

    >>> checks = agree("mse_loss", mse_loss, F.mse_loss, misses, {})
    >>> [(check.name, len(check.cases)) for check in checks]
    [('mse_loss', 21), ('mse_loss, f32', 21)]
    """
    checks = []
    for label, dtype, most in (
        (name, torch.float64, 1e-12),
        (f"{name}, f32", torch.float32, 5e-6),
    ):
        tried = list(product(inputs(dtype), options, REDUCTIONS))
        cases = [(case[0], torch.tensor(k)) for k, (case, *_) in enumerate(tried)]
        ask, judge = partial(call, ours, tried), partial(call, theirs, tried)
        checks.append(Check(label, ask, judge, cases, most))
    return checks


def call(function: Callable, tried: list, input: Tensor, k: Tensor) -> Tensor:
    """One loss of `input`, with everything else taken from `tried[k]`.

    >>> tried = [((torch.ones(2), torch.zeros(2)), {}, "sum")]
    >>> call(mse_loss, tried, torch.ones(2), torch.tensor(0))
    tensor(2.)
    """
    case, option, reduction = tried[int(k)]
    made = {key: v(*case) if callable(v) else v for key, v in option.items()}
    result: Tensor = function(input, case[1], reduction=reduction, **made)
    return result


def by_autograd(loss: Callable) -> Callable[..., Tensor]:
    """Slope of each example's loss by its own prediction, by autograd.

    >>> by_autograd(F.mse_loss)(torch.tensor([3.0]), torch.tensor([1.0]))
    tensor([4.])
    """

    def slope(input: Tensor, target: Tensor) -> Tensor:
        leaf = input.detach().clone().requires_grad_()
        total = loss(leaf, target, reduction="sum")
        return torch.autograd.grad(total, leaf)[0]

    return slope


def third(input: Tensor, target: Tensor, weight: Tensor) -> Tensor:
    """The weights that stand beside an input and its target.

    >>> third(torch.zeros(1), torch.zeros(1), torch.ones(1))
    tensor([1.])
    """
    return weight


def rising(input: Tensor, *rest: Tensor) -> Tensor:
    """Weights 0.5, 1.5, 2.5 for three classes, in the dtype of the scores.

    >>> rising(torch.zeros(7, 3))
    tensor([0.5000, 1.5000, 2.5000])
    """
    return torch.arange(3, dtype=input.dtype, device=input.device) + 0.5


def agreement_checks() -> list[Check]:
    """Every loss in both precisions, and every slope.

    >>> len(agreement_checks())
    34
    """
    weights = [{}, {"weight": third}]
    binary = [*weights, {"pos_weight": third}, {"pos_weight": third, "weight": third}]
    classes = [{}, {"weight": rising}]
    smooth = [
        {**option, "label_smoothing": s} for option in classes for s in (0.0, 0.1, 1.0)
    ]
    some = [{**option, "ignore_index": 1} for option in smooth]
    ignoring = partial(class_cases, ignored=1)
    deltas = [{"delta": d, **o} for d in (0.5, 1.0, 1e3) for o in weights]
    betas = [{"beta": b} for b in (0.0, 0.5, 1.0, 1e3)]
    entropies = cross_entropy, F.cross_entropy
    bce = binary_cross_entropy, F.binary_cross_entropy
    with_logits = (
        binary_cross_entropy_with_logits,
        F.binary_cross_entropy_with_logits,
    )
    checks = [
        *agree("mse_loss", mse_loss, F.mse_loss, misses, *weights),
        *agree("l1_loss", l1_loss, F.l1_loss, misses, *weights),
        *agree("huber_loss", huber_loss, F.huber_loss, misses, *deltas),
        *agree("smooth_l1", smooth_l1_loss, F.smooth_l1_loss, misses, *betas),
        *agree("bce", *bce, chances, *weights),
        *agree("bce, logits", *with_logits, binary_scores, *binary),
        *agree("nll_loss", nll_loss, F.nll_loss, class_cases, *classes),
        *agree("ce, classes", *entropies, class_cases, *smooth),
        *agree("ce, ignored", *entropies, ignoring, *some),
        *agree("ce, shares", *entropies, share_cases, *smooth),
    ]
    return [*checks, *plain_checks(), *slope_checks()]


def plain_checks() -> list[Check]:
    """The functions that have no `reduction`.

    >>> [check.name for check in plain_checks()][:2]
    ['half squares', 'logsigmoid']
    """
    rows = [(z,) for z in score_rows(torch.float64)]
    rows32 = [(z,) for z in score_rows(torch.float32)]
    pairs = [(x, t) for x, t, _ in misses(torch.float64)]
    checks = [
        Check(
            "half squares",
            half_sum_of_squares,
            lambda x, t: F.mse_loss(x, t, reduction="sum") / 2,
            pairs[:1] + pairs[2:],
        )
    ]
    for name, ours, theirs in (
        ("logsigmoid", logsigmoid, F.logsigmoid),
        ("logsumexp", partial(logsumexp, dim=-1), partial(torch.logsumexp, dim=-1)),
        ("log_softmax", partial(log_softmax, dim=-1), partial(F.log_softmax, dim=-1)),
    ):
        checks += [
            Check(name, ours, theirs, rows),
            Check(f"{name}, f32", ours, theirs, rows32, 5e-6),
        ]
    return checks


def slope_checks() -> list[Check]:
    """The slopes worked out by hand beside autograd on PyTorch's losses.

    >>> len(slope_checks())
    7
    """
    pairs = [(x, t) for x, t, _ in misses(torch.float64)]
    binary = [(z, t) for z, t, _ in binary_scores(torch.float64)]
    likely = [(p, t) for p, t, _ in chances(torch.float64)]
    bce, with_logits = F.binary_cross_entropy, F.binary_cross_entropy_with_logits
    return [
        Check(f"{name}'", slope, by_autograd(loss), cases, grad=False)
        for name, slope, loss, cases in (
            ("mse_loss", mse_loss_slope, F.mse_loss, pairs),
            ("l1_loss", l1_loss_slope, F.l1_loss, pairs),
            ("huber_loss", huber_loss_slope, F.huber_loss, pairs),
            ("smooth_l1", smooth_l1_loss_slope, F.smooth_l1_loss, pairs),
            ("bce", binary_cross_entropy_slope, bce, likely),
            (
                "bce, logits",
                binary_cross_entropy_with_logits_slope,
                with_logits,
                binary,
            ),
            ("ce", cross_entropy_slope, F.cross_entropy, share_cases(torch.float64)),
        )
    ]
