"""Teachers of block-wise distillation: frozen networks that give a feature map before and behind every stage."""

from __future__ import annotations

from pathlib import Path

import torch

from spacelang.ir import SearchSpace
from spacelang.train.data import DIGITS, Data
from spacelang.train.teacher.teacher import Point, Teacher, Update
from spacelang.train.teacher.trained import NAME as TRAINED
from spacelang.train.teacher.trained import open_trained

__all__ = ["Point", "Teacher", "Update", "default_teacher", "open_teacher"]


def default_teacher(data: Data) -> str:
    """The teacher to take where nobody names one."""
    return TRAINED if data.name == DIGITS else "efficientnet-b5"


def open_teacher(
    name: str,
    space: SearchSpace,
    data: Data,
    folder: Path,
    update: Update | None = None,
    *,
    device: torch.device | None = None,
) -> Teacher:
    """A teacher, cut to the stages of the space. It is on the CPU."""
    return open_trained(space, data, folder, update, device or torch.device("cpu"))
