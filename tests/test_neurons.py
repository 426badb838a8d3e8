"""Neurons, layers and networks against PyTorch, algebra and exact numbers."""

from __future__ import annotations

import math

import pytest
import torch
import torch.nn.functional as F
from hypothesis import given
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.neurons import (
    best_line_share,
    count_parameters,
    count_pieces,
    deep_tents,
    fit_affine,
    linear,
    losses_of_many,
    merge,
    network,
    neuron,
    positive_part,
    random_layers,
    require_training,
    rooms,
    run_many,
    shallow_tents,
    share_right,
    train,
    train_many,
)
from neuralnet.neurons_checks import agreement_checks, some_tensors

F64 = torch.float64
seeds = st.integers(0, 10_000)
widths = st.integers(1, 6)


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


# One neuron


def test_neuron_keeps_the_digits_of_a_tiny_answer():
    x = torch.tensor([1e-9, -3e-12, 1e-300], dtype=F64)
    got = neuron(x, torch.tensor(2.0, dtype=F64), torch.tensor(0.0, dtype=F64))
    assert torch.allclose(got, 2 * x, rtol=1e-12, atol=0)


@pytest.mark.parametrize("dtype", [torch.float32, F64])
def test_neuron_stays_between_minus_one_and_one(dtype):
    x = torch.tensor([-math.inf, -1e4, 0.0, 1e4, math.inf, math.nan], dtype=dtype)
    got = neuron(x, torch.tensor(3.0, dtype=dtype), torch.tensor(0.0, dtype=dtype))
    assert got[:-1].tolist() == [-1.0, -1.0, 0.0, 1.0, 1.0]
    assert got[-1].isnan()
    assert got.dtype == dtype


@given(seeds)
def test_turning_the_signs_of_w_and_b_turns_the_output(seed):
    x, w, b = some_tensors((4, 3), (3,), (), seed=seed)
    assert torch.allclose(neuron(x, -w, -b), -neuron(x, w, b), rtol=1e-12, atol=0)


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (((3,), (2, 3), ()), r"w must have shape \(\) or \(d,\), got \(2, 3\)"),
        (((3,), (3,), (1,)), r"b must have shape \(\), got \(1,\)"),
        (((3, 4), (3,), ()), r"x must end in 3 numbers, .*got shape \(3, 4\)"),
        (((), (3,), ()), r"x must end in 3 numbers, .*got shape \(\)"),
    ],
)
def test_shapes_that_make_no_neuron_are_refused(shapes, said):
    with pytest.raises(ValueError, match=said):
        neuron(*some_tensors(*shapes))


def test_dtypes_that_make_no_neuron_are_refused():
    one = torch.tensor(1.0)
    with pytest.raises(TypeError, match=r"w must be .*got float"):
        neuron(one, 2.0, one)
    with pytest.raises(TypeError, match=r"x must be .*torch.int64"):
        neuron(torch.arange(3), one, one)
    with pytest.raises(TypeError, match=r"x torch\.float64, w torch\.float32"):
        neuron(one.double(), one, one)
    with pytest.raises(TypeError, match=r"w torch\.float32, b torch\.float64"):
        neuron(one, one, one.double())


# Layers


@pytest.mark.parametrize("lead", [(), (1,), (7,), (2, 3), (0,), (0, 3)])
def test_layer_works_on_the_last_dimension(lead):
    x, weight, bias = some_tensors((*lead, 3), (4, 3), (4,))
    got = linear(x, weight, bias)
    assert got.shape == (*lead, 4)
    assert torch.allclose(got, F.linear(x, weight, bias), rtol=1e-12, atol=1e-15)


def test_layer_is_its_neurons_side_by_side():
    x, weight, bias = some_tensors((7, 3), (4, 3), (4,))
    rows = [neuron(x, w, b) for w, b in zip(weight, bias, strict=True)]
    got = torch.tanh(linear(x, weight, bias))
    assert torch.allclose(got, torch.stack(rows, dim=-1), rtol=1e-12, atol=0)


def test_layer_without_inputs_is_its_bias():
    x, weight, bias = some_tensors((5, 0), (2, 0), (2,))
    assert torch.equal(linear(x, weight, bias), bias.expand(5, 2))


