r"""A loss for answers that are classes: minus the logarithm of a probability.

Notation: scores (logits) `input`, z in formulas, one per class; C classes along
dimension 1, or dimension 0 if there is only one; probabilities p = softmax(z), or
p = sigmoid(z) for two classes and one score. Names, arguments, defaults and
results are those of `torch.nn.functional`, as in the module on losses.
"""

from __future__ import annotations

import torch
from torch import Tensor

from neuralnet.activations import sigmoid, softmax
from neuralnet.checks import (
    require_alike,
    require_between,
    require_classes,
    require_floating,
    require_tensor,
)
from neuralnet.losses import reduce, weigh

# The least p (1 - p) to divide by: 1e-12 in float32, as in PyTorch.
# float16 has no normal number that small; there its smallest one is taken.
LEAST = torch.tensor(1e-12, dtype=torch.float32).item()


def binary_cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
) -> Tensor:
    r"""Minus the log of the probability given to what happened.

    -(t log p + (1 - t) log(1 - p)), each logarithm cut off at -100. The gradient
    is that of `binary_cross_entropy_slope`, which no cut-off turns into 0 or nan;
    gradients of the gradient are not followed. The mean divides by the number of
    elements, with `weight` too.

    Shapes: input and target the same, any; weight one that broadcasts to it.
    Errors: `ValueError` for shapes that differ, numbers outside 0 to 1 or another
    reduction, `TypeError` for tensors not floating point or of two dtypes.

    >>> p = torch.tensor([0.5, 1.0, 0.0])
    >>> t = torch.tensor([1.0, 1.0, 1.0])
    >>> binary_cross_entropy(p, t, reduction="none")
    tensor([  0.6931,   0.0000, 100.0000])

    PyTorch: `torch.nn.functional.binary_cross_entropy`.
    """
    slope = binary_cross_entropy_slope(input, target).detach()
    p = input.detach()
    yes = -torch.log(p).clamp(min=-100)
    no = -torch.log1p(-p).clamp(min=-100)
    loss = target * yes + (1 - target) * no
    loss = loss + slope * (input - p)  # adds 0 to the value
    return reduce(weigh(loss, weight), reduction)


def binary_cross_entropy_slope(
    input: Tensor,
    target: Tensor,
) -> Tensor:
    """Slope of binary cross-entropy by the probability.

    (p - t) / (p (1 - p)), the denominator at least 1e-12, as in PyTorch, or the
    least normal number of the dtype: at p = t = 0 it is 0, where calculus says 1.

    Shapes and errors: as for `binary_cross_entropy`.

    >>> p = torch.tensor([0.5, 0.0])
    >>> binary_cross_entropy_slope(p, torch.tensor([1.0, 0.0]))
    tensor([-2.,  0.])
    """
    require_alike(input=input, target=target)
    require_between("input", input, 0, 1)
    require_between("target", target, 0, 1)
    spread = input * (1 - input)
    least = max(LEAST, torch.finfo(input.dtype).tiny)
    return (input - target) / spread.clamp(min=least)


def logsigmoid(input: Tensor) -> Tensor:
    """Logarithm of the sigmoid, without taking the sigmoid first.

    -log(1 + exp(-z)) for z >= 0 and z - log(1 + exp(z)) for z < 0.

    Shapes: any shape in, the same out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> logsigmoid(torch.tensor([-200.0, 0.0, 200.0]))
    tensor([-200.0000,   -0.6931,    0.0000])

    PyTorch: `torch.nn.functional.logsigmoid`.
    """
    require_floating("input", input)
    positive = input >= 0
    small = torch.exp(torch.where(positive, -input, input))
    return torch.where(positive, 0.0, input) - torch.log1p(small)


