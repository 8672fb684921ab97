"""Block-wise distillation: a student for each stage and block learns what its part of the teacher does (paper, C.3).

plan = prepare("build", data="digits")
results = distill(plan, workers=2)
"""

from __future__ import annotations

from spacelang.train.distill.begun import Begun, Sources, open_sources, read_begun, read_student
from spacelang.train.distill.jobs import Build, Job, read_jobs
from spacelang.train.distill.kept import TrainedStudent
from spacelang.train.distill.plan import Executor, Plan, distill, prepare
from spacelang.train.distill.processes import default_workers

__all__ = [
    "Begun",
    "Build",
    "Executor",
    "Job",
    "Plan",
    "Sources",
    "TrainedStudent",
    "default_workers",
    "distill",
    "open_sources",
    "prepare",
    "read_begun",
    "read_jobs",
    "read_student",
]
