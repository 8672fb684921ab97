"""The jobs of block-wise knowledge distillation (paper, 3.3 and C.3): one for each stage and block."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from spacelang import ir
from spacelang.backends.rendering import json_text, templates
from spacelang.ir import Candidate, Distill, Kind, SearchSpace, Stage
from spacelang.networks.positions import entry_widths

FORMAT = 1
TEACHER = "efficientnet-b5"
"""The paper's teacher; another one can be named when the jobs are run."""


class BkdBackend:
    name = "bkd"
    summary = "bkd/: the distillation jobs, one for each stage and block, for Slurm and Ray"
    kinds: tuple[Kind, ...] = ("hyperspace", "space")

    def emit(self, space: SearchSpace) -> dict[str, str]:
        jobs = _jobs(space)
        texts = {"bkd/jobs.json": json_text(_document(space, jobs))}
        for name in ("slurm_array.sh", "ray_jobs.py"):
            template = templates("spacelang.backends.bkd").get_template(f"{name}.jinja")
            texts[f"bkd/{name}"] = template.render(space=space, count=len(jobs))
        return texts


def _document(space: SearchSpace, jobs: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "format": FORMAT,
        "space": {"kind": space.kind, "name": space.name, "sha256": space.sha256},
        "teacher": TEACHER,
        "jobs": jobs,
    }


def _jobs(space: SearchSpace) -> list[dict[str, Any]]:
    """The jobs in the order of stages, then of candidates; a job's index is its place."""
    settings = space.distill or Distill()
    jobs: list[dict[str, Any]] = []
    for at, stage in enumerate(space.stages):
        ends = at in (0, len(space.stages) - 1)
        for candidate in stage.candidates:
            training = _training(space, settings, ends)
            job = {
                "job": len(jobs),
                "stage": stage.name,
                "block_id": candidate.id,
                "block": candidate.block,
                "sha256": _hash(space, at, candidate, training),
                "windows": [list(window.values) for window in stage.windows],
                "student": _student(space, at, stage, candidate),
                "training": training,
                "table": {
                    "architectures_per_window": settings.architectures,
                    "calibration_batches": settings.calibration_batches,
                    "validation_images": settings.validation_images,
                    "seed": settings.seed,
                },
            }
            jobs.append(job)
    return jobs


def _hash(space: SearchSpace, at: int, candidate: Candidate, training: dict[str, Any]) -> str:
    """Of everything in the space that a student depends on, so that a change elsewhere leaves it valid."""
    stage = space.stages[at]
    parts = [
        at,
        ir.to_data(ir.replace(stage, candidates=(candidate,))),
        ir.to_data(space.blocks_by_name[candidate.block]),
        sorted(entry_widths(space)[len(space.stem) + at]),
        [each.stride for each in (*space.stem, *space.stages[:at])],
        space.resolutions,
        training,
    ]
    return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()


def _student(space: SearchSpace, at: int, stage: Stage, candidate: Candidate) -> dict[str, Any]:
    """The stage between two 1×1 convolutions that adapt it to the teacher's channels, known when the job runs."""
    received = sorted(entry_widths(space)[len(space.stem) + at])
    return {
        "input_adapter": {"kernel": 1, "channels_in": "teacher, before the stage", "channels_out": received},
        "stage": {
            "stride": stage.stride,
            "depth": list(stage.depth),
            "width": _widths(stage),
            **{name: list(candidate.numbers[name].values) for name in space.blocks_by_name[candidate.block].numeric},
            **candidate.acts,
            "uniform": list(stage.uniform),
        },
        "output_adapter": {"kernel": 1, "channels_in": _widths(stage), "channels_out": "teacher, after the stage"},
    }


def _widths(stage: Stage) -> list[int]:
    """The union of the stage's windows: its whole range."""
    return sorted({int(width) for window in stage.windows for width in window.values})


def _training(space: SearchSpace, settings: Distill, ends: bool) -> dict[str, Any]:
    """Every hyperparameter of a job. `ends`: whether it is a job for the first or the last stage."""
    return {
        "loss": "nsr",
        "sub_stages_per_step": {
            "largest": {"count": 1, "resolution": max(space.resolutions)},
            "smallest": {"count": 1, "resolution": min(space.resolutions)},
            "random": {"count": settings.random_stages, "resolution": list(space.resolutions)},
        },
        "gradients": "sum",
        "gradient_clip_value": settings.gradient_clip,
        "optimizer": "adam",
        "schedule": "cosine",
        "batch": settings.batch,
        "fp32": {
            "epochs": settings.epochs,
            "learning_rate": settings.learning_rate_ends if ends else settings.learning_rate,
        },
        "lsq_plus": {
            "epochs": settings.quantised_epochs,
            "learning_rate": settings.learning_rate_quantised,
            "bits": 8,
        },
        "seed": settings.seed,
    }
