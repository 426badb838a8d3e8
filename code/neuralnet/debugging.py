r"""Find out why a network does not learn: checks that complain, or are silent.

A check returns a list of complaints, sentences that say what is wrong and where;
an empty list is silence. It changes nothing that it is given: what must be trained
or run to be judged is copied first. The thresholds are conventions of this book.

Notation: inputs x of shape (n, d); target of shape (n,) for classes (int64) or
that of the output for numbers; a batch is the pair (inputs, target); loss_fn takes
the output and the target, as `torch.nn.functional.cross_entropy` does, and is never
negative.
"""

from __future__ import annotations

import copy
import math
from collections.abc import Callable, Iterable, Sequence

import torch
from torch import Tensor, nn

from neuralnet.checks import (
    require_at_least,
    require_positive,
    require_rows,
    require_same_rows,
    require_tensor,
)

Loss = Callable[[Tensor, Tensor], Tensor]
Batch = tuple[Tensor, Tensor]


def take_steps(
    model: nn.Module,
    loss_fn: Loss,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
    steps: int,
) -> list[float]:
    """Losses before each step on one batch, and after the last.

    Errors: `ValueError` if steps is negative.

    >>> model = nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> batch = torch.ones(4, 1), torch.ones(4, 1)
    >>> losses = take_steps(model, nn.functional.mse_loss, optimizer, batch, 5)
    >>> len(losses), losses[5] < losses[0]
    (6, True)
    """
    require_at_least("steps", steps, 0)
    inputs, target = batch
    losses = []
    for _ in range(steps):
        optimizer.zero_grad()
        loss = loss_fn(model(inputs), target)
        torch.autograd.backward(loss)
        optimizer.step()
        losses.append(loss.item())
    with torch.no_grad():
        return [*losses, loss_fn(model(inputs), target).item()]


class Stacked(nn.Module):
    """One linear layer of each of several models, in stacks.

    Shapes: x (n, d), the same for all S models, or (S, n, d) -> (S, n, width).

    >>> layers = [nn.Linear(3, 2) for _ in range(10)]
    >>> Stacked(layers)(torch.zeros(5, 3)).shape
    torch.Size([10, 5, 2])
    """

    def __init__(self, layers: Sequence[nn.Linear]) -> None:
        super().__init__()
        weights = [layer.weight.detach() for layer in layers]
        biases = [layer.bias.detach() for layer in layers]
        self.weight = nn.Parameter(torch.stack(weights))
        self.bias = nn.Parameter(torch.stack(biases)[:, None])

    def forward(self, x: Tensor) -> Tensor:
        x = x.expand(len(self.weight), -1, -1)
        return torch.baddbmm(self.bias, x, self.weight.mT)


def side_by_side(models: Sequence[nn.Sequential]) -> nn.Sequential:
    """One network that gives the answers of several, of one build.

    Linear layers are copied into stacks; of other modules the first model's is
    taken, which must treat each number, or the last dimension, by itself.

    Errors: `ValueError` for no models, or models of unlike length.

    >>> team = side_by_side([nn.Sequential(nn.Linear(3, 2)) for _ in range(4)])
    >>> team(torch.zeros(5, 3)).shape
    torch.Size([4, 5, 2])
    """
    require_at_least("number of models", len(models), 1)
    parts: list[nn.Module] = []
    for layers in list(zip(*models, strict=True)):
        linear = isinstance(layers[0], nn.Linear)
        parts.append(Stacked(layers) if linear else layers[0])
    return nn.Sequential(*parts)


def each_loss(output: Tensor, target: Tensor) -> Tensor:
    """Mean cross-entropy of each model of a team.

    Shapes: output (S, n, C), target (n,) or (S, n) -> (S,).

    >>> each_loss(torch.zeros(2, 1, 4), torch.tensor([3]))
    tensor([1.3863, 1.3863])
    """
    target = target.expand(output.shape[:2])
    scores = output.transpose(1, 2)
    losses = nn.functional.cross_entropy(scores, target, reduction="none")
    return losses.mean(dim=1)


def total_loss(output: Tensor, target: Tensor) -> Tensor:
    """Sum of the losses of a team; each gets the gradient it has alone.

    Shapes: as `each_loss` -> ().

    >>> total_loss(torch.zeros(2, 1, 4), torch.tensor([3]))
    tensor(2.7726)
    """
    return each_loss(output, target).sum()


