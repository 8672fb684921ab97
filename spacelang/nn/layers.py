"""Elastic convolutions and linear layers: made for the largest choice, given the actual one in each call.

The weights of a choice are the first output and input channels, and the centred k×k, of the largest. After
a convolution come its batch norm, its activation and the quantiser of its output.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from typing import Any, NamedTuple, cast

import torch
import torch.nn.functional as F
from torch import Tensor, nn

from spacelang.nn.activations import ending
from spacelang.nn.norm import ElasticBatchNorm2d
from spacelang.nn.quantiser import Quantiser
from spacelang.nn.static import Cut, Elastic

Kernels = int | tuple[int, ...]
"""One size, or those to choose from."""


class QuantisedConv2d(nn.Conv2d):
    """An `nn.Conv2d` with a quantiser on its weight."""

    def __init__(self, *arguments: Any, quantiser: Quantiser | None = None, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.quantiser = quantiser or Quantiser(signed=True)

    def forward(self, x: Tensor) -> Tensor:
        result: Tensor = self._conv_forward(x, self.quantiser(self.weight), self.bias)
        return result


class QuantisedLinear(nn.Linear):
    """An `nn.Linear` of a pooled map, with a quantiser on its weight."""

    def __init__(self, *arguments: Any, **more: Any) -> None:
        super().__init__(*arguments, **more)
        self.quantiser = Quantiser(signed=True)

    def forward(self, x: Tensor) -> Tensor:
        return F.linear(x.flatten(1), self.quantiser(self.weight), self.bias)


@contextmanager
def weights_in_steps(network: nn.Module) -> Iterator[None]:
    """Within, the weights of a static network are those that its quantisers make of them.

    They are then quantised once, not in each pass; outputs are the same. Without gradients only.
    """
    layers = [
        each
        for each in network.modules()
        if isinstance(each, QuantisedConv2d | QuantisedLinear) and each.quantiser.active
    ]
    weights = [each.weight for each in layers]
    try:
        for each in layers:
            each.weight = nn.Parameter(each.quantiser(each.weight.detach()))
            each.quantiser.active = False
        yield
    finally:
        for each, weight in zip(layers, weights, strict=True):
            each.weight, each.quantiser.active = weight, True


class _Choice(NamedTuple):
    """Which part of a convolution's largest setting is in use."""

    channels_in: int
    channels_out: int
    kernel: int
    repeat: int


