"""Small networks in several spellings, their starts, deep stacks, summaries."""

from __future__ import annotations

import inspect
import io
import itertools
import math
import warnings

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet import networks_initialization
from neuralnet.agreement import compare
from neuralnet.conventions import measure
from neuralnet.networks import (
    ThermometerNet,
    fit_lines,
    functional_net,
    named_net,
    random_splits,
    require_columns,
    run_stack,
    start_many,
    train_net,
    train_stack,
)
from neuralnet.networks_checks import (
    agreement_checks,
    all_at_once,
    drawn,
    numbers,
    one_by_one,
)
from neuralnet.networks_conventions import initialization_conventions
from neuralnet.networks_initialization import (
    calculate_gain,
    fans,
    kaiming_normal_,
    kaiming_uniform_,
    linear_default_,
    measure_stack,
    train_deep,
    xavier_normal_,
    xavier_uniform_,
)
from neuralnet.networks_summary import print_summary, summarize
from neuralnet.thermometer import T_C, T_U
from torch import nn

F64 = torch.float64
NAMES = ["xavier_uniform_", "xavier_normal_", "kaiming_uniform_", "kaiming_normal_"]
X, TARGET = (0.1 * T_U)[:, None], T_C[:, None]


def generator(seed=0):
    return torch.Generator().manual_seed(seed)


# Against PyTorch


def test_starts_are_drawn_by_the_options_and_in_both_types():
    usual = drawn(xavier_uniform_, [{}])
    torch.testing.assert_close(drawn(xavier_uniform_, [{"gain": 2.0}]), 2 * usual)
    share = (usual.float().double() == usual).double().mean()
    assert share == 0.5


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


@pytest.mark.parametrize(
    "convention", initialization_conventions(), ids=lambda convention: convention.name
)
def test_convention_is_as_claimed(convention):
    (row,) = measure([convention])
    assert row.ok, row


def test_conventions_claim_both_kinds():
    rows = initialization_conventions()
    assert {row.same for row in rows} == {True, False}


# Three spellings


def test_names_of_the_parameters_are_the_same_in_both_modules():
    keys = list(ThermometerNet(3).state_dict())
    assert keys == list(named_net(3).state_dict())


@pytest.mark.parametrize("make", [ThermometerNet, named_net])
def test_shapes_are_those_of_one_hidden_layer(make):
    shapes = [tuple(p.shape) for p in make(5).parameters()]
    assert shapes == [(5, 1), (5,), (1, 5), (1,)]


def test_spellings_agree_after_loading_the_same_weights():
    one, other = ThermometerNet(13).double(), named_net(13).double()
    other.load_state_dict(one.state_dict())
    assert torch.equal(one(X), other(X))
    assert torch.equal(one(X), functional_net(X, one.state_dict()))


def test_functional_net_bends_once_and_only_the_hidden_layer():
    ones = torch.ones(1, 1, dtype=F64)
    params = {"hidden.weight": ones, "hidden.bias": ones[0]}
    params |= {"output.weight": 2 * ones, "output.bias": 3 * ones[0]}
    wanted = 2 * math.tanh(2.0) + 3
    assert functional_net(ones, params).item() == pytest.approx(wanted, rel=1e-15)


@pytest.mark.parametrize("make", [ThermometerNet, named_net])
@pytest.mark.parametrize("hidden", [0, -1])
def test_hidden_layer_without_neurons_is_refused(make, hidden):
    with pytest.raises(ValueError, match="hidden"):
        make(hidden)


def test_default_widths_are_thirteen_and_eight():
    assert ThermometerNet().hidden.out_features == 13
    assert named_net().hidden.out_features == 8


@pytest.mark.parametrize("make", [ThermometerNet, named_net])
def test_saved_state_comes_back_bit_by_bit(make):
    file = io.BytesIO()
    net = make(8)
    torch.save(net.state_dict(), file)
    file.seek(0)
    back = make(8)
    back.load_state_dict(torch.load(file, weights_only=True))
    pairs = zip(net.parameters(), back.parameters(), strict=True)
    assert all(torch.equal(a, b) for a, b in pairs)


# Training one