def test_infinite_and_missing_inputs_pass_through_as_in_pytorch():
    x = torch.tensor([[math.inf, 1.0], [math.nan, 1.0], [1e4, -1e4]])
    weight, bias = torch.ones(2, 2), torch.zeros(2)
    theirs = F.linear(x, weight, bias)
    assert torch.equal(linear(x, weight, bias).nan_to_num(7), theirs.nan_to_num(7))


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (((4, 3), (3, 2), (3,)), r"\(3, 2\) is \(out, in\).*end in 2, got \(4, 3\)"),
        (((4, 3), (3,), ()), r"weight must have shape \(out, in\), got \(3,\)"),
        (((4, 3), (2, 3), (3,)), r"bias must have shape \(2,\).*got \(3,\)"),
        (((2, 2), (2, 2), (2, 1)), r"bias must have shape \(2,\).*got \(2, 1\)"),
        (((2, 2), (2, 2), ()), r"bias must have shape \(2,\).*got \(\)"),
        (((), (2, 3), (2,)), r"input must end in 3, got \(\)"),
    ],
)
def test_shapes_that_make_no_layer_are_refused(shapes, said):
    with pytest.raises(ValueError, match=said):
        linear(*some_tensors(*shapes))


def test_dtypes_that_make_no_layer_are_refused():
    with pytest.raises(TypeError, match=r"bias must be .*torch.int64"):
        linear(torch.ones(2), torch.ones(1, 2), torch.tensor([1]))
    with pytest.raises(TypeError, match="dtypes must be equal"):
        linear(torch.ones(2).double(), torch.ones(1, 2))


# Networks, and two layers in one


def test_network_without_layers_is_refused():
    with pytest.raises(ValueError, match="at least one layer"):
        network(torch.ones(2), [])


def test_last_layer_of_a_network_is_not_bent():
    layers = [(torch.eye(1), torch.zeros(1)), (torch.tensor([[9.0]]), torch.ones(1))]
    assert network(torch.tensor([100.0]), layers).item() == 10.0


@given(seeds, widths, widths, widths)
def test_two_layers_without_bend_are_the_merged_one(seed, n_in, hidden, n_out):
    shapes = (5, n_in), (hidden, n_in), (hidden,), (n_out, hidden), (n_out,)
    x, *layers = some_tensors(*shapes, seed=seed)
    two = F.linear(F.linear(x, *layers[:2]), *layers[2:])
    got = linear(x, *merge(*layers))
    assert torch.allclose(got, two, rtol=1e-9, atol=1e-11)


@given(seeds)
def test_merging_may_begin_at_either_end(seed):
    shapes = (4, 3), (4,), (2, 4), (2,), (5, 2), (5,)
    a, b, c, d, e, f = some_tensors(*shapes, seed=seed)
    left = merge(*merge(a, b, c, d), e, f)
    right = merge(a, b, *merge(c, d, e, f))
    for one, other in zip(left, right, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)


def test_layers_that_do_not_follow_each_other_are_refused():
    with pytest.raises(ValueError, match=r"\(2, 5\).*end in 5, got \(4,\)"):
        merge(*some_tensors((4, 3), (4,), (2, 5), (2,)))


@pytest.mark.parametrize(
    ("shapes", "said"),
    [
        (((4, 3), (3,), (2, 3), (2,)), r"bias must have shape \(4,\).*got \(3,\)"),
        (((4, 3), (4,), (2, 4), (3,)), r"bias must have shape \(2,\).*got \(3,\)"),
    ],
)
def test_merging_refuses_a_bias_of_another_layer(shapes, said):
    with pytest.raises(ValueError, match=said):
        merge(*some_tensors(*shapes))


def test_random_layers_have_their_sizes_and_are_reproducible():
    layers = random_layers([2, 3, 1], seed=5)
    shapes = [(tuple(w.shape), tuple(b.shape)) for w, b in layers]
    assert shapes == [((3, 2), (3,)), ((1, 3), (1,))]
    again = random_layers([2, 3, 1], seed=5)
    for one, other in zip(layers, again, strict=True):
        assert all(map(torch.equal, one, other))
    assert count_parameters(layers) == 2 * 3 + 3 + 3 * 1 + 1


def test_weights_of_random_layers_spread_by_the_number_of_inputs():
    ((weight, bias),) = random_layers([400, 1000])
    assert weight.std().item() == pytest.approx(1 / 20, rel=0.02)
    assert bias.std().item() == pytest.approx(1, rel=0.1)


@pytest.mark.parametrize("sizes", [[], [3], [2, 0, 1], [2, -1]])
def test_sizes_that_make_no_network_are_refused(sizes):
    with pytest.raises(ValueError, match="size"):
        random_layers(sizes)


# The rooms


def test_rooms_are_half_comfortable_and_two_rings_apart():
    x, target = rooms(500, seed=3)
    radius = x.norm(dim=1)
    good = target[:, 0] > 0
    assert good.sum() == 250
    assert radius[good].max() <= 1
    assert 1.5 <= radius[~good].min() < radius[~good].max() <= 2.5
    assert x.dtype == target.dtype == F64
    with pytest.raises(ValueError, match="n must be greater than 0"):
        rooms(0)


