"""The training loop, loaders and dropout, against PyTorch and by their laws."""

from __future__ import annotations

import copy
import inspect

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet.agreement import compare
from neuralnet.conventions import measure
from neuralnet.training import History, evaluate, fit, train_epoch
from neuralnet.training_checks import agreement_checks
from neuralnet.training_conventions import training_conventions
from neuralnet.training_data import DataLoader, Readings, default_collate
from neuralnet.training_dropout import Dropout, dropout
from neuralnet.training_wave import (
    NOISE,
    losses,
    outputs,
    start_weights,
    train_wave,
    wave,
)
from torch import nn

F64 = torch.float64
MSE = nn.MSELoss()


class Constant(nn.Module):
    """Answers one number, whatever is asked; remembers what it was asked."""

    def __init__(self, start=0.0, buffer=False):
        super().__init__()
        self.c = nn.Parameter(torch.tensor(start, dtype=F64))
        self.seen, self.modes, self.grads = [], [], []
        if buffer:
            self.register_buffer("count", torch.tensor(0))

    def forward(self, x):
        self.seen.append(x.flatten().tolist())
        self.modes.append(self.training)
        self.grads.append(torch.is_grad_enabled())
        if self.training and hasattr(self, "count"):
            self.count += 1
        return self.c.expand_as(x)


def column(*numbers):
    return torch.tensor(numbers, dtype=F64)[:, None]


def sgd(model, lr=0.1):
    return torch.optim.SGD(model.parameters(), lr=lr)


# One epoch.


def test_train_epoch_is_the_loop_written_by_hand():
    torch.manual_seed(0)
    ours, theirs = (net := nn.Linear(2, 1).double()), copy.deepcopy(net)
    batches = [
        (torch.randn(n, 2, dtype=F64), torch.randn(n, 1, dtype=F64)) for n in (4, 4, 1)
    ]
    optimizer = sgd(theirs)
    total = 0.0
    for x, t in batches:
        optimizer.zero_grad()
        loss = ((theirs(x) - t) ** 2).mean()
        loss.backward()
        optimizer.step()
        total += loss.item() * len(x)
    assert train_epoch(ours, MSE, sgd(ours), batches) == pytest.approx(total / 9)
    for a, b in zip(ours.parameters(), theirs.parameters(), strict=True):
        assert torch.equal(a, b)


def test_train_epoch_weighs_the_batches_by_their_size():
    model = Constant()
    x = column(0.0, 0.0, 0.0)
    batches = [(x, column(1.0, 1.0, 1.0)), (x[:1], column(5.0))]
    assert train_epoch(model, MSE, sgd(model, lr=0.0), batches) == 7.0


def test_train_epoch_forgets_old_gradients():
    model = Constant()
    model.c.grad = torch.tensor(1e6, dtype=F64)
    train_epoch(model, MSE, sgd(model), [(column(0.0), column(1.0))])
    assert model.c.item() == pytest.approx(0.2)


def test_train_epoch_trains_in_training_mode_with_gradients():
    model = Constant().eval()
    train_epoch(model, MSE, sgd(model), [(column(0.0), column(1.0))])
    assert model.modes == [True]
    assert model.grads == [True]
    assert model.training


def test_evaluate_weighs_the_batches_and_changes_nothing():
    model = Constant(2.0, buffer=True)
    batches = [(column(0.0, 0.0), column(2.0, 4.0)), (column(0.0), column(5.0))]
    assert evaluate(model, MSE, batches) == 13 / 3
    assert model.c.item() == 2.0
    assert model.c.grad is None
    assert model.count == 0
    assert model.modes == [False, False]
    assert model.grads == [False, False]
    assert not model.training
    assert torch.is_grad_enabled()


@pytest.mark.parametrize("name", ["train_epoch", "evaluate"])
def test_an_empty_loader_is_named(name):
    model, one = Constant(), [(column(0.0), column(1.0))]
    loaders = [[], one] if name == "train_epoch" else [one, []]
    message = f"the loader of {name} must yield at least one example"
    with pytest.raises(ValueError, match=message):
        fit(model, MSE, sgd(model), *loaders, epochs=1)


# Many epochs.


