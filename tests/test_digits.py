"""The digits: sets apart, baselines, many networks at once, answers judged."""

from __future__ import annotations

import json
import math
import re

import pytest
import torch
import torch.nn.functional as F
from book.prose import DOCS, code
from cells import read_cells
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.digits import (
    Sealed,
    Standardize,
    accuracy,
    centroids,
    fingerprint,
    forward_many,
    logistic_regression,
    loss_many,
    nearest_centroid,
    network,
    set_apart,
    stack_networks,
    stratified,
    train_many,
)
from neuralnet.digits_answers import (
    confusion_matrix,
    expected_calibration_error,
    fit_temperature,
    reliability,
)
from neuralnet.digits_checks import SMALL, agreement_checks, small_cases
from neuralnet.digits_figures import draw_images, drawn
from neuralnet.digits_network import published, read_back, to_text, write_down
from sklearn.datasets import load_digits

F64 = torch.float64
DATA = DOCS / "_static" / "data" / "digits-network.json"


def seeded(seed=0):
    return torch.Generator().manual_seed(seed)


@pytest.fixture(scope="module")
def digits():
    """All images, for the tests only."""
    data = load_digits()
    return torch.tensor(data.data, dtype=torch.float32), torch.tensor(data.target)


@pytest.fixture(scope="module")
def made():
    """The published network, trained anew."""
    return published()


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees(check):
    (row,) = compare([check])
    assert row.ok, row


# Sets apart


@given(
    st.lists(st.integers(0, 4), min_size=1, max_size=80),
    st.sampled_from([0.0, 0.2, 0.5, 1.0]),
    st.integers(0, 9),
)
@settings(max_examples=50, deadline=None)
def test_stratified_takes_the_share_of_each_class_and_loses_no_row(classes, share, s):
    target = torch.tensor(classes)
    some, rest = stratified(target, share, seeded(s))
    assert sorted([*some.tolist(), *rest.tolist()]) == list(range(len(target)))
    for k in range(5):
        count = classes.count(k)
        assert (target[some] == k).sum() == round(share * count)


def test_stratified_depends_on_the_seed_and_on_nothing_else():
    target = torch.arange(100) % 10
    first = stratified(target, 0.3, seeded(1))[0]
    torch.manual_seed(99)
    assert torch.equal(first, stratified(target, 0.3, seeded(1))[0])
    assert not torch.equal(first, stratified(target, 0.3, seeded(2))[0])


@pytest.mark.parametrize("share", [-0.1, 1.1, float("nan")])
def test_share_outside_is_refused(share):
    with pytest.raises(ValueError, match="share must lie from 0 to 1"):
        stratified(torch.zeros(3), share, seeded())


def test_target_of_two_dimensions_is_refused():
    with pytest.raises(ValueError, match="target must have 1 dimension"):
        stratified(torch.zeros(3, 1), 0.5, seeded())


def test_fingerprint_is_the_same_in_every_order_and_every_run():
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    assert fingerprint({"a": {"c": 1, "d": 2}}) == fingerprint({"a": {"d": 2, "c": 1}})
    assert fingerprint({"epochs": 30}) == "be905d7300b82145"


def test_fingerprint_takes_no_tensor_whose_text_would_be_abridged():
    with pytest.raises(TypeError, match="Tensor"):
        fingerprint({"weights": torch.zeros(2000)})


def envelope():
    return Sealed(torch.ones(2, 64), torch.tensor([3, 5]))


def test_envelope_opens_once_for_the_choices_fixed():
    sealed = envelope()
    sealed.fix({"epochs": 30})
    x, target = sealed.open({"epochs": 30})
    assert x.shape == (2, 64)
    assert target.tolist() == [3, 5]
    with pytest.raises(RuntimeError, match="opened before"):
        sealed.open({"epochs": 30})


def test_envelope_stays_shut_before_the_choices_are_fixed():
    with pytest.raises(RuntimeError, match="fix your choices first"):
        envelope().open({})


def test_envelope_stays_shut_for_other_choices_and_opens_for_the_right_ones():
    sealed = envelope()
    sealed.fix({"epochs": 30})
    with pytest.raises(RuntimeError, match="not the choices"):
        sealed.open({"epochs": 31})
    assert len(sealed.open({"epochs": 30})) == 2