def test_rooms_are_spread_evenly():
    x, target = rooms(4000)
    good = target[:, 0] > 0
    radius = x.norm(dim=1)
    for kind in good, ~good:
        assert x[kind].mean(dim=0).abs().max() < 0.1
    inner = (radius[good] < 0.5).double().mean().item()
    assert inner == pytest.approx(0.25, abs=0.03)
    ring = radius[~good].sort().values
    even = torch.linspace(1.5, 2.5, len(ring), dtype=F64)
    assert (ring - even).abs().max() < 0.05


def test_random_layers_and_rooms_are_those_of_seed_zero():
    for one, other in zip(random_layers([1, 2]), random_layers([1, 2], 0), strict=True):
        assert all(map(torch.equal, one, other))
    assert all(map(torch.equal, rooms(4), rooms(4, 0)))
    assert not torch.equal(rooms(4)[0], rooms(4, 1)[0])


@given(seeds)
def test_no_affine_layer_misses_less_than_the_fitted_one(seed):
    x, target, other, shift = some_tensors((9, 2), (9, 1), (1, 2), (1,), seed=seed)

    def loss(weight, bias):
        return F.mse_loss(F.linear(x, weight, bias), target).item()

    weight, bias = fit_affine(x, target)
    best = loss(weight, bias)
    for scale in (1e-3, 1.0):
        assert best <= loss(weight + scale * other, bias + scale * shift) + 1e-12


@pytest.mark.parametrize(
    ("x", "target"),
    [((3,), (3, 1)), ((3, 2), (3,)), ((3, 2), (4, 1)), ((0, 2), (0, 1))],
)
def test_examples_that_cannot_be_fitted_are_refused(x, target):
    given_ = torch.zeros(x), torch.zeros(target)
    with pytest.raises(ValueError, match="wanted x"):
        fit_affine(*given_)
    with pytest.raises(ValueError, match="wanted x"):
        best_line_share(*given_)


def test_examples_of_two_dtypes_are_refused():
    with pytest.raises(TypeError, match=r"dtypes must be equal, got x .*, target"):
        fit_affine(torch.zeros(3, 2), torch.zeros(3, 1, dtype=F64))


def test_share_right_asks_for_the_sign_alone():
    target = torch.tensor([[1.0], [1.0], [0.0]])
    assert share_right(torch.full((3, 1), 0.5), target).item() == pytest.approx(2 / 3)


def test_share_right_counts_zero_as_no_and_keeps_leading_dimensions():
    target = torch.tensor([[1.0], [-1.0], [-1.0]])
    output = torch.tensor([[[0.0]] * 3, [[2.0], [-2.0], [-2.0]]])
    assert share_right(output, target).tolist() == pytest.approx([2 / 3, 1.0])
    same = target.expand(2, 3, 1)
    assert share_right(output, same).tolist() == pytest.approx([2 / 3, 1.0])


@pytest.mark.parametrize(
    ("output", "target"),
    [
        ((2,), (2, 1)),
        ((2,), (2,)),
        ((2, 3, 1), (3,)),
        ((3, 1), (5, 3, 1)),
        ((3, 2), (3, 2)),
        ((3, 1), (2, 1)),
    ],
)
def test_shares_of_other_shapes_are_refused(output, target):
    with pytest.raises(ValueError, match=r"wanted output \(\.\.\., n, 1\)"):
        share_right(torch.zeros(output), torch.zeros(target))


def test_best_line_finds_a_cut_that_is_there():
    x = torch.cat([torch.randn(50, 2) - 5, torch.randn(50, 2) + 5])
    target = torch.ones(100, 1)
    target[50:] = -1
    assert best_line_share(x, target) == 1.0
    assert best_line_share(x, -target) == 1.0


def test_best_line_looks_in_all_directions():
    for angle in (0.0, 0.5, 1.0, 1.5):
        along = math.pi * angle
        x = torch.tensor([[-math.cos(along), -math.sin(along)]])
        two, far = torch.cat([x, -x]), torch.tensor([[-1.0], [1.0]])
        assert best_line_share(two, far) == best_line_share(two, -far) == 1.0
        assert best_line_share(two, far, directions=4) == 1.0


def test_best_line_looks_every_half_degree():
    along = math.radians(45.5)
    ahead = torch.tensor([math.cos(along), math.sin(along)], dtype=F64)
    aside = torch.stack([-ahead[1], ahead[0]])
    x = torch.stack([s * aside + t * ahead for s in (-1, 1) for t in (5e-4, -5e-4)])
    target = torch.tensor([[1.0], [-1.0], [1.0], [-1.0]], dtype=F64)
    assert best_line_share(x, target) == 1.0


