"""The functions of the Python API that combine phases; `spacelang` itself exports the rest."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from spacelang.report.diagnostics import Diagnostic, Report, SpacelangError

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from spacelang.evolve.table.table import Table
    from spacelang.ir.nodes import SearchSpace
    from spacelang.latency.predict.predictor import LatencyEstimator
    from spacelang.networks.architecture import Architecture
    from spacelang.networks.genome import Genome
    from spacelang.train.distill import TrainedStudent
    from spacelang.train.supernet import Run


def check(path: str | os.PathLike[str]) -> tuple[Diagnostic, ...]:
    """Everything that is wrong with a file and those that it imports, in the order of the text; nothing if all is well.

    A file that can't be read is a finding too.
    """
    from spacelang.ast.loader import open_source
    from spacelang.driver import check_source

    report = Report()
    source = open_source(Path(path), os.fspath(path), report)
    if source is not None:
        check_source(source, Path(path), report)
    return report.sorted()


def format(text: str) -> str:
    """The text as `spacelang fmt` writes it: comments and the meaning stay. Only the syntax must be right.

    Raises:
        SpacelangError: if the syntax is wrong.
    """
    from spacelang.report.source import Source
    from spacelang.syntax.format import format_file
    from spacelang.syntax.parse import parse

    report = Report()
    tree = parse(Source("<string>", text), report)
    report.raise_if_failed()
    return format_file(tree)


def dumps(space: SearchSpace, *others: SearchSpace) -> str:
    """A complete `.space` text of the space, and of others in the same file: `loads(dumps(space)) == space`.

    Raises:
        SpacelangError: if a space isn't valid, so that a text can't express it.
    """
    from spacelang.translate.printer import to_text
    from spacelang.verify.space import verify

    if wrong := [each for part in (space, *others) for each in verify(part)]:
        raise SpacelangError(wrong)
    return to_text(space, *others)


def locate(hyperspace: SearchSpace, space: SearchSpace) -> Genome:
    """The genome of a space in a hyperspace, from its stages; its `from` line is ignored.

    Raises:
        SpacelangError: SP0606: for each thing that isn't in the hyperspace.
    """
    from spacelang.translate.inclusion import locate as located

    return located(hyperspace, space)


def import_table(
    space: SearchSpace, archive: str | os.PathLike[str], fixed_ms: Mapping[int, float], *, verify: bool = False
) -> Table:
    """Read a published table of a hyperspace, an archive or a folder, strictly.

    Args:
        fixed_ms: latency of stem and head in their smallest setting, in ms, for each resolution of the space.
        verify: compute multiply-accumulates and parameters of every row, and report each that differs.

    Raises:
        SpacelangError: SP0710-SP0714, all findings up to a limit, each with its file, line and reason.
    """
    from spacelang.evolve.table.importer import import_table as imported

    return imported(Path(archive), space, fixed_ms, verify=verify)


# --- latencies ------------------------------------------------------------------------------------------------------


class Prediction(NamedTuple):
    """Latencies of networks on one device.

    Attributes:
        device: the predictor, in words.
        ms: (networks,) milliseconds.
        by_kind: for each kind of kernel, (networks,) the part of `ms` that its kernels take.
        border_ms: (networks,) the rest: quantising the image and dequantising the output.
        warnings: kernels far from those that the predictor was made from.
    """

    device: str
    ms: NDArray[np.float64]
    by_kind: dict[str, NDArray[np.float64]]
    border_ms: NDArray[np.float64]
    warnings: tuple[Diagnostic, ...]


def predict(
    space: SearchSpace,
    architectures: Sequence[Architecture] | None = None,
    device: str | os.PathLike[str] | None = None,
) -> Prediction:
    """The predicted latencies of networks of a space; nothing is run.

    Args:
        architectures: by default the smallest and the largest network; for a model, its only one.
        device: a shipped predictor's name, a predictor's file or `cost-model`; by default the shipped predictor for
            the runtime and precision of the space's device.

    Raises:
        SpacelangError: SP16xx: if there is no such predictor, or it doesn't know a kind of kernel; SP1013 if an
            architecture isn't one of the space.
    """
    from spacelang.latency.predict.networks import latencies
    from spacelang.networks.architecture import largest, require_architecture, smallest

    for each in architectures or ():
        require_architecture(space, each)
    report = Report()
    estimator = _estimator(space, device, report)
    ends = [smallest(space)] if space.kind == "model" else [smallest(space), largest(space)]
    found = latencies(space, ends if architectures is None else architectures, estimator, report)
    return Prediction(estimator.label, found.ms, found.by_kind, found.border, report.sorted())


def attach(table: Table, device: str | os.PathLike[str] | None = None) -> Table:
    """The table with a device's predicted latencies, replacing any that it had.

    Args:
        device: as `predict`.

    Raises:
        SpacelangError: as `predict`.
    """
    from spacelang.evolve.table.table import require_table
    from spacelang.latency.predict.attach import attach as attached

    table = require_table(table)
    return attached(table, _estimator(table.space, device))


def _estimator(
    space: SearchSpace, device: str | os.PathLike[str] | None, report: Report | None = None
) -> LatencyEstimator:
    from spacelang.latency.predict.shipped import estimator_for

    return estimator_for(space.device, [] if device is None else [os.fspath(device)], space.name, report)


# --- training -------------------------------------------------------------------------------------------------------


def distill(
    build: str | os.PathLike[str],
    *,
    data: str | None = None,
    teacher: str | None = None,
    jobs: Sequence[int] = (),
    workers: int = 1,
    accelerator: Literal["auto", "cpu", "cuda"] = "auto",
) -> tuple[TrainedStudent, ...]:
    """Train a student for every stage and block of a compiled space, FP32 then INT8; continues where it stopped.

    Args:
        build: the folder that `compile_to` wrote.
        data: `digits`, or a folder with `train/` and `val/`.
        teacher: as `spacelang distill --teacher` takes it.
        jobs: the numbers of the jobs to train; empty for all.
        workers: processes on this machine.

    Raises:
        SpacelangError: SP12xx for the data, SP13xx for teacher, accelerator and what the build holds.
    """
    from spacelang.train.distill import distill as distilled
    from spacelang.train.distill import prepare

    plan = prepare(build, data=data, teacher=teacher, jobs=jobs, accelerator=accelerator)
    return distilled(plan, workers=workers, accelerator=accelerator)


def train(
    space: SearchSpace,
    folder: str | os.PathLike[str],
    data: str = "digits",
    *,
    accelerator: Literal["auto", "cpu", "cuda"] = "auto",
    workers: int | None = None,
    start: str | os.PathLike[str] | None = None,
    keep_every: int = 0,
) -> Run:
    """Train the supernet of a space, or a model, FP32 then INT8, or continue what is in the folder.

    Args:
        data: `digits`, or a folder with `train/` and `val/`.
        workers: processes that read images ahead; None for none beside a processor, and for this process's share of the
            cores beside a GPU.
        start: the folder of another training whose weights this one begins with, or a file of weights.
        keep_every: keep the weights after every this many epochs; 0 for the best and the last only.

    Raises:
        SpacelangError: SP15xx for the run, SP12xx for the data, SP13xx for accelerator and checkpoint.
    """
    from spacelang.train.supernet import train as trained

    def silent(done: int, total: int | None, note: str = "") -> None: ...

    return trained(
        space,
        Path(folder),
        data,
        accelerator=accelerator,
        workers=workers,
        update=silent,
        start=None if start is None else Path(start),
        keep_every=keep_every,
    )
