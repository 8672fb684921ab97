"""What sharing saves in distillation: one pass of the teacher for all students of a stage, one weight for all choices.

    python benchmarks/distill.py

Times are minima of rounds that take turns, in one thread. Teachers have random weights: speed doesn't depend on them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn import functional as F

import spacelang
from spacelang import nn
from spacelang.architecture import largest, smallest
from spacelang.driver import compile_to
from spacelang.ir import SearchSpace
from spacelang.nn import Precision
from spacelang.train.data import Data, batches, open_data, resized
from spacelang.train.distill import Build, read_jobs
from spacelang.train.distill.learner import At, Learner
from spacelang.train.distill.sandwich import step_resolutions
from spacelang.train.runtime import accelerator
from spacelang.train.teacher import Teacher, open_teacher
from spacelang.train.teacher.small import SmallNet

SPECS = Path(__file__).resolve().parents[1] / "specs"
ROUNDS = 4
CPU = accelerator("cpu")


def main() -> None:
    digits = spacelang.load(SPECS / "digits.space")
    data = open_data("digits", digits)
    with TemporaryDirectory() as folder:
        compile_to(digits, folder)
        build = read_jobs(folder)
        print("A step of all students of a stage: one pass of the teacher for all, and one for each.\n")
        print(f"{'teacher':16}{'stage':8}{'precision':10}{'together':>12}{'one by one':>12}{'ratio':>8}")
        for teacher in (small_net(digits), efficientnet_b5(digits, data, Path(folder))):
            CPU.place(teacher)
            compare_teaching(build, data, teacher)
    print("\nA sandwich step, four networks: of the supernet, and of static networks cut out of it.\n")
    print(f"{'supernet':16}{'batch':8}{'precision':10}{'elastic':>12}{'static':>12}{'ratio':>8}")
    some = spacelang.narrow(digits, spacelang.Genome((5, 2, 3), (0, 0, 0)), "digits")
    for space, batch in ((some, 64), (spacelang.load(SPECS / "spaceevo_vnni.space"), 2)):
        for precision in ("fp32", "int8"):
            compare_sandwich(space, batch, precision)


def small_net(space: SearchSpace) -> Teacher:
    """The network of the teacher `trained`."""
    network = SmallNet(space, space.classes)
    return Teacher("trained", network, network.points, range(len(network.points)))


def efficientnet_b5(space: SearchSpace, data: Data, folder: Path) -> Teacher:
    from transformers import EfficientNetConfig, EfficientNetModel

    config = EfficientNetConfig(width_coefficient=1.6, depth_coefficient=2.2, hidden_dim=2048)
    EfficientNetModel(config).save_pretrained(folder / "b5")
    return open_teacher(f"efficientnet-b5:{folder / 'b5'}", space, data, folder)


@dataclass
class Step:
    """The first step of a stage's jobs, as often as it is asked for."""

    build: Build
    data: Data
    teacher: Teacher
    stage: int
    learners: Sequence[Learner]

    def together(self) -> None:
        self._run(self.learners)

    def one_by_one(self) -> None:
        for each in self.learners:
            self._run([each])

    def _run(self, learners: Sequence[Learner]) -> None:
        training, space = learners[0].job.training, self.build.space
        (resolutions,) = step_resolutions(space, training.random_stages, 1, training.seed, self.stage, 0)
        size, batch = max(space.resolutions), training.batch
        read = batches(self.data.train, size, batch, seed=training.seed, epoch=0, shuffle=True, augment=True)
        images = CPU.place(next(read).images)
        maps: dict[int, tuple[Tensor, Tensor]] = {}
        for each in dict.fromkeys(resolutions):
            before, after = self.teacher.between(resized(images, each), self.stage, self.stage + 1)
            maps[each] = before, after
        for learner in learners:
            learner.at = At(learner.at.phase, 0, 0)
            learner.step(resolutions, maps, CPU)


def compare_teaching(build: Build, data: Data, teacher: Teacher) -> None:
    """Prints a line for each stage, then one for all of them: in FP32, as most epochs are."""
    plans = nn.generated_module(build.space).STUDENTS
    total = (0.0, 0.0)
    for at, stage in enumerate(build.space.stages):
        channels = teacher.points[at].channels, teacher.points[at + 1].channels
        learners = [
            Learner(build.space, at, job, plans[job.stage, job.block_id], channels, 1).to(CPU)
            for job in build.jobs
            if job.stage == stage.name
        ]
        step = Step(build, data, teacher, at, learners)
        together, alone = fastest(step.together, step.one_by_one)
        total = total[0] + together, total[1] + alone
        line(teacher.name.partition(":")[0], stage.name, "fp32", alone / together, together, alone)
    line(teacher.name.partition(":")[0], "all", "fp32", total[1] / total[0], *total)


def compare_sandwich(space: SearchSpace, batch: int, precision: Precision) -> None:
    """Prints a line."""
    torch.manual_seed(0)
    supernet = nn.build(space)
    CPU.place(supernet)
    nn.set_precision(supernet, precision)
    chosen = [largest(space), smallest(space), *spacelang.sample(space, 2, seed=0)]
    images = [CPU.place(torch.rand(batch, space.channels, each.resolution, each.resolution)) for each in chosen]
    labels = torch.randint(space.classes, (batch,))
    for each, network in zip(images, chosen, strict=True):
        supernet(each, network)  # quantisers take their ranges
    static = [CPU.place(supernet.cut(each)) for each in chosen]
    optimisers = {each: torch.optim.SGD(each.parameters(), 0.0, momentum=0.9) for each in (supernet, *static)}

    def loss(logits: Tensor) -> Tensor:
        return F.cross_entropy(logits, labels)

    def elastic_step() -> None:
        optimisers[supernet].zero_grad()
        for each, network in zip(images, chosen, strict=True):
            loss(supernet(each, network)).backward()  # type: ignore[no-untyped-call]
        optimisers[supernet].step()

    def static_step() -> None:
        for each, network in zip(images, static, strict=True):
            optimisers[network].zero_grad()
            loss(network(each)).backward()  # type: ignore[no-untyped-call]
            optimisers[network].step()

    elastic, apart = fastest(elastic_step, static_step)
    line(space.name, str(batch), precision, elastic / apart, elastic, apart)


def fastest(*runs: Callable[[], None]) -> list[float]:
    """Seconds of each, the least of some rounds in which they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(ROUNDS):
        for at, run in enumerate(runs):
            begun = time.perf_counter()
            run()
            best[at] = min(best[at], time.perf_counter() - begun)
    return best


def line(first: str, second: str, precision: str, ratio: float, *seconds: float) -> None:
    times = "".join(f"{each * 1e3:9.1f} ms" for each in seconds)
    print(f"{first:16}{second:8}{precision:10}{times}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
