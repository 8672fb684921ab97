"""Spaces that are trained on the digits in seconds."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

import spacelang
from spacelang import ir, nn
from spacelang.networks.architecture import Architecture
from spacelang.nn import Supernet
from spacelang.train.data import Batch
from spacelang.train.supernet import Run, train

TEXT = """\
language 1

device cpu {
  runtime   onnxruntime
  precision int8
  threads   1
  widths    multiple of 8
}

block plain(kernel, act) {
  conv kernel -> out, stride, act, NORM
}

space NAME on cpu {
  input      1 channels
  resolution {8, 16}
  classes    10

  stem  plain  { depth 1, stride 2, width 8, kernel 3, act relu }

  stage first  plain  { depth 1..2, stride 1, width {8, 16}, kernel {3, 5}, act relu }

  head {
    pool
    HEAD
    linear -> classes
  }

  train { epochs 2, quantised_epochs 1, batch 256, learning_rate 0.3 }
}
"""
NORMED = TEXT.replace(", NORM", "").replace("HEAD", "dropout 0.2").replace("NAME", "normed")
"""With batch norm and dropout."""
PLAIN = TEXT.replace("NORM", "bias, norm none").replace("    HEAD\n", "").replace("NAME", "plain")
"""Without: an image's outputs don't depend on the rest of the batch."""


def space(text: str = NORMED) -> ir.SearchSpace:
    return spacelang.loads(text)


def trained(made: ir.SearchSpace, folder: Path, **more: Any) -> Run:
    options: dict[str, Any] = {"accelerator": "cpu", "workers": 0, "update": quiet, **more}
    return train(made, folder, options.pop("where", "digits"), **options)


class Killed(Exception):
    """Instead of a kill."""


def killer(step: int) -> Callable[[int, int, str], None]:
    """Ends a training after a step, without a chance to tidy up."""

    def update(done: int, total: int, note: str) -> None:
        if done == step:
            raise Killed

    return update


def quiet(done: int, total: int | None, note: str = "") -> None: ...


def batch(count: int = 8) -> Batch:
    return Batch(torch.randn(count, 1, 16, 16), torch.randint(10, (count,)))


class Watched:
    """Which architectures a supernet is called with, on images of which size."""

    def __init__(self, supernet: Supernet) -> None:
        self.calls: list[tuple[Architecture, int]] = []
        supernet.register_forward_pre_hook(self._note)

    def _note(self, _: torch.nn.Module, inputs: tuple[Tensor, Architecture]) -> None:
        self.calls.append((inputs[1], inputs[0].shape[-1]))


def gradients(supernet: nn.Supernet) -> dict[str, Tensor]:
    return {name: each.grad.clone() for name, each in supernet.named_parameters() if each.grad is not None}
