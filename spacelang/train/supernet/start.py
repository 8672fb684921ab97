"""Where the weights of a training begin, if not at random: those of another one, or a part of them."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, NoReturn

import torch
from safetensors import SafetensorError
from safetensors.torch import load
from torch import Tensor

from spacelang.files import read_or_refuse
from spacelang.nn import ElasticLinear, Supernet
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import some

WEIGHTS, FP32 = "supernet.safetensors", "supernet-fp32.safetensors"
SHOWN = 3


class Start(NamedTuple):
    """Weights to begin with. sha256: of the file."""

    path: Path
    sha256: str
    tensors: Mapping[str, Tensor]


def read_start(where: Path) -> Start:
    """A file of weights, or of a run its FP32 weights (those with quantisers, if it had no epoch in FP32).

    Raises:
        SpacelangError: SP1510 if there is none, or if it can't be read.
    """
    path = where
    if where.is_dir():
        path = next((where / name for name in (FP32, WEIGHTS) if (where / name).exists()), where / FP32)
    if not path.exists():
        refuse(
            "SP1510",
            f"there are no weights `{path}` to begin with",
            "name the folder of a training that has reached its quantised epochs, or one of its .safetensors files",
        )
    data = read_or_refuse(path, "SP1510")
    try:
        return Start(path.resolve(), hashlib.sha256(data).hexdigest(), load(data))
    except SafetensorError:
        refuse("SP1510", f"`{path}` doesn't hold weights in the form of safetensors", "name another file")


@torch.no_grad()
def begin_from(supernet: Supernet, start: Start) -> None:
    """Give a supernet these weights: of each tensor the first channels and the centre of the kernel.

    So a narrower space, or a single network, gets what it is within the larger one. A last layer for another number of
    classes keeps its random weights.

    Raises:
        SpacelangError: SP1510 if the weights are of something that doesn't hold the supernet's networks.
    """
    state, unfit = supernet.state_dict(), []
    classifier = _classifier(supernet)
    for name, tensor in state.items():
        there = start.tensors.get(name)
        if name in classifier and there is not None and len(there) != len(tensor):
            continue
        part = _part(there, tensor.shape)
        if part is None:
            unfit.append(name)
        else:
            tensor.copy_(part)
    if unfit:
        _refuse(start, unfit)
    supernet.load_state_dict(state)  # quantisers look whether they have a range


def _classifier(supernet: Supernet) -> set[str]:
    """The names of the last linear layer's weight and bias."""
    *_, last = (name for name, each in supernet.named_modules() if isinstance(each, ElasticLinear))
    return {f"{last}.weight", f"{last}.bias"}


def _part(tensor: Tensor | None, shape: torch.Size) -> Tensor | None:
    """The part of a tensor that has this shape, None if it has none."""
    if tensor is None or tensor.dim() != len(shape):
        return None
    more = [there - wanted for there, wanted in zip(tensor.shape, shape, strict=True)]
    if any(each < 0 for each in more):
        return None
    starts = [0 if at < 2 else each // 2 for at, each in enumerate(more)]
    return tensor[tuple(slice(start, start + wanted) for start, wanted in zip(starts, shape, strict=True))]


def _refuse(start: Start, unfit: list[str]) -> NoReturn:
    refuse(
        "SP1510",
        f"the weights in `{start.path}` are not those of a space that holds these networks: {some(unfit, SHOWN)}",
        "the stages must have the same blocks, and nothing may be wider, deeper or larger than there",
    )