# The data


def check_finite(**tensors: Tensor) -> list[str]:
    """Complain of tensors that hold nan or infinity.

    Errors: `TypeError` for anything else than tensors.

    >>> check_finite(x=torch.tensor([1.0, float("nan")]), t=torch.tensor([0]))
    ['x: 1 of 2 numbers not finite']
    """
    found = []
    for name, tensor in tensors.items():
        require_tensor(name, tensor)
        bad = int((~tensor.isfinite()).sum())
        if bad:
            told = f"{bad} of {tensor.numel()} numbers not finite"
            found.append(f"{name}: {told}")
    return found


def check_scale(inputs: Tensor, most: float = 10.0) -> list[str]:
    """Complain of inputs far from size 1, or one far larger column.

    Shapes: inputs (n, d). The size of numbers is the root of their mean square. All
    together must have one from 1 / most to most, and no column one of more than a
    hundred times that of the median column; columns of zeros are passed over.

    Errors: `ValueError` unless most is greater than 0.

    >>> check_scale(torch.tensor([[35.7], [55.9]]))
    ['inputs have size 46.9: standardize']
    >>> check_scale(torch.tensor([[1.0, 1e-3], [-1.0, 2e-3]]))
    ['a column is 632 times the median: standardize']

    No input is too large or too small:

    >>> check_scale(torch.zeros(0, 3))
    []
    """
    require_positive("most", most)
    require_rows("inputs", inputs, 0)
    if inputs.numel() == 0 or not inputs.isfinite().all():
        return []
    x = inputs.detach().double().flatten(1)
    size = x.square().mean().sqrt().item()
    columns = x.square().mean(dim=0).sqrt()
    columns = columns[columns > 0]
    found = []
    if not 1 / most <= size <= most:
        found.append(f"inputs have size {size:.3g}: standardize")
    if len(columns) and columns.max() > 100 * columns.median():
        ratio = (columns.max() / columns.median()).item()
        told = f"a column is {ratio:.0f} times the median"
        found.append(f"{told}: standardize")
    return found


def check_drift(
    known: Tensor,
    other: Tensor,
    most: float = 1.0,
) -> list[str]:
    """Complain if other data as a whole are shifted or stretched.

    Shapes: known (the training data) (n, d), other (m, d), n and m at least 2. The
    mean of all entries may move by `most` standard deviations of the training data,
    and the standard deviation may change by a factor of 2. A single column may hide.

    Errors: `ValueError` for fewer than 2 rows, or if all known numbers are equal.

    >>> x = torch.tensor([[0.0], [1.0], [2.0]])
    >>> check_drift(x, x + 0.5)
    []
    >>> check_drift(x, 16 * x)
    ['mean moved 15 deviations', 'spread changed 16 times']
    """
    require_rows("known", known, 2)
    require_rows("other", other, 2)
    mean, std = known.double().mean(), known.double().std()
    require_positive("spread of known", std.item())
    moved = ((other.double().mean() - mean) / std).abs().item()
    spread = (other.double().std() / std).item()
    found = []
    if moved > most:
        found.append(f"mean moved {moved:.3g} deviations")
    if not 0.5 <= spread <= 2:
        found.append(f"spread changed {spread:.3g} times")
    return found


def check_overlap(known: Tensor, other: Tensor) -> list[str]:
    """Complain of rows that stand in the training data too.

    Shapes: known (the training data) (n, d), other (m, d). Rows are the same if all
    their numbers are equal; nan is equal to nothing. Rows of few different values,
    like answers of yes and no, coincide without any fault.

    Errors: `ValueError` for other columns or another dtype.

    >>> x = torch.tensor([[0.0, 1.0], [2.0, 3.0]])
    >>> check_overlap(x, torch.tensor([[2.0, 3.0], [9.0, 9.0]]))
    ['1 of 2 rows are in the training data']
    """
    require_rows("known", known, 0)
    require_rows("other", other, 0)
    one, two = known[:0], other[:0]
    if one.dtype != two.dtype or one.shape != two.shape:
        kinds = f"{known.dtype} and {other.dtype}"
        shapes = f"{tuple(known.shape)} and {tuple(other.shape)}"
        raise ValueError(f"rows must be alike: {kinds}, {shapes}")
    rows = set(map(tuple, known.flatten(1).tolist()))
    others = other.flatten(1).tolist()
    twice = sum(tuple(row) in rows for row in others)
    told = f"{twice} of {len(other)} rows are in the training data"
    return [told] if twice else []


