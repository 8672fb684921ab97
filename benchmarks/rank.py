"""Do the losses of a table rank stage architectures as longer training does? Kendall's τ, on the digits.

    python benchmarks/rank.py [JOB…]

For each job (a stage and a block; by default one of each stage) 50 stage architectures are drawn from all of its width
lists and measured in INT8 twice: with the student that `spacelang distill` trains, and with one that is trained three
times longer, in FP32 and in INT8. τ is 1 where both give the same order, 0 where one says nothing about the other. The
second figure compares architectures of one resolution only, which is what a search does.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.stats import kendalltau

import spacelang
from spacelang import ir
from spacelang.evolve.table.table import Cell
from spacelang.train.distill import Build, Job, default_workers, distill, open_sources, prepare, read_student
from spacelang.train.losses.draw import Drawn, draw
from spacelang.train.losses.maps import Images, Maps, Taught
from spacelang.train.losses.measure import Losses, measure
from spacelang.train.shared.runtime import accelerator

SPEC = Path(__file__).resolve().parents[1] / "specs" / "digits.space"
JOBS = (1, 9, 19)
ARCHITECTURES = 50
LONGER = 3
CPU = accelerator("cpu")


def main() -> None:
    chosen = tuple(map(int, sys.argv[1:])) or JOBS
    space = spacelang.load(SPEC)
    with TemporaryDirectory() as folder:
        usual = distilled(space, Path(folder, "usual"), chosen)
        shutil.copytree(usual.folder / "bkd/teacher", Path(folder, "longer/bkd/teacher"))
        longer = distilled(trained_longer(space), Path(folder, "longer"), chosen)
        print(f"{'stage':10}{'block':26}{'loss':>16}{'3 × longer':>16}{'τ':>8}{'by resolution':>15}")
        for job in usual.chosen(chosen):
            compare(job, usual, longer)


def trained_longer(space: ir.SearchSpace) -> ir.SearchSpace:
    settings = space.distill
    assert settings is not None
    epochs = {"epochs": settings.epochs * LONGER, "quantised_epochs": settings.quantised_epochs * LONGER}
    return ir.replace(space, distill=ir.replace(settings, **epochs))


def distilled(space: ir.SearchSpace, folder: Path, jobs: Sequence[int]) -> Build:
    spacelang.compile_to(space, folder)
    plan = prepare(folder, data="digits", jobs=jobs, accelerator="cpu")
    distill(plan, workers=default_workers("cpu"), accelerator="cpu")
    return plan.build


def compare(job: Job, usual: Build, longer: Build) -> None:
    drawn = drawn_for(usual, job)
    before, after = (np.array([each.int8 for each in losses(build, job, drawn)]) for build in (usual, longer))
    resolutions = np.array([each.resolution for each in drawn])
    parts = [resolutions == each for each in usual.space.resolutions]
    within = [float(kendalltau(before[each], after[each]).statistic) for each in parts]
    ranges = (f"{each.min():.3f} to {each.max():.3f}" for each in (before, after))
    name = f"{job.block_id} {job.block}"
    tau = float(kendalltau(before, after).statistic)
    print(f"{job.stage:10}{name:26}{next(ranges):>16}{next(ranges):>16}{tau:8.3f}{np.mean(within):15.3f}")


def drawn_for(build: Build, job: Job) -> tuple[Drawn, ...]:
    """Stage architectures of a job, over all width lists."""
    stage = build.stage_of(job)
    windows = len(build.space.stages[stage].windows)
    cells = (Cell(stage, job.block_id, window) for window in range(windows))
    drawn = [each for cell in cells for each in draw(build.space, cell, ceil(ARCHITECTURES / windows), seed=1)]
    return tuple(dict.fromkeys(drawn))[:ARCHITECTURES]


def losses(build: Build, job: Job, drawn: tuple[Drawn, ...]) -> list[Losses]:
    found = read_student(build, job)
    assert found is not None
    sources = open_sources(build, CPU, None, None)
    size, sampling = max(build.space.resolutions), job.table
    images = Images(
        sources.data, sources.data.validation, size, job.training.batch, sampling.calibration_batches, sampling.seed
    )
    maps = Maps(Taught(sources.teacher, images, CPU), build.stage_of(job), CPU)
    student, _ = found
    CPU.place(student)
    return measure(student, drawn, maps, CPU)


if __name__ == "__main__":
    main()