def test_training_follows_plain_gradient_descent():
    net, twin = named_net(3).double(), named_net(3).double()
    twin.load_state_dict(net.state_dict())
    losses = train_net(net, X, TARGET, lr=0.002, steps=3)
    for step in range(3):
        loss = ((twin(X) - TARGET) ** 2).mean()
        assert losses[step] == pytest.approx(loss.item(), rel=1e-12)
        grads = torch.autograd.grad(loss, list(twin.parameters()))
        with torch.no_grad():
            for param, grad in zip(twin.parameters(), grads, strict=True):
                param -= 0.002 * grad
    for a, b in zip(net.parameters(), twin.parameters(), strict=True):
        assert torch.allclose(a, b, rtol=1e-12, atol=0)


def test_training_defaults_are_five_thousand_steps_at_a_thousandth():
    found = inspect.signature(train_net).parameters
    assert (found["lr"].default, found["steps"].default) == (1e-3, 5000)


def test_no_step_changes_nothing():
    net = named_net(2).double()
    before = [p.clone() for p in net.parameters()]
    assert train_net(net, X, TARGET, steps=0) == []
    assert all(map(torch.equal, before, net.parameters()))


@pytest.mark.parametrize(
    "call", [train_net, lambda *a: train_stack(start_many(1, 2), *a)]
)
@pytest.mark.parametrize(
    ("x", "target", "lr", "steps", "error"),
    [
        (T_U, T_C, 0.1, 1, ValueError),
        (X, T_C, 0.1, 1, ValueError),
        (X.float(), TARGET, 0.1, 1, TypeError),
        (X.long(), TARGET, 0.1, 1, TypeError),
        (X[:0], TARGET[:0], 0.1, 1, ValueError),
        (X, TARGET, 0.0, 1, ValueError),
        (X, TARGET, math.nan, 1, ValueError),
        (X, TARGET, 0.1, -1, ValueError),
    ],
)
def test_bad_training_is_refused(call, x, target, lr, steps, error):
    model = [named_net(2).double()] if call is train_net else []
    with pytest.raises(error):
        call(*model, x, target, lr, steps)


def test_output_of_another_width_is_refused():
    with pytest.raises(ValueError, match="output"):
        train_net(nn.Linear(1, 2).double(), X, TARGET, steps=1)


def test_line_through_one_reading_is_refused():
    for same in (X[:1], X[:1].expand(3, 1)):
        pair = torch.stack([same, same])
        with pytest.raises(ValueError, match="two different readings"):
            fit_lines(pair, pair)


def test_table_of_two_columns_is_refused():
    with pytest.raises(ValueError, match="column"):
        require_columns(torch.zeros(3, 2), torch.zeros(3, 2))


# Training many


def test_every_split_deals_each_number_once():
    fit, out = random_splits(11, 2, 200)
    decks = torch.cat([fit, out], dim=1)
    assert (decks.sort(1).values == torch.arange(11)).all()


def test_splits_depend_on_the_seed_and_on_nothing_else():
    state = torch.random.get_rng_state()
    one, same, other = (random_splits(11, 2, 50, seed)[1] for seed in (0, 0, 1))
    assert torch.equal(one, same)
    assert not torch.equal(one, other)
    assert torch.equal(torch.random.get_rng_state(), state)


def test_every_number_is_held_out_about_equally_often():
    _, out = random_splits(11, 2, 5500)
    counts = out.flatten().bincount(minlength=11)
    assert (counts - 1000).abs().max() < 150


@pytest.mark.parametrize(
    ("n", "held", "count"), [(11, 0, 5), (11, 11, 5), (2, 3, 1), (11, 2, 0), (1, 1, 1)]
)
def test_bad_splits_are_refused(n, held, count):
    with pytest.raises(ValueError, match=r"^(held|count|n) "):
        random_splits(n, held, count)


def test_starts_are_even_up_to_the_bound_of_linear():
    for hidden in (1, 4, 16):
        for param, n_in in zip(
            start_many(4000, hidden), (1, 1, hidden, hidden), strict=True
        ):
            bound = n_in**-0.5
            assert param.dtype == F64
            assert 0.97 * bound < param.abs().max() <= bound
            assert param.std().item() == pytest.approx(bound / 3**0.5, rel=0.05)
            assert abs(param.mean().item()) < 0.05 * bound


@pytest.mark.parametrize(("count", "hidden"), [(0, 8), (8, 0)])
def test_bad_starts_are_refused(count, hidden):
    with pytest.raises(ValueError, match=r"count|hidden"):
        start_many(count, hidden)