def check_alignment(inputs: Tensor, target: Tensor) -> list[str]:
    """Complain unless neighbors agree in class halfway from chance to always.

    Shapes: inputs (n, d), target (n,) of classes. The nearest other row has the
    same class with a certain frequency; two rows picked blindly have it with the
    frequency `chance`. The first must be at least halfway from chance to 1.

    Errors: `ValueError` for fewer than 2 rows, another number of targets, or targets
    that are no classes.

    >>> x = torch.tensor([[0.0], [0.1], [5.0], [5.1]])
    >>> check_alignment(x, torch.tensor([0, 0, 1, 1]))
    []
    >>> check_alignment(x, torch.tensor([0, 1, 0, 1]))
    ['nearest row agrees in 0%, chance 50%']
    """
    require_rows("inputs", inputs, 2)
    require_same_rows(inputs=inputs, target=target)
    numbers = target.is_floating_point() or target.min() < 0
    if numbers or target.dim() != 1:
        shape = tuple(target.shape)
        given = f"{target.dtype}, shape {shape}"
        raise ValueError(f"target must hold classes, got {given}")
    x = inputs.detach().double().flatten(1)
    gaps = torch.cdist(x, x)
    gaps.fill_diagonal_(math.inf)
    same = target == target[gaps.argmin(dim=1)]
    agree = same.double().mean().item()
    shares = target.bincount().double() / len(target)
    chance = (shares**2).sum().item()
    if agree >= (1 + chance) / 2:
        return []
    return [f"nearest row agrees in {agree:.0%}, chance {chance:.0%}"]


def check_last_batch(n: int, size: int) -> list[str]:
    """Complain if n examples in batches of this size leave one over.

    >>> check_last_batch(301, 50)
    ['last batch of 1 example: drop_last=True']
    >>> check_last_batch(300, 50)
    []
    """
    require_at_least("size", size, 1)
    if size > 1 and n % size == 1:
        return ["last batch of 1 example: drop_last=True"]
    return []


# The output and the target


def check_places(model: nn.Module, *tensors: Tensor) -> list[str]:
    """Complain of tensors on another device or of another dtype.

    Integers pass if the model holds an embedding, which takes them.

    >>> check_places(nn.Linear(2, 1), torch.zeros(3, 2, dtype=torch.float64))
    ['float64 on cpu, model float32 on cpu']
    """

    def place(tensor: Tensor) -> str:
        require_tensor("inputs", tensor)
        dtype = str(tensor.dtype).removeprefix("torch.")
        return f"{dtype} on {tensor.device.type}"

    own = {place(param) for param in model.parameters()}
    wanted = ", ".join(sorted(own))
    for module in model.modules():
        if isinstance(module, nn.Embedding | nn.EmbeddingBag):
            device = module.weight.device.type
            own |= {f"int32 on {device}", f"int64 on {device}"}
    wrong = {place(each) for each in tensors} - own if own else set()
    return [f"{each}, model {wanted}" for each in sorted(wrong)]


def check_target(output: Tensor, target: Tensor) -> list[str]:
    """Complain of a target that does not fit the output.

    A floating-point target holds numbers and has the shape of the output. Any
    other names classes: int64 or uint8, shape (n,) for outputs (n, C), (n, ...) for
    outputs (n, C, ...), from 0 to C - 1. PyTorch passes over -100.

    Errors: `TypeError` unless both are tensors.

    >>> check_target(torch.zeros(11, 1), torch.zeros(11))
    ['target (11,) for output (11, 1)']
    >>> check_target(torch.zeros(2, 3), torch.tensor([1, 3]))
    ['class 3 among 3 classes, 0 to 2']
    >>> check_target(torch.zeros(2, 3), torch.tensor([1, 2]))
    []
    """
    require_tensor("output", output)
    require_tensor("target", target)
    numbers = target.is_floating_point()
    shape, given = tuple(output.shape), tuple(target.shape)
    if not numbers and len(shape) < 2:
        return [f"classes want scores (n, C), not {shape}"]
    if given != (shape if numbers else shape[:1] + shape[2:]):
        found = [f"target {given} for output {shape}"]
        scores = len(shape) == 2 and shape[1] > 1
        if numbers and scores and given == shape[:1]:
            found.append("if it holds classes: .long()")
        return found
    if numbers:
        return []
    if target.dtype not in (torch.int64, torch.uint8):
        return [f"classes are {target.dtype}, want torch.int64"]
    last = shape[1] - 1
    known = (target >= 0) & (target <= last) | (target == -100)
    outside = target[~known].tolist()
    named = f"among {last + 1} classes, 0 to {last}"
    return [f"class {outside[0]} {named}"] if outside else []


