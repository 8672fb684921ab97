"""Training the quantised-for-all supernet of a space, and evaluating the networks in it.

run = train(space, Path("run"), "digits", accelerator="auto", workers=0, update=lambda done, total, note: None)
"""

from __future__ import annotations

from spacelang.train.supernet.evaluate import Evaluated, evaluate
from spacelang.train.supernet.processes import is_first
from spacelang.train.supernet.run import Run, Validation, read_run, read_supernet
from spacelang.train.supernet.training import train

__all__ = ["Evaluated", "Run", "Validation", "evaluate", "is_first", "read_run", "read_supernet", "train"]
