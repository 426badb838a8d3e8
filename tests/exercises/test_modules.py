"""The marker of the exercises on modules."""

from __future__ import annotations

from itertools import pairwise

import pytest
import torch
from torch import nn

F64 = torch.float64


def small(*widths):
    """Layers with a tanh between each and the next."""
    torch.manual_seed(3)
    parts = []
    for a, b in pairwise(widths):
        parts += [nn.Linear(a, b, dtype=F64), nn.Tanh()]
    return nn.Sequential(*parts[:-1])


@pytest.mark.exercise(
    1,
    "Shapes in, shapes out",
    hint="Which dimension has to fit, and what if there is none?",
)
def test_linear_shape(answers, monkeypatch):
    def refuse(*_, **__):
        pytest.fail("a layer was made: the shape can be had without")

    shapes = [(7,), (7, 1), (1, 7), (), (3,), (5, 2, 3), (0, 3), (4, 3), (3, 4), (2, 1)]
    for shape in shapes:
        for a, b in [(7, 2), (3, 3), (1, 5)]:
            try:
                wanted = tuple(nn.Linear(a, b)(torch.zeros(shape)).shape)
            except RuntimeError:
                wanted = None
            with monkeypatch.context() as inside:
                inside.setattr(nn.Linear, "__init__", refuse)
                got = answers.linear_shape(shape, a, b)
            what = f"got {type(got).__name__} for {shape}, wanted a tuple or None"
            assert got is None or isinstance(got, tuple), what
            assert got == wanted, f"{shape} into ({a}, {b}): got {got}, wanted {wanted}"


@pytest.mark.exercise(
    2,
    "Who moved?",
    hint="Clone every parameter before the step, and compare after it.",
)
def test_moved(answers):
    def nudge(net, *names, by=1e-9):
        def step():
            with torch.no_grad():
                for name, param in net.named_parameters():
                    if name in names:
                        param.view(-1)[-1] += by

        return step

    for names in [("0.weight",), ("2.bias", "0.bias"), (), ("2.weight",)]:
        net = small(2, 3, 1)
        wanted = [n for n, _ in net.named_parameters() if n in names]
        got = list(answers.moved(net, nudge(net, *names)))
        assert got == wanted, f"changed {wanted}: got {got}"
    net = small(2, 3, 1)
    rows = torch.arange(6, dtype=F64).reshape(3, 2)
    net[0].weight.data.copy_(rows)
    got = list(answers.moved(net, lambda: net[0].weight.data.copy_(rows[[1, 0, 2]])))
    assert got == ["0.weight"], f"two rows of 0.weight swapped: got {got}"
    net, calls = small(1, 1), []
    answers.moved(net, lambda: calls.append(1))
    assert len(calls) == 1, f"step was called {len(calls)} times, wanted once"
    net = small(1, 2)
    optimizer = torch.optim.SGD(net[0].parameters(), lr=0.1)
    net(torch.ones(1, 1, dtype=F64)).sum().backward()
    got = list(answers.moved(net, optimizer.step))
    assert got == ["0.weight", "0.bias"], f"after a step of SGD: got {got}"
    net = nn.Sequential(nn.Linear(1, 2), nn.BatchNorm1d(2))
    got = list(answers.moved(net, lambda: net(torch.randn(4, 1))))
    assert got == [], f"buffers changed, parameters did not: got {got}"


