"""A supernet that was trained for a moment, and a model of it."""

from __future__ import annotations

from pathlib import Path

import pytest

import spacelang
from spacelang import ir
from spacelang.networks.architecture import model_of
from spacelang.networks.sample import sample
from tests.train.supernet.small import trained

TEXT = """\
language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }

space shapes on cpu {
  input      1 channels
  resolution {8, 16}
  classes    10

  stem  conv  { depth 1, stride 1, width 8, kernel 3, act relu }

  stage one    mbv2         { depth 1, stride 2, width {8, 16}, kernel {3, 5}, expand 2, act relu6 }
  stage two    mbv3         { depth 1, stride 2, width {16, 24}, kernel 3, expand 2, act hswish }
  stage three  fused_mb_se  { depth 1, stride 1, width 16, kernel 3, expand {1, 2}, act swish }

  head {
    conv 1 -> 32, act hswish
    pool
    linear -> classes
  }

  train { epochs 1, quantised_epochs 1, batch 256, learning_rate 0.2 }
}
"""


@pytest.fixture(scope="session")
def run(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("export") / "run"
    trained(spacelang.loads(TEXT), folder)
    return folder


@pytest.fixture(scope="session")
def model() -> ir.SearchSpace:
    space = spacelang.loads(TEXT)
    (architecture,) = sample(space, 1, seed=1)
    return model_of(space, architecture, "found")
