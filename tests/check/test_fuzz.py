"""No text gives a traceback, takes long or fills the memory; what is compiled can be printed."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.check.fuzz import bound_memory, failures


def test_random_texts_never_crash_the_check() -> None:
    assert failures(seed=0, count=500) == []


@pytest.mark.slow
def test_many_random_texts_never_crash_the_check() -> None:
    parts = 200
    with ProcessPoolExecutor(2, mp_context=get_context("spawn"), initializer=bound_memory) as pool:
        for found in pool.map(failures, range(1, parts + 1), [100_000 // parts] * parts):
            assert found == []
