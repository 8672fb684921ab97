"""What TensorBoard shows of a training."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol

FOLDER = "tensorboard"


class Curve(Protocol):
    """Takes a value of a named curve at a step."""

    def __call__(self, name: str, value: float, step: int) -> None: ...


@contextmanager
def board(folder: Path, step: int) -> Iterator[Curve]:
    """Writes below a run's folder. Of what is there, steps from `step` on are hidden: they are done again."""
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / FOLDER), purge_step=step or None)
    try:
        yield lambda name, value, step: writer.add_scalar(name, value, step)
    finally:
        writer.close()