class ElasticConv2d(Elastic):
    """A convolution, or `repeat` of them in a row; padded by kernel div 2.

    The stride goes to the first; norm, bias and activation to the last that is there.

    Args:
        channels_in, channels_out, repeat: the most.
    """

    depthwise = False

    def __init__(
        self,
        channels_in: int,
        channels_out: int,
        *,
        kernel: Kernels,
        stride: int = 1,
        act: str | None = None,
        norm: bool = True,
        bias: bool = False,
        repeat: int = 1,
    ) -> None:
        super().__init__()
        self.channels_in, self.channels_out, self.stride, self.repeat = channels_in, channels_out, stride, repeat
        self.kernels = (kernel,) if isinstance(kernel, int) else kernel
        incoming = [channels_in] + [channels_out] * (repeat - 1)
        self.weights = nn.ParameterList(map(self._new_weight, incoming))
        self.quantisers = nn.ModuleList(Quantiser(signed=True) for _ in range(repeat))
        self.between = nn.ModuleList(Quantiser() for _ in range(repeat - 1))
        self.bias = nn.Parameter(torch.zeros(channels_out)) if bias else None
        self.norm = ElasticBatchNorm2d(channels_out) if norm else None
        self.act = act
        self.ending = ending(act)

    def _new_weight(self, channels_in: int) -> Tensor:
        """Normal with the deviation that keeps gradients as large as they are after a relu (He et al. 2015)."""
        kernel, fan_out = max(self.kernels), 1 if self.depthwise else self.channels_out
        weight = torch.empty(self.channels_out, 1 if self.depthwise else channels_in, kernel, kernel)
        return nn.init.normal_(weight, std=math.sqrt(2 / (kernel**2 * fan_out)))

    def forward(self, x: Tensor, channels_out: int, kernel: int | None = None, *, repeat: int | None = None) -> Tensor:
        """x: batch × channels × height × width. kernel, repeat: needed where there is a choice.

        Raises:
            ValueError: if it isn't made for this choice.
        """
        return self._run(x, self._choose(x.shape[1], channels_out, kernel, repeat))

    def cut(self, channels: int, channels_out: int, kernel: int | None = None, *, repeat: int | None = None) -> Cut:
        return self._cut(self._choose(channels, channels_out, kernel, repeat))

    def _choose(self, channels_in: int, channels_out: int, kernel: int | None, repeat: int | None) -> _Choice:
        choice = _Choice(channels_in, channels_out, kernel or self.kernels[0], repeat or self.repeat)
        if kernel is None and len(self.kernels) > 1:
            raise ValueError(f"no kernel size was chosen, of {self.kernels}")
        if choice.kernel not in self.kernels:
            raise ValueError(f"the kernel size is {choice.kernel}, not one of {self.kernels}")
        for name in ("channels_in", "channels_out", "repeat"):
            chosen, most = getattr(choice, name), getattr(self, name)
            if not 1 <= chosen <= most:
                raise ValueError(f"{name} is {chosen}; this convolution is made for 1 to {most}")
        return choice

    def _weight(self, at: int, choice: _Choice) -> Tensor:
        """The weight of the convolution at this place in the row."""
        incoming = 1 if self.depthwise else choice.channels_out if at else choice.channels_in
        start = (max(self.kernels) - choice.kernel) // 2
        centre = slice(start, start + choice.kernel)
        weight: Tensor = self.weights[at]
        return weight[: choice.channels_out, :incoming, centre, centre]

    def _run(self, x: Tensor, choice: _Choice) -> Tensor:
        groups = choice.channels_in if self.depthwise else 1
        for at in range(choice.repeat):
            weight = self.quantisers[at](self._weight(at, choice), self.weights[at])
            last, stride = at == choice.repeat - 1, 1 if at else self.stride
            bias = self.bias[: choice.channels_out] if last and self.bias is not None else None
            x = F.conv2d(x, weight, bias, stride, choice.kernel // 2, groups=groups)
            if not last:
                x = self.between[at](x)
        if self.norm is not None:
            x = self.norm(x)
        result: Tensor = self.ending(x)
        return result

    def _cut(self, choice: _Choice) -> Cut:
        steps: list[nn.Module] = []
        for at in range(choice.repeat):
            last = at == choice.repeat - 1
            steps.append(self._cut_convolution(at, choice, bias=last and self.bias is not None))
            if not last:
                steps.append(deepcopy(self.between[at]))
        if self.norm is not None:
            steps.append(self.norm.cut(choice.channels_out))
        return Cut(nn.Sequential(*steps, *deepcopy(self.ending)), choice.channels_out)

    def _cut_convolution(self, at: int, choice: _Choice, *, bias: bool) -> QuantisedConv2d:
        made = QuantisedConv2d(
            choice.channels_out if at else choice.channels_in,
            choice.channels_out,
            choice.kernel,
            1 if at else self.stride,
            choice.kernel // 2,
            groups=choice.channels_in if self.depthwise else 1,
            bias=bias,
            device="meta",
            quantiser=deepcopy(cast(Quantiser, self.quantisers[at])),
        )
        made.weight = _copy(self._weight(at, choice))
        if bias and self.bias is not None:
            made.bias = _copy(self.bias[: choice.channels_out])
        return made


class ElasticDepthwiseConv2d(ElasticConv2d):
    """As `ElasticConv2d`; each channel has its own kernels, and there are as many as come in."""

    depthwise = True

    def __init__(self, channels: int, **more: Any) -> None:
        super().__init__(channels, channels, **more)

    def forward(  # type: ignore[override]
        self, x: Tensor, kernel: int | None = None, *, repeat: int | None = None
    ) -> Tensor:
        return self._run(x, self._choose(x.shape[1], x.shape[1], kernel, repeat))

    def cut(self, channels: int, kernel: int | None = None, *, repeat: int | None = None) -> Cut:  # type: ignore[override]
        return self._cut(self._choose(channels, channels, kernel, repeat))


class ElasticLinear(Elastic):
    """A linear layer with bias, on a pooled map or on the output of another; all outputs are there in every choice."""

    def __init__(self, channels_in: int, channels_out: int) -> None:
        super().__init__()
        self.channels_in, self.channels_out = channels_in, channels_out
        self.weight = nn.Parameter(nn.init.normal_(torch.empty(channels_out, channels_in), std=0.01))
        self.bias = nn.Parameter(torch.zeros(channels_out))
        self.quantiser = Quantiser(signed=True)
        self.ending = ending(None)

    def forward(self, x: Tensor) -> Tensor:
        """x: batch × channels, or batch × channels × 1 × 1. Returns batch × outputs.

        Raises:
            ValueError: if it isn't made for this many channels.
        """
        weight = self.quantiser(self._weight(x.shape[1]), self.weight)
        result: Tensor = self.ending(F.linear(x.flatten(1), weight, self.bias))
        return result

    def _weight(self, channels: int) -> Tensor:
        if channels > self.channels_in:
            raise ValueError(f"channels_in is {channels}; this layer is made for 1 to {self.channels_in}")
        return self.weight[:, :channels]

    def cut(self, channels: int) -> Cut:
        made = QuantisedLinear(channels, self.channels_out, device="meta")
        made.weight, made.bias = _copy(self._weight(channels)), _copy(self.bias)
        made.quantiser = deepcopy(self.quantiser)
        return Cut(nn.Sequential(made, *deepcopy(self.ending)), self.channels_out)


def _copy(part: Tensor) -> nn.Parameter:
    return nn.Parameter(part.detach().clone(memory_format=torch.contiguous_format))
