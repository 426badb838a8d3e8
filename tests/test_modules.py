"""The book's modules and PyTorch's pass the very same tests."""

from __future__ import annotations

import inspect
import itertools
import math

import matplotlib.pyplot as plt
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from neuralnet import modules
from neuralnet.agreement import compare
from neuralnet.conventions import measure
from neuralnet.modules import Handle, Registry, require_module, strangers
from neuralnet.modules_checks import (
    OURS,
    agreement_checks,
    build_net,
    fitted_path,
    hand_path,
    some_batches,
)
from neuralnet.modules_conventions import (
    book_running,
    layer_output,
    module_conventions,
    scaled,
    torch_norm,
)
from neuralnet.modules_tree import Leaf, draw_tree, tree
from neuralnet.thermometer import T_C, T_U
from torch import nn

F64 = torch.float64
OURS.Module = modules.Module
BOTH = pytest.mark.parametrize("lib", [OURS, nn], ids=["ours", "torch"])
REFUSED = (ValueError, RuntimeError, TypeError)


def sizes(lib, *widths, dtype=F64):
    """Layers with a tanh between each and the next, in a row."""
    parts = []
    for a, b in itertools.pairwise(widths):
        parts += [lib.Linear(a, b, dtype=dtype), lib.Tanh()]
    return lib.Sequential(*parts[:-1])


def branched(lib):
    """A module with a parameter, a buffer, two children and plain attributes."""

    class Branched(lib.Module):
        def __init__(self):
            super().__init__()
            self.name = "branched"
            self.scale = nn.Parameter(torch.full((2,), 3.0))
            self.register_buffer("offset", torch.tensor([1.0, 2.0]))
            self.first = lib.Linear(2, 2)
            self.norm = lib.BatchNorm1d(2)
            self.plain = torch.ones(3, requires_grad=True)
            self.hidden = [lib.Linear(2, 2)]

        def forward(self, x):
            return self.scale * self.norm(self.first(x)) + self.offset

    torch.manual_seed(0)
    return Branched()


# Against PyTorch


def test_rows_about_batch_norm_are_in_either_mode():
    checks = {check.name: check for check in agreement_checks()}
    train, calm = checks["BatchNorm1d"], checks["the same, eval"]
    assert not torch.equal(train.ours(*train.cases[0]), calm.ours(*train.cases[0]))


@pytest.mark.parametrize("check", agreement_checks(), ids=lambda check: check.name)
def test_agrees_with_pytorch(check):
    (row,) = compare([check])
    assert row.ok, row


@pytest.mark.parametrize(
    "convention", module_conventions(), ids=lambda convention: convention.name
)
def test_convention_differs_or_coincides_as_claimed(convention):
    (row,) = measure([convention])
    assert row.ok, row


def test_conventions_are_not_trivially_equal():
    assert not torch.equal(scaled(0), scaled(1))
    assert not torch.equal(scaled(0), scaled(0, outside=True))
    assert book_running(0.9, 1).shape == torch_norm().running_var.shape
    assert layer_output(True).abs().max() > 1


@pytest.mark.parametrize(
    "name", ["Linear", "Sequential", "ModuleList", "MSELoss", "BatchNorm1d"]
)
def test_arguments_and_defaults_begin_as_those_of_pytorch(name):
    left_out = {"size_average", "reduce", "affine", "track_running_stats", "bias"}
    left_out -= {"bias"} if name == "Linear" else set()
    ours, theirs = (
        inspect.signature(getattr(lib, name)).parameters for lib in (OURS, nn)
    )
    kept = {k: v.default for k, v in theirs.items() if k not in left_out}
    for key, each in ours.items():
        if each.kind is not each.VAR_POSITIONAL and name != "ModuleList":
            assert each.default == kept[key], key
    positional = [k for k, v in ours.items() if v.kind is v.POSITIONAL_OR_KEYWORD]
    assert positional == [k for k in kept if k in positional]


