"""Measuring what a profile needs: the kernels of the study, and networks of each block's layers."""

from __future__ import annotations

from collections.abc import Sequence

from spacelang.latency.collect.measure import Collection, Progress, Rig, saving
from spacelang.latency.meter import SWEEPS
from spacelang.latency.profile import plan
from spacelang.latency.profile.compared import ComparedLayer, candidate
from spacelang.latency.runtimes.protocol import PRECISIONS
from spacelang.report.progress import Update


def measure(layers: Sequence[ComparedLayer], rig: Rig, update: Update) -> None:
    """Append what is missing to the rig's log. After an interruption or error, the log keeps what was measured.

    Raises: SpacelangError: SP1107: if the machine is too busy.
    """
    networks = list({model.sha256: candidate(model) for each in layers for model in (each.short, each.long)}.values())
    kernels = plan.kernels()
    progress = Progress(update, len(kernels) + len(PRECISIONS) * SWEEPS * len(networks))
    with saving(rig.log, rig.path) as save:
        for precision in PRECISIONS:
            collection = Collection(rig, precision, save, progress)
            collection.kernels([kernel for kernel, each in kernels if each == precision], f"kernels in {precision}")
            collection.networks(networks)
