r"""Objects that hold a network's parameters and know all of them by name.

A module is a computation (`forward`) with what it needs: parameters, buffers
(tensors that are kept and not trained) and other modules. Notation: a batch X
of shape (n, in), weight W (out, in), bias b (out,), output Z = X W^T + b of
shape (n, out). The classes are those of `torch.nn`, with the parts that the
book's layers need; `nn.Parameter` is PyTorch's own.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from neuralnet.checks import (
    require_dimensions,
    require_positive,
    require_same_dtype,
    require_sizes,
    require_tensor,
)
from neuralnet.losses import mse_loss
from neuralnet.neurons import linear

#: Where a module keeps its parameters, its modules and its buffers.
DRAWERS = "_parameters", "_modules", "_buffers"


class Drawers:
    """Files what is assigned to it: parameters, modules, buffers.

    An attribute that is an `nn.Parameter` or another `Drawers` goes into a
    drawer of its kind, under its name; so does a new value of a registered
    buffer. Everything else is an ordinary attribute.

    Errors: `AttributeError` for a parameter or module assigned before
    `super().__init__()`, or a name that is not there; `TypeError` for a value
    of the wrong kind, registered or under a registered name (`None` keeps
    the name without a value); `KeyError` for registering a name that is taken.

    >>> line = Drawers()
    >>> line.weight = nn.Parameter(torch.tensor([2.0]))
    >>> line.scale = 10.0
    >>> list(line._parameters), line.weight.item(), line.scale
    (['weight'], 2.0, 10.0)
    >>> line.weight = torch.tensor([3.0])
    Traceback (most recent call last):
        ...
    TypeError: weight is registered as Parameter, got Tensor
    """

    def __init__(self) -> None:
        vars(self).update(_parameters={}, _modules={}, _buffers={})

    def _drawer(self, name: str, value: Any) -> dict[str, Any] | None:
        """Where a value goes: by its kind, or by a registered name."""
        mine: dict[str, dict] = vars(self)
        kinds = nn.Parameter, Drawers, Tensor
        for drawer, kind in zip(DRAWERS, kinds, strict=True):
            if isinstance(value, kind) and kind is not Tensor:
                if drawer not in mine:
                    said = "call super().__init__() first"
                    raise AttributeError(said)
                return mine[drawer]
            if name in mine.get(drawer, {}):
                if value is None or isinstance(value, kind):
                    return mine[drawer]
                wanted = f"{name} is registered as {kind.__name__}"
                raise TypeError(f"{wanted}, got {type(value).__name__}")
        return None

    def __setattr__(self, name: str, value: Any) -> None:
        drawer = self._drawer(name, value)
        if drawer is None:
            object.__setattr__(self, name, value)
            return
        mine = vars(self)
        for place in (mine, *(mine[each] for each in DRAWERS)):
            if place is not drawer:
                place.pop(name, None)
        drawer[name] = value

    def __getattr__(self, name: str) -> Any:
        # Python comes here when the ordinary look-up found nothing.
        for drawer in DRAWERS:
            if name in vars(self).get(drawer, {}):
                return vars(self)[drawer][name]
        whose = f"'{type(self).__name__}' object"
        raise AttributeError(f"{whose} has no attribute '{name}'")

    def register_parameter(self, name: str, param: nn.Parameter | None) -> None:
        """File a parameter, or the name of one left out."""
        self._file("_parameters", nn.Parameter, name, param)

    def register_buffer(self, name: str, tensor: Tensor | None) -> None:
        """File a tensor that is kept and not trained."""
        self._file("_buffers", Tensor, name, tensor)

    def _file(self, drawer: str, kind: type, name: str, value: Any) -> None:
        if drawer not in vars(self):
            raise AttributeError("call super().__init__() first")
        if value is not None and not isinstance(value, kind):
            wanted = f"{name} must be a {kind.__name__} or None"
            raise TypeError(f"{wanted}, got {type(value).__name__}")
        if hasattr(self, name) and name not in vars(self)[drawer]:
            raise KeyError(f"{name} is taken already")
        vars(self)[drawer][name] = value


class Registry(Drawers):
    """Walks through its drawers, and those of the modules in them.

    Names are paths: the attribute names from the root down, with dots.

    >>> root, branch = Registry(), Registry()
    >>> branch.weight = nn.Parameter(torch.zeros(2))
    >>> root.left, root.right = branch, branch
    >>> [name for name, _ in root.named_parameters()]
    ['left.weight']
    """

    def named_children(self) -> Iterator[tuple[str, Any]]:
        """The modules in this one's own drawer."""
        seen = set()
        for name, child in self._modules.items():
            if child is not None and id(child) not in seen:
                seen.add(id(child))
                yield name, child

    def named_modules(
        self, memo: set | None = None, prefix: str = ""
    ) -> Iterator[tuple[str, Any]]:
        """This module and all those below it, each once."""
        memo = set() if memo is None else memo
        if id(self) not in memo:
            memo.add(id(self))
            yield prefix, self
            for name, child in self._modules.items():
                if child is not None:
                    path = f"{prefix}.{name}" if prefix else name
                    yield from child.named_modules(memo, path)

    def _named(
        self, drawer: str, prefix: str, recurse: bool
    ) -> Iterator[tuple[str, Any]]:
        seen = set()
        both = self.named_modules(prefix=prefix)
        for path, module in both if recurse else [(prefix, self)]:
            for name, value in vars(module)[drawer].items():
                if value is not None and id(value) not in seen:
                    seen.add(id(value))
                    yield f"{path}.{name}" if path else name, value

    def named_parameters(
        self, prefix: str = "", recurse: bool = True
    ) -> Iterator[tuple[str, nn.Parameter]]:
        """All parameters with their names, one after the other."""
        return self._named("_parameters", prefix, recurse)

    def parameters(self, recurse: bool = True) -> Iterator[nn.Parameter]:
        """All parameters, one after the other."""
        for _, param in self.named_parameters(recurse=recurse):
            yield param

    def named_buffers(
        self, prefix: str = "", recurse: bool = True
    ) -> Iterator[tuple[str, Tensor]]:
        """All buffers with their names, one after the other."""
        return self._named("_buffers", prefix, recurse)


