"""`check` says no errors if and only if every network of the space exists."""

from __future__ import annotations

from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import pytest

from tests.check.random_blocks import disagreements


def test_some_random_blocks() -> None:
    assert disagreements(0, 250) == []


@pytest.mark.slow
def test_many_random_blocks() -> None:
    parts = 100
    with ProcessPoolExecutor(2, mp_context=get_context("spawn")) as pool:
        for found in pool.map(disagreements, range(0, 20_000, 20_000 // parts), [20_000 // parts] * parts):
            assert found == []
