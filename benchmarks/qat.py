"""How much longer does a training step take with quantisers? Both, step by step in turns, on one core.

    python benchmarks/qat.py [--size 112] [--batch 4] [--steps 6]

The VNNI supernet takes the same steps in FP32 and with quantisers, in single precision; the figure is the ratio of the
CPU seconds of each pair, the median and the least.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

import spacelang
from spacelang import ir, nn
from spacelang.networks.architecture import Architecture
from spacelang.train.data import Batch
from spacelang.train.shared.runtime import accelerator
from spacelang.train.shared.schedule import optimiser
from spacelang.train.supernet.sandwich import backward, sandwiches

SPACE = Path(__file__).resolve().parents[1] / "specs" / "spaceevo_vnni.space"
CPU = accelerator("cpu")


def main() -> None:
    parser = argparse.ArgumentParser()
    for name, value in (("size", 112), ("batch", 4), ("steps", 6)):
        parser.add_argument(f"--{name}", type=int, default=value)
    asked = parser.parse_args()
    space = spacelang.load(SPACE)
    made = ir.replace(space, resolutions=(asked.size,))
    images = CPU.place(torch.rand(asked.batch, space.channels, asked.size, asked.size))
    batch = Batch(images, torch.randint(space.classes, (asked.batch,)))
    sides = [Side(made, each, batch) for each in ("fp32", "int8")]
    spent = [[side.step(each) for side in sides] for each in sandwiches(made, 2, asked.steps + 1, "benchmark")][1:]
    ratios = [int8 / fp32 for fp32, int8 in spent]
    for name, seconds in zip(("FP32", "with quantisers"), zip(*spent, strict=True), strict=True):
        print(f"{name:16}{statistics.median(seconds):8.2f} s, at best {min(seconds):.2f}")
    print(f"{'ratio':16}{statistics.median(ratios):8.2f},   at best {min(ratios):.2f}")


class Side:
    """A supernet in one precision."""

    def __init__(self, space: ir.SearchSpace, precision: nn.Precision, batch: Batch) -> None:
        torch.manual_seed(0)
        self.supernet, self.batch, self.settings = nn.build(space).train(), batch, ir.Train()
        CPU.place(self.supernet)
        nn.set_precision(self.supernet, precision)
        self.optimiser = optimiser(self.supernet, self.settings)

    def step(self, architectures: tuple[Architecture, ...]) -> float:
        """The CPU seconds that it took."""
        begun = time.process_time()
        self.optimiser.zero_grad()
        backward(self.supernet, self.batch, architectures, self.settings, CPU)
        self.optimiser.step()
        return time.process_time() - begun


if __name__ == "__main__":
    main()