def check_scores(output: Tensor) -> list[str]:
    """Complain of scores that look like probabilities.

    Shapes: output (n, C) with C at least 2; of any other, nothing is said.
    Cross-entropy takes the softmax itself.

    >>> check_scores(torch.tensor([[2.0, -1.0]]))
    []
    >>> check_scores(torch.tensor([[2.0, -1.0]]).softmax(dim=1))
    ['rows sum to 1: a softmax too many']
    """
    require_tensor("output", output)
    if output.dim() != 2 or output.shape[1] < 2 or not len(output):
        return []
    sums = output.sum(dim=1)
    ones = torch.ones_like(sums)
    if (output >= 0).all() and sums.allclose(ones, atol=1e-4):
        return ["rows sum to 1: a softmax too many"]
    return []


def guess_loss(
    loss_fn: Loss,
    output: Tensor,
    target: Tensor,
) -> float:
    """Loss of an answer that looks at no input: zero, or the mean.

    For numbers it is the better of the two. For C classes it gives each 1 / C, as
    scores, shares or their logarithms; the loss is log C whichever the loss takes.

    Errors: `TypeError` unless both are tensors.

    >>> target = torch.tensor([[1.0], [3.0]])
    >>> guess_loss(nn.functional.mse_loss, torch.zeros(2, 1), target)
    1.0
    >>> scores, classes = torch.zeros(4, 10), torch.zeros(4).long()
    >>> round(guess_loss(nn.functional.cross_entropy, scores, classes), 4)
    2.3026
    """
    require_tensor("output", output)
    require_tensor("target", target)
    if target.is_floating_point():
        zero, mean = torch.zeros_like(output), target.mean(dim=0)
        guesses = [zero, mean.expand_as(output)]
        return min(loss_fn(each, target).item() for each in guesses)
    even = torch.full_like(output, 1 / output.shape[1])
    losses = loss_fn(even, target), loss_fn(even.log(), target)
    return max(loss.item() for loss in losses if loss.isfinite())


def check_start(
    loss: float,
    guess: float,
    most: float = 4.0,
) -> list[str]:
    """Complain if the untrained model is far worse than a guess.

    >>> check_start(2.35, 2.3)
    []
    >>> check_start(40.0, 2.0)
    ['loss 40 at the start, guess 2']
    """
    if loss <= most * guess:
        return []
    return [f"loss {loss:.3g} at the start, guess {guess:.3g}"]


# The gradient


def check_gradients(model: nn.Module) -> list[str]:
    """Complain of parameters that got no gradient, zeros, or nan.

    To be asked after `backward()`.

    >>> model = nn.Linear(1, 1)
    >>> check_gradients(model)
    ['weight: no gradient', 'bias: no gradient']
    >>> model(torch.ones(1, 1)).sum().backward()
    >>> check_gradients(model)
    []
    """
    found = []
    for name, param in model.named_parameters():
        if not param.requires_grad:
            found.append(f"{name}: frozen")
        elif param.grad is None:
            found.append(f"{name}: no gradient")
        elif not param.grad.isfinite().all():
            found.append(f"{name}: gradient not finite")
        elif not param.grad.any():
            found.append(f"{name}: gradient 0")
    return found


def gradient_sizes(model: nn.Module) -> dict[str, float]:
    """Root mean square of the gradient of each matrix of weights.

    >>> model = nn.Linear(2, 1)
    >>> model(torch.tensor([[3.0, 4.0]])).sum().backward()
    >>> gradient_sizes(model)["weight"]
    3.5355...
    """
    return {
        name: param.grad.double().square().mean().sqrt().item()
        for name, param in model.named_parameters()
        if param.dim() >= 2 and param.grad is not None
    }


