"""One network for the digits, trained, and written down for other programs to use.

The book's page draws with it: `docs/_static/data/digits-network.json` is what this
module writes. To make it anew, in the book's folder:

    PYTHONPATH=code python -m neuralnet.digits_network
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, cast

import torch
from torch import Tensor, nn
from torch.utils.data import DataLoader, TensorDataset

from neuralnet.digits import (
    Standardize,
    network,
    set_apart,
    stratified,
)
from neuralnet.digits_answers import fit_temperature
from neuralnet.training import History, fit

#: How one network is trained; decided before the test set was opened.
SIZES = (64, 32, 16, 10)
LEARNING_RATE = 5e-3
BATCH_SIZE = 32
EPOCHS = 20


def train_one(
    x: Tensor, target: Tensor, train: Tensor, validation: Tensor, seed: int = 0
) -> tuple[nn.Sequential, History]:
    """A network with its scaling in front, trained by Adam, and its history.

    Shapes: x (n, 64), target (n,), rows of the two sets (k,), (m,).
    Errors: those of `Standardize` and `fit`.

    >>> x = torch.eye(10, 64).repeat(8, 1)
    >>> rows = torch.arange(80)
    >>> model, history = train_one(x, rows % 10, rows[:40], rows[40:])
    >>> bool((model(x[:10]).argmax(dim=1) == rows[:10]).all())
    True
    """
    torch.manual_seed(seed)
    layers = network(SIZES)
    model = nn.Sequential(Standardize(x[train]), *layers)
    train_loader = DataLoader(
        TensorDataset(x[train], target[train]),
        batch_size=BATCH_SIZE,
        shuffle=True,
        generator=torch.Generator().manual_seed(seed),
    )
    validation_loader = [(x[validation], target[validation])]
    optimizer = torch.optim.Adam(model.parameters(), LEARNING_RATE)
    history = fit(
        model,
        nn.CrossEntropyLoss(),
        optimizer,
        train_loader,
        validation_loader,
        epochs=EPOCHS,
    )
    return model, history


def write_down(
    model: nn.Sequential, temperature: float, x: Tensor, target: Tensor
) -> dict[str, Any]:
    """The numbers of a scaled network, and some images with what they show.

    Weights are rounded to five decimals, pixels are whole numbers.

    >>> x = torch.zeros(1, 64)
    >>> x[0, 0] = 16.0
    >>> model = nn.Sequential(Standardize(x), *network())
    >>> made = write_down(model, 1.5, x, torch.tensor([7]))
    >>> [len(layer["bias"]) for layer in made["layers"]]
    [32, 16, 10]
    >>> made["examples"][0]["digit"], made["temperature"]
    (7, 1.5)
    """
    scale = cast(Standardize, model[0])
    layers = [layer for layer in model if isinstance(layer, nn.Linear)]

    def rounded(numbers: Tensor) -> Any:
        return numbers.detach().double().round(decimals=5).tolist()

    return {
        "mean": rounded(scale.mean),
        "std": rounded(scale.std),
        "temperature": round(temperature, 4),
        "layers": [
            {"weight": rounded(layer.weight), "bias": rounded(layer.bias)}
            for layer in layers
        ],
        "examples": [
            {"digit": int(digit), "pixels": image.int().tolist()}
            for digit, image in zip(target, x, strict=True)
        ],
    }


def read_back(made: dict[str, Any]) -> nn.Sequential:
    """The network of `write_down`, in float64.

    >>> model = nn.Sequential(Standardize(torch.eye(2, 64)), *network())
    >>> empty = torch.zeros(0, 64)
    >>> made = write_down(model, 1.0, empty, torch.zeros(0))
    >>> gap = read_back(made)(torch.eye(2, 64).double()) - model(torch.eye(2, 64))
    >>> gap.abs().max().item() < 1e-3
    True
    """
    sizes = [64] + [len(layer["bias"]) for layer in made["layers"]]
    layers = network(sizes).double()
    linear = [layer for layer in layers if isinstance(layer, nn.Linear)]
    with torch.no_grad():
        for layer, numbers in zip(linear, made["layers"], strict=True):
            for kind in "weight", "bias":
                values = torch.tensor(numbers[kind], dtype=torch.float64)
                layer.get_parameter(kind).copy_(values)
    scale = Standardize(torch.eye(2, dtype=torch.float64))
    scale.mean.fill_(made["mean"])
    scale.std.fill_(made["std"])
    return nn.Sequential(scale, *layers)


def to_text(made: dict[str, Any]) -> str:
    """The data file: JSON with a line for each list of numbers.

    >>> print(to_text({"mean": 4.5, "layers": []}), end="")
    {"mean":4.5,
    "layers":[]}
    """
    text = json.dumps(made, separators=(",", ":"))
    for start in ('"std"', '"temperature"', '"layers"', '"examples"', '{"', "["):
        text = text.replace("," + start, ",\n" + start)
    return text + "\n"


def published() -> dict[str, Any]:
    """Train the network of the book's page and write it down.

    The examples are the first test image of each digit, then up to ten that the
    network gets wrong.
    """
    x, target, envelope = set_apart()
    rng = torch.Generator().manual_seed(1)
    validation, train = stratified(target, 1 / 6, rng)
    model, _ = train_one(x, target, train, validation)
    scores = model(x[validation]).detach()
    temperature = fit_temperature(scores, target[validation])
    choices = {"sizes": SIZES, "temperature": temperature}
    envelope.fix(choices)
    test_x, test_target = envelope.open(choices)
    first = [(test_target == digit).nonzero()[0, 0].item() for digit in range(10)]
    wrong = (model(test_x).argmax(dim=1) != test_target).nonzero().flatten()
    rows = torch.tensor(first + wrong[:10].tolist())
    return write_down(model, temperature, test_x[rows], test_target[rows])


def _main() -> None:
    root = Path(__file__).parents[2]
    path = root / "docs" / "_static" / "data" / "digits-network.json"
    path.parent.mkdir(exist_ok=True)
    path.write_text(to_text(published()), encoding="utf-8")


if __name__ == "__main__":
    _main()