def test_best_line_counts_zero_as_no():
    x, target = torch.tensor([[1.0, 0], [2, 0], [3, 0]]), torch.tensor([1.0, 0, 1])
    assert best_line_share(x, target[:, None]) == pytest.approx(2 / 3)


def test_best_line_may_leave_all_points_on_one_side():
    x = torch.randn(4, 2)
    assert best_line_share(x, torch.ones(4, 1)) == 1.0
    assert best_line_share(x, -torch.ones(4, 1)) == 1.0
    assert best_line_share(x[:1], torch.ones(1, 1)) == 1.0


@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("n", [2, 10, 32])
def test_best_line_does_not_part_points_at_one_place(n, dtype):
    target = torch.tensor([[-1.0], [1.0]] * (n // 2), dtype=dtype)
    for place in ([0.0, 0.0], [0.1, 0.7]):
        x = torch.tensor([place] * n, dtype=dtype)
        assert best_line_share(x, target) == 0.5


@pytest.mark.parametrize("seed", range(10))
def test_best_line_does_not_take_out_the_middle_of_a_row(seed):
    rng = torch.Generator().manual_seed(seed)
    x = 1e6 * torch.rand(3, 1, generator=rng).sort(dim=0).values.expand(3, 2)
    target = torch.tensor([[1.0], [-1.0], [1.0]])
    assert best_line_share(x, target) == pytest.approx(2 / 3)


def test_best_line_does_not_part_a_row_of_points_by_rounding():
    x = torch.arange(1.0, 10.0)[:, None] * torch.tensor([0.3, 0.3])
    target = torch.ones(9, 1)
    target[4] = -1
    assert best_line_share(x, target) == pytest.approx(8 / 9)
    target[3:6] = -1
    assert best_line_share(x, target) == pytest.approx(6 / 9)


def test_no_line_beats_the_best_line():
    x, target = rooms(200)
    best = best_line_share(x, target)
    for seed in range(200):
        weight, bias = some_tensors((1, 2), (1,), seed=seed)
        assert share_right(linear(x, weight, bias), target) <= best + 0.011


# Training


def test_training_takes_the_steps_of_torch_sgd():
    x, target = rooms(50)
    ours = random_layers([2, 4, 1], seed=2)
    theirs = [p.clone().requires_grad_() for pair in ours for p in pair]
    sgd = torch.optim.SGD(theirs, lr=0.1)
    losses = train(ours, x, target, lr=0.1, steps=100)
    for step in range(100):
        hidden = torch.tanh(F.linear(x, *theirs[:2]))
        loss = F.mse_loss(F.linear(hidden, *theirs[2:]), target)
        assert losses[step] == pytest.approx(loss.item(), rel=1e-10)
        sgd.zero_grad()
        loss.backward()
        sgd.step()
    flat = [p for pair in ours for p in pair]
    for one, other in zip(flat, theirs, strict=True):
        assert torch.allclose(one, other, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("activation", [torch.tanh, torch.sigmoid])
def test_training_many_is_training_each(count, activation):
    x, target = rooms(30)
    starts = [random_layers([2, 3, 1], seed) for seed in range(count)]
    layers, losses = train_many(starts, x, target, 0.2, 25, activation)
    outputs = run_many(layers, x, activation)
    for seed, alone in enumerate(starts):
        train(alone, x, target, 0.2, 25, activation)
        output = network(x, alone, activation)
        assert torch.allclose(outputs[seed], output, rtol=1e-9, atol=1e-11)
        loss = F.mse_loss(output, target)
        assert losses[seed].item() == pytest.approx(loss.item(), rel=1e-9)
    again = losses_of_many(layers, x, target, activation)
    assert torch.equal(losses, again.detach())


def test_no_steps_change_nothing():
    (start,) = random_layers([2, 1])
    weight = start[0].clone()
    assert train([start], *rooms(4), lr=0.1, steps=0) == []
    assert torch.equal(start[0], weight)


def test_training_none_is_refused():
    with pytest.raises(ValueError, match="at least one network"):
        train_many([], *rooms(4), 0.1, 1)


def test_training_networks_of_different_shapes_together_is_refused():
    starts = [random_layers([2, 3, 1]), random_layers([2, 4, 1])]
    with pytest.raises(ValueError, match=r"same shapes, got .*\(3, 2\).*\(4, 2\)"):
        train_many(starts, *rooms(4), 0.1, 1)


def test_losses_of_many_do_not_broadcast():
    two = torch.tensor([[[1.0]], [[2.0]]]), torch.zeros(2, 1)
    x, target = torch.ones(2, 1), torch.tensor([1.0, 2.0])
    with pytest.raises(ValueError, match="shapes must be equal"):
        losses_of_many([two], x, target)
    losses = losses_of_many([two], x, target[:, None])
    assert losses.tolist() == [0.5, 0.5]


def test_training_without_a_bend_ends_at_the_best_affine_layer():
    x, target = rooms(100)
    losses = train(
        random_layers([2, 5, 1]), x, target, 0.05, 2000, activation=lambda z: z
    )
    best = F.mse_loss(linear(x, *fit_affine(x, target)), target)
    assert losses[-1] == pytest.approx(best.item(), rel=1e-6)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"target": torch.zeros(4)}, "shapes must be equal"),
        ({"lr": 0.0}, "lr must be greater than 0"),
        ({"steps": -1}, "steps must be at least 0, got -1"),
        (
            {"output": torch.zeros(0, 1), "target": torch.zeros(0, 1)},
            "at least one number",
        ),
    ],
)
def test_training_that_cannot_be_is_refused(change, said):
    usual = {
        "output": torch.zeros(4, 1),
        "target": torch.zeros(4, 1),
        "lr": 0.1,
        "steps": 1,
    }
    with pytest.raises(ValueError, match=said):
        require_training(**(usual | change))


