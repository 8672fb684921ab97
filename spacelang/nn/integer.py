"""Integer steps as a torch module: convolutions of integer values, everything else by tables of the exact witness.

Its outputs are the witness's bit for bit. It runs wherever torch does. Convolutions are computed in float64, where
these sums of integers are exact.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spacelang.steps import INPUT, Map, Step, Steps, witness
from spacelang.steps.network import ACTIVATIONS, HIGHEST

INTEGERS = np.arange(HIGHEST + 1, dtype=np.uint8)


class IntegerNetwork(nn.Module):
    """The network of integer steps: normalised images, batch × channels × size × size, to logits, batch × outputs."""

    scale: Tensor

    def __init__(self, steps: Steps) -> None:
        super().__init__()
        self.steps = steps
        self.operators = nn.ModuleList(_operator(each, steps.read(each)) for each in steps.steps)
        image, output = steps.inputs[0].grid, steps.output.grid
        assert image is not None
        assert output is not None
        self.image, self.output = image, output

    @torch.no_grad()
    def forward(self, images: Tensor) -> Tensor:
        scale = torch.tensor(self.image.scale, dtype=torch.float32, device=images.device)
        quantised = ((images.float() / scale).round() + self.image.zero_point).clamp(0, HIGHEST)
        made = {INPUT: quantised}
        for index, (step, operator) in enumerate(zip(self.steps.steps, self.operators, strict=True)):
            made[index] = operator(*(made[each] for each in step.inputs))
        last = made[len(self.steps.steps) - 1]
        scale = torch.tensor(self.output.scale, dtype=torch.float32, device=images.device)
        return ((last - self.output.zero_point) * scale).reshape(len(images), -1)


class IntegerConv2d(nn.Module):
    """A convolution or linear layer of integers, its sums rounded to the grid of the output."""

    weight: Tensor
    bias: Tensor
    factor: Tensor

    def __init__(self, step: Step, given: Map) -> None:
        super().__init__()
        assert step.weights is not None
        assert step.weights.scales is not None
        assert given.grid is not None
        assert step.made.grid is not None
        values = step.weights.values
        values = values[:, :, None, None] if values.ndim == 2 else values
        factor = np.float32(given.grid.scale) * step.weights.scales / np.float32(step.made.grid.scale)
        self.register_buffer("weight", torch.from_numpy(np.ascontiguousarray(values)))
        self.register_buffer("bias", torch.from_numpy(np.ascontiguousarray(step.weights.bias)))
        self.register_buffer("factor", torch.from_numpy(factor))
        self.groups = step.made.channels if step.kind == "dwconv" else 1
        window = step.window
        self.stride, self.padding = (window.stride, window.before) if window else (1, 0)
        self.given, self.made, self.clamp = given.grid.zero_point, step.made.grid.zero_point, step.clamp

    def forward(self, x: Tensor) -> Tensor:
        """x: integers as floats, with their zero point."""
        sums = F.conv2d(
            (x - self.given).double(), self.weight.double(), self.bias.double(), self.stride, self.padding,
            groups=self.groups,
        )  # fmt: skip
        scaled = sums.float() * self.factor.view(1, -1, 1, 1)
        return (scaled.round() + self.made).clamp(*self.clamp)


class Table(nn.Module):
    """An operator on one or two maps, entry by entry, as the witness computes it for every possible integer."""

    table: Tensor

    def __init__(self, step: Step, maps: Sequence[Map]) -> None:
        super().__init__()
        integers = INTEGERS[None, :, None, None]
        inputs = [integers]
        if len(maps) == 2:
            inputs = [np.repeat(integers, HIGHEST + 1, axis=3).reshape(1, 256, 1, 256), INTEGERS[None, None, None, :]]
            inputs[1] = np.broadcast_to(inputs[1], inputs[0].shape)
        made = witness.execute(step, maps, inputs).reshape(HIGHEST + 1, -1)
        self.register_buffer("table", torch.from_numpy(np.ascontiguousarray(made).astype(np.float32)))

    def forward(self, x: Tensor, y: Tensor | None = None) -> Tensor:
        if y is None:
            return self.table[x.long(), 0]
        return self.table[x.long(), y.long().expand_as(x)]


class Reference(nn.Module):
    """A pool, by the witness itself."""

    def __init__(self, step: Step, maps: Sequence[Map]) -> None:
        super().__init__()
        self.step, self.maps = step, maps

    def forward(self, x: Tensor) -> Tensor:
        made = witness.execute(self.step, self.maps, [x.cpu().numpy().astype(np.uint8)])
        return torch.from_numpy(made).to(x)


def _operator(step: Step, maps: Sequence[Map]) -> nn.Module:
    if step.weights is not None:
        return IntegerConv2d(step, maps[0])
    if step.kind in ACTIVATIONS or step.kind in ("add", "mul"):
        return Table(step, maps)
    return Reference(step, maps)
