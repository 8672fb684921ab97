"""An architecture with the names of its numbers, for people and for other programs."""

from __future__ import annotations

from typing import Any

from spacelang import ir
from spacelang.networks.architecture import Architecture, StageChoice, require_architecture


def named(space: ir.SearchSpace, architecture: Architecture) -> dict[str, Any]:
    """An architecture as plain data: `resolution`, `stem`, `stages` and `head`.

    Each stage has its name as `stage`, its `block` and its `layers`, each of them a dict of its `width` and its
    block's numbers: `{"width": 64, "kernel": 5, "expand": 6}`. A table of all layers is a list of these.

    Raises: SpacelangError: SP1013: if it isn't an architecture of the space.
    """
    require_architecture(space, architecture)

    def stage(declared: ir.Stage, choice: StageChoice) -> dict[str, Any]:
        block = declared.candidate(choice.candidate).block
        names = space.blocks_by_name[block].numeric
        layers = [{"width": each.width, **dict(zip(names, each.numbers, strict=True))} for each in choice.layers]
        return {"stage": declared.name, "block": block, "layers": layers}

    return {
        "resolution": architecture.resolution,
        "stem": list(map(stage, space.stem, architecture.stem)),
        "stages": list(map(stage, space.stages, architecture.stages)),
        "head": list(architecture.head),
    }
