"""Worker processes on this machine, each with some students of one stage."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from math import ceil
from typing import NamedTuple

from spacelang.train.distill.group import StepUpdate, train_together
from spacelang.train.distill.jobs import Job
from spacelang.train.distill.processes import Place
from spacelang.train.shared.workers import Send, in_processes


class _Task(NamedTuple):
    """What a worker is given; plain data, since it is a new process. `jobs`: their numbers."""

    place: Place
    jobs: tuple[int, ...]


class _Step(NamedTuple):
    """What it answers."""

    job: int
    done: int
    note: str


def split(jobs: Sequence[Job], workers: int) -> list[tuple[Job, ...]]:
    """Jobs of one stage each, in parts small enough that no worker waits long for another; one part a stage for one."""
    parts = []
    for _, group in groupby(jobs, key=lambda each: each.stage):
        stage = tuple(group)
        count = 1 if workers == 1 else min(len(stage), ceil(2 * workers * len(stage) / len(jobs)))
        size = ceil(len(stage) / count)
        parts += [stage[at : at + size] for at in range(0, len(stage), size)]
    return parts


def train_in_processes(place: Place, jobs: Sequence[Job], workers: int, report: StepUpdate) -> None:
    """Train jobs in worker processes, which take parts of them in turns.

    Raises:
        SpacelangError: as `in_processes`. Students that are trained by then are kept, and the others' checkpoints.
    """
    tasks = [_Task(place, tuple(each.job for each in part)) for part in split(jobs, workers)]
    in_processes(_work, tasks, workers, lambda step: report(*step))


def _work(task: _Task, send: Send[_Step]) -> None:
    train_alone(task.place, task.jobs, lambda *step: send(_Step(*step)))


def train_alone(place: Place, jobs: Sequence[int], report: StepUpdate) -> None:
    """Train jobs of one stage in a new process.

    Raises:
        SpacelangError: as `Place.open`, `train_together`.
    """
    build, sources, device, readers = place.open()
    train_together(build, build.chosen(jobs), sources, device, report, readers)
