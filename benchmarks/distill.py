"""What sharing saves in distillation: one pass of the teacher for all students of a stage, one weight for all choices.

    python benchmarks/distill.py

Times are minima of rounds, in one thread. Teachers have random weights: speed doesn't depend on them. Together,
students also share out the cores, a process on each, as `spacelang distill` has them do. One by one there is nothing
to share out, for a process computes in one thread.
"""

from __future__ import annotations

import multiprocessing
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import chain
from multiprocessing.synchronize import Barrier
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from torch import Tensor
from torch.nn import functional as F

import spacelang
from spacelang import nn
from spacelang.driver import compile_to
from spacelang.ir.nodes import SearchSpace
from spacelang.networks.architecture import largest, smallest
from spacelang.nn import Precision
from spacelang.train.data import Data, Epoch, batches, open_data, resized
from spacelang.train.distill import Build, default_workers, read_jobs
from spacelang.train.distill.jobs import Job
from spacelang.train.distill.learner import At, Learner
from spacelang.train.distill.sandwich import step_resolutions
from spacelang.train.shared.runtime import accelerator
from spacelang.train.teacher import Teacher, open_teacher
from spacelang.train.teacher.small import SmallNet

SPECS = Path(__file__).resolve().parents[1] / "specs"
ROUNDS = 3
CPU = accelerator("cpu")


def main() -> None:
    digits, vnni = (spacelang.load(SPECS / f"{name}.space") for name in ("digits", "vnni"))
    print("A step in FP32 of all students of a stage: one pass of the teacher for all, and one for each.\n")
    print(f"{'space':8}{'batch':7}{'teacher':17}{'stage':8}{'together':>13}{'one by one':>13}{'ratio':>8}")
    with TemporaryDirectory() as folder:
        weights = save_efficientnet_b5(Path(folder, "b5"))
        cases = ((digits, 64, [each.name for each in digits.stages], ROUNDS), (vnni, 8, ["stage4", "stage6"], 2))
        for space, batch, stages, rounds in cases:
            compile_to(space, Path(folder, space.name))
            build, data = read_jobs(Path(folder, space.name)), open_data("digits", space)
            b5 = open_teacher(f"efficientnet-b5:{weights}", space, data, Path(folder))
            for teacher in (small_net(space), b5) if space is digits else (b5,):
                compare_teaching(build, data, teacher, batch, stages, rounds)
        print("\nOn digits with the teacher `trained`, in processes: all students of a stage, and one by one in one.\n")
        print(f"{'space':8}{'batch':7}{'processes':17}{'stage':8}{'together':>13}{'one by one':>13}{'ratio':>8}")
        compare_processes(Path(folder, digits.name), 64, ROUNDS)
    print("\nA sandwich step, four networks: of the supernet, and of static networks cut out of it.\n")
    print(f"{'space':15}{'batch':7}{'precision':10}{'elastic':>13}{'static':>13}{'ratio':>8}")
    some = spacelang.narrow(digits, spacelang.Genome((5, 2, 3), (0, 0, 0)), "digits")
    for space, batch in ((some, 64), (spacelang.load(SPECS / "spaceevo_vnni.space"), 2)):
        for precision in ("fp32", "int8"):
            compare_sandwich(space, batch, precision)


def small_net(space: SearchSpace) -> Teacher:
    """The network of the teacher `trained`."""
    network = SmallNet(space, space.classes)
    return Teacher("trained", network, network.points, range(len(network.points)))


def save_efficientnet_b5(folder: Path) -> Path:
    from transformers import EfficientNetConfig, EfficientNetModel
    from transformers.utils.logging import disable_progress_bar

    disable_progress_bar()  # type: ignore[no-untyped-call]
    config = EfficientNetConfig(width_coefficient=1.6, depth_coefficient=2.2, hidden_dim=2048)
    model = EfficientNetModel(config).train()
    for each in model.modules():  # as they are, a random network's maps die away
        if isinstance(each, torch.nn.Conv2d):
            torch.nn.init.kaiming_normal_(each.weight)
        elif isinstance(each, torch.nn.BatchNorm2d):
            each.momentum = 1.0
    model(torch.rand(16, 3, 64, 64))
    model.save_pretrained(folder)
    return folder


@dataclass
class Step:
    """The first step of a stage's jobs, as often as it is asked for."""

    build: Build
    data: Data
    teacher: Teacher
    batch: int
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
        size = max(space.resolutions)
        read = batches(self.data.train, size, self.batch, Epoch(seed=training.seed, augment=True))
        images = CPU.place(next(read).images)
        maps: dict[int, tuple[Tensor, Tensor]] = {}
        for each in dict.fromkeys(resolutions):
            before, after = self.teacher.between(resized(images, each), self.stage, self.stage + 1)
            maps[each] = before, after
        for learner in learners:
            learner.at = At(learner.at.phase, 0, 0)
            learner.step(resolutions, maps, CPU)