class Scripted:
    """A validation loader that makes a `Constant`'s loss follow a script."""

    def __init__(self, model, losses):
        self.model, self.losses, self.weights = model, iter(losses), []

    def __iter__(self):
        c = self.model.c.item()
        self.weights.append(c)
        yield column(0.0), column(c + next(self.losses) ** 0.5)


def scripted(losses, **options):
    model = Constant()
    judge = Scripted(model, losses)
    batches = [(column(0.0), column(1.0))]
    history = fit(model, MSE, sgd(model), batches, judge, **options)
    return model, judge, history


def test_fit_keeps_the_weights_of_the_best_epoch():
    model, judge, history = scripted([4.0, 1.0, 2.0, 3.0], epochs=4)
    assert history.validation == pytest.approx([4, 1, 2, 3])
    assert history.best == 1
    assert model.c.item() == judge.weights[1]
    assert judge.weights[1] != judge.weights[3]


def test_fit_keeps_the_first_of_equals():
    model, judge, history = scripted([4.0, 1.0, 1.0, 1.0], epochs=4)
    assert history.best == 1
    assert model.c.item() == judge.weights[1]


def test_fit_may_keep_the_first_epoch_or_the_last():
    assert scripted([1.0, 2.0, 3.0], epochs=3)[2].best == 0
    assert scripted([3.0, 2.0, 1.0], epochs=3)[2].best == 2


@pytest.mark.parametrize(("patience", "stops"), [(1, 3), (2, 6), (3, 10), (None, 11)])
def test_patience_counts_epochs_without_a_better_one(patience, stops):
    losses = [9.0, 4.0, 6.0, 1.0, 2.0, 3.0, 0.25, 9.0, 9.0, 9.0, 9.0]
    history = scripted(losses, epochs=11, patience=patience)[2]
    assert len(history.validation) == stops
    assert len(history.train) == stops


def test_patience_starts_anew_after_a_better_epoch():
    history = scripted([3, 4, 2, 4, 1, 4, 4, 0], epochs=8, patience=2)[2]
    assert len(history.validation) == 7
    assert history.best == 4


def test_fit_puts_buffers_back_as_well():
    model = Constant(buffer=True)
    judge = Scripted(model, [1.0, 2.0, 3.0])
    batches = [(column(0.0), column(1.0))]
    fit(model, MSE, sgd(model), batches, judge, epochs=3)
    assert model.count == 1


def test_fit_ends_ready_to_predict():
    assert not scripted([1.0], epochs=1)[0].training


def test_the_kept_weights_are_a_copy():
    model = Constant()
    judge = Scripted(model, [1.0, 2.0])
    fit(model, MSE, sgd(model), [(column(0.0), column(1.0))], judge, epochs=2)
    assert model.c.item() == pytest.approx(0.2)
    assert model.c.requires_grad


def test_history_of_training_is_the_mean_of_the_losses_met():
    model = Constant()
    batches = [(column(0.0), column(1.0))]
    history = fit(model, MSE, sgd(model), batches, batches, epochs=3)
    assert history.train == pytest.approx([1, 0.8**2, 0.8**4])
    assert history.validation == pytest.approx([0.8**2, 0.8**4, 0.8**6])
    assert history == History(history.train, history.validation, best=2)


@pytest.mark.parametrize("epochs", [0, -1])
def test_fit_wants_an_epoch(epochs):
    with pytest.raises(ValueError, match="epochs must be at least 1"):
        scripted([], epochs=epochs)


def test_fit_wants_patience():
    with pytest.raises(ValueError, match="patience must be at least 1"):
        scripted([1.0], epochs=1, patience=0)


def test_a_training_loss_that_is_not_finite_names_its_epoch():
    model = Constant()
    batches = [(column(0.0), column(float("inf")))]
    message = "training loss of epoch 0 must be finite, got inf"
    with pytest.raises(ValueError, match=message):
        fit(model, MSE, sgd(model), batches, batches, epochs=2)


@pytest.mark.parametrize("bad", [float("inf"), float("nan")])
def test_a_validation_loss_that_is_not_finite_names_its_epoch(bad):
    with pytest.raises(ValueError, match="validation loss of epoch 1 must be fin"):
        scripted([1.0, bad], epochs=2)


