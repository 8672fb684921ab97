"""Evaluation in several processes, or on a Ray cluster; with the same answers, for each model gets its own."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager
from importlib import import_module
from typing import Any, Literal

from spacelang.networks.architecture import Architecture
from spacelang.report.diagnostics import Diagnostic, SpacelangError, refuse
from spacelang.search.evaluator import Done, Evaluation, Evaluator, Source, SupernetEvaluator, open_evaluator
from spacelang.train.shared.cluster import ray_cluster

Executor = Literal["local", "ray"]
Answer = Evaluation | tuple[Diagnostic, ...]
"""Diagnostics are sent as they are: exceptions with arguments of their own can't cross processes."""
AGAIN = (
    "run the same command again: it goes on from the models that are evaluated; with less memory, take fewer workers"
)

_here: SupernetEvaluator | None = None
"""In a worker: what it evaluates with."""


@contextmanager
def evaluating(source: Source, executor: Executor, workers: int) -> Iterator[Evaluator]:
    """An evaluator. With one local worker, models are evaluated in this process.

    Raises:
        SpacelangError: as `open_evaluator`; SP1308 if Ray isn't installed.
    """
    if executor == "ray":
        with _on_ray(source) as evaluator:
            yield evaluator
    elif workers == 1:
        yield open_evaluator(source)
    else:
        context = multiprocessing.get_context("spawn")
        with ProcessPoolExecutor(workers, context, _begin, (source, os.getpid())) as pool:
            yield _Pool(pool)


class _Pool:
    def __init__(self, pool: ProcessPoolExecutor) -> None:
        self._pool = pool

    def evaluate(self, architectures: Sequence[Architecture], done: Done) -> None:
        """Raises: SpacelangError: what a worker raises; SP1307 if one dies."""
        waiting: dict[Future[Answer], int] = {}
        try:
            waiting = {self._pool.submit(_evaluate, each): at for at, each in enumerate(architectures)}
            for each in as_completed(waiting):
                done(waiting[each], _answered(each.result()))
        except BrokenProcessPool:
            refuse("SP1307", "a worker process has died", AGAIN)
        finally:
            for each in waiting:
                each.cancel()


def _answered(answer: Answer) -> Evaluation:
    if isinstance(answer, Evaluation):
        return answer
    raise SpacelangError(answer)


def _begin(source: Source, parent: int) -> None:
    """In a new worker."""
    global _here
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the parent, which gets it too, ends its workers
    threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    _here = open_evaluator(source)


def _end_with(parent: int) -> None:
    """A worker whose parent was killed would wait for work for ever."""
    while os.getppid() == parent:
        time.sleep(1)
    os._exit(1)


def _evaluate(architecture: Architecture) -> Answer:
    assert _here is not None
    return _try(_here, architecture)


def _try(evaluator: SupernetEvaluator, architecture: Architecture) -> Answer:
    try:
        return evaluator.evaluate_one(architecture)
    except SpacelangError as error:
        return tuple(error.diagnostics)


class _Remote:
    """A Ray actor: one evaluator."""

    def __init__(self, source: Source) -> None:
        self._evaluator = open_evaluator(source)

    def evaluate(self, at: int, architecture: Architecture) -> tuple[int, Answer]:
        return at, _try(self._evaluator, architecture)


class _Cluster:
    def __init__(self, ray: Any, actors: Any) -> None:
        self._ray, self._actors = ray, actors

    def evaluate(self, architectures: Sequence[Architecture], done: Done) -> None:
        """Raises: SpacelangError: what an actor raises; SP1307 if Ray gives one up."""
        try:
            for at, answer in self._actors.map_unordered(
                lambda actor, each: actor.evaluate.remote(*each), list(enumerate(architectures))
            ):
                done(at, _answered(answer))
        except self._ray.exceptions.RayTaskError:
            raise
        except self._ray.exceptions.RayError as error:
            reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
            refuse("SP1307", f"Ray gave up an evaluation: {reason}", AGAIN)


@contextmanager
def _on_ray(source: Source) -> Iterator[Evaluator]:
    """One actor for each CPU of the cluster that RAY_ADDRESS names; without it, one is started on this machine."""
    with ray_cluster() as ray:
        everywhere = source._replace(run=source.run.resolve())
        count = max(1, int(ray.cluster_resources().get("CPU", 1)))
        actor: Any = ray.remote(_Remote).options(max_restarts=3, max_task_retries=3)
        pool = import_module("ray.util").ActorPool
        yield _Cluster(ray, pool([actor.remote(everywhere) for _ in range(count)]))
