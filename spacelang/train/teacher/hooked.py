"""Any network that returns its feature maps, run no further than the last map that is asked for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn
from torch.utils.hooks import RemovableHandle

from spacelang.report.diagnostics import refuse
from spacelang.train.shared.seeds import generator
from spacelang.train.teacher.cut import running
from spacelang.train.teacher.teacher import Point

Extract = Callable[[nn.Module, Tensor], Sequence[Tensor]]
"""Runs a network on images; its feature maps, in the order that they are computed."""

CHANNELS = 3
"""Normalisation of the images that the libraries' networks were trained on."""

DIVISIBLE = 32
"""The whole reduction of most networks."""


class HookedBackbone(nn.Module):
    """A network of a library, which can't be called in parts.

    One run on a few pixels finds the module that makes each map. Later a hook takes the map there, and ends the run
    when it has the last one. Where a map is the output of no module, or of one that runs twice, all is run.
    """

    def __init__(self, name: str, model: nn.Module, extract: Extract, names: Sequence[str] | None, size: int) -> None:
        """
        Args:
            name: what the user calls the teacher.
            names: of the maps; None names them after the modules that make them.
            size: of an image to try the network with.

        Raises:
            SpacelangError: SP1225 if it can't run on such an image, SP1226 if it gives no maps.
        """
        super().__init__()
        self.model = model.eval()
        self._extract = extract
        # Divided without a rest by what networks divide it by, so that reductions show in the sizes of maps.
        size = -(-size // DIVISIBLE) * DIVISIBLE
        images = torch.rand(1, CHANNELS, size, size, generator=generator("probe"))
        with torch.no_grad(), running(name, images):
            maps, self._sources = self._trace(images)
            if not maps:
                refuse("SP1226", f"the teacher `{name}` gives no feature maps", "take a convolutional network")
            if not self._stops_well(images, maps):
                self._sources = [""] * len(maps)
        if names is None:
            names = [source or f"map{index}" for index, source in enumerate(self._sources)]
        self.points = tuple(
            Point(label, each.shape[1], round(size / each.shape[-1])) for label, each in zip(names, maps, strict=True)
        )

    def _stops_well(self, images: Tensor, maps: Sequence[Tensor]) -> bool:
        """Whether each map is the same when the run ends with it, which in-place operators might prevent."""
        return all(torch.equal(each, self.maps(images, [index])[0]) for index, each in enumerate(maps))

    def maps(self, images: Tensor, positions: Sequence[int]) -> list[Tensor]:
        sources = [self._sources[each] for each in positions]
        if not all(sources):
            every = self._extract(self.model, images)
            return [every[each] for each in positions]
        found: dict[str, Tensor] = {}
        handles = [self._take(source, source == sources[-1], found) for source in sources]
        try:
            self._extract(self.model, images)
        except _Reached:
            pass
        finally:
            for each in handles:
                each.remove()
        return [found[each] for each in sources]

    def _take(self, source: str, last: bool, found: dict[str, Tensor]) -> RemovableHandle:
        def hook(module: nn.Module, arguments: object, output: object) -> None:
            found[source] = _tensor(output)
            if last:
                raise _Reached

        return self.model.get_submodule(source).register_forward_hook(hook)

    def _trace(self, images: Tensor) -> tuple[Sequence[Tensor], list[str]]:
        """The maps, and the name of the module whose output each is; empty for none."""
        outputs: list[tuple[str, Tensor]] = []  # kept, or ids would be used again

        def hook(name: str) -> Callable[[nn.Module, object, object], None]:
            def note(module: nn.Module, arguments: object, output: object) -> None:
                if isinstance(value := _first(output), Tensor):
                    outputs.append((name, value))

            return note

        handles = [each.register_forward_hook(hook(name)) for name, each in self.model.named_modules() if name]
        try:
            maps = self._extract(self.model, images)
        finally:
            for handle in handles:
                handle.remove()
        runs = Counter(name for name, _ in outputs)
        # Of nested modules that return the same tensor the outermost ends last; it has the name that users know.
        sources = {id(value): name for name, value in outputs if runs[name] == 1}
        return maps, [sources.get(id(each), "") for each in maps]


class _Reached(Exception):
    """Ends a run at the last map that is needed."""


def _first(output: object) -> object:
    return output[0] if isinstance(output, tuple | list) and output else output


def _tensor(output: object) -> Tensor:
    value = _first(output)
    assert isinstance(value, Tensor)
    return value
