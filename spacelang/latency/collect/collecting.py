"""A whole collection: kernels to learn from, kernels to judge by, and networks."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spacelang import ir
from spacelang.latency.collect.common import common_kernels
from spacelang.latency.collect.holdout import is_held_out
from spacelang.latency.collect.measure import Collection, Progress, Rig, saving
from spacelang.latency.collect.networks import random_networks
from spacelang.latency.collect.population import draw, strata, training
from spacelang.latency.collect.sampler import Errors, collect_adaptively
from spacelang.latency.meter import SWEEPS
from spacelang.latency.runtimes.protocol import Precision
from spacelang.report.progress import Update


class Plan(NamedTuple):
    """How much is measured, in each precision.

    Attributes:
        samples: kernels to learn from.
        held_out: kernels of the fixed hold-out, to judge by.
        networks: of each space.
        rounds: whether half of the samples are chosen by where predictions err; otherwise all are drawn beforehand.
    """

    samples: int
    held_out: int
    networks: int
    rounds: bool = True


def collect(
    spaces: Sequence[ir.SearchSpace],
    plan: Plan,
    precisions: Sequence[Precision],
    rig: Rig,
    errors: Errors,
    update: Update,
) -> None:
    """Measure what the plan asks for and the rig's log doesn't hold.

    Raises:
        SpacelangError: SP1107: if the machine is too busy. The log keeps what was measured, and a later call goes on.
            SP0813, SP0814: if a space can't be enumerated.
        OSError: if the log can't be written.
    """
    of = strata(spaces)
    held_out = draw(of, plan.held_out, is_held_out)
    networks = list(random_networks(spaces, plan.networks))
    possible = sum(not is_held_out(kernel) for kernels in of.values() for kernel in kernels)
    common = {each: common_kernels(rig.runtime.name, each, plan.samples) for each in precisions}
    each = min(plan.samples, possible) + len(held_out) + len(networks) * SWEEPS
    progress = Progress(update, each * len(precisions) + sum(map(len, common.values())))
    with saving(rig.log, rig.path) as save:
        for precision in precisions:
            collection = Collection(rig, precision, save, progress)
            if plan.rounds:
                collect_adaptively(of, plan.samples, collection.kernels, errors)
            else:
                collection.kernels(draw(of, plan.samples, training), "drawn beforehand")
            collection.kernels(held_out, "held out")
            collection.kernels(common[precision], "of kinds that any network may have")
            collection.networks(networks)
