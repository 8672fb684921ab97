"""How long a step may take: what it took in this folder, or rates that were measured on two cores of an x86 server."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from spacelang import ir
from spacelang.whole.contents import DIGITS
from spacelang.whole.record import Whole
from spacelang.whole.steps import Step, Way

DIGITS_IMAGES = 1437
"""For training; the validation images are a fourth of them."""
PIXELS = 32 * 32
"""Of the images that the rates below were measured with."""
STUDENT = 0.0013
"""Seconds that a student takes for an image."""
MEASURED = 0.11
"""Seconds that the losses of one stage architecture take."""
SUPERNET = 0.0055
"""Seconds that a supernet takes for an image."""
MODEL = 0.6
"""Seconds that the search takes to evaluate a model."""
MODELS = 600
"""That the search evaluates, unless told."""
FIXED = {"compile": 3, "attach": 6, "evolve": 6, "solve": 4, "export": 60, "evaluate": 10, "bench": 170, "report": 8}
"""Seconds."""


class Estimate(NamedTuple):
    """`measured`: whether it is what the step took in this folder."""

    seconds: float
    measured: bool


def estimate(way: Way, step: Step, whole: Whole | None, changed: int) -> Estimate:
    """How long a step may take. changed: how many of the things that it reads have changed; 0 for all."""
    took = whole.seconds.get(step.name) if whole else None
    share = min(1.0, changed / _students(way.space)) if step.name == "distill" and changed else 1.0
    return Estimate((_by_rate(way, step) if took is None else took) * share, took is not None)


def _by_rate(way: Way, step: Step) -> float:
    space = way.space
    size = max(space.resolutions) ** 2 / PIXELS
    count = images_of(way.choices.data)
    if step.name == "distill":
        settings = space.distill or ir.Distill()
        return STUDENT * _students(space) * count * (settings.epochs + settings.quantised_epochs) * size
    if step.name == "table":
        cells = sum(len(each.candidates) * len(each.windows) for each in space.stages)
        return MEASURED * cells * (space.distill or ir.Distill()).architectures * size
    if step.name == "train":
        train = space.train or ir.Train()
        return SUPERNET * count * (train.epochs + train.quantised_epochs) * size
    if step.name == "search":
        return MODEL * (way.choices.models or MODELS) * size
    return FIXED.get(step.name, 0)


def _students(space: ir.SearchSpace) -> int:
    return sum(len(each.candidates) for each in space.stages)


def images_of(data: str) -> int:
    """How many images there are for training."""
    return DIGITS_IMAGES if data == DIGITS else sum(each.is_file() for each in Path(data, "train").rglob("*"))