def test_choices_are_fixed_once():
    sealed = envelope()
    sealed.fix({"epochs": 30})
    with pytest.raises(RuntimeError, match="fixed before"):
        sealed.fix({"epochs": 31})


def test_set_apart_keeps_the_test_images_out_of_what_it_returns(digits):
    x, target, sealed = set_apart()
    sealed.fix({})
    test_x, test_target = sealed.open({})
    assert len(x) + len(test_x) == len(digits[0]) == 1797
    together = torch.cat([x, test_x])
    both = torch.cat([target, test_target])
    rows = {(*image, d) for image, d in zip(together.tolist(), both, strict=True)}
    assert len(rows) == len({tuple(image) for image in digits[0].tolist()})
    share = test_target.bincount() / digits[1].bincount()
    assert ((share - 0.2).abs() < 0.005).all()


def test_page_opens_the_envelope_in_its_last_part_only():
    """Nothing before it opens it, reads the digits anew, or looks inside."""
    text = (DOCS / "digits.md").read_text(encoding="utf-8")
    start = text[: text.index("## The envelope is opened")].count("\n")
    cells = [cell for cell in read_cells(text) if not cell.quotes]
    early = [code(cell) for cell in cells if cell.line < start]
    late = [code(cell) for cell in cells if cell.line > start]
    assert sum("envelope.fix(choices)" in each for each in late) == 1
    assert sum("test_target = envelope.open(choices)" in each for each in late) == 1
    used = [each for each in early if "envelope" in each]
    assert len(used) == 1
    assert used[0].count("envelope") == 2
    assert "try:\n    envelope.open({})\nexcept RuntimeError" in used[0]
    for each in early:
        for word in ("load_digits", "_kept", "test_x", "test_target"):
            assert word not in each
        assert each.count("set_apart(") == (1 if each == used[0] else 0)
    prose = text[: text.index("## The envelope is opened")]
    inside = re.compile(r"envelope|load_digits|_kept|test_x|test_target|set_apart")
    for said in re.findall(r"\{value\}`([^`]*)`", prose):
        assert not inside.search(said)
    opening = text[: text.index("```{code-cell}")]
    for said in re.findall(r"\{final\}`([^`]*)`", prose):
        assert f"{{final}}`{said}`" in opening
        assert not inside.search(said)


# Scaling and simple answers


def test_standardize_keeps_its_numbers_in_the_state_dict_and_learns_none():
    scale = Standardize(torch.tensor([[1.0, 5.0]]))
    assert list(scale.state_dict()) == ["mean", "std"]
    assert list(scale.parameters()) == []
    assert scale(torch.tensor([5.0])).tolist() == [1.0]


def test_standardize_takes_its_numbers_from_what_it_was_built_with():
    x = torch.randn(50, 64, generator=seeded(), dtype=F64) * 3 + 5
    scale = Standardize(x)
    assert scale(x).mean().item() == pytest.approx(0, abs=1e-12)
    assert scale(x).std(correction=0).item() == pytest.approx(1)
    assert scale(x + 1).mean().item() == pytest.approx(1 / x.std(correction=0).item())


@pytest.mark.parametrize("x", [torch.ones(3, 4), torch.zeros(0, 4), torch.ones(4)])
def test_images_that_cannot_be_standardized(x):
    with pytest.raises(ValueError):
        Standardize(x)


def test_standardize_refuses_whole_numbers():
    with pytest.raises(TypeError, match="floating"):
        Standardize(torch.arange(8).view(2, 4))


def test_accuracy_of_one_and_of_many():
    scores = torch.eye(3).repeat(2, 1, 1)
    scores[1, 0] = torch.tensor([0.0, 5.0, 0.0])
    target = torch.tensor([0, 1, 2])
    assert accuracy(scores[0], target).item() == 1
    assert accuracy(scores, target).tolist() == pytest.approx([1, 2 / 3])


