"""How many processes read images ahead of one that trains."""

from __future__ import annotations

import os

from spacelang.train.shared.runtime import Accelerator

MOST_READERS = 16
"""The most readers beside a GPU; each holds a few batches in memory."""


def readers_for(device: Accelerator, wanted: int | None) -> int:
    """As many as are wanted; None for what suits the device.

    That is none beside a processor, whose cores train; beside a GPU, which decoding and augmenting images would keep
    waiting, one a core, the cores shared out between the processes that `torchrun` started on this machine.
    """
    if wanted is not None:
        return wanted
    if device.device.type == "cpu":
        return 0
    return max(1, min(MOST_READERS, cores() // int(os.environ.get("LOCAL_WORLD_SIZE", "1"))))


def cores() -> int:
    """For this process."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