def test_no_bar_unless_asked(capsys):
    scripted([1.0], epochs=1)
    assert capsys.readouterr() == ("", "")


def test_the_bar_goes_to_stderr_without_times(capsys):
    scripted([1.0, 0.25], epochs=2, progress=True)
    out, err = capsys.readouterr()
    assert out == ""
    last = err.rstrip().split("\r")[-1]
    assert last == "100%|##########| 2/2, validation=0.2500"


def test_the_bar_counts_the_epoch_at_which_patience_ends(capsys):
    losses = [1.0, 2.0, 2.0, 2.0, 2.0]
    scripted(losses, epochs=5, patience=2, progress=True)
    err = capsys.readouterr().err
    assert err.endswith("\n")
    assert err.rstrip().split("\r")[-1].strip().endswith("3/5, validation=2.0000")


def test_the_generator_is_the_only_chance():
    """The same seed and loaders give the same history."""

    def run():
        torch.manual_seed(3)
        net = nn.Sequential(nn.Linear(1, 4), nn.Dropout(0.5), nn.Linear(4, 1))
        x = torch.linspace(-1, 1, 8)[:, None]
        data = [(x[:5], x[:5] ** 2), (x[5:], x[5:] ** 2)]
        return fit(net, MSE, sgd(net), data, data, epochs=5)

    assert run() == run()


# The data set and the loader.


def pairs_of(n, dtype=F64):
    x = torch.arange(n, dtype=dtype)[:, None]
    return Readings(x, 10 * x)


def test_readings_are_counted_and_numbered():
    data = pairs_of(3)
    assert len(data) == 3
    assert [each.tolist() for each in data[2]] == [[2.0], [20.0]]
    assert [each.tolist() for each in data[-1]] == [[2.0], [20.0]]
    with pytest.raises(IndexError):
        data[3]


def test_readings_can_be_iterated_and_split():
    assert len(list(pairs_of(4))) == 4
    rng = torch.Generator().manual_seed(0)
    ours = torch.randperm(11, generator=rng).tolist()
    rng.manual_seed(0)
    split = torch.utils.data.random_split(pairs_of(11), [9, 2], generator=rng)
    assert [*split[0].indices, *split[1].indices] == ours


@pytest.mark.parametrize(
    ("x", "t", "error", "message"),
    [
        ([1.0], torch.ones(1), TypeError, "x must be a tensor, got list"),
        (torch.ones(1), None, TypeError, "t must be a tensor, got NoneType"),
        (torch.ones(2), torch.ones(3), ValueError, "got 2 inputs, 3 targets"),
        (torch.ones(()), torch.ones(()), ValueError, "dimensions of x and t"),
    ],
)
def test_readings_that_do_not_match_are_refused(x, t, error, message):
    with pytest.raises(error, match=message):
        Readings(x, t)


@pytest.mark.parametrize("dtype", [torch.float32, torch.int64])
def test_collate_keeps_dtype_and_order(dtype):
    rows = list(pairs_of(3, dtype))
    ours = default_collate(rows)
    theirs = torch.utils.data.default_collate(rows)
    for a, b in zip(ours, theirs, strict=True):
        assert torch.equal(a, b)
        assert a.dtype == b.dtype


def test_collate_wants_examples_of_one_length():
    with pytest.raises(ValueError, match="at least one example"):
        default_collate([])
    with pytest.raises(ValueError):
        default_collate([(torch.ones(1),), (torch.ones(1), torch.ones(1))])
    with pytest.raises(RuntimeError):
        default_collate([(torch.ones(1),), (torch.ones(2),)])


def test_collate_wants_tuples():
    with pytest.raises(TypeError, match="must be a tuple, got Tensor"):
        list(DataLoader(torch.zeros(4, 3), 2))
    found = default_collate([[torch.ones(1)], [torch.zeros(1)]])
    assert [each.tolist() for each in found] == [[[1.0], [0.0]]]


def epochs_of(loader_class, n, size, seed, own, **options):
    torch.manual_seed(seed)
    rng = torch.Generator().manual_seed(seed) if own else None
    loader = loader_class(pairs_of(n), size, generator=rng, **options)
    found = [[len(loader)]]
    for _ in range(3):
        found += [[*x.flatten().tolist(), *t.flatten().tolist()] for x, t in loader]
    return found, torch.rand(1).item()