@pytest.mark.parametrize(
    ("scores", "target"),
    [
        (torch.zeros(3, 2), torch.zeros(3, 1)),
        (torch.zeros(3, 2), torch.zeros(2)),
        (torch.zeros(3), torch.zeros(3)),
        (torch.zeros(0, 2), torch.zeros(0)),
    ],
)
def test_accuracy_refuses_what_does_not_fit(scores, target):
    with pytest.raises(ValueError):
        accuracy(scores, target)


def test_accuracy_of_each_network_and_of_one_example():
    first, second = [[0.0, 1, 2], [3, 1, 0]], [[5.0, 0, 0], [0, 0, 4]]
    scores, target = torch.tensor([first, second]), torch.tensor([2, 0])
    assert accuracy(scores, target).tolist() == [1.0, 0.0]
    assert accuracy(scores[0, :1], target[:1]).item() == 1.0


def test_nearest_centroid_is_exact_far_from_zero():
    x = torch.full((30, 2), 1e4) + torch.arange(30)[:, None]
    assert nearest_centroid(x, x).diagonal().eq(0).all()


def test_centroid_of_a_class_without_examples_is_refused():
    with pytest.raises(ValueError, match="examples of each class"):
        centroids(torch.zeros(2, 3), torch.tensor([0, 2]), 3)


def test_nearest_centroid_is_minus_the_distance():
    x = torch.tensor([[0.0, 0.0], [3.0, 4.0]])
    assert nearest_centroid(x, x).tolist() == [[0.0, -5.0], [-5.0, 0.0]]
    with pytest.raises(ValueError, match="2 columns"):
        nearest_centroid(torch.zeros(1, 3), x)


def test_there_are_ten_classes_unless_one_says_so():
    one_each = torch.eye(10), torch.arange(10)
    assert torch.equal(centroids(*one_each), torch.eye(10))
    assert logistic_regression(*one_each, 1.0).weight.shape == (10, 10)


def test_logistic_regression_is_at_a_minimum():
    x, target = small_cases()[0]
    layer = logistic_regression(x, target, 0.02, 3)
    loss = F.cross_entropy(layer(x), target) + 0.01 * (layer.weight**2).sum()
    slopes = torch.autograd.grad(loss, list(layer.parameters()))
    assert max(slope.abs().max().item() for slope in slopes) < 1e-6


def test_logistic_regression_asks_for_decay_and_classes():
    x, target = small_cases()[0]
    with pytest.raises(ValueError, match="weight_decay must be greater than 0"):
        logistic_regression(x, target, 0.0, 3)
    for wrong in target, torch.where(target == 2, -100, target):
        with pytest.raises(ValueError, match="target must lie from 0 to 1"):
            logistic_regression(x, wrong, 0.1, 2)


def test_temperature_asks_for_classes():
    with pytest.raises(ValueError, match="target must lie from 0 to 2"):
        fit_temperature(torch.eye(3), torch.tensor([0, 1, -100]))


# Many networks


def test_network_has_no_relu_after_its_last_layer():
    kinds = [type(layer).__name__ for layer in network()]
    assert kinds == ["Linear", "ReLU", "Linear", "ReLU", "Linear"]
    with pytest.raises(ValueError, match="number of sizes"):
        network((64,))


def test_stacked_networks_are_those_of_the_seeds():
    stacks = stack_networks([3, 7], SMALL)
    torch.manual_seed(7)
    alone = list(network(SMALL).parameters())
    for stack, parameter in zip(stacks, alone, strict=True):
        assert torch.equal(stack[1], parameter)
        assert stack.is_leaf
        assert stack.requires_grad


def test_gradient_of_a_network_meets_only_its_own_loss():
    params = stack_networks([0, 1, 2], SMALL)
    x = torch.randn(3, 5, 6, generator=seeded())
    losses = loss_many(params, x, torch.zeros(3, 5, dtype=torch.int64))
    grads = torch.autograd.grad(losses[1], params)
    assert all(not g[[0, 2]].any() and g[1].any() for g in grads)


@pytest.mark.parametrize("count", [1, 3])
def test_networks_without_images_of_their_own_are_refused(count):
    with pytest.raises(ValueError, match="its own images"):
        forward_many(stack_networks([0, 1], SMALL), torch.zeros(count, 5, 6))
    with pytest.raises(ValueError, match="3 dimensions"):
        forward_many(stack_networks([0, 1], SMALL), torch.zeros(5, 6))


