"""Worker processes on this machine, each with some students of one stage."""

from __future__ import annotations

import multiprocessing
import os
import queue
import signal
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from itertools import groupby
from math import ceil
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any, NamedTuple

from spacelang.backend import refuse
from spacelang.diagnostics import Diagnostic, SpacelangError
from spacelang.train.distill.begun import open_sources
from spacelang.train.distill.group import Report, train_together
from spacelang.train.distill.jobs import Build, Job, read_jobs
from spacelang.train.runtime import accelerator

GRACE_SECONDS = 10.0
POLL_SECONDS = 0.2
MALLOC = {"MALLOC_MMAP_THRESHOLD_": "4294967296", "MALLOC_TRIM_THRESHOLD_": "4294967296", "MALLOC_TOP_PAD_": "67108864"}
"""glibc gives large blocks back to the system and asks for them again at each step; kept, steps are up to twice as
fast (DESIGN 7)."""


class _Task(NamedTuple):
    """What a worker is told; plain data, for it starts anew. `jobs`: numbers."""

    build: Path
    jobs: tuple[int, ...]
    accelerator: str


class _Failed(NamedTuple):
    diagnostics: tuple[Diagnostic, ...]


def split(jobs: Sequence[Job], workers: int) -> list[tuple[Job, ...]]:
    """Jobs of one stage each, in parts small enough that no worker waits long for another; one part a stage for one."""
    parts = []
    for _, group in groupby(jobs, key=lambda each: each.stage):
        stage = tuple(group)
        count = 1 if workers == 1 else min(len(stage), ceil(2 * workers * len(stage) / len(jobs)))
        size = ceil(len(stage) / count)
        parts += [stage[at : at + size] for at in range(0, len(stage), size)]
    return parts


def train_in_processes(build: Build, jobs: Sequence[Job], workers: int, where: str, report: Report) -> None:
    """Train jobs in worker processes, which take parts of them in turns.

    Raises:
        SpacelangError: what a worker raises; SP1307 if one dies. Students that are trained by then are kept, and the
            others' checkpoints.
    """
    tasks = [_Task(build.folder, tuple(each.job for each in part), where) for part in split(jobs, workers)]
    context = multiprocessing.get_context("spawn")
    messages = context.Queue()
    running: list[BaseProcess] = []
    try:
        with _environment(MALLOC):
            while tasks or running:
                while tasks and len(running) < workers:
                    running.append(context.Process(target=_work, args=(tasks.pop(0), messages, os.getpid())))
                    running[-1].start()
                _deliver(messages, report)
                running = [each for each in running if not _ended(each)]
        _deliver(messages, report)
    finally:
        _stop(running)


def _deliver(messages: Any, report: Report) -> None:
    """Hand on what workers said, for a moment. Raises: SpacelangError: if it was that one failed."""
    try:
        while True:
            message = messages.get(timeout=POLL_SECONDS)
            if isinstance(message, _Failed):
                raise SpacelangError(message.diagnostics)
            report(*message)
    except queue.Empty:
        return


def _ended(process: BaseProcess) -> bool:
    if process.is_alive():
        return False
    process.join()
    if process.exitcode:
        refuse(
            "SP1307",
            f"a worker process ended with exit code {process.exitcode}"
            if process.exitcode > 0
            else f"a worker process was ended by {signal.Signals(-process.exitcode).name}",
            "run the same command again: it goes on from the checkpoints; with less memory, take fewer `--workers`",
        )
    return True


def _stop(running: Sequence[BaseProcess]) -> None:
    for each in running:
        each.terminate()
    for each in running:
        each.join(GRACE_SECONDS)
        if each.is_alive():
            each.kill()


@contextmanager
def _environment(more: dict[str, str]) -> Iterator[None]:
    """What processes that are started inside find in their environment; a user's own settings stay."""
    added = {name: value for name, value in more.items() if name not in os.environ}
    os.environ.update(added)
    try:
        yield
    finally:
        for name in added:
            del os.environ[name]


class _Orphaned(Exception):
    """Nobody waits for this worker any more."""


def _work(task: _Task, messages: Any, parent: int) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, ends its workers

    def report(job: int, done: int, note: str) -> None:
        if os.getppid() != parent:
            raise _Orphaned
        messages.put((job, done, note))

    try:
        here = accelerator(task.accelerator)
        build = read_jobs(task.build)
        sources = open_sources(build, here, None, None)
        train_together(build, build.chosen(task.jobs), sources, here, report)
    except SpacelangError as error:
        messages.put(_Failed(tuple(error.diagnostics)))
    except _Orphaned:
        messages.cancel_join_thread()
