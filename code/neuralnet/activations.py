"""An activation turns the pre-activation z = w x + b of a neuron into its output.

Every function here has the name, the arguments, the defaults and the result of
its namesake in `torch` or `torch.nn.functional`, and `<name>_slope` is its
derivative. The argument is called `input`, as in PyTorch; in formulas it is z.
PyTorch's `inplace` argument is left out: it saves memory and changes no number.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor

from neuralnet.checks import require_choice, require_floating


def sigmoid(input: Tensor) -> Tensor:
    """Squash any number into the interval from 0 to 1.

    Formula: 1 / (1 + exp(-z)), with exp only ever taken of a number at most 0.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> sigmoid(torch.tensor([-2.0, 0.0, 2.0]))
    tensor([0.1192, 0.5000, 0.8808])
    >>> sigmoid(torch.tensor([-1e4, 1e4]))
    tensor([0., 1.])

    PyTorch: `torch.sigmoid`.
    """
    require_floating("input", input)
    positive = input >= 0
    small = torch.exp(torch.where(positive, -input, input))
    return torch.where(positive, 1.0, small) / (1 + small)


def sigmoid_slope(input: Tensor) -> Tensor:
    """Slope of the sigmoid, at most 1/4.

    Formula: s (1 - s) with s = sigmoid(z).
    Shapes and errors: as for `sigmoid`.

    >>> sigmoid_slope(torch.tensor([0.0, 100.0]))
    tensor([0.2500, 0.0000])
    """
    s = sigmoid(input)
    return s * (1 - s)


def tanh(input: Tensor) -> Tensor:
    """Squash any number into the interval from -1 to 1.

    Formula: (exp(z) - exp(-z)) / (exp(z) + exp(-z)), computed for z >= 0 as
    -m / (m + 2) with m = exp(-2 z) - 1, which neither overflows nor cancels.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> tanh(torch.tensor([-1.0, 0.0, 89.0]))
    tensor([-0.7616,  0.0000,  1.0000])
    >>> tanh(torch.tensor(1e-30))
    tensor(1.0000e-30)

    PyTorch: `torch.tanh`.
    """
    require_floating("input", input)
    positive = input >= 0
    doubled = torch.where(positive, -2 * input, 2 * input)
    m = torch.expm1(doubled)
    return torch.where(positive, -m, m) / (m + 2)


def tanh_slope(input: Tensor) -> Tensor:
    """Slope of tanh, at most 1.

    Formula: 1 - tanh(z)^2.
    Shapes and errors: as for `tanh`.

    >>> tanh_slope(torch.tensor([0.0, 1.0]))
    tensor([1.0000, 0.4200])
    """
    return 1 - tanh(input) ** 2


def relu(input: Tensor) -> Tensor:
    """Pass what is positive, silence the rest.

    Formula: max(0, z). At the kink z = 0 the gradient is 0, as in PyTorch.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> relu(torch.tensor([-2.0, 0.0, 3.0, float("nan")]))
    tensor([0., 0., 3., nan])

    PyTorch: `torch.nn.functional.relu`. See Glorot, Bordes and Bengio (2011).
    """
    require_floating("input", input)
    return torch.where(input <= 0, 0.0, input)


def relu_slope(input: Tensor) -> Tensor:
    """Slope of ReLU: 0 up to and at the kink, 1 after it.

    Formula: 0 if z <= 0, else 1 (so 1 at nan, which is what PyTorch returns).
    Shapes and errors: as for `relu`.

    >>> relu_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0., 0., 1.])
    """
    require_floating("input", input)
    return torch.where(input <= 0, 0.0, torch.ones_like(input))


def leaky_relu(
    input: Tensor,
    negative_slope: float = 0.01,
) -> Tensor:
    """ReLU that lets a little of the negative side through.

    Formula: z if z > 0, else negative_slope z. The gradient at 0 is
    `negative_slope`, as in PyTorch.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> leaky_relu(torch.tensor([-2.0, 0.0, 3.0]))
    tensor([-0.0200,  0.0000,  3.0000])
    >>> leaky_relu(torch.tensor([-2.0, 3.0]), negative_slope=0.5)
    tensor([-1.,  3.])

    PyTorch: `torch.nn.functional.leaky_relu`. Source: Maas et al. (2013).
    """
    require_floating("input", input)
    return torch.where(input > 0, input, negative_slope * input)


def leaky_relu_slope(
    input: Tensor,
    negative_slope: float = 0.01,
) -> Tensor:
    """Slope of leaky ReLU: 1 after the kink, less before it.

    Formula: 1 if z > 0, else negative_slope.
    Shapes and errors: as for `leaky_relu`.

    >>> leaky_relu_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.0100, 0.0100, 1.0000])
    """
    require_floating("input", input)
    one = torch.ones_like(input)
    return torch.where(input > 0, one, negative_slope)


def elu(input: Tensor, alpha: float = 1.0) -> Tensor:
    """A line above zero, a curve that levels off below it.

    Formula: z if z > 0, else alpha (exp(z) - 1). The gradient at 0 is `alpha`,
    as in PyTorch. The inner `where` keeps exp from overflowing in the branch
    that is not used, which would turn the gradient into nan.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> elu(torch.tensor([-1.0, 0.0, 2.0]))
    tensor([-0.6321,  0.0000,  2.0000])
    >>> elu(torch.tensor([-1e4, 1e4]), alpha=0.5)
    tensor([-5.0000e-01,  1.0000e+04])

    PyTorch: `torch.nn.functional.elu`. Source: Clevert et al. (2016).
    """
    require_floating("input", input)
    positive = input > 0
    below = torch.where(positive, 0.0, input)
    curve = alpha * torch.expm1(below)
    return torch.where(positive, input, curve)


def elu_slope(input: Tensor, alpha: float = 1.0) -> Tensor:
    """Slope of ELU: `alpha` exp(z) up to the kink, 1 after it.

    Formula: 1 if z > 0, else alpha exp(z).
    Shapes and errors: as for `elu`.

    >>> elu_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.3679, 1.0000, 1.0000])
    """
    require_floating("input", input)
    below = torch.where(input > 0, 0.0, input)
    one = torch.ones_like(input)
    return torch.where(input > 0, one, alpha * torch.exp(below))


def softplus(
    input: Tensor,
    beta: float = 1.0,
    threshold: float = 20.0,
) -> Tensor:
    """ReLU with its kink rounded off.

    Formula: log(1 + exp(y)) / beta with y = beta z, computed for y > 0 as
    (y + log(1 + exp(-y))) / beta; where y > threshold, z itself. PyTorch lets
    exp(y) overflow if `threshold` allows it; here it cannot.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> softplus(torch.tensor([-1e4, 0.0, 1e4]))
    tensor([0.0000e+00, 6.9315e-01, 1.0000e+04])
    >>> softplus(torch.tensor([0.0]), beta=10.0)
    tensor([0.0693])

    PyTorch: `torch.nn.functional.softplus`.
    """
    require_floating("input", input)
    straight = beta * input > threshold
    y = torch.where(straight, 0.0, beta * input)
    positive = y > 0
    small = torch.exp(torch.where(positive, -y, y))
    curve = torch.where(positive, y, 0.0) + torch.log1p(small)
    return torch.where(straight, input, curve / beta)


def softplus_slope(
    input: Tensor,
    beta: float = 1.0,
    threshold: float = 20.0,
) -> Tensor:
    """Slope of softplus, which is a sigmoid.

    Formula: sigmoid(beta z); where beta z > threshold, 1.
    Shapes and errors: as for `softplus`.

    >>> softplus_slope(torch.tensor([-2.0, 0.0, 30.0]))
    tensor([0.1192, 0.5000, 1.0000])
    """
    require_floating("input", input)
    slope = sigmoid(beta * input)
    return torch.where(beta * input > threshold, 1.0, slope)


def gelu(input: Tensor, approximate: str = "none") -> Tensor:
    """Weigh each z by the share of a normal curve below it.

    Formula: z Phi(z) with Phi(z) = (1 + erf(z / sqrt 2)) / 2; with
    `approximate="tanh"`, Phi is replaced by
    (1 + tanh(sqrt(2 / pi) (z + 0.044715 z^3))) / 2. Beyond 10 that tanh is 1
    to the last digit, so larger z are cut there: in float16 their cube
    overflows.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor,
    `ValueError` for another `approximate`.

    >>> gelu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.1587,  0.0000,  0.8413])
    >>> gelu(torch.tensor([-1.0, 0.0, 1.0]), approximate="tanh")
    tensor([-0.1588,  0.0000,  0.8412])
    >>> gelu(torch.tensor([float("-inf")]))
    tensor([nan])

    PyTorch: `torch.nn.functional.gelu`. Source: Hendrycks and Gimpel (2016).
    """
    require_floating("input", input)
    require_choice("approximate", approximate, ("none", "tanh"))
    if approximate == "none":
        inner = torch.erf(input / math.sqrt(2))
    else:
        near = hardtanh(input, -10.0, 10.0)
        near = torch.where(input.isinf(), input, near)
        cubic = near + 0.044715 * near**3
        inner = tanh(math.sqrt(2 / math.pi) * cubic)
    return 0.5 * input * (1 + inner)


def gelu_slope(
    input: Tensor,
    approximate: str = "none",
) -> Tensor:
    """Slope of GELU, in places a little above 1 or below 0.

    Formula: Phi(z) + z phi(z), phi the normal density; with
    `approximate="tanh"` the derivative of that form.
    Shapes and errors: as for `gelu`.

    >>> gelu_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.0833,  0.5000,  1.0833])
    """
    require_floating("input", input)
    require_choice("approximate", approximate, ("none", "tanh"))
    if approximate == "none":
        share = (1 + torch.erf(input / math.sqrt(2))) / 2
        bell = torch.exp(-(input**2) / 2)
        density = bell / math.sqrt(2 * math.pi)
        return share + input * density
    c = math.sqrt(2 / math.pi)
    near = hardtanh(input, -10.0, 10.0)
    t = tanh(c * (near + 0.044715 * near**3))
    inner_slope = c * (1 + 3 * 0.044715 * near**2)
    return (1 + t) / 2 + input * (1 - t**2) * inner_slope / 2


def silu(input: Tensor) -> Tensor:
    """Weigh each input by its own sigmoid.

    Formula: z sigmoid(z), also called Swish.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor.

    >>> silu(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([-0.2689,  0.0000,  0.7311])
    >>> silu(torch.tensor([float("-inf")]))
    tensor([nan])

    PyTorch: `torch.nn.functional.silu`. Source: Elfwing et al. (2018).
    """
    return input * sigmoid(input)


def silu_slope(input: Tensor) -> Tensor:
    """Slope of SiLU.

    Formula: s (1 + z (1 - s)) with s = sigmoid(z).
    Shapes and errors: as for `silu`.

    >>> silu_slope(torch.tensor([-1.0, 0.0, 1.0]))
    tensor([0.0723, 0.5000, 0.9277])
    """
    s = sigmoid(input)
    return s * (1 + input * (1 - s))


def hardtanh(
    input: Tensor,
    min_val: float = -1.0,
    max_val: float = 1.0,
) -> Tensor:
    """A straight line with both ends cut flat.

    Formula: min_val if z <= min_val, max_val if z >= max_val, else z. At both
    kinks the gradient is 0, as in PyTorch.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless `input` is a floating-point tensor,
    `ValueError` if `min_val` is greater than `max_val`.

    >>> hardtanh(torch.tensor([-3.0, 0.5, 3.0]))
    tensor([-1.0000,  0.5000,  1.0000])
    >>> hardtanh(torch.tensor([11.0]), min_val=0.0, max_val=10.0)
    tensor([10.])

    PyTorch: `torch.nn.functional.hardtanh`.
    """
    require_floating("input", input)
    if min_val > max_val:
        given = f"got {min_val} and {max_val}"
        wanted = "min_val must not exceed max_val"
        raise ValueError(f"{wanted}, {given}")
    below = torch.where(input <= min_val, min_val, input)
    return torch.where(input >= max_val, max_val, below)


def hardtanh_slope(
    input: Tensor,
    min_val: float = -1.0,
    max_val: float = 1.0,
) -> Tensor:
    """Slope of hardtanh: 1 between the kinks, else 0.

    Formula: 0 if z <= min_val or z >= max_val, else 1.
    Shapes and errors: as for `hardtanh`.

    >>> hardtanh_slope(torch.tensor([-1.0, 0.0, 5.0]))
    tensor([0., 1., 0.])
    """
    require_floating("input", input)
    flat = (input <= min_val) | (input >= max_val)
    return torch.where(flat, 0.0, torch.ones_like(input))


def softmax(
    input: Tensor,
    dim: int,
    *,
    dtype: torch.dtype | None = None,
) -> Tensor:
    """Turn a row of scores into positive shares that sum to 1.

    Formula: exp(z_k) / sum_j exp(z_j) along `dim`, after subtracting the largest
    score, which changes no share. `dtype`, if given, converts the input first.
    Shapes: any shape in, the same shape out.
    Errors: `TypeError` unless the (converted) input is a floating-point tensor,
    `IndexError` if there is no such `dim`.

    >>> softmax(torch.tensor([[1.0, 1.0], [0.0, 1e4]]), dim=1)
    tensor([[0.5000, 0.5000],
            [0.0000, 1.0000]])
    >>> softmax(torch.zeros(2, 0), dim=1)
    tensor([], size=(2, 0))

    PyTorch: `torch.softmax` (`torch.nn.functional.softmax` takes `dim=None` too,
    and warns; here `dim` is required).
    """
    input = input if dtype is None else input.to(dtype)
    require_floating("input", input)
    peak = torch.tensor(0.0)
    if input.numel() > 0:
        peak = input.detach().amax(dim, keepdim=True)
    power = torch.exp(input - peak)
    return power / power.sum(dim, keepdim=True)


def softmax_jacobian(input: Tensor) -> Tensor:
    """Slope of every share by every score of a row.

    Formula: J_ij = p_i (1 - p_i) if i = j, else -p_i p_j, with p = softmax(z).
    Shapes: (classes,) in, (classes, classes) out.
    Errors: `TypeError` unless `input` is a floating-point tensor, `ValueError`
    unless it has one dimension.

    >>> softmax_jacobian(torch.zeros(2))
    tensor([[ 0.2500, -0.2500],
            [-0.2500,  0.2500]])
    """
    require_floating("input", input)
    if input.dim() != 1:
        given = tuple(input.shape)
        wanted = "input must have one dimension"
        raise ValueError(f"{wanted}, got {given}")
    p = softmax(input, dim=0)
    return torch.diag(p) - torch.outer(p, p)


def sensitive_region(
    slope: Callable[[Tensor], Tensor], fraction: float = 0.1
) -> tuple[float, float]:
    """Where, from -10 to 10, the larger slopes are.

    It reaches from the first to the last z whose slope is, in size, at least
    `fraction` of the largest.

    Found on a grid of step 0.01, so exact to that step.
    Errors: `ValueError` unless `fraction` lies above 0 and up to 1.

    >>> left, right = sensitive_region(tanh_slope)
    >>> print(f"{left:.2f} {right:.2f}")
    -1.81 1.81
    """
    if not 0 < fraction <= 1:
        given = f"got {fraction}"
        raise ValueError(f"fraction must be in (0, 1], {given}")
    z = torch.arange(-1000, 1001, dtype=torch.float64) / 100
    size = slope(z).abs()
    inside = z[size >= fraction * size.max()]
    return inside.min().item(), inside.max().item()


def random_stack(
    activation: Callable[[Tensor], Tensor],
    gain: float = 1.0,
    depth: int = 30,
    width: int = 64,
    seed: int = 0,
) -> list[Tensor]:
    """Pre-activations of each layer of a random stack.

    The stack has `depth` layers of `width` neurons without biases and is given
    100 random inputs; weights are normal with standard deviation
    gain / sqrt(width). The random numbers depend on `seed` alone.
    Shapes: `depth` tensors of shape (100, width), joined for autograd.

    >>> first, second = random_stack(torch.tanh, depth=2, width=5)
    >>> tuple(second.shape)
    (100, 5)
    """
    rng = torch.Generator().manual_seed(seed)
    output = torch.randn(100, width, generator=rng)
    layers = []
    for _ in range(depth):
        weight = torch.randn(width, width, generator=rng)
        z = output @ weight * gain / width**0.5
        layers.append(z.requires_grad_())
        output = activation(z)
    return layers


def gradient_by_layer(
    activation: Callable[[Tensor], Tensor],
    gain: float = 1.0,
    depth: int = 30,
    width: int = 64,
    seed: int = 0,
) -> list[float]:
    """Norm of the gradient at each layer, first layer first.

    The stack is that of `random_stack`. The gradient, taken at each layer's
    pre-activations, is that of one number: the last layer's outputs, mixed
    with random weights and summed over the inputs.

    >>> norms = gradient_by_layer(torch.sigmoid, depth=5)
    >>> norms[0] < 0.01 * norms[-1]
    True
    """
    layers = random_stack(activation, gain, depth, width, seed)
    rng = torch.Generator().manual_seed(seed + 1)
    mixing = torch.randn(width, generator=rng)
    mixture = activation(layers[-1]) @ mixing
    slopes = torch.autograd.grad(mixture.sum(), layers)
    return [slope.double().norm().item() for slope in slopes]


def dead_units(slopes: Tensor) -> Tensor:
    """True for a neuron whose slope is 0 for every example.

    Shapes: (examples, neurons) in, (neurons,) out, of dtype bool.
    Errors: `ValueError` unless there are two dimensions and an example.

    >>> slopes = torch.tensor([[0.0, 1.0, 0.0], [0.0, 0.0, 1.0]])
    >>> dead_units(slopes)
    tensor([ True, False, False])
    """
    if slopes.dim() != 2 or slopes.size(0) == 0:
        wanted, given = "(examples, neurons)", tuple(slopes.shape)
        raise ValueError(f"slopes must be {wanted}, got {given}")
    return (slopes == 0).all(dim=0)


def dead_while_learning(
    activation: Callable[[Tensor], Tensor],
    slope: Callable[[Tensor], Tensor],
    lr: float,
    x: Tensor,
    y: Tensor,
    steps: int = 200,
    seed: int = 0,
) -> list[tuple[int, float]]:
    """Dead units and loss of 100 neurons before each step.

    The prediction is the weighted sum of 100 neurons, each seeing one number; a
    step moves every weight and bias by -lr times the slope of the mean squared
    miss. The starting weights depend on `seed` alone.
    Shapes: x and y are (examples,).

    >>> x = torch.tensor([1.0, 2.0])
    >>> dead_while_learning(tanh, tanh_slope, 0.01, x, x, steps=1)[0][0]
    0
    """
    rng = torch.Generator().manual_seed(seed)
    draws = [torch.randn(100, generator=rng) for _ in range(3)]
    w, b, v = (draw.to(x) for draw in draws)
    theta = [w, b, v / 10]
    history = []
    for _ in range(steps):
        w, b, v = (t.detach().requires_grad_() for t in theta)
        z = x[:, None] * w + b
        loss = ((activation(z) @ v - y) ** 2).mean()
        dead = dead_units(slope(z.detach())).sum()
        history.append((int(dead), loss.item()))
        slopes = torch.autograd.grad(loss, (w, b, v))
        pairs = zip((w, b, v), slopes, strict=True)
        theta = [t - lr * g for t, g in pairs]
    return history


def staircase(
    target: Callable[[Tensor], Tensor],
    steps: int,
    low: float,
    high: float,
) -> Callable[[Tensor], Tensor]:
    """A sum of shifted tanh that follows a function.

    Formula: f(low) + sum_k (f(t_{k+1}) - f(t_k)) (1 + tanh(s (x - c_k))) / 2
    over `steps` steps, with t_0 = low, ..., t_steps = high evenly spaced, c_k the
    middle of a step, and s = 2 / (width of a step).
    Shapes: the returned function takes (n,) and gives (n,).
    Errors: `ValueError` unless there is at least one step and low < high.
    Source: the idea is in Cybenko (1989); this construction proves less.

    >>> line = staircase(lambda x: 2 * x, steps=50, low=0.0, high=1.0)
    >>> print(f"{line(torch.tensor([0.5])).item():.3f}")
    1.000
    """
    if steps < 1 or not low < high:
        given = f"got steps={steps}, low={low}, high={high}"
        wanted = "need steps >= 1 and low < high"
        raise ValueError(f"{wanted}, {given}")
    t = torch.linspace(low, high, steps + 1, dtype=torch.float64)
    start, height = target(t)[0].item(), target(t).diff()
    center = (t[:-1] + t[1:]) / 2
    sharpness = 2 * steps / (high - low)

    def sum_of_tanh(x: Tensor) -> Tensor:
        z = sharpness * (x[:, None] - center.to(x))
        steps_up = (1 + tanh(z)) * height.to(x) / 2
        return start + steps_up.sum(dim=1)

    return sum_of_tanh
