"""The marker of the exercises on optimizers."""

from __future__ import annotations

import math
from itertools import combinations

import pytest
import torch

F64 = torch.float64


def stepped(build, slope, start, steps, **options):
    """Every point that an optimizer of PyTorch visits."""
    params = start.clone().requires_grad_()
    optimizer = build([params], **options)
    path = [start]
    for _ in range(steps):
        params.grad = slope(params.detach())
        optimizer.step()
        path.append(params.detach().clone())
    return torch.stack(path)


@pytest.mark.exercise(
    1,
    "The first step",
    hint="Put h = 0, then one slope, into each update; Adam divides both by 1 - beta.",
)
def test_first_steps(answers):
    optim = torch.optim
    builds = [optim.SGD, optim.Adagrad, optim.RMSprop, optim.Adam]
    for lr, grad in [(0.1, 2.0), (0.01, -30.0), (1.0, 0.5)]:
        got = list(answers.first_steps(lr, grad))
        assert len(got) == 4, f"got {len(got)} numbers, wanted 4"
        start = torch.zeros(1, dtype=F64)
        for k, build in enumerate(builds):
            path = stepped(
                build, lambda p, g=grad: torch.full_like(p, g), start, 1, lr=lr
            )
            wanted = path[1].item()
            said = f"{build.__name__} at lr {lr}, slope {grad}: got {got}"
            assert got[k] == pytest.approx(wanted, rel=1e-5), f"{said}, {wanted}"


@pytest.mark.exercise(
    2,
    "How many readings are enough?",
    hint="Draw without putting back; try sizes upwards until the factor is small.",
)
def test_batch_size_for(answers):
    values = torch.arange(8, dtype=F64) ** 2
    one = values.var(correction=0).item()
    for share in (0.5, 0.4, 0.3, 0.1, 0.05):
        for wanted in range(1, 9):
            means = [torch.stack(each).mean() for each in combinations(values, wanted)]
            if torch.stack(means).var(correction=0).item() <= share * one + 1e-12:
                break
        got = answers.batch_size_for(8, share)
        assert got == wanted, f"8 readings, share {share}: got {got}, wanted {wanted}"
    got = answers.batch_size_for(1_000_000, 0.0101)
    assert got == 100, f"a million readings, share 0.0101: got {got}, wanted 100"
    assert answers.batch_size_for(11, 1.0) == 1, "one reading has the share 1 itself"


@pytest.mark.exercise(
    3,
    "Somebody else's momentum",
    hint="Compare the two velocities for a slope that stays the same.",
)
def test_torch_rate(answers):
    wall = torch.tensor([1.0, 20.0], dtype=F64)
    for lr, beta in [(0.2, 0.9), (0.05, 0.5), (0.5, 0.99)]:
        params = start = torch.ones(2, dtype=F64)
        m = torch.zeros(2, dtype=F64)
        for _ in range(20):
            m = beta * m + (1 - beta) * wall * params
            params = params - lr * m
        got = answers.torch_rate(lr, beta)
        assert got >= 0, f"lr {lr}, beta {beta}: got {got}"
        sgd = torch.optim.SGD
        path = stepped(sgd, lambda p: wall * p, start, 20, lr=got, momentum=beta)
        said = f"lr {lr}, beta {beta}: with your {got} PyTorch ends at "
        assert torch.allclose(path[-1], params, rtol=1e-8), said + str(
            path[-1].tolist()
        )


@pytest.mark.exercise(
    4,
    "Up and down",
    hint="After the ramp, count the steps anew: from 0 to total - warm.",
)
def test_warm_cosine(answers):
    for lr, warm, total in [(0.1, 5, 25), (1.0, 1, 10), (0.3, 10, 11)]:
        param = torch.zeros(1, requires_grad=True)
        optimizer = torch.optim.SGD([param], lr=lr)

        def factor(t, warm=warm, total=total):
            if t < warm:
                return (t + 1) / warm
            return 0.5 + 0.5 * math.cos(math.pi * (t - warm) / (total - warm))

        schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        for t in range(total + 1):
            wanted = schedule.get_last_lr()[0]
            got = answers.warm_cosine(lr, t, warm, total)
            said = f"lr {lr}, warm {warm}, total {total}, t {t}"
            assert got == pytest.approx(wanted, abs=1e-12), f"{said}: got {got}"
            optimizer.step()
            schedule.step()


