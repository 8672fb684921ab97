"""Block-wise distillation of a build: which jobs are left, who trains them, and what came of it."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import Literal, NamedTuple

from spacelang.progress import Update
from spacelang.train import checkpoint
from spacelang.train.distill.begun import STUDENTS, Finished, Sources, is_finished, open_sources
from spacelang.train.distill.group import count_steps, train_together
from spacelang.train.distill.jobs import Build, Job, read_jobs
from spacelang.train.distill.local import split, train_in_processes
from spacelang.train.runtime import accelerator as accelerator_named
from spacelang.train.teacher import CutRow, describe_cut

Executor = Literal["local", "ray"]


class Plan(NamedTuple):
    """What is to be done. cut: the teacher's, for each stage. left: the jobs that aren't trained yet."""

    build: Build
    sources: Sources
    cut: Sequence[CutRow]
    jobs: tuple[Job, ...]
    left: tuple[Job, ...]


def prepare(
    folder: str | os.PathLike[str],
    *,
    data: str | None = None,
    teacher: str | None = None,
    jobs: Sequence[int] = (),
    accelerator: str = "auto",
    update: Update | None = None,
) -> Plan:
    """Open what a build is distilled with.

    Args:
        folder: what `spacelang compile` wrote.
        data, teacher: as `open_sources`.
        jobs: numbers; none means all.
        update: told how far the training of the teacher `trained` is.

    Raises:
        SpacelangError: as `read_jobs`, `Build.chosen`, `open_sources`; SP1301 for the accelerator.
    """
    build = read_jobs(folder)
    chosen = build.chosen(jobs)
    sources = open_sources(build, accelerator_named(accelerator), data, teacher, update)
    left = tuple(each for each in chosen if not is_finished(build, each))
    return Plan(build, sources, describe_cut(sources.teacher, build.space), chosen, left)


def distill(
    plan: Plan,
    *,
    executor: Executor = "local",
    workers: int = 1,
    accelerator: str = "auto",
    update: Update | None = None,
) -> tuple[Finished, ...]:
    """Train what is left; returns all chosen jobs' results, in their order.

    The students' bytes don't depend on the executor, the workers, or on how often the run was interrupted.

    Args:
        workers: of `local`, processes on this machine. One trains in this process.

    Raises:
        SpacelangError: as `train_together`, `train_in_processes`.
    """
    progress = _Progress(plan, update)
    if executor == "ray":
        from spacelang.train.distill.on_ray import train_on_ray

        train_on_ray(plan.build, plan.left, progress.finished)
    elif workers == 1 or len(plan.left) < 2:
        here = accelerator_named(accelerator)
        for together in split(plan.left, workers=1):
            train_together(plan.build, together, plan.sources, here, progress.report)
    else:
        train_in_processes(plan.build, plan.left, workers, accelerator, progress.report)
    return tuple(_result(plan.build, each) for each in plan.jobs)


def run_job(build: str | os.PathLike[str], job: int, data: str | None = None, teacher: str | None = None) -> None:
    """One job in this process, as a task of Ray or Slurm; nothing if it is trained already."""
    distill(prepare(build, data=data, teacher=teacher, jobs=[job]))


def default_workers(accelerator: str) -> int:
    """As many as there are cores for this process; on a GPU one, which keeps it busy.

    Raises:
        SpacelangError: SP1301 for an accelerator that isn't there.
    """
    if accelerator_named(accelerator).device.type != "cpu":
        return 1
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _result(build: Build, job: Job) -> Finished:
    found = checkpoint.load(build.folder / STUDENTS, job.name, Finished)
    assert found is not None, job
    return found.state


class _Progress:
    """Adds up the steps of all jobs."""

    def __init__(self, plan: Plan, update: Update | None) -> None:
        self._update = update
        self._steps = {}
        for each in plan.jobs:
            epochs = sum(phase.epochs for phase in each.training.phases)
            self._steps[each.job] = epochs * count_steps(plan.sources, each)
        self._done = {each.job: 0 if each in plan.left else self._steps[each.job] for each in plan.jobs}

    def finished(self, job: Job) -> None:
        self.report(job.job, self._steps[job.job], job.describe())

    def report(self, job: int, done: int, note: str) -> None:
        self._done[job] = done
        if self._update:
            self._update(sum(self._done.values()), sum(self._steps.values()), note)