def binary_cross_entropy_with_logits(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    reduction: str = "mean",
    pos_weight: Tensor | None = None,
) -> Tensor:
    r"""Binary cross-entropy of sigmoid(z), from the score z.

    -(c t log sigmoid(z) + (1 - t) log sigmoid(-z)), where c is `pos_weight`, or
    1. Unlike PyTorch's it keeps the digits of a small loss for t = 0 too, and is
    inf, not nan, at z = -inf where t > 0.

    Shapes: input and target the same, any; weight and pos_weight such that they
    broadcast to it.
    Errors: as for `binary_cross_entropy`; any score is allowed.

    >>> z = torch.tensor([0.0, 1e4, -1e4])
    >>> t = torch.tensor([1.0, 0.0, 0.0])
    >>> binary_cross_entropy_with_logits(z, t, reduction="none")
    tensor([6.9315e-01, 1.0000e+04, 0.0000e+00])

    PyTorch: `torch.nn.functional.binary_cross_entropy_with_logits`.
    """
    require_alike(input=input, target=target)
    require_between("target", target, 0, 1)
    yes = -logsigmoid(input) * target
    yes = weigh(yes, pos_weight, "pos_weight")
    no = -logsigmoid(-input) * (1 - target)
    return reduce(weigh(yes + no, weight), reduction)


def binary_cross_entropy_with_logits_slope(
    input: Tensor,
    target: Tensor,
) -> Tensor:
    """Slope of binary cross-entropy by the score: sigmoid(z) - t.

    Shapes and errors: as for `binary_cross_entropy_with_logits`.

    >>> z, t = torch.tensor([0.0, -1e4]), torch.tensor([0.0, 1.0])
    >>> binary_cross_entropy_with_logits_slope(z, t)
    tensor([ 0.5000, -1.0000])
    """
    require_alike(input=input, target=target)
    require_between("target", target, 0, 1)
    return sigmoid(input) - target


def peak(input: Tensor, dim: int | tuple[int, ...]) -> Tensor:
    """The largest entry along `dim`, which keeps size 1; or 0.

    0 stands for the largest of nothing, and no gradient flows through it.

    >>> peak(torch.tensor([[1.0, 5.0], [3.0, 2.0]]), 1)
    tensor([[5.],
            [3.]])
    >>> peak(torch.zeros(2, 0), 1)
    tensor(0.)
    """
    if input.numel() == 0:
        return input.new_zeros(())
    return input.detach().amax(dim, keepdim=True)


def logsumexp(
    input: Tensor,
    dim: int | tuple[int, ...],
    keepdim: bool = False,
) -> Tensor:
    r"""Log of a sum of exponentials, without overflow.

    log \sum_k exp(z_k) = M + log \sum_k exp(z_k - M), with M the largest z_k, or
    0 where that is infinite. It lies from M to M + log C.

    Shapes: any; `dim` disappears, or has size 1 with `keepdim`.
    Errors: `TypeError` unless `input` is a floating-point tensor and `dim` names
    a dimension, `IndexError` if there is no such `dim`.

    >>> logsumexp(torch.tensor([[0.0, 0.0], [1e4, 0.0]]), 1)
    tensor([6.9315e-01, 1.0000e+04])
    >>> logsumexp(torch.zeros(0), 0)
    tensor(-inf)

    PyTorch: `torch.logsumexp`.
    """
    require_floating("input", input)
    if not isinstance(dim, int | tuple) or dim == ():
        raise TypeError(f"dim must name a dimension, got {dim!r}")
    top = peak(input, dim)
    top = torch.where(top.isinf(), 0.0, top)
    powers = torch.exp(input - top).sum(dim, keepdim=True)
    result = top + torch.log(powers)
    return result if keepdim else result.squeeze(dim)


