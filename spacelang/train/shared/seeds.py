"""The one source of randomness in training: a generator for each thing that is random, made from words that name it.

What a step draws depends on those words only, so neither what ran before it nor a resume changes it.
"""

from __future__ import annotations

import hashlib

import numpy as np
import torch


def generator(*words: int | str) -> torch.Generator:
    """On the CPU."""
    made = torch.Generator()
    made.manual_seed(_seed(words))
    return made


def numpy_generator(*words: int | str) -> np.random.Generator:
    """As `generator`, for numpy."""
    return np.random.default_rng(_seed(words))


def _seed(words: tuple[int | str, ...]) -> int:
    # `repr` tells 1 from "1", and ("a", "b") from ("ab",).
    return int.from_bytes(hashlib.sha256(repr(words).encode()).digest()[:8], "little") >> 1
