"""A teacher by its name."""

from __future__ import annotations

from pathlib import Path

import torch

from spacelang.ir.nodes import SearchSpace
from spacelang.report.diagnostics import refuse
from spacelang.report.progress import Update
from spacelang.report.suggest import did_you_mean
from spacelang.train.data import DIGITS, Data
from spacelang.train.teacher.cut import check_maps, cut
from spacelang.train.teacher.teacher import Found, Normalisation, Teacher
from spacelang.train.teacher.trained import NAME as TRAINED
from spacelang.train.teacher.trained import Where, open_trained

EFFICIENTNET, EFFICIENTNET_HUB = "efficientnet-b5", "google/efficientnet-b5"
TRANSFORMERS, TIMM = "transformers", "timm"
GREY, COLOUR = 1, 3


def default_teacher(data: Data) -> str:
    """The teacher to take where nobody names one: the paper's, except for images that it knows nothing about."""
    return TRAINED if data.name == DIGITS else EFFICIENTNET


def open_teacher(
    name: str,
    space: SearchSpace,
    data: Data,
    folder: Path,
    update: Update | None = None,
    *,
    device: torch.device | None = None,
    workers: int = 0,
) -> Teacher:
    """A teacher, cut to the stages of the space and tried at each of its resolutions. It is on the CPU.

    Args:
        name: `trained`, `efficientnet-b5`, `efficientnet-b5:FOLDER`, `transformers:HUB_ID_OR_FOLDER` or `timm:MODEL`.
        folder: where `trained` is kept, and found again.
        update: called with how far the training of `trained` is.
        device: where it is trained; on a processor with as many threads as torch is set to, so set one thread for the
            same bits everywhere.
        workers: processes that read images for its training.

    Raises:
        SpacelangError: SP1220 if there is no such teacher, SP1221, SP1222, SP1225, SP1226, SP1227 if it can't be had or
            run, SP1223, SP1224, SP1228 if it doesn't fit the space, SP1230, SP1231, SP1302 if the kept one doesn't fit
            or is damaged.
    """
    if name == TRAINED:
        where = Where(device or torch.device("cpu"), workers)
        teacher = open_trained(space, data, folder, update, where)
    else:
        if space.channels not in (GREY, COLOUR):
            refuse("SP1228", f"the teacher `{name}` takes 3 channels, {space.name} has {space.channels}")
        found = _found(name, max(space.resolutions))
        chosen = cut(name, found.points, space, found.preferred)
        affine = _affine((data.mean, data.std), found.normalisation)
        teacher = Teacher(name, found.backbone, [found.points[each] for each in chosen], chosen, affine)
    check_maps(teacher, space)
    return teacher


def _found(name: str, size: int) -> Found:
    kind, _, which = name.partition(":")
    legal = (TRAINED, EFFICIENTNET, f"{EFFICIENTNET}:FOLDER", f"{TRANSFORMERS}:HUB_ID_OR_FOLDER", f"{TIMM}:MODEL")
    if kind not in (EFFICIENTNET, TRANSFORMERS, TIMM) or (kind != EFFICIENTNET and not which):
        refuse("SP1220", f"there is no teacher `{name}`", did_you_mean(name, legal))
    if kind == TIMM:
        from spacelang.train.teacher.timm_models import open_timm

        return open_timm(name, which, size)
    from spacelang.train.teacher.hub import open_hub

    return open_hub(name, which or EFFICIENTNET_HUB, size)


def _affine(data: Normalisation, teacher: Normalisation) -> tuple[list[float], list[float]] | None:
    """Scale and shift of each of the teacher's channels that turn the data's normalisation into its own.

    In this way a grey image of one channel becomes one of three equal channels.
    """
    if tuple(map(tuple, data)) == tuple(map(tuple, teacher)):
        return None
    (means, stds), (wanted_means, wanted_stds) = ([list(each) for each in both] for both in (data, teacher))
    grey = len(means) == GREY
    scale, shift = [], []
    for channel, (mean, std) in enumerate(zip(wanted_means, wanted_stds, strict=True)):
        own = 0 if grey else channel
        scale.append(stds[own] / std)
        shift.append((means[own] - mean) / std)
    return scale, shift
