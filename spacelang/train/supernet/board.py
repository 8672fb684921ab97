"""What TensorBoard shows of a training."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch.utils.tensorboard import SummaryWriter

FOLDER = "tensorboard"


class Board:
    """Curves over the steps of both phases; without a writer, of a process that isn't the first, nothing."""

    def __init__(self, writer: SummaryWriter | None) -> None:
        self._writer = writer

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """A point of each named curve."""
        if self._writer is not None:
            for name, value in values.items():
                self._writer.add_scalar(name, value, step)

    def flush(self) -> None:
        """Write to the disk what is up to here: a training that goes on from here doesn't add it again."""
        if self._writer is not None:
            self._writer.flush()


@contextmanager
def board(folder: Path, step: int, *, writes: bool) -> Iterator[Board]:
    """Writes below a run's folder. Of what is there, steps from `step` on are hidden: they are done again."""
    if not writes:
        yield Board(None)
        return
    # If TensorFlow is installed, TensorBoard imports it, which takes seconds, unless there is a module of this name.
    sys.modules.setdefault("tensorboard.compat.notf", ModuleType("tensorboard.compat.notf"))
    from torch.utils.tensorboard import SummaryWriter

    writer = SummaryWriter(str(folder / FOLDER), purge_step=step)
    try:
        yield Board(writer)
    finally:
        writer.close()