@pytest.mark.exercise(
    3,
    "Look inside",
    hint="A hook for every module whose list of children is empty, made by a "
    "function that is given its name; remove them in a finally.",
)
def test_outputs(answers):
    net = nn.Sequential(small(2, 3, 1), nn.Sequential(nn.Tanh()))
    net[1].eval()
    seen = []
    net[1].register_forward_hook(lambda module, args, output: seen.append(1))
    before = [dict(vars(part)) for part in net.modules()]

    def unchanged():
        now = [vars(part) for part in net.modules()]
        left = any(set(a) != set(b) for a, b in zip(now, before, strict=True))
        assert not left, "an attribute was left on a module"
        modes = [part["training"] for part in now]
        wanted = [part["training"] for part in before]
        assert modes == wanted, "train or eval was switched"

    x = torch.randn(4, 2, dtype=F64)
    got = answers.outputs(net, x)
    unchanged()
    wanted = ["0.0", "0.1", "0.2", "1.0"]
    assert sorted(got) == wanted, f"got the paths {sorted(got)}, wanted {wanted}"
    o = x
    for name, part in zip(wanted, [*net[0], *net[1]], strict=True):
        o = part.forward(o)
        assert torch.allclose(got[name], o), f"{name}: not what that module answered"
        assert not got[name].requires_grad, f"{name}: the output is not detached"
    assert len(seen) == 1, f"the net was called {len(seen)} times, wanted once"
    works_in_place = nn.Sequential(nn.Linear(2, 8), nn.ReLU(inplace=True)).double()
    got = answers.outputs(works_in_place, x)["0"]
    changed = "an output was changed by the module after it, which works in place"
    assert torch.equal(got, works_in_place[0](x)), changed

    def hooks(module):
        return sum(len(part._forward_hooks) for part in module.modules())

    assert hooks(net) == 1, f"{hooks(net)} hooks are left, there was 1 before"
    with pytest.raises(RuntimeError):
        answers.outputs(net, torch.zeros(4, 5, dtype=F64))
    assert hooks(net) == 1, "after a call that raises, your hooks are still there"
    unchanged()
    alone = answers.outputs(nn.Tanh(), x)
    assert list(alone) == [""], f"a lone module has the path '', got {list(alone)}"


@pytest.mark.exercise(
    4,
    "A bent scale as a module",
    hint="Three nn.Parameter of shape (1,) in __init__, the formula in forward.",
)
def test_parabola(answers):
    net, other = answers.parabola(), answers.parabola()
    assert isinstance(net, nn.Module), f"got {type(net).__name__}, wanted nn.Module"
    shapes = {n: tuple(p.shape) for n, p in net.named_parameters()}
    wanted = {"a": (1,), "w": (1,), "b": (1,)}
    assert shapes == wanted, f"parameters are {shapes}, wanted {wanted}"
    x = torch.tensor([[-2.0], [0.5], [3.0]])
    assert net(x).shape == (3, 1), f"got shape {tuple(net(x).shape)}, wanted (3, 1)"
    assert not net(x).detach().any(), "with a, w, b at 0 the answer is not 0"
    state = {"a": torch.tensor([2.0]), "w": torch.tensor([3.0])}
    net.load_state_dict({**state, "b": torch.tensor([5.0])})
    close = torch.allclose(net(x), 2 * x**2 + 3 * x + 5)
    assert close, f"a 2, w 3, b 5: got {net(x).flatten().tolist()}"
    net(x).sum().backward()
    grads = [getattr(net, n).grad for n in "awb"]
    sums = [(x**2).sum(), x.sum(), torch.tensor(3.0)]
    for name, grad, total in zip("awb", grads, sums, strict=True):
        right = grad is not None and torch.allclose(grad, total.reshape(1))
        assert right, f"slope along {name}: got {grad}, wanted {total.item()}"
    assert not other(x).detach().any(), "two nets share their parameters"
    x = torch.tensor([[0.1]], dtype=F64)
    got, wanted = net.double()(x), 2 * x**2 + 3 * x + 5
    assert got.dtype == F64, f"after double(): got {got.dtype}, wanted torch.float64"
    close = torch.allclose(got, wanted, rtol=1e-14, atol=0)
    assert close, f"after double(): got {got.item()}, wanted {wanted.item()}"


@pytest.mark.exercise(
    5,
    "A scale that travels with the model",
    hint="register_buffer twice, with dim=0 and correction=0.",
)
def test_standardizer(answers):
    torch.manual_seed(5)
    x = torch.randn(6, 2) * torch.tensor([1.0, 30.0]) + 7
    net = answers.standardizer(x)
    assert isinstance(net, nn.Module), f"got {type(net).__name__}, wanted nn.Module"
    state = {n: tuple(v.shape) for n, v in net.state_dict().items()}
    wanted = {"mean": (2,), "std": (2,)}
    assert state == wanted, f"the state dict has {state}, wanted {wanted}"
    assert not list(net.parameters()), "it has parameters; wanted buffers only"
    new = torch.randn(3, 2)
    theirs = (new - x.mean(dim=0)) / x.std(dim=0, correction=0)
    said = f"got {net(new)[0].tolist()}, wanted {theirs[0].tolist()}"
    assert torch.allclose(net(new), theirs, rtol=1e-5), said
    one = net(new[:1])
    assert one.shape == (1, 2), f"a batch of one: got {tuple(one.shape)}, not (1, 2)"
    first = net(new)
    x += 100
    assert torch.equal(net(new), first), "it changes when the readings change"
    other = answers.standardizer(torch.randn(4, 2))
    other.load_state_dict(net.state_dict())
    assert torch.equal(other(new), first), "a loaded state does not count"
    assert net.double()(new.double()).dtype == F64, "double() does not reach it"