def check_gradient_ratio(
    model: nn.Module,
    most: float = 1000.0,
) -> list[str]:
    """Complain if the gradients of two layers are of unlike size.

    To be asked after `backward()`; gradients of 0 are left to `check_gradients`.

    Errors: `ValueError` unless most is greater than 0.

    >>> model = nn.Sequential(nn.Linear(1, 1), nn.Linear(1, 1))
    >>> for param, size in zip(model.parameters(), (1e-6, 1e-6, 1.0, 1.0)):
    ...     param.grad = torch.full_like(param, size)
    >>> check_gradient_ratio(model)
    ["0.weight: gradient 1e-06 of 1.weight's"]
    """
    require_positive("most", most)
    sizes = gradient_sizes(model)
    sizes = {k: s for k, s in sizes.items() if 0 < s < math.inf}
    if not sizes:
        return []
    low = min(sizes, key=sizes.__getitem__)
    high = max(sizes, key=sizes.__getitem__)
    ratio = sizes[low] / sizes[high]
    if ratio * most >= 1:
        return []
    return [f"{low}: gradient {ratio:.0e} of {high}'s"]


def check_two_passes(
    model: nn.Module,
    run: Callable[[], object],
) -> list[str]:
    """Complain if a second pass adds to the gradient of the first.

    `run` does all that the loop does up to and with `backward()`. Both passes draw
    the same random numbers; weights, buffers and gradients are put back. Gradients
    that are not finite are left to `check_gradients`.

    >>> model = nn.Linear(1, 1)
    >>> def forgetful():
    ...     model(torch.ones(1, 1)).sum().backward()
    >>> check_two_passes(model, forgetful)
    ['gradients add up: zero_grad() is missing']
    """
    params = [p for p in model.parameters() if p.requires_grad]
    state = copy.deepcopy(model.state_dict())
    kept = [p.grad for p in params]
    for p in params:
        p.grad = torch.zeros_like(p)
    seen = []
    with torch.random.fork_rng(devices=[]):
        for _ in range(2):
            torch.manual_seed(0)
            run()
            grads = [p.grad for p in params if p.grad is not None]
            flat = [grad.flatten() for grad in grads]
            seen.append(torch.cat(flat) if flat else torch.zeros(0))
    for p, grad in zip(params, kept, strict=True):
        p.grad = grad
    model.load_state_dict(state)
    one, two = seen
    added = (two - one).norm()
    if not one.isfinite().all() or added <= 1e-3 * one.norm():
        return []
    return ["gradients add up: zero_grad() is missing"]


def clip_grad_norm_(
    parameters: Iterable[Tensor] | Tensor,
    max_norm: float,
) -> Tensor:
    r"""Shorten all gradients by one factor, to length max_norm at most.

    grad <- grad min(1, max_norm / (length + 1e-6)), in place; the length, taken over
    all gradients together, is returned as it was. One tensor is a list of one. As
    `torch.nn.utils.clip_grad_norm_`, without its other norms.

    Errors: `ValueError` if max_norm is negative.

    >>> w = torch.zeros(2, requires_grad=True)
    >>> w.grad = torch.tensor([30.0, 40.0])
    >>> clip_grad_norm_([w], 5.0)
    tensor(50.)
    >>> w.grad
    tensor([3.0000, 4.0000])

    Source: Pascanu, Mikolov and Bengio (2013), algorithm 1.
    """
    require_at_least("max_norm", max_norm, 0)
    if isinstance(parameters, Tensor):
        parameters = [parameters]
    grads = [p.grad for p in parameters if p.grad is not None]
    if not grads:
        return torch.tensor(0.0)
    norms = torch.stack([grad.norm() for grad in grads])
    length: Tensor = norms.norm()
    factor = (max_norm / (length + 1e-6)).clamp(max=1.0)
    for grad in grads:
        grad.mul_(factor)
    return length


# The units


