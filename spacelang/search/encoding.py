"""A model as a list of genes, one for each choice that a space leaves open: what is drawn, mutated and crossed over."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from random import Random
from typing import NamedTuple

from spacelang import ir
from spacelang.networks.architecture import (
    Architecture,
    LayerChoice,
    StageChoice,
    head_choices,
    only_candidate,
    only_window,
)

MUTATION = 0.1
"""How likely a gene is drawn again, as in Once-for-All."""

Genes = tuple[int, ...]
"""For each gene, the index of its value. Genes of layers that are left out are there, but change nothing."""


class Layer(NamedTuple):
    """A layer of a stage that may be left out: for each field (width, then numbers), the gene and its values."""

    genes: tuple[int, ...]
    values: tuple[tuple[ir.Number, ...], ...]


class Stage(NamedTuple):
    """`depth`: the gene. `shared`: whether each field is the same in all layers."""

    declared: ir.Stage
    candidate: ir.Candidate
    depth: int
    shared: tuple[bool, ...]
    layers: tuple[Layer, ...]


class Encoding:
    """The genes of a space, which has one block and one width list in every stage.

    Attributes:
        counts: for each gene, how many values it has.
        stages: the stem's, then the body's.
        head: the genes of the head's convolutions that have a choice.
    """

    def __init__(self, space: ir.SearchSpace) -> None:
        self.space = space
        self.counts: list[int] = []
        self.resolution = self._gene(len(space.resolutions))
        self.stages = tuple(map(self._stage, space.stem + space.stages))
        self.head = tuple(self._gene(len(each.values)) for each in head_choices(space))

    def _gene(self, count: int) -> int:
        self.counts.append(count)
        return len(self.counts) - 1

    def _stage(self, declared: ir.Stage) -> Stage:
        candidate, window = only_candidate(declared), only_window(declared)
        names = ("width", *self.space.blocks_by_name[candidate.block].numeric)
        choices = (window, *(candidate.numbers[name] for name in names[1:]))
        shared = tuple(name in declared.uniform for name in names)
        depth = self._gene(len(declared.depth))
        layers: list[Layer] = []
        for at in range(max(declared.depth)):
            values = tuple(each.at(at) for each in choices)
            genes = tuple(
                layers[0].genes[field] if at and alike else self._gene(len(values[field]))
                for field, alike in enumerate(shared)
            )
            layers.append(Layer(genes, values))
        return Stage(declared, candidate, depth, shared, tuple(layers))

    def decode(self, genes: Genes) -> Architecture:
        """The model that genes stand for."""

        def layer(each: Layer) -> LayerChoice:
            width, *numbers = (values[genes[gene]] for gene, values in zip(each.genes, each.values, strict=True))
            return LayerChoice(int(width), tuple(numbers))

        def stage(each: Stage) -> StageChoice:
            depth = each.declared.depth[genes[each.depth]]
            return StageChoice(each.candidate.id, tuple(map(layer, each.layers[:depth])))

        made = tuple(map(stage, self.stages))
        stem = len(self.space.stem)
        widths = tuple(
            int(each.values[genes[gene]]) for gene, each in zip(self.head, head_choices(self.space), strict=True)
        )
        return Architecture(self.space.resolutions[genes[self.resolution]], made[:stem], made[stem:], widths)

    def encode(self, model: Architecture) -> Genes:
        """Genes of a model; those that change nothing are 0.

        Raises: ValueError: if the space doesn't hold the model.
        """
        genes = [0] * len(self.counts)
        genes[self.resolution] = self.space.resolutions.index(model.resolution)
        for stage, chosen in zip(self.stages, model.stem + model.stages, strict=True):
            genes[stage.depth] = stage.declared.depth.index(len(chosen.layers))
            for layer, choice in zip(stage.layers, chosen.layers, strict=False):
                for gene, values, value in zip(layer.genes, layer.values, (choice.width, *choice.numbers), strict=True):
                    genes[gene] = values.index(value)
        for gene, each, width in zip(self.head, head_choices(self.space), model.head, strict=True):
            genes[gene] = each.values.index(width)
        return tuple(genes)

    def completed(self, genes: Iterable[tuple[int, int]]) -> Genes:
        """All genes, from those that are known; the others change nothing and are 0."""
        known = dict(genes)
        return tuple(known.get(each, 0) for each in range(len(self.counts)))

    def active(self, genes: Genes) -> Iterator[tuple[int, int]]:
        """What decides how good a model is: its genes with their values, and (as negative numbers) its layers."""
        yield self.resolution, genes[self.resolution]
        number = 0
        for stage in self.stages:
            depth = stage.declared.depth[genes[stage.depth]]
            for at, layer in enumerate(stage.layers):
                number += 1
                if at < depth:
                    yield -number, 0
                    for gene, alike in zip(layer.genes, stage.shared, strict=True):
                        if not (at and alike):
                            yield gene, genes[gene]
        yield from ((gene, genes[gene]) for gene in self.head)

    def random(self, random: Random) -> Genes:
        """Every gene drawn evenly, so that shallow models are among them."""
        return tuple(random.randrange(count) for count in self.counts)

    def mutated(self, genes: Genes, random: Random) -> Genes:
        """Each gene is drawn again with a small probability."""
        return tuple(
            random.randrange(count) if random.random() < MUTATION else each
            for each, count in zip(genes, self.counts, strict=True)
        )

    def crossed(self, one: Sequence[int], other: Sequence[int], random: Random) -> Genes:
        """Each gene is that of one of the parents."""
        return tuple(pair[random.randrange(2)] for pair in zip(one, other, strict=True))