def test_training_sees_each_example_once_an_epoch(monkeypatch):
    params = stack_networks([0, 1], (1, 2))
    x = torch.arange(7.0).view(1, 7, 1).expand(2, 7, 1)
    seen = []

    def spy(params, x, target):
        seen.append(x[:, :, 0])
        return loss_many(params, x, target)

    monkeypatch.setattr("neuralnet.digits.loss_many", spy)
    target = torch.zeros(2, 7, dtype=torch.int64)
    optimizer = torch.optim.SGD(params, lr=0.01)
    options = {"epochs": 2, "seeds": [5, 6], "batch_size": 3}
    train_many(params, optimizer, x, target, **options)
    assert [batch.shape[1] for batch in seen] == [3, 3, 1, 3, 3, 1]
    for epoch in seen[:3], seen[3:]:
        for deck in torch.cat(epoch, dim=1):
            assert sorted(deck.tolist()) == list(range(7))
    assert not torch.equal(torch.cat(seen[:3], 1), torch.cat(seen[3:], 1))
    assert not torch.equal(seen[0][0], seen[0][1])


def test_training_is_watched_after_each_epoch_without_a_graph():
    params = stack_networks([0, 1], SMALL)
    x, target = torch.ones(2, 5, 6), torch.zeros(2, 5, dtype=torch.int64)

    def watch():
        assert not torch.is_grad_enabled()
        return loss_many(params, x, target)

    optimizer = torch.optim.SGD(params, lr=0.1)
    options = {"epochs": 3, "seeds": [0, 1], "watch": watch}
    seen = train_many(params, optimizer, x, target, **options)
    assert seen.shape == (3, 2)
    assert (seen[1:] < seen[:-1]).all()


@pytest.mark.parametrize(
    "wrong", [{"epochs": 0}, {"batch_size": 0}, {"seeds": [1]}], ids=str
)
def test_training_refuses(wrong):
    params = stack_networks([0, 1], SMALL)
    optimizer = torch.optim.SGD(params, lr=0.1)
    options = {"epochs": 1, "seeds": [0, 1], **wrong}
    target = torch.zeros(2, 5, dtype=torch.int64)
    with pytest.raises(ValueError):
        train_many(params, optimizer, torch.zeros(2, 5, 6), target, **options)


def test_one_of_twenty_learns_as_alone_on_the_digits():
    """In float64, an epoch of the chapter's own training."""
    x, target = set_apart()[:2]
    xs = Standardize(x)(x).double()[:320]
    target = target[:320]
    params = [p.detach().double() for p in stack_networks(range(20), (64, 32, 16, 10))]
    params = [p.requires_grad_() for p in params]
    optimizer = torch.optim.Adam(params, 5e-3)
    train_many(
        params,
        optimizer,
        xs.expand(20, -1, -1),
        target.expand(20, -1),
        epochs=2,
        seeds=range(20),
    )
    torch.manual_seed(13)
    model = network().double()
    optimizer = torch.optim.Adam(model.parameters(), 5e-3)
    rng = seeded(13)
    for _ in range(2):
        for pick in torch.randperm(320, generator=rng).split(32):
            optimizer.zero_grad()
            F.cross_entropy(model(xs[pick]), target[pick]).backward()
            optimizer.step()
    for stack, parameter in zip(params, model.parameters(), strict=True):
        assert torch.allclose(stack[13], parameter, rtol=1e-9, atol=1e-10)


# Answers


def test_one_network_can_be_trained_on_one_image_at_a_time():
    params = stack_networks([0], SMALL)
    optimizer = torch.optim.SGD(params, 0.1)
    x, target = torch.ones(1, 5, SMALL[0]), torch.zeros(1, 5).long()
    before = loss_many(params, x, target).item()
    seen = train_many(params, optimizer, x, target, epochs=1, seeds=[0], batch_size=1)
    assert seen.shape == (0,)
    assert loss_many(params, x, target).item() < before


