"""The marker of the exercises on digits."""

from __future__ import annotations

import math

import pytest
import torch


@pytest.mark.exercise(
    1, "The laziest answer", hint="Which class is worth saying every time?"
)
def test_lazy_accuracy(answers):
    for counts in ([388, 12], [5, 9, 6], [0, 7], [1] * 10):
        wanted = max(counts) / sum(counts)
        got = answers.lazy_accuracy(counts)
        said = f"{counts}: got {got}, wanted {wanted:.4f}"
        assert got == pytest.approx(wanted), said


@pytest.mark.exercise(
    2, "Digit by digit", hint="Divide the diagonal by the sums of the rows."
)
def test_right_by_class(answers):
    matrix = torch.tensor([[8, 2, 0], [3, 3, 0], [1, 0, 9]])
    got = answers.right_by_class(matrix)
    assert got.shape == (3,), f"got shape {tuple(got.shape)}, wanted (3,)"
    assert got.dtype == torch.float64, f"got {got.dtype}, wanted torch.float64"
    wanted = torch.tensor([0.8, 0.5, 0.9], dtype=torch.float64)
    said = f"got {got.tolist()}, wanted {wanted.tolist()}"
    assert torch.allclose(got, wanted, atol=1e-12), said
    got = answers.right_by_class(torch.tensor([[3, 1], [0, 0]]))
    said = f"a class without examples: got {got.tolist()}, wanted [0.75, nan]"
    assert got[0].item() == pytest.approx(0.75), said
    assert math.isnan(got[1]), said


@pytest.mark.exercise(
    3, "How many test images?", hint="Solve for n, round up, and try n - 1 as well."
)
def test_images_needed(answers):
    cases = [(0.97, 0.005), (0.5, 0.25), (0.5, 0.02), (0.9, 0.3), (0.97, 0.0199)]
    cases += [(0.99, 0.5), (0.97, 0.02)]
    for p, margin in cases:
        got = answers.images_needed(p, margin)
        assert got == int(got), f"{p}, {margin}: got {got}, not a whole number"

        def width(n, p=p):
            return 2 * math.sqrt(p * (1 - p) / n)

        said = f"{p}, {margin}: {got} images give {width(max(got, 1)):.5f}"
        assert got >= 1, f"{p}, {margin}: got {got}"
        assert width(got) <= margin * (1 + 1e-9), said
        fewer = got == 1 or width(got - 1) > margin * (1 - 1e-9)
        assert fewer, f"{p}, {margin}: {got - 1} would be enough"
    got = answers.images_needed(0.5, 0.25)
    assert got == 16, f"0.5, 0.25: got {got}, wanted 16"


@pytest.mark.exercise(
    4,
    "One pixel to the right",
    hint="View as (n, 8, 8), start from zeros, copy the part that stays.",
)
def test_shifted(answers):
    rng = torch.Generator().manual_seed(4)
    images = torch.randint(1, 17, (3, 64), generator=rng).float()
    before = images.clone()
    for across, down in [(0, 0), (1, 0), (-2, 0), (0, 3), (0, -1), (2, -3), (8, 0)]:
        got = answers.shifted(images, across, down)
        assert got.shape == (3, 64), f"got shape {tuple(got.shape)}, wanted (3, 64)"
        large = torch.nn.functional.pad(images.view(3, 8, 8), (9, 9, 9, 9))
        top, left = 9 - down, 9 - across
        wanted = large[:, top : top + 8, left : left + 8].reshape(3, 64)
        wrong = (got != wanted).nonzero()
        said = f"across {across}, down {down}: pixel {wrong[:1].tolist()} is wrong"
        assert torch.equal(got, wanted), said
        assert torch.equal(images, before), "the images given were changed"
    for across, down in [(0, -9), (0, 9), (9, 0), (-9, 0)]:
        got = answers.shifted(images, across, down)
        said = f"across {across}, down {down} should leave blank paper"
        assert got.shape == (3, 64), f"got shape {tuple(got.shape)}, wanted (3, 64)"
        assert not got.any(), said
    got = answers.shifted(images.double(), 1, 0).dtype
    assert got == torch.float64, f"float64 images: got {got}"


@pytest.mark.exercise(
    5,
    "The winner's curse",
    hint="Means along the images, first over right[:, first], then over the rest.",
)
def test_winners(answers):
    rng = torch.Generator().manual_seed(5)
    for _ in range(5):
        right = torch.rand(20, 60, generator=rng) < 0.8
        first = torch.rand(60, generator=rng) < 0.4
        ours = [sum(row[first].tolist()) for row in right]
        best = ours.index(max(ours))
        counts = first.sum().item(), (~first).sum().item()
        wanted = (
            ours[best] / counts[0],
            sum(right[best][~first].tolist()) / counts[1],
        )
        got = tuple(float(each) for each in answers.winners(right, first))
        assert got == pytest.approx(wanted), f"got {got}, wanted {wanted}"


@pytest.mark.exercise(
    6,
    "Answers withheld",
    hint="Sort from high to low (stable=True) and cut off the end.",
)
def test_answered(answers):
    rng = torch.Generator().manual_seed(6)
    for n, share in [(10, 0.25), (7, 0.5), (100, 0.1), (5, 0.0), (4, 1.0)]:
        confidence = torch.rand(n, generator=rng)
        got = answers.answered(confidence, share)
        out = math.floor(share * n)
        assert got.dtype == torch.bool, f"got {got.dtype}, wanted torch.bool"
        assert got.shape == (n,), f"got shape {tuple(got.shape)}, wanted ({n},)"
        said = f"n {n}, share {share}: {n - int(got.sum())} withheld, wanted {out}"
        assert int(got.sum()) == n - out, said
        if 0 < out < n:
            said = "an answer was withheld that is surer than one kept"
            assert confidence[got].min() >= confidence[~got].max(), said
    got = answers.answered(torch.tensor([0.5, 0.9, 0.5, 0.5]), 0.5).tolist()
    said = f"equal confidences: got {got}, wanted the last two withheld"
    assert got == [True, True, False, False], said
    # So many that an ordinary sort mixes them up.
    got = answers.answered(torch.full((100,), 0.5), 0.3).tolist()
    assert got == [True] * 70 + [False] * 30, "equal confidences: not the last withheld"