# Depth


def triangle(x, folds):
    """The sawtooth written down directly: 2^(folds - 1) teeth on [0, 1]."""
    return 1 - (2 * ((x * 2 ** (folds - 1)) % 1) - 1).abs()


@pytest.mark.parametrize("folds", range(1, 11))
def test_deep_and_shallow_tents_are_the_same_function_exactly(folds):
    x = torch.arange(2**folds * 8 + 1, dtype=F64)[:, None] / (2**folds * 8)
    deep = network(x, deep_tents(folds), positive_part)
    shallow = network(x, shallow_tents(folds), positive_part)
    assert torch.equal(deep, shallow)
    assert torch.equal(deep, triangle(x, folds))
    assert count_pieces(deep[:, 0]) == 2**folds


@pytest.mark.parametrize("folds", [1, 2, 5, 10])
def test_sizes_of_deep_and_shallow_tents(folds):
    deep, shallow = deep_tents(folds), shallow_tents(folds)
    assert sum(len(bias) for _, bias in deep[:-1]) == 2 * folds
    assert count_parameters(deep) == 6 * folds + 1
    assert sum(len(bias) for _, bias in shallow[:-1]) == 2**folds
    assert count_parameters(shallow) == 3 * 2**folds + 1


@given(seeds, widths)
def test_hidden_layer_of_kinks_has_at_most_one_piece_more_than_neurons(seed, width):
    x = torch.linspace(-20, 20, 4001, dtype=F64)
    layers = random_layers([1, width, 1], seed)
    y = network(x[:, None], layers, positive_part)[:, 0]
    # A corner between two points of the grid bends the line at both.
    assert count_pieces(y) <= 2 * width + 1


def test_layers_of_deep_tents_share_no_tensor():
    tensors = [p for pair in deep_tents(4) for p in pair]
    assert len({p.data_ptr() for p in tensors}) == len(tensors)


def test_tents_without_folds_are_refused():
    for make in (deep_tents, shallow_tents):
        with pytest.raises(ValueError, match="folds must be greater than 0"):
            make(0)
        with pytest.raises(TypeError, match="integer"):
            make(1.5)


def test_pieces_are_counted():
    assert count_pieces(torch.tensor([1.0, 2.0])) == 1
    assert count_pieces(torch.tensor([0.0, 1.0, 0.0, 1.0])) == 3
    assert count_pieces(torch.zeros(5)) == 1
    assert count_pieces(torch.linspace(0, 1, 1001)) == 1
    assert count_pieces(1e8 * torch.linspace(0, 1, 1001, dtype=F64)) == 1
    assert count_pieces(torch.tensor([0.0, 1.0, 2.00001], dtype=F64)) == 2
    with pytest.raises(ValueError, match=r"\(n,\) with n > 1, got \(1,\)"):
        count_pieces(torch.zeros(1))
    with pytest.raises(TypeError):
        count_pieces(torch.arange(3))


def test_positive_part_keeps_nan_and_extremes():
    z = torch.tensor([-math.inf, -1e4, 0.0, 1e4, math.inf, math.nan])
    got = positive_part(z)
    assert got[:-1].tolist() == [0.0, 0.0, 0.0, 1e4, math.inf]
    assert got[-1].isnan()
