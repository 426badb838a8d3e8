r"""Walk downhill on a loss: at each step, go against the gradient.

Notation: input x, target (for the thermometer, t_c), both of shape (n,);
weight w, bias b, together the parameters params = (w, b) of shape (2,);
loss E(params), gradient \nabla E of the same shape, Hessian H of shape (2, 2);
learning rate eta, in code `lr`. For the two-weight network v tanh(w x) the
parameters are params = (w, v).
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor

from neuralnet.checks import (
    require_floating,
    require_positive,
    require_same_shape,
)


def require_readings(x: Tensor, target: Tensor) -> None:
    """Raise unless x and target are equally long lists.

    Errors: `TypeError` if one is not a floating-point tensor; `ValueError` if
    the shapes differ, are not (n,), or n is 0.

    >>> require_readings(torch.zeros(11), torch.zeros(11, 1))
    Traceback (most recent call last):
        ...
    ValueError: shapes must be equal, got x (11,), target (11, 1)
    >>> require_readings(torch.zeros(0), torch.zeros(0))
    Traceback (most recent call last):
        ...
    ValueError: readings must have shape (n,) with n > 0, got (0,)
    """
    require_floating("x", x)
    require_floating("target", target)
    require_same_shape(x=x, target=target)
    if x.dim() != 1 or len(x) == 0:
        given = tuple(x.shape)
        wanted = "readings must have shape (n,) with n > 0"
        raise ValueError(f"{wanted}, got {given}")


def require_pair(params: Tensor) -> None:
    """Raise unless params holds two parameters.

    Errors: `TypeError` if it is not a floating-point tensor, `ValueError` if
    its shape is not (2,).

    >>> require_pair(torch.zeros(3))
    Traceback (most recent call last):
        ...
    ValueError: params must have shape (2,), got (3,)
    """
    require_floating("params", params)
    if params.shape != (2,):
        given = tuple(params.shape)
        wanted = "params must have shape (2,)"
        raise ValueError(f"{wanted}, got {given}")


def model(
    x: Tensor,
    w: Tensor | float,
    b: Tensor | float,
) -> Tensor:
    """Predict with a line: w x + b.

    Shapes: x any shape, w and b numbers or 0-dimensional; the result has the
    shape of x.

    >>> model(torch.tensor([0.0, 10.0]), 0.5, 1.0)
    tensor([1., 6.])

    No reading gives no prediction:

    >>> model(torch.tensor([]), 0.5, 1.0)
    tensor([])
    """
    return w * x + b


def mean_squared_error(input: Tensor, target: Tensor) -> Tensor:
    r"""Average of the squared misses, PyTorch's `mse_loss`.

    E = 1/n \sum_i (input_i - target_i)^2, as `torch.nn.functional.mse_loss`, in
    its argument order, without its broadcasting: shapes must be equal. Returns
    a 0-dimensional tensor.

    Errors: `TypeError` if one is not a floating-point tensor; `ValueError` if
    the shapes differ or there is nothing to average.

    >>> mean_squared_error(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(8.)
    >>> mean_squared_error(torch.zeros(2), torch.zeros(2, 1))
    Traceback (most recent call last):
        ...
    ValueError: shapes must be equal, got input (2,), target (2, 1)
    """
    require_floating("input", input)
    require_floating("target", target)
    require_same_shape(input=input, target=target)
    if input.numel() == 0:
        raise ValueError("input must hold at least one number")
    return ((input - target) ** 2).mean()


def line_loss(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    """Loss of the line with parameters params = (w, b).

    Shapes: params (2,), x and target (n,); the result is 0-dimensional.

    Errors: those of `mean_squared_error`; `ValueError` unless params is (2,).

    >>> x, t_c = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    >>> line_loss(torch.tensor([2.0, 1.0]), x, t_c)
    tensor(0.)
    >>> line_loss(torch.tensor([2.0, 0.0]), x, t_c)
    tensor(1.)
    """
    require_pair(params)
    w, b = params
    return mean_squared_error(model(x, w, b), target)


def line_gradient(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    r"""Gradient of `line_loss` by params, worked out by hand.

    dE/dw = 2/n \sum_i (w x_i + b - target_i) x_i,
    dE/db = 2/n \sum_i (w x_i + b - target_i).

    Shapes: params (2,), x and target (n,); the result is (2,).

    Errors: `TypeError` for a tensor that is not floating point; `ValueError`
    unless x and target have one shape (n,), n > 0, and params is (2,).

    >>> x, t_c = torch.tensor([1.0, 2.0]), torch.tensor([3.0, 5.0])
    >>> line_gradient(torch.tensor([2.0, 0.0]), x, t_c)
    tensor([-3., -2.])

    On the line itself nothing pulls:

    >>> line_gradient(torch.tensor([2.0, 1.0]), x, t_c)
    tensor([0., 0.])
    """
    require_pair(params)
    require_readings(x, target)
    w, b = params
    miss = model(x, w, b) - target
    return torch.stack([2 * (miss * x).mean(), 2 * miss.mean()])


def finite_differences(
    function: Callable[[Tensor], Tensor],
    params: Tensor,
    h: float = 1e-4,
) -> Tensor:
    r"""Gradient at params from two values per parameter.

    (E(params + h e_j) - E(params - h e_j)) / 2h for each coordinate j, where
    E is the function and e_j is 1 in coordinate j and 0 elsewhere.

    Shapes: params (d,), function returns a 0-dimensional tensor; the result is (d,).
    Use float64: in float32 the difference of two near values keeps few digits.

    Errors: `TypeError` if params is not a floating-point tensor; `ValueError`
    unless params is (d,) with d > 0 and h is positive.

    >>> params = torch.tensor([3.0, 1.0], dtype=torch.float64)
    >>> slope = finite_differences(lambda p: p[0] ** 2 * p[1], params)
    >>> print(slope.round(decimals=6))
    tensor([6., 9.], dtype=torch.float64)

    At the kink of |u| it answers with the mean of both slopes:

    >>> zero = torch.zeros(1, dtype=torch.float64)
    >>> finite_differences(lambda p: p.abs().sum(), zero)
    tensor([0.], dtype=torch.float64)
    """
    require_floating("params", params)
    require_positive("h", h)
    if params.dim() != 1 or len(params) == 0:
        given = tuple(params.shape)
        wanted = "params must have shape (d,) with d > 0"
        raise ValueError(f"{wanted}, got {given}")
    nudges = h * torch.eye(len(params), dtype=params.dtype)
    ups = [function(params + nudge) for nudge in nudges]
    downs = [function(params - nudge) for nudge in nudges]
    return (torch.stack(ups) - torch.stack(downs)) / (2 * h)


def descend(
    gradient: Callable[[Tensor], Tensor],
    start: Tensor,
    lr: float,
    steps: int,
    tolerance: float = 0.0,
) -> Tensor:
    r"""Every point that descent visits, the start included.

    params <- params - lr * gradient(params), at most `steps` times; it stops
    early where the length of the gradient is at most `tolerance`.

    Shapes: start has any shape, gradient returns the same; after k steps the
    result is (k + 1, *start.shape). With a batch of starts, `tolerance` looks
    at the length of all gradients together. Equals `torch.optim.SGD` with the
    same lr and its other defaults.

    Errors: `TypeError` if start is not a floating-point tensor; `ValueError`
    unless lr is positive, and steps and tolerance are at least 0.

    >>> start = torch.tensor([1.0], dtype=torch.float64)
    >>> path = descend(lambda u: 2 * u, start, lr=0.25, steps=3)
    >>> path[:, 0].tolist()
    [1.0, 0.5, 0.25, 0.125]

    Where the slope is zero there is nowhere to go:

    >>> descend(lambda u: 2 * u, torch.zeros(1), lr=0.25, steps=3)
    tensor([[0.]])

    Source: Cauchy, "Méthode générale pour la résolution des systèmes
    d'équations simultanées", Comptes rendus 25 (1847), 536-538.
    """
    require_floating("start", start)
    require_positive("lr", lr)
    if steps < 0 or not tolerance >= 0:
        given = f"steps {steps}, tolerance {tolerance}"
        raise ValueError(f"both must be at least 0, got {given}")
    history = [start]
    for _ in range(steps):
        grad = gradient(history[-1])
        if grad.norm() <= tolerance:
            break
        history.append(history[-1] - lr * grad)
    return torch.stack(history)


def least_squares(x: Tensor, target: Tensor) -> Tensor:
    """The parameters (w, b) of the line with the lowest loss.

    w = covariance(x, target) / variance(x), b = mean(target) - w mean(x).

    Shapes: x and target (n,); the result is (2,).

    Errors: those of `line_gradient`; `ValueError` if all x are equal, or so
    near that their variance is 0: infinitely many lines are equally good.

    >>> x, t_c = torch.tensor([1.0, 2.0, 3.0]), torch.tensor([3.0, 5.0, 7.0])
    >>> least_squares(x, t_c)
    tensor([2., 1.])
    >>> least_squares(torch.ones(3), t_c)
    Traceback (most recent call last):
        ...
    ValueError: x must vary, got variance 0 around 1.0
    """
    require_readings(x, target)
    from_mean = x - x.mean()
    variance = (from_mean**2).mean()
    if (x == x[0]).all() or variance == 0:
        given = f"got variance 0 around {x[0].item()}"
        raise ValueError(f"x must vary, {given}")
    covariance = (from_mean * (target - target.mean())).mean()
    w = covariance / variance
    return torch.stack([w, target.mean() - w * x.mean()])


def hessian(x: Tensor) -> Tensor:
    r"""Second derivatives of `line_loss` by its parameters.

    H = 2 [[mean(x^2), mean(x)], [mean(x), 1]], whatever params and the targets.

    Shapes: x (n,); the result is (2, 2), rows and columns in the order (w, b).

    Errors: `TypeError` if x is not a floating-point tensor; `ValueError`
    unless x has shape (n,) with n > 0.

    >>> hessian(torch.tensor([1.0, 3.0]))
    tensor([[10.,  4.],
            [ 4.,  2.]])

    One reading cannot fix two parameters; one direction is flat:

    >>> torch.linalg.eigvalsh(hessian(torch.tensor([0.0]))).tolist()
    [0.0, 2.0]
    """
    require_readings(x, x)
    one = torch.ones_like(x)
    columns = torch.stack([x, one], dim=1)
    return 2 * columns.T @ columns / len(x)


def learning_rate_limit(hessian: Tensor) -> float:
    r"""Descent converges below this rate: 2 / lambda_max.

    Shapes: hessian (d, d), symmetric; `inf` where no direction curves upwards.

    Errors: `TypeError` if it is not a floating-point tensor; `ValueError`
    unless it is a square matrix.

    >>> H = torch.tensor([[8.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    >>> learning_rate_limit(H)
    0.25
    >>> learning_rate_limit(0 * H)
    inf
    """
    steepest = curvatures(hessian)[-1].item()
    return 2 / steepest if steepest > 0 else float("inf")


def condition_number(hessian: Tensor) -> float:
    r"""Largest curvature by smallest: lambda_max / lambda_min.

    Shapes: hessian (d, d), symmetric; `inf` where a direction is flat, up to
    rounding, or curves downwards.

    Errors: those of `learning_rate_limit`.

    >>> H = torch.tensor([[8.0, 0.0], [0.0, 2.0]], dtype=torch.float64)
    >>> condition_number(H)
    4.0
    >>> condition_number(0 * H)
    inf
    """
    ordered = curvatures(hessian)
    flattest, steepest = ordered[0].item(), ordered[-1].item()
    eps = torch.finfo(hessian.dtype).eps
    rounding = eps * len(hessian) * steepest
    if flattest <= max(rounding, 0):
        return float("inf")
    return steepest / flattest


def curvatures(hessian: Tensor) -> Tensor:
    """Eigenvalues of the Hessian, the smallest first.

    Shapes: hessian (d, d), symmetric; the result is (d,).

    Errors: `TypeError` if it is not a floating-point tensor; `ValueError`
    unless it is a square matrix.

    >>> curvatures(torch.tensor([[8.0, 0.0], [0.0, 2.0]]))
    tensor([2., 8.])
    >>> curvatures(torch.tensor([8.0, 2.0]))
    Traceback (most recent call last):
        ...
    ValueError: hessian must be a square matrix, got shape (2,)
    """
    require_floating("hessian", hessian)
    shape = tuple(hessian.shape)
    if len(shape) != 2 or shape[0] != shape[1] or shape[0] == 0:
        wanted = "hessian must be a square matrix"
        raise ValueError(f"{wanted}, got shape {shape}")
    eigenvalues: Tensor = torch.linalg.eigvalsh(hessian)
    return eigenvalues


def standardize(x: Tensor) -> Tensor:
    r"""Shift x to mean 0 and scale it to standard deviation 1.

    (x - mean(x)) / sqrt(mean((x - mean(x))^2)): the mean of squares divides by
    n, which `torch.std` does only with `correction=0`.

    Shapes: x (n,); the result has the shape of x.

    Errors: `TypeError` if x is not a floating-point tensor; `ValueError`
    unless x has shape (n,) with n > 0, or if all x are equal, or so near
    that their variance is 0.

    >>> standardize(torch.tensor([1.0, 3.0]))
    tensor([-1.,  1.])
    >>> standardize(torch.tensor([2.0, 2.0]))
    Traceback (most recent call last):
        ...
    ValueError: x must vary, got variance 0 around 2.0
    """
    require_readings(x, x)
    deviation = x.std(correction=0)
    if (x == x[0]).all() or deviation == 0:
        given = f"got variance 0 around {x[0].item()}"
        raise ValueError(f"x must vary, {given}")
    return (x - x.mean()) / deviation


def neuron_loss(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    r"""Loss of the network o = v tanh(w x), params = (w, v).

    Shapes: params (2,), x and target (n,); the result is 0-dimensional.

    Errors: those of `line_loss`.

    >>> x = torch.tensor([-1.0, 1.0])
    >>> neuron_loss(torch.tensor([0.0, 3.0]), x, x)
    tensor(1.)

    Both signs flipped give the same network:

    >>> params = torch.tensor([0.7, 1.2])
    >>> bool(neuron_loss(params, x, x) == neuron_loss(-params, x, x))
    True
    """
    require_pair(params)
    w, v = params
    return mean_squared_error(v * torch.tanh(w * x), target)


def neuron_gradient(
    params: Tensor,
    x: Tensor,
    target: Tensor,
) -> Tensor:
    r"""Gradient of `neuron_loss`, worked out by hand.

    The parameters are params = (w, v).

    With bent = tanh(w x) and tanh' = 1 - tanh^2,
    dE/dw = 2/n \sum_i (v bent_i - target_i) v (1 - bent_i^2) x_i,
    dE/dv = 2/n \sum_i (v bent_i - target_i) bent_i.

    Shapes: params (2,), x and target (n,); the result is (2,).

    Errors: those of `line_gradient`.

    >>> x = torch.tensor([-1.0, 1.0])
    >>> neuron_gradient(torch.tensor([0.0, 0.5]), x, x)
    tensor([-1.,  0.])

    The origin is a saddle, and its gradient is zero:

    >>> neuron_gradient(torch.zeros(2), x, x).abs()
    tensor([0., 0.])
    """
    require_pair(params)
    require_readings(x, target)
    w, v = params
    bent = torch.tanh(w * x)
    miss = v * bent - target
    slope_w = 2 * (miss * v * (1 - bent**2) * x).mean()
    return torch.stack([slope_w, 2 * (miss * bent).mean()])