class Stateful(Registry):
    """Gives out its numbers by name, and takes them in again.

    Errors: `RuntimeError` from `load_state_dict` when names or shapes differ,
    `TypeError` for a value that is no tensor; nothing is then changed (PyTorch
    copies what fits before it raises).

    >>> pair = Stateful()
    >>> pair.a = nn.Parameter(torch.tensor([1.0]))
    >>> pair.state_dict()
    {'a': tensor([1.])}
    >>> pair.load_state_dict({"a": torch.tensor([5.0])})
    ([], [])
    >>> pair.a.item()
    5.0
    >>> pair.load_state_dict({})
    Traceback (most recent call last):
        ...
    RuntimeError: Missing key(s) in state_dict: ['a']
    """

    def state_dict(self, prefix: str = "") -> dict[str, Tensor]:
        """The numbers of all parameters and buffers, no copies."""
        state = {}
        for drawer in self._parameters, self._buffers:
            for name, value in drawer.items():
                if value is not None:
                    state[prefix + name] = value.detach()
        for name, child in self._modules.items():
            if child is not None:
                state |= child.state_dict(f"{prefix}{name}.")
        return state

    @torch.no_grad()
    def load_state_dict(
        self, state_dict: Mapping[str, Tensor], strict: bool = True
    ) -> tuple[list[str], list[str]]:
        """Copy numbers in; return missing and unexpected names."""
        mine = self.state_dict()
        missing = [name for name in mine if name not in state_dict]
        unexpected = [name for name in state_dict if name not in mine]
        wrong = []
        for name, value in mine.items():
            new = state_dict.get(name, value)
            require_tensor(name, new)
            if new.shape != value.shape:
                sizes = f"{tuple(new.shape)} into {tuple(value.shape)}"
                wrong.append(f"size mismatch for {name}: {sizes}")
        if strict and missing:
            wrong.append(f"Missing key(s) in state_dict: {missing}")
        if strict and unexpected:
            said = "Unexpected key(s) in state_dict"
            wrong.append(f"{said}: {unexpected}")
        if wrong:
            raise RuntimeError("\n".join(wrong))
        for name, value in mine.items():
            if name in state_dict:
                value.copy_(state_dict[name])
        return missing, unexpected


