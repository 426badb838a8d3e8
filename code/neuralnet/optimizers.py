# ruff: noqa: N803 (PyTorch calls it T_max)
r"""An optimizer turns gradients into steps; each one here mends a fault of another.

Notation: parameters theta, in code `param`; gradient g of the loss at the
current parameters, in code `grad`; learning rate eta, in code `lr`; velocity v;
sum or average of squared gradients h. All arithmetic is per entry of a tensor.

The classes have the names, the arguments, their order, their defaults and the
results of those in `torch.optim`. Left out are parameter groups (here `lr` is
an attribute that you may set), `closure`, sparse and complex gradients, Adam's
`decoupled_weight_decay` (it makes AdamW), and the arguments that change speed and
no number (`foreach`, `fused`, `capturable`, `differentiable`).
"""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import torch
from torch import Tensor

from neuralnet.checks import (
    require_at_least,
    require_fraction,
    require_parameters,
)


class Optimizer:
    r"""What all optimizers share: parameters, their state, and whom to skip.

    A subclass says in `change` what is added to a parameter, given the gradient
    g that the step is to use: \nabla E, or -\nabla E with `maximize`, plus
    `weight_decay` times the parameter. `states` holds one dict a parameter.

    Errors: `TypeError` unless params is an iterable of floating-point tensors;
    `ValueError` if it is empty, holds a tensor twice or one that was computed
    from others, or if lr or weight_decay is negative or nan.

    >>> Optimizer([])
    Traceback (most recent call last):
        ...
    ValueError: params must hold at least one tensor, got none
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        weight_decay: float = 0.0,
        maximize: bool = False,
    ) -> None:
        self.params = list(require_parameters(params))
        require_at_least("lr", lr, 0)
        require_at_least("weight_decay", weight_decay, 0)
        self.lr, self.weight_decay = lr, weight_decay
        self.maximize = maximize
        self.states: list[dict[str, Any]] = [{} for _ in self.params]

    @torch.no_grad()
    def step(self) -> None:
        """Change every parameter that has a gradient, in place."""
        for param, state in zip(self.params, self.states, strict=True):
            if param.grad is not None:
                grad = -param.grad if self.maximize else param.grad
                grad = self.decay(param, grad)
                param += self.change(grad, state)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: make them None, or fill them with zeros."""
        for param in self.params:
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad = param.grad.detach().zero_()

    def decay(self, param: Tensor, grad: Tensor) -> Tensor:
        """Add the gradient of weight_decay / 2 times the squared length."""
        if self.weight_decay == 0:
            return grad
        return grad + self.weight_decay * param

    def change(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        """What to add to the parameter; `state` is its own, to be updated."""
        raise NotImplementedError


class SGD(Optimizer):
    r"""Step against the gradient, or against a velocity that adds gradients up.

    v_1 = g_1, later v <- momentum v + (1 - dampening) g; the step is -lr v, and
    -lr (g + momentum v) with `nesterov`. Without momentum it is -lr g.

    Errors: those of `Optimizer`; `ValueError` if momentum is negative, or for
    `nesterov` without momentum or with dampening.

    >>> theta = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = SGD([theta], lr=0.1, momentum=0.5)
    >>> for _ in range(2):
    ...     theta.grad = torch.tensor([2.0])
    ...     optimizer.step()
    ...     print(theta.detach())
    tensor([0.8000])
    tensor([0.5000])

    A parameter without a gradient stays:

    >>> optimizer.zero_grad()
    >>> optimizer.step()
    >>> theta.detach()
    tensor([0.5000])

    PyTorch: `torch.optim.SGD`. Sources: Polyak (1964); Sutskever et al. (2013).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        momentum: float = 0.0,
        dampening: float = 0.0,
        weight_decay: float = 0.0,
        nesterov: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize)
        require_at_least("momentum", momentum, 0)
        if nesterov and (momentum == 0 or dampening != 0):
            given = f"momentum {momentum}, dampening {dampening}"
            wanted = "nesterov needs momentum > 0 and dampening 0"
            raise ValueError(f"{wanted}, got {given}")
        self.momentum, self.dampening = momentum, dampening
        self.nesterov = nesterov

    def change(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        """-lr times the gradient, the velocity, or Nesterov's mix of both."""
        if self.momentum == 0:
            return -self.lr * grad
        velocity: Tensor = grad.clone()
        if "velocity" in state:
            new = (1 - self.dampening) * grad
            velocity = self.momentum * state["velocity"] + new
        state["velocity"] = velocity
        if self.nesterov:
            return -self.lr * (grad + self.momentum * velocity)
        return -self.lr * velocity


class Adagrad(Optimizer):
    r"""Divide each step by the root of all squared gradients so far.

    h <- h + g^2 from h = initial_accumulator_value; in step t = 1, 2, ... the
    change is -lr / (1 + (t - 1) lr_decay) * g / (sqrt(h) + eps).

    Errors: those of `Optimizer`; `ValueError` if lr_decay, eps or
    initial_accumulator_value is negative or nan.

    >>> theta = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adagrad([theta], lr=0.1)
    >>> theta.grad = torch.tensor([1e-3, 1e3])
    >>> optimizer.step()
    >>> theta.detach()
    tensor([0.9000, 0.9000])

    PyTorch: `torch.optim.Adagrad`. Source: Duchi, Hazan and Singer (2011).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-2,
        lr_decay: float = 0.0,
        weight_decay: float = 0.0,
        initial_accumulator_value: float = 0.0,
        eps: float = 1e-10,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize)
        require_at_least("lr_decay", lr_decay, 0)
        require_at_least("eps", eps, 0)
        first = initial_accumulator_value
        require_at_least("initial_accumulator_value", first, 0)
        self.lr_decay, self.eps = lr_decay, eps
        self.initial_accumulator_value = first

    def change(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        """-lr g / (sqrt(h) + eps), with lr shrunk by lr_decay."""
        first = self.initial_accumulator_value
        before: Tensor = state.get("h", torch.full_like(grad, first))
        h: Tensor = before + grad**2
        state["h"] = h
        t: int = state.get("t", 0)
        state["t"] = t + 1
        lr = self.lr / (1 + t * self.lr_decay)
        return -lr * grad / (h.sqrt() + self.eps)


def blend(average: Tensor, new: Tensor, beta: float) -> Tensor:
    """Keep the share beta of a running average and take the rest from new.

    beta average + (1 - beta) new, per entry; started from zeros, the average of
    t equal values is 1 - beta^t times that value.

    Shapes: average and new have one shape, the result has it too.

    >>> blend(torch.tensor([0.0, 1.0]), torch.tensor([1.0, 1.0]), 0.75)
    tensor([0.2500, 1.0000])
    """
    return beta * average + (1 - beta) * new


class RMSprop(Optimizer):
    r"""Divide each step by the root of a fading average of squared gradients.

    h <- alpha h + (1 - alpha) g^2 from h = 0; the change is -lr u with
    u = g / (sqrt(h) + eps). With `centered`, h loses the square of a like
    average of g. With `momentum`, u is added to a velocity, v <- momentum v + u,
    and the change is -lr v.

    Errors: those of `Optimizer`; `ValueError` if eps or momentum is negative or
    alpha is not in [0, 1) (PyTorch lets an alpha of 1 and more pass).

    >>> theta = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = RMSprop([theta], lr=0.1)
    >>> theta.grad = torch.tensor([1e-3, 1e3])
    >>> optimizer.step()
    >>> theta.detach().round(decimals=3).abs()  # ten times as far as Adagrad
    tensor([0., 0.])

    PyTorch: `torch.optim.RMSprop`. Source: Tieleman and Hinton (2012);
    `centered`: Graves (2013).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-2,
        alpha: float = 0.99,
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        momentum: float = 0.0,
        centered: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize)
        require_fraction("alpha", alpha)
        require_at_least("eps", eps, 0)
        require_at_least("momentum", momentum, 0)
        self.alpha, self.eps = alpha, eps
        self.momentum, self.centered = momentum, centered

    def change(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        """-lr g / (sqrt(h) + eps), or -lr times a velocity of such terms."""
        zero = torch.zeros_like(grad)
        state["h"] = h = blend(state.get("h", zero), grad**2, self.alpha)
        if self.centered:
            state["m"] = blend(state.get("m", zero), grad, self.alpha)
            h = h - state["m"] ** 2
        scaled = grad / (h.sqrt() + self.eps)
        if self.momentum == 0:
            return -self.lr * scaled
        before: Tensor = state.get("velocity", zero)
        state["velocity"] = velocity = self.momentum * before + scaled
        return -self.lr * velocity


class Adam(Optimizer):
    r"""Average the gradients, average their squares, correct both, divide.

    m <- beta1 m + (1 - beta1) g and h <- beta2 h + (1 - beta2) g^2, both from 0;
    in step t = 1, 2, ... the change is
    -lr m / (1 - beta1^t) / (sqrt(h / (1 - beta2^t)) + eps). With `amsgrad` the
    largest h so far stands in for h.

    Errors: those of `Optimizer`; `ValueError` if eps is negative, or unless
    betas is a pair of numbers in [0, 1).

    >>> theta = torch.tensor([1.0, 1.0], requires_grad=True)
    >>> optimizer = Adam([theta], lr=0.1)
    >>> theta.grad = torch.tensor([1e-3, 1e3])
    >>> optimizer.step()
    >>> theta.detach()
    tensor([0.9000, 0.9000])

    PyTorch: `torch.optim.Adam`. Sources: Kingma and Ba (2015); `amsgrad`:
    Reddi, Kale and Kumar (2018).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 0.0,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(params, lr, weight_decay, maximize)
        if not isinstance(betas, tuple | list) or len(betas) != 2:
            raise ValueError(f"betas must be two numbers, got {betas}")
        require_fraction("betas[0]", betas[0])
        require_fraction("betas[1]", betas[1])
        require_at_least("eps", eps, 0)
        self.betas, self.eps, self.amsgrad = betas, eps, amsgrad

    def change(self, grad: Tensor, state: dict[str, Any]) -> Tensor:
        """-lr times the corrected average over the corrected root."""
        zero, (beta1, beta2) = torch.zeros_like(grad), self.betas
        state["t"] = t = state.get("t", 0) + 1
        state["m"] = m = blend(state.get("m", zero), grad, beta1)
        state["h"] = h = blend(state.get("h", zero), grad**2, beta2)
        if self.amsgrad:
            h = torch.maximum(state.get("most", zero), h)
            state["most"] = h
        mean: Tensor = m / (1 - beta1**t)
        root: Tensor = (h / (1 - beta2**t)).sqrt()
        return -self.lr * mean / (root + self.eps)


class AdamW(Adam):
    r"""Adam whose weight decay goes round the averages.

    Before each step theta <- (1 - lr weight_decay) theta; the step is Adam's,
    of the gradient without decay.

    Errors: those of `Adam`.

    >>> theta = torch.tensor([1.0], requires_grad=True)
    >>> optimizer = AdamW([theta], lr=0.1, weight_decay=0.5)
    >>> theta.grad = torch.tensor([0.0])
    >>> optimizer.step()
    >>> theta.detach()
    tensor([0.9500])

    PyTorch: `torch.optim.AdamW`. Source: Loshchilov and Hutter (2019).
    """

    def __init__(
        self,
        params: Iterable[Tensor],
        lr: float = 1e-3,
        betas: tuple[float, float] = (0.9, 0.999),
        eps: float = 1e-8,
        weight_decay: float = 1e-2,
        amsgrad: bool = False,
        *,
        maximize: bool = False,
    ) -> None:
        super().__init__(
            params, lr, betas, eps, weight_decay, amsgrad, maximize=maximize
        )

    def decay(self, param: Tensor, grad: Tensor) -> Tensor:
        """Shrink the parameter itself and leave the gradient alone."""
        param *= 1 - self.lr * self.weight_decay
        return grad


def step_lr(lr: float, t: int, step_size: int, gamma: float = 0.1) -> float:
    """Learning rate at step t when it is multiplied by gamma now and then.

    lr gamma^floor(t / step_size), for t = 0, 1, ...

    Errors: `ValueError` if lr or t is negative or step_size less than 1.

    >>> [round(step_lr(1.0, t, step_size=2), 3) for t in range(5)]
    [1.0, 1.0, 0.1, 0.1, 0.01]

    PyTorch: `torch.optim.lr_scheduler.StepLR`.
    """
    require_at_least("lr", lr, 0)
    require_at_least("t", t, 0)
    require_at_least("step_size", step_size, 1)
    return lr * gamma ** (t // step_size)


def cosine_annealing_lr(
    lr: float,
    t: int,
    T_max: int,
    eta_min: float = 0.0,
) -> float:
    r"""Learning rate at step t on half a cosine wave from lr down to eta_min.

    eta_min + (lr - eta_min) (1 + cos(pi t / T_max)) / 2, for t = 0, 1, ...; it
    rises again after T_max.

    Errors: `ValueError` if lr, t or eta_min is negative or T_max less than 1.

    >>> [round(cosine_annealing_lr(1.0, t, T_max=4), 3) for t in range(5)]
    [1.0, 0.854, 0.5, 0.146, 0.0]

    PyTorch: `torch.optim.lr_scheduler.CosineAnnealingLR`. Source: Loshchilov
    and Hutter, "SGDR" (2017).
    """
    require_at_least("lr", lr, 0)
    require_at_least("t", t, 0)
    require_at_least("T_max", T_max, 1)
    require_at_least("eta_min", eta_min, 0)
    wave = (1 + math.cos(math.pi * t / T_max)) / 2
    return eta_min + (lr - eta_min) * wave


def linear_lr(
    lr: float,
    t: int,
    start_factor: float = 1 / 3,
    end_factor: float = 1.0,
    total_iters: int = 5,
) -> float:
    """Learning rate at step t on a straight ramp, the usual warm-up.

    lr times a factor that goes from start_factor at t = 0 to end_factor at
    t = total_iters and stays there.

    Errors: `ValueError` if lr or t is negative, total_iters is less than 1, or
    the factors are not in [0, 1] (and start_factor above 0).

    >>> [round(linear_lr(1.0, t, 0.25, total_iters=3), 3) for t in range(5)]
    [0.25, 0.5, 0.75, 1.0, 1.0]

    PyTorch: `torch.optim.lr_scheduler.LinearLR`.
    """
    require_at_least("lr", lr, 0)
    require_at_least("t", t, 0)
    require_at_least("total_iters", total_iters, 1)
    if not (0 < start_factor <= 1 and 0 <= end_factor <= 1):
        wanted = "both factors must be in [0, 1], start_factor above 0"
        given = f"start_factor {start_factor}, end_factor {end_factor}"
        raise ValueError(f"{wanted}, got {given}")
    share = min(t, total_iters) / total_iters
    return lr * (start_factor + (end_factor - start_factor) * share)