def test_stack_runs_each_network_on_its_own_readings():
    params, x = start_many(3, 4), numbers(3, 5, 1)
    for k, outputs in enumerate(run_stack(x, params)):
        w1, b1, w2, b2 = (p[k] for p in params)
        wanted = torch.tanh(x[k] @ w1 + b1) @ w2 + b2
        assert torch.allclose(outputs, wanted, rtol=1e-14, atol=1e-15)


@settings(max_examples=10, deadline=None)
@given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 5), st.integers(0, 99))
def test_stack_is_trained_as_each_network_alone(count, n, hidden, seed):
    start = start_many(count, hidden, seed)
    x, target = numbers(count, n, 1, seed=seed), numbers(count, n, 1, seed=seed + 1)
    gap = all_at_once(start, x, target) - one_by_one(start, x, target)
    assert gap.abs().max() < 1e-11


def test_starts_and_splits_are_those_of_seed_zero():
    assert all(map(torch.equal, start_many(2, 3), start_many(2, 3, 0)))
    assert all(map(torch.equal, random_splits(5, 2, 3), random_splits(5, 2, 3, 0)))


def test_two_readings_can_be_split():
    fit, out = random_splits(2, 1, 4)
    assert (fit + out).tolist() == [[1]] * 4


def test_no_steps_change_no_stack():
    params = start_many(2, 3)
    train_stack(params, numbers(2, 4, 1), numbers(2, 4, 1, seed=1), 0.1, 0)
    assert all(map(torch.equal, params, start_many(2, 3)))


def test_slopes_of_one_step_are_those_of_autograd():
    params, x, target = start_many(2, 3), numbers(2, 4, 1), numbers(2, 4, 1, seed=1)
    leaves = [p.clone().requires_grad_() for p in params]
    loss = ((run_stack(x, leaves) - target) ** 2).mean((1, 2)).sum()
    grads = torch.autograd.grad(loss, leaves)
    before = [p.clone() for p in params]
    train_stack(params, x, target, 0.1, 1)
    for new, old, grad in zip(params, before, grads, strict=True):
        assert torch.allclose(new, old - 0.1 * grad, rtol=1e-13, atol=1e-15)


def test_lines_have_no_slope_left():
    x, target = numbers(4, 6, 1), numbers(4, 6, 1, seed=1)
    w, b = fit_lines(x, target).T
    miss = w[:, None, None] * x + b[:, None, None] - target
    assert miss.sum(1).abs().max() < 1e-13
    assert (miss * x).sum(1).abs().max() < 1e-13


def test_line_through_all_readings_is_the_referee():
    line = fit_lines(X[None], TARGET[None])[0]
    wanted = torch.linalg.lstsq(torch.cat([X, torch.ones_like(X)], 1), TARGET)
    assert torch.allclose(line, wanted.solution[:, 0], rtol=1e-12, atol=0)


# Symmetry


@pytest.mark.parametrize("value", [0.5, 0.1, -0.3])
@pytest.mark.parametrize("hidden", [2, 8, 13])
def test_constant_start_keeps_the_hidden_neurons_alike(value, hidden):
    net = named_net(hidden).double()
    for param in net.parameters():
        nn.init.constant_(param, value)
    first = train_net(net, X, TARGET, steps=300)
    assert first[-1] < first[0]
    for param in (net.hidden.weight, net.hidden.bias, net.output.weight):
        assert (param.max() - param.min()).abs() <= 1e-12 * param.abs().max()


def test_zero_start_moves_only_the_last_bias():
    net = named_net(8).double()
    for param in net.parameters():
        nn.init.zeros_(param)
    train_net(net, X, TARGET, steps=200)
    moved = [name for name, p in net.named_parameters() if p.abs().max() > 0]
    assert moved == ["output.bias"]


# Starts


@pytest.mark.parametrize("name", NAMES)
def test_names_order_and_defaults_are_those_of_pytorch(name):
    ours = inspect.signature(getattr(networks_initialization, name)).parameters
    theirs = inspect.signature(getattr(nn.init, name)).parameters
    pairs = zip(ours.values(), theirs.values(), strict=True)
    assert all(
        (a.name, a.default, a.kind) == (b.name, b.default, b.kind) for a, b in pairs
    )


