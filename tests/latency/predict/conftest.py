from __future__ import annotations

import pytest

from spacelang.latency.collect.log import Log
from spacelang.latency.predict.predictor import Predictor
from spacelang.latency.predict.train import train
from tests.latency.predict.madeup import log


@pytest.fixture(scope="session")
def measured() -> Log:
    return log()


@pytest.fixture(scope="session")
def predictor(measured: Log) -> Predictor:
    return train(measured, "int8", name="madeup")
