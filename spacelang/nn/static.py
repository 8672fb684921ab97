"""A static network out of a supernet: ordinary `torch.nn` layers and quantisers, with the supernet's weights.

The code that runs the supernet is run once more, on wires instead of tensors. A wire knows how many channels it carries
and which step of the network makes it; an elastic layer that is called with one adds its static part as the next step.
So there is one definition of what an architecture means, and the static network can't differ from it.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from torch import fx, nn


class Cut(NamedTuple):
    """What an elastic layer is for one choice; `channels`: those of its output."""

    module: nn.Module
    channels: int


@dataclass
class _Cutter:
    """names: where each module stands in the supernet. steps: the static part of each that was called."""

    names: dict[nn.Module, str]
    graph: fx.Graph = field(default_factory=fx.Graph)
    steps: dict[str, nn.Module] = field(default_factory=dict)


class Wire:
    """Stands for a tensor while a network is cut."""

    def __init__(self, cutter: _Cutter, node: fx.Node, channels: int) -> None:
        self._cutter, self.node, self._channels = cutter, node, channels

    @property
    def shape(self) -> tuple[None, int]:
        """As a tensor's, as far as it is known and asked for."""
        return None, self._channels

    def into(self, layer: Elastic, others: tuple[Wire, ...], choice: tuple[Any, ...], more: dict[str, Any]) -> Wire:
        """The output of a layer."""
        cutter = self._cutter
        name = cutter.names[layer]
        module, channels = layer.cut(self._channels, *choice, **more)
        cutter.steps[name] = module
        inputs = (self.node, *(each.node for each in others))
        return Wire(cutter, cutter.graph.call_module(name, inputs), channels)


class Elastic(nn.Module):
    """A layer that is given its configuration in each call, and can be cut to it.

    The input comes first, or both inputs; then what the architecture chooses.
    """

    def __call__(self, *arguments: Any, **more: Any) -> Any:
        if not (arguments and isinstance(arguments[0], Wire)):
            return super().__call__(*arguments, **more)
        first, *rest = arguments
        others = tuple(each for each in rest if isinstance(each, Wire))
        return first.into(self, others, tuple(rest[len(others) :]), more)

    def cut(self, channels: int, *choice: Any, **more: Any) -> Cut:
        """The static layer, with copies of the weights in use, for this many input channels and this choice."""
        raise NotImplementedError


def cut(module: nn.Module, channels: int, *choice: Any) -> fx.GraphModule:
    """The static network of a module for one choice, in the module's mode and precision.

    In FP32 its outputs are the module's bit for bit, in INT8 the same quantised ones. Names in its `state_dict` don't
    depend on what else a supernet holds: weights cut from a hyperspace's load into what is cut from a model's own.

    Args:
        channels: of the input.
        choice: what else the module is called with; for a supernet an `Architecture`, for a stage a `StageChoice`.

    Raises:
        ValueError: if the choice is larger than the module.
    """
    names = {each: re.sub(r"\.candidates\.\d+", "", name) for name, each in module.named_modules()}
    cutter = _Cutter(names)
    result: Wire = module(Wire(cutter, cutter.graph.placeholder("x"), channels), *choice)
    cutter.graph.output(result.node)
    network = fx.GraphModule(cutter.steps, cutter.graph, "StaticNetwork")
    return network.train(module.training)