def test_gain_has_the_signature_of_pytorch():
    ours, theirs = (
        [(p.name, p.default) for p in inspect.signature(f).parameters.values()]
        for f in (calculate_gain, nn.init.calculate_gain)
    )
    assert ours == theirs


@pytest.mark.parametrize("name", NAMES)
def test_start_without_generator_uses_the_global_one(name):
    draws = []
    for module in (networks_initialization, nn.init):
        torch.manual_seed(5)
        draws.append(getattr(module, name)(torch.empty(7, 4)))
    assert torch.equal(*draws)


@pytest.mark.parametrize("name", NAMES)
def test_start_fills_in_place_and_a_parameter_stays_a_leaf(name):
    param = nn.Parameter(torch.full((3, 4), math.nan))
    back = getattr(networks_initialization, name)(param)
    assert back is param
    assert param.is_leaf
    assert param.requires_grad
    assert param.isfinite().all()


@pytest.mark.parametrize("name", NAMES)
def test_weight_that_is_not_contiguous_is_filled_as_by_pytorch(name):
    draws = []
    for module in (networks_initialization, nn.init):
        weight = torch.empty(4, 6, dtype=F64).T
        draws.append(getattr(module, name)(weight, generator=generator()))
    assert torch.equal(*draws)


@pytest.mark.parametrize(
    ("name", "options", "variance"),
    [
        ("xavier_uniform_", {}, 2 / 500),
        ("xavier_normal_", {"gain": 3.0}, 9 * 2 / 500),
        ("kaiming_uniform_", {}, 2 / 200),
        ("kaiming_normal_", {"mode": "fan_out"}, 2 / 300),
        ("kaiming_normal_", {"a": 2.0}, 2 / 5 / 200),
        ("kaiming_uniform_", {"nonlinearity": "tanh"}, 25 / 9 / 200),
    ],
)
def test_distribution_has_the_variance_and_the_shape(name, options, variance):
    weight = torch.empty(300, 200, dtype=F64)
    fill = getattr(networks_initialization, name)
    numbers = fill(weight, **options, generator=generator()) / variance**0.5
    assert numbers.var().item() == pytest.approx(1, abs=0.03)
    assert abs(numbers.mean().item()) < 0.02
    kurtosis = (numbers**4).mean().item()
    assert kurtosis == pytest.approx(1.8 if "uniform" in name else 3.0, abs=0.15)
    if "uniform" in name:
        assert 1.73 < numbers.abs().max() <= 3**0.5


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.integers(1, 6), min_size=2, max_size=4),
    st.floats(0, 5),
    st.sampled_from(["fan_in", "fan_out"]),
)
def test_kaiming_of_any_shape_equals_pytorch(shape, a, mode):
    for name in ("kaiming_uniform_", "kaiming_normal_"):
        draws = [
            getattr(module, name)(torch.empty(shape), a, mode, generator=generator())
            for module in (networks_initialization, nn.init)
        ]
        assert torch.equal(*draws)


