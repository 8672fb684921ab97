"""Generators made of words: the same for the same words everywhere, others for others."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import torch

from spacelang.train.shared.seeds import generator, numpy_generator

ROOT = Path(__file__).parents[2]


def draw(*words: int | str) -> list[float]:
    return torch.rand(4, generator=generator(*words)).tolist()


def test_words_decide_and_nothing_else() -> None:
    first = draw("order", 0, 3)
    torch.rand(100)
    assert draw("order", 0, 3) == first
    assert numpy_generator("order", 0, 3).random() == numpy_generator("order", 0, 3).random()


def test_every_word_counts_and_so_do_its_type_and_place() -> None:
    words: list[tuple[int | str, ...]] = [("a", 1), ("a", 2), ("a", "1"), (1, "a"), ("a1",), ("a",), ()]
    assert len({tuple(draw(*each)) for each in words}) == len(words)
    assert len({numpy_generator(*each).random() for each in words}) == len(words)


def test_another_process_draws_the_same() -> None:
    code = "from tests.train.test_seeds import draw; print(draw('x', 7))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert run.stdout.strip() == str(draw("x", 7))


def test_the_global_generator_is_left_alone() -> None:
    torch.manual_seed(5)
    expected = torch.rand(2).tolist()
    torch.manual_seed(5)
    draw("a")
    assert torch.rand(2).tolist() == expected
