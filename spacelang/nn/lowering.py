"""From a static network to the steps that runtimes run: batch norms are folded, weights and biases become integers.

Folding is done in float64. With f = γ / √(variance + ε) of an output channel, s the scale of the weights and s_x that
of the input, the channel has the scale |f|·s, the weights sign(f)·q, and the bias (β - mean·f) in units of s_x·|f|·s.
Where f is nearly 0 the channel is dead: it gives its bias alone, which in such units would leave int32. So its scale is
raised, and its weights are rounded again.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import fx, nn

from spacelang.ir.operators import LAWS
from spacelang.language.shapes import size_after
from spacelang.networks.kernels import FUSED_ACTIVATIONS
from spacelang.nn.activations import ACTIVATIONS, Add, Multiply
from spacelang.nn.layers import QuantisedConv2d, QuantisedLinear
from spacelang.nn.quantiser import Precision, Quantiser
from spacelang.report.diagnostics import refuse
from spacelang.steps import INPUT, Grid, Map, Step, Steps, Weights, Window
from spacelang.steps.network import StepKind

LARGEST_BIAS = 2.0**30
"""Half of what int32 holds: the sum with the products has to stay in it too."""
SMALLEST_CHANNEL_SCALE = 1e-12
"""With a smaller one, XNNPACK doesn't take a convolution."""
PLAIN: dict[type[nn.Module], StepKind] = {
    Add: "add",
    Multiply: "mul",
    nn.AdaptiveAvgPool2d: "pool",
    nn.AvgPool2d: "avgpool",
    nn.MaxPool2d: "maxpool",
    QuantisedLinear: "linear",
}
ACTS: dict[Any, StepKind] = {made: cast(StepKind, name) for name, made in ACTIVATIONS.items()}
RETRAIN = "train it again"


def lower(network: fx.GraphModule, channels: int, resolution: int, precision: Precision = "int8") -> Steps:
    """The steps of a static network, as `cut` gives it, with its batch norms calibrated.

    Args:
        channels, resolution: of the image.
        precision: with fp32 all quantisers are left out, and the steps are float.

    Raises:
        SpacelangError: SP1901 if a quantiser has no scale; SP1902 if weights or statistics are not finite.
    """
    lowering = _Lowering(network, precision == "int8", Map(channels, resolution))
    for node in network.graph.nodes:
        if node.op == "placeholder":
            lowering.made[node] = INPUT
        elif node.op == "call_module":
            lowering.visit(node)
    return Steps((lowering.image,), _fused(lowering.steps))


class _Pending(NamedTuple):
    """An operator whose output isn't quantised yet."""

    name: str
    kind: StepKind
    module: nn.Module
    norm: nn.BatchNorm2d | None = None
    act: str = ""


@dataclass
class _Lowering:
    """`made`: for each node of the graph, the index of its output."""

    network: fx.GraphModule
    integer: bool
    image: Map
    made: dict[fx.Node, int] = field(default_factory=dict)
    steps: list[Step] = field(default_factory=list)

    def visit(self, node: fx.Node) -> None:
        name, module = str(node.target), self.network.get_submodule(str(node.target))
        inputs = tuple(self.made[cast(fx.Node, each)] for each in node.args)
        if isinstance(module, Quantiser):
            self.image = self.image._replace(grid=self._grid(name, module))
            self.made[node] = INPUT
        elif isinstance(module, nn.Dropout):
            self.made[node] = inputs[0]
        else:
            self.made[node] = self._append(_parts(name, module), inputs)

    def _append(self, parts: list[tuple[str, nn.Module]], inputs: tuple[int, ...]) -> int:
        """Appends the steps of an operator and what follows it, up to the last quantiser; the index of the output."""
        pending: _Pending | None = None
        for name, part in parts:
            if isinstance(part, Quantiser):
                assert pending is not None, name
                inputs, pending = (self._close(pending, inputs, self._grid(name, part)),), None
            elif isinstance(part, nn.BatchNorm2d):
                assert pending is not None, name
                pending = pending._replace(norm=part)
            elif pending is not None:
                assert ACTS[type(part)] in FUSED_ACTIVATIONS, name
                pending = pending._replace(act=ACTS[type(part)])
            else:
                pending = _Pending(name, _kind(part), part)
        if pending is not None:
            assert pending.kind == "maxpool", pending.name
            return self._close(pending, inputs, self._map(inputs[0]).grid)
        return inputs[0]

    def _close(self, pending: _Pending, inputs: tuple[int, ...], grid: Grid | None) -> int:
        """Appends the step of an operator; its index."""
        read, module = self._map(inputs[0]), pending.module
        window = _window(module, read.size)
        size = 1 if pending.kind in ("pool", "linear") else size_after(read.size, window.stride if window else 1)
        channels, weights = read.channels, None
        if isinstance(module, QuantisedConv2d | QuantisedLinear):
            weights = _weights(pending.name, module, pending.norm, read.grid)
            channels = len(weights.bias)
        made = Map(channels, size, grid)
        self.steps.append(Step(pending.kind, pending.name, inputs, made, pending.act, window, weights))
        return len(self.steps) - 1

    def _map(self, index: int) -> Map:
        return self.steps[index].made if index >= 0 else self.image

    def _grid(self, name: str, quantiser: Quantiser) -> Grid | None:
        if not self.integer:
            return None
        if not quantiser.initialised:
            refuse(
                "SP1901", f"the quantiser `{name}` has no scale: it saw no value but 0, or no batch in INT8", RETRAIN
            )
        return _finite_grid(name, quantiser)


