"""`encoding.json`: what each digit of an encoding means, and how many spaces and models there are."""

from __future__ import annotations

import math
from typing import Any

from spacelang.backends.rendering import json_text
from spacelang.ir.nodes import Candidate, Kind, SearchSpace, Stage
from spacelang.language.node import to_data
from spacelang.networks.architecture import count_stage, head_choices
from spacelang.networks.genome import DIGITS, SEPARATOR, Genome, count_spaces, encode, encode_full, genome_of

FORMAT = 1


class EncodingBackend:
    name = "encoding"
    summary = "encoding.json: the alphabet of each stage, and exact numbers of spaces and models"
    kinds: tuple[Kind, ...] = ("hyperspace", "space", "model")

    def emit(self, space: SearchSpace) -> dict[str, str]:
        return {"encoding.json": json_text(document(space))}


def document(space: SearchSpace) -> dict[str, Any]:
    """The content of `encoding.json`.

    Numbers of spaces and models are decimal strings: they are exact, and larger than many JSON readers can handle.
    `models` counts each model once for every space of the hyperspace that holds it.
    """
    return {
        "format": FORMAT,
        "kind": space.kind,
        "name": space.name,
        "sha256": space.sha256,
        "origin": to_data(space.origin),
        "digits": DIGITS,
        "separator": SEPARATOR,
        "stages": [_alphabet(space, stage, at) for at, stage in enumerate(space.stages)],
        "spaces": str(count_spaces(space)),
        "models": str(_count_models(space)),
        "example": _example(space),
    }


def _alphabet(space: SearchSpace, stage: Stage, at: int) -> dict[str, Any]:
    # A space has one window left; its digit is the one from the hyperspace that the space came from.
    first = 0 if space.kind == "hyperspace" else genome_of(space).windows[at]
    return {
        "name": stage.name,
        "blocks": {DIGITS[each.id]: _block(each) for each in stage.candidates},
        "widths": {DIGITS[digit]: list(window.values) for digit, window in enumerate(stage.windows, first)},
    }


def _block(candidate: Candidate) -> dict[str, Any]:
    numbers = {name: list(choices.values) for name, choices in candidate.numbers.items()}
    return {"block": candidate.block, **numbers, **candidate.acts}


def _count_models(space: SearchSpace) -> int:
    of_stages = (
        sum(count_stage(space, stage, each, window) for each in stage.candidates for window in stage.windows)
        for stage in space.stem + space.stages
    )
    of_head = (len(each.values) for each in head_choices(space))
    return len(space.resolutions) * math.prod(of_stages) * math.prod(of_head)


def _example(space: SearchSpace) -> str:
    """The encoding of the first space of a hyperspace, or of this one."""
    if space.kind == "hyperspace":
        first = Genome(tuple(each.candidates[0].id for each in space.stages), (0,) * len(space.stages))
        return encode_full(space, first)
    code = encode(genome_of(space))
    if space.origin and space.origin.kind == "hyperspace" and space.origin.sha256:
        return f"{space.origin.name}@{space.origin.sha256[:8]}:{code}"
    return code