@pytest.mark.exercise(
    6,
    "Hold a part still",
    hint="named_modules(remove_duplicate=False) knows every path; ask the module "
    "found there for its parameters.",
)
def test_freeze(answers):
    def many():
        parts = [nn.Linear(2, 2, bias=False) for _ in range(12)]
        return nn.Sequential(*parts[:11], nn.Sequential(parts[11], nn.Linear(2, 1)))

    for path, frozen in [
        ("1", ["1.weight"]),
        ("11", ["11.0.weight", "11.1.weight", "11.1.bias"]),
        ("11.1", ["11.1.weight", "11.1.bias"]),
    ]:
        net = many()
        total = sum(p.numel() for p in net.parameters())
        got = answers.freeze(net, path)
        still = [n for n, p in net.named_parameters() if not p.requires_grad]
        assert still == frozen, f"path {path!r} froze {still}, wanted {frozen}"
        held = dict(net.named_parameters())
        wanted = total - sum(held[n].numel() for n in frozen)
        assert got == wanted, f"path {path!r}: got {got}, wanted {wanted}"
    net = many()
    answers.freeze(net, "0")
    got = answers.freeze(net, "1")
    assert got == 43, f"'0' frozen, then '1': got {got}, wanted 43"
    got = answers.freeze(net, "")
    assert got == 0, f"path '': got {got}, wanted 0"
    got = answers.freeze(small(2, 3, 1), "1")
    assert got == 13, f"a tanh has nothing to freeze: got {got}, wanted 13"
    layer = nn.Linear(2, 2)
    try:
        got = answers.freeze(nn.Sequential(layer, layer), "1")
    except KeyError:
        pytest.fail("one layer under two paths: the second was not found")
    assert got == 0, f"one layer under two names, by the second: got {got}, wanted 0"
    for path in ["12", "0.weight", "11."]:
        try:
            answers.freeze(many(), path)
        except KeyError:
            continue
        raise AssertionError(f"no module has the path {path!r}: wanted a KeyError")


@pytest.mark.exercise(
    7,
    "Two layers in one",
    hint="Write norm(linear(x)) out for one feature, and collect what multiplies x.",
)
def test_folded(answers):
    for dtype, bias in [(F64, True), (F64, False), (torch.float32, True)]:
        torch.manual_seed(7)
        linear = nn.Linear(3, 4, bias=bias, dtype=dtype)
        norm = nn.BatchNorm1d(4, eps=0.1, dtype=dtype)
        with torch.no_grad():
            norm.weight.uniform_(-2, 2)
            norm.bias.uniform_(-2, 2)
            for _ in range(5):
                norm(linear(5 + 3 * torch.randn(20, 3, dtype=dtype)))
        before = [v.clone() for m in (linear, norm) for v in m.state_dict().values()]
        got = answers.folded(linear, norm)
        assert type(got) is nn.Linear, f"got {type(got).__name__}, wanted nn.Linear"
        assert linear.training, "linear was switched to eval"
        assert norm.training, "norm was switched to eval"
        recorded = [p.requires_grad for m in (linear, norm) for p in m.parameters()]
        assert all(recorded), "parameters of linear or norm no longer record"
        x = torch.randn(6, 3, dtype=dtype)
        after = [v for m in (linear, norm) for v in m.state_dict().values()]
        same = all(torch.equal(a, b) for a, b in zip(before, after, strict=True))
        assert same, "linear or norm was changed"
        wanted, out = norm.eval()(linear(x)), got(x)
        assert out.dtype == dtype, f"got {out.dtype}, wanted {dtype}"
        said = f"bias={bias}: got {out[0].tolist()}, wanted {wanted[0].tolist()}"
        assert torch.allclose(out, wanted, rtol=1e-4, atol=1e-5), said
