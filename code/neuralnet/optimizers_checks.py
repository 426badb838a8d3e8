"""Optimizers and schedules beside `torch.optim`: what is compared, and on what."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from itertools import product
from typing import Any

import torch
from torch import Tensor

from neuralnet.agreement import Check
from neuralnet.optimizers import (
    SGD,
    Adagrad,
    Adam,
    AdamW,
    RMSprop,
    cosine_annealing_lr,
    linear_lr,
    step_lr,
)


def some_problems() -> list[tuple[Tensor, Tensor, Tensor]]:
    """A matrix A, a vector b and a start: the loss is mean(log cosh(A p - b)).

    >>> [tuple(A.shape) for A, b, start in some_problems()]
    [(5, 3), (8, 4)]
    """
    rng = torch.Generator().manual_seed(0)
    problems = []
    for n, d in ((5, 3), (8, 4)):
        numbers = torch.randn(n, d + 1, generator=rng).double()
        start = torch.randn(d, generator=rng).double()
        problems.append((numbers[:, :d], numbers[:, d], start))
    return problems


def problem_gradient(matrix: Tensor, b: Tensor, p: Tensor) -> Tensor:
    """Gradient of mean(log cosh(A p - b)) by p.

    >>> A, b = torch.eye(2), torch.zeros(2)
    >>> problem_gradient(A, b, torch.zeros(2))
    tensor([0., 0.])
    """
    return matrix.T @ torch.tanh(matrix @ p - b) / len(b)


def hundred_steps(
    build: Callable,
    matrix: Tensor,
    b: Tensor,
    start: Tensor,
    **options: Any,
) -> Tensor:
    """Where an optimizer stands after 100 steps, with two parameters.

    The first two numbers of the point are one parameter, the rest another,
    which has no gradient in every third step.

    >>> A, b, start = some_problems()[0]
    >>> hundred_steps(torch.optim.SGD, A, b, start, lr=0.0).equal(start)
    True
    """
    parts = [start[:2].clone(), start[2:].clone()]
    optimizer = build([part.requires_grad_() for part in parts], **options)
    for t in range(100):
        grad = problem_gradient(matrix, b, torch.cat(parts).detach())
        parts[0].grad = grad[:2].clone()
        parts[1].grad = None if t % 3 == 2 else grad[2:].clone()
        optimizer.step()
        optimizer.zero_grad()
    return torch.cat(parts).detach()


def every(**choices: tuple) -> list[dict[str, Any]]:
    """All combinations of the choices, as dictionaries.

    >>> every(lr=(0.1,), maximize=(False, True))
    [{'lr': 0.1, 'maximize': False}, {'lr': 0.1, 'maximize': True}]
    """
    return [
        dict(zip(choices, values, strict=True)) for values in product(*choices.values())
    ]


def combinations(name: str) -> list[dict[str, Any]]:
    """Every legal combination of two values an option, for the class of a name.

    >>> [len(combinations(name)) for name in ("SGD", "Adagrad", "Adam")]
    [20, 32, 64]
    """
    common: dict[str, tuple] = {
        "weight_decay": (0.0, 0.1),
        "maximize": (False, True),
    }
    if name == "SGD":
        momenta = every(
            momentum=(0.0, 0.9),
            dampening=(0.0, 0.3),
            nesterov=(False, True),
        )
        legal = [
            each
            for each in momenta
            if not each["nesterov"] or (each["momentum"] and not each["dampening"])
        ]
        return [{"lr": 0.05, **a, **b} for a in legal for b in every(**common)]
    if name == "Adagrad":
        return every(
            lr=(0.1,),
            lr_decay=(0.0, 0.01),
            initial_accumulator_value=(0.0, 0.5),
            eps=(1e-10, 1e-3),
            **common,
        )
    if name == "RMSprop":
        return every(
            lr=(0.01,),
            alpha=(0.99, 0.9),
            eps=(1e-8, 1e-3),
            momentum=(0.0, 0.9),
            centered=(False, True),
            **common,
        )
    return every(
        lr=(0.01,),
        betas=((0.9, 0.999), (0.5, 0.9)),
        eps=(1e-8, 1e-3),
        amsgrad=(False, True),
        **common,
    ) + every(
        lr=(0.01,),
        betas=((0.0, 0.9), (0.0, 0.0)),
        eps=(1e-8, 1e-3),
        amsgrad=(False, True),
        **common,
    )


def torch_rates(build: Callable, count: int, **options: Any) -> Tensor:
    """The rates that a `torch.optim.lr_scheduler` sets, starting from 0.1.

    >>> build = torch.optim.lr_scheduler.StepLR
    >>> torch_rates(build, 3, step_size=2, gamma=0.5).tolist()
    [0.1, 0.1, 0.05]
    """
    optimizer = torch.optim.SGD([torch.zeros(1)], lr=0.1)
    schedule = build(optimizer, **options)
    rates = []
    for _ in range(count):
        rates.append(schedule.get_last_lr()[0])
        optimizer.step()
        schedule.step()
    return torch.tensor(rates, dtype=torch.float64)


def our_rates(rate: Callable, count: int, **options: Any) -> Tensor:
    """The rates of a function of the step, starting from 0.1.

    >>> our_rates(step_lr, 3, step_size=2, gamma=0.5).tolist()
    [0.1, 0.1, 0.05]
    """
    rates = [rate(0.1, t, **options) for t in range(count)]
    return torch.tensor(rates, dtype=torch.float64)


def agreement_checks() -> list[Check]:
    """What the chapter's table compares and the tests assert.

    >>> [check.name for check in agreement_checks()][:2]
    ['SGD', 'Adagrad']
    """

    def many(build: Callable, *problem: Tensor) -> Tensor:
        ends = [
            hundred_steps(build, *problem, **options)
            for options in combinations(build.__name__)[::7]
        ]
        return torch.stack(ends)

    checks = [
        Check(
            build.__name__,
            partial(many, build),
            partial(many, getattr(torch.optim, build.__name__)),
            some_problems()[:1],
            1e-11 if build is RMSprop else 1e-13,
            grad=False,
        )
        for build in (SGD, Adagrad, RMSprop, Adam, AdamW)
    ]
    schedules = torch.optim.lr_scheduler
    pairs = [
        (step_lr, schedules.StepLR, {"step_size": 7, "gamma": 0.5}),
        (
            cosine_annealing_lr,
            schedules.CosineAnnealingLR,
            {"T_max": 20, "eta_min": 0.01},
        ),
        (linear_lr, schedules.LinearLR, {"start_factor": 0.2, "total_iters": 9}),
    ]
    for ours, theirs, options in pairs:
        checks.append(
            Check(
                ours.__name__[:16],
                lambda _, f=ours, o=options: our_rates(f, 60, **o),
                lambda _, f=theirs, o=options: torch_rates(f, 60, **o),
                [(torch.zeros(1),)],
                grad=False,
            )
        )
    return checks
