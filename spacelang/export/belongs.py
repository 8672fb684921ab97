"""Whether a model is one of a space."""

from __future__ import annotations

from collections.abc import Iterator

from spacelang import ir
from spacelang.networks.architecture import Architecture, StageChoice, architecture_of, model_of
from spacelang.report.diagnostics import refuse


def architecture_in(space: ir.SearchSpace, model: ir.SearchSpace) -> Architecture:
    """The model as an architecture of the space.

    Raises: SpacelangError: SP1903 if the space doesn't hold it; it says where they differ first.
    """
    architecture = architecture_of(model)
    wrong = next(_differences(space, model, architecture), None)
    if wrong is None and model_of(space, architecture, model.name).sha256 != model.sha256:
        wrong = "its blocks, its head or its classes differ"
    if wrong is not None:
        refuse("SP1903", f"{model.name} isn't a model of {space.name}: {wrong}", "take a run of the space it is from")
    return architecture


def _differences(space: ir.SearchSpace, model: ir.SearchSpace, architecture: Architecture) -> Iterator[str]:
    if architecture.resolution not in space.resolutions:
        yield f"the resolution is {architecture.resolution}, not one of {_listed(space.resolutions)}"
    stages, theirs = space.stem + space.stages, model.stem + model.stages
    if [each.name for each in stages] != [each.name for each in theirs]:
        yield "they don't have the same stages"
        return
    for stage, choice in zip(stages, architecture.stem + architecture.stages, strict=True):
        yield from _stage_differences(stage, choice, space)


def _stage_differences(stage: ir.Stage, choice: StageChoice, space: ir.SearchSpace) -> Iterator[str]:
    candidates = {each.id: each for each in stage.candidates}
    if choice.candidate not in candidates:
        yield f"{stage.name} has the block {choice.candidate}, not one of {_listed(sorted(candidates))}"
        return
    if len(choice.layers) not in stage.depth:
        yield f"{stage.name} has {len(choice.layers)} layers, not one of {_listed(stage.depth)}"
        return
    candidate = candidates[choice.candidate]
    names = space.blocks_by_name[candidate.block].numeric
    for at, layer in enumerate(choice.layers):
        widths = sorted({width for window in stage.windows for width in window.at(at)})
        if layer.width not in widths:
            yield f"the width of {stage.name}.{at} is {layer.width}, not one of {_listed(widths)}"
        for name, number in zip(names, layer.numbers, strict=False):
            if number not in candidate.numbers[name].at(at):
                yield f"{name} of {stage.name}.{at} is {number}, not one of {_listed(candidate.numbers[name].at(at))}"


def _listed(values: object) -> str:
    return ", ".join(f"{each:g}" for each in values)  # type: ignore[attr-defined]
