"""The agreement mechanism finds what differs, and passes only what was compared."""

from __future__ import annotations

import math
from importlib import import_module

import pytest
import torch
from book.prose import PACKAGE
from neuralnet.agreement import Check, compare, deviation, print_table

#: Whose gradients are not compared: they are gradients, or have none worth comparing.
NO_GRADIENT = {
    "activations": set(),
    "backpropagation": {
        "reverse mode",
        "forward mode",
        "dual numbers",
        "layer backward",
        "network by hand",
    },
    "debugging": {
        "clip to 1",
        "clip to 1000",
        "clip to 0",
        "take_steps",
        "gradient_sizes",
        "guess_loss",
    },
    "digits": {
        "Standardize",
        "accuracy",
        "nearest_centroid",
        "logistic",
        "train_many SGD",
        "train_many Adam",
        "confusion_matrix",
        "calibration",
        "fit_temperature",
    },
    "gradient_descent": {"finite diff.", "hessian", "limit, cond.", "100 steps"},
    "losses": set(),
    "modules": {
        "its buffers",
        "grads of line",
        "grads of net",
        "grads of norm",
        "descent",
    },
    "networks": {
        "xavier_uniform_",
        "xavier_normal_",
        "kaiming_uniform_",
        "kaiming_normal_",
        "calculate_gain",
        "train_stack",
        "fit_lines",
    },
    "neurons": set(),
    "optimizers": {
        "SGD",
        "Adagrad",
        "RMSprop",
        "Adam",
        "AdamW",
        "step_lr",
        "cosine_annealing",
        "linear_lr",
    },
    "tensors": {
        "contig. stride",
        "is_contiguous",
        "offset",
        "places",
        "broadcast_shapes",
    },
    "training": {
        "loader in order",
        "loader shuffled",
        "loader drop_last",
        "loader seeded",
        "fit",
    },
}
#: Compared less strictly: found by a search or by differences, or partly in float32.
TOLERANCES = {
    "dropout": 1e-6,
    "finite diff.": 1e-8,
    "fit_temperature": 1e-6,
    "least squares": 1e-9,
    "limit, cond.": 1e-9,
    "logistic": 1e-5,
    "train_many Adam": 1e-10,
    "train_many SGD": 1e-10,
}
CASES = [(torch.tensor([-1.0, 0.5, 2.0], dtype=torch.float64),)]


def test_equal_functions_agree():
    (row,) = compare([Check("square", lambda x: x * x, torch.square, CASES)])
    assert row.ok
    assert (row.value, row.gradient, row.cases) == (0.0, 0.0, 1)


def test_wrong_value_is_found():
    (row,) = compare([Check("abs", torch.abs, torch.square, CASES)])
    assert not row.ok


def test_wrong_gradient_behind_a_right_value_is_found():
    def detached(x):
        return x * x.detach()

    (row,) = compare([Check("square", detached, torch.square, CASES)])
    assert row.value == 0
    assert not row.ok


def test_deviation_of_just_the_tolerance_passes():
    half = Check("half", lambda x: x + 0.5, torch.clone, [(torch.zeros(2),)], 0.5)
    (row,) = compare([half])
    assert (row.ok, row.value) == (True, 0.5)


def test_gradient_that_was_not_compared_is_shown_as_nan():
    (row,) = compare([Check("sign", torch.sign, torch.sign, CASES, grad=False)])
    assert row.ok
    assert math.isnan(row.gradient)


def test_check_without_cases_is_refused():
    with pytest.raises(ValueError, match="square has no case"):
        compare([Check("square", torch.square, torch.square, [])])


def test_gradients_by_other_arguments_are_refused(monkeypatch):
    answers = iter([(torch.ones(3),), ()])
    monkeypatch.setattr("neuralnet.agreement.gradients", lambda *_: next(answers))
    with pytest.raises(ValueError, match="shorter"):
        compare([Check("square", torch.square, torch.square, CASES)])


@pytest.mark.parametrize(
    ("ours", "theirs", "wanted"),
    [
        ([1.0], [1.0], 0.0),
        ([0.5], [0.25], 0.25),
        ([30.0], [20.0], 0.5),
        ([math.nan, math.inf], [math.nan, math.inf], 0.0),
        ([math.inf], [-math.inf], math.inf),
        ([math.nan], [0.0], math.inf),
        ([1.0, 2.0], [1.0], math.inf),
        ([], [], 0.0),
    ],
)
def test_deviation(ours, theirs, wanted):
    assert deviation(torch.tensor(ours), torch.tensor(theirs)) == wanted


def test_other_dtype_deviates_without_end():
    one = torch.tensor([1.0])
    assert deviation(one, one.double()) == math.inf


def test_table_points_at_what_differs(capsys):
    print_table(compare([Check("abs", torch.abs, torch.square, CASES)]))
    printed = capsys.readouterr().out
    assert "DIFFERS" in printed
    assert "0 of 1 agree" in printed


@pytest.mark.parametrize(
    "module", sorted(path.stem for path in PACKAGE.glob("*_checks.py"))
)
def test_checks_of_a_chapter_try_the_same_inputs_each_time(module):
    make = import_module(f"neuralnet.{module}").agreement_checks
    for one, other in zip(make(), make(), strict=True):
        assert one.name == other.name
        same = {"rtol": 0, "atol": 0, "equal_nan": True}
        torch.testing.assert_close(list(one.cases), list(other.cases), **same)


@pytest.mark.parametrize("chapter", NO_GRADIENT)
def test_checks_of_a_chapter_are_strict(chapter):
    """A loose one would pass whatever it compares."""
    for check in import_module(f"neuralnet.{chapter}_checks").agreement_checks():
        usual = 1e-5 if check.name.endswith(", f32") else 1e-11
        assert check.tolerance <= TOLERANCES.get(check.name, usual), check.name
        is_slope = check.name.endswith("'") or check.name in NO_GRADIENT[chapter]
        assert check.grad == (not is_slope), check.name
        assert parts(check.ours) != parts(check.theirs), check.name


def parts(side):
    """What makes two callables the same: a function, and what it is given already."""
    given = getattr(side, "args", ()), getattr(side, "keywords", {})
    return getattr(side, "func", side), *given


def test_checks_of_every_chapter_are_looked_at():
    assert {f"{name}_checks" for name in NO_GRADIENT} == {
        path.stem for path in PACKAGE.glob("*_checks.py")
    }
