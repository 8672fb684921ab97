"""Every kernel that any model of a space can contain, and how often one model can contain it. Exact.

A model is a walk over widths: each layer goes from the last layer's width to its own, and contributes the kernels that
its block, its numbers and these two widths give. What the layers of a stage share (the block, the width list, `uniform`
choices) is fixed once for each stage. So the most times that a model can contain a kernel is the weight of the heaviest
walk.

Resolutions needn't be enumerated: after strides with product S, the size is ⌈resolution / S⌉. The walk is done once for
a virtual resolution that all strides divide, and once for each way in which different S give the same size in real
ones.
"""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from spacelang import ir
from spacelang.language.shapes import size_after
from spacelang.networks.kernels import Kernel, kernels_of
from spacelang.networks.network import head_ops, layer_ops
from spacelang.networks.positions import Edge, Position, entry_widths, exit_widths, head_positions, integers, positions
from spacelang.networks.walk import LayerShape

Edges = dict[Edge, int]
"""The most times that a layer holds the kernel, for each edge that holds it at all."""
Relabel = Callable[[int], int]
"""From each virtual size to the representative of all virtual sizes that are equal in reality."""

LARGEST_RESOLUTION = 2**20


def census(space: ir.SearchSpace) -> dict[Kernel, int]:
    """For each kernel, the most occurrences in one model of the space (whatever its blocks, windows and resolution).

    Raises: ShapeError, TooManyChoices: as `layer_ops` and `positions`.
    """
    virtual = virtual_resolution(space)
    apart = _Census(space, virtual, lambda size: size)
    strides = sorted({virtual // each.size for each in apart.kernels()})
    counts: dict[Kernel, int] = {}
    for resolutions in _classes(space.resolutions, strides):
        relabel = _merge(resolutions[0], strides, virtual)
        same = apart if all(relabel(virtual // each) == virtual // each for each in strides) else None
        for kernel, most in (same or _Census(space, virtual, relabel)).counts().items():
            for resolution in resolutions:
                real = kernel._replace(size=size_after(resolution * kernel.size, virtual))
                counts[real] = max(most, counts.get(real, 0))
    return counts


def _merge(resolution: int, strides: list[int], virtual: int) -> Relabel:
    """Maps virtual sizes that are equal at this resolution to the largest of them."""
    largest = {size_after(resolution, stride): virtual // stride for stride in reversed(strides)}
    return lambda size: largest[size_after(resolution * size, virtual)]


def virtual_resolution(space: ir.SearchSpace) -> int:
    """A resolution that every product of strides in the space divides, far larger than a real one."""
    strides, strided = {1}, 0
    for stage in space.stem + space.stages:
        steps = (step for each in stage.candidates for step in space.blocks_by_name[each.block].steps)
        fixed = [stride for step in steps if isinstance(step, ir.Step) and (stride := step.own_stride) != 1]
        strides |= {stage.stride, *(each for each in fixed if each != "layer")}
        strided += max(stage.depth) * (len(fixed) + 1)
    return int(math.lcm(*strides) ** strided * LARGEST_RESOLUTION)


def _classes(resolutions: Iterable[int], strides: Iterable[int]) -> list[tuple[int, ...]]:
    """The resolutions, grouped by which strides lead to the same size."""
    groups: dict[tuple[int, ...], list[int]] = defaultdict(list)
    for resolution in resolutions:
        sizes = [size_after(resolution, stride) for stride in strides]
        groups[tuple(map(sizes.index, sizes))].append(resolution)
    return [tuple(each) for each in groups.values()]


@dataclass(frozen=True)
class _Variant:
    """A stage with its block and its `uniform` numbers fixed.

    Attributes:
        windows: for each width list, the widths that each layer may take.
        layers: for each kernel, the edges of each layer; the layers after the first share theirs (but not in a model).
    """

    windows: tuple[tuple[tuple[int, ...], ...], ...]
    layers: Mapping[Kernel, tuple[Edges, ...]]


class _Census:
    """The kernels of a space at the virtual resolution, with some sizes treated as equal."""

    def __init__(self, space: ir.SearchSpace, resolution: int, relabel: Relabel) -> None:
        self.space, self.relabel = space, relabel
        self.stages = space.stem + space.stages
        self.entries = entry_widths(space)
        self.exits = [exit_widths(stage) for stage in self.stages]
        self.variants: list[list[_Variant]] = []
        size = resolution
        for stage, entry in zip(self.stages, self.entries, strict=False):
            self.variants.append(list(self._variants(stage, entry, size)))
            size //= stage.stride
        self.head = self._head(size)

    def kernels(self) -> set[Kernel]:
        return {kernel for stage in self.variants for each in stage for kernel in each.layers} | self.head.keys()

    def counts(self) -> dict[Kernel, int]:
        """The heaviest walk for each kernel."""
        where: dict[Kernel, dict[int, list[_Variant]]] = defaultdict(lambda: defaultdict(list))
        for at, variants in enumerate(self.variants):
            for variant in variants:
                for kernel in variant.layers:
                    where[kernel][at].append(variant)
        return {kernel: self._heaviest(kernel, where.get(kernel, {})) for kernel in self.kernels()}

    # --- which edges hold which kernels ---

    def _variants(self, stage: ir.Stage, entry: frozenset[int], size: int) -> Iterator[_Variant]:
        windows = tuple(tuple(integers(each.at(layer)) for layer in range(max(stage.depth))) for each in stage.windows)
        for candidate in stage.candidates:
            block = self.space.blocks_by_name[candidate.block]
            at = list(positions(block, stage, candidate, entry, size))
            shared = [index for index, name in enumerate(block.numeric) if name in stage.uniform]
            # Uniform numbers belong to the variant: two values can't be mixed in one walk.
            for values in {tuple(numbers[index] for index in shared) for each in at for numbers in each.numbers}:
                yield _Variant(windows, self._layers(block, candidate, at, dict(zip(shared, values, strict=True))))

    def _layers(
        self, block: ir.Block, candidate: ir.Candidate, at: Sequence[Position], fixed: Mapping[int, ir.Number]
    ) -> dict[Kernel, tuple[Edges, ...]]:
        found: dict[Kernel, list[Edges]] = {}
        for slot, position in enumerate(at):
            for numbers in position.numbers:
                if any(numbers[index] != value for index, value in fixed.items()):
                    continue
                for edge in position.edges:
                    ops = layer_ops(block, numbers, candidate.acts, LayerShape(*edge, position.stride, position.size))
                    for kernel, count in self._count(kernels_of(ops)).items():
                        of_slot = found.setdefault(kernel, [{} for _ in at])[slot]
                        of_slot[edge] = max(count, of_slot.get(edge, 0))
        return {
            kernel: tuple(edges for edges, position in zip(each, at, strict=True) for _ in range(position.layers))
            for kernel, each in found.items()
        }

    def _head(self, size: int) -> dict[Kernel, dict[int, int]]:
        """For each kernel, the most occurrences for each width that the head receives."""
        found: dict[Kernel, dict[int, int]] = defaultdict(dict)
        for width, widths in head_positions(self.space):
            ops = head_ops(self.space.head, widths, width, size, self.space.classes)
            for kernel, count in self._count(kernels_of(ops)).items():
                found[kernel][width] = max(count, found[kernel].get(width, 0))
        return found

    def _count(self, kernels: list[Kernel]) -> Counter[Kernel]:
        return Counter(each._replace(size=self.relabel(each.size)) for each in kernels)

    # --- the heaviest walk ---

    def _heaviest(self, kernel: Kernel, where: Mapping[int, list[_Variant]]) -> int:
        best: dict[int, int] = {}
        """For each width reached so far, the most occurrences up to it."""
        for at, stage in enumerate(self.stages):
            if at in where:
                best = best or dict.fromkeys(self.entries[at], 0)
                best = _through(stage, self.exits[at], kernel, where[at], best)
            elif best:
                kept = best if 0 in stage.depth else {}
                best = {**dict.fromkeys(self.exits[at], max(best.values())), **kept}
        head = self.head.get(kernel, {})
        best = best or dict.fromkeys(self.entries[-1], 0)
        return max(count + head.get(width, 0) for width, count in best.items())


def _through(
    stage: ir.Stage, exits: frozenset[int], kernel: Kernel, variants: Iterable[_Variant], best: Mapping[int, int]
) -> dict[int, int]:
    """`best` after the stage. Variants that can't hold the kernel only carry the counts over."""
    after = dict.fromkeys(exits, max(best.values()))
    if 0 in stage.depth:
        after = {width: max(best.get(width, 0), after.get(width, 0)) for width in {*best, *after}}
    walk = _walk_uniform if "width" in stage.uniform else _walk
    for variant in variants:
        layers = variant.layers[kernel]
        for widths in variant.windows:
            for depth, values in walk(layers, widths, best):
                if depth in stage.depth:
                    for width, count in values.items():
                        after[width] = max(count, after[width])
    return after


def _walk(
    layers: tuple[Edges, ...], widths: tuple[tuple[int, ...], ...], best: Mapping[int, int]
) -> Iterator[tuple[int, Mapping[int, int]]]:
    """By depth, the best for each last width, if every layer may take any width of the list."""
    for depth, (edges, legal) in enumerate(zip(layers, widths, strict=True), 1):
        after = dict.fromkeys(legal, max(best.values()))
        for (before, width), count in edges.items():
            if width in after and before in best:
                after[width] = max(after[width], best[before] + count)
        best = after
        yield depth, best


def _walk_uniform(
    layers: tuple[Edges, ...], widths: tuple[tuple[int, ...], ...], best: Mapping[int, int]
) -> Iterator[tuple[int, Mapping[int, int]]]:
    """The same, if all layers take one width."""
    values = {
        width: max(count + layers[0].get((before, width), 0) for before, count in best.items()) for width in widths[0]
    }
    yield 1, values
    for depth, edges in enumerate(layers[1:], 2):
        values = {width: count + edges.get((width, width), 0) for width, count in values.items()}
        yield depth, values