@settings(max_examples=60)
@given(
    n=st.integers(1, 12),
    size=st.integers(1, 14),
    seed=st.integers(0, 99),
    own=st.booleans(),
    shuffle=st.booleans(),
    drop_last=st.booleans(),
)
def test_loader_deals_what_torch_deals(n, size, seed, own, shuffle, drop_last):
    """Batches, their number, and the default generator's state afterwards."""
    options = {"shuffle": shuffle, "drop_last": drop_last}
    theirs = torch.utils.data.DataLoader
    ours = epochs_of(DataLoader, n, size, seed, own, **options)
    assert ours == epochs_of(theirs, n, size, seed, own, **options)


def test_loader_without_examples():
    assert list(DataLoader(pairs_of(0), 4)) == []
    assert len(DataLoader(pairs_of(0), 4)) == 0
    with pytest.raises(ValueError, match="a shuffled dataset must yield"):
        DataLoader(pairs_of(0), 4, shuffle=True)


@pytest.mark.parametrize("size", [0, -1])
def test_loader_wants_a_batch_size(size):
    with pytest.raises(ValueError, match="batch_size must be at least 1"):
        DataLoader(pairs_of(3), size)


@pytest.mark.parametrize("size", [2.5, True, "4"])
def test_loader_wants_an_integer(size):
    with pytest.raises(TypeError, match="batch_size must be an integer"):
        DataLoader(pairs_of(3), size)


def test_loader_abandoned_early_leaves_the_generator_as_torch_does():
    states = []
    for build in (DataLoader, torch.utils.data.DataLoader):
        rng = torch.Generator().manual_seed(0)
        for _ in build(pairs_of(8), 2, shuffle=True, generator=rng):
            break
        states.append(rng.get_state())
    assert torch.equal(*states)


def test_loader_has_torchs_names_and_defaults():
    ours = inspect.signature(DataLoader).parameters
    theirs = inspect.signature(torch.utils.data.DataLoader).parameters
    for name, parameter in ours.items():
        assert theirs[name].default == parameter.default


# Dropout.


@pytest.mark.parametrize("p", [0.0, 0.1, 0.5, 0.9, 1.0])
@pytest.mark.parametrize("dtype", [torch.float32, F64])
@pytest.mark.parametrize("training", [True, False])
def test_dropout_is_torchs_value_and_gradient(p, dtype, training):
    found = []
    for function in (dropout, nn.functional.dropout):
        torch.manual_seed(0)
        x = torch.linspace(-3, 3, 60, dtype=dtype).view(6, 10).t()
        x = x.detach().requires_grad_()
        y = function(x, p, training)
        (y * torch.arange(60, dtype=dtype).view(10, 6)).sum().backward()
        found.append((y.detach(), x.grad))
    assert torch.allclose(found[0][0], found[1][0], rtol=1e-6, atol=0)
    assert torch.allclose(found[0][1], found[1][1], rtol=1e-6, atol=0)


@given(st.floats(0.05, 0.9))
@settings(max_examples=20)
def test_dropout_keeps_the_mean(p):
    torch.manual_seed(0)
    ones = torch.ones(40_000, dtype=F64)
    dropped = dropout(ones, p)
    error = (p / (1 - p) / 40_000) ** 0.5
    assert abs(dropped.mean().item() - 1) < 6 * error
    assert set(dropped.tolist()) == {0.0, 1 / (1 - p)}


@pytest.mark.parametrize(
    ("input", "p", "error", "message"),
    [
        (torch.ones(2, dtype=torch.int64), 0.5, TypeError, "input must be a floating"),
        (torch.ones(2), -0.1, ValueError, "p must lie from 0 to 1, got -0.1"),
        (torch.ones(2), 1.5, ValueError, "p must lie from 0 to 1, got 1.5"),
        (torch.ones(2), float("nan"), ValueError, "got nan"),
    ],
)
def test_dropout_refuses(input, p, error, message):
    with pytest.raises(error, match=message):
        dropout(input, p)


