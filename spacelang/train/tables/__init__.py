"""Tables of what students have learned: the loss of stage architectures of every cell.

plan = prepare("build")
table = build_table(plan, workers=2)
"""

from __future__ import annotations

from spacelang.train.distill.processes import default_workers
from spacelang.train.tables.build import Plan, build_table, prepare

__all__ = ["Plan", "build_table", "default_workers", "prepare"]