def log_softmax(
    input: Tensor,
    dim: int,
    *,
    dtype: torch.dtype | None = None,
) -> Tensor:
    r"""Log of the softmax, without taking the softmax first.

    z_k - log \sum_j exp(z_j) along `dim`, computed from z - M with M the largest
    score. `dtype`, if given, converts the input first.

    Shapes: any shape in, the same out.
    Errors: as for `logsumexp`; `dim` is one number.

    >>> log_softmax(torch.tensor([[0.0, 0.0], [0.0, 1e4]]), dim=1)
    tensor([[-6.9315e-01, -6.9315e-01],
            [-1.0000e+04,  0.0000e+00]])
    >>> log_softmax(torch.zeros(2, 0), dim=1)
    tensor([], size=(2, 0))

    PyTorch: `torch.log_softmax`; `torch.nn.functional.log_softmax` also takes
    `dim=None`, and warns. Here `dim` is required.
    """
    require_tensor("input", input)
    input = input if dtype is None else input.to(dtype)
    require_floating("input", input)
    if not isinstance(dim, int):
        raise TypeError(f"dim must be an int, got {dim!r}")
    below = input - peak(input, dim)
    total = torch.exp(below).sum(dim, keepdim=True)
    return below - torch.log(total)


def class_dim(input: Tensor) -> int:
    """Dimension of the classes: 1, or 0 if there is only one.

    >>> class_dim(torch.zeros(2, 3, 4)), class_dim(torch.zeros(3))
    (1, 0)
    """
    return min(1, input.dim() - 1)


def weight_of_each(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
) -> Tensor:
    """Weight of every example: its class's, or 0 if ignored.

    Shapes: input (N, C, d1, ...), target (N, d1, ...), weight (C,); the result
    has the shape of target.
    Errors: `ValueError` or `TypeError` for a weight that is not one per class.

    >>> scores, t = torch.zeros(3, 2), torch.tensor([0, 1, -100])
    >>> weight_of_each(scores, t, torch.tensor([1.0, 5.0]), -100)
    tensor([1., 5., 0.])
    """
    ones = input.new_ones(input.size(class_dim(input)))
    require_alike(ones=ones, weight=weight)
    by_class = ones if weight is None else weight
    kept = target != ignore_index
    index = torch.where(kept, target, 0).long()
    return torch.where(kept, by_class[index], 0.0)


def nll_loss(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
) -> Tensor:
    r"""Minus the log-probability given to the right class.

    -w_t input_t for an example of class t, 0 where t is `ignore_index`. The mean
    divides by the sum of the weights of the examples that are not ignored, and
    is nan if there are none. `input` holds log-probabilities.

    Shapes: input (N, C, d1, ...), target (N, d1, ...); or (C,) and (); weight
    (C,). The result is 0-dimensional, with "none" of the shape of target.
    Errors: `TypeError` unless input and weight are floating point of one dtype
    and target is int64 or uint8; `ValueError` for a shape, class or reduction
    that does not fit (PyTorch raises an `IndexError` for the class).

    >>> log_p = torch.log(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    >>> nll_loss(log_p, torch.tensor([0, 0]), reduction="none")
    tensor([0.6931, 1.3863])
    >>> nll_loss(log_p, torch.tensor([-100, -100]))
    tensor(nan)

    PyTorch: `torch.nn.functional.nll_loss`.
    """
    require_floating("input", input)
    require_classes(input, target, ignore_index)
    dim, target = class_dim(input), target.long()
    each = weight_of_each(input, target, weight, ignore_index)
    index = torch.where(target == ignore_index, 0, target)
    picked = input.gather(dim, index.unsqueeze(dim)).squeeze(dim)
    ignored = target == ignore_index
    loss = torch.where(ignored, 0.0, -each * picked)
    return reduce(loss, reduction, each)


