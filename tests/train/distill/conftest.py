"""A hyperspace of four jobs, and sources that cost nothing: an untrained teacher on digits."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib import import_module
from pathlib import Path

import pytest
import torch
from torch.utils.data import Dataset

import spacelang
from spacelang.train.data import Split, open_data
from spacelang.train.data.loading import loaded
from spacelang.train.distill import Begun, Build, Sources, read_jobs
from spacelang.train.shared.runtime import accelerator
from spacelang.train.teacher import Teacher
from spacelang.train.teacher.small import SmallNet

SPACE = """language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }

hyperspace tiny on cpu {
  input      1 channels
  resolution {8, 16}
  classes    10

  blocks {
    0 = mbv2      { kernel {3, 5}, expand {1, 2}, act relu6 }
    1 = fused_mb  { kernel 3, expand {1, 2}, act hswish }
  }

  stem  conv  { depth 1, stride 2, width 8, kernel 3, act relu }

  stage stage1  { depth 1..2, stride 1, width 2 of 8..24 }
  stage stage2  { depth 1..2, stride 1, width 2 of 16..32 }

  head {
    pool
    linear -> classes
  }

  distill { epochs 2, quantised_epochs 1, batch 40, architectures 4, calibration_batches 1 }
}
"""
PLAIN = SPACE.replace(
    "hyperspace tiny",
    """block deep(act) {
  conv 3 -> out, stride, act, norm none
  conv 3 -> out, act, norm none, repeat 6
}

hyperspace tiny""",
).replace("1 = fused_mb  { kernel 3, expand {1, 2}, act hswish }", "1 = deep { act relu }")
"""Block 1 has no norm, so that its maps overflow where weights grow."""
IMAGES = 130
STEPS = 3
"""Of an epoch: 40 images are in a batch."""
EPOCHS = 3
CPU = accelerator("cpu")


@pytest.fixture
def compiled(tmp_path: Path) -> Callable[..., Build]:
    """Compiles the hyperspace, or another text, into a folder of this name."""

    def compile_to(name: str, text: str = SPACE) -> Build:
        spacelang.compile_to(spacelang.loads(text), tmp_path / name)
        return read_jobs(tmp_path / name)

    return compile_to


@pytest.fixture(scope="session")
def sources() -> Sources:
    space = spacelang.loads(SPACE)
    torch.manual_seed(0)
    network = SmallNet(space, 10)
    teacher = Teacher("small", network, network.points, range(len(network.points)))
    CPU.place(teacher)
    begun = Begun(
        jobs_sha256="0", data="digits", data_fingerprint="1", teacher="small", teacher_fingerprint=teacher.fingerprint
    )
    data = open_data("digits", space)
    few = replace(data, train=First(data.train), validation=First(data.validation))
    return Sources(few, teacher, begun)


@pytest.fixture
def asked_readers(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many processes were asked to read images ahead, each time; none are started."""
    asked: list[int] = []

    def counted(items: Dataset[object], numbers: Sequence[int], workers: int) -> Iterator[object]:
        asked.append(workers)
        return loaded(items, numbers, 0)

    monkeypatch.setattr(import_module("spacelang.train.data.batches"), "loaded", counted)
    return asked


class First:
    """The first images of a split."""

    def __init__(self, split: Split) -> None:
        self.name, self.labels, self.images = split.name, split.labels[:IMAGES], split.images

    def __len__(self) -> int:
        return len(self.labels)


def students(build: Build) -> dict[str, bytes]:
    """The files of all that are trained."""
    folder = build.folder / "bkd" / "students"
    return {each.name: each.read_bytes() for each in folder.iterdir()} if folder.exists() else {}