def check_units(
    model: nn.Module,
    inputs: Tensor,
    most: float = 0.5,
) -> list[str]:
    """Complain of layers most of whose units answer every row alike.

    A dead ReLU gives 0 for every row, a saturated tanh or sigmoid gives the same
    end of its range: a unit is idle if its outputs, for inputs of size about 1,
    differ by less than 1e-3. The share of idle units of each module ReLU, Tanh or
    Sigmoid may be at most `most`; calls of `torch.relu` are not seen.

    Shapes: inputs (n, d), n at least 2 (`ValueError` otherwise).

    >>> model = nn.Sequential(nn.Linear(1, 4), nn.ReLU())
    >>> _ = nn.init.constant_(model[0].bias, -9.0)
    >>> check_units(model, torch.tensor([[-1.0], [1.0]]))
    ['1: 100% of 4 units idle']
    """
    found = []
    shares = idle_shares(model, inputs)
    for name, (share, units) in shares.items():
        if share > most:
            found.append(f"{name}: {share:.0%} of {units} units idle")
    return found


def idle_shares(
    model: nn.Module,
    inputs: Tensor,
) -> dict[str, tuple[float, int]]:
    """Share of idle units, and their number, in each activation.

    The activations are the modules ReLU, Tanh and Sigmoid; of one that is used twice
    the worse use counts. A unit of an image layer, (n, C, H, W), is a channel.

    Errors: `ValueError` for fewer than 2 rows.

    >>> model = nn.Sequential(nn.Tanh())
    >>> idle_shares(model, torch.tensor([[9.0, 0.0], [8.0, 1.0]]))
    {'0': (0.5, 2)}
    """
    require_tensor("inputs", inputs)
    require_at_least("number of rows", len(inputs), 2)
    trial = copy.deepcopy(model)
    seen: dict[str, tuple[float, int]] = {}

    def watch(name: str) -> Callable:
        def hook(
            module: nn.Module,
            args: tuple,
            output: Tensor,
        ) -> None:
            o = output
            if o.dim() == 4:
                o = o.movedim(1, 3).flatten(0, 2)
            o = o.reshape(len(o), -1)
            spread = o.max(dim=0).values - o.min(dim=0).values
            idle = spread < 1e-3
            found = idle.double().mean().item(), len(idle)
            seen[name] = max(found, seen.get(name, found))

        return hook

    for name, module in trial.named_modules():
        if isinstance(module, nn.ReLU | nn.Tanh | nn.Sigmoid):
            module.register_forward_hook(watch(name))
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        trial(inputs)
    return seen


# The optimizer and the curve


def check_optimizer(
    model: nn.Module,
    optimizer: torch.optim.Optimizer,
) -> list[str]:
    """Complain of parameters that the optimizer does not hold.

    >>> model = nn.Linear(1, 1)
    >>> other = torch.optim.SGD(nn.Linear(1, 1).parameters(), lr=0.1)
    >>> check_optimizer(model, other)
    ['weight: not in the optimizer', 'bias: not in the optimizer']
    """
    held = {id(p) for g in optimizer.param_groups for p in g["params"]}
    return [
        f"{name}: not in the optimizer"
        for name, param in model.named_parameters()
        if param.requires_grad and id(param) not in held
    ]


def update_ratios(
    model: nn.Module,
    loss_fn: Loss,
    optimizer: torch.optim.Optimizer,
    batch: Batch,
) -> dict[str, float]:
    """Length of an update of each weight matrix, over its own length.

    The step is taken by copies of the model and the optimizer. Frozen matrices, and
    those that are all 0, are passed over.

    >>> model = nn.Linear(1, 1, bias=False)
    >>> _ = nn.init.constant_(model.weight, 2.0)
    >>> optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    >>> batch = torch.ones(1, 1), torch.ones(1, 1)
    >>> ratios = update_ratios(model, nn.functional.mse_loss, optimizer, batch)
    >>> round(ratios["weight"], 6)
    0.1
    """
    trial, stepper = copy.deepcopy((model, optimizer))
    take_steps(trial, loss_fn, stepper, batch, 1)
    after = dict(trial.named_parameters())
    return {
        name: ((after[name] - param).norm() / param.norm()).item()
        for name, param in model.named_parameters()
        if param.dim() >= 2 and param.requires_grad and param.any()
    }