@pytest.mark.exercise(
    5,
    "A step that cannot be too long",
    hint="One length for all entries of all gradients, and one factor.",
)
def test_clip_grad_norm(answers):
    rng = torch.Generator().manual_seed(5)
    for scale in (1e-3, 1.0, 1e4):
        grads = [scale * torch.randn(s, generator=rng).double() for s in ((3,), (2, 2))]
        for max_norm in (0.5, 1.0, 10.0):
            params = [torch.zeros_like(g).requires_grad_() for g in grads]
            for param, grad in zip(params, grads, strict=True):
                param.grad = grad.clone()
            torch.nn.utils.clip_grad_norm_(params, max_norm)
            got = answers.clip_grad_norm([g.clone() for g in grads], max_norm)
            assert len(got) == 2, f"got {len(got)} gradients, wanted 2"
            for one, param in zip(got, params, strict=True):
                close = torch.allclose(one, param.grad, rtol=1e-5)
                said = f"length at most {max_norm}: got {one.tolist()}"
                assert close, f"{said}, wanted {param.grad.tolist()}"
    zeros = answers.clip_grad_norm([torch.zeros(2)], 1.0)
    assert zeros[0].tolist() == [0.0, 0.0], f"of zeros: got {zeros[0].tolist()}"


@pytest.mark.exercise(
    6,
    "Two Nesterovs, one path",
    hint="Keep the velocity with the rate inside, and take each slope at the last "
    "place you wrote down.",
)
def test_look_ahead_path(answers):
    def slope(p):
        return torch.tensor([1.0, 30.0], dtype=F64) * torch.tanh(p)

    for lr, momentum in [(0.02, 0.9), (0.01, 0.5)]:
        start = torch.tensor([2.0, 1.0], dtype=F64)
        got = answers.look_ahead_path(slope, start, lr, momentum, 25)
        options = {"lr": lr, "momentum": momentum, "nesterov": True}
        wanted = stepped(torch.optim.SGD, slope, start, 25, **options)
        shapes = f"got shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
        assert got.shape == wanted.shape, shapes
        first = (~torch.isclose(got, wanted, rtol=1e-9)).any(dim=1).nonzero()
        at = first[0].item() if len(first) else 0
        said = f"place {at}: got {got[at].tolist()}, wanted {wanted[at].tolist()}"
        assert not len(first), said


@pytest.mark.exercise(
    7,
    "A valley you do not know",
    hint="Adam with a rate near 1 that falls to 0 does it; so does measuring the "
    "curvature along the step.",
)
def test_minimize(answers):
    for degrees, condition in [(0, 10), (30, 100), (45, 100), (70, 30)]:
        turn = math.radians(degrees)
        c, s = math.cos(turn), math.sin(turn)
        frame = torch.tensor([[c, -s], [s, c]], dtype=F64)
        for steepest in (1.0, 100.0):
            sizes = torch.tensor([steepest / condition, steepest], dtype=F64)
            bowl, goal = frame @ torch.diag(sizes) @ frame.T, 3 * frame[0]
            asked = 0

            def slope(p, bowl=bowl, goal=goal):
                nonlocal asked
                asked += 1
                assert asked <= 1000, "the slope was asked for more than 1000 times"
                return bowl @ (p - goal)

            start = goal + frame @ torch.tensor([-5.0, 2.0], dtype=F64)
            end = answers.minimize(slope, start, 300)
            high, low = (((p - goal) @ bowl @ (p - goal)).item() for p in (start, end))
            said = f"turned by {degrees}, curvatures {sizes.tolist()}"
            left = f"{low / high:.1e} of the height is left, wanted 1e-3 at most"
            assert low <= 1e-3 * high, f"{said}: {left}"
