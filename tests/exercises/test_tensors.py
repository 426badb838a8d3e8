"""The marker of the exercises on tensors."""

from __future__ import annotations

import itertools

import pytest
import torch
from exercises.memory import Made

T_C = torch.tensor([0.5, 14.0, 15.0, 28.0, 11.0, 8.0, 3.0, -4.0, 6.0, 13.0, 21.0])
T_U = torch.tensor([35.7, 55.9, 58.2, 81.9, 56.3, 48.9, 33.9, 21.8, 48.4, 60.4, 68.4])
T_C, T_U = T_C.double(), T_U.double()


def assert_close(got, wanted, what):
    assert isinstance(got, torch.Tensor), f"{what}: got {got!r}, wanted a tensor"
    shapes = f"shape {tuple(got.shape)}, wanted {tuple(wanted.shape)}"
    assert got.shape == wanted.shape, f"{what}: {shapes}"
    same = torch.allclose(got.double(), wanted.double(), rtol=1e-9, atol=1e-12)
    assert same, f"{what}: got {got.tolist()}, wanted {wanted.tolist()}"


@pytest.mark.exercise(
    1,
    "Say the shape",
    hint="Align on the right; a number removes a dimension, a range keeps it.",
)
def test_say_shapes(answers):
    x, y, m = torch.zeros(11, 1), torch.zeros(11), torch.zeros(4, 3)
    wanted = {
        "A": x - y,
        "B": x - y.unsqueeze(1),
        "C": m.mean(dim=0),
        "D": m.sum(dim=1, keepdim=True),
        "E": m[:, 1],
        "F": m[:, 1:2],
        "G": m.T @ m,
        "H": m[m > 0],
    }
    got = answers.say_shapes()
    assert isinstance(got, dict), f"got {got!r}, wanted a dictionary"
    letters = f"got the letters {sorted(got)}, wanted {sorted(wanted)}"
    assert sorted(got) == sorted(wanted), letters
    odd = [each for each in wanted if not isinstance(got[each], tuple | list)]
    assert not odd, f"no tuple for {', '.join(odd)} (one size is written (3,))"
    wrong = [each for each in wanted if tuple(got[each]) != tuple(wanted[each].shape)]
    assert not wrong, f"another shape comes out for {', '.join(wrong)}"


@pytest.mark.exercise(
    2,
    "A loss that cannot be fooled",
    hint="Compare each shape with (n,) and (n, 1), then reshape both to (n,).",
)
def test_safe_loss(answers):
    for n in (1, 2, 11):
        prediction, target = T_U[:n], T_C[:n]
        wanted = ((prediction - target) ** 2).mean()
        forms = (lambda x: x, lambda x: x.unsqueeze(1))
        for first, second in itertools.product(forms, forms):
            a, b = first(prediction), second(target)
            what = f"shapes {tuple(a.shape)} and {tuple(b.shape)}"
            assert_close(answers.safe_loss(a, b), wanted, what)
    bad = [((3,), (4,)), ((2, 3), (2, 3)), ((2, 3), (3, 2)), ((1,), (5, 1))]
    bad += [((5,), (1,)), ((1, 5), (5,)), ((), ()), ((0,), (0,)), ((0, 1), (0,))]
    bad += [((5, 1, 1), (5, 1)), ((3,), (3, 3)), ((6,), (2, 3))]
    for a, b in bad:
        try:
            got = answers.safe_loss(torch.ones(a), torch.zeros(b))
        except ValueError:
            continue
        pytest.fail(f"shapes {a} and {b}: got {got}, wanted a ValueError")


@pytest.mark.exercise(
    3,
    "Same storage?",
    hint="untyped_storage().data_ptr() is the address of a tensor's storage.",
)
def test_same_storage(answers):
    x = torch.zeros(4, 4)
    cases = [
        ("x, x[2]", x, x[2], True),
        ("x[0], x[3]", x[0], x[3], True),
        ("x, x.T", x, x.T, True),
        ("x, x.view(16)", x, x.view(16), True),
        ("x[1], x.expand(2, 4, 4)", x[1], x.expand(2, 4, 4), True),
        ("x, x.detach()", x, x.detach(), True),
        ("x, x.clone()", x, x.clone(), False),
        ("x, x[[0, 1, 2, 3]]", x, x[[0, 1, 2, 3]], False),
        ("x, x.T.reshape(16)", x, x.T.reshape(16), False),
        ("x, x + 0", x, x + 0, False),
        ("x, torch.zeros(4, 4)", x, torch.zeros(4, 4), False),
    ]
    for what, a, b, wanted in cases:
        got = answers.same_storage(a, b)
        assert got == wanted, f"{what}: got {got!r}, wanted {wanted}"
        assert not x.any(), f"{what}: the function has changed x"