class Handle:
    """Takes a hook off again.

    >>> hooks = {0: print}
    >>> Handle(hooks, 0).remove()
    >>> hooks
    {}
    """

    def __init__(self, hooks: dict[Any, Callable], key: object) -> None:
        self.hooks, self.key = hooks, key

    def remove(self) -> None:
        """Forget the hook; a second time does nothing."""
        self.hooks.pop(self.key, None)


class Module(Stateful):
    """A computation with its parameters, `torch.nn.Module`.

    A subclass calls `super().__init__()`, assigns its parts and defines
    `forward`. Calling the module calls `forward` and then every hook.

    Errors: those of `Drawers` and `Stateful`; `NotImplementedError` for a call
    without `forward`.

    >>> class Scale(Module):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.factor = nn.Parameter(torch.tensor(3.0))
    ...     def forward(self, input):
    ...         return self.factor * input
    >>> scale = Scale()
    >>> scale(torch.tensor([1.0, 2.0])).detach()
    tensor([3., 6.])
    >>> scale.state_dict()
    {'factor': tensor(3.)}

    A module without parts is fine too:

    >>> Tanh()(torch.tensor([0.0]))
    tensor([0.])
    """

    def __init__(self) -> None:
        super().__init__()
        self.training = True
        self._hooks: dict[object, Callable] = {}

    def forward(self, *args: Any) -> Any:
        """What the module computes; a subclass says it."""
        kind = type(self).__name__
        raise NotImplementedError(f"{kind} has no forward")

    def __call__(self, *args: Any) -> Any:
        output = self.forward(*args)
        for hook in list(self._hooks.values()):
            replaced = hook(self, args, output)
            output = output if replaced is None else replaced
        return output

    def register_forward_hook(self, hook: Callable) -> Handle:
        """Have hook(module, args, output) called after forward."""
        key = object()  # equal to no other key, then or later
        self._hooks[key] = hook
        return Handle(self._hooks, key)

    def train(self, mode: bool = True) -> Module:
        """Set `training` here and in all modules below."""
        for _, module in self.named_modules():
            module.training = mode
        return self

    def eval(self) -> Module:
        """The same as train(False)."""
        return self.train(False)

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients of all parameters."""
        for param in self.parameters():
            if set_to_none:
                param.grad = None
            elif param.grad is not None:
                param.grad.detach_().zero_()

    def extra_repr(self) -> str:
        """What stands in the brackets behind the class's name."""
        return ""

    def __repr__(self) -> str:
        lines = [self.extra_repr()] if self.extra_repr() else []
        for name, child in self._modules.items():
            lines.append(f"({name}): {child!r}")
        text = "\n".join(lines)
        if self._modules:
            text = "\n" + text
            text = text.replace("\n", "\n  ") + "\n"
        return f"{type(self).__name__}({text})"


