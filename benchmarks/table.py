"""How many images does a table need? Its time and its ranking, by `validation_images`, on the digits.

    python benchmarks/table.py [BUILD]

A few students of specs/digits.space are distilled, or taken from a BUILD that is. For each job 40 stage architectures
are measured in INT8 on the whole validation part, and on N images of the training part. Kendall's τ says how far the
two orders agree: 1 for the same order, 0 where one says nothing about the other; the figure is the mean over the jobs,
of architectures of one resolution. The times are of measuring, side by side in one run, as shares of the first.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
from scipy.stats import kendalltau

import spacelang
from spacelang.evolve.table.table import Cell
from spacelang.train.data import Split, drawn_from
from spacelang.train.distill import Build, Job, distill, open_sources, prepare, read_jobs, read_student
from spacelang.train.losses.draw import Drawn, draw
from spacelang.train.losses.maps import Images, Maps, Taught
from spacelang.train.losses.measure import measure_in
from spacelang.train.shared.runtime import accelerator

SPEC = Path(__file__).resolve().parents[1] / "specs" / "digits.space"
JOBS = (1, 4, 9, 12, 16, 19)
ARCHITECTURES = 40
COUNTS = (32, 64, 128, 256, 512, 1442)
CPU = accelerator("cpu")
Values = np.ndarray[tuple[int], np.dtype[np.float64]]


def main() -> None:
    with TemporaryDirectory() as folder:
        build = read_jobs(sys.argv[1]) if sys.argv[1:] else distilled(Path(folder))
        data = open_sources(build, CPU, None, None).data
        found = {0: [measured(build, build.jobs[job], data.validation) for job in JOBS]}
        for count in COUNTS:
            split = drawn_from(data.train, count, 0)
            found[count] = [measured(build, build.jobs[job], split) for job in JOBS]
    whole = found.pop(0)
    seconds = sum(each[1] for each in whole)
    print(f"{'images':>22}{'time':>8}{'τ':>8}{'lowest':>8}")
    print(f"{f'{len(data.validation)} for validation':>22}{1:>8.2f}{1:>8.3f}{1:>8.3f}")
    for count, here in found.items():
        taus = [tau(job, one[0], other[0], build) for job, one, other in zip(JOBS, whole, here, strict=True)]
        spent = sum(each[1] for each in here) / seconds
        print(f"{count:>22}{spent:>8.2f}{np.mean(taus):>8.3f}{min(taus):>8.3f}")


def distilled(folder: Path) -> Build:
    spacelang.compile_to(spacelang.load(SPEC), folder)
    plan = prepare(folder, data="digits", jobs=JOBS, accelerator="cpu")
    distill(plan, accelerator="cpu")
    return plan.build


def measured(build: Build, job: Job, split: Split) -> tuple[Values, float]:
    """The losses, and the seconds it took."""
    found = read_student(build, job)
    assert found is not None
    student, _ = found
    CPU.place(student)
    sources, sampling = open_sources(build, CPU, None, None), job.table
    images = Images(
        sources.data, split, max(build.space.resolutions), job.training.batch, sampling.calibration_batches, 0
    )
    maps = Maps(Taught(sources.teacher, images, CPU), build.stage_of(job), CPU)
    began = time.perf_counter()
    losses = measure_in(["int8"], student, drawn_for(build, job), maps, CPU)
    return np.array([each for (each,) in losses]), time.perf_counter() - began


def drawn_for(build: Build, job: Job) -> tuple[Drawn, ...]:
    stage = build.stage_of(job)
    windows = len(build.space.stages[stage].windows)
    cells = (Cell(stage, job.block_id, window) for window in range(windows))
    drawn = [each for cell in cells for each in draw(build.space, cell, -(-ARCHITECTURES // windows), seed=1)]
    return tuple(dict.fromkeys(drawn))[:ARCHITECTURES]


def tau(
    job: int,
    one: np.ndarray[tuple[int], np.dtype[np.float64]],
    other: np.ndarray[tuple[int], np.dtype[np.float64]],
    build: Build,
) -> float:
    resolutions = np.array([each.resolution for each in drawn_for(build, build.jobs[job])])
    parts = [resolutions == each for each in build.space.resolutions]
    return float(np.mean([kendalltau(one[each], other[each]).statistic for each in parts]))


if __name__ == "__main__":
    main()
