"""Measuring what a profile needs: the kernels of the study, and networks of each block's layers."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from spacelang.latency.collect.log import Log
from spacelang.latency.collect.measure import Collection, Measuring, Progress, saving
from spacelang.latency.meter import SWEEPS
from spacelang.latency.profile import plan
from spacelang.latency.profile.blocks import BlockLayer, candidate
from spacelang.latency.runtimes.protocol import PRECISIONS, Runtime
from spacelang.report.progress import Update


def measure(
    layers: Sequence[BlockLayer], runtime: Runtime, meter: Measuring, log: Log, path: Path, update: Update
) -> None:
    """Append what is missing to the log at `path`. After an interruption or error, the log keeps what was measured.

    Raises: SpacelangError: SP1107: if the machine is too busy.
    """
    networks = list({model.sha256: candidate(model) for each in layers for model in (each.short, each.long)}.values())
    kernels = plan.kernels()
    progress = Progress(update, len(kernels) + len(PRECISIONS) * SWEEPS * len(networks))
    with saving(log, path) as save:
        for precision in PRECISIONS:
            collection = Collection(runtime, precision, meter, log, save, progress)
            collection.kernels([kernel for kernel, each in kernels if each == precision], f"kernels in {precision}")
            collection.networks(networks)
