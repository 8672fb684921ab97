"""What generated code builds of layers: blocks, stages, candidates, head, supernet, students."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from torch import Tensor, fx, nn

from spacelang.networks.architecture import Architecture, StageChoice
from spacelang.nn.layers import ElasticConv2d
from spacelang.nn.static import cut


class ElasticBlock(nn.Module):
    """One layer of a stage: called with its input and a `LayerChoice`."""


class ElasticHead(nn.Module):
    """Called with its input and the widths of its convolutions that have a choice."""


class ElasticStage(nn.Module):
    """As many layers as the greatest depth; a choice takes the first."""

    def __init__(self, *layers: ElasticBlock) -> None:
        super().__init__()
        self.layers = nn.ModuleList(layers)

    def forward(self, x: Tensor, choice: StageChoice) -> Tensor:
        """Raises: ValueError: if the choice has more layers."""
        if len(choice.layers) > len(self.layers):
            raise ValueError(f"{len(choice.layers)} layers were chosen; the stage has {len(self.layers)}")
        for layer, chosen in zip(self.layers, choice.layers, strict=False):
            x = layer(x, chosen)
        return x


class Candidates(nn.Module):
    """A stage that may be made of several blocks, by search id; each has weights of its own."""

    def __init__(self, candidates: Mapping[int, ElasticStage]) -> None:
        super().__init__()
        self.candidates = nn.ModuleDict({str(id): stage for id, stage in candidates.items()})

    def forward(self, x: Tensor, choice: StageChoice) -> Tensor:
        """Raises: ValueError: if no block has the chosen id."""
        chosen = str(choice.candidate)
        if chosen not in self.candidates:
            raise ValueError(f"block {chosen} was chosen, of {', '.join(self.candidates)}")
        result: Tensor = self.candidates[chosen](x, choice)
        return result


class Supernet(nn.Module):
    """All networks of a space; called with images and an `Architecture`. Their resolution isn't looked at."""

    stem: nn.ModuleList
    stages: nn.ModuleList

    def cut(self, architecture: Architecture) -> fx.GraphModule:
        """The static network of an architecture, as `spacelang.nn.cut`.

        Raises:
            ValueError: if the supernet doesn't hold it.
        """
        return cut(self, self._channels, architecture)

    @property
    def _channels(self) -> int:
        """The image's channels: those that the first convolution was made for. It comes before all others."""
        return next(each.channels_in for each in self.modules() if isinstance(each, ElasticConv2d))


@dataclass(frozen=True)
class StudentPlan:
    """What one distillation job trains.

    Attributes:
        stage: makes the stage.
        channels_in: the most channels that the stage may receive.
        width: the most that it may give.
    """

    stage: Callable[[], ElasticStage]
    channels_in: int
    width: int