def test_calibration_in_one_bin_sees_the_means_alone():
    answers = torch.tensor([0.1, 0.9]), torch.tensor([True, False])
    assert expected_calibration_error(*answers, 1) == pytest.approx(0, abs=1e-6)
    assert expected_calibration_error(*answers, 2) == pytest.approx(0.9)


def test_confusion_matrix_has_a_row_for_each_true_class():
    matrix = confusion_matrix(torch.tensor([0, 0, 2]), torch.tensor([1, 1, 0]), 3)
    assert matrix.tolist() == [[0, 2, 0], [0, 0, 0], [1, 0, 0]]


@pytest.mark.parametrize(
    ("target", "prediction"), [([0, 3], [0, 1]), ([0, 1], [0, -1]), ([0, 1], [0])]
)
def test_confusion_matrix_refuses(target, prediction):
    with pytest.raises(ValueError):
        confusion_matrix(torch.tensor(target), torch.tensor(prediction), 3)


def test_confusion_matrix_has_ten_classes_and_no_more():
    digits = torch.arange(10)
    assert torch.equal(confusion_matrix(digits, digits), torch.eye(10).long())
    with pytest.raises(ValueError, match="prediction must lie from 0 to 9, got 10"):
        confusion_matrix(digits, digits + 1)


def test_reliability_with_one_bin_is_the_mean():
    sure, share, count = reliability(
        torch.tensor([0.5, 0.7]), torch.tensor([True, False]), 1
    )
    assert sure.item() == pytest.approx(0.6)
    assert (share.item(), count.item()) == (0.5, 2)
    with pytest.raises(ValueError, match="shapes must be equal, got confidence"):
        reliability(torch.tensor([0.5, 0.7]), torch.tensor([True]))


def test_edges_of_reliability_are_as_exact_as_the_confidence():
    tenths = torch.arange(1, 11, dtype=F64) / 10
    assert reliability(tenths, tenths > 0)[2].tolist() == [1] * 10


def test_bins_of_reliability_hold_their_upper_edge():
    confidence = torch.tensor([0.0, 0.25, 0.5, 0.51, 1.0])
    right = torch.tensor([False, True, False, True, True])
    mean, share, count = reliability(confidence, right, 2)
    assert count.tolist() == [3, 2]
    assert mean.tolist() == pytest.approx([0.25, 0.755])
    assert share.tolist() == pytest.approx([1 / 3, 1])


def test_empty_bin_has_no_mean_and_counts_for_nothing():
    mean, share, count = reliability(torch.tensor([0.9]), torch.tensor([True]), 3)
    assert math.isnan(mean[0])
    assert math.isnan(share[1])
    assert count.tolist() == [0, 0, 1]
    error = expected_calibration_error(torch.tensor([0.9]), torch.tensor([True]), 3)
    assert error == pytest.approx(0.1, abs=1e-7)


def test_calibration_error_weighs_bins_by_their_counts():
    confidence = torch.tensor([0.2] * 3 + [0.8], dtype=F64)
    right = torch.tensor([False, False, False, False])
    got = expected_calibration_error(confidence, right, 2)
    assert got == pytest.approx((3 * 0.2 + 0.8) / 4)


def test_calibration_error_refuses_no_example_and_no_probability():
    with pytest.raises(ValueError, match="number of examples"):
        expected_calibration_error(torch.zeros(0), torch.zeros(0, dtype=torch.bool))
    with pytest.raises(ValueError, match="confidence must lie from 0 to 1"):
        expected_calibration_error(torch.tensor([1.5]), torch.tensor([True]))


@given(st.floats(0.2, 5.0), st.integers(0, 20))
@settings(max_examples=20, deadline=None)
def test_temperature_scales_with_the_scores(factor, seed):
    target = torch.randint(3, (60,), generator=seeded(seed))
    noise = torch.randn(60, 3, generator=seeded(seed), dtype=F64)
    scores = 2 * (noise + F.one_hot(target, 3))
    base = fit_temperature(scores, target)
    assert fit_temperature(factor * scores, target) == pytest.approx(base * factor)


def test_temperature_at_its_ends():
    target = torch.tensor([0, 1])
    right = torch.eye(2, dtype=F64)
    assert fit_temperature(right, target) == pytest.approx(0.01)
    assert fit_temperature(right.flip(0), target) == pytest.approx(100)


