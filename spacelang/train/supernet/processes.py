"""Several processes that train one network, each on its part of every batch (data parallelism by all-reduce).

`torchrun` starts them and says in the environment how many there are. Gradients are averaged once a step, after the
backward passes of all architectures of the sandwich; the hooks of `DistributedDataParallel` would do so in each pass,
and would have to know which parameters an architecture leaves out.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import torch
import torch.distributed as dist
from torch import Tensor, nn

from spacelang.report.diagnostics import refuse


@dataclass(frozen=True)
class Processes:
    """rank: which one this is. world: how many there are.

    What they do together raises SpacelangError, SP1509, if another one has gone.
    """

    rank: int = 0
    world: int = 1

    @property
    def first(self) -> bool:
        """Whether this is the one that writes files and reports."""
        return self.rank == 0

    @torch.no_grad()
    def average_gradients(self, parameters: Iterable[nn.Parameter]) -> None:
        """The mean of each gradient over the processes; what has none in any of them keeps none."""
        if self.world == 1:
            return
        mine = list(parameters)
        parts = [torch.zeros_like(each) if each.grad is None else each.grad for each in mine]
        there = torch.tensor([each.grad is not None for each in mine], dtype=torch.float32, device=mine[0].device)
        flat = torch.cat([*(each.flatten() for each in parts), there])
        with _together():
            dist.all_reduce(flat)
        *sums, there = torch.split(flat, [*(each.numel() for each in mine), len(mine)])
        for parameter, part, each, anywhere in zip(mine, parts, sums, there.tolist(), strict=True):
            if anywhere:
                parameter.grad = part.copy_(each.view(part.shape)).div_(self.world)

    @torch.no_grad()
    def share(self, tensors: Iterable[Tensor]) -> None:
        """Give all processes what the first one holds."""
        if self.world > 1:
            with _together():
                for each in tensors:
                    dist.broadcast(each, src=0)

    def sums(self, values: Sequence[float], device: torch.device) -> list[float]:
        """The sum of each value over the processes."""
        if self.world == 1:
            return list(values)
        summed = torch.tensor(values, dtype=torch.float64, device=device)
        with _together():
            dist.all_reduce(summed)
        return [float(each) for each in summed]

    def wait(self) -> None:
        """Until all have come as far."""
        if self.world > 1:
            with _together():
                dist.barrier()


@contextmanager
def _together() -> Iterator[None]:
    try:
        yield
    except RuntimeError as error:
        if "by peer" not in str(error):  # "Connection closed by peer", says gloo, or "reset"
            raise
        refuse("SP1509", "another process of this training has ended", "its last message says why")


def is_first() -> bool:
    """Whether this process is the one that writes files and reports; known before the others are there."""
    return int(os.environ.get("RANK", "0")) == 0


@contextmanager
def connected(device: torch.device) -> Iterator[Processes]:
    """The processes that `torchrun` started with this one, or this one alone."""
    if int(os.environ.get("WORLD_SIZE", "1")) == 1:
        yield Processes()
        return
    # Its functions have the group that is there when they are imported as a default, and optimisers import them. Such a
    # group would outlive its end, and a thread of it the interpreter, which then aborts the process now and then.
    import torch.distributed.nn.functional

    if device.type == "cuda":
        torch.cuda.set_device(device)  # NCCL communicates on the current one
    dist.init_process_group("nccl" if device.type == "cuda" else "gloo")
    try:
        yield Processes(dist.get_rank(), dist.get_world_size())
    finally:
        dist.destroy_process_group()
