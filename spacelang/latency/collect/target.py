"""The runtime, threads and precision of a collection: what the spaces' `device` declares, or what the user says."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from spacelang import ir
from spacelang.latency.runtimes.protocol import PRECISIONS, Precision, RuntimeName
from spacelang.report.diagnostics import refuse
from spacelang.report.suggest import did_you_mean, listed


class Target(NamedTuple):
    runtime: RuntimeName
    precisions: tuple[Precision, ...]
    threads: int


def target_of(
    spaces: Sequence[ir.SearchSpace],
    device: str | None = None,
    runtime: RuntimeName | None = None,
    precisions: tuple[Precision, ...] | None = None,
    threads: int | None = None,
) -> Target:
    """What to measure kernels of these spaces with.

    Args:
        device: the name of a device that some of the spaces are on; without it, all of their devices count.
        runtime, precisions, threads: in place of what the devices declare.

    Raises: SpacelangError: SP1106: if no space is on this device, or if the devices differ and the user doesn't choose.
    """
    devices = list({each.device.name: each.device for each in spaces}.values())
    if device is not None:
        names = [each.name for each in devices]
        devices = [each for each in devices if each.name == device]
        if not devices:
            refuse("SP1106", f"none of the spaces is on a device named {device}", did_you_mean(device, names))
    runtimes = sorted({each.runtime for each in devices}) if runtime is None else [runtime]
    if len(runtimes) > 1:
        refuse("SP1106", f"the spaces are on devices with {listed(runtimes, 'and')}", "choose one with --runtime")
    if precisions is None:
        found = {each.precision for each in devices}
        precisions = tuple(each for each in PRECISIONS if each in found)
    return Target(runtimes[0], precisions, threads_of(devices) if threads is None else threads)


def threads_of(devices: Sequence[ir.Device]) -> int:
    """How many threads the devices run models on. Raises: SpacelangError: SP1106: if they differ."""
    found = sorted({each.threads for each in devices})
    if len(found) > 1:
        counts = listed([str(each) for each in found], "and")
        refuse("SP1106", f"the spaces are on devices with {counts} threads", "choose one with --threads")
    return found[0]