@pytest.mark.filterwarnings("ignore:Initializing zero-element")
@pytest.mark.parametrize("bias", [True, False])
@pytest.mark.parametrize(("a", "b"), [(1, 1), (3, 4), (64, 32), (1, 0), (0, 3)])
def test_same_seed_gives_the_weights_of_pytorch(a, b, bias):
    state = []
    for lib in (OURS, nn):
        torch.manual_seed(7)
        state.append(lib.Linear(a, b, bias).state_dict())
    assert list(state[0]) == list(state[1])
    for name, value in state[0].items():
        assert torch.allclose(value, state[1][name], rtol=1e-6, atol=0)


def test_thermometer_is_fitted_to_the_closed_form_by_the_steps_of_the_hand():
    x = (T_U - T_U.mean()) / T_U.std(correction=0)
    start = torch.tensor([0.3, -0.7], dtype=F64)
    hand, module = hand_path(x, T_C, start), fitted_path(x, T_C, start)
    assert (hand - module).abs().max() < 1e-13
    design = torch.stack([x, torch.ones_like(x)], dim=1)
    best = torch.linalg.lstsq(design, T_C[:, None]).solution[:, 0]
    assert torch.allclose(module[-1], best, rtol=1e-8)


# Layers


@BOTH
def test_weight_is_out_by_in_and_bias_out(lib):
    layer = lib.Linear(3, 4)
    assert layer.weight.shape == (4, 3)
    assert layer.bias.shape == (4,)
    assert layer.weight.dtype == layer.bias.dtype == torch.float32
    assert layer.weight.requires_grad


@BOTH
def test_layer_without_bias_has_none_and_its_name_stays(lib):
    layer = lib.Linear(3, 4, bias=False)
    assert layer.bias is None
    assert list(layer.state_dict()) == ["weight"]
    assert [name for name, _ in layer.named_parameters()] == ["weight"]
    x = torch.randn(2, 3)
    assert torch.equal(layer(x), x @ layer.weight.T)


@BOTH
@pytest.mark.parametrize("shape", [(3,), (1, 3), (0, 3), (5, 3), (2, 0, 3), (2, 5, 3)])
def test_leading_dimensions_stay(lib, shape):
    assert lib.Linear(3, 4)(torch.zeros(shape)).shape == (*shape[:-1], 4)


@BOTH
def test_non_contiguous_batch(lib):
    layer = lib.Linear(3, 2, dtype=F64)
    x = torch.randn(3, 8, dtype=F64).T[::2]
    assert torch.allclose(layer(x), layer(x.contiguous()), rtol=1e-14)


@BOTH
@pytest.mark.parametrize("shape", [(10,), (2, 4), ()])
def test_wrong_last_dimension_is_refused(lib, shape):
    with pytest.raises(REFUSED):
        lib.Linear(3, 2)(torch.zeros(shape))


@BOTH
def test_wrong_dtype_is_refused(lib):
    with pytest.raises(REFUSED, match="dtype"):
        lib.Linear(3, 2)(torch.zeros(2, 3, dtype=F64))