# The published network


def test_network_trained_anew_is_the_one_in_the_file(made):
    old = json.loads(DATA.read_text(encoding="utf-8"))
    assert old["examples"][:10] == made["examples"][:10]
    assert old["mean"] == pytest.approx(made["mean"], abs=1e-4)
    assert old["std"] == pytest.approx(made["std"], abs=1e-4)
    sealed = set_apart()[2]
    sealed.fix({})
    test_x, test_target = sealed.open({})
    scores = [read_back(each)(test_x.double()) for each in (old, made)]
    right = [accuracy(each, test_target).item() for each in scores]
    assert min(right) > 0.97
    assert abs(right[0] - right[1]) < 0.01
    for each in made["examples"][10:]:
        pixels = torch.tensor(each["pixels"], dtype=F64)
        assert read_back(made)(pixels[None]).argmax().item() != each["digit"]
    gap = (scores[0].softmax(1) - scores[1].softmax(1)).abs().amax(1)
    assert gap.quantile(0.9) < 0.05


def test_file_is_small_and_as_the_module_writes_it():
    text = DATA.read_text(encoding="utf-8")
    assert len(text) < 40_000
    assert to_text(json.loads(text)) == text


def test_what_is_written_down_computes_the_same():
    torch.manual_seed(0)
    x = torch.randint(17, (30, 64), generator=seeded()).float()
    model = torch.nn.Sequential(Standardize(x), *network())
    made = write_down(model, 1.23456, x[:2], torch.tensor([4, 2]))
    again = read_back(json.loads(to_text(made)))
    assert torch.allclose(again(x.double()).float(), model(x), atol=2e-3)
    assert made["examples"][1] == {"digit": 2, "pixels": x[1].int().tolist()}
    bias = model[1].bias.detach().double()
    assert made["layers"][0]["bias"] == bias.round(decimals=5).tolist()
    assert made["layers"][0]["bias"] == again[1].bias.tolist()
    assert [made["mean"], made["std"]] == [again[0].mean.item(), again[0].std.item()]
    assert made["temperature"] == 1.2346


# Figures


def test_images_are_drawn_in_rows_with_their_titles():
    figure = draw_images(torch.zeros(5, 64), "abcde", 3)
    (axis,) = figure.axes
    assert [text.get_text() for text in axis.texts] == [*"abcde"]
    corners = [tuple(image.get_extent()) for image in axis.images]
    assert corners[:2] == [(0, 8, 8, 0), (10, 18, 8, 0)]
    assert corners[3] == (0, 8, 19.5, 11.5)
    edges = [edge.get_extents().bounds for edge in axis.patches]
    insides = [image.get_window_extent().bounds for image in axis.images]
    assert edges == [pytest.approx(inside) for inside in insides]
    assert axis.images[0].get_clim() == (0, 16)
    assert axis.images[0].cmap(1.0)[:3] == pytest.approx((0, 0, 0))
    assert axis.images[0].cmap(0.0)[:3] == pytest.approx((1, 1, 1))


def test_signed_images_have_zero_in_the_middle_of_the_colors():
    image = torch.zeros(1, 64)
    image[0, 3] = -2.5
    figure = draw_images(image, ["w"], 1, signed=True)
    assert figure.axes[0].images[0].get_clim() == (-2.5, 2.5)


@pytest.mark.parametrize(
    ("images", "titles"), [((2, 64), "a"), ((1, 63), "a"), ((0, 64), "")]
)
def test_images_that_cannot_be_drawn(images, titles):
    with pytest.raises(ValueError):
        draw_images(torch.zeros(images), titles)


def test_image_from_signs():
    image = drawn(["#" * 8, "+" * 8] + ["." * 8] * 6)
    assert image.shape == (1, 64)
    assert image[0, :17].tolist() == [16.0] * 8 + [8.0] * 8 + [0.0]


@pytest.mark.parametrize("words", [["." * 8] * 7, ["." * 7] * 8, ["x" * 8] * 8])
def test_signs_that_make_no_image(words):
    with pytest.raises(ValueError, match="eight words"):
        drawn(words)
