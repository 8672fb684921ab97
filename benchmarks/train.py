"""How many images per second the supernet of the VNNI space trains on: in FP32, in bfloat16, with quantisers.

    python benchmarks/train.py [--accelerator auto|cpu|cuda] [--batch N] [--steps N]

A step is that of `spacelang train`: four networks forward and backward, each at its resolution up to 224, and SGD.
Images are made up and in memory. benchmarks/distill.py holds the same step against four static networks.
"""

from __future__ import annotations

import argparse
import statistics
import time
from pathlib import Path

import torch

import spacelang
from spacelang import ir, nn
from spacelang.train.data import Batch
from spacelang.train.shared.runtime import Accelerator, Arithmetic, accelerator
from spacelang.train.shared.schedule import optimiser
from spacelang.train.supernet.sandwich import backward, sandwiches

SPACE = Path(__file__).resolve().parents[1] / "specs" / "spaceevo_vnni.space"
BATCHES = {"cuda": 128, "cpu": 4}
STEPS = {"cuda": 20, "cpu": 3}
"""The paper's batch on each GPU; a processor only shows that it works."""
WARM_UP = 1
ROWS: tuple[tuple[str, Arithmetic, nn.Precision], ...] = (
    ("FP32", "fp32", "fp32"),
    ("bfloat16", "bf16", "fp32"),
    ("QAT in FP32", "fp32", "int8"),
    ("QAT in bfloat16", "bf16", "int8"),
)
"""What a row is called, what it computes in, and the quantisers."""


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--accelerator", default="auto")
    parser.add_argument("--batch", type=int)
    parser.add_argument("--steps", type=int)
    asked = parser.parse_args()
    device = accelerator(asked.accelerator).device
    batch, steps = asked.batch or BATCHES[device.type], asked.steps or STEPS[device.type]
    space = spacelang.load(SPACE)
    print(
        f"{space.name}, {max(space.resolutions)} pixels, batch {batch}, on {named(device)}, torch {torch.__version__}\n"
    )
    print(f"{'':20}{'a step':>12}{'images/s':>12}")
    for what, arithmetic, precision in ROWS:
        seconds = step_seconds(space, Accelerator(device, arithmetic), precision, batch, steps)
        print(f"{what:20}{seconds * 1e3:9.0f} ms{batch / seconds:12.1f}", flush=True)


def named(device: torch.device) -> str:
    return torch.cuda.get_device_name(device) if device.type == "cuda" else "one thread of a processor"


def step_seconds(space: ir.SearchSpace, chosen: Accelerator, precision: nn.Precision, batch: int, steps: int) -> float:
    """The median over some steps, the first left out."""
    torch.manual_seed(0)
    supernet = nn.build(space).train()
    chosen.place(supernet)
    nn.set_precision(supernet, precision)
    size, settings = max(space.resolutions), space.train or ir.Train()
    images = torch.rand(batch, space.channels, size, size)
    data = Batch(chosen.place(images), chosen.place(torch.randint(space.classes, (batch,))))
    sgd = optimiser(supernet, settings)
    spent: list[float] = []
    for architectures in sandwiches(space, settings.random_networks, WARM_UP + steps, "benchmark"):
        begun = time.perf_counter()
        sgd.zero_grad()
        backward(supernet, data, architectures, settings, chosen)
        sgd.step()
        if chosen.device.type == "cuda":
            torch.cuda.synchronize(chosen.device)
        spent.append(time.perf_counter() - begun)
    return statistics.median(spent[WARM_UP:])


if __name__ == "__main__":
    main()