def test_dropout_module_follows_its_mode():
    torch.manual_seed(0)
    layer, x = Dropout(0.5), torch.ones(100)
    assert (layer(x) == 0).any()
    assert torch.equal(layer.eval()(x), x)
    assert (layer.train()(x) == 0).any()
    assert Dropout().p == nn.Dropout().p
    with pytest.raises(ValueError, match="p must lie from 0 to 1, got 2"):
        Dropout(2)


@pytest.mark.parametrize("p", [0.2, 0.8])
def test_dropout_module_drops_with_its_own_p(p):
    x = torch.ones(200)
    torch.manual_seed(0)
    ours = Dropout(p)(x)
    torch.manual_seed(0)
    assert torch.equal(ours, nn.Dropout(p)(x))


# Twenty networks at once.


def test_batched_networks_are_the_single_ones():
    rng = torch.Generator().manual_seed(0)
    params = start_weights([1, 8, 8, 1], 3, rng)
    x, t = wave(5, 3, rng)
    found = losses(params, x, t)
    found.sum().backward()
    for k in range(3):
        net = nn.Sequential(
            nn.Linear(1, 8), nn.Tanh(), nn.Linear(8, 8), nn.Tanh(), nn.Linear(8, 1)
        ).double()
        with torch.no_grad():
            for p, ours in zip(net.parameters(), params, strict=True):
                p.copy_(ours[k].t().reshape(p.shape))
        loss = MSE(net(x[k]), t[k])
        loss.backward()
        assert loss.item() == pytest.approx(found[k].item(), rel=1e-12)
        for p, ours in zip(net.parameters(), params, strict=True):
            theirs = ours.grad[k].t().reshape(p.shape)
            assert torch.allclose(p.grad, theirs, rtol=1e-9, atol=1e-14)


def test_start_weights_have_the_spread_of_linear():
    params = start_weights([25, 400, 1], 2, torch.Generator().manual_seed(0))
    for p, ins in zip(params, (25, 25, 400, 400), strict=True):
        assert p.requires_grad
        assert p.dtype == F64
        assert p.abs().max() <= ins**-0.5
    for p, ins in ((params[0], 25), (params[2], 400)):
        assert p.abs().max() > 0.95 * ins**-0.5
        assert abs(p.mean().item()) < 0.1 * ins**-0.5
    with pytest.raises(ValueError, match="number of sizes must be at least 2"):
        start_weights([3], 2, torch.Generator())


def test_wave_takes_all_its_numbers_from_the_generator():
    first, again = (wave(4, 2, torch.Generator().manual_seed(3)) for _ in range(2))
    assert all(map(torch.equal, first, again))


def test_every_wave_has_its_own_noise():
    x, t = wave(4, 2, torch.Generator().manual_seed(3))
    noise = t - torch.sin(2 * x)
    assert not torch.allclose(*noise)


def test_start_weights_are_those_of_the_generator():
    first, again = (
        start_weights([1, 3, 1], 2, torch.Generator().manual_seed(3)) for _ in range(2)
    )
    assert all(map(torch.equal, first, again))
    x = torch.ones(2, 5, 1, dtype=F64)
    assert torch.equal(outputs(first, x), outputs(first, x, 0.0))


def test_train_wave_begins_with_14_examples_and_32_neurons():
    usual, asked = train_wave(epochs=10), train_wave(14, 32, 0.0, 0.0, 10, 20)
    assert all(torch.equal(usual[name], asked[name]) for name in usual)
    assert inspect.signature(train_wave).parameters["epochs"].default == 200
    assert train_wave(1, 2, epochs=10, seeds=1)["train"].shape == (1, 1)


def test_wave_is_a_sine_with_noise():
    x, t = wave(2000, 3, torch.Generator().manual_seed(0))
    noise = t - torch.sin(2 * x)
    assert x.min() >= -3
    assert x.max() <= 3
    assert x.std() > 1.6
    assert noise.std().item() == pytest.approx(NOISE, rel=0.05)
    assert abs(noise.mean().item()) < 0.02