@pytest.mark.exercise(
    4,
    "Every distance",
    hint="Give a a dimension of size 1 in the middle, subtract, square, sum the last.",
)
def test_distances(answers):
    rng = torch.Generator().manual_seed(4)
    for n, m, d in ((1, 1, 1), (4, 3, 2), (3, 3, 3), (2, 5, 1), (0, 3, 2)):
        a = torch.randn(n, d, generator=rng).double()
        b = torch.randn(m, d, generator=rng).double()
        wanted = torch.zeros(n, m, dtype=torch.float64)
        for i, j in itertools.product(range(n), range(m)):
            wanted[i, j] = torch.linalg.vector_norm(a[i] - b[j])
        assert_close(answers.distances(a, b), wanted, f"n, m, d = {n}, {m}, {d}")
    with Made() as seen:
        answers.distances(torch.zeros(100, 2), torch.zeros(50, 2))
    said = f"{seen.steps} operations for 100 points and 50: is there a loop?"
    assert seen.steps < 50, said


@pytest.mark.exercise(
    5,
    "Moving windows",
    hint="Both strides are x.stride(0); begin at x.storage_offset().",
)
def test_windows(answers):
    base = torch.arange(24.0)
    vectors = {
        "arange(24)": base,
        "x[5:]": base[5:],
        "x[::2]": base[::2],
        "a column": base.view(6, 4)[:, 1],
    }
    for (name, x), size in itertools.product(vectors.items(), (1, 3, 6)):
        wanted = torch.stack([x[i : i + size] for i in range(len(x) - size + 1)])
        got = answers.windows(x, size)
        assert_close(got, wanted, f"{name}, size {size}")
        same = got.untyped_storage().data_ptr() == x.untyped_storage().data_ptr()
        assert same, f"{name}, size {size}: the numbers were copied"


@pytest.mark.exercise(
    6,
    "When can it be flattened?",
    hint="Neighbors merge if step = size of the next * step of the next; skip size 1.",
)
def test_can_flatten(answers):
    x = torch.zeros(4, 3, 2)
    views = [x, x[0], x[:, 0], x[:, :, 0], x[::2], x[:, 1:], x[1:], x.mT]
    views += [x.permute(2, 1, 0), x.permute(1, 0, 2), x[:, :1], x[:, :1].mT, x[:0].mT]
    views += [x[:, 0, 0], x[0, 0, 0], x[:1, :, :1], x[:1, :, :1].permute(2, 0, 1)]
    views += [torch.zeros(1, 3).expand(2, 3), torch.zeros(3, 1).expand(3, 2)]
    views += [torch.zeros(1, 1).expand(2, 3), torch.zeros(1).expand(4)]
    views += [torch.zeros(4, 3, 4)[..., :2]]
    views += [x[:, :0].permute(2, 0, 1), torch.zeros(4, 0, 2).mT]
    for view in views:
        try:
            view.view(-1)
            wanted = True
        except RuntimeError:
            wanted = False
        shape, stride = tuple(view.shape), tuple(view.stride())
        got = answers.can_flatten(shape, stride)
        said = f"shape {shape}, stride {stride}: got {got!r}, wanted {wanted}"
        assert got == wanted, said


@pytest.mark.exercise(
    7,
    "The bug that hides in a mean",
    hint="prediction.var(correction=0) divides by n.",
)
def test_wrong_loss(answers):
    cases = {"0.5 t_u - 16": 0.5 * T_U - 16, "t_u": T_U, "three": T_U[:3]}
    cases |= {"a constant": torch.full((4,), 9.0).double(), "one": T_U[:1]}
    for name, prediction in cases.items():
        wanted = ((prediction.unsqueeze(1) - T_C) ** 2).mean()
        got = answers.wrong_loss(prediction, T_C)
        assert_close(got, wanted, f"predictions: {name}")
    many = torch.linspace(-1, 1, 1000, dtype=torch.float64)
    apart = many.var(correction=0) + T_C.var(correction=0) + T_C.mean() ** 2
    with Made() as seen:
        got = answers.wrong_loss(many, T_C)
    assert_close(got, apart, "1000 predictions")
    held = f"1000 predictions, 11 targets: a tensor of {seen.numel} numbers was built"
    assert seen.numel <= 1011, held
