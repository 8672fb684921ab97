"""LSQ+ (Bhalgat et al. 2020): 8-bit quantisers whose scale and offset are learned.

One module serves weights and activations, in training and after it. Differences from the paper, with reasons:

- The offset acts as an integer zero point in every forward pass, with straight-through gradients: rounding it after
  training costs as much as the quantisation itself. So zero, and with it padding, is always exact.
- Signed values are -127…127: folding a batch norm of negative scale flips a weight's sign, and TFLite lacks -128.
- A value on the edge of the range counts as inside, as zeros after a relu do: nothing was cut off there.
- After an activation with a known range, the grid keeps to it, so that integers saturate where the activation clamps
  and no runtime needs an operator for it: after relu and relu6 the zero point is 0; after relu6 the scale is at most
  6/255; after a sigmoid and a hard sigmoid nothing is learned, the grid is 1/256 and 1/255.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any, Literal

import torch
from torch import Tensor, nn

from spacelang.steps.network import GATE, HSIGMOID, SIGMOID, Grid

Precision = Literal["fp32", "int8"]
SMALLEST_SCALE = torch.finfo(torch.float32).eps
"""If training drives a scale below this, this is used in its place."""
LARGEST_SCALES = {"relu6": GATE.scale}
FIXED_SCALES = {"sigmoid": SIGMOID.scale, "hsigmoid": HSIGMOID.scale}
FROM_ZERO = frozenset({"relu", "relu6", *FIXED_SCALES})
"""Activations that never give a value below 0."""


class Quantiser(nn.Module):
    """Rounds a tensor to 8 bits and back; the identity until `set_precision` switches it on.

    The scale and the offset are taken from the range of the first tensor that isn't all zero, widened to hold zero,
    and learned from there on. For several processes, run one batch through before the parameters are shared.

    Args:
        signed: -127…127 around zero without an offset (weights) instead of 0…255 (activations).
        after: the activation that the values come from, where the grid follows from it.

    Attributes:
        scale: the step; 0 until the first batch.
        offset: the value that 0 stands for; rounded to a multiple of the scale where it is used.
        largest: the scale is taken to be no greater.
    """

    scale: Tensor
    offset: Tensor

    def __init__(self, *, signed: bool = False, after: str | None = None) -> None:
        super().__init__()
        self.low, self.high = (-127, 127) if signed else (0, 255)
        self.active = False
        self.initialised = after in FIXED_SCALES
        self.largest = LARGEST_SCALES.get(after or "", math.inf)
        if after in FIXED_SCALES:
            self.register_buffer("scale", torch.tensor(FIXED_SCALES[after]), persistent=False)
        else:
            self.scale = nn.Parameter(torch.zeros(()))
        if signed or after in FROM_ZERO:
            self.register_buffer("offset", torch.zeros(()), persistent=False)
        else:
            self.offset = nn.Parameter(torch.zeros(()))

    @property
    def signed(self) -> bool:
        return self.low < 0

    @property
    def zero_point(self) -> Tensor:
        """The integer that stands for 0, as a float tensor without gradient."""
        return zero_point(self._scale_in_use, self.offset.detach(), self.low, self.high)

    @property
    def grid(self) -> Grid:
        """The scale and the zero point that values are rounded by."""
        return Grid(float(self._scale_in_use), int(self.zero_point))

    @property
    def _scale_in_use(self) -> Tensor:
        return self.scale.detach().clamp(SMALLEST_SCALE, self.largest)

    def forward(self, x: Tensor, whole: Tensor | None = None) -> Tensor:
        """x: any shape; an activation's first dimension is the batch. whole: take the first range from this instead.

        Raises:
            ValueError: if the first batch has values that are not finite.
        """
        if not self.active:
            return x
        if not self.initialised:
            self._initialise(x if whole is None else whole)
        if not self.initialised:
            return x
        offset = self.offset if isinstance(self.offset, nn.Parameter) else None  # a buffer is 0
        if not torch.is_grad_enabled():
            return _rounded(x, *_grid(self.scale, offset, self.low, self.high, self.largest), self.low, self.high)
        count = x.numel() if self.signed else x[0].numel()
        quantised: Tensor = _LsqPlus.apply(  # type: ignore[no-untyped-call]
            x, self.scale, offset, self.low, self.high, self.largest, count
        )
        return quantised

    @torch.no_grad()
    def _initialise(self, x: Tensor) -> None:
        low, high = (float(each) for each in x.aminmax())
        if not (math.isfinite(low) and math.isfinite(high)):
            raise ValueError(
                f"the first batch of a quantiser ranges from {low} to {high}: nothing to take a scale from"
            )
        if low == high == 0:
            return
        if self.signed:
            self.scale.fill_(max(-low, high) / self.high)
        else:
            low, high = min(low, 0.0), max(high, 0.0)
            self.scale.fill_(min((high - low) / self.high, self.largest))
            self.offset.fill_(low)
        self.initialised = True

    def _load_from_state_dict(self, state_dict: Mapping[str, Any], prefix: str, *more: Any) -> None:
        super()._load_from_state_dict(state_dict, prefix, *more)
        self.initialised = bool(self.scale != 0)

    def extra_repr(self) -> str:
        return f"{self.low}…{self.high}, {'on' if self.active else 'off'}"


def set_precision(module: nn.Module, precision: Precision) -> None:
    """Switch all quantisers of a module on (int8) or off (fp32).

    Raises:
        ValueError: for another precision.
    """
    if precision not in ("fp32", "int8"):
        raise ValueError(f"the precision is {precision!r}, not fp32 or int8")
    for each in module.modules():
        if isinstance(each, Quantiser):
            each.active = precision == "int8"


def zero_point(scale: Tensor, offset: Tensor, low: int, high: int) -> Tensor:
    return (-offset / scale.clamp(min=SMALLEST_SCALE)).round().clamp(low, high)


class _LsqPlus(torch.autograd.Function):
    """x̂ = s·x̄ + β with x̄ = round(clip((x - β) / s, n, p)), β a multiple of s; gradients by the paper's equations.

    The gradients of s and β are scaled by 1/√(count·p), so that they are as large as those of the weights (LSQ, 2.2).
    Half precision is computed in single: 8 bits of mantissa don't hold a step and what rounding it leaves.
    """

    @staticmethod
    def forward(
        ctx: Any, x: Tensor, scale: Tensor, offset: Tensor | None, low: int, high: int, largest: float, count: int
    ) -> Tensor:
        scale, zero = _grid(scale, offset, low, high, largest)
        ctx.save_for_backward(x, scale, zero)
        ctx.low, ctx.high, ctx.gradient_scale = low, high, 1 / math.sqrt(count * high)
        return _rounded(x, scale, zero, low, high)

    @staticmethod
    def backward(ctx: Any, gradient: Tensor) -> tuple[Tensor | None, ...]:
        x, scale, zero = ctx.saved_tensors
        position = _in_steps(x, scale)
        if zero is not None:
            position.add_(zero)
        clipped = position.clamp(ctx.low, ctx.high)
        # As numbers, not truth values, which take twice as long to multiply by.
        inside = torch.empty_like(position)
        torch.eq(position, clipped, out=inside)
        slope = clipped.round_().addcmul_(position, inside, value=-1)
        gradient_scale = slope.mul_(gradient).sum() * ctx.gradient_scale
        gradient_x = inside.mul_(gradient)
        gradient_offset = None
        if zero is not None:
            gradient_offset = (gradient - gradient_x).sum(dtype=slope.dtype) * ctx.gradient_scale
        return gradient_x.to(x.dtype), gradient_scale, gradient_offset, None, None, None, None


def _grid(scale: Tensor, offset: Tensor | None, low: int, high: int, largest: float) -> tuple[Tensor, Tensor | None]:
    """The scale and the zero point in use; None where that is always 0."""
    scale = scale.clamp(SMALLEST_SCALE, largest)
    return scale, None if offset is None else zero_point(scale, offset, low, high)


def _rounded(x: Tensor, scale: Tensor, zero: Tensor | None, low: int, high: int) -> Tensor:
    # In place on one temporary, and in the order of `torch.fake_quantize_per_tensor_affine`: five times its speed.
    steps = _in_steps(x, scale).round_()
    steps = steps.clamp_(low, high) if zero is None else steps.add_(zero).clamp_(low, high).sub_(zero)
    return steps.mul_(scale).to(x.dtype)


def _in_steps(x: Tensor, scale: Tensor) -> Tensor:
    """A new tensor, x / scale."""
    return x.to(torch.promote_types(x.dtype, torch.float32)).mul(1 / scale)
