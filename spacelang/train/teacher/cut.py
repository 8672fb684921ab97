"""Where a teacher is cut: a feature map before the first stage of a space, and one after every stage."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from itertools import accumulate, groupby
from operator import mul
from typing import NamedTuple

import torch

from spacelang.ir.nodes import SearchSpace
from spacelang.language.shapes import sizes
from spacelang.report.diagnostics import SpacelangError, refuse
from spacelang.train.teacher.teacher import Point, Teacher


class CutRow(NamedTuple):
    """One stage of the space and the teacher's maps that a student of it gets and should give."""

    stage: str
    entry: Point
    exit: Point


def reductions(space: SearchSpace) -> tuple[int, ...]:
    """How many times smaller than the image the map before the first stage is, and the one after every stage."""
    strides = [each.stride for each in space.stem + space.stages]
    return tuple(accumulate(strides, mul, initial=1))[len(space.stem) :]


def choose(
    points: Sequence[Point], wanted: Sequence[int], preferred: Collection[int] | None = None
) -> tuple[int, ...] | None:
    """Positions of points with the wanted reductions, in their order; None where there are too few.

    Of more points than are wanted at a reduction, the last one is taken and the others at even distances before it:
    the further back, the more the teacher has made of the map.

    Args:
        preferred: positions to choose from where they suffice, such as the ends of the teacher's own stages.
    """
    chosen: list[int] = []
    for reduction, group in groupby(wanted):
        count = len(list(group))
        there = [index for index, each in enumerate(points) if each.reduction == reduction]
        best = [index for index in there if preferred is None or index in preferred]
        pool = best if len(best) >= count else there
        if len(pool) < count:
            return None
        chosen += [pool[-(-len(pool) * number // count) - 1] for number in range(1, count + 1)]
    return tuple(chosen) if chosen == sorted(set(chosen)) else None


def cut(
    name: str, points: Sequence[Point], space: SearchSpace, preferred: Collection[int] | None = None
) -> tuple[int, ...]:
    """As `choose`, for a space.

    Raises: SpacelangError: SP1223 if the teacher doesn't have such points.
    """
    wanted = reductions(space)
    chosen = choose(points, wanted, preferred)
    if chosen is None:
        shown = [each for index, each in enumerate(points) if preferred is None or index in preferred]
        refuse(
            "SP1223",
            f"the teacher `{name}` can't be cut for {space.name}, which needs maps of {_parts(wanted)} of the image",
            f"it has {', '.join(f'{each.name} ({_parts([each.reduction])})' for each in shown)}; "
            "the teacher `trained` fits every space",
        )
    return chosen


def _parts(reductions: Sequence[int]) -> str:
    return ", ".join(f"1/{each}" for each in reductions)


def describe_cut(teacher: Teacher, space: SearchSpace) -> tuple[CutRow, ...]:
    """One row for each stage of the space."""
    pairs = zip(space.stages, teacher.points, teacher.points[1:], strict=False)
    return tuple(CutRow(stage.name, entry, exit) for stage, entry, exit in pairs)


def check_maps(teacher: Teacher, space: SearchSpace) -> None:
    """Runs an image of each resolution through: maps must have the channels that points claim, and the sizes of the
    space's own maps, or a student's map couldn't be compared with them.

    Raises:
        SpacelangError: SP1224 if one hasn't, SP1225 if the teacher can't run on such images.
    """
    strides = [each.stride for each in space.stem + space.stages]
    for resolution in space.resolutions:
        wanted = sizes(resolution, strides)[len(space.stem) :]
        images = torch.zeros(1, space.channels, resolution, resolution)
        with running(teacher.name, images):
            maps = teacher(images)
        for point, size, found in zip(teacher.points, wanted, maps, strict=True):
            if found.shape != (1, point.channels, size, size):
                shape = "×".join(map(str, found.shape[1:]))
                refuse(
                    "SP1224",
                    f"at resolution {resolution} the teacher `{teacher.name}` gives {shape} at {point.name}, "
                    f"{space.name} needs {point.channels}×{size}×{size}",
                    "take another teacher, or resolutions that its strides divide",
                )


@contextmanager
def running(name: str, images: torch.Tensor) -> Iterator[None]:
    """Where a network of somebody else runs on images that it may not be made for.

    Raises: SpacelangError: SP1225 if it fails.
    """
    try:
        yield
    except SpacelangError:
        raise
    except Exception as error:  # any library's
        shape = "×".join(map(str, images.shape[1:]))
        refuse("SP1225", f"the teacher `{name}` can't run on images of {shape}: {type(error).__name__}: {error}")