class Linear(Module):
    r"""A layer without activation, `torch.nn.Linear`: Z = X W^T + b.

    Weight and bias start uniform between -1/sqrt(in) and 1/sqrt(in); without
    inputs the bias is 0.

    Shapes: input (..., in), weight (out, in), bias (out,), result (..., out).

    Errors: `TypeError` or `ValueError` unless the sizes are whole numbers from
    0 on; those of `neurons.linear` from a call.

    >>> layer = Linear(3, 2)
    >>> [(name, tuple(p.shape)) for name, p in layer.named_parameters()]
    [('weight', (2, 3)), ('bias', (2,))]
    >>> layer(torch.zeros(0, 3)).shape
    torch.Size([0, 2])
    >>> layer
    Linear(in_features=3, out_features=2, bias=True)
    """

    def __init__(
        self,
        in_features: int,
        out_features: int,
        bias: bool = True,
        device: Any = None,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        sizes = out_features, in_features
        require_sizes("(out_features, in_features)", sizes)
        self.in_features, self.out_features = in_features, out_features
        bound = 1 / math.sqrt(in_features) if in_features else 0.0
        empty = torch.empty(sizes, device=device, dtype=dtype)
        self.weight = nn.Parameter(empty.uniform_(-bound, bound))
        self.register_parameter("bias", None)
        if bias:
            empty = torch.empty(out_features, device=device, dtype=dtype)
            self.bias = nn.Parameter(empty.uniform_(-bound, bound))

    def forward(self, input: Tensor) -> Tensor:
        """Weigh, add up, add the bias."""
        return linear(input, self.weight, self.bias)

    def extra_repr(self) -> str:
        """The two sizes, and whether there is a bias."""
        sizes = f"in_features={self.in_features}"
        sizes += f", out_features={self.out_features}"
        return f"{sizes}, bias={self.bias is not None}"


class Tanh(Module):
    """The activation as a module, `torch.nn.Tanh`.

    >>> Tanh()(torch.tensor([0.0]))
    tensor([0.])
    """

    def forward(self, input: Tensor) -> Tensor:
        """tanh of every number."""
        return torch.tanh(input)


class ModuleList(Module):
    """A list whose modules are registered, `torch.nn.ModuleList`.

    Errors: `TypeError` for what is no module.

    >>> layers = ModuleList([Linear(1, 2), Linear(2, 1)])
    >>> len(layers), len(list(layers.parameters()))
    (2, 4)
    >>> layers[-1]
    Linear(in_features=2, out_features=1, bias=True)
    """

    def __init__(self, modules: Any = ()) -> None:
        super().__init__()
        for number, module in enumerate(modules):
            require_module(module)
            setattr(self, str(number), module)

    def __len__(self) -> int:
        return len(self._modules)

    def __getitem__(self, index: int) -> Module:
        found: Module = list(self._modules.values())[index]
        return found

    def __iter__(self) -> Iterator[Module]:
        return iter(self._modules.values())


class Sequential(ModuleList):
    """Modules in a row, `torch.nn.Sequential`: each is fed the output before.

    PyTorch also takes an `OrderedDict` of names and modules.

    Errors: `TypeError` for what is no module.

    >>> net = Sequential(Linear(1, 3), Tanh(), Linear(3, 1))
    >>> [name for name, _ in net.named_parameters()]
    ['0.weight', '0.bias', '2.weight', '2.bias']
    >>> net(torch.zeros(4, 1)).shape
    torch.Size([4, 1])

    An empty row hands its input on:

    >>> Sequential()(torch.tensor([5.0]))
    tensor([5.])
    """

    def __init__(self, *modules: Module) -> None:
        super().__init__(modules)

    def forward(self, input: Any) -> Any:
        """Hand the input through all of them."""
        for module in self:
            input = module(input)
        return input


def require_module(value: Any) -> None:
    """Raise unless the value is a `Module`.

    Errors: `TypeError`.

    >>> require_module(Tanh())
    >>> require_module(torch.tanh)
    Traceback (most recent call last):
        ...
    TypeError: each must be a Module, got builtin_function_or_method
    """
    if not isinstance(value, Module):
        given = type(value).__name__
        raise TypeError(f"each must be a Module, got {given}")


class MSELoss(Module):
    """The mean squared error as an object, `torch.nn.MSELoss`.

    Errors: those of `losses.mse_loss`, from the call.

    >>> loss_fn = MSELoss()
    >>> loss_fn(torch.tensor([1.0, 5.0]), torch.tensor([1.0, 1.0]))
    tensor(8.)
    >>> MSELoss(reduction="sum")(torch.zeros(0), torch.zeros(0))
    tensor(0.)
    """

    def __init__(self, *, reduction: str = "mean") -> None:
        super().__init__()
        self.reduction = reduction

    def forward(self, input: Tensor, target: Tensor) -> Tensor:
        """The loss of a batch of predictions."""
        return mse_loss(input, target, reduction=self.reduction)


class BatchNorm1d(Module):
    r"""Standardize each feature over the batch, `torch.nn.BatchNorm1d`.

    In training: o = weight (x - m) / sqrt(v + eps) + bias, with the mean m and
    the variance v (of division by n) of the batch's column; two buffers follow
    them, running <- (1 - momentum) running + momentum new, where the new
    variance divides by n - 1. In evaluation the running pair stands in for
    m and v. PyTorch also takes (n, features, length), and options.

    Shapes: input (n, features), the result has the same; weight, bias,
    running_mean and running_var (features,).

    Errors: `ValueError` unless the input is (n, features), or if n is less than
    2 or eps not above 0 in training; `TypeError` unless the input has the
    weight's dtype.

    >>> norm = BatchNorm1d(1)
    >>> norm(torch.tensor([[1.0], [3.0]])).detach().round(decimals=3)
    tensor([[-1.],
            [ 1.]])
    >>> norm.running_mean, norm.running_var
    (tensor([0.2000]), tensor([1.1000]))
    >>> norm(torch.tensor([[1.0]]))
    Traceback (most recent call last):
        ...
    ValueError: in training a batch needs 2 examples or more, got 1

    Source: Ioffe and Szegedy (2015).
    """

    def __init__(
        self,
        num_features: int,
        eps: float = 1e-5,
        momentum: float = 0.1,
        *,
        dtype: torch.dtype | None = None,
    ) -> None:
        super().__init__()
        require_sizes("(num_features,)", (num_features,))
        self.num_features = num_features
        self.eps, self.momentum = eps, momentum
        ones = torch.ones(num_features, dtype=dtype)
        self.weight = nn.Parameter(ones)
        self.bias = nn.Parameter(0 * ones)
        self.register_buffer("running_mean", 0 * ones)
        self.register_buffer("running_var", ones.clone())
        count = torch.tensor(0)
        self.register_buffer("num_batches_tracked", count)

    def forward(self, input: Tensor) -> Tensor:
        """Shift and scale every column."""
        require_dimensions("input", input, 2)
        require_same_dtype(input=input, weight=self.weight)
        if input.shape[1] != self.num_features:
            wanted = f"input must be (n, {self.num_features})"
            raise ValueError(f"{wanted}, got {tuple(input.shape)}")
        mean, var = self.running_mean, self.running_var
        if self.training:
            require_positive("eps", self.eps)
            if len(input) < 2:
                wanted = "in training a batch needs 2 examples or more"
                raise ValueError(f"{wanted}, got {len(input)}")
            mean, var = input.mean(dim=0), input.var(dim=0, correction=0)
            self.follow(mean, var, len(input))
        scaled = (input - mean) / (var + self.eps).sqrt()
        output: Tensor = self.weight * scaled + self.bias
        return output

    @torch.no_grad()
    def follow(self, mean: Tensor, var: Tensor, n: int) -> None:
        """Move the running pair towards a batch's mean and variance."""
        share = self.momentum
        self.running_mean += share * (mean - self.running_mean)
        unbiased = var * n / (n - 1)
        self.running_var += share * (unbiased - self.running_var)
        self.num_batches_tracked += 1

    def extra_repr(self) -> str:
        """The options, as PyTorch prints them."""
        options = f"{self.num_features}, eps={self.eps}"
        options += f", momentum={self.momentum}, affine=True"
        return options + ", bias=True, track_running_stats=True"


def strangers(model: Any, optimizer: Any) -> list[str]:
    """Names of the parameters that the optimizer does not hold.

    Parameters are compared by identity: an equal copy is a stranger too.

    >>> model, other = nn.Linear(1, 1), nn.Linear(1, 1)
    >>> optimizer = torch.optim.SGD(other.parameters(), lr=0.1)
    >>> strangers(model, optimizer), strangers(other, optimizer)
    (['weight', 'bias'], [])
    """
    groups = optimizer.param_groups
    held = {id(p) for group in groups for p in group["params"]}
    named = model.named_parameters()
    return [name for name, p in named if id(p) not in held]