@pytest.mark.parametrize("fill", [kaiming_uniform_, kaiming_normal_])
def test_empty_weight_stays_empty_with_the_warning_of_pytorch(fill):
    said = []
    for each in (fill, getattr(nn.init, fill.__name__)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            assert each(torch.empty(0, 3)).shape == (0, 3)
        said.append([str(each.message) for each in caught])
    assert said[0] == said[1]
    assert len(said[0]) == 1


@pytest.mark.parametrize(
    "fill", [fans, xavier_uniform_, xavier_normal_, linear_default_]
)
def test_fan_of_a_vector_is_refused(fill):
    with pytest.raises(ValueError, match="2 dimensions"):
        fill(torch.zeros(3))


def test_fans_of_whole_numbers_are_refused():
    with pytest.raises(TypeError):
        fans(torch.zeros(3, 2).long())


def test_unknown_mode_is_refused():
    with pytest.raises(ValueError, match="fan_avg"):
        kaiming_uniform_(torch.zeros(3, 3), mode="fan_avg")


@pytest.mark.parametrize(
    ("name", "param"), [("gelu", None), ("leaky_relu", "0.1"), ("leaky_relu", True)]
)
def test_unknown_gain_is_refused_as_by_pytorch(name, param):
    for gain in (calculate_gain, nn.init.calculate_gain):
        with pytest.raises(ValueError, match=r"Unsupported|not a valid"):
            gain(name, param)


def test_slope_matters_to_a_leaky_relu_only():
    for name, param in ("tanh", "x"), ("relu", "0.1"), ("selu", True):
        assert calculate_gain(name, param) == nn.init.calculate_gain(name, param)


def test_default_of_linear_is_ours():
    torch.manual_seed(3)
    layer = nn.Linear(5, 7)
    torch.manual_seed(3)
    assert torch.equal(linear_default_(torch.empty(7, 5)), layer.weight.detach())


def test_drawn_holds_every_shape_option_and_dtype():
    one = drawn(xavier_uniform_, [{}])
    assert len(drawn(xavier_uniform_, [{}, {"gain": 2.0}])) == 2 * len(one)


# Stacks


def by_hand(start, activation, depth, width, skip=None, biases=False):
    """One draw of a stack, layer by layer, with autograd on the inputs of layers."""
    rng = generator(0)
    o = torch.randn(1, 32, width, generator=rng, dtype=F64)[0]
    mixing = torch.randn(1, width, 1, generator=rng, dtype=F64)[0]
    zs = []
    for _ in range(depth):
        weight = start(torch.empty(width, width, dtype=F64), generator=rng)
        bias = None
        if biases:
            even = torch.rand(1, 1, width, generator=rng, dtype=F64)
            bias = (2 * even[0, 0] - 1) / width**0.5
        z = nn.functional.linear(o, weight, bias).requires_grad_()
        zs.append(z)
        o = activation(z) if skip is None else o + skip * activation(z)
    (o @ mixing).sum().backward(inputs=zs)
    return zs


@pytest.mark.parametrize("biases", [False, True])
@pytest.mark.parametrize("skip", [None, 0.5])
def test_sizes_are_those_of_a_stack_written_out(skip, biases):
    options = {"skip": skip, "biases": biases}
    sizes = measure_stack(xavier_normal_, torch.tanh, 4, width=6, draws=1, **options)
    zs = by_hand(xavier_normal_, torch.tanh, 4, 6, **options)
    for k, z in enumerate(zs):
        values = z.detach()
        assert sizes.z[0, k].item() == pytest.approx((values**2).mean().sqrt().item())
        apart = values.std(dim=0).mean().item()
        assert sizes.apart[0, k].item() == pytest.approx(apart)
        assert sizes.grad[0, k].item() == pytest.approx(
            (z.grad**2).mean().sqrt().item()
        )


@pytest.mark.parametrize(
    ("start", "activation", "factor"),
    [
        (kaiming_normal_, torch.relu, 1.0),
        (kaiming_uniform_, torch.relu, 1.0),
        (xavier_normal_, torch.relu, 0.5**0.5),
        (xavier_uniform_, lambda z: z * 1, 1.0),
        (linear_default_, lambda z: z * 1, 3**-0.5),
        (linear_default_, torch.relu, 6**-0.5),
    ],
)
def test_a_layer_multiplies_signal_and_gradient_as_derived(start, activation, factor):
    sizes = measure_stack(start, activation, 10, width=128, draws=10)
    going = (sizes.z[:, -1] / sizes.z[:, 0]).log().mean() / 9
    back = (sizes.grad[:, 0] / sizes.grad[:, -1]).log().mean() / 9
    assert going.exp().item() == pytest.approx(factor, rel=0.04)
    assert back.exp().item() == pytest.approx(factor, rel=0.04)


def test_biases_keep_the_size_and_not_the_difference():
    sizes = measure_stack(linear_default_, torch.tanh, 30, biases=True)
    assert sizes.z[:, -1].min() > 0.05
    assert sizes.apart[:, -1].max() < 1e-5


def test_biases_have_the_spread_of_linear():
    zero = lambda weight, generator: weight.zero_()  # noqa: E731
    sizes = measure_stack(zero, torch.tanh, 3, width=256, biases=True)
    wanted = (1 / 3 / 256) ** 0.5
    assert sizes.z.mean().item() == pytest.approx(wanted, rel=0.05)
    assert sizes.apart.max() < 1e-15


def test_skip_of_nothing_keeps_what_went_in():
    sizes = measure_stack(xavier_normal_, torch.tanh, 5, skip=0.0)
    last = measure_stack(xavier_normal_, torch.tanh, 1, skip=0.0)
    assert sizes.z[:, -1].mean() == pytest.approx(last.z.mean().item(), rel=0.1)


def test_each_draw_of_a_stack_has_examples_biases_and_mixing_of_its_own():
    def eye(weight, generator):
        return weight.copy_(torch.eye(len(weight)))

    def zero(weight, generator):
        return weight.zero_()

    for start, biases, sizes in ((eye, False, ("z", "grad")), (zero, True, ("z",))):
        found = measure_stack(start, torch.nn.Identity(), 1, draws=4, biases=biases)
        for size in sizes:
            assert len(getattr(found, size).unique()) == 4, size


@pytest.mark.parametrize("fill", [kaiming_uniform_, kaiming_normal_])
def test_warning_about_nothing_to_fill_names_the_caller(fill):
    with pytest.warns(UserWarning, match="zero-element") as warned:
        fill(torch.empty(0, 3))
    assert warned[0].filename == __file__


def test_vector_has_no_fans():
    with pytest.raises(ValueError, match=r"got \(3,\)"):
        fans(torch.zeros(3))


def test_stack_depends_on_the_seed_alone():
    one, same, other = (
        measure_stack(xavier_normal_, torch.tanh, 2, seed=seed).z for seed in (1, 1, 2)
    )
    assert torch.equal(one, same)
    assert not torch.equal(one, other)


@pytest.mark.parametrize("size", ["depth", "width", "draws"])
def test_stack_without_size_is_refused(size):
    sizes = {"depth": 2, size: 0}
    with pytest.raises(ValueError, match=size):
        measure_stack(xavier_normal_, torch.tanh, **sizes)


# Deep networks, trained


def deep_by_nn(start, biases, skip, depth, width, lr, steps, draws):
    """What `train_deep` does, with `nn.Linear` and SGD, one draw after another."""
    rng = generator(0)
    sizes = [1, *[width] * (depth + 1), 1]
    pairs = list(itertools.pairwise(sizes))
    stacks = [[nn.Linear(a, b, dtype=F64) for a, b in pairs] for _ in range(draws)]
    for k, (n_in, n_out) in enumerate(pairs):
        inner = 0 < k < len(pairs) - 1
        for layers in stacks:
            (start if inner else linear_default_)(layers[k].weight, generator=rng)
        bound = n_in**-0.5 if biases or not inner else 0.0
        drawn = torch.empty(draws, n_out, dtype=F64)
        drawn.uniform_(-bound, bound, generator=rng)
        for layers, bias in zip(stacks, drawn, strict=True):
            layers[k].bias.data = bias.clone()
    return [sgd_on_stack(layers, skip, lr, steps) for layers in stacks]


def sgd_on_stack(layers, skip, lr, steps):
    optimizer = torch.optim.SGD(nn.ModuleList(layers).parameters(), lr=lr)
    for _ in range(steps + 1):
        o = torch.tanh(layers[0](X / 8))
        for layer in layers[1:-1]:
            bent = torch.tanh(layer(o))
            o = bent if skip is None else o + skip * bent
        loss = nn.functional.mse_loss(layers[-1](o), TARGET / 28)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    return loss.item()


@pytest.mark.parametrize("steps", [0, 20])
@pytest.mark.parametrize("biases", [True, False])
@pytest.mark.parametrize("skip", [None, 0.5])
def test_deep_networks_are_trained_as_by_nn(biases, skip, steps):
    options = {"biases": biases, "skip": skip, "width": 3, "lr": 0.1, "steps": steps}
    wanted = deep_by_nn(xavier_normal_, depth=2, draws=2, **options)
    ours = train_deep(
        xavier_normal_, torch.tanh, 2, X / 8, TARGET / 28, draws=2, **options
    )
    assert ours.tolist() == pytest.approx(wanted, rel=1e-10)


def test_each_draw_is_trained_on_its_own():
    one, many = (
        train_deep(kaiming_normal_, torch.relu, 2, X / 8, TARGET / 28, draws=n, steps=3)
        for n in (1, 4)
    )
    assert one.shape == (1,)
    assert len(many.unique()) == 4


@pytest.mark.parametrize(
    ("function", "wanted"),
    [
        (
            train_deep,
            {"width": 16, "biases": True, "skip": None, "lr": 0.01, "steps": 200},
        ),
        (measure_stack, {"width": 64, "biases": False, "skip": None, "seed": 0}),
    ],
)
def test_defaults_of_deep_networks(function, wanted):
    params = inspect.signature(function).parameters.values()
    given = {p.name: p.default for p in params if p.kind is p.KEYWORD_ONLY}
    assert given == {**wanted, "draws": 10}


@pytest.mark.parametrize(
    ("x", "target", "options", "error"),
    [
        (X, T_C, {}, ValueError),
        (X[:0], TARGET[:0], {}, ValueError),
        (X.float(), TARGET.float(), {}, TypeError),
        (X, TARGET, {"lr": -1.0}, ValueError),
        (X, TARGET, {"steps": -1}, ValueError),
    ],
)
def test_deep_network_on_bad_input_is_refused(x, target, options, error):
    with pytest.raises(error):
        train_deep(xavier_normal_, torch.tanh, 2, x, target, **options)


@pytest.mark.parametrize("size", ["depth", "width", "draws"])
def test_deep_network_without_size_is_refused(size):
    sizes = {"depth": 2, size: 0}
    with pytest.raises(ValueError, match=size):
        train_deep(xavier_normal_, torch.tanh, sizes.pop("depth"), X, TARGET, **sizes)


# Summaries


def test_summary_names_kinds_shapes_and_counts():
    lines = summarize(ThermometerNet(13), torch.zeros(11, 1))
    found = [(line.name, line.kind, line.output, line.params) for line in lines]
    assert found == [
        ("hidden", "Linear", "(11, 13)", 26),
        ("output", "Linear", "(11, 1)", 14),
    ]


def test_shared_layer_is_counted_once():
    layer = nn.Linear(4, 4)
    lines = summarize(nn.Sequential(layer, nn.ReLU(), layer), torch.zeros(2, 4))
    assert [line.params for line in lines] == [20, 0, 0]


def test_parts_within_parts_have_full_names():
    inner = nn.Sequential(nn.Linear(2, 3))
    lines = summarize(nn.Sequential(inner, nn.Linear(3, 1)), torch.zeros(5, 2))
    assert [line.name for line in lines] == ["0.0", "1"]


def test_part_that_is_not_called_has_no_line_but_is_in_the_total(capsys):
    net = ThermometerNet(2)
    net.spare = nn.Linear(3, 3)
    assert "spare" not in [line.name for line in summarize(net, torch.zeros(1, 1))]
    print_summary(net, torch.zeros(1, 1))
    assert "19 parameters, 19 of them trainable" in capsys.readouterr().out


def test_parameters_that_no_part_accounts_for_are_told(capsys):
    net = named_net(2)
    net.scale = nn.Parameter(torch.ones(3))
    print_summary(net, torch.zeros(1, 1))
    assert "\n3 parameters in no line above\n10 param" in capsys.readouterr().out


def test_frozen_parameters_are_told(capsys):
    net = named_net(2)
    net.hidden.requires_grad_(False)
    print_summary(net, torch.zeros(1, 1))
    assert "7 parameters, 3 of them trainable" in capsys.readouterr().out


def test_output_without_shape_is_marked():
    class Pair(nn.Module):
        def forward(self, x):
            return x, x

    assert summarize(Pair(), torch.zeros(1))[0].output == "?"


@pytest.mark.parametrize("training", [True, False])
def test_summary_leaves_no_hook_no_mode_and_no_buffer_changed(training):
    net = nn.Sequential(nn.Linear(2, 3), nn.BatchNorm1d(3), nn.Dropout(0.5))
    net.train(training)
    net[2].train(True)
    before = {name: value.clone() for name, value in net.state_dict().items()}
    summarize(net, torch.ones(4, 2))
    assert net.training is training
    assert net[2].training
    assert all(torch.equal(before[k], v) for k, v in net.state_dict().items())
    assert not any(part._forward_hooks for part in net.modules())


def test_hooks_are_taken_off_when_the_model_fails():
    net = named_net(2)
    with pytest.raises(RuntimeError):
        summarize(net, torch.zeros(3, 5))
    assert not any(part._forward_hooks for part in net.modules())
    assert net.training


def test_summary_is_narrow(capsys):
    print_summary(named_net(8), torch.zeros(11, 1))
    lines = capsys.readouterr().out.splitlines()
    assert max(map(len, lines)) <= 44
    assert lines[-1] == "25 parameters, 25 of them trainable"
