"""Teachers of block-wise distillation: frozen networks that give a feature map before and after every stage."""

from __future__ import annotations

from spacelang.train.teacher.cut import CutRow, describe_cut
from spacelang.train.teacher.opening import default_teacher, open_teacher
from spacelang.train.teacher.teacher import Point, Teacher

__all__ = ["CutRow", "Point", "Teacher", "default_teacher", "describe_cut", "open_teacher"]