def cross_entropy(
    input: Tensor,
    target: Tensor,
    weight: Tensor | None = None,
    *,
    ignore_index: int = -100,
    reduction: str = "mean",
    label_smoothing: float = 0.0,
) -> Tensor:
    r"""Cross-entropy of softmax(z) and the target, from scores z.

    The target is one class per example (see `nll_loss`), or, in the shape of
    input, a probability for every class: then -\sum_c w_c t_c log p_c, and the
    mean divides by the number of examples, with weights too.

    With `label_smoothing` alpha, t becomes (1 - alpha) t + alpha / C.

    Shapes: input (N, C, d1, ...) or (C,); target without the C, or like input;
    weight (C,).
    Errors: those of `nll_loss`; `ValueError` for smoothing outside 0 to 1, or if
    class probabilities meet an `ignore_index` that is not negative.

    >>> z = torch.tensor([[2.0, 0.0], [0.0, 2.0]])
    >>> cross_entropy(z, torch.tensor([0, 0]), reduction="none")
    tensor([0.1269, 2.1269])
    >>> cross_entropy(z, torch.tensor([[1.0, 0.0], [0.5, 0.5]]))
    tensor(0.6269)
    >>> cross_entropy(torch.tensor([[1e4, 0.0]]), torch.tensor([1]))
    tensor(10000.)

    PyTorch: `torch.nn.functional.cross_entropy`.
    """
    require_between("label_smoothing", label_smoothing, 0, 1)
    require_floating("input", input)
    require_tensor("target", target)
    log_p = log_softmax(input, class_dim(input))
    if target.shape != input.shape:
        loss = of_classes(log_p, target, weight, ignore_index, label_smoothing)
        each = weight_of_each(log_p, target, weight, ignore_index)
        return reduce(loss, reduction, each)
    if ignore_index >= 0:
        wanted = "probabilities cannot be ignored"
        raise ValueError(f"{wanted}, got {ignore_index}")
    loss = of_probabilities(log_p, target, weight, label_smoothing)
    return reduce(loss, reduction)


def of_classes(
    log_p: Tensor,
    target: Tensor,
    weight: Tensor | None,
    ignore_index: int,
    label_smoothing: float,
) -> Tensor:
    """Cross-entropy of each example, given its one class.

    Shapes and errors: those of `cross_entropy`, not reduced.

    >>> log_p = torch.log(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    >>> of_classes(log_p, torch.tensor([0, 1]), None, -100, 0.0)
    tensor([0.6931, 0.2877])
    """
    loss = nll_loss(
        log_p,
        target,
        weight,
        ignore_index=ignore_index,
        reduction="none",
    )
    if label_smoothing == 0:
        return loss
    classes = log_p.size(class_dim(log_p))
    even = torch.full_like(log_p, 1 / classes)
    spread = of_probabilities(log_p, even, weight, 0.0)
    spread = torch.where(target == ignore_index, 0.0, spread)
    return (1 - label_smoothing) * loss + label_smoothing * spread


def of_probabilities(
    log_p: Tensor,
    target: Tensor,
    weight: Tensor | None,
    label_smoothing: float,
) -> Tensor:
    """Cross-entropy of each example, given shares of all classes.

    Shapes and errors: those of `cross_entropy`, not reduced.

    >>> log_p = torch.log(torch.tensor([[0.5, 0.5], [0.25, 0.75]]))
    >>> of_probabilities(log_p, torch.full((2, 2), 0.5), None, 0.0)
    tensor([0.6931, 0.8370])
    """
    require_alike(input=log_p, target=target)
    dim = class_dim(log_p)
    classes = log_p.size(dim)
    if label_smoothing > 0:
        kept = (1 - label_smoothing) * target
        target = kept + label_smoothing / classes
    losses = (log_p * target).movedim(dim, -1)
    if weight is not None:
        ones = losses.new_ones(classes)
        require_alike(weight=weight, ones=ones)
        losses = losses * weight
    return -losses.sum(dim=-1)


def cross_entropy_slope(input: Tensor, target: Tensor) -> Tensor:
    r"""Slope of cross-entropy by the scores: softmax(z) - t.

    `target` has a probability for every class, such as a row of a one-hot
    matrix. If they add up to another number than 1, that number times softmax(z)
    takes the place of softmax(z).

    Shapes: input and target (N, C, d1, ...) or (C,), both the same; the result
    too. Errors: those of `cross_entropy`.

    >>> z, t = torch.zeros(1, 2), torch.tensor([[1.0, 0.0]])
    >>> cross_entropy_slope(z, t)
    tensor([[-0.5000,  0.5000]])
    """
    require_alike(input=input, target=target)
    dim = class_dim(input)
    total = target.sum(dim, keepdim=True)
    return total * softmax(input, dim) - target
