"""Architectures: the choices for every layer that make one network of a space.

Light tuples, since searches make them by the hundred thousand. `model_of` turns one into an IR of kind `model`, which
prints as text; `architecture_of` reads it back.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from numbers import Integral
from typing import NamedTuple

from spacelang import ir
from spacelang.report.diagnostics import refuse


class LayerChoice(NamedTuple):
    """`numbers`: the values of the block's numeric parameters, in the order of `Block.numeric`."""

    width: int
    numbers: tuple[ir.Number, ...]


class StageChoice(NamedTuple):
    """`candidate`: the search id of the block."""

    candidate: int
    layers: tuple[LayerChoice, ...]


class Architecture(NamedTuple):
    """`head`: the widths of the head's convolutions that have a choice, in order."""

    resolution: int
    stem: tuple[StageChoice, ...]
    stages: tuple[StageChoice, ...]
    head: tuple[int, ...] = ()


def head_choices(space: ir.SearchSpace) -> tuple[ir.Choices, ...]:
    """The width choices of the head's convolutions that have one, in order."""
    return tuple(step.out for step in space.head if isinstance(step, ir.HeadConv) and isinstance(step.out, ir.Choices))


def head_widths(space: ir.SearchSpace, architecture: Architecture) -> tuple[int, ...]:
    """The chosen widths of the head.

    Raises: ValueError: if the architecture has another number of them than the head has choices.
    """
    expected = len(head_choices(space))
    if len(architecture.head) != expected:
        raise ValueError(f"the head of {space.name} has {expected} choices, the architecture {len(architecture.head)}")
    return architecture.head


def require_architecture(space: ir.SearchSpace, architecture: Architecture) -> None:
    """Raises: SpacelangError: SP1013: if it has other stages, blocks or parameters than the space."""
    wrong = _misfit(space, architecture)
    if wrong:
        refuse(
            "SP1013",
            f"this isn't an architecture of {space.name}: {wrong}",
            "`spacelang.sample(space, 1, seed=0)` draws one of a space",
        )


def _misfit(space: ir.SearchSpace, architecture: Architecture) -> str:
    """What an architecture has that the space can't; empty if nothing."""
    if not isinstance(architecture.resolution, Integral):
        return f"its resolution is {architecture.resolution!r}"
    if not isinstance(architecture.head, tuple) or len(architecture.head) != len(head_choices(space)):
        return f"the head has {len(head_choices(space))} choices"
    for part, stages, choices in (("stem", space.stem, architecture.stem), ("body", space.stages, architecture.stages)):
        if not isinstance(choices, tuple) or len(choices) != len(stages):
            return f"the {part} has {len(stages)} stages"
        for stage, choice in zip(stages, choices, strict=True):
            if not isinstance(choice, StageChoice) or not choice.layers:
                return f"{stage.name} is {choice!r}"
            found = [each for each in stage.candidates if each.id == choice.candidate]
            if not found:
                return f"{stage.name} has no block {choice.candidate}"
            numbers = len(_numeric(space, found[0]))
            if any(len(layer.numbers) != numbers for layer in choice.layers):
                return f"the block {found[0].block} of {stage.name} takes {numbers} numbers a layer"
    return ""


def smallest(space: ir.SearchSpace) -> Architecture:
    """The smallest value of every choice; of several blocks, the one with the fewest multiply-accumulates."""
    return _extreme(space, min)


def largest(space: ir.SearchSpace) -> Architecture:
    """The largest value of every choice; of several blocks, the one with the most multiply-accumulates."""
    return _extreme(space, max)


Pick = Callable[[Sequence[ir.Number]], ir.Number]
"""`min` or `max`."""


def _extreme(space: ir.SearchSpace, pick: Pick) -> Architecture:
    window = 0 if pick is min else -1
    choices = [
        [choose(space, stage, each, stage.windows[window], pick) for each in stage.candidates]
        for stage in space.stem + space.stages
    ]
    at = len(space.stem)
    first = [each[0] for each in choices]
    architecture = Architecture(
        int(pick(space.resolutions)),
        tuple(first[:at]),
        tuple(first[at:]),
        tuple(int(pick(each.values)) for each in head_choices(space)),
    )
    # Widths don't depend on the block, so each stage chooses by itself.
    stages = [_most(space, architecture, stage, each, pick) for stage, each in enumerate(choices[at:])]
    return architecture._replace(stages=tuple(stages))


def choose(
    space: ir.SearchSpace, stage: ir.Stage, candidate: ir.Candidate, window: ir.Choices, pick: Pick
) -> StageChoice:
    """The smallest of every choice of a stage with this block and width list, or the largest."""
    numbers = [candidate.numbers[name] for name in _numeric(space, candidate)]
    depth = int(pick(stage.depth))
    return StageChoice(
        candidate.id,
        tuple(
            LayerChoice(int(pick(window.at(layer))), tuple(pick(each.at(layer)) for each in numbers))
            for layer in range(depth)
        ),
    )


