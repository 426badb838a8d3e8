"""The marker of the exercises on networks."""

from __future__ import annotations

import io
import math
from itertools import pairwise

import pytest
import torch
from torch import nn

F64 = torch.float64


def random(*shape, seed=0):
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng).double()


def row(sizes, bend=nn.Tanh, bias=True):
    """Linear layers of these sizes with a bend between them."""
    parts = []
    for n_in, n_out in pairwise(sizes):
        layer = nn.Linear(n_in, n_out, dtype=F64)
        with torch.no_grad():
            layer.weight.copy_(random(n_out, n_in, seed=n_in))
            layer.bias.copy_(random(n_out, seed=n_out + 1))
        parts += [layer, bend()]
    return nn.Sequential(*parts[:-1])


@pytest.mark.exercise(
    1,
    "The names in the file",
    hint="Print list(model.state_dict()) for a small one. Who has no parameters?",
)
def test_keys(answers):
    for sizes in [1, 13, 1], [4, 2], [2, 3, 3, 5, 1]:
        wanted = list(row(sizes).state_dict())
        got = list(answers.keys(sizes))
        assert got == wanted, f"keys({sizes}): got {got}, wanted {wanted}"


@pytest.mark.exercise(
    2,
    "From one spelling to another",
    hint="zip the names of model.state_dict() with state.values(), then compare.",
)
def test_rename(answers):
    model, other = row([3, 3, 3]), row([3, 3, 3])
    values = list(model.state_dict().values())
    state = {f"part {3 - k}": v + 1 + k for k, v in enumerate(values)}
    kept = {name: value.clone() for name, value in state.items()}
    held = [p.detach().clone() for p in other.parameters()]
    got = answers.rename(state, other)
    wanted = list(other.state_dict())
    assert list(got) == wanted, f"names {list(got)}, wanted {wanted}"
    pairs = zip(got.values(), kept.values(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs), (
        "the tensors are not those given, in their order"
    )
    same = zip(held, other.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in same), "the model has been changed"
    assert list(state) == list(kept), "the given dictionary has been changed"
    first = dict(list(state.items())[:3])
    cases = {
        "a tensor too few": (first, other),
        "a tensor too many": ({**state, "more": torch.zeros(1)}, other),
        "another width": (state, row([3, 5, 3])),
        "the right shapes in another order": (
            dict(reversed(row([2, 4, 1]).state_dict().items())),
            row([2, 4, 1]),
        ),
        "shapes (1, 3) and (3,) that could be stretched": (
            {k: v.reshape(1, -1) if v.dim() == 1 else v for k, v in state.items()},
            other,
        ),
    }
    for name, (given, asked) in cases.items():
        try:
            answers.rename(given, asked)
        except ValueError:
            continue
        pytest.fail(f"{name}: no ValueError was raised")


@pytest.mark.exercise(
    3,
    "A layer that narrows",
    hint="Put the variance into both sums. Which one counts the inputs?",
)
def test_xavier_factors(answers):
    for n_in, n_out in (64, 64), (64, 10), (3, 300), (1, 1):
        got = [float(v) for v in answers.xavier_factors(n_in, n_out)]
        total = n_in + n_out
        wanted = [math.sqrt(2 * n_in / total), math.sqrt(2 * n_out / total)]
        shown = [round(v, 4) for v in got], [round(v, 4) for v in wanted]
        assert got == pytest.approx(wanted, rel=1e-9), (
            f"xavier_factors({n_in}, {n_out}): got {shown[0]}, wanted {shown[1]}"
        )


@pytest.mark.exercise(
    4,
    "A network that knows where its readings ended",
    hint="register_buffer for both limits, in float64; nan is neither below nor above.",
)
def test_guard(answers):
    model = row([1, 3, 1])
    had, inside = len(model.state_dict()), torch.tensor([[2.0], [5.0], [8.0]])
    inside = inside.double()
    wanted = model(inside)
    guarded = answers.guard(model, 2.0, 8.0)
    assert torch.equal(guarded(inside), wanted), "inside, the answer differs"
    ends = torch.tensor([[2.18], [8.19]], dtype=F64)  # float32 has other numbers
    try:
        told = answers.guard(model, 2.18, 8.19)(ends)
    except ValueError:
        pytest.fail("inputs in float64, exactly at the limits: a ValueError was raised")
    assert torch.equal(told, model(ends)), "at the limits, the answer differs"
    for bad in (1.9, 8.1, math.nan, math.inf, -math.inf):
        x = torch.tensor([[5.0], [bad]], dtype=F64)
        try:
            guarded(x)
        except ValueError:
            continue
        pytest.fail(f"with an input of {bad}: no ValueError was raised")
    state = guarded.state_dict()
    assert len(state) > had, "the limits are not in the state dict"
    trained = sum(p.requires_grad for p in guarded.parameters())
    assert trained == len(list(row([1, 3, 1]).parameters())), "the limits are trained"
    file = io.BytesIO()
    torch.save(state, file)
    file.seek(0)
    state = torch.load(file, weights_only=True)
    for low, high in (0.0, 1.0), (9.0, 10.0), (-1e9, 1e9):
        back = answers.guard(row([1, 3, 1]), low, high)
        back.load_state_dict(state)
        try:
            told = back(inside)
        except ValueError:
            pytest.fail("after loading, a limit is not the one that was saved")
        assert torch.equal(told, wanted), "after loading, the answer differs"
        for bad in 1.9, 8.1:
            try:
                back(torch.tensor([[bad]], dtype=F64))
            except ValueError:
                continue
            pytest.fail(f"after loading, {bad} is answered, outside what was saved")


@pytest.mark.exercise(
    5,
    "Pay only for what is different",
    hint="unique(dim=0, return_inverse=True) on the rows of weight and bias together.",
)
def test_shrink(answers):
    weight, bias, out = random(4, 2), random(4, seed=1), random(3, 7, seed=2)
    pick = torch.tensor([0, 1, 1, 2, 0, 3, 1])
    near = weight.clone()
    near[1], bias[1] = near[0], bias[0] + 0.5
    cases = {
        "doubles": (weight[pick], random(4, seed=1)[pick], out, 4),
        "equal weights, other biases": (near[pick], bias[pick], out, 4),
        "almost doubles": (
            torch.tensor([[1.0, 0.0], [1.001, 0.0]]).double(),
            torch.zeros(2).double(),
            torch.tensor([[1.0, -1.0]]).double(),
            2,
        ),
        "no doubles": (weight, random(4, seed=1), out[:, :4], 4),
        "all alike": (
            torch.ones(6, 2, dtype=F64),
            torch.ones(6).double(),
            out[:, 1:],
            1,
        ),
        "doubles that cancel": (
            weight[:1].repeat(2, 1),
            bias[:1].repeat(2),
            torch.tensor([[1.0, -1.0]]).double(),
            1,
        ),
    }
    x = random(50, 2, seed=3)
    for name, (w1, b1, w2, wanted) in cases.items():
        kept = [t.clone() for t in (w1, b1, w2)]
        small = [t.detach() for t in answers.shrink(w1, b1, w2)]
        before = torch.tanh(x @ kept[0].T + kept[1]) @ kept[2].T
        got = [tuple(t.shape) for t in small]
        fits = got[0][0] <= wanted and got[1] == got[0][:1] and got[2][1] == got[0][0]
        assert fits, f"{name}: shapes {got}, wanted {wanted} hidden neurons"
        after = torch.tanh(x @ small[0].T + small[1]) @ small[2].T
        same = torch.allclose(after, before, rtol=1e-9, atol=1e-12)
        assert same, f"{name}: the outputs are not the same"
        given = zip(kept, (w1, b1, w2), strict=True)
        assert all(torch.equal(a, b) for a, b in given), (
            f"{name}: the input was changed"
        )


@pytest.mark.exercise(
    6,
    "Measure instead of deriving",
    hint="Layer by layer: zero the bias, see what comes out, divide, go on.",
)
def test_tame_(answers):
    for sizes, bend in (
        ([3, 20, 20, 2], nn.ReLU),
        ([5, 8, 30, 8, 1], nn.Sigmoid),
        ([2, 6], nn.Tanh),
    ):
        model = row(sizes, bend)
        before = [p.detach().clone() for p in model.parameters()][::2]
        x = 3 * random(200, sizes[0], seed=5) + 1
        kept = x.clone()
        answers.tame_(model, x)
        what = f"{'-'.join(map(str, sizes))} {bend.__name__}"
        assert torch.equal(x, kept), f"{what}: the batch has been changed"
        layers = [part for part in model if isinstance(part, nn.Linear)]
        for number, (layer, old) in enumerate(zip(layers, before, strict=True)):
            factor = (layer.weight / old).detach()
            one = torch.allclose(factor, factor[0, 0], rtol=1e-9) and factor.min() > 0
            assert one, (
                f"{what}, layer {number}: not one positive factor for the weight"
            )
            assert not layer.bias.any(), f"{what}, layer {number}: the bias is not 0"
        o = x
        for number, part in enumerate(model):
            o = part(o)
            if isinstance(part, nn.Linear):
                size = o.square().mean().item()
                message = f"{what}, part {number}: mean square {size:.4g}, wanted 1"
                assert size == pytest.approx(1, rel=1e-6), message