@BOTH
@pytest.mark.parametrize("a", [1, 4, 100])
def test_start_fills_plus_minus_one_over_root_in(lib, a):
    torch.manual_seed(1)
    layer = lib.Linear(a, 4000 // a, dtype=F64)
    bound = 1 / math.sqrt(a)
    largest, deviation = layer.weight.abs().max(), layer.weight.std()
    assert 0.97 * bound < largest <= bound * (1 + 1e-6)
    assert deviation.item() == pytest.approx(bound / math.sqrt(3), rel=0.05)
    assert layer.bias.abs().max() <= bound * (1 + 1e-6)
    assert layer.bias.min() < 0 < layer.bias.max()


@pytest.mark.parametrize(("a", "error"), [(-1, ValueError), (1.0, TypeError)])
def test_sizes_must_be_whole_numbers_from_zero(a, error):
    with pytest.raises(error, match="out_features, in_features"):
        modules.Linear(a, 2)
    with pytest.raises(error, match="num_features"):
        modules.BatchNorm1d(a)


@BOTH
@pytest.mark.filterwarnings("ignore:Initializing zero-element")
def test_layer_for_no_input_gives_its_bias(lib):
    layer = lib.Linear(0, 3)
    assert torch.equal(layer(torch.zeros(2, 0)), layer.bias.expand(2, 3))


@BOTH
def test_extreme_inputs_pass_through(lib):
    layer = lib.Linear(1, 1)
    layer.load_state_dict({"weight": torch.ones(1, 1), "bias": torch.ones(1)})
    for x in (1e4, -1e4, 0.0, math.inf):
        assert layer(torch.tensor([[x]])).item() == x + 1
    assert layer(torch.tensor([[math.nan]])).isnan().all()


@BOTH
def test_gradients_reach_parameters_and_input(lib):
    model = sizes(lib, 3, 4, 2)
    x = torch.randn(5, 3, dtype=F64, requires_grad=True)
    model(x).sum().backward()
    assert all(p.grad.shape == p.shape for p in model.parameters())
    assert x.grad.abs().min() > 0
    assert torch.equal(model[-1].bias.grad, torch.full((2,), 5.0, dtype=F64))


@given(st.lists(st.integers(1, 5), min_size=2, max_size=4), st.integers(0, 4))
@settings(max_examples=25, deadline=None)
def test_any_stack_equals_pytorch_after_exchange_of_states(widths, n):
    ours, theirs = sizes(OURS, *widths), sizes(nn, *widths)
    ours.load_state_dict(theirs.state_dict())
    x = torch.randn(n, widths[0], dtype=F64)
    assert torch.allclose(ours(x), theirs(x), rtol=1e-12, atol=1e-15)
    again = sizes(nn, *widths)
    again.load_state_dict(ours.state_dict())
    assert torch.equal(again(x), theirs(x))
    assert repr(ours) == repr(theirs)


# Registration


@BOTH
def test_names_in_order_of_assignment_own_first(lib):
    model = branched(lib)
    assert [name for name, _ in model.named_parameters()] == [
        *("scale", "first.weight", "first.bias", "norm.weight", "norm.bias"),
    ]
    names = ["offset"]
    names += [f"norm.{b}" for b in ("running_mean", "running_var")]
    names += ["norm.num_batches_tracked"]
    assert [name for name, _ in model.named_buffers()] == names
    assert [name for name, _ in model.named_children()] == ["first", "norm"]
    assert [name for name, _ in model.named_modules()] == ["", "first", "norm"]


@BOTH
def test_plain_tensors_and_plain_lists_are_not_registered(lib):
    model = branched(lib)
    assert model.plain.shape == (3,)
    assert len(model.hidden) == 1
    assert not any("plain" in n or "hidden" in n for n in model.state_dict())


@BOTH
def test_module_list_is_registered(lib):
    layers = lib.ModuleList([lib.Linear(1, 2), lib.Linear(2, 1)])
    names = [name for name, _ in layers.named_parameters()]
    assert names == ["0.weight", "0.bias", "1.weight", "1.bias"]
    assert len(layers) == len(list(layers)) == 2
    assert layers[0] is next(iter(layers))
    assert layers[-1] is list(layers)[1]


@BOTH
def test_parameters_is_a_generator_and_ends(lib):
    found = lib.Linear(2, 3).parameters()
    assert inspect.isgenerator(found)
    assert len(list(found)) == 2
    assert list(found) == []
    with pytest.raises(ValueError, match="empty parameter list"):
        torch.optim.SGD(found, lr=0.1)


@BOTH
def test_recurse_false_stays_at_the_top(lib):
    model = branched(lib)
    assert [n for n, _ in model.named_parameters(recurse=False)] == ["scale"]
    assert [n for n, _ in model.named_buffers(recurse=False)] == ["offset"]
    assert list(model.parameters(recurse=False)) == [model.scale]
    assert next(model.named_parameters("net"))[0] == "net.scale"


@BOTH
def test_shared_module_is_listed_once_and_saved_twice(lib):
    layer = lib.Linear(2, 2)
    model = lib.Sequential(layer, lib.Tanh(), layer)
    assert [n for n, _ in model.named_parameters()] == ["0.weight", "0.bias"]
    assert [n for n, _ in model.named_modules()] == ["", "0", "1"]
    assert [n for n, _ in model.named_children()] == ["0", "1"]
    assert list(model.state_dict()) == ["0.weight", "0.bias", "2.weight", "2.bias"]


@BOTH
def test_shared_parameter_is_listed_once(lib):
    model = lib.Sequential(lib.Linear(2, 2), lib.Linear(2, 2))
    model[1].weight = model[0].weight
    assert len(list(model.parameters())) == 3


@BOTH
def test_parameter_cannot_become_a_tensor_but_another_parameter_or_none(lib):
    layer = lib.Linear(1, 1)
    with pytest.raises(TypeError, match="Parameter"):
        layer.weight = torch.zeros(1, 1)
    new = nn.Parameter(torch.full((1, 1), 5.0))
    layer.weight = new
    assert layer.weight is new
    assert [n for n, _ in layer.named_parameters()] == ["weight", "bias"]
    layer.bias = None
    assert [n for n, _ in layer.named_parameters()] == ["weight"]
    assert layer(torch.ones(1, 1)).item() == 5


@BOTH
def test_module_cannot_become_something_else_but_none(lib):
    model = branched(lib)
    with pytest.raises(TypeError, match="first"):
        model.first = 3
    model.first = None
    assert [n for n, _ in model.named_children()] == ["norm"]
    assert not any(n.startswith("first") for n in model.state_dict())
    assert [n for n, _ in model.named_modules()] == ["", "norm"]


@BOTH
def test_buffer_takes_a_new_tensor_and_stays_a_buffer(lib):
    model = branched(lib)
    model.offset = torch.zeros(2)
    assert torch.equal(model.state_dict()["offset"], torch.zeros(2))
    with pytest.raises(TypeError, match="offset"):
        model.offset = 3
    model.offset = None
    assert "offset" not in model.state_dict()


@BOTH
def test_name_moves_between_kinds(lib):
    model = branched(lib)
    model.name = nn.Parameter(torch.zeros(1))
    assert "name" in dict(model.named_parameters())
    assert "name" not in vars(model)
    with pytest.raises(TypeError, match="name"):
        model.name = lib.Tanh()
    model.first = nn.Parameter(torch.zeros(1))
    assert "first" in dict(model.named_parameters())
    assert "first" not in dict(model.named_children())
    model.offset = nn.Parameter(torch.zeros(2))
    assert "offset" not in dict(model.named_buffers())


@BOTH
@pytest.mark.parametrize("kind", ["parameter", "module"])
def test_assignment_before_init_is_refused(lib, kind):
    class Hasty(lib.Module):
        def __init__(self):
            self.rate = 1.0
            part = nn.Parameter(torch.zeros(1))
            self.part = part if kind == "parameter" else lib.Tanh()

    with pytest.raises(AttributeError, match="__init__"):
        Hasty()


@BOTH
def test_registering_asks_for_the_kind_and_a_free_name(lib):
    layer = lib.Linear(1, 1)
    with pytest.raises(TypeError, match="Parameter"):
        layer.register_parameter("p", torch.zeros(1))
    with pytest.raises(TypeError, match="Tensor"):
        layer.register_buffer("p", 3)
    with pytest.raises(KeyError):
        layer.register_buffer("weight", torch.zeros(1))
    with pytest.raises(KeyError):
        layer.register_parameter("forward", None)
    assert list(layer.state_dict()) == ["weight", "bias"]
    new = nn.Parameter(torch.zeros(1, 1))
    layer.register_parameter("weight", new)
    layer.register_buffer("later", None)
    assert layer.weight is new
    assert layer.later is None


@BOTH
@pytest.mark.parametrize("kind", ["parameter", "buffer"])
def test_registering_before_init_is_refused(lib, kind):
    class Hasty(lib.Module):
        def __init__(self):
            getattr(self, f"register_{kind}")("part", None)

    with pytest.raises(AttributeError, match="__init__"):
        Hasty()


@BOTH
def test_unknown_attribute_is_named(lib):
    with pytest.raises(
        AttributeError, match="'Linear' object has no attribute 'weights'"
    ):
        _ = lib.Linear(1, 1).weights


@BOTH
def test_containers_refuse_what_is_no_module(lib):
    with pytest.raises(TypeError, match="Module"):
        lib.Sequential(torch.tanh)
    with pytest.raises(TypeError, match="Module"):
        lib.ModuleList([torch.tanh])


def test_pytorch_s_module_is_not_one_of_ours():
    with pytest.raises(TypeError, match="must be a Module, got Tanh"):
        require_module(nn.Tanh())
    assert issubclass(modules.Module, Registry)


# Calls and hooks


@BOTH
def test_hook_sees_call_and_may_replace_the_output(lib):
    layer, seen = lib.Linear(2, 3), []

    def look(module, args, output):
        seen.append((module, args, output))

    handle = layer.register_forward_hook(look)
    x = torch.zeros(4, 2)
    o = layer(x)
    assert seen[0][0] is layer
    assert seen[0][1][0] is x
    assert seen[0][2] is o
    handle.remove()
    handle.remove()
    second = layer.register_forward_hook(lambda module, args, output: output * 0 + 7)
    handle.remove()
    assert layer(x).unique().item() == 7
    assert layer.forward(x).unique().numel() > 1
    second.remove()
    assert torch.equal(layer(x), o)
    assert len(seen) == 1


@BOTH
def test_hooks_run_in_order_each_with_the_output_before(lib):
    layer = lib.Tanh()
    layer.register_forward_hook(lambda module, args, output: output + 1)
    middle = layer.register_forward_hook(lambda module, args, output: output * 0)
    layer.register_forward_hook(lambda module, args, output: output * 10)
    assert layer(torch.zeros(1)).item() == 0
    middle.remove()
    assert layer(torch.zeros(1)).item() == 10
    layer.register_forward_hook(lambda module, args, output: output - 1)
    assert layer(torch.zeros(1)).item() == 9


@BOTH
def test_hook_may_take_itself_off_in_the_call(lib):
    layer, handles, seen = lib.Tanh(), [], []

    def once(*_):
        seen.append(1)
        handles[0].remove()

    handles.append(layer.register_forward_hook(once))
    layer(torch.zeros(1))
    layer(torch.zeros(1))
    assert len(seen) == 1


def test_handle_removes_its_own_hook_only():
    hooks = {0: print, 1: print}
    Handle(hooks, 1).remove()
    assert list(hooks) == [0]


@BOTH
def test_module_without_forward_says_so(lib):
    with pytest.raises(NotImplementedError, match="forward"):
        lib.Module()(1)


@BOTH
def test_sequential_calls_its_modules_so_hooks_run(lib):
    model, calls = sizes(lib, 1, 2, 1), []
    for part in model:
        part.register_forward_hook(lambda module, *_: calls.append(module))
    model(torch.zeros(3, 1, dtype=F64))
    assert [type(each).__name__ for each in calls] == ["Linear", "Tanh", "Linear"]


@BOTH
def test_sequential_length_index_and_empty(lib):
    model = sizes(lib, 1, 2, 1)
    assert len(model) == 3
    assert model[1] is model[-2]
    with pytest.raises(IndexError):
        _ = model[3]
    x = torch.tensor([5.0])
    assert torch.equal(lib.Sequential()(x), x)


# Modes, gradients and saved state


@BOTH
def test_train_and_eval_reach_all_modules_and_return_the_module(lib):
    model = branched(lib)
    assert model.training
    assert model.eval() is model
    assert not any(module.training for _, module in model.named_modules())
    assert model.train() is model
    assert all(module.training for _, module in model.named_modules())
    assert not model.train(False).norm.training


@BOTH
def test_zero_grad_forgets_or_fills_with_zeros(lib):
    model = lib.Sequential(lib.Linear(1, 1), lib.Linear(1, 1))
    model[1](torch.ones(2, 1)).sum().backward()
    kept = model[1].weight.grad
    model.zero_grad(set_to_none=False)
    assert model[1].weight.grad is kept
    assert kept.item() == 0
    assert model[0].weight.grad is None
    model.zero_grad()
    assert all(p.grad is None for p in model.parameters())


@BOTH
def test_state_has_parameters_then_buffers_then_children(lib):
    state = branched(lib).state_dict()
    assert list(state) == [
        *("scale", "offset", "first.weight", "first.bias", "norm.weight"),
        *("norm.bias", "norm.running_mean", "norm.running_var"),
        "norm.num_batches_tracked",
    ]
    assert not any(value.requires_grad for value in state.values())


@BOTH
def test_state_shares_memory_with_the_model(lib):
    layer = lib.Linear(1, 1)
    state = layer.state_dict()
    state["weight"].fill_(3.0)
    assert layer.weight.item() == 3


@BOTH
def test_load_copies_and_keeps_the_parameters(lib):
    layer = lib.Linear(1, 1)
    before = layer.weight
    state = {"weight": torch.full((1, 1), 2.0), "bias": torch.zeros(1)}
    missing, unexpected = layer.load_state_dict(state)
    assert (missing, unexpected) == ([], [])
    assert layer.weight is before
    state["weight"].fill_(9.0)
    assert layer.weight.item() == 2
    assert layer.weight.requires_grad


@BOTH
def test_load_casts_to_the_dtype_of_the_model(lib):
    layer = lib.Linear(1, 1)
    layer.load_state_dict(lib.Linear(1, 1, dtype=F64).state_dict())
    assert layer.weight.dtype == torch.float32


@BOTH
def test_load_strictly_names_what_is_wrong(lib):
    layer = lib.Linear(2, 1)
    wrong = {"weight": torch.zeros(1, 3), "extra": torch.zeros(1)}
    with pytest.raises(RuntimeError) as info:
        layer.load_state_dict(wrong)
    for said in ("Missing", "bias", "Unexpected", "extra", "size mismatch for weight"):
        assert said in str(info.value)


@BOTH
@pytest.mark.parametrize("change", ["missing", "unexpected"])
def test_load_refuses_one_name_too_few_or_too_many(lib, change):
    layer = lib.Linear(2, 1)
    state = dict(layer.state_dict())
    if change == "missing":
        del state["bias"]
    else:
        state["extra"] = torch.zeros(1)
    with pytest.raises(RuntimeError):
        layer.load_state_dict(state)


@BOTH
def test_load_not_strictly_loads_what_fits_and_returns_the_rest(lib):
    layer = lib.Linear(1, 1)
    state = {"weight": torch.full((1, 1), 2.0), "extra": torch.zeros(1)}
    missing, unexpected = layer.load_state_dict(state, strict=False)
    assert (missing, unexpected) == (["bias"], ["extra"])
    assert layer.weight.item() == 2
    with pytest.raises(RuntimeError, match="size mismatch"):
        layer.load_state_dict({"weight": torch.zeros(2, 1)}, strict=False)


def test_refused_load_changes_nothing_here_and_something_in_pytorch():
    for lib, wanted in ((OURS, 1.0), (nn, 9.0)):
        layer = lib.Linear(1, 1)
        ones = {"weight": torch.ones(1, 1), "bias": torch.ones(1)}
        layer.load_state_dict(ones)
        with pytest.raises(RuntimeError):
            layer.load_state_dict({"weight": torch.full((1, 1), 9.0)})
        assert layer.weight.item() == wanted


def test_load_of_what_is_no_tensor_is_refused():
    layer = modules.Linear(1, 1)
    with pytest.raises(TypeError, match="weight must be a tensor"):
        layer.load_state_dict({"weight": [[1.0]], "bias": torch.zeros(1)})


@pytest.mark.parametrize("names", [(OURS, nn), (nn, OURS), (OURS, OURS)])
def test_state_goes_from_one_library_to_the_other(names):
    first, second = (branched(lib) for lib in names)
    x = torch.randn(6, 2)
    first(x)
    first(3 * x)
    second.load_state_dict(first.state_dict())
    assert torch.allclose(first.eval()(x), second.eval()(x), rtol=1e-6)
    assert torch.equal(first.norm.running_var, second.norm.running_var)


def test_repr_is_that_of_pytorch():
    for build in (lambda lib: sizes(lib, 1, 2, 1), build_net, lambda lib: lib.Tanh()):
        assert repr(build(OURS)) == repr(build(nn))
    layers = [lib.Linear(1, 2, bias=False) for lib in (OURS, nn)]
    assert repr(layers[0]) == repr(layers[1])
    assert repr(branched(OURS)) == repr(branched(nn))


# Losses as objects


@BOTH
def test_loss_object_has_no_parameters_and_computes_the_mean(lib):
    loss_fn = lib.MSELoss()
    assert list(loss_fn.parameters()) == []
    x, target = torch.randn(3, 1, dtype=F64), torch.zeros(3, 1, dtype=F64)
    assert torch.allclose(loss_fn(x, target), (x**2).mean(), rtol=1e-14)
    total = lib.MSELoss(reduction="sum")
    assert torch.allclose(total(x, target), (x**2).sum(), rtol=1e-14)


def test_loss_object_refuses_shapes_that_differ_and_unknown_reductions():
    with pytest.raises(ValueError, match="shapes must be equal"):
        modules.MSELoss()(torch.zeros(3, 1), torch.zeros(3))
    with pytest.raises(ValueError, match="reduction"):
        modules.MSELoss(reduction="max")(torch.zeros(3), torch.zeros(3))


# Batch normalization


@BOTH
def test_training_standardizes_each_column(lib):
    norm = lib.BatchNorm1d(3, eps=1e-12, dtype=F64)
    o = norm(some_batches()[0][0])
    assert o.mean(dim=0).abs().max() < 1e-14
    assert torch.allclose(o.var(dim=0, correction=0), torch.ones(3, dtype=F64))


@BOTH
def test_running_pair_after_one_batch(lib):
    norm = lib.BatchNorm1d(1, momentum=0.25, dtype=F64)
    norm(torch.tensor([[1.0], [5.0]], dtype=F64))
    assert norm.running_mean.item() == 0.75
    assert norm.running_var.item() == 0.75 + 0.25 * 8
    assert norm.num_batches_tracked.item() == 1
    assert norm.num_batches_tracked.dtype == torch.int64


@BOTH
def test_evaluation_uses_the_running_pair_and_leaves_it(lib):
    norm = lib.BatchNorm1d(1, eps=0.0, dtype=F64)
    norm.running_mean = torch.tensor([2.0], dtype=F64)
    norm.running_var = torch.tensor([4.0], dtype=F64)
    norm.eval()
    assert norm(torch.tensor([[6.0]], dtype=F64)).item() == 2
    assert norm.running_mean.item() == 2
    assert norm.num_batches_tracked.item() == 0


@BOTH
def test_gradient_does_not_follow_the_running_pair(lib):
    norm = lib.BatchNorm1d(2)
    norm(torch.randn(3, 2, requires_grad=True)).sum().backward()
    assert not norm.running_mean.requires_grad
    assert not norm.running_var.requires_grad


@BOTH
def test_no_grad_does_not_keep_the_running_pair_still(lib):
    norm = lib.BatchNorm1d(1)
    with torch.no_grad():
        norm(torch.tensor([[1.0], [3.0]]))
    assert norm.running_mean.item() == pytest.approx(0.2)


@BOTH
def test_one_example_in_training_is_refused(lib):
    norm = lib.BatchNorm1d(2)
    with pytest.raises(ValueError, match="training"):
        norm(torch.zeros(1, 2))
    assert norm.num_batches_tracked.item() in (0, 1)
    assert norm.eval()(torch.zeros(1, 2)).shape == (1, 2)


def test_empty_batch_in_training_is_refused_without_a_warning():
    norm = modules.BatchNorm1d(2)
    with pytest.raises(ValueError, match="2 examples or more, got 0"):
        norm(torch.zeros(0, 2))
    assert norm.num_batches_tracked.item() == 0
    assert norm.eval()(torch.zeros(0, 2)).shape == (0, 2)


@BOTH
@pytest.mark.parametrize("training", [True, False])
@pytest.mark.parametrize("dtype", [F64, torch.int64])
def test_batch_norm_refuses_another_dtype(lib, training, dtype):
    with pytest.raises((*REFUSED, NotImplementedError)):
        lib.BatchNorm1d(2).train(training)(torch.zeros(3, 2, dtype=dtype))


@BOTH
def test_eps_must_be_positive_in_training(lib):
    norm = lib.BatchNorm1d(1, eps=0.0)
    with pytest.raises(ValueError, match="eps must be"):
        norm(torch.zeros(2, 1))


@pytest.mark.parametrize("shape", [(3,), (4, 3), (2, 2, 3)])
def test_batch_norm_refuses_other_shapes(shape):
    with pytest.raises(ValueError, match="input must"):
        modules.BatchNorm1d(2)(torch.zeros(shape))


# Tools


def test_strangers_are_told_by_identity():
    model, copy = sizes(nn, 1, 2, 1), sizes(nn, 1, 2, 1)
    copy.load_state_dict(model.state_dict())
    optimizer = torch.optim.SGD(copy.parameters(), lr=0.1)
    assert strangers(copy, optimizer) == []
    names = ["0.weight", "0.bias", "2.weight", "2.bias"]
    assert strangers(model, optimizer) == names
    groups = [{"params": model[0].parameters()}, {"params": [model[2].weight]}]
    assert strangers(model, torch.optim.SGD(groups, lr=0.1)) == ["2.bias"]
    ours = sizes(OURS, 1, 2, 1)
    assert strangers(ours, torch.optim.SGD(ours.parameters(), lr=0.1)) == []


def test_tree_has_a_line_for_each_part_and_points_to_its_holder():
    lines = tree(branched(nn), "net")
    assert lines[0] == Leaf(0, "module", "net: Branched", -1)
    assert [leaf.text for leaf in lines[1:4]] == [
        "scale (2,)",
        "offset (2,)",
        "first: Linear",
    ]
    assert lines[2].kind == "buffer"
    assert [leaf.above for leaf in lines[1:6]] == [0, 0, 0, 3, 3]
    for leaf in lines[1:]:
        assert lines[leaf.above].depth == leaf.depth - 1
        assert lines[leaf.above].kind == "module"
    assert [x.text for x in tree(branched(OURS))] == [
        x.text for x in tree(branched(nn))
    ]


def test_drawing_shows_every_line_modules_in_boxes():
    figure, axes = plt.subplots()
    draw_tree(branched(nn), axes)
    lines = tree(branched(nn))
    assert [text.get_text() for text in axes.texts] == [leaf.text for leaf in lines]
    boxed = [text.get_bbox_patch() is not None for text in axes.texts]
    assert boxed == [leaf.kind == "module" for leaf in lines]
    plt.close(figure)


# Names, devices, a second batch


@BOTH
def test_names_carry_the_path_from_the_top(lib):
    inner = lib.Sequential(lib.BatchNorm1d(2))
    outer = lib.Sequential(lib.Sequential(inner))
    assert [name for name, _ in outer.named_modules()] == ["", "0", "0.0", "0.0.0"]
    assert next(outer.named_buffers(prefix="net"))[0] == "net.0.0.0.running_mean"


@BOTH
def test_module_without_forward_names_its_kind(lib):
    class Empty(lib.Module):
        pass

    with pytest.raises(NotImplementedError, match="Empty"):
        Empty()(1)


@BOTH
def test_layer_is_made_on_the_device_that_is_asked_for(lib):
    layer = lib.Linear(2, 3, device="meta")
    assert layer.weight.is_meta
    assert layer.bias.is_meta


def test_running_mean_follows_a_second_batch_as_in_pytorch():
    means = []
    for lib in (OURS, nn):
        norm = lib.BatchNorm1d(2)
        for shift in (1.0, 5.0):
            norm(torch.eye(2) + shift)
        means.append(norm.running_mean)
    torch.testing.assert_close(*means)