def first_step(build: Build, data: Data, teacher: Teacher, batch: int, jobs: Sequence[Job]) -> Step:
    """A training step of one stage's jobs."""
    at, plans = build.stage_of(jobs[0]), nn.generated_module(build.space).STUDENTS
    channels = teacher.points[at].channels, teacher.points[at + 1].channels
    learners = [
        Learner(build.space, at, each, plans[each.stage, each.block_id], channels, steps=1).to(CPU) for each in jobs
    ]
    CPU.place(teacher)  # in place, as modules move
    return Step(build, data, teacher, batch, at, learners)


def compare_teaching(
    build: Build, data: Data, teacher: Teacher, batch: int, stages: Sequence[str], rounds: int
) -> None:
    """Prints a line for each stage, then one for all of them."""
    times = []
    for stage in stages:
        step = first_step(build, data, teacher, batch, [each for each in build.jobs if each.stage == stage])
        times.append(fastest(step.together, step.one_by_one, rounds=rounds))
    for stage, (together, alone) in zip((*stages, "all"), (*times, map(sum, zip(*times, strict=True))), strict=True):
        name = f"{build.space.name:8}{batch:<7}{teacher.name.partition(':')[0]:17}{stage:8}"
        line(name, alone / together, together, alone)


def compare_processes(folder: Path, batch: int, rounds: int) -> None:
    """Prints a line: of all students of all stages."""
    build, cores = read_jobs(folder), default_workers("cpu")
    parts: list[list[list[int]]] = [[] for _ in range(cores)]
    for at, stage in enumerate(build.space.stages):
        jobs = [each.job for each in build.jobs if each.stage == stage.name]
        for first, part in enumerate(parts):
            part.append(jobs[(first + at) % cores :: cores])  # where one has a student more, the other has it next
    together = seconds_in_processes(folder, batch, parts, Step.together, rounds)
    alone = seconds_in_processes(
        folder, batch, [[[*chain(*of)] for of in zip(*parts, strict=True)]], Step.one_by_one, rounds
    )
    line(f"{build.space.name:8}{batch:<7}{cores:<17}{'all':8}", alone / together, together, alone)


def seconds_in_processes(
    folder: Path, batch: int, parts: Sequence[Sequence[Sequence[int]]], train: Callable[[Step], None], rounds: int
) -> float:
    """The seconds of a step, by process and stage: from the start of its first job to the end of its last."""
    context = multiprocessing.get_context("spawn")
    barrier = context.Barrier(len(parts) + 1)
    arguments = [(folder, batch, part, train, rounds, barrier) for part in parts]
    processes = [context.Process(target=_train_part, args=each) for each in arguments]
    for each in processes:
        each.start()

    def step() -> None:
        barrier.wait()
        barrier.wait()

    step()  # all are ready, and a first step is done
    (best,) = fastest(step, rounds=rounds)
    for each in processes:
        each.join()
    return best


def _train_part(
    folder: Path,
    batch: int,
    jobs: Sequence[Sequence[int]],
    train: Callable[[Step], None],
    rounds: int,
    barrier: Barrier,
) -> None:
    accelerator("cpu")
    build = read_jobs(folder)
    data, teacher = open_data("digits", build.space), small_net(build.space)
    steps = [first_step(build, data, teacher, batch, build.chosen(each)) for each in jobs]
    for _ in range(rounds + 1):
        barrier.wait()
        for step in steps:
            train(step)
        barrier.wait()


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

    elastic, apart = fastest(elastic_step, static_step, rounds=ROUNDS)
    line(f"{space.name:15}{batch:<7}{precision:10}", elastic / apart, elastic, apart)


def fastest(*runs: Callable[[], None], rounds: int) -> list[float]:
    """Seconds of each, the least of some rounds in which they take turns."""
    best = [float("inf")] * len(runs)
    for _ in range(rounds):
        for at, run in enumerate(runs):
            begun = time.perf_counter()
            run()
            best[at] = min(best[at], time.perf_counter() - begun)
    return best


def line(name: str, ratio: float, *seconds: float) -> None:
    times = "".join(f"{each * 1e3:10.1f} ms" for each in seconds)
    print(f"{name}{times}{ratio:8.2f}", flush=True)


if __name__ == "__main__":
    main()