def check_updates(
    ratios: dict[str, float], low: float = 1e-5, high: float = 0.5
) -> list[str]:
    """Complain of updates that are tiny or huge beside the weights.

    >>> check_updates({"0.weight": 1e-3, "2.weight": 4.0})
    ['2.weight: update 4 of the weights']
    """
    return [
        f"{name}: update {ratio:.2g} of the weights"
        for name, ratio in ratios.items()
        if not low <= ratio <= high
    ]


def check_curve(
    losses: Sequence[float],
    first: int = 10,
) -> list[str]:
    """Complain if the loss is not finite, doubles, or stands still.

    The first steps are judged, `first` of them or as many as there are. A loss of 0
    may stay where it is.

    Errors: `ValueError` for fewer than 2 losses, or a first below 1.

    >>> check_curve([4.0, 3.0, 2.5])
    []
    >>> check_curve([4.0, 9.0, 30.0])
    ['loss grew 7.5 times in 2 steps']
    >>> check_curve([4.0, 4.0, 4.0])
    ['loss fell by 0.0% in 2 steps']
    """
    require_at_least("number of losses", len(losses), 2)
    require_at_least("first", first, 1)
    seen = losses[: first + 1]
    steps = len(seen) - 1
    if not all(map(math.isfinite, seen)):
        where = [math.isfinite(loss) for loss in seen].index(False)
        return [f"loss {seen[where]} at step {where}"]
    if max(seen) > 2 * seen[0]:
        growth = max(seen) / seen[0]
        return [f"loss grew {growth:.3g} times in {steps} steps"]
    if seen[-1] > 0.99 * seen[0]:
        fall = 1 - seen[-1] / seen[0]
        return [f"loss fell by {fall:.1%} in {steps} steps"]
    return []


def range_test(
    model: nn.Module,
    loss_fn: Loss,
    batch: Batch,
    rates: Sequence[float],
) -> list[float]:
    """Loss before each step of descent, one step at each rate.

    The steps are taken by a copy of the model.

    >>> model = nn.Linear(1, 1)
    >>> batch = torch.ones(1, 1), torch.ones(1, 1)
    >>> len(range_test(model, nn.functional.mse_loss, batch, [0.01, 0.1]))
    2

    Source: Smith (2017), section 3.3, there with rates that rise linearly.
    """
    trial = copy.deepcopy(model)
    optimizer = torch.optim.SGD(trial.parameters(), lr=0.0)
    losses = []
    for rate in rates:
        optimizer.param_groups[0]["lr"] = rate
        before, _ = take_steps(trial, loss_fn, optimizer, batch, 1)
        losses.append(before)
    return losses


# The finished model


def check_serving(model: nn.Module, inputs: Tensor) -> list[str]:
    """Complain if an answer changes by itself, or with its batch.

    Shapes: inputs (n, d), n at least 2. Asked of the model as it stands: call
    `eval()` before, as you would before answering.

    >>> check_serving(nn.Dropout(), torch.ones(8, 8))
    ['two calls differ by 2']
    >>> check_serving(nn.Dropout().eval(), torch.ones(8, 8))
    []
    """
    require_rows("inputs", inputs, 2)
    trial = copy.deepcopy(model)
    half = len(inputs) // 2
    others = inputs[:1].expand_as(inputs[half:])
    found = []
    with torch.no_grad(), torch.random.fork_rng(devices=[]):
        torch.manual_seed(0)
        one, two = trial(inputs), trial(inputs)
        torch.manual_seed(0)
        beside = trial(torch.cat([inputs[:half], others]))
    require_tensor("output", one)
    if not torch.allclose(one, two, atol=1e-5, equal_nan=True):
        gap = (one - two).abs().max().item()
        found.append(f"two calls differ by {gap:.2g}")
    one, beside = one[:half], beside[:half]
    if not torch.allclose(one, beside, atol=1e-5, equal_nan=True):
        found.append("a row depends on the rows beside it")
    return found


# The order of march