def test_outputs_drop_hidden_numbers_only():
    params = start_weights([1, 8, 1], 2, torch.Generator().manual_seed(0))
    x = torch.ones(2, 50, 1, dtype=F64)
    plain = outputs(params, x)
    assert torch.equal(plain, plain[:, :1].expand_as(plain))
    torch.manual_seed(0)
    noisy = outputs(params, x, p=0.5)
    assert noisy.std(dim=1).min() > 0
    assert torch.equal(outputs(params, x, p=1.0), params[-1].expand(2, 50, 1))


def test_the_same_options_give_the_same_curves():
    first = train_wave(epochs=10, seeds=3)
    again = train_wave(epochs=10, seeds=3)
    assert torch.equal(first["fresh"], again["fresh"])
    assert len(set(first["train"][:, 0].tolist())) == 3


def test_options_change_the_training_and_not_the_data():
    plain = train_wave(epochs=20, seeds=4)
    for options in ({"n": 10}, {"weight_decay": 3.0}, {"p": 0.5}, {"width": 3}):
        other = train_wave(epochs=20, seeds=4, **options)
        assert not torch.equal(other["train"], plain["train"]), options


@pytest.mark.parametrize("n", [0, 57])
def test_wave_has_so_many_examples(n):
    with pytest.raises(ValueError, match="n must"):
        train_wave(n=n, epochs=10)


def test_wave_wants_ten_epochs_and_whole_numbers():
    with pytest.raises(ValueError, match="epochs must be at least 10, got 9"):
        train_wave(epochs=9)
    with pytest.raises(TypeError, match=r"n must be an integer, got 2\.5"):
        train_wave(n=2.5, epochs=10)


def test_train_wave_is_the_loop_written_by_hand():
    found = train_wave(n=10, width=3, weight_decay=0.5, p=0.2, epochs=20, seeds=2)
    rng = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    (x, t), validation, fresh = [wave(k, 2, rng) for k in (56, 16, 200)]
    params = start_weights([1, 3, 3, 1], 2, rng)
    optimizer = torch.optim.AdamW(params, lr=0.02, weight_decay=0.5)
    rows = []
    for _ in range(20):
        optimizer.zero_grad()
        losses(params, x[:, :10], t[:, :10], 0.2).sum().backward()
        optimizer.step()
        with torch.no_grad():
            sets = (x[:, :10], t[:, :10]), validation, fresh
            rows.append([losses(params, *each) for each in sets])
    for i, name in enumerate(("train", "validation", "fresh")):
        wanted = torch.stack([rows[9][i], rows[19][i]], dim=1)
        assert torch.equal(found[name], wanted), name


# The chapter's tables.


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agreement(check):
    (row,) = compare([check])
    assert row.ok, row


def test_row_about_dropout_drops_by_each_probability():
    check = agreement_checks()[0]
    gone = (check.ours(*check.cases[0]) == 0).double().mean(dim=(1, 2))
    torch.testing.assert_close(
        gone, torch.tensor([0.1, 0.5, 1.0], dtype=F64), atol=0.05, rtol=0
    )


def test_rows_about_the_loader_deal_as_they_say():
    checks = {check.name: check for check in agreement_checks()}
    rows, drawn = {}, {}
    for name in ("in order", "shuffled", "drop_last", "seeded"):
        check = checks[f"loader {name}"]
        rows[name] = check.ours(*check.cases[0])
        drawn[name] = torch.random.get_rng_state()
    epochs = {name: each.split(len(each) // 3) for name, each in rows.items()}
    assert torch.equal(*epochs["in order"][:2])
    for name in ("shuffled", "drop_last", "seeded"):
        assert not torch.equal(*epochs[name][:2]), name
    assert len(rows["drop_last"]) < len(rows["shuffled"]) == len(rows["in order"])
    assert not torch.equal(rows["seeded"], rows["shuffled"])
    torch.manual_seed(0)
    unused = torch.random.get_rng_state()
    used = {name for name, state in drawn.items() if not torch.equal(state, unused)}
    assert used == {"seeded"}  # the others have a generator of their own


@pytest.mark.parametrize(
    "convention", training_conventions(), ids=lambda convention: convention.name
)
def test_conventions_are_as_claimed(convention):
    (row,) = measure([convention])
    assert row.ok, row
    assert row.convention.same or row.gap > 0.05