def _most(
    space: ir.SearchSpace, architecture: Architecture, stage: int, choices: Sequence[StageChoice], pick: Pick
) -> StageChoice:
    """The choice with which the network has the fewest, or the most, multiply-accumulates."""
    if len(choices) == 1:
        return choices[0]
    from spacelang.networks.cost import cost

    def macs(choice: StageChoice) -> int:
        stages = (*architecture.stages[:stage], choice, *architecture.stages[stage + 1 :])
        return sum(each.cost.macs for each in cost(space, architecture._replace(stages=stages)))

    counts = [macs(each) for each in choices]
    return choices[counts.index(int(pick(counts)))]


def architecture_of(model: ir.SearchSpace) -> Architecture:
    """The one architecture of a model."""
    return smallest(model)


def model_of(space: ir.SearchSpace, architecture: Architecture, name: str) -> ir.SearchSpace:
    """The space narrowed to one architecture, as an IR of kind `model` with its origin.

    Raises: SpacelangError: SP1013: if it isn't an architecture of the space.
    """
    require_architecture(space, architecture)
    widths = iter(architecture.head)
    encoding = space.origin.encoding if space.origin else None

    def single(stage: ir.Stage, choice: StageChoice) -> ir.Stage:
        candidate = stage.candidate(choice.candidate)
        names = _numeric(space, candidate)
        numbers = {name: _per_layer(layer.numbers[at] for layer in choice.layers) for at, name in enumerate(names)}
        return ir.Stage(
            name=stage.name,
            stride=stage.stride,
            depth=(len(choice.layers),),
            windows=(_per_layer(layer.width for layer in choice.layers),),
            candidates=(ir.replace(candidate, numbers=numbers),),
        )

    def fixed(step: ir.HeadStep) -> ir.HeadStep:
        if isinstance(step, ir.HeadConv) and isinstance(step.out, ir.Choices):
            return ir.replace(step, out=ir.Num(value=next(widths)))
        return step

    stem = tuple(map(single, space.stem, architecture.stem))
    stages = tuple(map(single, space.stages, architecture.stages))
    model = ir.replace(
        space,
        kind="model",
        name=name,
        origin=ir.Origin(kind=space.kind, name=space.name, sha256=space.sha256, encoding=encoding),
        resolutions=(architecture.resolution,),
        blocks=blocks_in_use(space, stem + stages),
        stem=stem,
        stages=stages,
        head=tuple(map(fixed, space.head)),
    )
    return model.signed()


def blocks_in_use(space: ir.SearchSpace, stages: Sequence[ir.Stage]) -> tuple[ir.Block, ...]:
    """The blocks of a space that these stages have as candidates."""
    used = {each.block for stage in stages for each in stage.candidates}
    return tuple(each for each in space.blocks if each.name in used)


def count_models(space: ir.SearchSpace) -> int:
    """How many models a space holds, exactly. `space` is a space or a model: one candidate per stage.

    Raises: SpacelangError: SP1002: if it is a hyperspace.
    """
    if space.kind == "hyperspace":
        refuse("SP1002", f"{space.name} is a hyperspace", "models are counted in a space: `spacelang.narrow` makes one")
    counts = [
        count_stage(space, stage, only_candidate(stage), only_window(stage)) for stage in space.stem + space.stages
    ]
    heads = [len(each.values) for each in head_choices(space)]
    return len(space.resolutions) * math.prod(counts) * math.prod(heads)


def count_stage(space: ir.SearchSpace, stage: ir.Stage, candidate: ir.Candidate, window: ir.Choices) -> int:
    """How many stage architectures there are with this candidate and window, over all depths."""
    sizes = {"width": len(window.at(0))}
    sizes.update((name, len(candidate.numbers[name].at(0))) for name in _numeric(space, candidate))
    shared = math.prod(size for name, size in sizes.items() if name in stage.uniform)
    free = math.prod(size for name, size in sizes.items() if name not in stage.uniform)
    return sum(int(shared * free**depth) for depth in stage.depth)


def only_candidate(stage: ir.Stage) -> ir.Candidate:
    """Raises: ValueError: if the stage still has a choice of blocks."""
    if len(stage.candidates) != 1:
        raise ValueError(f"{stage.name} has {len(stage.candidates)} blocks; a space has one")
    return stage.candidates[0]


def only_window(stage: ir.Stage) -> ir.Choices:
    """Raises: ValueError: if the stage still has a choice of width lists."""
    if len(stage.windows) != 1:
        raise ValueError(f"{stage.name} has {len(stage.windows)} width lists; a space has one")
    return stage.windows[0]


def _numeric(space: ir.SearchSpace, candidate: ir.Candidate) -> tuple[str, ...]:
    return space.blocks_by_name[candidate.block].numeric


def _per_layer(values: object) -> ir.Choices:
    return ir.Choices(values=tuple(values), per_layer=True)  # type: ignore[arg-type]