def check_overfit(
    model: nn.Module,
    loss_fn: Loss,
    batch: Batch,
    steps: int = 300,
    lr: float = 0.01,
) -> list[str]:
    """Complain if one batch cannot be learned by heart.

    A copy of the model, its dropout switched off, takes so many steps of Adam; the
    loss must fall below a tenth of that of a guess, which for classes of unequal
    size gives each class its share. It must not be negative.

    >>> _ = torch.manual_seed(0)
    >>> x = torch.tensor([[-1.0], [0.0], [1.0]])
    >>> check_overfit(nn.Linear(1, 1), nn.functional.mse_loss, (x, 2 * x))
    []
    >>> check_overfit(nn.Linear(1, 1), nn.functional.mse_loss, (x, x**2))
    ['loss 0.22... after 300 steps, guess 0.222']
    """
    trial = copy.deepcopy(model).train()
    for module in trial.modules():
        if isinstance(module, nn.Dropout):
            module.eval()
    inputs, target = batch
    with torch.no_grad():
        output = trial(inputs)
        guess = guess_loss(loss_fn, output, target)
    if not target.is_floating_point() and target.min() < target.max():
        counts = target[target >= 0].bincount().double()
        shares = counts[counts > 0] / counts.sum()
        entropy = -(shares * shares.log()).sum().item()
        guess *= entropy / math.log(output.shape[1])
    optimizer = torch.optim.Adam(trial.parameters(), lr=lr)
    last = take_steps(trial, loss_fn, optimizer, batch, steps)[-1]
    if -1e-6 <= last < guess / 10:
        return []
    return [f"loss {last:.3g} after {steps} steps, guess {guess:.3g}"]


def examine(
    model: nn.Module,
    loss_fn: Loss,
    batch: Batch,
    optimizer: torch.optim.Optimizer | None = None,
) -> list[str]:
    """Run the checks in order, print and return the complaints.

    The march ends where going on makes no sense: at numbers that are not finite,
    dtypes or targets that do not fit, and at an error, whose message is the
    complaint. The model takes one tensor and returns one.

    >>> _ = torch.manual_seed(0)
    >>> x = torch.tensor([[-1.0], [0.0], [1.0]])
    >>> found = examine(nn.Linear(1, 1), nn.functional.mse_loss, (x, x))
    ok  finite
    ok  places
    ok  target
    ok  scale
    ok  scores
    ok  start
    ok  gradients
    ok  units
    ok  one batch
    >>> found
    []
    """
    inputs, target = batch
    trial, stepper = copy.deepcopy((model, optimizer))
    trial.zero_grad()

    def scale() -> list[str]:
        numbers = inputs.is_floating_point()
        return check_scale(inputs) if numbers else []

    def start() -> list[str]:
        output = trial(inputs)
        loss = loss_fn(output, target)
        torch.autograd.backward(loss)
        guess = guess_loss(loss_fn, output.detach(), target)
        return check_start(loss.item(), guess)

    def scores() -> list[str]:
        with torch.no_grad():
            output = trial(inputs)
            raised = loss_fn(output + 1, target)
            loss = loss_fn(output, target)
        if target.is_floating_point() or not raised.isclose(loss):
            return []  # this loss takes no softmax of its own
        return check_scores(output)

    march: dict[str, Callable[[], list[str]]] = {
        "finite": lambda: check_finite(x=inputs, target=target),
        "places": lambda: check_places(trial, inputs),
        "target": lambda: check_target(trial(inputs), target),
        "scale": scale,
        "scores": scores,
        "start": start,
        "gradients": lambda: [
            *check_gradients(trial),
            *check_gradient_ratio(trial),
        ],
        "units": lambda: check_units(trial, inputs),
        "one batch": lambda: check_overfit(trial, loss_fn, batch),
    }
    if stepper is not None:
        march["optimizer"] = lambda: check_optimizer(trial, stepper)
        march["update"] = lambda: check_updates(
            update_ratios(trial, loss_fn, stepper, batch)
        )
    return run_march(march, {"finite", "places", "target"})


def run_march(
    march: dict[str, Callable[[], list[str]]],
    stop: set[str],
) -> list[str]:
    """Run and print the steps, up to an error or one in `stop`.

    >>> run_march({"a": list, "b": lambda: ["bad"], "c": list}, {"b"})
    ok  a
    no  b
        bad
    ['bad']
    """
    complaints: list[str] = []
    for name, step in march.items():
        failed = False
        try:
            found = step()
        except (
            RuntimeError,
            ValueError,
            TypeError,
            IndexError,
        ) as error:
            failed, found = True, [str(error).splitlines()[0]]
        print("no " if found else "ok ", name)
        for complaint in found:
            print("   ", complaint)
        complaints += found
        if failed or (found and name in stop):
            break
    return complaints