def _finite_grid(name: str, quantiser: Quantiser) -> Grid:
    """Raises: SpacelangError: SP1902."""
    for what, number in (("scale", quantiser.scale.item()), ("offset", quantiser.offset.item())):
        if not np.isfinite(number):
            refuse("SP1902", f"the {what} of the quantiser `{name}` is {number}", RETRAIN)
    return quantiser.grid


def _parts(name: str, module: nn.Module) -> list[tuple[str, nn.Module]]:
    """The operators in a module, in the order that they run in, with their names."""
    if isinstance(module, Add | Multiply):
        return [(name, module), *_parts(f"{name}.ending", module.ending)]
    if not isinstance(module, nn.Sequential):
        return [(name, module)]
    return [(f"{name}.{at}", each) for at, each in module.named_children()]


def _kind(module: nn.Module) -> StepKind:
    if isinstance(module, QuantisedConv2d):
        return "dwconv" if module.groups > 1 else "conv"
    return PLAIN.get(type(module)) or ACTS[type(module)]


def _window(module: nn.Module, size: int) -> Window | None:
    if isinstance(module, QuantisedConv2d):
        return Window(module.kernel_size[0], module.stride[0], int(module.padding[0]), int(module.padding[0]))
    if not isinstance(module, nn.AvgPool2d | nn.MaxPool2d):
        return None
    kernel, stride, padding = (int(cast(int, each)) for each in (module.kernel_size, module.stride, module.padding))
    # A pool by its stride has no padding, and its last window may lie partly outside the map.
    beside = size_after(size, stride) * stride - size if module.ceil_mode else padding
    return Window(kernel, stride, padding, beside)


def _weights(
    name: str, module: QuantisedConv2d | QuantisedLinear, norm: nn.BatchNorm2d | None, given: Grid | None
) -> Weights:
    """Raises: SpacelangError: SP1901, SP1902: as `lower`."""
    factor, bias = _folded(module, norm)
    weight = _array(module.weight)
    for array, what in ((weight, "weights"), (factor, "batch norm"), (bias, "bias")):
        if not np.isfinite(array).all():
            refuse("SP1902", f"the {what} of `{name}` are not finite", RETRAIN)
    if given is None:
        folded = weight * _per_channel(factor, weight)
        return Weights(folded.astype(np.float32), bias.astype(np.float32))
    return _integer(name, module, factor, bias, given.scale)


def _folded(
    module: QuantisedConv2d | QuantisedLinear, norm: nn.BatchNorm2d | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """For each output channel a factor on the weights, and the bias, with the batch norm in them."""
    channels = module.weight.shape[0]
    bias = np.zeros(channels) if module.bias is None else _array(module.bias)
    if norm is None:
        return np.ones(channels), bias
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = _array(norm.weight) / np.sqrt(_array(norm.running_var) + norm.eps)
    return factor, (bias - _array(norm.running_mean)) * factor + _array(norm.bias)


def _integer(
    name: str,
    module: QuantisedConv2d | QuantisedLinear,
    factor: NDArray[np.float64],
    bias: NDArray[np.float64],
    scale: float,
) -> Weights:
    """Integer weights, with a scale for each channel. scale: of the input."""
    quantiser = module.quantiser
    if not quantiser.initialised and bool(module.weight.detach().any()):
        refuse("SP1901", f"the quantiser of the weights of `{name}` has no scale: it saw no batch in INT8", RETRAIN)
    grid = _finite_grid(f"{name}.quantiser", quantiser)
    with torch.no_grad():
        steps = (module.weight * (1 / torch.tensor(grid.scale))).round().clamp(quantiser.low, quantiser.high)
    values = _array(steps) * _per_channel(np.where(factor < 0, -1.0, 1.0), steps)
    scales = np.abs(factor) * grid.scale
    least = np.maximum(np.abs(bias) / (scale * LARGEST_BIAS), SMALLEST_CHANNEL_SCALE)
    raised = np.maximum(scales, least).astype(np.float32)
    shrunk = np.where(scales < least, scales / raised, 1.0)
    values = np.rint(values * _per_channel(shrunk, values))
    return Weights(values.astype(np.int8), np.rint(bias / (scale * raised.astype(np.float64))).astype(np.int32), raised)


def _per_channel(numbers: NDArray[np.float64], like: Any) -> NDArray[np.float64]:
    return numbers.reshape(-1, *(1 for _ in like.shape[1:]))


def _array(tensor: torch.Tensor) -> NDArray[np.float64]:
    return np.asarray(tensor.detach().double().cpu().numpy())


def _fused(steps: list[Step]) -> tuple[Step, ...]:
    """A relu or relu6 by itself becomes the clamp of the convolution or sum that it alone reads, as in `kernels_of`."""
    uses = Counter(each for step in steps for each in step.inputs)
    kept: list[Step] = []
    number = {INPUT: INPUT}
    for index, step in enumerate(steps):
        at = number[step.inputs[0]]
        if step.kind in FUSED_ACTIVATIONS and at >= 0 and uses[step.inputs[0]] == 1 and _clamps(kept[at]):
            kept[at] = replace(kept[at], act=step.kind, made=step.made)
            number[index] = at
        else:
            kept.append(replace(step, inputs=tuple(number[each] for each in step.inputs)))
            number[index] = len(kept) - 1
    return tuple(kept)


def _clamps(step: Step) -> bool:
    law = LAWS.get(step.kind)
    return law is not None and law.clamps and not step.act
