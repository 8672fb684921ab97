"""Spaces to search, small enough to try every model."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import product

import numpy as np

import spacelang
from spacelang import ir
from spacelang.latency.predict.roofline import Roofline
from spacelang.networks.architecture import Architecture
from spacelang.search.encoding import Genes
from spacelang.search.problem import Model, Problem

TEXT = """\
language 1

import "std/blocks.space"

device cpu { runtime onnxruntime, precision int8, threads 1, widths multiple of 8 }

space small on cpu {
  input      3 channels
  resolution {32, 64}
  classes    10

  stem  conv  { depth 1, stride 2, width {8, 16}, kernel 3, act relu }

  stage one  mbv2  { depth 1..2, stride 2, width {8, 16}, kernel {3, 5}, expand {1, 2}, act relu }
  stage two  mbv2  { depth 1..2, stride 1, width {16, 24}, kernel 3, expand {1, 2}, act relu, uniform {width} }

  head {
    pool
    conv 1 -> {16, 32}, act relu
    linear -> classes
  }
}
"""


def small() -> ir.SearchSpace:
    return spacelang.loads(TEXT)


def everything(problem: Problem) -> list[Model]:
    """Every model of the space."""
    return problem.models(product(*(range(count) for count in problem.encoding.counts)))


def problem_of(targets_ms: Sequence[float] = (1.0,)) -> Problem:
    return Problem(small(), Roofline("int8"), targets_ms)


class Landscape:
    """Made-up losses: sums of what choices add, and of what pairs of them add. `calls`: how many were asked for."""

    def __init__(self, problem: Problem, seed: int = 0, pairs: float = 0.05) -> None:
        rng, count = np.random.default_rng(seed), len(problem.features.number)
        self.problem, self.asked = problem, list[Architecture]()
        self.of_choices = rng.standard_normal(count) * 0.3
        self.of_pairs = rng.standard_normal((count, count)) * pairs

    def losses(self, genes: Sequence[Genes]) -> list[float]:
        matrix = self.problem.features.matrix(genes)
        return [float(row @ self.of_choices + row @ self.of_pairs @ row) for row in matrix]
